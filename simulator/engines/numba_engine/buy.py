"""What a purchase does: money, experience, habit, reviews, invitations, joining."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part, subframe
from simulator.engines.numba_engine import terms
from simulator.engines.numba_engine.firms import COMMUNITY_PROGRAM, GROUP_PROGRAM, REFERRAL_PROGRAM, book
from simulator.engines.numba_engine.layout import (
    ACCEPTED,
    ADOPTERS,
    BASE,
    BELIEF,
    BUYER,
    BUYER_BRAND,
    BUYER_ID,
    BUYER_ORDER,
    CHANCE,
    CHOICE,
    CLICK,
    COMMITMENT,
    COMMUNITY,
    CONSUMER,
    COUPON_IS_STRATEGY,
    COUPON_UNTIL,
    EVIDENCE,
    FLAGS,
    G_BELIEF,
    G_EVIDENCE,
    G_LIFE,
    G_PROFILE_X,
    G_PROFILE_Y,
    G_QUALITY,
    HABIT,
    HAS_BOUGHT,
    HAS_COMMUNITY,
    HAS_COUPON,
    HAS_DEAL,
    HAS_PROFILE,
    HAS_REFERRAL,
    IN_GROUP,
    INVITATION_STEP,
    INVITED_UNTIL,
    INVITES,
    IS_MEMBER,
    LATEST,
    LISTED,
    LONG_AGO,
    MEMBERS,
    MEMORY,
    MORE,
    N_MEMBERS,
    NET,
    NEVER,
    NO_BRAND,
    OPEN,
    REFERRAL,
    REGION,
    REPLACEMENT,
    RESULT,
    REVIEW_COUNT,
    REVIEW_SUM,
    SATISFACTION,
    STATUS,
    SURPRISE,
    TALKS,
    TOUCH,
    U_0,
    U_1,
    U_2,
    U_3,
    block_of,
    in_record,
    index,
    lane_of,
    mark_of,
    of_brand,
    record,
    week_of,
    whole,
)
from simulator.engines.numba_engine.relation import (
    believe,
    learn_profile,
    price_for,
    visit_in,
)
from simulator.engines.numba_engine.talk import add_move, add_talk
from simulator.model import draws
from simulator.model.draws import tail
from simulator.model.mathematics import ONE, ZERO, F, fixed_point, normal, unit
from simulator.model.philox import philox
from simulator.model.rules import choice, community, experience, precision, referral
from simulator.model.rules.ledger import money, whole_units
from simulator.vector_lists import fetch_ahead

_U = np.uint32
_PURCHASES, _FIRST, _REPEAT = record("purchases"), record("first_purchases"), record("repeat_purchases")
_SWITCHED, _REVENUE, _COST = record("switched_away"), record("revenue"), record("cost_of_goods")
_DISCOUNTS, _REWARDS = record("spend_discounts"), record("spend_rewards")
_CONVERTED, _REDEEMED = record("converted_clicks"), record("redeemed")
_GROUP_PURCHASES = record("group_purchases")
_SATISFACTION, _PROMOTERS, _DETRACTORS = record("satisfaction"), record("promoters"), record("detractors")
_REVIEWS, _REVIEW_VALUE, _DAYS = record("reviews"), record("review_value"), record("delivery_days")
_FIRST_SOURCE = record("bought_by_search")
_DISCOUNT, _REFERRAL, _COMMUNITY = (
    terms.term("group_discount"),
    terms.term("referral"),
    terms.term("community"),
)
_SENDER, _RECEIVER = terms.term("reward_sender"), terms.term("reward_receiver")


@part
def reward(i: Any, j: Any, price: Any, m: Any, s: Any, row: Any) -> None:
    """Pay sender and receiver of a valid invitation."""
    since = np.int64(s.dates[i, s.column[INVITATION_STEP] + j])
    receiver = referral.reward_for_receiver(m.by_step[since, j, _RECEIVER], price)
    amount = money(np.float64(m.by_step[since, j, _SENDER])) + money(np.float64(receiver))
    row[j, _REWARDS] += amount
    row[j, _REDEEMED] += 1
    if m.limits[j, terms.PROGRAM_IS_STRATEGY + REFERRAL_PROGRAM] > 0:
        book(j, REFERRAL_PROGRAM, amount, s, row)


@part
def pay(i: Any, j: Any, t: Any, in_group: Any, m: Any, on: Any, s: Any, row: Any) -> Any:
    """Book a unit's revenue, discounts and rewards; return whether an invitation was used."""
    if on.brand[j, HAS_DEAL] == 0:
        row[j, _REVENUE] += s.books[j, LISTED]
        return False
    price = price_for(i, j, t, m, on, s)
    after_coupon = money(np.float64(price))
    paid = after_coupon
    if in_group:
        since = np.int64(s.dates[i, s.column[COMMITMENT]])
        promised = m.by_step[since, j, terms.PRICE]
        paid -= money(np.float64(choice.group_discount(price, promised, m.by_step[since, j, _DISCOUNT])))
    row[j, _REVENUE] += paid
    row[j, _DISCOUNTS] += s.books[j, LISTED] - paid
    if m.limits[j, terms.PROGRAM_IS_STRATEGY] > 0:
        book(j, 0, s.books[j, LISTED] - s.books[j, NET], s, row)
    if s.marks[block_of(i), mark_of(j, FLAGS), lane_of(i)] & COUPON_IS_STRATEGY:
        book(j, -1, s.books[j, NET] - after_coupon, s, row)
    if m.limits[j, terms.PROGRAM_IS_STRATEGY + GROUP_PROGRAM] > 0:
        book(j, GROUP_PROGRAM, after_coupon - paid, s, row)
    if on.brand[j, HAS_COUPON] > 0:
        s.dates[i, s.column[COUPON_UNTIL] + j] = LONG_AGO
    if on.brand[j, HAS_REFERRAL] == 0:
        return False
    until = s.column[INVITED_UNTIL] + j
    is_referred = not in_group and np.int32(t) <= np.int32(s.dates[i, until])
    s.dates[i, until] = LONG_AGO
    if is_referred:
        reward(i, j, price, m, s, row)
    return is_referred


@part
def change_base(i: Any, j: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Make a brand the one that a buyer bought last, and count who switched from where."""
    b = block_of(i)
    k = lane_of(i)
    latest = np.int64(s.marks[b, LATEST, k])
    has_one = s.marks[b, LATEST, k] != NO_BRAND
    before = latest if has_one else np.int64(0)
    # who buys what brand is hard to foresee: no branch depends on it
    repeats = latest == j
    switches = has_one and not repeats
    row[j, _REPEAT] += np.int64(repeats)
    row[before, _SWITCHED] += np.int64(switches)
    s.books[before, BASE] -= np.int64(switches)
    s.books[j, BASE] += np.int64(not repeats)
    s.marks[b, LATEST, k] = np.uint8(j)
    if on.neighbors and not repeats:
        if has_one:
            add_move(i, on.count_row[ADOPTERS] + before, -1, w)
        add_move(i, on.count_row[ADOPTERS] + j, 1, w)


@part
def count_purchase(
    i: Any, j: Any, t: Any, in_group: Any, is_referred: Any, m: Any, p: Any, g: Any, s: Any, row: Any
) -> None:
    """Record a purchase and its source."""
    b = block_of(i)
    k = lane_of(i)
    row[j, _PURCHASES] += 1
    row[j, _COST] += m.limits[j, terms.UNIT_COST]
    flags = mark_of(j, FLAGS)
    row[j, _FIRST] += np.int64((s.marks[b, flags, k] & HAS_BOUGHT) == 0)
    s.marks[b, flags, k] |= HAS_BOUGHT
    source = np.int64(s.marks[b, mark_of(j, TOUCH), k])
    if in_group:
        source = np.int64(COMMUNITY)
        row[j, _GROUP_PURCHASES] += 1
    elif is_referred:
        source = np.int64(REFERRAL)
    row[j, _FIRST_SOURCE + source] += 1
    since_click = F(np.int32(t) - np.int32(s.weeks[i, week_of(j, CLICK)]))
    row[j, _CONVERTED] += np.int64(precision.visitor_weight(since_click, p.visit_weeks))
    visit_in(i, j, LONG_AGO, s)
    s.weeks[i, week_of(j, CLICK)] = LONG_AGO
    days = m.brand[j, terms.DAYS + index(np.int32(s.weeks[i, REGION]))]
    row[j, _DAYS] += fixed_point(days)


@part
def list_buyers(first: Any, last: Any, t: Any, m: Any, g: Any, s: Any, w: Any) -> Any:
    """List the accepted among some orders, and gather what their experience is measured against."""
    rows = w.rows
    n = 0
    for order in range(first, last):
        if w.order[STATUS, order] == ACCEPTED:
            i = index(w.order[CONSUMER, order])
            j = index(w.order[CHOICE, order])
            fetch_ahead(g.arcs, g.indptr[i])
            fetch_ahead(g.arcs, g.indptr[i + 1])
            w.lists[BUYER + n] = i
            w.lists[BUYER_BRAND + n] = j
            w.lists[BUYER_ID + n] = m.brand_id[j]
            w.lists[BUYER_ORDER + n] = order
            rows[G_BELIEF + n] = s.records[i, in_record(j, BELIEF)]
            rows[G_EVIDENCE + n] = s.records[i, in_record(j, EVIDENCE)]
            rows[G_QUALITY + n] = m.by_step[t, j, terms.QUALITY]
            n += 1
    return n


@part
def draw_for_buyers(n: Any, t: Any, k0: Any, k1: Any, m: Any, on: Any, w: Any) -> None:
    """Draw what up to 256 buyers need, all at once."""
    rows, lists = w.rows, w.lists
    for a in range(whole(n)):
        word = tail(draws.EXPERIENCE, _U(lists[BUYER_ID + a]), _U(0))
        c0, c1, c2, c3 = philox(_U(lists[BUYER + a]), _U(0), _U(t), word, k0, k1)
        rows[U_0 + a] = unit(c0)
        rows[U_1 + a] = unit(c1)
        rows[U_2 + a] = unit(c2)
        rows[U_3 + a] = unit(c3)
    for a in range(whole(n)):
        rows[U_0 + a] = normal(rows[U_0 + a])
    if m.is_durable or on.any_profile:
        for a in range(whole(n)):
            word = tail(draws.PURCHASE, _U(lists[BUYER_ID + a]), _U(0))
            c0, c1, c2, _ = philox(_U(lists[BUYER + a]), _U(0), _U(t), word, k0, k1)
            rows[G_PROFILE_X + a] = unit(c0)
            rows[G_PROFILE_Y + a] = unit(c1)
            rows[G_LIFE + a] = unit(c2)
    if on.any_profile:
        for a in range(whole(n)):
            rows[G_PROFILE_X + a] = normal(rows[G_PROFILE_X + a])
            rows[G_PROFILE_Y + a] = normal(rows[G_PROFILE_Y + a])


@part
def experience_all(n: Any, p: Any, w: Any) -> None:
    """Work out the experience of all listed buyers: satisfaction, surprise, belief, chance of a review."""
    rows = w.rows
    for a in range(whole(n)):
        rows[RESULT + a] = experience.satisfaction(rows[G_QUALITY + a], p.experience_sd, rows[U_0 + a])
    for a in range(whole(n)):
        rows[MORE + a] = experience.surprise(rows[RESULT + a], rows[G_BELIEF + a])
    for a in range(whole(n)):
        rows[G_BELIEF + a] = experience.belief_after_experience(
            rows[G_BELIEF + a], rows[G_EVIDENCE + a], rows[RESULT + a]
        )
    for a in range(whole(n)):
        rows[G_EVIDENCE + a] = experience.evidence_after_experience(rows[G_EVIDENCE + a], p.evidence_limit)
    for a in range(whole(n)):
        rows[CHANCE + a] = experience.review_probability(
            rows[MORE + a], p.review_intercept, p.review_surprise
        )


@part
def live_through(a: Any, i: Any, j: Any, t: Any, m: Any, p: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Write down what a buyer experienced, and let it review the product."""
    b = block_of(i)
    k = lane_of(i)
    satisfied = w.rows[RESULT + a]
    believe(i, j, w.rows[G_BELIEF + a], w.rows[G_EVIDENCE + a], s)
    s.values[b, of_brand(j, MEMORY), k] = ONE
    for other in range(m.n_brands):
        s.records[i, in_record(other, HABIT)] = experience.habit(
            s.records[i, in_record(other, HABIT)], p.habit_retention, ONE if other == j else ZERO
        )
    if m.owners_talk:
        s.extras[i, s.column[SATISFACTION]] = satisfied
        s.extras[i, s.column[SURPRISE]] = w.rows[MORE + a]
    units = fixed_point(satisfied)
    row[j, _SATISFACTION] += units
    row[j, _PROMOTERS] += np.int64(experience.is_promoter(satisfied))
    row[j, _DETRACTORS] += np.int64(experience.is_detractor(satisfied))
    n_reviews = experience.reviews_written(w.rows[CHANCE + a], m.people, w.rows[U_1 + a])
    share = np.float64(n_reviews) / m.people
    row[j, _REVIEWS] += whole_units(share)
    row[j, _REVIEW_VALUE] += whole_units(share * np.float64(satisfied))
    s.books[j, REVIEW_COUNT] += n_reviews
    s.books[j, REVIEW_SUM] += n_reviews * units
    if on.brand[j, HAS_PROFILE] > 0:
        learn_profile(i, j, w.rows[G_PROFILE_X + a], w.rows[G_PROFILE_Y + a], p, s)
    if m.is_durable:
        life = np.int64(experience.lifetime(m.mean_life, w.rows[G_LIFE + a]))
        s.weeks[i, REPLACEMENT] = np.int16(min(np.int64(t) + max(life, np.int64(1)), np.int64(NEVER)))


@part
def speak(a: Any, i: Any, j: Any, t: Any, m: Any, p: Any, on: Any, s: Any, w: Any) -> None:
    """Let a buyer talk, and perhaps invite friends."""
    kind = np.int32(0) if m.owners_talk else TALKS
    surprise = w.rows[MORE + a]
    if on.brand[j, HAS_REFERRAL] > 0:
        if m.by_step[t, j, _REFERRAL] > ZERO and s.books[j, OPEN + REFERRAL_PROGRAM] > 0:
            chance = referral.invite_probability(
                surprise,
                m.by_step[t, j, _SENDER],
                m.by_step[t, j, _RECEIVER],
                m.reference_price,
                p.invite_intercept,
                p.invite_reward,
                p.altruism,
            )
            if w.rows[U_2 + a] < chance:
                kind |= INVITES
    if kind > 0:
        add_talk(i, j, kind, 0, w.rows[RESULT + a], surprise, w)


@part
def join(a: Any, i: Any, j: Any, t: Any, m: Any, p: Any, on: Any, s: Any, w: Any) -> None:
    """Let a buyer join the brand's community."""
    b = block_of(i)
    k = lane_of(i)
    if not (m.by_step[t, j, _COMMUNITY] > ZERO and s.books[j, OPEN + COMMUNITY_PROGRAM] > 0):
        return
    flags = mark_of(j, FLAGS)
    if s.marks[b, flags, k] & IS_MEMBER:
        return
    nearby = F(s.counts[on.count_row[MEMBERS] + j, i])
    if w.rows[U_3 + a] < community.join_probability(
        w.rows[MORE + a], nearby, p.join_intercept, p.join_surprise, p.join_neighbors
    ):
        s.marks[b, flags, k] |= IS_MEMBER
        s.books[j, N_MEMBERS] += 1
        add_move(i, on.count_row[MEMBERS] + j, 1, w)


@subframe
def carry_out(
    first: Any, last: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, row: Any
) -> None:
    """Carry out the accepted among at most 256 orders, in the order of consumers, and let buyers talk."""
    n = list_buyers(first, last, t, m, g, s, w)
    draw_for_buyers(n, t, k0, k1, m, on, w)
    experience_all(n, p, w)
    for a in range(n):
        i = index(w.lists[BUYER + a])
        j = index(w.lists[BUYER_BRAND + a])
        in_group = w.order[IN_GROUP, w.lists[BUYER_ORDER + a]] > 0
        is_referred = pay(i, j, t, in_group, m, on, s, row)
        change_base(i, j, on, s, w, row)
        count_purchase(i, j, t, in_group, is_referred, m, p, g, s, row)
        live_through(a, i, j, t, m, p, on, s, w, row)
        speak(a, i, j, t, m, p, on, s, w)
        if on.brand[j, HAS_COMMUNITY] > 0:
            join(a, i, j, t, m, p, on, s, w)
