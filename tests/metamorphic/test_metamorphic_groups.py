"""Buying in groups costs no more than was set aside, and a group that fails costs hardly a sale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rich_market import counts_of, rich_tables

from simulator.model.market import Market, build_market
from simulator.model.observation import INDEX, MONEY_SCALE
from simulator.scenario import Scenario

OURS = 1
GROUPS = {"kind": "group_buying", "discount": 0.2, "size": 2, "deadline": 2, "share": 1.0}
#: Nothing is learned, seen or forgotten, so that an occasion to buy is judged alike in every week.
STILL = {
    "memory_retention": 1.0,
    "memory_gain_ad": 0.0,
    "memory_gain_contact": 0.0,
    "goodwill_weight": 0.0,
    "habit_weight": 0.0,
    "quality_weight": 0.0,
    "social_weight": 0.0,
    "externality_weight": 0.0,
}


def group_market(line: dict[str, Any], parameters: dict[str, float], budget: float, **keys: Any) -> Market:
    """Return the rich market in which the strategy is a group offer alone, and nothing else changes prices."""
    tables = rich_tables() | {"strategies": {"everything": {"lines": [{**GROUPS, **line}]}}, "events": []}
    tables["parameters"] = {**tables["parameters"], **parameters}
    tables["comparison"] = {**tables["comparison"], "budget": budget}
    tables["brands"] = [
        {key: value for key, value in brand.items() if key != "lines"} for brand in tables["brands"]
    ]
    scenario = Scenario.from_dict(tables, name="groups")
    return build_market(scenario.with_overrides(dict(keys)) if keys else scenario)


def ours(counts: np.ndarray, name: str) -> np.ndarray:
    """Return a series of the focal brand, [strategy, replicate, step]."""
    return counts[..., OURS, INDEX[name]]


@pytest.mark.parametrize("engine", ["numba", "mesa"])
@pytest.mark.parametrize("budget", [150.0, 600.0, 2500.0])
def test_discounts_never_cost_more_than_the_program_may_spend(engine: str, budget: float) -> None:
    market = group_market({}, {"delay_weight": 0.0}, budget)
    counts = counts_of(market, replicates=range(8 if engine == "numba" else 2), engine=engine)
    cap = int(budget / market.people_per_consumer * MONEY_SCALE)
    spent = ours(counts, "spend_strategy").sum(axis=-1)
    assert (spent <= cap).all()
    assert spent.max() > 0.4 * cap
    assert (ours(counts, "group_failures").sum(axis=-1) > 0).all()


def test_whoever_committed_settles_once() -> None:
    market = group_market({}, {"delay_weight": 0.0}, 600.0)
    counts = counts_of(market, replicates=range(8))
    settled = (ours(counts, "group_purchases") + ours(counts, "group_failures")).cumsum(axis=-1)
    committed = ours(counts, "group_commitments").cumsum(axis=-1)
    assert (settled <= committed).all()
    assert (committed[..., :-2] <= settled[..., 2:]).all()


def lost_by_failing_groups(deadline: int) -> float:
    """Return the share of sales that groups lose which nobody can complete, in a market that stands still."""
    line = {"size": 1000, "deadline": deadline, "discount": 0.9}
    market = group_market(
        line,
        {**STILL, "delay_weight": 0.0, "visit_weeks": 0.0},
        1e9,
        **{"population.traits.need_rate.mean": 0.02, "horizon": 60, "population.consumers": 1500},
    )
    counts = counts_of(market, ("none", "everything"), range(6))
    bought = ours(counts, "purchases").sum(axis=(1, 2))
    committed = ours(counts[1:], "group_commitments").sum()
    assert ours(counts[1:], "group_purchases").sum() == 0
    assert committed > 0.9 * bought[0]
    return float(1 - bought[1] / bought[0])


@pytest.mark.parametrize("deadline", [1, 4])
def test_groups_that_fail_lose_hardly_a_sale(deadline: int) -> None:
    """What is lost are needs that arise while one waits, and the last weeks' commitments.

    With 1500 consumers who have a need in fifty weeks, these are 2 % a week of waiting; with fresh luck at the
    end of the wait, more than half of the sales would be lost.
    """
    assert abs(lost_by_failing_groups(deadline)) < 0.03 * deadline + 0.01


@pytest.mark.parametrize("size", [2, 3])
def test_in_a_market_that_talks_some_groups_succeed_and_some_fail(size: int) -> None:
    counts = counts_of(group_market({"size": size}, {"delay_weight": 0.0}, 2500.0), replicates=range(4))
    for name in ("group_purchases", "group_failures"):
        assert (ours(counts, name).sum(axis=-1) > 0).all(), name


def test_a_dearer_week_gives_no_larger_discount() -> None:
    """The price doubles while groups wait: the discount stays that of the commitment."""
    tables = rich_tables() | {"strategies": {"everything": {"lines": [{**GROUPS, "deadline": 4}]}}}
    tables["parameters"] = {**tables["parameters"], "delay_weight": 0.0}
    tables["events"] = [
        {"step": s, "kind": "price_change", "brand": "Ours", "price": 10.0 + s} for s in range(1, 12)
    ]
    market = build_market(Scenario.from_dict(tables, name="dearer"))
    counts = counts_of(market, replicates=range(4))
    bought, given = ours(counts, "group_purchases"), ours(counts, "spend_discounts")
    price = market.arrays.price[market.burn_in :, OURS]
    assert bought[..., 1:].sum() > 0
    assert (given[..., 1:] <= bought[..., 1:] * (0.2 * price[:-1] * MONEY_SCALE + 1)).all()


@pytest.mark.parametrize("engine", ["numba", "mesa"])
def test_a_group_of_a_brand_that_left_lapses(engine: str) -> None:
    """Whoever waits for a brand that is gone gets nothing, at the deadline, and shops again."""
    left = 4
    line = {**GROUPS, "deadline": 3}
    tables = rich_tables() | {"strategies": {"everything": {"lines": [line]}}}
    tables["parameters"] = {**tables["parameters"], "delay_weight": 0.0}
    tables["events"] = [{"step": left, "kind": "exit", "brand": "Ours"}]
    market = build_market(Scenario.from_dict(tables, name="left"))
    counts = counts_of(market, replicates=range(4), engine=engine)
    assert ours(counts, "group_purchases")[..., :left].sum() > 0
    assert ours(counts, "purchases")[..., left:].sum() == 0
    committed = ours(counts, "group_commitments").sum()
    settled = ours(counts, "group_purchases").sum() + ours(counts, "group_failures").sum()
    assert committed == settled > 0
    assert (ours(counts, "group_failures")[..., left + 1 :].sum(axis=-1) > 0).all()
