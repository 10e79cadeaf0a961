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

    An interrupt that arrives inside a library may be swallowed there; it is remembered, and the run ends at
    the next task.
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
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        usual = (signal.SIG_DFL, signal.default_int_handler, end_by_signal)
        taken = [number for number, handler in before.items() if handler in usual or _is_a_stops(handler)]
        for number in taken:
            signal.signal(number, self._arrive)
        try:
            yield
        finally:
            for number in taken:
                signal.signal(number, before[number])

    def _arrive(self, number: int, frame: Any) -> None:
        self.reason = _REASONS[number]
        raise KeyboardInterrupt(self.reason)


def _is_a_stops(handler: Any) -> bool:
    return getattr(handler, "__func__", None) is Stop._arrive


def end_by_signal(number: int, frame: Any) -> None:
    """Answer a signal that asks a process to end as an interrupt by the user is answered."""
    raise KeyboardInterrupt(_REASONS[number])


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Let a request of the system to end (SIGTERM) be told and answered like the user's; only in the main thread."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, end_by_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
