"""A faulty scenario as far as it can be used, so that further checks run and all faults are told at once."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, NoReturn, cast

from pydantic_core import PydanticUndefined

from simulator.scenario.schema import ScenarioTables
from simulator.scenario.schema.base import Table
from simulator.scenario.schema.walk import Spot, fields_of
from simulator.scenario.wording import Loc


class UnusableError(Exception):
    """A check touched a value that is missing or faulty, and cannot be carried out."""


class Unusable:
    """Stand-in for a missing or faulty value: whoever uses it gets an `UnusableError`."""


def _refuse(*_: object) -> NoReturn:
    raise UnusableError


_OPERATIONS = (
    *("getattr", "getitem", "contains", "iter", "len", "bool", "hash"),
    *("eq", "ne", "lt", "le", "gt", "ge"),
    *("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "neg", "abs", "round"),
    *("float", "int", "str", "format", "fspath", "index"),
)
for _operation in _OPERATIONS:
    setattr(Unusable, f"__{_operation}__", _refuse)


def usable_part(data: dict[str, Any], unusable: Set[Loc]) -> ScenarioTables:
    """Build a scenario from faulty data, with stand-ins for what is faulty.

    Parameters
    ----------
    data : dict
        The scenario as read.
    unusable : set of tuple
        Paths of the values that have faults.

    Returns
    -------
    ScenarioTables
        Not validated; faulty and missing values are `Unusable`.
    """
    return cast(ScenarioTables, _build(Spot(ScenarioTables), data, (), unusable))


def _build(here: Spot, value: Any, loc: Loc, unusable: Set[Loc]) -> Any:
    if loc in unusable:
        return Unusable()
    if here.kinds:
        model = here.kinds.get(str(value.get("kind"))) if isinstance(value, dict) else None
        return Unusable() if model is None else _build(Spot(model), value, loc, unusable)
    if here.table is not None and isinstance(value, dict):
        return _build_table(here.table, value, loc, unusable)
    if here.item is not None and isinstance(value, list):
        return [_build(here.item, item, (*loc, index), unusable) for index, item in enumerate(value)]
    if here.item is not None and isinstance(value, dict):
        return {key: _build(here.item, item, (*loc, key), unusable) for key, item in value.items()}
    return value


def _build_table(model: type[Table], value: dict[str, Any], loc: Loc, unusable: Set[Loc]) -> Table:
    values: dict[str, Any] = {}
    for name, spot in fields_of(model).items():
        if name in value:
            values[name] = _build(spot, value[name], (*loc, name), unusable)
        else:
            default = model.model_fields[name].get_default(call_default_factory=True)
            values[name] = Unusable() if default is PydanticUndefined else default
    return model.model_construct(**values)
