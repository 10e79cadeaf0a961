"""The figure of the calibration: every row that is fitted, against what is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from estimators import Array, bass_nls, bass_share
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rows import Measure

BLUE, ORANGE, BAND = "#0072B2", "#D55E00", "#DDE7DD"


def draw(paths: Mapping[str, Array], measures: Sequence[Measure], file: Path) -> None:
    """Write the figure.

    Parameters
    ----------
    paths : mapping
        ``adopters`` [replicate, year], ``quarters`` [replicate, quarter], ``lift`` [replicate, week].
    measures : sequence of Measure
        All rows, of which those on price and on content are drawn.
    file : Path
        Where the PNG goes.
    """
    figure = Figure(figsize=(9.6, 6.0), layout="constrained")
    panels = figure.subplots(2, 3)
    _diffusion(panels[0, 0], paths["adopters"])
    _coefficients(panels[0, 1], paths["adopters"])
    _quarters(panels[0, 2], paths["quarters"])
    _prices(panels[1, 0], measures)
    _pulse(panels[1, 1], paths["lift"])
    _virality(panels[1, 2], measures)
    for axes in panels.flat:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    figure.savefig(file, dpi=110)


def _diffusion(axes: Axes, adopters: Array) -> None:
    mean = adopters.mean(axis=0)
    years = np.arange(1, len(mean) + 1)
    fit = bass_nls(mean)
    t = np.linspace(0, len(mean), 200)
    axes.plot(
        t, 100 * fit.m * bass_share(t, fit.p, fit.q), color=ORANGE, label=f"Bass p {fit.p:.3f}, q {fit.q:.2f}"
    )
    axes.plot(years, 100 * np.cumsum(mean), "o", color=BLUE, markersize=4, label="simulated")
    axes.set_title("FIT 1: owners of a new durable", fontsize=9, loc="left")
    axes.set_xlabel("year after launch", fontsize=8)
    axes.set_ylabel("% of consumers", fontsize=8)
    axes.legend(frameon=False, fontsize=8)


def _coefficients(axes: Axes, adopters: Array) -> None:
    fits = [bass_nls(path) for path in adopters]
    axes.fill_between([0.005, 0.07], 0.2, 0.6, color=BAND, linewidth=0)
    axes.plot([fit.p for fit in fits], [fit.q for fit in fits], "o", color=BLUE, markersize=3, alpha=0.6)
    axes.set_xlim(0, 0.08)
    axes.set_ylim(0, 0.7)
    axes.set_title("FIT 1: p and q, by replicate", fontsize=9, loc="left")
    axes.set_xlabel("p (shaded, here and in all panels: published)", fontsize=8)
    axes.set_ylabel("q", fontsize=8)


def _prices(axes: Axes, measures: Sequence[Measure]) -> None:
    rows = [m for m in measures if m.row == "FIT 3" and "lasting change" in m.quantity]
    axes.fill_between([-0.5, len(rows) - 0.5], -4.0, -1.5, color=BAND, linewidth=0)
    _bars(axes, rows)
    axes.set_xticks(range(len(rows)), [m.quantity.rsplit(", ", 1)[1] for m in rows])
    axes.set_ylim(-4.2, 0)
    axes.set_title("FIT 3: elasticity of price", fontsize=9, loc="left")
    axes.set_xlabel("after a lasting change of price", fontsize=8)


def _virality(axes: Axes, measures: Sequence[Measure]) -> None:
    rows = [m for m in measures if m.row == "FIT 5" and m.quantity.startswith("odds ratio")]
    rows.sort(key=lambda m: "views" in m.quantity)
    axes.fill_between([-0.5, len(rows) - 0.5], 1.15, 1.5, color=BAND, linewidth=0)
    axes.axhline(1, color="#5A5A5A", linewidth=0.8, linestyle=":")
    _bars(axes, rows)
    names = [m.quantity.split("by ")[1].replace(" beyond the first", "").split(", ") for m in rows]
    axes.set_xticks(range(len(rows)), [f"{by},\n{size.split()[0]}" for by, size in names])
    axes.set_title("FIT 5: odds of virality per SD of value", fontsize=9, loc="left")
    axes.set_xlabel("top tenth by, and simulated consumers", fontsize=8)


def _bars(axes: Axes, rows: Sequence[Measure]) -> None:
    means = np.array([m.value.mean for m in rows])
    ends = [means - [m.value.low for m in rows], [m.value.high for m in rows] - means]
    axes.errorbar(range(len(rows)), means, yerr=ends, fmt="o", color=BLUE, markersize=4, capsize=2)
    axes.set_xlim(-0.5, len(rows) - 0.5)


def _quarters(axes: Axes, quarters: Array) -> None:
    mean = quarters.mean(axis=0)
    half = 1.96 * quarters.std(axis=0, ddof=1) / np.sqrt(len(quarters))
    middle = 6.5 + 13 * np.arange(len(mean))
    axes.fill_between([0, 13], 0.05, 0.20, color=BAND, linewidth=0)
    axes.fill_between([52, 104], 0.12, 0.40, color=BAND, linewidth=0)
    axes.errorbar(middle, mean, yerr=half, fmt="o", color=BLUE, markersize=4, capsize=2)
    axes.set_ylim(0, 0.42)
    axes.set_title("FIT 2: elasticity of advertising", fontsize=9, loc="left")
    axes.set_xlabel("weeks after a lasting change of spend", fontsize=8)


def _pulse(axes: Axes, lift: Array) -> None:
    running = lift.mean(axis=0).cumsum()
    axes.axvspan(26, 39, color=BAND, linewidth=0)
    axes.axhline(90, color="#5A5A5A", linewidth=0.8, linestyle=":")
    axes.plot(np.arange(1, len(running) + 1), 100 * running / running[-1], color=BLUE)
    axes.set_title("FIT 4: effect of a pulse, 6 to 9 months", fontsize=9, loc="left")
    axes.set_xlabel("weeks after its begin", fontsize=8)
    axes.set_ylabel("% of the effect in two years", fontsize=8)
