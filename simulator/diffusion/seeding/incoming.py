"""Who can activate a node: arcs by their target, with chances, and which of them are live in one sample.

Independent cascades flip one coin per arc; a linear threshold is the same in law as every node keeping at most
one incoming arc, each with its weight as probability (Kempe, Kleinberg & Tardos 2003). Whatever a set of seeds
reaches over live arcs is what it activates, so one sample of live arcs serves every set of seeds.

Where all arcs into a node have the same small chance, the gaps between live arcs are drawn instead of a coin
for each (a geometric skip, as in Guo, Wang, Wei & Chen 2020, Influence maximization revisited: efficient
reverse reachable set generation with bound tightened. SIGMOD): the work is then proportional to live arcs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel, part, rule
from simulator.diffusion.rows import Arcs
from simulator.model.network.chance import natural_log
from simulator.model.philox import philox

# nanoseconds of a gap, of starting on gaps, and of a coin; they decide which is drawn, not what may happen
_PER_GAP, _PER_START, _PER_COIN = 10.0, 15.0, 1.4
_WORD = 1.0 / 4294967296.0
_HALF_WORD = 0.5
_ONE, _TWO, _THREE = np.uint64(1), np.uint64(2), np.uint64(3)
_NO_GAP = 0.0
_MIXED = -1.0


_MANTISSA_BITS = np.int64(52)
_BIAS = np.int64(1023)
_MANTISSA = np.int64(0x000FFFFFFFFFFFFF)
_ONE_BITS = np.int64(0x3FF0000000000000)
_SQRT2 = 1.41421356237309504880
_LN2 = 0.693147180559945309417
_L1, _L3, _L5, _L7 = 2.0, 2.0 / 3.0, 2.0 / 5.0, 2.0 / 7.0
_L9, _L11, _L13 = 2.0 / 9.0, 2.0 / 11.0, 2.0 / 13.0


class Incoming(NamedTuple):
    """Arcs by target; n nodes, m arcs."""

    indptr: NDArray[np.int64]  # [n + 1]
    source: NDArray[np.int32]  # [m]
    chance: NDArray[np.float64]  # [m], probabilities; running sums of weights within a node where picks_one
    shared: NDArray[np.float64]  # [n], the chance that all arcs into a node have, or -1 where they differ
    gap: NDArray[np.float64]  # [n], 1 / log(1 - shared) where gaps are drawn, else 0
    picks_one: bool  # a node keeps at most one arc (linear threshold)

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.indptr) - 1


@kernel
def _prepare(start: Any, chance: Any, picks_one: Any, shared: Any, gap: Any) -> None:
    for v in range(start.size - 1):
        first, last = start[v], start[v + 1]
        same = True
        for arc in range(first + 1, last):
            same = same and chance[arc] == chance[first]
        shared[v] = chance[first] if same and last > first else _MIXED
        gap[v] = _NO_GAP
        if picks_one:
            total = 0.0
            for arc in range(first, last):
                total += chance[arc]
                chance[arc] = total
        elif 0.0 < shared[v] < 1.0:
            degree = np.float64(last - first)
            if _PER_GAP * degree * shared[v] + _PER_START < _PER_COIN * degree:
                gap[v] = 1.0 / natural_log(1.0 - shared[v])


def incoming_arcs(graph: Arcs, chances: NDArray[Any], *, picks_one: bool) -> Incoming:
    """Return a graph's arcs by target, with their chances.

    Parameters
    ----------
    graph : Arcs
        The graph.
    chances : ndarray of float64, shape (n_arcs,)
        Probability (independent cascade) or weight (linear threshold) of each arc, 0 to 1. A node's incoming
        weights add up to at most 1.
    picks_one : bool
        Whether the model is the linear threshold.

    Returns
    -------
    Incoming
        Arcs into a node stand in the order of their numbers.
    """
    back = graph.reverse
    chance = np.ascontiguousarray(chances, np.float64)[back.arcs]
    shared, gap = np.empty(graph.n_nodes), np.empty(graph.n_nodes)
    _prepare(back.indptr, chance, picks_one, shared, gap)
    return Incoming(back.indptr, back.sources, chance, shared, gap, picks_one)


@rule("f8(f8)")
def quick_log(x: Any) -> Any:
    """Return the natural logarithm of a normal number above 0, within 1e-11, the same bits everywhere."""
    bits = np.float64(x).view(np.int64)
    exponent = np.float64((bits >> _MANTISSA_BITS) - _BIAS)
    m = np.int64((bits & _MANTISSA) | _ONE_BITS).view(np.float64)
    is_large = m > _SQRT2
    m = m * 0.5 if is_large else m
    exponent = exponent + 1.0 if is_large else exponent
    z = (m - 1.0) / (m + 1.0)
    w = z * z
    series = ((((((_L13 * w + _L11) * w + _L9) * w + _L7) * w + _L5) * w + _L3) * w + _L1) * z
    return exponent * _LN2 + series


class Room(NamedTuple):
    """Memory to draw live arcs in; as much as the node with the most incoming arcs needs."""

    sources: NDArray[np.int32]
    coins: NDArray[np.uint32]


def room_for(arcs: Incoming) -> Room:
    """Return memory to draw live arcs in."""
    widest = int(np.diff(arcs.indptr).max(initial=1))
    return Room(np.empty(widest, np.int32), np.empty(4 * ((widest + 3) // 4), np.uint32))


@part
def _pick_one(u: Any, shared: Any, first: Any, last: Any, chance: Any) -> Any:
    """Return which one arc is kept, or the end of the row where none is."""
    if shared > 0.0:
        return min(first + np.int64(u / shared), last)
    if shared == 0.0:
        return last
    low, high = first, last
    while low < high:
        middle = (low + high) >> 1
        if chance[middle] > u:
            high = middle
        else:
            low = middle + 1
    return low


@part
def _by_gaps(
    v: Any, r: Any, tail_word: Any, k0: Any, k1: Any, scale: Any, row: Any, source: Any, out: Any
) -> Any:
    """Write live sources by drawing how many arcs to skip."""
    first, last = row
    arc, found, call = first - 1, 0, 0
    while True:
        a, b, c, d = philox(v, r, np.uint32(call), tail_word, k0, k1)
        for k in range(4):
            word = a if k == 0 else (b if k == 1 else (c if k == 2 else d))
            skipped = quick_log((np.float64(word) + _HALF_WORD) * _WORD) * scale
            if skipped >= np.float64(last - 1 - arc):
                return found
            arc += np.int64(skipped) + 1
            out[found] = source[arc]
            found += 1
        call += 1


@part
def _by_coins(v: Any, r: Any, tail_word: Any, k0: Any, k1: Any, arcs: Any, row: Any, room: Any) -> Any:
    """Write live sources by a coin for each arc."""
    first, last = row
    coins = room.coins
    for call in range(np.uint64((last - first + 3) >> 2)):
        a, b, c, d = philox(v, r, np.uint32(call), tail_word, k0, k1)
        four = np.uint64(call) << _TWO
        coins[four] = a
        coins[four + _ONE] = b
        coins[four + _TWO] = c
        coins[four + _THREE] = d
    found = np.uint64(0)
    for place in range(np.uint64(last - first)):
        arc = np.uint64(first) + place
        room.sources[found] = arcs.source[arc]
        found += np.uint64(np.float64(coins[place]) * _WORD < arcs.chance[arc])
    return np.int64(found)


@part
def live_sources(node: Any, number: Any, tail_word: Any, k0: Any, k1: Any, arcs: Any, room: Any) -> Any:
    """Write the sources of a node's live incoming arcs in one sample and return how many there are.

    Counter word 0 is the node, word 1 the sample, word 2 counts calls of four words. The sources stand in
    ``room.sources``.
    """
    first, last = arcs.indptr[node], arcs.indptr[node + 1]
    if first == last:
        return 0
    v, r = np.uint32(node), np.uint32(number)
    if arcs.picks_one:
        word, _, _, _ = philox(v, r, np.uint32(0), tail_word, k0, k1)
        arc = _pick_one(np.float64(word) * _WORD, arcs.shared[node], first, last, arcs.chance)
        if arc == last:
            return 0
        room.sources[0] = arcs.source[arc]
        return 1
    if arcs.gap[node] < 0.0:
        return _by_gaps(v, r, tail_word, k0, k1, arcs.gap[node], (first, last), arcs.source, room.sources)
    return _by_coins(v, r, tail_word, k0, k1, arcs, (first, last), room)
