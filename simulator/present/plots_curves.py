"""Figures of quantities over time, with bands over replicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from simulator.outcomes.curves import Bands, bands
from simulator.outcomes.wording import counted
from simulator.present.plots_style import (
    GRAY,
    Chart,
    colors_of,
    format_axis,
    label_lines,
    new_chart,
    short,
    styled,
    unit_label,
)

if TYPE_CHECKING:
    from simulator.experiment.comparison import Comparison
    from simulator.outcomes.trajectories import Trajectories

#: More strategies than this are drawn in panels of their own.
OVERLAID = 3


@styled
def plot_curve(
    result: Comparison | Trajectories, curve: str = "adoption", *, brand: str | None = None
) -> Chart:
    """Draw a quantity over time: the mean of each strategy, with the band of 90 % of replicates.

    Parameters
    ----------
    result : Comparison or Trajectories
        What was simulated.
    curve : str
        Name of a curve in :data:`simulator.outcomes.curves.CURVES`.
    brand : str, optional
        Name of the brand; the focal brand if omitted.

    Returns
    -------
    Chart
        One panel for up to three strategies; else all means in one panel, and a panel with band for each.
    """
    trajectories = getattr(result, "trajectories", result)
    shown = bands(trajectories, curve, brand=brand)
    baseline = getattr(result, "baseline", "none")
    colors = colors_of(shown.strategies, baseline)
    title = f"{shown.curve.name.replace('_', ' ').capitalize()} of {shown.brand}"
    is_overlaid = len(shown.strategies) <= OVERLAID
    of_all = counted(trajectories.n_replicates, "replicate")
    subtitle = f"{shown.curve.meaning}; mean and band of 90 % of {of_all}{_width(shown)}"
    chart = new_chart(8.6 if is_overlaid else 12.4, 4.8 if is_overlaid else 6.2, title, subtitle)
    unit = unit_label(shown.curve.unit, trajectories.currency)
    if is_overlaid:
        axes = chart.add_subplot()
        for name in shown.strategies:
            _draw_band(axes, shown, name, colors[name])
        _finish_curve(axes, shown, unit)
        _label_ends(axes, shown, colors)
        return chart
    left, right = chart.subfigures(1, 2, width_ratios=(1.0, 1.05))
    axes = left.add_subplot()
    for name in shown.strategies:
        axes.plot(shown.mean[shown.strategies.index(name)], color=colors[name], lw=1.8)
    _finish_curve(axes, shown, unit)
    _label_ends(axes, shown, colors)
    n_columns = 2 if len(shown.strategies) <= 8 else 3
    n_rows = -(-len(shown.strategies) // n_columns)
    panels = right.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).ravel()
    for panel, name in zip(panels, shown.strategies, strict=False):
        _draw_panel(panel, shown, name, baseline, colors)
    for panel in panels[len(shown.strategies) :]:
        panel.set_axis_off()
    return chart


def _width(shown: Bands) -> str:
    """Return how wide the widest band is, where it is too narrow to be seen beside its line."""
    widest, top = np.nanmax(shown.q95 - shown.q05), np.nanmax(np.abs(shown.q95))
    if not 0 < widest < 0.06 * top:
        return ""
    text = short(float(widest), shown.curve.unit).replace("%", "points")
    return f" (narrow: {text} at most)"


def _draw_band(axes: Axes, shown: Bands, name: str, color: str, line_width: float = 1.8) -> None:
    s = shown.strategies.index(name)
    steps = np.arange(shown.mean.shape[1])
    axes.fill_between(steps, shown.q05[s], shown.q95[s], color=color, alpha=0.35, lw=0)
    axes.plot(steps, shown.mean[s], color=color, lw=line_width)


def _draw_panel(axes: Axes, shown: Bands, name: str, baseline: str, colors: dict[str, str]) -> None:
    if baseline in shown.strategies and name != baseline:
        axes.plot(shown.mean[shown.strategies.index(baseline)], color=GRAY, lw=1.0, ls=(0, (3, 2)))
    _draw_band(axes, shown, name, colors[name], 0.9)
    axes.set_title(name, color=colors[name], fontsize=9.5, pad=2)
    axes.grid(True, axis="y")
    format_axis(axes.yaxis, shown.curve.unit, n_ticks=4)
    axes.xaxis.get_major_locator().set_params(integer=True, nbins=5)
    axes.margins(x=0)


def _finish_curve(axes: Axes, shown: Bands, unit: str) -> None:
    axes.set_xlabel("week")
    axes.set_ylabel(f"{shown.curve.name.replace('_', ' ')}{f' ({unit})' if unit else ''}")
    axes.grid(True, axis="y")
    axes.margins(x=0)
    if np.nanmin(shown.q05, initial=0.0) >= 0:
        axes.set_ylim(bottom=0)
    format_axis(axes.yaxis, shown.curve.unit)
    axes.xaxis.get_major_locator().set_params(integer=True)


def _label_ends(axes: Axes, shown: Bands, colors: dict[str, str]) -> None:
    last = shown.mean.shape[1] - 1
    ends = [(shown.mean[s, last], name, colors[name]) for s, name in enumerate(shown.strategies)]
    label_lines(axes, last, [end for end in ends if np.isfinite(end[0])])
