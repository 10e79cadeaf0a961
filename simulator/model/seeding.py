"""Whom a campaign seeds (ODD submodel *seeding*)."""

from __future__ import annotations

import numpy as np

from simulator.compiled import kernel
from simulator.model import draws
from simulator.model.campaigns import SEED_RULES, PlanArrays
from simulator.model.draws import sparse_word, tail
from simulator.model.initialization import World
from simulator.model.market import MarketArrays

_RANDOM, _DEGREE, _LOW_DEGREE = range(len(SEED_RULES))


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
    and the fewest ties, ties among them by the same draw and then by number. Nobody gets a brand's product
    twice: a later seeding of the brand takes the next consumers in its order.

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
    is_seed = np.zeros((len(market.brand_id), world.latest_brand.size), bool)
    n = world.latest_brand.size
    degree = np.diff(world.indptr)
    for k in range(plan.seeding_step.size):
        brand = int(plan.seeding_brand[k])
        brand_id = market.brand_id[brand]
        priority = _priorities(n, brand_id, np.uint32(seed), np.uint32(replicate))
        rule = plan.seeding_rule[k]
        rank = {_RANDOM: np.zeros(n, np.int64), _DEGREE: -degree, _LOW_DEGREE: degree}[int(rule)]
        order = np.lexsort((np.arange(n), priority, rank))
        order = order[~is_seed[brand, order]]
        chosen.append(np.sort(order[: int(plan.seeding_count[k])]).astype(np.int32))
        is_seed[brand, chosen[-1]] = True
    first = np.cumsum([0, *(seeds.size for seeds in chosen)]).astype(np.int64)
    return (np.concatenate(chosen) if chosen else np.zeros(0, np.int32)), first
