"""Seeds concentrated in a few cohesive cells, side by side within each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.diffusion.rows import Arcs
from simulator.diffusion.seeding.centrality import simple_rows
from simulator.diffusion.seeding.constraints import Constraints, allowed

_allowed = kernel(allowed)


def cohesion(graph: Arcs, cell: NDArray[np.int64], n_cells: int) -> NDArray[np.float64]:
    """Return how far each cell keeps to itself: (w - s) / (1 - s), Coleman's (1958) index.

    w is the share of the arcs from a cell that stay within it, s the cell's share of all arcs' targets, which
    is what w would be by chance. 1 is a cell that keeps to itself, 0 one that does not prefer its own; a
    small group scores as high as a large one. A cell without arcs has minus infinity.

    Parameters
    ----------
    graph : Arcs
        The graph.
    cell : ndarray of int, shape (n_nodes,)
        Cell of each node, -1 for none.
    n_cells : int
        Number of cells.
    """
    source, target = cell[graph.sources], cell[graph.targets]
    known = source >= 0
    out = np.bincount(source[known], minlength=n_cells).astype(np.float64)
    within = np.bincount(source[known & (source == target)], minlength=n_cells)
    received = np.bincount(target[target >= 0], minlength=n_cells) / max(1, graph.n_arcs)
    share = np.divide(within, out, where=out > 0, out=np.full(n_cells, -np.inf))
    by_chance = np.minimum(received, 1.0 - 1e-12)
    return np.where(received < 1.0, (share - by_chance) / (1.0 - by_chance), np.where(out > 0, 1.0, -np.inf))


@kernel
def _grow(
    rows: Any, members: Any, wanted: Any, limits: Any, spent: Any, left: Any, out: Any, n_chosen: Any
) -> Any:
    """Choose seeds within one cell: first the best connected in it, then who has most ties to those chosen."""
    indptr, targets = rows
    n = indptr.size - 1
    inside = np.full(n, -1, np.int64)
    for v in members:
        inside[v] = 0
    for v in members:
        for arc in range(indptr[v], indptr[v + 1]):
            if inside[targets[arc]] >= 0:
                inside[v] += 1
    tied = np.zeros(n, np.int64)
    budget = _allowed(limits.budget)
    for _ in range(wanted):
        best = np.int64(-1)
        for v in members:
            cell = limits.cell[v]
            if inside[v] < 0 or spent[0] + limits.cost[v] > budget or (cell >= 0 and left[cell] == 0):
                continue
            if best < 0 or tied[v] > tied[best] or (tied[v] == tied[best] and inside[v] > inside[best]):
                best = v
        if best < 0:
            break
        out[n_chosen] = best
        n_chosen += 1
        spent[0] += limits.cost[best]
        if limits.cell[best] >= 0:
            left[limits.cell[best]] -= 1
        inside[best] = -1
        for arc in range(indptr[best], indptr[best + 1]):
            tied[targets[arc]] += 1
    return n_chosen


def cell_clusters(
    graph: Arcs, cell: NDArray[Any], n_cells: int, n_clusters: int, constraints: Constraints
) -> NDArray[np.int64]:
    """Return seeds in the most cohesive cells, grown side by side within each.

    The most cohesive cells (:func:`cohesion`, ties to the lowest number) take equal parts of the seeds, the
    first ones what is left over. Within a cell the first seed has the most ties inside it, every further one
    the most ties with the seeds there, then the most inside, then the lowest number. What a cell cannot take
    goes to the next cell in the order of cohesion; nodes without a cell come last of all.

    Parameters
    ----------
    graph : Arcs
        The graph; a tie counts whatever its direction.
    cell : ndarray of int, shape (n_nodes,)
        Cell of each node, -1 for none.
    n_cells, n_clusters : int
        Number of cells, and among how many of them the seeds are spread.
    constraints : Constraints
        What the seeds must respect.

    References
    ----------
    Delre, Jager, Bijmolt & Janssen (2007), Targeting and timing promotional activities: an agent-based model for
    the takeoff of new products. Journal of Business Research: small, cohesive, distant groups do best.
    """
    limits = constraints.limits
    rows = simple_rows(graph, both_ways=True)
    order = np.argsort(-cohesion(graph, cell, n_cells), kind="stable")
    most = constraints.most_seeds
    out = np.empty(most, np.int64)
    spent, left = np.zeros(1), limits.quota.copy()
    parts = [most // n_clusters + (position < most % n_clusters) for position in range(n_clusters)]
    n_chosen, owed = 0, 0
    for position, which in enumerate(order.tolist()):
        owed += parts[position] if position < len(parts) else 0
        members = np.flatnonzero((cell == which) & limits.is_eligible)
        before = n_chosen
        if owed and len(members):
            n_chosen = int(_grow(rows, members, owed, limits, spent, left, out, n_chosen))
        owed -= n_chosen - before
        if owed == 0 and position >= len(parts) - 1:
            break
    rest = np.flatnonzero((cell < 0) & limits.is_eligible)
    if owed and len(rest):
        n_chosen = int(_grow(rows, rest, owed, limits, spent, left, out, n_chosen))
    return out[:n_chosen]
