"""Run replicates of plans on either engine, on threads, with the same result on any number of them."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from simulator.errors import EngineError, SimulatorError
from simulator.model.campaigns import Plan
from simulator.model.initialization import World, build_world, world_number
from simulator.model.market import Market
from simulator.model.observation import N_SERIES

ENGINES = ("numba", "mesa")


def default_threads() -> int:
    """Return the number of processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _runner(engine: str, threads: int) -> Callable[[Market, Plan, World, int, int], np.ndarray]:
    """Return what runs one replicate, on so many threads of its own."""
    if engine == "mesa":
        from simulator.engines.mesa_engine import run_one

        return run_one
    from simulator.engines.numba_engine import run_one as run_compiled

    return functools.partial(run_compiled, threads=threads)


class _Worlds:
    """The worlds in use: each is built once, and kept while a replicate of it runs."""

    def __init__(self, market: Market, seed: int) -> None:
        self.market = market
        self.seed = seed
        self.fixed: World | None = None
        self.lock = threading.Lock()

    def get(self, replicate: int) -> World:
        if self.market.scenario.population.world != "fixed":
            return build_world(self.market, self.seed, replicate)
        with self.lock:
            if self.fixed is None:
                self.fixed = build_world(self.market, self.seed, world_number(self.market, replicate))
            return self.fixed


def run_replicates(
    market: Market,
    plans: Sequence[Plan],
    *,
    engine: str = "numba",
    seed: int,
    replicates: Sequence[int],
    threads: int | None = None,
    on_done: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Run replicates of plans in the same worlds with the same luck.

    Parameters
    ----------
    market : Market
        The market.
    plans : sequence of Plan
        The strategies.
    engine : str
        ``numba`` or ``mesa``; the result has the same bits.
    seed : int
        Seed, 0 to 2^32 - 1.
    replicates : sequence of int
        Replicates, each 0 to 2^32 - 1.
    threads : int, optional
        Threads; by default all processors. The Mesa engine uses one.
    on_done : callable, optional
        Called with the number of replicates of plans that have just ended.

    Returns
    -------
    ndarray, int64 [plan, replicate, step, brand, series]

    Raises
    ------
    EngineError
        Where a replicate fails; it names the strategy, the seed and the replicate.
    """
    n_threads = 1 if engine == "mesa" else max(1, threads or default_threads())
    # threads that no replicate keeps busy share the work within replicates
    run_one = _runner(engine, max(1, n_threads // max(1, len(replicates))))
    worlds = _Worlds(market, seed)
    shape = (len(plans), len(replicates), market.n_steps, market.arrays.n_brands, N_SERIES)
    counts = np.zeros(shape, np.int64)
    stop = threading.Event()

    def play(position: int) -> int:
        replicate = replicates[position]
        world = worlds.get(replicate)
        for k, plan in enumerate(plans):
            if stop.is_set():
                return k
            try:
                counts[k, position] = run_one(market, plan, world, seed, replicate)
            except SimulatorError:
                raise
            except Exception as error:
                raise EngineError(_failure(market, plan, seed, replicate, engine, error)) from error
            if on_done is not None:
                on_done(1)
        return len(plans)

    if n_threads == 1 or len(replicates) == 1:
        for position in range(len(replicates)):
            play(position)
        return counts
    _on_threads(play, len(replicates), n_threads, stop)
    return counts


def _on_threads(play: Callable[[int], int], n_tasks: int, n_threads: int, stop: threading.Event) -> None:
    """Run tasks on threads; an error or an interruption stops what has not begun."""
    with ThreadPoolExecutor(n_threads) as pool:
        running: set[Future[int]] = set()
        waiting: Iterator[int] = iter(range(n_tasks))
        try:
            for position in waiting:
                running.add(pool.submit(play, position))
                if len(running) < 2 * n_threads:
                    continue
                running = _collect(running)
            while running:
                running = _collect(running)
        except BaseException:
            stop.set()
            raise


def _collect(running: set[Future[Any]]) -> set[Future[Any]]:
    done, rest = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
    for future in done:
        future.result()
    return rest


def _failure(market: Market, plan: Plan, seed: int, replicate: int, engine: str, error: Exception) -> str:
    source = getattr(market.scenario, "source", None) or "SCENARIO"
    return (
        f"strategy {plan.name}, seed {seed}, replicate {replicate} failed on the {engine} engine: "
        f"{type(error).__name__}: {error}; it runs alone with: simulator simulate {source} "
        f"--strategy {plan.name} --seed {seed} --first-replicate {replicate} --replicates 1 --engine {engine}"
    )
