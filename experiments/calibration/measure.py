"""Measure the simulator against published diffusion curves, elasticities and cascades.

    python experiments/calibration/measure.py                       # all rows, a few minutes on two cores
    python experiments/calibration/measure.py --rows price --set parameters.habit_weight=1
    python experiments/calibration/measure.py --prior-draws 100     # how far the bands hold over the priors

Prints a table. With ``--out FOLDER`` it writes ``results.json`` and ``figure.png`` there, and puts the table
between the markers of a ``README.md`` that stands there.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import prior_draws
from figure import draw
from rows import ROWS, SCORING_SEED, Measure, Runs

import simulator as sim
from simulator.engines.runner import default_threads
from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.provenance import origin

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from readme import put  # noqa: E402


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", default=",".join(ROWS), help=f"some of {','.join(ROWS)}")
    parser.add_argument("--seed", type=int, default=SCORING_SEED, help="seed; tuning used another one")
    parser.add_argument("--replicates", type=int, help="replicates of every row")
    parser.add_argument("--threads", type=int, default=default_threads())
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change in every scenario"
    )
    parser.add_argument(
        "--prior-draws", type=int, default=0, help="measure this many draws from the priors instead"
    )
    parser.add_argument(
        "--out", type=Path, help="folder of results.json and figure.png; otherwise none is written"
    )
    return parser.parse_args(given)


def settings_of(pairs: Sequence[str]) -> dict[str, Any]:
    """Turn ``KEY=VALUE`` into settings; values are JSON."""
    return {key: json.loads(value) for key, value in (pair.split("=", 1) for pair in pairs)}


def measure_all(runs: Runs, names: Sequence[str], n: int | None) -> tuple[list[Measure], dict[str, Any]]:
    """Measure some rows one after the other and print them."""
    measures: list[Measure] = []
    paths: dict[str, Any] = {}
    for name in names:
        function, n_usual = ROWS[name]
        started = time.perf_counter()
        found, path = function(runs, n or n_usual)
        measures += found
        paths |= path
        for measure in found:
            print(line(measure))
        print(f"| ({name}: {time.perf_counter() - started:.0f} s) |", flush=True)
    return measures, paths


HEADER = (
    "| row | quantity | mean | 95 % interval | replicates | band | verdict |\n|---|---|---|---|---|---|---|\n"
)


def line(measure: Measure) -> str:
    """Return one row of the table, in Markdown."""
    value = measure.value
    band = "" if measure.band is None else f"{measure.band[0]:g} to {measure.band[1]:g}"
    number = f"{value.mean:.4g} | {value.low:.4g} to {value.high:.4g} | {value.n}"
    return f"| {measure.row} | {measure.quantity} | {number} | {band} | {measure.verdict} |"


def document(measures: Sequence[Measure], runs: Runs) -> dict[str, Any]:
    """Return what is written to ``results.json``."""
    return {
        **origin(),
        "seed": runs.seed,
        "settings": dict(runs.settings),
        "defaults": {parameter.name: parameter.default for parameter in sim.PARAMETERS},
        "measures": [
            {
                "row": measure.row,
                "quantity": measure.quantity,
                "mean": round(measure.value.mean, 10),
                "low": round(measure.value.low, 10),
                "high": round(measure.value.high, 10),
                "replicates": measure.value.n,
                "band": measure.band,
                "verdict": measure.verdict,
            }
            for measure in measures
        ],
    }


def write(
    folder: Path, content: Mapping[str, Any], paths: Mapping[str, Any], measures: Sequence[Measure]
) -> None:
    """Write the results, and the figure where all that it shows was measured."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(content, indent=1) + "\n")
    if {"adopters", "quarters", "lift"} <= paths.keys() and {"FIT 3", "FIT 5"} <= {m.row for m in measures}:
        draw(paths, measures, folder / "figure.png")


def put_where_it_is(file: Path, name: str, text: str) -> None:
    """Put text into a README, where the folder has one."""
    if file.is_file():
        put(file, name, text)


def main(given: Sequence[str] | None = None) -> None:
    """Run what the command line asks for."""
    asked = arguments(given)
    runs = Runs(settings_of(asked.set), asked.seed, asked.threads)
    if asked.prior_draws:
        table = prior_draws.study(runs, asked.prior_draws, asked.out)
        print(table)
        if asked.out:
            put_where_it_is(asked.out / "README.md", "prior draws", table)
        return
    print(HEADER, end="")
    measures, paths = measure_all(runs, asked.rows.split(","), asked.replicates)
    if asked.out:
        write(asked.out, document(measures, runs), paths, measures)
        head = f"Seed {asked.seed}, trajectories {TRAJECTORY_VERSION}.\n\n{HEADER}"
        put_where_it_is(asked.out / "README.md", "results", head + "\n".join(map(line, measures)))


if __name__ == "__main__":
    main()
