"""Arguments of the public verbs, checked at the door: all faults at once."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.errors import Fault, ScenarioError
from simulator.outcomes.brand_view import REFERENCE
from simulator.outcomes.metrics import METRIC
from simulator.outcomes.trajectories import unknown
from simulator.outcomes.wording import counted
from simulator.scenario import Scenario

LARGEST_SEED = 2**32 - 1
LARGEST_REPLICATE = 2**31 - 1


@dataclass(frozen=True)
class Arguments:
    """What a public verb was asked, checked and completed from the scenario.

    Parameters
    ----------
    strategies : tuple of str
        Names of strategies.
    seed : int
        0 to 2**32 - 1.
    replicates : range
        Numbers of the replicates.
    engine : str
        ``"numba"`` or ``"mesa"``.
    threads : int
        At least 1.
    """

    strategies: tuple[str, ...]
    seed: int
    replicates: range
    engine: str
    threads: int


def check_arguments(
    scenario: Scenario,
    *,
    strategies: str | Sequence[str] | None,
    seed: int | None,
    n_replicates: int | None,
    first_replicate: int,
    engine: str,
    threads: int | None,
    verb: str,
    is_comparison: bool = False,
) -> Arguments:
    """Check the arguments of a public verb.

    Parameters
    ----------
    scenario : Scenario
        What is simulated; supplies what is not given.
    strategies : str or sequence of str, optional
        One name or several.
    seed, n_replicates, threads : int, optional
        Zero is a seed; None stands for the scenario's seed and replicates, and for all processors.
    first_replicate : int
        Number of the first replicate.
    engine : str
        ``"numba"`` or ``"mesa"``.
    verb : str
        Name of the public verb, for messages.
    is_comparison : bool
        Whether the scenario's metric and baseline are needed; the baseline and ``none`` are then added.

    Returns
    -------
    Arguments
        Complete and in range.

    Raises
    ------
    ScenarioError
        With every fault found.
    """
    from simulator.engines.runner import ENGINES, default_threads

    if not isinstance(scenario, Scenario):
        remedy = "load it with load_scenario(path)"
        raise ScenarioError([Fault(f"{verb}(scenario)", repr(scenario)[:80], "a Scenario", remedy)])
    faults: list[Fault] = []
    names = _strategies(scenario, strategies, verb, faults)
    if is_comparison:
        faults.extend(_question_faults(scenario))
        names = compared_strategies(scenario, names)
    defaults = scenario.comparison
    given = defaults.seed if seed is None else seed
    checked_seed = whole(f"{verb}(seed)", given, 0, LARGEST_SEED, faults)
    given = defaults.replicates if n_replicates is None else n_replicates
    count = whole(f"{verb}(n_replicates)", given, 1, LARGEST_REPLICATE + 1, faults)
    first = whole(f"{verb}(first_replicate)", first_replicate, 0, LARGEST_REPLICATE, faults)
    if first + count - 1 > LARGEST_REPLICATE:
        got = f"{first} with {counted(count, 'replicate')}"
        expected = f"a last replicate of at most {LARGEST_REPLICATE}"
        faults.append(Fault(f"{verb}(first_replicate)", got, expected))
    if engine not in ENGINES:
        faults.append(unknown(f"{verb}(engine)", engine, ENGINES))
    given = default_threads() if threads is None else threads
    n_threads = whole(f"{verb}(threads)", given, 1, 4096, faults)
    if faults:
        raise ScenarioError(faults)
    return Arguments(names, checked_seed, range(first, first + count), engine, n_threads)


def compared_strategies(scenario: Scenario, given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the strategies that a comparison runs: those given, behind ``none`` and the baseline where missing.

    Parameters
    ----------
    scenario : Scenario
        What is simulated; supplies its own strategies where none are given.
    given : str or sequence of str, optional
        One name or several.

    Returns
    -------
    tuple of str
        Names, not checked.
    """
    names = (given,) if isinstance(given, str) else scenario.strategy_names if given is None else tuple(given)
    missing = dict.fromkeys((REFERENCE, scenario.comparison.baseline))
    return (*(name for name in missing if name not in names), *names)


def _question_faults(scenario: Scenario) -> list[Fault]:
    """Return what is wrong with the metric of a scenario's comparison."""
    faults = []
    metric = METRIC.get(scenario.comparison.metric)
    with_direction = tuple(name for name in METRIC if METRIC[name].better)
    if metric is None:
        faults.append(unknown("comparison.metric", scenario.comparison.metric, with_direction))
    elif metric.better is None:
        expected = "a metric of which more or less is better"
        faults.append(
            Fault("comparison.metric", repr(metric.name), expected, "use for example profit or sales")
        )
    return faults


def _strategies(
    scenario: Scenario, given: str | Sequence[str] | None, verb: str, faults: list[Fault]
) -> tuple[str, ...]:
    known = tuple(scenario.strategies)
    if given is None:
        return scenario.strategy_names
    names = (given,) if isinstance(given, str) else tuple(given)
    if not names:
        faults.append(Fault(f"{verb}(strategies)", "nothing", "at least one strategy"))
    for name in dict.fromkeys(names):
        if name not in known:
            remedy = f"choose one of these, or define [strategies.{name}] in the scenario"
            faults.append(unknown(f"{verb}(strategies)", name, known, remedy))
        elif names.count(name) > 1:
            faults.append(Fault(f"{verb}(strategies)", f"{name!r} twice", "each strategy once"))
    return names


def whole(place: str, value: object, low: int, high: int, faults: list[Fault]) -> int:
    """Return a whole number in a range; add a fault and return the lower end if it is none."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = low - 1
    if isinstance(value, bool) or not low <= number <= high:
        faults.append(Fault(place, repr(value), f"a whole number from {low} to {high}"))
        return low
    return number
