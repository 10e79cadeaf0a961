"""The market core as a plain compiled loop: consumer by consumer, with a small generator of its own.

No blocks, no addressed draws, no lists of the few: the program that one writes first with numba. It has
what costs little to write: rows of a consumer side by side, 32 bits, fast arithmetic, inlined functions
that are handed no views of arrays (numba counts references to each), no interpreter lock.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from baselines.given import ADVERTISING, FRIEND, LONG_AGO, OBSERVED, SEEN, Given

_compiled = njit(nogil=True, fastmath=True, error_model="numpy")
#: Inlined: a call that hands on all arrays would count references to each, which takes longer than what it does.
_inlined = njit(nogil=True, fastmath=True, error_model="numpy", forceinline=True)
_MEMORY, _GOODWILL, _FATIGUE, _BELIEF, _EVIDENCE, _HABIT = range(6)
_NEEDS, _CONSIDERED, _CLICKS = SEEN["needs"], SEEN["considered"], SEEN["clicks"]
_NOTICED, _REACHED, _NEWLY_REACHED = SEEN["noticed"], SEEN["reached"], SEEN["newly_reached"]
_PURCHASES, _FIRST, _REPEAT = SEEN["purchases"], SEEN["first_purchases"], SEEN["repeat_purchases"]
_SWITCHED, _REVENUE, _CONVERTED = SEEN["switched_away"], SEEN["revenue"], SEEN["converted_clicks"]
_SOURCE, _CUSTOMERS, _AWARE = SEEN["bought_by_search"], SEEN["customers"], SEEN["aware"]
_POSITIVE, _NEGATIVE = SEEN["contacts_positive"], SEEN["contacts_negative"]
_SATISFACTION, _PROMOTERS, _DETRACTORS = SEEN["satisfaction"], SEEN["promoters"], SEEN["detractors"]
_REVIEWS, _REVIEW_VALUE = SEEN["reviews"], SEEN["review_value"]
_SUM_MEMORY, _SUM_GOODWILL, _SUM_BELIEF = SEEN["memory"], SEEN["goodwill"], SEEN["belief"]


class State(NamedTuple):
    """What changes. J brands, N consumers."""

    values: np.ndarray  # float32 [N, J, 6]
    has_bought: np.ndarray  # bool [N, J]
    was_reached: np.ndarray  # bool [N, J]
    touch: np.ndarray  # int8 [N, J]
    visit_step: np.ndarray  # int32 [N, J]
    click_step: np.ndarray  # int32 [N, J]
    latest_brand: np.ndarray  # int8 [N]
    contacts: np.ndarray  # int32 [2, N, J], by parity of the step in which they are read
    heard: np.ndarray  # float32 [2, N, J]
    reviews: np.ndarray  # float64 [J, 2], count and sum
    history: np.ndarray  # float64 [T, J, 2], the same as it stood at the start of each step
    read_step: np.ndarray  # int16 [N, J], step of the latest reading, or -1


def start(given: Given) -> State:
    """Return the starting state."""
    n, n_brands = given.n_consumers, given.n_brands
    is_buyer = given.latest_brand[:, None] == np.arange(n_brands)
    values = np.zeros((n, n_brands, 6), np.float32)
    values[:, :, _MEMORY] = np.where(is_buyer, 1, given.initial_memory)
    values[:, :, _GOODWILL] = given.initial_goodwill
    values[:, :, _BELIEF] = np.where(is_buyer, given.quality, 0)
    values[:, :, _EVIDENCE] = np.where(is_buyer, 3, 1)
    values[:, :, _HABIT] = np.where(is_buyer, 0.6, 0)
    pair = (n, n_brands)
    return State(
        values, is_buyer, np.zeros(pair, bool), np.zeros(pair, np.int8), np.full(pair, LONG_AGO, np.int32),
        np.full(pair, LONG_AGO, np.int32), given.latest_brand.copy(), np.zeros((2, *pair), np.int32),
        np.zeros((2, *pair), np.float32),
        np.stack([given.review_count, given.review_sum], axis=1), np.zeros((given.n_steps, n_brands, 2)),
        np.full(pair, -1, np.int16),
    )  # fmt: skip


def by_consumer(given: Given) -> Given:
    """Return the given arrays with the rows of a consumer side by side, and parameters in 32 bits."""
    turned = {
        name: np.ascontiguousarray(getattr(given, name).T)
        for name in ("strength", "exposure", "fixed_utility", "found_chance")
    }
    parameters = type(given.parameters)(*map(np.float32, given.parameters))
    return given._replace(parameters=parameters, **turned)


@_inlined
def uniform(rng: Any) -> Any:
    """Return a uniform number in (0, 1) with 24 bits; SplitMix64, which the compiler inlines."""
    rng[0] += np.uint64(0x9E3779B97F4A7C15)
    z = rng[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (np.float32(np.int32(z >> np.uint64(40))) + np.float32(0.5)) * np.float32(2.0**-24)


@_inlined
def gumbel(rng: Any) -> Any:
    """Return a standard Gumbel draw."""
    return -math.log(-math.log(uniform(rng)))


@_inlined
def normal(rng: Any) -> Any:
    """Return a standard normal draw (Box & Muller)."""
    turn = np.float32(2 * math.pi) * uniform(rng)
    return math.sqrt(np.float32(-2.0) * math.log(uniform(rng))) * math.cos(turn)


@_inlined
def learn(v: Any, i: Any, j: Any, value: Any, weight: Any, limit: Any) -> None:
    """Update a belief with weighed evidence."""
    evidence = v[i, j, _EVIDENCE]
    v[i, j, _BELIEF] = (evidence * v[i, j, _BELIEF] + value) / (evidence + weight)
    v[i, j, _EVIDENCE] = min(evidence + weight, limit)


@_inlined
def read_reviews(i: Any, j: Any, t: Any, p: Any, s: Any) -> None:
    """Read the reviews of a brand that are new to a consumer."""
    number = s.history[t, j, 0]
    total = s.history[t, j, 1]
    since = s.read_step[i, j]
    if since >= 0:
        number -= s.history[since, j, 0]
        total -= s.history[since, j, 1]
    s.read_step[i, j] = t
    if number > 0:
        weight = p.review_evidence * number / (number + p.review_half)
        learn(s.values, i, j, total / number * weight, weight, p.evidence_limit)


@_inlined
def power(base: Any, n: Any) -> Any:
    """Return a number to a small whole power."""
    result = 1.0
    for _ in range(n):
        result *= base
    return result


@_inlined
def utility(fixed: Any, v: Any, i: Any, j: Any, p: Any) -> Any:
    """Return a brand's utility without taste shock."""
    relation = p.goodwill_weight * math.log(1 + v[i, j, _GOODWILL]) + p.habit_weight * v[i, j, _HABIT]
    return fixed + p.quality_weight * v[i, j, _BELIEF] + relation


@_inlined
def read_mail(i: Any, j: Any, t: Any, p: Any, s: Any) -> None:
    """Take in last step's messages about a brand."""
    contacts = s.contacts[t % 2, i, j]
    if contacts > 0:
        v = s.values
        weight = 0.5 * p.friend_credibility
        learn(v, i, j, weight * s.heard[t % 2, i, j], weight * contacts, p.evidence_limit)
        v[i, j, _MEMORY] = 1 - (1 - v[i, j, _MEMORY]) * power(1 - p.memory_gain_contact, contacts)
        s.touch[i, j] = FRIEND
        s.contacts[t % 2, i, j] = 0
        s.heard[t % 2, i, j] = 0


@_inlined
def attend(i: Any, j: Any, t: Any, g: Any, p: Any, s: Any, rng: Any, seen: Any) -> None:
    """Notice a brand's lines, update fatigue, goodwill and memory, click."""
    v = s.values
    fresh = math.exp(-p.wear_out * v[i, j, _FATIGUE])
    noticed = 0
    clickable = 0
    for h in range(g.line_brand.size):
        if g.line_brand[h] == j and uniform(rng) < 1 - math.exp(-g.strength[i, h] * fresh):
            noticed += 1
            clickable |= np.int64(g.has_click[h]) << h
    v[i, j, _FATIGUE] = p.fatigue_carryover * v[i, j, _FATIGUE] + g.exposure[i, j]
    v[i, j, _GOODWILL] = p.goodwill_carryover * v[i, j, _GOODWILL] + noticed
    v[i, j, _MEMORY] = 1 - (1 - p.memory_retention * v[i, j, _MEMORY]) * power(1 - p.memory_gain_ad, noticed)
    if noticed > 0:
        seen[t, j, _NOTICED] += noticed
        seen[t, j, _REACHED] += 1
        seen[t, j, _NEWLY_REACHED] += not s.was_reached[i, j]
        s.was_reached[i, j] = True
        s.touch[i, j] = ADVERTISING
    if clickable > 0:
        for h in range(g.line_brand.size):
            if clickable >> h & 1:
                value = g.click_intercept[h] + utility(g.fixed_utility[i, j], v, i, j, p)
                if uniform(rng) < 1 / (1 + math.exp(-value)):
                    s.visit_step[i, j] = t
                    s.click_step[i, j] = t
                    seen[t, j, _CLICKS] += 1


@_inlined
def shop(i: Any, t: Any, g: Any, p: Any, s: Any, rng: Any, seen: Any) -> Any:
    """Consider the brands; return the one chosen, or -1."""
    best = gumbel(rng)
    chosen = -1
    for j in range(g.price.size):
        seen[t, j, _NEEDS] += 1
        v = s.values
        is_found = uniform(rng) < g.found_chance[i, j]
        is_recent = t - s.visit_step[i, j] <= p.visit_weeks
        if is_found:
            s.visit_step[i, j] = t
        if is_found or is_recent or uniform(rng) < v[i, j, _MEMORY]:
            seen[t, j, _CONSIDERED] += 1
            if uniform(rng) < g.reading_chance[i]:
                read_reviews(i, j, t, p, s)
            total = utility(g.fixed_utility[i, j], v, i, j, p) + gumbel(rng)
            if total > best:
                best = total
                chosen = j
    return chosen


@_inlined
def count(i: Any, j: Any, t: Any, g: Any, p: Any, s: Any, seen: Any) -> None:
    """Record a purchase, where it came from and whether it is a switch."""
    latest = s.latest_brand[i]
    if latest == j:
        seen[t, j, _REPEAT] += 1
    elif latest >= 0:
        seen[t, latest, _SWITCHED] += 1
    s.latest_brand[i] = j
    seen[t, j, _PURCHASES] += 1
    seen[t, j, _REVENUE] += g.price[j]
    seen[t, j, _FIRST] += not s.has_bought[i, j]
    s.has_bought[i, j] = True
    seen[t, j, _SOURCE + s.touch[i, j]] += 1
    seen[t, j, _CONVERTED] += t - s.click_step[i, j] <= p.visit_weeks
    s.visit_step[i, j] = LONG_AGO
    s.click_step[i, j] = LONG_AGO


@_inlined
def buy(i: Any, j: Any, t: Any, g: Any, p: Any, s: Any, rng: Any, seen: Any) -> None:
    """Buy a unit, experience it, review it and talk about it."""
    count(i, j, t, g, p, s, seen)
    v = s.values
    satisfied = min(max(g.quality[j] + p.experience_sd * normal(rng), -2.0), 2.0)
    surprise = satisfied - v[i, j, _BELIEF]
    learn(v, i, j, satisfied, 1.0, p.evidence_limit)
    v[i, j, _MEMORY] = 1
    for other in range(g.price.size):
        v[i, other, _HABIT] *= p.habit_retention
    v[i, j, _HABIT] += 1 - p.habit_retention
    seen[t, j, _SATISFACTION] += satisfied
    seen[t, j, _PROMOTERS] += satisfied >= 1
    seen[t, j, _DETRACTORS] += satisfied < 0
    chance = 1 / (1 + math.exp(-p.review_intercept - p.review_surprise * abs(surprise)))
    n_reviews = math.floor(g.people * chance + uniform(rng))
    if n_reviews > 0:
        s.reviews[j, 0] += n_reviews
        s.reviews[j, 1] += n_reviews * satisfied
        seen[t, j, _REVIEWS] += n_reviews / g.people
        seen[t, j, _REVIEW_VALUE] += n_reviews * satisfied / g.people
    talk(i, j, t, satisfied, surprise, g, p, s, rng, seen)


@_inlined
def talk(
    i: Any, j: Any, t: Any, satisfied: Any, surprise: Any, g: Any, p: Any, s: Any, rng: Any, seen: Any
) -> None:
    """Tell neighbors, who hear it in the next step."""
    loss = p.loss_factor if surprise < 0 else 1.0
    intensity = g.sharing[i] * (p.talk_base + min(abs(surprise) / p.surprise_unit, 2.0) * loss)
    strong = 1 - math.exp(-p.p_strong * intensity)
    weak = 1 - math.exp(-p.p_weak * intensity)
    n_told = 0
    for k in range(g.indptr[i], g.indptr[i + 1]):
        if uniform(rng) < (strong if g.is_strong[k] else weak):
            s.contacts[(t + 1) % 2, g.neighbors[k], j] += 1
            s.heard[(t + 1) % 2, g.neighbors[k], j] += satisfied
            n_told += 1
    seen[t, j, _POSITIVE if surprise >= 0 else _NEGATIVE] += n_told


@_compiled
def run_steps(g: Any, p: Any, s: Any, rng: Any, seen: Any) -> None:
    """Run all steps of one replicate."""
    n_brands = g.price.size
    for t in range(seen.shape[0]):
        for j in range(n_brands):
            s.history[t, j, 0] = s.reviews[j, 0]
            s.history[t, j, 1] = s.reviews[j, 1]
        for i in range(g.need_chance.size):
            for j in range(n_brands):
                read_mail(i, j, t, p, s)
                attend(i, j, t, g, p, s, rng, seen)
            if uniform(rng) < g.need_chance[i]:
                chosen = shop(i, t, g, p, s, rng, seen)
                if chosen >= 0:
                    buy(i, chosen, t, g, p, s, rng, seen)
            for j in range(n_brands):
                v = s.values
                seen[t, j, _CUSTOMERS] += s.latest_brand[i] == j
                seen[t, j, _AWARE] += v[i, j, _MEMORY] >= 0.5
                seen[t, j, _SUM_MEMORY] += v[i, j, _MEMORY]
                seen[t, j, _SUM_GOODWILL] += v[i, j, _GOODWILL]
                seen[t, j, _SUM_BELIEF] += v[i, j, _BELIEF]


def run(turned: Given, seed: int) -> np.ndarray:
    """Run one replicate on arrays already turned by :func:`by_consumer`."""
    seen = np.zeros((turned.n_steps, turned.n_brands, len(OBSERVED)))
    rng = np.random.SeedSequence(seed).generate_state(1, np.uint64)
    run_steps(turned, turned.parameters, start(turned), rng, seen)
    return seen


def simulate(given: Given, seed: int) -> np.ndarray:
    """Return what was observed in one replicate, float64 [step, brand, OBSERVED]."""
    return run(by_consumer(given), seed)
