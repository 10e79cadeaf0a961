"""How should a budget be split, and what does a safer plan cost? Search, judge on fresh replicates, draw the frontiers.

Usage: python experiments/optimization/run.py [launch|standard] [--out FOLDER] [--evaluation N] [--rounds N] …
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import simulator as sim
from simulator.outcomes.differences import simultaneous_differences
from simulator.outcomes.provenance import origin
from simulator.outcomes.statistics import conditional_value_at_risk

HERE = Path(__file__).resolve().parent
DRAWS = 4000
#: The path of prices: how much friends count, prices, and replicates.
WEIGHTS, PRICES, PATH_REPLICATES = (2.0, 6.0), (8.5, 8.75, 9.0, 9.25, 9.5, 9.75, 10.0), 200


class Case(NamedTuple):
    """What is optimized: scenario, strategy, what is varied beside the split, consumers, folder of the results."""

    scenario: str
    strategy: str
    vary: Mapping[str, tuple[float, float]]
    consumers: int
    out: Path


CASES = {
    "launch": Case("launch", "mix", {}, 1000, HERE),
    "standard": Case(
        str(HERE / "standard" / "standard.toml"),
        "launch",
        {"brands.Ours.price": (8.0, 11.0)},
        500,
        HERE / "standard",
    ),
}


def worst(values: np.ndarray) -> float:
    """Return the mean of the worst 5 % of replicates."""
    return conditional_value_at_risk(values)[1]


def frontier_table(found: sim.Optimization) -> pd.DataFrame:
    """Return the plans on the frontier of mean and risk, each against the one with the best mean, in pairs.

    Intervals of differences in means hold together; those of differences in the worst 5 % are by themselves, by a
    bootstrap of whole replicates. Which plans are on the frontier is read from the same replicates.
    """
    front = distinct(found)
    profits = found.values[front, :, 0]
    labels = [found.plans[k].label for k in front]
    gaps = simultaneous_differences(profits, labels, [(k, 0) for k in range(1, len(front))], found.confidence)
    draws = np.random.default_rng(found.seed).integers(profits.shape[1], size=(DRAWS, profits.shape[1]))
    tails = np.array([[worst(row[draw]) for draw in draws] for row in profits])
    rows: list[dict[str, Any]] = []
    for k, label in enumerate(labels):
        low, high = np.quantile(tails[k] - tails[0], [0.025, 0.975])
        gap = gaps[k - 1] if k else None
        rows.append(
            {
                "plan": label,
                **found.plans[front[k]].overrides,
                "mean": profits[k].mean(),
                "mean_gap": gap.mean if gap else 0.0,
                "mean_gap_lower": gap.lower if gap else 0.0,
                "mean_gap_upper": gap.upper if gap else 0.0,
                "worst": worst(profits[k]),
                "worst_gap": worst(profits[k]) - worst(profits[0]),
                "worst_gap_lower": low,
                "worst_gap_upper": high,
            }
        )
    return pd.DataFrame(rows)


def distinct(found: sim.Optimization) -> list[int]:
    """Return the plans of the risk frontier, the best mean first, without those that stand there twice."""
    order = sorted(found.risk_frontier, key=lambda k: -found.values[k, :, 0].mean())
    first: dict[bytes, int] = {}
    for k in order:
        first.setdefault(found.values[k].tobytes(), k)
    return list(first.values())


def price_path(scenario: sim.Scenario) -> pd.DataFrame:
    """Return mean and worst 5 % over prices, the budget on feeds, where friends count little and much."""
    rows = []
    for weight in WEIGHTS:
        for price in PRICES:
            market = scenario.with_overrides(
                {
                    "parameters.externality_weight": weight,
                    "brands.Ours.price": price,
                    "strategies.launch.lines[0].share": 0.0,
                    "strategies.launch.lines[1].share": 1.0,
                }
            )
            [outcomes] = sim.evaluate(
                market,
                [sim.Treatment("launch")],
                seed=1,
                replicates=range(PATH_REPLICATES),
                metrics=["profit"],
            )
            profit = outcomes[:, 0]
            rows.append(
                {"externality_weight": weight, "price": price, "mean": profit.mean(), "worst": worst(profit)}
            )
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("case", nargs="?", choices=sorted(CASES), default="launch")
    parser.add_argument("--consumers", type=int, default=None)
    parser.add_argument("--evaluation", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--first", type=int, default=24)
    parser.add_argument(
        "--kept", type=Path, default=None, help="folder for what is simulated: go on after a stop"
    )
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    case = CASES[arguments.case]
    scenario = sim.load_scenario(case.scenario)
    people = scenario.population.consumers * scenario.population.people_per_consumer
    consumers, out = arguments.consumers or case.consumers, arguments.out or case.out
    scenario = scenario.with_overrides(
        {"population.consumers": consumers, "population.people_per_consumer": people / consumers}
    )
    found = sim.optimize(
        scenario,
        case.strategy,
        vary=case.vary or None,
        n_first=arguments.first,
        n_rounds=arguments.rounds,
        n_evaluation=arguments.evaluation,
        seed=1,
        out=arguments.kept,
    )
    out.mkdir(parents=True, exist_ok=True)
    found.to_dataframe().to_csv(out / "plans.csv", index=False, float_format="%.6g")
    if len(distinct(found)) > 1:
        frontier_table(found).to_csv(out / "frontier.csv", index=False, float_format="%.7g")
    if arguments.case == "standard":
        price_path(scenario).to_csv(out / "prices.csv", index=False, float_format="%.7g")
    document = json.dumps({**origin(), **found.to_json_document()}, indent=2)
    (out / "result.json").write_text(document + "\n")
    for cost in ("risk", "privacy") if found.values[:, :, 1].any() else ("risk",):
        figure = found.plot_frontier(cost=cost)
        figure.savefig(out / f"{cost}.png", dpi=144, metadata={"Software": None})
    print(found)


if __name__ == "__main__":
    main()
