"""Choice among the brands that a list of shoppers considers: by total utility, by memory, by threshold, in groups."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part
from simulator.engines.numba_engine import terms
from simulator.engines.numba_engine.layout import (
    BEST_TOTAL,
    CHANCE,
    COMMITTERS,
    FORCED,
    G_MEMORY,
    G_PRICE,
    HAS_REFERRAL,
    INVITATION_STEP,
    INVITED_UNTIL,
    IS_CONSIDERED,
    JOINS,
    NEARBY,
    NOTHING,
    OUTSIDE_SHOCK,
    PICKED,
    RESULT,
    SELECTED,
    STANDING,
    TASTE,
    TOTAL,
    UTILITY,
    index,
    place_of,
    whole,
)
from simulator.engines.numba_engine.relation import utility_at
from simulator.model.mathematics import ONE, ZERO, F
from simulator.model.rules import attention, choice, community

_MINUS = F(-1e30)
_DISCOUNT = terms.term("group_discount")
_SIZE, _REWARD = terms.term("group_size"), terms.term("reward_receiver")


@part
def forced_choice(a: Any, w: Any) -> Any:
    """Return what a listed shopper's group has come to: a brand, ``LAPSES``, or ``NOTHING`` without one."""
    return w.lists[FORCED + place_of(index(w.lists[PICKED + a]))]


@part
def bid(n: Any, j: Any, t: Any, m: Any, on: Any, s: Any, w: Any) -> None:
    """Work out the utility of a brand to the listed shoppers, and its total with the taste shock."""
    rows = w.rows
    if on.brand[j, HAS_REFERRAL] > 0:
        for a in range(n):
            i = index(w.lists[PICKED + a])
            rows[RESULT + a] = rows[G_PRICE + a]
            if np.int32(t) <= np.int32(s.dates[i, s.column[INVITED_UNTIL] + j]):
                since = np.int64(s.dates[i, s.column[INVITATION_STEP] + j])
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
    for a in range(whole(n)):
        w.bid[j, BEST_TOTAL, a] = w.bid[j, TOTAL, a]


@part
def bid_for_groups(n: Any, j: Any, t: Any, m: Any, p: Any, on: Any, s: Any, w: Any) -> None:
    """Let the offer of a group raise a brand's total where joining looks better; nobody joins twice for a need."""
    rows = w.rows
    discount = m.by_step[t, j, _DISCOUNT]
    size = np.int32(m.by_step[t, j, _SIZE])
    for a in range(n):
        if w.bytes[IS_CONSIDERED + a] > 0 and forced_choice(a, w) == NOTHING:
            together = s.counts[on.count_row[COMMITTERS] + j, index(w.lists[PICKED + a])]
            odds = community.group_odds(together, size)
            cheap = choice.expected_group_price(rows[G_PRICE + a], discount, odds)
            in_time = choice.delayed_total(utility_at(a, cheap, m, w), p.delay_weight, w.shock[j, TASTE, a])
            if in_time > w.bid[j, TOTAL, a]:
                w.bid[j, BEST_TOTAL, a] = in_time


@part
def keep_forced(n: Any, j: Any, w: Any) -> None:
    """Let members of a completed group buy what they committed to."""
    for a in range(n):
        if forced_choice(a, w) == j:
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
def choose_by_threshold(n: Any, j: Any, p: Any, g: Any, w: Any) -> None:
    """Adopt where the share of adopting neighbors and the push of advertising reach the threshold."""
    for a in range(n):
        i = index(w.lists[PICKED + a])
        noticed = w.noticed[j, place_of(i)]
        push = attention.memory(ZERO, ZERO, noticed, attention.log_remainder(p.memory_gain_ad))
        adopts = choice.adopts_by_threshold(w.rows[NEARBY + a], push, g.threshold[i])
        w.bid[j, STANDING, a] = ONE if adopts else ZERO
        if w.bytes[IS_CONSIDERED + a] > 0 and adopts and w.lists[SELECTED + a] == NOTHING:
            w.lists[SELECTED + a] = np.int32(j)
