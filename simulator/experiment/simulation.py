"""Simulate one strategy, or several, in numbered replicates."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.errors import Fault, ScenarioError
from simulator.experiment.arguments import Arguments, check_arguments
from simulator.model.observation import N_SERIES, TRAJECTORY_VERSION
from simulator.outcomes.provenance import machine, network_record, versions
from simulator.outcomes.trajectories import Trajectories
from simulator.scenario import Scenario

#: Receives (task, done, total); the task is one of the two below.
OnProgress = Callable[[str, int, int], None]
BALANCING = "balancing budgets"
SIMULATING = "simulating"

#: Most bytes of recorded numbers that are held at once.
MEMORY_LIMIT = 2 * 2**30


@dataclass(frozen=True)
class Treatments:
    """Strategies of one scenario, made equal in budget and ready to run.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    market : Market
        The scenario as arrays.
    arguments : Arguments
        Strategies, seed, replicates, engine and threads.
    balanced : mapping
        By strategy: its plan, the level at which its budget is spent, and how it was solved.
    """

    scenario: Scenario
    market: Any
    arguments: Arguments
    balanced: Mapping[str, Any]

    def run(self, replicates: Sequence[int], on_done: Callable[[int], None] | None = None) -> Trajectories:
        """Run some replicates of every strategy.

        Parameters
        ----------
        replicates : sequence of int
            Their numbers.
        on_done : callable, optional
            Receives how many replicates of a strategy have just been finished.

        Returns
        -------
        Trajectories
            Complete; an interrupt by the user goes through and leaves nothing behind.
        """
        from simulator import engines

        asked = self.arguments
        counts = engines.run_replicates(
            self.market,
            [self.balanced[name].plan for name in asked.strategies],
            engine=asked.engine,
            seed=asked.seed,
            replicates=list(replicates),
            threads=asked.threads,
            on_done=on_done,
        )
        return self.wrap(counts, replicates)

    def wrap(self, counts: Any, replicates: Sequence[int]) -> Trajectories:
        """Return recorded counts, int64 [strategy, replicate, step, brand, series], as trajectories."""
        market, asked = self.market, self.arguments
        return Trajectories(
            strategies=asked.strategies,
            replicates=tuple(replicates),
            seed=asked.seed,
            engine=asked.engine,
            brands=tuple(market.brand_names),
            brand_ids=tuple(market.brand_ids),
            focal=int(market.focal),
            counts=counts,
            n_consumers=int(market.n_consumers),
            people_per_consumer=float(market.people_per_consumer),
            currency=self.scenario.market.currency,
            scenario_digest=self.scenario.digest,
        )

    def run_in_blocks(self, on_progress: OnProgress | None = None) -> Iterator[Trajectories]:
        """Run all replicates in blocks that fit in memory, in ascending order.

        Parameters
        ----------
        on_progress : callable, optional
            Receives (task, done, total) in replicates of a strategy.

        Yields
        ------
        Trajectories
            One block; all replicates in one if they fit.
        """
        numbers = self.arguments.replicates
        n_bytes = bytes_per_replicate(self.scenario, len(self.arguments.strategies))
        fits = len(numbers) * n_bytes <= MEMORY_LIMIT
        size = len(numbers) if fits else max(1, MEMORY_LIMIT // 4 // n_bytes)
        on_done = counter(on_progress, SIMULATING, len(numbers) * len(self.arguments.strategies))
        for start in range(0, len(numbers), size):
            yield self.run(numbers[start : start + size], on_done)

    def manifest(self, began: float) -> dict[str, Any]:
        """Return how the trajectories come about: everything that a repetition needs.

        Parameters
        ----------
        began : float
            ``time.time()`` at the start.
        """
        asked, scenario = self.arguments, self.scenario
        return {
            "scenario_name": scenario.name,
            "scenario_source": scenario.source,
            "overrides": scenario.overrides,
            "scenario": scenario.to_dict(),
            "scenario_digest": scenario.digest,
            "network": network_record(scenario),
            "strategies": list(asked.strategies),
            "seed": asked.seed,
            "first_replicate": asked.replicates.start,
            "n_replicates": len(asked.replicates),
            "engine": asked.engine,
            "threads": asked.threads,
            "levels": {name: float(plan.level) for name, plan in self.balanced.items()},
            "pilot_replicates": {name: int(plan.n_pilot_runs) for name, plan in self.balanced.items()},
            "trajectory_version": TRAJECTORY_VERSION,
            "versions": versions(),
            "machine": machine(),
            "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)),
            "wall_seconds": round(time.time() - began, 3),
        }


def prepare(scenario: Scenario, arguments: Arguments, on_progress: OnProgress | None = None) -> Treatments:
    """Build the market and solve every strategy's spend on pilot replicates.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    arguments : Arguments
        What is asked.
    on_progress : callable, optional
        Receives (task, done, total).

    Returns
    -------
    Treatments
        Ready to run. The plans depend on scenario and seed alone, not on the replicates asked for.
    """
    from simulator.experiment.budget import balanced_plans
    from simulator.model.market import build_market

    market = build_market(scenario)
    balanced = balanced_plans(
        scenario,
        market,
        list(arguments.strategies),
        arguments.seed,
        threads=arguments.threads,
        on_progress=on_progress,
    )
    return Treatments(scenario, market, arguments, balanced)


def simulate(
    scenario: Scenario,
    strategy: str | Sequence[str],
    *,
    seed: int | None = None,
    n_replicates: int | None = None,
    first_replicate: int = 0,
    engine: str = "numba",
    threads: int | None = None,
    on_progress: OnProgress | None = None,
) -> Trajectories:
    """Simulate one strategy, or several in the same worlds, and return everything recorded.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    strategy : str or sequence of str
        Name of a strategy of the scenario, or several names.
    seed : int, optional
        0 to 2**32 - 1; the scenario's seed if omitted.
    n_replicates : int, optional
        Number of replicates, at least 1; the scenario's if omitted.
    first_replicate : int
        Number of the first replicate. Replicate 7 is the same whichever replicates are run with it.
    engine : {"numba", "mesa"}
        Engine; both give the same trajectories.
    threads : int, optional
        Threads of the numba engine; all processors if omitted.
    on_progress : callable, optional
        Receives (task, done, total).

    Returns
    -------
    Trajectories
        Recorded series by strategy, replicate, step and brand.

    Raises
    ------
    ScenarioError
        If an argument is out of range, a strategy unknown, or the result too large for memory.
    EngineError
        If a replicate fails.

    Examples
    --------
    >>> import simulator as sim
    >>> scenario = sim.load_scenario("classroom")  # doctest: +SKIP
    >>> sim.simulate(scenario, "mass", n_replicates=10).series("purchases").shape  # doctest: +SKIP
    (1, 10, 26, 2)
    """
    began = time.time()
    asked = check_arguments(
        scenario,
        strategies=strategy,
        seed=seed,
        n_replicates=n_replicates,
        first_replicate=first_replicate,
        engine=engine,
        threads=threads,
        verb="simulate",
    )
    most = MEMORY_LIMIT // bytes_per_replicate(scenario, len(asked.strategies))
    if len(asked.replicates) > most:
        expected = f"at most {most} to hold all trajectories in {MEMORY_LIMIT / 2**30:g} GB"
        remedy = "use compare, or simulate blocks with first_replicate"
        fault = Fault("simulate(n_replicates)", str(len(asked.replicates)), expected, remedy)
        raise ScenarioError([fault])
    treatments = prepare(scenario, asked, on_progress)
    on_done = counter(on_progress, SIMULATING, len(asked.replicates) * len(asked.strategies))
    trajectories = treatments.run(asked.replicates, on_done)
    trajectories.manifest.update(treatments.manifest(began))
    return trajectories


def bytes_per_replicate(scenario: Scenario, n_strategies: int) -> int:
    """Return the bytes that one replicate of some strategies records."""
    return n_strategies * scenario.horizon * len(scenario.brands) * N_SERIES * 8


def counter(on_progress: OnProgress | None, task: str, total: int) -> Callable[[int], None] | None:
    """Return a function that adds up what is done, from any thread, and reports the sum."""
    if on_progress is None:
        return None
    done = 0
    lock = threading.Lock()

    def add(count: int) -> None:
        nonlocal done
        with lock:
            done += count
            on_progress(task, done, total)

    on_progress(task, 0, total)
    return add
