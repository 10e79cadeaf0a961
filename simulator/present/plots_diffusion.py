"""Figures of the classic models: spread by step, seed sets side by side, adoption curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from simulator.outcomes.wording import counted
from simulator.present.plots_style import COLORS, GRAY, Chart, new_chart, styled

if TYPE_CHECKING:
    from simulator.diffusion import AdoptionCurve, SeedComparison, Spread

_PALE = 0.18


@styled
def plot_spread(result: Spread, *, title: str | None = None) -> Chart:
    """Draw the mean number of active nodes by step.

    Parameters
    ----------
    result : Spread
        What to draw; with ``record="curves"`` the band holds nine of ten replicates, otherwise it is the
        95 % interval of the mean.
    title : str, optional
        Title instead of the result's own.
    """
    steps = np.arange(len(result.curve))
    if result.curves is not None:
        low, high = np.quantile(result.curves, (0.05, 0.95), axis=0)
        note = "mean; band: nine of ten replicates"
    else:
        half = 1.96 * np.nan_to_num(result.curve_standard_error)
        low, high = result.curve - half, result.curve + half
        note = "mean; band: its 95 % interval"
    if result.is_deterministic:
        note = "given coins or thresholds: no chance"
    chart = new_chart(6.4, 4.0, title or f"Spread of {result.model}", f"{_context(result)}; {note}")
    axes = chart.subplots()
    axes.fill_between(steps, low, high, color=COLORS[0], alpha=_PALE, linewidth=0)
    axes.plot(steps, result.curve, color=COLORS[0], linewidth=2)
    axes.plot(steps[-1:], result.curve[-1:], "o", color=COLORS[0])
    axes.annotate(
        f"{result.curve[-1]:,.5g}",
        (steps[-1], result.curve[-1]),
        (0, 7),
        textcoords="offset points",
        ha="right",
    )
    _frame(axes, "Step", f"Active nodes (of {result.graph.n_nodes:,})")
    return chart


def _context(result: Spread) -> str:
    seeds = f"{len(result.seeds)} seed{'s' * (len(result.seeds) != 1)}"
    return seeds if result.is_deterministic else f"{seeds}, {counted(result.n_replicates, 'replicate')}"


@styled
def plot_seeds(result: SeedComparison, *, title: str | None = None) -> Chart:
    """Draw the mean size of each seed set, with the paired interval of its difference to the first.

    Parameters
    ----------
    result : SeedComparison
        What to draw.
    title : str, optional
        Title instead of the result's own.
    """
    table = result.differences()
    order = np.argsort(table["mean"].to_numpy(), kind="stable")
    first = float(table["mean"].iloc[0])
    chart = new_chart(
        6.4, 1.5 + 0.36 * len(order), title or f"Seed sets under {result.model}",
        f"mean size; bar: 95 % interval of the paired difference to {result.names[0]}",
    )  # fmt: skip
    axes = chart.subplots()
    for place, k in enumerate(order):
        color = GRAY if k == 0 else COLORS[0]
        low, high = float(table["low"].iloc[k]) + first, float(table["high"].iloc[k]) + first
        if np.isfinite(low):
            axes.plot([low, high], [place, place], color=color, linewidth=2)
        axes.plot(float(table["mean"].iloc[k]), place, "o", color=color)
    axes.set_yticks(range(len(order)), [result.names[k] for k in order])
    axes.set_ylim(-0.6, len(order) - 0.4)
    axes.set_xlabel("Active nodes at the end")
    axes.grid(axis="x")
    return chart


@styled
def plot_adoption_curve(result: AdoptionCurve, *, title: str | None = None) -> Chart:
    """Draw cumulative and new adopters over time.

    Parameters
    ----------
    result : AdoptionCurve
        What to draw.
    title : str, optional
        Title instead of the result's own.
    """
    note = "band: nine of ten replicates" if result.low is not None else result.method.replace("_", " ")
    chart = new_chart(8.6, 3.8, title or "Adoption over time", f"{result.model}; {note}")
    left, right = chart.subplots(1, 2)
    if result.low is not None and result.high is not None:
        band = (result.market * result.low, result.market * result.high)
        left.fill_between(result.times, *band, color=COLORS[0], alpha=_PALE, linewidth=0)
    left.plot(result.times, result.cumulative, color=COLORS[0], linewidth=2)
    _frame(left, "Time", f"Adopters (of {result.market:,.10g})")
    right.plot(result.times[1:], result.new[1:], color=COLORS[1], linewidth=2)
    if np.isfinite(result.peak):
        right.axvline(result.peak, color=GRAY, linewidth=1, linestyle=":")
    _frame(right, "Time", "New adopters since the time before")
    return chart


def _frame(axes: Axes, x_label: str, y_label: str) -> None:
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.grid(axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
