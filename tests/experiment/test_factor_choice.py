"""What a study varies, as users name it."""

from __future__ import annotations

import pytest

from simulator.experiment.factor_choice import chosen_factors
from simulator.experiment.factors import Factor
from simulator.scenario import load_scenario
from simulator.scenario.parameters import PARAMETERS


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("tiny")


def choose(scenario, given):
    faults = []
    return chosen_factors("study(factors)", given, scenario, faults), [str(fault) for fault in faults]


def test_nothing_means_all_priors(scenario):
    found, faults = choose(scenario, None)
    assert not faults and [f.name for f in found] == sorted(p.name for p in PARAMETERS)


@pytest.mark.parametrize(
    "given",
    [
        "p_weak,brands.Ours.price=8:12,friend_credibility",
        ["friend_credibility", "parameters.p_weak", "brands.Ours.price=8:12"],
        [Factor.prior("p_weak"), ("brands.Ours.price", (8, 12)), "friend_credibility"],
    ],
)
def test_all_ways_of_naming_factors_agree(scenario, given):
    found, faults = choose(scenario, given)
    assert not faults
    assert [f.name for f in found] == ["brands.Ours.price", "friend_credibility", "p_weak"]
    assert found[0].at(0.5) == 10.0 and found[1].kind == "log_uniform"
    assert found[2].paths == ("parameters.p_weak",)


def test_ranges_may_be_logarithmic_and_whole(scenario):
    found, faults = choose(scenario, {"brands.Ours.price": (1, 100, "log"), "population.consumers": (20, 40)})
    assert not faults
    assert found[0].at(0.5) == pytest.approx(10.0)
    assert isinstance(found[1].at(0.3), int)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "nothing"),
        ("p_wek", "p_weak"),
        ("p_weak,p_weak", "'p_weak' twice"),
        ("p_weak=1", "low and a high"),
        ("p_weak=a:b", "low and a high"),
        ("p_weak=0:nan", "low and a high"),
        ("p_weak=0.3:0.1", "a lower end below the upper end"),
        ("p_weak=0:0.2:log", "above 0"),
        ("p_weak=0.1:0.2:square", "low and a high"),
        ("p_weak=0.1:50", "p_weak"),
        ("brands.Ours.name=1:2", "number"),
        ("brands.Ours.prise=1:2", "price"),
        ([3], "a parameter, or"),
        ([Factor("f", ("horizon",), "levels", (1, 2))], "range of numbers"),
    ],
)
def test_faults_are_told(scenario, given, told):
    _, faults = choose(scenario, given)
    assert faults and any(told in fault for fault in faults)
