"""Adoption series: adopters or sales per period, from an array, a column of a table or a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.outcomes.trajectories import unknown
from simulator.outcomes.wording import counted

Values = NDArray[np.float64]
#: Columns that are taken without being named, in this order.
_USUAL = ("value", "sales", "adopters", "adoptions", "first_purchases")


@dataclass(frozen=True, eq=False)
class AdoptionSeries:
    """Adopters, or units sold, per period.

    Parameters
    ----------
    values : ndarray of float64, shape (period,)
        Adopters of each period, in the unit of the source; >= 0.
    labels : tuple of str
        Names of the periods, for example years.
    source : str
        Where the numbers come from, for messages.
    """

    values: Values
    labels: tuple[str, ...]
    source: str

    @property
    def cumulative(self) -> Values:
        """Adopters up to and including each period."""
        return np.cumsum(self.values)

    def head(self, n: int) -> AdoptionSeries:
        """Return the first ``n`` periods."""
        return AdoptionSeries(self.values[:n], self.labels[:n], self.source)

    def __len__(self) -> int:
        return len(self.values)


def read_series(
    source: Any, column: str | None = None, *, place: str = "series", fewest: int = 1, hold_out: int = 0
) -> AdoptionSeries:
    """Read an adoption series from whatever holds it.

    Parameters
    ----------
    source : array-like, pandas.DataFrame, pandas.Series, str or Path
        Adopters per period, or a table or CSV file with a column of them. Lines of a file that begin with
        ``#`` are comments. A column ``label`` names the periods.
    column : str, optional
        Column of a table; if omitted, the only numeric one, or one of ``value``, ``sales``, ``adopters``.
    place : str
        What to call the argument in messages.
    fewest : int
        Fewest periods that will do, those held out apart.
    hold_out : int
        Last periods that are held out.

    Returns
    -------
    AdoptionSeries
        Checked: finite, not negative, not all zero.

    Raises
    ------
    ScenarioError
        With every fault found.
    """
    if isinstance(source, str | Path):
        found = _from_file(Path(source), column, place)
    elif hasattr(source, "columns") and hasattr(source, "iloc"):
        found = _from_table(source, column, place, place)
    else:
        found = _from_array(source, place)
    faults = _faults(found, place, fewest, hold_out)
    if faults:
        raise ScenarioError(faults)
    return found


def _from_file(path: Path, column: str | None, place: str) -> AdoptionSeries:
    import pandas as pd

    remedy = "correct the path"
    if not path.is_file():
        raise ScenarioError([Fault(place, repr(str(path)), "a CSV file that exists", remedy)])
    try:
        table = pd.read_csv(path, comment="#")
    except (ValueError, UnicodeDecodeError, OSError) as error:
        expected = "a CSV file with a line of column names"
        raise ScenarioError([Fault(place, repr(str(path)), expected, str(error))]) from error
    return _from_table(table, column, str(path), f"{place}: {path.name}")


def _from_table(table: Any, column: str | None, source: str, place: str) -> AdoptionSeries:
    names = [str(name) for name in table.columns]
    if column is None:
        numeric = [str(name) for name in table.select_dtypes("number").columns]
        usual = [name for name in _USUAL if name in numeric]
        if len(numeric) != 1 and not usual:
            got = ", ".join(names) or "no columns"
            raise ScenarioError([Fault(place, got, "a numeric column of adopters", "name it with column=")])
        column = usual[0] if usual else numeric[0]
    if column not in names:
        fault = unknown("column", column, names)
        raise ScenarioError([Fault(f"{place}: column", fault.got, fault.expected, fault.remedy)])
    values = _numbers(table[column].to_list(), f"{place}: {column}")
    labels = table["label"] if "label" in names else range(1, len(values) + 1)
    return AdoptionSeries(values, tuple(str(label) for label in labels), source)


def _from_array(source: Any, place: str) -> AdoptionSeries:
    index = getattr(source, "index", None)
    values = _numbers(source, place)
    labels: Sequence[Any] = list(index) if index is not None and not callable(index) else []
    if len(labels) != len(values):
        labels = range(1, len(values) + 1)
    return AdoptionSeries(values, tuple(str(label) for label in labels), "array")


def _numbers(source: Any, place: str) -> Values:
    try:
        values = np.array(source, dtype=np.float64)
    except (TypeError, ValueError) as error:
        fault = Fault(place, repr(source)[:80], "numbers, one per period", str(error))
        raise ScenarioError([fault]) from error
    if values.ndim != 1:
        got = f"an array of {values.ndim} dimensions"
        raise ScenarioError([Fault(place, got, "one number per period: one dimension")])
    return values


def _faults(series: AdoptionSeries, place: str, fewest: int, hold_out: int) -> list[Fault]:
    values, faults = series.values, []
    if fewest <= len(values) < fewest + hold_out:
        expected = f"0 to {len(values) - fewest} of the {len(values)} periods, as {fewest} are needed to fit"
        name = f"{place.partition('(')[0]}(hold_out)" if "(" in place else "hold_out"
        faults.append(Fault(name, str(hold_out), expected, "hold out fewer, or use a longer series"))
    elif len(values) < fewest:
        faults.append(
            Fault(place, counted(len(values), "period"), f"at least {fewest} periods", "use a longer series")
        )
    for position in np.flatnonzero(~np.isfinite(values)):
        expected = "a finite number"
        faults.append(Fault(f"{place}[{position}]", str(values[position]), expected, "leave no gaps"))
    for position in np.flatnonzero(values < 0):
        remedy = "give adopters per period, not changes of them"
        faults.append(Fault(f"{place}[{position}]", f"{values[position]:g}", ">= 0 (adopters)", remedy))
    if not faults and len(values) and not values.any():
        faults.append(Fault(place, "zero in every period", "some adopters"))
    return faults
