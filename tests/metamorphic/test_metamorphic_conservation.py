"""Laws of conservation that hold in every replicate, step by step, whatever the market."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from rich_market import counts_of, rich_scenario, rich_tables

from simulator.engines import run_replicates
from simulator.model.campaigns import build_plan
from simulator.model.market import UNLIMITED, Market, build_market
from simulator.model.observation import FRACTION_SCALE, INDEX, MONEY_SCALE, SOURCES, SPEND_KINDS
from simulator.scenario import Scenario, load_scenario

MARKETS: dict[str, dict[str, Any]] = {
    "repeat": {},
    "passive": {"market.search": "passive"},
    "threshold": {"market.adoption_rule": "threshold"},
    "durable": {"market.category": "durable", "market.replacement_weeks": 6.0},
    "scarce": {
        "brands.Ours.weekly_supply": 100.0,
        "brands.Ours.initial_stock": 5.0,
        "brands.Ours.stock": "regional",
    },
    "without burn-in": {"burn_in": 0},
}
OURS = 1
NUMBERS_OF_CONSUMERS = (
    "needs", "considered", "customers", "aware", "reached", "followers", "members", "interactions",
    "content_views",
)  # fmt: skip
CASES = [("numba", name) for name in MARKETS] + [("mesa", "repeat"), ("mesa", "scarce")]


class Run(NamedTuple):
    """A market and its counts [replicate, step, brand, series] under the strategy with every line."""

    market: Market
    counts: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        return self.counts[..., INDEX[name]]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: "-".join(case))
def run(request: pytest.FixtureRequest) -> Run:
    engine, name = request.param
    market = build_market(rich_scenario(MARKETS[name]))
    return Run(market, counts_of(market, replicates=range(1 if engine == "mesa" else 4), engine=engine)[0])


def test_the_run_has_purchases_of_every_brand(run: Run) -> None:
    """With thresholds the last brand comes only after the others, and nobody gets to it."""
    n_bought = (run["purchases"].sum(axis=(0, 1)) > 0).sum()
    assert n_bought == 3 - (run.market.scenario.market.adoption_rule == "threshold")


def test_every_purchase_has_one_source(run: Run) -> None:
    assert np.array_equal(sum(run[f"bought_by_{source}"] for source in SOURCES), run["purchases"])
    assert np.array_equal(run["redeemed"], run["bought_by_referral"])
    assert (run["group_purchases"] <= run["bought_by_community"]).all()


def test_first_and_repeat_purchases_are_different_ones(run: Run) -> None:
    assert (run["first_purchases"] + run["repeat_purchases"] <= run["purchases"]).all()
    for name in ("converted_clicks", "first_purchases"):
        assert (run[name] <= run["purchases"]).all()
    assert (run["reviews"] <= run["purchases"] * FRACTION_SCALE).all()
    assert (run["promoters"] + run["detractors"] <= run["purchases"]).all()


def test_customers_change_by_who_comes_and_goes(run: Run) -> None:
    """A seed of a durable becomes its owner without buying; seeds are planted in the first observed step."""
    change = np.diff(run["customers"], axis=1)
    came_and_went = (run["purchases"] - run["repeat_purchases"] - run["switched_away"])[:, 1:]
    assert np.array_equal(change, came_and_went)


def test_nobody_is_counted_twice(run: Run) -> None:
    n = run.market.n_consumers
    assert (run["customers"].sum(axis=-1) <= n).all()
    assert (run["purchases"].sum(axis=-1) <= n).all()
    names = [
        "needs",
        "considered",
        "customers",
        "aware",
        "reached",
        "followers",
        "members",
        "interactions",
        "content_views",
    ]
    for name in names:
        assert (run[name] >= 0).all() and (run[name] <= n).all()
    assert (run["newly_reached"].sum(axis=1) <= n).all()
    assert (run["first_purchases"].sum(axis=1) <= n).all()


def test_funnel_narrows(run: Run) -> None:
    assert (run["considered"] <= run["needs"]).all()
    committed, failed = (run[f"group_{what}"].cumsum(axis=1) for what in ("commitments", "failures"))
    in_groups = (committed - failed).sum(axis=-1)
    assert (run["orders"].sum(axis=-1) <= run["needs"][..., 0] + in_groups).all()
    assert (run["newly_reached"] <= run["reached"]).all() and (run["reached"] <= run["noticed"]).all()
    assert (run["purchases"].sum(axis=-1) + run["delayed"].sum(axis=-1) <= run["orders"].sum(axis=-1)).all()
    assert (run["delayed"] <= run["refused"]).all()
    assert (run["wasted_impressions"] <= run["impressions"]).all()


def test_orders_of_what_is_plenty_are_all_carried_out(run: Run) -> None:
    is_limited = (run.market.arrays.supply < UNLIMITED).any(axis=(0, 2))
    assert (run["refused"][..., ~is_limited] == 0).all()
    assert (run["purchases"] >= run["orders"] - run["refused"]).all()
    if not is_limited.any():
        assert np.array_equal(run["purchases"], run["orders"])


def test_nobody_buys_what_is_not_there(run: Run) -> None:
    arrays, first = run.market.arrays, run.market.burn_in
    for j in range(arrays.n_brands):
        if (arrays.supply[:, j] >= UNLIMITED).any():
            continue
        delivered = arrays.initial_stock[j].sum() + arrays.supply[:, j].sum(axis=1).cumsum()[first:]
        assert (run["purchases"][..., j].cumsum(axis=1) <= delivered + 1e-9).all()
    is_away = arrays.is_available[first:] == 0
    assert (run["purchases"][:, is_away] == 0).all()


def test_revenue_and_discounts_make_the_list_price(run: Run) -> None:
    arrays, first = run.market.arrays, run.market.burn_in
    listed = np.floor(arrays.price[first:].astype(np.float64) * MONEY_SCALE + 0.5).astype(np.int64)
    assert np.array_equal(run["revenue"] + run["spend_discounts"], run["purchases"] * listed)
    cost = np.floor(arrays.unit_cost.astype(np.float64) * MONEY_SCALE + 0.5).astype(np.int64)
    assert np.array_equal(run["cost_of_goods"], run["purchases"] * cost)
    assert (run["revenue"] >= 0).all() and (run["spend_discounts"] >= 0).all()


def test_a_strategy_spends_nothing_that_no_kind_of_spend_shows(run: Run) -> None:
    total = sum(run[f"spend_{kind}"] for kind in SPEND_KINDS)
    assert (run["spend_strategy"] <= total).all()
    assert (run["spend_strategy"][..., [j for j in range(3) if j != OURS]] == 0).all()
    assert np.array_equal(run["spend_strategy"][..., OURS], total[..., OURS])


def test_views_and_shares_of_pieces_add_up() -> None:
    """Without a burn-in, whose pieces are viewed later."""
    market = build_market(rich_scenario({"burn_in": 0}))
    run = Run(market, counts_of(market, replicates=range(4))[0])
    views = sum(run[f"piece_views_{how}"] for how in ("direct", "one_hop", "deeper"))
    assert np.array_equal(views.sum(axis=1), run["content_views"].sum(axis=1))
    assert np.array_equal(run["piece_shares"].sum(axis=1), run["content_shares"].sum(axis=1))
    assert views.sum() > 0


def test_groups_are_settled_at_most_once(run: Run) -> None:
    settled = (run["group_purchases"] + run["group_failures"]).cumsum(axis=1)
    assert (settled <= run["group_commitments"].cumsum(axis=1)).all()


def test_states_stay_in_their_ranges(run: Run) -> None:
    n = run.market.n_consumers
    for name, low, high in (("memory", 0, 1), ("trust", 0, 1), ("belief", -2, 2), ("goodwill", 0, 1e6)):
        values = run[name] / FRACTION_SCALE / n
        assert (values >= low - 1e-4).all() and (values <= high + 1e-4).all()
    bought = np.maximum(run["purchases"], 1)
    assert (np.abs(run["satisfaction"] / FRACTION_SCALE) <= 2 * bought).all()


def test_counts_are_never_negative(run: Run) -> None:
    signed = {INDEX[name] for name in ("belief", "satisfaction", "review_value")}
    unsigned = [k for k in range(run.counts.shape[-1]) if k not in signed]
    assert (run.counts[..., unsigned] >= 0).all()


BROKE = {"comparison.budget": 1500.0}


def test_when_the_money_is_gone_only_promises_are_kept() -> None:
    """Media, content, price cuts and service stop at once; coupons, invitations and groups are honored."""
    market = build_market(rich_scenario(BROKE))
    run = Run(market, counts_of(market, replicates=range(4))[0])
    budget = int(1500.0 / market.people_per_consumer * MONEY_SCALE)
    spent = run["spend_strategy"][..., OURS]
    before = np.concatenate([np.zeros((4, 1), np.int64), spent.cumsum(axis=1)[:, :-1]], axis=1)
    is_broke = before >= budget
    assert is_broke.any(axis=1).all()
    for kind in ("media", "data", "service", "seeding", "production"):
        assert (run[f"spend_{kind}"][..., OURS][is_broke] == 0).all(), kind
    assert (run["group_commitments"][..., OURS][is_broke] == 0).all()
    last = is_broke.argmax(axis=1) + 5
    assert all(spent[r, last[r] :].sum() == 0 for r in range(4))


@pytest.mark.parametrize("engine", ["numba", "mesa"])
def test_no_piece_is_published_when_the_money_is_gone(engine: str) -> None:
    """Seeds take nearly all of the budget in the first step; the line has planned content for all weeks."""
    seeds = {"kind": "seeding", "cost_per_seed": 1.0, "share": 0.5}
    content = {
        "kind": "content",
        "channel": "feed",
        "production_cost": 100.0,
        "pieces_per_week": 1.0,
        "share": 0.5,
    }
    dear = {"kind": "referral", "reward_sender": 50.0, "reward_receiver": 9.0, "share": 0.0}
    tables = copy.deepcopy(rich_tables())
    tables["strategies"]["everything"]["lines"] = [seeds, content, dear]
    tables["comparison"]["budget"] = 2500.0
    tables["brands"] = [{**b, "lines": []} for b in tables["brands"]]
    market = build_market(Scenario.from_dict(tables, name="pieces"))
    plan = build_plan(market, "everything")
    plan = replace(plan, arrays=plan.arrays._replace(total_cap=plan.arrays.total_cap // 2 + 1))
    counts = run_replicates(market, [plan], engine=engine, seed=7, replicates=range(2), threads=1)
    run = Run(market, counts[0])
    produced = run["spend_production"][..., OURS]
    assert (produced[:, 0] > 0).all() and (produced[:, 1:] == 0).all()
    seen = sum(run[f"piece_views_{how}"] for how in ("direct", "one_hop", "deeper"))[..., OURS]
    assert seen[:, 0].sum() > 0 and seen[:, 1:].sum() == 0


@pytest.mark.parametrize("engine", ["numba", "mesa"])
def test_an_invitation_is_worth_what_was_promised_after_the_program_has_ended(engine: str) -> None:
    lines = [
        {
            "kind": "referral",
            "reward_sender": 1.0,
            "reward_receiver": 1.0,
            "valid_weeks": 5,
            "end": 4,
            "share": 0.5,
        },
        {"kind": "advertising", "channel": "tv", "share": 0.5},
    ]
    market = build_market(rich_scenario({"strategies.everything.lines": lines}))
    run = Run(market, counts_of(market, replicates=range(2), engine=engine)[0])
    redeemed, paid = run["redeemed"][..., OURS], run["spend_rewards"][..., OURS]
    assert redeemed[:, 4:].sum() > 0 and redeemed[:, 9:].sum() == 0
    assert np.array_equal(paid, redeemed * 2 * MONEY_SCALE)


@pytest.mark.parametrize("name", ["mass", "precision", "content", "mix", "price_cut"])
def test_spend_stops_within_one_step_of_the_budget(name: str) -> None:
    """Where nothing is promised ahead, at most one step's spend goes beyond the budget."""
    tables = copy.deepcopy(load_scenario("tiny").to_dict())
    for strategy in tables["strategies"].values():
        for line in strategy["lines"]:
            if "coupon" in line:
                line["coupon"] = 0.0
    mix = [line for line in tables["strategies"]["mix"]["lines"] if line["kind"] != "referral"]
    total = sum(line["share"] for line in mix)
    tables["strategies"]["mix"]["lines"] = [{**line, "share": line["share"] / total} for line in mix]
    tables["comparison"]["budget"] = 300.0
    market = build_market(Scenario.from_dict(tables, name="tiny"))
    spent = counts_of(market, (name,), range(10))[0][..., market.focal, INDEX["spend_strategy"]]
    budget = int(300.0 / market.people_per_consumer * MONEY_SCALE)
    assert (spent.sum(axis=1) <= budget + spent.max(axis=1)).all()
    assert spent.sum() > 0


def test_planted_leak_is_found() -> None:
    """Negative control: one purchase without a source."""
    market = build_market(rich_scenario())
    counts = counts_of(market)[0].copy()
    counts[0, 3, 0, INDEX["purchases"]] += 1
    with pytest.raises(AssertionError):
        test_every_purchase_has_one_source(Run(market, counts))
    with pytest.raises(AssertionError):
        test_revenue_and_discounts_make_the_list_price(Run(market, counts))


def test_rich_tables_are_not_changed_by_tests() -> None:
    assert rich_tables()["comparison"]["budget"] == 8000.0
