"""What must be measured in a process of its own: start, and peak memory. Each probe prints one JSON object."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_STATUS = Path("/proc/self/status")
#: What a memory probe may run.
PROGRAMS = ("engine", "numpy", "numba")


def peak_bytes() -> int:
    """Return the largest resident memory that this process ever had.

    On Linux ``getrusage`` also remembers the process that started this one; the kernel's mark does not.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def probe_start() -> dict[str, float]:
    """Time the import of the package, of the engine, its kernels, and a first small result."""
    marks = [perf_counter()]
    import simulator  # noqa: F401

    marks.append(perf_counter())
    from simulator.engines.numba_engine import run_one
    from simulator.engines.numba_engine.run import warm_up
    from simulator.model.campaigns import build_plan
    from simulator.model.initialization import build_world
    from simulator.model.market import build_market
    from simulator.scenario import load_scenario

    marks.append(perf_counter())
    warm_up()
    marks.append(perf_counter())
    market = build_market(load_scenario("launch", {"population.consumers": 1000}))
    run_one(market, build_plan(market, "mass"), build_world(market, 1, 0), 1, 0)
    marks.append(perf_counter())
    names = ("import simulator", "import engine", "kernels", "first result")
    return {name: last - first for name, first, last in zip(names, marks, marks[1:], strict=False)}


def probe_memory(program: str, strategy: str, n_consumers: int) -> dict[str, float]:
    """Measure peak memory in bytes per consumer beyond a process that has everything loaded and compiled."""
    from baselines import numpy_market, plain_numba
    from baselines.given import describe
    from contestants import SEED, build_plan, set_stage

    from simulator.engines.numba_engine import run_one

    def play(size: int, horizon: int | None = None) -> int:
        stage = set_stage("launch", size, 1)
        plan = build_plan(stage.market, strategy)
        after_world = peak_bytes()
        if program == "engine":
            run_one(stage.market, plan, stage.worlds[0], SEED, 0)
            return after_world
        given = describe(stage.market, plan, stage.worlds[0])
        if horizon is not None:
            given = given._replace(n_steps=horizon)
        (numpy_market if program == "numpy" else plain_numba).simulate(given, SEED)
        return after_world

    play(500, 1)
    base = peak_bytes()
    after_world = play(n_consumers, 4)
    return {
        "base": float(base),
        "world": (after_world - base) / n_consumers,
        "all": (peak_bytes() - base) / n_consumers,
    }


def run_probe(*arguments: Any, environment: Mapping[str, str] | None = None) -> dict[str, float]:
    """Run a probe in a fresh process and return what it measured, with its wall time as ``process``."""
    begin = perf_counter()
    done = subprocess.run(
        [sys.executable, str(Path(__file__)), *map(str, arguments)],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"probe {arguments} failed:\n{done.stderr}")
    return {**json.loads(done.stdout), "process": perf_counter() - begin}


def cold_and_warm() -> dict[str, dict[str, float]]:
    """Measure the start with an empty cache of kernels, and again with the cache filled."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"SIMULATOR_CACHE": folder}
        cold = run_probe("start", environment=environment)
        warm = min(
            (run_probe("start", environment=environment) for _ in range(3)), key=lambda one: one["process"]
        )
    return {"cold": cold, "warm": warm}


if __name__ == "__main__":
    sys.path.insert(1, str(_ROOT))
    kind, *rest = sys.argv[1:]
    print(json.dumps(probe_start() if kind == "start" else probe_memory(rest[0], rest[1], int(rest[2]))))
