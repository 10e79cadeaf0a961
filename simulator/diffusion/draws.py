"""Where the chance of the classic models comes from: a table of streams of their own.

As in the market (:mod:`simulator.model.draws`), a draw has an address and nothing is drawn in order. The
key is ``(seed, replicate)``. An arc's coin is addressed by the arc's number, a node's threshold by the
node's, so that the same arc has the same luck under any seed set: seed sets are compared in the same
worlds. Stream numbers are apart from the market's and never given to another purpose.

A coin is a uniform number of 48 bits. The upper 16 come eight to a call and settle all but one in 65,536
comparisons with a probability; only then are the lower 32 drawn, so the outcome is that of the full number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel, rule, subframe
from simulator.model.draws import Stream
from simulator.model.mathematics import HALF, logarithm
from simulator.model.philox import philox

U = np.uint32
F = np.float32

STREAMS: tuple[Stream, ...] = (
    Stream("arc coin", 48, "eight arcs", "eight arcs, high", "0", "0", ("upper halves of two coins",) * 4),
    Stream("arc coin, lower", 49, "arc", "arc, high", "0", "0", ("lower bits", "-", "-", "-")),
    Stream("threshold", 50, "four nodes", "0", "0", "0", ("node", "node", "node", "node")),
    Stream("resistance", 51, "four nodes", "0", "0", "0", ("node", "node", "node", "node")),
    Stream("resistance, lower", 52, "node", "0", "0", "0", ("lower bits", "-", "-", "-")),
    Stream("adoption", 53, "two nodes", "0", "step", "0", ("node", "node, lower", "node", "node, lower")),
    Stream("cause", 54, "node", "0", "0", "0", ("cause", "cause, lower", "-", "-")),
)  # fmt: skip

STREAM: dict[str, int] = {stream.name: stream.number for stream in STREAMS}
COIN = U(STREAM["arc coin"])
COIN_LOWER = U(STREAM["arc coin, lower"])
THRESHOLD = U(STREAM["threshold"])
RESISTANCE = U(STREAM["resistance"])
RESISTANCE_LOWER = U(STREAM["resistance, lower"])
ADOPTION = U(STREAM["adoption"])
CAUSE = U(STREAM["cause"])

#: A coin has this many equally likely values.
COIN_VALUES = 2.0**48
#: A threshold has this many.
THRESHOLD_VALUES = 2.0**32
_ZERO = U(0)
_SEGMENT = 4096
_UNIT = F(2.0**-32)
_UNIT_53 = 2.0**-53
_SMALL_X = F(0.25)
_SMALL_WORD = U(1 << 30)
_TINY_WORD = U(1 << 12)
# coefficients of the Cephes form of ln(1 + z), as in the model's own logarithm
L8, L7, L6 = F(7.0376836292e-2), F(-1.1514610310e-1), F(1.1676998740e-1)
L5, L4, L3 = F(-1.2420140846e-1), F(1.4249322787e-1), F(-1.6668057665e-1)
L2, L1, L0 = F(2.0000714765e-1), F(-2.4999993993e-1), F(3.3333331174e-1)
_HIGH = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_THREE = np.uint64(3)


@rule("UniTuple(u8, 2)(u8, u4, u4)")
def coin_block(block: Any, seed: Any, replicate: Any) -> Any:
    """Return the upper halves of the coins of eight arcs, in two words."""
    a, b, c, d = philox(U(block), U(block >> _HIGH), _ZERO, COIN, U(seed), U(replicate))
    return np.uint64(a) | (np.uint64(b) << _HIGH), np.uint64(c) | (np.uint64(d) << _HIGH)


@subframe
def fill_coins(first: Any, last: Any, seed: Any, replicate: Any, words: Any) -> None:
    """Write the upper halves of the coins of blocks of eight arcs: two 64-bit words a block.

    Parameters
    ----------
    first, last : int
        First block and the one after the last.
    seed, replicate : uint32
        The key.
    words : ndarray of uint64
        Two words for each block of the graph; seen as 16-bit numbers, one for each arc.
    """
    for block in range(np.uint64(first), np.uint64(last)):
        low, high = coin_block(block, seed, replicate)
        words[block << _ONE] = low
        words[(block << _ONE) | _ONE] = high


@rule("u4(u8, u4, u4)")
def lower_bits(arc: Any, seed: Any, replicate: Any) -> Any:
    """Return the lower 32 bits of an arc's coin."""
    arc = np.uint64(arc)
    return philox(U(arc), U(arc >> _HIGH), _ZERO, COIN_LOWER, U(seed), U(replicate))[0]


@kernel
def draw_live(upper: Any, lower: Any, mask: Any, seed: Any, replicate: Any, words: Any, live: Any) -> None:
    """Toss the coins of all arcs of one replicate.

    Parameters
    ----------
    upper, lower : ndarray of uint32
        Probability of each arc in units of 2^-48: what a coin's upper and lower bits must be below.
    mask : uint64
        All ones where each arc has a value of its own, 0 where all share the first.
    seed, replicate : uint32
        The key.
    words : ndarray of uint64
        Room for the coins.
    live : ndarray of uint8
        Set to 1 on arcs whose attempt would succeed, to 0 on others.
    """
    n_arcs = live.size
    fill_coins(0, words.size // 2, seed, replicate, words)
    coins, shared = words.view(np.uint16), upper[0]
    for start in range(0, n_arcs, _SEGMENT):
        stop = np.uint64(min(start + _SEGMENT, n_arcs))
        n_open = 0
        if mask:
            for arc in range(np.uint64(start), stop):
                coin = U(coins[arc])
                live[arc] = np.uint8(coin < upper[arc])
                n_open += np.int64(coin == upper[arc])
        else:
            for arc in range(np.uint64(start), stop):
                coin = U(coins[arc])
                live[arc] = np.uint8(coin < shared)
                n_open += np.int64(coin == shared)
        if n_open:
            for arc in range(np.uint64(start), stop):
                if U(coins[arc]) == upper[arc & mask]:
                    live[arc] = np.uint8(lower_bits(arc, seed, replicate) < lower[arc & mask])


@rule("f4(u4)")
def resistance(word: Any) -> Any:
    """Return an exponential draw of mean 1 from one random word: -ln(1 - word / 2^32), exact near 0.

    Near 0 the polynomial of :func:`simulator.model.mathematics.logarithm` is used without forming 1 - x.
    """
    x = F(word) * _UNIT
    z = min(x, _SMALL_X)
    y = (((((((L8 * -z + L7) * -z + L6) * -z + L5) * -z + L4) * -z + L3) * -z + L2) * -z + L1) * -z + L0
    near = z + HALF * (z * z) + z * (z * z) * y
    far = -logarithm(F(U(_ZERO - U(word))) * _UNIT)
    return near if word < _SMALL_WORD else far


@kernel
def fill_resistances(n_nodes: Any, seed: Any, replicate: Any, words: Any, resistances: Any) -> None:
    """Draw the resistance of every node; ``words`` (uint32) is padded to fours."""
    for four in range(np.uint64(words.size // 4)):
        a, b, c, d = philox(U(four), _ZERO, _ZERO, RESISTANCE, seed, replicate)
        words[four << _TWO] = a
        words[(four << _TWO) | _ONE] = b
        words[(four << _TWO) | _TWO] = c
        words[(four << _TWO) | _THREE] = d
    for start in range(0, n_nodes, _SEGMENT):
        stop = np.uint64(min(start + _SEGMENT, n_nodes))
        n_tiny = 0
        for node in range(np.uint64(start), stop):
            resistances[node] = resistance(words[node])
            n_tiny += np.int64(words[node] < _TINY_WORD)
        if n_tiny:
            for node in range(np.uint64(start), stop):
                if words[node] < _TINY_WORD:
                    lower = philox(U(node), _ZERO, _ZERO, RESISTANCE_LOWER, seed, replicate)[0]
                    whole = (np.uint64(words[node]) << _HIGH) | np.uint64(lower)
                    resistances[node] = F(np.float64(np.int64(whole)) / (THRESHOLD_VALUES * THRESHOLD_VALUES))


@kernel
def adoption_uniform(node: Any, step: Any, seed: Any, replicate: Any) -> Any:
    """Return a uniform number of 53 bits for one node and one step."""
    a, b, c, d = philox(U(node) >> U(1), _ZERO, U(step), ADOPTION, U(seed), U(replicate))
    is_odd = (U(node) & U(1)) != _ZERO
    high, low = (c, d) if is_odd else (a, b)
    whole = (np.uint64(high) << np.uint64(21)) | (np.uint64(low) >> np.uint64(11))
    return np.float64(np.int64(whole)) * _UNIT_53


@subframe
def cause_uniform(node: Any, seed: Any, replicate: Any) -> Any:
    """Return a uniform number of 53 bits with which a node's adoption is ascribed."""
    a, b, _, _ = philox(U(node), _ZERO, _ZERO, CAUSE, U(seed), U(replicate))
    whole = (np.uint64(a) << np.uint64(21)) | (np.uint64(b) >> np.uint64(11))
    return np.float64(np.int64(whole)) * _UNIT_53


@kernel
def fill_thresholds(seed: Any, replicate: Any, words: Any) -> None:
    """Write one random word for each node, four to a call; ``words`` (uint32) is padded to fours."""
    for four in range(np.uint64(words.size // 4)):
        a, b, c, d = philox(U(four), _ZERO, _ZERO, THRESHOLD, seed, replicate)
        words[four << _TWO] = a
        words[(four << _TWO) | _ONE] = b
        words[(four << _TWO) | _TWO] = c
        words[(four << _TWO) | _THREE] = d


@rule("u8(u4, u4, u4)")
def threshold_numerator(node: Any, seed: Any, replicate: Any) -> Any:
    """Return a node's threshold times 2^32: a whole number from 1 to 2^32."""
    node = U(node)
    a, b, c, d = philox(node >> U(2), _ZERO, _ZERO, THRESHOLD, U(seed), U(replicate))
    low = a if (node & U(1)) == _ZERO else b
    high = c if (node & U(1)) == _ZERO else d
    return np.uint64(low if (node & U(2)) == _ZERO else high) + _ONE


@kernel
def _all_coins(seed: Any, replicate: Any, words: Any, coins: Any) -> None:
    fill_coins(0, words.size // 2, seed, replicate, words)
    upper = words.view(np.uint16)
    for arc in range(np.uint64(coins.size)):
        whole = (np.uint64(upper[arc]) << _HIGH) | np.uint64(lower_bits(arc, seed, replicate))
        coins[arc] = np.float64(np.int64(whole)) / COIN_VALUES


def n_coin_words(n_arcs: int) -> int:
    """Return how many 64-bit words the upper halves of all coins take."""
    return 2 * ((n_arcs + 7) // 8)


def coins_of(n_arcs: int, seed: int, replicates: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Return the coins of all arcs, shape (n_replicates, n_arcs), each in [0, 1).

    Parameters
    ----------
    n_arcs : int
        Number of arcs.
    seed : int
        Seed.
    replicates : ndarray of uint32
        Replicates.
    """
    coins = np.empty((len(replicates), n_arcs), dtype=np.float64)
    words = np.empty(n_coin_words(n_arcs), dtype=np.uint64)
    for row, replicate in zip(coins, replicates, strict=True):
        _all_coins(U(seed), replicate, words, row)
    return coins


def thresholds_of(n_nodes: int, seed: int, replicates: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Return the thresholds of all nodes, shape (n_replicates, n_nodes), each in (0, 1].

    Parameters
    ----------
    n_nodes : int
        Number of nodes.
    seed : int
        Seed.
    replicates : ndarray of uint32
        Replicates.
    """
    words = np.empty((len(replicates), 4 * ((n_nodes + 3) // 4)), dtype=np.uint32)
    for row, replicate in zip(words, replicates, strict=True):
        fill_thresholds(U(seed), replicate, row)
    return np.asarray((words[:, :n_nodes] + 1.0) / THRESHOLD_VALUES, dtype=np.float64)
