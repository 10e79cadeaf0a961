"""Regime maps and reversing values on functions whose switch lines and roots are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import QuadMesh

from simulator.experiment.crossings import find_crossings
from simulator.experiment.factors import Factor
from simulator.experiment.regimes import RegimeMap
from simulator.experiment.switch_points import switch_points
from simulator.outcomes.metrics import METRIC
from simulator.outcomes.standings import Standings
from simulator.present.plots_regimes import plot_regimes

N = 40


def analytic_map(noise: float, n_levels: int = 9, metric: str = "profit", seed: int = 0) -> RegimeMap:
    """Return a map on [0, 1]^2: a earns 1, b earns 0.4 + x + y, so that b wins where x + y > 0.6."""
    levels = np.linspace(0, 1, n_levels)
    x, y = np.meshgrid(levels, levels, indexing="ij")
    luck = np.random.default_rng(seed).normal(size=(2, N))
    a = 1.0 + 0 * x[..., None] + noise * (luck[0] + luck[1])
    b = 0.4 + (x + y)[..., None] + noise * (luck[0] - luck[1])
    sign = -1.0 if METRIC[metric].better == "lower" else 1.0
    factors = tuple(Factor(name, (name,), "uniform", low=0.0, high=1.0) for name in ("x", "y"))
    return RegimeMap(
        scenario="analytic",
        metric=METRIC[metric],
        currency="EUR",
        strategies=("a", "b"),
        factors=factors,
        levels=(tuple(levels), tuple(levels)),
        outcomes=sign * np.stack([a, b]),
        confidence=0.95,
        seed=0,
        digest="",
    )


@pytest.mark.parametrize("metric", ["profit", "churn_rate"])
def test_the_switch_line_is_where_it_should_be(metric):
    found = analytic_map(0.0, metric=metric)
    assert found.switches
    for switch in found.switches:
        total = switch.at + sum(value for _, value in switch.others)
        assert total == pytest.approx(0.6, abs=1e-6)
        assert (switch.before, switch.after) == ("a", "b")
        assert switch.lower == pytest.approx(switch.at) == pytest.approx(switch.upper)
    along_x = [s for s in found.switches if s.factor == "x"]
    assert sorted(dict(s.others)["y"] for s in along_x) == pytest.approx([0, 0.125, 0.25, 0.375, 0.5])


def test_regret_and_winners():
    found = analytic_map(0.0)
    x, y = np.meshgrid(*found.levels, indexing="ij")
    assert np.array_equal(found.winners, (x + y > 0.6).astype(int))
    assert np.allclose(found.regret[0], np.maximum(x + y - 0.6, 0))
    assert np.allclose(found.regret[1], np.maximum(0.6 - x - y, 0))
    assert found.robust == ("b", pytest.approx(0.6))
    assert "never more than" in repr(found)


def test_intervals_of_switch_points_cover():
    """95 % intervals at one place of the line over 200 noises; 3.3 standard errors and two points allowed."""
    hits, clear = [], []
    for seed in range(200):
        found = analytic_map(0.03, n_levels=3, seed=seed)
        switch = next(s for s in found.switches if s.factor == "x" and dict(s.others)["y"] == 0.0)
        hits.append(switch.lower <= 0.6 <= switch.upper or switch.lower == 0.5)
        clear.append(found.is_clear.mean())
    assert np.mean(hits) >= 0.95 - 0.02 - 3.3 * (0.0475 / 200) ** 0.5
    assert 0.5 < np.mean(clear) <= 1


def test_noise_makes_winners_unclear_near_the_line():
    found = analytic_map(0.5)
    assert found.is_clear.sum() < found.is_clear.size
    assert found.is_clear[0, 0] and found.is_clear[-1, -1]
    assert np.allclose(found.p_best.sum(axis=0), 1)


def noisy(function, noise: float, seed: int, n: int = 60):
    """Return paired differences around a function, with the same luck at every share."""
    luck = np.random.default_rng(seed).normal(size=n) * noise
    calls = []

    def difference(share: float) -> np.ndarray:
        calls.append(share)
        return function(share) + luck * (1 + share)

    difference.calls = calls
    return difference


def test_roots_are_found_to_the_tolerance():
    difference = noisy(lambda u: np.exp(-3 * u) - 0.3, 0.0, 0)
    [crossing], curve = find_crossings(difference, n_levels=3, tolerance=1e-4)
    assert crossing.share == pytest.approx(-np.log(0.3) / 3, abs=1e-4)
    assert crossing.falls and crossing.found_in == 1
    assert len(curve.shares) < 20 and (np.diff(curve.shares) > 0).all()
    assert len(set(difference.calls)) == len(difference.calls)


def test_every_crossing_is_reported():
    crossings, _ = find_crossings(noisy(lambda u: np.cos(3 * np.pi * u), 0.0, 0), n_levels=9, tolerance=1e-3)
    assert [c.share for c in crossings] == pytest.approx([1 / 6, 0.5, 5 / 6], abs=1e-3)
    assert [c.falls for c in crossings] == [True, False, True]


def test_a_root_on_a_level_is_found():
    for n_levels, root in ((5, 0.5), (5, 0.25), (9, 0.75), (11, 0.5)):
        [crossing], curve = find_crossings(noisy(lambda u: root - u, 0.0, 0), n_levels=n_levels)  # noqa: B023
        assert crossing.share == root and crossing.falls and crossing.found_in == 1
        assert (crossing.lower, crossing.upper) == (root, root) and len(curve.shares) == n_levels
    touching, _ = find_crossings(noisy(lambda u: (u - 0.5) ** 2, 0.0, 0), n_levels=5)
    at_the_end, _ = find_crossings(noisy(lambda u: u, 0.0, 0), n_levels=5)
    assert touching == () and at_the_end == ()
    [flat], _ = find_crossings(noisy(lambda u: min(u - 0.4, 0) + max(u - 0.6, 0), 0.0, 0), n_levels=11)
    assert 0.39 < flat.share < 0.61 and not flat.falls


def test_no_crossing_is_no_crossing():
    crossings, curve = find_crossings(noisy(lambda u: 1 + u, 0.1, 0), n_levels=5)
    assert crossings == () and len(curve.shares) == 5


@pytest.mark.parametrize("n", [6, 60])
def test_intervals_of_reversing_values_cover(n: int) -> None:
    """95 % intervals over 300 samples of luck, of few replicates and of many; the root of the truth is 0.4."""
    hits, thin = [], []
    for seed in range(300):
        difference = noisy(lambda u: 0.4 - u, 0.5 if n == 60 else 0.2, seed, n)
        [crossing], _ = find_crossings(difference, n_levels=5, tolerance=0.01)
        hits.append(crossing.lower <= 0.4 <= crossing.upper)
        half = (crossing.upper - crossing.lower) / 6
        thin.append(abs(crossing.share - 0.4) <= half)
    least = 0.95 - 3.3 * (0.0475 / 300) ** 0.5
    assert np.mean(hits) >= least
    assert np.mean(thin) < least


@pytest.mark.parametrize(("n", "sd"), [(2, 0.2), (3, 0.6), (3, 1.5)])
def test_the_interval_of_very_few_replicates_grows_with_the_confidence(n: int, sd: float) -> None:
    """A resample without a crossing lies beyond an end of the range; and what is surer holds more often."""
    rates, widths = [], []
    for confidence in (0.8, 0.95, 0.999):
        found = [
            find_crossings(noisy(lambda u: 0.4 - u, sd, seed, n), n_levels=5, confidence=confidence)[0]
            for seed in range(100)
        ]
        first = [crossings[0] for crossings in found if crossings]
        rates.append(np.mean([c.lower <= 0.4 <= c.upper for c in first]))
        widths.append(np.mean([c.upper - c.lower for c in first]))
    assert rates == sorted(rates) and widths == sorted(widths), (rates, widths)
    assert rates[1] > (0.4 if n == 2 else 0.65)


def test_how_often_a_crossing_shows_does_not_depend_on_the_confidence() -> None:
    difference = noisy(lambda u: 0.2 - u, 1.0, 1, 10)
    found = {find_crossings(difference, confidence=c)[0][0].found_in for c in (0.5, 0.95, 0.999)}
    assert len(found) == 1 and 0.3 < found.pop() < 0.99


def test_switch_points_of_few_replicates_are_as_wide_as_students() -> None:
    """95 % over 300 samples of six; 3.3 standard errors and two points allowed."""
    found = replace(analytic_map(0.0, n_levels=3), seed=1)
    hits = []
    for seed in range(300):
        luck = np.random.default_rng(seed).normal(size=6) * 0.05
        levels = np.array([0.0, 0.5, 1.0])[:, None] + 0 * luck
        a = np.stack([1.0 + 0 * levels] * 3, axis=1)
        b = np.stack([0.4 + levels + x + luck for x in (0.0, 0.5, 1.0)], axis=1)
        switch = next(
            s
            for s in switch_points(np.stack([a, b]), found)
            if s.factor == "x" and dict(s.others)["y"] == 0.0
        )
        hits.append(switch.lower <= 0.6 <= switch.upper)
    assert np.mean(hits) >= 0.95 - 0.02 - 3.3 * (0.0475 / 300) ** 0.5


def test_a_crossing_that_may_be_chance_says_so():
    found, _ = find_crossings(noisy(lambda u: 0.02 - 0.05 * u, 2.0, 3), n_levels=5, tolerance=0.01)
    assert all(c.found_in < 0.95 for c in found)


def test_a_figure_hatches_what_is_not_clear_and_keeps_the_color_of_the_winner():
    found = analytic_map(0.3, n_levels=5)
    chart = plot_regimes(found)
    left = chart.axes[0]
    [mesh] = [c for c in left.collections if isinstance(c, QuadMesh)]
    cells = mesh.get_array().reshape(-1, 3)
    by_winner = {tuple(cell) for cell, s in zip(cells, found.winners.T.ravel(), strict=True) if s == 0}
    assert 0 < found.winners.sum() < found.winners.size and len(by_winner) == 1
    assert len(np.unique(cells.round(9), axis=0)) == 2
    hatched = [(p.get_x(), p.get_y()) for p in left.patches if p.get_hatch()]
    assert len(hatched) == (~found.is_clear).sum() and 0 < len(hatched) < found.winners.size


def test_who_wins_at_most_points_is_told_first_and_what_clear_means():
    found = analytic_map(0.0)
    wins = (found.winners == 1).sum()
    assert wins > found.winners.size / 2
    assert found.sentences[0].startswith(f'"b" has the best mean at {wins} of {found.winners.size} points')
    assert any("95 % or more, at each point by itself" in line for line in found.sentences)
    assert any("the same replicates that named the winners" in line for line in found.sentences)


def test_one_place_is_told_without_counting():
    values = np.array([[1.0, 2.0]])
    one = Standings(("a", "b"), METRIC["profit"], values, np.array([[0.01, 0.99]]), 0.95)
    assert one.sentences("EUR") == [
        '"b" has the best mean, and is the best with a probability of 95 % or more.'
    ]
