"""Power-law degrees with a given mean or a given smallest degree.

A degree k from ``smallest`` to ``largest`` has probability proportional to (k + shift)^-exponent. Without
a shift this is the truncated power law of the configuration model; a shift moves the mean to a wanted
value and leaves the tail as it is.

References
----------
Newman (2005), Power laws, Pareto distributions and Zipf's law. Contemporary Physics 46(5), 323-351.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.model.network.addresses import STREAM_NETWORK_DEGREE, UNUSED
from simulator.model.network.chance import natural_exp, natural_log, uniforms

_N_BISECTIONS = 60


@kernel
def power_law_weights(smallest: Any, largest: Any, exponent: Any, shift: Any) -> Any:
    """Return (k + shift)^-exponent, relative to the smallest degree's, for each degree k."""
    weights = np.empty(largest - smallest + 1, dtype=np.float64)
    base = natural_log(np.float64(smallest) + shift)
    for k in range(weights.size):
        weights[k] = natural_exp(-exponent * (natural_log(np.float64(smallest + k) + shift) - base))
    return weights


@kernel
def _mean(weights: Any, smallest: Any) -> Any:
    total = 0.0
    moment = 0.0
    for k in range(weights.size):
        total += weights[k]
        moment += weights[k] * np.float64(smallest + k)
    return moment / total


@kernel
def shift_for_mean(smallest: Any, largest: Any, exponent: Any, mean: Any) -> Any:
    """Return the shift at which the truncated power law has the wanted mean, by bisection."""
    low = 1e-6 - np.float64(smallest)
    high = np.float64(largest) * 1024.0
    for _ in range(_N_BISECTIONS):
        middle = 0.5 * (low + high)
        if _mean(power_law_weights(smallest, largest, exponent, middle), smallest) < mean:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@kernel
def _invert(levels: Any, cumulative: Any, smallest: Any, degrees: Any) -> Any:
    total = cumulative[cumulative.size - 1]
    for i in range(degrees.size):
        level = levels[i] * total
        low = 0
        high = cumulative.size - 1
        while low < high:
            middle = (low + high) // 2
            if level < cumulative[middle]:
                high = middle
            else:
                low = middle + 1
        degrees[i] = smallest + low


@kernel
def _degree_uniforms(levels: Any, key0: Any, key1: Any) -> Any:
    for i in range(levels.size):
        levels[i], _ = uniforms(STREAM_NETWORK_DEGREE, i, UNUSED, UNUSED, key0, key1)


def draw_degrees(
    n: int, smallest: int, weights: NDArray[np.float64], key0: Any, key1: Any, *, is_stratified: bool = False
) -> NDArray[np.int32]:
    """Draw every consumer's degree by inversion of its distribution.

    Parameters
    ----------
    n : int
        Number of consumers.
    smallest : int
        Degree that belongs to the first weight.
    weights : ndarray of float64
        Relative probability of each degree.
    key0, key1 : uint32
        Seed and world.
    is_stratified : bool
        Whether the degrees are the n evenly spaced quantiles in random order, instead of independent: then
        their mean is the same in every world.

    Returns
    -------
    ndarray of int32, shape (n,)
    """
    levels = np.empty(n, dtype=np.float64)
    _degree_uniforms(levels, key0, key1)
    if is_stratified:
        order = np.argsort(levels, kind="stable")
        levels[order] = (np.arange(n) + 0.5) / n
    degrees = np.empty(n, dtype=np.int32)
    _invert(levels, np.cumsum(weights), smallest, degrees)
    return degrees


def tail_degrees(n: int, mean: float, exponent: float, limit: int, key0: Any, key1: Any) -> Any:
    """Draw heavy-tailed degrees with a given mean: the law's quantiles in random order.

    The smallest degree is the whole part of ``mean * (exponent - 2) / (exponent - 1)``, which an unbounded
    power law of that mean would have. The largest is the smaller of ``limit`` and the structural cutoff
    sqrt(mean * n), below which a random graph without parallel ties has no correlation of degrees. With an
    exponent below 3 the mean of the squared degrees, on which contagion rests, grows with the largest degree
    without end: from the size on at which ``limit`` binds, the law is the same for every n.

    Parameters
    ----------
    n : int
        Number of consumers.
    mean : float
        Wanted mean degree, at least 0.
    exponent : float
        Exponent of the tail, above 2.
    limit : int
        Largest degree that may occur, above twice the mean (`graph_limits.clustered_limits`).
    key0, key1 : uint32
        Seed and world.

    Returns
    -------
    ndarray of int32, shape (n,)

    References
    ----------
    Catanzaro, Boguna & Pastor-Satorras (2005), Generation of uncorrelated random scale-free networks.
    Physical Review E 71, 027103. doi:10.1103/PhysRevE.71.027103
    """
    if mean <= 0:
        return np.zeros(n, dtype=np.int32)
    smallest = int(mean * (exponent - 2.0) / (exponent - 1.0))
    cutoff = min(limit, int((mean * n) ** 0.5))
    largest = min(n - 1, max(cutoff, smallest + 1, int(2.0 * mean) + 1))
    shift = shift_for_mean(smallest, largest, float(exponent), float(mean))
    weights = power_law_weights(smallest, largest, float(exponent), shift)
    return draw_degrees(n, smallest, weights, key0, key1, is_stratified=True)
