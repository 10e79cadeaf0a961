"""Batches of simulations that survive a kill: each is written whole or not at all, and never run twice.

A folder belongs to one question: its key is the hash of everything on which the numbers depend. Asking the same
question again with the same folder reads what is there and computes the rest.
"""

from __future__ import annotations

import contextlib
import io
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, StoreError
from simulator.outcomes.store import write_file

Values = NDArray[np.float64]
QUESTION = "question.json"


class BatchStore:
    """Keeps named arrays of one question in a folder, or in memory alone.

    Parameters
    ----------
    folder : Path, optional
        Where to keep them; nothing outlives the process if omitted.
    key : str
        Hash of the question.
    question : mapping, optional
        The question as plain data, for people; written beside the batches.

    Raises
    ------
    StoreError
        If the folder belongs to another question or cannot be written.
    """

    def __init__(self, folder: Path | None, key: str, question: Mapping[str, Any] | None = None) -> None:
        self.folder = None if folder is None else Path(folder)
        self.key = key
        self.n_read = 0
        self.n_computed = 0
        self._memory: dict[str, Values] = {}
        if self.folder is not None:
            self._open(question or {})

    def _open(self, question: Mapping[str, Any]) -> None:
        assert self.folder is not None
        place = self.folder / QUESTION
        if place.is_file():
            found = _stored_key(place)
            if found != self.key:
                remedy = "choose another folder, or ask the question that it was made for"
                got = f"the folder of another question ({str(found)[:12]})"
                raise StoreError(
                    [Fault(str(self.folder), got, f"that of this question ({self.key[:12]})", remedy)]
                )
            return
        try:
            if self.folder.is_dir() and any(self.folder.iterdir()):
                got, remedy = "a folder with other content", "choose another folder"
                raise StoreError([Fault(str(self.folder), got, "a new or empty folder", remedy)])
            (self.folder / "batches").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            got = error.strerror or str(error)
            raise StoreError([Fault(str(self.folder), got, "a writable folder", "choose another")]) from error
        text = json.dumps({"key": self.key, **question}, indent=2, default=str)
        write_file(place, text.encode())

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

    def _read(self, name: str, shape: tuple[int, ...]) -> Values | None:
        if self.folder is None:
            return None
        file = self.folder / "batches" / f"{name}.npy"
        with contextlib.suppress(OSError, ValueError, EOFError):
            found = np.load(file, allow_pickle=False)
            if found.shape == shape and found.dtype == np.float64:
                return np.asarray(found)
        return None

    def _write(self, name: str, array: Values) -> None:
        if self.folder is None:
            return
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        write_file(self.folder / "batches" / f"{name}.npy", buffer.getvalue())

    def save_document(self, document: Mapping[str, Any], name: str = "result.json") -> None:
        """Write the answer beside the batches."""
        if self.folder is not None:
            text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
            write_file(self.folder / name, text.encode())

    def save_table(self, table: Any, name: str) -> None:
        """Write a table of pandas as CSV beside the batches."""
        if self.folder is not None:
            write_file(self.folder / name, table.to_csv(index=False).encode())


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
