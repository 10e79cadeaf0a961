"""Blocks of replicates put together: all of them at once, or until a precision is reached."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from simulator.errors import Fault
from simulator.experiment.arguments import LARGEST_REPLICATE
from simulator.experiment.precision import Goal, Precision, replicate_until
from simulator.experiment.sampling import Values
from simulator.experiment.simulation import MEMORY_LIMIT, OnProgress, Treatments
from simulator.outcomes.metrics import METRIC, METRICS_SEEN, Outcomes, measure
from simulator.outcomes.trajectories import Trajectories, unknown

#: Most bytes of recorded numbers that are kept; outcomes rest on all replicates in any case.
KEPT_LIMIT = MEMORY_LIMIT // 2


#: What stands between a metric and the strategy whose own outcome is meant.
OF = "@"
#: Stands for every strategy that takes part.
EVERY = "all"


class Target(NamedTuple):
    """A half-width asked for in one metric: a number in its unit, or a share of the estimate.

    It is that of all differences to the baseline, or of the mean of one strategy (``of``), or of every one (``all``).
    """

    metric: str
    half_width: float
    is_relative: bool
    of: str = ""

    @property
    def key(self) -> str:
        """What the half-width is of, as it may be given again: ``"profit"`` or ``"profit@mass"``."""
        return f"{self.metric}{OF}{self.of}" if self.of else self.metric

    @property
    def text(self) -> str:
        """The half-width as it may be given again: ``"2%"`` or ``"5000"``."""
        return f"{self.half_width * 100:.15g}%" if self.is_relative else f"{self.half_width:.15g}"

    def contrasts(self, names: Sequence[str], baseline: str) -> list[Contrast]:
        """Return what must be known so precisely, among strategies of these names."""
        if not self.of:
            base = names.index(baseline)
            return [Contrast(self, s, base) for s in range(len(names)) if s != base]
        chosen = range(len(names)) if self.of == EVERY and EVERY not in names else [names.index(self.of)]
        return [Contrast(self, s, None) for s in chosen]


class Contrast(NamedTuple):
    """The outcome of a strategy, or what it is above that of another; strategies by their positions."""

    target: Target
    strategy: int
    minus: int | None

    def goal(self, names: Sequence[str], where: str = "") -> Goal:
        """Return it as a goal of replication."""
        target = self.target
        other = "" if self.minus is None else f" minus {names[self.minus]}"
        name = f"{target.metric} of {names[self.strategy]}{other}{where}"
        is_censored = METRIC[target.metric].is_censored
        minus = "" if self.minus is None else names[self.minus]
        own = names[self.strategy]
        return Goal(name, target.half_width, target.is_relative, is_censored, target.metric, own, minus)

    def values(self, outcomes: Values) -> Values:
        """Return its values from outcomes of its metric, shape (strategy, replicate)."""
        own = outcomes[self.strategy]
        return own if self.minus is None else np.asarray(own - outcomes[self.minus])


class Collection:
    """Outcomes of all replicates, and trajectories of as many as fit in memory."""

    def __init__(self) -> None:
        self.hash_sum = 0
        self._outcomes: list[Outcomes] = []
        self._kept: list[Trajectories] = []
        self._n_bytes = 0

    def add(self, block: Trajectories) -> Outcomes:
        """Add a block of replicates and return its outcomes."""
        found = measure(block)
        self.hash_sum += block.hash_sum
        self._outcomes.append(found)
        self._n_bytes += block.counts.nbytes
        if not self._kept or self._n_bytes <= KEPT_LIMIT:
            self._kept.append(block)
        return found

    @property
    def outcomes(self) -> Outcomes:
        """Outcomes of all replicates."""
        return Outcomes.concatenate(self._outcomes)

    @property
    def trajectories(self) -> Trajectories:
        """Trajectories of the first replicates."""
        return self._kept[0] if len(self._kept) == 1 else Trajectories.concatenate(self._kept)


def targets_of(
    place: str,
    given: Mapping[str, float | str] | None,
    strategies: Sequence[str],
    method: str,
    faults: list[Fault],
) -> tuple[Target, ...]:
    """Return the half-widths that a user asks for.

    Parameters
    ----------
    place : str
        Where they stand, for messages.
    given : mapping or None
        By metric (differences to the baseline), or by metric and strategy (``"profit@mass"``, ``"profit@all"``: means),
        a number in its unit, or a text such as ``"2%"`` for a share of the estimate.
    strategies : sequence of str
        Names that may stand behind a metric.
    method : str
        Procedure, of :data:`simulator.experiment.precision.METHODS`; ``stein`` takes no shares.
    faults : list of Fault
        Receives what is wrong.

    Returns
    -------
    tuple of Target
        Those that are in order.
    """
    found = []
    for key, value in (given or {}).items():
        metric, _, of = key.partition(OF)
        if metric not in METRIC:
            faults.append(unknown(place, metric, tuple(METRIC), see=METRICS_SEEN))
            continue
        if of not in strategies and (of != EVERY if of else OF in key):
            faults.append(unknown(f"{place}: {key}", of, (*strategies, EVERY)))
            continue
        target = _target(metric, value, of)
        if target is None:
            expected = f'a half-width > 0 ({METRIC[metric].unit}), or a share of the estimate such as "2%"'
            faults.append(Fault(f"{place}: {key}", repr(value), expected))
        elif target.is_relative and method == "stein":
            expected = f"a half-width in its unit ({METRIC[metric].unit}): Stein's procedure takes no shares"
            remedy = "give a number, or leave the procedure sequential"
            faults.append(Fault(f"{place}: {key}", repr(value), expected, remedy))
        else:
            found.append(target)
    return tuple(found)


def _target(metric: str, value: float | str, of: str) -> Target | None:
    """Return what a value asks for; None where it is no half-width."""
    text = str(value).strip()
    is_relative = text.endswith("%")
    try:
        number = float(text.removesuffix("%")) / (100 if is_relative else 1)
    except ValueError:
        return None
    if isinstance(value, bool) or not (math.isfinite(number) and number > 0):
        return None
    return Target(metric, number, is_relative, of)


def collect_until(
    treatments: Treatments,
    targets: Sequence[Target],
    most: int,
    method: str = "sequential",
    on_progress: OnProgress | None = None,
) -> tuple[Treatments, Collection, Precision]:
    """Run replicates until everything is as precise as was asked.

    Parameters
    ----------
    treatments : Treatments
        Ready to run; the replicates asked for are the fewest that are run. The scenario says the baseline, and the
        joint confidence of all intervals of all targets.
    targets : sequence of Target
        Half-widths, at least one.
    most : int
        Most replicates.
    method : {"sequential", "stein"}
        Procedure; see :mod:`simulator.experiment.precision`.
    on_progress : callable, optional
        Receives (task, done, total) of each round.

    Returns
    -------
    treatments, collection, precision
        The treatments with the replicates that were run, their outcomes, and what was reached.
    """
    asked, question = treatments.arguments, treatments.scenario.comparison
    names = asked.strategies
    contrasts = [one for target in targets for one in target.contrasts(names, question.baseline)]
    first = asked.replicates.start
    collected = Collection()

    def draw(numbers: Sequence[int]) -> Values:
        part = replace(asked, replicates=range(first + numbers[0], first + numbers[-1] + 1))
        rows: list[list[Values]] = []
        for block in replace(treatments, arguments=part).run_in_blocks(on_progress):
            found = collected.add(block)
            values = {target.metric: found.of(target.metric) for target in targets}
            rows.append([one.values(values[one.target.metric]) for one in contrasts])
        return np.concatenate([np.stack(block) for block in rows], axis=1)

    first_stage = len(asked.replicates)
    _, precision = replicate_until(
        draw,
        [one.goal(names) for one in contrasts],
        confidence=question.confidence,
        method=method,
        first_stage=first_stage,
        most=min(max(most, first_stage), LARGEST_REPLICATE + 1 - first),
    )
    done = replace(asked, replicates=range(first, first + precision.n))
    return replace(treatments, arguments=done), collected, precision


def precision_record(precision: Precision | None, targets: Sequence[Target]) -> dict[str, Any] | None:
    """Return what was asked of precision and whether it was reached, for a manifest."""
    if precision is None:
        return None
    return {
        "targets": {target.key: target.text for target in targets},
        "method": precision.method,
        "first_stage": precision.first_stage,
        "max_replicates": precision.most,
        "is_reached": precision.is_reached,
        "caveat": precision.caveat,
    }
