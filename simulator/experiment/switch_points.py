"""Where the winner changes between the points of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulator.experiment.resampling import resamples, stretched
from simulator.experiment.sampling import Values

if TYPE_CHECKING:
    from simulator.experiment.regimes import RegimeMap

_N_RESAMPLES = 400


class Switch(NamedTuple):
    """A point at which the winner changes along one factor while the others stay.

    ``at`` lies between two neighboring grid points, by linear interpolation of the paired difference;
    ``lower`` and ``upper`` hold it with the stated confidence (stretched resamples of the replicates; an end that is a
    grid point says that the change may lie beyond it). ``others`` are the values of the other factors.
    """

    factor: str
    at: float
    lower: float
    upper: float
    before: str
    after: str
    others: tuple[tuple[str, float], ...]


def switch_points(better: Values, found: RegimeMap) -> tuple[Switch, ...]:
    """Return where the winner changes along each axis of a grid.

    Parameters
    ----------
    better : ndarray of float64, shape (strategy, *grid, replicate)
        Outcomes, larger is better.
    found : RegimeMap
        Grid, names and confidence.
    """
    weights = stretched(resamples(better.shape[-1], _N_RESAMPLES, found.seed), found.confidence)
    winners, result = better.mean(axis=-1).argmax(axis=0), []
    for axis, size in enumerate(found.shape):
        for place in np.ndindex(*found.shape):
            if place[axis] + 1 == size:
                continue
            after = (*place[:axis], place[axis] + 1, *place[axis + 1 :])
            a, b = int(winners[place]), int(winners[after])
            if a != b:
                pairs = [better[(a, *p)] - better[(b, *p)] for p in (place, after)]
                shares = _crossing_shares(pairs[0], pairs[1], weights, found.confidence)
                result.append(_switch(found, axis, place, shares, (a, b)))
    return tuple(result)


def _crossing_shares(
    first: Values, second: Values, weights: Values, confidence: float
) -> tuple[float, float, float]:
    """Return where between two points a difference crosses zero, 0 to 1, and its interval."""
    tail = (1 - confidence) / 2
    d0, d1 = float(first.mean()), float(second.mean())
    at = d0 / (d0 - d1) if d0 != d1 else 0.5
    r0, r1 = weights @ first, weights @ second
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.where(r0 > r1, r0 / (r0 - r1), np.where(r0 > 0, 1.0, 0.0))
    low, high = np.quantile(np.clip(drawn, 0.0, 1.0), [tail, 1 - tail])
    return float(np.clip(at, 0, 1)), float(low), float(high)


def _switch(
    found: RegimeMap, axis: int, place: tuple[int, ...], shares: tuple[float, ...], pair: tuple[int, int]
) -> Switch:
    factor, size = found.factors[axis], found.shape[axis]
    at, low, high = (float(factor.at((place[axis] + share) / (size - 1))) for share in shares)
    others = tuple((f.name, found.levels[k][place[k]]) for k, f in enumerate(found.factors) if k != axis)
    return Switch(factor.name, at, low, high, found.strategies[pair[0]], found.strategies[pair[1]], others)
