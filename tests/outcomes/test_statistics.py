"""Estimates, intervals and risks against known laws.

Rates are checked with fixed seeds. A test of coverage over N worlds allows 3.3 standard errors on each side;
with another seed it would fail by chance about once in a thousand times.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simulator.outcomes.all_pairs import differences_to_best, ranking
from simulator.outcomes.differences import (
    FEW,
    critical_value,
    differences_to,
    replicates_needed,
    simultaneous_differences,
)
from simulator.outcomes.multivariate_t import covariance_factor, student_quantile
from simulator.outcomes.statistics import (
    conditional_value_at_risk,
    estimate,
    probabilities_of_best,
    risks,
)

NAMES = ("none", "a", "b", "c", "d")
NAN = float("nan")


def within(rate: float, expected: float, n: int) -> bool:
    """Return whether a rate over n worlds is within 3.3 standard errors of what is expected."""
    return abs(rate - expected) <= 3.3 * (expected * (1 - expected) / n) ** 0.5


def paired_worlds(
    seed: int, n_worlds: int, n_strategies: int, n_replicates: int, shared: float
) -> np.ndarray:
    """Return normal outcomes in which strategies share the given part of the variance."""
    generator = np.random.default_rng(seed)
    luck = generator.normal(size=(n_worlds, 1, n_replicates)) * shared**0.5
    own = generator.normal(size=(n_worlds, n_strategies, n_replicates)) * (1 - shared) ** 0.5
    return luck + own


def orthonormal_residuals(rows: int, columns: int) -> np.ndarray:
    """Return rows with mean zero and exactly the identity as their correlation."""
    values = np.random.default_rng(0).normal(size=(rows, columns))
    return np.linalg.qr((values - values.mean(axis=1, keepdims=True)).T)[0].T


def test_estimate_by_hand():
    found = estimate(np.array([1.0, 2.0, 3.0, 4.0, NAN]))
    assert (found.mean, found.n, found.n_undefined, found.q50) == (2.5, 4, 1, 2.5)
    assert found.sd == pytest.approx(1.2909944)
    assert found.half_width == pytest.approx(stats.t.ppf(0.975, 3) * 1.2909944 / 2)


def test_one_replicate_has_no_interval():
    found = estimate(np.array([3.0]))
    assert found.mean == found.q05 == 3.0
    assert np.isnan(found.half_width)
    difference = differences_to(np.array([[3.0], [4.0]]), ("none", "a"), "none")["a"]
    assert difference.mean == 1.0
    assert np.isnan(difference.lower) and not difference.excludes_zero


def test_nothing_defined_is_undefined():
    found = estimate(np.array([NAN, NAN]))
    assert (found.n, found.n_undefined) == (0, 2)
    assert np.isnan([found.mean, found.half_width, found.q95]).all()
    difference = differences_to(np.array([[1.0, 2.0], [NAN, NAN]]), ("none", "a"), "none")["a"]
    assert np.isnan(difference.mean) and difference.n_undefined == 2


def test_identical_outcomes_have_an_interval_of_zero_width():
    values = np.random.default_rng(1).normal(size=(3, 20))
    values[1] = values[0]
    found = differences_to(values, ("none", "a", "b"), "none")
    assert found["a"].is_identical
    assert (found["a"].lower, found["a"].upper) == (0.0, 0.0)
    assert not found["b"].is_identical and found["b"].half_width > 0


def test_undefined_outcomes_are_dropped_by_pair():
    values = np.array([[1.0, 2.0, 3.0, 4.0], [2.0, NAN, 5.0, 5.0], [2.0, 2.5, 3.5, 9.0]])
    found = differences_to(values, ("none", "a", "b"), "none")
    assert (found["a"].n, found["a"].n_undefined) == (3, 1)
    assert found["a"].mean == pytest.approx(4 / 3)
    assert found["b"].n == 4


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_student_interval_covers_as_often_as_it_says(shared):
    n_worlds = 2_000
    worlds = paired_worlds(11, n_worlds, 2, 12, shared)
    covered = []
    for world in worlds:
        found = differences_to(world, ("none", "a"), "none")["a"]
        covered.append(found.lower <= 0 <= found.upper)
    assert within(np.mean(covered), 0.95, n_worlds)


@pytest.mark.parametrize(("n_replicates", "shared"), [(8, 0.5), (200, 0.95)])
def test_intervals_against_the_baseline_hold_together(n_replicates, shared):
    n_worlds = 600
    together = alone = 0
    for world in paired_worlds(12, n_worlds, 5, n_replicates, shared):
        found = differences_to(world, NAMES, "none").values()
        together += all(d.lower <= 0 <= d.upper for d in found)
        single = student_quantile(0.95, n_replicates - 1)
        alone += all(abs(d.mean) <= single * d.sd / n_replicates**0.5 for d in found)
    assert within(together / n_worlds, 0.95, n_worlds)
    assert alone / n_worlds < 0.90, "negative control: Student's intervals do not hold together"


def test_intervals_against_the_best_hold_although_it_was_chosen_by_looking():
    n_worlds, n_replicates = 600, 30
    truth = np.array([0.0, 0.1, 0.2, 0.2, 0.2])
    together = 0
    for world in paired_worlds(13, n_worlds, 5, n_replicates, 0.5) + truth[:, None]:
        found = differences_to_best(world, NAMES)
        true_of = dict(zip(NAMES, truth, strict=True))
        together += all(d.lower <= true_of[name] - true_of[d.other] <= d.upper for name, d in found.items())
    assert 0.95 - 3.3 * (0.95 * 0.05 / n_worlds) ** 0.5 <= together / n_worlds


def test_equal_strategies_are_rarely_told_apart():
    """False alarms: among five equal strategies, a sole best is announced in at most 5 % of worlds."""
    n_worlds = 600
    alarms = 0
    for world in paired_worlds(14, n_worlds, 5, 40, 0.8):
        found = list(differences_to_best(world, NAMES).values())
        alarms += found[0].lower > 0
    assert alarms / n_worlds <= 0.05 + 3.3 * (0.05 * 0.95 / n_worlds) ** 0.5


def test_dropping_the_pairing_would_lose_power():
    """Negative control: with shared luck, paired intervals are much narrower than unpaired ones."""
    world = paired_worlds(15, 1, 2, 100, 0.95)[0]
    paired = differences_to(world, ("none", "a"), "none")["a"].half_width
    shuffled = np.stack([world[0], np.random.default_rng(2).permutation(world[1])])
    assert differences_to(shuffled, ("none", "a"), "none")["a"].half_width > 3 * paired


@pytest.mark.parametrize(
    ("k", "freedom", "table"), [(2, 120, 2.24), (3, 120, 2.38), (8, 120, 2.69), (4, 120, 2.47)]
)
def test_critical_value_agrees_with_dunnetts_table(k, freedom, table):
    values = orthonormal_residuals(k + 1, freedom + 1)
    assert critical_value(values[1:] - values[0], 0.95) == pytest.approx(table, abs=0.025)


def test_critical_value_agrees_with_the_studentized_range():
    values = orthonormal_residuals(6, 121)
    pairs = np.stack([values[i] - values[j] for i in range(6) for j in range(i)])
    expected = stats.studentized_range.ppf(0.95, 6, 120) / 2**0.5
    assert critical_value(pairs, 0.95) == pytest.approx(expected, abs=0.025)


def test_critical_value_lies_between_students_and_bonferronis():
    generator = np.random.default_rng(3)
    copies = np.tile(generator.normal(size=FEW), (4, 1)) * np.array([[1.0], [2.0], [-1.0], [3.0]])
    assert critical_value(copies, 0.95) == pytest.approx(student_quantile(0.95, FEW - 1), abs=0.05)
    independent = critical_value(orthonormal_residuals(4, FEW), 0.95)
    assert student_quantile(0.95, FEW - 1) < independent <= student_quantile(1 - 0.05 / 4, FEW - 1)


def test_with_few_replicates_the_critical_value_is_bonferronis():
    for n in (3, 10, FEW - 1):
        values = np.tile(np.random.default_rng(3).normal(size=n), (4, 1)) * np.arange(1.0, 5.0)[:, None]
        assert critical_value(values, 0.95) == pytest.approx(student_quantile(1 - 0.05 / 4, n - 1))


def test_two_replicates_and_scattered_gaps_still_give_intervals():
    values = np.random.default_rng(4).normal(size=(4, 2))
    assert all(np.isfinite(d.half_width) for d in differences_to(values, NAMES[:4], "none").values())
    scattered = np.full((3, 6), NAN)
    scattered[0] = 0.0
    scattered[1, :3], scattered[2, 3:] = [1.0, 2.0, 3.0], [4.0, 5.0, 7.0]
    found = differences_to(scattered, ("none", "a", "b"), "none")
    assert found["a"].critical == pytest.approx(student_quantile(1 - 0.05 / 2, 2))


def test_the_same_outcomes_give_the_same_bits():
    world = paired_worlds(16, 1, 5, 50, 0.5)[0]
    first = simultaneous_differences(world, NAMES, [(0, 1), (2, 3), (1, 4)])
    assert first == simultaneous_differences(world.copy(), NAMES, [(0, 1), (2, 3), (1, 4)])


def test_covariance_factor_reproduces_a_covariance_of_low_rank():
    rows = np.random.default_rng(5).normal(size=(6, 3))
    covariance = rows @ rows.T
    factor = covariance_factor(covariance)
    assert factor.shape == (3, 6)
    assert np.allclose(factor.T @ factor, covariance)


def test_ranking_follows_the_direction_and_drops_the_undefined():
    values = np.array([[1.0, 1.0], [3.0, 3.0], [NAN, NAN], [2.0, 2.0]])
    assert ranking(values) == [1, 3, 0]
    assert ranking(values, higher_is_better=False) == [0, 3, 1]
    found = differences_to_best(values, NAMES[:4], higher_is_better=False)
    assert list(found) == ["none", "c", "a"]
    assert found["none"].other == "c" and found["none"].mean == -1.0
    assert found["a"].other == "none" and found["a"].mean == 2.0


def test_strategies_are_ranked_in_the_worlds_where_all_are_defined():
    values = np.array([[0.0, 10.0], [1.0, NAN]])
    assert ranking(values) == [1, 0]


def test_probability_of_being_best_by_hand():
    often, _ = probabilities_of_best(np.array([[1.0, 5.0, 2.0, 4.0], [1.0, 4.0, 3.0, 4.0]]))
    assert often.tolist() == [0.5, 0.5]


def test_probability_that_a_mean_is_best_matches_students_law():
    generator = np.random.default_rng(6)
    values = generator.normal(size=(2, 15))
    values[1] += 0.3
    _, probably = probabilities_of_best(values)
    difference = values[1] - values[0]
    t = difference.mean() / (difference.std(ddof=1) / 15**0.5)
    assert probably[1] == pytest.approx(stats.t.cdf(t, 14), abs=0.005)
    _, reversed_ = probabilities_of_best(values, higher_is_better=False)
    assert reversed_[0] == pytest.approx(probably[1], abs=0.005)


def test_probability_that_a_mean_is_best_is_calibrated_for_equal_strategies():
    worlds = paired_worlds(17, 400, 4, 25, 0.5)
    mean = np.mean([probabilities_of_best(world)[1] for world in worlds], axis=0)
    assert np.allclose(mean, 0.25, atol=0.06)


def test_identical_strategies_share_their_probability():
    generator = np.random.default_rng(7)
    one, other = generator.normal(5, 1, 30), generator.normal(0, 1, 30)
    _, probably = probabilities_of_best(np.stack([one, other, one]))
    assert probably == pytest.approx([0.5, 0.0, 0.5], abs=1e-3)
    _, certain = probabilities_of_best(np.array([[1.0, 1.0], [2.0, 2.0]]))
    assert certain.tolist() == [0.0, 1.0]


def test_undefined_strategies_are_never_best():
    often, probably = probabilities_of_best(np.array([[NAN, NAN, NAN], [1.0, 2.0, 4.0], [0.0, 0.0, 1.0]]))
    assert often[0] == probably[0] == 0
    assert often[1] == 1
    assert np.isnan(probabilities_of_best(np.full((2, 3), NAN))[0]).all()


def test_value_at_risk_by_hand():
    outcomes = np.arange(1.0, 41.0)
    assert conditional_value_at_risk(outcomes) == (2.0, 1.5)
    assert conditional_value_at_risk(outcomes, higher_is_better=False) == (39.0, 39.5)
    bound, tail = conditional_value_at_risk(np.arange(1.0, 31.0))
    assert bound == 2.0 and tail == pytest.approx((1 + 0.5 * 2) / 1.5)
    assert conditional_value_at_risk(np.array([3.0])) == pytest.approx((3.0, 3.0))
    assert np.isnan(conditional_value_at_risk(np.array([NAN]))).all()
    assert conditional_value_at_risk(np.arange(140.0))[0] == 6.0


def test_conditional_value_at_risk_of_a_normal_law():
    outcomes = np.random.default_rng(8).normal(size=200_000)
    _, tail = conditional_value_at_risk(outcomes)
    assert tail == pytest.approx(-stats.norm.pdf(stats.norm.ppf(0.05)) / 0.05, abs=0.02)


def test_risks_of_loss():
    values = np.array([[1.0, 1.0, 1.0, 1.0], [0.5, 2.0, -3.0, 4.0]])
    found = risks(values, ("none", "a"), "none")
    assert found["a"].p_worse_than_baseline == 0.5
    assert found["a"].p_negative == 0.25
    assert found["none"].p_worse_than_baseline == 0
    assert risks(values, ("none", "a"), "none", higher_is_better=False)["a"].p_worse_than_baseline == 0.5


def test_the_stated_number_of_replicates_settles_with_the_stated_power():
    effect, sd = 0.25, 1.0
    n = replicates_needed(sd, effect, student_quantile(0.95, 100))
    generator = np.random.default_rng(9)
    n_worlds = 1_000
    differences = generator.normal(effect, sd, size=(n_worlds, n))
    settled = sum(stats.ttest_1samp(row, 0).pvalue < 0.05 for row in differences)
    assert within(settled / n_worlds, 0.8, n_worlds)


@pytest.mark.parametrize(("sd", "effect"), [(NAN, 1.0), (1.0, 0.0), (1.0, NAN)])
def test_no_number_of_replicates_is_named_where_none_settles(sd, effect):
    assert replicates_needed(sd, effect, 2.0) is None
