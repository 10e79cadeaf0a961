"""Figures of regime maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from simulator.outcomes.brand_view import REFERENCE
from simulator.outcomes.wording import percent
from simulator.present.plots_style import (
    Chart,
    colors_of,
    new_chart,
    short,
    styled,
    unit_label,
)

if TYPE_CHECKING:
    from simulator.experiment.regimes import RegimeMap


#: How strong the colors of winners are, so that switch points stand out.
_STRENGTH = 0.9


@styled
def plot_regimes(found: RegimeMap, *, fixed: dict[str, float] | None = None) -> Chart:
    """Draw which strategy wins where in two factors, and the regret of the safest choice.

    Parameters
    ----------
    found : RegimeMap
        The grid.
    fixed : dict, optional
        Of a map with more than two factors: the levels at which the others are held; the middle ones if
        omitted. The two factors that are not named, the first two by name, are drawn.

    Returns
    -------
    Chart
        Left: the winner by color, hatched where it is not clear, and switch points with their intervals.
        Right: what the safest strategy falls short of the best one.
    """
    across, up, place = _plane(found, fixed or {})
    held = ", ".join(
        f"{f.name} = {found.levels[k][place[k]]:.3g}"
        for k, f in enumerate(found.factors)
        if k not in (across, up)
    )
    subtitle = (
        f"{found.outcomes.shape[-1]} replicates per point; hatched: best with a probability below "
        f"{percent(found.confidence)}; bars: where the winner changes ({percent(found.confidence)} intervals)"
        + (f"; {held}" if held else "")
    )
    chart = new_chart(
        11.2, 5.0, f"Which strategy has the best {found.metric.name.replace('_', ' ')}", subtitle
    )
    left, right = chart.subplots(1, 2, sharey=True, width_ratios=(1.0, 1.08))
    edges = [_edges(found.levels[k], found.factors[k].kind == "log_uniform") for k in (across, up)]
    winners = _slice(found.winners, across, up, place)
    colors = list(colors_of(found.strategies, REFERENCE).values())
    shades = np.array([to_rgb(color) for color in colors])
    left.pcolormesh(*edges, 1 - (1 - shades[winners]) * _STRENGTH, edgecolors="white", lw=0.6)
    _hatch(left, *edges, ~_slice(found.is_clear, across, up, place))
    _draw_switches(found, left, (across, up), place)
    present = [int(s) for s in np.unique(winners)]
    handles = [Patch(color=1 - (1 - shades[s]) * _STRENGTH, label=found.strategies[s]) for s in present]
    left.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, fontsize=9, borderaxespad=0.2
    )
    name, _ = found.robust
    regret = _slice(found.regret[found.strategies.index(name)], across, up, place)
    mesh = right.pcolormesh(*edges, regret, cmap="cividis_r", edgecolors="white", lw=0.6)
    unit = unit_label(found.metric.unit, found.currency)
    bar = chart.colorbar(mesh, ax=right, pad=0.02)
    bar.set_label(f"behind the best{f' ({unit})' if unit else ''}")
    bar.ax.yaxis.set_major_formatter(lambda value, _: short(value, found.metric.unit))
    bar.outline.set_visible(False)
    right.set_title(f"regret of {name}, the safest choice", fontsize=9.5)
    for axes in (left, right):
        axes.set_xlabel(found.factors[across].name)
        for axis, k in ((axes.xaxis, across), (axes.yaxis, up)):
            if found.factors[k].kind == "log_uniform":
                (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
            _tick_levels(axis, found.levels[k])
        for spine in axes.spines.values():
            spine.set_visible(False)
    left.set_ylabel(found.factors[up].name)
    return chart


def _plane(found: RegimeMap, fixed: dict[str, float]) -> tuple[int, int, tuple[int, ...]]:
    names = [f.name for f in found.factors]
    free = [k for k, name in enumerate(names) if name not in fixed][:2]
    place = tuple(
        int(np.abs(np.array(found.levels[k]) - fixed[name]).argmin())
        if name in fixed
        else len(found.levels[k]) // 2
        for k, name in enumerate(names)
    )
    return free[0], free[1], place


def _tick_levels(axis, levels: tuple[float, ...]) -> None:
    """Put a tick at the levels that were simulated, at every second or third one where there are many."""
    every = levels[:: -(-len(levels) // 9)]
    axis.set_major_locator(FixedLocator(every))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    axis.set_minor_locator(NullLocator())


def _slice(grid, across: int, up: int, place: tuple[int, ...]):
    index = tuple(slice(None) if k in (across, up) else place[k] for k in range(grid.ndim))
    plane = grid[index]
    return plane.T if across < up else plane


def _edges(levels: tuple[float, ...], is_log: bool):
    values = np.log(levels) if is_log else np.asarray(levels, dtype=float)
    middle = (values[1:] + values[:-1]) / 2
    edges = np.concatenate([[2 * values[0] - middle[0]], middle, [2 * values[-1] - middle[-1]]])
    return np.exp(edges) if is_log else edges


def _hatch(axes, x, y, is_open) -> None:
    """Hatch cells whose winner is not clear: a paler color would be taken for that of another strategy."""
    for j, i in np.argwhere(is_open):
        corner, size = (x[i], y[j]), (x[i + 1] - x[i], y[j + 1] - y[j])
        axes.add_patch(Rectangle(corner, *size, fill=False, hatch="///", edgecolor="white", lw=0.0))


def _draw_switches(found: RegimeMap, axes, plane: tuple[int, int], place: tuple[int, ...]) -> None:
    names = [f.name for f in found.factors]
    held = {names[k]: found.levels[k][place[k]] for k in range(len(names)) if k not in plane}
    for switch in found.switches:
        others = dict(switch.others)
        if switch.factor not in (names[plane[0]], names[plane[1]]):
            continue
        if any(others.get(name) != value for name, value in held.items()):
            continue
        is_across = switch.factor == names[plane[0]]
        other = others[names[plane[1] if is_across else plane[0]]]
        ends, rest = [switch.lower, switch.upper], [other, other]
        axes.plot(*((ends, rest) if is_across else (rest, ends)), color="#222222", lw=1.6)
        at = (switch.at, other) if is_across else (other, switch.at)
        axes.plot(*at, "o", color="#222222", mfc="white", ms=4.5)
