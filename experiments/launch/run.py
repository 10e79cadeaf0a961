"""Compare the strategies of the shipped launch, say what each consists of, and what the brand gains without any.

Writes ``results.json``, ``differences.png`` and ``adoption.png``; ``--write-readme`` also puts the tables into
``README.md``, between the markers.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import simulator as sim
from simulator.outcomes.curves import bands
from simulator.outcomes.provenance import origin
from simulator.present.compositions import listed_shares, planned_lines, spent_by_kind

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from readme import put  # noqa: E402

FOLDER = Path(__file__).resolve().parent
SWEEP = FOLDER.parent / "sweeps" / "results.json"
#: Share of online searches that come across the new brand: as shipped, half, and none.
COVERAGES = (0.4, 0.2, 0.0)
WITHOUT = ("awareness", "trial")


def rows_of(comparison: sim.Comparison) -> list[dict[str, Any]]:
    """Return one row per strategy, the best first: what it consists of, and what it earns."""
    rows = []
    for name in comparison.strategies:
        gap = comparison.to_baseline.get(name, {}).get("profit")
        rows.append(
            {
                "strategy": name,
                "profit": comparison.estimates[name]["profit"].mean,
                "gain": None if gap is None else [gap.mean, gap.lower, gap.upper],
                "of_budget": comparison.budgets[name].imbalance + 1,
                "planned": planned_lines(comparison, name),
                "spent": spent_by_kind(comparison, name),
            }
        )
    return sorted(rows, key=lambda row: -row["profit"])


def without_campaign(comparison: sim.Comparison) -> dict[str, Any]:
    """Return how far the brand gets with no campaign and with mass advertising, and what mass adds."""
    share = bands(comparison.trajectories, "share")
    gap = comparison.to_baseline["mass"]["profit"]
    found: dict[str, Any] = {"gain_of_mass": [gap.mean, gap.lower, gap.upper]}
    for name in ("none", "mass"):
        found[name] = {metric: comparison.estimates[name][metric].mean for metric in WITHOUT}
        found[name]["share_value"] = comparison.estimates[name]["share_value"].mean
        found[name]["share_last_week"] = float(share.mean[share.strategies.index(name), -1])
    return found


def measure(replicates: int | None, consumers: int | None, out: Path) -> dict[str, Any]:
    """Run the comparison, draw it, and run two strategies at lower coverages."""
    launch = sim.load_scenario("launch")
    if consumers is not None:
        people = launch.population.consumers * launch.population.people_per_consumer
        size = {"population.consumers": consumers, "population.people_per_consumer": people / consumers}
        launch = launch.with_overrides(size)
    whole = sim.compare(launch, n_replicates=replicates)
    out.mkdir(parents=True, exist_ok=True)
    (out / "differences.png").write_bytes(whole.plot_differences().png())
    (out / "adoption.png").write_bytes(whole.plot_adoption().png())
    searched = []
    for coverage in COVERAGES:
        market = launch.with_overrides({"brands.Nova.online_coverage": coverage})
        part = sim.compare(market, strategies=["none", "mass"], n_replicates=replicates)
        searched.append({"online_coverage": coverage, **without_campaign(part)})
    return {
        **origin(),
        "digest": whole.digest,
        "consumers": launch.population.consumers,
        "replicates": whole.n_replicates,
        "seed": whole.seed,
        "verdict": whole.verdict.sentence,
        "strategies": rows_of(whole),
        "coverage": searched,
    }


def amount(values: Sequence[float]) -> str:
    """Return a difference with its interval, in thousands."""
    mean, low, high = (value / 1e3 for value in values)
    return f"{mean:+,.0f} ({low:+,.0f} to {high:+,.0f})"


def share(value: float) -> str:
    return f"{100 * value:.0f} %"


def sweep_sentence() -> str:
    """Return where the winner stands in the sweep over parameters, from that study's record."""
    sweep = json.loads(SWEEP.read_text())
    won = {row["strategy"]: row["wins"] for row in sweep["winners"]}
    best, second = sorted(won, key=lambda name: -won[name])[:2]
    return (
        "Intervals cover the chance of the simulation alone, at the default parameters. Over "
        f"{sweep['design']['points']} draws of parameters that are not known, {best} has the best mean at {won[best]} "
        f"and {second} at {won[second]}: [the sweep](../sweeps/README.md)."
    )


def answer(found: dict[str, Any]) -> str:
    """Return the text of the README between its markers."""
    lines = [
        f"{found['verdict']} {found['replicates']} replicates of {found['consumers']:,} consumers, seed "
        f"{found['seed']}, trajectories {found['trajectory_version']}. {sweep_sentence()}",
        "",
        "| strategy | profit minus that of none, thousand EUR | its lines, as shares of the budget | what was spent |",
        "| --- | ---: | --- | --- |",
    ]
    for row in found["strategies"]:
        if row["gain"] is None:
            lines.append(f"| {row['strategy']} | (itself {row['profit'] / 1e3:,.0f}) | | |")
        else:
            parts = [amount(row["gain"]), listed_shares(row["planned"]), listed_shares(row["spent"])]
            lines.append(f"| {row['strategy']} | {' | '.join(parts)} |")
    social = next(row for row in found["strategies"] if row["strategy"] == "social")
    off = max(abs(row["of_budget"] - 1) for row in found["strategies"] if row["gain"] is not None)
    lines += [
        "",
        f"Names are labels: `social` is {share(social['spent']['media'])} media. What its rewards, discounts and "
        "service cost follows from what consumers do, and media make up the budget; so read the columns before the "
        f"names. Realized spend lies within {100 * off:.1f} % of the budget.",
        "",
        "The brand is unknown at the start, and does not stay so without a campaign, because shoppers who search online "
        "come across it (`online_coverage`):",
        "",
        "| share of online searches that show it | awareness, none | trial, none | share of sales, none "
        "| in the last week | trial, mass | mass minus none, thousand EUR |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in found["coverage"]:
        none, mass = row["none"], row["mass"]
        cells = [share(none[key]) for key in (*WITHOUT, "share_value", "share_last_week")]
        shown = share(row["online_coverage"])
        lines.append(
            f"| {shown} | {' | '.join(cells)} | {share(mass['trial'])} | {amount(row['gain_of_mass'])} |"
        )
    return "\n".join(lines)


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--replicates", type=int, help="replicates of every strategy; the scenario's if omitted"
    )
    parser.add_argument("--consumers", type=int, help="simulated consumers; the scenario's if omitted")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of results.json and the figures")
    parser.add_argument("--write-readme", action="store_true", help="put the tables into README.md")
    asked = parser.parse_args(given)
    found = measure(asked.replicates, asked.consumers, asked.out)
    (asked.out / "results.json").write_text(json.dumps(found, indent=1) + "\n")
    print(answer(found))
    if asked.write_readme:
        put(FOLDER / "README.md", "answer", answer(found))


if __name__ == "__main__":
    main()
