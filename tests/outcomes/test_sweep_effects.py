"""Main effects of a factorial sweep: planted, balanced out of each other, paired, with intervals that hold."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats
from test_sweep_questions import made_up

from simulator.errors import ScenarioError

LEVELS = np.array(list(product((0.0, 1.0), (2.0, 5.0), (-1.0, 1.0))))
FACTORS = {"x": LEVELS[:, 0], "y": LEVELS[:, 1], "z": LEVELS[:, 2]}
#: Effects of x, y and z on each strategy.
TRUE = {"none": (0.0, 0.0, 0.0), "steady": (4.0, -9.0, 0.0), "bold": (-2.0, 1.0, 0.0)}


def outcomes(n: int, noise: float = 1.0, seed: int = 4) -> np.ndarray:
    """Return outcomes with shared luck of the replicates, shape (point, strategy, replicate)."""
    generator = np.random.default_rng(seed)
    high = LEVELS.max(axis=0) == LEVELS
    means = np.array(
        [[sum(e * h for e, h in zip(TRUE[name], row, strict=True)) for name in TRUE] for row in high]
    )
    return (
        means[:, :, None] + 50 * generator.normal(size=n) + noise * generator.normal(size=(*means.shape, n))
    )


def test_planted_effects_are_found_and_ordered() -> None:
    table = made_up(outcomes(40), FACTORS).effects()
    assert list(table["factor"][table["strategy"] == "steady"])[:2] == ["y", "x"]
    for _, row in table.iterrows():
        assert row["lower"] < TRUE[row["strategy"]]["xyz".index(row["factor"])] < row["upper"]
    assert set(table["low"]) == {0.0, 2.0, -1.0} and set(table["high"]) == {1.0, 5.0}
    found = {(r["strategy"], r["factor"]) for _, r in table.iterrows() if r["excludes_zero"]}
    assert found == {("steady", "x"), ("steady", "y"), ("bold", "x"), ("bold", "y")}


def test_the_interval_is_that_of_the_replicates_contrasts() -> None:
    values = outcomes(30)
    one = {"x": FACTORS["x"]}
    row = made_up(values, one).effects().query("strategy == 'bold'").iloc[0]
    contrast = values[4:, 2].mean(axis=0) - values[:4, 2].mean(axis=0)
    low, high = stats.t.interval(0.95, 29, contrast.mean(), stats.sem(contrast))
    assert (row["mean"], row["lower"], row["upper"]) == pytest.approx((contrast.mean(), low, high))


def test_effects_on_the_difference_to_a_baseline() -> None:
    table = made_up(outcomes(40), FACTORS).effects(baseline="none")
    assert set(table["strategy"]) == {"steady", "bold"} and set(table["other"]) == {"none"}
    assert (table["n"] == 40).all()


def test_intervals_hold_together_as_often_as_they_say() -> None:
    """False alarms in any of three factors without effect: at most 5 %, in 400 worlds (7.5 % would be 2.3 sd)."""
    wrong = 0
    for seed in range(400):
        values = outcomes(12, seed=seed)[:, :1]
        wrong += made_up(values, FACTORS).effects()["excludes_zero"].any()
    assert wrong <= 30


def test_what_is_undefined_or_missing_is_not_averaged_over() -> None:
    values = outcomes(20)
    values[3, 1, 5] = np.nan
    table = made_up(values, FACTORS).effects()
    assert set(table["n_undefined"][table["strategy"] == "steady"]) == {1}
    assert (
        made_up(values, FACTORS, "time_to_10pct").effects().query("strategy == 'steady'")["mean"].isna().all()
    )


def test_designs_without_levels_have_no_main_effects() -> None:
    factors = {"x": np.arange(8) / 7, "y": np.arange(8)[::-1] / 7}
    results = made_up(outcomes(5), factors)
    assert not results.has_effects and made_up(outcomes(5), FACTORS).has_effects
    with pytest.raises(ScenarioError, match="no factor whose levels are balanced"):
        results.effects()
    with pytest.raises(ScenarioError, match="effects"):
        made_up(outcomes(5), FACTORS).effects("profti", baseline="nobody")


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ((1.0, 2.0, 1.0), (0.0, 0.0, 1.0)),
        ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0)),
        ((1.0, 1.0, 2.0), (0.1, 0.7, 0.4)),
    ],
)
def test_a_factor_whose_ends_differ_in_another_has_no_effect_stated(x: tuple, y: tuple) -> None:
    """Listed points, a factorial of which one point is not stored, and scattered points with a whole number."""
    values = 100.0 * np.array(y)[:, None, None] + np.random.default_rng(1).normal(size=(3, 1, 20))
    with pytest.raises(ScenarioError, match="balanced"):
        made_up(values, {"x": np.array(x), "y": np.array(y)}).effects()


def test_a_fraction_of_a_factorial_is_balanced() -> None:
    half = LEVELS[[0, 3, 5, 6]]
    values = outcomes(20)[[0, 3, 5, 6]]
    table = made_up(values, {"x": half[:, 0], "y": half[:, 1], "z": half[:, 2]}).effects()
    assert set(table["factor"]) == {"x", "y", "z"}
