"""The memory of a replicate and of a thread: made once, and used again by the replicates that follow."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.engines.numba_engine.layout import (
    BELONGING,
    BOOKS,
    BRAND_MARKS,
    CHUNK,
    COMMITMENT,
    COUPON,
    COUPON_UNTIL,
    DATES,
    EXTRAS,
    HAS_COMMUNITY,
    HAS_CONTENT,
    HAS_COUPON,
    HAS_GROUP,
    HAS_PROFILE,
    HAS_REFERRAL,
    HIT,
    HOPS,
    INVITATION_STEP,
    INVITED_UNTIL,
    IS_TOLD,
    LETTERS,
    MORE,
    N_BONDS,
    N_FIELDS,
    N_LINE_STATE,
    N_PERSON,
    N_TODAY,
    N_TRAITS,
    PERSON_MARKS,
    PLACES,
    PROFILE_EVIDENCE,
    PROFILE_X,
    PROFILE_Y,
    ROOM,
    SATISFACTION,
    SURPRISE,
    TIE_CHANCE,
    Graph,
    State,
    Switches,
    Work,
)
from simulator.errors import EngineError
from simulator.model.campaigns import PlanArrays
from simulator.model.draws import BLOCK
from simulator.model.initialization import World
from simulator.model.market import UNLIMITED, Market
from simulator.model.observation import N_SERIES

#: Bytes of a line of a processor's cache; columns of a record come in so many that two brands fill one.
_LINE, _STEP = 64, 8


def padded(n_consumers: int) -> int:
    """Return the number of consumers rounded up to whole blocks."""
    return -(-n_consumers // BLOCK) * BLOCK


def new_graph(market: Market, world: World, on: Switches) -> Graph:
    """Return the social graph as the engine reads it; nothing is copied."""
    nothing = np.zeros(0, np.float32)
    return Graph(
        world.indptr,
        world.arcs,
        world.weights,
        world.occurrence,
        world.in_degree if on.neighbors else np.zeros(0, np.int32),
        world.population.cell,
        world.population.threshold if market.arrays.is_threshold else nothing,
        np.zeros(0, np.int32),
    )


def is_rationed(market: Market) -> bool:
    """Return whether any brand can run out of stock."""
    a = market.arrays
    return bool((a.supply < UNLIMITED).any() or (a.initial_stock < UNLIMITED).any())


def _aligned(n_rows: int, n_columns: int) -> np.ndarray:
    """Return float32 zeros that begin with a line of a processor's cache."""
    memory = np.zeros(n_rows * n_columns * 4 + _LINE, np.uint8)
    first = -memory.ctypes.data % _LINE
    return memory[first : first + n_rows * n_columns * 4].view(np.float32).reshape(n_rows, n_columns)


def extra_columns(market: Market, on: Switches) -> tuple[np.ndarray, int]:
    """Return where each of the extras and dates that a plan uses begins, -1 for others, and the columns of extras."""
    n_brands = market.arrays.n_brands
    has = on.brand.any(axis=0)
    used = {
        BELONGING: has[HAS_COMMUNITY],
        **dict.fromkeys((COUPON, COUPON_UNTIL), has[HAS_COUPON]),
        **dict.fromkeys((PROFILE_X, PROFILE_Y, PROFILE_EVIDENCE), has[HAS_PROFILE]),
        **dict.fromkeys((SATISFACTION, SURPRISE), market.arrays.owners_talk),
        **dict.fromkeys((INVITATION_STEP, INVITED_UNTIL), has[HAS_REFERRAL]),
        COMMITMENT: has[HAS_GROUP],
    }
    column = np.full(len(EXTRAS) + len(DATES), -1, np.int64)
    at = 0
    for field in range(column.size):
        if field == len(EXTRAS):
            at *= 2
        if used[field]:
            column[field] = at
            at += 1 if field in (SATISFACTION, SURPRISE, COMMITMENT) else n_brands
    return column, -(-at // 2)


def new_state(market: Market, n_lines: int, on: Switches) -> State:
    """Return the memory of one replicate, not yet initialized."""
    n = padded(market.n_consumers)
    n_blocks = n // BLOCK
    n_brands = market.arrays.n_brands
    n_steps = market.arrays.price.shape[0]
    f4 = np.float32
    has_content = bool(on.brand[:, HAS_CONTENT].any())
    records = _aligned(n, -(-(N_TRAITS + n_brands * N_BONDS) // _STEP) * _STEP)
    column, n_extras = extra_columns(market, on)
    extras = np.zeros((n if n_extras else 0, max(n_extras, 1)), f4)
    return State(
        values=np.zeros((n_blocks, N_PERSON + n_brands * N_FIELDS, BLOCK), f4),
        records=records,
        weeks=records.view(np.int16),
        extras=extras,
        dates=extras.view(np.int16),
        column=column,
        marks=np.zeros((n_blocks, len(PERSON_MARKS) + n_brands * len(BRAND_MARKS), BLOCK), np.uint8),
        letters=np.zeros((2, LETTERS), np.int64),
        boxes=np.zeros((2, -(-n // PLACES) + 1), np.int64),
        pieces=np.zeros((n_brands, n if has_content else 0), np.int32),
        counts=np.zeros((int((on.count_row >= 0).sum()) * n_brands, n), np.int32),
        weight=np.zeros((n_lines, n_blocks, BLOCK), f4),
        relevance=np.zeros((n_lines, n_blocks, BLOCK), f4),
        reach=np.zeros((on.n_reach, n_blocks, BLOCK), f4),
        visits=np.zeros((n_blocks if on.any_visitors else 0, n_brands, BLOCK), np.int16),
        lines=np.zeros((n_lines, N_LINE_STATE)),
        books=np.zeros((n_brands, len(BOOKS)), np.int64),
        today=np.zeros((n_brands, N_TODAY), f4),
        stock=np.zeros((n_brands, market.arrays.n_regions)),
        piece_value=np.zeros((n_steps, n_brands), f4),
        piece_appeal=np.zeros((n_steps, n_brands), f4),
        reviews=np.zeros((n_steps, n_brands, 2), np.int64),
    )


def new_letters(market: Market, plan: PlanArrays, world: World, on: Switches) -> np.ndarray:
    """Return room for as many letters as can be sent in a step; what is never written takes no memory.

    On each tie goes a message of a purchase or of an owner; an invitation of who bought, or else a call to a group,
    which where owners do not talk takes the place of the message; a piece of each brand's content; and a message of
    a seed of each brand, whose product nobody gets twice.

    Raises
    ------
    EngineError
        If the system refuses so much.
    """
    calls = on.brand[:, HAS_GROUP].any() and market.arrays.owners_talk
    n_kinds = 1 + int(on.brand[:, HAS_REFERRAL].any() or calls)
    n_kinds += int(on.brand[:, HAS_CONTENT].sum()) + np.unique(plan.seeding_brand).size
    n_chunks = -(-int(world.indptr[-1]) * n_kinds // (LETTERS - 1))
    size = (n_chunks + -(-market.n_consumers // PLACES)) * LETTERS
    try:
        return np.empty((2, size), np.int64)
    except MemoryError as error:
        raise EngineError(
            f"the system refuses {16 * size / 1e9:.1f} GB of address space, room for all that {market.n_consumers:,} "
            f"consumers could tell each other in a step on {int(world.indptr[-1]):,} ties, little of which is ever "
            "used: take fewer consumers, fewer ties or fewer threads"
        ) from error


def new_work(
    market: Market, n_lines: int, n_seeds: int, on: Switches, most_consumers: int | None = None
) -> Work:
    """Return the scratch memory of one thread, for all consumers or so many at a time."""
    n = padded(market.n_consumers)
    if most_consumers is not None:
        n = min(n, most_consumers)
    n_brands = market.arrays.n_brands
    # orders are carried out chunk by chunk unless stock may run out; talk goes out chunk by chunk always
    n_chunk = min(n, CHUNK * BLOCK)
    n_orders = BLOCK + (n if on.is_rationed else n_chunk)
    # seeds talk before anybody else does; of others, each at most about every brand's content and one purchase
    n_talks = n_chunk * (1 + int(on.brand[:, HAS_CONTENT].sum())) + BLOCK + n_seeds
    moves = 3 * on.neighbors + 2 * on.brand[:, HAS_COMMUNITY].sum() + 2 * on.brand[:, HAS_GROUP].any()
    n_keys = n if on.brand[:, HAS_GROUP].any() else n_orders
    f4, i4, u1 = np.float32, np.int32, np.uint8
    return Work(
        rows=np.zeros(MORE + BLOCK, f4),
        lists=np.zeros(HOPS + BLOCK, i4),
        bytes=np.zeros(IS_TOLD + ROOM, u1),
        impressions=np.zeros((n_lines, BLOCK), f4),
        hit=np.zeros((n_lines, PLACES), u1),
        shock=np.zeros((n_brands, 4, BLOCK), f4),
        bid=np.zeros((n_brands, 4, BLOCK), f4),
        noticed=np.zeros((n_brands, PLACES if market.arrays.is_threshold else 0), f4),
        order=np.zeros((5, n_orders), i4),
        order_value=np.zeros((2 + 3 * n_brands, n_orders if on.is_rationed else 0), f4),
        talk=np.zeros((5, n_talks), i4),
        talk_value=np.zeros((7, n_talks), f4),
        tie=np.zeros(HIT + ROOM, np.uint32),
        tie_value=np.zeros(TIE_CHANCE + ROOM, f4),
        move=np.zeros((3, n * int(moves) + 2 * n_seeds), i4),
        tally=np.zeros((n_brands * PLACES, 4), i4),
        told=np.zeros((n_brands, PLACES + 1), i4),
        n_told=np.zeros(n_brands, np.int64),
        n=np.zeros(3, np.int64),
        wanted=np.zeros((n_brands, market.arrays.n_regions, 2), np.int64),
        asking=np.zeros(n_keys, np.int64),
        keys=np.zeros(n_keys, np.uint64),
    )


def new_counts(n_steps: int, n_brands: int) -> Any:
    """Return zeroed counts, int64 [T, J, series]."""
    return np.zeros((n_steps, n_brands, N_SERIES), np.int64)
