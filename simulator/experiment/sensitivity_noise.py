r"""What the chance of the replicates adds to indices of sensitivity, and whether a factor stands out from it.

A total Sobol index is a mean of squared differences between points that differ in one factor alone, a Morris effect a
mean of their sizes. Chance never cancels in either: with n replicates whose difference has the variance s², the mean of
their squared mean is the squared true difference plus s²/n. As every point is simulated in the same replicates, s² is
seen in the replicates of each difference, whatever part of the chance two points share, and s²/n can be subtracted.
Resampling both the steps and the replicates says how sure the rest is: a replicate whose luck favors a factor does so
at all points, so that many points do not make up for few replicates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.experiment.sampling import Values
from simulator.outcomes.multivariate_t import student_quantile

#: Resamples behind each interval.
N_RESAMPLES = 500


class Excess(NamedTuple):
    """Mean squared difference that a factor makes beyond chance, by factor."""

    square: Values  # [factor] without bias; may be negative
    noise: Values  # [factor] what chance adds to the mean square
    resampled: Values  # [resample, factor]
    weights: Values  # [resample, step] how often a step was drawn, as a share


def beyond_chance(differences: Values, seed: int) -> Excess | None:
    """Separate what a factor does from the chance of the replicates.

    Parameters
    ----------
    differences : ndarray of float64, shape (factor, step, replicate)
        Outcomes at two points that differ in one factor, subtracted replicate by replicate.
    seed : int
        Of the resamples.

    Returns
    -------
    Excess or None
        None where there is one replicate, or no difference between any of them: then chance cannot be seen, or
        adds nothing.
    """
    _, n_steps, n = differences.shape
    if n < 2 or not (np.ptp(differences, axis=2) > 0).any():
        return None
    rng = np.random.default_rng([seed, n_steps, n])
    noise = differences.var(axis=2, ddof=1) / n
    square = (differences.mean(axis=2) ** 2 - noise).mean(axis=1)
    steps = rng.multinomial(n_steps, np.full(n_steps, 1 / n_steps), size=N_RESAMPLES) / n_steps
    replicates = rng.multinomial(n, np.full(n, 1 / n), size=N_RESAMPLES) / n
    resampled = np.empty((N_RESAMPLES, len(differences)))
    for j, own in enumerate(differences):
        mean, second = own @ replicates.T, own**2 @ replicates.T
        resampled[:, j] = ((mean**2 - (second - mean**2) / (n - 1)) * steps.T).sum(axis=0)
    return Excess(square, noise.mean(axis=1), resampled, steps)


def interval(found: Values, resampled: Values, confidence: float) -> tuple[Values, Values]:
    """Return an interval around estimates: quantiles of resamples, moved from their own mean to the estimate.

    Parameters
    ----------
    found : ndarray of float64, shape (factor,)
        Estimates.
    resampled : ndarray of float64, shape (resample, factor)
        The same, resampled.
    confidence : float
        Of the interval.
    """
    tail = (1 - confidence) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail], axis=0) - resampled.mean(axis=0)
    return found + low, found + high


def stands_out(differences: Values, excess: Excess, confidence: float) -> Values:
    """Return, by factor, whether its mean difference or its mean squared one is more than chance explains.

    Parameters
    ----------
    differences : ndarray of float64, shape (factor, step, replicate)
        As for :func:`beyond_chance`.
    excess : Excess
        Of these differences.
    confidence : float
        A factor that does nothing passes with at most 1 - confidence, half of it by either way. The mean is judged
        over the replicates, whose means over the steps are independent (Student's t).
    """
    level = 1 - (1 - confidence) / 2
    mean = differences.mean(axis=1)
    n = mean.shape[1]
    error = mean.std(axis=1, ddof=1) / n**0.5
    by_mean = np.abs(mean.mean(axis=1)) > student_quantile(level, n - 1) * error
    return by_mean | (interval(excess.square, excess.resampled, level)[0] > 0)
