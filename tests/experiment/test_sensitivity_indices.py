"""Sobol and Morris indices against functions whose indices are known, and the guards around them."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from simulator.errors import ScenarioError
from simulator.experiment.factors import Factor
from simulator.experiment.sensitivity_indices import (
    MorrisIndex,
    SobolIndex,
    morris_indices,
    morris_points,
    sobol_indices,
    sobol_points,
)
from simulator.experiment.sensitivity_result import Sensitivity, noise_share, response_of
from simulator.outcomes.metrics import METRIC

NAMES3 = ("a", "b", "c")


def ishigami(points: np.ndarray) -> np.ndarray:
    """Ishigami & Homma (1990) with a = 7, b = 0.1 on [-pi, pi]^3."""
    x = (2 * points - 1) * np.pi
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_truth() -> tuple[np.ndarray, np.ndarray]:
    a, b, p4, p8 = 7.0, 0.1, np.pi**4, np.pi**8
    v1, v2, v13 = 0.5 * (1 + b * p4 / 5) ** 2, a**2 / 8, b**2 * p8 * (1 / 18 - 1 / 50)
    v = v1 + v2 + v13
    return np.array([v1, v2, 0]) / v, np.array([v1 + v13, v2, v13]) / v


G = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0])


def g_function(points: np.ndarray, a: np.ndarray = G) -> np.ndarray:
    """Saltelli & Sobol's g-function: product of (|4 x - 2| + a) / (1 + a)."""
    return np.prod((np.abs(4 * points - 2) + a) / (1 + a), axis=1)


def g_truth(a: np.ndarray = G) -> tuple[np.ndarray, np.ndarray]:
    v = 1 / (3 * (1 + a) ** 2)
    whole = np.prod(1 + v) - 1
    total = v * np.array([np.prod(np.delete(1 + v, j)) for j in range(len(a))])
    return v / whole, total / whole


@pytest.mark.parametrize(
    ("function", "truth", "n"), [(ishigami, ishigami_truth, 1024), (g_function, g_truth, 2048)]
)
def test_sobol_indices_equal_the_analytic_ones(function, truth, n):
    first, total = truth()
    d = len(first)
    found = sobol_indices(function(sobol_points(d, n, 3)), tuple(f"x{j}" for j in range(d)), seed=1)
    for j, index in enumerate(found.by_factor):
        assert index.first == pytest.approx(first[j], abs=0.03)
        assert index.total == pytest.approx(total[j], abs=0.03)
        assert index.first_lower - 0.01 <= first[j] <= index.first_upper + 0.01
        assert index.total_lower - 0.01 <= total[j] <= index.total_upper + 0.01
    assert found.warnings == ()


@pytest.fixture(scope="module")
def scrambled() -> list:
    """Return indices of a g-function of three factors from 200 scramblings of 128 base points."""
    return [
        sobol_indices(
            g_function(sobol_points(3, 128, seed), G[:3]), NAMES3, confidence=0.9, seed=seed
        ).by_factor
        for seed in range(200)
    ]


LEAST = 0.9 - 0.02 - 3.3 * (0.09 / 200) ** 0.5


def test_bootstrap_intervals_of_sobol_indices_cover(scrambled):
    """At least the stated 90 %; scrambled points do better than the random ones that the bootstrap assumes.

    Percentiles of small, skewed total indices fall a little short: over 200 scramblings each rate may be two
    points and 3.3 standard errors below.
    """
    first, total = g_truth(G[:3])
    rates = [
        (
            np.mean([one[j].first_lower <= first[j] <= one[j].first_upper for one in scrambled]),
            np.mean([one[j].total_lower <= total[j] <= one[j].total_upper for one in scrambled]),
        )
        for j in range(3)
    ]
    assert np.min(rates) >= LEAST, rates


def test_intervals_a_tenth_as_wide_would_not_cover(scrambled):
    first, _ = g_truth(G[:3])
    hits = [
        abs(one[0].first - first[0]) <= (one[0].first_upper - one[0].first_lower) / 20 for one in scrambled
    ]
    assert np.mean(hits) < LEAST


def test_what_does_nothing_is_not_distinguishable_from_zero():
    points = sobol_points(3, 256, 0)
    found = sobol_indices(points[:, 0] + 0.5 * points[:, 1], NAMES3).by_factor
    assert found[2].note == "not distinguishable from 0" and found[2].total == 0
    assert found[0].note == "" and found[0].first == pytest.approx(0.8, abs=0.05)


def with_chance(points: np.ndarray, function, noise: float, seed: int, n: int = 10) -> np.ndarray:
    """Return outcomes (point, replicate): every replicate has luck of its own at every point, and some everywhere."""
    g = np.random.default_rng(seed)
    values = function(points)
    own = g.normal(size=(len(points), n)) * (noise * n / (1 - noise)) ** 0.5 * values.std()
    return values[:, None] + g.normal(size=n) + own


def two_of_three(points: np.ndarray) -> np.ndarray:
    return points[:, 0] + 0.5 * points[:, 1]


@pytest.mark.parametrize("noise", [0.004, 0.027, 0.065])
def test_chance_of_replicates_does_not_make_an_inert_factor_matter(noise):
    """At 95 %, at most 7 of 40 (false alarm below 1e-3), by either method; active factors are always seen."""
    sobol, morris, totals, plain = 0, 0, [], []
    for seed in range(40):
        points = sobol_points(3, 128, seed)
        values = with_chance(points, two_of_three, noise, seed)
        found = sobol_indices(values, NAMES3, seed=seed).by_factor
        assert found[0].matters and found[1].matters
        sobol += found[2].matters
        totals.append([one.total for one in found])
        plain.append(sobol_indices(values.mean(axis=1), NAMES3, seed=seed).by_factor[2].total)
        grid = morris_points(3, 16, seed)
        effects = morris_indices(
            grid, with_chance(grid, two_of_three, noise, 100 + seed), NAMES3, seed=seed
        ).by_factor
        assert effects[0].matters and effects[1].matters and effects[2].noise > 0
        assert effects[2].note == "" or "chance" in effects[2].note or "inert" in effects[2].note
        morris += effects[2].matters
    assert sobol <= 7 and morris <= 7
    assert np.mean(totals, axis=0) == pytest.approx([0.8 * (1 - noise), 0.2 * (1 - noise), 0], abs=0.02)
    assert abs(np.mean(totals, axis=0)[2]) < noise / 4
    assert np.mean(plain) == pytest.approx(noise, rel=0.3)


def test_luck_that_favors_a_factor_at_all_points_is_still_luck():
    """A factor whose effect has mean 0 over replicates, the same at every point: many points do not prove it."""
    matters = 0
    for seed in range(40):
        g = np.random.default_rng(seed)
        points = sobol_points(2, 64, seed)
        values = points[:, :1] + g.normal(size=(1, 8)) * points[:, 1:]
        matters += sobol_indices(values, ("a", "b"), seed=seed).by_factor[1].matters
    assert matters <= 7


def test_replicates_that_agree_change_nothing():
    points = sobol_points(3, 64, 1)
    values = ishigami(points)
    repeated = sobol_indices(np.repeat(values[:, None], 4, axis=1), NAMES3).by_factor
    for one, other in zip(repeated, sobol_indices(values, NAMES3).by_factor, strict=True):
        assert one[1:] == pytest.approx(other[1:])


def test_noise_share_is_the_share_of_chance_in_the_variance_of_means():
    g = np.random.default_rng(1)
    factor = g.normal(size=(1, 4000, 1)) * 2.0
    outcomes = factor + g.normal(size=(1, 1, 5)) * 9 + g.normal(size=(1, 4000, 5)) * 3.0
    assert noise_share(outcomes) == pytest.approx((9 / 5) / (4 + 9 / 5), rel=0.05)
    other = np.concatenate([outcomes, np.zeros_like(outcomes)])
    assert noise_share(other) == noise_share(outcomes)
    assert np.isnan(noise_share(outcomes[:, :, :1]))


def test_the_response_is_the_first_strategy_minus_the_second():
    outcomes = np.array([[[1.0, 2.0], [5.0, 5.0]], [[0.0, 1.0], [7.0, 9.0]]])
    assert response_of(outcomes).tolist() == [1.0, -3.0]
    assert response_of(outcomes[:1]).tolist() == [1.5, 5.0]


def test_intervals_of_indices_have_the_stated_tails(monkeypatch):
    """The bounds are the quantiles of the resamples, no narrower."""
    analyzer = pytest.importorskip("SALib.analyze.sobol")
    kept = {}

    def spy(*arguments, **named):
        kept.update(real(*arguments, **named))
        return kept

    real = analyzer.analyze
    monkeypatch.setattr(analyzer, "analyze", spy)
    found = sobol_indices(ishigami(sobol_points(3, 64, 1)), NAMES3, confidence=0.9).by_factor
    for j, index in enumerate(found):
        first = np.quantile(kept["S1_conf_all"][:, j], [0.05, 0.95])
        total = np.quantile(kept["ST_conf_all"][:, j], [0.05, 0.95])
        assert [index.first_lower, index.first_upper] == pytest.approx(first)
        assert [index.total_lower, index.total_upper] == pytest.approx(total)


def test_an_outcome_that_does_not_vary_has_no_indices():
    found = sobol_indices(np.full(3 * 64 + 2 * 64, 7.0), NAMES3)
    assert all(np.isnan(i.first) and "does not vary" in i.note for i in found.by_factor)
    assert "nothing to explain" in found.warnings[0]
    points = morris_points(3, 10, 0)
    still = morris_indices(points, np.full(len(points), 7.0), NAMES3)
    assert "nothing to explain" in still.warnings[0]


def test_few_points_are_told():
    found = sobol_indices(ishigami(sobol_points(3, 16, 1)), NAMES3)
    assert any("base points are few" in note for note in found.warnings)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_seed_of_zero_is_a_seed(seed):
    first, second = (sobol_points(3, 16, seed) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, sobol_points(3, 16, seed + 1))
    values = ishigami(first)
    assert sobol_indices(values, NAMES3, seed=seed) == sobol_indices(values, NAMES3, seed=seed)
    points = morris_points(3, 6, seed)
    assert np.array_equal(points, morris_points(3, 6, seed))
    assert morris_indices(points, ishigami(points), NAMES3, seed=seed) == morris_indices(
        points, ishigami(points), NAMES3, seed=seed
    )


def test_morris_finds_a_planted_inert_factor_and_the_order_of_the_others():
    names = tuple(f"x{j}" for j in range(6))
    points = morris_points(6, 16, 2)
    weights = np.array([4.0, 0.0, 2.0, 0.05, 1.0, 0.0])
    values = points @ weights + 3.0 * points[:, 0] * points[:, 2]
    found = {i.factor: i for i in morris_indices(points, values, names).by_factor}
    assert found["x1"].note == found["x5"].note == "nothing changed in any of 16 trajectories"
    assert found["x3"].is_inert and not found["x4"].is_inert
    assert found["x0"].mu_star > found["x2"].mu_star > found["x4"].mu_star
    assert found["x4"].mu_star == pytest.approx(1.0) and found["x4"].sigma == pytest.approx(0, abs=1e-9)
    assert found["x0"].sigma > 0.1


def test_morris_intervals_cover_the_mean_effect():
    """f = x0 * x1: the mean elementary effect of x0 is E(x1) = 1/2 on the grid of four levels."""
    hits = []
    for seed in range(200):
        points = morris_points(2, 20, seed)
        one = morris_indices(points, points[:, 0] * points[:, 1], ("a", "b"), confidence=0.9, seed=seed)
        hits.append(one.by_factor[0].mu_star_lower <= 0.5 <= one.by_factor[0].mu_star_upper)
    assert np.mean(hits) >= 0.9 - 0.02 - 3.3 * (0.09 / 200) ** 0.5


def test_a_missing_library_is_told_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "SALib.sample.sobol", None)
    with pytest.raises(ScenarioError, match=r"pip install .*\[sensitivity\]"):
        sobol_points(2, 8, 0)


def told(method, index):
    points, outcomes = np.array([[0.1], [0.9]]), np.array([[[1.0, 2.0], [3.0, 4.0]]])
    factors = (Factor("x", ("x",), "uniform", low=0.0, high=1.0),)
    rest = (points, outcomes, 0.95, (), "EUR", 0, "")
    return Sensitivity("s", method, METRIC["profit"], ("Nova Push",), factors, (index,), *rest).sentences


def test_a_share_above_all_variance_is_told_as_it_is_with_what_it_means():
    found = told("sobol", SobolIndex("x", 1.3, 0.8, 1.9, 1.2, 0.7, 2.1))
    assert "x (120%, 70% to 210%)" in found[0] and "error of estimation" in found[1]
    below = told("sobol", SobolIndex("x", 0.6, 0.5, 0.7, 0.7, 0.6, 0.8))
    assert len(below) == 1 and "x (70%, 60% to 80%)" in below[0]


def test_names_of_strategies_stay_as_they_are_written():
    index = MorrisIndex("x", 5.0, 5.0, 4.0, 6.0, 1.0, is_inert=False, noise=0.1, is_above_noise=True)
    assert told("morris", index)[0].startswith("Profit of Nova Push changes most with x")
