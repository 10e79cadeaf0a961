"""The `[parameters]` table, made from the one table of behaviour parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import create_model

from simulator.scenario.parameters import PARAMETERS
from simulator.scenario.schema.base import Table, quantity

if TYPE_CHECKING:

    class ParameterTable(Table):
        """Behaviour parameters by name; see `simulator.scenario.parameters.PARAMETERS`."""

        def __getattr__(self, name: str) -> float: ...

else:
    _fields: dict[str, Any] = {
        parameter.name: (
            float,
            quantity(
                parameter.meaning,
                parameter.unit,
                parameter.default,
                ge=parameter.low,
                le=parameter.high,
                is_whole=parameter.is_whole,
            ),
        )
        for parameter in PARAMETERS
    }
    ParameterTable = create_model(
        "ParameterTable",
        __base__=Table,
        __module__=__name__,
        __doc__="Behaviour parameters by name; those not given keep their defaults.",
        **_fields,
    )
