"""Study whether the social graph decides which strategy makes a launch earn most.

Runs every strategy of the launch scenario on four graphs of the same mean degree and writes ``results.csv``,
``record.json`` (where they come from) and ``figure.png``; ``--write-readme`` also puts the tables into ``README.md``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter
from scipy.stats import t as student

import simulator as sim
from simulator.outcomes.provenance import origin
from simulator.present.compositions import listed_shares, planned_lines, spent_by_kind

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from readme import put  # noqa: E402

FOLDER = Path(__file__).resolve().parent
STRATEGIES = ("none", "mass", "precision", "random_targeting", "social", "content", "mix", "price_cut")
MEAN_DEGREE = 14

#: Each graph has a mean of 14 ties and 40 % strong ties.
TOPOLOGIES: dict[str, dict[str, object]] = {
    "clustered": {"network.kind": "clustered", "network.mean_degree": float(MEAN_DEGREE)},
    "watts_strogatz": {
        "network.kind": "watts_strogatz",
        "network.degree": MEAN_DEGREE,
        "network.rewiring": 0.1,
    },
    "barabasi_albert": {"network.kind": "barabasi_albert", "network.attachments": MEAN_DEGREE // 2},
    "erdos_renyi": {"network.kind": "erdos_renyi", "network.mean_degree": float(MEAN_DEGREE)},
}
REFERENCE = "clustered"
COLORS = {
    "clustered": "#0072B2",
    "watts_strogatz": "#D55E00",
    "barabasi_albert": "#009E73",
    "erdos_renyi": "#CC79A7",
}


def scenario_on(topology: str, consumers: int) -> sim.Scenario:
    """Return the launch scenario on one graph, with the number of people in the market kept."""
    launch = sim.load_scenario("launch")
    people = launch.population.consumers * launch.population.people_per_consumer
    return launch.with_overrides(
        {
            "population.consumers": consumers,
            "population.people_per_consumer": people / consumers,
            "network.share_strong": 0.4,
            **TOPOLOGIES[topology],
        }
    )


def compare_all(consumers: int, replicates: int, seed: int) -> dict[str, sim.Comparison]:
    """Compare the strategies on every graph; consumers and chance are the same on all of them."""
    found = {}
    for topology in TOPOLOGIES:
        print(f"{topology} ...", file=sys.stderr, flush=True)
        scenario = scenario_on(topology, consumers)
        found[topology] = sim.compare(
            scenario, strategies=list(STRATEGIES), seed=seed, n_replicates=replicates
        )
    return found


def gains(comparison: sim.Comparison, strategy: str) -> np.ndarray:
    """Return a strategy's profit beyond that of none in every replicate, by number of replicate."""
    profit = comparison.outcomes.of("profit")
    names = list(comparison.strategies)
    return profit[names.index(strategy)] - profit[names.index("none")]


def contrast(values: np.ndarray, n_contrasts: int, confidence: float = 0.95) -> tuple[float, float, float]:
    """Return a mean with an interval that holds jointly for some contrasts (Bonferroni)."""
    mean = float(values.mean())
    if values.size < 2:
        return mean, float("nan"), float("nan")
    critical = student.ppf(1 - (1 - confidence) / (2 * n_contrasts), values.size - 1)
    half = float(critical * values.std(ddof=1) / values.size**0.5)
    return mean, mean - half, mean + half


def tabulate(found: dict[str, sim.Comparison]) -> pd.DataFrame:
    """Return one row per graph and strategy.

    Columns ``to_none`` with bounds: profit beyond none; the intervals of one graph hold jointly at 95 %.
    ``to_reference`` with bounds: that gain minus the same gain on the clustered graph, paired by replicate.
    """
    rows = []
    n_contrasts = (len(TOPOLOGIES) - 1) * (len(STRATEGIES) - 1)
    for topology, comparison in found.items():
        for name in comparison.strategies:
            gap = comparison.to_baseline.get(name, {}).get("profit")
            row: dict[str, object] = {
                "topology": topology,
                "strategy": name,
                "profit": comparison.estimates[name]["profit"].mean,
                "to_none": gap.mean if gap else 0.0,
                "to_none_lower": gap.lower if gap else 0.0,
                "to_none_upper": gap.upper if gap else 0.0,
                "p_best": comparison.risks[name].p_best_mean,
                "trial": comparison.estimates[name]["trial"].mean,
                "bought_by_friend_or_referral": comparison.estimates[name]["source_friend"].mean
                + comparison.estimates[name]["source_referral"].mean,
                "spend": comparison.budgets[name].spend,
            }
            if topology != REFERENCE and name != "none":
                values = gains(comparison, name) - gains(found[REFERENCE], name)
                mean, low, high = contrast(values, n_contrasts)
                row.update(to_reference=mean, to_reference_lower=low, to_reference_upper=high)
            rows.append(row)
    return pd.DataFrame(rows).round(4)


def draw(table: pd.DataFrame, currency: str, n_replicates: int) -> Figure:
    """Return the figure: profit beyond none by strategy, a dot with interval per graph."""
    order = table.groupby("strategy")["to_none"].mean().drop("none").sort_values().index
    figure = Figure(figsize=(9.6, 6.4), layout="constrained")
    axes = figure.add_subplot()
    axes.axvline(0, color="#5A5A5A", lw=1)
    offsets = np.linspace(0.27, -0.27, len(TOPOLOGIES))
    for offset, topology in zip(offsets, TOPOLOGIES, strict=True):
        rows = table[table["topology"] == topology].set_index("strategy").loc[order]
        y = np.arange(len(order)) + offset
        color = COLORS[topology]
        axes.hlines(y, rows["to_none_lower"], rows["to_none_upper"], color=color, lw=2.2)
        axes.plot(rows["to_none"], y, "o", ms=5.5, color=color, label=topology.replace("_", " "))
    axes.set_yticks(range(len(order)), [name.replace("_", " ") for name in order])
    axes.tick_params(axis="y", length=0)
    for y in range(len(order) - 1):
        axes.axhline(y + 0.5, color="#EDEDED", lw=1, zorder=0)
    axes.set_ylim(-0.5, len(order) - 0.5)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.xaxis.set_major_formatter(EngFormatter(sep="\N{THIN SPACE}"))
    axes.grid(True, axis="x", color="#EDEDED")
    axes.set_axisbelow(True)
    axes.set_xlabel(f"profit of the first year beyond no campaign ({currency})")
    axes.set_title("The launch on four social graphs of 14 ties", loc="left", fontweight="bold", pad=40)
    figure_note = f"means of {n_replicates:,} replicates; intervals of one graph hold jointly at 95 %"
    axes.text(0, 1.068, figure_note, transform=axes.transAxes, fontsize=9.5, color="#5A5A5A")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, frameon=False, borderaxespad=0.2)
    return figure


def thousands(row: pd.Series, name: str) -> str:
    """Return a difference with its interval in thousands of currency."""
    low, high = row[f"{name}_lower"] / 1e3, row[f"{name}_upper"] / 1e3
    return f"{row[name] / 1e3:+,.0f} ({low:+,.0f} to {high:+,.0f})"


def markdown(rows: list[list[str]], *, is_text: bool = False) -> str:
    """Return rows, of which the first has the titles, as a Markdown table of numbers or of text."""
    lines = [rows[0], ["---", *["---" if is_text else "---:"] * (len(rows[0]) - 1)], *rows[1:]]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def answer(found: dict[str, sim.Comparison], table: pd.DataFrame) -> str:
    """Return the verdicts and tables of the study as Markdown."""
    first = found[REFERENCE]
    scenario = first.manifest["scenario"]
    consumers, currency = scenario["population"]["consumers"], first.currency
    by = table.set_index(["strategy", "topology"])
    topologies = list(TOPOLOGIES)
    names = list(by.loc[(slice(None), REFERENCE), "to_none"].sort_values(ascending=False).index)
    names = [name for name, _ in names if name != "none"]
    head = ["strategy", *(name.replace("_", " ") for name in topologies)]
    gain = [head]
    change = [head[:1] + head[2:]]
    for name in names:
        gain.append([name, *(thousands(by.loc[name, topology], "to_none") for topology in topologies)])
        change.append(
            [name, *(thousands(by.loc[name, topology], "to_reference") for topology in topologies[1:])]
        )
    base = [
        "none: profit itself",
        *(f"{by.loc['none', topology]['profit'] / 1e3:,.0f}" for topology in topologies),
    ]
    verdicts = "\n".join(
        f"- **{topology.replace('_', ' ')}**: {comparison.verdict.sentence}"
        for topology, comparison in found.items()
    )
    warnings = [
        f"- warning, {topology.replace('_', ' ')}: {warning}"
        for topology, comparison in found.items()
        for warning in comparison.verdict.warnings
    ]
    parts = [
        f"{consumers:,} consumers, {first.n_replicates:,} replicates, seed {first.seed}, trajectories "
        f"{first.manifest['trajectory_version']}.",
        verdicts,
        f"Profit beyond none, thousand {currency} (intervals of one graph hold jointly at 95 %):",
        markdown([*gain, base]),
        f"The same gain minus that on the clustered graph, thousand {currency}, paired by replicate "
        f"(all {3 * len(names)} intervals hold jointly at 95 %):",
        markdown(change),
        dependence(by, names, currency),
        f"What the strategies consist of, and what was spent on the {REFERENCE} graph:",
        markdown(composition_rows(first, names), is_text=True),
        "\n".join(warnings),
    ]
    return "\n\n".join(part for part in parts if part)


def composition_rows(comparison: sim.Comparison, names: Sequence[str]) -> list[list[str]]:
    """Return the lines of each strategy as planned, and what was spent by kind."""
    rows = [["strategy", "its lines, as shares of the budget", "what was spent"]]
    for name in names:
        parts = (planned_lines(comparison, name), spent_by_kind(comparison, name))
        rows.append([name, *map(listed_shares, parts)])
    return rows


def dependence(by: pd.DataFrame, names: Sequence[str], currency: str) -> str:
    """Return in words whether order and size of the gains depend on the graph."""
    topologies = list(TOPOLOGIES)
    orders = [sorted(names, key=lambda name, on=on: -by.loc[name, on]["to_none"]) for on in topologies]
    n_orders = len({tuple(order) for order in orders})
    shifted = [
        f"{name} on {topology.replace('_', ' ')} {thousands(by.loc[name, topology], 'to_reference')}"
        for name in names
        for topology in topologies[1:]
        if by.loc[name, topology]["to_reference_lower"] > 0
        or by.loc[name, topology]["to_reference_upper"] < 0
    ]
    order = (
        "The strategies' means stand in the same order on all graphs."
        if n_orders == 1
        else f"Over the four graphs the strategies' means stand in {n_orders} different orders."
    )
    told = "; ".join(shifted) if shifted else "none"
    return f"{order} Gains that are shown to differ from those on the clustered graph, thousand {currency}: {told}."


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Compare strategies of a launch on four social graphs.")
    parser.add_argument("--consumers", type=int, default=2000, help="consumers [2000]")
    parser.add_argument("--replicates", type=int, default=100, help="replicates of every strategy [100]")
    parser.add_argument("--seed", type=int, default=1, help="seed of all chance [1]")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of results.csv and figure.png")
    parser.add_argument("--write-readme", action="store_true", help="put the tables into README.md")
    asked = parser.parse_args(arguments)
    found = compare_all(asked.consumers, asked.replicates, asked.seed)
    table = tabulate(found)
    text = answer(found, table)
    asked.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(asked.out / "results.csv", index=False)
    size = {"consumers": asked.consumers, "replicates": asked.replicates, "seed": asked.seed}
    (asked.out / "record.json").write_text(json.dumps({**origin(), **size}, indent=1) + "\n")
    draw(table, found[REFERENCE].currency, asked.replicates).savefig(
        asked.out / "figure.png", dpi=130, metadata={"Software": None}
    )
    if asked.write_readme:
        put(FOLDER / "README.md", "answer", text)
    print(text)


if __name__ == "__main__":
    main()
