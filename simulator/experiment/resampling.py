r"""Resampled means of few replicates, as wide as Student's law has them.

Means of n replicates drawn with returning from n replicates scatter too little: by sqrt((n - 1) / n), and by what
Student's t is above the normal quantile z. Their deviations from the mean are stretched by
sqrt(n / (n - 1)) t / z, so that their percentiles are about Student's interval where outcomes are normal: at 95 % from
six replicates on. Two or three replicates have few different resamples, and percentiles fall short.

References
----------
Hesterberg, T. C. (2015). What teachers should know about the bootstrap: resampling in the undergraduate statistics
curriculum. American Statistician 69, 371-386. (The narrowness of percentiles; he expands their levels instead.)
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from simulator.experiment.sampling import Values
from simulator.outcomes.multivariate_t import student_quantile


def resamples(n: int, n_resamples: int, seed: int) -> Values:
    """Return how often each replicate was drawn, as a share, shape (resample, replicate).

    Parameters
    ----------
    n : int
        Replicates, at least 2.
    n_resamples : int
        Resamples.
    seed : int
        Of the resamples.
    """
    picks = np.random.default_rng([seed, n]).integers(n, size=(n_resamples, n))
    return np.stack([np.bincount(pick, minlength=n) for pick in picks]) / n


def stretched(shares: Values, confidence: float) -> Values:
    """Return weights of replicates whose weighted means are as wide as Student's law has them.

    Parameters
    ----------
    shares : ndarray of float64, shape (resample, replicate)
        As from :func:`resamples`.
    confidence : float
        Of the interval that percentiles will be taken for.

    Returns
    -------
    ndarray of float64, shape (resample, replicate)
        The weights of each resample sum to 1; some may be below 0.
    """
    n = shares.shape[1]
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    stretch = (n / (n - 1)) ** 0.5 * student_quantile(confidence, n - 1) / z
    return np.asarray(1 / n + stretch * (shares - 1 / n))
