"""What firms do at the start of a step beside media: events, products, books and seeds."""

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
    REPLACEMENT,
    RESERVED,
    REVIEW_COUNT,
    REVIEW_SUM,
    SATISFACTION,
    SPENT,
    SPENT_TOTAL,
    SURPRISE,
    TALKS,
    TASTE_X,
    TASTE_Y,
    WAS_REACHED,
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
from simulator.model.campaigns import (
    CAPPED,
)
from simulator.model.draws import BLOCK, sparse_uniforms, tail
from simulator.model.mathematics import ONE, ZERO, normal
from simulator.model.rules import choice, community, content, experience
from simulator.model.rules.ledger import affordable_cut, group_places, money

_U = np.uint32
_CUT, _PIECES, _VALUE = terms.term("price_cut"), terms.term("pieces"), terms.term("content_value")
_DISCOUNT, _CO_DESIGN = terms.term("group_discount"), terms.term("co_design")
_SERVICE, _COMMUNITY = terms.term("service_cost"), terms.term("community")
_PRODUCTION, _SERVICE_SPEND = record("spend_production"), record("spend_service")
_SEEDING, _STRATEGY = record("spend_seeding"), record("spend_strategy")
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
