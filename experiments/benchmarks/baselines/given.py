"""What the hand-written baselines are told about a market, and what they report.

Whatever does not change within a replicate is worked out here, once and untimed, in favor of the
baselines: exposure by line, the fixed part of utility, the probability of a need.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulator.model.campaigns import CREATIVE_BRAND, EVERYONE, Plan
from simulator.model.initialization import World
from simulator.model.market import UNLIMITED, Market, Parameters
from simulator.model.observation import INDEX, SERIES

#: Series that every baseline records per step and brand, with the engine's meaning and unit.
OBSERVED = (
    "needs", "considered", "purchases", "first_purchases", "repeat_purchases", "switched_away", "customers",
    "aware", "memory", "goodwill", "belief", "revenue", "noticed", "reached", "newly_reached", "clicks",
    "converted_clicks", "contacts_positive", "contacts_negative", "satisfaction", "promoters", "detractors",
    "reviews", "review_value", "bought_by_search", "bought_by_advertising", "bought_by_friend",
)  # fmt: skip
SEEN = {name: position for position, name in enumerate(OBSERVED)}
#: Latest touch of a consumer with a brand; ``bought_by_search`` + touch is the source of a purchase.
SEARCH, ADVERTISING, FRIEND = range(3)
LONG_AGO = -1_000_000


class Given(NamedTuple):
    """One market in one world. J brands, L media lines, N consumers, M arcs."""

    n_steps: int
    people: float  # for whom a consumer stands
    parameters: Any  # Parameters, Python floats
    line_brand: np.ndarray  # int64 [L]
    strength: np.ndarray  # float32 [L, N], impressions x attention x relevance x clutter
    has_click: np.ndarray  # bool [L]
    click_intercept: np.ndarray  # float64 [L], logits
    exposure: np.ndarray  # float32 [J, N], impressions of all lines of a brand
    fixed_utility: np.ndarray  # float32 [J, N], logits: taste, delay, friction, price and trust
    price: np.ndarray  # float64 [J], currency
    quality: np.ndarray  # float64 [J]
    found_chance: np.ndarray  # float32 [J, N], probability that a shopper finds the brand online
    reading_chance: np.ndarray  # float32 [N], probability that a shopper reads reviews
    need_chance: np.ndarray  # float32 [N], probability of a need in a step
    sharing: np.ndarray  # float32 [N]
    indptr: np.ndarray  # int64 [N + 1]
    neighbors: np.ndarray  # int32 [M]
    is_strong: np.ndarray  # bool [M]
    latest_brand: np.ndarray  # int8 [N], -1: none
    initial_memory: np.ndarray  # float32 [J]; buyers start with 1
    initial_goodwill: np.ndarray  # float32 [J]
    review_count: np.ndarray  # float64 [J]
    review_sum: np.ndarray  # float64 [J]

    @property
    def n_consumers(self) -> int:
        """Number of consumers."""
        return self.need_chance.size

    @property
    def n_brands(self) -> int:
        """Number of brands."""
        return self.price.size


def describe(market: Market, plan: Plan, world: World) -> Given:
    """Return a market, a plan and a world as the baselines read them.

    Raises
    ------
    ValueError
        Where the plan or the market uses a mechanism that the baselines do not have.
    """
    refuse_more(market, plan)
    m, a, drawn = market.arrays, plan.arrays, world.population
    p = Parameters(*(float(value) for value in market.parameters))
    strength, exposure = _media(market, plan, world)
    region = m.cell_region[drawn.cell]
    gap = drawn.taste[None, :, :] - m.position[:, :, None]
    price = drawn.price_sensitivity * (m.price[0][:, None] / m.reference_price - 1)
    delay = p.delay_weight * m.delivery_days[:, region]
    utility = p.category_value - p.fit_weight * (gap**2).sum(axis=1) - delay - p.friction - price
    utility += p.trust_weight * m.initial_trust[:, None]
    return Given(
        n_steps=market.n_steps,
        people=m.people,
        parameters=p,
        line_brand=a.brand.astype(np.int64),
        strength=strength,
        has_click=a.has_click.astype(bool),
        click_intercept=a.click_intercept.astype(np.float64),
        exposure=exposure,
        fixed_utility=utility.astype(np.float32),
        price=m.price[0].astype(np.float64),
        quality=m.quality[0].astype(np.float64),
        found_chance=m.online_coverage[:, None] * drawn.online,
        reading_chance=np.float32(p.reading_propensity) * drawn.online,
        need_chance=(1 - np.exp(-drawn.need_rate * m.season[0])).astype(np.float32),
        sharing=drawn.sharing,
        indptr=world.indptr,
        neighbors=world.neighbors,
        is_strong=world.is_strong > 0,
        latest_brand=world.latest_brand,
        initial_memory=m.initial_memory,
        initial_goodwill=m.initial_goodwill,
        review_count=m.initial_review_count.astype(np.float64),
        review_sum=m.initial_review_sum / 65536,
    )


def _media(market: Market, plan: Plan, world: World) -> tuple[np.ndarray, np.ndarray]:
    """Return what every consumer meets of every line in a step, and of every brand."""
    m, a, drawn = market.arrays, plan.arrays, world.population
    reach = m.cell_reach[a.channel][:, drawn.cell]
    impressions = np.zeros_like(reach)
    for h, planned in enumerate(a.impressions[0]):
        impressions[h] = _spread(reach[h].astype(np.float64), float(a.cap[h]), float(planned))
    gap = drawn.taste[None, :, :] - m.position[a.brand][:, :, None]
    relevance = np.exp(-0.5 * (gap**2).sum(axis=1))
    clutter = 1 / (1 + impressions.sum(axis=0) / market.parameters.clutter_half)
    exposure = np.zeros((m.n_brands, market.n_consumers), np.float32)
    np.add.at(exposure, a.brand, impressions)
    strength = impressions * a.attention[:, None] * relevance * clutter
    return np.ascontiguousarray(strength, np.float32), exposure


def _spread(weight: np.ndarray, cap: float, planned: float) -> np.ndarray:
    """Return impressions in proportion to weights, at most the cap; what it refuses goes to the others."""
    is_free = weight > 0
    spread = np.zeros_like(weight)
    left = planned
    while left > 0 and is_free.any():
        rate = left / weight[is_free].sum()
        is_over = is_free & (rate * weight >= cap)
        if not is_over.any():
            spread[is_free] = rate * weight[is_free]
            break
        spread[is_over] = cap
        left -= cap * int(is_over.sum())
        is_free &= ~is_over
    return spread


def refuse_more(market: Market, plan: Plan) -> None:
    """Refuse what the baselines leave out."""
    m, a, p = market.arrays, plan.arrays, market.parameters
    extra = {
        "events or seasons": any((v != v[:1]).any() for v in (m.price, m.quality, m.season, m.is_available)),
        "a burn-in": market.burn_in > 0,
        "a brand that is not for sale": not m.is_available.all(),
        "taste shifts": m.has_taste_shift.any(),
        "limited stock": (m.supply < UNLIMITED).any(),
        "durables, passive search, thresholds": m.is_durable or m.is_passive or m.is_threshold,
        "externalities": m.externality > 0 or m.is_local or p.social_weight > 0,
        "tailoring": (m.tailoring > 0).any(),
        "plans that change by step": a.impressions.size > 0 and (a.impressions != a.impressions[:1]).any(),
        "programs": (a.programs > 0).any() or a.seeding_step.size > 0 or a.is_content.any(),
        "targeted media": ((a.audience != EVERYONE) | (a.creative != CREATIVE_BRAND) | (a.coupon > 0)).any(),
    }
    found = [name for name, is_used in extra.items() if is_used]
    if found:
        raise ValueError(f"strategy {plan.name}: the baselines have no {', no '.join(found)}")


def observed(counts: np.ndarray) -> np.ndarray:
    """Return the engine's counts as the baselines report them: float64 [..., step, brand, OBSERVED]."""
    which = [INDEX[name] for name in OBSERVED]
    return counts[..., which] / np.array([SERIES[k].scale for k in which])
