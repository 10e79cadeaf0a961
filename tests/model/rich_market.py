"""A small market in which every mechanism is at work, and ways to run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from simulator.engines import run_replicates
from simulator.model.campaigns import build_plan
from simulator.model.market import Market, build_market
from simulator.scenario import Scenario, load_scenario

FEED = {"kind": "advertising", "channel": "feed"}
EVERYTHING: tuple[dict[str, Any], ...] = (
    {"kind": "seeding", "rule": "random", "cost_per_seed": 3.0, "share": 0.1},
    {"kind": "referral", "reward_sender": 1.0, "reward_receiver": 1.0, "share": 0.1},
    {"kind": "community", "service_cost": 0.05, "share": 0.1},
    {"kind": "group_buying", "discount": 0.15, "size": 2, "deadline": 2, "start": 3, "share": 0.1},
    {"kind": "content", "channel": "feed", "production_cost": 10.0, "share": 0.1},
    {**FEED, "audience": "fit", "creative": "personal", "share": 0.1},
    {**FEED, "audience": "visitors", "coupon": 0.2, "end": 3, "share": 0.1},
    {"kind": "advertising", "channel": "tv", "audience": "random", "creative": "segment", "share": 0.1},
    {
        "kind": "advertising",
        "channel": "tv",
        "audience": "segment",
        "pulse_on": 2,
        "pulse_off": 1,
        "share": 0.1,
    },
    {"kind": "price_cut", "depth": 0.1, "start": 1, "end": 3, "share": 0.1},
)
RICH_PARAMETERS = {"social_weight": 0.5, "friction": 0.1, "join_intercept": -1.0, "invite_intercept": -1.0,
                   "share_intercept": -1.0, "review_intercept": -2.0, "feed_attention": 0.3}  # fmt: skip


@cache
def rich_tables() -> dict[str, Any]:
    """Return the tables of the rich market's scenario, to be copied before they are changed."""
    data = load_scenario("tiny").to_dict()
    data["horizon"] = 12
    data["population"]["consumers"] = 300
    data["comparison"]["budget"] = 8000.0
    data["strategies"] = {"everything": {"lines": list(EVERYTHING)}}
    data["parameters"] = {**data["parameters"], **RICH_PARAMETERS}
    for brand in data["brands"]:
        if brand["name"] == "Theirs":
            brand["weekly_supply"] = brand["initial_stock"] = 450.0
    return data


def rich_scenario(overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Return the rich market's scenario, with single values changed by dotted path."""
    scenario = Scenario.from_dict(rich_tables(), name="rich")
    return scenario.with_overrides(dict(overrides)) if overrides else scenario


def counts_of(
    scenario: Scenario | Market,
    strategies: Sequence[str] = ("everything",),
    replicates: Sequence[int] = (0,),
    *,
    seed: int = 7,
    threads: int = 1,
    engine: str = "numba",
) -> np.ndarray:
    """Run strategies of a scenario, unsolved, and return what was recorded.

    Returns
    -------
    ndarray, int64 [strategy, replicate, step, brand, series]
    """
    market = scenario if isinstance(scenario, Market) else build_market(scenario)
    plans = [build_plan(market, name) for name in strategies]
    return run_replicates(market, plans, engine=engine, seed=seed, replicates=replicates, threads=threads)


def with_parameter(market: Market, name: str, value: float) -> Market:
    """Return a market with one behaviour parameter changed."""
    return replace(market, parameters=market.parameters._replace(**{name: np.float32(value)}))
