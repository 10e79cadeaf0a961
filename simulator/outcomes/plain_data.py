"""Nested data and tables as JSON knows them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas


def plain(value: Any) -> Any:
    """Return nested data as JSON knows it: undefined and infinite numbers become None, tuples lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def records(table: pandas.DataFrame) -> list[dict[str, Any]]:
    """Return a table as plain data, a mapping per row; undefined numbers become None."""
    return [
        {str(key): plain(value.item() if hasattr(value, "item") else value) for key, value in row.items()}
        for row in table.to_dict("records")
    ]
