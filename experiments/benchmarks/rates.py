"""How rates are drawn: a dot for one thread, a ring for two, a row for each program, the fastest on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from simulator.present.plots_style import COLORS, GRAY, Chart, new_chart, styled

#: Width of a panel in inches that an axis, and a letter of a label, take.
_AXIS, _LETTER = 2.6, 0.075


class Row(NamedTuple):
    """One program: label, rate by number of threads, and whether it is ours."""

    label: str
    rates: Mapping[int, float]
    is_ours: bool


def gather(measured: Sequence[tuple[str, int, float, bool]]) -> list[Row]:
    """Return rows, the slowest first, of labels, threads, rates and whose they are."""
    rates: dict[str, dict[int, float]] = {}
    for label, threads, rate, _ in measured:
        rates.setdefault(label, {})[threads] = rate
    is_ours = {label: ours for label, _, _, ours in measured}
    rows = [Row(label, by_threads, is_ours[label]) for label, by_threads in rates.items()]
    return sorted(rows, key=lambda row: max(row.rates.values()))


def draw_rows(axes: Any, rows: Sequence[Row], title: str, unit: str) -> None:
    """Draw rows into a panel, on a logarithmic axis."""
    every = [rate for row in rows for rate in row.rates.values()]
    for place, row in enumerate(rows):
        color = COLORS[0] if row.is_ours else GRAY
        low, high = min(row.rates.values()), max(row.rates.values())
        axes.hlines(place, low, high, color=color, linewidth=1.2)
        for threads, rate in row.rates.items():
            axes.plot(
                rate, place, "o", color=color, markersize=6.5, markeredgewidth=1.5,
                markerfacecolor=color if threads == 1 else "white",
            )  # fmt: skip
        text = " / ".join(f"{row.rates[threads]:,.3g}" for threads in sorted(row.rates))
        axes.annotate(
            _plain(text), (high, place), (9, 0), textcoords="offset points", va="center", fontsize=8.5,
            color="#222222",
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    for tick, row in zip(axes.get_yticklabels(), rows, strict=True):
        tick.set_color(COLORS[0] if row.is_ours else "#222222")
    axes.set_xscale("log")
    axes.xaxis.set_minor_formatter(NullFormatter())
    # room on the right for the figures
    axes.set_xlim(min(every) / 1.6, max(every) * (max(every) / min(every)) ** 0.35 * 3)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.set_title(title)
    axes.set_xlabel(unit)


def _plain(text: str) -> str:
    """Write out what three digits and an exponent say."""
    return " / ".join(
        f"{float(part.replace(',', '')):,.0f}" if "e" in part else part for part in text.split(" / ")
    )


@styled
def figure(panels: Sequence[Sequence[tuple[str, Sequence[Row]]]], title: str, unit: str) -> Chart:
    """Return a chart of panels in rows and columns.

    Parameters
    ----------
    panels : sequence of sequences of (str, rows)
        Titles and rows, slowest first, by row and column of the chart.
    title, unit : str
        What is shown; what a rate counts.
    """
    heights = [0.24 * max(len(rows) for _, rows in line) + 0.85 for line in panels]
    widths = [
        _AXIS + _LETTER * max(len(row.label) for line in panels for row in line[column][1])
        for column in range(len(panels[0]))
    ]
    chart = new_chart(
        sum(widths), sum(heights) + 0.8, title,
        "Best of alternating turns of one run; logarithmic scale",
    )  # fmt: skip
    grid = chart.subplots(
        len(panels), len(widths), squeeze=False, height_ratios=heights, width_ratios=widths
    )  # fmt: skip
    for axes_line, line in zip(grid, panels, strict=True):
        for axes, (name, rows) in zip(axes_line, line, strict=True):
            draw_rows(axes, rows, name, unit)
    marks = [
        Line2D([], [], marker="o", linestyle="", color=GRAY, label="1 thread"),
        Line2D([], [], marker="o", linestyle="", color=GRAY, markerfacecolor="white", label="2 threads"),
        Line2D([], [], marker="o", linestyle="", color=COLORS[0], label="this package"),
    ]
    chart.legend(handles=marks, loc="upper right", ncols=3, handletextpad=0.1, columnspacing=1.2)
    return chart
