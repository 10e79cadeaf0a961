"""What the schema says about the value at a dotted path, without a scenario at hand."""

from __future__ import annotations

import re

from simulator.scenario.schema import ScenarioTables
from simulator.scenario.schema.walk import Spot, fields_of

_PART = re.compile(r"[^.\[\]]+")


def takes_whole_numbers(path: str) -> bool:
    """Return whether the value at a path is a whole number, written with or without a decimal point.

    Parameters
    ----------
    path : str
        Dotted path as in `Scenario.with_overrides`; one that leads nowhere takes none.

    Examples
    --------
    >>> takes_whole_numbers("parameters.refit_weeks"), takes_whole_numbers("brands.Nova.price")
    (True, False)
    """
    found = [Spot(ScenarioTables)]
    for part in _PART.findall(path):
        found = [after for here in found for after in _below(here, part)]
    return bool(found) and all(spot.is_whole for spot in found)


def _below(here: Spot, part: str) -> list[Spot]:
    if here.table is not None:
        fields = fields_of(here.table)
        return [fields[part]] if part in fields else []
    if here.kinds:
        return [after for table in here.kinds.values() for after in _below(Spot(table), part)]
    return [here.item] if here.item is not None else []
