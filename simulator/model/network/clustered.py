"""The default social graph: a homophilous clustered core of strong ties, and heavy-tailed weak ties.

Strong ties join consumers who are close on a ring ordered by similarity, as in Watts & Strogatz's small
world, so that friends of friends are friends. Weak ties are a random matching of degrees with a power-law
tail, so that some consumers know very many. Both kinds keep to the own cell with the probability
``homophily`` and are otherwise drawn among everybody: homophily is therefore close to the assortativity
coefficient by cell, 0 at random and 1 when no tie leaves a cell.

References
----------
Granovetter (1973), The strength of weak ties. American Journal of Sociology 78(6), 1360-1380.
doi:10.1086/225469
Watts & Strogatz (1998), Collective dynamics of 'small-world' networks. Nature 393, 440-442.
Newman (2003), Mixing patterns in networks. Physical Review E 67, 026126 (assortativity).
doi:10.1103/PhysRevE.67.026126
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.model.network.addresses import (
    STREAM_NETWORK_INSIDE,
    STREAM_NETWORK_REWIRING_COIN,
    STREAM_NETWORK_REWIRING_TARGET,
    STREAM_NETWORK_RING_COIN,
    UNUSED,
)
from simulator.model.network.chance import below, coin, fraction, words
from simulator.model.network.csr import Network, assemble
from simulator.model.network.degrees import tail_degrees
from simulator.model.network.generators import require, require_limits
from simulator.model.network.matching import match_group
from simulator.model.network.similarity import ring_order
from simulator.model.network.tie_set import insert, new_tie_set
from simulator.scenario.graph_limits import clustered_limits

_N_ATTEMPTS = 100


class Groups(NamedTuple):
    """Cells as kernels see them.

    Parameters
    ----------
    group : ndarray of int64, shape (n_consumers,)
        Number of each consumer's cell among those that occur, region by region.
    members : ndarray of int32, shape (n_consumers,)
        Consumers, cell by cell.
    starts : ndarray of int64, shape (n_groups + 1,)
        Where each cell starts and ends in ``members``.
    region : ndarray of int64, shape (n_groups,)
        Region of each cell.
    """

    group: NDArray[np.int64]
    members: NDArray[np.int32]
    starts: NDArray[np.int64]
    region: NDArray[np.int64]


def clustered(
    cell: NDArray[Any],
    region: NDArray[Any],
    taste: NDArray[np.float32],
    *,
    mean_degree: float,
    share_strong: float,
    homophily: float,
    rewiring: float,
    degree_tail: float,
    max_weak_degree: int,
    key0: Any,
    key1: Any,
) -> Network:
    """Draw the default social graph.

    Strong ties: each consumer is tied to the next ``share_strong * mean_degree / 2`` on the ring (a
    fraction is one more with that probability), and each such tie is moved with probability ``rewiring``
    to a partner from the own cell (with probability ``homophily``) or from everybody. A moved tie that
    would be a loop or a second tie draws again; after 100 refusals it stays where it was.

    Weak ties: each half of a tie stays in the cell with probability ``homophily``; halves are matched at
    random, cell by cell and then among everybody. Loops and second ties trade ends with other ties, which
    keeps degrees; what a small cell cannot place is matched in its region, and otherwise among everybody. A
    tie that no trade can place is left out: nearly complete graphs have a slightly lower mean degree.

    Parameters
    ----------
    cell : ndarray of int, shape (n_consumers,)
        Cell of each consumer: region, habit and demographic in one number.
    region : ndarray of int, shape (n_consumers,)
        Region of each consumer.
    taste : ndarray of float32, shape (n_consumers, 2)
        Taste of each consumer.
    mean_degree : float
        Expected ties of a consumer, 0 to half the number of consumers.
    share_strong : float
        Expected share of ties that are strong, 0 to 1.
    homophily : float
        0 to 1.
    rewiring : float
        Share of strong ties that are moved, 0 to 1; more means less clustering.
    degree_tail : float
        Exponent of the tail of the weak ties' degrees, above 2.
    max_weak_degree : int
        Most weak ties of a consumer, above twice their mean.
    key0, key1 : uint32
        Seed and world.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If a parameter is out of range.
    """
    n = len(cell)
    for key, value in (("share_strong", share_strong), ("homophily", homophily), ("rewiring", rewiring)):
        require(0.0 <= value <= 1.0, key, value, "0..1")
    require(degree_tail > 2.0, "degree_tail", degree_tail, "above 2")
    require_limits(clustered_limits(n, mean_degree, share_strong, max_weak_degree))
    groups = _groups(cell, region)
    strong_degree = mean_degree * share_strong
    weak = tail_degrees(n, mean_degree - strong_degree, degree_tail, max_weak_degree, key0, key1)
    n_most = n * int(np.ceil(strong_degree / 2)) + int(weak.sum()) // 2
    source, target = np.empty(n_most, dtype=np.int32), np.empty(n_most, dtype=np.int32)
    ties = new_tie_set(n, n_most)
    ring = ring_order(groups.group, taste, homophily, key0, key1)
    n_strong = _strong_ties(
        ring, groups, strong_degree / 2, float(rewiring), float(homophily), ties, source, target, key0, key1
    )
    n_ties = _weak_ties(weak, groups, float(homophily), ties, source, target, n_strong, key0, key1)
    strong = np.zeros(n_ties, dtype=np.uint8)
    strong[:n_strong] = 1
    return assemble(n, source[:n_ties], target[:n_ties], strong)


def _groups(cell: NDArray[Any], region: NDArray[Any]) -> Groups:
    """Give numbers to the cells that occur, region by region, and list their members."""
    cell = np.asarray(cell, dtype=np.int64)
    n_cells = int(cell.max()) + 1
    number = (np.asarray(region, dtype=np.int64) - int(np.min(region))) * n_cells + cell
    present = np.zeros(int(number.max()) + 1, dtype=np.int64)
    present[number] = 1
    group = (np.cumsum(present) - 1)[number]
    starts = np.zeros(int(group.max()) + 2, dtype=np.int64)
    np.cumsum(np.bincount(group), out=starts[1:])
    narrow = group.astype(np.int16) if len(starts) < 32768 else group
    members = np.argsort(narrow, kind="stable").astype(np.int32)
    return Groups(group, members, starts, np.flatnonzero(present) // n_cells)


@kernel
def _partner(i: Any, k: Any, attempt: Any, groups: Any, homophily: Any, key0: Any, key1: Any) -> Any:
    """Draw a new partner for a moved tie, from the own cell or from everybody."""
    w0, w1, w2, _ = words(STREAM_NETWORK_REWIRING_TARGET, i, k, attempt, key0, key1)
    start = np.int64(0)
    stop = np.int64(groups.members.size)
    if coin(w2, homophily):
        start = groups.starts[groups.group[i]]
        stop = groups.starts[groups.group[i] + 1]
    return np.int64(groups.members[start + below(fraction(w0, w1), stop - start)])


@kernel
def _strong_ties(
    ring: Any, groups: Any, half_degree: Any, rewiring: Any, homophily: Any, ties: Any,
    source: Any, target: Any, key0: Any, key1: Any
) -> Any:  # fmt: skip
    """Write the strong ties, kept ones before moved ones; return how many there are."""
    n = ring.size
    whole = int(np.floor(half_degree))
    n_ties = 0
    for is_moved_turn in (False, True):
        for position in range(n):
            i = np.int64(ring[position])
            word, _, _, _ = words(STREAM_NETWORK_RING_COIN, i, UNUSED, UNUSED, key0, key1)
            for k in range(1, whole + 1 + coin(word, half_degree - whole)):
                word, _, _, _ = words(STREAM_NETWORK_REWIRING_COIN, i, k, UNUSED, key0, key1)
                if coin(word, rewiring) != is_moved_turn:
                    continue
                j = np.int64(ring[(position + k) % n])
                is_new = False
                for attempt in range(_N_ATTEMPTS if is_moved_turn else 0):
                    far = _partner(i, k, attempt, groups, homophily, key0, key1)
                    is_new = far != i and insert(ties, i, far)
                    if is_new:
                        j = far
                        break
                if not is_new:
                    is_new = insert(ties, i, j) or not is_moved_turn
                if is_new:
                    source[n_ties] = i
                    target[n_ties] = j
                    n_ties += 1
    return n_ties


@kernel
def _split_stubs(
    degrees: Any, groups: Any, homophily: Any, ends: Any, inside: Any, outside: Any, key0: Any, key1: Any
) -> Any:
    """Write stubs that stay inside to their cell's part of ``inside``, the others to ``outside``.

    ``ends`` holds where each cell's part starts and, afterwards, where it ends. With ``inside`` empty the
    stubs are only counted, in ``ends``. Returns the number of stubs outside.
    """
    n_outside = 0
    for i in range(degrees.size):
        g = groups.group[i]
        for quad in range((degrees[i] + 3) >> 2):
            w0, w1, w2, w3 = words(STREAM_NETWORK_INSIDE, i, quad, UNUSED, key0, key1)
            for k in range(min(4, degrees[i] - 4 * quad)):
                word = w0 if k == 0 else (w1 if k == 1 else (w2 if k == 2 else w3))
                if coin(word, homophily):
                    if inside.size > 0:
                        inside[ends[g]] = i
                    ends[g] += 1
                else:
                    if outside.size > 0:
                        outside[n_outside] = i
                    n_outside += 1
    return n_outside


def _weak_ties(
    degrees: Any,
    groups: Groups,
    homophily: float,
    ties: Any,
    source: Any,
    target: Any,
    n_ties: int,
    key0: Any,
    key1: Any,
) -> int:
    """Write the weak ties after the first ``n_ties``; return how many ties there are then."""
    n_groups = len(groups.starts) - 1
    nothing = np.zeros(0, dtype=np.int32)
    sizes = np.zeros(n_groups, dtype=np.int64)
    _split_stubs(degrees, groups, homophily, sizes, nothing, nothing, key0, key1)
    ends = np.cumsum(sizes) - sizes
    inside = np.empty(int(sizes.sum()), dtype=np.int32)
    outside = np.empty(int(degrees.sum()), dtype=np.int32)
    n_left = _split_stubs(degrees, groups, homophily, ends, inside, outside, key0, key1)
    keys = (key0, key1)
    longest = int(max(np.bincount(groups.region, sizes).max(), n_left))
    scratch, left = np.empty(longest, dtype=np.int32), np.empty(longest, dtype=np.int32)
    start = n_region = 0
    for g in range(n_groups):
        stubs, start = inside[start : ends[g]], int(ends[g])
        n_ties, n_region = match_group(
            stubs, scratch, g + 1, ties, source, target, n_ties, left, n_region, *keys
        )
        if g + 1 == n_groups or groups.region[g + 1] != groups.region[g]:
            stubs, number = left[:n_region], n_groups + 1 + int(groups.region[g])
            n_ties, n_left = match_group(
                stubs, scratch, number, ties, source, target, n_ties, outside, n_left, *keys
            )
            n_region = 0
    scratch, left = (np.empty(n_left, dtype=np.int32) for _ in range(2))
    n_ties, _ = match_group(outside[:n_left], scratch, 0, ties, source, target, n_ties, left, 0, *keys)
    return int(n_ties)
