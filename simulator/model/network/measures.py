"""Measures that describe a social graph: degrees, clustering, distances, assortativity.

References
----------
Watts & Strogatz (1998), Collective dynamics of 'small-world' networks. Nature 393, 440-442 (clustering).
Newman (2003), Mixing patterns in networks. Physical Review E 67, 026126 (assortativity).
doi:10.1103/PhysRevE.67.026126
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.model.network.csr import Network

_N_SAMPLED = 2000
_N_PARTNERS = 200


@dataclass(frozen=True)
class NetworkSummary:
    """Main measures of a social graph.

    Parameters
    ----------
    n_consumers, n_ties : int
        Size.
    is_directed : bool
        Whether ties may be one-way.
    mean_degree : float
        Mean number of arcs from a consumer.
    degree_quantiles : dict of str to int
        Smallest, 5 %, 50 %, 95 %, 99 % and largest number of arcs from a consumer.
    n_isolated : int
        Consumers without any tie.
    share_strong : float
        Share of arcs that are strong; nan without ties.
    clustering : float
        Mean local clustering coefficient, estimated on at most 2,000 evenly spaced consumers.
    homophily : float or None
        Assortativity coefficient by cell, where cells were given: 0 at random, 1 if no tie leaves a cell.
    repairs : tuple of str
        What was changed in the graph as it was given.
    """

    n_consumers: int
    n_ties: int
    is_directed: bool
    mean_degree: float
    degree_quantiles: dict[str, int]
    n_isolated: int
    share_strong: float
    clustering: float
    homophily: float | None
    repairs: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the measures by name."""
        return asdict(self)


def summarize(network: Network, cell: NDArray[Any] | None = None) -> NetworkSummary:
    """Return a graph's main measures; with ``cell`` also homophily.

    Parameters
    ----------
    network : Network
        The graph.
    cell : ndarray of int, shape (n_consumers,), optional
        Cell of each consumer.
    """
    degree = network.degree
    levels = {"min": 0.0, "q05": 0.05, "q50": 0.5, "q95": 0.95, "q99": 0.99, "max": 1.0}
    values = np.quantile(degree, list(levels.values()), method="inverted_cdf") if len(degree) else np.zeros(6)
    touched = degree > 0
    touched[network.neighbors] = True
    return NetworkSummary(
        n_consumers=network.n_consumers,
        n_ties=network.n_ties,
        is_directed=network.is_directed,
        mean_degree=network.mean_degree,
        degree_quantiles={name: int(value) for name, value in zip(levels, values, strict=True)},
        n_isolated=int(network.n_consumers - np.count_nonzero(touched)),
        share_strong=float(network.is_strong.mean()) if network.n_arcs else float("nan"),
        clustering=clustering(network),
        homophily=None if cell is None else assortativity(network, cell),
        repairs=network.repairs,
    )


def clustering(network: Network, n_sampled: int = _N_SAMPLED) -> float:
    """Return the mean local clustering coefficient: how often two neighbors are neighbors themselves.

    Consumers with fewer than two neighbors count as 0, as in networkx. Directed ties are followed in their
    direction. Of consumers with more than 200 neighbors, 200 evenly spaced ones are looked at.

    Parameters
    ----------
    network : Network
        The graph.
    n_sampled : int
        Evenly spaced consumers to look at, at most.
    """
    n = network.n_consumers
    if n == 0:
        return 0.0
    sampled = np.unique(np.linspace(0, n - 1, min(n, n_sampled)).astype(np.int64))
    return float(_local_clustering(network.indptr, network.neighbors, sampled).mean())


def assortativity(network: Network, cell: NDArray[Any], which: NDArray[np.bool_] | None = None) -> float:
    """Return the assortativity coefficient by cell, (e - a) / (1 - a).

    Here e is the share of arcs inside a cell and a the share to be expected from the cells' degrees. The
    result is nan where there are no ties or only one cell.

    Parameters
    ----------
    network : Network
        The graph.
    cell : ndarray of int, shape (n_consumers,)
        Cell of each consumer.
    which : ndarray of bool, shape (n_arcs,), optional
        Arcs to look at; default all.
    """
    cell = np.asarray(cell, dtype=np.int64)
    near = np.repeat(cell, network.degree)
    far = cell[network.neighbors]
    if which is not None:
        near, far = near[which], far[which]
    if len(near) == 0:
        return float("nan")
    n_cells = int(cell.max()) + 1
    share_near = np.bincount(near, minlength=n_cells) / len(near)
    share_far = np.bincount(far, minlength=n_cells) / len(far)
    expected = float(share_near @ share_far)
    return (float((near == far).mean()) - expected) / (1.0 - expected) if expected < 1.0 else float("nan")


def mean_distance(network: Network, n_sources: int = 64) -> float:
    """Return the mean number of ties on a shortest path, from evenly spaced sources to all they can reach.

    Parameters
    ----------
    network : Network
        The graph.
    n_sources : int
        Number of sources, at most.
    """
    n = network.n_consumers
    total = pairs = 0
    for source in np.unique(np.linspace(0, n - 1, min(n, n_sources)).astype(np.int64)):
        distance = _distances(network.indptr, network.neighbors, source)
        reached = distance[distance > 0]
        total += int(reached.sum())
        pairs += len(reached)
    return total / pairs if pairs else float("nan")


@kernel
def _is_neighbor(indptr: Any, neighbors: Any, i: Any, j: Any) -> Any:
    low = indptr[i]
    high = indptr[i + 1]
    while low < high:
        middle = (low + high) // 2
        if neighbors[middle] < j:
            low = middle + 1
        else:
            high = middle
    return low < indptr[i + 1] and neighbors[low] == j


@kernel
def _local_clustering(indptr: Any, neighbors: Any, sampled: Any) -> Any:
    result = np.zeros(sampled.size, dtype=np.float64)
    for place in range(sampled.size):
        row = neighbors[indptr[sampled[place]] : indptr[sampled[place] + 1]]
        step = row.size / min(row.size, _N_PARTNERS) if row.size > 0 else 1.0
        n_pairs = 0
        n_closed = 0
        for a in range(min(row.size, _N_PARTNERS)):
            j = row[int(a * step)]
            for b in range(min(row.size, _N_PARTNERS)):
                k = row[int(b * step)]
                if j != k:
                    n_pairs += 1
                    n_closed += _is_neighbor(indptr, neighbors, j, k)
        result[place] = n_closed / n_pairs if n_pairs > 0 else 0.0
    return result


@kernel
def _distances(indptr: Any, neighbors: Any, source: Any) -> Any:
    distance = np.full(indptr.size - 1, -1, dtype=np.int32)
    queue = np.empty(indptr.size - 1, dtype=np.int32)
    distance[source] = 0
    queue[0] = source
    n_queued = 1
    head = 0
    while head < n_queued:
        i = queue[head]
        head += 1
        for arc in range(indptr[i], indptr[i + 1]):
            j = neighbors[arc]
            if distance[j] < 0:
                distance[j] = distance[i] + 1
                queue[n_queued] = j
                n_queued += 1
    return distance
