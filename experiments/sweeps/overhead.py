"""What a shard costs beyond its simulation, in this process, in processes, and on a Dask cluster on loopback.

One design is run with few and with many shards, so that the start of the programs falls out of the difference. Beside
them, the same tasks are run in a loop without runner and store: that is the simulation itself.
"""

from __future__ import annotations

import shutil
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from calls import call, unheld
from loopback import cluster

from simulator.experiment.design_file import Design, load_design
from simulator.experiment.tasks import Levels, Task, run_task
from simulator.outcomes.shards import shard_files

CLUSTER = "Dask, 2 workers"
#: By way: its options on the command line, and how many tasks run at once.
WAYS: dict[str, tuple[list[str], int]] = {
    "this process, 1 thread": (["--threads", "1"], 1),
    "this process, 2 threads": (["--threads", "2"], 2),
    "2 processes": (["--processes", "2"], 2),
    CLUSTER: (["--cluster"], 2),
}
DESIGN = Path(__file__).resolve().parent / "shards.toml"


def measure_overhead(folder: Path, sizes: tuple[int, int], rounds: int) -> dict[str, Any]:
    """Run the design in every way and both sizes, several times in turn, and once with a worker killed midway."""
    folder.mkdir(parents=True, exist_ok=True)
    designs = {n: folder / f"{n}.toml" for n in sizes}
    for n, file in designs.items():
        write_design(file, n)
    bare: list[dict[str, Any]] = []
    runs: list[dict[str, Any]] = []
    with cluster(folder, 2) as (address, processes):
        call(["sweep", designs[sizes[0]], "--out", folder / "warm", "--quiet", "--cluster", address])
        for _ in range(rounds):
            bare.append(unheld(lambda: without_runner(load_design(designs[sizes[1]]))))
            runs += [
                {"way": way, "shards": n, **one_run(way, file, folder / "store", address, processes)}
                for way in WAYS
                for n, file in designs.items()
            ]
    killed = with_a_killed_worker(folder / "killed", designs[sizes[1]], sizes[1])
    digests = {run["digest"] for run in runs if run["shards"] == sizes[1]} | {killed["digest"]}
    return {
        "sizes": list(sizes),
        "bare": {name: statistics.median(one[name] for one in bare) for name in bare[0]},
        "ways": {way: per_shard([run for run in runs if run["way"] == way], sizes) for way in WAYS},
        "killed_worker": killed,
        "same_digest": len(digests) == 1 and None not in digests,
        "runs": runs,
    }


def write_design(file: Path, n_points: int) -> None:
    """Write the design with some number of points, and so of shards; a power of two."""
    file.write_text(DESIGN.read_text().replace("points = 64", f"points = {n_points}"))


def without_runner(plan: Design) -> dict[str, Any]:
    """Run the tasks of a design one after the other; return seconds of a task."""
    levels = run_task(plan.scenarios, task_of(plan, 0, {}, {}, 0)).levels
    tasks = [task_of(plan, p, point.overrides, levels, 2) for p, point in enumerate(plan.points)]
    run_task(plan.scenarios, tasks[0])
    began, worked = time.perf_counter(), time.process_time()
    for task in tasks:
        run_task(plan.scenarios, task)
    return {
        "seconds": (time.perf_counter() - began) / len(tasks),
        "cpu_seconds": (time.process_time() - worked) / len(tasks),
    }


def task_of(plan: Design, point: int, overrides: Any, levels: Levels, n_replicates: int) -> Task:
    """Return the task that the runner would make of a point."""
    names = {name: k for k, name in enumerate(plan.strategies)}
    replicates = tuple(range(n_replicates))
    return Task(0, point, dict(overrides), names, replicates, levels, plan.seed, plan.metrics, "numba", 1)


def one_run(
    way: str, design: Path, place: Path, address: str, processes: Sequence[subprocess.Popen[bytes]]
) -> dict[str, Any]:
    """Run a design in one way into a new folder; processor time includes that of the cluster."""
    on_cluster = way == CLUSTER
    words = ["sweep", design, "--out", place, "--quiet", *WAYS[way][0], *([address] if on_cluster else [])]

    def run() -> dict[str, Any]:
        shutil.rmtree(place, ignore_errors=True)
        before = cpu_of(processes)
        found = call(words)
        used = cpu_of(processes) - before if on_cluster else 0.0
        return {
            "seconds": found["seconds"],
            "cpu_seconds": found["cpu_seconds"] + used,
            "load": found["load"][0],
            "digest": found["digest"],
        }

    return unheld(run)


def cpu_of(processes: Sequence[subprocess.Popen[bytes]]) -> float:
    """Return the processor time that processes have used, in seconds."""
    import psutil

    times = [psutil.Process(process.pid).cpu_times() for process in processes]
    return sum(time.user + time.system for time in times)


def per_shard(runs: Sequence[dict[str, Any]], sizes: tuple[int, int]) -> dict[str, float]:
    """Return the medians over rounds of what one more shard takes, and of what the start takes."""
    few, many = ([run for run in runs if run["shards"] == n] for n in sizes)
    found: dict[str, float] = {}
    for name in ("seconds", "cpu_seconds"):
        slopes = [(b[name] - a[name]) / (sizes[1] - sizes[0]) for a, b in zip(few, many, strict=True)]
        found[name] = statistics.median(slopes)
        found[f"least_{name}"], found[f"most_{name}"] = min(slopes), max(slopes)
    starts = [run["seconds"] - sizes[0] * found["seconds"] for run in few]
    return {**found, "start": statistics.median(starts)}


def with_a_killed_worker(folder: Path, design: Path, n_shards: int) -> dict[str, Any]:
    """Kill one of two workers when half of the shards are stored; return how the sweep ended."""
    folder.mkdir(parents=True, exist_ok=True)
    place, kept = folder / "store", 0
    with cluster(folder, 2) as (address, processes):

        def kill_a_worker() -> None:
            nonlocal kept
            while (kept := len(shard_files(place))) < n_shards // 2:
                time.sleep(0.005)
            processes[1].send_signal(signal.SIGKILL)

        threading.Thread(target=kill_a_worker, daemon=True).start()
        found = call(["sweep", design, "--out", place, "--quiet", "--cluster", address])
        status = processes[1].wait(timeout=30)
    return {
        "stored_at_kill": kept,
        "worker_returned": status,
        **{name: found[name] for name in ("returned", "seconds", "digest")},
    }
