"""Every rule by name in a scenario: on both engines, within cells and quotas, nobody twice, faults at the door."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from simulator.diffusion.seeding import METHODS, market
from simulator.diffusion.seeding.centrality import pagerank
from simulator.engines import run_replicates
from simulator.errors import EngineError, ScenarioError
from simulator.experiment.seed_rules import GRAPH_RULES
from simulator.model import seed_rules
from simulator.model.campaigns import build_plan
from simulator.model.initialization import build_world
from simulator.model.market import build_market
from simulator.model.seeding import _BY_TIES, choose_seeds
from simulator.scenario import Scenario, load_scenario
from simulator.scenario.schema.lines import SEED_KEYS, SEED_RULES, Seeding

TINY = load_scenario("tiny").to_dict()
CELLS = load_scenario("tiny").population.cell_names()


def scenario_of(*lines: dict, consumers: int = 120, **tables) -> Scenario:
    """The tiny market with one strategy that seeds and does nothing else."""
    data = copy.deepcopy(TINY) | {
        "strategies": {"seeds": {"lines": [{"kind": "seeding", **line} for line in lines]}}
    }
    data["population"] = {**data["population"], "consumers": consumers, **tables.get("population", {})}
    data["comparison"] = {
        **data["comparison"],
        "strategies": ["seeds"],
        "baseline": "none",
        **tables.get("comparison", {}),
    }
    return Scenario.from_dict(data, name="seedings")


def paid_for(n: int, share: float = 1.0, consumers: int = 120) -> float:
    """Cost per seed at which a share of the budget buys n consumers."""
    people = TINY["population"]["people_per_consumer"]
    return TINY["comparison"]["budget"] * share / (people * n) * (1 - 1e-12)


def chosen(scenario: Scenario, seed: int = 3, replicate: int = 0) -> tuple[list[list[int]], object]:
    made = build_market(scenario)
    world = build_world(made, seed, replicate)
    seeds, first = choose_seeds(made.arrays, build_plan(made, "seeds").arrays, world, seed, replicate)
    return [seeds[a:b].tolist() for a, b in zip(first[:-1], first[1:], strict=True)], world


def test_the_names_of_rules_agree_everywhere():
    assert tuple(METHODS) == SEED_RULES == (*_BY_TIES, *GRAPH_RULES)
    assert all(set(rules) <= set(SEED_RULES) for rules in SEED_KEYS.values())
    assert set(SEED_KEYS) <= set(Seeding.model_fields)


@pytest.mark.parametrize("rule", SEED_RULES)
def test_both_engines_seed_the_same_people_and_pay_for_them(rule):
    scenario = scenario_of({"rule": rule, "cost_per_seed": paid_for(7), "share": 1.0})
    made = build_market(scenario)
    plan = build_plan(made, "seeds")
    counts = {
        engine: run_replicates(made, [plan], engine=engine, seed=3, replicates=[0, 1], threads=2)
        for engine in ("mesa", "numba")
    }
    np.testing.assert_array_equal(counts["mesa"], counts["numba"])
    (people,), world = chosen(scenario)
    assert len(set(people)) == 7
    assert all(0 <= consumer < 120 for consumer in people)


def test_ranks_are_those_of_the_worlds_graph():
    (people,), world = chosen(scenario_of({"rule": "pagerank", "cost_per_seed": paid_for(9), "share": 1.0}))
    from simulator.diffusion.rows import Arcs

    score = pagerank(Arcs(world.indptr, world.neighbors))
    assert set(people) == set(np.argsort(-score, kind="stable")[:9].tolist())
    for trait, sign in (("need_rate", -1), ("sharing", -1), ("price_sensitivity", 1), ("threshold", 1)):
        line = {"rule": "early_adopters", "trait": trait, "cost_per_seed": paid_for(9), "share": 1.0}
        (people,), world = chosen(scenario_of(line))
        values = sign * getattr(world.population, trait)
        assert set(people) == set(np.argsort(values, kind="stable")[:9].tolist())


@pytest.mark.parametrize("rule", SEED_RULES)
def test_cells_and_quotas_hold_and_nobody_is_seeded_twice(rule):
    some = CELLS[: max(2, len(CELLS) // 2)]
    lines = [
        {"rule": rule, "cost_per_seed": paid_for(6, 0.5), "share": 0.5, "cells": some},
        {"rule": rule, "cost_per_seed": paid_for(5, 0.25), "share": 0.25, "most_per_cell": 2},
        {"rule": "degree", "cost_per_seed": paid_for(8, 0.25), "share": 0.25, "start": 1},
    ]
    parts, world = chosen(scenario_of(*lines))
    assert [len(part) for part in parts] == [6, 5, 8]
    assert len({consumer for part in parts for consumer in part}) == 19
    names = [CELLS[cell] for cell in world.population.cell]
    assert {names[consumer] for consumer in parts[0]} <= set(some)
    assert max(np.bincount(world.population.cell[parts[1]])) <= 2


def test_the_world_decides_and_is_remembered(monkeypatch):
    line = {"rule": "ris", "cost_per_seed": paid_for(6), "share": 1.0, "epsilon": 0.2}
    scenario = scenario_of(line)
    asked = []
    method = METHODS["ris"]
    monkeypatch.setitem(
        METHODS, "ris", method._replace(choose=lambda question: asked.append(1) or method.choose(question))
    )
    market._kept.clear()
    first, _ = chosen(scenario)
    assert chosen(scenario)[0] == first and len(asked) == 1
    assert chosen(scenario, replicate=1)[0] != first and len(asked) == 2
    fixed = scenario_of(line, population={"world": "fixed"})
    assert chosen(fixed, replicate=4)[0] == chosen(fixed, replicate=5)[0] and len(asked) == 3


def test_an_unregistered_rule_is_said(monkeypatch):
    monkeypatch.setattr(seed_rules, "_registered", {})
    with pytest.raises(EngineError, match='nobody registered the seeding rule "k_core"'):
        chosen(scenario_of({"rule": "k_core", "cost_per_seed": paid_for(6), "share": 1.0}))


BAD = {
    "rule": ({"rule": "pagerang"}, "pagerank"),
    "key": ({"rule": "degree", "epsilon": 0.2}, 'it belongs to "ris"'),
    "spreading": ({"rule": "k_core", "spreading": "lt"}, '"degree_discount" and "celf" and "ris"'),
    "trait": ({"rule": "early_adopters", "trait": "height"}, "need_rate"),
    "cell": ({"rule": "degree", "cells": ["nowhere/x/y"]}, "a cell of the population"),
    "few candidates": ({"rule": "degree", "cells": CELLS[:1], "cost_per_seed": paid_for(110)}, "consumers"),
    "narrow quota": ({"rule": "degree", "most_per_cell": 1, "cost_per_seed": paid_for(110)}, "room for 110"),
    "samples": ({"rule": "celf", "samples": 0}, "samples"),
}


@pytest.mark.parametrize("name", BAD)
def test_faults_are_found_at_the_door(name):
    line, words = BAD[name]
    with pytest.raises(ScenarioError) as error:
        scenario_of({"cost_per_seed": paid_for(6), "share": 1.0, **line})
    assert words in str(error.value)
    assert "strategies.seeds.lines[0]" in str(error.value)
