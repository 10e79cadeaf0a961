"""Treatments: a strategy under overrides of a scenario, and their outcomes in numbered replicates.

Everything that compares, selects, fits or optimizes asks one question of the simulator: the outcomes of these
treatments in these replicates. :func:`evaluate` answers it. Treatments that share their overrides share a
market, its worlds and the pilots on which their budgets are balanced; the numbers are the same whichever
treatments and replicates are asked for together, so answers may be put together from parts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import EngineError, Fault, ScenarioError
from simulator.experiment.arguments import LARGEST_REPLICATE, Arguments, check_arguments
from simulator.experiment.levels import LEVELS, balanced_plan
from simulator.experiment.simulation import (
    MEMORY_LIMIT,
    SIMULATING,
    OnProgress,
    Treatments,
    bytes_per_replicate,
    counter,
)
from simulator.outcomes.brand_view import REFERENCE
from simulator.outcomes.metrics import INCREMENTAL, METRIC, METRICS_SEEN, measure
from simulator.outcomes.trajectories import unknown
from simulator.scenario import Scenario
from simulator.scenario.overrides import plain
from simulator.scenario.wording import listed, shown

#: Most bytes of recorded numbers that an evaluation holds at once.
_BLOCK_BYTES = MEMORY_LIMIT // 8


@dataclass(frozen=True, eq=False)
class Treatment:
    """A strategy, and what it changes in the scenario.

    Parameters
    ----------
    strategy : str
        Name of a strategy of the scenario.
    overrides : mapping, optional
        Values by dotted path, as in ``Scenario.with_overrides``; applied in the order of the paths.
    label : str, optional
        Description for people; two treatments that differ in it alone are equal.

    Examples
    --------
    >>> a = Treatment("mass", {"brands.Ours.price": 9.0, "horizon": 26})
    >>> a == Treatment("mass", {"horizon": 26, "brands.Ours.price": 9.0}, label="cheaper"), a.name
    (True, 'mass, brands.Ours.price=9.0, horizon=26')
    """

    strategy: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""

    def __post_init__(self) -> None:
        changes = plain(dict(self.overrides))
        ordered = {path: changes[path] for path in sorted(changes)}
        object.__setattr__(self, "overrides", MappingProxyType(ordered))

    @property
    def digest(self) -> str:
        """Hash of strategy and overrides, 64 hexadecimal digits."""
        text = json.dumps([self.strategy, dict(self.overrides)], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def name(self) -> str:
        """The label, or the strategy with its overrides."""
        return self.label or ", ".join([self.strategy, *self.settings])

    @property
    def settings(self) -> tuple[str, ...]:
        """The overrides as ``path=value``, as the command line takes them after ``--set``."""
        return tuple(f"{path}={as_text(value)}" for path, value in self.overrides.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Treatment) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[Any, ...]:
        return Treatment, (self.strategy, dict(self.overrides), self.label)


def as_text(value: Any) -> str:
    """Return a value as the command line takes it behind an equals sign."""
    return value if isinstance(value, str) and value.isidentifier() else json.dumps(value)


@dataclass(frozen=True, eq=False)
class Setting:
    """Treatments with the same overrides: one market, with the same worlds for all its strategies.

    Parameters
    ----------
    scenario : Scenario
        With the overrides.
    overrides : mapping
        Values by dotted path.
    positions : mapping
        By strategy, the places of its treatments among all that were asked for.
    """

    scenario: Scenario
    overrides: Mapping[str, Any]
    positions: Mapping[str, tuple[int, ...]]

    def prepare(
        self,
        seed: int,
        *,
        with_reference: bool,
        engine: str,
        threads: int,
        levels: Mapping[str, Mapping[str, Any]] | None = None,
        on_progress: OnProgress | None = None,
    ) -> Treatments:
        """Build the market and balance the budgets, as far as this process has not solved them before.

        Parameters
        ----------
        seed : int
            0 to 2**32 - 1.
        with_reference : bool
            Whether the strategy without campaign is run too, for incremental metrics.
        engine : {"numba", "mesa"}
            Engine of the replicates; pilots always run on the compiled one.
        threads : int
            At least 1.
        levels : mapping, optional
            By strategy, what is not to be solved here: ``level, pilot_spend, budget, n_pilot_runs, note``, as
            in :class:`~simulator.experiment.budget.BalancedPlan`.
        on_progress : callable, optional
            Receives (task, done, total).

        Returns
        -------
        Treatments
            Ready to run.
        """
        from simulator.model.market import build_market

        strategies = tuple(self.positions)
        if with_reference and REFERENCE not in strategies:
            strategies = (REFERENCE, *strategies)
        market = build_market(self.scenario)
        given = {name: parts for name, parts in (levels or {}).items() if name in strategies}
        rest = [name for name in strategies if name not in given]
        balanced = LEVELS.plans(self.scenario, market, rest, seed, threads, on_progress)
        balanced.update({name: balanced_plan(market, name, parts) for name, parts in given.items()})
        asked = Arguments(strategies, seed, range(0), engine, threads)
        return Treatments(self.scenario, market, asked, balanced)


def settings_of(scenario: Scenario, treatments: Sequence[Treatment]) -> list[Setting]:
    """Group treatments by their overrides, and check all of them.

    Parameters
    ----------
    scenario : Scenario
        What the overrides change.
    treatments : sequence of Treatment
        At least one.

    Returns
    -------
    list of Setting
        In the order of first appearance; treatments whose scenarios are equal are together.

    Raises
    ------
    ScenarioError
        With every fault of every treatment, each told once.
    """
    faults: dict[str, Fault] = {}
    scenarios: dict[str, Scenario | None] = {}
    settings: dict[str, Setting] = {}
    places: dict[str, dict[str, list[int]]] = {}
    for position, treatment in enumerate(treatments):
        key = json.dumps(dict(treatment.overrides), sort_keys=True)
        if key not in scenarios:
            scenarios[key] = _overridden(scenario, treatment.overrides, faults)
        changed = scenarios[key]
        if changed is None:
            continue
        if treatment.strategy not in changed.strategies:
            fault = unknown("strategy", treatment.strategy, tuple(changed.strategies))
            faults[str(fault)] = fault
            continue
        found = places.setdefault(changed.digest, {})
        found.setdefault(treatment.strategy, []).append(position)
        settings.setdefault(changed.digest, Setting(changed, treatment.overrides, {}))
    if faults:
        raise ScenarioError(faults.values())
    return [
        replace(setting, positions={name: tuple(found) for name, found in places[digest].items()})
        for digest, setting in settings.items()
    ]


def _overridden(
    scenario: Scenario, overrides: Mapping[str, Any], faults: dict[str, Fault]
) -> Scenario | None:
    try:
        return scenario.with_overrides(overrides) if overrides else scenario
    except ScenarioError as error:
        for fault in error.faults:
            faults.setdefault(f"{fault.place}: {fault.expected}", fault)
        return None


def evaluate(
    scenario: Scenario,
    treatments: Sequence[Treatment],
    *,
    seed: int,
    replicates: range | Sequence[int],
    metrics: Sequence[str],
    engine: str = "numba",
    threads: int | None = None,
    on_progress: OnProgress | None = None,
) -> NDArray[np.float64]:
    """Return the outcomes of treatments in numbered replicates.

    Parameters
    ----------
    scenario : Scenario
        What is simulated, before the overrides of the treatments.
    treatments : sequence of Treatment
        At least one; equal treatments are simulated once.
    seed : int
        0 to 2**32 - 1.
    replicates : range or sequence of int
        Their numbers, each once, in any order and not necessarily from 0. Replicate 7 has the same chance
        events under every treatment, and is the same whichever are asked for with it.
    metrics : sequence of str
        Names of metrics, of the focal brand. Incremental ones are measured against ``none`` in the same
        world, which is simulated for them.
    engine : {"numba", "mesa"}
        Engine; both give the same outcomes.
    threads : int, optional
        Threads of the numba engine; all processors if omitted.
    on_progress : callable, optional
        Receives (task, done, total).

    Returns
    -------
    ndarray of float64, shape (treatment, replicate, metric)
        Outcomes per replicate; NaN where a metric is undefined.

    Raises
    ------
    ScenarioError
        With every fault of the arguments and of all treatments.
    EngineError
        If a replicate fails; the message has the command that runs it alone.
    """
    numbers = list(replicates)
    faults = [
        *replicate_faults("evaluate(replicates)", numbers),
        *metric_faults("evaluate(metrics)", metrics),
    ]
    if not treatments:
        faults.append(Fault("evaluate(treatments)", "nothing", "at least one treatment"))
    try:
        settings = settings_of(scenario, treatments) if isinstance(scenario, Scenario) else []
    except ScenarioError as error:
        faults += error.faults
    asked: dict[str, Any] = {"seed": seed, "n_replicates": 1, "first_replicate": 0, "engine": engine}
    try:
        checked = check_arguments(scenario, strategies=None, threads=threads, verb="evaluate", **asked)
    except ScenarioError as error:
        raise ScenarioError([*error.faults, *faults]) from None
    if faults:
        raise ScenarioError(faults)
    with_reference = not INCREMENTAL.isdisjoint(metrics)
    values = np.full((len(treatments), len(numbers), len(metrics)), np.nan)
    n_runs = sum(n_plans(setting.positions, with_reference) for setting in settings) * len(numbers)
    on_done = counter(on_progress, SIMULATING, n_runs)
    for setting in settings:
        ready = setting.prepare(
            checked.seed,
            with_reference=with_reference,
            engine=engine,
            threads=checked.threads,
            on_progress=on_progress,
        )
        values_of(setting, ready, numbers, metrics, values, on_done)
    return values


def n_plans(strategies: Collection[str], with_reference: bool) -> int:
    """Return how many strategies are simulated in every replicate, ``none`` for comparison included."""
    return len(strategies) + (with_reference and REFERENCE not in strategies)


def values_of(
    setting: Setting,
    ready: Treatments,
    replicates: Sequence[int],
    metrics: Sequence[str],
    values: NDArray[np.float64],
    on_done: Any = None,
) -> None:
    """Simulate one setting and put its outcomes in their places.

    Parameters
    ----------
    setting : Setting
        Treatments with the same overrides.
    ready : Treatments
        What :meth:`Setting.prepare` returned.
    replicates : sequence of int
        Their numbers.
    metrics : sequence of str
        Names of metrics.
    values : ndarray of float64, shape (treatment, replicate, metric)
        Receives the outcomes.
    on_done : callable, optional
        Receives how many replicates of a strategy have just been finished.
    """
    strategies = ready.arguments.strategies
    n_bytes = bytes_per_replicate(setting.scenario, len(strategies))
    size = max(ready.arguments.threads, _BLOCK_BYTES // n_bytes)
    for start in range(0, len(replicates), size):
        part = replicates[start : start + size]
        try:
            trajectories = ready.run(part, on_done)
        except EngineError as error:
            raise _with_settings(error, setting) from error
        outcomes = measure(trajectories, metrics=metrics)
        for name, positions in setting.positions.items():
            for position in positions:
                values[position, start : start + len(part)] = outcomes.values[strategies.index(name)]


def _with_settings(error: EngineError, setting: Setting) -> EngineError:
    """Add the overrides to the command that the message of a failed replicate ends with."""
    settings = Treatment("", setting.overrides).settings
    return EngineError(" ".join([str(error), *(f"--set '{text}'" for text in settings)]))


def replicate_faults(place: str, numbers: Sequence[int]) -> list[Fault]:
    """Return what is wrong with a list of replicates.

    Parameters
    ----------
    place : str
        Where the list stands, for messages.
    numbers : sequence of int
        Numbers of replicates.
    """
    faults = []
    if not numbers:
        faults.append(Fault(place, "nothing", "at least one replicate"))
    bad: list[Any] = [n for n in numbers if isinstance(n, bool) or not isinstance(n, int | np.integer)]
    bad = bad or [n for n in numbers if not 0 <= n <= LARGEST_REPLICATE]
    if bad:
        faults.append(Fault(place, shown(bad[0]), f"whole numbers from 0 to {LARGEST_REPLICATE}"))
    elif len(set(numbers)) < len(numbers):
        twice = next(n for n in numbers if list(numbers).count(n) > 1)
        faults.append(Fault(place, f"{twice} twice", "each replicate once"))
    return faults


def metric_faults(place: str, metrics: Sequence[str]) -> list[Fault]:
    """Return what is wrong with a list of metrics.

    Parameters
    ----------
    place : str
        Where the list stands, for messages.
    metrics : sequence of str
        Names of metrics.
    """
    if isinstance(metrics, str):
        return [Fault(place, shown(metrics), "a list of names of metrics", f"write [{listed([metrics])}]")]
    faults = [unknown(place, name, tuple(METRIC), see=METRICS_SEEN) for name in metrics if name not in METRIC]
    if not metrics:
        faults.append(Fault(place, "nothing", "at least one metric"))
    twice = sorted({name for name in metrics if list(metrics).count(name) > 1})
    faults += [Fault(place, f"{shown(name)} twice", "each metric once") for name in twice]
    return faults
