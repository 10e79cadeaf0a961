"""Greedy choice of the seeds that meet the most reverse reachable sets (maximum coverage)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.diffusion.seeding.constraints import Constraints, Limits, allowed
from simulator.diffusion.seeding.heap import drop_top, heapify, sift_down
from simulator.diffusion.seeding.reverse_sets import ReverseSets

#: Most places along the greedy order at which the upper bound on the best coverage is taken.
_MOST_BOUNDS = 64


class Cover(NamedTuple):
    """What greedy chose, in order.

    Parameters
    ----------
    seeds : ndarray of int64, shape (k,)
        Nodes in the order of choice.
    gains : ndarray of float64, shape (k,)
        Sets that each met first.
    bound : float
        No allowed group of seeds meets more sets.
    """

    seeds: NDArray[np.int64]
    gains: NDArray[np.float64]
    bound: float

    @property
    def met(self) -> float:
        """Number of sets that the seeds meet."""
        return float(self.gains.sum())


@kernel
def _index_sets(offsets: Any, nodes: Any, indptr: Any, sets: Any) -> None:
    fill = indptr[:-1].copy()
    for number in range(offsets.size - 1):
        for k in range(offsets[number], offsets[number + 1]):
            node = nodes[k]
            sets[fill[node]] = number
            fill[node] += 1


@kernel
def _take(node: Any, offsets: Any, nodes: Any, indptr: Any, sets: Any, is_met: Any, gain: Any) -> None:
    for place in range(indptr[node], indptr[node + 1]):
        number = sets[place]
        if is_met[number] == 0:
            is_met[number] = 1
            for k in range(offsets[number], offsets[number + 1]):
                gain[nodes[k]] -= 1


@kernel
def _extend(
    upto: Any, heap: Any, tables: Any, state: Any, limits: Limits, by_cost: Any, seeds: Any, gains: Any
) -> None:
    """Choose seeds until there are so many or nobody is left: lazily, as gains only fall."""
    keys, items = heap
    offsets, nodes, indptr, sets = tables
    is_met, gain, left, count, spent = state
    most_cost = allowed_budget(limits.budget)
    size = count[1]
    while count[0] < upto and size > 0:
        node = items[0]
        cell = limits.cell[node]
        if spent[0] + limits.cost[node] > most_cost or (cell >= 0 and left[cell] == 0):
            size = drop_top(keys, items, size)
            continue
        key = np.float64(gain[node]) / limits.cost[node] if by_cost else np.float64(gain[node])
        if key < keys[0]:
            keys[0] = key
            sift_down(keys, items, size, np.int64(0))
            continue
        size = drop_top(keys, items, size)
        seeds[count[0]] = node
        gains[count[0]] = gain[node]
        count[0] += 1
        spent[0] += limits.cost[node]
        if cell >= 0:
            left[cell] -= 1
        _take(np.int64(node), offsets, nodes, indptr, sets, is_met, gain)
    count[1] = size


allowed_budget = kernel(allowed)


class Greedy:
    """Greedy coverage of one collection of sets, under constraints.

    Parameters
    ----------
    collection : ReverseSets
        The sets.
    constraints : Constraints
        What the seeds must respect.
    """

    def __init__(self, collection: ReverseSets, constraints: Constraints) -> None:
        self.constraints = constraints
        self.offsets, self.nodes = collection.offsets, collection.nodes
        n = collection.arcs.n_nodes
        self.count = np.bincount(self.nodes, minlength=n).astype(np.int64)
        self.indptr = np.zeros(n + 1, np.int64)
        np.cumsum(self.count, out=self.indptr[1:])
        self.sets = np.empty(len(self.nodes), np.int32)
        _index_sets(self.offsets, self.nodes, self.indptr, self.sets)

    def choose(self) -> Cover:
        """Return the seeds; under a budget, the best of three choices.

        Under a budget, greedy by gain, greedy by gain per cost, and the best single node compete (Khuller,
        Moss & Naor 1999, The budgeted maximum coverage problem. Information Processing Letters; Leskovec et
        al. 2007, Cost-effective outbreak detection in networks. KDD).
        """
        if not self.constraints.has_costs:
            return self._greedy(by_cost=False)
        covers = [self._greedy(by_cost=True), self._greedy(by_cost=False), self._single()]
        best = max(covers, key=lambda cover: cover.met)
        return best._replace(bound=min(cover.bound for cover in covers))

    def _greedy(self, *, by_cost: bool) -> Cover:
        limits = self.constraints.limits
        most = self.constraints.most_seeds
        gain = self.count.copy()
        items = np.flatnonzero(limits.is_eligible)
        keys = gain[items] / limits.cost[items] if by_cost else gain[items].astype(np.float64)
        heapify(keys, items)
        state = (
            np.zeros(len(self.offsets) - 1, np.uint8),
            gain,
            limits.quota.copy(),
            np.array([0, len(items)]),
            np.zeros(1),
        )
        tables = (self.offsets, self.nodes, self.indptr, self.sets)
        seeds, gains = np.zeros(most, np.int64), np.zeros(most)
        bound = self.constraints.gain_bound(gain.astype(np.float64))
        for upto in _places(most):
            _extend(upto, (keys, items), tables, state, limits, by_cost, seeds, gains)
            bound = min(bound, gains.sum() + self.constraints.gain_bound(gain.astype(np.float64)))
        n_chosen = int(state[3][0])
        return Cover(seeds[:n_chosen], gains[:n_chosen], float(bound))

    def _single(self) -> Cover:
        limits = self.constraints.limits
        fits = limits.is_eligible & (limits.cost <= allowed(limits.budget))
        if self.constraints.has_quotas:
            fits &= (limits.cell < 0) | (limits.quota[np.maximum(limits.cell, 0)] > 0)
        if not fits.any() or limits.most < 1:
            return Cover(np.zeros(0, np.int64), np.zeros(0), np.inf)
        node = int(np.argmax(np.where(fits, self.count, -1)))
        return Cover(np.array([node]), np.array([float(self.count[node])]), np.inf)


def _places(most: int) -> list[int]:
    """Return numbers of seeds at which the bound is taken: all of few, or even steps, the last among them."""
    return sorted({round(most * (step + 1) / _MOST_BOUNDS) for step in range(_MOST_BOUNDS)} - {0} | {most})
