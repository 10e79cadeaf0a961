"""How the compiled engine lays out a replicate in memory: few arrays, in blocks of 256 consumers.

What every step reads of everybody stands side by side in its block: ``values[block, row, lane]`` in 32 bits,
``marks`` in 8. What matters when something happens to a consumer stands together, so that it comes from
memory at once: ``records[consumer, column]`` in 32 bits, and in the same memory ``weeks`` in 16; with two brands
that is one line of a processor's cache, 64 bytes. A row or column is a person's own or belongs to a brand
(:func:`of_brand`, :func:`in_record`). What only few plans use has room in ``extras`` (and in the same memory
``dates``) where it is used. Few arrays matter: every function that is compiled is given all of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulator.compiled import rule
from simulator.model.campaigns import PlanArrays
from simulator.model.draws import BLOCK
from simulator.model.initialization import World
from simulator.model.market import UNLIMITED, Market
from simulator.model.observation import INDEX, N_SERIES

#: Rows of ``values``, which every step goes through for everybody: a person's, then each brand's.
PERSON = ("need_rate",)
NEED_RATE = 0
FIELDS = ("memory", "goodwill", "fatigue", "trust")
MEMORY, GOODWILL, FATIGUE, TRUST = range(len(FIELDS))
N_PERSON, N_FIELDS = len(PERSON), len(FIELDS)

#: Columns of ``records``, which matter when something happens to a person: its own, then with each brand.
TRAITS = ("taste_x", "taste_y", "price_sensitivity", "online", "sharing")
TASTE_X, TASTE_Y, PRICE_SENSITIVITY, ONLINE, SHARING = range(len(TRAITS))
BONDS = ("belief", "evidence", "habit")
BELIEF, EVIDENCE, HABIT = range(len(BONDS))
#: Columns of ``weeks``, two in the place of a number of 32 bits: a person's, then each brand's.
PERSON_WEEKS = ("replacement_step", "region")
REPLACEMENT, REGION = (2 * len(TRAITS) + k for k in range(len(PERSON_WEEKS)))
BRAND_WEEKS = ("visit_step", "click_step", "read_step")
VISIT, CLICK, READ = (2 * len(BONDS) + k for k in range(len(BRAND_WEEKS)))
N_TRAITS, N_BONDS = len(TRAITS) + 1, len(BONDS) + 2
LONG_AGO = np.int16(-30_000)
NEVER = np.int16(32_767)

#: Columns of ``extras`` where a plan uses them: one for each brand, then a person's. Each begins at its ``column``.
EXTRAS = ("belonging", "coupon", "profile_x", "profile_y", "profile_evidence", "satisfaction", "surprise")
BELONGING, COUPON, PROFILE_X, PROFILE_Y, PROFILE_EVIDENCE, SATISFACTION, SURPRISE = range(len(EXTRAS))
#: Columns of ``dates`` where a plan uses them, two in the place of a number of 32 bits.
DATES = ("coupon_until", "invitation_step", "invited_until", "commitment_step")
COUPON_UNTIL, INVITATION_STEP, INVITED_UNTIL, COMMITMENT = range(len(EXTRAS), len(EXTRAS) + len(DATES))

#: Rows of ``marks``: a person's, then each brand's.
PERSON_MARKS = ("latest_brand", "has_open_need", "is_alert", "committed_brand")
LATEST, OPEN_NEED, ALERT, COMMITTED = range(len(PERSON_MARKS))
BRAND_MARKS = ("flags", "touch")
FLAGS, TOUCH = range(len(BRAND_MARKS))
IS_FOLLOWER, IS_MEMBER, HAS_BOUGHT, WAS_REACHED, IS_TURNED_AWAY, COUPON_IS_STRATEGY = (
    np.uint8(1 << k) for k in range(6)
)
NO_BRAND = np.uint8(255)

#: Kinds of letters, the last of which only says that somebody waits for a group.
A_MESSAGE, AN_INVITATION, A_PIECE, A_CALL = range(4)
#: What is tallied of a consumer's letters about a brand.
CONTACTS, VALUE, WEIGHT = range(3)
#: What a consumer may have for the neighbors.
TALKS, INVITES, SHARES, COMMITS, AS_SEED = (np.int32(1 << k) for k in range(5))
SEARCH, ADVERTISING, FRIEND, REFERRAL, COMMUNITY, CONTENT = (np.uint8(k) for k in range(6))
#: What is counted of a consumer's neighbors.
ADOPTERS, MEMBERS, COMMITTERS = range(3)

#: Columns of a brand's books.
BOOKS = (
    "review_count", "review_sum", "installed_base", "base_seen", "followers", "members", "spent_total",
    "latest_units", "is_funded", "reserved", "group_places", "latest_commitments", "latest_piece",
    "open_first", "open_1", "open_2", "open_3", "spent_first", "spent_1", "spent_2", "spent_3", "listed", "net",
    "is_redesigned", "wishers", "wish_x", "wish_y", "belief_sum",
)  # fmt: skip
(
    REVIEW_COUNT,
    REVIEW_SUM,
    BASE,
    BASE_SEEN,
    N_FOLLOWERS,
    N_MEMBERS,
    SPENT_TOTAL,
    LATEST_UNITS,
    IS_FUNDED,
    RESERVED,
    GROUP_PLACES,
    LATEST_COMMITMENTS,
    LATEST_PIECE,
    OPEN,
) = range(14)
SPENT, LISTED, NET, IS_REDESIGNED, WISHERS, WISH_X, WISH_Y, BELIEF_SUM = 17, *range(21, 28)
#: Columns of a brand's terms at a step.
CUT, NET_PRICE, PIECES, AT_X, AT_Y, N_TODAY = range(6)
#: Columns of a line's state.
RATE, DELIVERED, SOLVED_FOR, WASTE, N_LINE_STATE = range(5)


class State(NamedTuple):
    """Everything that changes in a replicate. B blocks, J brands, L lines, N consumers."""

    values: np.ndarray  # float32 [B, rows, 256]
    records: np.ndarray  # float32 [N, columns], N rounded up to whole blocks
    weeks: np.ndarray  # int16 [N, columns], the memory of records
    extras: np.ndarray  # float32 [N, columns], or [0, columns] where nothing rare is used
    dates: np.ndarray  # int16 [N, columns], the memory of extras
    column: np.ndarray  # int64 [extras and dates], where each begins, or -1 where it is not used
    marks: np.ndarray  # uint8 [B, rows, 256]
    letters: (
        np.ndarray
    )  # int64 [2, places], chunks of what neighbors said; written in one step and read in the next
    boxes: np.ndarray  # int64 [2, stretches + 1], where each ends, and where the chunks in use end
    pieces: np.ndarray  # int32 [J, N] or [J, 0], newest piece that was passed on, with its hops
    counts: np.ndarray  # int32 [rows, N], neighbors who adopted, are members, are committed, by brand
    weight: np.ndarray  # float32 [L, B, 256], of a line's audience
    relevance: np.ndarray  # float32 [L, B, 256]
    reach: np.ndarray  # float32 [lines that are weighed again and again, B, 256]
    visits: (
        np.ndarray
    )  # int16 [B, J, 256], the visit steps of weeks, or [0, J, 256] where no line goes after visitors
    lines: np.ndarray  # float64 [L, columns]
    books: np.ndarray  # int64 [J, columns]
    today: np.ndarray  # float32 [J, columns]
    stock: np.ndarray  # float64 [J, R]
    piece_value: np.ndarray  # float32 [T, J]
    piece_appeal: np.ndarray  # float32 [T, J]
    reviews: np.ndarray  # int64 [T, J, 2], number and sum as seen in each step


class Switches(NamedTuple):
    """Mechanisms that a plan uses; what is off costs nothing."""

    brand: np.ndarray  # uint8 [J, columns]
    count_row: np.ndarray  # int64 [3], first row of each count of neighbors
    neighbors: bool
    is_rationed: bool
    is_weighted: bool
    is_multiple: bool
    any_profile: bool
    any_visitors: bool
    n_reach: int  # lines whose audience is weighed again and again


#: Columns of ``Switches.brand``.
(
    HAS_MEDIA,
    HAS_CONTENT,
    HAS_COMMUNITY,
    HAS_GROUP,
    HAS_REFERRAL,
    HAS_PROFILE,
    HAS_COUPON,
    HAS_DEAL,
    N_SWITCHES,
) = range(9)


class Graph(NamedTuple):
    """What the compiled engine reads of a world. N consumers, M arcs."""

    indptr: np.ndarray  # int64 [N + 1]
    arcs: np.ndarray  # uint32 [M + ROOM], receiver, and bit 31 where the tie is strong
    weights: np.ndarray  # float32 [M + ROOM] or [0] where all weights are 1
    occurrence: np.ndarray  # uint8 [M + ROOM] or [0] where no ties are parallel
    in_degree: np.ndarray  # int32 [N] or [0] where nothing reads it
    cell: np.ndarray  # int32 [N]
    threshold: np.ndarray  # float32 [N] or [0] where nothing reads it
    seeds: np.ndarray  # int32 [seeds], by seeding


#: Bytes of a line of a processor's cache; columns of a record come in so many that two brands fill one.
_LINE, _STEP = 64, 8
#: Blocks that act before what they decided is settled: at most, and in markets that are larger than that, where
#: what was read last is still near.
CHUNK, SMALL_CHUNK = 64, 16
#: Blocks whose consumers go together through what happens to some of them only, so that lists are long.
STRETCH = 8
PLACES = STRETCH * BLOCK
#: A letter's place in its stretch stands in so many bits, with its brand in so many.
BOX_BITS, KIND_BITS = 11, 19
#: Letters of a chunk, one of them where the chunk before it ended.
LETTERS = 64
#: Ties whose draws are made at once.
TIES = 1024
_ROOM = TIES + BLOCK


class Work(NamedTuple):
    """Scratch memory of one thread; rows of 256 lie one after another at fixed distances."""

    rows: np.ndarray  # float32 [rows x 256]
    lists: np.ndarray  # int32 [rows x 256]
    bytes: np.ndarray  # uint8 [rows x 256]
    impressions: np.ndarray  # float32 [L, 256]
    hit: np.ndarray  # uint8 [L, places of a stretch]
    shock: np.ndarray  # float32 [J, 4, 256], draws of the listed shoppers by brand
    bid: np.ndarray  # float32 [J, 4, 256], what each brand is worth to them
    noticed: np.ndarray  # float32 [J, places of a stretch], or [J, 0] where no push is felt
    order: np.ndarray  # int32 [5, orders]
    order_value: np.ndarray  # float32 [2 + 3 J, orders], or [.., 0] where stock cannot run out
    talk: np.ndarray  # int32 [5, talks]
    talk_value: np.ndarray  # float32 [7, talks]
    tie: np.ndarray  # uint32 [ties x 6]
    tie_value: np.ndarray  # float32 [ties x 5]
    move: np.ndarray  # int32 [3, moves]
    tally: np.ndarray  # int32 [brands x places of a stretch, 4], 0 between stretches
    told: np.ndarray  # int32 [J, places of a stretch + 1], whose letters have been tallied
    n_told: np.ndarray  # int64 [J], how many they are
    n: np.ndarray  # int64 [3]: orders, talks, moves
    wanted: np.ndarray  # int64 [J, R, 2], orders, and whether sold out
    asking: np.ndarray  # int64 [orders, or N where there are groups]
    keys: np.ndarray  # uint64 [orders, or N where there are groups]


#: Rows of ``Work.rows``.
(
    UNIFORM,
    CLUTTER,
    OWN,
    FRESH,
    CHANCE,
    NOTICED,
    OUTSIDE_SHOCK,
    WAITING_SHOCK,
    G_MEMORY,
    G_GOODWILL,
    G_BELIEF,
    G_EVIDENCE,
    G_HABIT,
    G_TRUST,
    G_BELONGING,
    G_PROFILE_X,
    G_PROFILE_Y,
    G_TASTE_X,
    G_TASTE_Y,
    G_SENSITIVITY,
    G_ONLINE,
    G_NEARBY,
    NEARBY,
    G_DAYS,
    G_PRICE,
    G_QUALITY,
    G_LIFE,
    WORTH,
    U_0,
    U_1,
    U_2,
    U_3,
    RESULT,
    MORE,
) = (k * BLOCK for k in range(34))
#: Rows of ``Work.lists``: whom something happens to in a stretch and who is forced, then lists of up to 256.
QUEUE, FORCED = 0, PLACES + BLOCK
PICKED, WHEN, SELECTED, JOINS, SOME, BUYER, BUYER_BRAND, BUYER_ID, BUYER_ORDER, PIECE_SEEN, HOPS = (
    FORCED + PLACES + k * BLOCK for k in range(11)
)
#: Rows of ``Work.bytes``: for the places of a stretch, for lists of up to 256, and for ties.
WANTS, IS_BUSY, MAY_VIEW = (k * PLACES for k in range(3))
IS_CONSIDERED, IS_FOUND, READS, IS_DIRECT, FOLLOWS, IS_TOLD = (3 * PLACES + k * BLOCK for k in range(6))
N_ORDERS, N_TALKS, N_MOVES = range(3)
CONSUMER, CHOICE, FIRST_CHOICE, STATUS, IN_GROUP = range(5)
PENDING, ACCEPTED, DROPPED = range(3)
NOTHING, WAITING, STAYS, LAPSES = -1, -2, -2, -3
#: Rows of a brand in ``Work.shock`` and ``Work.bid``.
RECALL, FOUND, TASTE, READING = range(4)
UTILITY, TOTAL, BEST_TOTAL, STANDING = range(4)
WHO, ABOUT, KIND, WHICH, UNITS = range(5)
SAID, SURPRISED, STRONG, WEAK, INTENSITY, INVITE, REWARDED = range(7)
MOVER, COUNT_ROW, CHANGE = range(3)
SENDER, TARGET, TAIL, TOPIC, ARC, HIT = (k * _ROOM for k in range(6))
TIE_0, TIE_1, TIE_2, TIE_3, TIE_CHANCE = (k * _ROOM for k in range(5))


@rule("i8(i8, i8)")
def of_brand(brand: Any, field: Any) -> Any:
    """Return the row of a brand's field in ``values``."""
    return N_PERSON + brand * N_FIELDS + field


@rule("i8(i8, i8)")
def in_record(brand: Any, field: Any) -> Any:
    """Return the column of a brand's field in ``records``."""
    return N_TRAITS + brand * N_BONDS + field


@rule("i8(i8, i8)")
def mark_of(brand: Any, mark: Any) -> Any:
    """Return the row of a brand's mark in ``marks``."""
    return len(PERSON_MARKS) + brand * len(BRAND_MARKS) + mark


@rule("i8(i8, i8)")
def week_of(brand: Any, week: Any) -> Any:
    """Return the column of a brand's step in ``weeks``."""
    return 2 * (N_TRAITS + brand * N_BONDS) + week


@rule("i8(i4)")
def index(number: Any) -> Any:
    """Return a number from 0 on as an index: none is ever counted from the end, which would have to be tested."""
    return np.int64(number) & 0x7FFFFFFF


@rule("i8(i8)")
def block_of(consumer: Any) -> Any:
    """Return the block in which a consumer stands: consumer // 256."""
    return consumer >> 8


@rule("i8(i8)")
def lane_of(consumer: Any) -> Any:
    """Return a consumer's place in its block: consumer % 256."""
    return consumer & 255


@rule("i8(i8)")
def place_of(consumer: Any) -> Any:
    """Return a consumer's place in its stretch; stretches follow each other from consumer 0 on."""
    return consumer & (PLACES - 1)


@rule("i8(i8)")
def whole(n: Any) -> Any:
    """Return a length rounded up to 16, so that a loop over a list has no scalar rest; the list has room."""
    return (n + 15) & -16


def record(name: str) -> int:
    """Return the position of a recorded series."""
    return INDEX[name]


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

    On each tie goes at most one message of a kind: of a purchase, of its invitation, of a group, of each brand's
    content, and of each seeding.
    """
    n_kinds = 1 + int(on.brand[:, HAS_REFERRAL].any()) + int(on.brand[:, HAS_GROUP].any())
    n_kinds += int(on.brand[:, HAS_CONTENT].sum())
    n_seedings = int(np.bincount(plan.seeding_step).max(initial=0))
    n_chunks = -(-int(world.indptr[-1]) * (n_kinds + n_seedings) // (LETTERS - 1))
    n_boxes = -(-market.n_consumers // PLACES)
    return np.empty((2, (n_chunks + n_boxes) * LETTERS), np.int64)


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
        bytes=np.zeros(IS_TOLD + _ROOM, u1),
        impressions=np.zeros((n_lines, BLOCK), f4),
        hit=np.zeros((n_lines, PLACES), u1),
        shock=np.zeros((n_brands, 4, BLOCK), f4),
        bid=np.zeros((n_brands, 4, BLOCK), f4),
        noticed=np.zeros((n_brands, PLACES if market.arrays.is_threshold else 0), f4),
        order=np.zeros((5, n_orders), i4),
        order_value=np.zeros((2 + 3 * n_brands, n_orders if on.is_rationed else 0), f4),
        talk=np.zeros((5, n_talks), i4),
        talk_value=np.zeros((7, n_talks), f4),
        tie=np.zeros(HIT + _ROOM, np.uint32),
        tie_value=np.zeros(TIE_CHANCE + _ROOM, f4),
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
