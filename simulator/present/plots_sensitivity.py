"""Figures of sensitivity indices and of reversing values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator.outcomes.wording import counted, percent
from simulator.present.plots_style import (
    COLORS,
    GRAY,
    Chart,
    format_axis,
    new_chart,
    styled,
    unit_label,
)

if TYPE_CHECKING:
    from simulator.experiment.reversal import Reversal
    from simulator.experiment.sensitivity import Sensitivity


@styled
def plot_indices(found: Sensitivity, *, n_factors: int = 15) -> Chart:
    """Draw the indices of the most important factors with their intervals.

    Parameters
    ----------
    found : Sensitivity
        Indices.
    n_factors : int
        How many factors are drawn, the most important first.

    Returns
    -------
    Chart
        Sobol: first order and total. Morris: mean size of the effect, and its spread in gray.
    """
    shown = found.indices[:n_factors]
    subtitle = (
        f"{len(found.shares):,} points x {counted(found.outcomes.shape[2], 'replicate')}; "
        f"{percent(found.confidence)} intervals; "
        + (
            "first order and total"
            if found.method == "sobol"
            else "dot: mean size of effects, bar: their spread"
            + (", tick: by chance alone" if any(index.noise > 0 for index in shown) else "")
        )
    )
    chart = new_chart(8.0, 1.7 + 0.36 * len(shown), f"What decides {found.what}", subtitle)
    axes = chart.add_subplot()
    rows = np.arange(len(shown))[::-1]
    if found.method == "sobol":
        _draw_sobol(shown, rows, axes)
    else:
        _draw_morris(found, shown, rows, axes)
    axes.set_yticks(rows, [index.factor for index in shown])
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.grid(True, axis="x")
    axes.tick_params(axis="y", length=0)
    if len(found.indices) > len(shown):
        axes.annotate(
            f"{counted(len(found.indices) - len(shown), 'more factor')} below",
            (1, 0),
            (0, 4),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="right",
            fontsize=9,
            color=GRAY,
        )
    return chart


def _draw_sobol(shown, rows, axes) -> None:
    for row, index in zip(rows, shown, strict=True):
        for shift, color, value, low, high in (
            (0.13, COLORS[0], index.first, index.first_lower, index.first_upper),
            (-0.13, COLORS[1], index.total, index.total_lower, index.total_upper),
        ):
            axes.plot([low, high], [row + shift] * 2, color=color, lw=1.8, solid_capstyle="butt")
            axes.plot(value, row + shift, "o", color=color, ms=4.5)
    axes.axvline(0, color=GRAY, lw=1)
    axes.set_xlabel("share of the variance")
    format_axis(axes.xaxis, "share")
    for color, name in ((COLORS[0], "first order"), (COLORS[1], "total")):
        axes.plot([], [], "o-", color=color, label=name)
    axes.legend(loc="lower right", fontsize=9)


def _draw_morris(found, shown, rows, axes) -> None:
    for row, index in zip(rows, shown, strict=True):
        axes.barh(row, index.sigma, height=0.5, color="#E4E4E4")
        color = COLORS[0] if index.matters else GRAY
        axes.plot([index.mu_star_lower, index.mu_star_upper], [row, row], color=color, lw=1.8)
        axes.plot(index.mu_star, row, "o", color=color, ms=5)
        if index.noise > 0:
            axes.plot([index.noise] * 2, [row - 0.32, row + 0.32], color=COLORS[1], lw=1.4)
    unit = unit_label(found.metric.unit, found.currency)
    axes.set_xlabel(f"effect over the factor's range{f' ({unit})' if unit else ''}")
    axes.set_xlim(left=0)
    format_axis(axes.xaxis, found.metric.unit)


@styled
def plot_reversal(found: Reversal) -> Chart:
    """Draw the lead of one strategy over another along a factor, and where it changes sign.

    Parameters
    ----------
    found : Reversal
        Levels and crossings.

    Returns
    -------
    Chart
        The mean lead with its interval; each reversing value with its own interval as a band.
    """
    table = found.to_dataframe()
    x = table[found.factor.name].to_numpy()
    first, second = found.strategies
    subtitle = f"lead over {second}, {percent(found.confidence)} intervals at {len(x)} levels; band: where it reverses"
    chart = new_chart(8.0, 4.2, f"Where {first} stops or begins to beat {second}", subtitle)
    axes = chart.add_subplot()
    axes.axhline(0, color=GRAY, lw=1)
    axes.fill_between(x, table["lower"], table["upper"], color=COLORS[0], alpha=0.18, lw=0)
    axes.plot(x, table["lead"], "o-", color=COLORS[0], lw=1.8, ms=4)
    for at, low, high in found.values:
        axes.axvspan(low, high, color=COLORS[1], alpha=0.15, lw=0)
        axes.axvline(at, color=COLORS[1], lw=1.4)
        axes.annotate(
            f"{at:.4g}",
            (at, 1),
            (0, 3),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=COLORS[1],
            ha="center",
        )
    unit = unit_label(found.metric.unit, found.currency)
    axes.set_xlabel(found.factor.name)
    axes.set_ylabel(f"lead in {found.metric.name.replace('_', ' ')}{f' ({unit})' if unit else ''}")
    axes.grid(True, axis="y")
    format_axis(axes.yaxis, found.metric.unit)
    if found.factor.kind == "log_uniform":
        axes.set_xscale("log")
    axes.margins(x=0)
    return chart
