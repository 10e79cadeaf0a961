"""Whom a campaign seeds (ODD submodel *seeding*)."""

from __future__ import annotations

import numpy as np

from simulator.compiled import kernel
from simulator.model import draws
from simulator.model.campaigns import PlanArrays
from simulator.model.draws import sparse_word, tail
from simulator.model.initialization import World
from simulator.model.market import MarketArrays
from simulator.model.seed_rules import SeedChoice, SeedQuestion, registered_seed_rule

#: Rules that the market knows itself, by the sign with which ties count in their order.
_BY_TIES = {"random": 0, "degree": -1, "low_degree": 1}


@kernel
def _priorities(n, brand_id, seed, replicate):  # type: ignore[no-untyped-def]
    words = np.empty(n, np.uint32)
    zero = np.uint32(0)
    word = tail(draws.SEED, brand_id, zero)
    for i in range(n):
        words[i] = sparse_word(np.uint32(i), zero, zero, word, seed, replicate, 0)
    return words


def choose_seeds(
    market: MarketArrays, plan: PlanArrays, world: World, seed: int, replicate: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the consumers that a plan seeds in one world.

    ``random`` takes those with the lowest addressed draw; ``degree`` and ``low_degree`` those with the most
    and the fewest ties, ties among them by the same draw and then by number. Other rules are registered
    (:mod:`simulator.model.seed_rules`) and draw by (seed, world). Nobody gets a brand's product twice: a later
    seeding of the brand chooses among the others.

    Parameters
    ----------
    market, plan, world : MarketArrays, PlanArrays, World
        What is simulated.
    seed, replicate : int
        Key of the draws.

    Returns
    -------
    seeds : int32 [seeds]
        Consumers, ascending within a seeding.
    first : int64 [seedings + 1]
        Where each seeding's consumers begin.
    """
    chosen: list[np.ndarray] = []
    n = world.latest_brand.size
    is_seed = np.zeros((len(market.brand_id), n), bool)
    for choice, brand, count in zip(plan.seeding_choice, plan.seeding_brand, plan.seeding_count, strict=True):
        is_eligible = ~is_seed[brand]
        if choice.cells is not None:
            is_eligible &= np.isin(world.population.cell, choice.cells)
        if choice.rule in _BY_TIES:
            priority = _priorities(n, market.brand_id[brand], np.uint32(seed), np.uint32(replicate))
            seeds = _by_ties(choice, int(count), is_eligible, priority, world)
        else:
            number = 0 if choice.is_world_fixed else replicate
            question = SeedQuestion(choice, int(count), is_eligible, world, seed, number)
            seeds = registered_seed_rule(choice.rule)(question)
        chosen.append(np.sort(seeds).astype(np.int32))
        is_seed[brand, chosen[-1]] = True
    first = np.cumsum([0, *(seeds.size for seeds in chosen)]).astype(np.int64)
    return (np.concatenate(chosen) if chosen else np.zeros(0, np.int32)), first


def _by_ties(
    choice: SeedChoice, count: int, is_eligible: np.ndarray, priority: np.ndarray, world: World
) -> np.ndarray:
    """Return the set of the first consumers in the order of ties, then of the draw, then of numbers."""
    candidates = np.flatnonzero(is_eligible)
    rank = _BY_TIES[choice.rule] * np.diff(world.indptr)
    key = (rank * np.int64(2**32) + priority)[candidates]
    if choice.most_per_cell is not None:
        candidates = candidates[np.argsort(key, kind="stable")]
        candidates = candidates[_place_within(world.population.cell[candidates]) < choice.most_per_cell]
        return candidates[:count]
    if not 0 < count < candidates.size:
        return candidates[:count]
    last = np.partition(key, count - 1)[count - 1]
    before = candidates[key < last]
    return np.concatenate([before, candidates[key == last][: count - before.size]])


def _place_within(cell: np.ndarray) -> np.ndarray:
    """Return how many earlier entries have the same cell, for each entry."""
    by_cell = np.argsort(cell, kind="stable")
    starts = np.flatnonzero(np.diff(cell[by_cell], prepend=-1))
    place = np.empty(cell.size, np.int64)
    place[by_cell] = np.arange(cell.size) - np.repeat(starts, np.diff(starts, append=cell.size))
    return place
