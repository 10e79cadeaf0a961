"""What a study varies, as a user names it: priors of parameters, ranges of any number in a scenario."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.errors import Fault, ScenarioError
from simulator.experiment.factors import Factor, factor_faults
from simulator.outcomes.trajectories import unknown
from simulator.scenario import Scenario
from simulator.scenario.parameters import PARAMETER, PARAMETERS

FORMS = ("uniform", "log_uniform")
_EXPECTED = "a parameter, or path=low:high, or path=low:high:log"

#: What users may give: nothing (all priors), names, texts like ``path=low:high``, factors, or ranges by path.
FactorsGiven = Sequence[str | Factor] | Mapping[str, Any] | str | None


def chosen_factors(
    place: str, given: FactorsGiven, scenario: Scenario, faults: list[Fault]
) -> tuple[Factor, ...]:
    """Return the factors of a study, ordered by name.

    The order is not the user's, because samples on a grid or a sequence give each column another quality: the
    same factors named in another order must give the same answer.

    Parameters
    ----------
    place : str
        Where they stand, for messages.
    given : sequence, mapping, str or None
        Names of parameters (their priors), ``"path=low:high"``, ``"path=low:high:log"``, factors, or a
        mapping from path to (low, high) or (low, high, form); None: the priors of all parameters.
    scenario : Scenario
        In which the paths must lead to numbers.
    faults : list of Fault
        Receives what is wrong.

    Returns
    -------
    tuple of Factor
        Those that are in order.
    """
    found: list[Factor] = []
    items = _items(given)
    if not items:
        faults.append(Fault(place, "nothing", "at least one factor", _EXPECTED))
    for item in items:
        factor = _factor(place, item, scenario, faults)
        if factor is not None:
            found.append(factor)
    names = [factor.name for factor in found]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.append(Fault(place, f"{name!r} twice", "each factor once"))
    return tuple(sorted(found, key=lambda factor: factor.name))


def _items(given: FactorsGiven) -> list[Any]:
    if given is None:
        return [parameter.name for parameter in PARAMETERS]
    if isinstance(given, str):
        return [part.strip() for part in given.split(",") if part.strip()]
    return list(given.items()) if isinstance(given, Mapping) else list(given)


def _factor(place: str, item: Any, scenario: Scenario, faults: list[Fault]) -> Factor | None:
    if isinstance(item, Factor):
        return _continuous(place, item, scenario, faults)
    if isinstance(item, str) and "=" not in item:
        name = item.removeprefix("parameters.")
        if name in PARAMETER:
            return Factor.prior(name)
        remedy = unknown(place, item, PARAMETER, "see simulator.PARAMETERS for their names").remedy
        faults.append(Fault(place, repr(item), _EXPECTED, remedy))
        return None
    pair = _split(item) if isinstance(item, str) else item
    if not isinstance(pair, tuple) or len(pair) != 2:
        faults.append(Fault(place, repr(item), _EXPECTED))
        return None
    path, span = str(pair[0]), pair[1]
    if path in PARAMETER:
        path = f"parameters.{path}"
    ends = _ends(span)
    if ends is None:
        faults.append(Fault(f"{place}: {path}", repr(span), "a low and a high number", _EXPECTED))
        return None
    low, high, form = ends
    is_whole = isinstance(_value(scenario, path), int)
    factor = Factor(path.removeprefix("parameters."), (path,), form, low=low, high=high, is_whole=is_whole)
    return _continuous(place, factor, scenario, faults)


def _continuous(place: str, factor: Factor, scenario: Scenario, faults: list[Fault]) -> Factor | None:
    """Return a factor with a range that leads to a number; add what is wrong."""
    before = len(faults)
    if factor.kind == "levels":
        faults.append(Fault(f"{place}: {factor.name}", "levels", "a range of numbers, low and high"))
        return None
    faults.extend(factor_faults(f"{place}: {factor.name}", factor))
    for path in factor.paths:
        value = _value(scenario, path, faults)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            faults.append(Fault(f"{place}: {path}", repr(value)[:60], "a path that leads to a number"))
    if len(faults) > before:
        return None
    for end in (0.0, 1.0):
        try:
            scenario.with_overrides(factor.overrides(factor.at(end)))
        except ScenarioError as error:
            faults.extend(error.faults)
    return factor if len(faults) == before else None


def _value(scenario: Scenario, path: str, faults: list[Fault] | None = None) -> Any:
    if path.removeprefix("parameters.") in PARAMETER:
        return 0.0
    try:
        return scenario.value_at(path)
    except ScenarioError as error:
        if faults is not None:
            faults.extend(error.faults)
        return None


def _split(text: str) -> tuple[str, str]:
    path, _, span = text.partition("=")
    return path.strip(), span.strip()


def _ends(span: Any) -> tuple[float, float, Any] | None:
    """Return low, high and form of a range, or None if it is none."""
    parts = span.split(":") if isinstance(span, str) else list(span) if isinstance(span, Sequence) else []
    form = "uniform"
    if len(parts) == 3:
        form = {"log": "log_uniform"}.get(str(parts[2]), str(parts[2]))
        parts = parts[:2]
    if len(parts) != 2 or form not in FORMS:
        return None
    try:
        low, high = float(parts[0]), float(parts[1])
    except (TypeError, ValueError):
        return None
    return (low, high, form) if math.isfinite(low) and math.isfinite(high) else None
