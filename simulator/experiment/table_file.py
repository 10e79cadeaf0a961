"""Tables that users bring as CSV files: read strictly, so that nothing is taken for what it is not.

A spreadsheet's export is CSV with commas, semicolons or tabs, with or without a byte-order mark. What a lenient reader
would guess at is refused with the line where it stands: rows that are longer or shorter than the line of names, files
without such a line, and columns of the same name.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from simulator.errors import Fault, ScenarioError
from simulator.outcomes.wording import counted

if TYPE_CHECKING:
    import pandas

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


def read_table(path: str | Path, place: str) -> TableFile:
    """Read a CSV file, plain or gzipped, with commas, semicolons or tabs between the columns.

    Lines that begin with ``#`` are comments; empty lines count for nothing.

    Parameters
    ----------
    path : path
        The file.
    place : str
        What to call it in messages.

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
    lines = [
        (number, line)
        for number, line in enumerate(_text(path, place).splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise ScenarioError([Fault(place, f"{str(path)!r}, which is empty", _EXPECTED, "fill the file")])
    separator = _separator(lines[0][1])
    rows = [next(csv.reader([line], delimiter=separator, skipinitialspace=True)) for _, line in lines]
    names = [name.strip() for name in rows[0]]
    faults = _header_faults(names, f"{place}: {path.name}, line {lines[0][0]}")
    for (number, _), row in zip(lines[1:], rows[1:], strict=True):
        if len(row) != len(names):
            got, expected = counted(len(row), "column"), f"{len(names)}, as in the line of names"
            remedy = 'put quotation marks around what contains a separator, as in "1,5"'
            faults.append(Fault(f"{place}: {path.name}, line {number}", got, expected, remedy))
    if faults:
        more = len(faults) - _TOLD
        if more > 0:
            faults[_TOLD:] = [Fault(f"{place}: {path.name}", f"{more} more such lines", "none")]
        raise ScenarioError(faults)
    text = io.StringIO("\n".join(line for _, line in lines[1:]))
    table = (
        pd.read_csv(text, sep=separator, names=names, index_col=False, skipinitialspace=True)
        if lines[1:]
        else pd.DataFrame({name: [] for name in names})
    )
    return TableFile(table, tuple(number for number, _ in lines[1:]))


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


def _separator(header: str) -> str:
    """Return what separates the columns, by the line of names."""
    return next((mark for mark in ("\t", ";") if mark in header and "," not in header), ",")


def _header_faults(names: list[str], place: str) -> list[Fault]:
    if all(_is_number(name) for name in names):
        remedy = "write a first line with a name for each column, such as sales"
        return [Fault(place, ", ".join(names), "a line of column names", remedy)]
    faults = []
    for name in sorted({name for name in names if names.count(name) > 1 and name}):
        faults.append(Fault(place, f"{names.count(name)} columns {name}", "names that differ", "rename one"))
    if "" in names:
        remedy = "name the column, or remove it"
        faults.append(Fault(place, "a column without a name", "a name for each column", remedy))
    return faults


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
