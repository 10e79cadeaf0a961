"""The dense part of a step: attention, goodwill, memory and needs, block by block.

Every loop runs over the 256 consumers of a block without branches, so that it is vectorized. Consumers
for whom something rarer happens are gathered into lists; the next phases go through those.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part
from simulator.engines.numba_engine import terms
from simulator.engines.numba_engine.layout import (
    ADVERTISING,
    ALERT,
    CHANCE,
    CLUTTER,
    COMMITTED,
    COMMITTERS,
    FATIGUE,
    FLAGS,
    FRESH,
    GOODWILL,
    HAS_CONTENT,
    IS_BUSY,
    LATEST,
    MEMORY,
    NEED_RATE,
    NO_BRAND,
    NOTICED,
    OPEN_NEED,
    OWN,
    RATE,
    REPLACEMENT,
    TOUCH,
    TRUST,
    UNIFORM,
    WANTS,
    WAS_REACHED,
    WASTE,
    mark_of,
    of_brand,
    place_of,
    record,
)
from simulator.model import draws
from simulator.model.draws import BLOCK, QUAD, tail
from simulator.model.mathematics import ONE, ZERO, F, fixed_point, unit
from simulator.model.philox import philox
from simulator.model.rules import attention, content, search

_U = np.uint32
_NOTICED, _REACHED = record("noticed"), record("reached")
_NEWLY_REACHED, _WASTED = record("newly_reached"), record("wasted_impressions")
_NEEDS = record("needs")
_MEMORY, _GOODWILL = record("memory"), record("goodwill")
_TRUST, _AWARE = record("trust"), record("aware")


@part
def dense_uniforms(block: Any, second: Any, step: Any, tail_word: Any, k0: Any, k1: Any, rows: Any) -> None:
    """Write the 256 uniform numbers of a block from a dense stream."""
    first = _U(block * QUAD)
    for q in range(QUAD):
        a, b, c, d = philox(_U(first + _U(q)), second, step, tail_word, k0, k1)
        rows[UNIFORM + q] = unit(a)
        rows[UNIFORM + QUAD + q] = unit(b)
        rows[UNIFORM + 2 * QUAD + q] = unit(c)
        rows[UNIFORM + 3 * QUAD + q] = unit(d)


@part
def expose(b: Any, m: Any, p: Any, s: Any, w: Any) -> None:
    """Set expected impressions by line, and what clutter leaves of attention, for a block."""
    rows = w.rows
    for k in range(BLOCK):
        rows[CLUTTER + k] = ZERO
    for h in range(m.line.shape[0]):
        rate = F(s.lines[h, RATE])
        if rate > ZERO:
            cap = m.line[h, terms.CAP]
            for k in range(BLOCK):
                x = attention.expected_impressions(rate, s.weight[h, b, k], cap)
                w.impressions[h, k] = x
                rows[CLUTTER + k] = attention.impressions_together(rows[CLUTTER + k], x)
    for k in range(BLOCK):
        rows[CLUTTER + k] = attention.clutter_factor(rows[CLUTTER + k], p.clutter_half)


@part
def notice_line(b: Any, h: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, s: Any, w: Any) -> None:
    """Let a block's consumers notice one line."""
    rows = w.rows
    word = tail(draws.NOTICE, m.brand_id[j], _U(m.line_kind[h, terms.SLOT]))
    dense_uniforms(b, _U(m.line_kind[h, terms.CHANNEL_ID]), _U(t), word, k0, k1, rows)
    nu = m.line[h, terms.ATTENTION]
    adds = ZERO if m.line_kind[h, terms.IS_CONTENT] > 0 else ONE
    at = place_of(b * BLOCK)
    for k in range(BLOCK):
        x = w.impressions[h, k]
        chance = attention.notice_probability(x, nu, s.relevance[h, b, k], rows[FRESH + k], rows[CLUTTER + k])
        noticed = attention.is_below(rows[UNIFORM + k], chance)
        rows[OWN + k] = attention.impressions_together(rows[OWN + k], x)
        rows[NOTICED + k] += adds * noticed
        w.hit[h, at + k] = np.uint8(noticed > ZERO)
    if m.line_kind[h, terms.IS_CONTENT] > 0:
        for k in range(BLOCK):
            w.bytes[IS_BUSY + at + k] |= w.hit[h, at + k]


@part
def has_media_today(j: Any, m: Any, s: Any) -> Any:
    """Return whether any of a brand's lines has impressions in this step."""
    is_heard = False
    for h in range(m.line.shape[0]):
        is_heard |= m.line_kind[h, terms.LINE_BRAND] == j and s.lines[h, RATE] > 0.0
    return is_heard


@part
def notice(
    b: Any, j: Any, is_heard: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, s: Any, w: Any, row: Any
) -> None:
    """Let a block's consumers notice a brand's lines; update fatigue and goodwill."""
    rows = w.rows
    for k in range(BLOCK):
        rows[OWN + k] = ZERO
    if is_heard:
        for k in range(BLOCK):
            rows[FRESH + k] = attention.fatigue_factor(s.values[b, of_brand(j, FATIGUE), k], p.wear_out)
    for h in range(m.line.shape[0]):
        if m.line_kind[h, terms.LINE_BRAND] == j and s.lines[h, RATE] > 0.0:
            notice_line(b, h, j, t, k0, k1, m, s, w)
            row[j, _WASTED] += np.int64(s.lines[h, WASTE]) if b == 0 else 0
    for k in range(BLOCK):
        s.values[b, of_brand(j, FATIGUE), k] = attention.fatigue(
            s.values[b, of_brand(j, FATIGUE), k], p.fatigue_carryover, rows[OWN + k]
        )
    for k in range(BLOCK):
        s.values[b, of_brand(j, GOODWILL), k] = attention.goodwill(
            s.values[b, of_brand(j, GOODWILL), k], p.goodwill_carryover, rows[NOTICED + k]
        )
    if is_heard:
        count_noticed(b, j, s, w, row)


@part
def count_noticed(b: Any, j: Any, s: Any, w: Any, row: Any) -> None:
    """Record who noticed a brand's advertising in a block."""
    rows = w.rows
    n_noticed = np.int32(0)
    n_reached = np.int32(0)
    n_newly = np.int32(0)
    # 32 bits, so that as many are added at once as there are lanes; a block's sums are small
    for k in range(BLOCK):
        n_noticed = np.int32(n_noticed + np.int32(rows[NOTICED + k]))
        n_reached = np.int32(n_reached + np.int32(rows[NOTICED + k] > ZERO))
    if n_reached > 0:
        flags = mark_of(j, FLAGS)
        touch = mark_of(j, TOUCH)
        for k in range(BLOCK):
            is_reached = np.uint8(rows[NOTICED + k] > ZERO)
            is_new = is_reached & np.uint8((s.marks[b, flags, k] & WAS_REACHED) == 0)
            n_newly = np.int32(n_newly + np.int32(is_new))
            s.marks[b, flags, k] |= WAS_REACHED * is_reached
        for k in range(BLOCK):
            before = s.marks[b, touch, k]
            s.marks[b, touch, k] = ADVERTISING if rows[NOTICED + k] > ZERO else before
    row[j, _NOTICED] += n_noticed
    row[j, _REACHED] += n_reached
    row[j, _NEWLY_REACHED] += n_newly


@part
def remember(b: Any, j: Any, is_heard: Any, p: Any, s: Any, w: Any, log_ad: Any) -> None:
    """Let memory of a brand decay, and grow with noticed advertisements, in a block."""
    if not is_heard:
        for k in range(BLOCK):
            s.values[b, of_brand(j, MEMORY), k] = attention.memory(
                s.values[b, of_brand(j, MEMORY), k], p.memory_retention, ZERO, ZERO
            )
        return
    for k in range(BLOCK):
        s.values[b, of_brand(j, MEMORY), k] = attention.memory(
            s.values[b, of_brand(j, MEMORY), k], p.memory_retention, w.rows[NOTICED + k], log_ad
        )


@part
def relax_trust(b: Any, j: Any, m: Any, p: Any, s: Any) -> None:
    """Let trust return towards its initial value in a block."""
    for k in range(BLOCK):
        s.values[b, of_brand(j, TRUST), k] = content.trust_after_week(
            s.values[b, of_brand(j, TRUST), k], m.brand[j, terms.INITIAL_TRUST], p.trust_decay
        )


@part
def feel_need(b: Any, t: Any, k0: Any, k1: Any, m: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Draw a block's category needs; who waits for a group has none besides."""
    rows = w.rows
    wants = WANTS + place_of(b * BLOCK)
    dense_uniforms(b, _U(0), _U(t), tail(draws.NEED, _U(0), _U(0)), k0, k1, rows)
    season = m.calendar[t, terms.SEASON]
    n_needs = np.int64(0)
    for k in range(BLOCK):
        rows[CHANCE + k] = search.need_probability(s.values[b, NEED_RATE, k], season)
    for k in range(BLOCK):
        w.bytes[wants + k] = np.uint8(rows[UNIFORM + k] < rows[CHANCE + k])
    if m.is_durable:
        for k in range(BLOCK):
            owns = np.uint8(s.marks[b, LATEST, k] != NO_BRAND) & np.uint8(
                t < s.weeks[b * BLOCK + k, REPLACEMENT]
            )
            w.bytes[wants + k] &= np.uint8(1) - owns
    for k in range(BLOCK):
        w.bytes[wants + k] |= s.marks[b, OPEN_NEED, k]
    if on.count_row[COMMITTERS] >= 0:
        for k in range(BLOCK):
            w.bytes[wants + k] &= np.uint8(s.marks[b, COMMITTED, k] == NO_BRAND)
    for k in range(BLOCK):
        n_needs += w.bytes[wants + k]
    for j in range(m.n_brands):
        row[j, _NEEDS] += n_needs


@part
def clear_block(b: Any, s: Any, w: Any) -> None:
    """Begin a block: whoever was passed a piece of content is busy."""
    busy = IS_BUSY + place_of(b * BLOCK)
    for k in range(BLOCK):
        w.bytes[busy + k] = np.uint8(0)
    if s.pieces.shape[1] > 0:
        for k in range(BLOCK):
            w.bytes[busy + k] = s.marks[b, ALERT, k]
        for k in range(BLOCK):
            s.marks[b, ALERT, k] = np.uint8(0)


@part
def observe(b: Any, m: Any, on: Any, s: Any, row: Any) -> None:
    """Add a block's state to the recorded sums at the end of a step; what pads a block does not count."""
    end = min(BLOCK, m.n_consumers - b * BLOCK)
    for j in range(m.n_brands):
        memory = np.int64(0)
        goodwill = np.int64(0)
        trust = np.int64(0)
        aware = np.int64(0)
        for k in range(end):
            value = s.values[b, of_brand(j, MEMORY), k]
            memory += fixed_point(value)
            aware += np.int64(attention.is_aware(value))
        for k in range(end):
            goodwill += fixed_point(s.values[b, of_brand(j, GOODWILL), k])
        if on.brand[j, HAS_CONTENT] > 0:
            for k in range(end):
                trust += fixed_point(s.values[b, of_brand(j, TRUST), k])
        else:
            trust += end * fixed_point(m.brand[j, terms.INITIAL_TRUST])
        row[j, _MEMORY] += memory
        row[j, _GOODWILL] += goodwill
        row[j, _TRUST] += trust
        row[j, _AWARE] += aware
