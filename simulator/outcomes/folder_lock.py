"""Locked files that say who holds them, and with them one writer per folder."""

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
#: Where Windows locks a byte, behind all that a lock file says.
_FAR_BEHIND = 2**30
EXPECTED = "a place that no other run writes to"
REMEDY = "wait until it ends, stop it, or choose another folder"


class LockFile:
    """A file that one process at a time holds, and that says who does; it is removed when it is given back.

    The operating system releases it when its process ends, however it ends; what a killed one leaves is taken over.

    Parameters
    ----------
    path : Path
        The file, in an existing folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def take(self, **more: Any) -> Mapping[str, Any] | None:
        """Try to take the file.

        Parameters
        ----------
        **more
            What it shall say beside the process, its host and the time.

        Returns
        -------
        mapping or None
            What it says of who holds it; None where it is taken now.

        Raises
        ------
        OSError
            If it cannot be made, or the file system has no locks.
        """
        while self._file is None:
            file = _opened(self.path)
            try:
                if not is_locked(file):
                    return stored_about(file)
                if _is_there(file, self.path):  # not removed meanwhile by whoever held it
                    self._file = file
            except OSError:  # there are no locks
                with contextlib.suppress(OSError):
                    self.path.unlink()
                raise
            finally:
                if self._file is None:
                    os.close(file)
        with contextlib.suppress(OSError):  # of another user, which is locked all the same
            _write(self._file, {**about_writer(), **more})
        return None

    def give_back(self) -> None:
        """Remove the file and let go of it, if it is taken."""
        file, self._file = self._file, None
        if file is None:
            return
        with contextlib.suppress(OSError):
            if _is_there(file, self.path):  # not that of a run which has come after a removal
                self.path.unlink()
        os.close(file)
        if os.name == "nt":  # which removes no file that anybody has open
            with contextlib.suppress(OSError):
                self.path.unlink()


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
        self._lock = LockFile(folder / LOCK)

    def __enter__(self) -> Self:
        for attempt in range(_ATTEMPTS):
            time.sleep(_PAUSE if attempt else 0)
            about = self._lock.take()
            if about is None:
                return self
        got = f"written to by {owner_of(about or {})}"
        raise StoreError([Fault(str(self._folder), got, EXPECTED, REMEDY)])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.give_back()


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

            os.lseek(file, _FAR_BEHIND, os.SEEK_SET)  # others may not read what is locked there
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD_BY_ANOTHER:
            return False
        raise
    return True


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except PermissionError:
        if not path.exists():
            raise
        return os.open(path, os.O_RDONLY)  # of another user


def _is_there(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _write(file: int, about: Mapping[str, Any]) -> None:
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    os.write(file, json.dumps(about).encode())


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
