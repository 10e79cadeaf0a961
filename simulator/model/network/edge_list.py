"""Social graphs from edge lists: text files with one tie per line, of any size.

The file is read in chunks straight into arrays of ids, so that memory holds little more than the ties.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, NetworkError
from simulator.model.network import tie_lines
from simulator.model.network.csr import Influence, Network, OnFault, from_ties
from simulator.model.network.node_table import NodeTable, read_nodes
from simulator.model.network.numbering import number_integers, number_texts
from simulator.model.network.text_file import SEPARATORS, chunks, first_lines, sniff_separator, split_line
from simulator.scenario.wording import counted, reads_as_number

_KNOWN_ENDS = (
    ("source", "target"), ("from", "to"), ("ego", "alter"), ("sender", "receiver"), ("src", "dst"),
    ("node1", "node2"), ("node_1", "node_2"), ("id1", "id2"), ("id_1", "id_2"), ("i", "j"), ("u", "v"),
)  # fmt: skip


def read_edge_list(
    path: str | Path,
    *,
    directed: bool = False,
    weights: str = "none",
    delimiter: str = "auto",
    influence: Influence = "named",
    nodes: str | Path | None = None,
    repair: OnFault = "error",
) -> Network:
    """Read a social graph from a file with one tie per line.

    Lines that start with ``#`` or ``%`` and blank lines are passed over. The first line is a header if it
    names two known columns (source and target, from and to, ego and alter, ...) or has text above a column
    of numbers. The two ends are the columns so named, otherwise the first two. Files may be gzipped.

    Consumers are numbered in the order of the nodes file; without one, by ascending id if all ids are
    whole numbers, and otherwise in alphabetic order of the ids as text.

    Parameters
    ----------
    path : str or Path
        The file.
    directed : bool
        Whether a line "i j" (i names j) is a tie in one direction only.
    weights : str
        Column of the tie weights, by name or number from 0; or ``"none"``: all weigh 1.
    delimiter : {"auto", "comma", "tab", "space", "semicolon"}
        What separates the columns; ``"space"`` is any number of spaces and tabs.
    influence : {"named", "naming"}
        Who influences whom on a directed line: the named j influences i, or i influences j.
    nodes : str or Path, optional
        Table of the consumers: a header, ids in the first column, attributes in the others.
    repair : {"error", "report"}
        Whether self-loops, repeated ties, unknown ids and bad weights are errors, or are dropped or merged
        and listed in :attr:`Network.repairs`. An undirected tie written once in each direction counts once
        and is listed in both cases.

    Returns
    -------
    Network
        All ties weak; with ids and attributes.

    Raises
    ------
    NetworkError
        If the file cannot be read or used: one fault per kind of mistake, with file and line.
    """
    ties = read_ties(path, weights=weights, delimiter=delimiter, nodes=nodes)
    network = from_ties(
        len(ties.ids), ties.source, ties.target, directed=directed, weights=ties.weights,
        influence=influence, on_fault=repair, place=ties.place,
    )  # fmt: skip
    return replace(network, node_ids=ties.ids, node_attributes=ties.attributes)


@dataclass(frozen=True, eq=False)
class WrittenTies:
    """The ties of a file as they are written there, unchecked.

    Parameters
    ----------
    ids : ndarray
        Ids of the consumers by their numbers.
    source, target : ndarray of int32, shape (n_ties,)
        The two ends of each line as numbers; -1 where the nodes file lacks the id.
    weights : ndarray of float64 or None
        The column of weights, if one was named.
    place : callable
        Gives a tie's file and line, and what stands there.
    attributes : mapping of str to ndarray, or None
        Attributes of the consumers, from the nodes file.
    """

    ids: NDArray[Any]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    weights: NDArray[np.float64] | None
    place: Callable[[int], tuple[str, str]]
    attributes: Mapping[str, NDArray[Any]] | None


def read_ties(
    path: str | Path, *, weights: str = "none", delimiter: str = "auto", nodes: str | Path | None = None
) -> WrittenTies:
    """Read the lines of an edge list; parameters and numbering as in :func:`read_edge_list`.

    Parameters
    ----------
    path : str or Path
        The file.
    weights : str
        Column of the tie weights, or ``"none"``.
    delimiter : {"auto", "comma", "tab", "space", "semicolon"}
        What separates the columns.
    nodes : str or Path, optional
        Table of the consumers.

    Returns
    -------
    WrittenTies

    Raises
    ------
    NetworkError
        If the file cannot be read; what the ties mean is not checked.
    """
    path = Path(path)
    table = None if nodes is None else read_nodes(Path(nodes))
    layout = _Layout(path, delimiter, weights)
    reader = _Reader(path, layout, as_text=table is not None and not table.has_integers)
    if not reader.read():
        reader = _Reader(path, layout, as_text=True)
        reader.read()
    if reader.n_rows == 0:
        raise NetworkError(
            [Fault(str(path), "no ties", "one tie per line", "check the path and the delimiter")]
        )
    ids, source, target = reader.numbered(table)
    attributes: Mapping[str, NDArray[Any]] | None = None if table is None else table.attributes
    return WrittenTies(ids, source, target, reader.weights(), reader.place, attributes)


class _Layout:
    """How a file's lines are made: separator, number of columns, header, and which columns matter."""

    def __init__(self, path: Path, delimiter: str, weights: str) -> None:
        lines = first_lines(path)
        first = lines[0][1] if lines else ""
        if delimiter != "auto" and delimiter not in SEPARATORS:
            options = ", ".join(SEPARATORS)
            raise NetworkError([Fault("network.delimiter", repr(delimiter), f'"auto" or one of {options}')])
        self.separator = sniff_separator(first) if delimiter == "auto" else SEPARATORS[delimiter]
        cells = [split_line(text, self.separator) for _, text in lines]
        self.n_columns = len(cells[0]) if cells else 2
        if self.n_columns < 2:
            got = f'"{first[:60]}" ({self.n_columns} column)'
            remedy = "give network.delimiter"
            raise NetworkError([Fault(f"{path}:{lines[0][0]}", got, "at least two columns", remedy)])
        self.names = cells[0] if cells and _is_header(cells) else None
        self.header_line = lines[0][0] if self.names is not None else 0
        source, target = self._ends()
        self.columns = np.array([source, target, self._weight_column(path, weights)], dtype=np.int64)

    def _ends(self) -> tuple[int, int]:
        names = [name.lower() for name in self.names or []]
        for source, target in _KNOWN_ENDS:
            if source in names and target in names:
                return names.index(source), names.index(target)
        return 0, 1

    def _weight_column(self, path: Path, weights: str) -> int:
        """Return the column of the weights, or -1."""
        if weights == "none":
            return -1
        if self.names is not None and weights in self.names:
            return self.names.index(weights)
        if weights.isdecimal() and int(weights) < self.n_columns:
            return int(weights)
        place, got = f"{path}: network.weights", repr(weights)
        if self.names is None:
            expected = f"the number of a column, 0..{self.n_columns - 1}, as the file has no header"
            raise NetworkError([Fault(place, got, expected)])
        close = difflib.get_close_matches(weights, self.names, 1)
        remedy = f'did you mean "{close[0]}"?' if close else ""
        raise NetworkError([Fault(place, got, f"one of the columns {', '.join(self.names)}", remedy)])


def _is_header(cells: list[list[str]]) -> bool:
    """Return whether the first line names columns: by known names, or by text above numbers."""
    names = [name.lower() for name in cells[0]]
    if any(source in names and target in names for source, target in _KNOWN_ENDS if len(source) > 1):
        return True
    columns = list(zip(*(row for row in cells[1:] if len(row) == len(names)), strict=True))
    return any(
        not reads_as_number(name) and all(reads_as_number(cell) for cell in column)
        for name, column in zip(names, columns, strict=False)
    )


class _Reader:
    """Reads the ties of a file chunk by chunk and remembers where they were written."""

    def __init__(self, path: Path, layout: _Layout, *, as_text: bool) -> None:
        self.path = path
        self.layout = layout
        self.as_text = as_text
        self.n_rows = 0
        self._source: list[Any] = []
        self._target: list[Any] = []
        self._weights: list[NDArray[np.float64]] = []

    def read(self) -> bool:
        """Read all ties; return False if the ids are no whole numbers and text was not asked for."""
        wrong = np.zeros(3, dtype=np.int64)

        def take(data: NDArray[np.uint8], bounds: Any, lines: Any) -> bool:
            ends = [self._ids(data, bounds, column) for column in (0, 1)]
            if ends[0] is None or ends[1] is None:
                return False
            self._source.append(ends[0])
            self._target.append(ends[1])
            if self.layout.columns[2] >= 0:
                values = np.empty(len(lines), dtype=np.float64)
                tie_lines.read_numbers(data, bounds, 2, values)
                self._weights.append(values)
            self.n_rows += len(lines)
            return True

        is_read = self._scan(take, wrong)
        if is_read and wrong[2]:
            more = f", the first of {wrong[2]:,} such lines" if wrong[2] > 1 else ""
            got = f"{counted(wrong[1], 'column')}{more}"
            place, expected = (
                f"{self.path}:{wrong[0]}",
                f"{counted(self.layout.n_columns, 'column')}, as in the first line",
            )
            raise NetworkError([Fault(place, got, expected, "check network.delimiter and the line")])
        return is_read

    def place(self, tie: int) -> tuple[str, str]:
        """Return file and line of a tie, and the line."""
        found: list[tuple[str, str]] = []
        seen = 0

        def take(data: NDArray[np.uint8], bounds: Any, lines: Any) -> bool:
            nonlocal seen
            if tie < seen + len(lines):
                row = tie - seen
                start, stop = int(bounds[row, :4].min()), int(bounds[row, :4].max())
                while start > 0 and data[start - 1] != ord("\n"):
                    start -= 1
                while stop < len(data) and data[stop] != ord("\n"):
                    stop += 1
                text = data[start:stop].tobytes().decode(errors="replace").strip()
                found.append((f"{self.path}:{lines[row]}", f'"{text[:80]}"'))
                return False
            seen += len(lines)
            return True

        self._scan(take, np.zeros(3, dtype=np.int64))
        return found[0]

    def weights(self) -> NDArray[np.float64] | None:
        """Return the weights of all ties, if a column was named."""
        return np.concatenate(self._weights) if self._weights else None

    def numbered(self, table: NodeTable | None) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int32]]:
        """Return the ids of the consumers and both ends of each tie as their numbers; -1 if unknown."""
        known = None if table is None else table.ids
        number = number_texts if self.as_text else number_integers
        ids, ends = number(self._source + self._target, known)
        self._source, self._target = [], []
        return ids, ends[: self.n_rows], ends[self.n_rows :]

    def _scan(self, take: Callable[[NDArray[np.uint8], Any, Any], bool], wrong: NDArray[np.int64]) -> bool:
        """Give each chunk with its rows to ``take`` until that returns False."""
        layout = self.layout
        line = 1
        for data in chunks(self.path):
            n_most = int(np.count_nonzero(data == ord("\n"))) + 1
            bounds = np.empty((n_most, 6), dtype=np.int32)
            lines = np.empty(n_most, dtype=np.int64)
            n_rows, n_lines = tie_lines.scan(
                data,
                layout.separator,
                layout.n_columns,
                layout.columns,
                line,
                layout.header_line,
                bounds,
                lines,
                wrong,
            )
            line += n_lines
            if not take(data, bounds[:n_rows], lines[:n_rows]):
                return False
        return True

    def _ids(self, data: NDArray[np.uint8], bounds: Any, column: int) -> Any:
        """Return the ids in a column of a chunk: integers, text, or None if they are no integers."""
        if not self.as_text:
            values = np.empty(len(bounds), dtype=np.int64)
            if not tie_lines.read_integers(data, bounds, column, values):
                return None
            is_small = len(values) == 0 or (values.min() >= -(2**31) and values.max() < 2**31)
            return values.astype(np.int32) if is_small else values
        import pyarrow

        offsets = tie_lines.text_offsets(bounds, column, len(bounds))
        pool = np.empty(int(offsets[-1]), dtype=np.uint8)
        tie_lines.gather_text(data, bounds, column, offsets, pool)
        buffers = [None, pyarrow.py_buffer(offsets), pyarrow.py_buffer(pool)]
        texts = pyarrow.Array.from_buffers(pyarrow.utf8(), len(bounds), buffers)
        try:
            texts.validate(full=True)
        except pyarrow.ArrowInvalid:
            raise NetworkError([Fault(str(self.path), "bytes that are no text", "ids in UTF-8")]) from None
        return texts
