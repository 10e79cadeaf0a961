"""Estimators of the calibration study: from sales and shares to the figures that the literature reports.

References
----------
Bass (1969), A new product growth for model consumer durables, Management Science 15(5).
Srinivasan & Mason (1986), Nonlinear least squares estimation of new product diffusion models, Marketing
Science 5(2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Array = NDArray[np.float64]
_N_BOOTSTRAP = 2000


class BassFit(NamedTuple):
    """Coefficients of innovation p and imitation q (per period), market potential m, and two R²."""

    p: float
    q: float
    m: float
    r2_cumulative: float
    r2_period: float


class Interval(NamedTuple):
    """A mean over replicates, the ends of its 95 % interval, and the number of replicates."""

    mean: float
    low: float
    high: float
    n: int


NO_FIT = BassFit(*[np.nan] * 5)


def bass_share(t: Array, p: float, q: float) -> Array:
    """Return the share of the market potential that has adopted by time t."""
    decay = np.exp(-(p + q) * t)
    return (1 - decay) / (1 + q / p * decay)


def r_squared(observed: Array, fitted: Array) -> float:
    """Return the share of variance around the mean that a fit explains."""
    return float(1 - ((observed - fitted) ** 2).sum() / ((observed - observed.mean()) ** 2).sum())


def bass_nls(adopters: Array) -> BassFit:
    """Fit the Bass model by nonlinear least squares as in Srinivasan & Mason (1986).

    Adopters of a period are the difference of the cumulative curve between its ends.

    Parameters
    ----------
    adopters : ndarray [periods]
        First purchases per period, from the launch on.

    Returns
    -------
    BassFit
        All NaN where nobody adopts or the search fails.
    """
    total = adopters.sum()
    if total <= 0:
        return NO_FIT
    t = np.arange(len(adopters) + 1.0)

    def curve(_: Array, p: float, q: float, m: float) -> Array:
        return m * total * np.diff(bass_share(t, p, q))

    try:
        (p, q, m), _ = optimize.curve_fit(
            curve,
            t[1:],
            adopters,
            p0=(0.03, 0.38, 1.1),
            bounds=([1e-6, 1e-6, 0.3], [5, 10, 50]),
            maxfev=20_000,
        )
    except RuntimeError:
        return NO_FIT
    return _fit(p, q, m * total, adopters, curve(t, p, q, m))


def bass_ols(adopters: Array) -> BassFit:
    """Fit the Bass model by ordinary least squares as in Bass (1969).

    Adopters of a period on an intercept, cumulative adopters before it, and their square.

    Parameters
    ----------
    adopters : ndarray [periods]
        First purchases per period, from the launch on.

    Returns
    -------
    BassFit
        All NaN where the parabola has no proper root.
    """
    before = np.concatenate([[0.0], np.cumsum(adopters)[:-1]])
    design = np.stack([np.ones_like(before), before, before**2], axis=1)
    (a, b, c), *_ = np.linalg.lstsq(design, adopters, rcond=None)
    discriminant = b * b - 4 * a * c
    if discriminant < 0 or c >= 0:
        return NO_FIT
    m = (-b - np.sqrt(discriminant)) / (2 * c)
    return _fit(a / m, -m * c, m, adopters, design @ [a, b, c])


def _fit(p: float, q: float, m: float, adopters: Array, fitted: Array) -> BassFit:
    cumulative = r_squared(np.cumsum(adopters), np.cumsum(fitted))
    return BassFit(float(p), float(q), float(m), cumulative, r_squared(adopters, fitted))


def elasticity(sales: Array, other_sales: Array, ratio: float) -> Array:
    """Return the log-ratio of sales over the log-ratio of what was changed, by replicate.

    Parameters
    ----------
    sales, other_sales : ndarray [replicates, steps]
        Units, paired by replicate; ``other_sales`` were reached with ``ratio`` times the driver.
    ratio : float
        Spend or price behind ``other_sales`` over that behind ``sales``.

    Returns
    -------
    ndarray [replicates]
    """
    return np.log(other_sales.sum(axis=1) / sales.sum(axis=1)) / np.log(ratio)


def weeks_to_share(effect: Array, share: float = 0.9) -> float:
    """Return the first week in which the running total of a mean effect reaches a share of its total.

    Parameters
    ----------
    effect : ndarray [replicates, steps]
        Extra sales, paired by replicate.
    share : float
        Share of the total.

    Returns
    -------
    float
        Weeks from the begin of the effect, 1 for the first.
    """
    running = effect.mean(axis=0).cumsum()
    return float(np.argmax(running >= share * running[-1]) + 1)


def logistic_slope(x: Array, y: Array) -> float:
    """Return the slope of a logistic regression of y in {0, 1} on x and an intercept (Newton's method)."""
    design = np.stack([np.ones_like(x), x], axis=1)
    beta = np.array([np.log(y.mean() / (1 - y.mean())), 0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ beta))
        step = np.linalg.solve((design.T * (p * (1 - p))) @ design, design.T @ (y - p))
        beta += step
        if np.abs(step).max() < 1e-10:
            break
    return float(beta[1])


def is_top(scores: Array, share: float = 0.1) -> Array:
    """Mark the top share of the entries of each row; of equal scores the earlier is taken."""
    n_top = max(1, round(share * scores.shape[1]))
    order = np.argsort(-scores, axis=1, kind="stable")
    top = np.zeros(scores.shape)
    np.put_along_axis(top, order[:, :n_top], 1.0, axis=1)
    return top


def odds_ratio(values: Array, scores: Array) -> float:
    """Return the odds ratio of being in the top tenth of a replicate, per unit of value.

    Parameters
    ----------
    values, scores : ndarray [replicates, pieces]
        Value of each piece in standard deviations, and what it is ranked by.
    """
    return float(np.exp(logistic_slope(values.ravel(), is_top(scores).ravel())))


def interval(values: Array) -> Interval:
    """Return the mean over replicates with its 95 % interval by Student's t; missing fits are left out."""
    kept = values[np.isfinite(values)]
    n = len(kept)
    half = stats.t.ppf(0.975, n - 1) * kept.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    mean = kept.mean() if n else np.nan
    return Interval(float(mean), float(mean - half), float(mean + half), n)


def bootstrap(statistic: Callable[..., float], *arrays: Array, seed: int = 0) -> Interval:
    """Return a statistic of whole replicates with its 95 % interval by resampling replicates.

    Parameters
    ----------
    statistic : callable
        From arrays whose first axis is the replicate to a number.
    *arrays : ndarray [replicates, ...]
        Its arguments, resampled together.
    seed : int
        Seed of the resampling.
    """
    rng = np.random.default_rng(seed)
    n = len(arrays[0])
    draws = []
    for _ in range(_N_BOOTSTRAP):
        picked = rng.integers(0, n, n)
        draws.append(statistic(*(array[picked] for array in arrays)))
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(float(statistic(*arrays)), float(low), float(high), n)
