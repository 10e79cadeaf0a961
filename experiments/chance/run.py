"""Put the simulator's addressed draws through published tests of randomness, beside generators known to be bad.

    python experiments/chance/run.py                      # two-level battery: about ten minutes
    python experiments/chance/run.py --dieharder          # dieharder on every walk, where installed: hours
    python experiments/chance/run.py --dieharder "small seeds" "coins of arcs"

The first writes ``battery.csv``, the second ``dieharder.csv``; both end with status 1 where draws fail.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kstest

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parents[1])]

from addresses import WALKS, Generator, Walk, congruential, finalized, philox_with, simulators  # noqa: E402
from battery import TESTS, avalanche, avalanche_probability, repeats, scattered  # noqa: E402

#: Chance that perfect draws fail anywhere in a table.
FALSE_ALARM = 1e-3
GENERATORS: dict[str, Generator] = {
    "simulator": simulators,
    "Philox, 2 rounds": philox_with(2),
    "Philox, 4 rounds": philox_with(4),
    "multiples": congruential,
    "32-bit hash": finalized,
}
#: Tests of dieharder 3.31 that its author rates as good; number and how many results each gives.
DIEHARDER = (0, 2, 3, 4, 8, 9, 10, 11, 12, 13, 15, 16, 17, 100, 101, 102, 205, 206, 207, 208, 209)
_CHUNK = 1 << 18


def first_level(walk: Walk, generator: Generator, n_blocks: int, n_addresses: int) -> np.ndarray:
    """Return the probabilities of every test on successive blocks of a walk, float64 [n_tests, n_blocks]."""
    rows = []
    for block in range(n_blocks):
        words = walk.words(generator, block * n_addresses, n_addresses)
        rows.append([test(words) for test in TESTS.values()])
    return np.array(rows).T


def battery(n_blocks: int, n_addresses: int) -> list[dict[str, Any]]:
    """Return one row for each generator, walk and test: its extreme block and the law of all blocks."""
    rows = []
    for name, generator in GENERATORS.items():
        begin, blocks = time.perf_counter(), n_blocks if name == "simulator" else 2
        for walk in WALKS:
            found = first_level(walk, generator, blocks, n_addresses)
            for test, p in zip(TESTS, found, strict=True):
                ks = kstest(p, "uniform").pvalue if blocks > 10 else float("nan")
                rows.append(
                    {"generator": name, "walk": walk.name, "test": test, "blocks": blocks,
                     "extreme": np.minimum(p, 1 - p).min(), "second_level": ks}
                )  # fmt: skip
        print(f"{name}: {time.perf_counter() - begin:.0f} s", file=sys.stderr)
    return rows


def verdicts(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Return for each generator in how many rows it fails."""
    fails: dict[str, int] = {}
    for name in GENERATORS:
        mine = [row for row in rows if row["generator"] == name]
        n_blocks = sum(row["blocks"] for row in mine)
        fails[name] = sum(
            row["extreme"] < FALSE_ALARM / 4 / n_blocks or row["second_level"] < FALSE_ALARM / 2 / len(mine)
            for row in mine
        )
    return fails


def run_battery(folder: Path, n_blocks: int, n_addresses: int) -> int:
    rows = battery(n_blocks, n_addresses)
    _write(folder / "battery.csv", rows)
    n_rows = len(WALKS) * len(TESTS)
    every = np.array([row["second_level"] for row in rows if row["generator"] == "simulator"])
    extreme = min(row["extreme"] for row in rows if row["generator"] == "simulator")
    fails = verdicts(rows)
    print(
        f"simulator: {n_rows * n_blocks:,} tests of {4 * n_addresses:,} words each, most extreme {extreme:.2g};"
    )
    print(f"  least of {n_rows} second-level probabilities {every.min():.2g}")
    for name, generator in GENERATORS.items():
        worst = avalanche(generator, scattered(1 << 14))
        same = repeats(generator(scattered(1 << 19)).ravel())
        print(f"{name}: fails {fails[name]} of {n_rows}; avalanche {worst:.2f} standard errors", end=" ")
        print(
            f"(probability {avalanche_probability(worst):.2g}); {same} of {1 << 19:,} addresses repeat words"
        )
    return 1 if fails["simulator"] else 0


def dieharder(walk: Walk, test: int, n_samples: int) -> list[dict[str, Any]]:
    """Return what one test of dieharder says about a walk."""
    command = ["dieharder", "-g", "200", "-d", str(test), "-D", "test_name", "-D", "ntuple", "-D", "tsamples"]
    command += ["-D", "psamples", "-D", "pvalues", "-c", "|", "-p", str(n_samples)]
    pipe = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False)
    assert pipe.stdin is not None and pipe.stdout is not None
    first = 0
    try:
        while pipe.poll() is None:
            pipe.stdin.write(walk.words(simulators, first, _CHUNK).tobytes())
            first += _CHUNK
    except BrokenPipeError:
        pass
    rows = []
    for line in pipe.stdout.read().decode().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) >= 5 and cells[4].replace(".", "").isdigit():
            rows.append(
                {"walk": walk.name, "number": test, "test": cells[0], "ntuple": cells[1], "samples": cells[2],
                 "repetitions": cells[3], "p": float(cells[4]), "words_made": 4 * first}
            )  # fmt: skip
    pipe.wait()
    return rows


def run_dieharder(folder: Path, names: Sequence[str], n_samples: int) -> int:
    if shutil.which("dieharder") is None:
        print("dieharder is not installed (package dieharder of Debian and Ubuntu)", file=sys.stderr)
        return 2
    rows = []
    for walk in WALKS:
        if names and walk.name not in names:
            continue
        begin = time.perf_counter()
        for test in DIEHARDER:
            rows += dieharder(walk, test, n_samples)
            _write(folder / "dieharder.csv", rows)
        print(f"{walk.name}: {time.perf_counter() - begin:.0f} s", file=sys.stderr)
    p = np.array([row["p"] for row in rows])
    least = np.minimum(p, 1 - p).min()
    print(f"dieharder: {len(p)} probabilities, {np.sum(p < 0.01)} below 0.01, {np.sum(p > 0.99)} above 0.99,")
    print(f"  least {p.min():.2g}, largest {p.max():.8g}; uniform: {kstest(p, 'uniform').pvalue:.2g}")
    return 1 if least < FALSE_ALARM / 2 / len(p) else 0


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dieharder", nargs="*", metavar="WALK", help="run dieharder on these walks (all)")
    parser.add_argument("--samples", type=int, default=100, help="repetitions of each test of dieharder")
    parser.add_argument("--blocks", type=int, default=64, help="blocks of each walk")
    parser.add_argument("--addresses", type=int, default=1 << 16, help="addresses in a block")
    parser.add_argument("--out", type=Path, default=_HERE, help="folder for the tables")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    if chosen.dieharder is not None:
        return run_dieharder(chosen.out, chosen.dieharder, chosen.samples)
    return run_battery(chosen.out, chosen.blocks, chosen.addresses)


if __name__ == "__main__":
    sys.exit(main())
