"""Who is measured, and how: every contestant runs the same scenario, in turns, the best turn counts."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from baselines import c_market, c_same, numpy_market, plain_mesa, plain_numba
from baselines.given import describe

from simulator.engines.numba_engine import run_one
from simulator.model.campaigns import Plan, build_plan
from simulator.model.initialization import World, build_world
from simulator.model.market import Market, build_market
from simulator.scenario import load_scenario

SEED = 1
ENGINE, MESA_ENGINE = "numba engine", "Mesa engine"
NUMBA, NUMPY, MESA, C = "plain numba", "NumPy", "plain Mesa", "C"
#: The C that draws what the engine draws, and gives its bits.
SAME_C = "C, same draws"
#: A contestant runs again until its turns have taken this long together, seconds.
_LONG = 12.0


@dataclass
class Contestant:
    """One program on one task.

    Parameters
    ----------
    name, strategy : str
        Who, and what is simulated.
    threads : int
        Threads used.
    agent_steps : int
        Consumers times steps times replicates of a turn.
    turn : callable
        Runs once and returns seconds of wall time.
    """

    name: str
    strategy: str
    threads: int
    agent_steps: int
    turn: Callable[[], float]
    seconds: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Agent-steps per second of the best turn."""
        return self.agent_steps / min(self.seconds)

    @property
    def spread(self) -> float:
        """Slowest against fastest turn, minus one."""
        return max(self.seconds) / min(self.seconds) - 1


@dataclass(frozen=True)
class Stage:
    """A market of some size with ready worlds, and how long it took to make them."""

    market: Market
    worlds: tuple[World, ...]
    build_seconds: float

    @property
    def n_consumers(self) -> int:
        """Number of consumers."""
        return self.market.n_consumers


def set_stage(scenario: str, n_consumers: int, n_worlds: int) -> Stage:
    """Build a market and some worlds; the first world's time counts as a warm-up where there are more."""
    market = build_market(load_scenario(scenario, {"population.consumers": n_consumers}))
    build_world(build_market(load_scenario(scenario, {"population.consumers": 500})), SEED, 0)
    worlds, seconds = [], []
    for replicate in range(n_worlds):
        begin = perf_counter()
        worlds.append(build_world(market, SEED, replicate))
        seconds.append(perf_counter() - begin)
    return Stage(market, tuple(worlds), min(seconds))


def strategies_of(market: Market) -> list[str]:
    """Return ``none`` and all strategies of a scenario."""
    return ["none", *(name for name in market.scenario.strategies if name != "none")]


def engine(
    stage: Stage, strategy: str, threads: int, n_replicates: int, pool: ThreadPoolExecutor
) -> Contestant:
    """Return the compiled engine on one or more threads, worlds ready."""
    market, plan = stage.market, build_plan(stage.market, strategy)

    def play(replicate: int) -> None:
        run_one(market, plan, stage.worlds[replicate % len(stage.worlds)], SEED, replicate)

    def turn() -> float:
        begin = perf_counter()
        if threads == 1:
            for replicate in range(n_replicates):
                play(replicate)
        else:
            list(pool.map(play, range(n_replicates)))
        return perf_counter() - begin

    play(0)
    list(pool.map(play, range(2 * threads)))
    return Contestant(ENGINE, strategy, threads, n_replicates * _agent_steps(stage), turn)


def mesa_engine(stage: Stage, strategy: str) -> Contestant | str:
    """Return the package's Mesa engine, agents ready, or the reason why it cannot be measured."""
    try:
        model_of = importlib.import_module("simulator.engines.mesa_engine").MarketModel
        plan = build_plan(stage.market, strategy)

        def turn() -> float:
            model = model_of(stage.market, plan, stage.worlds[0], SEED, 0)
            gc.collect()
            begin = perf_counter()
            model.run_model()
            return perf_counter() - begin

        small = set_stage("launch", 200, 1)
        model_of(small.market, build_plan(small.market, strategy), small.worlds[0], SEED, 0).step()
    except Exception as error:
        return " ".join(f"{type(error).__name__}: {error}".split())[:160]
    return Contestant(MESA_ENGINE, strategy, 1, _agent_steps(stage), turn)


def baselines(stage: Stage, strategy: str, *, with_mesa: bool) -> list[Contestant]:
    """Return the hand-written baselines on one thread, everything prepared that can be."""
    given = describe(stage.market, build_plan(stage.market, strategy), stage.worlds[0])
    turned = plain_numba.by_consumer(given)
    plain_numba.run(turned._replace(n_steps=1), SEED)

    def numba_turn() -> float:
        return _timed(lambda: plain_numba.run(turned, SEED))

    def numpy_turn() -> float:
        return _timed(numpy_market.NumpyMarket(given, SEED).run)

    def mesa_turn() -> float:
        model = plain_mesa.PlainMarket(given, SEED)
        gc.collect()
        return _timed(lambda: plain_mesa.run(model))

    turns = {NUMBA: numba_turn, NUMPY: numpy_turn}
    if with_mesa:
        turns[MESA] = mesa_turn
    return [Contestant(name, strategy, 1, _agent_steps(stage), turn) for name, turn in turns.items()]


def in_c(
    stage: Stage, name: str, strategy: str, threads: int, n_replicates: int, pool: ThreadPoolExecutor
) -> Contestant | str:
    """Return a C version on one or more threads, each with a market of its own, or why it cannot be measured."""
    if not c_market.has_gcc():
        return "no gcc"
    plan = build_plan(stage.market, strategy)
    markets = [_in_threads(name, stage.market, plan, world, threads) for world in stage.worlds]

    def play(thread: int) -> None:
        for replicate in range(thread, n_replicates, threads):
            markets[replicate % len(markets)][thread].run(SEED, replicate)

    def turn() -> float:
        if threads == 1:
            return _timed(lambda: play(0))
        return _timed(lambda: list(pool.map(play, range(threads))))

    turn()
    return Contestant(name, strategy, threads, n_replicates * _agent_steps(stage), turn)


def _in_threads(name: str, market: Market, plan: Plan, world: World, threads: int) -> list[Any]:
    """Return a world as a C version holds it, once for each thread."""
    if name == SAME_C:
        one = c_same.SameMarket(market, plan, world)
        return [one, *(c_same.SameMarket(market, plan, world, like=one) for _ in range(threads - 1))]
    given = describe(market, plan, world)
    first = c_market.CMarket(given)
    return [first, *(c_market.CMarket(given, like=first) for _ in range(threads - 1))]


def _timed(run: Callable[[], Any]) -> float:
    begin = perf_counter()
    run()
    return perf_counter() - begin


def _agent_steps(stage: Stage) -> int:
    return stage.n_consumers * stage.market.n_steps


def alternate(contestants: Sequence[Contestant], rounds: int, say: Callable[[str], None]) -> None:
    """Let contestants run in turns, so that whatever else the machine does hits all alike."""
    for number in range(rounds):
        for contestant in contestants:
            if sum(contestant.seconds) < _LONG:
                contestant.seconds.append(contestant.turn())
        say(f"round {number + 1} of {rounds}")
