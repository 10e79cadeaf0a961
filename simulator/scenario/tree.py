"""A scenario before it is checked: plain data, and for every value the file in which it stands."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from simulator.errors import Fault
from simulator.scenario.wording import Loc, dotted


@dataclass
class Tree:
    """Plain data of one scenario, with the origin of every key.

    Parameters
    ----------
    data : dict
        Tables and values as read, after merging.
    origins : dict
        From the path of a key to the file in which it stands; a key without an entry stands where the
        table around it stands. The empty path is the scenario's own file.
    name : str
        Short name of the scenario, for results.
    source : str or None
        Path of the scenario's own file, if it has one.
    is_abstract : bool
        Whether the file is a base for others and cannot run itself.
    overrides : dict
        What was overridden since the file was read: values by dotted path, the latest last.
    """

    data: dict[str, Any]
    origins: dict[Loc, str] = field(default_factory=dict)
    name: str = "scenario"
    source: str | None = None
    is_abstract: bool = False
    overrides: dict[str, Any] = field(default_factory=dict)

    def place(self, loc: Loc) -> str:
        """Name the file and the key of a path.

        Parameters
        ----------
        loc : tuple of str and int
            Path of a value.

        Returns
        -------
        str
            For example ``scenarios/launch.toml: brands[1].price``.
        """
        origin = next(
            (self.origins[loc[:end]] for end in range(len(loc), -1, -1) if loc[:end] in self.origins),
            self.name,
        )
        return f"{origin}: {dotted(loc)}" if loc else origin

    def fault(self, loc: Loc, got: str, expected: str, remedy: str = "") -> Fault:
        """Make a fault at a path of this scenario.

        Parameters
        ----------
        loc : tuple of str and int
            Path of the faulty value.
        got, expected, remedy : str
            As in `Fault`.

        Returns
        -------
        Fault
            With the place written out.
        """
        return Fault(self.place(loc), got, expected, remedy)

    def mark(self, loc: Loc, origin: str) -> None:
        """Note that everything at and below a path stands in one file.

        Parameters
        ----------
        loc : tuple of str and int
            Path of a value or table.
        origin : str
            The file.
        """
        value: Any = self.data
        for part in loc:
            value = value[part]
        self._mark_below(value, loc, origin)

    def _mark_below(self, value: Any, loc: Loc, origin: str) -> None:
        self.origins[loc] = origin
        if isinstance(value, dict):
            for key, item in value.items():
                self._mark_below(item, (*loc, key), origin)

    def copy(self) -> Tree:
        """Copy the tree, so that the copy can be changed.

        Returns
        -------
        Tree
            An independent copy.
        """
        return Tree(
            copy.deepcopy(self.data),
            dict(self.origins),
            self.name,
            self.source,
            self.is_abstract,
            copy.deepcopy(self.overrides),
        )
