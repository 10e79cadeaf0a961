"""Does `simulator calibrate` recover known truths, and do its intervals hold as often as they say? Both methods.

Usage: python experiments/calibration/recovery.py [--truths N] [--table N] [--sequential N] [--out FOLDER]
[--write-readme]

Every truth is drawn from the prior and simulated once, with a seed of its own; then each method fits the series without
knowing it, also with a seed of its own. Rows are written after every truth: call again to go on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import simulator as sim
from simulator.experiment.free_parameters import free_parameters, values_of
from simulator.model.observation import TRAJECTORY_VERSION

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from readme import put  # noqa: E402

FREE = {"brands.Fizz.quality": (-1.0, 2.0), "brands.Fizz.online_coverage": (0.0, 1.0)}
LEVELS = (0.5, 0.8, 0.9)
FIRST_SEED = 100_000


def town() -> sim.Scenario:
    """Return a small market: the classroom's with 150 consumers and 13 weeks."""
    changes = {"population.consumers": 150, "population.people_per_consumer": 20.0, "horizon": 13}
    return sim.load_scenario("classroom").with_overrides(changes)


def recover(market: sim.Scenario, number: int, simulations: dict[str, int]) -> list[dict[str, object]]:
    """Draw one truth, observe it once, and fit it by each method; one row per method and parameter."""
    scores = np.random.default_rng([FIRST_SEED, number]).standard_normal((1, len(FREE)))
    truth = dict(zip(FREE, values_of(free_parameters(FREE), scores)[0], strict=True))
    seen = sim.simulate(market.with_overrides(truth), "none", seed=FIRST_SEED + number, n_replicates=1)
    series = seen.series("first_purchases", brand="Fizz")[0, 0]
    rows: list[dict[str, object]] = []
    for method, n in simulations.items():
        fit = sim.calibrate(
            market, FREE, series=series, method=method, n_simulations=n, n_checks=20, seed=number, threads=1
        )
        for k, row in enumerate(fit.summary.itertuples()):
            score = fit.posterior.scores[:, k]
            rows.append(
                {
                    "truth": number,
                    "method": method,
                    "allowed": n,
                    "parameter": row.parameter,
                    "value": truth[row.parameter],
                    "q05": row.q05,
                    "q50": row.q50,
                    "q95": row.q95,
                    "share_below": float((fit.draws[:, k] < truth[row.parameter]).mean()),
                    "contraction": row.contraction,
                    "z": float((scores[0, k] - score.mean()) / score.std()),
                    "n_simulations": fit.posterior.n_simulations,
                }
            )
    return rows


def summarize(rows: pd.DataFrame) -> list[dict[str, object]]:
    """Return coverage with its Monte Carlo error, contraction, z-scores and evenness of ranks.

    As a negative control, 90 % intervals are also made half as wide around their medians: they should not hold.
    """
    from scipy.stats import kstest

    found = []
    for (method, parameter), part in rows.groupby(["method", "parameter"], sort=True):
        below, n = part["share_below"], len(part)
        entry: dict[str, object] = {"method": method, "parameter": parameter, "n_truths": n}
        for level in LEVELS:
            inside = float(below.between((1 - level) / 2, (1 + level) / 2).mean())
            entry[f"coverage_{level:.0%}".rstrip("%")] = inside
            entry[f"standard_error_{level:.0%}".rstrip("%")] = float((level * (1 - level) / n) ** 0.5)
        half = (part["q50"] - (part["q50"] - part["q05"]) / 2, part["q50"] + (part["q95"] - part["q50"]) / 2)
        entry["coverage_if_half_as_wide"] = float(part["value"].between(*half).mean())
        entry["mean_contraction"] = float(part["contraction"].mean())
        entry["mean_z"] = float(part["z"].mean())
        entry["mean_square_z"] = float((part["z"] ** 2).mean())
        entry["ranks_even_p_value"] = float(kstest(below, "uniform").pvalue)
        entry["mean_simulations"] = float(part["n_simulations"].mean())
        found.append(entry)
    return found


def answer(document: dict[str, Any]) -> str:
    """Return the answer of the README: what the rates say together, and their table."""
    lines = [
        *sentences(document["results"]),
        "",
        "| method | parameter | 50 % | 80 % | 90 % | 90 %, made half as wide | contraction | mean z² |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in document["results"]:
        shares = " | ".join(
            f"{row[f'coverage_{level}']:.0%} ± {row[f'standard_error_{level}']:.0%}" for level in (50, 80, 90)
        )
        lines.append(
            f"| {row['method']} | `{row['parameter'].rsplit('.', 1)[1]}` | {shares} | "
            f"{row['coverage_if_half_as_wide']:.0%} | {row['mean_contraction']:.2f} | {row['mean_square_z']:.2f} |"
        )
    return "\n".join(lines)


def sentences(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return what the rates say together: how far they are from nominal, and what so many truths cannot see."""
    n = min(row["n_truths"] for row in rows)
    held = [row["coverage_90"] for row in rows]
    errors = [
        (row[f"coverage_{level}"] - level / 100) / row[f"standard_error_{level}"]
        for row in rows
        for level in (50, 80, 90)
    ]
    narrow = [row["coverage_if_half_as_wide"] for row in rows]
    sequential = [row["mean_simulations"] for row in rows if row["method"] == "sequential"]
    worst = max(errors, key=abs)
    verdict = "no rate differs" if abs(worst) < 3.0 else "NOT ALL RATES HOLD: one differs"
    return [
        f"{n} truths. The 90 % intervals held {min(held):.0%} to {max(held):.0%} of them by either method; {verdict} "
        f"from what it says by more than {abs(worst):.1f} of its errors. Intervals made half as wide, the negative "
        f"control, held {min(narrow):.0%} to {max(narrow):.0%}.",
        "",
        f"So many truths see a 90 % interval that holds less than about {0.9 - 2.7 * (0.09 / n) ** 0.5:.0%}, no smaller "
        f"fault. The sequential method, which stops where its acceptance stalls or its simulations end, used "
        f"{sum(sequential) / len(sequential):.0f} simulations on average.",
    ]


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write-readme", action="store_true")
    parser.add_argument("--truths", type=int, default=68)
    parser.add_argument("--table", type=int, default=300)
    parser.add_argument("--sequential", type=int, default=600)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "recovery")
    arguments = parser.parse_args(words)
    arguments.out.mkdir(parents=True, exist_ok=True)
    place = arguments.out / "rows.csv"
    rows = pd.read_csv(place).to_dict(orient="records") if place.is_file() else []
    market, began = town(), time.time()
    simulations = {"table": arguments.table, "sequential": arguments.sequential}
    if any(row["allowed"] != simulations[row["method"]] for row in rows):
        raise SystemExit(f"{place} has other numbers of simulations: choose another --out")
    done = {row["truth"] for row in rows}
    for number in range(arguments.truths):
        if number not in done:
            rows += recover(market, number, simulations)
            pd.DataFrame(rows).to_csv(place, index=False, float_format="%.6g")
    table = pd.read_csv(place)
    document = {
        "scenario": "classroom, 150 consumers, 13 weeks; series of first purchases of Fizz, nothing held out",
        "priors": {name: list(bounds) for name, bounds in FREE.items()},
        "simulations": simulations,
        "trajectory_version": TRAJECTORY_VERSION,
        "results": summarize(table),
    }
    (arguments.out / "results.json").write_text(json.dumps(document, indent=2) + "\n")
    print(answer(document))
    print(f"took {time.time() - began:.0f} s")
    if arguments.write_readme:
        put(Path(__file__).parent / "recovery" / "README.md", "answer", answer(document))


if __name__ == "__main__":
    main()
