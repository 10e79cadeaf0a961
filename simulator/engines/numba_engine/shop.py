"""Shopping: who has a need considers brands and chooses one, a group, or none, for a block at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part
from simulator.engines.numba_engine import terms
from simulator.engines.numba_engine.choose import (
    bid,
    bid_for_groups,
    choose_by_memory,
    choose_by_threshold,
    choose_by_total,
    forced_choice,
    keep_forced,
)
from simulator.engines.numba_engine.layout import (
    ACCEPTED,
    BELIEF,
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
    GROUP_PLACES,
    HAS_GROUP,
    IN_GROUP,
    IS_CONSIDERED,
    IS_FOUND,
    JOINS,
    LAPSES,
    N_ORDERS,
    NEARBY,
    NOTHING,
    OPEN_NEED,
    OUTSIDE_SHOCK,
    PENDING,
    PICKED,
    READ,
    READING,
    READS,
    RECALL,
    RESULT,
    SELECTED,
    SOME,
    STANDING,
    STATUS,
    TASTE,
    TOTAL,
    U_0,
    U_1,
    U_2,
    U_3,
    UTILITY,
    WAITING_SHOCK,
    WANTS,
    WHEN,
    block_of,
    in_record,
    index,
    lane_of,
    record,
    week_of,
    whole,
)
from simulator.engines.numba_engine.listing import (
    list_some,
    pick,
    queue_places,
)
from simulator.engines.numba_engine.relation import (
    gather_person,
    gather_price,
    gather_relation,
    judge,
    learn,
    visit_in,
    weeks_since_visit,
)
from simulator.engines.numba_engine.talk import add_move, add_talk
from simulator.model import draws
from simulator.model.draws import BLOCK, tail
from simulator.model.mathematics import ZERO, F, gumbel, unit
from simulator.model.philox import philox
from simulator.model.rules import search

_U = np.uint32
_MINUS = F(-1e30)
_GROUP = terms.term("group")
_CONSIDERED, _COMMITMENTS = record("considered"), record("group_commitments")
_ORDERS = record("orders")


@part
def queue_shoppers(start: Any, n_places: Any, on: Any, w: Any) -> Any:
    """Queue the consumers of a stretch that shop now; return how many there are."""
    if on.count_row[COMMITTERS] >= 0:
        for place in range(n_places):
            forced = w.lists[FORCED + place]
            wants = (forced == NOTHING) & (w.bytes[WANTS + place] > 0)
            w.bytes[WANTS + place] = np.uint8((forced >= 0) | (forced == LAPSES) | wants)
    return queue_places(WANTS, start, n_places, w)


@part
def begin_choice(n: Any, t: Any, on: Any, s: Any, w: Any) -> None:
    """Begin with nothing chosen; whose group was settled has the luck of the step in which it was joined."""
    for a in range(whole(n)):
        w.lists[WHEN + a] = t
        w.lists[SELECTED + a] = NOTHING
        w.lists[JOINS + a] = 0
    if on.count_row[COMMITTERS] >= 0:
        for a in range(n):
            if forced_choice(a, w) != NOTHING:
                i = index(w.lists[PICKED + a])
                w.lists[WHEN + a] = np.int32(s.dates[i, s.column[COMMITMENT]])


@part
def draw_for_shoppers(n: Any, k0: Any, k1: Any, m: Any, on: Any, w: Any) -> None:
    """Draw what the listed shoppers need, all at once."""
    rows = w.rows
    word = tail(draws.OUTSIDE, _U(0), _U(0))
    for a in range(whole(n)):
        c0, c1, _, _ = philox(_U(w.lists[PICKED + a]), _U(0), _U(w.lists[WHEN + a]), word, k0, k1)
        rows[OUTSIDE_SHOCK + a] = unit(c0)
        rows[WAITING_SHOCK + a] = unit(c1)
    for a in range(whole(n)):
        rows[OUTSIDE_SHOCK + a] = gumbel(rows[OUTSIDE_SHOCK + a])
    if on.is_rationed:
        for a in range(whole(n)):
            rows[WAITING_SHOCK + a] = gumbel(rows[WAITING_SHOCK + a])
    for j in range(m.n_brands):
        word = tail(draws.SEARCH, m.brand_id[j], _U(0))
        for a in range(whole(n)):
            c0, c1, c2, c3 = philox(_U(w.lists[PICKED + a]), _U(0), _U(w.lists[WHEN + a]), word, k0, k1)
            w.shock[j, RECALL, a] = unit(c0)
            w.shock[j, FOUND, a] = unit(c1)
            w.shock[j, TASTE, a] = unit(c2)
            w.shock[j, READING, a] = unit(c3)
        for a in range(whole(n)):
            w.shock[j, TASTE, a] = gumbel(w.shock[j, TASTE, a])


@part
def consider(n: Any, j: Any, t: Any, m: Any, p: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Decide which of the listed shoppers consider a brand, and note who came across it online."""
    rows = w.rows
    coverage = m.brand[j, terms.COVERAGE]
    for a in range(n):
        i = index(w.lists[PICKED + a])
        rows[RESULT + a] = weeks_since_visit(i, j, t, s)
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
            if forced_choice(a, w) >= 0:
                w.bytes[IS_CONSIDERED + a] = np.uint8(0)
                w.bytes[IS_FOUND + a] = np.uint8(0)
    n_considered = np.int64(0)
    for a in range(n):
        n_considered += w.bytes[IS_CONSIDERED + a]
    row[j, _CONSIDERED] += n_considered
    for a in range(list_some(n, IS_FOUND, w)):
        i = index(w.lists[PICKED + w.lists[SOME + a]])
        visit_in(i, j, t, s)


@part
def gather_reviews(n: Any, j: Any, t: Any, s: Any, w: Any) -> None:
    """Gather number and mean of the reviews that are new to some shoppers, who have read them from now on."""
    rows = w.rows
    read = week_of(j, READ)
    for r in range(n):
        a = w.lists[SOME + r]
        i = index(w.lists[PICKED + a])
        since = np.int64(s.weeks[i, read])
        known = max(since, np.int64(0))
        seen = np.int64(since >= 0)
        count = s.reviews[t, j, 0] - seen * s.reviews[known, j, 0]
        total = s.reviews[t, j, 1] - seen * s.reviews[known, j, 1]
        s.weeks[i, read] = np.int16(t)
        rows[U_0 + r] = F(count)
        rows[U_1 + r] = search.review_mean(total, max(count, np.int64(1)))
        rows[U_2 + r] = rows[G_BELIEF + a]
        rows[U_3 + r] = rows[G_EVIDENCE + a]
        rows[RESULT + r] = rows[G_BELIEF + a]


@part
def read_reviews(n: Any, j: Any, t: Any, p: Any, s: Any, w: Any) -> None:
    """Let those who consider a brand read what its buyers wrote since they last did, or not."""
    rows = w.rows
    for a in range(whole(n)):
        w.bytes[READS + a] = w.bytes[IS_CONSIDERED + a] & np.uint8(
            search.reads_reviews(w.shock[j, READING, a], p.reading_propensity, rows[G_ONLINE + a])
        )
    n_readers = list_some(n, READS, w)
    gather_reviews(n_readers, j, t, s, w)
    for r in range(whole(n_readers)):
        weight = search.review_weight(rows[U_0 + r], p.review_evidence, p.review_half)
        belief = search.belief_after_reviews(rows[U_2 + r], rows[U_3 + r], rows[U_1 + r], weight)
        evidence = search.evidence_after_message(rows[U_3 + r], weight, p.evidence_limit)
        rows[U_2 + r] = belief if rows[U_0 + r] > ZERO else rows[U_2 + r]
        rows[U_3 + r] = evidence if rows[U_0 + r] > ZERO else rows[U_3 + r]
    learn(n_readers, RESULT, U_2, j, s, w)
    for r in range(n_readers):
        a = w.lists[SOME + r]
        i = index(w.lists[PICKED + a])
        rows[G_BELIEF + a] = rows[U_2 + r]
        rows[G_EVIDENCE + a] = rows[U_3 + r]
        s.records[i, in_record(j, BELIEF)] = rows[U_2 + r]
        s.records[i, in_record(j, EVIDENCE)] = rows[U_3 + r]


@part
def weigh_brand(n: Any, j: Any, t: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Let the listed shoppers consider one brand and keep it if it is the best so far."""
    rows = w.rows
    gather_relation(n, j, m, g, on, s, w)
    consider(n, j, t, m, p, on, s, w, row)
    read_reviews(n, j, t, p, s, w)
    gather_price(n, j, t, m, on, s, w)
    if m.is_threshold:
        for a in range(whole(n)):
            rows[NEARBY + a] = rows[G_NEARBY + a]
    judge(n, j, m, p, on, s, w)
    bid(n, j, t, m, on, s, w)
    if on.brand[j, HAS_GROUP] > 0:
        if m.by_step[t, j, _GROUP] > ZERO and s.books[j, GROUP_PLACES] > 0:
            bid_for_groups(n, j, t, m, p, on, s, w)
    if m.is_threshold:
        choose_by_threshold(n, j, p, g, w)
    elif m.is_passive:
        choose_by_memory(n, j, w)
    else:
        choose_by_total(n, j, w)
    if on.count_row[COMMITTERS] >= 0:
        keep_forced(n, j, w)


@part
def commit(i: Any, j: Any, t: Any, m: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Let a shopper commit to a group."""
    b = block_of(i)
    k = lane_of(i)
    s.marks[b, COMMITTED, k] = np.uint8(j)
    s.dates[i, s.column[COMMITMENT]] = np.int16(t)
    visit_in(i, j, t, s)
    row[j, _COMMITMENTS] += 1
    add_talk(i, j, COMMITS, 0, ZERO, ZERO, w)
    add_move(i, on.count_row[COMMITTERS] + j, 1, w)


@part
def commit_all(n: Any, t: Any, m: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Let the listed shoppers commit who join a group now; they order nothing."""
    for a in range(n):
        if w.lists[JOINS + a] > 0 and forced_choice(a, w) < 0:
            commit(index(w.lists[PICKED + a]), index(w.lists[SELECTED + a]), t, m, on, s, w, row)
            w.lists[SELECTED + a] = NOTHING


@part
def keep_bids(a: Any, at: Any, m: Any, w: Any) -> None:
    """Keep with an order what its consumer falls back on where stock runs out."""
    w.order_value[0, at] = w.rows[OUTSIDE_SHOCK + a]
    w.order_value[1, at] = w.rows[WAITING_SHOCK + a]
    for j in range(m.n_brands):
        w.order_value[2 + 3 * j, at] = w.bid[j, UTILITY, a]
        w.order_value[3 + 3 * j, at] = w.bid[j, TOTAL, a]
        w.order_value[4 + 3 * j, at] = w.bid[j, STANDING, a]


@part
def place_orders(n: Any, m: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Write down what the listed shoppers chose, in the order of consumers; no branch depends on a choice."""
    has_groups = on.count_row[COMMITTERS] >= 0
    at = w.n[N_ORDERS]
    for a in range(n):
        i = index(w.lists[PICKED + a])
        selected = w.lists[SELECTED + a]
        s.marks[block_of(i), OPEN_NEED, lane_of(i)] = np.uint8(0)
        w.order[CONSUMER, at] = i
        w.order[CHOICE, at] = selected
        w.order[FIRST_CHOICE, at] = selected
        w.order[STATUS, at] = PENDING if on.is_rationed else ACCEPTED
        w.order[IN_GROUP, at] = np.int32(forced_choice(a, w) >= 0) if has_groups else np.int32(0)
        if on.is_rationed:
            keep_bids(a, at, m, w)
        at += np.int64(selected >= 0)
    w.n[N_ORDERS] = at
    for j in range(m.n_brands):
        n_orders = np.int64(0)
        for a in range(n):
            n_orders += np.int64(w.lists[SELECTED + a] == j)
        row[j, _ORDERS] += n_orders


@part
def shop_picked(
    n: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, row: Any
) -> None:
    """Let the listed consumers consider brands and choose one, a group, or none."""
    begin_choice(n, t, on, s, w)
    draw_for_shoppers(n, k0, k1, m, on, w)
    gather_person(n, s, w)
    start = F(-1.0)
    for a in range(whole(n)):
        w.rows[CHANCE + a] = start if m.is_passive else w.rows[OUTSIDE_SHOCK + a]
    for j in range(m.n_brands):
        if m.by_step[t, j, terms.IS_AVAILABLE] > ZERO:
            weigh_brand(n, j, t, m, p, g, on, s, w, row)
        else:
            for a in range(whole(n)):
                w.bid[j, TOTAL, a] = _MINUS
    if on.count_row[COMMITTERS] >= 0:
        commit_all(n, t, m, on, s, w, row)
    place_orders(n, m, on, s, w, row)


@part
def shop(
    begin: Any, end: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, row: Any
) -> None:
    """Let a stretch's consumers with a need shop, up to 256 at a time."""
    n_shoppers = queue_shoppers(begin * BLOCK, (end - begin) * BLOCK, on, w)
    for first in range(0, n_shoppers, BLOCK):
        n = pick(first, n_shoppers, s, w)
        shop_picked(n, t, k0, k1, m, p, g, on, s, w, row)
