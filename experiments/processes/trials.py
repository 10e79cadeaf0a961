"""What can happen to a process that compiles or runs kernels, and what must hold afterwards.

A *job* is a short program that prints a digest of its results. Every trial starts jobs as processes of their
own on a cache folder of its own, disturbs them, and returns what they printed.
"""

from __future__ import annotations

import os
import pickle
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Job(NamedTuple):
    """A program that takes a number of replicates and prints a digest.

    Parameters
    ----------
    code : str
        Its source.
    size : int
        Replicates of a run to its end.
    """

    code: str
    size: int


#: Cascades on the karate club by one kernel: compiles in seconds.
CASCADE = Job(
    """
import hashlib, networkx, sys
from simulator.diffusion import spread
result = spread(networkx.karate_club_graph(), [0, 33], p=0.2, n_replicates=int(sys.argv[1]), seed=5, threads=2)
print("digest:", hashlib.sha256(result.sizes.tobytes()).hexdigest()[:16], flush=True)
""",
    200,
)
#: A tiny market with every mechanism on, by all kernels of the numba engine.
MARKET = Job(
    """
import simulator as sim, sys
result = sim.simulate(sim.load_scenario("tiny"), ["mass", "social"], n_replicates=int(sys.argv[1]))
print("digest:", result.digest, flush=True)
""",
    2,
)
#: In plain Python a job takes nothing from a cache.
PLAIN = {"NUMBA_DISABLE_JIT": "1"}
PATIENCE = 3600.0


@dataclass(frozen=True)
class Place:
    """Where jobs run.

    Parameters
    ----------
    root : Path
        Folder of the package.
    cache : Path
        Folder for compiled kernels.
    variables : dict of str to str
        More environment variables.
    """

    root: Path
    cache: Path
    variables: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return the environment of a job."""
        base = {
            name: value
            for name, value in os.environ.items()
            if name not in ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR")
        }
        given = {"PYTHONPATH": str(self.root), "SIMULATOR_CACHE": str(self.cache), "PYTHONWARNINGS": "ignore"}
        return {**base, **given, **self.variables}

    def files(self) -> dict[str, int]:
        """Return the cache's finished files and when each was written."""
        found = sorted(path for path in self.cache.rglob("*") if path.suffix in (".nbi", ".nbc"))
        return {str(path.relative_to(self.cache)): path.stat().st_mtime_ns for path in found}


def start(place: Place, job: Job, size: int | None = None) -> subprocess.Popen[str]:
    """Start a job in a process group of its own."""
    command = [sys.executable, "-c", job.code, str(size or job.size)]
    return subprocess.Popen(
        command, env=place.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/", text=True,
        start_new_session=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a job and return its digest, or what it said where it failed."""
    out, err = process.communicate(timeout=PATIENCE)
    lines = [line.split()[1] for line in out.splitlines() if line.startswith("digest:")]
    if process.returncode == 0 and lines:
        return lines[0]
    return f"failed ({process.returncode}): {err.strip()[-500:]}"


def run(place: Place, job: Job, size: int | None = None) -> str:
    """Run a job to its end and return its digest."""
    return finish(start(place, job))


def kill(process: subprocess.Popen[str]) -> bool:
    """Kill a job with all that it started; return whether it was still running."""
    was_running = process.poll() is None
    if was_running:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return was_running


def killed_while_compiling(
    place: Place, job: Job, n_kills: int, longest: float, seed: int = 1
) -> tuple[int, str]:
    """Kill a job some times while it fills an empty cache; return how often it was, and a full run's digest."""
    moments, n_killed = random.Random(seed), 0
    for _ in range(n_kills):
        before, process = len(place.files()), start(place, job)
        while process.poll() is None and len(place.files()) == before:
            time.sleep(0.002)
        time.sleep(moments.uniform(0.0, longest))
        n_killed += kill(process)
    return n_killed, run(place, job)


def killed_while_running(place: Place, job: Job, size: int, wait: float) -> tuple[bool, str]:
    """Kill a job with its kernels compiled in the middle of a long run; return whether it was, and the digest after."""
    process = start(place, job, size)
    time.sleep(wait)
    return kill(process), run(place, job)


def at_once(place: Place, job: Job, n_processes: int = 2) -> list[str]:
    """Start jobs at the same moment on one cache; return their digests."""
    return [finish(process) for process in [start(place, job) for _ in range(n_processes)]]


def torn(place: Place, job: Job) -> str:
    """Leave a full cache as a crash of the machine might, code and half of a file lost, and run again."""
    for name in place.files():
        path = place.cache / name
        if path.suffix == ".nbc":
            path.unlink()
            path.with_name(path.name + ".tmp.0123456789abcdef").write_bytes(b"half")
    return run(place, job)


def readable_indices(place: Place) -> int:
    """Return how many index files of a cache can be read as a whole; raise where one cannot."""
    n_read = 0
    for name in place.files():
        if name.endswith(".nbi"):
            with (place.cache / name).open("rb") as file:
                pickle.load(file)
                pickle.loads(file.read())
            n_read += 1
    return n_read


def read_only(folder: Path) -> Path:
    """Return a folder in which nobody can write: one of the system where we are root, who may write elsewhere."""
    if os.getuid() == 0:
        return Path("/sys/kernel")
    folder.mkdir()
    folder.chmod(0o555)
    return folder
