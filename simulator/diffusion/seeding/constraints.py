"""What a choice of seeds must respect: who may be chosen, how many of each cell, and what they may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_SLACK = 1e-9


class Limits(NamedTuple):
    """What compiled loops read of the constraints; n nodes, C cells."""

    is_eligible: NDArray[np.bool_]  # [n]
    cost: NDArray[np.float64]  # [n]
    budget: float
    cell: NDArray[np.int64]  # [n], -1 for a node without a cell
    quota: NDArray[np.int64]  # [C], most seeds of each cell
    most: int  # most seeds altogether


@dataclass(frozen=True)
class Constraints:
    """Constraints on a set of seeds.

    Parameters
    ----------
    limits : Limits
        All of them as arrays.
    has_costs : bool
        Whether a budget limits what the seeds may cost together.
    has_quotas : bool
        Whether cells limit how many seeds they take.
    """

    limits: Limits
    has_costs: bool
    has_quotas: bool

    @property
    def most_seeds(self) -> int:
        """Largest number of seeds that the constraints allow."""
        limits = self.limits
        most = int(min(limits.most, limits.is_eligible.sum()))
        if self.has_costs:
            spent = np.cumsum(np.sort(limits.cost[limits.is_eligible]))
            most = min(most, int(np.searchsorted(spent, allowed(limits.budget), side="right")))
        if self.has_quotas:
            within = limits.is_eligible & (limits.cell >= 0)
            members = np.bincount(limits.cell[within], minlength=len(limits.quota))
            free = int((limits.is_eligible & (limits.cell < 0)).sum())
            most = min(most, int(np.minimum(members, limits.quota).sum()) + free)
        return most

    def first_feasible(self, order: NDArray[Any]) -> NDArray[np.int64]:
        """Return the seeds that are chosen by walking down an order and skipping what is not allowed.

        Parameters
        ----------
        order : ndarray of int, shape (at most n,)
            Nodes, the most wanted first.
        """
        limits = self.limits
        order = order[limits.is_eligible[order]]
        if not self.has_costs and not self.has_quotas:
            return order[: limits.most].astype(np.int64)
        walk = Walk(self)
        chosen: list[int] = []
        for node in order.tolist():
            if len(chosen) == limits.most:
                break
            if walk.allows(node):
                walk.take(node)
                chosen.append(node)
        return np.array(chosen, np.int64)

    def gain_bound(self, gain: NDArray[np.float64]) -> float:
        """Return the most that any allowed set of seeds can add, if gains were simply added up.

        Coverage is submodular, so no allowed set adds more than the sum of its members' gains; the sum is
        largest for the seeds with the largest gains (a basis of a truncated partition matroid), and under a
        budget at most that of the fractional knapsack.

        Parameters
        ----------
        gain : ndarray of float64, shape (n,)
            What each node alone would add.
        """
        limits = self.limits
        among = np.flatnonzero(limits.is_eligible & (gain > 0))
        if not len(among):
            return 0.0
        values = gain[among]
        bound = self._largest_sum(among, values)
        if self.has_costs:
            cost = limits.cost[among]
            order = np.argsort(-values / cost, kind="stable")
            spent = np.cumsum(cost[order])
            within = int(np.searchsorted(spent, allowed(limits.budget), side="right"))
            whole = float(values[order[:within]].sum())
            if within < len(order):
                left = limits.budget - (spent[within - 1] if within else 0.0)
                whole += max(0.0, left) * float(values[order[within]] / cost[order[within]])
            bound = min(bound, whole)
        return bound

    def _largest_sum(self, among: NDArray[np.int64], values: NDArray[np.float64]) -> float:
        most = self.limits.most
        if self.has_quotas:
            order = np.argsort(-values, kind="stable")
            cell = self.limits.cell[among[order]]
            within = rank_within(cell)
            room = np.where(cell < 0, len(among), self.limits.quota[np.maximum(cell, 0)])
            values = values[order][within < room]
            return float(values[:most].sum())
        if most >= len(values):
            return float(values.sum())
        return float(np.partition(values, len(values) - most)[len(values) - most :].sum())


class Walk:
    """Keeps count while seeds are taken one by one."""

    def __init__(self, constraints: Constraints) -> None:
        self.limits = constraints.limits
        self.spent = 0.0
        self.left = self.limits.quota.copy()

    def allows(self, node: int) -> bool:
        """Return whether a node may be taken next; once refused it stays refused."""
        limits = self.limits
        cell = limits.cell[node]
        return bool(
            limits.is_eligible[node]
            and self.spent + limits.cost[node] <= allowed(limits.budget)
            and (cell < 0 or self.left[cell] > 0)
        )

    def take(self, node: int) -> None:
        """Note that a node is taken."""
        self.spent += float(self.limits.cost[node])
        if self.limits.cell[node] >= 0:
            self.left[self.limits.cell[node]] -= 1


def allowed(budget: float) -> float:
    """Return a budget with room for the rounding of a sum of costs."""
    return budget * (1.0 + _SLACK)


def rank_within(cell: NDArray[Any]) -> NDArray[np.int64]:
    """Return how many earlier entries have the same cell, for each entry."""
    order = np.argsort(cell, kind="stable")
    by_cell = cell[order]
    starts = np.flatnonzero(np.r_[True, by_cell[1:] != by_cell[:-1]])
    lengths = np.diff(np.r_[starts, len(by_cell)])
    rank = np.empty(len(cell), np.int64)
    rank[order] = np.arange(len(cell)) - np.repeat(starts, lengths)
    return rank
