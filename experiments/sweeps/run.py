"""Measure what a large sweep costs, and prove that it survives being killed.

One design file is run twice by the command line, each time into a folder of its own: once killed with SIGKILL at
random moments and called again, once undisturbed. Writes ``results.json``; ``--write-readme`` also puts the table
into ``README.md``. Called again with the same ``--out``, it goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from calls import Ending, call, tell

import simulator as sim
from simulator.outcomes.shards import shard_files

FOLDER = Path(__file__).resolve().parent
DESIGN = FOLDER.parent / "designs" / "launch_under_uncertainty.toml"

#: What a reader would type, with the library that answers; DIR is the folder of the results.
QUERIES = {
    "pandas": 'pd.read_parquet("DIR/shards").groupby("treatment").profit.mean()',
    "polars": 'pl.scan_parquet("DIR/shards/*.parquet").group_by("treatment").agg(pl.mean("profit")).collect()',
    "DuckDB": "duckdb.sql(\"select treatment, avg(profit) from 'DIR/shards/*.parquet' group by 1\").df()",
    "pandas, with factors": 'sim.open_results("DIR").to_dataframe().groupby("strategy").profit.mean()',
    "polars, with factors": 'sim.open_results("DIR").to_polars().group_by("strategy").agg(pl.mean("profit"))',
    "xarray": 'sim.open_results("DIR").to_xarray().profit.mean("replicate").idxmax("strategy")',
    "DuckDB, with factors": (
        'sim.open_results("DIR").sql("select strategy, avg(profit), corr(quality, profit) from outcomes group by 1")'
    ),
    "verify every file": 'sim.open_results("DIR").check()',
}


def sweep_words(arguments: argparse.Namespace, place: Path) -> list[str]:
    """Return what stands behind the program's name in the command of one sweep."""
    words = ["sweep", str(arguments.design), "--out", str(place), "--quiet"]
    for name in ("replicates", "consumers", "threads", "processes"):
        value = getattr(arguments, name)
        if value is not None:
            words += [f"--{name}", str(value)]
    return words


def run_until(
    words: Sequence[str], place: Path, stored: int | None, delay: float, seconds: float | None = None
) -> dict[str, Any]:
    """Run a sweep to its end, or kill it a moment after it has stored so many shards, or end it after a time."""

    def wait(process: subprocess.Popen[str]) -> None:
        while len(shard_files(place)) < (stored or 0) and process.poll() is None:
            time.sleep(0.02)
        time.sleep(delay)

    found = call(words, None if stored is None else Ending(wait), seconds)
    return {
        "killed": found["returned"] == -signal.SIGKILL,
        **{name: found[name] for name in ("returned", "seconds", "cpu_seconds")},
        "shards_stored": len(shard_files(place)),
        **{name: found[name] for name in ("load", "digest")},
    }


def disturbed(arguments: argparse.Namespace, place: Path, n_tasks: int) -> list[dict[str, Any]]:
    """Kill a sweep at random moments, and let it end; what is stored must stay as it is."""
    moments = random.Random(arguments.seed)
    shares = sorted(moments.random() for _ in range(arguments.kills))
    calls: list[dict[str, Any]] = []
    kept: dict[str, int] = {}
    for share in [*shares, None]:
        stored = None if share is None else max(1, round(share * n_tasks))
        calls.append(run_until(sweep_words(arguments, place), place, stored, moments.uniform(0.0, 2.0)))
        now = {file.name: file.stat().st_mtime_ns for file in shard_files(place)}
        if not now.items() >= kept.items():
            raise SystemExit("a stored shard was lost or written again")
        kept = now
        sim.open_results(place).check()
        print(json.dumps(calls[-1]), flush=True)
        if not calls[-1]["killed"] and share is not None:
            raise SystemExit("the sweep ended before it could be killed: take a larger one")
    return calls


def timed_queries(place: Path) -> list[dict[str, Any]]:
    """Ask every query and take its processor time, with libraries loaded and files in memory."""
    import duckdb
    import pandas as pd
    import polars as pl

    rows = []
    for name, text in QUERIES.items():
        code = compile(text.replace("DIR", str(place)), name, "eval")
        names = {"pd": pd, "pl": pl, "duckdb": duckdb, "sim": sim}
        eval(code, names)
        began = time.process_time()
        eval(code, names)
        rows.append({"query": name, "code": text, "seconds": round(time.process_time() - began, 3)})
    return rows


def store_size(place: Path) -> dict[str, Any]:
    """Return what a folder of results holds and weighs."""
    found = sim.open_results(place)
    files = [file for file in place.rglob("*") if file.is_file()]
    return {
        "rows": len(found.rows),
        "metrics": len(found.metrics),
        "shards": len(shard_files(place)),
        "bytes": sum(file.stat().st_size for file in files),
        "manifest_bytes": (place / "manifest.json").stat().st_size,
        "bytes_of_numbers": 8 * found.rows.values.size,
    }


def who_wins(place: Path) -> dict[str, Any]:
    """Return which strategy is best at how many points, how surely, and what choosing it everywhere costs."""
    regimes = sim.open_results(place).regimes("profit")
    low, high = np.nanquantile(regimes.means, [0.05, 0.95], axis=0)
    rows = regimes.by_strategy().assign(low=low, high=high).sort_values(["wins", "mean"], ascending=False)
    return {"winners": rows.to_dict("records"), "regimes": list(regimes.sentences)}


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run both sweeps, as far as they have not been run, and ask the queries."""
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    notes = out / "results.json"
    found: dict[str, Any] = json.loads(notes.read_text()) if notes.is_file() else {}
    plan = sim.load_design(arguments.design).changed(
        n_replicates=arguments.replicates, consumers=arguments.consumers
    )
    found["design"] = {
        "strategies": len(plan.strategies),
        "points": len(plan.points),
        "replicates": len(plan.replicates),
        "consumers": plan.scenarios[0].population.consumers,
        "balance": plan.balance,
    }
    if "disturbed" not in found:
        found["disturbed"] = disturbed(arguments, out / "disturbed", len(plan.points))
        notes.write_text(json.dumps(found, indent=2) + "\n")
    if "undisturbed" not in found:
        found["undisturbed"] = run_until(
            sweep_words(arguments, out / "undisturbed"),
            out / "undisturbed",
            None,
            0,
            arguments.undisturbed_seconds,
        )
    place = out / "disturbed"
    manifest = sim.open_results(place).manifest
    found["seconds"] = manifest["seconds"]
    found["trajectory_version"] = manifest["trajectory_version"]
    found["machine"], found["versions"] = manifest["machine"], manifest["versions"]
    names = [{file.name for file in shard_files(out / name)} for name in ("disturbed", "undisturbed")]
    found["same_shards"] = len(names[0] & names[1])
    digests = [found["disturbed"][-1]["digest"], found["undisturbed"]["digest"]]
    found["same_digest"] = None if digests[1] is None else digests[0] == digests[1]
    found["store"] = store_size(place)
    found["queries"] = timed_queries(place)
    found |= who_wins(place)
    notes.write_text(json.dumps(found, indent=2) + "\n")
    return found


def answer(found: dict[str, Any]) -> str:
    """Return the tables of the README."""
    design, store, whole = found["design"], found["store"], found["undisturbed"]
    n_runs = design["strategies"] * design["points"] * design["replicates"]
    killed = [call for call in found["disturbed"] if call["killed"]]
    moments = ", ".join(f"{call['shards_stored'] / store['shards']:.0%}" for call in killed)
    calls = found["disturbed"]
    processor = sum(call["cpu_seconds"] for call in calls)
    ended = f"{whole['seconds'] / 60:.1f} min"
    if whole["digest"] is None:
        ended += f", ended by SIGTERM after {whole['shards_stored']} of {store['shards']} shards"
    earlier = found.get("undisturbed_ended_by_a_signal")
    if earlier is not None:
        ended += f" for the last {store['shards'] - earlier['shards_stored']} shards"
    if not whole["shards_stored"]:
        ended = "not run at this size yet"
    same = {True: "yes", False: "NO", None: "not compared at this size yet"}[found["same_digest"]]
    lines = [
        f"{design['strategies']} strategies x {design['points']} points x {design['replicates']} replicates of "
        f"{design['consumers']:,} consumers, {n_runs:,} runs of a year; trajectories {found['trajectory_version']}.",
        "",
        "| | measured |",
        "| --- | ---: |",
        f"| not killed, wall clock | {ended} |",
        f"| killed at | {moments} of the shards |",
        f"| its four calls together, wall clock | {sum(c['seconds'] for c in calls) / 60:.1f} min |",
        f"| processor time of these | {processor / 60:.1f} min, {1000 * processor / n_runs:.0f} ms a run |",
        f"| load of the machine at their ends | {', '.join(str(call['load'][0]) for call in calls)} |",
        f"| same digest | {same} |",
        f"| shards that are the same file, byte for byte | {found['same_shards']} of {whole['shards_stored']} |",
        f"| store | {store['bytes'] / 1e6:.1f} MB for {store['rows']:,} rows of {store['metrics']} metrics "
        f"({store['bytes'] / store['bytes_of_numbers']:.0%} of the bare numbers) |",
        "",
        "| asked with | one line | processor time, s |",
        "| --- | --- | ---: |",
        *(f"| {row['query']} | `{row['code']}` | {row['seconds']:.2f} |" for row in found["queries"]),
        "",
        "| strategy | best at points | surely | expected | mean profit | 5 % to 95 % of points "
        "| minus the best other, means over points | mean regret | largest |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {row['strategy']} | {row['wins']} | {row['clear_wins']} | {row['expected_wins']:.1f} "
            f"| {row['mean']:,.0f} | {row['low']:,.0f} to {row['high']:,.0f} "
            f"| {row['to_best']:+,.0f} ({row['lower']:+,.0f} to {row['upper']:+,.0f}) "
            f"| {row['mean_regret']:,.0f} | {row['largest_regret']:,.0f} |"
            for row in found["winners"]
        ),
        "",
        " ".join(found["regimes"]),
    ]
    return "\n".join(lines)


def main(given: Sequence[str] | None = None) -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--design", type=Path, default=DESIGN)
    parser.add_argument("--out", type=Path, default=Path("results/sweeps"))
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=4, help="of the moments of the kills")
    for name in ("replicates", "consumers", "threads", "processes"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument(
        "--undisturbed-seconds",
        type=float,
        help="end the undisturbed run then, and compare what it has stored",
    )
    parser.add_argument("--write-readme", action="store_true")
    arguments = parser.parse_args(given)
    found = measure(arguments)
    tell(answer(found), found, FOLDER / "results.json" if arguments.write_readme else None, "answer")


if __name__ == "__main__":
    main()
