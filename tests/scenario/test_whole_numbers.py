"""Numbers that must be whole are asked for as whole numbers, and drawn as such."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

from simulator.errors import ScenarioError
from simulator.experiment.decisions import read_decisions
from simulator.experiment.factors import Factor, factor_faults
from simulator.experiment.free_parameters import free_parameters
from simulator.scenario import load_scenario
from simulator.scenario.editor_schema import editor_schema
from simulator.scenario.parameters import PARAMETER, PARAMETERS
from simulator.scenario.schema.paths import takes_whole_numbers

WEEKS = ("refit_weeks", "retarget_weeks", "coupon_weeks", "visit_weeks")
SHARES = np.linspace(0.0, 1.0, 1001)


def test_every_number_of_weeks_is_whole() -> None:
    assert (
        {p.name for p in PARAMETERS if p.is_whole}
        == set(WEEKS)
        == {p.name for p in PARAMETERS if p.unit == "weeks"}
    )
    for parameter in (PARAMETER[name] for name in WEEKS):
        numbers = (
            parameter.low,
            parameter.high,
            parameter.default,
            parameter.prior.low,
            parameter.prior.high,
        )
        assert all(float(number).is_integer() for number in numbers)


@pytest.mark.parametrize("path", [*(f"parameters.{name}" for name in WEEKS), "brands.Ours.review_count"])
def test_a_fraction_is_refused_and_a_decimal_point_is_not(path: str) -> None:
    with pytest.raises(ScenarioError, match=r"2\.99; expected a whole number .*nothing is rounded"):
        load_scenario("tiny", {path: 2.99})
    assert (
        load_scenario("tiny", {path: 3.0}).value_at(path)
        == load_scenario("tiny", {path: 3}).value_at(path)
        == 3
    )


def test_editors_know() -> None:
    table = editor_schema()["$defs"]["ParameterTable"]["properties"]
    assert {name for name, entry in table.items() if entry.get("multipleOf") == 1} == set(WEEKS)


@pytest.mark.parametrize(
    ("path", "is_whole"),
    [
        ("parameters.refit_weeks", True),
        ("parameters.p_strong", False),
        ("brands[0].review_count", True),
        ("brands.Ours.price", False),
        ("strategies.social.lines[1].valid_weeks", True),
        ("strategies.social.lines[1].share", False),
        ("horizon", True),
        ("nowhere.at.all", False),
    ],
)
def test_the_schema_says_which_paths_are_whole(path: str, is_whole: bool) -> None:
    assert takes_whole_numbers(path) is is_whole


@pytest.mark.parametrize("name", WEEKS)
def test_priors_of_designs_draw_each_whole_number_equally_often(name: str) -> None:
    prior = PARAMETER[name].prior
    numbers = np.arange(prior.low, prior.high + 1)
    drawn = [Factor.prior(name).at(float(u)) for u in SHARES]
    found, counts = np.unique(drawn, return_counts=True)
    assert np.array_equal(found, numbers) and np.ptp(counts) <= 2


@pytest.mark.parametrize(
    ("factor", "low", "high"),
    [
        (Factor("x", ("parameters.coupon_weeks",), "uniform", low=1.5, high=4.5), 2, 4),
        (Factor("x", ("parameters.coupon_weeks",), "log_uniform", low=1.0, high=8.0), 1, 8),
        (
            Factor(
                "x", ("parameters.p_strong", "parameters.coupon_weeks"), "normal", low=1.0, high=9.0, mean=4.0
            ),
            1,
            9,
        ),
    ],
)
def test_any_range_over_weeks_draws_whole_numbers(factor: Factor, low: int, high: int) -> None:
    drawn = [factor.at(float(u)) for u in SHARES]
    assert all(float(value).is_integer() for value in drawn) and (min(drawn), max(drawn)) == (low, high)


@pytest.mark.parametrize(
    "given", ["refit_weeks", {"parameters.refit_weeks": (1, 13)}, {"parameters.refit_weeks": "log:1:13"}]
)
def test_calibration_draws_whole_numbers(given: Any) -> None:
    (parameter,) = free_parameters(given)
    drawn = parameter.value(np.random.default_rng(1).standard_normal(5000))
    assert np.array_equal(np.unique(drawn), np.arange(1, 14))
    assert np.array_equal(parameter.value(parameter.score(drawn)), drawn)


def test_calibration_refuses_a_range_without_two_whole_numbers() -> None:
    with pytest.raises(ScenarioError, match="at least two whole numbers"):
        free_parameters({"parameters.refit_weeks": (2.5, 3.5)})


def test_factors_priors_and_decisions_take_the_same_whole_numbers() -> None:
    path, shares = "parameters.coupon_weeks", (np.arange(3000) + 0.5) / 3000
    factor = Factor("x", (path,), "uniform", low=1.5, high=4.5)
    (parameter,) = free_parameters({path: (1.5, 4.5)})
    decisions, present = read_decisions(load_scenario("tiny"), "mass", False, {path: (1.5, 4.5)})
    (number,) = decisions.parts
    drawn = [
        [factor.at(u) for u in shares],
        parameter.value(ndtri(shares)).tolist(),
        [number.value(np.array([u])) for u in shares],
    ]
    assert (
        drawn[0] == drawn[1] == drawn[2] and np.unique(drawn[0], return_counts=True)[1].tolist() == [1000] * 3
    )
    assert decisions.allowed == {path: (2, 4)} and factor.two_levels == (2, 4)
    assert len(factor_faults("x", Factor("x", (path,), "uniform", low=2.5, high=3.5))) == 1
    for low, high, words in ((2.5, 3.5, "at least two whole numbers"), (4, 2, "a lower end below")):
        with pytest.raises(ScenarioError, match=words):
            read_decisions(load_scenario("tiny"), "mass", False, {path: (low, high)})
