"""Philox4x32-10, the counter-based generator behind every draw.

A counter-based generator is a function from an address to random words: nothing is drawn in order, so
any draw can be made anywhere, any number of times, on any thread. The function multiplies two of the
counter's four words by constants, mixes the high and low halves with the key, and repeats ten times.

References
----------
Salmon, Moraes, Dror & Shaw (2011), Parallel random numbers: as easy as 1, 2, 3. SC'11.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import rule

_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
N_ROUNDS = 10


@rule("UniTuple(u4, 4)(u4, u4, u4, u4, u4, u4)")
def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Return the four random words of one address.

    Parameters
    ----------
    c0, c1, c2, c3 : uint32
        The counter.
    k0, k1 : uint32
        The key.

    Returns
    -------
    tuple of four uint32
        Independent uniform words.
    """
    x0 = np.uint64(c0)
    x1 = np.uint64(c1)
    x2 = np.uint64(c2)
    x3 = np.uint64(c3)
    key0 = np.uint64(k0)
    key1 = np.uint64(k1)
    for _ in range(N_ROUNDS):
        product0 = x0 * _M0
        product1 = x2 * _M1
        x0 = (product1 >> _SHIFT) ^ x1 ^ key0
        x1 = product1 & _LOW
        x2 = (product0 >> _SHIFT) ^ x3 ^ key1
        x3 = product0 & _LOW
        key0 = (key0 + _W0) & _LOW
        key1 = (key1 + _W1) & _LOW
    return np.uint32(x0), np.uint32(x1), np.uint32(x2), np.uint32(x3)
