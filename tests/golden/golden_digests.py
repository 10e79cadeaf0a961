"""The digests of the tiny market, by strategy, which both engines must give as long as trajectories do not change.

A change that alters trajectories raises ``TRAJECTORY_VERSION`` and writes the digests anew, by

    python tests/golden/golden_digests.py

which runs both engines and writes nothing where they disagree.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simulator.engines import run_replicates
from simulator.model.campaigns import build_plan
from simulator.model.market import build_market
from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.digest import digest_text, hash_sum
from simulator.scenario import load_scenario

PINNED = Path(__file__).with_name("tiny.json")
SEED, REPLICATES = 7, (0, 1)
ENGINES = ("numba", "mesa")


def strategies() -> tuple[str, ...]:
    return load_scenario("tiny").strategy_names


def digests(engine: str) -> dict[str, str]:
    """Return the digest of each strategy of the tiny market, unsolved, over two replicates."""
    market = build_market(load_scenario("tiny"))
    plans = [build_plan(market, name) for name in strategies()]
    counts = run_replicates(market, plans, engine=engine, seed=SEED, replicates=REPLICATES, threads=1)
    return {
        name: digest_text(
            hash_sum(
                counts[s : s + 1],
                strategies=[name],
                replicates=REPLICATES,
                seed=SEED,
                brand_ids=market.brand_ids,
            )
        )
        for s, name in enumerate(strategies())
    }


def pinned() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PINNED.read_text())
    return found


def main() -> None:
    """Write the digests of this trajectory version."""
    found = {engine: digests(engine) for engine in ENGINES}
    if found["numba"] != found["mesa"]:
        differ = [name for name in strategies() if found["numba"][name] != found["mesa"][name]]
        raise SystemExit(f"the engines disagree on {', '.join(differ)}; nothing written")
    document = {
        "trajectory_version": TRAJECTORY_VERSION,
        "scenario_digest": load_scenario("tiny").digest,
        "digests": found["numba"],
    }
    PINNED.write_text(json.dumps(document, indent=2) + "\n")
    print(f"{PINNED}: {len(found['numba'])} strategies, trajectory version {TRAJECTORY_VERSION}")


if __name__ == "__main__":
    main()
