"""One writer per folder: a lock that the operating system releases when its process ends, however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from simulator.errors import Fault, StoreError

LOCK = ".lock"
#: A reader that asks who writes holds the lock for an instant; a writer therefore asks several times.
_ATTEMPTS = 8
_PAUSE = 0.05


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
        for attempt in range(_ATTEMPTS):
            if _locked(file):
                break
            if attempt + 1 == _ATTEMPTS:
                owner = _owner(file)
                os.close(file)
                raise StoreError([_taken(self._folder, owner)])
            time.sleep(_PAUSE)
        about = {"process": os.getpid(), "host": socket.gethostname(), "since": _now()}
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(about).encode(), 0)
        self._file = file
        return self

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
        return "" if _locked(file) else _owner(file)
    finally:
        os.close(file)


def _locked(file: int) -> bool:
    """Try to lock an open file; the lock ends when the file is closed or its process dies."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _owner(file: int) -> str:
    try:
        about: dict[str, Any] = json.loads(os.read(file, 4096))
        return f"process {about['process']} on host {about['host']}, since {about['since']}"
    except (ValueError, KeyError, OSError):
        return "another process"


def _taken(folder: Path, owner: str) -> Fault:
    remedy = "wait until it ends, stop it, or choose another folder"
    return Fault(str(folder), f"written to by {owner}", "a folder that no other run writes to", remedy)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
