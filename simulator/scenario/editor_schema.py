"""JSON Schema of scenario files, for completion and checking in editors."""

from __future__ import annotations

from typing import Any

from simulator.scenario.schema import ScenarioTables

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def editor_schema() -> dict[str, Any]:
    """Describe scenario files for editors.

    A file may extend another one, so no key of a table that is merged is required; items of lists are not
    merged, and must be whole.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12, with the meaning and unit of every key.

    Examples
    --------
    >>> editor_schema()["properties"]["horizon"]["maximum"]
    520
    """
    schema = ScenarioTables.model_json_schema()
    definitions = schema["$defs"]
    for name in _merged_tables(schema, definitions):
        definitions[name].pop("required", None)
    schema.pop("required", None)
    schema["properties"] = {
        "extends": {
            "type": "string",
            "description": "scenario file, relative to this one, or shipped scenario that this one varies: "
            "tables are merged, lists and values replaced",
        },
        "abstract": {
            "type": "boolean",
            "default": False,
            "description": "whether the file is only a base for others",
        },
        **schema["properties"],
    }
    refined: dict[str, Any] = _refined(schema)
    return {"$schema": _DIALECT, **refined, "title": "scenario of the consumer market simulator"}


def _merged_tables(node: dict[str, Any], definitions: dict[str, Any]) -> set[str]:
    """Name the tables that are reached without passing through a list."""
    found: set[str] = set()
    waiting = list(node["properties"].values())
    while waiting:
        here = waiting.pop()
        reference = here.get("$ref")
        if reference is not None:
            name = reference.rpartition("/")[2]
            if name not in found:
                found.add(name)
                waiting += definitions[name].get("properties", {}).values()
        waiting += here.get("oneOf", []) + here.get("anyOf", []) + here.get("allOf", [])
        if isinstance(here.get("additionalProperties"), dict):
            waiting.append(here["additionalProperties"])
    return found


def _refined(node: Any) -> Any:
    """Drop what TOML lacks (null) and let variants of a table be told apart by whatever keys they have."""
    if isinstance(node, list):
        return [_refined(item) for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: _refined(value) for key, value in node.items() if key != "discriminator"}
    if isinstance(result.get("oneOf"), list):
        result["anyOf"] = result.pop("oneOf")
    options = result.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        rest = [option for option in options if option != {"type": "null"}]
        result.pop("anyOf")
        result.pop("default", None)
        result = {**rest[0], **result} if len(rest) == 1 else {**result, "anyOf": rest}
    return result
