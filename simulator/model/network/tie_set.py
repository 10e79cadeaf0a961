"""A compact memory of which consumers are tied, so that a generator never ties a pair twice.

One bit per pair for up to 2,048 consumers; beyond, one bit of a hashed table with at least 16 bits per tie
(a Bloom filter with one hash function). The table never forgets a tie. It may take a new tie for a known
one, for about one in forty: the generator then draws or trades again, as after a true repetition. As the
hash is unrelated to the graph's structure, that shifts nothing.

References
----------
Bloom (1970), Space/time trade-offs in hash coding with allowable errors. Communications of the ACM 13(7),
422-426. doi:10.1145/362686.362692
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel, rule

_N_EXACT = 2048
_BITS_PER_TIE = 16
_FACTOR0 = np.int64(0x5BD1E995)
_FACTOR1 = np.int64(0x2545F491)
_SHIFT = np.int64(17)
_BYTE = np.int64(3)
_BIT = np.int64(7)
_ONE = np.int64(1)


class TieSet(NamedTuple):
    """Bits of a set of ties, and the number of consumers if each pair has its own bit (otherwise 0)."""

    bits: NDArray[np.uint8]
    n_exact: int


def new_tie_set(n: int, n_ties: int) -> TieSet:
    """Return an empty set for ties among n consumers, of which there will be at most ``n_ties``."""
    if n <= _N_EXACT:
        return TieSet(np.zeros((n * n >> 3) + 1, dtype=np.uint8), n)
    size = 1 << 16
    while size * 8 < n_ties * _BITS_PER_TIE:
        size *= 2
    return TieSet(np.zeros(size, dtype=np.uint8), 0)


@rule("i8(i8, i8, i8, i8)")
def bit_of(a: Any, b: Any, n_bytes: Any, n_exact: Any) -> Any:
    """Return the number of the bit that stands for a pair, the same for (a, b) and (b, a)."""
    small = min(a, b)
    large = max(a, b)
    mixed = (small * _FACTOR0) ^ (large * _FACTOR1)
    hashed = (mixed ^ (mixed >> _SHIFT)) & (n_bytes * np.int64(8) - _ONE)
    return small * n_exact + large if n_exact > 0 else hashed


@kernel
def contains(ties: Any, a: Any, b: Any) -> Any:
    """Return whether two consumers are tied; rarely true by mistake, never false by mistake."""
    bit = bit_of(np.int64(a), np.int64(b), np.int64(ties.bits.size), np.int64(ties.n_exact))
    return (np.int64(ties.bits[bit >> _BYTE]) >> (bit & _BIT)) & _ONE == 1


@kernel
def insert(ties: Any, a: Any, b: Any) -> Any:
    """Tie two consumers; return False if they were, or seemed to be, tied already."""
    bit = bit_of(np.int64(a), np.int64(b), np.int64(ties.bits.size), np.int64(ties.n_exact))
    place = bit >> _BYTE
    mask = _ONE << (bit & _BIT)
    known = np.int64(ties.bits[place])
    ties.bits[place] = known | mask
    return known & mask == 0


@kernel
def remove(ties: Any, a: Any, b: Any) -> Any:
    """Forget a tie if each pair has its own bit; a hashed bit may stand for other ties too and stays."""
    if ties.n_exact > 0:
        bit = bit_of(np.int64(a), np.int64(b), np.int64(ties.bits.size), np.int64(ties.n_exact))
        place = bit >> _BYTE
        ties.bits[place] = np.int64(ties.bits[place]) & ~(_ONE << (bit & _BIT))
