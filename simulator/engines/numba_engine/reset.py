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
    COMMITTED,
    EVIDENCE,
    FLAGS,
    GOODWILL,
    HABIT,
    HAS_BOUGHT,
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
    REPLACEMENT,
    REVIEW_COUNT,
    REVIEW_SUM,
    SATISFACTION,
    SHARING,
    SOLVED_FOR,
    TASTE_X,
    TASTE_Y,
    TRUST,
    State,
    Switches,
    in_record,
    mark_of,
    of_brand,
)
from simulator.model import initialization
from simulator.model.draws import BLOCK
from simulator.model.initialization import RECEIVER, World
from simulator.model.market import MarketArrays
from simulator.model.mathematics import ONE, ZERO, fixed_point


@kernel
def reset_persons(b: Any, m: Any, world: Any, s: Any) -> None:
    """Give a block's consumers the traits and the latest brands of the world."""
    population = world.population
    start = b * BLOCK
    for k in range(min(BLOCK, world.latest_brand.size - start)):
        i = start + k
        latest = world.latest_brand[i]
        s.marks[b, LATEST, k] = np.uint8(latest) if latest >= 0 else NO_BRAND
        s.weeks[i, REPLACEMENT] = np.int16(min(np.int64(world.replacement_step[i]), np.int64(NEVER)))
        s.values[b, NEED_RATE, k] = population.need_rate[i]
        s.records[i, TASTE_X] = population.taste[0, i]
        s.records[i, TASTE_Y] = population.taste[1, i]
        s.records[i, PRICE_SENSITIVITY] = population.price_sensitivity[i]
        s.records[i, ONLINE] = population.online[i]
        s.records[i, SHARING] = population.sharing[i]
        s.records[i, SATISFACTION] = m.quality[0, max(latest, 0)] if latest >= 0 else ZERO


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
    for k in range(n):
        i = start + k
        cell = world.population.cell[i]
        s.records[i, in_record(j, PROFILE_X)] = m.cell_taste[cell, 0]
        s.records[i, in_record(j, PROFILE_Y)] = m.cell_taste[cell, 1]


#: Written in the first step, or before anything is read of them.
_WRITTEN_FIRST = ("weight", "relevance", "receivers")


def clear(m: MarketArrays, s: State) -> None:
    """Empty a replicate's memory; what pads the last block wants and knows nothing."""
    for name, array in zip(s._fields, s, strict=True):
        if name not in _WRITTEN_FIRST:
            array.fill(0)
    s.weeks.fill(LONG_AGO)
    s.marks[:, LATEST, :] = NO_BRAND
    s.marks[:, COMMITTED, :] = NO_BRAND
    s.lines[:, SOLVED_FOR] = -1.0
    s.stock[:] = m.initial_stock
    s.today[:, AT_X] = m.position[:, 0]
    s.today[:, AT_Y] = m.position[:, 1]
    s.books[:, REVIEW_COUNT] = m.initial_review_count
    s.books[:, REVIEW_SUM] = m.initial_review_sum
    s.books[:, LATEST_PIECE] = -1
    for j in range(m.n_brands):
        s.records[:, int(in_record(j, EVIDENCE))] = ONE
        s.records[:, int(in_record(j, PROFILE_EVIDENCE))] = ONE


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
