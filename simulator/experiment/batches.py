"""Batches of simulations that survive a kill: each is written whole or not at all, and never run twice.

A folder belongs to one question, whose key is the hash of everything on which the numbers depend, or to any question,
if every batch is named by such a hash (:meth:`BatchStore.of`). Asking again with the same folder reads what is there
and computes the rest. The name of a file ends in the hash of its content: one that was altered is set aside and its
batch computed again. One process at a time writes to a folder. One in which nothing was computed, as a run leaves it
that is killed early, belongs to nobody.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import io
import json
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, StoreError, TakenPlaceError
from simulator.experiment.sampling import outcome_digest
from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.folder_lock import LOCK, FolderLock
from simulator.outcomes.store import write_file

Values = NDArray[np.float64]
QUESTION = "question.json"
BATCHES = "batches"
_HASH_LENGTH = 32


class _Hold:
    """The right of this process to write to a folder, given back when its last store is gone."""

    def __init__(self, folder: Path) -> None:
        lock = FolderLock(folder)
        lock.__enter__()
        self.release = weakref.finalize(self, lock.__exit__, None, None, None)


#: Folders that this process writes to; stores of one folder share the right to.
_HELD: weakref.WeakValueDictionary[Path, _Hold] = weakref.WeakValueDictionary()
_OPENING = threading.Lock()


class BatchStore:
    """Keeps named arrays in a folder, or in memory alone.

    Parameters
    ----------
    folder : path, optional
        Where to keep them; nothing outlives the process if omitted.
    key : str
        Hash of the question to which the folder belongs; without one, it serves any (see :meth:`of`).
    question : mapping, optional
        The question as plain data, for people; written beside the batches.

    Raises
    ------
    StoreError
        If the folder belongs to another question, another process writes to it, or it cannot be written.
    """

    def __init__(
        self, folder: str | Path | None, key: str = "", question: Mapping[str, Any] | None = None
    ) -> None:
        self.folder = None if folder is None else Path(folder).expanduser()
        self.key = key
        self.n_read = 0
        self.n_computed = 0
        self.set_aside: list[Path] = []
        self._memory: dict[str, Values] = {}
        self._hold: _Hold | None = None
        if self.folder is not None and key:
            self._open(question or {})

    def _open(self, question: Mapping[str, Any]) -> None:
        assert self.folder is not None
        with _OPENING:
            self._check_owner()
            self._take()
            if not self._check_owner():  # once more, as another process may have come first
                text = json.dumps({"key": self.key, **question}, indent=2, default=str)
                write_file(self.folder / QUESTION, text.encode())

    def _check_owner(self) -> bool:
        """Return whether the folder is of this question already; refuse one of another, or with other content."""
        assert self.folder is not None
        found = _stored_key(self.folder / QUESTION)
        if found == self.key:
            return True
        names, kept = _names_in(self.folder), _names_in(self._files)
        is_held = self.folder.resolve() in _HELD and self._hold is None
        if found is not None and (kept or is_held or names - {LOCK, QUESTION, BATCHES}):
            remedy = "choose another folder, or ask the question that it was made for"
            got = f"the folder of another question ({found[:12]})"
            raise TakenPlaceError(
                [Fault(str(self.folder), got, f"that of this question ({self.key[:12]})", remedy)]
            )
        if found is None and (kept or names - {LOCK, BATCHES}):
            got, remedy = "a folder with other content", "choose another folder"
            raise TakenPlaceError([Fault(str(self.folder), got, "a new or empty folder", remedy)])
        return False

    def _take(self) -> None:
        """Make the folder if it is missing, and take the right to write to it."""
        assert self.folder is not None
        if self._hold is not None:
            return
        try:
            self._files.mkdir(parents=True, exist_ok=True)
            place = self.folder.resolve()
            self._hold = _HELD.get(place) or _Hold(place)
        except OSError as error:
            got = error.strerror or str(error)
            raise StoreError([Fault(str(self.folder), got, "a writable folder", "choose another")]) from error
        _HELD[place] = self._hold

    @property
    def _files(self) -> Path:
        assert self.folder is not None
        return self.folder / BATCHES if self.key else self.folder

    def of(self, compute: Callable[[], Values], *content: str) -> Values:
        """Return the array that depends on some content alone, from the folder if it is there.

        Parameters
        ----------
        compute : callable
            Returns it.
        *content : str
            Everything that it depends on, besides the version of this package.

        Returns
        -------
        ndarray of float64
            The array.
        """
        if self.folder is None:
            return compute()
        self._take()
        name = _name_of(content)
        found = self._read(name, None)
        if found is not None:
            self.n_read += 1
            return found
        values = np.asarray(compute(), dtype=np.float64)
        self.n_computed += 1
        self._write(name, values)
        return values

    def holds(self, *content: str) -> bool:
        """Return whether :meth:`of` would find the array of some content in the folder."""
        return self.folder is not None and self._read(_name_of(content), None) is not None

    def get(self, name: str, shape: tuple[int, ...], compute: Callable[[], Values]) -> Values:
        """Return a named array, from the folder if it is there, else computed and kept.

        Parameters
        ----------
        name : str
            Name of the batch.
        shape : tuple of int
            Its shape; a stored array of another shape, or a damaged one, is computed again.
        compute : callable
            Returns it.

        Returns
        -------
        ndarray of float64
            The array.
        """
        if name in self._memory and self._memory[name].shape == shape:
            return self._memory[name]
        stored = self._read(name, shape)
        if stored is not None:
            self.n_read += 1
        else:
            stored = np.asarray(compute(), dtype=np.float64)
            self.n_computed += 1
            self._write(name, stored)
        self._memory[name] = stored
        return stored

    def has(self, name: str, shape: tuple[int, ...]) -> bool:
        """Return whether a named array of a shape is kept, so that it need not be computed."""
        known = self._memory.get(name)
        if known is None or known.shape != shape:
            known = self._read(name, shape)
        return known is not None

    def _read(self, name: str, shape: tuple[int, ...] | None) -> Values | None:
        """Return a stored array, of any shape if none is given; set aside what was altered."""
        if self.folder is None:
            return None
        plain = self._files / f"{name}.npy"  # of an earlier version, without a hash
        for file in [*self._files.glob(f"{glob.escape(name)}.*.npy"), plain]:
            with contextlib.suppress(OSError, ValueError, EOFError):
                data = file.read_bytes()
                if file != plain and _hash(data) != file.name.split(".")[-2]:
                    raise ValueError("altered")
                found = np.load(io.BytesIO(data), allow_pickle=False)
                if found.dtype == np.float64 and shape in (None, found.shape):
                    return np.asarray(found)
                continue
            if file.is_file():
                with contextlib.suppress(OSError):
                    self.set_aside.append(file.replace(file.with_name(f"{file.name}.damaged")))
        return None

    def _write(self, name: str, array: Values) -> None:
        if self.folder is None:
            return
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        data = buffer.getvalue()
        write_file(self._files / f"{name}.{_hash(data)}.npy", data)

    def save_document(self, document: Mapping[str, Any], name: str = "result.json") -> None:
        """Write the answer beside the batches."""
        if self.folder is not None:
            text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
            write_file(self.folder / name, text.encode())

    def save_table(self, table: Any, name: str) -> None:
        """Write a table of pandas as CSV beside the batches."""
        if self.folder is not None:
            write_file(self.folder / name, table.to_csv(index=False).encode())


def _names_in(folder: Path) -> set[str]:
    """Return the names in a folder, without what killed writers left half-written."""
    found = {item.name for item in folder.iterdir()} if folder.is_dir() else set()
    return {name for name in found if not (name.startswith(".") and ".partial-" in name)}


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_HASH_LENGTH]


def _name_of(content: Sequence[str]) -> str:
    """Return the name of a batch that depends on some content and the version of this package."""
    from simulator import __version__

    return outcome_digest(__version__, str(TRAJECTORY_VERSION), *content)


def _stored_key(place: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        key = json.loads(place.read_bytes()).get("key")
        return str(key) if key else None
    return None


def run_all(
    tasks: Sequence[Any],
    run: Callable[[Any], Any],
    threads: int,
    on_done: Callable[[int], None] | None = None,
) -> list[Any]:
    """Run independent tasks on threads and return their results in order.

    Parameters
    ----------
    tasks : sequence
        What to run.
    run : callable
        Receives one task; its result must depend on nothing else.
    threads : int
        At least 1.
    on_done : callable, optional
        Receives 1 after each task.

    Returns
    -------
    list
        One result per task, whatever the number of threads.
    """
    stop = threading.Event()

    def one(task: Any) -> Any:
        if stop.is_set():
            return None
        result = run(task)
        if on_done is not None:
            on_done(1)
        return result

    if threads <= 1 or len(tasks) <= 1:
        return [one(task) for task in tasks]
    with ThreadPoolExecutor(threads) as pool:
        try:
            return list(pool.map(one, tasks))
        except BaseException:
            stop.set()
            raise
