"""Outcomes of treatments: the same numbers however they are asked for."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import simulator.engines
from simulator.errors import EngineError, ScenarioError
from simulator.experiment.comparison import compare
from simulator.experiment.treatments import Treatment, evaluate
from simulator.scenario import Scenario, load_scenario

METRICS = ("profit", "sales", "incremental_profit")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("minimal", {"population.consumers": 60})


@pytest.fixture(scope="module")
def treatments() -> list[Treatment]:
    cheap = {"brands.Ours.price": 9.0}
    return [Treatment("mass"), Treatment("none"), Treatment("mass", cheap), Treatment("mass", label="again")]


def test_numbers_do_not_depend_on_what_is_asked_with_them(scenario, treatments) -> None:
    together = evaluate(scenario, treatments, seed=3, replicates=range(5, 12), metrics=METRICS)
    assert together.shape == (4, 7, 3)
    assert np.array_equal(together[0], together[3]), "equal treatments"
    assert not np.array_equal(together[0], together[2])
    for k, treatment in enumerate(treatments):
        alone = evaluate(scenario, [treatment], seed=3, replicates=[11, 6], metrics=METRICS[::-1], threads=1)
        assert np.array_equal(alone[0, :, ::-1], together[k, [6, 1]])


def test_numbers_are_those_of_a_comparison(scenario, treatments) -> None:
    values = evaluate(scenario, treatments, seed=3, replicates=range(4, 8), metrics=METRICS)
    changed = scenario.with_overrides({"brands.Ours.price": 9.0})
    for position, compared in (
        (0, compare(scenario, seed=3, first_replicate=4, n_replicates=4)),
        (2, compare(changed, seed=3, first_replicate=4, n_replicates=4)),
    ):
        mass = compared.strategies.index("mass")
        for m, metric in enumerate(METRICS):
            assert np.array_equal(values[position, :, m], compared.outcomes.of(metric)[mass])


def test_treatments_are_equal_by_content() -> None:
    a = Treatment("mass", {"horizon": 5, "brands.Ours.price": 9.0}, label="short")
    b = Treatment("mass", {"brands.Ours.price": 9.0, "horizon": 5})
    assert a == b
    assert len({a, b, Treatment("mass"), Treatment("none")}) == 3
    assert pickle.loads(pickle.dumps(a)) == a
    assert (a.name, b.name) == ("short", "mass, brands.Ours.price=9.0, horizon=5")


def test_settings_are_read_back_by_the_command_line(scenario) -> None:
    changes = {
        "channels.tv.attention": 1e-05,
        "market.currency": "US dollar",
        "comparison.strategies": ["mass"],
    }
    settings = Treatment("mass", changes).settings
    assert scenario.with_overrides(list(settings)) == scenario.with_overrides(changes)


def test_every_fault_is_told(scenario) -> None:
    wrong = [
        Treatment("mas"),
        Treatment("mass", {"brands.Ours.prise": 2}),
        Treatment("mass", {"horizon": -1}),
    ]
    with pytest.raises(ScenarioError) as raised:
        evaluate(scenario, wrong, seed=1, replicates=range(2), metrics=["sales"])
    told = str(raised.value)
    assert all(part in told for part in ("'mas'", "brands[0].prise", "horizon = -1"))
    with pytest.raises(ScenarioError) as raised:
        evaluate(scenario, [], seed=1, replicates=[3, 3], metrics=["sale", "profit", "profit"])
    told = str(raised.value)
    assert all(part in told for part in ("3 twice", "'sale'", '"profit" twice', "at least one treatment"))
    with pytest.raises(ScenarioError) as raised:
        evaluate(scenario, wrong, seed=-1, replicates=[3, 3], metrics=["sale"], engine="numa")
    told = str(raised.value)
    assert all(part in told for part in ("seed", "numba", "3 twice", "'sale'", "'mas'", "horizon = -1"))
    with pytest.raises(ScenarioError, match=r"^evaluate\(scenario\)"):
        evaluate("minimal", wrong, seed=1, replicates=[3], metrics=["sales"])


def test_a_failure_says_how_to_run_it_alone(scenario, monkeypatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise EngineError("it runs alone with: simulator simulate X")

    price = Treatment("mass", {"brands.Ours.price": 9.5})
    evaluate(scenario, [price], seed=1, replicates=[0], metrics=["sales"])
    monkeypatch.setattr(simulator.engines, "run_replicates", fail)
    with pytest.raises(EngineError, match=r"simulate X --set 'brands.Ours.price=9.5'"):
        evaluate(scenario, [price], seed=1, replicates=[0], metrics=["sales"])
