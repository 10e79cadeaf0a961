"""From a market and a plan to a replicate's counts, with memory that a thread reuses."""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np

from simulator.compiled import address_of, is_compiled, take_no_other_types
from simulator.engines.numba_engine.large import LargeRun, Slot, absorb, act_at, settle_at
from simulator.engines.numba_engine.layout import (
    CHUNK,
)
from simulator.engines.numba_engine.memory import new_counts, new_graph, new_letters, new_state, new_work
from simulator.engines.numba_engine.reset import clear, reset
from simulator.engines.numba_engine.step import act, settle
from simulator.engines.numba_engine.step import run_steps as compiled_steps
from simulator.engines.numba_engine.terms import SEED_FIRST, SEED_LAST, gather_terms, switches
from simulator.engines.tiny import tiny_market
from simulator.model.campaigns import Plan, build_plan
from simulator.model.draws import BLOCK
from simulator.model.initialization import ROOM, World
from simulator.model.market import Market, build_market
from simulator.model.population import Population
from simulator.model.seeding import choose_seeds
from simulator.scenario import load_scenario

_memory = threading.local()
_compiling = threading.RLock()
_CONSUMER_STEPS = 4_000_000
#: Bytes of memory, and plans, that a thread keeps memory for.
_MOST_KEPT, _MOST_PLANS = 128 * 2**20, 16


def _reusable(market: Market, plan: Plan, world: World) -> Any:
    """Return this thread's memory for a plan, made anew where neither it nor the market was among the latest.

    Strategies take turns in each world: the memory of several is kept as long as all of it is small.
    """
    key = (id(market), id(plan), world.weights.size > 0, world.occurrence.size > 0)
    kept: dict[Any, Any] = _memory.__dict__.setdefault("kept", {})
    memory = kept.pop(key, None)
    if memory is None:
        sizes = [other[-1] for other in kept.values()]
        while kept and (len(kept) >= _MOST_PLANS or sum(sizes) + max(sizes) > _MOST_KEPT):
            del kept[next(iter(kept))], sizes[0]
        on = switches(market, plan.arrays, world)
        n_lines = plan.arrays.brand.size
        state = new_state(market, n_lines, on)
        work = new_work(market, n_lines, int(plan.arrays.seeding_count.sum()), on)
        # market and plan are kept too, so that no other ones come to have their identity
        n_bytes = sum(array.nbytes for part in (state, work) for array in part)
        memory = (gather_terms(market, plan.arrays), on, state, work, market, plan, n_bytes)
    kept[key] = memory
    return memory[:4]


def run_steps(begin: int, end: int, key: tuple[Any, Any], given: tuple[Any, ...], counts: np.ndarray) -> None:
    """Run some steps of a replicate.

    Parameters
    ----------
    begin, end : int
        Steps from the start of the burn-in, from ``begin`` up to but without ``end``.
    key : two uint32
        Seed and replicate.
    given : tuple
        Terms, parameters, graph, switches, state and scratch memory.
    counts : ndarray, int64 [steps, brands, series]
        Added to.
    """
    acting, settling = _halves()
    # back to Python now and then, where a keyboard interrupt is heard
    n_steps = max(1, _CONSUMER_STEPS // (given[4].values.shape[0] * BLOCK))
    for first in range(begin, end, n_steps):
        compiled_steps(first, min(first + n_steps, end), acting, settling, *key, *given, counts)


def _run_large(
    market: Market, key: tuple[Any, Any], given: tuple[Any, ...], counts: np.ndarray, threads: int
) -> None:
    """Run all steps of a replicate on several threads, each with two chunks' worth of work or more."""
    threads = min(threads, given[4].values.shape[0] // CHUNK)
    n_lines, books = given[4].lines.shape[0], given[4].books
    slots = [
        Slot(
            new_work(market, n_lines, 0, given[3], CHUNK * BLOCK), np.zeros_like(counts), np.zeros_like(books)
        )
        for _ in range(2 * threads)
    ]
    LargeRun(_halves(), key, given, counts, slots).run(threads)


def run_one(
    market: Market, plan: Plan, world: World, seed: int, replicate: int, threads: int = 1
) -> np.ndarray:
    """Run one replicate of one plan.

    Parameters
    ----------
    market, plan, world : Market, Plan, World
        What is simulated.
    seed, replicate : int
        Key of the draws, each 0 to 2^32 - 1.
    threads : int
        Threads for this replicate; they change no bit. Markets of up to 32,512 consumers take one.

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
    state = state._replace(letters=new_letters(market, plan.arrays, world, on))
    given = terms, market.parameters, graph._replace(seeds=seeds), on, state, work
    key = np.uint32(seed), np.uint32(replicate)
    if threads > 1 and state.values.shape[0] >= 2 * CHUNK:
        _run_large(market, key, given, counts, threads)
    else:
        run_steps(0, counts.shape[0], key, given, counts)
    return counts[market.burn_in :]


def is_warm() -> bool:
    """Return whether the kernels are compiled already, in this process or in the cache on disk."""
    if not is_compiled() or compile_steps.cache_info().currsize:
        return True
    # a cache may be that of another installation of the same version: its code is not found from here
    return all(
        any(Path(half._cache.cache_path).glob(f"step.{half.__name__}-*.nbc")) for half in (act, settle)
    )


def _blank(market: Market) -> World:
    """Return a world of the right types in which nobody knows anybody."""
    n = market.n_consumers
    zeros = [np.zeros(n, np.float32) for _ in range(7)]
    population = Population(np.zeros(n, np.int32), *zeros[:2], np.zeros((2, n), np.float32), *zeros[2:])
    nothing = np.zeros(0, np.float32), np.zeros(0, np.uint8)
    indptr, nobody = np.zeros(n + 1, np.int64), np.zeros(ROOM, np.uint32)
    owners = np.full(n, -1, np.int8), np.zeros(n, np.int32)
    return World(population, indptr, nobody, *nothing, np.zeros(n, np.int32), *owners)


def _blank_call() -> tuple[Any, ...]:
    """Return key, what is given and counts of a run in which nothing happens, of the types of every run."""
    market = build_market(load_scenario("tiny"))
    plan = build_plan(market, "none")
    terms, on, state, work = _reusable(market, plan, _blank(market))
    clear(market.arrays, state)
    given = terms, market.parameters, new_graph(market, _blank(market), on), on, state, work
    zero = np.uint32(0)
    return zero, zero, *given, new_counts(plan.arrays.impressions.shape[0], market.arrays.n_brands)


@functools.cache
def compile_half(name: str) -> int:
    """Return the address of one half of a step, ``act`` or ``settle``, compiled or loaded if need be."""
    *given, counts = _blank_call()
    if name == "act":
        return address_of(act, (0, True, 0, 1, *given, counts))
    return address_of(settle, (0, 0, 1, True, *given, counts[0]))


@functools.cache
def compile_steps() -> None:
    """Compile, or load, what calls both halves; it takes arguments of the types alone that they were compiled for."""
    *given, counts = _blank_call()
    compiled_steps(0, 0, 0, 0, *given, counts)
    address_of(act_at, (0, 0, False, 0, 0, *given, counts))
    address_of(settle_at, (0, 0, 0, 0, False, *given, counts))
    absorb(given[-1], given[-1])
    for frame in (compiled_steps, act_at, settle_at, absorb):
        take_no_other_types(frame)


def _halves() -> tuple[int, int]:
    """Return the addresses of both halves of a step; whichever thread comes first has everything compiled."""
    with _compiling:
        if not compile_steps.cache_info().currsize:
            warm_up()
        return compile_half("act"), compile_half("settle")


def warm_up() -> None:
    """Compile every kernel, or load it from the cache: one half of a step here, the rest in a second process.

    Numba compiles on one processor; where there are two, the wait is about half as long. What the second
    process compiles comes from the cache on disk; whatever is missing there is compiled here.
    """
    with _compiling:
        if not is_warm():
            quiet = subprocess.DEVNULL
            source = "from simulator.engines.numba_engine import run; run.compile_rest()"
            second = subprocess.Popen([sys.executable, "-c", source], stdin=quiet, stdout=quiet, stderr=quiet)
            compile_half("act")
            second.wait()
        compile_rest()


def compile_rest() -> None:
    """Compile, or load, everything but what :func:`warm_up` compiles itself, and set up a tiny market."""
    compile_half("settle")
    compile_steps()
    market, plan, world = tiny_market()
    choose_seeds(market.arrays, plan.arrays, world, 0, 0)
    _, on, state, _ = _reusable(market, plan, world)
    reset(market.arrays, world, on, state)
