"""Calls of the command line that are timed, and ended by a signal where that is asked for."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from readme import put  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


class Ending(NamedTuple):
    """A signal, and what is waited for before it is sent."""

    wait: Callable[[subprocess.Popen[str]], None]
    number: int = signal.SIGKILL


class Clock:
    """Notices when the machine holds this process still, as it does when it is suspended to make room for others."""

    TICK, HELD = 0.05, 0.5

    def __init__(self) -> None:
        self.seconds_held = 0.0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        before = time.monotonic()
        while True:
            time.sleep(self.TICK)
            now = time.monotonic()
            if now - before > self.HELD:
                self.seconds_held += now - before
            before = now


_clock: Clock | None = None


def unheld(measure: Callable[[], dict[str, Any]], most: int = 20) -> dict[str, Any]:
    """Return the first measurement during which the machine did not hold the processes still."""
    global _clock
    _clock = _clock or Clock()
    for _ in range(most):
        before = _clock.seconds_held
        found = measure()
        if _clock.seconds_held == before:
            return found
        print(f"held still for {_clock.seconds_held - before:.1f} s: taken again", flush=True)
    raise SystemExit(f"the machine held the processes still in all of {most} attempts")


def call(
    words: Sequence[object], ending: Ending | None = None, seconds: float | None = None
) -> dict[str, Any]:
    """Run the command line to its end, or end it by a signal; SIGTERM ends what takes longer than some seconds."""
    command = [sys.executable, "-m", "simulator", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    sent = None
    if ending is not None:
        ending.wait(process)
        if process.poll() is None:
            sent = time.monotonic()
            process.send_signal(ending.number)
    try:
        output, told = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        output, told = process.communicate()
    ended, after = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "returned": process.returncode,
        "seconds": round(ended - began, 3),
        "seconds_to_signal": None if sent is None else round(sent - began, 3),
        "seconds_to_end": None if sent is None else round(ended - sent, 3),
        "cpu_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 3),
        "load": [round(value, 1) for value in os.getloadavg()],
        "digest": _digest(output) if process.returncode == 0 else None,
        "told": told.strip(),
    }


def _digest(output: str) -> str:
    if output.lstrip().startswith("{"):
        return str(json.loads(output)["digest"])
    return output.split()[-1]


def listen_to_interrupts() -> None:
    """Let children hear SIGINT, also where a shell in the background has it ignored."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def tell(text: str, found: dict[str, Any], record: Path | None, name: str) -> None:
    """Print an answer; record what was found, and put the answer into the README beside it, where that is asked for."""
    print(text)
    if record is not None:
        record.write_text(json.dumps(found, indent=2) + "\n")
        put(record.with_name("README.md"), name, text)
