"""The measurements as tables and as a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contestants import ENGINE, MESA_ENGINE, Contestant
from rates import figure as rates_figure
from rates import gather

from simulator.present.plots_style import Chart

#: Programs of the package.
OURS = (ENGINE, MESA_ENGINE)


def as_rows(contestants: Sequence[Contestant], n_consumers: int) -> list[dict[str, Any]]:
    """Return one row for each contestant, with the engine's rates on the same strategy divided by its rate."""
    rates = {(one.strategy, one.threads): one.rate for one in contestants if one.name == ENGINE}
    rows = []
    for one in contestants:
        row: dict[str, Any] = {
            "consumers": n_consumers, "program": one.name, "strategy": one.strategy, "threads": one.threads,
            "rate": one.rate, "spread": one.spread, "turns": len(one.seconds),
        }  # fmt: skip
        for threads in (1, 2):
            ours = rates.get((one.strategy, threads))
            row[f"engine_{threads}"] = ours / one.rate if ours else None
        rows.append(row)
    return rows


def mean_row(contestants: Sequence[Contestant], n_consumers: int, threads: int) -> dict[str, Any]:
    """Return the engine's rate over all strategies together: all agent-steps over all time."""
    chosen = [one for one in contestants if one.name == ENGINE and one.threads == threads]
    seconds = sum(one.agent_steps / one.rate for one in chosen)
    rate = sum(one.agent_steps for one in chosen) / seconds
    return {
        "consumers": n_consumers, "program": ENGINE, "strategy": f"all {len(chosen)}", "threads": threads,
        "rate": rate, "spread": None, "turns": None, "engine_1": None, "engine_2": None,
    }  # fmt: skip


def _million(rate: float) -> str:
    return f"{rate / 1e6:.3g}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def speed_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the speed table in Markdown."""
    lines = [
        "| consumers | program | strategy | threads | million agent-steps/s | engine, 1 thread, is × | 2 threads × |",
        "|--:|---|---|--:|--:|--:|--:|",
    ]
    for row in rows:
        cells = [
            f"{row['consumers']:,}", row["program"], row["strategy"], str(row["threads"]), _million(row["rate"]),
            _ratio(row["engine_1"]), _ratio(row["engine_2"]),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def markdown(results: Mapping[str, Any]) -> str:
    """Return all tables in Markdown."""
    lines = ["# Benchmark", "", results["machine"], "", "## Speed", "", *speed_table(results["speed"]), ""]
    lines += [f"Not measured: {name} ({reason})." for name, reason in results["skipped"].items()]
    lines += ["", "## Agreement of the baselines with the engine", ""]
    lines += [f"- {line}" for line in results["agreement"]]
    lines += ["", "## World building", "", "| consumers | seconds |", "|--:|--:|"]
    lines += [f"| {int(n):,} | {seconds:.3g} |" for n, seconds in results["world_seconds"].items()]
    if results["start"]:
        names = list(next(iter(results["start"].values())))
        lines += [
            "",
            "## Start, seconds",
            "",
            "| | " + " | ".join(names) + " |",
            "|---" + "|--:" * len(names) + "|",
        ]
        for kind, measured in results["start"].items():
            lines.append(f"| {kind} | " + " | ".join(f"{measured[name]:.2f}" for name in names) + " |")
    if results["memory"]:
        lines += ["", "## Peak memory, bytes per consumer beyond the loaded interpreter", ""]
        lines += ["| program | strategy | consumers | world built | all |", "|---|---|--:|--:|--:|"]
        lines += [
            f"| {one['program']} | {one['strategy']} | {one['consumers']:,} | {one['world']:.0f} | {one['all']:.0f} |"
            for one in results["memory"]
        ]
    return "\n".join(lines) + "\n"


def figure(rows: Sequence[Mapping[str, Any]]) -> Chart:
    """Return a chart of all rates, one panel for each number of consumers."""
    panels = []
    for size in sorted({row["consumers"] for row in rows}):
        chosen = gather(
            [
                (
                    f"{row['program']}, {row['strategy']}",
                    row["threads"],
                    row["rate"] / 1e6,
                    row["program"] in OURS,
                )
                for row in rows
                if row["consumers"] == size
            ]
        )
        panels.append((f"{size:,} consumers", chosen))
    return rates_figure(
        [panels], "How fast the launch scenario is simulated", "million agent-steps per second"
    )
