"""The split of variance, on nested normal effects with planted components.

Coverage over N worlds may fall 3.3 standard errors below what is stated; see the tolerance at each test.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import simulator as sim
from simulator.experiment.variance_components import (
    _drawn_by_jackknife,
    _mean_squares,
    _squares_without_each,
    variance_components,
)
from simulator.experiment.variance_split import VarianceSplit
from simulator.outcomes.metrics import METRIC

TRUE = {"parameters": 4.0, "world": 1.0, "market": 2.25}


def nested(seed: int, shape: tuple[int, int, int], true: dict[str, float] = TRUE) -> np.ndarray:
    """Return y[draw, world, replicate] with the given variances of each level."""
    g = np.random.default_rng(seed)
    a, b, c = shape
    return (
        7.0
        + true["parameters"] ** 0.5 * g.normal(size=(a, 1, 1))
        + true["world"] ** 0.5 * g.normal(size=(a, b, 1))
        + true["market"] ** 0.5 * g.normal(size=shape)
    )


def test_planted_components_are_recovered_without_bias():
    found = np.array(
        [[c.variance for c in variance_components(nested(s, (20, 4, 3)), n_draws=2)] for s in range(400)]
    )
    error = found.std(axis=0, ddof=1) / 400**0.5
    assert np.abs(found.mean(axis=0) - list(TRUE.values())).max() < 3.3 * error.max()
    assert (np.abs(found.mean(axis=0) - list(TRUE.values())) < 3.9 * error).all()


def coverage(
    interval: str, shape: tuple[int, int, int], n_worlds: int, confidence: float = 0.9
) -> np.ndarray:
    hits = np.zeros((n_worlds, 3))
    for s in range(n_worlds):
        found = variance_components(
            nested(1000 + s, shape), confidence=confidence, interval=interval, n_draws=400, seed=s
        )
        hits[s] = [c.lower <= TRUE[c.level] <= c.upper for c in found]
    return hits.mean(axis=0)


def test_parametric_intervals_cover():
    rates = coverage("parametric", (10, 4, 3), 400)
    assert (rates >= 0.9 - 3.3 * (0.09 / 400) ** 0.5).all(), rates


@pytest.mark.parametrize("n_units", [12, 40])
def test_jackknife_intervals_cover(n_units: int) -> None:
    rates = coverage("jackknife", (n_units, 3, 3), 300)
    assert (rates >= 0.9 - 3.3 * (0.09 / 300) ** 0.5).all(), rates


def uneven(seed: int, n_units: int) -> np.ndarray:
    """Return outcomes whose variance within the units is drawn for each: on average as planted."""
    g = np.random.default_rng(seed)
    found = nested(seed, (n_units, 4, 4), {**TRUE, "parameters": 0.0}) - 7.0
    scales = g.lognormal(-0.5, 1.0, size=(n_units, 1, 1))  # of the variances, with the mean 1
    return found * scales**0.5 + TRUE["parameters"] ** 0.5 * g.normal(size=(n_units, 1, 1))


def test_the_jackknife_needs_no_equal_variances_and_the_parametric_way_does() -> None:
    """Lognormal variances, three points allowed; the parametric interval of the chance in the market is far off."""
    rates = {}
    for interval in ("jackknife", "parametric"):
        hits = np.zeros((200, 3))
        for s in range(200):
            found = variance_components(uneven(s, 24), confidence=0.9, interval=interval, n_draws=400, seed=s)
            hits[s] = [c.lower <= TRUE[c.level] <= c.upper for c in found]
        rates[interval] = hits.mean(axis=0)
    least = 0.87 - 3.3 * (0.09 / 200) ** 0.5
    assert (rates["jackknife"] >= least).all() and rates["parametric"][2] < least - 0.1, rates


@pytest.mark.parametrize(("n", "confidence"), [(5, 0.95), (12, 0.8), (40, 0.99)])
def test_the_interval_of_one_level_is_students_of_the_logarithm(n: int, confidence: float) -> None:
    """Deviations are n / (n - 2) as wide as the jackknife's standard error and Student's quantile make them."""
    values = np.random.default_rng(n).exponential(size=n)
    alone = np.log([np.var(np.delete(values, i), ddof=1) for i in range(n)])
    error = ((n - 1) / n * ((alone - alone.mean()) ** 2).sum()) ** 0.5
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * error * n / (n - 2)
    [found] = variance_components(values[:, None, None], confidence=confidence, n_draws=200_000)
    assert np.log(np.array([found.lower, found.upper]) / values.var(ddof=1)) == pytest.approx(
        [-half, half], rel=0.05
    )


def test_mean_squares_are_drawn_together_where_units_move_them_together() -> None:
    """Where units differ in scale, those with a large mean square of one level have one of the other too."""
    values = uneven(2, 60) - uneven(2, 60).mean(axis=(1, 2), keepdims=True)
    values *= np.random.default_rng(7).lognormal(0, 1.5, size=(60, 1, 1))
    squares, freedoms = _mean_squares(values)
    drawn = np.log(_drawn_by_jackknife(values, squares, freedoms, 4000, np.random.default_rng(1)))
    pseudo = np.log(_squares_without_each(values)[:, 1:])
    assert np.corrcoef(drawn[:, 1:].T)[0, 1] == pytest.approx(np.corrcoef(pseudo.T)[0, 1], abs=0.1)
    assert np.corrcoef(pseudo.T)[0, 1] > 0.5


def test_two_values_alone_are_no_certainty() -> None:
    """All halves alike: the jackknife sees no spread, but the interval is as wide as without tails."""
    [found] = variance_components(np.repeat([0.0, 1.0], 4)[:, None, None])
    assert found.lower < 0.25 < found.upper


def test_rounding_is_no_variance() -> None:
    found = variance_components(
        1000 * np.random.default_rng(2).normal(size=(12, 1, 1)) + 8000 + np.zeros((12, 3, 7))
    )
    assert [c.variance > 0 for c in found] == [True, False, False]
    assert found[0].share == 1 and found[2].upper == 0


def test_leaving_out_is_leaving_out() -> None:
    for shape in ((5, 3, 4), (6, 1, 7), (1, 1, 8)):
        values = nested(9, shape).reshape([k for k in shape if k > 1])
        n = len(values)
        again = np.array([_mean_squares(np.delete(values, i, axis=0))[0] for i in range(n)])
        assert np.allclose(_squares_without_each(values), again)


def test_too_few_units_have_no_interval_of_the_jackknife() -> None:
    with pytest.raises(ValueError, match="4 units of parameters are too few for a jackknife interval"):
        variance_components(nested(3, (4, 4, 4)))
    assert len(variance_components(nested(3, (2, 4, 4)), interval="parametric")) == 3
    tiny = sim.load_scenario("tiny")
    with pytest.raises(sim.ScenarioError, match=r"variance_split\(n_worlds\) = 2; expected at least 5"):
        sim.variance_split(tiny, "mass", n_parameters=1, n_worlds=2)
    with pytest.raises(sim.ScenarioError, match="one outcome"):
        sim.variance_split(tiny, "mass", n_parameters=1, n_worlds=1, n_replicates=1)


def test_luck_that_one_unit_alone_has_leaves_nothing_known() -> None:
    """Without that unit nothing varies: the interval goes from next to nothing to far beyond what was seen."""
    values = np.zeros((8, 1, 1))
    values[3] = 5.0
    [found] = variance_components(values)
    assert found.lower < 1e-3 * found.variance and 1e3 * found.variance < found.upper < np.inf


def test_a_level_that_does_nothing_has_a_share_near_zero():
    found = variance_components(nested(5, (30, 4, 4), {**TRUE, "world": 0.0}))
    world = found[1]
    assert world.level == "world" and world.lower == 0.0 and world.share < 0.1


def test_levels_with_one_unit_are_left_out():
    found = variance_components(nested(3, (1, 40, 5)))
    assert [c.level for c in found] == ["world", "market"]
    assert [c.n_units for c in found] == [40, 200]
    [only] = variance_components(nested(3, (1, 1, 50)))
    assert only.level == "market" and only.share == 1.0
    with pytest.raises(ValueError, match="do not vary"):
        variance_components(np.ones((1, 1, 1)))


def test_equal_outcomes_have_no_variance():
    found = variance_components(np.full((7, 3, 3), 0.1))
    assert all(c.variance == 0 and np.isnan(c.share) for c in found)


def test_balanced_anova_by_hand():
    values = np.array([[[1.0, 3.0], [5.0, 7.0]], [[11.0, 13.0], [11.0, 17.0]]])
    within = ((values - values.mean(axis=2, keepdims=True)) ** 2).sum() / 4
    means = values.mean(axis=2)
    between = 2 * ((means - means.mean(axis=1, keepdims=True)) ** 2).sum() / 2
    top = 4 * ((means.mean(axis=1) - means.mean()) ** 2).sum() / 1
    levels = variance_components(values, interval="parametric", n_draws=10)
    found = {c.level: c.variance for c in levels}
    assert found["market"] == pytest.approx(within)
    assert found["world"] == pytest.approx((between - within) / 2)
    assert found["parameters"] == pytest.approx((top - between) / 4)


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["parameters.p_strong"], "not knowing the behavior parameters"),
        (["parameters.p_strong", "brands.Ours.price"], 'not knowing "f0", "f1"'),
    ],
)
def test_what_was_varied_is_what_the_variance_is_said_to_come_from(paths, words):
    values = nested(5, (6, 3, 3))
    factors = [{"name": f"f{k}", "paths": [path]} for k, path in enumerate(paths)]
    parts = variance_components(values)
    found = VarianceSplit("s", ("mass",), METRIC["profit"], parts, values, 0.95, 0, "", {"factors": factors})
    assert words in found.sentences[0] and "whom they know" in found.sentences[1]
