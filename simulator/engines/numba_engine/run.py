"""From a market and a plan to a replicate's counts, with memory that a thread reuses."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import numpy as np

from simulator.compiled import cache_folder, is_compiled
from simulator.engines.numba_engine.layout import CHUNK, new_counts, new_graph, new_state, new_work
from simulator.engines.numba_engine.reset import clear, reset
from simulator.engines.numba_engine.step import act, settle
from simulator.engines.numba_engine.terms import SEED_FIRST, SEED_LAST, gather_terms, switches
from simulator.engines.tiny import tiny_market
from simulator.model.campaigns import Plan, build_plan
from simulator.model.initialization import ROOM, World
from simulator.model.market import Market, build_market
from simulator.model.population import Population
from simulator.model.seeding import choose_seeds
from simulator.scenario import load_scenario

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


def run_step(step: int, k0: Any, k1: Any, given: tuple[Any, ...], counts: np.ndarray) -> None:
    """Run one step: chunk by chunk consumers act, and what they decided is settled.

    Parameters
    ----------
    step : int
        Step, from the start of the burn-in.
    k0, k1 : uint32
        Key: seed and replicate.
    given : tuple
        Terms, parameters, graph, switches, state and scratch memory.
    counts : ndarray, int64 [steps, brands, series]
        Added to.
    """
    n_blocks = given[4].values.shape[0]
    for first in range(0, n_blocks, CHUNK):
        last = min(first + CHUNK, n_blocks)
        act(step, first, last, k0, k1, *given, counts)
        settle(step, last == n_blocks, k0, k1, *given, counts[step])


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
    graph = new_graph(market, world, on)
    seeds, first = choose_seeds(market.arrays, plan.arrays, world, seed, replicate)
    terms.seeding[:, SEED_FIRST] = first[:-1]
    terms.seeding[:, SEED_LAST] = first[1:]
    counts = new_counts(plan.arrays.impressions.shape[0], market.arrays.n_brands)
    reset(market.arrays, world, on, state)
    given = terms, market.parameters, graph._replace(seeds=seeds), on, state, work
    for step in range(counts.shape[0]):
        run_step(step, np.uint32(seed), np.uint32(replicate), given, counts)
    return counts[market.burn_in :]


def is_warm() -> bool:
    """Return whether the kernels are compiled already, in this process or in the cache on disk."""
    if not is_compiled() or (act.signatures and settle.signatures):
        return True
    return all(any(cache_folder().glob(f"**/*step.{name}-*.nbc")) for name in ("act", "settle"))


def _blank(market: Market) -> World:
    """Return a world of the right types in which nobody knows anybody."""
    n = market.n_consumers
    zeros = [np.zeros(n, np.float32) for _ in range(7)]
    population = Population(np.zeros(n, np.int32), *zeros[:2], np.zeros((2, n), np.float32), *zeros[2:])
    nothing = np.zeros(0, np.float32), np.zeros(0, np.uint8)
    indptr, nobody = np.zeros(n + 1, np.int64), np.zeros(ROOM, np.uint32)
    owners = np.full(n, -1, np.int8), np.zeros(n, np.int32)
    return World(population, indptr, nobody, *nothing, np.zeros(n, np.int32), *owners)


def compile_half(name: str) -> None:
    """Compile one half of a step, ``act`` or ``settle``, on a market in which nothing happens."""
    market = build_market(load_scenario("tiny"))
    plan = build_plan(market, "none")
    terms, on, state, work = _reusable(market, plan, _blank(market))
    clear(market.arrays, state)
    given = terms, market.parameters, new_graph(market, _blank(market), on), on, state, work
    counts = new_counts(plan.arrays.impressions.shape[0], market.arrays.n_brands)
    key = np.uint32(0), np.uint32(0)
    if name == "act":
        act(0, 0, 1, *key, *given, counts)
    else:
        settle(0, True, *key, *given, counts[0])


def warm_up() -> None:
    """Compile every kernel, or load it from the cache: one half of a step here, the rest in a second process.

    Numba compiles on one processor; where there are two, the wait is about half as long. What the second
    process compiles comes from the cache on disk; whatever is missing there is compiled here.
    """
    second = None
    if not is_warm():
        quiet = subprocess.DEVNULL
        source = "from simulator.engines.numba_engine import run; run.compile_rest()"
        second = subprocess.Popen([sys.executable, "-c", source], stdin=quiet, stdout=quiet, stderr=quiet)
        compile_half("act")
        second.wait()
    compile_rest()


def compile_rest() -> None:
    """Compile, or load, everything but what :func:`warm_up` compiles itself, and then run a tiny market."""
    compile_half("settle")
    market, plan, world = tiny_market()
    choose_seeds(market.arrays, plan.arrays, world, 0, 0)
    _, on, state, _ = _reusable(market, plan, world)
    reset(market.arrays, world, on, state)
