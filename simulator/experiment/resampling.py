r"""Resampled means of few replicates, as wide as Student's law has them.

Means of n replicates drawn with returning from n replicates scatter too little: by sqrt((n - 1) / n), and by what
Student's t is above the normal quantile z. Their deviations from the mean are stretched by
sqrt(n / (n - 1)) t / z, so that their percentiles are Student's interval where outcomes are normal.

References
----------
Hesterberg, T. C. (2015). What teachers should know about the bootstrap: resampling in the undergraduate statistics
curriculum. American Statistician 69, 371-386. (The narrowness of percentiles, and the expanded ones.)
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from simulator.experiment.sampling import Values
from simulator.outcomes.multivariate_t import student_quantile


def mean_weights(n: int, n_resamples: int, confidence: float, seed: int) -> Values:
    """Return weights of replicates whose weighted means are resampled means.

    Parameters
    ----------
    n : int
        Replicates, at least 2.
    n_resamples : int
        Resamples.
    confidence : float
        Of the interval that percentiles will be taken for.
    seed : int
        Of the resamples.

    Returns
    -------
    ndarray of float64, shape (resample, replicate)
        The weights of each resample sum to 1; some may be below 0.
    """
    picks = np.random.default_rng([seed, n]).integers(n, size=(n_resamples, n))
    shares = np.stack([np.bincount(pick, minlength=n) for pick in picks]) / n
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    stretch = (n / (n - 1)) ** 0.5 * student_quantile(confidence, n - 1) / z
    return np.asarray(1 / n + stretch * (shares - 1 / n))
