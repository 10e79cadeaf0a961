"""Shards: blocks of an experiment's outcomes, each a small Parquet file that carries its own hash in its name.

A shard is written beside its place, flushed to the disk, renamed, and its folder is flushed: a name that can
be seen belongs to a whole file. The name ends in the hash of the content, so that a file that was altered or
cut short later is noticed without asking any other file.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, StoreError
from simulator.outcomes.digest import digest_text

#: Folder of the shards in a folder of results.
SHARDS = "shards"
#: Columns before the metrics.
ROW_KEYS = ("treatment", "replicate")
BUDGET_COLUMNS = ("level", "pilot_spend", "n_pilots", "note")

_NAME = re.compile(r"^t(\d{6,})-r(\d{10})-([0-9a-f]{32})\.parquet$")
_REMEDY = "call the sweep again with the same folder: it is simulated anew"


@dataclass(frozen=True, eq=False)
class Rows:
    """Outcomes of some treatments in some replicates.

    Parameters
    ----------
    treatments : ndarray of int32, shape (row,)
        Positions of the treatments in the experiment.
    replicates : ndarray of int64, shape (row,)
        Numbers of the replicates.
    values : ndarray of float64, shape (row, metric)
        Outcomes; NaN where a metric is undefined.
    levels, pilot_spends : ndarray of float64, shape (row,)
        Level at which the budget is spent, and mean spend over the pilot replicates, currency.
    n_pilots : ndarray of int32, shape (row,)
        Pilot replicates on which the level was solved.
    notes : tuple of str
        Why a budget is not met, by row; mostly empty.
    """

    treatments: NDArray[np.int32]
    replicates: NDArray[np.int64]
    values: NDArray[np.float64]
    levels: NDArray[np.float64]
    pilot_spends: NDArray[np.float64]
    n_pilots: NDArray[np.int32]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.treatments)

    @classmethod
    def concatenate(cls, parts: Sequence[Rows], n_metrics: int) -> Rows:
        """Join rows; none at all give an empty table."""
        empty = cls(
            np.empty(0, np.int32),
            np.empty(0, np.int64),
            np.empty((0, n_metrics)),
            np.empty(0),
            np.empty(0),
            np.empty(0, np.int32),
            (),
        )
        every = [empty, *parts]
        return cls(
            np.concatenate([part.treatments for part in every]),
            np.concatenate([part.replicates for part in every]),
            np.concatenate([part.values for part in every]),
            np.concatenate([part.levels for part in every]),
            np.concatenate([part.pilot_spends for part in every]),
            np.concatenate([part.n_pilots for part in every]),
            tuple(note for part in every for note in part.notes),
        )

    def take(self, positions: NDArray[Any]) -> Rows:
        """Return some rows, in the order of their positions."""
        return Rows(
            self.treatments[positions],
            self.replicates[positions],
            self.values[positions],
            self.levels[positions],
            self.pilot_spends[positions],
            self.n_pilots[positions],
            tuple(self.notes[int(position)] for position in positions),
        )


def row_hashes(rows: Rows, keys: Sequence[str], seed: int, metrics: Sequence[str]) -> int:
    """Return the sum of the hashes of rows, modulo 2**256: it depends neither on their order nor on shards.

    Parameters
    ----------
    rows : Rows
        Outcomes.
    keys : sequence of str
        Hash of the content of every treatment, scenario included.
    seed : int
        Seed of the experiment.
    metrics : sequence of str
        Names along the second axis of the values.

    Returns
    -------
    int
        Sums of disjoint rows add up.
    """
    names = ",".join(metrics)
    values = np.where(np.isnan(rows.values), np.nan, rows.values + 0.0).astype("<f8")
    total = 0
    for treatment, replicate, row in zip(rows.treatments, rows.replicates, values, strict=True):
        digest = hashlib.sha256(f"{keys[treatment]}\n{seed}\n{replicate}\n{names}\n".encode())
        digest.update(row.tobytes())
        total += int.from_bytes(digest.digest(), "big")
    return total % (1 << 256)


def rows_digest(rows: Rows, keys: Sequence[str], seed: int, metrics: Sequence[str]) -> str:
    """Return the digest of rows, 64 hexadecimal digits: see :func:`row_hashes`."""
    return digest_text(row_hashes(rows, keys, seed, metrics))


def shard_bytes(rows: Rows, metrics: Sequence[str]) -> bytes:
    """Return rows as a Parquet file: zstd, floating-point numbers split by byte."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {
        "treatment": pa.array(rows.treatments),
        "replicate": pa.array(rows.replicates),
        "level": pa.array(rows.levels),
        "pilot_spend": pa.array(rows.pilot_spends),
        "n_pilots": pa.array(rows.n_pilots),
        "note": pa.array(rows.notes, pa.string()),
    }
    columns.update({name: pa.array(rows.values[:, m]) for m, name in enumerate(metrics)})
    buffer = io.BytesIO()
    pq.write_table(
        pa.table(columns),
        buffer,
        compression="zstd",
        use_dictionary=["treatment", "n_pilots", "note"],
        use_byte_stream_split=["level", "pilot_spend", *metrics],
        write_statistics=[*ROW_KEYS],
        store_schema=False,
    )
    return buffer.getvalue()


def shard_name(rows: Rows, data: bytes) -> str:
    """Return the name of a shard: its first treatment and replicate, and the hash of its content."""
    first = f"t{int(rows.treatments[0]):06d}-r{int(rows.replicates[0]):010d}"
    return f"{first}-{hashlib.sha256(data).hexdigest()[:32]}.parquet"


def shard_files(folder: Path) -> list[Path]:
    """Return the shards of a folder of results, in the order of their names."""
    return sorted(file for file in (folder / SHARDS).glob("*.parquet") if _NAME.match(file.name))


def read_shard(file: Path, metrics: Sequence[str]) -> Rows:
    """Read one shard and verify it.

    Parameters
    ----------
    file : Path
        The shard.
    metrics : sequence of str
        Metrics of the experiment.

    Returns
    -------
    Rows
        Its content.

    Raises
    ------
    StoreError
        If it cannot be read, is not what its name says, or lacks a metric.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    named = _NAME.match(file.name)
    try:
        data = file.read_bytes()
        if named is None or hashlib.sha256(data).hexdigest()[:32] != named[3]:
            raise StoreError([Fault(str(file), "an altered file", "the shard that its name says", _REMEDY)])
        # read in this thread: Arrow's own may outlive the interpreter, and this buffer belongs to it
        table = pq.ParquetFile(pa.BufferReader(data), pre_buffer=False).read(use_threads=False)
        return Rows(
            table.column("treatment").to_numpy().astype(np.int32),
            table.column("replicate").to_numpy().astype(np.int64),
            np.stack([table.column(name).to_numpy() for name in metrics], axis=1),
            table.column("level").to_numpy(),
            table.column("pilot_spend").to_numpy(),
            table.column("n_pilots").to_numpy().astype(np.int32),
            tuple(table.column("note").to_pylist()),
        )
    except (OSError, KeyError, pa.ArrowException) as error:
        got = f"an unreadable file ({error.__class__.__name__})"
        raise StoreError([Fault(str(file), got, "a shard of this experiment", _REMEDY)]) from error
