"""Degree discount: the best connected, less what their seeded neighbors would do anyway."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.diffusion.rows import Arcs
from simulator.diffusion.seeding.constraints import Constraints, allowed
from simulator.diffusion.seeding.heap import drop_top, heapify

_allowed = kernel(allowed)


@kernel
def _discounted(degree: Any, seeded: Any, p: Any) -> Any:
    return degree - 2.0 * seeded - (degree - seeded) * seeded * p


@kernel
def _climb(keys: Any, items: Any, size: Any, key: Any, item: Any) -> Any:
    """Put an item into the heap and return the new size."""
    place = size
    while place > 0:
        parent = (place - 1) >> 1
        if keys[parent] > key or (keys[parent] == key and items[parent] <= item):
            break
        keys[place], items[place] = keys[parent], items[parent]
        place = parent
    keys[place], items[place] = key, item
    return size + 1


@kernel
def _choose(
    indptr: Any, targets: Any, p: Any, keys: Any, items: Any, n_first: Any, limits: Any, out: Any
) -> Any:
    n = indptr.size - 1
    seeded = np.zeros(n)
    is_seed = np.zeros(n, np.bool_)
    left = limits.quota.copy()
    budget = _allowed(limits.budget)
    spent, n_chosen, size = 0.0, 0, n_first
    while n_chosen < out.size and size > 0:
        v = items[0]
        key = keys[0]
        size = drop_top(keys, items, size)
        degree = np.float64(indptr[v + 1] - indptr[v])
        if is_seed[v] or key != _discounted(degree, seeded[v], p):
            continue
        cell = limits.cell[v]
        if spent + limits.cost[v] > budget or (cell >= 0 and left[cell] == 0):
            continue
        out[n_chosen] = v
        n_chosen += 1
        is_seed[v] = True
        spent += limits.cost[v]
        if cell >= 0:
            left[cell] -= 1
        for arc in range(indptr[v], indptr[v + 1]):
            w = np.int64(targets[arc])
            seeded[w] += 1.0
            if limits.is_eligible[w] and not is_seed[w]:
                degree = np.float64(indptr[w + 1] - indptr[w])
                size = _climb(keys, items, size, _discounted(degree, seeded[w], p), w)
    return n_chosen


def degree_discount(graph: Arcs, p: float, constraints: Constraints) -> NDArray[np.int64]:
    """Return seeds by degree, each discounted for seeds that lead to it.

    The next seed has the largest d - 2 t - (d - t) t p, with d its outgoing arcs and t the arcs that lead to it
    from seeds; ties to the lowest number. On an undirected graph this is the published rule.

    Parameters
    ----------
    graph : Arcs
        The graph.
    p : float
        Probability that one activates another; where it differs by arc, the mean.
    constraints : Constraints
        What the seeds must respect.

    Returns
    -------
    ndarray of int64
        Seeds in the order of choice.

    References
    ----------
    Chen, Wang & Yang (2009), Efficient influence maximization in social networks. KDD.
    """
    limits = constraints.limits
    among = np.flatnonzero(limits.is_eligible)
    room = len(among) + graph.n_arcs
    keys, items = np.empty(room), np.empty(room, np.int64)
    keys[: len(among)] = graph.outdegree[among]
    items[: len(among)] = among
    heapify(keys[: len(among)], items[: len(among)])
    out = np.empty(constraints.most_seeds, np.int64)
    n_chosen = _choose(graph.indptr, graph.targets, float(p), keys, items, len(among), limits, out)
    return out[:n_chosen]
