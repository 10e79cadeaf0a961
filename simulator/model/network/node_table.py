"""The table of consumers that may go with an edge list: their ids, in order, and attributes."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, NetworkError
from simulator.model.network.text_file import first_lines, read_blocks, sniff_separator
from simulator.model.network.tie_lines import WHITESPACE


@dataclass(frozen=True)
class NodeTable:
    """Consumers in order.

    Parameters
    ----------
    ids : ndarray of int64 or str, shape (n_consumers,)
        Ids, from the first column.
    attributes : dict of str to ndarray
        All other columns, by their names.
    """

    ids: NDArray[Any]
    attributes: dict[str, NDArray[Any]]

    @property
    def has_integers(self) -> bool:
        """Whether all ids are whole numbers in their plain form."""
        return bool(np.issubdtype(self.ids.dtype, np.integer))


def read_nodes(path: Path) -> NodeTable:
    """Read the table of consumers from a text file with a header, plain or gzipped.

    Raises
    ------
    NetworkError
        If the file cannot be read, has no rows, or has an id twice or none in a row.
    """
    import pyarrow
    from pyarrow import csv

    lines = first_lines(path)
    if len(lines) < 2:
        expected = "a header and one line per consumer"
        raise NetworkError([Fault(str(path), "no consumers", expected)])
    separator = sniff_separator(lines[0][1])
    delimiter = " " if separator == WHITESPACE else chr(separator)
    kept = [
        line
        for line in b"".join(read_blocks(path)).splitlines()
        if not line.lstrip().startswith((b"#", b"%"))
    ]
    try:
        table = csv.read_csv(
            io.BytesIO(b"\n".join(kept) + b"\n"),
            parse_options=csv.ParseOptions(delimiter=delimiter),
            convert_options=csv.ConvertOptions(
                column_types={_first_name(lines[0][1], delimiter): pyarrow.string()}
            ),
        )
    except pyarrow.ArrowInvalid as error:
        raise NetworkError([Fault(str(path), str(error), "a table with a header")]) from None
    ids = table.column(0).combine_chunks()
    _check_ids(path, ids)
    attributes = {name: table.column(name).to_numpy() for name in table.column_names[1:]}
    return NodeTable(_as_integers(ids), attributes)


def _first_name(line: str, delimiter: str) -> str:
    return line.split(delimiter)[0].strip().strip('"')


def _check_ids(path: Path, ids: Any) -> None:
    """Raise an error about empty and repeated ids."""
    texts = ids.to_pylist()
    faults = []
    empty = [row for row, text in enumerate(texts) if not text]
    if empty:
        faults.append(Fault(f"{path}: row {empty[0] + 1}", "no id", "an id in the first column"))
    twice = [text for text, n_rows in Counter(texts).items() if text and n_rows > 1]
    if twice:
        more = f" (the first of {len(twice):,})" if len(twice) > 1 else ""
        faults.append(Fault(f"{path}: id {twice[0]}", f"several rows{more}", "each id once"))
    if faults:
        raise NetworkError(faults)


def _as_integers(ids: Any) -> NDArray[Any]:
    """Return ids as int64 if each is a whole number in its plain form, and as text otherwise."""
    import pyarrow
    from pyarrow import compute

    try:
        numbers = compute.cast(ids, pyarrow.int64())
    except pyarrow.ArrowInvalid:
        return np.array(ids.to_pylist())
    is_plain = compute.all(compute.equal(compute.cast(numbers, pyarrow.string()), ids)).as_py()
    return np.asarray(numbers) if is_plain else np.array(ids.to_pylist())
