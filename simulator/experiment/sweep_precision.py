"""Replicates of a whole design until the outcomes of its treatments are as precise as was asked.

All treatments get the same replicates, so that they stay paired; the one that needs most says how many. Rounds depend
on the stored outcomes alone: an interrupted sweep that is called again ends with the same replicates.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.experiment.argument_checks import one_of, whole
from simulator.experiment.collection import Contrast, Target, precision_record, targets_of
from simulator.experiment.design_file import Design
from simulator.experiment.precision import METHODS, Goal, Precision, replicate_until
from simulator.experiment.sampling import Values
from simulator.outcomes.brand_view import REFERENCE
from simulator.outcomes.replicate_blocks import BLOCKS
from simulator.outcomes.shards import Rows
from simulator.scenario import Scenario

#: Most replicates of a treatment, where the user does not say.
MOST_REPLICATES = 1000
#: Runs a design and returns everything that is stored of it.
Run = Callable[[Design], Rows]


@dataclass(frozen=True)
class Asked:
    """How precise outcomes of a sweep shall become.

    Parameters
    ----------
    targets : tuple of Target
        Half-widths; none where nothing was asked.
    method : str
        Procedure, of :data:`simulator.experiment.precision.METHODS`.
    most : int
        Most replicates.
    """

    targets: tuple[Target, ...]
    method: str
    most: int


def asked_of(design: Design, given: Mapping[str, float | str] | None, method: str, most: int | None) -> Asked:
    """Check what is asked of the precision of a sweep.

    Parameters
    ----------
    design : Design
        What is run; its replicates are the fewest.
    given, method, most
        ``precision``, ``precision_method`` and ``max_replicates`` of :func:`simulator.sweep`.

    Returns
    -------
    Asked
        Complete.

    Raises
    ------
    ScenarioError
        With every fault.
    """
    faults: list[Fault] = []
    one_of("sweep(precision_method)", method, METHODS, faults)
    limit = BLOCKS["select"].stop
    n_most = whole("sweep(max_replicates)", MOST_REPLICATES if most is None else most, 2, limit, faults)
    targets = targets_of("sweep(precision)", given, design.strategies, method, faults)
    for target in targets:
        place = f"sweep(precision): {target.key}"
        if target.metric not in design.metrics:
            faults.append(Fault(place, target.metric, f"a stored metric: {', '.join(design.metrics)}"))
        if not target.of and (REFERENCE not in design.strategies or len(design.strategies) < 2):
            expected = f"{REFERENCE} and another strategy in the design, for differences between them"
            remedy = f"ask for means instead: {target.metric}@all"
            faults.append(Fault(place, ", ".join(design.strategies), expected, remedy))
    if targets and len(design.replicates) < 2:
        faults.append(Fault("sweep(replicates)", "1", "at least 2, to see how outcomes vary"))
    if targets and n_most < len(design.replicates):
        expected = f"at least the {len(design.replicates):,} replicates of the design, with which it begins"
        faults.append(Fault("sweep(max_replicates)", f"{n_most:,}", expected))
    if faults:
        raise ScenarioError(faults)
    return Asked(targets, method, n_most)


def run_until(design: Design, asked: Asked, run: Run) -> Precision:
    """Run a design in rounds until everything is as precise as was asked.

    Parameters
    ----------
    design : Design
        Its replicates are the first round.
    asked : Asked
        Half-widths, at least one. Their intervals hold together, over all scenarios and points, with the largest
        confidence that one of the scenarios asks for.
    run : callable
        Runs a design; see :data:`Run`.

    Returns
    -------
    Precision
        What was reached.
    """
    first = design.replicates.start
    names, n_strategies = design.strategies, len(design.strategies)
    contrasts, places = _contrasts(design, asked), _places(design)

    def draw(numbers: Sequence[int]) -> Values:
        replicates = range(first + numbers[0], first + numbers[-1] + 1)
        rows = run(replace(design, replicates=replicates))
        metrics = {target.metric: design.metrics.index(target.metric) for target in asked.targets}
        cubes = {
            name: _outcomes(rows, column, design.n_treatments, replicates).reshape(
                len(places), n_strategies, -1
            )
            for name, column in metrics.items()
        }
        return np.stack(
            [one.values(cubes[one.target.metric][k]) for k in range(len(places)) for one in contrasts]
        )

    goals: list[Goal] = [
        one.goal(names, _where(design, scenario.name, point))
        for scenario, point in places
        for one in contrasts
    ]
    _, precision = replicate_until(
        draw,
        goals,
        confidence=_confidence(design),
        method=asked.method,
        first_stage=len(design.replicates),
        most=asked.most,
    )
    return precision


def begun_record(design: Design, asked: Asked) -> dict[str, Any] | None:
    """Return what is recorded of a precision while rounds are due; None where none was asked."""
    if not asked.targets:
        return None
    return {
        "targets": {target.key: target.text for target in asked.targets},
        "method": asked.method,
        "first_stage": len(design.replicates),
        "max_replicates": asked.most,
        "is_reached": False,
        "is_final": False,
        "caveat": "",
        "replicates": None,
        "confidence": _confidence(design),
        "intervals": len(_contrasts(design, asked)) * len(_places(design)),
        "sentence": (
            "The precision asked for is not reached yet: the sweep still runs, or was ended and goes on when it is "
            "called again."
        ),
    }


def record_of(precision: Precision, asked: Asked) -> dict[str, Any]:
    """Return what was asked and reached, as plain data for the manifest."""
    return {
        **(precision_record(precision, asked.targets) or {}),
        "is_final": True,
        "replicates": precision.n,
        "confidence": precision.confidence,
        "intervals": len(precision.goals),
        "sentence": precision.sentence,
    }


def given_up(record: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what a call that asks for no precision records of one whose rounds were still due; None for others."""
    if record is None or record.get("is_final", True):
        return None
    sentence = (
        "The precision asked for was not reached: a later call asked for none, and no further rounds were run; ask for "
        "it again to go on."
    )
    return {**record, "is_final": True, "sentence": sentence}


def is_another(record: Mapping[str, Any] | None, asked: Mapping[str, Any]) -> bool:
    """Return whether a record is of another precision than the one that is asked."""
    keys = ("targets", "method", "first_stage", "max_replicates")
    return record is not None and any(record.get(key) != asked[key] for key in keys)


def _contrasts(design: Design, asked: Asked) -> list[Contrast]:
    return [one for target in asked.targets for one in target.contrasts(design.strategies, REFERENCE)]


def _places(design: Design) -> list[tuple[Scenario, int]]:
    return list(itertools.product(design.scenarios, range(len(design.points))))


def _confidence(design: Design) -> float:
    return max(scenario.comparison.confidence for scenario in design.scenarios)


def _where(design: Design, scenario: str, point: int) -> str:
    """Return at which point, and in which scenario, where there are several."""
    at = f" at point {point}" if len(design.points) > 1 else ""
    return at + (f" of {scenario}" if len(design.scenarios) > 1 else "")


def _outcomes(rows: Rows, column: int, n_treatments: int, replicates: range) -> Values:
    """Return one metric's outcomes, shape (treatment, replicate); NaN where a replicate failed."""
    found = np.full((n_treatments, len(replicates)), np.nan)
    is_asked = (rows.replicates >= replicates.start) & (rows.replicates < replicates.stop)
    place = rows.treatments[is_asked], rows.replicates[is_asked] - replicates.start
    found[place] = rows.values[is_asked, column]
    return found
