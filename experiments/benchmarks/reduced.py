"""Measure the bare engine: one brand, six channels, every rarer mechanism off (``reduced.toml``).

``python experiments/benchmarks/reduced.py`` writes ``reduced.md`` and ``reduced.json`` to ``results/`` here. Two
markets are measured, in which about 1 % and about 9 % of consumers talk in a step, with one thread and two, next
to the C with the engine's draws; then with one thing left out at a time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parents[1])]

from baselines import c_market, c_same  # noqa: E402
from contestants import ENGINE, SAME_C, SEED, Contestant, Stage, alternate, engine, in_c, run_one  # noqa: E402
from run import machine, say  # noqa: E402

from simulator.model.campaigns import build_plan  # noqa: E402
from simulator.model.initialization import build_world  # noqa: E402
from simulator.model.market import build_market  # noqa: E402
from simulator.model.observation import INDEX  # noqa: E402
from simulator.scenario import load_scenario  # noqa: E402

PLAN = "none"
NEEDS = "population.traits.need_rate.mean"
#: Mean need rate by the share of consumers who talk in a step, about, and what is aimed at with two threads.
MARKETS = {"1 %": (0.0148, 300e6), "9 %": (0.1225, 220e6)}
_NO_MEDIA = {f"brands.Only.lines[{k}].weekly_spend": 0.0 for k in range(6)}
#: What is left out of a market.
WITHOUT: Mapping[str, Mapping[str, Any]] = {
    "nothing": {},
    "ties": {"network.mean_degree": 0.01},
    "needs": {NEEDS: 1e-6},
    "advertising": _NO_MEDIA,
    "needs and advertising": {NEEDS: 1e-6, **_NO_MEDIA},
}


def stage_of(n_consumers: int, changes: Mapping[str, Any], n_worlds: int = 4) -> Stage:
    """Return the reduced market with ready worlds."""
    overrides = {"population.consumers": n_consumers, **changes}
    market = build_market(load_scenario(_HERE / "reduced.toml", overrides))
    return Stage(market, tuple(build_world(market, SEED, k) for k in range(n_worlds)), 0.0)


def talking(stage: Stage) -> tuple[float, bool]:
    """Return the share of consumers who talk in a step, and whether the C has the engine's bits."""
    plan, world = build_plan(stage.market, PLAN), stage.worlds[0]
    counts = run_one(stage.market, plan, world, SEED, 0)
    share = counts[..., INDEX["purchases"]].sum() / (stage.n_consumers * stage.market.n_steps)
    if not c_market.has_gcc():
        return float(share), True
    return float(share), c_same.same_bits(c_same.SameMarket(stage.market, plan, world).run(SEED, 0), counts)


def race(n_consumers: int, n_replicates: int, rounds: int, pool: ThreadPoolExecutor) -> list[dict[str, Any]]:
    """Measure both markets; return table rows."""
    stages = {label: stage_of(n_consumers, {NEEDS: needs}) for label, (needs, _) in MARKETS.items()}
    seen = {label: talking(stage) for label, stage in stages.items()}
    contestants: list[tuple[str, Contestant]] = []
    for label, stage in stages.items():
        for threads in (1, 2):
            contestants.append((label, engine(stage, PLAN, threads, n_replicates, pool)))
            other = in_c(stage, SAME_C, PLAN, threads, n_replicates, pool)
            if isinstance(other, Contestant):
                contestants.append((label, other))
    alternate([one for _, one in contestants], rounds, say)
    return [
        {"talking": seen[label][0], "same_bits": seen[label][1], "program": one.name, "threads": one.threads,
         "rate": one.rate, "aim": MARKETS[label][1] if (one.name, one.threads) == (ENGINE, 2) else None}
        for label, one in contestants
    ]  # fmt: skip


def left_out(
    n_consumers: int, n_replicates: int, rounds: int, pool: ThreadPoolExecutor
) -> list[dict[str, Any]]:
    """Return nanoseconds an agent-step on one thread, with one thing left out of a market at a time."""
    points: list[tuple[str, str, Contestant]] = []
    for label, (needs, _) in MARKETS.items():
        for name, changes in WITHOUT.items():
            if label != "1 %" and NEEDS in changes:
                continue
            stage = stage_of(n_consumers, {NEEDS: needs, **changes}, 1)
            others = [engine(stage, PLAN, 1, n_replicates, pool)]
            other = in_c(stage, SAME_C, PLAN, 1, n_replicates, pool)
            others += [other] if isinstance(other, Contestant) else []
            points += [(label, name, one) for one in others]
    alternate([one for _, _, one in points], rounds, say)
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for label, name, one in points:
        row = rows.setdefault((label, name), {"talking": label, "without": name})
        row[one.name] = 1e9 / one.rate
    return list(rows.values())


def markdown(results: Mapping[str, Any]) -> str:
    """Return the tables."""
    lines = [f"# One brand, six channels, {results['consumers']:,} consumers", "", results["machine"], ""]
    lines += [
        "| talk in a step | program | threads | million agent-steps/s | aim | reached |", "|--:|---|--:|--:|--:|--:|"
    ]  # fmt: skip
    for row in results["rows"]:
        aim = f"{row['aim'] / 1e6:.0f} | {row['rate'] / row['aim']:.2f}" if row["aim"] else " | "
        lines.append(
            f"| {row['talking']:.1%} | {row['program']} | {row['threads']} | {row['rate'] / 1e6:.3g} | {aim} |"
        )
    lines += ["", "Nanoseconds an agent-step, one thread:", ""]
    lines += [f"| talk | without | {ENGINE} | {SAME_C} |", "|--:|---|--:|--:|"]
    for row in results["left_out"]:
        costs = (f"{row[name]:.2f}" if name in row else "" for name in (ENGINE, SAME_C))
        lines.append(f"| {row['talking']} | {row['without']} | {' | '.join(costs)} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write the tables; return 1 where the C has other numbers."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--consumers", type=int, default=10_000, help="consumers [10000]")
    parser.add_argument("--rounds", type=int, default=10, help="turns of each contestant [10]")
    parser.add_argument("--replicates", type=int, default=16, help="replicates of a turn [16]")
    parser.add_argument("--out", type=Path, default=_HERE / "results", help="folder")
    asked = parser.parse_args(arguments)
    with ThreadPoolExecutor(2) as pool:
        size = asked.consumers, asked.replicates, asked.rounds, pool
        results: dict[str, Any] = {"machine": machine(), "consumers": asked.consumers, "rows": race(*size)}
        results["left_out"] = left_out(*size)
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "reduced.json").write_text(json.dumps(results, indent=1) + "\n")
    (asked.out / "reduced.md").write_text(markdown(results))
    print(markdown(results))
    return 0 if all(row["same_bits"] for row in results["rows"]) else 1


if __name__ == "__main__":
    sys.exit(main())
