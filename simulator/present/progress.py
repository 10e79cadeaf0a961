"""Progress on standard error: a bar with the time left on a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from simulator.experiment.stopping import end_if_asked

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

#: Seconds before anything is shown: what ends sooner needs no progress.
PATIENCE = 1.0
#: Seconds between two plain lines where standard error is no terminal.
INTERVAL = 10.0


def duration(seconds: float) -> str:
    """Return a length of time in the words of a person.

    Parameters
    ----------
    seconds : float
        Seconds, >= 0.

    Returns
    -------
    str
        For example ``"4 s"``, ``"3 min 20 s"`` or ``"2 h 5 min"``.

    Examples
    --------
    >>> duration(3.6), duration(200), duration(7500)
    ('4 s', '3 min 20 s', '2 h 5 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class Progress:
    """Show how far the tasks of a command are; a context manager that is called with each advance.

    Parameters
    ----------
    quiet : bool
        Show nothing.
    stream : text file, optional
        Where to write; standard error if omitted.
    clock : callable, optional
        Seconds since any fixed moment.

    Notes
    -----
    An instance may be called from several threads. What is shown changes in a thread of its own, so that a
    long first replicate does not leave the user without a sign.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quiet = quiet
        self._stream = stream if stream is not None else sys.stderr
        self._clock = clock
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._ticker: threading.Thread | None = None
        self._task = ""
        self._done, self._total = 0, 0
        self._began = self._spoken = 0.0
        self._bar: RichProgress | None = None

    def __enter__(self) -> Self:
        if not self._quiet:
            self._ticker = threading.Thread(target=self._tick_until_ended, daemon=True)
            self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._ticker is not None:
            self._ticker.join()
        self._close_bar()

    def __call__(self, task: str, done: int, total: int) -> None:
        """Report that ``done`` of ``total`` parts of a task are finished.

        Parameters
        ----------
        task : str
            What is being done, in a few words.
        done, total : int
            Finished parts and all parts; the time left follows from their ratio.

        Raises
        ------
        KeyboardInterrupt
            If the user or the system has asked the run to end and a library has swallowed that.
        """
        end_if_asked()
        with self._lock:
            if task != self._task:
                self._close_bar()
                self._task, self._began = task, self._clock()
                self._spoken = self._began
            self._done, self._total = done, total

    def announce(self, message: str) -> None:
        """Write one line, whatever else is shown.

        Parameters
        ----------
        message : str
            One sentence.
        """
        if not self._quiet:
            with self._lock:
                self._close_bar()
                self._print(message)

    def tick(self) -> None:
        """Show what there is to show by now."""
        with self._lock:
            now = self._clock()
            elapsed = now - self._began
            if not self._task or elapsed < PATIENCE:
                return
            if self._stream.isatty():
                self._show_bar()
            elif self._done < self._total and now - self._spoken >= INTERVAL:
                self._spoken = now
                self._print(_line(self._task, self._done, self._total, elapsed))

    def _tick_until_ended(self) -> None:
        while not self._ended.wait(0.25):
            self.tick()

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)

    def _show_bar(self) -> None:
        if self._bar is None:
            self._bar = _new_bar(self._stream)
            self._bar.start()
            self._bar.add_task(self._task, total=self._total)
        self._bar.update(self._bar.task_ids[0], completed=self._done, total=self._total)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _line(task: str, done: int, total: int, elapsed: float) -> str:
    left = f", about {duration(elapsed / done * (total - done))} left" if done else ""
    return f"{task}: {done:,} of {total:,} ({done / max(total, 1):.0%}){left}"


def _new_bar(stream: TextIO) -> Any:
    from rich import progress
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(compact=True),
        progress.TextColumn("left"),
        console=Console(file=stream),
        transient=True,
    )
