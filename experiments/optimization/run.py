"""How should a launch split its budget over seven lines? Search, judge on fresh replicates, draw the frontiers.

Usage: python experiments/optimization/run.py [--consumers N] [--out FOLDER] [--evaluation N] [--rounds N]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import simulator as sim


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--consumers", type=int, default=1000)
    parser.add_argument("--evaluation", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--first", type=int, default=24)
    parser.add_argument(
        "--kept", type=Path, default=None, help="folder for what is simulated: go on after a stop"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    scenario = sim.load_scenario("launch").with_overrides(
        {
            "population.consumers": arguments.consumers,
            "population.people_per_consumer": 1_000_000 / arguments.consumers,
        }
    )
    found = sim.optimize(
        scenario,
        "mix",
        n_first=arguments.first,
        n_rounds=arguments.rounds,
        n_evaluation=arguments.evaluation,
        seed=1,
        out=arguments.kept,
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    found.to_dataframe().to_csv(arguments.out / "plans.csv", index=False, float_format="%.6g")
    document = json.dumps(found.to_json_document(), indent=2)
    (arguments.out / "result.json").write_text(document + "\n")
    for cost in ("risk", "privacy"):
        figure = found.plot_frontier(cost=cost)
        figure.savefig(arguments.out / f"{cost}.png", dpi=144, metadata={"Software": None})
    print(found)


if __name__ == "__main__":
    main()
