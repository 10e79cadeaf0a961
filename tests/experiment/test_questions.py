"""What counts as the question of a study: every argument, but where it runs and how many replicates it takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pytest

import simulator as sim
from simulator.experiment.comparison_question import comparison_question
from simulator.experiment.measurement_export import export_question

#: Where and how replicates are run; results do not depend on it.
ELSEWHERE = {
    *(
        "engine",
        "threads",
        "processes",
        "cluster",
        "keep_in",
        "out",
        "on_progress",
        "on_question",
        "scenario",
    ),
}
#: How many replicates are taken: the same question may be answered by more of them.
SIZES = {"n_replicates", "max_replicates", "n_evaluation", "n_check"}

RANGE = "brands.Ours.price=8:12"


class Asked(Exception):
    """Ends a verb where it has said what it is asked."""


def question_of(verb: Callable[..., Any], scenario: sim.Scenario, given: Mapping[str, Any]) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def heard(question: Mapping[str, Any]) -> None:
        found.append(dict(question))
        raise Asked

    with pytest.raises(Asked):
        verb(scenario, **given, on_question=heard)
    return found[0]


def compared(scenario: sim.Scenario, *, on_question: Callable[..., object], **given: Any) -> None:
    on_question(comparison_question(scenario, **given).identity)


def exported(scenario: sim.Scenario, *, on_question: Callable[..., object], **given: Any) -> None:
    strategy = given.pop("strategy")
    parameters = inspect.signature(sim.export).parameters
    options = {
        name: one.default
        for name, one in parameters.items()
        if name not in ("scenario", "strategy", "out", "on_progress")
    }
    on_question(export_question(scenario, strategy, **{**options, **given}))


#: By verb: how its question is heard, the call, and for each argument a value that makes it another question.
VERBS: dict[str, tuple[Callable[..., Any], dict[str, Any], dict[str, Any]]] = {
    "select": (
        sim.select,
        {"indifference": 300.0},
        {
            "strategies": ["mass"],
            "method": "ocba",
            "metric": "sales",
            "indifference": 200.0,
            "confidence": 0.8,
            "first_stage": 11,
            "batch": 5,
            "seed": 8,
        },
    ),
    "sensitivity": (
        sim.sensitivity,
        {"factors": RANGE, "n_points": 4},
        {
            "factors": "brands.Ours.price=8:11",
            "method": "sobol",
            "metric": "sales",
            "strategies": ["mass"],
            "n_points": 8,
            "confidence": 0.8,
            "seed": 8,
        },
    ),
    "regime_map": (
        sim.regime_map,
        {"factors": f"{RANGE},p_strong"},
        {
            "factors": f"{RANGE},p_weak",
            "strategies": ["mass"],
            "metric": "sales",
            "n_levels": 3,
            "confidence": 0.8,
            "seed": 8,
        },
    ),
    "reversal": (
        sim.reversal,
        {"factor": RANGE},
        {
            "factor": "p_strong",
            "strategies": ["social", "none"],
            "metric": "sales",
            "n_levels": 5,
            "tolerance": 0.1,
            "confidence": 0.8,
            "seed": 8,
        },
    ),
    "variance_split": (
        sim.variance_split,
        {"strategies": ["mass"]},
        {
            "strategies": ["mass", "none"],
            "metric": "sales",
            "factors": RANGE,
            "n_parameters": 5,
            "n_worlds": 2,
            "confidence": 0.8,
            "interval": "parametric",
            "seed": 8,
        },
    ),
    "trace": (sim.trace, {"strategy": "mass"}, {"strategy": "social", "seed": 8, "replicate": 1}),
    "compare": (
        compared,
        {"precision": {"profit": 900.0}, "max_replicates": 90, "n_replicates": 10},
        {
            "strategies": ["mass"],
            "seed": 8,
            "n_replicates": 12,
            "first_replicate": 1,
            "precision": {"profit": 800.0},
            "precision_method": "stein",
            "max_replicates": 80,
        },
    ),
    "export": (
        exported,
        {"strategy": "mass"},
        {
            "strategy": "social",
            "kind": "ab_test",
            "variation": 0.4,
            "flight_weeks": 2,
            "start_week": 3,
            "regions": ["north"],
            "line": 1,
            "share": 0.4,
            "n_markets": 10,
            "n_expected": 3,
            "replicate": 1,
            "start_date": "2024-01-08",
            "seed": 8,
        },
    ),
}


@pytest.fixture(scope="module")
def tiny() -> sim.Scenario:
    return sim.load_scenario("tiny")


@pytest.mark.parametrize("name", VERBS)
def test_every_argument_counts(tiny: sim.Scenario, name: str) -> None:
    verb, given, changes = VERBS[name]
    sizes = set() if name == "compare" else SIZES
    arguments = set(inspect.signature(getattr(sim, name)).parameters) - ELSEWHERE - sizes
    assert arguments == set(changes), "a new argument is part of the question, or is said to be none"
    base = question_of(verb, tiny, given)
    assert base == question_of(verb, tiny, given)
    for argument, value in changes.items():
        other = question_of(verb, tiny, {**given, argument: value})
        assert other != base, argument
    dearer = tiny.with_overrides({"brands.Ours.price": 9.5})
    assert question_of(verb, dearer, given) != base
    for argument, value in {"n_replicates": 12, "max_replicates": 500, "n_evaluation": 7}.items():
        if argument in sizes & set(inspect.signature(getattr(sim, name)).parameters):
            assert question_of(verb, tiny, {**given, argument: value}) == base, argument


def test_replicates_of_a_comparison_without_a_precision_count(tiny: sim.Scenario) -> None:
    few, more = (comparison_question(tiny, n_replicates=n).identity for n in (3, 4))
    assert few != more and few["n_replicates"] == 3


def test_the_first_stage_of_a_precision_is_part_of_a_comparison(tiny: sim.Scenario, tmp_path) -> None:
    """The manifest says of results what the question says, so that a folder finds its own question again."""
    asked = {"strategies": ["mass"], "precision": {"profit": 1e9}, "max_replicates": 90}
    found = sim.compare(tiny, **asked, n_replicates=5)
    place = found.save(tmp_path / "out")
    from simulator.outcomes.places import check_place

    check_place(place, question=comparison_question(tiny, **asked, n_replicates=5).identity)
    with pytest.raises(sim.StoreError, match=r"another question \(another first stage\)"):
        check_place(place, question=comparison_question(tiny, **asked, n_replicates=6).identity)
