"""Finding one's way in the schema: what it says about the value at a path."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from simulator.scenario.schema.base import Table


@dataclass(frozen=True)
class Spot:
    """What the schema says about one place.

    Parameters
    ----------
    annotation : Any
        Type without `Annotated` and without ``None``.
    field : FieldInfo or None
        Meaning, unit and bounds, where they are given.
    """

    annotation: Any
    field: FieldInfo | None = None

    @property
    def table(self) -> type[Table] | None:
        """The table's model, if the value is one table."""
        if isinstance(self.annotation, type) and issubclass(self.annotation, Table):
            return self.annotation
        return None

    @property
    def kinds(self) -> dict[str, type[Table]]:
        """Models by `kind`, if the value is one of several kinds of table; else empty."""
        if not _is_union(self.annotation):
            return {}
        return {_kind_of(model): model for model in get_args(self.annotation)}

    @property
    def item(self) -> Spot | None:
        """What the schema says about the items, if the value is a list or a table with free keys."""
        if get_origin(self.annotation) in (list, dict):
            return spot(get_args(self.annotation)[-1])
        return None

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values allowed, if they are listed."""
        return get_args(self.annotation) if get_origin(self.annotation) is Literal else ()

    @property
    def meaning(self) -> str:
        """The key's meaning with its unit."""
        return (self.field.description if self.field else None) or ""

    @property
    def unit(self) -> str:
        """The unit, or nothing."""
        extra = self.field.json_schema_extra if self.field else None
        return str(extra.get("unit", "")) if isinstance(extra, dict) else ""

    @property
    def is_whole(self) -> bool:
        """Whether the value is a whole number, written with or without a decimal point."""
        return self.annotation is int or self.bounds.get("multiple_of") == 1

    @property
    def bounds(self) -> dict[str, Any]:
        """Bounds by name: ``gt``, ``ge``, ``lt``, ``le``, ``multiple_of``, those of a length, ``pattern``."""
        found: dict[str, Any] = {}
        for limit in self.field.metadata if self.field else ():
            for name in ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern"):
                value = getattr(limit, name, None)
                if value is not None:
                    found[name] = value
        return found


def spot(annotation: Any, field: FieldInfo | None = None) -> Spot:
    """Unwrap a type hint.

    Parameters
    ----------
    annotation : Any
        Hint of a field, an item or a table.
    field : FieldInfo, optional
        The field it belongs to.

    Returns
    -------
    Spot
        The bare type with its meaning and bounds.
    """
    if get_origin(annotation) is Annotated:
        inner, *extras = get_args(annotation)
        own = next((extra for extra in extras if isinstance(extra, FieldInfo)), None)
        return spot(inner, field or own)
    if _is_union(annotation):
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            return spot(members[0], field)
    return Spot(annotation, field)


def fields_of(model: type[Table]) -> dict[str, Spot]:
    """List what the schema says about each key of a table.

    Parameters
    ----------
    model : type of Table
        The table's model.

    Returns
    -------
    dict of str to Spot
        By key, in order.
    """
    return {name: spot(field.annotation, field) for name, field in model.model_fields.items()}


def walk(model: type[Table], path: tuple[str | int, ...]) -> Iterator[tuple[str | int, Spot, bool]]:
    """Follow a path of pydantic's, in which the kind of a table is a step of its own.

    Parameters
    ----------
    model : type of Table
        Model of the topmost table.
    path : tuple of str and int
        Path as in a pydantic error.

    Yields
    ------
    tuple
        The step, what the schema says there, and whether the step is a key or index of the data.
    """
    here = Spot(model)
    for step in path:
        follow = True
        if here.kinds:
            here, follow = Spot(here.kinds[str(step)]), False
        elif here.table is not None:
            field = here.table.model_fields.get(str(step))
            here = spot(field.annotation, field) if field is not None else Spot(Any)
        elif here.item is not None and step != "[key]":
            here = here.item
        else:
            follow = False
        yield step, here, follow


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def _kind_of(model: type[Table]) -> str:
    return str(get_args(model.model_fields["kind"].annotation)[0])
