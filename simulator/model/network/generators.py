"""Classic random and regular graphs, each drawn from addresses alone.

Every generator returns a simple undirected graph: no consumer is tied to itself and no pair twice. Each
docstring says how that is reached. All ties are weak until :meth:`Network.with_strength` draws strengths.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, NetworkError
from simulator.model.network import degrees as degree_laws
from simulator.model.network.chance import natural_log
from simulator.model.network.csr import Network, assemble
from simulator.model.network.matching import match_group, repeat_consumers
from simulator.model.network.random_ties import attached_ties, block_ties, grid_ties, rewired_ring
from simulator.model.network.tie_set import new_tie_set
from simulator.scenario import graph_limits

_NO_TIES = np.zeros(0, dtype=np.int32)


def require(is_right: bool, key: str, got: Any, expected: str, remedy: str = "") -> None:
    """Raise a NetworkError about a parameter of the network unless a condition holds."""
    if not is_right:
        raise NetworkError([Fault(f"network.{key}", str(got), expected, remedy)])


def require_limits(breaches: Iterable[graph_limits.Breach]) -> None:
    """Raise a NetworkError about parameters with which the graph cannot be built, unless there are none."""
    faults = [Fault(f"network.{b.key}", b.got, b.expected, b.remedy) for b in breaches]
    if faults:
        raise NetworkError(faults)


def watts_strogatz(n: int, degree: int, rewiring: float, key0: Any, key1: Any) -> Network:
    """Draw a small world: a ring of near neighbors, some of whose ties are moved to random consumers.

    A moved tie that would be a loop or a second tie draws its new partner again; after 100 refusals (only
    in nearly complete graphs) it stays where it was.

    Parameters
    ----------
    n : int
        Number of consumers.
    degree : int
        Ties per consumer before moving, even and below n.
    rewiring : float
        Probability that a tie is moved, 0 to 1.
    key0, key1 : uint32
        Seed and world.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If a parameter is out of range.

    References
    ----------
    Watts & Strogatz (1998), Collective dynamics of 'small-world' networks. Nature 393, 440-442.
    doi:10.1038/30918
    """
    require_limits(graph_limits.ring_limits(n, degree))
    require(0.0 <= rewiring <= 1.0, "rewiring", rewiring, "0..1")
    n_most = n * degree // 2
    source, target = np.empty(n_most, dtype=np.int32), np.empty(n_most, dtype=np.int32)
    n_ties = rewired_ring(n, degree // 2, float(rewiring), new_tie_set(n, n_most), source, target, key0, key1)
    return assemble(n, source[:n_ties], target[:n_ties])


def barabasi_albert(n: int, attachments: int, key0: Any, key1: Any) -> Network:
    """Draw a scale-free graph by preferential attachment.

    It starts from a star of ``attachments + 1`` consumers, as in networkx. A partner drawn twice by the
    same newcomer is drawn again, so that each newcomer ties ``attachments`` distinct consumers. Smaller
    ids have more ties: an order that matters nowhere, as traits are drawn independently of ids.

    Parameters
    ----------
    n : int
        Number of consumers.
    attachments : int
        Ties of each newcomer, 1 to n - 1. The mean degree is about twice that.
    key0, key1 : uint32
        Seed and world.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If a parameter is out of range.

    References
    ----------
    Barabasi & Albert (1999), Emergence of scaling in random networks. Science 286, 509-512.
    doi:10.1126/science.286.5439.509
    Batagelj & Brandes (2005), Efficient generation of large random networks. Physical Review E 71, 036113
    (the list of ends). doi:10.1103/PhysRevE.71.036113
    """
    require_limits(graph_limits.attachment_limits(n, attachments))
    n_ties = attachments * (n - attachments)
    source, target = np.empty(n_ties, dtype=np.int32), np.empty(n_ties, dtype=np.int32)
    attached_ties(n, int(attachments), source, target, key0, key1)
    return assemble(n, source, target)


def erdos_renyi(n: int, mean_degree: float, key0: Any, key1: Any) -> Network:
    """Draw a graph in which each pair is tied independently with one probability.

    Pairs are visited once each, by jumps of geometric length, so there is nothing to draw again.

    Parameters
    ----------
    n : int
        Number of consumers.
    mean_degree : float
        Expected ties of a consumer, 0 to n - 1.
    key0, key1 : uint32
        Seed and world.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If a parameter is out of range.

    References
    ----------
    Gilbert (1959), Random graphs. Annals of Mathematical Statistics 30(4), 1141-1144.
    Batagelj & Brandes (2005), Efficient generation of large random networks. Physical Review E 71, 036113.
    """
    require_limits(graph_limits.random_limits(n, mean_degree))
    order = np.arange(n, dtype=np.int32)
    probability = mean_degree / (n - 1) if n > 1 else 0.0
    return _blocks(order, np.full(n, n, dtype=np.int64), probability, 0.0, n * mean_degree / 2, key0, key1)


def stochastic_block(
    blocks: NDArray[Any], mean_degree: float, within_share: float, key0: Any, key1: Any
) -> Network:
    """Draw a graph in which a pair's probability of a tie depends on whether it shares a block.

    Pairs are visited once each, by jumps of geometric length, so there is nothing to draw again.

    Parameters
    ----------
    blocks : ndarray of int, shape (n_consumers,)
        Block of each consumer.
    mean_degree : float
        Expected ties of a consumer, averaged over the population.
    within_share : float
        Expected share of ties that stay inside a block, 0 to 1.
    key0, key1 : uint32
        Seed and world.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If the blocks have too few pairs for the wanted number of ties.

    References
    ----------
    Holland, Laskey & Leinhardt (1983), Stochastic blockmodels: first steps. Social Networks 5(2), 109-137.
    doi:10.1016/0378-8733(83)90021-7
    """
    n = len(blocks)
    require(0.0 <= within_share <= 1.0, "within_share", within_share, "0..1")
    order = np.argsort(blocks, kind="stable").astype(np.int32)
    sizes = np.unique(blocks, return_counts=True)[1]
    pairs_inside = int((sizes * (sizes - 1) // 2).sum())
    pairs_outside = n * (n - 1) // 2 - pairs_inside
    n_ties = n * mean_degree / 2
    inside, outside = n_ties * within_share, n_ties * (1.0 - within_share)
    require_limits(graph_limits.block_limits(n, pairs_inside, mean_degree, within_share))
    block_end = np.repeat(np.cumsum(sizes), sizes).astype(np.int64)
    p_inside = inside / pairs_inside if pairs_inside else 0.0
    p_outside = outside / pairs_outside if pairs_outside else 0.0
    return _blocks(order, block_end, p_inside, p_outside, n_ties, key0, key1)


def configuration(n: int, exponent: float, min_degree: int, max_degree: int, key0: Any, key1: Any) -> Network:
    """Draw a graph with power-law degrees by random matching.

    Degrees have probability proportional to k^-exponent. If their sum is odd, the first of the consumers
    with most ties gets one less. A matched pair that would be a loop or a second tie trades ends with a
    random tie, which keeps all degrees; a tie that no trade can place, possible only where a few
    consumers need to know everybody, is left out.

    Parameters
    ----------
    n : int
        Number of consumers.
    exponent : float
        Exponent of the power law, 0 to 10.
    min_degree, max_degree : int
        Range of degrees, 0 < min_degree <= max_degree < n.
    key0, key1 : uint32
        Seed and world.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If a parameter is out of range.

    References
    ----------
    Molloy & Reed (1995), A critical point for random graphs with a given degree sequence. Random
    Structures & Algorithms 6(2-3), 161-180. doi:10.1002/rsa.3240060204
    """
    require(0.0 <= exponent <= 10.0, "exponent", exponent, "0..10")
    require_limits(graph_limits.degree_law_limits(n, min_degree, max_degree))
    weights = degree_laws.power_law_weights(int(min_degree), int(max_degree), float(exponent), 0.0)
    degrees = degree_laws.draw_degrees(n, int(min_degree), weights, key0, key1)
    if degrees.sum() % 2:
        degrees[int(np.argmax(degrees))] -= 1
    return match_degrees(degrees, key0, key1)


def match_degrees(degrees: NDArray[np.int32], key0: Any, key1: Any) -> Network:
    """Draw a random simple graph with given degrees, whose sum is even, by matching and trading ends."""
    stubs = repeat_consumers(degrees)
    n_most = len(stubs) // 2
    source, target = np.empty(n_most, dtype=np.int32), np.empty(n_most, dtype=np.int32)
    ties = new_tie_set(len(degrees), n_most)
    spare = np.empty_like(stubs)
    n_ties, _ = match_group(stubs, spare, 0, ties, source, target, 0, spare, 0, key0, key1)
    return assemble(len(degrees), source[:n_ties], target[:n_ties])


def lattice(n: int, neighborhood: int = 4, periodic: bool = True) -> Network:
    """Lay the consumers out on a grid and tie each to the nearest places.

    The grid is the squarest full rectangle if its sides are within a factor of four, and otherwise a
    square whose last row is not full. On a periodic grid the edges meet; an empty place of the last row is
    passed over to the first row. Ties that fall together on grids of one or two rows count once.

    Parameters
    ----------
    n : int
        Number of consumers, numbered row by row.
    neighborhood : {4, 8}
        Sides alone (von Neumann) or also corners (Moore).
    periodic : bool
        Whether opposite edges meet.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If the neighborhood is neither 4 nor 8.
    """
    require(neighborhood in (4, 8), "neighborhood", neighborhood, "4 or 8")
    width = grid_width(n)
    n_rows = -(-n // width)
    source, target = (
        np.empty(n * neighborhood // 2, dtype=np.int32),
        np.empty(n * neighborhood // 2, dtype=np.int32),
    )
    n_ties = grid_ties(n, width, neighborhood // 2, periodic, source, target)
    source, target = source[:n_ties], target[:n_ties]
    if periodic and (min(width, n_rows) < 3 or width * n_rows != n):
        pairs = np.minimum(source, target) * np.int64(n) + np.maximum(source, target)
        source, target = (ends.astype(np.int32) for ends in np.divmod(np.unique(pairs), n))
    return assemble(n, source, target)


def grid_width(n: int) -> int:
    """Return the row length of the grid for n consumers; see :func:`lattice`."""
    root = int(np.sqrt(n))
    for width in range(root, max(root // 2, 1) - 1, -1):
        if n % width == 0:
            return n // width
    return root + 1


def star(n: int) -> Network:
    """Tie consumer 0 to all others."""
    others = np.arange(1, n, dtype=np.int32)
    return assemble(n, np.zeros(len(others), dtype=np.int32), others)


def complete(n: int) -> Network:
    """Tie everybody to everybody, for at most `graph_limits.LARGEST_COMPLETE` consumers.

    Raises
    ------
    NetworkError
        If there are more.
    """
    require_limits(graph_limits.complete_limits(n))
    neighbors = np.tile(np.arange(n, dtype=np.int32), (n, 1))[~np.eye(n, dtype=bool)]
    indptr = np.arange(n + 1, dtype=np.int64) * max(n - 1, 0)
    return Network(indptr, neighbors, np.zeros(len(neighbors), dtype=np.uint8))


def empty(n: int) -> Network:
    """Return a graph without ties."""
    return assemble(n, _NO_TIES, _NO_TIES)


def _blocks(
    order: Any, block_end: Any, p_inside: float, p_outside: float, expected: float, key0: Any, key1: Any
) -> Network:
    n_most = int(expected + 6.0 * expected**0.5) + 32
    logs = [-np.inf if p >= 1.0 else natural_log(1.0 - p) for p in (p_inside, p_outside)]
    while True:
        source, target = np.empty(n_most, dtype=np.int32), np.empty(n_most, dtype=np.int32)
        n_ties = block_ties(order, block_end, logs[0], logs[1], source, target, key0, key1)
        if n_ties <= n_most:
            return assemble(len(order), source[:n_ties], target[:n_ties])
        n_most = n_ties
