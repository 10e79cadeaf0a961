"""The ground of every table of a scenario file: strictness, and fields that carry their meaning and unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

NAME_PATTERN = r"^[^\s./\[\]\"=,](?:[^./\[\]\"=,\n]*[^\s./\[\]\"=,])?$"
"""What a name may look like: it must be usable in a dotted path, in a cell name and in a comma list."""

NAME_RULE = 'text of 1 to 60 characters without . / [ ] = , " and without spaces at its ends'
"""`NAME_PATTERN` in words, for messages."""


class Table(BaseModel):
    """One table of a scenario file: unknown keys, wrong types, NaN and infinities are refused."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    refused: ClassVar[Mapping[str, str]] = {}
    """Keys that one might look for here, and why they do not exist."""


def quantity(
    meaning: str,
    unit: str,
    default: Any = ...,
    *,
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
    is_whole: bool = False,
) -> Any:
    """Declare a number with its meaning, unit and range.

    Parameters
    ----------
    meaning : str
        What the number says, in the domain's words.
    unit : str
        Its unit, as shown in messages and by editors.
    default : number or None, optional
        Value where the file has none; without it the key is required.
    gt, ge, lt, le : float, optional
        Open and closed bounds.
    is_whole : bool, optional
        Whether a number with a decimal point must be whole; 3.0 is.

    Returns
    -------
    Any
        A pydantic field.
    """
    return Field(
        default,
        gt=gt,
        ge=ge,
        lt=lt,
        le=le,
        multiple_of=1 if is_whole else None,
        description=f"{meaning} ({unit})",
        json_schema_extra={"unit": unit},
    )


LARGEST_AMOUNT = 1e9
"""Largest price, cost or reward, in the currency."""
LARGEST_TOTAL = 1e15
"""Largest budget or weekly spend, in the currency."""
LARGEST_STOCK = 1e12
"""Most units in stock or supplied in a week."""


def fraction(meaning: str, default: Any = ..., unit: str = "share") -> Any:
    """Declare a number from 0 to 1.

    Parameters
    ----------
    meaning : str
        What it is a share or a probability of.
    default : float or None, optional
        Value where the file has none.
    unit : str
        ``"share"`` or ``"probability"``.

    Returns
    -------
    Any
        A pydantic field.
    """
    return quantity(meaning, unit, default, ge=0, le=1)


def entry(meaning: str, default: Any = ..., **limits: Any) -> Any:
    """Declare a text, a choice, a switch or a nested table.

    Parameters
    ----------
    meaning : str
        What the key says.
    default : Any, optional
        Value where the file has none; ``default_factory`` may be given among `limits` instead.
    **limits : Any
        Further arguments of `pydantic.Field`, for example ``min_length``.

    Returns
    -------
    Any
        A pydantic field.
    """
    if "default_factory" in limits:
        return Field(description=meaning, **limits)
    return Field(default, description=meaning, **limits)


Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=60, description="a name")]
"""A name that other keys refer to."""

Probability = Annotated[
    float, Field(ge=0, le=1, description="a probability", json_schema_extra={"unit": "probability"})
]
"""One probability inside a table or list."""

Multiplier = Annotated[
    float, Field(ge=0, le=1000, description="a multiplier", json_schema_extra={"unit": "multiplier"})
]
"""One multiplier inside a table or list."""

Coordinate = Annotated[
    float, Field(ge=-10, le=10, description="a coordinate", json_schema_extra={"unit": "taste units"})
]
"""One coordinate of the plane of tastes and product positions."""


def point(meaning: str) -> Any:
    """Declare a point ``[x, y]`` of the taste plane, the origin unless given.

    Parameters
    ----------
    meaning : str
        What the point is.

    Returns
    -------
    Any
        A pydantic field.
    """
    return Field(
        default_factory=lambda: [0.0, 0.0],
        min_length=2,
        max_length=2,
        description=f"{meaning} (taste units, two coordinates)",
        json_schema_extra={"unit": "taste units"},
    )
