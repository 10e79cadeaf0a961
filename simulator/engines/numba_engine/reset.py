"""A replicate's state at its start (ODD: initialization)."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import kernel
from simulator.engines.numba_engine.layout import (
    ADOPTERS,
    AT_X,
    AT_Y,
    BASE,
    BELIEF,
    BELIEF_SUM,
    CLICK,
    COMMITTED,
    COUPON_UNTIL,
    EVIDENCE,
    FLAGS,
    GOODWILL,
    HABIT,
    HAS_BOUGHT,
    INVITATION_STEP,
    INVITED_UNTIL,
    LATEST,
    LATEST_PIECE,
    LONG_AGO,
    MEMORY,
    NEED_RATE,
    NEVER,
    NO_BRAND,
    ONLINE,
    PRICE_SENSITIVITY,
    PROFILE_EVIDENCE,
    PROFILE_X,
    PROFILE_Y,
    READ,
    REGION,
    REPLACEMENT,
    REVIEW_COUNT,
    REVIEW_SUM,
    SATISFACTION,
    SHARING,
    SOLVED_FOR,
    TASTE_X,
    TASTE_Y,
    TRUST,
    VISIT,
    State,
    Switches,
    in_record,
    mark_of,
    of_brand,
    week_of,
)
from simulator.model import initialization
from simulator.model.draws import BLOCK
from simulator.model.initialization import RECEIVER, World
from simulator.model.market import MarketArrays
from simulator.model.mathematics import ONE, fixed_point


@kernel
def reset_persons(b: Any, m: Any, world: Any, s: Any) -> None:
    """Give a block's consumers the traits and the latest brands of the world."""
    satisfaction = s.column[SATISFACTION]
    population = world.population
    start = b * BLOCK
    for k in range(min(BLOCK, world.latest_brand.size - start)):
        i = start + k
        latest = world.latest_brand[i]
        s.marks[b, LATEST, k] = np.uint8(latest) if latest >= 0 else NO_BRAND
        s.weeks[i, REPLACEMENT] = np.int16(min(np.int64(world.replacement_step[i]), np.int64(NEVER)))
        s.weeks[i, REGION] = np.int16(m.cell_region[population.cell[i]])
        s.values[b, NEED_RATE, k] = population.need_rate[i]
        s.records[i, TASTE_X] = population.taste[0, i]
        s.records[i, TASTE_Y] = population.taste[1, i]
        s.records[i, PRICE_SENSITIVITY] = population.price_sensitivity[i]
        s.records[i, ONLINE] = population.online[i]
        s.records[i, SHARING] = population.sharing[i]
        if satisfaction >= 0 and latest >= 0:
            s.extras[i, satisfaction] = m.quality[0, latest]


@kernel
def reset_relations(b: Any, j: Any, m: Any, world: Any, s: Any) -> None:
    """Give a block's consumers what they start with towards a brand."""
    start = b * BLOCK
    n = min(BLOCK, world.latest_brand.size - start)
    for k in range(n):
        i = start + k
        is_buyer = np.int64(world.latest_brand[i]) == j
        s.values[b, of_brand(j, MEMORY), k] = initialization.initial_memory(is_buyer, m.initial_memory[j])
        s.values[b, of_brand(j, GOODWILL), k] = m.initial_goodwill[j]
        s.records[i, in_record(j, BELIEF)] = initialization.initial_belief(is_buyer, m.quality[0, j])
        s.records[i, in_record(j, EVIDENCE)] = initialization.initial_evidence(is_buyer)
        s.books[j, BELIEF_SUM] += fixed_point(s.records[i, in_record(j, BELIEF)])
        s.records[i, in_record(j, HABIT)] = initialization.initial_habit(is_buyer)
        s.values[b, of_brand(j, TRUST), k] = m.initial_trust[j]
        s.marks[b, mark_of(j, FLAGS), k] = HAS_BOUGHT * np.uint8(is_buyer)
    if s.column[PROFILE_X] >= 0:
        for k in range(n):
            i = start + k
            cell = world.population.cell[i]
            s.extras[i, s.column[PROFILE_X] + j] = m.cell_taste[cell, 0]
            s.extras[i, s.column[PROFILE_Y] + j] = m.cell_taste[cell, 1]
            s.extras[i, s.column[PROFILE_EVIDENCE] + j] = ONE


@kernel
def forget_weeks(s: Any) -> None:
    """Let whatever happens to some only have happened long ago; what pads the last block has evidence of nothing."""
    for i in range(s.records.shape[0]):
        s.weeks[i, REPLACEMENT] = LONG_AGO
        for j in range(s.books.shape[0]):
            s.records[i, in_record(j, EVIDENCE)] = ONE
            s.weeks[i, week_of(j, VISIT)] = LONG_AGO
            s.weeks[i, week_of(j, CLICK)] = LONG_AGO
            s.weeks[i, week_of(j, READ)] = LONG_AGO
    for i in range(s.dates.shape[0]):
        for j in range(s.books.shape[0]):
            for field in (COUPON_UNTIL, INVITATION_STEP, INVITED_UNTIL):
                if s.column[field] >= 0:
                    s.dates[i, s.column[field] + j] = LONG_AGO


#: Written before anything is read of them, the memory of others, or the same in every replicate.
_LEFT = ("weight", "relevance", "reach", "letters", "weeks", "dates", "column")


def clear(m: MarketArrays, s: State) -> None:
    """Empty a replicate's memory; what pads the last block wants and knows nothing."""
    for name, array in zip(s._fields, s, strict=True):
        if name not in _LEFT:
            array.fill(0)
    forget_weeks(s)
    s.visits.fill(LONG_AGO)
    s.marks[:, LATEST, :] = NO_BRAND
    s.marks[:, COMMITTED, :] = NO_BRAND
    s.lines[:, SOLVED_FOR] = -1.0
    s.stock[:] = m.initial_stock
    s.today[:, AT_X] = m.position[:, 0]
    s.today[:, AT_Y] = m.position[:, 1]
    s.books[:, REVIEW_COUNT] = m.initial_review_count
    s.books[:, REVIEW_SUM] = m.initial_review_sum
    s.books[:, LATEST_PIECE] = -1


@kernel
def populate(m: Any, world: Any, count_row: Any, s: Any) -> None:
    """Give consumers what the world and the market start them with; count the adopters among neighbors."""
    for b in range(s.values.shape[0]):
        reset_persons(b, m, world, s)
        for j in range(m.n_brands):
            reset_relations(b, j, m, world, s)
    for i in range(world.latest_brand.size):
        latest = np.int64(world.latest_brand[i])
        if latest >= 0:
            s.books[latest, BASE] += 1
            if count_row >= 0:
                for k in range(world.indptr[i], world.indptr[i + 1]):
                    s.counts[count_row + latest, np.int64(world.arcs[k] & RECEIVER)] += np.int32(1)


def reset(m: MarketArrays, world: World, on: Switches, s: State) -> None:
    """Set a replicate's state to its starting values.

    Parameters
    ----------
    m : MarketArrays
        The market.
    world : World
        Population, graph and starting values.
    on, s : Switches, State
        Mechanisms in use; state, overwritten.
    """
    clear(m, s)
    populate(m, world, on.count_row[ADOPTERS], s)
