"""Who stands next to whom: the order of consumers on the ring of strong ties.

Each consumer takes a place by cell and, within the cell, along a Hilbert curve through the plane of
tastes, so that neighbors on the ring are alike in both. Noise as large as the tastes' own spread keeps
neighbors' tastes from being nearly equal however many consumers there are. Some consumers mix: they take
the place of a random consumer instead of their own.

References
----------
Hilbert (1891), Ueber die stetige Abbildung einer Linie auf ein Flaechenstueck. Mathematische Annalen 38,
459-460. doi:10.1007/BF01199431
McPherson, Smith-Lovin & Cook (2001), Birds of a feather: homophily in social networks. Annual Review of
Sociology 27, 415-444. doi:10.1146/annurev.soc.27.1.415
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.model.network.addresses import STREAM_NETWORK_PLACE, STREAM_NETWORK_TASTE_NOISE, UNUSED
from simulator.model.network.chance import below, coin, fraction, words

TASTE_NOISE = 1.0
"""Standard deviation of the noise on taste, in standard deviations of taste itself."""
_HILBERT_BITS = 12
_N_LEVELS = 4096
_ORDER_BITS = 14
_REACH = 4.0


@kernel
def hilbert_distance(x: Any, y: Any) -> Any:
    """Return how far along the Hilbert curve a point of the 4096 x 4096 grid lies."""
    distance = np.int64(0)
    side = np.int64(_N_LEVELS // 2)
    while side > 0:
        right = np.int64(1) if x & side else np.int64(0)
        upper = np.int64(1) if y & side else np.int64(0)
        distance += side * side * ((3 * right) ^ upper)
        if upper == 0:
            if right == 1:
                x = _N_LEVELS - 1 - x
                y = _N_LEVELS - 1 - y
            kept = x
            x = y
            y = kept
        side = side >> 1
    return distance


@kernel
def _spread(values: Any) -> Any:
    """Return mean and standard deviation, summed in order of id."""
    n = values.size
    total = 0.0
    for i in range(n):
        total += np.float64(values[i])
    mean = total / n
    squares = 0.0
    for i in range(n):
        squares += (np.float64(values[i]) - mean) ** 2
    return mean, np.sqrt(squares / n)


@kernel
def _level(value: Any, mean: Any, deviation: Any, word0: Any, word1: Any) -> Any:
    """Return the grid line of a taste with noise, from four 16-bit uniforms that nearly make a normal."""
    low = np.uint32(0xFFFF)
    high = np.uint32(16)
    total = np.int64(word0 & low) + np.int64(word0 >> high) + np.int64(word1 & low) + np.int64(word1 >> high)
    noise = (np.float64(total + 2) / 65536.0 - 2.0) * np.sqrt(3.0)
    z = (value - mean) / deviation if deviation > 0.0 else 0.0
    z = (z + TASTE_NOISE * noise) / np.sqrt(1.0 + TASTE_NOISE * TASTE_NOISE)
    return min(max(np.int64((z + _REACH) / (2.0 * _REACH) * _N_LEVELS), np.int64(0)), np.int64(_N_LEVELS - 1))


@kernel
def _own_places(cell: Any, taste_x: Any, taste_y: Any, key0: Any, key1: Any, places: Any) -> Any:
    mean_x, deviation_x = _spread(taste_x)
    mean_y, deviation_y = _spread(taste_y)
    for i in range(places.size):
        w0, w1, w2, w3 = words(STREAM_NETWORK_TASTE_NOISE, i, UNUSED, UNUSED, key0, key1)
        x = _level(np.float64(taste_x[i]), mean_x, deviation_x, w0, w1)
        y = _level(np.float64(taste_y[i]), mean_y, deviation_y, w2, w3)
        places[i] = (np.int64(cell[i]) << np.int64(2 * _HILBERT_BITS)) | hilbert_distance(x, y)


@kernel
def _taken_places(own: Any, p_own: Any, key0: Any, key1: Any, places: Any) -> Any:
    for i in range(own.size):
        w0, w1, w2, w3 = words(STREAM_NETWORK_PLACE, i, UNUSED, UNUSED, key0, key1)
        host = np.int64(i) if coin(w0, p_own) else below(fraction(w2, w3), np.int64(own.size))
        order = np.int64(w1 >> np.uint32(32 - _ORDER_BITS))
        places[i] = (own[host] << np.int64(_ORDER_BITS)) | order


def ring_order(
    group: NDArray[np.int64], taste: NDArray[np.float32], homophily: float, key0: Any, key1: Any
) -> NDArray[np.int32]:
    """Order the consumers on the ring of strong ties.

    A consumer keeps its own place with probability sqrt(homophily), so that both of two neighbors do with
    probability ``homophily``.

    Parameters
    ----------
    group : ndarray of int64, shape (n_consumers,)
        Cells, numbered so that similar ones are close (region by region), below 2^24.
    taste : ndarray of float32, shape (n_consumers, 2)
        Tastes.
    homophily : float
        0 (order at random) to 1 (order by cell and taste).
    key0, key1 : uint32
        Seed and world.

    Returns
    -------
    ndarray of int32, shape (n_consumers,)
        Ids in their order on the ring.
    """
    own = np.empty(len(group), dtype=np.int64)
    places = np.empty(len(group), dtype=np.int64)
    taste = np.asarray(taste, dtype=np.float32)
    taste_x, taste_y = np.ascontiguousarray(taste[:, 0]), np.ascontiguousarray(taste[:, 1])
    _own_places(group, taste_x, taste_y, key0, key1, own)
    _taken_places(own, float(np.sqrt(homophily)), key0, key1, places)
    return np.argsort(places, kind="stable").astype(np.int32)
