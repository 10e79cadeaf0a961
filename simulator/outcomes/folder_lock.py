"""One writer per folder: a lock that the operating system releases when its process ends, however it ends."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from simulator.errors import Fault, StoreError

LOCK = ".lock"
_HELD_BY_ANOTHER = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)
#: A reader that asks who writes holds the lock for an instant; a writer therefore asks several times.
_ATTEMPTS = 8
_PAUSE = 0.05
EXPECTED = "a place that no other run writes to"
REMEDY = "wait until it ends, stop it, or choose another folder"


class FolderLock:
    """The right to write to a folder; a context manager.

    Parameters
    ----------
    folder : Path
        An existing folder. What a killed process left in its lock file is taken over.

    Raises
    ------
    StoreError
        On entering, if another process writes to the folder; it names that process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None

    def __enter__(self) -> Self:
        file = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._lock(file)
        except BaseException:
            os.close(file)
            raise
        self._file = file
        return self

    def _lock(self, file: int) -> None:
        for attempt in range(_ATTEMPTS):
            if is_locked(file):
                break
            if attempt + 1 == _ATTEMPTS:
                got = f"written to by {owner_of(stored_about(file))}"
                raise StoreError([Fault(str(self._folder), got, EXPECTED, REMEDY)])
            time.sleep(_PAUSE)
        write_about(file, about_writer())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None


def write_about(file: int, about: Mapping[str, Any]) -> None:
    """Write into a locked file who holds it."""
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    os.write(file, json.dumps(about).encode())


def writer_of(folder: Path) -> str:
    """Return who writes to a folder now, in words, or nothing.

    Parameters
    ----------
    folder : Path
        A folder, with a lock file or without.

    Returns
    -------
    str
        For example ``process 4711 on host lab, since 2026-11-02T10:00:00Z``.
    """
    try:
        file = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return ""
    try:
        return "" if is_locked(file) else owner_of(stored_about(file))
    except OSError:
        return ""
    finally:
        os.close(file)


def is_locked(file: int) -> bool:
    """Try to lock an open file, and return whether it is now; until it is closed or its process dies.

    Parameters
    ----------
    file : int
        Its descriptor.

    Raises
    ------
    OSError
        If the file system has no locks.
    """
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD_BY_ANOTHER:
            return False
        raise
    return True


def about_writer() -> dict[str, Any]:
    """Return what this process writes into a lock file about itself."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"process": os.getpid(), "host": socket.gethostname(), "since": now}


def stored_about(file: int) -> dict[str, Any]:
    """Return what an open lock file says about its owner; nothing where it says nothing yet."""
    with contextlib.suppress(ValueError, OSError):
        os.lseek(file, 0, os.SEEK_SET)
        about = json.loads(os.read(file, 4096))
        return about if isinstance(about, dict) else {}
    return {}


def owner_of(about: Mapping[str, Any]) -> str:
    """Return in words who is described in a lock file."""
    try:
        return f"process {about['process']} on host {about['host']}, since {about['since']}"
    except KeyError:
        return "another process"
