"""Measure reverse-reachable-set seeding: time, memory and quality.

    python experiments/benchmarks/seeding.py [--out DIR]

* On a directed graph of 75,000 nodes and 500,000 arcs with heavy-tailed degrees (drawn here, multi-arcs and loops
  merged away), weighted cascade, k = 50: seconds of ``sim.seeding.select`` and the peak memory of a fresh
  process, interpreter and graph included. The goal is a minute and 2 GB.
* On the Facebook graph where ``SIMULATOR_TEST_DATA`` has it, weighted cascade, k = 50: the spread of ``ris`` over
  that of ``celf`` in the same fresh worlds, and the seconds of both. The goal is 0.99.

Writes ``seeding.md`` and ``seeding.json``; ends with status 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parents[1])]

import numpy as np  # noqa: E402
from run import machine  # noqa: E402

import simulator as sim  # noqa: E402

N_NODES, N_ARCS, N_SEEDS = 75_000, 500_000, 50
MOST_SECONDS, MOST_BYTES, LEAST_SHARE = 60.0, 2e9, 0.99
_REPLICATES = 20_000


def large_graph(n_nodes: int = N_NODES, n_arcs: int = N_ARCS) -> tuple[Any, Any]:
    """Return CSR rows of a directed graph whose degrees, in and out, have a Pareto tail of exponent 2."""
    rng = np.random.default_rng(1)
    ends = []
    for _ in range(2):
        weight = rng.pareto(1.5, n_nodes) + 0.2
        ends.append(np.searchsorted(np.cumsum(weight / weight.sum()), rng.random(2 * n_arcs)))
    arcs = np.unique(np.stack(ends, axis=1).clip(0, n_nodes - 1), axis=0)
    arcs = arcs[arcs[:, 0] != arcs[:, 1]]
    arcs = arcs[np.sort(rng.permutation(len(arcs))[:n_arcs])]
    return np.searchsorted(arcs[:, 0], np.arange(n_nodes + 1)), arcs[:, 1]


def peak() -> float:
    """Return the peak memory of this process in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def measure_large() -> dict[str, Any]:
    """Choose on a small graph, so that all is imported and compiled, then on the large one."""
    sim.seeding.select(large_graph(500, 3000), 5, model="wc")
    graph = large_graph()
    begin, worked = time.perf_counter(), time.process_time()
    chosen = sim.seeding.select(graph, N_SEEDS, model="wc")
    return {
        "nodes": len(graph[0]) - 1, "arcs": len(graph[1]), "seconds": time.perf_counter() - begin,
        "processor_seconds": time.process_time() - worked, "bytes": peak(),
        "note": repr(chosen).splitlines()[0],
    }  # fmt: skip


def measure_facebook(path: Path) -> dict[str, Any]:
    """Choose by both methods, and let both sets meet the same worlds, other ones than those of the choice."""
    graph = sim.diffusion.arcs(path)
    sim.seeding.select(large_graph(500, 3000), 5, model="wc", method="celf", n_replicates=50)
    sets, row = {}, {}
    for method in ("ris", "celf"):
        begin = time.perf_counter()
        sets[method] = sim.seeding.select(graph, N_SEEDS, model="wc", method=method).seeds
        row[f"seconds_{method}"] = time.perf_counter() - begin
    spread = sim.diffusion.compare_seeds(graph, sets, model="wc", n_replicates=_REPLICATES, seed=99)
    row |= {f"spread_{name}": float(mean) for name, mean in zip(sets, spread.means, strict=True)}
    return row | {"share": row["spread_ris"] / row["spread_celf"]}


def alone(what: str) -> dict[str, Any]:
    """Measure in a fresh process."""
    command = [sys.executable, __file__, "--alone", what]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def facebook() -> Path | None:
    """Return the file of the Facebook graph, where there is one."""
    folder = os.environ.get("SIMULATOR_TEST_DATA")
    path = Path(folder) / "ego-facebook.txt.gz" if folder else None
    return path if path and path.exists() else None


def markdown(results: dict[str, Any]) -> str:
    """Return the results in words."""
    large, small = results["large"], results["facebook"]
    lines = ["# Seeding by reverse-reachable sets", "", results["machine"], ""]
    lines += [
        f"- {large['nodes']:,} nodes, {large['arcs']:,} arcs, weighted cascade, k = {N_SEEDS}: "
        f"{large['seconds']:.1f} s ({large['processor_seconds']:.1f} s of processor time), "
        f"peak memory of the whole process {large['bytes'] / 1e6:,.0f} MB"
    ]
    if small:
        lines += [
            f"- Facebook, weighted cascade, k = {N_SEEDS}: ris reaches {small['spread_ris']:.1f} in "
            f"{small['seconds_ris']:.1f} s, celf {small['spread_celf']:.1f} in {small['seconds_celf']:.1f} s: "
            f"{small['share']:.4f} of it ({_REPLICATES:,} common worlds)"
        ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=_HERE / "results", help="folder for the results")
    parser.add_argument("--alone", choices=["large", "facebook"], help=argparse.SUPPRESS)
    chosen, path = parser.parse_args(arguments), facebook()
    if chosen.alone:
        print(
            json.dumps(measure_large() if chosen.alone == "large" or path is None else measure_facebook(path))
        )
        return 0
    results = {"machine": machine(), "large": alone("large"), "facebook": path and alone("facebook")}
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "seeding.json").write_text(json.dumps(results, indent=1) + "\n")
    (chosen.out / "seeding.md").write_text(markdown(results))
    print(markdown(results))
    large, small = results["large"], results["facebook"] or {"share": 1.0}
    is_met = (
        large["seconds"] <= MOST_SECONDS and large["bytes"] <= MOST_BYTES and small["share"] >= LEAST_SHARE
    )
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
