"""Shopping: who has a need considers brands and chooses one, a group, or none, for a block at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part
from simulator.engines.numba_engine import terms
from simulator.engines.numba_engine.layout import (
    ACCEPTED,
    BELIEF,
    BEST_TOTAL,
    CHANCE,
    CHOICE,
    COMMITMENT,
    COMMITS,
    COMMITTED,
    COMMITTERS,
    CONSUMER,
    EVIDENCE,
    FIRST_CHOICE,
    FORCED,
    FOUND,
    G_BELIEF,
    G_EVIDENCE,
    G_MEMORY,
    G_NEARBY,
    G_ONLINE,
    G_PRICE,
    GROUP_PLACES,
    HAS_GROUP,
    HAS_REFERRAL,
    IN_GROUP,
    INVITATION_STEP,
    INVITED_UNTIL,
    IS_CONSIDERED,
    IS_FOUND,
    JOINS,
    LANE,
    LAPSES,
    N_ORDERS,
    NEARBY,
    NOTHING,
    OPEN_NEED,
    OUTSIDE_SHOCK,
    PENDING,
    READ,
    READING,
    READS,
    RECALL,
    RESULT,
    SELECTED,
    STANDING,
    STATUS,
    TASTE,
    TOTAL,
    UTILITY,
    VISIT,
    WAITING_SHOCK,
    WANTS,
    WHEN,
    of_brand,
    record,
    week_of,
    whole,
)
from simulator.engines.numba_engine.relation import (
    gather_person,
    gather_price,
    gather_relation,
    judge,
    utility_at,
    weeks_since_visit,
)
from simulator.engines.numba_engine.talk import add_move, add_talk
from simulator.model import draws
from simulator.model.draws import BLOCK, tail
from simulator.model.mathematics import ONE, ZERO, F, gumbel, unit
from simulator.model.philox import philox
from simulator.model.rules import attention, choice, community, search

_U = np.uint32
_MINUS = F(-1e30)
_GROUP, _DISCOUNT = terms.term("group"), terms.term("group_discount")
_SIZE, _REWARD = terms.term("group_size"), terms.term("reward_receiver")
_CONSIDERED, _COMMITMENTS = record("considered"), record("group_commitments")
_ORDERS = record("orders")


@part
def list_shoppers(t: Any, on: Any, w: Any) -> Any:
    """List the lanes of a block that shop now; return how many there are."""
    n = 0
    if on.count_row[COMMITTERS] < 0:
        for k in range(BLOCK):
            w.lists[LANE + n] = k
            n += np.int64(w.bytes[WANTS + k] > 0)
    else:
        for k in range(BLOCK):
            forced = w.lists[FORCED + k]
            w.lists[LANE + n] = k
            n += np.int64(
                (forced >= 0) | (forced == LAPSES) | ((forced == NOTHING) & (w.bytes[WANTS + k] > 0))
            )
    for a in range(whole(n)):
        w.lists[WHEN + a] = t
        w.lists[SELECTED + a] = NOTHING
        w.lists[JOINS + a] = 0
    return n


@part
def recall_occasions(b: Any, n: Any, s: Any, w: Any) -> None:
    """Give shoppers whose group was settled the luck of the step in which they committed to it."""
    for a in range(n):
        k = w.lists[LANE + a]
        if w.lists[FORCED + k] != NOTHING:
            w.lists[WHEN + a] = np.int32(s.weeks[b, COMMITMENT, k])


@part
def draw_for_shoppers(b: Any, n: Any, k0: Any, k1: Any, m: Any, w: Any) -> None:
    """Draw what the listed shoppers need, all at once."""
    rows = w.rows
    start = b * BLOCK
    word = tail(draws.OUTSIDE, _U(0), _U(0))
    for a in range(whole(n)):
        c0, c1, _, _ = philox(_U(start + w.lists[LANE + a]), _U(0), _U(w.lists[WHEN + a]), word, k0, k1)
        rows[OUTSIDE_SHOCK + a] = unit(c0)
        rows[WAITING_SHOCK + a] = unit(c1)
    for a in range(whole(n)):
        rows[OUTSIDE_SHOCK + a] = gumbel(rows[OUTSIDE_SHOCK + a])
    for a in range(whole(n)):
        rows[WAITING_SHOCK + a] = gumbel(rows[WAITING_SHOCK + a])
    for j in range(m.n_brands):
        word = tail(draws.SEARCH, m.brand_id[j], _U(0))
        for a in range(whole(n)):
            c0, c1, c2, c3 = philox(_U(start + w.lists[LANE + a]), _U(0), _U(w.lists[WHEN + a]), word, k0, k1)
            w.shock[j, RECALL, a] = unit(c0)
            w.shock[j, FOUND, a] = unit(c1)
            w.shock[j, TASTE, a] = unit(c2)
            w.shock[j, READING, a] = unit(c3)
        for a in range(whole(n)):
            w.shock[j, TASTE, a] = gumbel(w.shock[j, TASTE, a])


@part
def consider(b: Any, n: Any, j: Any, t: Any, m: Any, p: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Decide which of the listed shoppers consider a brand, and note who came across it online."""
    rows = w.rows
    coverage = m.brand[j, terms.COVERAGE]
    for a in range(n):
        rows[RESULT + a] = weeks_since_visit(b, np.int64(w.lists[LANE + a]), j, t, s)
    for a in range(whole(n)):
        w.bytes[IS_CONSIDERED + a] = np.uint8(
            search.is_considered(
                w.shock[j, RECALL, a],
                rows[G_MEMORY + a],
                rows[RESULT + a],
                p.visit_weeks,
                w.shock[j, FOUND, a],
                coverage,
                rows[G_ONLINE + a],
            )
        )
    for a in range(whole(n)):
        w.bytes[IS_FOUND + a] = np.uint8(
            search.is_found_online(w.shock[j, FOUND, a], coverage, rows[G_ONLINE + a])
        )
    if on.count_row[COMMITTERS] >= 0:
        for a in range(n):
            if w.lists[FORCED + w.lists[LANE + a]] >= 0:
                w.bytes[IS_CONSIDERED + a] = np.uint8(0)
                w.bytes[IS_FOUND + a] = np.uint8(0)
    n_considered = np.int64(0)
    for a in range(n):
        n_considered += w.bytes[IS_CONSIDERED + a]
        if w.bytes[IS_FOUND + a] > 0:
            s.weeks[b, week_of(j, VISIT), w.lists[LANE + a]] = np.int16(t)
    row[j, _CONSIDERED] += n_considered


@part
def read_new_reviews(a: Any, k: Any, b: Any, j: Any, t: Any, p: Any, s: Any, w: Any) -> None:
    """Let a shopper read the reviews of a brand that are new to it."""
    rows = w.rows
    since = np.int64(s.weeks[b, week_of(j, READ), k])
    count = s.reviews[t, j, 0]
    total = s.reviews[t, j, 1]
    if since >= 0:
        count -= s.reviews[since, j, 0]
        total -= s.reviews[since, j, 1]
    s.weeks[b, week_of(j, READ), k] = np.int16(t)
    if count == 0:
        return
    weight = search.review_weight(F(count), p.review_evidence, p.review_half)
    mean = search.review_mean(total, count)
    evidence = rows[G_EVIDENCE + a]
    rows[G_BELIEF + a] = search.belief_after_reviews(rows[G_BELIEF + a], evidence, mean, weight)
    rows[G_EVIDENCE + a] = search.evidence_after_message(evidence, weight, p.evidence_limit)
    s.values[b, of_brand(j, BELIEF), k] = rows[G_BELIEF + a]
    s.values[b, of_brand(j, EVIDENCE), k] = rows[G_EVIDENCE + a]


@part
def read_reviews(b: Any, n: Any, j: Any, t: Any, p: Any, s: Any, w: Any) -> None:
    """Let those who consider a brand read what its buyers wrote, or not."""
    for a in range(whole(n)):
        w.bytes[READS + a] = w.bytes[IS_CONSIDERED + a] & np.uint8(
            search.reads_reviews(w.shock[j, READING, a], p.reading_propensity, w.rows[G_ONLINE + a])
        )
    for a in range(n):
        if w.bytes[READS + a] > 0:
            read_new_reviews(a, w.lists[LANE + a], b, j, t, p, s, w)


@part
def bid(b: Any, n: Any, j: Any, t: Any, m: Any, on: Any, s: Any, w: Any) -> None:
    """Work out the utility of a brand to the listed shoppers, and its total with the taste shock."""
    rows = w.rows
    if on.brand[j, HAS_REFERRAL] > 0:
        for a in range(n):
            k = w.lists[LANE + a]
            rows[RESULT + a] = rows[G_PRICE + a]
            if np.int32(t) <= np.int32(s.weeks[b, week_of(j, INVITED_UNTIL), k]):
                since = np.int64(s.weeks[b, week_of(j, INVITATION_STEP), k])
                reward = m.by_step[since, j, _REWARD]
                rows[RESULT + a] = choice.price_after_reward(rows[G_PRICE + a], reward)
    else:
        for a in range(whole(n)):
            rows[RESULT + a] = rows[G_PRICE + a]
    for a in range(whole(n)):
        w.bid[j, UTILITY, a] = utility_at(a, rows[RESULT + a], m, w)
    for a in range(whole(n)):
        total = choice.total(w.bid[j, UTILITY, a], w.shock[j, TASTE, a])
        is_open = w.bytes[IS_CONSIDERED + a] > 0
        w.bid[j, TOTAL, a] = total if is_open else _MINUS
        w.bid[j, BEST_TOTAL, a] = total if is_open else _MINUS


@part
def bid_for_groups(b: Any, n: Any, j: Any, t: Any, m: Any, p: Any, on: Any, s: Any, w: Any) -> None:
    """Let the offer of a group raise a brand's total where joining looks better; nobody joins twice for a need."""
    rows = w.rows
    discount = m.by_step[t, j, _DISCOUNT]
    size = np.int32(m.by_step[t, j, _SIZE])
    for a in range(n):
        k = w.lists[LANE + a]
        if w.bytes[IS_CONSIDERED + a] > 0 and w.lists[FORCED + k] == NOTHING:
            odds = community.group_odds(s.counts[on.count_row[COMMITTERS] + j, b * BLOCK + k], size)
            cheap = choice.expected_group_price(rows[G_PRICE + a], discount, odds)
            in_time = choice.delayed_total(utility_at(a, cheap, m, w), p.delay_weight, w.shock[j, TASTE, a])
            if in_time > w.bid[j, TOTAL, a]:
                w.bid[j, BEST_TOTAL, a] = in_time


@part
def keep_forced(n: Any, j: Any, w: Any) -> None:
    """Let members of a completed group buy what they committed to."""
    for a in range(n):
        if w.lists[FORCED + w.lists[LANE + a]] == j:
            w.bid[j, TOTAL, a] = choice.total(w.bid[j, UTILITY, a], w.shock[j, TASTE, a])
            w.lists[SELECTED + a] = j


@part
def choose_by_total(n: Any, j: Any, w: Any) -> None:
    """Keep a brand where its total is larger than the best so far."""
    rows = w.rows
    for a in range(whole(n)):
        is_better = w.bid[j, BEST_TOTAL, a] > rows[CHANCE + a]
        joins = np.int32(w.bid[j, BEST_TOTAL, a] > w.bid[j, TOTAL, a])
        w.lists[SELECTED + a] = np.int32(j) if is_better else w.lists[SELECTED + a]
        w.lists[JOINS + a] = joins if is_better else w.lists[JOINS + a]
        rows[CHANCE + a] = w.bid[j, BEST_TOTAL, a] if is_better else rows[CHANCE + a]


@part
def choose_by_memory(n: Any, j: Any, w: Any) -> None:
    """Inspect a brand only where it is remembered better than those before; take it or nothing."""
    for a in range(whole(n)):
        w.bid[j, STANDING, a] = w.rows[G_MEMORY + a]
    for a in range(n):
        if w.bytes[IS_CONSIDERED + a] > 0 and w.rows[G_MEMORY + a] > w.rows[CHANCE + a]:
            w.rows[CHANCE + a] = w.rows[G_MEMORY + a]
            is_better = w.bid[j, BEST_TOTAL, a] > w.rows[OUTSIDE_SHOCK + a]
            joins = w.bid[j, BEST_TOTAL, a] > w.bid[j, TOTAL, a]
            w.lists[SELECTED + a] = np.int32(j) if is_better else np.int32(NOTHING)
            w.lists[JOINS + a] = np.int32(joins and is_better)


@part
def choose_by_threshold(b: Any, n: Any, j: Any, p: Any, g: Any, w: Any) -> None:
    """Adopt where the share of adopting neighbors and the push of advertising reach the threshold."""
    for a in range(n):
        k = w.lists[LANE + a]
        push = attention.memory(ZERO, ZERO, w.noticed[j, k], attention.log_remainder(p.memory_gain_ad))
        adopts = choice.adopts_by_threshold(w.rows[NEARBY + a], push, g.threshold[b * BLOCK + k])
        w.bid[j, STANDING, a] = ONE if adopts else ZERO
        if w.bytes[IS_CONSIDERED + a] > 0 and adopts and w.lists[SELECTED + a] == NOTHING:
            w.lists[SELECTED + a] = np.int32(j)


@part
def weigh_brand(
    b: Any, n: Any, j: Any, t: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, row: Any
) -> None:
    """Let the listed shoppers consider one brand and keep it if it is the best so far."""
    rows = w.rows
    gather_relation(b, n, j, m, g, on, s, w)
    consider(b, n, j, t, m, p, on, s, w, row)
    read_reviews(b, n, j, t, p, s, w)
    gather_price(b, n, j, t, m, on, s, w)
    if m.is_threshold:
        for a in range(whole(n)):
            rows[NEARBY + a] = rows[G_NEARBY + a]
    judge(n, j, m, p, on, s, w)
    bid(b, n, j, t, m, on, s, w)
    if on.brand[j, HAS_GROUP] > 0:
        if m.by_step[t, j, _GROUP] > ZERO and s.books[j, GROUP_PLACES] > 0:
            bid_for_groups(b, n, j, t, m, p, on, s, w)
    if m.is_threshold:
        choose_by_threshold(b, n, j, p, g, w)
    elif m.is_passive:
        choose_by_memory(n, j, w)
    else:
        choose_by_total(n, j, w)
    if on.count_row[COMMITTERS] >= 0:
        keep_forced(n, j, w)


@part
def commit(b: Any, k: Any, j: Any, t: Any, m: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Let a shopper commit to a group."""
    i = b * BLOCK + k
    s.marks[b, COMMITTED, k] = np.uint8(j)
    s.weeks[b, COMMITMENT, k] = np.int16(t)
    s.weeks[b, week_of(j, VISIT), k] = np.int16(t)
    row[j, _COMMITMENTS] += 1
    add_talk(i, j, COMMITS, 0, ZERO, ZERO, w)
    add_move(i, on.count_row[COMMITTERS] + j, 1, w)


@part
def place_orders(b: Any, n: Any, t: Any, m: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Write down what the listed shoppers chose, in the order of consumers."""
    has_groups = on.count_row[COMMITTERS] >= 0
    at = w.n[N_ORDERS]
    for a in range(n):
        k = np.int64(w.lists[LANE + a])
        selected = w.lists[SELECTED + a]
        s.marks[b, OPEN_NEED, k] = np.uint8(0)
        in_group = has_groups and w.lists[FORCED + k] >= 0
        if w.lists[JOINS + a] > 0 and not in_group:
            commit(b, k, np.int64(selected), t, m, on, s, w, row)
            continue
        w.order[CONSUMER, at] = b * BLOCK + k
        w.order[CHOICE, at] = selected
        w.order[FIRST_CHOICE, at] = selected
        w.order[STATUS, at] = PENDING if on.is_rationed else ACCEPTED
        w.order[IN_GROUP, at] = np.int32(in_group)
        if selected >= 0:
            row[selected, _ORDERS] += 1
            if on.is_rationed:
                w.order_value[0, at] = w.rows[OUTSIDE_SHOCK + a]
                w.order_value[1, at] = w.rows[WAITING_SHOCK + a]
                for j in range(m.n_brands):
                    w.order_value[2 + 3 * j, at] = w.bid[j, UTILITY, a]
                    w.order_value[3 + 3 * j, at] = w.bid[j, TOTAL, a]
                    w.order_value[4 + 3 * j, at] = w.bid[j, STANDING, a]
            at += 1
    w.n[N_ORDERS] = at


@part
def shop(b: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Let a block's consumers with a need consider brands and choose one, a group, or none."""
    n = list_shoppers(t, on, w)
    if n == 0:
        return
    if on.count_row[COMMITTERS] >= 0:
        recall_occasions(b, n, s, w)
    draw_for_shoppers(b, n, k0, k1, m, w)
    gather_person(b, n, s, w)
    start = F(-1.0)
    for a in range(whole(n)):
        w.rows[CHANCE + a] = start if m.is_passive else w.rows[OUTSIDE_SHOCK + a]
    for j in range(m.n_brands):
        if m.by_step[t, j, terms.IS_AVAILABLE] > ZERO:
            weigh_brand(b, n, j, t, m, p, g, on, s, w, row)
        else:
            for a in range(whole(n)):
                w.bid[j, TOTAL, a] = _MINUS
    place_orders(b, n, t, m, on, s, w, row)
