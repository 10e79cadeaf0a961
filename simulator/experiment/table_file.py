"""Tables that users bring as CSV files: read strictly, so that nothing is taken for what it is not.

A spreadsheet's export is CSV with commas, semicolons or tabs, with or without a byte-order mark. What a lenient reader
would guess at is refused with the line where it stands: rows that are longer or shorter than the line of names, files
without such a line, and columns of the same name.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from simulator.errors import Fault, ScenarioError
from simulator.outcomes.wording import counted
from simulator.scenario.wording import reads_as_number

if TYPE_CHECKING:
    import pandas

#: Beginnings of lines that are no rows: comments, and a spreadsheet's word on the separator.
_NO_ROW = ("#", "sep=")
_GZIP = b"\x1f\x8b"
#: Most faulty rows of a file that are told one by one.
_TOLD = 5
_EXPECTED = "a CSV file with a line of column names"


class TableFile(NamedTuple):
    """A table read from a file.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns of numbers are numbers, all others text.
    lines : tuple of int
        Line of the file on which each row stands, from 1.
    """

    table: pandas.DataFrame
    lines: tuple[int, ...]


def read_table(path: str | Path, place: str, text: Collection[str | int] = ()) -> TableFile:
    """Read a CSV file, plain or gzipped, with commas, semicolons or tabs between the columns.

    Lines that begin with ``#`` are comments; lines without a value count for nothing, nor do row numbers and empty
    columns that have no name.

    Parameters
    ----------
    path : path
        The file.
    place : str
        What to call it in messages.
    text : collection of str or int, optional
        Columns that stay text whatever they look like, such as names of people, by name or position.

    Returns
    -------
    TableFile
        The table, and where its rows stand.

    Raises
    ------
    ScenarioError
        If there is no such file, it is not text in UTF-8, or it is no table; with every fault.
    """
    import pandas as pd

    path = Path(path).expanduser()
    content = _text(path, place)
    records, faults = _records(content, _separator(content), f"{place}: {path.name}")
    if not records and not faults:
        raise ScenarioError([Fault(place, f"{str(path)!r}, which is empty", _EXPECTED, "fill the file")])
    if records:
        records = _without_nameless(records)
        names = [name.strip() for name in records[0].cells]
        faults += _header_faults(names, f"{place}: {path.name}, line {records[0].line}")
        faults += _row_faults(records, f"{place}: {path.name}")
    if faults:
        more = len(faults) - _TOLD
        if more > 0:
            faults[_TOLD:] = [Fault(f"{place}: {path.name}", f"{more} more such lines", "none")]
        raise ScenarioError(faults)
    rows = io.StringIO()
    csv.writer(rows).writerows([names, *(record.cells for record in records[1:])])
    rows.seek(0)
    table = pd.read_csv(rows, index_col=False)
    for k, name in enumerate(names):
        if name in text or k in text:
            table[name] = pd.Series([record.cells[k].strip() for record in records[1:]], dtype=object)
    return TableFile(table, tuple(record.line for record in records[1:]))


class _Record(NamedTuple):
    """A row of the file: the line on which it begins, how many lines it takes, and its cells."""

    line: int
    n_lines: int
    cells: list[str]


def _records(text: str, separator: str, place: str) -> tuple[list[_Record], list[Fault]]:
    """Return the rows of a text without comments and empty ones, and the fault at which reading ended."""
    begins = True

    def lines() -> Iterator[str]:
        nonlocal begins
        for line in io.StringIO(text, newline=None):
            is_row = not (begins and line.lstrip().startswith(_NO_ROW))
            begins = False
            yield line if is_row else "\n"

    reader = csv.reader(lines(), delimiter=separator, skipinitialspace=True, strict=True)
    found: list[_Record] = []
    first = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append(_Record(first, reader.line_num + 1 - first, cells))
            first, begins = reader.line_num + 1, True
    except csv.Error as error:
        remedy = "close the quotation mark where it opens, or double it where it is part of the text"
        return found, [Fault(f"{place}, line {first}", str(error), "a row that can be read", remedy)]
    return found, []


def _without_nameless(records: list[_Record]) -> list[_Record]:
    """Leave out row numbers, which some programs write first and without a name, and empty columns without one."""
    names, rows = records[0].cells, [record.cells for record in records[1:]]
    if any(len(cells) != len(names) for cells in rows):
        return records
    numbers = [cells[0].strip() for cells in rows]
    kept = [
        k
        for k, name in enumerate(names)
        if name.strip()
        or not (
            all(not cells[k].strip() for cells in rows)
            or (k == 0 and any(numbers == [str(i + begin) for i in range(len(rows))] for begin in (0, 1)))
        )
    ]
    return [record._replace(cells=[record.cells[k] for k in kept]) for record in records]


def _row_faults(records: list[_Record], place: str) -> list[Fault]:
    """Return what is wrong with the rows below the line of names."""
    n_columns, faults = len(records[0].cells), []
    for record in records[1:]:
        where = f"{place}, line {record.line}"
        if record.n_lines > 1:
            remedy = "close the quotation mark where it opens, or take the line break out"
            faults.append(Fault(where, "a line break inside quotation marks", "a row on one line", remedy))
        elif len(record.cells) != n_columns:
            got, expected = counted(len(record.cells), "column"), f"{n_columns}, as in the line of names"
            remedy = 'put quotation marks around what contains a separator, as in "1,5"'
            faults.append(Fault(where, got, expected, remedy))
    return faults


def _text(path: Path, place: str) -> str:
    """Return a file's text without its byte-order mark."""
    remedy = "correct the path"
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except (OSError, ValueError):
        is_file = is_folder = False
    if not is_file:
        got = f"{str(path)!r}, a folder" if is_folder else repr(str(path)[:80])
        raise ScenarioError([Fault(place, got, "a CSV file that exists", remedy)])
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ScenarioError([Fault(place, f"{str(path)!r} ({error})", _EXPECTED, remedy)]) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        remedy = 'save it anew as "CSV UTF-8"'
        got = "bytes that are no UTF-8"
        raise ScenarioError(
            [Fault(f"{place}: {path.name}, line {number}", got, "text in UTF-8", remedy)]
        ) from error


def _separator(text: str) -> str:
    """Return what separates the columns, by the line of names, or as a spreadsheet says it in the line before."""
    rows = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    header = next(rows, "")
    if header.startswith("sep=") and len(header) == 5:
        return header[4]
    bare = re.sub('"[^"]*("|$)', "", header)
    return next((mark for mark in ("\t", ";") if mark in bare and "," not in bare), ",")


def _header_faults(names: list[str], place: str) -> list[Fault]:
    if all(reads_as_number(name) for name in names):
        remedy = "write a first line with a name for each column, such as sales"
        return [Fault(place, ", ".join(names), "a line of column names", remedy)]
    faults = []
    for name in sorted({name for name in names if names.count(name) > 1 and name}):
        faults.append(Fault(place, f"{names.count(name)} columns {name}", "names that differ", "rename one"))
    if "" in names:
        remedy = "name the column, or remove it"
        faults.append(Fault(place, "a column without a name", "a name for each column", remedy))
    return faults
