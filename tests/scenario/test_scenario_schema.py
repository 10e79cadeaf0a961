"""The schema: every key explained, the parameter table used, and a JSON Schema that editors accept."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from simulator.scenario import editor_schema, line_slots, load_scenario
from simulator.scenario.gallery import gallery_folder
from simulator.scenario.parameters import PARAMETERS
from simulator.scenario.schema import ParameterTable, ScenarioTables
from simulator.scenario.schema.base import Table
from simulator.scenario.schema.walk import Spot, fields_of

FILES = sorted(gallery_folder().glob("*.toml"))
SCHEMA = editor_schema()
CHECK = jsonschema.Draft202012Validator(SCHEMA)


def tables(spot: Spot) -> Iterator[type[Table]]:
    """Yield every table that can stand in a scenario."""
    for model in (*spot.kinds.values(), *([spot.table] if spot.table else [])):
        yield model
        for inner in fields_of(model).values():
            yield from tables(inner)
    if spot.item is not None:
        yield from tables(spot.item)


ALL_TABLES = list(dict.fromkeys(tables(Spot(ScenarioTables))))


@pytest.mark.parametrize("model", ALL_TABLES, ids=lambda model: model.__name__)
def test_every_key_has_a_meaning_and_every_number_a_unit(model: type[Table]) -> None:
    assert model.__doc__
    for name, spot in fields_of(model).items():
        assert spot.meaning, name
        if spot.annotation in (int, float):
            assert spot.unit and f"({spot.unit})" in spot.meaning, name


def test_the_walk_finds_all_tables() -> None:
    names = {model.__name__ for model in ALL_TABLES}
    assert {
        "Seeding",
        "EdgeList",
        "TasteShift",
        "StandingCommunity",
        "NeedRateTrait",
        "ParameterTable",
    } <= names


def test_parameters_come_from_the_table() -> None:
    assert list(ParameterTable.model_fields) == [parameter.name for parameter in PARAMETERS]
    defaults = load_scenario("launch").parameters
    for parameter in PARAMETERS:
        assert getattr(defaults, parameter.name) == parameter.default
        spot = fields_of(ParameterTable)[parameter.name]
        assert (spot.bounds["ge"], spot.bounds["le"], spot.unit) == (
            parameter.low,
            parameter.high,
            parameter.unit,
        )


def test_slots_number_the_lines_of_a_channel() -> None:
    scenario = load_scenario("tiny", {"strategies.mass.lines[1].channel": "tv"})
    assert line_slots(scenario.strategies["mass"].lines) == [0, 1]
    assert line_slots(scenario.strategies["social"].lines) == [0, 0, 0, 0, 0]
    pinned = scenario.with_overrides({"strategies.mass.lines[1].slot": 0})
    assert line_slots(pinned.strategies["mass"].lines) == [1, 0]


def test_the_editor_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"].endswith("2020-12/schema")
    assert "null" not in str(SCHEMA)
    price = SCHEMA["$defs"]["Brand"]["properties"]["price"]
    assert price["exclusiveMinimum"] == 0 and price["unit"] == "currency per unit" and price["description"]


ABSTRACT = ("base", "classic")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_shipped_files_are_valid_for_editors(path: Path) -> None:
    assert [error.message for error in CHECK.iter_errors(tomllib.loads(path.read_text("utf-8")))] == []


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.stem not in ABSTRACT], ids=lambda path: path.stem
)
def test_written_scenarios_are_valid_for_editors(path: Path) -> None:
    assert list(CHECK.iter_errors(load_scenario(path).to_dict())) == []


@pytest.mark.parametrize(
    "change",
    [
        {"horizn": 3},
        {"horizon": 0},
        {"market": {"category": "repaet"}},
        {"population": {"consumer": 3}},
        {"network": {"kind": "star", "degree": 3}},
        {"brands": [{"name": "A", "id": 1, "price": 3.0}]},
        {"comparison": {"buget": 3.0}},
        {"strategies": {"mass": {"lines": [{"kind": "price_cut", "share": 2.0}]}}},
        {"events": [{"kind": "exit", "step": 3}]},
    ],
)
def test_editors_see_faults(change: dict[str, Any]) -> None:
    data = copy.deepcopy(tomllib.loads((gallery_folder() / "minimal.toml").read_text("utf-8")))
    assert not CHECK.is_valid({**data, **change})
