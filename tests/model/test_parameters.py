"""Every parameter, and every number of a scenario, moves something: none is without effect."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from rich_market import counts_of, rich_scenario, with_parameter

from simulator.model.market import Market, build_market
from simulator.scenario.parameters import PARAMETER, PARAMETERS, STATES
from simulator.scenario.schema.base import Table
from simulator.scenario.schema.brands import Brand
from simulator.scenario.schema.lines import BrandLine, StrategyLine
from simulator.scenario.schema.market import Channel, MarketTable
from simulator.scenario.schema.population import (
    Demographic,
    Habit,
    NeedRateTrait,
    PopulationTable,
    PriceSensitivityTrait,
    Region,
    SharingTrait,
    TasteTrait,
)

#: Keys that name things, or whose effect is tested elsewhere (dates, the network, what is compared).
NO_NUMBERS = {
    "name",
    "lines",
    "regions",
    "habits",
    "demographics",
    "traits",
    "currency",
    "world",
    "kind",
    "channel",
}
ELSEWHERE = {
    "start",
    "end",
    "slot",
    "consumers",
    "audience",
    "creative",
    "pulse_on",
    "pulse_off",
    "cells",
    "rule",
    "share",
    "most_per_cell",
    "trait",
    "spreading",
    "samples",
    "epsilon",
    "pivots",
    "clusters",
    "region_attribute",
    "habit_attribute",
    "demographic_attribute",
}
DURABLE = {"market.category": "durable", "population.traits.need_rate.mean": 0.3}
LATE = "brands.Late"
STANDING = "brands.Theirs.lines[0]"

#: Dotted path, another value, and what else has to be changed for it to matter.
KEYS: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("market.category", "durable", {}),
    ("market.reference_price", 12.0, {}),
    ("market.search", "passive", {}),
    ("market.season_amplitude", 0.5, {}),
    ("market.season_peak", 30, {}),
    ("market.replacement_weeks", 4.0, DURABLE),
    ("market.talk", "buyers", DURABLE),
    ("market.externality", "linear", {}),
    ("market.externality_scope", "global", {}),
    ("market.adoption_rule", "threshold", {}),
    ("market.talk", "buyers", DURABLE),
    ("population.people_per_consumer", 20.0, {}),
    ("population.regions.country.delivery_days", 4.0, {}),
    ("population.habits.store.online", 0.8, {}),
    ("population.habits.store.reach", {"tv": 0.2, "feed": 0.2}, {}),
    ("population.habits.store.taste", [0.5, 0.5], {}),
    ("population.demographics.young.taste", [0.5, 0.5], {}),
    ("population.demographics.young.price_sensitivity", 2.0, {}),
    ("population.demographics.young.need_rate", 2.0, {}),
    ("population.demographics.young.reach", {"tv": 0.1, "feed": 0.1}, {}),
    *((f"population.traits.{trait}.{key}", value, {"population.traits.sharing.cv": 0.5})
      for trait in ("need_rate", "price_sensitivity", "sharing")
      for key, value in (("mean", 0.9), ("cv", 0.3), ("distribution", "uniform"))),
    ("population.traits.taste.sd", 0.3, {}),
    ("channels.feed.id", 9, {}),
    ("channels.feed.cost_per_thousand", 20.0, {}),
    ("channels.feed.attention", 0.1, {}),
    ("channels.feed.cap", 0.2, {}),
    ("channels.feed.click", False, {}),
    ("channels.feed.click_intercept", -3.0, {}),
    ("channels.feed.data_cost_per_thousand", 8.0, {}),
    ("brands.Ours.id", 9, {}),
    ("brands.Ours.price", 11.0, {}),
    ("brands.Ours.unit_cost", 6.0, {}),
    ("brands.Ours.quality", 0.0, {}),
    ("brands.Ours.position", [1.0, 0.0], {}),
    ("brands.Ours.tailoring", 0.9, {}),
    ("brands.Ours.tailoring_cost", 2.0, {}),
    ("brands.Theirs.present_from_start", False, {"brands.Theirs.initial_buyers": 0.0}),
    (f"{LATE}.launch_step", 4, {}),
    ("brands.Ours.online_coverage", 0.1, {}),
    ("brands.Ours.delivery_days", 9.0, {}),
    ("brands.Theirs.weekly_supply", 100.0, {}),
    ("brands.Theirs.initial_stock", 0.0, {}),
    ("brands.Theirs.stock", "pooled", {}),
    ("brands.Ours.initial_memory", 0.1, {}),
    ("brands.Ours.initial_goodwill", 3.0, {}),
    ("brands.Ours.initial_trust", 0.9, {}),
    ("brands.Ours.initial_buyers", 0.1, {}),
    ("brands.Ours.review_count", 900.0, {}),
    ("brands.Ours.review_mean", -1.0, {}),
    *((f"brands.Theirs.lines[{k}].weekly_spend", 40.0, {}) for k in range(2)),
    ("brands.Theirs.lines[1].value", 2.0, {}),
    ("brands.Theirs.lines[1].promotional_share", 1.0, {}),
    ("brands.Theirs.lines[1].pieces_per_week", 0.5, {}),
    ("brands.Theirs.lines[1].production_cost", 3.0, {}),
    ("brands.Theirs.lines[2].service_cost", 0.5, {}),
    ("brands.Theirs.lines[2].co_design", 0.5, {}),
    ("brands.Theirs.lines[3].reward_sender", 0.0, {}),
    ("brands.Theirs.lines[3].reward_receiver", 2.0, {}),
    ("brands.Theirs.lines[3].valid_weeks", 1, {}),
    ("brands.Theirs.lines[3].invitations", 0.5, {}),
    (f"{STANDING}.coupon", 0.3, {}),
    (f"{STANDING}.audience_share", 0.9, {f"{STANDING}.audience": "random"}),
    (f"{STANDING}.sharpness", 5.0, {f"{STANDING}.audience": "fit"}),
    ("comparison.budget", 5000.0, {}),
    ("strategies.everything.lines[0].cost_per_seed", 6.0, {}),
    *((f"strategies.everything.lines[1].{key}", value, {})
      for key, value in (("reward_sender", 0.2), ("reward_receiver", 2.0), ("valid_weeks", 1), ("invitations", 0.5))),
    ("strategies.everything.lines[2].service_cost", 0.5, {}),
    ("strategies.everything.lines[2].co_design", 0.5, {}),
    *((f"strategies.everything.lines[4].{key}", value, {})
      for key, value in (("value", 2.0), ("promotional_share", 1.0), ("pieces_per_week", 0.5),
                         ("production_cost", 5.0))),
    ("strategies.everything.lines[3].discount", 0.4, {}),
    ("strategies.everything.lines[3].size", 3, {}),
    ("strategies.everything.lines[3].deadline", 1, {}),
    ("strategies.everything.lines[5].sharpness", 5.0, {}),
    ("strategies.everything.lines[6].coupon", 0.05, {}),
    ("strategies.everything.lines[7].audience_share", 0.9, {}),
    ("strategies.everything.lines[9].depth", 0.3, {}),
)  # fmt: skip


def has_effect(market: Market, counts: np.ndarray, name: str, values: Iterable[float]) -> bool:
    """Return whether any of some values of a parameter changes what is recorded."""
    return any(not np.array_equal(counts_of(with_parameter(market, name, v)), counts) for v in values)


@pytest.fixture(scope="module")
def market() -> Market:
    return build_market(rich_scenario())


@pytest.fixture(scope="module")
def counts(market: Market) -> np.ndarray:
    return counts_of(market)


@pytest.mark.parametrize("name", PARAMETER)
def test_parameter_has_an_effect(name: str, market: Market, counts: np.ndarray) -> None:
    p = PARAMETER[name]
    assert has_effect(market, counts, name, (p.prior.low, p.prior.high, p.low, p.high))


def test_a_parameter_without_effect_is_found(market: Market) -> None:
    """Where nobody is invited, an inviter's motives move nothing."""
    nobody_invites = with_parameter(market, "invite_intercept", -20.0)
    nobody_invites = with_parameter(nobody_invites, "invite_reward", 0.0)
    assert not has_effect(nobody_invites, counts_of(nobody_invites), "altruism", (0.0, 1.0))


@pytest.mark.parametrize(("path", "value", "setting"), KEYS, ids=[path for path, _, _ in KEYS])
def test_key_has_an_effect(path: str, value: Any, setting: dict[str, Any]) -> None:
    before = counts_of(rich_scenario(setting))
    assert not np.array_equal(counts_of(rich_scenario({**setting, path: value})), before)


def test_every_number_of_a_scenario_is_tried() -> None:
    tables = [MarketTable, PopulationTable, Region, Habit, Demographic, Channel, Brand]
    tables += [NeedRateTrait, PriceSensitivityTrait, SharingTrait, TasteTrait]
    tables += [*StrategyLine.__args__[0].__args__, *BrandLine.__args__[0].__args__]
    declared = {
        (table, key) for table in tables for key in table.model_fields if key not in NO_NUMBERS | ELSEWHERE
    }
    tried = {(table_of(path, setting), path.rpartition(".")[2]) for path, _, setting in KEYS}
    assert {(table.__name__, key) for table, key in declared - tried} == set()


def table_of(path: str, setting: dict[str, Any]) -> type[Table]:
    """Return the table in which a key of the rich market stands."""
    here: Any = rich_scenario(setting)
    for part in re.findall(r"[^.\[\]]+", path)[:-1]:
        if isinstance(here, list):
            here = here[int(part)] if part.isdigit() else next(item for item in here if item.name == part)
        else:
            here = here[part] if isinstance(here, dict) else getattr(here, part)
    return type(here)


def test_scenario_hands_every_parameter_to_the_market() -> None:
    values = {p.name: p.prior.low if p.prior.low != p.default else p.prior.high for p in PARAMETERS}
    market = build_market(rich_scenario({f"parameters.{name}": value for name, value in values.items()}))
    assert market.parameters._asdict() == {name: np.float32(value) for name, value in values.items()}


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda p: p.name)
def test_row_of_the_table_is_whole(parameter: Any) -> None:
    p = parameter
    assert p.low <= p.prior.low < p.prior.high <= p.high
    assert p.prior.low <= p.default <= p.prior.high
    assert p.name.isidentifier() and all((p.symbol, p.meaning, p.unit, p.source, p.submodel))
    assert not {"prototype", "FIT"} & set(p.source.replace(";", " ").split()), "a source that says where from"
    assert p.prior.form == "uniform" or p.prior.low > 0


def test_names_and_symbols_are_unique() -> None:
    assert len({p.name for p in PARAMETERS}) == len({p.symbol for p in PARAMETERS}) == len(PARAMETERS)
    assert len({s.name for s in STATES}) == len(STATES)
    assert all(s.low < s.high for s in STATES)
