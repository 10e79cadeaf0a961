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
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.errors import Fault, StoreError, TakenPlaceError
from simulator.outcomes.folder_lock import EXPECTED, REMEDY, LockFile, about_writer, owner_of
from simulator.outcomes.places import absolute, is_stream

#: How long is waited for a place that a run holds, and for one that is just being written, seconds.
_BRIEFLY, _LONG = 0.4, 30.0
_PAUSE = 0.05
_ATTEMPTS = 20


@dataclass
class _Held:
    """A place that this process holds: for which question, how often, by which file, and folders made for it."""

    question: str | None
    times: int
    lock: LockFile
    made: set[Path]


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
    _take(path, place, _text_of(question))
    try:
        check(path)
        yield
    finally:
        _give_back(place)


@contextlib.contextmanager
def written(path: Path) -> Iterator[None]:
    """Hold a place for as long as it takes to write it; a run of this process that holds it already may.

    Another one that just writes there is waited for; a run, which may take hours, is not.

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
    _take(path, place, None)
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
    lock = LockFile(_file_of(place))
    if lock.path.exists():
        with contextlib.suppress(OSError):
            lock.take()
            lock.give_back()


def _text_of(question: Mapping[str, Any] | None) -> str:
    """Return the hash of a question; nothing where there is none, which is never the same as another."""
    if question is None:
        return ""
    return hashlib.sha256(json.dumps(question, sort_keys=True, default=str).encode()).hexdigest()


def _take(path: Path, place: Path, question: str | None) -> None:
    """Take a place for a question, or to write it with whatever this process holds it for (None)."""
    began = time.monotonic()
    while True:
        with _GUARD:
            held = _HELD.get(place)
            if held is None:
                about = _hold(place, question)
            elif question is None or (question and question == held.question):
                held.times += 1
                return
            else:
                about = {**about_writer(), "question": held.question}
        if about is None:
            return
        is_just_written = about.get("question", "") is None
        if time.monotonic() - began > (_LONG if is_just_written else _BRIEFLY):
            raise _busy(path, about, question or "")
        time.sleep(_PAUSE)


def _hold(place: Path, question: str | None) -> Mapping[str, Any] | None:
    """Try to hold a place; return what is said of who does, or None where this process does now."""
    lock, made, about = LockFile(_file_of(place)), set[Path](), None
    with contextlib.suppress(OSError):  # nothing can be made there, or there are no locks
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(
                FileNotFoundError
            ):  # another run has just removed a folder that it had made
                made.update(above for above in place.parents if not above.exists())
                place.parent.mkdir(parents=True, exist_ok=True)
                about = lock.take(question=question)
                break
    if about is None:
        _HELD[place] = _Held(question, 1, lock, made)
    return about


def _give_back(place: Path) -> None:
    with _GUARD:
        held = _HELD[place]
        held.times -= 1
        if held.times:
            return
        del _HELD[place]
        held.lock.give_back()
        for folder in place.parents:
            if folder in held.made:
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
