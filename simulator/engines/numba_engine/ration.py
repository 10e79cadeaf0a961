"""Rationing: orders meet stock, and whoever is refused chooses again among what is left."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part
from simulator.engines.numba_engine import terms
from simulator.engines.numba_engine.firms import reserve_of
from simulator.engines.numba_engine.layout import (
    ACCEPTED,
    CHOICE,
    COMMITMENT,
    COMMITTED,
    COMMITTERS,
    CONSUMER,
    DROPPED,
    FIRST_CHOICE,
    FLAGS,
    GROUP_PLACES,
    IN_GROUP,
    IS_TURNED_AWAY,
    LATEST_COMMITMENTS,
    N_ORDERS,
    NOTHING,
    OPEN_NEED,
    PENDING,
    RESERVED,
    STATUS,
    WAITING,
    block_of,
    lane_of,
    mark_of,
    record,
)
from simulator.engines.numba_engine.talk import add_move
from simulator.model import draws
from simulator.model.draws import sparse_word, tail
from simulator.model.mathematics import ZERO, F
from simulator.model.rules import choice

_U = np.uint32
_REFUSED, _DELAYED, _COMMITMENTS = record("refused"), record("delayed"), record("group_commitments")
_GROUP = terms.term("group")
_NOTHING_LEFT = F(-1e29)


@part
def region_of(i: Any, j: Any, m: Any, g: Any) -> Any:
    """Return where a brand's stock for a consumer stands."""
    if m.limits[j, terms.IS_POOLED] > 0:
        return np.int32(0)
    return m.place[g.cell[i], terms.REGION]


@part
def count_wanted(m: Any, g: Any, s: Any, w: Any) -> Any:
    """Count orders by brand and region; return whether any stock is too small."""
    for j in range(m.n_brands):
        for r in range(m.n_regions):
            w.wanted[j, r, 0] = 0
            w.wanted[j, r, 1] = 0
    for n in range(w.n[N_ORDERS]):
        j = np.int64(w.order[CHOICE, n])
        w.wanted[j, region_of(w.order[CONSUMER, n], j, m, g), 0] += 1
    is_short = False
    for j in range(m.n_brands):
        for r in range(m.n_regions):
            is_short |= np.float64(w.wanted[j, r, 0]) > s.stock[j, r]
    return is_short


@part
def ration(t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, s: Any, w: Any, row: Any) -> None:
    """Let orders meet stock; whoever is refused chooses again among what is left.

    Where more is ordered than is there, the orders with the lowest priority draw are served, ties by
    consumer; the cut is exact. A refused consumer keeps the same taste shocks and may also wait.
    """
    if count_wanted(m, g, s, w):
        ration_rounds(t, k0, k1, m, p, g, s, w, row)
        return
    for n in range(w.n[N_ORDERS]):
        w.order[STATUS, n] = ACCEPTED
    for j in range(m.n_brands):
        for r in range(m.n_regions):
            s.stock[j, r] -= np.float64(w.wanted[j, r, 0])


@part
def sift(keys: Any, values: Any, begin: Any, end: Any) -> None:
    """Restore the heap order below one place."""
    root = begin
    while 2 * root + 1 < end:
        child = 2 * root + 1
        if child + 1 < end and keys[child] < keys[child + 1]:
            child += 1
        if keys[root] >= keys[child]:
            return
        keys[root], keys[child] = keys[child], keys[root]
        values[root], values[child] = values[child], values[root]
        root = child


@part
def sort_pairs(keys: Any, values: Any, n: Any) -> None:
    """Sort the first n keys, all different, ascending, and their values with them (heapsort)."""
    for begin in range(n // 2 - 1, -1, -1):
        sift(keys, values, begin, n)
    for end in range(n - 1, 0, -1):
        keys[0], keys[end] = keys[end], keys[0]
        values[0], values[end] = values[end], values[0]
        sift(keys, values, 0, end)


@part
def serve(j: Any, r: Any, t: Any, k0: Any, k1: Any, m: Any, g: Any, s: Any, w: Any, row: Any) -> Any:
    """Serve the pending orders of a brand in a region; return whether any was refused."""
    n_asking = 0
    for n in range(w.n[N_ORDERS]):
        if w.order[STATUS, n] == PENDING and w.order[CHOICE, n] == j:
            if region_of(w.order[CONSUMER, n], j, m, g) == r:
                w.asking[n_asking] = n
                n_asking += 1
    available = np.int64(np.floor(min(s.stock[j, r], 1e15)))
    if n_asking <= available:
        for a in range(n_asking):
            w.order[STATUS, w.asking[a]] = ACCEPTED
        s.stock[j, r] -= np.float64(n_asking)
        return False
    for a in range(n_asking):
        who = _U(w.order[CONSUMER, w.asking[a]])
        word = sparse_word(who, _U(0), _U(t), tail(draws.OUTSIDE, _U(0), _U(0)), k0, k1, 2)
        w.keys[a] = (np.uint64(word) << np.uint64(32)) | np.uint64(who)
    sort_pairs(w.keys, w.asking, n_asking)
    for a in range(n_asking):
        w.order[STATUS, w.asking[a]] = ACCEPTED if a < available else DROPPED
    row[j, _REFUSED] += n_asking - available
    w.wanted[j, r, 1] = 1
    s.stock[j, r] -= np.float64(available)
    return True


@part
def ration_rounds(t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, s: Any, w: Any, row: Any) -> None:
    """Serve orders in rounds until nobody is refused any more, at most one round per brand."""
    for _ in range(m.n_brands + 1):
        any_refused = False
        for j in range(m.n_brands):
            for r in range(m.n_regions):
                any_refused |= serve(j, r, t, k0, k1, m, g, s, w, row)
        if not any_refused:
            break
        for n in range(w.n[N_ORDERS]):
            if w.order[STATUS, n] == DROPPED and w.order[CHOICE, n] >= 0:
                choose_again(n, m, p, g, s, w, row)


@part
def find_substitute(n: Any, i: Any, m: Any, g: Any, w: Any) -> Any:
    """Return which brand the market's way of choosing selects among those considered that are left, or -1."""
    selected = np.int64(NOTHING)
    best = F(-1e29)
    for j in range(m.n_brands):
        total = w.order_value[3 + 3 * j, n]
        if total > _NOTHING_LEFT and w.wanted[j, region_of(i, j, m, g), 1] == 0:
            standing = total
            if m.is_threshold:
                standing = -F(j) if w.order_value[4 + 3 * j, n] > ZERO else _NOTHING_LEFT
            elif m.is_passive:
                standing = w.order_value[4 + 3 * j, n]
            if standing > best:
                best = standing
                selected = np.int64(j)
    return selected


@part
def choose_again(n: Any, m: Any, p: Any, g: Any, s: Any, w: Any, row: Any) -> None:
    """Let a refused consumer substitute, wait a week, or do without."""
    i = np.int64(w.order[CONSUMER, n])
    first = np.int64(w.order[FIRST_CHOICE, n])
    best = w.order_value[0, n]
    selected = np.int64(NOTHING)
    patience = choice.delayed_total(w.order_value[2 + 3 * first, n], p.delay_weight, w.order_value[1, n])
    if patience > best:
        best = patience
        selected = np.int64(WAITING)
    substitute = find_substitute(n, i, m, g, w)
    if substitute >= 0 and (m.is_threshold or w.order_value[3 + 3 * substitute, n] > best):
        selected = substitute
    w.order[CHOICE, n] = selected
    w.order[IN_GROUP, n] = 0
    if selected >= 0:
        w.order[STATUS, n] = PENDING
    elif selected == WAITING:
        row[first, _DELAYED] += 1
        s.marks[block_of(i), OPEN_NEED, lane_of(i)] = np.uint8(1)


@part
def admit_groups(t: Any, k0: Any, k1: Any, m: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Set money aside for this step's commitments; where it does not suffice for all, a lot turns some away."""
    for j in range(m.n_brands):
        places = s.books[j, GROUP_PLACES]
        n_commitments = row[j, _COMMITMENTS]
        if m.by_step[t, j, _GROUP] > ZERO and places > 0:
            s.books[j, LATEST_COMMITMENTS] = n_commitments
            s.books[j, RESERVED] += min(n_commitments, places) * reserve_of(j, t, m)
        if n_commitments > places:
            turn_away(j, t, places, k0, k1, m, on, s, w)


@part
def turn_away(j: Any, t: Any, places: Any, k0: Any, k1: Any, m: Any, on: Any, s: Any, w: Any) -> None:
    """Refuse the commitments of a step beyond those that can be paid for, by the lowest priority draws."""
    n_asking = 0
    for i in range(m.n_consumers):
        b = block_of(i)
        k = lane_of(i)
        if s.marks[b, COMMITTED, k] == np.uint8(j) and s.dates[i, s.column[COMMITMENT]] == t:
            word = sparse_word(_U(i), _U(0), _U(t), tail(draws.OUTSIDE, _U(0), _U(0)), k0, k1, 2)
            w.keys[n_asking] = (np.uint64(word) << np.uint64(32)) | np.uint64(i)
            w.asking[n_asking] = i
            n_asking += 1
    sort_pairs(w.keys, w.asking, n_asking)
    for a in range(places, n_asking):
        i = w.asking[a]
        s.marks[block_of(i), mark_of(j, FLAGS), lane_of(i)] |= IS_TURNED_AWAY
        add_move(i, on.count_row[COMMITTERS] + j, -1, w)
