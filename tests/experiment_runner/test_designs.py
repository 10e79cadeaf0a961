"""Designs against known matrices, laws of space-filling points, and published properties."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from simulator.errors import ScenarioError
from simulator.experiment.designs import design_points, unit_points
from simulator.experiment.factors import Factor
from simulator.experiment.fractional import fraction
from simulator.scenario.parameters import PARAMETERS


def two(name: str) -> Factor:
    return Factor(name, (f"parameters.{name}",), "levels", (0, 1))


def test_a_full_factorial_has_every_combination_once() -> None:
    factors = [
        Factor("a", ("x",), "levels", (1, 2, 3)),
        Factor("b", ("y", "z"), "levels", ("u", "v")),
    ]
    points = design_points("full_factorial", factors)
    assert [(p.factors["a"], p.factors["b"]) for p in points] == list(
        itertools.product((1, 2, 3), ("u", "v"))
    )
    assert points[1].overrides == {"x": 1, "y": "v", "z": "v"}
    assert [p.overrides for p in design_points("full_factorial")] == [{}]


def test_the_half_fraction_of_box_and_hunter() -> None:
    half = fraction(4, ["D=ABC"])
    a, b, c, d = half.signs.T.astype(int)
    assert half.signs.shape == (8, 4)
    assert (d == a * b * c).all()
    assert half.words == ("ABCD",)
    assert half.resolution == 4
    aliases = half.aliases(["a", "b", "c", "d"])
    assert aliases == [("a x b", "c x d"), ("a x c", "b x d"), ("a x d", "b x c")]


def test_the_quarter_fraction_has_its_defining_relation() -> None:
    quarter = fraction(7, ["D=AB", "E=-AC", "F=BC", "G=ABC"])
    words = {"ABD", "-ACE", "BCF", "ABCG"}
    assert words <= set(quarter.words)
    assert len(quarter.words) == 2**4 - 1
    assert quarter.resolution == 3
    product = {letter: quarter.signs[:, k].astype(int) for k, letter in enumerate("ABCDEFG")}
    for word in quarter.words:
        sign = -1 if word.startswith("-") else 1
        assert (np.prod([product[letter] for letter in word.lstrip("-")], axis=0) == sign).all(), word


@pytest.mark.parametrize(
    ("n", "generators"), [(4, ["D=ABC"]), (7, ["D=AB", "E=AC", "F=BC", "G=ABC"]), (5, ["E=-ABCD"])]
)
def test_columns_are_balanced_and_orthogonal(n: int, generators: list[str]) -> None:
    signs = fraction(n, generators).signs.astype(int)
    assert (signs.T @ signs == len(signs) * np.eye(n, dtype=int)).all()
    assert (signs.sum(axis=0) == 0).all()


def test_effects_estimated_on_a_fraction_are_sums_of_aliases() -> None:
    chosen = fraction(3, ["C=AB"])
    a, b, c = chosen.signs.T.astype(float)
    response = 1 + 2 * a + 3 * b + 0 * c + 5 * a * b
    effect_of_c = (response * c).mean()
    assert effect_of_c == pytest.approx(5)
    assert ("c", "a x b") in chosen.aliases(["a", "b", "c"])


def test_a_latin_hypercube_has_one_point_in_each_stratum() -> None:
    points = unit_points("latin_hypercube", 37, 5, 3)
    assert (np.sort((points * 37).astype(int), axis=0) == np.arange(37)[:, None]).all()


def test_scrambled_sobol_points_are_a_net() -> None:
    points = unit_points("sobol", 64, 2, 8)
    for k in range(7):
        cells = (points * [2**k, 2 ** (6 - k)]).astype(int)
        assert len(np.unique(cells, axis=0)) == 64, f"2^{k} x 2^{6 - k} intervals"
    random = np.random.default_rng(8).random((64, 2))
    assert len(np.unique((random * 8).astype(int), axis=0)) < 64, "random points are no net"


def test_seeds_of_a_design_matter_and_repeat() -> None:
    first, again, other = (unit_points("sobol", 16, 3, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_one_at_a_time_changes_one_factor_at_a_time() -> None:
    factors = [Factor("a", ("x",), "uniform", low=1, high=2), Factor("b", ("y",), "levels", (5, 6, 7))]
    points = design_points("one_at_a_time", factors)
    assert [p.overrides for p in points] == [{}, {"x": 1.0}, {"x": 2.0}, {"y": 5}, {"y": 6}, {"y": 7}]


@pytest.mark.parametrize(
    ("factor", "law"),
    [
        (Factor("u", ("x",), "uniform", low=2, high=5), stats.uniform(2, 3)),
        (Factor("l", ("x",), "log_uniform", low=0.01, high=10), stats.loguniform(0.01, 10)),
        (Factor("n", ("x",), "normal", mean=1, sd=2), stats.norm(1, 2)),
        (Factor("t", ("x",), "normal", mean=1, sd=2, low=0, high=2), stats.truncnorm(-0.5, 0.5, 1, 2)),
    ],
    ids=["uniform", "log-uniform", "normal", "normal cut off"],
)
def test_quantiles_are_those_of_the_law(factor: Factor, law: object) -> None:
    shares = np.linspace(0.001, 0.999, 31)
    assert [factor.at(u) for u in shares] == pytest.approx(law.ppf(shares), rel=1e-9, abs=1e-12)  # type: ignore[attr-defined]


def test_whole_numbers_and_levels_are_equally_likely() -> None:
    shares = (np.arange(700) + 0.5) / 700
    die = Factor("d", ("x",), "uniform", low=1, high=7, is_whole=True)
    coin = Factor("c", ("x",), "levels", tuple("abcdefg"))
    for factor in (die, coin):
        values, counts = np.unique([factor.at(u) for u in shares], return_counts=True)
        assert len(values) == 7
        assert (counts == 100).all()
    assert (die.at(0.0), die.at(1.0), coin.at(1.0)) == (1, 7, "g")


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_a_prior_stays_within_the_table(parameter) -> None:
    factor = Factor.prior(parameter.name)
    ends = factor.at(0.0), factor.at(1.0)
    assert ends == pytest.approx((parameter.prior.low, parameter.prior.high), rel=1e-9, abs=1e-12)
    assert parameter.low <= min(ends)
    assert max(ends) <= parameter.high * (1 + 1e-12)


@pytest.mark.parametrize(
    ("kind", "arguments", "told"),
    [
        ("sobol", {"n_points": 100}, "use 64 or 128"),
        ("latin_hypercube", {}, "a whole number from 1"),
        ("fractional_factorial", {"generators": ["C=AB", "C=A"]}, "one generator for C"),
        ("fractional_factorial", {"generators": ["Z=AB"]}, "letters ABC"),
        ("fractional_factorial", {"generators": ["C=AB", "B=CA"]}, "not generated themselves"),
        ("full", {}, "one of full_factorial"),
        ("points", {}, "none where points are listed"),
    ],
)
def test_faults_of_designs_say_what_to_do(kind: str, arguments: dict, told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        design_points(kind, [two("a"), two("b"), two("c")], **arguments)
