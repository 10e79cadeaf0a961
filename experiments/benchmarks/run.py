"""Measure the engines side by side with hand-written baselines of the same market, in one run.

    python experiments/benchmarks/run.py [--quick] [--c-only] [--consumers 10000] [--out DIR]

Everything runs in turns in this process (start and memory in processes of their own); tables go to
``benchmark.md`` and ``benchmark.json``, the figure to ``benchmark.png``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parents[1])]

import numba  # noqa: E402
import numpy as np  # noqa: E402
from agreement import Agreement, SameBits, check  # noqa: E402
from baselines import c_market, c_same, numpy_market, plain_mesa, plain_numba  # noqa: E402
from baselines.given import describe, observed  # noqa: E402
from contestants import (  # noqa: E402
    MESA,
    MESA_ENGINE,
    NUMBA,
    NUMPY,
    SAME_C,
    SEED,
    C,
    Contestant,
    Stage,
    alternate,
    baselines,
    build_plan,
    engine,
    in_c,
    mesa_engine,
    run_one,
    set_stage,
    strategies_of,
)
from probes import PROGRAMS, cold_and_warm, run_probe  # noqa: E402
from report import as_rows, figure, markdown, mean_row, speed_table  # noqa: E402

SCENARIO = "launch"
#: The strategy that every baseline simulates.
SHARED = "mass"
#: Strategies that the C with the engine's draws simulates.
SAME = ("mass", "none")
#: Strategies of the engine with rows of their own; the others count in the mean.
SHOWN = ("none", "mass", "social", "mix")
MANY = 1_000_000


def say(text: str) -> None:
    """Print a line of progress on standard error."""
    print(text, file=sys.stderr, flush=True)


def machine() -> str:
    """Describe the machine in a line."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line
        ]
        name = models[0] if models else name
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return (
        f"{name}, {os.cpu_count()} processors, load {load:.1f} at the start; Python {platform.python_version()}, "
        f"NumPy {np.__version__}, numba {numba.__version__}"
    )


def check_same_bits(n_consumers: int, n_replicates: int, horizon: int = 52) -> list[SameBits]:
    """Compare the C with the engine's draws with the engine, number for number; nothing without gcc."""
    from simulator.model.initialization import build_world
    from simulator.model.market import build_market
    from simulator.scenario import load_scenario

    if not c_market.has_gcc():
        return []
    market = build_market(load_scenario(SCENARIO, {"population.consumers": n_consumers, "horizon": horizon}))
    different = []
    for replicate in range(n_replicates):
        world = build_world(market, SEED, replicate)
        for strategy in SAME:
            plan = build_plan(market, strategy)
            recorded = c_same.SameMarket(market, plan, world).run(SEED, replicate)
            if not c_same.same_bits(recorded, run_one(market, plan, world, SEED, replicate)):
                different.append(f"{strategy}, replicate {replicate}")
    return [SameBits(SAME_C, n_replicates * len(SAME), tuple(different))]


def check_baselines(n_consumers: int, n_replicates: int, n_mesa: int, horizon: int = 52) -> list[Agreement]:
    """Compare every baseline with the engine on small markets.

    Parameters
    ----------
    n_consumers, horizon : int
        Size of the market.
    n_replicates, n_mesa : int
        Replicates for the fast baselines, and for plain Mesa.
    """
    from simulator.model.initialization import build_world
    from simulator.model.market import build_market
    from simulator.scenario import load_scenario

    market = build_market(load_scenario(SCENARIO, {"population.consumers": n_consumers, "horizon": horizon}))
    plan = build_plan(market, SHARED)
    worlds = [build_world(market, SEED, replicate) for replicate in range(n_replicates)]
    ours = [observed(run_one(market, plan, world, SEED, k)) for k, world in enumerate(worlds)]
    given = [describe(market, plan, world) for world in worlds]
    compiled = [check(C, c_market.simulate, given, ours)] if c_market.has_gcc() else []
    return [
        *compiled,
        check(NUMPY, numpy_market.simulate, given, ours),
        check(NUMBA, plain_numba.simulate, given, ours),
        check(MESA, plain_mesa.simulate, given[:n_mesa], ours),
    ]


def race(
    stage: Stage, rounds: int, *, with_mesa: bool, is_c_only: bool = False
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Measure all contestants of one size, or the engine and C alone; return table rows and who was left out."""
    n_replicates = 16 if stage.n_consumers < 100_000 else 2
    with ThreadPoolExecutor(2) as pool:
        contestants: list[Contestant] = [
            engine(stage, strategy, threads, n_replicates, pool)
            for strategy in (SAME if is_c_only else strategies_of(stage.market))
            for threads in (1, 2)
        ]
        tasks = [(C, SHARED), *((SAME_C, strategy) for strategy in SAME)]
        others = [
            (name, in_c(stage, name, strategy, threads, n_replicates, pool))
            for name, strategy in tasks
            for threads in (1, 2)
        ]
        if not is_c_only:
            contestants += baselines(stage, SHARED, with_mesa=with_mesa)
        if with_mesa and not is_c_only:
            others.append((MESA_ENGINE, mesa_engine(stage, SHARED)))
        skipped = {name: other for name, other in others if isinstance(other, str)}
        contestants += [other for _, other in others if isinstance(other, Contestant)]
        alternate(contestants, rounds, say)
    shown = [row for row in as_rows(contestants, stage.n_consumers) if row["strategy"] in SHOWN]
    means = [] if is_c_only else [mean_row(contestants, stage.n_consumers, threads) for threads in (1, 2)]
    return shown + means, skipped


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run everything and return it as one document."""
    results: dict[str, Any] = {
        "machine": machine(),
        "start": {},
        "memory": [],
        "world_seconds": {},
        "skipped": {},
    }
    if not arguments.quick and not arguments.c_only:
        say("start, cold and warm")
        results["start"] = cold_and_warm()
        say("memory")
        for program, strategy in [*((one, SHARED) for one in PROGRAMS), (PROGRAMS[0], "social")]:
            used = run_probe("memory", program, strategy, MANY)
            results["memory"].append({"program": program, "strategy": strategy, "consumers": MANY, **used})
    say("agreement")
    agreements: list[Agreement | SameBits] = [*check_same_bits(5000, 2 if arguments.quick else 8)]
    if not arguments.c_only:
        agreements += check_baselines(*((500, 24, 8) if arguments.quick else (2000, 64, 12)))
    results["agreement"] = [str(one) for one in agreements]
    results["agreement_holds"] = all(one.holds for one in agreements)
    for line in results["agreement"]:
        say(line)
    results["speed"] = []
    sizes = [arguments.consumers] if arguments.quick else [arguments.consumers, MANY]
    for size in sizes:
        say(f"{size:,} consumers")
        stage = set_stage(SCENARIO, size, 4 if size < 100_000 else 2)
        results["world_seconds"][str(size)] = stage.build_seconds
        rounds = 2 if arguments.quick or size >= 100_000 else 20 if arguments.c_only else 5
        rows, skipped = race(stage, rounds, with_mesa=size < 100_000, is_c_only=arguments.c_only)
        results["speed"] += rows
        results["skipped"].update(skipped)
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark from the command line; return 1 where a baseline simulates another market."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="small check, no million consumers, no cold start"
    )
    parser.add_argument(
        "--c-only", action="store_true", help="the engine and C alone, to c.md, c.json and c.png"
    )
    parser.add_argument("--consumers", type=int, default=10_000, help="consumers of the smaller market")
    parser.add_argument("--out", type=Path, help="folder for tables and figure")
    chosen = parser.parse_args(arguments)
    chosen.out = chosen.out or (
        _HERE.parents[1] / "results" / "benchmarks" if chosen.quick else _HERE / "results"
    )
    results = measure(chosen)
    chosen.out.mkdir(parents=True, exist_ok=True)
    stem = chosen.out / ("c" if chosen.c_only else "benchmark")
    stem.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")
    stem.with_suffix(".md").write_text(markdown(results))
    stem.with_suffix(".png").write_bytes(figure(results["speed"]).png())
    print("\n".join(speed_table(results["speed"])))
    say(f"written to {chosen.out}")
    return 0 if results["agreement_holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
