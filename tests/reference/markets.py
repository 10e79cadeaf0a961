"""Markets in which one classic model is all that is left."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from simulator.engines.numba_engine import run_one
from simulator.model.campaigns import build_plan
from simulator.model.initialization import build_world
from simulator.model.market import Market, build_market
from simulator.model.observation import INDEX
from simulator.scenario import Scenario

CONSTANT = {"distribution": "constant", "cv": 0.0}
BARE: dict[str, Any] = {
    "title": "Bare",
    "purpose": "One classic model",
    "horizon": 20,
    "market": {"reference_price": 10.0},
    "population": {
        "consumers": 400,
        "habits": [{"name": "all", "share": 1.0, "online": 0.0, "reach": {"tv": 1.0}}],
        "traits": {
            "need_rate": {**CONSTANT, "mean": 20.0},
            "price_sensitivity": {**CONSTANT, "mean": 0.0},
            "sharing": {**CONSTANT, "mean": 1.0},
            "taste": {"sd": 0.0},
        },
    },
    "network": {"kind": "empty"},
    "channels": [{"name": "tv", "id": 0, "cost_per_thousand": 1000.0, "attention": 0.5}],
    "brands": [{"name": "A", "id": 1, "price": 10.0, "unit_cost": 5.0, "delivery_days": 0.0}],
    "parameters": {
        "category_value": 0.0, "goodwill_weight": 0.0, "habit_weight": 0.0, "trust_weight": 0.0,
        "belonging_weight": 0.0, "experience_sd": 0.0, "wear_out": 0.0, "memory_retention": 1.0,
        "p_strong": 0.0, "p_weak": 0.0, "friend_credibility": 0.0, "review_intercept": -20.0,
        "review_surprise": 0.0, "clutter_half": 1e6,
    },
    "comparison": {"budget": 1.0},
    "strategies": {"none": {}},
}  # fmt: skip


def bare_market(brands: list[Mapping[str, Any]] | None = None, graph: Any = None, **changes: Any) -> Market:
    """Return the bare market with some tables changed.

    Parameters
    ----------
    brands : list of mapping, optional
        Keys of each brand beside the bare one's; ids from 1 on.
    graph : networkx graph, optional
        Social graph.
    **changes : mapping or value
        Keys that are merged into a table, or a value at the top level.
    """
    tables = copy.deepcopy(BARE)
    for key, change in changes.items():
        tables[key] = {**tables.get(key, {}), **change} if isinstance(change, Mapping) else change
    if brands is not None:
        bare = tables["brands"][0]
        tables["brands"] = [{**bare, "name": f"B{k}", "id": k + 1, **b} for k, b in enumerate(brands)]
    if graph is not None:
        tables["population"]["consumers"] = graph.number_of_nodes()
    scenario = Scenario.from_dict(tables, name="bare")
    return build_market(scenario if graph is None else scenario.with_network(graph))


def run(market: Market, replicate: int = 0, strategy: str = "none", **population: Any) -> np.ndarray:
    """Run one replicate, with some traits of the population replaced; int64 [step, brand, series]."""
    world = build_world(market, 1, replicate)
    latest = population.pop("latest_brand", world.latest_brand)
    replacement = np.where(latest >= 0, 1_000_000, world.replacement_step).astype(np.int32)
    world = world._replace(
        population=world.population._replace(**population),
        latest_brand=latest.astype(np.int8),
        replacement_step=replacement,
    )
    return run_one(market, build_plan(market, strategy), world, 1, replicate)


def series(counts: np.ndarray, name: str) -> np.ndarray:
    """Return one series, int64 [step, brand]."""
    return counts[..., INDEX[name]]
