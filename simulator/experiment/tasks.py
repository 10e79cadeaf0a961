"""Tasks: an experiment cut into pieces that any process on any machine can run, with the same result.

A task is a block of replicates of all strategies at one design point, so that they share worlds and plans. Its
result has the outcomes that came about and, for each replicate that failed, what happened; a failure takes
nothing else with it.
"""

from __future__ import annotations

import math
import pickle
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from simulator import __version__
from simulator.errors import EngineError, FaultyInputError
from simulator.experiment.levels import level_of
from simulator.experiment.treatments import (
    Setting,
    Treatment,
    n_plans,
    settings_of,
    values_of,
)
from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.failures import Failure
from simulator.outcomes.metrics import INCREMENTAL
from simulator.outcomes.shards import Rows
from simulator.scenario import Scenario

#: Consumer steps that a task simulates, about: some seconds of one processor.
TASK_SIZE = 100_000_000

#: Stands in a command for the folder of the experiment, which a worker does not know.
FOLDER = "FOLDER"

Levels = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Task:
    """A block of replicates at one design point.

    Parameters
    ----------
    scenario : int
        Position of the scenario.
    point : int
        Position of the design point.
    overrides : mapping
        Those of the point.
    treatments : mapping
        Position of the treatment by strategy.
    replicates : tuple of int
        Their numbers; none at all asks for the levels alone.
    levels : mapping
        Levels by strategy, as far as they are known.
    seed : int
        Seed of the simulation.
    metrics : tuple of str
        Metrics that are measured.
    engine : str
        ``numba`` or ``mesa``.
    threads : int
        Threads of the process that runs the task.
    """

    scenario: int
    point: int
    overrides: Mapping[str, Any]
    treatments: Mapping[str, int]
    replicates: tuple[int, ...]
    levels: Levels
    seed: int
    metrics: tuple[str, ...]
    engine: str
    threads: int

    @property
    def key(self) -> tuple[object, ...]:
        """What tells the task from all others of an experiment."""
        return (self.scenario, self.point, tuple(self.treatments), self.replicates)

    @property
    def n_rows(self) -> int:
        """Outcomes that the task makes, in pairs of treatment and replicate."""
        return len(self.treatments) * len(self.replicates)

    def run(self, scenarios: Sequence[Scenario]) -> Result:
        """Run the task here; see :func:`run_task`."""
        return run_task(scenarios, self)


@dataclass(frozen=True)
class Result:
    """What came of a task.

    Parameters
    ----------
    rows : Rows
        Outcomes.
    failures : tuple of Failure
        Replicates that could not be simulated.
    levels : mapping
        Levels by strategy.
    seconds, balance_seconds : float
        Time that the task took, and the part of it that balanced budgets.
    """

    rows: Rows
    failures: tuple[Failure, ...]
    levels: Levels
    seconds: float
    balance_seconds: float


def replicates_per_task(
    scenario: Scenario, n_strategies: int, n_replicates: int, *, tasks_per_point: int, threads: int
) -> int:
    """Return how many replicates make a task of a reasonable length, and enough work for all workers.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    n_strategies : int
        Strategies at a point.
    n_replicates : int
        Replicates of a treatment.
    tasks_per_point : int
        Tasks into which each point must be cut for all workers to have one.
    threads : int
        Threads of each worker, which share the replicates of a task.
    """
    steps = scenario.horizon + scenario.burn_in
    size = max(1, scenario.population.consumers) * steps * n_strategies
    return max(threads, min(math.ceil(TASK_SIZE / size), math.ceil(n_replicates / tasks_per_point)))


class Job(Protocol):
    """Anything that can be sent to another process and run there on the scenarios that it has."""

    def run(self, scenarios: Sequence[Scenario]) -> Any:
        """Run here."""


def run_packed(packed: bytes, version: str, job: Job) -> Any:
    """Run a job in another process, which gets the scenarios in packed form.

    Parameters
    ----------
    packed : bytes
        What :func:`pack` returned.
    version : str
        Version of the caller's package, as :func:`own_version` gives it.
    job : Job
        What to run.

    Raises
    ------
    EngineError
        If this process has another version of the package.
    """
    if version != own_version():
        raise EngineError(f"a worker has {own_version()} of the package, this process has {version}")
    return job.run(_unpacked(packed))


def pack(scenarios: Sequence[Scenario]) -> bytes:
    """Return scenarios as bytes, for other processes."""
    return pickle.dumps(tuple(scenarios))


def own_version() -> str:
    """Return the version of package and trajectories, which workers must share."""
    return f"version {__version__} (trajectories {TRAJECTORY_VERSION})"


@lru_cache(maxsize=2)
def _unpacked(packed: bytes) -> tuple[Scenario, ...]:
    scenarios: tuple[Scenario, ...] = pickle.loads(packed)
    return scenarios


def run_task(
    scenarios: Sequence[Scenario], task: Task, on_done: Callable[[int], None] | None = None
) -> Result:
    """Run a task.

    Parameters
    ----------
    scenarios : sequence of Scenario
        All scenarios of the experiment.
    task : Task
        What to run.
    on_done : callable, optional
        Receives how many replicates of a strategy have just been finished.

    Returns
    -------
    Result
        Rows by treatment, then by replicate.
    """
    began = time.perf_counter()
    treatments = [Treatment(name, task.overrides) for name in task.treatments]
    try:
        setting = settings_of(scenarios[task.scenario], treatments)[0]
        return _run_whole(setting, task, began, on_done)
    except Exception as error:  # any failure is isolated below, and reported with its replicate
        if len(task.treatments) == 1 and len(task.replicates) <= 1:
            return _failed(scenarios[task.scenario], task, error, began)
        return _run_apart(scenarios, task, began)


def _run_whole(setting: Setting, task: Task, began: float, on_done: Callable[[int], None] | None) -> Result:
    with_reference = not INCREMENTAL.isdisjoint(task.metrics)
    ready = setting.prepare(
        task.seed,
        with_reference=with_reference,
        engine=task.engine,
        threads=task.threads,
        levels=task.levels,
    )
    balanced = time.perf_counter() - began
    shape = (len(task.treatments), len(task.replicates), len(task.metrics))
    values = np.full(shape, np.nan)
    if task.replicates:
        values_of(setting, ready, task.replicates, task.metrics, values, on_done)
    levels = {name: level_of(plan) for name, plan in ready.balanced.items()}
    rows = _rows(task, values, levels)
    return Result(rows, (), levels, time.perf_counter() - began, balanced)


def _rows(task: Task, values: Any, levels: Levels) -> Rows:
    names, n = list(task.treatments), len(task.replicates)
    return Rows(
        np.repeat(np.array([task.treatments[name] for name in names], np.int32), n),
        np.tile(np.array(task.replicates, np.int64), len(names)),
        values.reshape(len(names) * n, len(task.metrics)),
        np.repeat(np.array([levels[name]["level"] for name in names], np.float64), n),
        np.repeat(np.array([levels[name]["pilot_spend"] for name in names], np.float64), n),
        np.repeat(np.array([levels[name]["n_pilot_runs"] for name in names], np.int32), n),
        tuple(levels[name]["note"] for name in names for _ in range(n)),
    )


def _run_apart(scenarios: Sequence[Scenario], task: Task, began: float) -> Result:
    """Run every strategy alone, then every replicate of a strategy that fails: only what fails is lost."""
    parts: list[Result] = []
    for name, position in task.treatments.items():
        one = _with(task, {name: position}, task.replicates)
        if len(task.treatments) > 1:
            parts.append(run_task(scenarios, one))
            continue
        for replicate in task.replicates:
            parts.append(run_task(scenarios, _with(one, one.treatments, (replicate,))))
    return Result(
        Rows.concatenate([part.rows for part in parts], len(task.metrics)),
        tuple(failure for part in parts for failure in part.failures),
        {name: level for part in parts for name, level in part.levels.items()},
        time.perf_counter() - began,
        sum(part.balance_seconds for part in parts),
    )


def _with(task: Task, treatments: Mapping[str, int], replicates: tuple[int, ...]) -> Task:
    return Task(**{**vars(task), "treatments": treatments, "replicates": replicates})


def _failed(scenario: Scenario, task: Task, error: Exception, began: float) -> Result:
    message = str(error).split("; it runs alone with:")[0] if isinstance(error, EngineError) else ""
    if isinstance(error, FaultyInputError):
        message = str(error)
    failures = failures_of(scenario, task, message or f"{type(error).__name__}: {error}")
    rows = Rows.concatenate([], len(task.metrics))
    return Result(rows, failures, {}, time.perf_counter() - began, 0.0)


def failures_of(scenario: Scenario, task: Task, message: str) -> tuple[Failure, ...]:
    """Return the failure of every replicate of a task.

    Parameters
    ----------
    scenario : Scenario
        The task's scenario, for the command that runs a replicate alone.
    task : Task
        What failed.
    message : str
        What happened.
    """
    return tuple(
        Failure(position, replicate, message, command(scenario, name, task, replicate))
        for name, position in task.treatments.items()
        for replicate in task.replicates
    )


def command(scenario: Scenario, strategy: str, task: Task, replicate: int) -> str:
    """Return the command that runs one replicate of a treatment alone.

    Parameters
    ----------
    scenario : Scenario
        The scenario; the experiment's folder holds it under its name.
    strategy : str
        The strategy.
    task : Task
        Its seed, engine and overrides.
    replicate : int
        Number of the replicate.
    """
    words = ["simulator", "simulate", f"{FOLDER}/scenarios/{scenario.name}.toml", "--strategy", strategy]
    words += ["--seed", str(task.seed), "--first-replicate", str(replicate), "--replicates", "1"]
    words += ["--engine", task.engine]
    for text in Treatment(strategy, task.overrides).settings:
        words += ["--set", text]
    return shlex.join(words)


def n_simulated(task: Task) -> int:
    """Return how many replicates of strategies a task simulates, that of ``none`` for comparison included."""
    with_reference = not INCREMENTAL.isdisjoint(task.metrics)
    return n_plans(task.treatments, with_reference) * len(task.replicates)
