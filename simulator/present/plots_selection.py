"""Figures of selections and of splits of variance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator.outcomes.wording import counted, percent
from simulator.present.plots_style import (
    COLORS,
    GRAY,
    PALE,
    Chart,
    format_axis,
    new_chart,
    styled,
    unit_label,
)

if TYPE_CHECKING:
    from simulator.experiment.selection import Selection
    from simulator.experiment.variance_split import VarianceSplit


#: Equal allocation is only named, not drawn, where it takes more replicates than this many times the longest bar.
_FAR = 5


@styled
def plot_selection(selection: Selection) -> Chart:
    """Draw what a selection took and what it found: replicates by treatment, and the comparison with the best.

    Parameters
    ----------
    selection : Selection
        What was selected.

    Returns
    -------
    Chart
        Left: replicates by treatment, against those of equal allocation. Right: on fresh replicates, each
        mean minus the best of the others, with intervals that hold together.
    """
    names, choice = selection.treatments, selection.choice
    order = sorted(range(len(names)), key=lambda i: (choice.n_by_treatment[i], i == choice.best))
    n_checked = selection.evaluation.n_checked
    check = f", {n_checked:,} more to check for rare luck" if n_checked else ""
    subtitle = (
        f"{selection.n_drawn:,} replicates in all{check}; equal allocation by pairs: {selection.equal.paired:,}. "
        f"Right: {selection.evaluation.lead.n:,} fresh replicates, {percent(selection.rule.confidence)} intervals"
    )
    verb = "Selected" if selection.is_settled else "In the lead"
    chart = new_chart(10.4, 1.7 + 0.42 * len(names), f"{verb}: {selection.best}", subtitle)
    left, right = chart.subplots(1, 2, sharey=True, width_ratios=(1.0, 1.15))
    rows = np.arange(len(order))
    color = [COLORS[0] if i == choice.best else COLORS[5] if i in choice.contenders else PALE for i in order]
    counts = [choice.n_by_treatment[i] for i in order]
    left.barh(rows, counts, color=color, height=0.62)
    equal = selection.equal.paired / len(names)
    widest = max(counts)
    is_far = equal > _FAR * widest
    left.set_xlim(0, 1.6 * widest if is_far else 1.3 * max(widest, equal))
    if not is_far:
        left.axvline(equal, color=GRAY, lw=1.2, ls=(0, (3, 2)))
    left.annotate(
        f"equal allocation: {equal:,.0f} each \u2192" if is_far else "equal allocation",
        (1 if is_far else equal, 1),
        (0, 2),
        xycoords="axes fraction" if is_far else left.get_xaxis_transform(),
        textcoords="offset points",
        color=GRAY,
        fontsize=9,
        ha="right" if is_far else "center",
        annotation_clip=False,
    )
    for row, i in enumerate(order):
        at = choice.dropped_at[i]
        label = f"{choice.n_by_treatment[i]}" + (f", dropped at {at}" if at is not None else "")
        left.annotate(label, (counts[row], row), (4, 0), textcoords="offset points", va="center", fontsize=9)
    left.set_yticks(rows, [names[i] for i in order])
    left.set_xlabel("replicates")
    left.tick_params(axis="y", length=0)
    _draw_to_best(selection, order, right)
    return chart


def _draw_to_best(selection, order, axes) -> None:
    fresh = selection.evaluation
    sign = -1.0 if selection.metric.better == "lower" else 1.0
    for row, i in enumerate(order):
        if i not in fresh.positions:
            text = f"only checked, in {fresh.n_fresh(i)}" if i in fresh.checked else "not evaluated"
            axes.annotate(text, (0, row), (6, 0), textcoords="offset points", va="center",
                          fontsize=9, color=GRAY)  # fmt: skip
            continue
        found = fresh.to_best[fresh.positions.index(i)]
        color = COLORS[0] if i == selection.choice.best else COLORS[1]
        ends = sorted((sign * found.lower, sign * found.upper))
        axes.plot(ends, [row, row], color=color, lw=2.2, solid_capstyle="butt")
        axes.plot(sign * found.mean, row, "o", color=color, ms=5)
    axes.axvline(0, color=GRAY, lw=1)
    axes.grid(True, axis="x")
    format_axis(axes.xaxis, selection.metric.unit, n_ticks=5)
    unit = unit_label(selection.metric.unit, selection.currency)
    axes.set_xlabel(
        f"{selection.metric.name.replace('_', ' ')} minus best of the others{f' ({unit})' if unit else ''}"
    )
    axes.tick_params(axis="y", length=0)


@styled
def plot_components(split: VarianceSplit) -> Chart:
    """Draw the share of variance that each level contributes, with its interval.

    Parameters
    ----------
    split : VarianceSplit
        What was split.

    Returns
    -------
    Chart
        One bar per level.
    """
    a, b, c = split.outcomes.shape
    size = f"{counted(a, 'draw')} of parameters, {counted(b, 'world')} each, {counted(c, 'replicate')} each"
    subtitle = f"{size}; {percent(split.confidence)} intervals"
    chart = new_chart(
        7.4, 1.6 + 0.55 * len(split.components), f"Where the variance comes from: {split.what}", subtitle
    )
    axes = chart.add_subplot()
    rows = np.arange(len(split.components))[::-1]
    for row, component, color in zip(rows, split.components, COLORS, strict=False):
        axes.barh(row, component.share, color=color, height=0.6, alpha=0.85)
        axes.plot([component.share_lower, component.share_upper], [row, row], color="#222222", lw=1.6)
    axes.set_yticks(rows, [component.level for component in split.components])
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the variance")
    axes.grid(True, axis="x")
    format_axis(axes.xaxis, "share")
    axes.tick_params(axis="y", length=0)
    return chart
