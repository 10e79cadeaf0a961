"""Comparison with the best, screening and Holm's adjustment, on laws whose means are known.

Rates are checked with fixed seeds; a test of a rate over N worlds allows 3.3 standard errors below what is
promised, so that with another seed a correct procedure would fail about once in two thousand times.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simulator.outcomes.differences import simultaneous_differences
from simulator.outcomes.multiple_comparisons import compare_with_best, holm, paired_p_values, screen

N_WORLDS = 300
MEANS = {
    "equal": np.zeros(4),
    "slippage": np.array([0.5, 0.0, 0.0, 0.0]),
    "monotone": np.array([0.6, 0.4, 0.2, 0.0]),
}


def worlds(seed: int, means: np.ndarray, n: int, shared: float) -> np.ndarray:
    """Return normal outcomes [world, strategy, replicate] of unit variance, part of it shared."""
    generator = np.random.default_rng(seed)
    luck = generator.normal(size=(N_WORLDS, 1, n)) * shared**0.5
    own = generator.normal(size=(N_WORLDS, len(means), n)) * (1 - shared) ** 0.5
    return means[:, None] + luck + own


def floor(promised: float) -> float:
    """Return the lowest rate over the worlds that does not contradict what is promised."""
    return promised - 3.3 * (promised * (1 - promised) / N_WORLDS) ** 0.5


def to_best(means: np.ndarray) -> np.ndarray:
    """Return each mean minus the largest of the others."""
    return np.array([means[i] - np.delete(means, i).max() for i in range(len(means))])


@pytest.mark.parametrize("shared", [0.0, 0.7])
@pytest.mark.parametrize("kind", MEANS)
def test_intervals_with_the_best_hold_together(kind, shared):
    true = to_best(MEANS[kind])
    hits = 0
    for outcomes in worlds(1, MEANS[kind], 12, shared):
        found = compare_with_best(outcomes, 0.9)
        hits += all(f.lower - 1e-12 <= t <= f.upper + 1e-12 for f, t in zip(found, true, strict=True))
    assert hits / N_WORLDS >= floor(0.9)


def test_intervals_of_single_pairs_would_not_hold_together():
    hits = 0
    for outcomes in worlds(1, MEANS["equal"], 12, 0.0):
        t = stats.t.ppf(0.9, 11)
        differences = outcomes[:, None] - outcomes[None, :]
        half = t * differences.std(axis=2, ddof=1) / 12**0.5
        upper = np.array([np.delete(differences.mean(axis=2)[i] + half[i], i).min() for i in range(4)])
        hits += bool((upper >= 0).all())
    assert hits / N_WORLDS < floor(0.9)


def test_a_clear_best_is_shown_to_be_the_best():
    outcomes = worlds(2, np.array([3.0, 0.0, 0.0, 0.0]), 20, 0.5)[0]
    found = compare_with_best(outcomes)
    assert found[0].lower == 0 < found[0].upper
    assert all(f.upper == 0 > f.lower for f in found[1:])


@pytest.mark.parametrize("shared", [0.0, 0.7])
@pytest.mark.parametrize("kind", ["slippage", "monotone"])
def test_screening_keeps_the_best(kind, shared):
    outcomes = worlds(3, MEANS[kind], 10, shared)
    assert np.mean([0 in screen(one, 0.9) for one in outcomes]) >= floor(0.9)


def test_screening_with_an_indifference_zone_keeps_a_best_that_leads_by_it():
    outcomes = worlds(4, MEANS["slippage"], 10, 0.3)
    kept = [screen(one, 0.9, 0.5) for one in outcomes]
    assert np.mean([0 in one for one in kept]) >= floor(0.9)
    plain = [screen(one, 0.9) for one in outcomes]
    assert np.mean([len(one) for one in kept]) < np.mean([len(one) for one in plain]) - 0.5
    assert all(one[0] == outcomes[i].mean(axis=1).argmax() for i, one in enumerate(kept))


def test_p_values_are_those_of_the_paired_test():
    outcomes = worlds(5, MEANS["monotone"], 15, 0.5)[0]
    found = paired_p_values(outcomes, 1)
    assert np.isnan(found[1])
    for i in (0, 2, 3):
        assert found[i] == pytest.approx(stats.ttest_rel(outcomes[i], outcomes[1]).pvalue, rel=1e-9)


def test_identical_and_constant_differences_are_handled():
    base = np.random.default_rng(0).normal(size=10)
    outcomes = np.stack([base, base, base + 1.0])
    assert paired_p_values(outcomes, 0)[1] == 1.0
    found = compare_with_best(outcomes)
    assert found[2].lower == 0 and found[0].upper == 0
    assert screen(outcomes) == [2]


@pytest.mark.parametrize("n", [2, 4])
def test_a_difference_that_never_varied_in_few_replicates_settles_nothing(n):
    """As :func:`simultaneous_differences` says of the same outcomes, which it gives no interval."""
    base = np.random.default_rng(0).normal(size=n)
    outcomes = np.stack([base, base - 1.0])
    [plain] = simultaneous_differences(outcomes, ("a", "b"), [(0, 1)])
    assert np.isnan([plain.lower, plain.upper]).all()
    assert paired_p_values(outcomes, 1)[0] == 2 * 0.5**n > 0.05
    first, second = compare_with_best(outcomes)
    assert (first.mean, second.mean) == pytest.approx((1.0, -1.0))
    assert np.isnan([first.lower, first.upper, second.lower, second.upper]).all()
    assert screen(outcomes) == [0, 1]


def test_one_difference_that_never_varied_leaves_the_others_known():
    generator = np.random.default_rng(1)
    base = generator.normal(size=5)
    outcomes = np.stack([base, base + 1.0, base - 9.0 + 0.1 * generator.normal(size=5)])
    assert screen(outcomes) == [1, 0]
    first, second, third = compare_with_best(outcomes)
    assert np.isnan(first.lower) and first.upper > 0
    assert np.isnan(second.lower) and second.upper > 0
    assert third.upper == 0 and third.lower < -9


def test_differences_that_vary_by_rounding_alone_do_not_vary():
    base = np.random.default_rng(2).normal(size=8) * 1e6
    outcomes = np.stack([base, base + 0.1])
    assert np.ptp(outcomes[1] - outcomes[0]) > 0, "rounding is there"
    assert paired_p_values(outcomes, 0)[1] == 2 * 0.5**8
    found = compare_with_best(outcomes)
    assert (found[1].lower, found[0].upper) == (0, 0) and found[1].upper == pytest.approx(0.1, rel=1e-3)


def test_p_values_of_what_never_varied_are_those_of_the_sign_test():
    outcomes = np.stack([np.zeros(9), np.ones(9), np.zeros(9)])
    assert paired_p_values(outcomes, 0)[1] == pytest.approx(stats.binomtest(9, 9).pvalue)
    assert paired_p_values(outcomes, 0)[2] == 1


def test_holm_controls_false_rejections_where_single_tests_do_not():
    outcomes = worlds(6, np.zeros(6), 15, 0.5)
    p_values = [paired_p_values(one, 0) for one in outcomes]
    adjusted = np.mean([np.nanmin(holm(p)) < 0.05 for p in p_values])
    single = np.mean([np.nanmin(p) < 0.05 for p in p_values])
    most = 0.05 + 3.3 * (0.05 * 0.95 / N_WORLDS) ** 0.5
    assert adjusted <= most < single


def test_holm_by_hand():
    assert holm([0.01, float("nan"), 0.04, 0.03]).tolist()[0] == 0.03
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]
