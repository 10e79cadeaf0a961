"""Checks that the verbs about many replicates share: whole numbers, numbers, names, all faults at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Any

from simulator.errors import Fault, ScenarioError
from simulator.experiment.arguments import Arguments, check_arguments, whole
from simulator.experiment.treatments import Treatment
from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.brand_view import REFERENCE
from simulator.outcomes.metrics import METRIC, METRICS_SEEN
from simulator.outcomes.provenance import machine, network_record, versions
from simulator.outcomes.trajectories import unknown
from simulator.scenario import Scenario

__all__ = [
    "checked",
    "confidence_level",
    "default_metric",
    "directed_metric",
    "is_number",
    "one_of",
    "positive",
    "provenance",
    "told_together",
    "treatments_of",
    "whole",
    "with_reference",
]


def checked(faults: Sequence[Fault], scenario: Scenario, **asked: Any) -> Arguments:
    """Check the arguments that all verbs share, and raise what is wrong with them and with the others.

    Parameters
    ----------
    faults : sequence of Fault
        What is wrong with the verb's own arguments.
    scenario : Scenario
        What is simulated.
    **asked
        As for :func:`~simulator.experiment.arguments.check_arguments`.

    Returns
    -------
    Arguments
        Complete and in range.

    Raises
    ------
    ScenarioError
        With every fault.
    """
    try:
        found = check_arguments(scenario, **asked)
    except ScenarioError as error:
        raise ScenarioError([*error.faults, *faults]) from None
    if faults:
        raise ScenarioError(faults)
    return found


@contextmanager
def told_together(faults: list[Fault]) -> Iterator[None]:
    """Keep the faults that are raised within, to be told with the others."""
    try:
        yield
    except ScenarioError as error:
        faults += error.faults


def is_number(value: object) -> bool:
    """Return whether something is a finite number, truth values apart."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def positive(place: str, value: object, unit: str, faults: list[Fault], remedy: str = "") -> float:
    """Return a finite number above zero; add a fault and return 1 if it is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and math.isfinite(value) and value > 0:  # type: ignore[arg-type, operator]
        return float(value)  # type: ignore[arg-type]
    faults.append(Fault(place, repr(value), f"a number > 0 ({unit})", remedy))
    return 1.0


def confidence_level(place: str, value: object, lowest: float, faults: list[Fault]) -> float:
    """Return a probability above a floor and below one; add a fault and return 0.95 if it is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and lowest < value < 1:  # type: ignore[operator]
        return float(value)  # type: ignore[arg-type]
    expected = f"a probability above {lowest:.3g} and below 1"
    faults.append(Fault(place, repr(value), expected, "for example 0.95"))
    return 0.95


def one_of(place: str, value: object, choices: Sequence[str], faults: list[Fault], see: str = "") -> str:
    """Return one of some words; add a fault with a suggestion and return the first if it is none."""
    if isinstance(value, str) and value in choices:
        return value
    faults.append(unknown(place, value, choices, see=see))
    return choices[0]


def default_metric(metric: str | None, question: Any) -> str:
    """Return the metric that was asked for, also a wrong one; that of a scenario's comparison where none was."""
    if metric is not None:
        return metric
    return "profit" if question is None else str(question.metric)


def directed_metric(place: str, value: object, faults: list[Fault]) -> str:
    """Return the name of a metric of which more or less is better; add a fault if it is none."""
    name = one_of(place, value, tuple(METRIC), faults, METRICS_SEEN)
    if name == value and METRIC[name].better is None:
        expected = "a metric of which more or less is better"
        faults.append(Fault(place, repr(name), expected, "use for example profit or sales"))
    return name


def treatments_of(
    place: str,
    given: Sequence[str | Treatment] | str | None,
    faults: list[Fault],
) -> tuple[list[str] | None, list[Treatment] | None]:
    """Tell names of strategies from treatments.

    Parameters
    ----------
    place : str
        Where they stand, for messages.
    given : sequence, str or None
        Names, treatments, or nothing.
    faults : list of Fault
        Receives what is wrong.

    Returns
    -------
    names, treatments : list or None
        One of them at most.
    """
    if given is None:
        return None, None
    items = [given] if isinstance(given, str) else list(given)
    if items and all(isinstance(item, Treatment) for item in items):
        found = [item for item in items if isinstance(item, Treatment)]
        for item in {item for item in found if found.count(item) > 1}:
            faults.append(Fault(place, f"{item.name!r} twice", "each treatment once"))
        return None, found
    if all(isinstance(item, str) for item in items):
        return [str(item) for item in items], None
    faults.append(Fault(place, repr(items)[:80], "names of strategies, or treatments"))
    return None, None


def with_reference(strategies: Sequence[str], scenario: Scenario) -> list[Treatment]:
    """Return strategies as treatments, after the strategy without campaign and the baseline."""
    names = dict.fromkeys((REFERENCE, scenario.comparison.baseline, *strategies))
    return [Treatment(name) for name in names]


#: Receives what is asked, by key of the manifest.
OnQuestion = Callable[[Mapping[str, Any]], object]


def asked_question(
    on_question: OnQuestion | None, scenario: Scenario, seed: int, **asked: Any
) -> dict[str, Any]:
    """Return everything that the answer of a study rests on, but for how many replicates are run.

    Parameters
    ----------
    on_question : callable or None
        Receives it, before anything is simulated.
    scenario : Scenario
        What is simulated.
    seed : int
        Seed.
    **asked
        The rest, complete and checked.

    Returns
    -------
    dict
        What the manifest says where results answer the same question, by key.
    """
    question = {
        "scenario_digest": scenario.digest,
        "seed": seed,
        "trajectory_version": TRAJECTORY_VERSION,
        **asked,
    }
    if on_question is not None:
        on_question(question)
    return question


def provenance(kind: str, scenario: Scenario, seed: int, engine: str, began: float) -> dict[str, Any]:
    """Return the part of a manifest that all verbs share.

    Parameters
    ----------
    kind : str
        What the results are, for example ``"selection"``.
    scenario : Scenario
        What was simulated.
    seed : int
        Seed.
    engine : str
        Engine.
    began : float
        ``time.time()`` at the start.
    """
    return {
        "kind": kind,
        "scenario_name": scenario.name,
        "scenario_source": scenario.source,
        "overrides": scenario.overrides,
        "scenario": scenario.to_dict(),
        "scenario_digest": scenario.digest,
        "network": network_record(scenario),
        "seed": seed,
        "engine": engine,
        "trajectory_version": TRAJECTORY_VERSION,
        "versions": versions(),
        "machine": machine(),
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)),
        "wall_seconds": round(time.time() - began, 3),
    }
