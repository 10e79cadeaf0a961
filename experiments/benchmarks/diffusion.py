"""Measure the classic models side by side with other people's programs and hand-written ones, in one run.

    python experiments/benchmarks/diffusion.py [--quick] [--nodes 10000] [--out DIR]

Four tasks on one Barabasi-Albert graph (5 ties a newcomer, two arcs a tie), by contestants in turns:

* W1, independent cascade: probabilities uniform in (0, 1) on each arc, one fixed seed; arcs tried a second;
* W2, linear threshold: influence 1/indegree, ten seeds drawn anew for each run; runs a second;
* W3, adoption with chance 1 - (1 - .01)(1 - .05)^k in each of 52 steps, no seeds; replicates a second;
* SI: as W3 without innovation, from one seed.

Every contestant's mean size must agree with ours within five standard errors, or the run ends with status 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parents[1])]

import numpy as np  # noqa: E402
from diffusion_contestants import OURS, Contestant, Stage, everyone, set_stage  # noqa: E402
from rates import figure as rates_figure  # noqa: E402
from rates import gather  # noqa: E402
from run import machine, say  # noqa: E402

import simulator as sim  # noqa: E402
from simulator.present.plots_style import Chart  # noqa: E402

_AGREEMENT = 5.0
_TASKS = {"W1": "cascade", "W2": "threshold", "W3": "adoption", "SI": "epidemic"}


def arcs_tried(stage: Stage) -> float:
    """Return the mean number of arcs that a replicate of W1 tries."""
    result = sim.diffusion.spread(
        stage.network, [stage.root], p=stage.p.astype(np.float64), n_replicates=20, record="activations"
    )
    return float((result.activated_at >= 0).astype(np.float64) @ stage.network.outdegree @ np.ones(20) / 20)


def disagreements(contestants: Sequence[Contestant]) -> list[str]:
    """Return who simulates something else than we do, in words."""
    wrong = []
    mine = {one.task: one for one in contestants if one.name == OURS and one.threads == 1}
    for one in contestants:
        reference, n = mine[one.task], sum(map(len, one.sizes))
        if one.name == OURS or n < 2:
            continue
        means = [float(np.concatenate(each.sizes).mean()) for each in (one, reference)]
        # few runs of theirs know their own spread badly: ours is at least as good a guess
        spread = np.concatenate(reference.sizes).std() / np.sqrt(n)
        if abs(means[0] - means[1]) > _AGREEMENT * np.hypot(max(one.error, spread), reference.error):
            wrong.append(f"{one.task}: {one.name} has a mean of {means[0]:.6g}, {OURS} of {means[1]:.6g}")
    return wrong


def as_rows(contestants: Sequence[Contestant], tried: float) -> list[dict[str, Any]]:
    """Return one row for each contestant, with our rates divided by its rate."""
    rate = {(one.task, one.threads): one.rate for one in contestants if one.name == OURS}
    work = {one.task: one.rate_of_work for one in contestants if one.name == OURS and one.threads == 1}
    rows = []
    for one in sorted(contestants, key=lambda one: (one.task != "W1", one.task, -one.rate)):
        row = {"task": one.task, "program": one.name, "threads": one.threads, "runs_per_second": one.rate}
        row["million_arcs_per_second"] = one.rate * tried / 1e6 if one.task == "W1" else None
        row |= {f"ours_{threads}": rate[one.task, threads] / one.rate for threads in (1, 2)}
        row["runs_per_second_of_work"] = one.rate_of_work
        row["ours_by_work"] = work[one.task] / one.rate_of_work
        row["mean_size"] = float(np.concatenate(one.sizes).mean())
        rows.append(row)
    return rows


def markdown(results: dict[str, Any]) -> str:
    """Return the table."""
    lines = [
        f"# Classic models, {results['nodes']:,} nodes, {results['arcs']:,} arcs",
        "",
        results["machine"],
        "",
    ]
    lines += [
        "| task | program | threads | runs/s | million arcs/s | ours, 1 thread, is × | 2 threads × "
        "| by processor time × | mean size |"
    ]
    lines += ["|---|---|--:|--:|--:|--:|--:|--:|--:|"]
    for row in results["rows"]:
        arcs = "" if row["million_arcs_per_second"] is None else f"{row['million_arcs_per_second']:.3g}"
        lines.append(
            f"| {row['task']} | {row['program']} | {row['threads']} | {row['runs_per_second']:,.4g} | {arcs} "
            f"| {row['ours_1']:.3g} | {row['ours_2']:.3g} | {row['ours_by_work']:.3g} | {row['mean_size']:,.6g} |"
        )
    return "\n".join([*lines, "", *results["disagreements"]]) + "\n"


def figure(results: Sequence[dict[str, Any]]) -> Chart:
    """Return a chart of all rates: a column for each task, a row for each size of graph."""
    panels = []
    for one in sorted(results, key=lambda one: one["nodes"]):
        line = []
        for task, name in _TASKS.items():
            chosen = [
                (row["program"], row["threads"], row["runs_per_second"], row["program"] == OURS)
                for row in one["rows"]
                if row["task"] == task
            ]
            line.append((f"{task}, {name}, {one['nodes']:,} nodes", gather(chosen)))
        panels.append(line)
    return rates_figure(panels, "How fast the classic models are simulated", "runs per second")


def measure(n_nodes: int, factor: float, rounds: int) -> dict[str, Any]:
    """Run everything in turns; the first turn compiles and is not counted."""
    stage = set_stage(n_nodes, factor)
    contestants = everyone(stage)
    for turn in range(rounds + 1):
        for one in contestants:
            one.turn(turn)
        say(f"turn {turn} of {rounds}")
    return {
        "machine": machine(), "nodes": stage.network.n_nodes, "arcs": stage.network.n_arcs,
        "rows": as_rows(contestants, arcs_tried(stage)), "disagreements": disagreements(contestants),
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; return 1 where a contestant simulates something else."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few runs, one turn")
    parser.add_argument("--nodes", type=int, default=10_000, help="nodes of the graph")
    parser.add_argument("--turns", type=int, default=5, help="turns that count")
    parser.add_argument("--out", type=Path, help="folder for the table")
    chosen = parser.parse_args(arguments)
    folder = _HERE.parents[1] / "results" / "benchmarks" if chosen.quick else _HERE / "results"
    folder = chosen.out or folder
    factor = (0.1 if chosen.quick else 1.0) * min(1.0, 10_000 / chosen.nodes)
    results = measure(chosen.nodes, factor, 1 if chosen.quick else chosen.turns)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"diffusion_{chosen.nodes}.json").write_text(json.dumps(results, indent=1) + "\n")
    (folder / f"diffusion_{chosen.nodes}.md").write_text(markdown(results))
    measured = [json.loads(path.read_text()) for path in folder.glob("diffusion_*.json")]
    (folder / "diffusion.png").write_bytes(figure(measured).png())
    print(markdown(results))
    return 1 if results["disagreements"] else 0


if __name__ == "__main__":
    sys.exit(main())
