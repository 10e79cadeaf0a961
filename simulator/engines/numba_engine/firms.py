"""What firms do at the start of a step: events, books, media and seeds."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part
from simulator.engines.numba_engine import terms
from simulator.engines.numba_engine.layout import (
    ADOPTERS,
    AS_SEED,
    AT_X,
    AT_Y,
    BASE,
    BASE_SEEN,
    BELIEF,
    CUT,
    DELIVERED,
    EVIDENCE,
    FLAGS,
    GROUP_PLACES,
    IS_FUNDED,
    IS_REDESIGNED,
    LATEST,
    LATEST_COMMITMENTS,
    LATEST_PIECE,
    LATEST_UNITS,
    LISTED,
    MEMORY,
    N_MEMBERS,
    NET,
    NET_PRICE,
    NEVER,
    NO_BRAND,
    OPEN,
    PIECES,
    PROFILE_X,
    PROFILE_Y,
    RATE,
    READS,
    REPLACEMENT,
    RESERVED,
    RESULT,
    REVIEW_COUNT,
    REVIEW_SUM,
    SATISFACTION,
    SOLVED_FOR,
    SPENT,
    SPENT_TOTAL,
    SURPRISE,
    TALKS,
    TASTE_X,
    TASTE_Y,
    U_0,
    U_1,
    U_2,
    U_3,
    WAS_REACHED,
    WASTE,
    WISH_X,
    WISH_Y,
    WISHERS,
    block_of,
    in_record,
    lane_of,
    mark_of,
    of_brand,
    record,
)
from simulator.engines.numba_engine.relation import believe
from simulator.engines.numba_engine.talk import add_move, add_talk
from simulator.model import draws
from simulator.model.allocation import (
    audience_weight,
    creative_position,
    impression_rate,
    relevance_is_due,
    weights_are_due,
)
from simulator.model.campaigns import (
    CAPPED,
    CREATIVE_BRAND,
    CREATIVE_SEGMENT,
    EVERYONE,
    FIT,
    RANDOM,
    SEGMENT,
    VISITORS,
)
from simulator.model.draws import BLOCK, sparse_uniforms, tail
from simulator.model.mathematics import ONE, ZERO, F, fixed_point, normal
from simulator.model.rules import attention, choice, community, content, experience
from simulator.model.rules.ledger import affordable_cut, cost_of, group_places, money, whole_units

_U = np.uint32
_CUT, _PIECES, _VALUE = terms.term("price_cut"), terms.term("pieces"), terms.term("content_value")
_DISCOUNT, _CO_DESIGN = terms.term("group_discount"), terms.term("co_design")
_SERVICE, _COMMUNITY = terms.term("service_cost"), terms.term("community")
_MEDIA, _DATA, _UNSPENT = record("spend_media"), record("spend_data"), record("unspent_media")
_PRODUCTION, _SERVICE_SPEND = record("spend_production"), record("spend_service")
_SEEDING, _STRATEGY = record("spend_seeding"), record("spend_strategy")
_IMPRESSIONS = record("impressions")
_N_CAPPED = len(CAPPED)
PRICE_CUT_PROGRAM, REFERRAL_PROGRAM, COMMUNITY_PROGRAM, GROUP_PROGRAM = range(_N_CAPPED)


@part
def book(j: Any, program: Any, amount: Any, s: Any, row: Any) -> None:
    """Count an amount towards a strategy's budget, and towards one of its programs (-1: none)."""
    row[j, _STRATEGY] += amount
    s.books[j, SPENT_TOTAL] += amount
    if program >= 0:
        s.books[j, SPENT + program] += amount


@part
def environment(t: Any, m: Any, g: Any, s: Any) -> None:
    """Apply a scheduled shift of tastes; forget, when observation begins, whom advertising has reached."""
    if t == m.burn_in and t > 0:
        for b in range(s.marks.shape[0]):
            for j in range(m.n_brands):
                for k in range(BLOCK):
                    s.marks[b, mark_of(j, FLAGS), k] &= ~WAS_REACHED
    if m.calendar[t, terms.HAS_SHIFT] > ZERO:
        for i in range(m.n_consumers):
            b = block_of(i)
            k = lane_of(i)
            group = m.place[g.cell[i], terms.DEMOGRAPHIC]
            s.records[i, TASTE_X] = choice.shifted_taste(s.records[i, TASTE_X], m.shift[t, group, 0])
            s.records[i, TASTE_Y] = choice.shifted_taste(s.records[i, TASTE_Y], m.shift[t, group, 1])


@part
def redesign(t: Any, m: Any, s: Any) -> None:
    """Move products toward the mean taste of the members who interacted in the last step."""
    for j in range(m.n_brands):
        n_members = s.books[j, WISHERS]
        s.books[j, IS_REDESIGNED] = np.int64(n_members > 0)
        if n_members > 0:
            speed = m.by_step[t - 1, j, _CO_DESIGN]
            wish_x = community.mean_wish(s.books[j, WISH_X], n_members)
            wish_y = community.mean_wish(s.books[j, WISH_Y], n_members)
            s.today[j, AT_X] = community.redesigned(s.today[j, AT_X], wish_x, speed)
            s.today[j, AT_Y] = community.redesigned(s.today[j, AT_Y], wish_y, speed)
            s.books[j, WISHERS] = 0
            s.books[j, WISH_X] = 0
            s.books[j, WISH_Y] = 0


@part
def reserve_of(j: Any, since: Any, m: Any) -> Any:
    """Return the most that a group discount may cost which was promised at a step."""
    price = m.by_step[since, j, terms.PRICE]
    return money(np.float64(choice.group_discount(price, price, m.by_step[since, j, _DISCOUNT])))


@part
def open_groups(j: Any, t: Any, left: Any, m: Any, s: Any) -> None:
    """Decide how many commitments to groups a brand accepts in a step."""
    spent = s.books[j, SPENT + GROUP_PROGRAM] + s.books[j, RESERVED]
    places = group_places(
        min(left, m.limits[j, terms.PROGRAM_CAP + GROUP_PROGRAM] - spent),
        reserve_of(j, t, m),
        s.books[j, LATEST_COMMITMENTS],
        s.books[j, RESERVED],
    )
    s.books[j, GROUP_PLACES] = places
    s.books[j, OPEN + GROUP_PROGRAM] = np.int64(places > 0)


@part
def open_budget(j: Any, t: Any, m: Any, s: Any) -> None:
    """Decide what a brand can afford in a step."""
    left = m.limits[j, terms.TOTAL_CAP] - s.books[j, SPENT_TOTAL] - s.books[j, RESERVED]
    s.books[j, IS_FUNDED] = np.int64(left > 0)
    for program in range(_N_CAPPED):
        is_strategy = m.limits[j, terms.PROGRAM_IS_STRATEGY + program] > 0
        has_money = s.books[j, SPENT + program] < m.limits[j, terms.PROGRAM_CAP + program] and left > 0
        s.books[j, OPEN + program] = np.int64(has_money or not is_strategy)
    open_groups(j, t, left, m, s)
    s.books[j, LISTED] = money(np.float64(m.by_step[t, j, terms.PRICE]))
    cut = m.by_step[t, j, _CUT]
    if m.limits[j, terms.PROGRAM_IS_STRATEGY] > 0:
        cut_left = min(left, m.limits[j, terms.PROGRAM_CAP] - s.books[j, SPENT])
        cut = affordable_cut(cut, cut_left, s.books[j, LISTED], s.books[j, LATEST_UNITS])
    s.today[j, CUT] = cut
    s.today[j, NET_PRICE] = choice.price_after(m.by_step[t, j, terms.PRICE], cut, ZERO)
    s.books[j, NET] = money(np.float64(s.today[j, NET_PRICE]))


@part
def publish(j: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, s: Any, row: Any) -> None:
    """Produce and publish a brand's content of a step, if it can pay for it."""
    production = m.production[t, j]
    pieces = m.by_step[t, j, _PIECES]
    if m.limits[j, terms.PRODUCTION_IS_STRATEGY] > 0 and s.books[j, IS_FUNDED] == 0:
        production = np.int64(0)
        pieces = ZERO
    s.today[j, PIECES] = pieces
    if pieces > ZERO:
        u, v, _, _ = sparse_uniforms(_U(0), _U(0), _U(t), tail(draws.PIECE, m.brand_id[j], _U(0)), k0, k1)
        s.piece_value[t, j] = content.piece_value(m.by_step[t, j, _VALUE], p.piece_value_sd, normal(u))
        s.piece_appeal[t, j] = content.piece_appeal(p.piece_appeal_sd, normal(v))
        s.books[j, LATEST_PIECE] = t
    row[j, _PRODUCTION] += production
    if m.limits[j, terms.PRODUCTION_IS_STRATEGY] > 0:
        book(j, -1, production, s, row)


@part
def open_books(t: Any, k0: Any, k1: Any, m: Any, p: Any, s: Any, row: Any) -> None:
    """Decide at the start of a step what each brand can afford, and take in supply, reviews and base."""
    for j in range(m.n_brands):
        open_budget(j, t, m, s)
        for r in range(m.n_regions):
            s.stock[j, r] += m.supply[t, j, r] * np.float64(m.by_step[t, j, terms.IS_AVAILABLE])
        s.books[j, BASE_SEEN] = s.books[j, BASE]
        s.reviews[t, j, 0] = s.books[j, REVIEW_COUNT]
        s.reviews[t, j, 1] = s.books[j, REVIEW_SUM]
        publish(j, t, k0, k1, m, p, s, row)
        if m.by_step[t, j, _COMMUNITY] > ZERO and s.books[j, OPEN + COMMUNITY_PROGRAM] > 0:
            service = money(np.float64(m.by_step[t, j, _SERVICE])) * s.books[j, N_MEMBERS]
            row[j, _SERVICE_SPEND] += service
            if m.limits[j, terms.PROGRAM_IS_STRATEGY + COMMUNITY_PROGRAM] > 0:
                book(j, COMMUNITY_PROGRAM, service, s, row)


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


@part
def own_seed(i: Any, j: Any, satisfied: Any, surprise: Any, m: Any, on: Any, s: Any, w: Any) -> None:
    """Make a seed the owner of a durable."""
    b = block_of(i)
    k = lane_of(i)
    latest = s.marks[b, LATEST, k]
    if latest != NO_BRAND:
        s.books[latest, BASE] -= 1
        if on.neighbors:
            add_move(i, on.count_row[ADOPTERS] + np.int64(latest), -1, w)
    s.books[j, BASE] += 1
    s.marks[b, LATEST, k] = np.uint8(j)
    s.weeks[i, REPLACEMENT] = NEVER
    if m.owners_talk:
        s.extras[i, s.column[SATISFACTION]] = satisfied
        s.extras[i, s.column[SURPRISE]] = surprise
    if on.neighbors:
        add_move(i, on.count_row[ADOPTERS] + j, 1, w)


@part
def plant_seeds(t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Give the chosen consumers the product and let them talk about it."""
    for seeding in range(m.seeding.shape[0]):
        if m.seeding[seeding, terms.SEED_STEP] != t:
            continue
        first = m.seeding[seeding, terms.SEED_FIRST]
        last = m.seeding[seeding, terms.SEED_LAST]
        j = m.seeding[seeding, terms.SEED_BRAND]
        cost = m.seeding[seeding, terms.SEED_COST] * (last - first)
        row[j, _SEEDING] += cost
        book(j, -1, cost, s, row)
        for n in range(first, last):
            i = np.int64(g.seeds[n])
            b = block_of(i)
            k = lane_of(i)
            _, u, _, _ = sparse_uniforms(_U(i), _U(0), _U(t), tail(draws.SEED, m.brand_id[j], _U(0)), k0, k1)
            satisfied = experience.satisfaction(m.by_step[t, j, terms.QUALITY], p.experience_sd, normal(u))
            belief = s.records[i, in_record(j, BELIEF)]
            evidence = s.records[i, in_record(j, EVIDENCE)]
            surprise = experience.surprise(satisfied, belief)
            belief = experience.belief_after_experience(belief, evidence, satisfied)
            evidence = experience.evidence_after_experience(evidence, p.evidence_limit)
            believe(i, j, belief, evidence, s)
            s.values[b, of_brand(j, MEMORY), k] = ONE
            if not m.owners_talk:
                add_talk(i, j, TALKS | AS_SEED, 0, satisfied, surprise, w)
            if m.is_durable and s.marks[b, LATEST, k] != np.uint8(j):
                own_seed(i, j, satisfied, surprise, m, on, s, w)
