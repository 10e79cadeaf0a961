"""Seedings of one brand: whom several of them choose together."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from rich_market import rich_tables

from simulator.errors import ScenarioError
from simulator.model.campaigns import build_plan
from simulator.model.initialization import build_world
from simulator.model.market import Market, build_market
from simulator.model.seeding import choose_seeds
from simulator.scenario import Scenario


def market_of(lines: list[dict[str, Any]], budget: float) -> Market:
    """Return the rich market with seedings alone."""
    data = copy.deepcopy(rich_tables()) | {"strategies": {"everything": {"lines": lines}}}
    data["comparison"]["budget"] = budget
    return build_market(Scenario.from_dict(data, name="seedings"))


def test_a_second_seeding_takes_the_next_consumers() -> None:
    lines = [
        {"kind": "seeding", "rule": rule, "cost_per_seed": 3.0, "share": share, "start": start}
        for rule, share, start in (("degree", 0.3, 0), ("degree", 0.2, 2), ("random", 0.5, 0))
    ]
    market = market_of(lines, 4500.0)
    plan, world = build_plan(market, "everything").arrays, build_world(market, 7, 0)
    seeds, first = choose_seeds(market.arrays, plan, world, 7, 0)
    parts = [seeds[a:b] for a, b in zip(first[:-1], first[1:], strict=True)]
    assert [part.size for part in parts] == [45, 30, 75]
    assert len(set(seeds.tolist())) == 150
    degree = np.diff(world.indptr)
    assert degree[parts[0]].min() >= degree[parts[1]].max()
    together = [{**lines[0], "share": 0.5}, {**lines[2], "share": 0.5}]
    one = market_of(together, 4500.0)
    at_once, _ = choose_seeds(one.arrays, build_plan(one, "everything").arrays, world, 7, 0)
    assert set(at_once[:75].tolist()) == set(np.concatenate(parts[:2]).tolist())


def test_more_seeds_than_consumers_are_refused() -> None:
    lines = [
        {"kind": "seeding", "rule": rule, "cost_per_seed": 1.0, "share": 0.5} for rule in ("degree", "random")
    ]
    with pytest.raises(ScenarioError, match="all 300 consumers"):
        market_of(lines, 4000.0)
