"""What a brand is worth to the consumers of a list, all at once.

A list holds consumers. First everything that the rules read is gathered into rows, then the
rules run over the rows: such loops are vectorized, single consumers are not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part
from simulator.engines.numba_engine import terms
from simulator.engines.numba_engine.layout import (
    ADOPTERS,
    AT_X,
    AT_Y,
    BASE_SEEN,
    BELIEF,
    BELIEF_SUM,
    BELONGING,
    COUPON,
    COUPON_UNTIL,
    CUT,
    EVIDENCE,
    G_BELIEF,
    G_BELONGING,
    G_DAYS,
    G_EVIDENCE,
    G_GOODWILL,
    G_HABIT,
    G_MEMORY,
    G_NEARBY,
    G_ONLINE,
    G_PRICE,
    G_PROFILE_X,
    G_PROFILE_Y,
    G_SENSITIVITY,
    G_TASTE_X,
    G_TASTE_Y,
    G_TRUST,
    GOODWILL,
    HABIT,
    HAS_COMMUNITY,
    HAS_CONTENT,
    HAS_COUPON,
    MEMORY,
    NET_PRICE,
    ONLINE,
    PICKED,
    PRICE_SENSITIVITY,
    PROFILE_EVIDENCE,
    PROFILE_X,
    PROFILE_Y,
    REGION,
    TASTE_X,
    TASTE_Y,
    TRUST,
    VISIT,
    WORTH,
    block_of,
    in_record,
    index,
    lane_of,
    of_brand,
    week_of,
    whole,
)
from simulator.model.mathematics import ZERO, F, fixed_point
from simulator.model.rules import choice, precision


@part
def believe(i: Any, j: Any, belief: Any, evidence: Any, s: Any) -> None:
    """Write down what a consumer believes of a brand, and keep the sum over all consumers."""
    at = in_record(j, BELIEF)
    s.books[j, BELIEF_SUM] += fixed_point(belief) - fixed_point(s.records[i, at])
    s.records[i, at] = belief
    s.records[i, in_record(j, EVIDENCE)] = evidence


@part
def learn(n: Any, before: Any, after: Any, j: Any, s: Any, w: Any) -> None:
    """Keep the sum over all consumers of what is believed, which changes from one row to another for a list."""
    learned = np.int64(0)
    for a in range(n):
        learned += fixed_point(w.rows[after + a]) - fixed_point(w.rows[before + a])
    s.books[j, BELIEF_SUM] += learned


@part
def learn_profile(i: Any, j: Any, z_x: Any, z_y: Any, p: Any, s: Any) -> None:
    """Let a brand learn from one observed event, which shows each taste with an error of z standard deviations."""
    at_x = s.column[PROFILE_X] + j
    at_y = s.column[PROFILE_Y] + j
    n = s.extras[i, s.column[PROFILE_EVIDENCE] + j]
    seen_x = precision.signal(s.records[i, TASTE_X], p.profile_noise, z_x)
    seen_y = precision.signal(s.records[i, TASTE_Y], p.profile_noise, z_y)
    x = precision.profile(s.extras[i, at_x], seen_x, n)
    y = precision.profile(s.extras[i, at_y], seen_y, n)
    s.extras[i, at_x] = x
    s.extras[i, at_y] = y
    s.extras[i, s.column[PROFILE_EVIDENCE] + j] = precision.profile_evidence(n, p.profile_retention)


@part
def visit_in(i: Any, j: Any, step: Any, s: Any) -> None:
    """Note when a consumer visited a brand; where lines go after visitors, also where everybody is gone through."""
    s.weeks[i, week_of(j, VISIT)] = np.int16(step)
    if s.visits.shape[0] > 0:
        s.visits[block_of(i), j, lane_of(i)] = np.int16(step)


@part
def weeks_since_visit(i: Any, j: Any, t: Any, s: Any) -> Any:
    """Return the steps since a consumer's latest visit to a brand."""
    return F(np.int32(t) - np.int32(s.weeks[i, week_of(j, VISIT)]))


@part
def price_for(i: Any, j: Any, t: Any, m: Any, on: Any, s: Any) -> Any:
    """Return what a consumer would pay for a unit, before any referral reward."""
    coupon = ZERO
    if on.brand[j, HAS_COUPON] > 0 and np.int32(t) <= np.int32(s.dates[i, s.column[COUPON_UNTIL] + j]):
        coupon = s.extras[i, s.column[COUPON] + j]
    return choice.price_after(m.by_step[t, j, terms.PRICE], s.today[j, CUT], coupon)


@part
def gather_person(n: Any, s: Any, w: Any) -> None:
    """Gather the traits of a list's consumers."""
    rows = w.rows
    for a in range(n):
        i = index(w.lists[PICKED + a])
        rows[G_TASTE_X + a] = s.records[i, TASTE_X]
        rows[G_TASTE_Y + a] = s.records[i, TASTE_Y]
        rows[G_SENSITIVITY + a] = s.records[i, PRICE_SENSITIVITY]
        rows[G_ONLINE + a] = s.records[i, ONLINE]


@part
def gather_rare(n: Any, j: Any, m: Any, on: Any, s: Any, w: Any) -> None:
    """Gather what only members of communities, customers of tailoring brands and viewers of content have.

    Where a brand has nothing of the kind, everybody has what it started with.
    """
    rows = w.rows
    if on.brand[j, HAS_CONTENT] > 0:
        for a in range(n):
            i = index(w.lists[PICKED + a])
            rows[G_TRUST + a] = s.values[block_of(i), of_brand(j, TRUST), lane_of(i)]
    else:
        for a in range(whole(n)):
            rows[G_TRUST + a] = m.brand[j, terms.INITIAL_TRUST]
    if on.brand[j, HAS_COMMUNITY] > 0:
        for a in range(n):
            i = index(w.lists[PICKED + a])
            rows[G_BELONGING + a] = s.extras[i, s.column[BELONGING] + j]
    else:
        for a in range(whole(n)):
            rows[G_BELONGING + a] = ZERO
    if m.brand[j, terms.TAILORING] > ZERO:
        for a in range(n):
            i = index(w.lists[PICKED + a])
            rows[G_PROFILE_X + a] = s.extras[i, s.column[PROFILE_X] + j]
            rows[G_PROFILE_Y + a] = s.extras[i, s.column[PROFILE_Y] + j]
    else:
        for a in range(whole(n)):
            rows[G_PROFILE_X + a] = ZERO
            rows[G_PROFILE_Y + a] = ZERO


@part
def gather_relation(n: Any, j: Any, m: Any, g: Any, on: Any, s: Any, w: Any) -> None:
    """Gather what a list's consumers know of a brand."""
    rows = w.rows
    for a in range(n):
        i = index(w.lists[PICKED + a])
        b = block_of(i)
        k = lane_of(i)
        rows[G_MEMORY + a] = s.values[b, of_brand(j, MEMORY), k]
        rows[G_BELIEF + a] = s.records[i, in_record(j, BELIEF)]
        rows[G_EVIDENCE + a] = s.records[i, in_record(j, EVIDENCE)]
        rows[G_GOODWILL + a] = s.values[b, of_brand(j, GOODWILL), k]
        rows[G_HABIT + a] = s.records[i, in_record(j, HABIT)]
        rows[G_DAYS + a] = m.brand[j, terms.DAYS + index(np.int32(s.weeks[i, REGION]))]
    gather_rare(n, j, m, on, s, w)
    if on.neighbors:
        for a in range(n):
            i = index(w.lists[PICKED + a])
            adopters = np.int64(s.counts[on.count_row[ADOPTERS] + j, i])
            rows[G_NEARBY + a] = choice.share_of(adopters, np.int64(g.in_degree[i]))
    elif m.externality > 0:
        for a in range(whole(n)):
            rows[G_NEARBY + a] = ZERO


@part
def gather_price(n: Any, j: Any, t: Any, m: Any, on: Any, s: Any, w: Any) -> None:
    """Set what each of a list's consumers would pay for a unit, before any referral reward."""
    rows = w.rows
    net = s.today[j, NET_PRICE]
    if on.brand[j, HAS_COUPON] > 0:
        for a in range(n):
            i = index(w.lists[PICKED + a])
            rows[G_PRICE + a] = price_for(i, j, t, m, on, s)
        return
    for a in range(whole(n)):
        rows[G_PRICE + a] = net


@part
def judge(n: Any, j: Any, m: Any, p: Any, on: Any, s: Any, w: Any) -> None:
    """Work out a brand's utility before price and taste shock, for everyone on a list."""
    rows = w.rows
    tailoring = m.brand[j, terms.TAILORING]
    at_x = s.today[j, AT_X]
    at_y = s.today[j, AT_Y]
    for a in range(whole(n)):
        x = choice.offered_position(at_x, rows[G_PROFILE_X + a], tailoring)
        y = choice.offered_position(at_y, rows[G_PROFILE_Y + a], tailoring)
        distance = choice.misfit(rows[G_TASTE_X + a], rows[G_TASTE_Y + a], x, y)
        delay = choice.delay_term(p.delay_weight, rows[G_DAYS + a])
        rows[WORTH + a] = choice.product_utility(
            p.category_value,
            p.quality_weight,
            rows[G_BELIEF + a],
            p.fit_weight,
            distance,
            delay,
            p.friction,
        )
    has_social = on.neighbors or m.externality > 0
    share = choice.share_of(s.books[j, BASE_SEEN], m.n_consumers)
    if has_social:
        for a in range(whole(n)):
            seen = rows[G_NEARBY + a] if m.is_local else share
            benefit = choice.externality_benefit(seen, m.externality)
            rows[G_NEARBY + a] = choice.social_utility(
                p.externality_weight, benefit, p.social_weight, rows[G_NEARBY + a]
            )
    for a in range(whole(n)):
        relation = choice.relation_utility(
            p.goodwill_weight,
            rows[G_GOODWILL + a],
            p.habit_weight,
            rows[G_HABIT + a],
            p.trust_weight,
            rows[G_TRUST + a],
            p.belonging_weight,
            rows[G_BELONGING + a],
        )
        rows[WORTH + a] = choice.worth(rows[WORTH + a], relation, rows[G_NEARBY + a] if has_social else ZERO)


@part
def utility_at(a: Any, price: Any, m: Any, w: Any) -> Any:
    """Return a brand's utility at a price for one place of a list."""
    cost = choice.price_term(w.rows[G_SENSITIVITY + a], price, m.reference_price)
    return choice.utility(w.rows[WORTH + a], cost)
