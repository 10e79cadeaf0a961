"""A doorway to the market core in C with the engine's draws: ``market_same.c``, compiled by gcc, called by ctypes."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from baselines.c_market import aligned, by_block, compiled
from baselines.given import OBSERVED, refuse_more
from simulator.model.allocation import impression_rate
from simulator.model.campaigns import Plan
from simulator.model.draws import BLOCK as LANES
from simulator.model.initialization import World
from simulator.model.market import Market
from simulator.model.observation import INDEX
from simulator.model.rules.ledger import money

#: No shortcuts of arithmetic, so that bits are the engine's; these two change none.
_OPTIONS = ("-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math")
#: Named as in C, in its order.
_TERMS = (
    "wear_out", "fatigue_carryover", "clutter_half", "goodwill_carryover", "memory_retention", "memory_gain_ad",
    "memory_gain_contact", "visit_weeks", "reading_propensity", "review_evidence", "review_half", "category_value",
    "quality_weight", "fit_weight", "goodwill_weight", "habit_weight", "trust_weight", "delay_weight", "friction",
    "experience_sd", "evidence_limit", "habit_retention", "review_intercept", "review_surprise", "p_strong",
    "p_weak", "talk_base", "surprise_unit", "loss_factor", "friend_credibility",
)  # fmt: skip
_BRAND = np.dtype([(name, "f4") for name in ("x", "y", "price", "quality", "trust", "coverage")])
_LINE = np.dtype(
    [*((name, "f4") for name in ("attention", "cap", "intercept")), ("channel", "u4"), ("slot", "u4")]
)
_LONG_AGO, _NEVER = -30_000, -1
_MOST_BRANDS, _MOST_STEPS, _MOST_GOODWILL = 8, 20_000, 30_000


@cache
def _library(first_line: tuple[int, ...], has_click: tuple[bool, ...]) -> ctypes.CDLL:
    return compiled("market_same.c", _OPTIONS, first_line, has_click)


class Held(NamedTuple):
    """What does not change within a replicate; threads share it."""

    start: np.ndarray
    media: np.ndarray
    rate: np.ndarray
    season: np.ndarray
    days: np.ndarray
    first_arc: np.ndarray
    first_slot: np.ndarray


class SameMarket:
    """A market in one world as this C holds it, with room for one replicate at a time.

    Parameters
    ----------
    market, plan, world : Market, Plan, World
        What is simulated: a market and media that the baselines have.
    like : SameMarket or None
        Another of the same, whose unchanging arrays are shared.

    Raises
    ------
    ValueError
        Where the plan or the market uses a mechanism that the baselines do not have.
    """

    def __init__(self, market: Market, plan: Plan, world: World, like: SameMarket | None = None) -> None:
        _refuse(market, plan, world)
        m, a = market.arrays, plan.arrays
        firsts = np.searchsorted(a.brand, np.arange(m.n_brands + 1))
        self.library = _library(tuple(firsts.tolist()), tuple((a.has_click > 0).tolist()))
        self.n_steps, self.n_brands = market.n_steps, m.n_brands
        width = self.library.sizes(0)
        n_blocks = -(-market.n_consumers // width)
        self.held = like.held if like else _held(market, plan, world, self.library, width, n_blocks)
        if self.held.start.nbytes != n_blocks * self.library.sizes(1):
            raise RuntimeError("Python and C lay out a block differently")
        self.block = aligned(n_blocks, self.held.start.dtype)
        self.mail = [np.zeros(max(1, self.held.first_slot[-1]), np.int64) for _ in range(2)]
        self.n_mail = [np.zeros(n_blocks, np.int32) for _ in range(2)]
        self.world, self.market = world, _Market(n_brands=m.n_brands, n_lines=a.brand.size)
        self._fill(market, plan, world, n_blocks)
        if self.market.size != self.library.sizes(2):
            raise RuntimeError("Python and C lay out a market differently")

    def _fill(self, market: Market, plan: Plan, world: World, n_blocks: int) -> None:
        m, a, held, p = market.arrays, plan.arrays, self.held, market.parameters
        of = self.market.of
        of["n_blocks"], of["n_steps"], of["n_regions"] = n_blocks, market.n_steps, m.n_regions
        of["people"], of["terms"] = m.people, [getattr(p, name) for name in _TERMS]
        brand, line = of["brand"][0], of["line"][0]
        brand["x"], brand["y"] = m.position.T
        brand["price"] = m.price[0] / m.reference_price - np.float32(1)
        brand["quality"], brand["trust"], brand["coverage"] = m.quality[0], m.initial_trust, m.online_coverage
        line["attention"], line["cap"], line["intercept"] = a.attention, a.cap, a.click_intercept
        line["channel"], line["slot"] = a.channel_id, a.slot
        is_buyer = world.latest_brand == np.arange(m.n_brands)[:, None]
        of["id"], of["listed"] = m.brand_id, [money(np.float64(price)) for price in m.price[0]]
        of["review_count"], of["review_sum"] = m.initial_review_count, m.initial_review_sum
        of["customers"] = is_buyer.sum(axis=1)
        of["belief"] = is_buyer.sum(axis=1) * np.floor(m.quality[0] * np.float32(65536)).astype(np.int64)
        unchanging = (held.rate, held.season, held.days, held.start, held.media, world.arcs)
        changing = (held.first_arc, held.first_slot, self.block, *self.mail, *self.n_mail)
        of["address"] = [array.ctypes.data for array in (*unchanging, *changing)]

    def run(self, seed: int, replicate: int = 0) -> np.ndarray:
        """Run one replicate and return what was recorded, int64 [step, brand, OBSERVED], in the engine's units."""
        seen = np.zeros((self.n_steps, self.n_brands, len(OBSERVED)), np.int64)
        self.library.play(
            ctypes.c_void_p(self.market.of.ctypes.data), ctypes.c_uint32(seed), ctypes.c_uint32(replicate),
            ctypes.c_void_p(seen.ctypes.data),
        )  # fmt: skip
        return seen


class _Market:
    """The C version's ``Market``: one record, filled by name."""

    def __init__(self, n_brands: int, n_lines: int) -> None:
        sums = [
            (name, "i8", (n_brands,))
            for name in ("listed", "review_count", "review_sum", "belief", "customers")
        ]
        fields: list[Any] = [("n_blocks", "i8"), ("n_steps", "i8"), ("n_regions", "i8"), ("people", "f8")]
        fields += [("terms", "f4", (len(_TERMS),)), ("brand", _BRAND, (n_brands,)), ("id", "u4", (n_brands,))]
        fields += [("line", _LINE, (n_lines,)), *sums, ("address", "u8", (13,))]
        # as C aligns them: numbers of 64 bits begin at multiples of 8 bytes
        self.of = np.zeros(1, np.dtype(fields, align=True))
        self.size = self.of.dtype.itemsize


def _refuse(market: Market, plan: Plan, world: World) -> None:
    refuse_more(market, plan)
    if world.weights.size or world.occurrence.size:
        raise ValueError("the C version has no weighted and no parallel ties")
    most = plan.arrays.brand.size / (1 - min(float(market.parameters.goodwill_carryover), 0.999))
    if market.arrays.n_brands > _MOST_BRANDS or market.n_steps > _MOST_STEPS or most > _MOST_GOODWILL:
        raise ValueError(f"the C version holds {_MOST_BRANDS} brands and {_MOST_STEPS} steps")


def _held(market: Market, plan: Plan, world: World, library: Any, width: int, n_blocks: int) -> Held:
    m, a, drawn = market.arrays, plan.arrays, world.population
    start = aligned(n_blocks, _block_of(m.n_brands, width))
    is_buyer = world.latest_brand == np.arange(m.n_brands)[:, None]
    start["person"] = _persons(market, world, n_blocks * width).reshape(n_blocks, width)
    start["memory"] = by_block(np.where(is_buyer, np.float32(1), m.initial_memory[:, None]), width, n_blocks)
    goodwill = np.repeat(m.initial_goodwill[:, None], market.n_consumers, axis=1)
    start["goodwill"] = by_block(goodwill, width, n_blocks)
    start["need_rate"] = by_block(drawn.need_rate[None], width, n_blocks)[:, 0]
    media = aligned(n_blocks, np.dtype([("rows", "f4", (max(1, 2 * a.brand.size), width))]))
    weight = np.ascontiguousarray(m.cell_reach[a.channel][:, drawn.cell])
    relevance = np.zeros_like(weight)
    taste = [np.ascontiguousarray(axis) for axis in drawn.taste]
    for h, j in enumerate(a.brand):
        x, y = (ctypes.c_float(axis) for axis in m.position[j])
        addresses = [ctypes.c_void_p(axis.ctypes.data) for axis in (*taste, relevance[h])]
        library.suit(ctypes.c_int64(market.n_consumers), *addresses[:2], x, y, addresses[2])
    media["rows"][:, : 2 * a.brand.size] = by_block(np.concatenate([weight, relevance]), width, n_blocks)
    received = np.bincount(world.neighbors // width, minlength=n_blocks)
    return Held(
        start, media, _rates(plan, weight), np.ascontiguousarray(m.season), np.ascontiguousarray(m.delivery_days),
        world.indptr.astype(np.uint32), np.concatenate([[0], np.cumsum(received)]).astype(np.int64),
    )  # fmt: skip


def _persons(market: Market, world: World, n_places: int) -> np.ndarray:
    m, drawn, n = market.arrays, world.population, market.n_consumers
    person = np.zeros(n_places, _person_of(m.n_brands))
    own = person[:n]
    own["taste_x"], own["taste_y"] = drawn.taste
    own["sensitivity"], own["online"], own["sharing"] = drawn.price_sensitivity, drawn.online, drawn.sharing
    own["region"], own["latest"] = m.cell_region[drawn.cell], world.latest_brand + 1
    for j in range(m.n_brands):
        relation, is_buyer = own["brand"][:, j], world.latest_brand == j
        relation["belief"] = np.where(is_buyer, m.quality[0, j], np.float32(0))
        relation["evidence"] = np.where(is_buyer, 3, 1)
        relation["habit"] = np.where(is_buyer, np.float32(0.6), np.float32(0))
        relation["visit"] = relation["click"] = _LONG_AGO
        relation["read"] = _NEVER
        own["bought"] |= (is_buyer << j).astype(np.uint8)
    return person


def _rates(plan: Plan, weight: np.ndarray) -> np.ndarray:
    """Return the rate by which each line's weights are multiplied in each step, float32 [step, line]."""
    planned = plan.arrays.impressions
    rate = np.zeros(planned.shape, np.float32)
    n_groups = -(-weight.shape[1] // LANES)
    for h in range(planned.shape[1]):
        groups = by_block(weight[h : h + 1], LANES, n_groups)[:, 0].copy()
        for value in np.unique(planned[:, h]):
            solved = impression_rate(groups, plan.arrays.cap[h], float(value))[0] if value > 0 else 0
            rate[planned[:, h] == value, h] = solved
    return rate


def _person_of(n_brands: int) -> np.dtype:
    relation = [(name, "f4") for name in ("belief", "evidence", "habit")]
    relation += [(name, "i2") for name in ("visit", "click", "read", "unused")]
    traits = [(name, "f4") for name in ("taste_x", "taste_y", "sensitivity", "online", "sharing")]
    traits += [(name, "u1") for name in ("region", "bought", "latest", "unused")]
    return np.dtype([*traits, ("brand", relation, (n_brands,))])


def _block_of(n_brands: int, width: int) -> np.dtype:
    rows = [(name, "f4", (n_brands, width)) for name in ("memory", "goodwill", "fatigue")]
    rows += [("need_rate", "f4", (width,)), ("mark", "u1", (n_brands, width))]
    return np.dtype([*rows, ("person", _person_of(n_brands), (width,))])


def same_bits(recorded: np.ndarray, counts: np.ndarray) -> bool:
    """Return whether what was recorded is, bit for bit, what the engine counted."""
    return np.array_equal(recorded, counts[..., [INDEX[name] for name in OBSERVED]])
