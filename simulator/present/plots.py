"""Figures of results. Each takes a result and returns a chart; nothing is computed here beyond positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from simulator.model.observation import SOURCES, SPEND_KINDS
from simulator.outcomes.metrics import FUNNEL, METRIC, Metric
from simulator.outcomes.wording import counted, percent
from simulator.present.plots_curves import plot_curve as plot_curve
from simulator.present.plots_style import (
    COLORS,
    GRAY,
    Chart,
    colors_of,
    format_axis,
    new_chart,
    short,
    styled,
    unit_label,
)

if TYPE_CHECKING:
    from simulator.experiment.comparison import Comparison


@styled
def plot_differences(result: Comparison, metric: str | None = None, *, against: str = "baseline") -> Chart:
    """Draw the paired differences of a metric with simultaneous confidence intervals, the best on top.

    Parameters
    ----------
    result : Comparison
        A comparison of at least two strategies.
    metric : str, optional
        Name of a metric; that of the verdict if omitted.
    against : {"baseline", "best"}
        Subtract the baseline, or the best other strategy.

    Returns
    -------
    Chart
        A row per strategy; filled where the interval excludes zero.
    """
    chosen = METRIC[metric or result.metric]
    table = result.to_baseline if against == "baseline" else result.to_best
    rows = {name: row[chosen.name] for name, row in table.items() if chosen.name in row}
    sign = -1.0 if chosen.better == "lower" else 1.0
    names = sorted(
        rows, key=lambda name: (np.isfinite(rows[name].mean), sign * np.nan_to_num(rows[name].mean))
    )
    colors = colors_of(result.strategies, result.baseline)
    reference = result.baseline if against == "baseline" else "the best other strategy"
    ordinary = " ordinary" if result.has_stein else ""
    subtitle = (
        f"mean paired difference over {counted(result.n_replicates, 'replicate')}, with{ordinary} intervals that hold "
        f"jointly at {percent(result.confidence)}; hollow where zero is inside"
    )
    name_of_metric = chosen.name.replace("_", " ").capitalize()
    chart = new_chart(
        9.6, 1.55 + 0.42 * max(2, len(names)), f"{name_of_metric} against {reference}", subtitle
    )
    axes = chart.add_subplot()
    axes.axvline(0, color=GRAY, lw=1.0)
    if result.minimum_effect > 0 and chosen.name == result.metric:
        axes.axvspan(-result.minimum_effect, result.minimum_effect, color="#F0F0F0", lw=0, zorder=0)
    for y, name in enumerate(names):
        row, color = rows[name], colors[name]
        axes.plot([row.lower, row.upper], [y, y], color=color, lw=2.2, solid_capstyle="butt")
        face = color if row.excludes_zero else "white"
        axes.plot(row.mean, y, "o", ms=7, mec=color, mfc=face, mew=1.6)
        ends = [short(bound, chosen.unit, sign=True) for bound in (row.lower, row.upper)]
        interval = f"   ({' to '.join(ends)})" if row.lower <= row.upper else ""
        text = f"{short(row.mean, chosen.unit, sign=True)}{interval}"
        _write_beside(axes, y, text)
    versus = [name if against == "baseline" else f"{name} − {rows[name].other}" for name in names]
    _name_rows(axes, versus, [colors[name] for name in names])
    unit = unit_label(chosen.unit, result.currency).replace("%", "percentage points")
    axes.set_xlabel(f"difference in {chosen.name.replace('_', ' ')}{f' ({unit})' if unit else ''}")
    axes.grid(True, axis="x")
    format_axis(axes.xaxis, chosen.unit)
    return chart


def _write_beside(axes: Axes, y: float, text: str) -> None:
    """Write what a row comes to at the right of the panel."""
    place = ("axes fraction", "data")
    axes.annotate(text, (1.02, y), xycoords=place, va="center", fontsize=9, annotation_clip=False)


def _name_rows(axes: Axes, names: list[str], colors: list[str] | None = None) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for tick, color in zip(axes.get_yticklabels(), colors or [], strict=False):
        tick.set_color(color)


@styled
def plot_spend(result: Comparison) -> Chart:
    """Draw what each strategy spent, by kind, with a mark where the budget ends.

    Parameters
    ----------
    result : Comparison
        A comparison.

    Returns
    -------
    Chart
        A stacked bar per strategy; the mark stands at the brand's standing plan plus the budget.
    """
    names = list(result.strategies)[::-1]
    used = [
        kind for kind in SPEND_KINDS if any(result.budgets[name].by_kind.get(kind, 0) > 0 for name in names)
    ]
    title, subtitle = (
        f"Spend of {result.brand}",
        "mean over replicates, by kind; the bar marks plan and budget",
    )
    chart = new_chart(9.6, 1.9 + 0.36 * len(names), title, subtitle)
    axes = chart.add_subplot()
    kinds = {kind: COLORS[position] for position, kind in enumerate(SPEND_KINDS)}
    _stack(
        axes, [[result.budgets[name].by_kind.get(kind, 0.0) for name in names] for kind in used], used, kinds
    )
    for y, name in enumerate(names):
        use = result.budgets[name]
        total = sum(use.by_kind.values())
        planned = total - use.spend + use.budget
        if use.budget > 0:
            axes.plot([planned, planned], [y - 0.42, y + 0.42], color="black", lw=2)
        share = f"   ({round(use.imbalance, 3) + 0.0:+.1%} of budget)" if use.budget > 0 else ""
        text = short(total, "currency") + share
        _write_beside(axes, y, text)
    _name_rows(axes, names)
    axes.set_xlabel(f"spend ({result.currency})")
    axes.grid(True, axis="x")
    format_axis(axes.xaxis, "currency")
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(SPEND_KINDS), fontsize=9, borderaxespad=0
    )
    return chart


def _stack(axes: Axes, rows: list[list[float]], names: list[str], colors: dict[str, str]) -> None:
    start = np.zeros(len(rows[0]) if rows else 0)
    for name, row in zip(names, rows, strict=True):
        width = np.nan_to_num(np.asarray(row))
        axes.barh(range(len(width)), width, left=start, height=0.62, color=colors[name], label=name, lw=0)
        start = start + width


@styled
def plot_funnel(result: Comparison) -> Chart:
    """Draw the way from the first contact to loyalty: a column per stage, a bar per strategy.

    Parameters
    ----------
    result : Comparison
        A comparison.

    Returns
    -------
    Chart
        Bars are means over replicates on one scale, from nobody to everybody (the pale end of the bar); each stage
        has its own base, stated below it.
    """
    names = list(result.strategies)[::-1]
    colors = colors_of(result.strategies, result.baseline)
    title = f"Funnel of {result.brand}"
    subtitle = (
        "mean over replicates at each stage; every bar ends at 100 % of the stage's own base, stated below"
    )
    chart = new_chart(12.4, 1.75 + 0.33 * len(names), title, subtitle)
    panels = chart.subplots(1, len(FUNNEL), sharey=True)
    for panel, stage in zip(panels, FUNNEL, strict=True):
        values = [result.estimates[name][stage].mean for name in names]
        rows = range(len(names))
        panel.barh(rows, np.ones(len(names)), height=0.62, color="#EFEFEF")
        panel.barh(rows, np.nan_to_num(values), height=0.62, color=[colors[name] for name in names])
        for y, value in enumerate(values):
            panel.text(1.04, y, short(value, "share"), va="center", fontsize=9)
        panel.set_xlim(0, 1.4)
        panel.set_title(stage.replace("_", " "), fontweight="bold")
        panel.set_xlabel(_folded(METRIC[stage].meaning), fontsize=8, color=GRAY)
        panel.set_xticks([])
        panel.spines["bottom"].set_visible(False)
        _name_rows(panel, names)
    return chart


def _folded(text: str, width: int = 26) -> str:
    from textwrap import fill

    return fill(text, width)


@styled
def plot_sources(result: Comparison) -> Chart:
    """Draw through which source purchases came about: a bar of shares per strategy.

    Parameters
    ----------
    result : Comparison
        A comparison.

    Returns
    -------
    Chart
        Shares of units by the last touch before the purchase, with the units sold beside the bar.
    """
    names = list(result.strategies)[::-1]
    estimates = result.estimates
    title, subtitle = (
        f"Sources of purchases of {result.brand}",
        "share of units by the last touch (a label, not an effect), mean",
    )
    chart = new_chart(9.6, 1.9 + 0.36 * len(names), title, subtitle)
    axes = chart.add_subplot()
    used = [s for s in SOURCES if any(estimates[name][f"source_{s}"].mean > 0 for name in names)]
    colors = {"search": "#9A9A9A", **dict(zip(SOURCES[1:], COLORS, strict=False))}
    rows = [[estimates[name][f"source_{source}"].mean for name in names] for source in used]
    _stack(axes, rows, used, colors)
    for y, name in enumerate(names):
        text = f"{short(estimates[name]['sales'].mean, 'units')} units"
        _write_beside(axes, y, text)
    _name_rows(axes, names)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of units (%)")
    format_axis(axes.xaxis, "share")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(SOURCES), fontsize=9, borderaxespad=0)
    return chart


def _best_last(result: Comparison, metric: Metric) -> list[str]:
    """Return strategies from the worst mean to the best, undefined ones first, as rows from below."""
    sign = 1.0 if metric.better != "lower" else -1.0
    means = {name: result.estimates[name][metric.name].mean for name in result.strategies}
    return sorted(means, key=lambda name: (np.isfinite(means[name]), sign * np.nan_to_num(means[name])))


@styled
def plot_risk(result: Comparison) -> Chart:
    """Draw the outcome of every replicate, the mean, and the mean of the worst replicates.

    Parameters
    ----------
    result : Comparison
        A comparison.

    Returns
    -------
    Chart
        A strip of dots per strategy, in the metric of the verdict.
    """
    metric = METRIC[result.metric]
    names = _best_last(result, metric)
    colors = colors_of(result.strategies, result.baseline)
    title = f"Risk: {metric.name.replace('_', ' ')} in each of {counted(result.n_replicates, 'replicate')}"
    is_tail_one = any(risk.is_tail_one_replicate for risk in result.risks.values() if risk.n > 0)
    tail = "the worst replicate" if is_tail_one else "mean of the worst 5 % (conditional value at risk)"
    subtitle = f"dots: replicates;  bar: mean;  triangle: {tail}"
    chart = new_chart(9.6, 1.55 + 0.46 * max(2, len(names)), title, subtitle)
    axes = chart.add_subplot()
    values = result.outcomes.of(metric.name)
    height = 0.32 * _van_der_corput(values.shape[1])
    for y, name in enumerate(names):
        row, risk = values[result.strategies.index(name)], result.risks[name]
        alpha = float(np.clip(30 / max(1, len(row)), 0.08, 0.5))
        axes.plot(row, y + height, "o", ms=3, color=colors[name], alpha=alpha, mew=0, rasterized=True)
        mean = result.estimates[name][metric.name].mean
        axes.plot([mean, mean], [y - 0.3, y + 0.3], color="black", lw=2)
        axes.plot(risk.conditional_value_at_risk, y, "v", color="black", ms=7, mec="white", mew=0.8)
        text = f"best in {risk.p_best_replicate:.0%}" if risk.n > 0 else "undefined"
        if name != result.baseline and np.isfinite(risk.p_worse_than_baseline):
            text += f", worse than {result.baseline} in {risk.p_worse_than_baseline:.0%}"
        _write_beside(axes, y, text)
    _name_rows(axes, names, [colors[name] for name in names])
    unit = unit_label(metric.unit, result.currency)
    axes.set_xlabel(f"{metric.name.replace('_', ' ')}{f' ({unit})' if unit else ''}")
    axes.grid(True, axis="x")
    format_axis(axes.xaxis, metric.unit)
    return chart


def _van_der_corput(n: int) -> np.ndarray:
    """Return ``n`` heights between -1 and 1 that fill the strip evenly and are always the same."""
    numbers, heights, scale = np.arange(1, n + 1), np.zeros(n), 0.5
    while numbers.any():
        heights += scale * (numbers % 2)
        numbers, scale = numbers // 2, scale / 2
    return 2 * heights - 1


def figures_of(result: Comparison) -> dict[str, Callable[[], Chart]]:
    """Return the figures of a comparison's folder by name, in the order of a report.

    Parameters
    ----------
    result : Comparison
        A comparison.

    Returns
    -------
    dict
        Functions without arguments, so that each figure is drawn when it is its turn.
    """
    figures: dict[str, Callable[[], Chart]] = {}
    if result.to_baseline:
        figures["differences"] = lambda: plot_differences(result)
    figures["adoption"] = lambda: plot_curve(result, "adoption")
    figures["share"] = lambda: plot_curve(result, "share")
    figures["spend"] = lambda: plot_spend(result)
    figures["funnel"] = lambda: plot_funnel(result)
    figures["sources"] = lambda: plot_sources(result)
    figures["risk"] = lambda: plot_risk(result)
    return figures
