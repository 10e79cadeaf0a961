"""From a market and a plan to a replicate's counts, with memory that a thread reuses."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from simulator.compiled import cache_folder, is_compiled
from simulator.engines.numba_engine.layout import new_counts, new_state, new_work, switches
from simulator.engines.numba_engine.step import run_replicate
from simulator.model.campaigns import Plan
from simulator.model.initialization import World
from simulator.model.market import Market
from simulator.model.seeding import choose_seeds

_memory = threading.local()


def _reusable(market: Market, plan: Plan, world: World) -> Any:
    """Return this thread's memory for a plan, made anew where the plan or the market is another."""
    on = switches(market, plan.arrays, world)
    key = (id(market), id(plan), world.weights.size > 0, world.occurrence.size > 0)
    if getattr(_memory, "key", None) != key:
        _memory.key = None
        _memory.value = None
        _memory.value = (
            on,
            new_state(market, plan.arrays, on),
            new_work(market, plan.arrays, on),
            market,
            plan,
        )
        _memory.key = key
    return _memory.value[:3]


def run_one(market: Market, plan: Plan, world: World, seed: int, replicate: int) -> np.ndarray:
    """Run one replicate of one plan.

    Parameters
    ----------
    market, plan, world : Market, Plan, World
        What is simulated.
    seed, replicate : int
        Key of the draws, each 0 to 2^32 - 1.

    Returns
    -------
    ndarray, int64 [steps, brands, series]
        What was observed after the burn-in.
    """
    on, state, work = _reusable(market, plan, world)
    seeds, first = choose_seeds(market.arrays, plan.arrays, world, seed, replicate)
    counts = new_counts(plan.arrays.impressions.shape[0], market.arrays.n_brands)
    run_replicate(
        np.uint32(seed),
        np.uint32(replicate),
        market.arrays,
        market.parameters,
        plan.arrays,
        world,
        seeds,
        first,
        on,
        state,
        work,
        counts,
    )
    return counts[market.burn_in :]


def is_warm() -> bool:
    """Return whether the main kernel is compiled already, in this process or in the cache on disk."""
    if not is_compiled() or run_replicate.signatures:
        return True
    return any(cache_folder().glob("**/*run_replicate*.nbc"))


def warm_up() -> None:
    """Compile every kernel, or load it from the cache, by running a tiny market."""
    from simulator.engines.tiny import tiny_market

    market, plan, world = tiny_market()
    run_one(market, plan, world, 0, 0)
