"""The dense part of a step: messages, attention, goodwill, memory and needs, block by block.

Every loop runs over the 256 consumers of a block without branches, so that it is vectorized. Consumers
for whom something rarer happens are gathered into a list; the next phase visits them one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part
from simulator.engines.numba_engine.layout import (
    ADVERTISING,
    BELIEF,
    CHANCE,
    CLUTTER,
    CONTACTS,
    EVIDENCE,
    FATIGUE,
    FIRST_LINE,
    FRESH,
    FRIEND,
    GOODWILL,
    INVITATION,
    IS_FOLLOWER,
    IS_LISTED,
    IS_MEMBER,
    MEMORY,
    MESSAGE_SCALE,
    OWN,
    PIECE,
    TRUST,
    UNIFORM,
    VALUE,
    WAS_REACHED,
    WEIGHT,
    record,
)
from simulator.model import draws
from simulator.model.campaigns import TERM
from simulator.model.draws import BLOCK, QUAD, tail
from simulator.model.mathematics import ZERO, F, fixed_point, unit
from simulator.model.philox import philox
from simulator.model.rules import attention, content, search

_U = np.uint32
_VALID = TERM["valid_weeks"]
_NOTICED, _REACHED = record("noticed"), record("reached")
_NEWLY_REACHED, _WASTED = record("newly_reached"), record("wasted_impressions")
_NEEDS = record("needs")
_MEMORY, _GOODWILL, _BELIEF = record("memory"), record("goodwill"), record("belief")
_TRUST, _AWARE = record("trust"), record("aware")


@part
def dense_uniforms(block: Any, second: Any, step: Any, tail_word: Any, k0: Any, k1: Any, rows: Any) -> None:
    """Write the 256 uniform numbers of a block from a dense stream."""
    first = _U(block * QUAD)
    for q in range(QUAD):
        a, b, c, d = philox(_U(first + _U(q)), second, step, tail_word, k0, k1)
        rows[UNIFORM, q] = unit(a)
        rows[UNIFORM, QUAD + q] = unit(b)
        rows[UNIFORM, 2 * QUAD + q] = unit(c)
        rows[UNIFORM, 3 * QUAD + q] = unit(d)


@part
def take_invitation(i: Any, j: Any, t: Any, plan: Any, s: Any) -> None:
    """Keep an invitation, on the terms of the step in which it was sent, unless one is open."""
    if np.int32(t) > s.invited_until[j, i]:
        s.invitation_step[j, i] = np.int32(t) - np.int32(1)
        s.invited_until[j, i] = s.invitation_step[j, i] + np.int32(plan.programs[t - 1, j, _VALID])
    s.inbox[j, i, INVITATION] = 0


@part
def receive(j: Any, t: Any, p: Any, plan: Any, s: Any, log_contact: Any) -> None:
    """Let those who got messages about a brand in the last step take them in."""
    for n in range(s.n_receivers[j]):
        i = np.int64(s.receivers[j, n])
        b = i // BLOCK
        k = i % BLOCK
        s.inbox[j, i, IS_LISTED] = 0
        if s.inbox[j, i, PIECE] > 0:
            s.piece[j, i] = s.inbox[j, i, PIECE]
            s.inbox[j, i, PIECE] = 0
            s.is_alert[i] = 1
        if s.inbox[j, i, INVITATION] > 0:
            take_invitation(i, j, t, plan, s)
        contacts = s.inbox[j, i, CONTACTS]
        if contacts == 0:
            continue
        weight = F(s.inbox[j, i, WEIGHT]) / MESSAGE_SCALE
        if weight > ZERO:
            value = F(s.inbox[j, i, VALUE]) / MESSAGE_SCALE
            evidence = s.values[b, j, EVIDENCE, k]
            s.values[b, j, BELIEF, k] = search.belief_after_message(
                s.values[b, j, BELIEF, k], evidence, value, weight
            )
            s.values[b, j, EVIDENCE, k] = search.evidence_after_message(evidence, weight, p.evidence_limit)
        s.values[b, j, MEMORY, k] = attention.memory_after_contacts(
            s.values[b, j, MEMORY, k], F(contacts), log_contact
        )
        s.touch[j, i] = FRIEND
        s.inbox[j, i, WEIGHT] = 0
        s.inbox[j, i, VALUE] = 0
        s.inbox[j, i, CONTACTS] = 0
    s.n_receivers[j] = 0


@part
def expose(b: Any, p: Any, plan: Any, s: Any, w: Any) -> None:
    """Set expected impressions by line, and what clutter leaves of attention, for a block."""
    for k in range(BLOCK):
        w.rows[CLUTTER, k] = ZERO
    for h in range(plan.brand.size):
        rate = s.rate[h]
        if rate > ZERO:
            cap = plan.cap[h]
            for k in range(BLOCK):
                x = attention.expected_impressions(rate, s.weight[h, b, k], cap)
                w.rows[FIRST_LINE + h, k] = x
                w.rows[CLUTTER, k] += x
    for k in range(BLOCK):
        w.rows[CLUTTER, k] = attention.clutter_factor(w.rows[CLUTTER, k], p.clutter_half)


@part
def notice(
    b: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, plan: Any, s: Any, w: Any, row: Any
) -> None:
    """Let a block's consumers notice a brand's lines; update fatigue and goodwill."""
    rows = w.rows
    for k in range(BLOCK):
        rows[OWN, k] = ZERO
        w.noticed[j, k] = ZERO
    for k in range(BLOCK):
        rows[FRESH, k] = attention.fatigue_factor(s.values[b, j, FATIGUE, k], p.wear_out)
    for h in range(plan.brand.size):
        if plan.brand[h] == j and s.rate[h] > ZERO:
            notice_line(b, h, j, t, k0, k1, m, plan, s, w)
            row[j, _WASTED] += s.waste[h] if b == 0 else 0
    for k in range(BLOCK):
        s.values[b, j, FATIGUE, k] = attention.fatigue(
            s.values[b, j, FATIGUE, k], p.fatigue_carryover, rows[OWN, k]
        )
    for k in range(BLOCK):
        s.values[b, j, GOODWILL, k] = attention.goodwill(
            s.values[b, j, GOODWILL, k], p.goodwill_carryover, w.noticed[j, k]
        )
    count_noticed(b, j, s, w, row)


@part
def notice_line(b: Any, h: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, plan: Any, s: Any, w: Any) -> None:
    """Let a block's consumers notice one line."""
    rows = w.rows
    word = tail(draws.NOTICE, m.brand_id[j], plan.slot[h])
    dense_uniforms(b, plan.channel_id[h], _U(t), word, k0, k1, rows)
    nu = plan.attention[h]
    for k in range(BLOCK):
        rows[CHANCE, k] = attention.notice_probability(
            rows[FIRST_LINE + h, k], nu, s.relevance[h, b, k], rows[FRESH, k], rows[CLUTTER, k]
        )
    for k in range(BLOCK):
        rows[OWN, k] += rows[FIRST_LINE + h, k]
    for k in range(BLOCK):
        w.hit[h, k] = np.uint8(rows[UNIFORM, k] < rows[CHANCE, k])
    if not plan.is_content[h]:
        for k in range(BLOCK):
            w.noticed[j, k] += attention.is_below(rows[UNIFORM, k], rows[CHANCE, k])
    if plan.is_content[h] or plan.has_click[h] or plan.coupon[h] > ZERO:
        for k in range(BLOCK):
            w.is_busy[k] |= w.hit[h, k]


@part
def count_noticed(b: Any, j: Any, s: Any, w: Any, row: Any) -> None:
    """Record who noticed a brand's advertising in a block."""
    n_noticed = np.int64(0)
    n_reached = np.int64(0)
    n_newly = np.int64(0)
    for k in range(BLOCK):
        n_noticed += np.int64(w.noticed[j, k])
        n_reached += np.int64(w.noticed[j, k] > ZERO)
    if n_reached > 0:
        for k in range(BLOCK):
            is_reached = np.uint8(w.noticed[j, k] > ZERO)
            n_newly += is_reached & np.uint8((s.flags_by_block[j, b, k] & WAS_REACHED) == 0)
            s.flags_by_block[j, b, k] |= WAS_REACHED * is_reached
        for k in range(BLOCK):
            touch = s.touch_by_block[j, b, k]
            s.touch_by_block[j, b, k] = ADVERTISING if w.noticed[j, k] > ZERO else touch
    row[j, _NOTICED] += n_noticed
    row[j, _REACHED] += n_reached
    row[j, _NEWLY_REACHED] += n_newly


@part
def remember(b: Any, j: Any, p: Any, s: Any, w: Any, log_ad: Any) -> None:
    """Let memory of a brand decay, and grow with noticed advertisements, in a block."""
    for k in range(BLOCK):
        s.values[b, j, MEMORY, k] = attention.memory(
            s.values[b, j, MEMORY, k], p.memory_retention, w.noticed[j, k], log_ad
        )


@part
def relax_trust(b: Any, j: Any, m: Any, p: Any, s: Any) -> None:
    """Let trust return towards its initial value in a block."""
    for k in range(BLOCK):
        s.values[b, j, TRUST, k] = content.trust_after_week(
            s.values[b, j, TRUST, k], m.initial_trust[j], p.trust_decay
        )


@part
def feel_need(b: Any, t: Any, k0: Any, k1: Any, m: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Draw a block's category needs; consumers with a need become busy. Who waits for a group has none besides."""
    start = b * BLOCK
    dense_uniforms(b, _U(0), _U(t), tail(draws.NEED, _U(0), _U(0)), k0, k1, w.rows)
    season = m.season[t]
    n_needs = np.int64(0)
    for k in range(BLOCK):
        w.rows[CHANCE, k] = search.need_probability(s.need_rate[b, k], season)
    for k in range(BLOCK):
        w.wants[k] = np.uint8(w.rows[UNIFORM, k] < w.rows[CHANCE, k])
    if m.is_durable:
        for k in range(BLOCK):
            owns = np.uint8((s.latest_brand[start + k] >= 0) & (np.int32(t) < s.replacement_step[start + k]))
            w.wants[k] &= np.uint8(1) - owns
    for k in range(BLOCK):
        w.wants[k] |= s.open_need_by_block[b, k]
    any_group = np.uint8(0)
    for j in range(m.n_brands):
        any_group |= on.group[j]
    if any_group > 0:
        for k in range(BLOCK):
            w.wants[k] &= np.uint8(s.committed_brand[start + k] < 0)
    for k in range(BLOCK):
        n_needs += w.wants[k]
        w.is_busy[k] |= w.wants[k]
    for j in range(m.n_brands):
        row[j, _NEEDS] += n_needs


@part
def find_busy(b: Any, t: Any, m: Any, plan: Any, on: Any, s: Any, w: Any) -> Any:
    """List the lanes of a block for whom something rarer than the dense phases may happen."""
    start = b * BLOCK
    for j in range(m.n_brands):
        wanted = np.uint8(0)
        if on.community[j]:
            wanted |= IS_MEMBER
        if on.content[j] and s.pieces[j] > ZERO:
            wanted |= IS_FOLLOWER
        if wanted > 0:
            for k in range(BLOCK):
                w.is_busy[k] |= np.uint8((s.flags_by_block[j, b, k] & wanted) > 0)
        if on.group[j]:
            for k in range(BLOCK):
                w.is_busy[k] |= np.uint8(s.committed_brand[start + k] >= 0)
    for k in range(BLOCK):
        w.is_busy[k] |= s.alert_by_block[b, k]
        s.alert_by_block[b, k] = 0
    n_busy = 0
    for k in range(BLOCK):
        w.busy[n_busy] = k
        n_busy += np.int64(w.is_busy[k] > 0)
    return n_busy


@part
def observe(b: Any, n_consumers: Any, m: Any, s: Any, row: Any) -> None:
    """Add a block's state to the recorded sums at the end of a step; what pads a block does not count."""
    end = min(BLOCK, n_consumers - b * BLOCK)
    for j in range(m.n_brands):
        memory = np.int64(0)
        goodwill = np.int64(0)
        belief = np.int64(0)
        trust = np.int64(0)
        aware = np.int64(0)
        for k in range(end):
            value = s.values[b, j, MEMORY, k]
            memory += fixed_point(value)
            aware += np.int64(value >= F(0.5))
        for k in range(end):
            goodwill += fixed_point(s.values[b, j, GOODWILL, k])
        for k in range(end):
            belief += fixed_point(s.values[b, j, BELIEF, k])
        for k in range(end):
            trust += fixed_point(s.values[b, j, TRUST, k])
        row[j, _MEMORY] += memory
        row[j, _GOODWILL] += goodwill
        row[j, _BELIEF] += belief
        row[j, _TRUST] += trust
        row[j, _AWARE] += aware
