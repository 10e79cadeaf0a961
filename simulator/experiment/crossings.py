"""Where a mean difference changes sign along a range, and how sure that place is.

The paired difference is simulated at levels over the range, always in the same replicates, so that
its mean is a fixed function of the place. Where that changes sign, the root is bracketed and narrowed (Illinois'
variant of the false position); a level at which it is exactly zero is a root where the signs on its two sides
differ. The interval holds the root under stretched resampling of the replicates: for every resample, the interpolated
mean difference over all levels looked at is searched for the crossing nearest to the root. Where there is none, the
crossing lies beyond that end of the range which the difference at the root points to.

References
----------
Dowell, M. & Jarratt, P. (1971). A modified regula falsi method for computing the root of an equation. BIT 11,
168-174. doi:10.1007/BF01934364
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.experiment.resampling import resamples, stretched
from simulator.experiment.sampling import Values

_N_RESAMPLES = 800
_MOST_STEPS = 40
#: Standard errors of the mean difference below which a root is not narrowed further: the rest is chance.
_NEGLIGIBLE = 0.05


class Crossing(NamedTuple):
    """Where a difference changes sign: share of the factor's range, with an interval, and the direction.

    ``found_in`` is the share of resamples of the replicates in which the difference crosses zero at all in that
    direction; if it is below the confidence, the crossing itself is not certain.
    """

    share: float
    lower: float
    upper: float
    falls: bool
    found_in: float


class Curve(NamedTuple):
    """Paired differences at shares of a range, ascending; ``differences`` is (level, replicate)."""

    shares: Values
    differences: Values


def find_crossings(
    difference: Callable[[float], Values],
    *,
    n_levels: int = 9,
    tolerance: float = 0.005,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[tuple[Crossing, ...], Curve]:
    """Find where a mean difference changes sign, and how sure that place is.

    Parameters
    ----------
    difference : callable
        From a share of the range, 0 to 1, to paired differences, shape (replicate,), in the same replicates
        every time.
    n_levels : int
        Levels looked at first; crossings between two of them that cancel are missed.
    tolerance : float
        Width of the bracket of each root, as a share of the range.
    confidence : float
        Of each interval.
    seed : int
        Of the resamples.

    Returns
    -------
    crossings : tuple of Crossing
        Ascending.
    curve : Curve
        Everything that was looked at.
    """
    known = {
        float(u): np.asarray(difference(float(u)), dtype=np.float64) for u in np.linspace(0, 1, n_levels)
    }
    levels = sorted(known)
    signed = [level for level in levels if known[level].mean() != 0]
    roots = []
    for low, high in zip(signed, signed[1:], strict=False):
        before, after = known[low].mean(), known[high].mean()
        if before * after > 0:
            continue
        zeros = [level for level in levels if low < level < high]
        root = zeros[len(zeros) // 2] if zeros else _root(difference, known, (low, high), tolerance)
        roots.append((root, bool(before > 0)))
    shares = np.array(sorted(known))
    curve = Curve(shares, np.stack([known[u] for u in sorted(known)]))
    return tuple(_crossing(curve, root, falls, confidence, seed) for root, falls in roots), curve


def _root(
    difference: Callable[[float], Values],
    known: dict[float, Values],
    bracket: tuple[float, float],
    tolerance: float,
) -> float:
    """Return the root of the mean difference in a bracket, adding what is looked at to what is known."""
    low, high = bracket
    f_low, f_high = float(known[low].mean()), float(known[high].mean())
    kept = 0
    for _ in range(_MOST_STEPS):
        at = (low * f_high - high * f_low) / (f_high - f_low)
        if high - low <= tolerance:
            return at
        at = min(max(at, low + 0.05 * (high - low)), high - 0.05 * (high - low))
        known[at] = np.asarray(difference(at), dtype=np.float64)
        found = float(known[at].mean())
        if abs(found) <= _NEGLIGIBLE * float(known[at].std()) / known[at].size ** 0.5:
            return at
        if found * f_low > 0:
            low, f_low = at, found
            f_high *= 0.5 if kept == 1 else 1.0
            kept = 1
        else:
            high, f_high = at, found
            f_low *= 0.5 if kept == -1 else 1.0
            kept = -1
    return (low * f_high - high * f_low) / (f_high - f_low)


def _crossing(curve: Curve, root: float, falls: bool, confidence: float, seed: int) -> Crossing:
    plain = resamples(curve.differences.shape[1], _N_RESAMPLES, seed)
    sign = 1.0 if falls else -1.0
    falling = sign * curve.differences.T
    places = [_place(curve.shares, row, root) for row in stretched(plain, confidence) @ falling]
    tail = (1 - confidence) / 2
    low, high = np.quantile(places, [tail, 1 - tail])
    found_in = float(np.mean([_falls(row).any() for row in plain @ falling]))
    return Crossing(root, float(low), float(high), falls, found_in)


def _falls(means: Values) -> NDArray[np.bool_]:
    """Return between which neighboring levels a mean difference falls from above zero to zero or below."""
    return np.asarray((means[:-1] > 0) & (means[1:] <= 0))


def _place(shares: Values, means: Values, root: float) -> float:
    """Return where a mean difference falls through zero nearest to a root; if nowhere, the end it may lie beyond."""
    here = np.flatnonzero(_falls(means))
    if not here.size:
        return 1.0 if np.interp(root, shares, means) > 0 else 0.0
    at = shares[here] + (shares[here + 1] - shares[here]) * means[here] / (means[here] - means[here + 1])
    return float(at[np.abs(at - root).argmin()])
