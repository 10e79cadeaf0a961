"""Where states stand that everybody has: in columns with an entry for each consumer.

What concerns everybody acts on columns. Agents show them: ``relation.memory`` reads and writes the consumer's
entry of the column ``brand.relations.memory``, so that nothing is kept twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import is_compiled


class Columns:
    """Columns, each an attribute; a subclass makes them, then calls ``open_entries``.

    Attributes
    ----------
    entries : dict
        For each column what agents read and write by their index: numbers that rules may be given.
    """

    entries: dict[str, Any]

    def open_entries(self) -> None:
        """Let agents read and write all columns there are."""
        columns = {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        self.entries = {name: _entries_of(column) for name, column in columns.items()}


def _entries_of(column: np.ndarray) -> Any:
    """Return a column as a sequence of Python numbers; without compilation, numbers have 32 bits themselves."""
    if column.dtype == np.float32 and not is_compiled():
        return column
    return memoryview(column)  # type: ignore[arg-type]


def entry(name: str) -> Any:
    """Return a property: the entry that stands in a column at its owner's index."""

    def read(owner: Any) -> Any:
        return owner.entries[name][owner.index]

    def write(owner: Any, value: Any) -> None:
        owner.entries[name][owner.index] = value

    return property(read, write)
