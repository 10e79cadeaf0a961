"""Blocks of replicates put together: all of them at once, or until a precision is reached."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from simulator.errors import Fault
from simulator.experiment.arguments import LARGEST_REPLICATE
from simulator.experiment.precision import Goal, Precision, replicate_until
from simulator.experiment.sampling import Values
from simulator.experiment.simulation import MEMORY_LIMIT, OnProgress, Treatments
from simulator.outcomes.metrics import METRIC, Outcomes, measure
from simulator.outcomes.trajectories import Trajectories, unknown

#: Most bytes of recorded numbers that are kept; outcomes rest on all replicates in any case.
KEPT_LIMIT = MEMORY_LIMIT // 2


class Target(NamedTuple):
    """A half-width asked for in one metric: a number in its unit, or a share of the estimate."""

    metric: str
    half_width: float
    is_relative: bool

    @property
    def text(self) -> str:
        """The half-width as it may be given again: ``"2%"`` or ``"5000"``."""
        return f"{self.half_width * 100:.15g}%" if self.is_relative else f"{self.half_width:.15g}"


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
    place: str, given: Mapping[str, float | str] | None, faults: list[Fault]
) -> tuple[Target, ...]:
    """Return the half-widths that a user asks for.

    Parameters
    ----------
    place : str
        Where they stand, for messages.
    given : mapping or None
        By metric a number in its unit, or a text such as ``"2%"`` for a share of the estimate.
    faults : list of Fault
        Receives what is wrong.

    Returns
    -------
    tuple of Target
        Those that are in order.
    """
    found = []
    for metric, value in (given or {}).items():
        if metric not in METRIC:
            faults.append(unknown(place, metric, tuple(METRIC)))
            continue
        text = str(value).strip()
        is_relative = text.endswith("%")
        try:
            number = float(text.removesuffix("%")) / (100 if is_relative else 1)
        except ValueError:
            number = math.nan
        if isinstance(value, bool) or not (math.isfinite(number) and number > 0):
            expected = f'a half-width > 0 ({METRIC[metric].unit}), or a share of the estimate such as "2%"'
            faults.append(Fault(f"{place}: {metric}", repr(value), expected))
            continue
        found.append(Target(metric, number, is_relative))
    return tuple(found)


def collect_until(
    treatments: Treatments,
    targets: Sequence[Target],
    baseline: str,
    confidence: float,
    most: int,
    on_progress: OnProgress | None = None,
) -> tuple[Treatments, Collection, Precision]:
    """Run replicates until the differences of all strategies to the baseline are as precise as was asked.

    Parameters
    ----------
    treatments : Treatments
        Ready to run; the replicates asked for are the fewest that are run.
    targets : sequence of Target
        Half-widths, at least one.
    baseline : str
        Strategy that the others are compared with.
    confidence : float
        Joint confidence of all intervals of all targets.
    most : int
        Most replicates.
    on_progress : callable, optional
        Receives (task, done, total) of each round.

    Returns
    -------
    treatments, collection, precision
        The treatments with the replicates that were run, their outcomes, and what was reached.
    """
    asked = treatments.arguments
    names = asked.strategies
    base = names.index(baseline)
    others = [s for s in range(len(names)) if s != base]
    first = asked.replicates.start
    collected = Collection()

    def draw(numbers: Sequence[int]) -> Values:
        part = replace(asked, replicates=range(first + numbers[0], first + numbers[-1] + 1))
        rows: list[list[Values]] = []
        for block in replace(treatments, arguments=part).run_in_blocks(on_progress):
            found = collected.add(block)
            values = [found.of(target.metric) for target in targets]
            rows.append([row[s] - row[base] for row in values for s in others])
        return np.concatenate([np.stack(block) for block in rows], axis=1)

    goals = [
        Goal(f"{target.metric} of {names[s]} minus {baseline}", target.half_width, target.is_relative)
        for target in targets
        for s in others
    ]
    first_stage = len(asked.replicates)
    most = min(max(most, first_stage), LARGEST_REPLICATE + 1 - first)
    _, precision = replicate_until(draw, goals, confidence=confidence, first_stage=first_stage, most=most)
    done = replace(asked, replicates=range(first, first + precision.n))
    return replace(treatments, arguments=done), collected, precision
