"""One run at a time for each place of results: taken before anything is computed, held until everything is written.

The right to a place is a lock beside it, ``.NAME.lock``, which the operating system releases when its process ends,
however it ends. The file says who holds it and what question is answered, so that a run of the same question can be
told from one of another. It is removed with the lock; what a killed run leaves of it stands in nobody's way. Where a
file system has no locks, or nothing can be made beside a place, it is not held, and only checked.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.errors import Fault, StoreError, TakenPlaceError
from simulator.outcomes.folder_lock import (
    EXPECTED,
    REMEDY,
    about_writer,
    is_locked,
    owner_of,
    stored_about,
    write_about,
)
from simulator.outcomes.places import absolute, is_stream

#: How long is waited for a lock: for a place that a run holds, and for one that is just being written, seconds.
_BRIEFLY, _LONG = 0.4, 30.0
_PAUSE = 0.05
_ATTEMPTS = 20


@dataclass
class _Held:
    """A place that this process holds: for which question, how often, by which file, and folders made for it."""

    question: str
    times: int
    file: int | None
    made: tuple[Path, ...]


#: Places that this process holds.
_HELD: dict[Path, _Held] = {}
_GUARD = threading.Lock()


@contextlib.contextmanager
def reserved(
    path: Path, check: Callable[[Path], object], question: Mapping[str, Any] | None = None
) -> Iterator[None]:
    """Hold a place of results; no other run may hold it, or write there, meanwhile.

    Parameters
    ----------
    path : Path
        A folder or a file, existing or not; a device or a pipe is only checked.
    check : callable
        Receives the path when it is taken: what another run has just written counts.
    question : mapping, optional
        What the results answer. Runs of one process that answer the same question hold a place together.

    Raises
    ------
    TakenPlaceError
        If a run of another question holds it.
    StoreError
        If a run of the same question holds it, or of none, or the check fails.
    """
    if is_stream(path.expanduser()):
        check(path)
        yield
        return
    place = absolute(path)
    _take(path, place, _text_of(question), _BRIEFLY)
    try:
        check(path)
        yield
    finally:
        _give_back(place)


@contextlib.contextmanager
def written(path: Path) -> Iterator[None]:
    """Hold a place for as long as it takes to write it; a run of this process that holds it already may.

    Parameters
    ----------
    path : Path
        The place, as the user gave it.

    Raises
    ------
    StoreError
        If another process holds it.
    """
    place = absolute(path)
    _take(path, place, None, _LONG)
    try:
        yield
    finally:
        _give_back(place)


def sweep_lock(place: Path) -> None:
    """Remove the lock file that a killed run has left beside a place; one that is held stays.

    Parameters
    ----------
    place : Path
        Absolute path.
    """
    with contextlib.suppress(OSError):
        file = os.open(_file_of(place), os.O_RDWR)
        try:
            if is_locked(file) and _is_there(file, _file_of(place)):
                _file_of(place).unlink()
        finally:
            os.close(file)


def _text_of(question: Mapping[str, Any] | None) -> str:
    """Return the hash of a question; nothing where there is none, which is never the same as another."""
    if question is None:
        return ""
    return hashlib.sha256(json.dumps(question, sort_keys=True, default=str).encode()).hexdigest()


def _take(path: Path, place: Path, question: str | None, patience: float) -> None:
    """Take a place for a question, or with whatever this process holds it for (None)."""
    deadline = time.monotonic() + patience
    while True:
        with _GUARD:
            held = _HELD.get(place)
            about = (
                _lock(place, question or "")
                if held is None
                else {**about_writer(), "question": held.question}
            )
            if held is not None and (question is None or (question and question == held.question)):
                held.times += 1
                return
        if about is None:
            return
        if time.monotonic() > deadline:
            raise _busy(path, about, question or "")
        time.sleep(_PAUSE)


def _lock(place: Path, question: str) -> Mapping[str, Any] | None:
    """Try to take the lock beside a place; return what is said of who holds it, or None where it is taken now."""
    made: list[Path] = []
    file: int | Mapping[str, Any] | None = None
    for _ in range(_ATTEMPTS):
        try:
            for folder in reversed([above for above in place.parents if not above.exists()]):
                folder.mkdir(exist_ok=True)
                made.append(folder)
            file = _open(place)
        except FileNotFoundError:
            continue  # another run has just removed a folder that it had made
        except OSError:
            pass
        break
    if isinstance(file, Mapping):
        return file
    _HELD[place] = _Held(question, 1, file, tuple(dict.fromkeys(made)))
    if file is not None:
        with contextlib.suppress(OSError):  # of another user, which is locked all the same
            write_about(file, {**about_writer(), "question": question})
    return None


def _open(place: Path) -> int | Mapping[str, Any]:
    """Return the locked file, or what is said of who has locked it."""
    while True:
        try:
            file = os.open(_file_of(place), os.O_RDWR | os.O_CREAT, 0o644)
        except PermissionError:
            file = os.open(_file_of(place), os.O_RDONLY)  # of another user
        try:
            if not is_locked(file):
                about = stored_about(file)
                os.close(file)
                return about
            if _is_there(file, _file_of(place)):
                return file
        except OSError:  # there are no locks
            with contextlib.suppress(OSError):
                _file_of(place).unlink()
            os.close(file)
            raise
        os.close(file)  # whoever held it has just removed it


def _is_there(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _give_back(place: Path) -> None:
    with _GUARD:
        held = _HELD[place]
        held.times -= 1
        if held.times:
            return
        del _HELD[place]
        if held.file is not None:
            with contextlib.suppress(OSError):
                if _is_there(held.file, _file_of(place)):  # not that of a run which has come after a removal
                    _file_of(place).unlink()
            os.close(held.file)
        for folder in reversed(held.made):
            with contextlib.suppress(OSError):
                folder.rmdir()


def _file_of(place: Path) -> Path:
    return place.parent / f".{place.name}.lock"


def _busy(path: Path, about: Mapping[str, Any], question: str) -> StoreError:
    owner = owner_of(about)
    if question and about.get("question") not in (None, "", question):
        return TakenPlaceError(
            [Fault(str(path), f"results of another question, being written by {owner}", EXPECTED, REMEDY)]
        )
    return StoreError([Fault(str(path), f"written to by {owner}", EXPECTED, REMEDY)])
