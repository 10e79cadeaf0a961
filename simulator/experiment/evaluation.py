"""The value of a choice on replicates that had no part in it, and the winner's curse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulator.experiment.kim_nelson import Choice
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
    """

    positions: tuple[int, ...]
    first_replicate: int
    outcomes: Values
    estimates: tuple[Estimate, ...]
    to_best: tuple[ToBest, ...]
    p_values: Values
    lead: Difference
    curse: Curse

    @property
    def skewness(self) -> float:
        """Largest skewness, in size, of the differences of the chosen treatment to the others; 0 where none varies."""
        from scipy.stats import skew

        rows = [self.outcomes[0] - row for row in self.outcomes[1:]]
        found = [float(skew(row)) for row in rows if mean_and_sd(row)[1] > 0]
        return max(found, key=abs, default=0.0)

    @property
    def runner_up(self) -> int:
        """Position of the best of the treatments that were not chosen, by the selecting block."""
        return self.positions[1]


def evaluate_choice(
    sample: Sample, record: Record, choice: Choice, confidence: float, n: int, baseline: int | None
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
