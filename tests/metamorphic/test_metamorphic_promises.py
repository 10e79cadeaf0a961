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


@pytest.mark.parametrize("engine", ENGINES)
def test_rewards_win_customers(engine: str) -> None:
    """Nobody redeems an invitation who has bought the brand before, in a group or alone."""
    lines = [
        {"kind": "referral", "reward_sender": 3.0, "reward_receiver": 3.0, "invitations": 8.0, "share": 0.6},
        {"kind": "group_buying", "discount": 0.2, "size": 2, "deadline": 2, "share": 0.4},
    ]
    market = market_of(lines, {"invite_intercept": 3.0}, comparison={"budget": 50000.0})
    counts = counts_of(market, replicates=range(2), engine=engine)
    redeemed, first = total(counts, "redeemed"), total(counts, "first_purchases")
    assert redeemed.sum() > 0
    assert (redeemed <= first).all()
    assert total(counts, "invitations").sum() > 5 * redeemed.sum()


@pytest.mark.parametrize("engine", ENGINES)
def test_standing_coupons_are_not_the_strategys(engine: str) -> None:
    """A tiny coupon of the strategy's does not charge it for what the standing plan gives away."""
    standing = {"kind": "advertising", "channel": "tv", "coupon": 0.5, "weekly_spend": 500.0}
    spent = {}
    for coupon in (0.0, 0.001):
        line = {"kind": "advertising", "channel": "tv", "coupon": coupon, "share": 1.0}
        data = market_of([line], {}, comparison={"budget": 2000.0}).scenario.to_dict()
        data["brands"] = [
            {**brand, "lines": [standing] if brand["name"] == "Ours" else []} for brand in data["brands"]
        ]
        market = build_market(Scenario.from_dict(data, name="coupons"))
        counts = counts_of(market, replicates=range(2), engine=engine)
        spent[coupon] = total(counts, "spend_strategy").sum() / MONEY_SCALE
        assert total(counts, "spend_discounts").sum() > 20 * MONEY_SCALE
    assert spent[0.0] < spent[0.001] < spent[0.0] + 5


@pytest.mark.parametrize("engine", ENGINES)
def test_conversion_is_a_share_of_clicks(engine: str) -> None:
    """Coming across a brand online is no click; a purchase uses a click up."""
    line = {"kind": "advertising", "channel": "feed", "share": 1.0}
    market = market_of([line], {}, comparison={"budget": 5000.0})
    counts = counts_of(market, ("none", "everything"), range(4), engine=engine)
    clicks = counts[..., OURS, INDEX["clicks"]].sum(axis=-1)
    converted = counts[..., OURS, INDEX["converted_clicks"]].sum(axis=-1)
    assert (clicks[0] == 0).all()
    assert (converted[0] == 0).all()
    assert (converted[1] > 0).all()
    assert (converted[1] < clicks[1]).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_brand_that_has_left_spends_nothing_and_one_to_come_gets_no_stock(engine: str) -> None:
    data = market_of([{"kind": "advertising", "channel": "tv", "share": 1.0}], {}).scenario.to_dict()
    data["events"] = [{"step": 6, "kind": "exit", "brand": "Ours"}]
    data["brands"] = [
        {**brand, "weekly_supply": 50.0, "initial_stock": 50.0, "present_from_start": False, "launch_step": 4}
        if brand["name"] == "Late"
        else brand
        for brand in data["brands"]
    ]
    market = build_market(Scenario.from_dict(data, name="left"))
    counts = counts_of(market, replicates=range(2), engine=engine)
    assert total(counts, "spend_media")[:, 5].min() > 0
    assert total(counts, "spend_media")[:, 6:].sum() == 0
    late = counts[0][..., [brand.name for brand in market.brands].index("Late"), INDEX["purchases"]]
    assert late[:, :4].sum() == 0
    # the first stock and one week's supply, however long it was before
    assert (late[:, 4] <= 2 * 50.0 / market.people_per_consumer).all()
    assert late[:, 4].sum() > 0


def bought_when_ours_is_scarce(engine: str, key: dict[str, str], **brands: dict[str, Any]) -> np.ndarray:
    """Return first-step purchases by brand, Theirs, Ours and Late, where hardly any unit of ours is there."""
    still = {"memory_retention": 1.0, "delay_weight": 0.3, "category_value": 6.0}
    data = market_of([], still).scenario.to_dict()
    data["market"] |= key
    known = {"initial_buyers": 0.0, "online_coverage": 0.0, "lines": [], "present_from_start": True}
    data["brands"] = [
        {**{k: v for k, v in brand.items() if k != "launch_step"}, **known, **brands[brand["name"]]}
        for brand in data["brands"]
    ]
    market = build_market(Scenario.from_dict(data | {"burn_in": 0}, name="scarce"))
    counts = counts_of(market, replicates=range(2), engine=engine)[0]
    assert counts[:, 0, OURS, INDEX["refused"]].sum() > 0
    return counts[:, 0, :, INDEX["purchases"]].sum(axis=0)


@pytest.mark.parametrize("engine", ENGINES)
def test_whoever_is_refused_adopts_no_brand_whose_threshold_is_not_reached(engine: str) -> None:
    advertised = {"lines": [{"kind": "advertising", "channel": "tv", "weekly_spend": 5000.0}]}
    plenty = {"weekly_supply": None, "initial_stock": None, "initial_memory": 1.0}
    scarce = {"weekly_supply": 10.0, "initial_stock": 0.0, "initial_memory": 1.0, **advertised}
    bought = bought_when_ours_is_scarce(
        engine, {"adoption_rule": "threshold"}, Ours=scarce, Theirs=plenty, Late=plenty
    )
    assert bought[OURS] > 0
    assert bought[0] == bought[2] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_whoever_is_refused_in_passive_search_looks_at_the_next_one_remembered(engine: str) -> None:
    """Late would be everybody's choice, and Theirs comes to mind first."""
    scarce = {"weekly_supply": 10.0, "initial_stock": 0.0, "initial_memory": 1.0}
    theirs = {"weekly_supply": None, "initial_stock": None, "initial_memory": 0.99}
    late = {**theirs, "initial_memory": 0.98, "price": 0.01}
    bought = bought_when_ours_is_scarce(engine, {"search": "passive"}, Ours=scarce, Theirs=theirs, Late=late)
    assert bought[0] > 10 * bought[2]
    assert bought[0] > 20
