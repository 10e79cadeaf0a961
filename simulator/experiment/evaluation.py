"""The value of a choice on replicates that had no part in it, the winner's curse, and luck that is rare.

Where the best treatment is so by rare luck, a first stage that did not meet it sees a worse treatment, of a spread that
looks well known, and drops it early. So those that are not evaluated run in a few fresh replicates as well, beside the
chosen one: luck shows there in the shape of their difference, whatever the selecting replicates had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from simulator.experiment.first_stage import CHECKED, replicates_to_meet
from simulator.experiment.kim_nelson import Choice
from simulator.experiment.luck_shape import LuckShape
from simulator.experiment.sampling import EVALUATION_BLOCK, Record, Sample, Values
from simulator.outcomes.differences import simultaneous_differences
from simulator.outcomes.multiple_comparisons import ToBest, compare_with_best, holm, paired_p_values
from simulator.outcomes.multivariate_t import student_quantile
from simulator.outcomes.statistics import (
    Difference,
    Estimate,
    estimate,
    fewest_alike,
    mean_and_sd,
    without_rounding,
)


class Curse(NamedTuple):
    """By how much the lead of the chosen treatment looked larger where it was chosen.

    ``selection_lead`` is its lead over the runner-up in the replicates that chose, ``excess`` that lead minus
    the one on fresh replicates, ``half_width`` half the width of the interval of the excess (Welch; it takes
    the number of selecting replicates as given). Where the lead never varied in one of the blocks, in too few
    replicates to tell that from chance, the width is unknown (NaN).
    """

    selection_lead: float
    excess: float
    half_width: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Estimates on the block of replicates that did not choose.

    Parameters
    ----------
    positions : tuple of int
        Treatments evaluated: the chosen one first, then the runner-up, further contenders, the baseline.
    first_replicate : int
        First replicate of the block.
    outcomes : ndarray of float64, shape (evaluated, replicate)
        Outcomes in the metric's own direction.
    estimates : tuple of Estimate
        By evaluated treatment.
    to_best : tuple of ToBest
        By evaluated treatment: its mean minus the best of the other evaluated ones, positive being better;
        the intervals hold together.
    p_values : ndarray of float64, shape (evaluated,)
        Of the paired test against the baseline, adjusted by Holm; NaN without a baseline and for it.
    lead : Difference
        Of the chosen treatment over the runner-up, positive being better.
    curse : Curse
        What the lead lost from the one block to the other.
    checked : tuple of int
        Treatments that are not evaluated, only checked for rare luck.
    checked_outcomes : ndarray of float64, shape (checked, replicate)
        Theirs in the first replicates of the block, in the metric's own direction.
    luck : mapping
        By treatment: shape of the luck in the chosen treatment's difference to it on fresh replicates, and on selecting
        ones if their first stage was long enough to meet luck of one in ten; where both are known, the rarer one.
    """

    positions: tuple[int, ...]
    first_replicate: int
    outcomes: Values
    estimates: tuple[Estimate, ...]
    to_best: tuple[ToBest, ...]
    p_values: Values
    lead: Difference
    curse: Curse
    checked: tuple[int, ...] = ()
    checked_outcomes: Values = field(default_factory=lambda: np.empty((0, 0)))
    luck: Mapping[int, LuckShape] = field(default_factory=dict)

    @property
    def rarest(self) -> LuckShape:
        """The rarest luck, or what comes nearest to rare luck."""
        return max(self.luck.values(), key=lambda shape: shape.rarity, default=LuckShape(0.0, 0.0))

    @property
    def n_checked(self) -> int:
        """Replicates of a treatment drawn in all for treatments that are only checked."""
        return int(self.checked_outcomes.size)

    def n_fresh(self, treatment: int) -> int:
        """Return how many fresh replicates a treatment was seen in."""
        if treatment in self.positions:
            return int(self.outcomes.shape[1])
        return int(self.checked_outcomes.shape[1]) if treatment in self.checked else 0

    @property
    def runner_up(self) -> int:
        """Position of the best of the treatments that were not chosen, by the selecting block."""
        return self.positions[1]


def evaluate_choice(
    sample: Sample,
    record: Record,
    choice: Choice,
    confidence: float,
    n: int,
    baseline: int | None,
    n_check: int = 0,
) -> Evaluation:
    """Evaluate what was chosen, its rivals and the baseline on fresh replicates.

    Parameters
    ----------
    sample : callable
        Where outcomes come from.
    record : Record
        The outcomes that chose.
    choice : Choice
        What was chosen.
    confidence : float
        Of every interval; joint for the comparison with the best.
    n : int
        Fresh replicates, at least 2.
    baseline : int or None
        Position of the treatment that the others are tested against.
    n_check : int
        Fresh replicates, at most ``n``, of every treatment that is not evaluated; none where 0.

    Returns
    -------
    Evaluation
        Every treatment in the same replicates.
    """
    runner_up = _runner_up(record, choice.best)
    wanted = [choice.best, runner_up, *choice.contenders, *([] if baseline is None else [baseline])]
    positions = tuple(dict.fromkeys(wanted))
    fresh = Record(sample, record.n_treatments, first=EVALUATION_BLOCK, higher_is_better=record.sign > 0)
    fresh.extend(positions, n)
    values = fresh.values[list(positions), :n]
    others = tuple(i for i in range(record.n_treatments) if i not in positions)
    checked = others if n_check else ()
    fresh.extend(checked, n_check)
    pairs = {i: fresh.common([choice.best, i]) for i in (*positions[1:], *checked)}
    luck = {i: LuckShape.of(record.sign * pair) for i, pair in pairs.items()}
    if choice.first_stage >= replicates_to_meet(record.n_treatments, confidence, CHECKED):
        for i in (i for i in range(record.n_treatments) if i != choice.best):
            before = LuckShape.of(record.sign * record.common([choice.best, i]))
            luck[i] = max(luck.get(i, before), before, key=lambda shape: shape.rarity)
    names = [str(p) for p in positions]
    [lead] = simultaneous_differences(values, names, [(0, 1)], confidence)
    p_values = np.full(len(positions), np.nan)
    if baseline is not None:
        p_values = holm(paired_p_values(values, positions.index(baseline)))
    return Evaluation(
        positions=positions,
        first_replicate=EVALUATION_BLOCK,
        outcomes=record.sign * values,
        estimates=tuple(estimate(record.sign * row, confidence) for row in values),
        to_best=tuple(compare_with_best(values, confidence)),
        p_values=p_values,
        lead=lead,
        curse=_curse(record, choice.best, runner_up, lead, confidence),
        checked=checked,
        checked_outcomes=record.sign * fresh.values[list(checked), :n_check],
        luck=luck,
    )


def _runner_up(record: Record, best: int) -> int:
    """Return the treatment that came closest to the best one, by pairs."""
    behind = np.full(record.n_treatments, np.inf)
    for i in range(record.n_treatments):
        if i != best:
            pair = record.common([best, i])
            behind[i] = (pair[0] - pair[1]).mean()
    return int(behind.argmin())


def _curse(record: Record, best: int, runner_up: int, lead: Difference, confidence: float) -> Curse:
    pair = record.common([best, runner_up])
    mean, sd = mean_and_sd(without_rounding(pair[0] - pair[1], pair))
    n = np.array([pair.shape[1], lead.n])
    parts = np.array([sd**2, lead.sd**2]) / n
    total = float(parts.sum())
    if ((parts == 0) & (n < fewest_alike(1, confidence))).any():
        half = float("nan")
    elif total == 0:
        half = 0.0
    else:
        freedom = total**2 / float((parts**2 / (n - 1)).sum())
        half = student_quantile(confidence, freedom) * total**0.5  # type: ignore[arg-type]
    return Curse(mean, mean - lead.mean, half)
