"""Approximate Bayesian computation against exact posteriors, and the rank check against samplers that lie."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.experiment.approximate_bayes import (
    Rounds,
    adjust,
    by_table,
    make_table,
    sequentially,
)
from simulator.experiment.calibration import _left_out_draws
from simulator.experiment.free_parameters import FreeParameter, free_parameters, values_of
from simulator.experiment.simulation_based_check import rank_check, simulation_based_calibration

#: Eight observations of two scores with unit noise: the posterior is known exactly.
LOADINGS = np.array([[1, 0], [1, 0.5], [0.5, 1], [0, 1], [0.3, -0.3], [1, 1], [-0.5, 0.2], [0.1, 0.8]])
COVARIANCE = np.linalg.inv(np.eye(2) + LOADINGS.T @ LOADINGS)


def simulate(scores, rng):
    return scores @ LOADINGS.T + rng.standard_normal((len(scores), 8))


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(1)
    scores = rng.standard_normal((3000, 2))
    return make_table(scores, simulate(scores, rng))


def exact_mean(observed):
    return COVARIANCE @ LOADINGS.T @ observed


@pytest.mark.parametrize("truth", [(0.5, -1.0), (-2.0, 0.0), (1.5, 1.5)])
def test_the_table_gives_the_exact_posterior(table, truth) -> None:
    rng = np.random.default_rng(2)
    observed = simulate(np.array([truth]), rng)[0]
    drawn = by_table(table, observed, 4000, rng).scores
    assert drawn.mean(axis=0) == pytest.approx(exact_mean(observed), abs=0.2)
    assert np.cov(drawn.T) == pytest.approx(COVARIANCE, abs=0.08)


def test_the_sequence_gives_the_exact_posterior() -> None:
    rng = np.random.default_rng(3)
    scores = rng.standard_normal((400, 2))
    table = make_table(scores, simulate(scores, rng))
    observed = simulate(np.array([[-1.5, 1.0]]), rng)[0]
    found = sequentially(
        table,
        observed,
        lambda _, z: simulate(z, rng),
        4000,
        rng,
        Rounds(n_particles=400, most_simulations=8000),
    )
    assert found.scores.mean(axis=0) == pytest.approx(exact_mean(observed), abs=0.2)
    assert np.cov(found.scores.T) == pytest.approx(COVARIANCE, abs=0.08)
    tolerances = [entry["tolerance"] for entry in found.rounds]
    assert len(tolerances) > 2 and tolerances == sorted(tolerances, reverse=True)
    assert found.n_simulations <= 8000 and found.stopped


def test_a_sequence_that_stalls_stops() -> None:
    """Summaries that are always the same distance away: no proposal improves, and the method says so."""
    rng = np.random.default_rng(4)
    scores = rng.standard_normal((200, 1))
    table = make_table(scores, scores + 0.1 * rng.standard_normal((200, 1)))
    away = lambda _, z: np.full((len(z), 1), 50.0)  # noqa: E731
    found = sequentially(table, np.zeros(1), away, 100, rng, Rounds(n_particles=50, most_simulations=10**6))
    assert "accepted" in found.stopped and found.n_simulations < 2000


def test_undefined_summaries_are_left_out() -> None:
    rng = np.random.default_rng(5)
    scores = rng.standard_normal((500, 2))
    raw = simulate(scores, rng)
    raw[::5, 3] = np.nan
    assert len(make_table(scores, raw).scores) == 400


def exact_sampler(width: float, shift: float = 0.0):
    factor = np.linalg.cholesky(COVARIANCE) * width

    def draw(observed, n, rng):
        return exact_mean(observed) + shift + rng.standard_normal((n, 2)) @ factor.T

    return draw


def check_of(sampler, n_truths: int = 400):
    return simulation_based_calibration(
        ("a", "b"),
        lambda rng: rng.standard_normal(2),
        lambda truth, rng: simulate(truth[None], rng)[0],
        sampler,
        n_truths=n_truths,
        seed=6,
    )


def test_ranks_of_the_exact_posterior_are_uniform() -> None:
    check = check_of(exact_sampler(1.0))
    assert check.p_value > 0.01
    assert check.histogram.sum(axis=1).tolist() == [400, 400] and check.ranks.max() <= 99
    for share in check.coverage(0.9).values():
        assert abs(share - check.nominal(0.9)) < 4 * np.sqrt(0.9 * 0.1 / 400)


@pytest.mark.parametrize("sampler", [exact_sampler(0.6), exact_sampler(1.7), exact_sampler(1.0, 0.4)])
def test_a_posterior_that_is_too_narrow_too_wide_or_biased_is_found_out(sampler) -> None:
    assert check_of(sampler).p_value < 1e-6


def test_ranks_of_the_table_are_uniform_and_its_intervals_cover(table) -> None:
    """A false alarm has a probability below 0.005: p > 0.005, and coverage within four standard errors."""
    rng = np.random.default_rng(7)
    truths = rng.standard_normal((400, 2))
    observed = simulate(truths, rng)
    draws = np.stack([by_table(table, row, 99, rng).scores for row in observed])
    check = rank_check(("a", "b"), truths, draws, rng)
    assert check.p_value > 0.005
    for share in check.coverage(0.9).values():
        assert abs(share - 0.9) < 4 * np.sqrt(0.9 * 0.1 / 400)
    narrowed = draws.mean(axis=1, keepdims=True) + 0.6 * (draws - draws.mean(axis=1, keepdims=True))
    assert rank_check(("a", "b"), truths, narrowed, rng).p_value < 1e-6


def test_the_prior_has_uniform_ranks_but_no_contraction() -> None:
    ignorant = check_of(lambda observed, n, rng: rng.standard_normal((n, 2)))
    exact = check_of(exact_sampler(1.0))
    assert ignorant.p_value > 0.01 and exact.p_value > 0.01
    assert ignorant.contraction == pytest.approx([0, 0], abs=0.15)
    assert exact.contraction == pytest.approx(1 - np.diag(COVARIANCE), abs=0.04)
    assert exact.square_z == pytest.approx([1, 1], abs=0.3)
    assert (check_of(exact_sampler(0.6)).square_z > 2).all()
    assert exact.to_json_document()["contraction"]["a"] == exact.contraction[0]


def test_a_truth_has_no_part_in_its_own_draws(table) -> None:
    from dataclasses import replace

    scores = table.scores.copy()
    scores[:3] = 50.0
    for k in range(3):
        own = table.scores.copy()
        own[k] = 50.0
        usual, moved = (
            _left_out_draws(replace(table, scores=values), k + 1, np.random.default_rng(1))[k]
            for values in (table.scores, own)
        )
        assert (usual == moved).all()


def test_the_spread_of_the_draws_is_that_at_the_observation() -> None:
    """Where the spread grows with the statistic, draws from elsewhere are stretched to the spread at the target."""
    rng = np.random.default_rng(12)
    statistics = rng.uniform(-1, 1, (6000, 1))
    scores = 2 * statistics + np.exp(0.8 * statistics) * rng.standard_normal((6000, 1))
    for target in (-0.5, 0.0, 0.5):
        adjusted, weights, _ = adjust(scores, statistics, np.array([target]), 1.0)
        mean = float(weights @ adjusted[:, 0])
        sd = float(np.sqrt(weights @ (adjusted[:, 0] - mean) ** 2))
        assert mean == pytest.approx(2 * target, abs=0.15)
        assert sd == pytest.approx(np.exp(0.8 * target), rel=0.08)


def test_tied_ranks_are_broken_evenly() -> None:
    rng = np.random.default_rng(8)
    truths = rng.integers(0, 2, (2000, 1)).astype(float)
    draws = rng.integers(0, 2, (2000, 19, 1)).astype(float)
    assert rank_check(("coin",), truths, draws, rng).p_value > 0.01


@pytest.mark.parametrize(
    "parameter",
    [
        FreeParameter("x", "uniform", -2, 3),
        FreeParameter("x", "log_uniform", 0.01, 5),
        FreeParameter("x", "normal", 1, 2),
    ],
)
def test_scores_and_values_are_inverse_and_the_prior_is_right(parameter) -> None:
    from scipy import stats

    z = np.random.default_rng(9).standard_normal(4000)
    values = parameter.value(z)
    assert parameter.score(values) == pytest.approx(z, abs=1e-6)
    law = {
        "uniform": stats.uniform(-2, 5),
        "log_uniform": stats.loguniform(0.01, 5),
        "normal": stats.norm(1, 2),
    }[parameter.form]
    assert stats.kstest(values, law.cdf).pvalue > 1e-3
    assert values_of([parameter], z[:, None]).shape == (4000, 1)


def test_priors_are_read_in_every_form() -> None:
    from simulator.errors import ScenarioError

    found = free_parameters(
        {
            "a": (0, 1),
            "b": "log:0.1:10",
            "c": "normal:0:2",
            "d": {"distribution": "log_uniform", "low": 1, "high": 2},
        }
    )
    assert [parameter.form for parameter in found] == ["uniform", "log_uniform", "normal", "log_uniform"]
    (named,) = free_parameters(["p_strong"])
    assert named.name == "parameters.p_strong" and named.a < named.b
    with pytest.raises(ScenarioError) as error:
        free_parameters(
            {"a": (1, 0), "b": "log:-1:2", "c": "x", "d": {"low": 1}, "e": {"distribution": "gamma"}}
        )
    assert len(error.value.faults) == 5
    for given, words in ((["p_strongg"], "p_strong"), ([], "at least one"), (["a=0:1", "a=0:2"], "twice")):
        with pytest.raises(ScenarioError, match=words):
            free_parameters(given)
