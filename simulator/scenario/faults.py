"""Pydantic's errors in the words of this package: place, got, expected, remedy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from simulator.errors import Fault
from simulator.scenario.schema import ScenarioTables
from simulator.scenario.schema.base import NAME_PATTERN, NAME_RULE, Table
from simulator.scenario.schema.walk import Spot, fields_of, walk
from simulator.scenario.tree import Tree
from simulator.scenario.wording import Loc, did_you_mean, listed, nearest, reads_as_number, shown

_OUT_OF_RANGE = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}


def faults_of(
    error: ValidationError, tree: Tree, model: type[Table] = ScenarioTables
) -> tuple[list[Fault], set[Loc]]:
    """Translate what pydantic found.

    Parameters
    ----------
    error : ValidationError
        Everything that pydantic found in the tree.
    tree : Tree
        The file as read.
    model : type of Table, optional
        What the file should be; a scenario if omitted.

    Returns
    -------
    list of Fault
        One for each error.
    set of tuple
        Paths of the values that cannot be used in further checks.
    """
    faults: list[Fault] = []
    unusable: set[Loc] = set()
    found = []
    for item in error.errors(include_url=False):
        steps = list(walk(model, item["loc"]))
        loc = tuple(step for step, _, is_followed in steps if is_followed)
        found.append((item, loc, [Spot(model), *(spot for _, spot, _ in steps)]))
    unknown = {loc for item, loc, _ in found if item["type"] == "extra_forbidden"}
    for item, loc, spots in found:
        unusable.add(loc)
        if item["type"] == "missing" and (tree.is_abstract or _is_misspelt(loc, spots[-2], unknown)):
            continue
        faults.append(_fault(item, loc, spots, tree))
    return faults, unusable


def _is_misspelt(loc: Loc, around: Spot, unknown: set[Loc]) -> bool:
    """Whether an unknown key beside a missing one was meant for it, which the unknown key's fault says."""
    known = list(fields_of(around.table)) if around.table is not None else []
    beside = [str(other[-1]) for other in unknown if other[:-1] == loc[:-1]]
    return any(nearest(key, known) == loc[-1] for key in beside)


def _fault(item: Mapping[str, Any], loc: Loc, spots: list[Spot], tree: Tree) -> Fault:
    kind, value, here = item["type"], item["input"], spots[-1]
    if kind == "extra_forbidden":
        return _unknown_key(loc, value, spots, tree)
    if kind == "missing":
        remedy = f'add the key "{loc[-1]}"' + (f": {here.meaning}" if here.meaning else "")
        return tree.fault(loc, "", described(here), remedy)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _unknown_kind(loc, value, here, tree)
    if kind == "string_pattern_mismatch" or item["loc"][-1:] == ("[key]",):
        expected = NAME_RULE if item["loc"][-1:] == ("[key]",) else described(here)
        return tree.fault(loc, shown(value), expected, "choose another name")
    if kind == "multiple_of":
        return tree.fault(loc, shown(value), described(here), "nothing is rounded; choose a whole number")
    if kind in _OUT_OF_RANGE:
        return tree.fault(
            loc, shown(value), described(here, with_type=False), _range_remedy(loc, here, value)
        )
    return tree.fault(loc, shown(value), described(here), _type_remedy(kind, value, here))


def _unknown_kind(loc: Loc, value: Any, here: Spot, tree: Tree) -> Fault:
    kinds = list(here.kinds)
    got = value.get("kind") if isinstance(value, Mapping) else None
    if got is not None:
        remedy = did_you_mean(str(got), kinds)
    elif isinstance(value, Mapping) and nearest("kind", value):
        remedy = f'rename the misspelt key "{nearest("kind", value)}" to "kind"'
    else:
        remedy = 'add the key "kind"'
    return tree.fault(
        (*loc, "kind"), "" if got is None else shown(got), f"one of {listed(kinds, 20)}", remedy
    )


def _unknown_key(loc: Loc, value: Any, spots: list[Spot], tree: Tree) -> Fault:
    table = spots[-2].table
    known = list(fields_of(table)) if table is not None else []
    key = str(loc[-1])
    if table is not None and key in table.refused:
        return tree.fault(loc, shown(value), f"no {key} here", f"{table.refused[key]}; leave it out")
    remedy = did_you_mean(key, known)
    if not remedy and spots[0].table is ScenarioTables:
        remedy = _home_of(key)
    expected = "a key that exists here" + ("" if remedy else f", one of {listed(known, 100)}")
    return tree.fault(loc, shown(value), expected, f"unknown key, {remedy or 'leave it out'}")


def _home_of(key: str) -> str:
    homes = [
        f"[{name}]"
        for name, spot in fields_of(ScenarioTables).items()
        if spot.table is not None and key in spot.table.model_fields
    ]
    if key in ScenarioTables.model_fields:
        homes.append("the top of the file")
    return f"it belongs in {' or '.join(homes)}" if homes else ""


def _range_remedy(loc: Loc, here: Spot, value: Any) -> str:
    if here.bounds.get("le") == 1 and here.bounds.get("ge") == 0 and 1 < value <= 100:
        return f"write {value:g} % as {value / 100:g}"
    meaning = here.meaning.partition(";")[0].partition(" (")[0]
    what = f" ({loc[-1]}: {meaning})" if meaning else ""
    return f"choose a value in this range{what}"


def _type_remedy(kind: str, value: Any, here: Spot) -> str:
    if here.choices and isinstance(value, str):
        return did_you_mean(value, [str(choice) for choice in here.choices])
    if kind == "finite_number":
        optional = here.field is not None and here.field.default is None
        return "leave the key out for no limit" if optional else "give a finite number"
    if kind == "int_type" and isinstance(value, float) and value.is_integer():
        return f"write {int(value)} without a decimal point"
    if here.annotation in (int, float) and isinstance(value, bool):
        return "write a number, not true or false"
    if here.annotation in (int, float, bool) and isinstance(value, str):
        return _literal_remedy(value, here)
    if here.annotation is str and not isinstance(value, dict | list):
        return "write it in quotes"
    if kind == "list_type":
        return "write a list in brackets"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return "write a table: name = value lines below a [header]"
    return ""


def _literal_remedy(text: str, here: Spot) -> str:
    """Return what to write instead of a text; quotes are only to blame where the rest would do."""
    if here.annotation is bool:
        return "write it without quotes" if text.lower() in ("true", "false") else "write true or false"
    if reads_as_number(text):
        return "write it without quotes"
    return "write a whole number in digits" if here.is_whole else "write a number, such as 1.5"


def described(here: Spot, with_type: bool = True) -> str:
    """Describe what the schema expects at a place.

    Parameters
    ----------
    here : Spot
        The place.
    with_type : bool, optional
        Whether the type is named, or only range and unit.

    Returns
    -------
    str
        For example ``a number > 0 (currency per unit)``.
    """
    unit = f" ({here.unit})" if here.unit else ""
    if here.choices:
        return f"one of {', '.join(shown(choice) for choice in here.choices)}{unit}"
    if here.annotation in (int, float):
        noun = "a whole number" if here.is_whole else "a number"
        limits = _limits(here.bounds)
        return " ".join(part for part in (noun if with_type or not limits else "", limits) if part) + unit
    if here.annotation is bool:
        return "true or false"
    if here.annotation is str:
        return _text_rule(here.bounds)
    item = here.item
    if isinstance(getattr(here.annotation, "__origin__", None), type) and item is not None:
        if here.annotation.__origin__ is dict:
            return "a table"
        noun = "tables" if item.table or item.kinds else _plural(item)
        return f"a list of {_count(here.bounds)}{noun}{unit}"
    return "a table"


def _limits(bounds: Mapping[str, Any]) -> str:
    if "ge" in bounds and "le" in bounds:
        return f"{bounds['ge']:,.12g} to {bounds['le']:,.12g}"
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    return " and ".join(f"{sign} {bounds[name]:,.12g}" for name, sign in signs.items() if name in bounds)


def _count(bounds: Mapping[str, Any]) -> str:
    low, high = bounds.get("min_length"), bounds.get("max_length")
    if low is not None and low == high:
        return f"{low} "
    if low is not None and high is not None:
        return f"{low} to {high} "
    return f"at least {low} " if low is not None else f"at most {high} " if high is not None else ""


def _plural(item: Spot) -> str:
    noun = {float: "numbers", int: "whole numbers", str: "texts"}.get(item.annotation, "values")
    limits = _limits(item.bounds)
    return f"{noun} {limits}" if limits else noun


def _text_rule(bounds: Mapping[str, Any]) -> str:
    if bounds.get("pattern") == NAME_PATTERN:
        return NAME_RULE
    if "pattern" in bounds:
        return "text of small letters, digits and underscores"
    high = bounds.get("max_length")
    empty = "text that is not empty" if bounds.get("min_length") else "text"
    return f"{empty} of at most {high} characters" if high else empty


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Drop repeated faults, keeping the order.

    Parameters
    ----------
    faults : iterable of Fault
        Faults as found.

    Returns
    -------
    list of Fault
        Each once.
    """
    return list(dict.fromkeys(faults))
