"""Orders by chance: a random order of nodes, and random pivots."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.diffusion.seeding.streams import STREAM_ORDER, STREAM_PIVOT, U
from simulator.model.philox import philox

_SHIFT = np.uint64(32)


@kernel
def _priorities(n: Any, stream: Any, k0: Any, k1: Any) -> Any:
    drawn = np.empty(n, np.uint64)
    for v in range(n):
        words = philox(U(v), U(0), U(0), stream, k0, k1)
        drawn[v] = (np.uint64(words[0]) << _SHIFT) | np.uint64(words[1])
    return drawn


def random_order(n: int, seed: int, world: int = 0) -> NDArray[np.int64]:
    """Return the numbers 0 to n - 1 in random order: ascending addressed draws of 64 bits, then numbers."""
    return np.argsort(_priorities(n, STREAM_ORDER, U(seed), U(world)), kind="stable")


def random_pivots(n: int, n_pivots: int, seed: int, world: int = 0) -> NDArray[np.int64]:
    """Return distinct random nodes, ascending."""
    order = np.argsort(_priorities(n, STREAM_PIVOT, U(seed), U(world)), kind="stable")
    return np.sort(order[:n_pivots])
