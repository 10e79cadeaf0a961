"""Study whether the launch's answer depends on how many consumers are simulated, and through what.

The same million people are simulated by ever more consumers, on the default graph and on one whose consumers have at
most 90 weak ties, so that the smallest market can have the same law of degrees as the largest. Writes ``size.csv`` and
``size.png``; ``--write-readme`` also puts the table into ``README.md``, between the markers.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FixedLocator, NullLocator

import simulator as sim

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from readme import put  # noqa: E402

FOLDER = Path(__file__).resolve().parent
PEOPLE = 1_000_000
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
LIMITS = {"300 (default)": 300, "90": 90}
GAINS = {"social - none": ("social", "none"), "mass - social": ("mass", "social")}
COLORS = {"300 (default)": "#0072B2", "90": "#D55E00"}


def compare(consumers: int, limit: int, total: int) -> sim.Comparison:
    """Compare social, mass and none on one size of market, with as many replicates as make the total."""
    launch = sim.load_scenario("launch").with_overrides(
        {
            "population.consumers": consumers,
            "population.people_per_consumer": PEOPLE / consumers,
            "network.max_weak_degree": limit,
        }
    )
    replicates = max(40, total // consumers)
    return sim.compare(launch, strategies=["none", "mass", "social"], seed=1, n_replicates=replicates)


def rows_of(found: sim.Comparison, consumers: int, limit: str) -> list[dict[str, object]]:
    """Return one row per quantity: mean and half-width of its own 95 % interval."""
    names = list(found.strategies)
    profit = found.outcomes.of("profit")
    community = found.outcomes.of("community_size")[names.index("social")]
    talk = found.outcomes.of("wom_positive") + found.outcomes.of("wom_negative")
    values = {name: profit[names.index(a)] - profit[names.index(b)] for name, (a, b) in GAINS.items()} | {
        "community under social": community,
        "messages under social": talk[names.index("social")],
    }
    return [
        {
            "limit": limit,
            "consumers": consumers,
            "replicates": x.size,
            "quantity": name,
            "mean": x.mean(),
            "half_width": 1.96 * x.std(ddof=1) / x.size**0.5,
        }
        for name, x in values.items()
    ]


def draw(table: pd.DataFrame) -> Figure:
    """Return a panel per quantity: mean and interval against the number of consumers."""
    figure = Figure(figsize=(9.6, 6.2), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True)
    units = {"social - none": "EUR", "mass - social": "EUR"}
    for axes, (quantity, rows) in zip(panels.flat, table.groupby("quantity", sort=False), strict=True):
        for limit, part in rows.groupby("limit", sort=False):
            axes.errorbar(
                part["consumers"], part["mean"], part["half_width"],
                fmt="o-", ms=5, lw=1.5, capsize=3, color=COLORS[str(limit)], label=limit,
            )  # fmt: skip
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(list(SIZES)))
        axes.xaxis.set_major_formatter(EngFormatter(sep="\N{THIN SPACE}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(EngFormatter(sep="\N{THIN SPACE}"))
        unit = units.get(str(quantity), "people" if str(quantity).startswith("community") else "messages")
        axes.set_title(f"{quantity} ({unit})", loc="left", fontsize=10.5)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(True, axis="y", color="#EDEDED")
    for axes in panels[1]:
        axes.set_xlabel("consumers simulated, for the same million people")
    panels[0, 0].legend(title="most weak ties", frameon=False)
    figure.suptitle(
        "From 10,000 consumers on the answer stays; below, the largest hubs are missing",
        x=0.01,
        ha="left",
        weight="bold",
    )
    return figure


def answer(table: pd.DataFrame) -> str:
    """Return the table of the study as Markdown."""
    quantities = list(dict.fromkeys(table["quantity"]))
    lines = [
        "| most weak ties | consumers | replicates | " + " | ".join(quantities) + " |",
        "| --- | ---: | ---: | " + " | ".join("---:" for _ in quantities) + " |",
    ]
    for (limit, consumers), part in table.groupby(["limit", "consumers"], sort=False):
        cells = [f"{row['mean']:,.0f} ± {row['half_width']:,.0f}" for _, row in part.iterrows()]
        replicates = part["replicates"].iloc[0]
        lines.append(f"| {limit} | {consumers:,} | {replicates:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run the study."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--total", type=int, default=4_000_000, help="consumers times replicates")
    arguments.add_argument("--out", type=Path, default=FOLDER)
    arguments.add_argument("--write-readme", action="store_true")
    options = arguments.parse_args()
    rows: list[dict[str, object]] = []
    for limit, ties in LIMITS.items():
        for consumers in SIZES:
            rows += rows_of(compare(consumers, ties, options.total), consumers, limit)
            print(*rows[-4:], sep="\n", flush=True)
    table = pd.DataFrame(rows).round(2)
    options.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(options.out / "size.csv", index=False)
    draw(table).savefig(options.out / "size.png", dpi=110)
    if options.write_readme:
        put(FOLDER / "README.md", "size", answer(table))


if __name__ == "__main__":
    main()
