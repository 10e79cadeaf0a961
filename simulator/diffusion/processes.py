"""From what is asked to the kernel that answers it: one object per family of models."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion import draws, stepwise
from simulator.diffusion.arguments import Asked
from simulator.diffusion.cascade import Chances, chances, run_cascades, trace_cascades
from simulator.diffusion.crowds import (
    PADDING,
    UNITS,
    Influences,
    needs_by_count,
    needs_by_share,
    needs_by_weight,
    run_counts,
    run_thresholds,
    trace_thresholds,
)
from simulator.diffusion.hazards import Alike, Hazards, ascribe, is_narrow, run_alike, run_hazards
from simulator.diffusion.tally import Rows, Tally, Task

Times = tuple[NDArray[np.int32], NDArray[np.int32]]
_MOST_SUMMED = 45.0
_MOST_COUNTED = 2.0**31


class Process(Protocol):
    """A model on a graph, ready to run."""

    def run(self, task: Task, tally: Tally, row: int, times: Times | None) -> None:
        """Run replicates.

        Parameters
        ----------
        task : Task
            Which replicates, from which seeds; columns start at 0.
        tally : Tally
            Filled in.
        row : int
            Where the rows of given chance that belong to these replicates start.
        times : tuple of ndarray of int32, shape (n_columns, n_nodes), or None
            When and by whom, if wanted.
        """

    @property
    def takes_one_set(self) -> bool:
        """Whether replicates run from one seed set at a time."""


def _rows(asked: Asked, padding: int = 0) -> Rows:
    targets = asked.graph.targets
    if padding:
        targets = np.concatenate([targets, np.zeros(padding, dtype=np.int32)])
    indptr = np.ascontiguousarray(asked.graph.indptr)
    return Rows(indptr.view(np.uint64), np.ascontiguousarray(targets).view(np.uint32))


def _times(times: Times | None, n: int) -> Times:
    return times or (np.empty((1, n), dtype=np.int32), np.empty((1, n), dtype=np.int32))


def probabilities(asked: Asked) -> NDArray[np.float64]:
    """Return the probability of all arcs or of each, for independent and weighted cascades.

    Parameters
    ----------
    asked : Asked
        A cascade.
    """
    if asked.model == "wc":
        return 1.0 / asked.graph.indegree[asked.graph.targets]
    if asked.p is None:
        return asked.weights if asked.weights is not None else np.zeros(1)
    return asked.p if asked.weights is None else 1.0 - (1.0 - asked.p) ** asked.weights


class Cascades:
    """Independent and weighted cascades."""

    def __init__(self, asked: Asked) -> None:
        self.rows = _rows(asked)
        self.coins = asked.arc_coins
        self.p = probabilities(asked)
        if self.p.size == 0:
            self.p = np.zeros(1)
        self.chances: Chances = chances(self.p)
        self.n_arcs = asked.graph.n_arcs
        self.n_nodes = asked.graph.n_nodes
        self.stepwise: stepwise.Chances | None = None
        if asked.draws == "step":
            each = np.ascontiguousarray(self.p, dtype=np.float64)
            self.stepwise = stepwise.Chances(0.0, each, stepwise.occurrences(asked.graph))

    @property
    def takes_one_set(self) -> bool:
        """Whether coins are given."""
        return self.coins is not None

    def run(self, task: Task, tally: Tally, row: int, times: Times | None) -> None:
        """Run replicates; see :class:`Process`."""
        if self.coins is None and times is None and self.stepwise is None:
            run_cascades(self.rows, self.chances, task, tally)
            return
        at, by = _times(times, self.n_nodes)
        if self.stepwise is not None:
            stepwise.run_stepwise_cascades(self.rows, self.stepwise, task, tally, at, by)
            return
        trace_cascades(self.rows, self._live(task, row), task, tally, at, by)

    def _live(self, task: Task, row: int) -> NDArray[np.uint8]:
        if self.coins is not None:
            given = self.coins if len(self.coins) == 1 else self.coins[row : row + task.end]
            return (given < self.p).view(np.uint8)
        live = np.empty((task.end, self.n_arcs), dtype=np.uint8)
        words = np.empty(draws.n_coin_words(self.n_arcs), dtype=np.uint64)
        for column in range(task.end):
            replicate = np.uint32(task.first + column)
            draws.draw_live(*self.chances, task.seed, replicate, words, live[column])
        return live


class Crowds:
    """Linear, fractional and counted thresholds."""

    def __init__(self, asked: Asked) -> None:
        self.rows = _rows(asked, PADDING)
        self.thresholds = asked.thresholds
        self.indegree = asked.graph.indegree
        self.form = asked.form
        self.is_weighted = asked.weights is not None
        gain = np.ones(1, dtype=np.int64)
        if asked.weights is not None:
            # a single arc is counted where it is the only one: two entries keep the sum in units
            gain = np.resize(np.rint(asked.weights * UNITS).astype(np.int64), max(2, asked.graph.n_arcs))
        self.influences = Influences(gain, self.indegree.astype(np.uint32))

    @property
    def takes_one_set(self) -> bool:
        """Whether thresholds are given."""
        return self.thresholds is not None

    def run(self, task: Task, tally: Tally, row: int, times: Times | None) -> None:
        """Run replicates; see :class:`Process`."""
        if self.thresholds is None and times is None:
            run = run_counts if self.influences.gain.size == 1 else run_thresholds
            run(self.rows, self.influences, task, tally)
            return
        at, by = _times(times, len(self.indegree))
        if self.thresholds is None:
            replicates = np.arange(task.first, task.first + task.end, dtype=np.int64).astype(np.uint32)
            given = draws.thresholds_of(len(self.indegree), int(task.seed), replicates)
        else:
            given = self.thresholds if len(self.thresholds) == 1 else self.thresholds[row : row + task.end]
        trace_thresholds(self.rows, self.influences, self._needs(given), task, tally, at, by)

    def _needs(self, thresholds: NDArray[np.float64]) -> NDArray[np.int64]:
        if self.form == "count":
            return needs_by_count(thresholds)
        if self.is_weighted:
            return needs_by_weight(thresholds, self.indegree)
        return needs_by_share(thresholds, self.indegree)


class Adoption:
    """Bass models and susceptible-infected epidemics."""

    takes_one_set = False

    def __init__(self, asked: Asked) -> None:
        self.rows = _rows(asked)
        self.graph = asked.graph
        self.p = 0.0 if asked.p is None else float(asked.p[0])
        q = np.zeros(1) if asked.q is None else asked.q
        self.q = q if asked.weights is None else 1.0 - (1.0 - q) ** asked.weights
        self.is_fraction = asked.form == "fraction"
        indegree = self.graph.indegree.astype(np.float64)
        by_step = asked.draws == "step"
        self.stepwise: stepwise.Chances | None = None
        if by_step and not self.is_fraction:
            self.stepwise = stepwise.Chances(
                self.p, np.ascontiguousarray(self.q), stepwise.occurrences(self.graph)
            )
        self.hazards = Hazards(self.p, np.ascontiguousarray(self.q), indegree, self.is_fraction, by_step)
        self.is_alike = not by_step and not self.is_fraction and self._is_alike()
        self.alike = Alike(
            np.float32(_hazard(self.p)), np.float32(_hazard(self.q[0] if self.q.size else 0.0))
        )

    def _is_alike(self) -> bool:
        """Return whether all arcs are equal, and exposure fits the counter until it decides."""
        if len(self.q) != 1 or self.p >= 1.0 or self.q[0] >= 1.0:
            return False
        each = float(_hazard(self.q[0]))
        most = float(self.graph.indegree.max(initial=0))
        return each == 0.0 or _MOST_SUMMED / each + most < _MOST_COUNTED

    def run(self, task: Task, tally: Tally, row: int, times: Times | None) -> None:
        """Run replicates; see :class:`Process`."""
        at = np.empty((0, 0), dtype=np.int32) if times is None else times[0]
        if self.stepwise is not None:
            rows = np.empty((1, self.graph.n_nodes), dtype=np.int32) if times is None else at
            stepwise.run_stepwise(self.rows, self.stepwise, task, tally, rows)
        elif self.is_alike:
            most = int(self.graph.indegree.max(initial=0))
            wide = None if is_narrow(most, task.max_steps) else True
            run_alike(self.rows, self.alike, wide, task, tally, at)
        else:
            run_hazards(self.rows, self.hazards, task, tally, at)
        if times is not None:
            self._ascribe(task, *times)

    def _ascribe(self, task: Task, at: NDArray[np.int32], by: NDArray[np.int32]) -> None:
        into = self.graph.reverse
        n = self.graph.n_nodes
        if self.is_fraction:
            # shares of p + q k / d, times d
            shares, innovation = self.q, self.p * self.graph.indegree.astype(np.float64)
            innovation = np.where(self.graph.indegree == 0, 1.0, innovation)
        else:
            shares, innovation = (
                _hazard(np.minimum(self.q, _ALMOST)),
                np.full(n, _hazard(min(self.p, _ALMOST))),
            )
        ascribe(into.indptr, into.sources, into.arcs, shares, innovation, task.seed, task.first, at, by)


_ALMOST = 1.0 - 1e-12


def _hazard(chance: Any) -> Any:
    with np.errstate(divide="ignore"):
        return -np.log1p(-np.asarray(chance, dtype=np.float64))


def process(asked: Asked) -> Process:
    """Return the process that answers.

    Parameters
    ----------
    asked : Asked
        What is asked.
    """
    if asked.model in ("ic", "wc"):
        return Cascades(asked)
    if asked.model in ("lt", "threshold"):
        return Crowds(asked)
    return Adoption(asked)
