"""What meets single consumers before they shop: content, clicked advertisements, community, groups."""

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
    CONTENT,
    COUPON,
    COUPON_IS_STRATEGY,
    COUPON_UNTIL,
    FLAGS,
    FORCED,
    G_PRICE,
    HAS_COMMUNITY,
    HAS_CONTENT,
    HAS_MEDIA,
    HAS_PROFILE,
    IS_BUSY,
    IS_FOLLOWER,
    IS_MEMBER,
    IS_TURNED_AWAY,
    LANE,
    LAPSES,
    LATEST_PIECE,
    MEMBERS,
    MEMORY,
    N_FOLLOWERS,
    N_MEMBERS,
    NO_BRAND,
    NOTHING,
    OPEN,
    PIECES,
    RATE,
    RESERVED,
    SHARES,
    SHARING,
    STAYS,
    TASTE_X,
    TASTE_Y,
    TOUCH,
    TRUST,
    U_0,
    U_1,
    U_2,
    VISIT,
    WISH_X,
    WISH_Y,
    WISHERS,
    mark_of,
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
    learn_profile,
    utility_at,
)
from simulator.engines.numba_engine.talk import add_move, add_talk
from simulator.model import draws
from simulator.model.draws import BLOCK, sparse_uniforms, tail
from simulator.model.mathematics import ONE, ZERO, fixed_point, unit
from simulator.model.philox import philox
from simulator.model.rules import attention, community, content, precision

_U = np.uint32
_PROMOTION, _COMMUNITY = terms.term("promotional_share"), terms.term("community")
_CO_DESIGN = terms.term("co_design")
_SIZE, _DEADLINE = terms.term("group_size"), terms.term("group_deadline")
_VIEWS, _SHARED = record("content_views"), record("content_shares")
_DIRECT, _ONE_HOP, _DEEPER = (
    record("piece_views_direct"),
    record("piece_views_one_hop"),
    record("piece_views_deeper"),
)
_PIECE_SHARES, _CLICKS = record("piece_shares"), record("clicks")
_INTERACTIONS, _GROUP_FAILURES = record("interactions"), record("group_failures")
_NEEDS = record("needs")


@part
def is_promoted_to(k: Any, j: Any, m: Any, s: Any, w: Any) -> Any:
    """Return whether a consumer noticed the promotion of a brand's content."""
    is_direct = False
    for h in range(m.line.shape[0]):
        if m.line_kind[h, terms.LINE_BRAND] == j and m.line_kind[h, terms.IS_CONTENT] > 0:
            is_direct |= s.lines[h, RATE] > 0.0 and w.hit[h, k] > 0
    return is_direct


@part
def follow_piece(b: Any, k: Any, j: Any, value: Any, promotion: Any, u_follow: Any, u_unfollow: Any,
                 p: Any, s: Any) -> None:  # fmt: skip
    """Let a viewer start or stop following a brand."""
    flags = mark_of(j, FLAGS)
    if s.marks[b, flags, k] & IS_FOLLOWER:
        if u_unfollow < content.unfollow_probability(
            value, promotion, p.unfollow_intercept, p.follow_value, p.share_promotion
        ):
            s.marks[b, flags, k] &= ~IS_FOLLOWER
            s.books[j, N_FOLLOWERS] -= 1
    elif u_follow < content.follow_probability(
        value, promotion, p.follow_intercept, p.follow_value, p.share_promotion
    ):
        s.marks[b, flags, k] |= IS_FOLLOWER
        s.books[j, N_FOLLOWERS] += 1


@part
def see_content(
    b: Any, k: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, s: Any, w: Any, counts: Any
) -> None:
    """Let a consumer see a piece: promoted, followed, or passed on by a neighbor."""
    i = b * BLOCK + k
    is_direct = is_promoted_to(k, j, m, s, w)
    mail = s.pieces[j, i]
    s.pieces[j, i] = 0
    follows = (s.marks[b, mark_of(j, FLAGS), k] & IS_FOLLOWER) > 0
    pieces = s.today[j, PIECES]
    if not (is_direct or mail > 0 or (follows and pieces > ZERO)):
        return
    u_view, u_share, u_follow, u_unfollow = sparse_uniforms(
        _U(i), _U(0), _U(t), tail(draws.CONTENT, m.brand_id[j], _U(0)), k0, k1
    )
    if follows and pieces > ZERO and u_view < content.view_probability(p.follower_attention, pieces):
        is_direct = True
    if is_direct and s.books[j, LATEST_PIECE] >= 0:
        piece = s.books[j, LATEST_PIECE]
        hops = np.int64(0)
    elif mail > 0:
        piece = np.int64(mail >> 2) - 1
        hops = np.int64(3) - np.int64(mail & 3)
    else:
        return
    counts[t, j, _VIEWS] += 1
    counts[piece, j, _DIRECT if hops == 0 else _ONE_HOP if hops == 1 else _DEEPER] += 1
    value = s.piece_value[piece, j]
    promotion = m.by_step[piece, j, _PROMOTION]
    memory = s.values[b, of_brand(j, MEMORY), k]
    trust = s.values[b, of_brand(j, TRUST), k]
    s.values[b, of_brand(j, MEMORY), k] = attention.reinforced(memory, p.memory_gain_content)
    s.values[b, of_brand(j, TRUST), k] = content.trust_after_content(trust, value, p.trust_gain)
    s.marks[b, mark_of(j, TOUCH), k] = CONTENT
    follow_piece(b, k, j, value, promotion, u_follow, u_unfollow, p, s)
    if u_share < content.share_probability(
        s.values[b, SHARING, k],
        value,
        s.piece_appeal[piece, j],
        promotion,
        p.share_intercept,
        p.share_value,
        p.share_promotion,
    ):
        counts[t, j, _SHARED] += 1
        counts[piece, j, _PIECE_SHARES] += 1
        add_talk(i, j, SHARES, ((piece + 1) << 2) | (3 - min(hops + 1, np.int64(3))), ZERO, ZERO, w)


@part
def see_pieces(b: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, s: Any, w: Any, counts: Any) -> None:
    """Let those of a block see content whom it may have reached."""
    flags = mark_of(j, FLAGS)
    follower = IS_FOLLOWER if s.today[j, PIECES] > ZERO else np.uint8(0)
    for k in range(BLOCK):
        if w.bytes[IS_BUSY + k] > 0 or (s.marks[b, flags, k] & follower) > 0:
            see_content(b, k, j, t, k0, k1, m, p, s, w, counts)


@part
def list_hits(h: Any, w: Any) -> Any:
    """List the lanes that noticed a line; return how many there are."""
    n = 0
    for k in range(BLOCK):
        w.lists[LANE + n] = k
        n += np.int64(w.hit[h, k] > 0)
    return n


@part
def keep_coupons(b: Any, n: Any, h: Any, j: Any, t: Any, m: Any, p: Any, s: Any, w: Any) -> None:
    """Give a line's coupon to everyone on a list."""
    flags = mark_of(j, FLAGS)
    counts = COUPON_IS_STRATEGY * np.uint8(m.line_kind[h, terms.IS_STRATEGY] > 0)
    for a in range(n):
        k = w.lists[LANE + a]
        s.marks[b, flags, k] = (s.marks[b, flags, k] & ~COUPON_IS_STRATEGY) | counts
        s.values[b, of_brand(j, COUPON), k] = m.line[h, terms.DEPTH]
        s.weeks[b, week_of(j, COUPON_UNTIL), k] = np.int16(
            np.int32(t) + np.int32(p.coupon_weeks) - np.int32(1)
        )


@part
def click_line(
    b: Any, n: Any, h: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any,
    row: Any,
) -> None:  # fmt: skip
    """Let everyone on a list click a line's advertisement, or not."""
    rows = w.rows
    gather_person(b, n, s, w)
    gather_relation(b, n, j, m, g, on, s, w)
    gather_price(b, n, j, t, m, on, s, w)
    judge(n, j, m, p, on, s, w)
    intercept = m.line[h, terms.CLICK_INTERCEPT]
    for a in range(whole(n)):
        rows[CHANCE + a] = precision.click_probability(utility_at(a, rows[G_PRICE + a], m, w), intercept)
    word = tail(draws.CLICK, m.brand_id[j], _U(m.line_kind[h, terms.SLOT]))
    channel = _U(m.line_kind[h, terms.CHANNEL_ID])
    start = b * BLOCK
    for a in range(whole(n)):
        c0, c1, c2, _ = philox(_U(start + w.lists[LANE + a]), channel, _U(t), word, k0, k1)
        rows[U_0 + a] = unit(c0)
        rows[U_1 + a] = unit(c1)
        rows[U_2 + a] = unit(c2)
    for a in range(n):
        if rows[U_0 + a] < rows[CHANCE + a]:
            k = np.int64(w.lists[LANE + a])
            row[j, _CLICKS] += 1
            s.weeks[b, week_of(j, VISIT), k] = np.int16(t)
            s.weeks[b, week_of(j, CLICK), k] = np.int16(t)
            if on.brand[j, HAS_PROFILE] > 0:
                learn_profile(start + k, j, rows[U_1 + a], rows[U_2 + a], p, s)


@part
def click(
    b: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, row: Any
) -> None:
    """Let a block's consumers click noticed advertisements and keep their coupons, line by line."""
    for h in range(m.line.shape[0]):
        if m.line_kind[h, terms.LINE_BRAND] != j or m.line_kind[h, terms.IS_CONTENT] > 0:
            continue
        if not s.lines[h, RATE] > 0.0:
            continue
        has_click = m.line_kind[h, terms.HAS_CLICK] > 0
        if not has_click and not m.line[h, terms.DEPTH] > ZERO:
            continue
        n = list_hits(h, w)
        if m.line[h, terms.DEPTH] > ZERO:
            keep_coupons(b, n, h, j, t, m, p, s, w)
        if has_click and n > 0:
            click_line(b, n, h, j, t, k0, k1, m, p, g, on, s, w, row)


@part
def take_part(
    b: Any, k: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, on: Any, s: Any, w: Any, row: Any
) -> None:
    """Let a member interact, belong and perhaps leave."""
    i = b * BLOCK + k
    u_interact, u_exit, _, _ = sparse_uniforms(
        _U(i), _U(0), _U(t), tail(draws.COMMUNITY, m.brand_id[j], _U(0)), k0, k1
    )
    is_served = m.by_step[t, j, _COMMUNITY] > ZERO and s.books[j, OPEN + COMMUNITY_PROGRAM] > 0
    interacts = is_served and u_interact < community.interaction_probability(
        s.values[b, SHARING, k], p.interaction_rate
    )
    if interacts:
        row[j, _INTERACTIONS] += 1
        memory = s.values[b, of_brand(j, MEMORY), k]
        s.values[b, of_brand(j, MEMORY), k] = attention.reinforced(memory, p.memory_gain_contact)
        s.marks[b, mark_of(j, TOUCH), k] = COMMUNITY
        if m.by_step[t, j, _CO_DESIGN] > ZERO:
            s.books[j, WISHERS] += 1
            s.books[j, WISH_X] += fixed_point(s.values[b, TASTE_X, k])
            s.books[j, WISH_Y] += fixed_point(s.values[b, TASTE_Y, k])
    belonging = community.belonging(
        s.values[b, of_brand(j, BELONGING), k],
        p.belonging_retention,
        p.belonging_gain,
        ONE if interacts else ZERO,
    )
    if u_exit < community.exit_probability(belonging, p.community_exit):
        s.marks[b, mark_of(j, FLAGS), k] &= ~IS_MEMBER
        s.books[j, N_MEMBERS] -= 1
        belonging = ZERO
        add_move(i, on.count_row[MEMBERS] + j, -1, w)
    s.values[b, of_brand(j, BELONGING), k] = belonging


@part
def take_parts(
    b: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, on: Any, s: Any, w: Any, row: Any
) -> None:
    """Let a block's members take part in a brand's community."""
    flags = mark_of(j, FLAGS)
    for k in range(BLOCK):
        if s.marks[b, flags, k] & IS_MEMBER:
            take_part(b, k, j, t, k0, k1, m, p, on, s, w, row)


@part
def settle_group(b: Any, k: Any, t: Any, m: Any, on: Any, s: Any, w: Any, row: Any) -> Any:
    """Return the brand that a consumer buys in a completed group, or whether the wait goes on or lapses."""
    i = b * BLOCK + k
    j = np.int64(s.marks[b, COMMITTED, k])
    since = np.int64(s.weeks[b, COMMITMENT, k])
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
    s.weeks[b, week_of(j, VISIT), k] = np.int16(t)
    row[j, _GROUP_FAILURES] += 1
    for other in range(m.n_brands):
        row[other, _NEEDS] += 1
    return np.int64(LAPSES)


@part
def settle_groups(b: Any, t: Any, m: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Settle the groups of a block's committed consumers."""
    for k in range(BLOCK):
        w.lists[FORCED + k] = NOTHING
        if s.marks[b, COMMITTED, k] != NO_BRAND:
            w.lists[FORCED + k] = settle_group(b, k, t, m, on, s, w, row)


@part
def visit(
    b: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, counts: Any
) -> None:
    """Take a block's consumers through what meets some of them: content, clicks, community, groups."""
    for j in range(m.n_brands):
        if on.brand[j, HAS_CONTENT] > 0:
            see_pieces(b, j, t, k0, k1, m, p, s, w, counts)
        if on.brand[j, HAS_MEDIA] > 0:
            click(b, j, t, k0, k1, m, p, g, on, s, w, counts[t])
        if on.brand[j, HAS_COMMUNITY] > 0:
            take_parts(b, j, t, k0, k1, m, p, on, s, w, counts[t])
    if on.count_row[COMMITTERS] >= 0:
        settle_groups(b, t, m, on, s, w, counts[t])
