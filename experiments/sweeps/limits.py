"""Measure what a shard costs beyond its simulation, and how long a verb takes to end when it is asked to.

Every figure comes from the command line, as a user would call it. Writes ``limits.json``; ``--write-readme`` also puts
the tables into ``README.md``. Called again with the same ``--out``, it goes on with the part that is missing.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from calls import listen_to_interrupts, tell
from endings import SIGNALS, VERBS, measure_endings
from overhead import measure_overhead

from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.provenance import machine, versions

FOLDER = Path(__file__).resolve().parent


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Measure both parts, as far as they have not been measured."""
    out: Path = asked.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    notes = out / "limits.json"
    found: dict[str, Any] = json.loads(notes.read_text()) if notes.is_file() else {}
    found |= {"machine": machine(), "versions": versions(), "trajectory_version": TRAJECTORY_VERSION}
    if "overhead" not in found:
        found["overhead"] = measure_overhead(out / "overhead", tuple(asked.shards), asked.rounds)
        notes.write_text(json.dumps(found, indent=2) + "\n")
    endings = found.setdefault("endings", {})
    for verb in asked.verbs.split(","):
        if verb not in endings:
            endings[verb] = measure_endings(out / "endings", verb, asked.moments, asked.seed, asked.points)
            notes.write_text(json.dumps(found, indent=2) + "\n")
    return found


def answer(found: dict[str, Any]) -> str:
    """Return the tables of the README."""
    endings = [row for verb in VERBS for row in found["endings"].get(verb, ())]
    return "\n".join([*overhead_lines(found["overhead"]), "", *ending_lines(endings)])


def overhead_lines(found: dict[str, Any]) -> list[str]:
    bare, killed, (few, many) = found["bare"], found["killed_worker"], found["sizes"]
    loads = [run["load"] for run in found["runs"]]
    rounds = len(found["runs"]) // (2 * len(found["ways"]))
    same = "the digest is the same in every way" if found["same_digest"] else "the digests DIFFER"
    return [
        f"Four runs of 26 weeks of 500 consumers a shard; {few} and {many} shards, median of {rounds} rounds (least "
        f"to most); load of the machine {min(loads)} to {max(loads)} on two processors; {same}.",
        "",
        "| way | start, s | a shard, wall clock, ms | a shard, processor time, ms | beyond the simulation, ms |",
        "| --- | ---: | ---: | ---: | ---: |",
        f"| the simulation itself, in a loop | | {1e3 * bare['seconds']:.1f} | {1e3 * bare['cpu_seconds']:.1f} | |",
        *(
            f"| {way} | {one['start']:.1f} | {spread(one, 'seconds')} | {spread(one, 'cpu_seconds')} "
            f"| {1e3 * (one['cpu_seconds'] - bare['cpu_seconds']):.1f} |"
            for way, one in found["ways"].items()
        ),
        "",
        f"Dask, one of two workers killed by SIGKILL with {killed['stored_at_kill']} of {many} shards stored: the sweep "
        f"ended with status {killed['returned']} after {killed['seconds']:.1f} s.",
    ]


def spread(one: dict[str, float], name: str) -> str:
    middle, least, most = (1e3 * one[f"{kind}{name}"] for kind in ("", "least_", "most_"))
    return f"{middle:.1f} ({least:.1f} to {most:.1f})"


def ending_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    loads = [row["load"][0] for row in rows]
    lines = [
        f"Signals at moments drawn evenly over the run; load of the machine {min(loads)} to {max(loads)}.",
        "",
        "| verb | runs, s | "
        + " | ".join(f"{name} to the end, s: median, longest" for name in SIGNALS)
        + " | status 130 | kept something | called again: same digest |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for verb in dict.fromkeys(row["verb"] for row in rows):
        own = [row for row in rows if row["verb"] == verb]
        ended = [row for row in own if row["seconds_to_end"] is not None]
        cells = []
        for name in SIGNALS:
            times = [row["seconds_to_end"] for row in ended if row["signal"] == name]
            cells.append(f"{statistics.median(times):.2f}, {max(times):.2f}" if times else "")
        lines.append(
            f"| {verb} | {own[0]['undisturbed_seconds']:.1f} | {' | '.join(cells)} "
            f"| {sum(row['returned'] == 130 for row in ended)} of {len(ended)} "
            f"| {sum('call again' in row['told'] for row in ended)} "
            f"| {sum(row['same_digest'] for row in own)} of {len(own)} |"
        )
    return lines


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("results/limits"))
    parser.add_argument(
        "--shards", type=int, nargs=2, default=[64, 512], help="of the two designs, powers of two"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--moments", type=int, default=3, help="of each signal and verb")
    parser.add_argument("--points", type=int, default=128, help="of the sweep that is ended")
    parser.add_argument("--verbs", default=",".join(VERBS))
    parser.add_argument("--seed", type=int, default=4, help="of the moments")
    parser.add_argument("--write-readme", action="store_true")
    asked = parser.parse_args(given)
    listen_to_interrupts()
    found = measure(asked)
    tell(answer(found), found, FOLDER / "limits.json" if asked.write_readme else None, "limits")


if __name__ == "__main__":
    main()
