"""Random matching of stubs into ties, with degrees kept and no pair tied twice.

A stub is half a tie: a consumer appears once per tie it shall have. The stubs of a group are shuffled and
paired. A pair that would be a loop or a second tie trades ends with a random tie of the group until both
are allowed, which keeps every degree. What no trade can place is left over for the caller.

References
----------
Newman (2018), Networks, 2nd edition, section 12.1. Oxford University Press.
Bacher, Bodini, Hwang & Tsai (2017), Generating random permutations by coin tossing. ACM Transactions on
Algorithms 13(2), 24 (dealing to piles). doi:10.1145/3009909
Maslov & Sneppen (2002), Specificity and stability in topology of protein networks. Science 296, 910-913
(trading ends). doi:10.1126/science.1065103
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import kernel
from simulator.model.network.addresses import (
    STREAM_NETWORK_DEAL,
    STREAM_NETWORK_SHUFFLE,
    STREAM_NETWORK_SWITCH,
    UNUSED,
)
from simulator.model.network.chance import below, coin, fraction, uniforms, words
from simulator.model.network.tie_set import contains, insert, remove

_N_ATTEMPTS = 60
_LONG = 1 << 16


@kernel
def _swap_at_random(stubs: Any, start: Any, stop: Any, group: Any, key0: Any, key1: Any) -> Any:
    """Shuffle places ``start`` to ``stop`` by Fisher and Yates' swaps, one address per two places."""
    for place in range(stop - 1, start, -1):
        even, odd = uniforms(
            STREAM_NETWORK_SHUFFLE, np.int64(place >> 1), np.int64(group), UNUSED, key0, key1
        )
        other = start + below(odd if place & 1 else even, np.int64(place - start + 1))
        kept = stubs[place]
        stubs[place] = stubs[other]
        stubs[other] = kept


@kernel
def _draw_piles(n: Any, group: Any, key0: Any, key1: Any) -> Any:
    """Draw a pile from 0 to 255 for each of n stubs, sixteen at each address."""
    piles = np.empty(((n + 15) >> 4) << 4, dtype=np.uint8)
    for deal in range(piles.size >> 4):
        w0, w1, w2, w3 = words(STREAM_NETWORK_DEAL, deal, np.int64(group), UNUSED, key0, key1)
        for k in range(4):
            shift = np.uint32(8 * k)
            piles[16 * deal + k] = (w0 >> shift) & np.uint32(255)
            piles[16 * deal + k + 4] = (w1 >> shift) & np.uint32(255)
            piles[16 * deal + k + 8] = (w2 >> shift) & np.uint32(255)
            piles[16 * deal + k + 12] = (w3 >> shift) & np.uint32(255)
    return piles[:n]


@kernel
def shuffle(stubs: Any, scratch: Any, group: Any, key0: Any, key1: Any) -> Any:
    """Put stubs in random order.

    A long list is first dealt to 256 piles at random and each pile then shuffled, which gives all orders
    the same chance and stays within the processor's cache.

    Parameters
    ----------
    stubs : ndarray of int32
        Put in random order in place.
    scratch : ndarray of int32
        At least as long as ``stubs`` if that is long; overwritten.
    group : int
        Number of the group, part of the addresses.
    key0, key1 : uint32
        Seed and world.
    """
    if stubs.size <= _LONG:
        _swap_at_random(stubs, np.int64(0), np.int64(stubs.size), group, key0, key1)
        return
    piles = _draw_piles(stubs.size, group, key0, key1)
    ends = np.zeros(257, dtype=np.int64)
    for place in range(stubs.size):
        ends[np.int64(piles[place]) + 1] += 1
    for pile in range(256):
        ends[pile + 1] += ends[pile]
    for place in range(stubs.size):
        own = np.int64(piles[place])
        scratch[ends[own]] = stubs[place]
        ends[own] += 1
    for place in range(stubs.size):
        stubs[place] = scratch[place]
    start = np.int64(0)
    for pile in range(256):
        _swap_at_random(stubs, start, ends[pile], group, key0, key1)
        start = ends[pile]


@kernel
def _trade(
    a: Any, b: Any, number: Any, group: Any, ties: Any, source: Any, target: Any, first: Any, n_ties: Any,
    key0: Any, key1: Any
) -> Any:  # fmt: skip
    """Trade ends of the refused pair (a, b) with a tie of the group; return whether both ties then exist."""
    for attempt in range(_N_ATTEMPTS if n_ties > first else 0):
        w0, w1, w2, _ = words(STREAM_NETWORK_SWITCH, number, group, attempt, key0, key1)
        chosen = first + below(fraction(w0, w1), np.int64(n_ties - first))
        is_straight = coin(w2, 0.5)
        c = np.int64(source[chosen] if is_straight else target[chosen])
        d = np.int64(target[chosen] if is_straight else source[chosen])
        if a == c or b == d or (a == d and b == c) or contains(ties, a, c) or contains(ties, b, d):
            continue
        remove(ties, c, d)
        insert(ties, a, c)
        insert(ties, b, d)
        source[chosen] = a
        target[chosen] = c
        source[n_ties] = b
        target[n_ties] = d
        return True
    return False


@kernel
def match_group(
    stubs: Any, scratch: Any, group: Any, ties: Any, source: Any, target: Any, n_ties: Any,
    left: Any, n_left: Any, key0: Any, key1: Any
) -> Any:  # fmt: skip
    """Match the stubs of one group; return the number of ties and of stubs left over so far.

    Parameters
    ----------
    stubs : ndarray of int32
        Consumers, once per tie; overwritten.
    scratch : ndarray of int32
        At least as long as ``stubs``; overwritten.
    group : int
        Number of the group, part of the addresses.
    ties : TieSet
        Ties that exist already, to which those made here are added.
    source, target : ndarray of int32
        Ties, written from number ``n_ties`` on.
    n_ties : int
        Number of ties so far.
    left : ndarray of int32
        Stubs without a partner, written from number ``n_left`` on.
    n_left : int
        Number of stubs left over so far.
    key0, key1 : uint32
        Seed and world.
    """
    shuffle(stubs, scratch, group, key0, key1)
    first = n_ties
    n_refused = 0
    for k in range(0, stubs.size - 1, 2):
        a = np.int64(stubs[k])
        b = np.int64(stubs[k + 1])
        if a != b and insert(ties, a, b):
            source[n_ties] = a
            target[n_ties] = b
            n_ties += 1
        else:
            stubs[2 * n_refused] = a
            stubs[2 * n_refused + 1] = b
            n_refused += 1
    has_odd = stubs.size & 1
    odd = stubs[stubs.size - 1] if has_odd else np.int32(0)
    for number in range(n_refused):
        a = np.int64(stubs[2 * number])
        b = np.int64(stubs[2 * number + 1])
        if _trade(a, b, number, group, ties, source, target, first, n_ties, key0, key1):
            n_ties += 1
        else:
            left[n_left] = a
            left[n_left + 1] = b
            n_left += 2
    if has_odd:
        left[n_left] = odd
        n_left += 1
    return n_ties, n_left


@kernel
def repeat_consumers(degrees: Any) -> Any:
    """Return the stubs of all consumers, in order of id: int32, one per unit of degree."""
    total = np.int64(0)
    for i in range(degrees.size):
        total += degrees[i]
    stubs = np.empty(total, dtype=np.int32)
    place = 0
    for i in range(degrees.size):
        for _ in range(degrees[i]):
            stubs[place] = i
            place += 1
    return stubs
