"""The look of every figure: colors that color-blind readers tell apart, units on axes, labels beside lines.

Figures are made without pyplot: they hold no global state, need no display, and vanish with their last
reference. Colors are those of Okabe & Ito (2008) and Tol (2021) that read on white.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator, PercentFormatter
from numpy.typing import NDArray

P = ParamSpec("P")

GRAY = "#5A5A5A"
PALE = "#D4D4D4"
COLORS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#999933", "#332288", "#44AA99",
)  # fmt: skip
#: Dots per inch of figures written to files.
RESOLUTION = 144

_STYLE: Mapping[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GRAY,
    "axes.labelcolor": "#222222",
    "axes.axisbelow": True,
    "xtick.color": GRAY,
    "ytick.color": GRAY,
    "xtick.labelcolor": "#222222",
    "ytick.labelcolor": "#222222",
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "grid.color": "#E6E6E6",
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


class Chart(Figure):
    """A matplotlib figure that shows itself in a notebook and writes itself reproducibly.

    Notes
    -----
    Everything a matplotlib figure can do, it can: ``chart.axes[0].set_title(...)``, ``chart.savefig(...)``.
    """

    def png(self) -> bytes:
        """Return the figure as a PNG file: the same figure always gives the same bytes."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=RESOLUTION, metadata={"Software": None})
        return buffer.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()


def styled(function: Callable[P, Chart]) -> Callable[P, Chart]:
    """Make a plotting function draw in the style of the house, whatever the user's settings are."""

    @wraps(function)
    def draw(*args: P.args, **kwargs: P.kwargs) -> Chart:
        with matplotlib.rc_context():
            matplotlib.rcParams.update(matplotlib.rcParamsDefault)
            matplotlib.rcParams.update(_STYLE)
            return function(*args, **kwargs)

    return draw


def new_chart(width: float, height: float, title: str, subtitle: str) -> Chart:
    """Return an empty chart with a title and a line below it.

    Parameters
    ----------
    width, height : float
        Size in inches.
    title, subtitle : str
        What the chart shows; what a mark in it means.
    """
    chart = Chart(figsize=(width, height), layout="constrained")
    top = 1 - 0.62 / height
    chart.get_layout_engine().set(rect=(0.0, 0.0, 1.0, top), h_pad=0.06, w_pad=0.08)
    chart.text(0.1 / width, 1 - 0.13 / height, title, fontsize=13, fontweight="bold", va="top")
    chart.text(0.1 / width, 1 - 0.38 / height, subtitle, fontsize=9.5, color=GRAY, va="top")
    return chart


def colors_of(strategies: Sequence[str], baseline: str) -> dict[str, str]:
    """Return a color by strategy: gray for the baseline, the same for the others in every figure.

    Parameters
    ----------
    strategies : sequence of str
        Names in the order of the comparison.
    baseline : str
        The strategy drawn in gray.
    """
    others = [name for name in strategies if name != baseline]
    colors = {name: COLORS[position % len(COLORS)] for position, name in enumerate(others)}
    return {name: colors.get(name, GRAY) for name in strategies}


def spread(positions: Sequence[float], gap: float) -> NDArray[np.float64]:
    """Return positions moved apart as little as possible, so that neighbors are at least ``gap`` apart.

    Parameters
    ----------
    positions : sequence of float
        Wanted positions, in any order.
    gap : float
        Smallest distance, > 0.

    Returns
    -------
    ndarray of float64
        Positions in the order given; least squares under the constraint (pooled adjacent violators).

    Examples
    --------
    >>> spread([0.0, 0.0, 5.0], 1.0).tolist()
    [-0.5, 0.5, 5.0]
    """
    order = np.argsort(np.asarray(positions, dtype=float), kind="stable")
    shifted = np.asarray(positions, dtype=float)[order] - gap * np.arange(len(order))
    blocks: list[tuple[float, int]] = []
    for value in shifted:
        mean, size = float(value), 1
        while blocks and blocks[-1][0] >= mean:
            other, count = blocks.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        blocks.append((mean, size))
    level = np.repeat([mean for mean, _ in blocks], [size for _, size in blocks])
    result = np.empty(len(order))
    result[order] = level + gap * np.arange(len(order))
    return result


def label_lines(
    axes: Axes, x: float | Sequence[float], labels: Sequence[tuple[float, str, str]], *, gap: float = 0.052
) -> None:
    """Write labels beside the right ends of lines, or of points, apart from each other, with leaders where moved.

    Parameters
    ----------
    axes : Axes
        Axes whose limits are final.
    x : float or sequence of float
        Right end of the lines, or of each, data units.
    labels : sequence of (y, text, color)
        Height of each line's end, data units, its text and color.
    gap : float
        Smallest distance between labels, as a share of the axes' height.
    """
    low, high = axes.get_ylim()
    heights = [(y - low) / (high - low) for y, _, _ in labels]
    moved = spread(heights, gap)
    moved -= max(0.0, moved.max(initial=0.0) - 1.0)
    ends = np.broadcast_to(np.asarray(x, dtype=float), len(labels))
    for (y, text, color), end, height in zip(labels, ends, moved, strict=True):
        _write_apart(axes, text, color, (end, y), (1.035, height))


def label_points(
    axes: Axes,
    labels: Sequence[tuple[float, float, str, str]],
    others: Sequence[tuple[float, float]] = (),
    *,
    gap: float = 0.055,
) -> None:
    """Write labels beside points, to the left of those on the right, apart from each other, with leaders where moved.

    Parameters
    ----------
    axes : Axes
        Axes whose limits are final.
    labels : sequence of (x, y, text, color)
        Place of each point, data units, its text and color.
    others : sequence of (x, y)
        Places of points without a label, which labels shall not cover either.
    gap : float
        Smallest distance between labels on one side, as a share of the axes' height.
    """
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    points = [*((x, y) for x, y, *_ in labels), *others]
    across = [(x - left) / (right - left) for x, _ in points]
    up = [(y - low) / (high - low) for _, y in points]
    for is_right in (False, True):
        chosen = [k for k in range(len(labels)) if (across[k] > 0.55) == is_right]
        heights = spread([up[k] for k in chosen], gap)
        for k, height in zip(chosen, heights, strict=True):
            x, y, text, color = labels[k]
            near = [across[j] for j in range(len(points)) if j != k and abs(up[j] - height) < gap / 2]
            beside = _beside(across[k], _WIDTH * len(text), near, is_right)
            _write_apart(axes, text, color, (x, y), (beside, height), shrink=4, is_left=is_right)


def _write_apart(
    axes: Axes,
    text: str,
    color: str,
    point: tuple[float, float],
    place: tuple[float, float],
    *,
    shrink: float = 1,
    is_left: bool = False,
) -> None:
    """Write a label at a place, as shares of the panel, with a leader to its point; left of the place or right."""
    axes.annotate(
        text,
        xy=point,
        xytext=place,
        textcoords="axes fraction",
        color=color,
        fontsize=9.5,
        ha="right" if is_left else "left",
        va="center",
        annotation_clip=False,
        arrowprops={
            "arrowstyle": "-",
            "color": color,
            "lw": 0.7,
            "shrinkA": 1,
            "shrinkB": shrink,
            "relpos": (1 if is_left else 0, 0.5),
        },
    )


#: Width of a letter of a label, as a share of the width of axes, and the distance of labels from points.
_WIDTH, _APART = 0.0125, 0.035


def _beside(point: float, width: float, others: Sequence[float], is_right: bool) -> float:
    """Return where a label beside a point begins, or ends to its left, without covering other points at its height.

    All are shares of the axes' width. A label that would leave the axes stays beside its point.
    """
    side = -1.0 if is_right else 1.0
    start = point + side * _APART
    for other in sorted(others, reverse=is_right):
        if -_APART / 2 < side * (other - start) < width:
            start = other + side * _APART
    end = start + side * width
    return start if 0 <= end <= 1 else point + side * _APART


def unit_label(unit: str, currency: str) -> str:
    """Return the unit as it stands on an axis; a share is shown in percent."""
    return {"currency": currency, "share": "%", "step": "week", "ratio": ""}.get(unit, unit)


def format_axis(axis: Any, unit: str, *, n_ticks: int = 6) -> None:
    """Set the ticks of an axis: percent for shares, k and M for large numbers.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        Axis to format.
    unit : str
        Unit of a metric or curve.
    n_ticks : int
        About how many ticks.
    """
    axis.set_major_locator(MaxNLocator(n_ticks, steps=[1, 2, 2.5, 5, 10]))
    if unit == "share":
        axis.set_major_formatter(PercentFormatter(1.0, decimals=None, symbol=" %"))
    elif unit in ("currency", "units", "people", "messages", "impressions"):
        axis.set_major_formatter(EngFormatter(sep="\N{THIN SPACE}"))
    else:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def short(value: float, unit: str, *, sign: bool = False) -> str:
    """Return a number as a label in a figure: three digits, percent, k or M.

    Parameters
    ----------
    value : float
        Value; NaN gives a dash.
    unit : str
        Unit of a metric.
    sign : bool
        Whether to write a plus before a positive value.
    """
    if not np.isfinite(value):
        return "–"
    plus = "+" if sign else ""
    if unit == "share":
        return f"{value * 100:{plus}.{1 if abs(value) < 0.0995 else 0}f} %"
    for limit, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= limit * 0.9995:
            return f"{value / limit:{plus}.3g}{letter}"
    return f"{value:{plus}.3g}"
