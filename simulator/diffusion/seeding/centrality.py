"""Scores of nodes by their place in the graph: betweenness, core number, PageRank.

Arcs point from who influences to who is influenced. Parallel arcs and self-loops count in degrees, and PageRank
weighs an arc by how often it occurs; paths and cores are those of the simple graph, as they are about who is
connected to whom.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.diffusion.rows import Arcs

_PIVOT_CHUNK = 8
_DAMPING = 0.85
_TOLERANCE = 1e-10
_MOST_STEPS = 1000


def simple_rows(graph: Arcs, *, both_ways: bool = False) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the graph's rows without self-loops and parallel arcs, targets ascending.

    Parameters
    ----------
    graph : Arcs
        The graph.
    both_ways : bool
        Whether every arc counts in both directions.
    """
    from scipy.sparse import csr_array

    source, target = graph.sources, graph.targets
    keep = source != target
    source, target = source[keep], target[keep]
    if both_ways:
        source, target = np.concatenate([source, target]), np.concatenate([target, source])
    shape = (graph.n_nodes, graph.n_nodes)
    rows = csr_array((np.ones(len(source), np.int8), (source, target)), shape=shape, dtype=np.int8)
    rows.sum_duplicates()
    return rows.indptr.astype(np.int64), rows.indices.astype(np.int32)


@kernel
def _dependencies(indptr: Any, targets: Any, pivots: Any, total: Any) -> None:
    """Add what each node carries of the shortest paths from the pivots."""
    n = indptr.size - 1
    distance = np.empty(n, np.int32)
    paths = np.empty(n)
    carried = np.empty(n)
    queue = np.empty(n, np.int32)
    distance[:] = -1
    for pivot in pivots:
        queue[0] = pivot
        distance[pivot] = 0
        paths[pivot] = 1.0
        carried[pivot] = 0.0
        used, place = 1, 0
        while place < used:
            v = queue[place]
            place += 1
            for arc in range(indptr[v], indptr[v + 1]):
                w = targets[arc]
                if distance[w] < 0:
                    distance[w] = distance[v] + 1
                    paths[w] = 0.0
                    carried[w] = 0.0
                    queue[used] = w
                    used += 1
                if distance[w] == distance[v] + 1:
                    paths[w] += paths[v]
        for place in range(used - 1, -1, -1):
            v = queue[place]
            for arc in range(indptr[v], indptr[v + 1]):
                w = targets[arc]
                if distance[w] == distance[v] + 1:
                    carried[v] += paths[v] / paths[w] * (1.0 + carried[w])
            if v != pivot:
                total[v] += carried[v]
        for place in range(used):
            distance[queue[place]] = -1


def betweenness(graph: Arcs, pivots: NDArray[Any], threads: int = 1) -> NDArray[np.float64]:
    """Return the sampled betweenness of every node: shortest paths from pivots that pass through it.

    Parameters
    ----------
    graph : Arcs
        The graph; its arcs' directions count.
    pivots : ndarray of int
        Nodes from which paths are followed; with all nodes the result is exact, and twice the usual figure
        where the graph is undirected.
    threads : int
        Threads that follow paths.

    Returns
    -------
    ndarray of float64, shape (n_nodes,)
        Scaled from the pivots to all nodes, not normalized.

    References
    ----------
    Brandes (2001), A faster algorithm for betweenness centrality. Journal of Mathematical Sociology.
    Brandes & Pich (2007), Centrality estimation in large networks. International Journal of Bifurcation and Chaos.
    """
    indptr, targets = simple_rows(graph)

    def follow(first: int) -> NDArray[np.float64]:
        total = np.zeros(graph.n_nodes)
        _dependencies(indptr, targets, pivots[first : first + _PIVOT_CHUNK], total)
        return total

    score = np.zeros(graph.n_nodes)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for total in pool.map(follow, range(0, len(pivots), _PIVOT_CHUNK)):
            score += total
    return score * (graph.n_nodes / len(pivots))


@kernel
def _peel(indptr: Any, targets: Any, core: Any) -> None:
    """Write core numbers: nodes leave in the order of what is left of their degree (Batagelj & Zaversnik)."""
    n = indptr.size - 1
    most = 0
    for v in range(n):
        core[v] = indptr[v + 1] - indptr[v]
        most = max(most, core[v])
    start = np.zeros(most + 2, np.int64)
    for v in range(n):
        start[core[v] + 1] += 1
    for degree in range(most + 1):
        start[degree + 1] += start[degree]
    place = np.empty(n, np.int64)
    order = np.empty(n, np.int64)
    fill = start[:-1].copy()
    for v in range(n):
        place[v] = fill[core[v]]
        order[place[v]] = v
        fill[core[v]] += 1
    for k in range(n):
        v = order[k]
        for arc in range(indptr[v], indptr[v + 1]):
            w = targets[arc]
            if core[w] > core[v]:
                first = start[core[w]]
                other = order[first]
                if other != w:
                    order[first], order[place[w]] = w, other
                    place[other], place[w] = place[w], first
                start[core[w]] += 1
                core[w] -= 1


def core_numbers(graph: Arcs) -> NDArray[np.int64]:
    """Return the largest k for which each node is in the k-core, directions aside.

    Every node of the k-core has at least k neighbors within it; who leads to a node or is led to by it is a
    neighbor, once.

    References
    ----------
    Kitsak, Gallos, Havlin, Liljeros, Muchnik, Stanley & Makse (2010), Identification of influential spreaders in
    complex networks. Nature Physics. Batagelj & Zaversnik (2003), An O(m) algorithm for cores decomposition.
    """
    indptr, targets = simple_rows(graph, both_ways=True)
    core = np.empty(graph.n_nodes, np.int64)
    _peel(indptr, targets, core)
    return core


def pagerank(graph: Arcs) -> NDArray[np.float64]:
    """Return PageRank on the graph turned round: high where one influences many who influence many.

    A surfer who is influenced moves on to one of those who influence him or her, in equal parts over incoming
    arcs, or with probability 0.15 to anybody. Power iteration until a step changes less than 1e-10 in all.

    References
    ----------
    Page, Brin, Motwani & Winograd (1999), The PageRank citation ranking. Stanford InfoLab.
    """
    from scipy.sparse import csr_array

    n = graph.n_nodes
    indegree = graph.indegree
    share = np.divide(1.0, indegree, where=indegree > 0, out=np.zeros(n))
    rows = csr_array((share[graph.targets], graph.targets, graph.indptr), shape=(n, n))
    is_dead_end = indegree == 0
    rank = np.full(n, 1.0 / n)
    for _ in range(_MOST_STEPS):
        moved = rows @ rank + rank[is_dead_end].sum() / n
        after = _DAMPING * moved + (1.0 - _DAMPING) / n
        change = float(np.abs(after - rank).sum())
        rank = after
        if change < _TOLERANCE:
            break
    return rank
