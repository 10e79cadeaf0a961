"""Media lines: whom they reach, whom they suit, and what their impressions cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part
from simulator.engines.numba_engine import terms
from simulator.engines.numba_engine.firms import book
from simulator.engines.numba_engine.layout import (
    AT_X,
    AT_Y,
    DELIVERED,
    IS_FUNDED,
    IS_REDESIGNED,
    PROFILE_X,
    PROFILE_Y,
    RATE,
    READS,
    RESULT,
    SOLVED_FOR,
    TASTE_X,
    TASTE_Y,
    U_0,
    U_1,
    U_2,
    U_3,
    WASTE,
    block_of,
    lane_of,
    record,
)
from simulator.model import draws
from simulator.model.allocation import (
    audience_weight,
    creative_position,
    impression_rate,
    relevance_is_due,
    weights_are_due,
)
from simulator.model.campaigns import (
    CREATIVE_BRAND,
    CREATIVE_SEGMENT,
    EVERYONE,
    FIT,
    RANDOM,
    SEGMENT,
    VISITORS,
)
from simulator.model.draws import BLOCK, sparse_uniforms, tail
from simulator.model.mathematics import ZERO, F, fixed_point
from simulator.model.rules import attention
from simulator.model.rules.ledger import cost_of, whole_units

_U = np.uint32
_MEDIA, _DATA, _UNSPENT = record("spend_media"), record("spend_data"), record("unspent_media")
_IMPRESSIONS = record("impressions")


@part
def draw_audience(h: Any, j: Any, k0: Any, k1: Any, m: Any, g: Any, s: Any) -> None:
    """Compute the weights of an audience that is drawn by lot."""
    channel = m.line_kind[h, terms.CHANNEL]
    channel_id = _U(m.line_kind[h, terms.CHANNEL_ID])
    word = tail(draws.AUDIENCE, m.brand_id[j], _U(m.line_kind[h, terms.SLOT]))
    for i in range(m.n_consumers):
        u, _, _, _ = sparse_uniforms(_U(i), channel_id, _U(0), word, k0, k1)
        reach = m.cell[g.cell[i], terms.REACH + channel]
        s.weight[h, block_of(i), lane_of(i)] = audience_weight(
            RANDOM, reach, u, m.line[h, terms.SHARE], np.uint8(0), ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
        )


@part
def weigh_block(audience: Any, h: Any, j: Any, m: Any, p: Any, s: Any, w: Any) -> None:
    """Compute the audience weights of a block, whose terms are gathered, for one kind of audience."""
    for k in range(BLOCK):
        w.rows[RESULT + k] = audience_weight(
            audience,
            w.rows[U_0 + k],
            ZERO,
            m.line[h, terms.SHARE],
            w.bytes[READS + k],
            w.rows[U_1 + k],
            w.rows[U_2 + k],
            s.today[j, AT_X],
            s.today[j, AT_Y],
            m.line[h, terms.SHARPNESS],
            w.rows[U_3 + k],
            p.retarget_weeks,
        )


@part
def gather_reach(b: Any, h: Any, m: Any, g: Any, w: Any) -> None:
    """Gather a block's reach by a line's channel; what pads a block has no reach."""
    reach = terms.REACH + m.line_kind[h, terms.CHANNEL]
    end = min(BLOCK, m.n_consumers - b * BLOCK)
    for k in range(end):
        w.rows[U_0 + k] = m.cell[g.cell[b * BLOCK + k], reach]
    for k in range(end, BLOCK):
        w.rows[U_0 + k] = ZERO


@part
def gather_segment(b: Any, h: Any, m: Any, g: Any, w: Any) -> None:
    """Gather who of a block is in a line's segment."""
    for k in range(min(BLOCK, m.n_consumers - b * BLOCK)):
        w.bytes[READS + k] = m.in_segment[h, g.cell[b * BLOCK + k]]


@part
def recall_reach(b: Any, h: Any, is_first: Any, m: Any, g: Any, s: Any, w: Any) -> None:
    """Set a block's reach by a line whose audience is weighed again and again, gathered at first only."""
    row = m.line_kind[h, terms.REACH_ROW]
    if is_first:
        gather_reach(b, h, m, g, w)
        for k in range(BLOCK):
            s.reach[row, b, k] = w.rows[U_0 + k]
    for k in range(BLOCK):
        w.rows[U_0 + k] = s.reach[row, b, k]


@part
def weigh_audience(h: Any, j: Any, t: Any, is_first: Any, m: Any, p: Any, g: Any, s: Any, w: Any) -> None:
    """Compute a line's audience weights for every consumer, each kind by itself, so that its loop has no branch."""
    audience = m.line_kind[h, terms.AUDIENCE]
    for b in range(s.values.shape[0]):
        if audience == FIT:
            recall_reach(b, h, is_first, m, g, s, w)
            for k in range(BLOCK):
                w.rows[U_1 + k] = s.extras[b * BLOCK + k, s.column[PROFILE_X] + j]
                w.rows[U_2 + k] = s.extras[b * BLOCK + k, s.column[PROFILE_Y] + j]
            weigh_block(FIT, h, j, m, p, s, w)
        elif audience == VISITORS:
            recall_reach(b, h, is_first, m, g, s, w)
            for k in range(BLOCK):
                w.rows[U_3 + k] = F(np.int32(t) - np.int32(s.visits[b, j, k]))
            weigh_block(VISITORS, h, j, m, p, s, w)
        elif audience == SEGMENT:
            gather_reach(b, h, m, g, w)
            gather_segment(b, h, m, g, w)
            weigh_block(SEGMENT, h, j, m, p, s, w)
        else:
            gather_reach(b, h, m, g, w)
            weigh_block(EVERYONE, h, j, m, p, s, w)
        for k in range(BLOCK):
            s.weight[h, b, k] = w.rows[RESULT + k]


@part
def address_block(b: Any, end: Any, h: Any, j: Any, m: Any, g: Any, s: Any, w: Any) -> None:
    """Set the tastes that a line's advertisements address in a block."""
    creative = m.line_kind[h, terms.CREATIVE]
    rows = w.rows
    x = s.today[j, AT_X]
    y = s.today[j, AT_Y]
    if creative == CREATIVE_BRAND:
        for k in range(end):
            rows[U_0 + k] = creative_position(CREATIVE_BRAND, x, ZERO, ZERO)
            rows[U_1 + k] = creative_position(CREATIVE_BRAND, y, ZERO, ZERO)
    elif creative == CREATIVE_SEGMENT:
        for k in range(end):
            cell = g.cell[b * BLOCK + k]
            rows[U_0 + k] = creative_position(CREATIVE_SEGMENT, x, m.cell[cell, terms.CELL_X], ZERO)
            rows[U_1 + k] = creative_position(CREATIVE_SEGMENT, y, m.cell[cell, terms.CELL_Y], ZERO)
    else:
        for k in range(end):
            i = b * BLOCK + k
            rows[U_0 + k] = creative_position(creative, x, ZERO, s.extras[i, s.column[PROFILE_X] + j])
            rows[U_1 + k] = creative_position(creative, y, ZERO, s.extras[i, s.column[PROFILE_Y] + j])


@part
def judge_relevance(h: Any, j: Any, m: Any, g: Any, s: Any, w: Any) -> None:
    """Compute a line's relevance for every consumer; what pads a block keeps 0."""
    rows = w.rows
    for b in range(s.values.shape[0]):
        end = min(BLOCK, m.n_consumers - b * BLOCK)
        address_block(b, end, h, j, m, g, s, w)
        for k in range(end):
            rows[U_2 + k] = s.records[b * BLOCK + k, TASTE_X]
            rows[U_3 + k] = s.records[b * BLOCK + k, TASTE_Y]
        for k in range(end):
            s.relevance[h, b, k] = attention.relevance(
                rows[U_2 + k], rows[U_3 + k], rows[U_0 + k], rows[U_1 + k]
            )


@part
def wasted_units(h: Any, m: Any, s: Any) -> Any:
    """Return a line's impressions times one minus their relevance, summed in whole units."""
    rate = F(s.lines[h, RATE])
    cap = m.line[h, terms.CAP]
    wasted = np.int64(0)
    for b in range(s.values.shape[0]):
        for k in range(BLOCK):
            x = attention.expected_impressions(rate, s.weight[h, b, k], cap)
            wasted += fixed_point(attention.wasted_impressions(x, s.relevance[h, b, k]))
    return wasted


@part
def pay_media(h: Any, j: Any, planned: Any, m: Any, s: Any, row: Any) -> None:
    """Book what a line's impressions of a step cost."""
    delivered = s.lines[h, DELIVERED]
    media = cost_of(delivered, m.line_cost[h, terms.MEDIA_COST])
    data = cost_of(delivered, m.line_cost[h, terms.DATA_COST])
    both = m.line_cost[h, terms.MEDIA_COST] + m.line_cost[h, terms.DATA_COST]
    row[j, _MEDIA] += media
    row[j, _DATA] += data
    row[j, _UNSPENT] += cost_of(planned, both) - media - data
    row[j, _IMPRESSIONS] += whole_units(delivered)
    if m.line_kind[h, terms.IS_STRATEGY] > 0:
        book(j, -1, media + data, s, row)


@part
def buy_media(t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, s: Any, w: Any, row: Any) -> None:
    """Spread every line's impressions over its audience and pay for them."""
    is_first = t == 0 or m.calendar[t, terms.HAS_SHIFT] > ZERO
    refit = np.int32(p.refit_weeks)
    for h in range(m.line.shape[0]):
        j = np.int64(m.line_kind[h, terms.LINE_BRAND])
        planned = m.impressions[t, h]
        is_paid = m.line_kind[h, terms.IS_STRATEGY] == 0 or s.books[j, IS_FUNDED] > 0
        new_weights = weights_are_due(m.line_kind[h, terms.AUDIENCE], is_first, np.int32(t), refit)
        new_relevance = relevance_is_due(m.line_kind[h, terms.CREATIVE], is_first, np.int32(t), refit)
        is_own_creative = m.line_kind[h, terms.CREATIVE] == CREATIVE_BRAND
        new_relevance |= is_own_creative and s.books[j, IS_REDESIGNED] > 0
        is_stale = new_weights or new_relevance
        if new_weights and m.line_kind[h, terms.AUDIENCE] == RANDOM:
            draw_audience(h, j, k0, k1, m, g, s)
        elif new_weights:
            weigh_audience(h, j, t, is_first, m, p, g, s, w)
        if new_relevance:
            judge_relevance(h, j, m, g, s, w)
        if planned <= 0.0 or not is_paid:
            s.lines[h, RATE] = 0.0
            s.lines[h, SOLVED_FOR] = -1.0
            continue
        if new_weights or s.lines[h, SOLVED_FOR] != planned:
            rate, delivered = impression_rate(s.weight[h], m.line[h, terms.CAP], planned)
            s.lines[h, RATE] = np.float64(rate)
            s.lines[h, DELIVERED] = delivered
            s.lines[h, SOLVED_FOR] = planned
            is_stale = True
        if is_stale:
            s.lines[h, WASTE] = np.float64(wasted_units(h, m, s))
        pay_media(h, j, planned, m, s, row)
