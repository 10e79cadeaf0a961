"""What meets some consumers before they shop: clicked advertisements, coupons, community, groups."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part
from simulator.engines.numba_engine import terms
from simulator.engines.numba_engine.firms import COMMUNITY_PROGRAM, reserve_of
from simulator.engines.numba_engine.layout import (
    BELONGING,
    CHANCE,
    CLICK,
    COMMITMENT,
    COMMITTED,
    COMMITTERS,
    COMMUNITY,
    COUPON,
    COUPON_IS_STRATEGY,
    COUPON_UNTIL,
    FLAGS,
    FORCED,
    G_BELONGING,
    G_MEMORY,
    G_NEARBY,
    G_PRICE,
    HAS_COMMUNITY,
    HAS_CONTENT,
    HAS_MEDIA,
    HAS_PROFILE,
    IS_MEMBER,
    IS_TURNED_AWAY,
    LAPSES,
    MEMBERS,
    MEMORY,
    N_MEMBERS,
    NO_BRAND,
    NOTHING,
    OPEN,
    PICKED,
    RATE,
    READS,
    RESERVED,
    RESULT,
    SHARING,
    SOME,
    STAYS,
    TASTE_X,
    TASTE_Y,
    TOUCH,
    U_0,
    U_1,
    U_2,
    WISH_X,
    WISH_Y,
    WISHERS,
    block_of,
    index,
    lane_of,
    mark_of,
    of_brand,
    place_of,
    record,
    week_of,
    whole,
)
from simulator.engines.numba_engine.listing import (
    list_some,
    pick,
    queue_hits,
    queue_marked,
)
from simulator.engines.numba_engine.relation import (
    gather_person,
    gather_price,
    gather_relation,
    judge,
    learn_profile,
    utility_at,
    visit_in,
)
from simulator.engines.numba_engine.talk import add_move
from simulator.engines.numba_engine.view import see_pieces
from simulator.model import draws
from simulator.model.draws import BLOCK, tail
from simulator.model.mathematics import ONE, ZERO, fixed_point, normal, unit
from simulator.model.philox import philox
from simulator.model.rules import attention, community, precision

_U = np.uint32
_COMMUNITY, _CO_DESIGN = terms.term("community"), terms.term("co_design")
_SIZE, _DEADLINE = terms.term("group_size"), terms.term("group_deadline")
_CLICKS, _INTERACTIONS, _GROUP_FAILURES = record("clicks"), record("interactions"), record("group_failures")
_NEEDS = record("needs")


@part
def keep_coupons(n: Any, h: Any, j: Any, t: Any, m: Any, p: Any, s: Any, w: Any) -> None:
    """Give a line's coupon to everyone who is listed."""
    flags = mark_of(j, FLAGS)
    counts = COUPON_IS_STRATEGY * np.uint8(m.line_kind[h, terms.IS_STRATEGY] > 0)
    for a in range(n):
        i = index(w.lists[PICKED + a])
        b = block_of(i)
        k = lane_of(i)
        s.marks[b, flags, k] = (s.marks[b, flags, k] & ~COUPON_IS_STRATEGY) | counts
        s.extras[i, s.column[COUPON] + j] = m.line[h, terms.DEPTH]
        s.dates[i, s.column[COUPON_UNTIL] + j] = np.int16(
            np.int32(t) + np.int32(p.coupon_weeks) - np.int32(1)
        )


@part
def click_line(
    n: Any, h: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any,
    row: Any,
) -> None:  # fmt: skip
    """Let everyone on a list click a line's advertisement, or not."""
    rows = w.rows
    gather_person(n, s, w)
    gather_relation(n, j, m, g, on, s, w)
    gather_price(n, j, t, m, on, s, w)
    judge(n, j, m, p, on, s, w)
    intercept = m.line[h, terms.CLICK_INTERCEPT]
    for a in range(whole(n)):
        rows[CHANCE + a] = precision.click_probability(utility_at(a, rows[G_PRICE + a], m, w), intercept)
    word = tail(draws.CLICK, m.brand_id[j], _U(m.line_kind[h, terms.SLOT]))
    channel = _U(m.line_kind[h, terms.CHANNEL_ID])
    for a in range(whole(n)):
        c0, c1, c2, _ = philox(_U(w.lists[PICKED + a]), channel, _U(t), word, k0, k1)
        rows[U_0 + a] = unit(c0)
        rows[U_1 + a] = unit(c1)
        rows[U_2 + a] = unit(c2)
    for a in range(whole(n)):
        w.bytes[READS + a] = np.uint8(rows[U_0 + a] < rows[CHANCE + a])
    n_clicks = list_some(n, READS, w)
    row[j, _CLICKS] += n_clicks
    for c in range(n_clicks):
        a = w.lists[SOME + c]
        i = index(w.lists[PICKED + a])
        visit_in(i, j, t, s)
        s.weeks[i, week_of(j, CLICK)] = np.int16(t)
        rows[U_1 + c] = rows[U_1 + a]
        rows[U_2 + c] = rows[U_2 + a]
    if on.brand[j, HAS_PROFILE] > 0:
        for c in range(whole(n_clicks)):
            rows[U_1 + c] = normal(rows[U_1 + c])
            rows[U_2 + c] = normal(rows[U_2 + c])
        for c in range(n_clicks):
            i = index(w.lists[PICKED + w.lists[SOME + c]])
            learn_profile(i, j, rows[U_1 + c], rows[U_2 + c], p, s)


@part
def click(
    begin: Any, end: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any,
    row: Any,
) -> None:  # fmt: skip
    """Let a stretch's consumers click noticed advertisements and keep their coupons, line by line."""
    for h in range(m.line.shape[0]):
        if m.line_kind[h, terms.LINE_BRAND] != j or m.line_kind[h, terms.IS_CONTENT] > 0:
            continue
        if not s.lines[h, RATE] > 0.0:
            continue
        has_click = m.line_kind[h, terms.HAS_CLICK] > 0
        if not has_click and not m.line[h, terms.DEPTH] > ZERO:
            continue
        n_hits = queue_hits(h, begin * BLOCK, (end - begin) * BLOCK, w)
        for first in range(0, n_hits, BLOCK):
            n = pick(first, n_hits, s, w)
            if m.line[h, terms.DEPTH] > ZERO:
                keep_coupons(n, h, j, t, m, p, s, w)
            if has_click:
                click_line(n, h, j, t, k0, k1, m, p, g, on, s, w, row)


@part
def queue_members(begin: Any, end: Any, j: Any, s: Any, w: Any) -> Any:
    """Queue the members of a brand's community in a stretch; return how many there are."""
    n_members = np.int64(0)
    for b in range(begin, end):
        offset = (b * s.marks.shape[1] + mark_of(j, FLAGS)) * BLOCK
        n_members = queue_marked(s.marks, offset, IS_MEMBER, b * BLOCK, BLOCK, n_members, w)
    return n_members


@part
def weigh_membership(n: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, s: Any, w: Any) -> None:
    """Work out who of the listed members interacts, what they remember and how they belong, and who leaves."""
    rows = w.rows
    word = tail(draws.COMMUNITY, m.brand_id[j], _U(0))
    for a in range(whole(n)):
        c0, c1, _, _ = philox(_U(w.lists[PICKED + a]), _U(0), _U(t), word, k0, k1)
        rows[U_0 + a] = unit(c0)
        rows[U_1 + a] = unit(c1)
    for a in range(n):
        i = index(w.lists[PICKED + a])
        rows[G_NEARBY + a] = s.records[i, SHARING]
        rows[G_MEMORY + a] = s.values[block_of(i), of_brand(j, MEMORY), lane_of(i)]
        rows[G_BELONGING + a] = s.extras[i, s.column[BELONGING] + j]
    is_served = m.by_step[t, j, _COMMUNITY] > ZERO and s.books[j, OPEN + COMMUNITY_PROGRAM] > 0
    served = ONE if is_served else ZERO
    for a in range(whole(n)):
        chance = community.interaction_probability(rows[G_NEARBY + a], p.interaction_rate)
        rows[RESULT + a] = served if rows[U_0 + a] < chance else ZERO
    for a in range(whole(n)):
        after = attention.reinforced(rows[G_MEMORY + a], p.memory_gain_contact)
        rows[G_MEMORY + a] = after if rows[RESULT + a] > ZERO else rows[G_MEMORY + a]
    for a in range(whole(n)):
        rows[G_BELONGING + a] = community.belonging(
            rows[G_BELONGING + a], p.belonging_retention, p.belonging_gain, rows[RESULT + a]
        )
    for a in range(whole(n)):
        chance = community.exit_probability(rows[G_BELONGING + a], p.community_exit)
        w.bytes[READS + a] = np.uint8(rows[U_1 + a] < chance)


@part
def leave(i: Any, j: Any, on: Any, s: Any, w: Any) -> None:
    """Let a member leave a brand's community."""
    b = block_of(i)
    k = lane_of(i)
    s.marks[b, mark_of(j, FLAGS), k] &= ~IS_MEMBER
    s.books[j, N_MEMBERS] -= 1
    s.extras[i, s.column[BELONGING] + j] = ZERO
    add_move(i, on.count_row[MEMBERS] + j, -1, w)


@part
def keep_membership(n: Any, j: Any, t: Any, m: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Write down what the listed members did."""
    rows = w.rows
    wishes = m.by_step[t, j, _CO_DESIGN] > ZERO
    n_interactions = np.int64(0)
    for a in range(n):
        i = index(w.lists[PICKED + a])
        b = block_of(i)
        k = lane_of(i)
        interacts = rows[RESULT + a] > ZERO
        touch = s.marks[b, mark_of(j, TOUCH), k]
        n_interactions += np.int64(interacts)
        s.values[b, of_brand(j, MEMORY), k] = rows[G_MEMORY + a]
        s.extras[i, s.column[BELONGING] + j] = rows[G_BELONGING + a]
        s.marks[b, mark_of(j, TOUCH), k] = COMMUNITY if interacts else touch
        if wishes and interacts:
            s.books[j, WISHERS] += 1
            s.books[j, WISH_X] += fixed_point(s.records[i, TASTE_X])
            s.books[j, WISH_Y] += fixed_point(s.records[i, TASTE_Y])
    row[j, _INTERACTIONS] += n_interactions
    for r in range(list_some(n, READS, w)):
        leave(index(w.lists[PICKED + w.lists[SOME + r]]), j, on, s, w)


@part
def take_parts(
    begin: Any, end: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, on: Any, s: Any, w: Any, row: Any
) -> None:
    """Let a stretch's members take part in a brand's community, up to 256 at a time."""
    n_members = queue_members(begin, end, j, s, w)
    for first in range(0, n_members, BLOCK):
        n = pick(first, n_members, s, w)
        weigh_membership(n, j, t, k0, k1, m, p, s, w)
        keep_membership(n, j, t, m, on, s, w, row)


@part
def settle_group(b: Any, k: Any, t: Any, m: Any, on: Any, s: Any, w: Any, row: Any) -> Any:
    """Return the brand that a consumer buys in a completed group, or whether the wait goes on or lapses."""
    i = b * BLOCK + k
    j = np.int64(s.marks[b, COMMITTED, k])
    since = np.int64(s.dates[i, s.column[COMMITMENT]])
    flags = mark_of(j, FLAGS)
    is_admitted = (s.marks[b, flags, k] & IS_TURNED_AWAY) == 0
    together = s.counts[on.count_row[COMMITTERS] + j, i]
    size = np.int32(m.by_step[since, j, _SIZE])
    is_offered = is_admitted and m.by_step[t, j, terms.IS_AVAILABLE] > ZERO
    is_complete = is_offered and community.group_is_complete(together, size)
    if is_admitted and not is_complete and t < since + np.int64(m.by_step[since, j, _DEADLINE]):
        return np.int64(STAYS)
    s.marks[b, COMMITTED, k] = NO_BRAND
    s.marks[b, flags, k] &= ~IS_TURNED_AWAY
    if is_admitted:
        s.books[j, RESERVED] -= reserve_of(j, since, m)
        add_move(i, on.count_row[COMMITTERS] + j, -1, w)
    if is_complete:
        return j
    visit_in(i, j, t, s)
    row[j, _GROUP_FAILURES] += 1
    for other in range(m.n_brands):
        row[other, _NEEDS] += 1
    return np.int64(LAPSES)


@part
def settle_groups(begin: Any, end: Any, t: Any, m: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Settle the groups of a stretch's committed consumers."""
    for b in range(begin, end):
        forced = FORCED + place_of(b * BLOCK)
        for k in range(BLOCK):
            w.lists[forced + k] = NOTHING
            if s.marks[b, COMMITTED, k] != NO_BRAND:
                w.lists[forced + k] = settle_group(b, k, t, m, on, s, w, row)


@part
def visit(
    begin: Any, end: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any,
    counts: Any,
) -> None:  # fmt: skip
    """Take a stretch's consumers through what meets some of them: content, clicks, community, groups."""
    for j in range(m.n_brands):
        if on.brand[j, HAS_CONTENT] > 0:
            see_pieces(begin, end, j, t, k0, k1, m, p, s, w, counts)
        if on.brand[j, HAS_MEDIA] > 0:
            click(begin, end, j, t, k0, k1, m, p, g, on, s, w, counts[t])
        if on.brand[j, HAS_COMMUNITY] > 0:
            take_parts(begin, end, j, t, k0, k1, m, p, on, s, w, counts[t])
    if on.count_row[COMMITTERS] >= 0:
        settle_groups(begin, end, t, m, on, s, w, counts[t])
