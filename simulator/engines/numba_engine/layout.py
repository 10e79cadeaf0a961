"""How the compiled engine lays out a replicate in memory.

The dense state of consumers stands in blocks of 256: ``values[block, brand, field, lane]``. What only a
few consumers touch in a step stands in plain arrays over consumers, padded to whole blocks.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulator.compiled import rule
from simulator.model.campaigns import CREATIVE_PERSONAL, FIT, TERM, VISITORS, PlanArrays
from simulator.model.draws import BLOCK
from simulator.model.initialization import World
from simulator.model.market import UNLIMITED, Market
from simulator.model.observation import INDEX, N_SERIES

FIELDS = (
    "memory", "goodwill", "fatigue", "belief", "evidence", "habit", "trust", "belonging", "profile_x", "profile_y",
    "profile_evidence",
)  # fmt: skip
(
    MEMORY,
    GOODWILL,
    FATIGUE,
    BELIEF,
    EVIDENCE,
    HABIT,
    TRUST,
    BELONGING,
    PROFILE_X,
    PROFILE_Y,
    PROFILE_EVIDENCE,
) = range(len(FIELDS))
N_FIELDS = len(FIELDS)

IS_FOLLOWER, IS_MEMBER, HAS_BOUGHT, WAS_REACHED, IS_TURNED_AWAY = (np.uint8(1 << k) for k in range(5))
CONTACTS, VALUE, WEIGHT, INVITATION, PIECE, IS_LISTED, N_INBOX = range(7)
TALKS, INVITES, SHARES, COMMITS, AS_SEED = (np.uint8(1 << k) for k in range(5))
SEARCH, ADVERTISING, FRIEND, REFERRAL, COMMUNITY, CONTENT = (np.uint8(k) for k in range(6))
ADOPTERS, MEMBERS, COMMITTERS = range(3)
LONG_AGO = np.int32(-1_000_000)
MESSAGE_SCALE = np.float32(4096.0)


class State(NamedTuple):
    """Everything that changes in a replicate. J brands, L lines, N consumers padded to whole blocks."""

    values: np.ndarray  # float32 [blocks, J, fields, 256]
    taste: np.ndarray  # float32 [2, N]
    flags: np.ndarray  # uint8 [J, N]
    touch: np.ndarray  # uint8 [J, N]
    visit_step: np.ndarray  # int32 [J, N]
    coupon: np.ndarray  # float32 [J, N]
    coupon_until: np.ndarray  # int32 [J, N]
    invitation_step: np.ndarray  # int32 [J, N], step in which it was sent
    invited_until: np.ndarray  # int32 [J, N]
    latest_brand: np.ndarray  # int8 [N]
    satisfaction: np.ndarray  # float32 [N]
    surprise: np.ndarray  # float32 [N]
    has_open_need: np.ndarray  # uint8 [N]
    replacement_step: np.ndarray  # int32 [N]
    committed_brand: np.ndarray  # int8 [N]
    commitment_step: np.ndarray  # int32 [N]
    inbox: (
        np.ndarray
    )  # int32 [J, N, 6]: last step's contacts, value and weight (1/4096), whether an invitation came,
    # newest piece with its hops, and whether the consumer is listed as a receiver
    piece: np.ndarray  # int32 [J, N], piece that came in the last step, with its hops
    counts: np.ndarray  # int32 [3, J, N]: neighbors who adopted, are members, are committed
    stock: np.ndarray  # float64 [J, R]
    review_count: np.ndarray  # int64 [J]
    review_sum: np.ndarray  # int64 [J]
    base: np.ndarray  # int64 [J], installed base
    base_seen: np.ndarray  # int64 [J], the same at the end of the last step
    followers: np.ndarray  # int64 [J]
    members: np.ndarray  # int64 [J]
    spent_total: np.ndarray  # int64 [J]
    spent_program: np.ndarray  # int64 [J, programs]
    last_cut_spend: np.ndarray  # int64 [J]
    is_open: np.ndarray  # uint8 [J, programs], programs with money left at the start of the step
    is_funded: np.ndarray  # uint8 [J], budget left at the start of the step
    price_cut: np.ndarray  # float32 [J]
    reserved: np.ndarray  # int64 [J], money set aside for the discounts of open commitments
    group_places: np.ndarray  # int64 [J], commitments to groups that are accepted in the step
    latest_commitments: np.ndarray  # int64 [J], commitments in the latest step in which groups were offered
    review_history: np.ndarray  # int64 [T, J, 2], reviews and their sum as seen in each step
    read_step: np.ndarray  # int16 [J, N], step of the latest reading of reviews, or -1
    position: np.ndarray  # float32 [J, 2]
    is_redesigned: np.ndarray  # uint8 [J], the position has moved at the start of the step
    wishes: np.ndarray  # int64 [J, 3], members who interacted, and the sums of their tastes
    pieces: np.ndarray  # float32 [J], pieces published in the step
    latest_piece: np.ndarray  # int32 [J]
    piece_value: np.ndarray  # float32 [T, J]
    piece_appeal: np.ndarray  # float32 [T, J]
    need_rate: np.ndarray  # float32 [blocks, 256]
    receivers: np.ndarray  # int32 [J, N], who got messages in the last step
    n_receivers: np.ndarray  # int64 [J]
    is_alert: np.ndarray  # uint8 [N], got a piece
    # the same memory in blocks: a loop over [block, lane] has indices that cannot be negative
    flags_by_block: np.ndarray  # uint8 [J, blocks, 256]
    touch_by_block: np.ndarray  # uint8 [J, blocks, 256]
    open_need_by_block: np.ndarray  # uint8 [blocks, 256]
    alert_by_block: np.ndarray  # uint8 [blocks, 256]
    weight: np.ndarray  # float32 [L, blocks, 256]
    relevance: np.ndarray  # float32 [L, blocks, 256]
    rate: np.ndarray  # float32 [L]
    delivered: np.ndarray  # float64 [L]
    solved_for: np.ndarray  # float64 [L]
    waste: np.ndarray  # int64 [L], fixed point


class Switches(NamedTuple):
    """Mechanisms that a plan uses; what is off costs nothing."""

    media: np.ndarray  # uint8 [J]
    content: np.ndarray  # uint8 [J]
    community: np.ndarray  # uint8 [J]
    group: np.ndarray  # uint8 [J]
    referral: np.ndarray  # uint8 [J]
    profile: np.ndarray  # uint8 [J]
    coupon_is_strategy: np.ndarray  # uint8 [J]
    any_profile: bool
    neighbors: bool
    is_rationed: bool
    is_weighted: bool
    is_multiple: bool


class Work(NamedTuple):
    """Scratch memory of one thread."""

    rows: np.ndarray  # float32 [5 + L, 256]: uniforms, clutter, own, freshness, chance, impressions by line
    hit: np.ndarray  # uint8 [L, 256]
    noticed: np.ndarray  # float32 [J, 256]
    wants: np.ndarray  # uint8 [256]
    is_busy: np.ndarray  # uint8 [256]
    busy: np.ndarray  # int32 [256]
    shopper: np.ndarray  # int32 [256]
    place: np.ndarray  # int32 [256]
    occasion: np.ndarray  # uint32 [256], step whose luck a shopper has
    draws: np.ndarray  # float32 [2 + 4 J, 256], uniform numbers and taste shocks of a block's shoppers
    lived: np.ndarray  # float32 [7, 256], the same of its buyers
    buyer: np.ndarray  # int32 [256]
    buyer_tail: np.ndarray  # uint32 [2, 256]
    order_consumer: np.ndarray  # int32 [orders]
    order_choice: np.ndarray  # int8 [orders]
    order_state: np.ndarray  # uint8 [orders]
    order_group: np.ndarray  # uint8 [orders]
    order_value: np.ndarray  # float32 [orders, J]
    order_total: np.ndarray  # float32 [orders, J]
    order_outside: np.ndarray  # float32 [orders]
    order_waiting: np.ndarray  # float32 [orders]
    order_first: np.ndarray  # int8 [orders]
    talk_consumer: np.ndarray  # int32 [talks]
    talk_brand: np.ndarray  # int8 [talks]
    talk_kind: np.ndarray  # uint8 [talks]
    talk_piece: np.ndarray  # int32 [talks]
    talk_value: np.ndarray  # float32 [talks], satisfaction that the talk is about
    talk_surprise: np.ndarray  # float32 [talks]
    move_consumer: np.ndarray  # int32 [moves]
    move_brand: np.ndarray  # int8 [moves]
    move_count: np.ndarray  # int8 [moves]
    move_change: np.ndarray  # int8 [moves]
    n: np.ndarray  # int64 [3]: orders, talks, moves
    tie_uniforms: np.ndarray  # float32 [4, ties]
    tie_sender: np.ndarray  # uint32 [ties]
    tie_receiver: np.ndarray  # uint32 [ties]
    tie_tail: np.ndarray  # uint32 [ties]
    tie_talk: np.ndarray  # int32 [ties], position in the talk lists
    tie_arc: np.ndarray  # int64 [ties]
    tie_chance: np.ndarray  # float32 [ties], probability of talk
    tie_hit: np.ndarray  # int32 [ties], ties on which something happens
    talk_terms: np.ndarray  # float32 [5, talks], what holds for all ties of a talk
    wanted: np.ndarray  # int64 [J, R]
    sold_out: np.ndarray  # uint8 [J, R]
    asking: np.ndarray  # int64 [orders, or N where there are groups]
    keys: np.ndarray  # uint64 [orders, or N where there are groups]


N_ORDERS, N_TALKS, N_MOVES = range(3)
#: What holds for all ties of a talk.
STRONG, WEAK, INVITE, REWARDED, INTENSITY = range(5)
#: Ties whose draws are made at once.
TIES = 1024
UNIFORM, CLUTTER, OWN, FRESH, CHANCE, FIRST_LINE = range(6)


@rule("i8(i8)")
def whole(n: Any) -> Any:
    """Return a length rounded up to 64, so that a loop over a list has no scalar rest; the list has room."""
    return (n + 63) // 64 * 64


def padded(n_consumers: int) -> int:
    """Return the number of consumers rounded up to whole blocks."""
    return -(-n_consumers // BLOCK) * BLOCK


def switches(market: Market, plan: PlanArrays, world: World) -> Switches:
    """Return which mechanisms a plan uses in a market."""
    a = market.arrays
    n_brands = a.n_brands
    media = np.zeros(n_brands, np.uint8)
    profile = (a.tailoring > 0).astype(np.uint8)
    for h in range(plan.brand.size):
        media[plan.brand[h]] = 1
        if plan.audience[h] in (FIT, VISITORS) or plan.creative[h] == CREATIVE_PERSONAL:
            profile[plan.brand[h]] = 1
    media |= a.initial_goodwill > 0
    coupon_is_strategy = np.zeros(n_brands, np.uint8)
    coupon_is_strategy[plan.brand[(plan.coupon > 0) & (plan.is_strategy > 0)]] = 1

    def used(term: str) -> np.ndarray:
        return (plan.programs[:, :, TERM[term]] > 0).any(axis=0).astype(np.uint8)

    needs_neighbors = a.is_threshold or a.is_local or market.parameters.social_weight > 0
    return Switches(
        media,
        used("pieces"),
        used("community"),
        used("group"),
        used("referral"),
        profile,
        coupon_is_strategy,
        bool(profile.any()),
        bool(needs_neighbors),
        bool((a.supply < UNLIMITED).any() or (a.initial_stock < UNLIMITED).any()),
        world.weights.size > 0,
        world.occurrence.size > 0,
    )


def new_state(market: Market, plan: PlanArrays, on: Switches) -> State:
    """Return the memory of one replicate, not yet initialized."""
    n = padded(market.n_consumers)
    n_brands = market.arrays.n_brands
    n_lines = plan.brand.size
    n_steps = plan.impressions.shape[0]
    per_brand = (n_brands, n)
    has_counts = on.neighbors or on.community.any() or on.group.any()
    i4, i8, f4, u1 = np.int32, np.int64, np.float32, np.uint8
    blocks = (n // BLOCK, BLOCK)
    flags, touch = np.zeros(per_brand, u1), np.zeros(per_brand, u1)
    has_open_need, is_alert = np.zeros(n, u1), np.zeros(n, u1)
    return State(
        values=np.empty((n // BLOCK, n_brands, N_FIELDS, BLOCK), f4),
        taste=np.zeros((2, n), f4),
        flags=flags,
        touch=touch,
        visit_step=np.empty(per_brand, i4),
        coupon=np.empty(per_brand, f4),
        coupon_until=np.empty(per_brand, i4),
        invitation_step=np.empty(per_brand, i4),
        invited_until=np.empty(per_brand, i4),
        latest_brand=np.empty(n, np.int8),
        satisfaction=np.empty(n, f4),
        surprise=np.empty(n, f4),
        has_open_need=has_open_need,
        replacement_step=np.empty(n, i4),
        committed_brand=np.empty(n, np.int8),
        commitment_step=np.empty(n, i4),
        inbox=np.empty((*per_brand, N_INBOX), i4),
        piece=np.empty(per_brand, i4),
        counts=np.zeros((3, n_brands, n if has_counts else 0), i4),
        stock=np.empty((n_brands, market.arrays.n_regions)),
        review_count=np.empty(n_brands, i8),
        review_sum=np.empty(n_brands, i8),
        base=np.empty(n_brands, i8),
        base_seen=np.empty(n_brands, i8),
        followers=np.empty(n_brands, i8),
        members=np.empty(n_brands, i8),
        spent_total=np.empty(n_brands, i8),
        spent_program=np.empty(plan.program_cap.shape, i8),
        last_cut_spend=np.empty(n_brands, i8),
        is_open=np.empty(plan.program_cap.shape, u1),
        is_funded=np.empty(n_brands, u1),
        price_cut=np.empty(n_brands, f4),
        reserved=np.empty(n_brands, i8),
        group_places=np.empty(n_brands, i8),
        latest_commitments=np.empty(n_brands, i8),
        review_history=np.zeros((n_steps, n_brands, 2), i8),
        read_step=np.empty(per_brand, np.int16),
        position=np.zeros((n_brands, 2), f4),
        is_redesigned=np.zeros(n_brands, u1),
        wishes=np.zeros((n_brands, 3), i8),
        pieces=np.zeros(n_brands, f4),
        latest_piece=np.empty(n_brands, i4),
        piece_value=np.zeros((n_steps, n_brands), f4),
        piece_appeal=np.zeros((n_steps, n_brands), f4),
        need_rate=np.zeros(blocks, f4),
        receivers=np.zeros(per_brand, i4),
        n_receivers=np.zeros(n_brands, i8),
        is_alert=is_alert,
        flags_by_block=flags.reshape(n_brands, *blocks),
        touch_by_block=touch.reshape(n_brands, *blocks),
        open_need_by_block=has_open_need.reshape(blocks),
        alert_by_block=is_alert.reshape(blocks),
        weight=np.zeros((n_lines, *blocks), f4),
        relevance=np.zeros((n_lines, *blocks), f4),
        rate=np.zeros(n_lines, f4),
        delivered=np.zeros(n_lines),
        solved_for=np.full(n_lines, -1.0),
        waste=np.zeros(n_lines, i8),
    )


def new_work(market: Market, plan: PlanArrays, on: Switches) -> Work:
    """Return the scratch memory of one thread."""
    n = padded(market.n_consumers)
    n_brands = market.arrays.n_brands
    # orders are carried out block by block unless stock may run out; talk goes out block by block always
    n_orders = n if on.is_rationed else BLOCK
    n_keys = n if on.group.any() else n_orders
    # seeds talk before the first block does
    n_talks = BLOCK * (n_brands + 2) + int(plan.seeding_count.sum())
    n_moves = n * int(3 * on.neighbors + 2 * on.community.sum() + 2 * on.group.any())
    n_lines = plan.brand.size
    i1, i4, f4, u1 = np.int8, np.int32, np.float32, np.uint8
    return Work(
        np.zeros((FIRST_LINE + n_lines, BLOCK), f4),
        np.zeros((n_lines, BLOCK), u1),
        np.zeros((n_brands, BLOCK), f4),
        np.zeros(BLOCK, u1),
        np.zeros(BLOCK, u1),
        *(np.zeros(BLOCK, i4) for _ in range(3)),
        np.zeros(BLOCK, np.uint32),
        np.zeros((2 + 4 * n_brands, BLOCK), f4),
        np.zeros((7, BLOCK), f4),
        np.zeros(BLOCK, i4),
        np.zeros((2, BLOCK), np.uint32),
        np.zeros(n_orders, i4),
        np.zeros(n_orders, i1),
        np.zeros(n_orders, u1),
        np.zeros(n_orders, u1),
        np.zeros((n_orders, n_brands), f4),
        np.zeros((n_orders, n_brands), f4),
        np.zeros(n_orders, f4),
        np.zeros(n_orders, f4),
        np.zeros(n_orders, i1),
        np.zeros(n_talks, i4),
        np.zeros(n_talks, i1),
        np.zeros(n_talks, u1),
        np.zeros(n_talks, i4),
        np.zeros(n_talks, f4),
        np.zeros(n_talks, f4),
        np.zeros(n_moves, i4),
        *(np.zeros(n_moves, i1) for _ in range(3)),
        np.zeros(3, np.int64),
        np.zeros((4, TIES), f4),
        *(np.zeros(TIES, np.uint32) for _ in range(3)),
        np.zeros(TIES, i4),
        np.zeros(TIES, np.int64),
        np.zeros(TIES, f4),
        np.zeros(TIES, i4),
        np.zeros((5, n_talks), f4),
        np.zeros((n_brands, market.arrays.n_regions), np.int64),
        np.zeros((n_brands, market.arrays.n_regions), u1),
        np.zeros(n_keys, np.int64),
        np.zeros(n_keys, np.uint64),
    )


def record(name: str) -> int:
    """Return the position of a recorded series."""
    return INDEX[name]


def new_counts(n_steps: int, n_brands: int) -> Any:
    """Return zeroed counts, int64 [T, J, series]."""
    return np.zeros((n_steps, n_brands, N_SERIES), np.int64)
