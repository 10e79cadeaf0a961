"""Content: who sees a piece, what that leaves behind, and who follows and shares."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part
from simulator.engines.numba_engine import terms
from simulator.engines.numba_engine.layout import (
    CHANCE,
    CONTENT,
    FLAGS,
    FOLLOWS,
    G_MEMORY,
    G_NEARBY,
    G_PRICE,
    G_QUALITY,
    G_TRUST,
    HOPS,
    IS_BUSY,
    IS_DIRECT,
    IS_FOLLOWER,
    LATEST_PIECE,
    MAY_VIEW,
    MEMORY,
    N_FOLLOWERS,
    PICKED,
    PIECE_SEEN,
    PIECES,
    RATE,
    READS,
    RESULT,
    SHARES,
    SHARING,
    SOME,
    TOUCH,
    TRUST,
    U_0,
    U_1,
    U_2,
    U_3,
    WORTH,
    block_of,
    index,
    lane_of,
    mark_of,
    of_brand,
    place_of,
    record,
    whole,
)
from simulator.engines.numba_engine.listing import (
    list_some,
    pick,
    queue_places,
)
from simulator.engines.numba_engine.talk import add_talk
from simulator.model import draws
from simulator.model.draws import BLOCK, tail
from simulator.model.mathematics import ZERO, unit
from simulator.model.philox import philox
from simulator.model.rules import attention, content

_U = np.uint32
_PROMOTION = terms.term("promotional_share")
_VIEWS, _SHARED = record("content_views"), record("content_shares")
_DIRECT, _ONE_HOP, _DEEPER = (
    record("piece_views_direct"),
    record("piece_views_one_hop"),
    record("piece_views_deeper"),
)
_PIECE_SHARES = record("piece_shares")


@part
def queue_viewers(begin: Any, end: Any, j: Any, s: Any, w: Any) -> Any:
    """Queue the consumers of a stretch whom a brand's content may have reached; return how many there are."""
    flags = mark_of(j, FLAGS)
    follower = IS_FOLLOWER if s.today[j, PIECES] > ZERO else np.uint8(0)
    for b in range(begin, end):
        at = place_of(b * BLOCK)
        for k in range(BLOCK):
            w.bytes[MAY_VIEW + at + k] = w.bytes[IS_BUSY + at + k] | (s.marks[b, flags, k] & follower)
    return queue_places(MAY_VIEW, begin * BLOCK, (end - begin) * BLOCK, w)


@part
def find_promoted(n: Any, j: Any, m: Any, s: Any, w: Any) -> None:
    """Mark who of a list noticed the promotion of a brand's content."""
    for a in range(n):
        w.bytes[IS_DIRECT + a] = np.uint8(0)
    for h in range(m.line.shape[0]):
        if m.line_kind[h, terms.LINE_BRAND] == j and m.line_kind[h, terms.IS_CONTENT] > 0:
            if s.lines[h, RATE] > 0.0:
                for a in range(n):
                    w.bytes[IS_DIRECT + a] |= w.hit[h, place_of(index(w.lists[PICKED + a]))]


@part
def draw_for_viewers(n: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, w: Any) -> None:
    """Draw what up to 256 viewers need, all at once."""
    rows = w.rows
    word = tail(draws.CONTENT, m.brand_id[j], _U(0))
    for a in range(whole(n)):
        c0, c1, c2, c3 = philox(_U(w.lists[PICKED + a]), _U(0), _U(t), word, k0, k1)
        rows[U_0 + a] = unit(c0)
        rows[U_1 + a] = unit(c1)
        rows[U_2 + a] = unit(c2)
        rows[U_3 + a] = unit(c3)


@part
def find_pieces(n: Any, j: Any, t: Any, m: Any, p: Any, s: Any, w: Any) -> Any:
    """Keep on the list who sees a piece, promoted, followed, or passed on, and which; return how many do."""
    flags = mark_of(j, FLAGS)
    chance = content.view_probability(p.follower_attention, s.today[j, PIECES])
    publishes = s.today[j, PIECES] > ZERO
    latest = s.books[j, LATEST_PIECE]
    n_views = 0
    for a in range(n):
        i = index(w.lists[PICKED + a])
        mail = s.pieces[j, i]
        s.pieces[j, i] = 0
        follows = (s.marks[block_of(i), flags, lane_of(i)] & IS_FOLLOWER) > 0
        is_fed = publishes & follows & (w.rows[U_0 + a] < chance)
        is_direct = ((w.bytes[IS_DIRECT + a] > 0) | is_fed) & (latest >= 0)
        passed = np.int64(mail >> 2) - 1
        w.lists[PICKED + n_views] = np.int32(i)
        w.lists[PIECE_SEEN + n_views] = np.int32(latest if is_direct else passed)
        w.lists[HOPS + n_views] = np.int32(0) if is_direct else np.int32(3) - np.int32(mail & 3)
        w.bytes[FOLLOWS + n_views] = np.uint8(follows)
        w.rows[U_1 + n_views] = w.rows[U_1 + a]
        w.rows[U_2 + n_views] = w.rows[U_2 + a]
        w.rows[U_3 + n_views] = w.rows[U_3 + a]
        n_views += np.int64(is_direct | (mail > 0))
    return n_views


@part
def judge_pieces(n: Any, j: Any, m: Any, p: Any, s: Any, w: Any) -> None:
    """Work out what viewers remember and trust after a piece, and their chances to follow and to share."""
    rows = w.rows
    for a in range(n):
        i = index(w.lists[PICKED + a])
        b = block_of(i)
        k = lane_of(i)
        piece = w.lists[PIECE_SEEN + a]
        rows[G_QUALITY + a] = s.piece_value[piece, j]
        rows[G_PRICE + a] = s.piece_appeal[piece, j]
        rows[WORTH + a] = m.by_step[piece, j, _PROMOTION]
        rows[G_MEMORY + a] = s.values[b, of_brand(j, MEMORY), k]
        rows[G_TRUST + a] = s.values[b, of_brand(j, TRUST), k]
        rows[G_NEARBY + a] = s.records[i, SHARING]
    for a in range(whole(n)):
        rows[G_MEMORY + a] = attention.reinforced(rows[G_MEMORY + a], p.memory_gain_content)
        rows[G_TRUST + a] = content.trust_after_content(rows[G_TRUST + a], rows[G_QUALITY + a], p.trust_gain)
    for a in range(whole(n)):
        starts = content.follow_probability(
            rows[G_QUALITY + a], rows[WORTH + a], p.follow_intercept, p.follow_value, p.share_promotion
        )
        stops = content.unfollow_probability(
            rows[G_QUALITY + a], rows[WORTH + a], p.unfollow_intercept, p.follow_value, p.share_promotion
        )
        starts = attention.is_below(rows[U_2 + a], starts)
        stops = attention.is_below(rows[U_3 + a], stops)
        rows[RESULT + a] = -stops if w.bytes[FOLLOWS + a] > 0 else starts
    for a in range(whole(n)):
        rows[CHANCE + a] = content.share_probability(
            rows[G_NEARBY + a],
            rows[G_QUALITY + a],
            rows[G_PRICE + a],
            rows[WORTH + a],
            p.share_intercept,
            p.share_value,
            p.share_promotion,
        )


@part
def keep_pieces(n: Any, j: Any, t: Any, s: Any, w: Any, counts: Any) -> None:
    """Write down what viewers remember, trust and follow from now on, and let them share."""
    rows = w.rows
    flags = mark_of(j, FLAGS)
    followers = np.int64(0)
    for a in range(n):
        i = index(w.lists[PICKED + a])
        b = block_of(i)
        k = lane_of(i)
        hops = w.lists[HOPS + a]
        counts[w.lists[PIECE_SEEN + a], j, _DIRECT if hops == 0 else _ONE_HOP if hops == 1 else _DEEPER] += 1
        s.values[b, of_brand(j, MEMORY), k] = rows[G_MEMORY + a]
        s.values[b, of_brand(j, TRUST), k] = rows[G_TRUST + a]
        s.marks[b, mark_of(j, TOUCH), k] = CONTENT
        change = np.int64(rows[RESULT + a])
        followers += change
        s.marks[b, flags, k] ^= IS_FOLLOWER * np.uint8(change != 0)
        w.bytes[READS + a] = np.uint8(rows[U_1 + a] < rows[CHANCE + a])
    counts[t, j, _VIEWS] += n
    s.books[j, N_FOLLOWERS] += followers
    n_shares = list_some(n, READS, w)
    counts[t, j, _SHARED] += n_shares
    for r in range(n_shares):
        a = w.lists[SOME + r]
        piece = index(w.lists[PIECE_SEEN + a])
        hops = index(w.lists[HOPS + a])
        counts[piece, j, _PIECE_SHARES] += 1
        passed = ((piece + 1) << 2) | (3 - min(hops + 1, np.int64(3)))
        add_talk(index(w.lists[PICKED + a]), j, SHARES, passed, ZERO, ZERO, w)


@part
def see_pieces(
    begin: Any, end: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, s: Any, w: Any, counts: Any
) -> None:
    """Let those of a stretch see a brand's content whom it has reached, up to 256 at a time."""
    n_queued = queue_viewers(begin, end, j, s, w)
    for first in range(0, n_queued, BLOCK):
        n = pick(first, n_queued, s, w)
        find_promoted(n, j, m, s, w)
        draw_for_viewers(n, j, t, k0, k1, m, w)
        n = find_pieces(n, j, t, m, p, s, w)
        judge_pieces(n, j, m, p, s, w)
        keep_pieces(n, j, t, s, w, counts)
