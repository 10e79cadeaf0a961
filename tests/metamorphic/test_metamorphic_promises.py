"""What is given once counts once: coupons, reviews that were read and needs."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from rich_market import counts_of, rich_scenario, rich_tables

from simulator.model.market import Market, build_market
from simulator.model.observation import FRACTION_SCALE, INDEX, MONEY_SCALE
from simulator.model.rules.search import review_weight
from simulator.scenario import Scenario

ENGINES = ("numba", "mesa")
OURS = 1
COUPON = {"kind": "advertising", "channel": "tv", "coupon": 0.3, "end": 1, "share": 1.0}


def market_of(lines: list[dict[str, Any]], parameters: dict[str, float], **tables: Any) -> Market:
    """Return the rich market with other lines and parameters, without standing plans and events."""
    data = copy.deepcopy(rich_tables()) | {"strategies": {"everything": {"lines": lines}}, "events": []}
    data["parameters"] |= parameters
    data["brands"] = [{**brand, "lines": []} for brand in data["brands"]]
    for name, table in tables.items():
        data[name] = {**data[name], **table}
    return build_market(Scenario.from_dict(data, name="promises"))


def total(counts: np.ndarray, name: str) -> np.ndarray:
    """Return a series of the focal brand under the one strategy, [replicate, step]."""
    return counts[0][..., OURS, INDEX[name]]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("weeks", [1, 3, 12])
def test_a_coupon_is_good_for_one_unit_and_for_its_weeks(engine: str, weeks: int) -> None:
    market = market_of([COUPON], {"coupon_weeks": float(weeks)}, comparison={"budget": 2000.0})
    counts = counts_of(market, replicates=range(2), engine=engine)
    used = total(counts, "spend_discounts") / (0.3 * 10.0 * MONEY_SCALE)
    assert np.allclose(used, np.round(used), atol=1e-3)
    assert used[:, 0].sum() > 0
    assert (used.sum(axis=1) <= total(counts, "noticed")[:, 0] + 1e-6).all()
    assert used[:, weeks:].sum() == 0
    if weeks == 3:
        assert used[:, 2].sum() > 0


@pytest.mark.parametrize("engine", ENGINES)
def test_reviews_are_read_once(engine: str) -> None:
    """Nobody buys, so nothing is written: belief rises to what one reading gives, and stays there."""
    online = {"population.habits.store.online": 1.0, "population.habits.online.online": 1.0}
    silent = {"reading_propensity": 1.0, "category_value": -20.0, "quality_weight": 0.0}
    scenario = rich_scenario(online | {"brands.Ours.review_count": 80.0, "brands.Ours.review_mean": 1.5})
    data = scenario.to_dict() | {"strategies": {"everything": {"lines": []}}, "events": [], "horizon": 40}
    data["parameters"] |= silent
    data["brands"] = [
        {**brand, "lines": [], "initial_buyers": 0.0, "online_coverage": 1.0} for brand in data["brands"]
    ]
    market = build_market(Scenario.from_dict(data, name="reviews"))
    counts = counts_of(market, engine=engine)
    weight = float(review_weight(np.float32(80), np.float32(1.5), np.float32(20)))
    once = 1.5 * weight / (1 + weight)
    belief = total(counts, "belief")[0] / FRACTION_SCALE / market.n_consumers
    assert total(counts, "purchases").sum() == 0
    assert belief[-1] == pytest.approx(once, abs=2e-3)
    assert belief.max() <= once + 1e-4


@pytest.mark.parametrize("engine", ENGINES)
def test_whoever_shops_has_a_need_that_is_counted(engine: str) -> None:
    """Everybody considers every brand, so considering shoppers and needs are the same consumers."""
    groups = {"kind": "group_buying", "discount": 0.3, "size": 4, "deadline": 2, "share": 1.0}
    found = {"delay_weight": 0.0, "memory_retention": 1.0}
    market = market_of([groups], found)
    brands = [{**b, "initial_memory": 1.0} for b in market.scenario.to_dict()["brands"]]
    market = market_of([groups], found)
    data = market.scenario.to_dict() | {"brands": brands}
    market = build_market(Scenario.from_dict(data, name="needs"))
    counts = counts_of(market, replicates=range(2), engine=engine)
    assert total(counts, "group_failures").sum() > 0
    assert np.array_equal(total(counts, "considered"), total(counts, "needs"))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("budget", [200.0, 2000.0, 2e5])
def test_a_price_cut_fits_the_money_left_if_as_many_buy_as_in_the_last_step(
    engine: str, budget: float
) -> None:
    cut = {"kind": "price_cut", "depth": 0.4, "share": 1.0}
    market = market_of([cut], {}, comparison={"budget": budget})
    counts = counts_of(market, replicates=range(4), engine=engine)
    spent, units = total(counts, "spend_strategy"), total(counts, "purchases")
    cap = budget / market.people_per_consumer * MONEY_SCALE
    left = np.maximum(cap - spent.cumsum(axis=1), 0)[:, :-1]
    full = 0.4 * 10.0 * MONEY_SCALE * units[:, 1:]
    afforded = left * units[:, 1:] / np.maximum(units[:, :-1], 1)
    room = np.where(units[:, :-1] > 0, np.minimum(full, afforded), full)
    assert (spent[:, 1:] <= room + units[:, 1:] + 1).all()
    assert (spent[:, 1:] == np.round(full)).all() == (budget == 2e5)
    assert (spent.sum(axis=1) > 0.9 * min(cap, full.sum(axis=1).min())).all()
