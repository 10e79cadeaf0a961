"""Adoption series: adopters or sales per period, from an array, a column of a table or a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.experiment.table_file import read_table
from simulator.outcomes.trajectories import unknown
from simulator.outcomes.wording import counted

Values = NDArray[np.float64]
#: Columns that are taken without being named, in this order.
_USUAL = ("value", "sales", "adopters", "adoptions", "first_purchases")
#: Columns that name the periods, in this order; never taken for adopters.
_PERIODS = ("label", "year", "quarter", "month", "week", "date", "day", "period", "time", "step", "t")
#: Those of them that count within a year: beside a year they are parts of a name, alone they begin again.
_WITHIN_YEAR = ("quarter", "month", "week", "day")
#: Dates of equal periods are this much further apart at most: months have 28 to 31 days.
_UNEVEN = 1.5


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
        ``#`` are comments. A column ``label``, ``year``, ``quarter``, ``month``, ``week``, ``date``, ``day``,
        ``period``, ``time``, ``step`` or ``t`` names the periods, and must then leave none out.
    column : str, optional
        Column of a table; if omitted, one of ``value``, ``sales``, ``adopters``, or the only one of numbers that
        neither names periods nor accumulates.
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
    table, lines = read_table(path, place)
    return _from_table(table, column, str(path), f"{place}: {path.name}", lines)


def _from_table(
    table: Any, column: str | None, source: str, place: str, lines: Sequence[int] = ()
) -> AdoptionSeries:
    names = [str(name) for name in table.columns]
    column = _column_of(table, names, place) if column is None else column
    if column not in names:
        fault = unknown("column", column, names)
        raise ScenarioError([Fault(f"{place}: column", fault.got, fault.expected, fault.remedy)])
    if names.count(column) > 1:
        got = f"{names.count(column)} columns {column}"
        raise ScenarioError([Fault(f"{place}: column", got, "one of that name", "rename the others")])
    if "cumul" in column.lower():
        remedy = "give what each period adds: the difference to the period before"
        raise ScenarioError([Fault(f"{place}: column", column, "adopters of each period alone", remedy)])
    rows = [f", line {line}" for line in lines] or [f"[{k}]" for k in range(len(table))]
    values, faults = _cells(table[column].to_list(), [f"{place}{row}: {column}" for row in rows])
    period = next((name for name in _PERIODS if name in names and name != column), None)
    labels: Sequence[Any] = range(1, len(values) + 1)
    if period == "year" and any(name in names for name in _WITHIN_YEAR):
        parts = [table[name].astype(str) for name in _PERIODS if name in names and name != column]
        labels = ["-".join(row) for row in zip(*parts, strict=True)]
    elif period is not None:
        labels = table[period].to_list()
        begins_again = period in _WITHIN_YEAR
        faults += _gaps(labels, [f"{place}{row}: {period}" for row in rows], begins_again=begins_again)
    if faults:
        raise ScenarioError(faults)
    return AdoptionSeries(values, tuple(str(label) for label in labels), source)


def _column_of(table: Any, names: list[str], place: str) -> str:
    """Return the column of adopters of a table that has only one which can be meant."""
    usual = [name for name in _USUAL if name in names]
    numeric = [
        str(name)
        for name in table.select_dtypes("number").columns
        if str(name) not in _PERIODS and "cumul" not in str(name).lower()
    ]
    accumulating = [name for name in names if "cumul" in name.lower()]
    if not usual and not numeric and len(accumulating) == 1:
        return accumulating[0]
    if not usual and len(numeric) != 1:
        got = ", ".join(names) or "no columns"
        raise ScenarioError([Fault(place, got, "a numeric column of adopters", "name it with column=")])
    return usual[0] if usual else numeric[0]


def _cells(cells: Sequence[Any], places: Sequence[str]) -> tuple[Values, list[Fault]]:
    """Return the numbers of a column, and what is no number in it."""
    values, faults = np.full(len(cells), np.nan), []
    for k, cell in enumerate(cells):
        try:
            values[k] = float(cell)
        except (TypeError, ValueError):
            remedy = "write 1234.5: no separator of thousands, a point before decimals, no unit"
            faults.append(Fault(places[k], repr(cell), "a number", remedy))
            continue
        if not np.isfinite(values[k]):
            got = "nothing" if np.isnan(values[k]) else str(values[k])
            remedy = "leave no gaps: write 0 where nobody adopted"
            faults.append(Fault(places[k], got, "a finite number", remedy))
        elif values[k] < 0:
            remedy = "give adopters per period, not changes of them"
            faults.append(Fault(places[k], f"{values[k]:g}", ">= 0 (adopters)", remedy))
    return values, faults


def _gaps(labels: Sequence[Any], places: Sequence[str], *, begins_again: bool) -> list[Fault]:
    """Return where periods are left out, repeated or out of order, as far as their names tell."""
    at = _positions(labels)
    if at is None or len(at) < 2:
        return []
    gaps = np.diff(at)
    usual = np.median(gaps) if np.median(gaps) > 0 else 1.0
    is_wrong = (gaps <= 0) | (gaps >= _UNEVEN * usual) | (gaps * _UNEVEN <= usual)
    if begins_again:
        is_wrong &= gaps >= 0
    remedy = "give every period once, in order; write 0 where nobody adopted"
    return [
        Fault(places[k + 1], f"{labels[k + 1]} after {labels[k]}", "the next period", remedy)
        for k in np.flatnonzero(is_wrong).tolist()
    ]


def _positions(labels: Sequence[Any]) -> Values | None:
    """Return when periods are, if they are numbers or dates; None if their names are words."""
    import pandas as pd

    try:
        return np.array(labels, dtype=np.float64)
    except (TypeError, ValueError):
        pass
    try:
        dates = pd.to_datetime(pd.Series([str(label) for label in labels]), format="ISO8601")
    except (ValueError, TypeError, OverflowError):
        return None
    days: Values = (dates - dates.iloc[0]).dt.total_seconds().to_numpy() / 86400.0
    return days


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
