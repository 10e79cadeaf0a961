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
from simulator.model.draws import BLOCK
from simulator.model.observation import INDEX

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
    letters: np.ndarray  # int64 [2, places], chunks; written in one step and read in the next
    boxes: np.ndarray  # int64 [2, stretches + 1], where each ends, and where the chunks in use end
    pieces: np.ndarray  # int32 [J, N] or [J, 0], newest piece that was passed on, with its hops
    counts: np.ndarray  # int32 [rows, N], neighbors who adopted, are members, are committed, by brand
    weight: np.ndarray  # float32 [L, B, 256], of a line's audience
    relevance: np.ndarray  # float32 [L, B, 256]
    reach: np.ndarray  # float32 [lines that are weighed again and again, B, 256]
    visits: np.ndarray  # int16 [B, J, 256], visit steps, or [0, J, 256] where no line goes after visitors
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
ROOM = TIES + BLOCK


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
SENDER, TARGET, TAIL, TOPIC, ARC, HIT = (k * ROOM for k in range(6))
TIE_0, TIE_1, TIE_2, TIE_3, TIE_CHANCE = (k * ROOM for k in range(5))


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
