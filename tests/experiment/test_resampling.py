"""Resampled means, against Student's interval and against percentiles as they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simulator.experiment.resampling import resamples, stretched


@pytest.mark.parametrize("n", [5, 10, 40])
def test_percentiles_of_resampled_means_are_students_interval(n: int) -> None:
    outcomes = stats.norm.ppf((np.arange(n) + 0.5) / n)
    weights = stretched(resamples(n, 20_000, 3), 0.95)
    assert np.allclose(weights.sum(axis=1), 1)
    low, high = np.quantile(weights @ outcomes, [0.025, 0.975])
    half = stats.t.ppf(0.975, n - 1) * outcomes.std(ddof=1) / n**0.5
    assert (high, -low) == pytest.approx((half, half), rel=0.07)


def test_few_replicates_are_covered_as_stated_and_would_not_be_by_plain_percentiles() -> None:
    """1,000 samples of six; 3.3 standard errors and two points allowed."""
    plain = resamples(6, 400, 5)
    samples = np.random.default_rng(4).normal(size=(1000, 6))
    rates = []
    for chosen in (stretched(plain, 0.95), plain):
        low, high = np.quantile(samples @ chosen.T, [0.025, 0.975], axis=1)
        rates.append(np.mean((low <= 0) & (high >= 0)))
    least = 0.95 - 0.02 - 3.3 * (0.0475 / 1000) ** 0.5
    assert rates[0] >= least > rates[1], rates
