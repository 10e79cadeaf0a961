"""Money that would be lost or would overflow, and events that contradict each other, stop at the door."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.errors import ScenarioError
from simulator.model.campaigns import build_plan
from simulator.model.market import build_market
from simulator.scenario import Scenario, load_scenario

TINY = load_scenario("tiny")
SOCIAL = "strategies.social.lines"


def told(overrides: dict[str, Any]) -> str:
    with pytest.raises(ScenarioError) as error:
        TINY.with_overrides(overrides)
    return "\n".join(str(fault) for fault in error.value.faults)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("brands.Ours.unit_cost", 1e13, "0 to 1,000,000,000"),
        ("brands.Ours.price", 1e13, "<= 1,000,000,000"),
        ("brands.Ours.tailoring_cost", 1e13, "0 to 1,000,000,000"),
        ("brands.Ours.review_count", 1e15, "0 to 1,000,000,000"),
        ("brands.Theirs.weekly_supply", 1e15, "0 to 1e+12"),
        ("brands.Theirs.initial_stock", 1e15, "0 to 1e+12"),
        ("brands.Theirs.lines[0].weekly_spend", 1e18, "0 to 1e+15"),
        ("brands.Theirs.lines[3].reward_sender", 1e13, "0 to 1,000,000,000"),
        ("comparison.budget", 1e300, "<= 1e+15"),
        (f"{SOCIAL}[0].cost_per_seed", 1e13, "<= 1,000,000,000"),
        (f"{SOCIAL}[2].service_cost", 1e13, "0 to 1,000,000,000"),
        ("strategies.content.lines[0].production_cost", 1e13, "0 to 1,000,000,000"),
    ],
)
def test_amounts_have_an_upper_bound(path: str, value: float, words: str) -> None:
    message = told({path: value})
    assert words in message and path.rpartition(".")[2] in message


CROWD = {"population.consumers": 20_000_000, "horizon": 520, "burn_in": 520}
REFERRAL = {"kind": "referral", "reward_sender": 1.0, "reward_receiver": 1.0, "share": 1.0}


def without_ties() -> Scenario:
    """Return the tiny market of strangers, whose one strategy is a referral program."""
    tables = TINY.to_dict()
    tables["network"] = {"kind": "empty"}
    tables["strategies"] = {"social": {"lines": [REFERRAL]}}
    return Scenario.from_dict(tables)


@pytest.mark.parametrize(
    "path",
    [
        "brands.Ours.price",
        "brands.Ours.unit_cost",
        "events[2].price",
        "brands.Theirs.lines[2].service_cost",
        f"{SOCIAL}[0].reward_sender",
    ],
)
def test_sums_of_money_stay_whole_numbers(path: str) -> None:
    """2^62 units of 1/10000 are 22,171 for each of 20 million consumers in each of 1,040 steps."""
    assert without_ties().with_overrides({path: 30_000.0}).value_at(path) == 30_000.0
    with pytest.raises(ScenarioError, match=r"less than 22,171.* must stay below 2\^62"):
        without_ties().with_overrides({path: 30_000.0, **CROWD})
    assert without_ties().with_overrides({path: 20_000.0, **CROWD}).value_at(path) == 20_000.0


def test_a_budget_fits_the_people_of_a_consumer() -> None:
    rich = {"comparison.budget": 1e13}
    assert without_ties().with_overrides(rich).comparison.budget == 1e13
    with pytest.raises(ScenarioError, match=r"comparison.budget = 1e\+13;.* 0.001 people per consumer"):
        without_ties().with_overrides({**rich, "population.people_per_consumer": 0.001})


@pytest.mark.parametrize(
    "path",
    [
        "brands.Ours.unit_cost",
        "brands.Ours.price",
        "brands.Theirs.lines[2].service_cost",
        "brands.Theirs.lines[3].reward_sender",
        f"{SOCIAL}[0].cost_per_seed",
        f"{SOCIAL}[2].service_cost",
        "strategies.content.lines[0].production_cost",
        "events[2].price",
    ],
)
def test_an_amount_below_the_smallest_unit_is_refused(path: str) -> None:
    assert "at least 0.0001 (currency), the smallest amount that is recorded" in told({path: 0.00004})
    assert "smallest amount" not in told({path: 0.0001, "horizon": 0})


@pytest.mark.parametrize("focal", ["standing", "strategy"])
def test_a_reward_is_at_most_the_lowest_price(focal: str) -> None:
    path = "brands.Theirs.lines[3].reward_receiver" if focal == "standing" else f"{SOCIAL}[1].reward_receiver"
    brand = "Theirs" if focal == "standing" else "Ours"
    price = TINY.value_at(f"brands.{brand}.price") if focal == "strategy" else 9.0
    assert TINY.with_overrides({path: price}).value_at(path) == price
    assert f"price of {brand}, {price:g}" in told({path: price + 0.01})
    if focal == "standing":
        assert "the lowest price of Theirs, 9 " in told({path: 9.2})


def with_events(*events: dict[str, Any]) -> Scenario:
    tables = TINY.to_dict()
    tables["events"] = list(events)
    return Scenario.from_dict(tables)


def event(kind: str, step: int, brand: str = "Theirs", **values: float) -> dict[str, Any]:
    return {"kind": kind, "step": step, "brand": brand, **values}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("price_change", {"price": 9.0}),
        ("quality_change", {"quality": 0.1}),
        ("supply_change", {"weekly_supply": 9.0}),
    ],
)
def test_two_changes_of_a_brand_in_one_step_contradict_each_other(
    kind: str, values: dict[str, float]
) -> None:
    first = event(kind, 3, **values)
    with pytest.raises(
        ScenarioError, match=rf"one {kind} of a brand in a step; events\[0\] has another in step 3"
    ):
        with_events(first, event(kind, 3, **values))
    assert len(with_events(first, event(kind, 4, **values), event(kind, 3, "Ours", **values)).events) == 3


@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_brand_leaves_after_it_came(step: int) -> None:
    with pytest.raises(ScenarioError, match="a step after Late comes on sale in step 2"):
        with_events(event("exit", step, "Late"))
    late = with_events(event("exit", 3, "Late"))
    market = build_market(late)
    sold = market.arrays.is_available[late.burn_in :, market.brand_names.index("Late")]
    assert np.flatnonzero(sold).tolist() == [2]


def test_a_brand_that_enters_by_an_event_leaves_after_it_and_once() -> None:
    tables = TINY.to_dict()
    tables["brands"][2]["launch_step"] = 0
    tables["events"] = [event("entry", 4, "Late"), event("exit", 4, "Late")]
    with pytest.raises(ScenarioError, match="comes on sale in step 4"):
        Scenario.from_dict(tables)
    with pytest.raises(ScenarioError, match="one exit of a brand"):
        with_events(event("exit", 3), event("exit", 5))


def test_a_pulse_spends_what_its_weeks_would_have_spent_evenly() -> None:
    tables = TINY.to_dict()
    line = {"kind": "advertising", "channel": "tv", "weekly_spend": 10.0}
    found = {}
    for name, pulse in (("even", {}), ("pulsing", {"pulse_on": 1, "pulse_off": 3})):
        tables["brands"][0]["lines"] = [{**line, **pulse}]
        market = build_market(Scenario.from_dict(tables))
        arrays = build_plan(market, "none").arrays
        ours = arrays.brand == market.brand_names.index("Ours")
        found[name] = arrays.impressions[:, ours][:, 0] * arrays.media_cost[ours] * market.people_per_consumer
    assert np.allclose(found["even"], 10.0) and found["pulsing"].sum() == pytest.approx(100.0)
    assert np.flatnonzero(found["pulsing"]).tolist() == [0, 4, 8]
    assert "on average over a pulse" in str(Scenario.model_json_schema())
