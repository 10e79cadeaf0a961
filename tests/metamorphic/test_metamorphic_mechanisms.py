"""A mechanism that is switched on but can do nothing changes nothing; more of the same never does less."""

from __future__ import annotations

import copy
from typing import Any

import networkx as nx
import numpy as np
import pytest
from rich_market import EVERYTHING, counts_of, rich_scenario, rich_tables

from simulator.model.draws import PIECE, sparse_uniforms, tail
from simulator.model.mathematics import normal
from simulator.model.network import from_ties
from simulator.model.observation import INDEX
from simulator.scenario import Scenario

ENGINES = ("numba", "mesa")
ADVERTISING = {"kind": "advertising", "channel": "tv", "share": 1.0}
OFF: dict[str, Any] = {"market.externality": "none", "market.externality_scope": "global"}
NOBODY_INVITES = {"parameters.invite_intercept": -20.0, "parameters.invite_reward": 0.0}
NOBODY_JOINS = {
    "parameters.join_intercept": -20.0,
    "parameters.join_surprise": 0.0,
    "parameters.join_neighbors": 0.0,
}
HUGE = 1e12

#: What is switched on: line of the strategy, and what makes it powerless in both runs.
POWERLESS_LINES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "referral that nobody answers": (
        {"kind": "referral", "reward_sender": 1.0, "reward_receiver": 1.0, "share": 0.0},
        NOBODY_INVITES,
    ),
    "referral without money": (
        {"kind": "referral", "reward_sender": 9.0, "reward_receiver": 9.0, "share": 0.0},
        {},
    ),
    "community that nobody joins": ({"kind": "community", "service_cost": 0.1, "share": 0.0}, NOBODY_JOINS),
    "community without money": ({"kind": "community", "service_cost": 0.1, "share": 0.0}, {}),
    "group buying without money": (
        {"kind": "group_buying", "discount": 0.5, "size": 2, "deadline": 2, "share": 0.0},
        {},
    ),
    "price cut without money": ({"kind": "price_cut", "depth": 0.5, "share": 0.0}, {}),
    "content without money": (
        {"kind": "content", "channel": "feed", "production_cost": 0.0, "share": 0.0},
        {},
    ),
    "advertising without money": (
        {"kind": "advertising", "channel": "feed", "coupon": 0.5, "share": 0.0},
        {},
    ),
    "personal advertising without money": (
        {"kind": "advertising", "channel": "feed", "audience": "fit", "creative": "personal", "share": 0.0},
        {},
    ),
    "seeding without money": ({"kind": "seeding", "cost_per_seed": 1.0, "share": 0.0}, {}),
}

#: What is switched on in the market, without effect, and what has to hold in both runs.
POWERLESS_KEYS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "externality without weight": (
        {"market.externality": "log"},
        {"parameters.externality_weight": 0.0, "market.externality_scope": "global"},
    ),
    "local externality without weight": (
        {"market.externality": "linear", "market.externality_scope": "local"},
        {
            "parameters.externality_weight": 0.0,
            "market.externality_scope": "global",
            "parameters.social_weight": 0.0,
        },
    ),
    "neighbors counted for nothing": (
        {"market.externality_scope": "local"},
        {"parameters.social_weight": 0.0},
    ),
    "stock that never runs out": (
        {"brands.Ours.weekly_supply": HUGE, "brands.Ours.initial_stock": HUGE},
        {"brands.Theirs.weekly_supply": HUGE, "brands.Theirs.initial_stock": HUGE},
    ),
    "regional stock that never runs out": (
        {"brands.Theirs.stock": "pooled"},
        {"brands.Theirs.weekly_supply": HUGE, "brands.Theirs.initial_stock": HUGE},
    ),
    "cost of tailoring that is not done": (
        {"brands.Ours.tailoring_cost": 0.5},
        {"brands.Ours.tailoring": 0.0},
    ),
    "reviews that nobody reads": (
        {"brands.Late.review_count": 500.0, "brands.Late.review_mean": -2.0},
        {"parameters.reading_propensity": 0.0},
    ),
    "life of something that is no durable": ({"market.replacement_weeks": 9.0}, {}),
    "phase of a season without amplitude": ({"market.season_peak": 17}, {"market.season_amplitude": 0.0}),
    "price of data that is not bought": ({"channels.tv.data_cost_per_thousand": 9.0}, {}),
    "click utility of a channel without clicks": ({"channels.tv.click_intercept": 3.0}, {}),
}

#: Scheduled events that leave everything as it is.
IDLE_EVENTS: dict[str, dict[str, Any]] = {
    "shift of tastes by nothing": {
        "kind": "taste_shift",
        "step": 5,
        "demographic": "young",
        "shift": [0.0, 0.0],
    },
    "shock of factor one": {"kind": "season_shock", "step": 5, "factor": 1.0, "steps": 3},
    "change to the same price": {"kind": "price_change", "step": 5, "brand": "Ours", "price": 10.0},
    "change to the same quality": {"kind": "quality_change", "step": 5, "brand": "Ours", "quality": 0.5},
}


def plain(line: dict[str, Any] | None, settings: dict[str, Any]) -> Scenario:
    """Return the rich market with one advertising line and, beside it, a line that can do nothing."""
    tables = copy.deepcopy(rich_tables())
    lines = [ADVERTISING] if line is None else [line, ADVERTISING]
    tables["strategies"]["everything"]["lines"] = lines
    scenario = Scenario.from_dict(tables, name="plain")
    return scenario.with_overrides(settings) if settings else scenario


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", POWERLESS_LINES)
def test_powerless_line_changes_nothing(name: str, engine: str) -> None:
    line, settings = POWERLESS_LINES[name]
    if engine == "mesa":
        settings = {**settings, "population.consumers": 60}
    without = counts_of(plain(None, settings), engine=engine)
    assert np.array_equal(counts_of(plain(line, settings), engine=engine), without)


@pytest.mark.parametrize("name", POWERLESS_KEYS)
def test_powerless_key_changes_nothing(name: str) -> None:
    change, settings = POWERLESS_KEYS[name]
    tables = copy.deepcopy(rich_tables())
    if "data" in name:
        tables["strategies"]["everything"]["lines"] = [ADVERTISING]
    base = Scenario.from_dict(tables, name="base").with_overrides({**OFF, **settings})
    assert np.array_equal(counts_of(base.with_overrides(change)), counts_of(base))


@pytest.mark.parametrize("name", IDLE_EVENTS)
def test_idle_event_changes_nothing(name: str) -> None:
    tables = copy.deepcopy(rich_tables())
    tables["events"] = [*tables["events"], IDLE_EVENTS[name]]
    assert np.array_equal(counts_of(Scenario.from_dict(tables, name="idle")), counts_of(rich_scenario()))


def test_weights_count_unless_they_are_one() -> None:
    graph = nx.watts_strogatz_graph(300, 8, 0.2, seed=1)
    plain_counts = counts_of(rich_scenario().with_network(graph))
    for weight in (1.0, 3.0):
        weighted = nx.Graph(graph)
        nx.set_edge_attributes(weighted, weight, "weight")
        matrix = nx.to_scipy_sparse_array(weighted)
        read = counts_of(rich_scenario().with_network(weighted, weights="weight"))
        assert np.array_equal(read, plain_counts) == (weight == 1.0)
        assert np.array_equal(read, counts_of(rich_scenario().with_network(matrix, weights="data")))
        left_out = counts_of(rich_scenario().with_network(weighted, weights="none"))
        assert np.array_equal(left_out, plain_counts)
    contacts = [INDEX["contacts_positive"], INDEX["contacts_negative"]]
    assert read[..., contacts].sum() > 1.5 * plain_counts[..., contacts].sum()


@pytest.mark.parametrize("engine", ENGINES)
def test_zero_budget_equals_no_campaign(engine: str) -> None:
    tables = copy.deepcopy(rich_tables())
    lines = [{**line, "production_cost": 0.0} if line["kind"] == "content" else line for line in EVERYTHING]
    lines = [line for line in lines if line["kind"] != "seeding"]
    lines[-1] = {**lines[-1], "share": 0.2}
    tables["strategies"]["everything"]["lines"] = lines
    tables["comparison"]["budget"] = 1e-9
    none, broke = counts_of(Scenario.from_dict(tables, name="broke"), ("none", "everything"), engine=engine)
    assert np.array_equal(none, broke)


def advertising_only(**changes: Any) -> Scenario:
    """Return the rich market where nothing but advertising works, without content and follow-ups."""
    tables = copy.deepcopy(rich_tables())
    tables["strategies"]["everything"]["lines"] = [
        {**ADVERTISING, "end": 6},
    ]
    for brand in tables["brands"]:
        brand["lines"] = [line for line in brand["lines"] if line["kind"] == "advertising"]
    return Scenario.from_dict(tables, name="advertising").with_overrides(changes or {"horizon": 12})


def test_needs_are_the_same_luck_under_every_strategy() -> None:
    scenario = rich_scenario({"brands.Theirs.weekly_supply": HUGE, "brands.Theirs.initial_stock": HUGE})
    tables = scenario.to_dict()
    tables["strategies"]["everything"]["lines"] = [ADVERTISING]
    counts = counts_of(Scenario.from_dict(tables, name="supplied"), ("none", "everything"), range(3))
    needs = counts[..., INDEX["needs"]]
    assert np.array_equal(needs[0], needs[1])
    assert (needs[..., :1] == needs).all()


def test_without_a_rivals_advertising_ours_is_noticed_at_least_as_often() -> None:
    """The luck is the same, and there is less clutter: whoever noticed still notices."""
    scenario = advertising_only()
    tables = scenario.to_dict()
    for brand in tables["brands"]:
        brand["lines"] = []
    quiet = Scenario.from_dict(tables, name="quiet")
    ours = 1
    loud_noticed, quiet_noticed = (counts_of(s)[..., ours, INDEX["noticed"]] for s in (scenario, quiet))
    assert (quiet_noticed >= loud_noticed).all()
    assert quiet_noticed.sum() > loud_noticed.sum() > 0


def test_a_rivals_advertising_never_touches_our_impressions_or_their_price() -> None:
    scenario = advertising_only()
    dear = scenario.with_overrides({"brands.Theirs.lines[0].weekly_spend": 60.0})
    for name in ("impressions", "spend_media", "spend_strategy", "unspent_media"):
        before, after = (counts_of(s)[..., 1, INDEX[name]] for s in (scenario, dear))
        assert np.array_equal(before, after)


def test_more_impressions_reach_at_least_as_many_in_the_first_step() -> None:
    budgets = (1000.0, 2000.0, 4000.0)
    reached = [counts_of(advertising_only(**{"comparison.budget": b})) for b in budgets]
    first = [int(c[0, 0, 0, 1, INDEX["newly_reached"]]) for c in reached]
    assert first == sorted(first) and first[0] < first[-1]


@pytest.mark.parametrize("engine", ENGINES)
def test_pieces_of_equal_value_are_passed_on_by_their_appeal(engine: str) -> None:
    """The line of Theirs publishes a piece a week; its appeal is read off its draw's address."""
    equal = {"parameters.piece_value_sd": 0.0, "parameters.piece_appeal_sd": 2.0, "horizon": 40}
    if engine == "mesa":
        equal["population.consumers"] = 100
    counts = counts_of(rich_scenario(equal), ("none",), engine=engine)[0, 0, :, 0]
    word = tail(PIECE, 1, 0)
    appeal = [normal(sparse_uniforms(0, 0, 2 + k, word, 7, 0)[1]) for k in range(40)]
    shares, views = counts[:, INDEX["piece_shares"]], counts[:, INDEX["piece_views_direct"]]
    high = np.array(appeal) > np.median(appeal)
    assert shares[high].sum() / views[high].sum() > 2 * shares[~high].sum() / views[~high].sum()


def test_a_tie_that_points_nowhere_else_carries_influence_one_way() -> None:
    """On a directed graph without arcs out of the talkers, nobody is contacted."""
    n = 300
    no_ties = from_ties(n, np.zeros(0, np.int64), np.zeros(0, np.int64))
    counts = counts_of(rich_scenario().with_network(no_ties))
    for name in ("contacts_positive", "contacts_negative", "invitations", "shared_views"):
        assert counts[..., INDEX[name]].sum() == 0
    assert counts[..., INDEX["bought_by_friend"]].sum() == 0
