"""What the compiled engine reads of a market and a plan: the model's arrays, gathered into a few tables."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulator.engines.numba_engine.layout import (
    HAS_COMMUNITY,
    HAS_CONTENT,
    HAS_COUPON,
    HAS_DEAL,
    HAS_GROUP,
    HAS_MEDIA,
    HAS_PROFILE,
    HAS_REFERRAL,
    N_SWITCHES,
    Switches,
)
from simulator.engines.numba_engine.memory import is_rationed
from simulator.model.campaigns import CAPPED, CREATIVE_PERSONAL, FIT, TERM, VISITORS, PlanArrays
from simulator.model.initialization import World
from simulator.model.market import Market, MarketArrays
from simulator.model.rules.ledger import money

#: Columns of ``by_step``: what holds for a brand at a step, then the terms of its programs.
PRICE, QUALITY, IS_AVAILABLE, PROGRAMS = range(4)
#: Columns of ``calendar``.
SEASON, HAS_SHIFT = range(2)
#: Columns of ``brand``; the days of delivery follow by region.
TAILORING, COVERAGE, INITIAL_TRUST, DAYS = range(4)
#: Columns of ``cell`` and ``place``; the reach follows by channel.
CELL_X, CELL_Y, REACH = range(3)
REGION, DEMOGRAPHIC = range(2)
#: Columns of ``line``, ``line_kind`` and ``line_cost``.
SHARE, SHARPNESS, DEPTH, ATTENTION, CLICK_INTERCEPT, CAP = range(6)
LINE_BRAND, CHANNEL, CHANNEL_ID, SLOT, IS_CONTENT, IS_STRATEGY, AUDIENCE, CREATIVE, HAS_CLICK, REACH_ROW = (
    range(10)
)
MEDIA_COST, DATA_COST = range(2)
#: Columns of ``limits``: caps of programs, whether each is the strategy's, and the rest.
PROGRAM_CAP, PROGRAM_IS_STRATEGY = 0, len(CAPPED)
TOTAL_CAP, PRODUCTION_IS_STRATEGY, UNIT_COST, IS_POOLED, N_LIMITS = range(
    2 * len(CAPPED), 2 * len(CAPPED) + 5
)
#: Columns of ``seeding``.
SEED_STEP, SEED_BRAND, SEED_COST, SEED_FIRST, SEED_LAST = range(5)


def term(name: str) -> int:
    """Return the column of a program's term in ``by_step``."""
    return PROGRAMS + TERM[name]


class Terms(NamedTuple):
    """A market and a plan. T steps, J brands, R regions, C channels, K cells, L lines, S seedings."""

    brand_id: np.ndarray  # uint32 [J]
    by_step: np.ndarray  # float32 [T, J, columns]
    calendar: np.ndarray  # float32 [T, columns]
    shift: np.ndarray  # float32 [T, demographics, 2]
    supply: np.ndarray  # float64 [T, J, R]
    production: np.ndarray  # int64 [T, J]
    brand: np.ndarray  # float32 [J, columns + R]
    cell: np.ndarray  # float32 [K, columns + C]
    place: np.ndarray  # int32 [K, columns]
    line: np.ndarray  # float32 [L, columns]
    line_kind: np.ndarray  # int32 [L, columns]
    line_cost: np.ndarray  # float64 [L, columns]
    impressions: np.ndarray  # float64 [T, L]
    in_segment: np.ndarray  # uint8 [L, K]
    limits: np.ndarray  # int64 [J, columns]
    seeding: np.ndarray  # int64 [S, columns]
    reference_price: np.float32
    mean_life: np.float32
    people: float
    is_durable: bool
    owners_talk: bool
    is_passive: bool
    is_threshold: bool
    is_local: bool
    externality: int
    n_brands: int
    n_regions: int
    n_consumers: int
    burn_in: int


def _columns(kind: Any, *columns: Any) -> np.ndarray:
    """Return columns side by side as a table of one type."""
    return np.ascontiguousarray(np.stack([np.asarray(column) for column in columns], axis=-1).astype(kind))


def gather_terms(market: Market, plan: PlanArrays) -> Terms:
    """Return what the compiled engine reads of a market and a plan.

    Parameters
    ----------
    market : Market
        The market.
    plan : PlanArrays
        The plan; its seeds are filled in by world.
    """
    a = market.arrays
    by_step = np.concatenate(
        [_columns(np.float32, a.price, a.quality, a.is_available), plan.programs], axis=2
    )
    brand = _columns(np.float32, a.tailoring, a.online_coverage, a.initial_trust)
    n_seedings = plan.seeding_step.size
    zeros = np.zeros(n_seedings, np.int64)
    return Terms(
        brand_id=a.brand_id,
        by_step=np.ascontiguousarray(by_step),
        calendar=_columns(np.float32, a.season, a.has_taste_shift),
        shift=a.taste_shift,
        supply=a.supply,
        production=plan.production,
        brand=np.ascontiguousarray(np.concatenate([brand, a.delivery_days], axis=1)),
        cell=np.ascontiguousarray(np.concatenate([a.cell_taste, a.cell_reach.T], axis=1)),
        place=_columns(np.int32, a.cell_region, a.cell_demographic),
        line=_columns(
            np.float32,
            plan.audience_share,
            plan.sharpness,
            plan.coupon,
            plan.attention,
            plan.click_intercept,
            plan.cap,
        ),
        line_kind=_columns(
            np.int32,
            plan.brand,
            plan.channel,
            plan.channel_id,
            plan.slot,
            plan.is_content,
            plan.is_strategy,
            plan.audience,
            plan.creative,
            plan.has_click,
            np.cumsum(is_weighed_again(plan)) - 1,
        ),
        line_cost=_columns(np.float64, plan.media_cost, plan.data_cost),
        impressions=plan.impressions,
        in_segment=plan.in_segment,
        limits=_limits(a, plan),
        seeding=_columns(np.int64, plan.seeding_step, plan.seeding_brand, plan.seeding_cost, zeros, zeros),
        reference_price=a.reference_price,
        mean_life=a.mean_life,
        people=a.people,
        is_durable=a.is_durable,
        owners_talk=a.owners_talk,
        is_passive=a.is_passive,
        is_threshold=a.is_threshold,
        is_local=a.is_local,
        externality=a.externality,
        n_brands=a.n_brands,
        n_regions=a.n_regions,
        n_consumers=market.n_consumers,
        burn_in=a.burn_in,
    )


def is_weighed_again(plan: PlanArrays) -> np.ndarray:
    """Return for each line whether its audience follows what consumers do."""
    return np.isin(plan.audience, (FIT, VISITORS))


def _limits(a: MarketArrays, plan: PlanArrays) -> np.ndarray:
    costs = [money(np.float64(cost)) for cost in a.unit_cost]
    rest = _columns(np.int64, plan.total_cap, plan.production_is_strategy, costs, a.is_pooled)
    return np.ascontiguousarray(
        np.concatenate([plan.program_cap, plan.program_is_strategy.astype(np.int64), rest], axis=1)
    )


def switches(market: Market, plan: PlanArrays, world: World) -> Switches:
    """Return which mechanisms a plan uses in a market."""
    a = market.arrays
    brand = np.zeros((a.n_brands, N_SWITCHES), np.uint8)
    brand[:, HAS_PROFILE] = a.tailoring > 0
    for h in range(plan.brand.size):
        own = brand[plan.brand[h]]
        own[HAS_MEDIA] = 1
        own[HAS_PROFILE] |= plan.audience[h] == FIT or plan.creative[h] == CREATIVE_PERSONAL
        own[HAS_COUPON] |= plan.coupon[h] > 0
    brand[:, HAS_MEDIA] |= a.initial_goodwill > 0
    for column, name in (
        (HAS_CONTENT, "pieces"),
        (HAS_COMMUNITY, "community"),
        (HAS_GROUP, "group"),
        (HAS_REFERRAL, "referral"),
    ):
        brand[:, column] = (plan.programs[:, :, TERM[name]] > 0).any(axis=0)
    deals = (HAS_COUPON, HAS_GROUP, HAS_REFERRAL)
    brand[:, HAS_DEAL] = brand[:, deals].any(axis=1) | (plan.programs[:, :, TERM["price_cut"]] > 0).any(
        axis=0
    )
    neighbors = bool(a.is_threshold or a.is_local or market.parameters.social_weight > 0)
    counted = np.array([neighbors, brand[:, HAS_COMMUNITY].any(), brand[:, HAS_GROUP].any()])
    count_row = np.where(counted, (np.cumsum(counted) - 1) * a.n_brands, -1).astype(np.int64)
    return Switches(
        brand,
        count_row,
        neighbors,
        is_rationed(market),
        world.weights.size > 0,
        world.occurrence.size > 0,
        bool(brand[:, HAS_PROFILE].any()),
        bool((plan.audience == VISITORS).any()),
        int(is_weighed_again(plan).sum()),
    )
