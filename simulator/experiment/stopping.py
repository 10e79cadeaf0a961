"""Stopping: what happens to a run when the user or the system asks it to end."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

_REASONS: dict[int, str] = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


class Stop:
    """Ends a run where the user or the system asks for it.

    An interrupt that arrives inside a library, or while one is loaded, may be swallowed there; it is remembered, and
    the run ends at the next task, or where it next tells of its progress on the command line.
    """

    def __init__(self) -> None:
        self.reason = ""

    def check(self) -> None:
        """Raise the interrupt that has arrived, if one has."""
        if self.reason:
            raise KeyboardInterrupt(self.reason)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take over the signals that end a process by default; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in _REASONS}
        usual = (signal.SIG_DFL, signal.default_int_handler, _arrive)
        taken = [number for number, handler in before.items() if handler in usual]
        self.reason = next((stop.reason for stop in _LISTENING if stop.reason), "")
        try:
            _LISTENING.append(self)
            for number in taken:
                signal.signal(number, _arrive)
            yield
        finally:
            with contextlib.suppress(ValueError):  # before it was added
                _LISTENING.remove(self)  # first: what arrives from here on is nobody's to remember
            for number in taken:
                signal.signal(number, before[number])


#: Those that are listening: a run within another one ends both.
_LISTENING: list[Stop] = []


def _arrive(number: int, frame: Any) -> None:
    for stop in _LISTENING:
        stop.reason = _REASONS[number]
    raise KeyboardInterrupt(_REASONS[number])


def end_if_asked() -> None:
    """Raise the interrupt that has arrived while somebody was listening, if one has."""
    for stop in tuple(_LISTENING):
        stop.check()
