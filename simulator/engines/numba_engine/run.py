"""From a market and a plan to a replicate's counts, with memory that a thread reuses."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from simulator.compiled import cache_folder, is_compiled
from simulator.engines.numba_engine.layout import Graph, new_counts, new_graph, new_state, new_work
from simulator.engines.numba_engine.reset import reset
from simulator.engines.numba_engine.step import run_replicate
from simulator.engines.numba_engine.terms import SEED_FIRST, SEED_LAST, gather_terms, switches
from simulator.model.campaigns import Plan
from simulator.model.initialization import World
from simulator.model.market import Market
from simulator.model.seeding import choose_seeds

_memory = threading.local()


def _reusable(market: Market, plan: Plan, world: World) -> Any:
    """Return this thread's memory for a plan, made anew where the plan or the market is another."""
    key = (id(market), id(plan), world.weights.size > 0, world.occurrence.size > 0)
    if getattr(_memory, "key", None) != key:
        _memory.key = None
        _memory.value = None
        on = switches(market, plan.arrays, world)
        terms = gather_terms(market, plan.arrays)
        n_lines = plan.arrays.brand.size
        state = new_state(market, n_lines, on)
        work = new_work(market, n_lines, int(plan.arrays.seeding_count.sum()), on)
        _memory.value = (terms, on, state, work, market, plan)
        _memory.key = key
    return _memory.value[:4]


def _graph(market: Market, world: World, on: Any) -> Graph:
    """Return a world's graph as the engine reads it, made once for all plans of the thread."""
    key = (id(world), on.neighbors, market.arrays.is_threshold)
    if getattr(_memory, "graph_key", None) != key:
        _memory.graph_key = None
        _memory.graph = None
        _memory.graph = (new_graph(market, world, on), world)
        _memory.graph_key = key
    graph: Graph = _memory.graph[0]
    return graph


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
    terms, on, state, work = _reusable(market, plan, world)
    graph = _graph(market, world, on)
    seeds, first = choose_seeds(market.arrays, plan.arrays, world, seed, replicate)
    terms.seeding[:, SEED_FIRST] = first[:-1]
    terms.seeding[:, SEED_LAST] = first[1:]
    counts = new_counts(plan.arrays.impressions.shape[0], market.arrays.n_brands)
    reset(market.arrays, world, on, state)
    run_replicate(
        np.uint32(seed),
        np.uint32(replicate),
        terms,
        market.parameters,
        graph._replace(seeds=seeds),
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
