"""The growing store of an experiment: shards appear whole, one by one, and the manifest says what they are of.

The folder has ``manifest.json``, ``identity.json``, ``scenarios/*.toml``, ``shards/*.parquet`` and, where
replicates failed, ``failures.json``. The manifest is written before the first shard, and again at the end with
the hash of every file and the digest of all outcomes; where it is lost, the identity tells of which experiment
the shards are. Whatever moment a writer is killed at, the shards that can be seen are
whole, and the next writer adds what is missing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, StoreError
from simulator.outcomes.experiment_folder import (
    IDENTITY,
    SCENARIOS,
    check_folder,
    check_same,
    headed,
    identity_of,
)
from simulator.outcomes.failures import FAILURES, Failure, failures_bytes, stored_failures
from simulator.outcomes.folder_lock import FolderLock
from simulator.outcomes.provenance import file_hash
from simulator.outcomes.shards import (
    SHARDS,
    Rows,
    read_shard,
    rows_digest,
    shard_bytes,
    shard_files,
    shard_name,
)
from simulator.outcomes.store import MANIFEST, flush_folder, json_bytes, write_flushed


class ExperimentStore:
    """The right and the means to add outcomes to an experiment's folder; a context manager.

    Parameters
    ----------
    place : Path
        The folder; made if it is missing, gone on with if it holds the same experiment.
    manifest : mapping
        What the experiment is, with ``treatment_keys``, ``seed``, ``metrics`` and ``replicates``.
    files : mapping
        Further files by relative name, written once.

    Raises
    ------
    StoreError
        On entering, if the folder has other content, another experiment or another writer, or cannot be
        written.
    """

    def __init__(self, place: Path, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        self.place = place.expanduser().resolve()
        self.manifest = dict(manifest)
        self.metrics: tuple[str, ...] = tuple(manifest["metrics"])
        self.set_aside: list[Fault] = []
        self.earlier: Mapping[str, Any] = {}
        self.is_recovered = False
        self._files = {IDENTITY: json_bytes(headed(identity_of(manifest))), **files}
        self._lock = FolderLock(self.place)
        self._parts: list[Rows] = []
        self._names: set[str] = set()
        self._failures: dict[tuple[int, int], Failure] = {}

    def __enter__(self) -> Self:
        with told(self.place):
            check_folder(self.place)
            (self.place / SHARDS).mkdir(parents=True, exist_ok=True)
            self._lock.__enter__()
            try:
                self._begin(check_folder(self.place))
            except BaseException:
                self._lock.__exit__(None, None, None)
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.__exit__(kind, error, traceback)

    def _begin(self, existing: Mapping[str, Any] | None) -> None:
        _remove_strays(self.place)
        if check_same(self.place, existing, lambda: self.manifest) and existing is not None:
            self.earlier = existing
            self.catch_up()
            self.is_recovered = "replicates" not in existing  # an identity: the manifest was lost
            found = np.unique(np.concatenate([[], *(part.replicates for part in self._parts)])).astype(int)
            stored = existing.get("replicates", [[k, k + 1] for k in found.tolist()])
            began = existing.get("began", self.manifest["began"])
            self.manifest = {**_kept_of(existing), **self.manifest, "began": began}
            self.manifest["replicates"] = joined(stored, self.manifest["replicates"])
            self._failures = {(f.treatment, f.replicate): f for f in stored_failures(self.place)}
            self._settle(*self._parts)
        else:
            for entry in (existing or {}).get("scenarios", ()):  # of another one that has stored nothing
                (self.place / SCENARIOS / Path(entry["file"]).name).unlink(missing_ok=True)
            (self.place / FAILURES).unlink(missing_ok=True)
        for name, data in self._files.items():
            target = self.place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, data)
        self._write_manifest({"state": "open"})

    def widen(self, replicates: range) -> None:
        """Say in the manifest that further replicates are wanted, before the first of them is stored."""
        wanted = joined(self.manifest["replicates"], [[replicates.start, replicates.stop]])
        if wanted != self.manifest["replicates"]:
            self.manifest["replicates"] = wanted
            with told(self.place):
                self._write_manifest({"state": "open"})

    def catch_up(self) -> None:
        """Read the shards that are there and not known yet; what is damaged is set aside."""
        for file in shard_files(self.place):
            if file.name in self._names:
                continue
            try:
                self._parts.append(read_shard(file, self.metrics))
                self._names.add(file.name)
            except StoreError as error:
                self.set_aside.extend(error.faults)
                file.replace(file.with_name(f"{file.name}.damaged"))

    @property
    def rows(self) -> Rows:
        """All outcomes that are stored, each once, in the order of treatments and replicates."""
        rows = Rows.concatenate(self._parts, len(self.metrics))
        order = in_order(rows)
        return rows.take(order)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Replicates that failed, in this call or before, and have not been simulated since."""
        return tuple(self._failures[key] for key in sorted(self._failures))

    def finished(self, replicates: range) -> NDArray[np.bool_]:
        """Return which treatments are stored in which replicates; shape (treatment, replicate)."""
        found = np.zeros((len(self.manifest["treatment_keys"]), len(replicates)), bool)
        for part in self._parts:
            column = part.replicates - replicates.start
            is_asked = (column >= 0) & (column < len(replicates))
            found[part.treatments[is_asked], column[is_asked]] = True
        return found

    def append(self, rows: Rows, failures: Sequence[Failure] = ()) -> None:
        """Store outcomes as one more shard, and what failed.

        Parameters
        ----------
        rows : Rows
            Outcomes that are not stored yet.
        failures : sequence of Failure
            Replicates that could not be simulated.

        Raises
        ------
        StoreError
            If they cannot be written; what was stored before stays.
        """
        with told(self.place):
            is_settled = self._settle(rows)
            if len(rows):
                data = shard_bytes(rows, self.metrics)
                name = shard_name(rows, data)
                write_whole(self.place / SHARDS / name, data)
                self._parts.append(rows)
                self._names.add(name)
            self._failures.update({(f.treatment, f.replicate): f for f in failures})
            if failures or is_settled:
                self._write_failures()

    def finish(self, wall_seconds: float, is_complete: bool) -> None:
        """Write the manifest with the hash of every file and the digest of all outcomes.

        Parameters
        ----------
        wall_seconds : float
            How long this call has taken.
        is_complete : bool
            Whether nothing is missing.
        """
        with told(self.place):
            if self.failures or (self.place / FAILURES).exists():
                self._write_failures()
            names = [*self._files, *(f"{SHARDS}/{file.name}" for file in shard_files(self.place))]
            keys, seed = self.manifest["treatment_keys"], self.manifest["seed"]
            self._write_manifest(
                {
                    "state": "complete" if is_complete else "open",
                    "digest": rows_digest(self.rows, keys, seed, self.metrics),
                    "wall_seconds": round(wall_seconds, 3),
                    "files": {name: file_hash(self.place / name) for name in names},
                }
            )

    def _settle(self, *parts: Rows) -> bool:
        """Forget the failures of what has been simulated since; return whether there were any."""
        before = len(self._failures)
        for part in parts if before else ():
            for key in zip(part.treatments.tolist(), part.replicates.tolist(), strict=True):
                self._failures.pop(key, None)
        return len(self._failures) < before

    def _write_failures(self) -> None:
        write_whole(self.place / FAILURES, failures_bytes(self.failures))

    def _write_manifest(self, state: Mapping[str, Any]) -> None:
        manifest = headed({**self.manifest, **state})
        manifest["manifest_hash"] = manifest_hash(manifest)
        write_whole(self.place / MANIFEST, json_bytes(manifest))


def _kept_of(existing: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a manifest says that a later run does not ask for and must not lose."""
    return {key: existing[key] for key in ("precision",) if key in existing}


def manifest_hash(manifest: Mapping[str, Any]) -> str:
    """Return the sha256 of a manifest's content, its own hash left out."""
    content = {key: value for key, value in manifest.items() if key != "manifest_hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def in_order(rows: Rows) -> NDArray[np.intp]:
    """Return the positions of rows by treatment and replicate, each pair once."""
    order = np.lexsort((rows.replicates, rows.treatments))
    if not len(order):
        return order
    treatments, replicates = rows.treatments[order], rows.replicates[order]
    is_new = np.append(True, (np.diff(treatments) != 0) | (np.diff(replicates) != 0))
    return order[is_new]


def joined(*blocks: Sequence[Sequence[int]]) -> list[list[int]]:
    """Join lists of replicates, each given as [first, one past the last] in ascending disjoint parts."""
    result: list[list[int]] = []
    for start, stop in sorted((int(part[0]), int(part[1])) for block in blocks for part in block):
        if result and start <= result[-1][1]:
            result[-1][1] = max(stop, result[-1][1])
        else:
            result.append([start, stop])
    return result


def write_whole(target: Path, data: bytes) -> None:
    """Write a file so that it appears complete or not at all, and survives a loss of power."""
    staging = target.with_name(f".{target.name}.partial-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        write_flushed(staging, data)
        staging.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            staging.unlink(missing_ok=True)
        raise
    flush_folder(target.parent)


@contextlib.contextmanager
def told(place: Path) -> Iterator[None]:
    """Turn an error of the file system into one that says what to do."""
    try:
        yield
    except OSError as error:
        remedy = "make room or choose another folder; what is stored stays, call again to go on"
        got = error.strerror or str(error)
        raise StoreError([Fault(str(place), got, "a folder that can be written to", remedy)]) from error


def _remove_strays(place: Path) -> None:
    """Remove what killed writers left half-written; the caller holds the lock, so nobody is writing."""
    for folder in (place, place / SHARDS, place / SCENARIOS):
        for stray in folder.glob(".*.partial-*"):
            stray.unlink(missing_ok=True)
