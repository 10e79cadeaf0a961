"""The figure of the calibration: diffusion, advertising over time, and a pulse's running effect."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from estimators import Array, bass_nls, bass_share
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, ORANGE, BAND = "#0072B2", "#D55E00", "#DDE7DD"


def draw(paths: Mapping[str, Array], file: Path) -> None:
    """Write the figure.

    Parameters
    ----------
    paths : mapping
        ``adopters`` [replicate, year], ``quarters`` [replicate, quarter], ``lift`` [replicate, week].
    file : Path
        Where the PNG goes.
    """
    figure = Figure(figsize=(9.6, 3.1), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    _diffusion(left, paths["adopters"])
    _quarters(middle, paths["quarters"])
    _pulse(right, paths["lift"])
    for axes in (left, middle, right):
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
    axes.set_title("New durable: owners ever", fontsize=9, loc="left")
    axes.set_xlabel("year after launch", fontsize=8)
    axes.set_ylabel("% of consumers", fontsize=8)
    axes.legend(frameon=False, fontsize=8)


def _quarters(axes: Axes, quarters: Array) -> None:
    mean = quarters.mean(axis=0)
    half = 1.96 * quarters.std(axis=0, ddof=1) / np.sqrt(len(quarters))
    middle = 6.5 + 13 * np.arange(len(mean))
    axes.fill_between([0, 13], 0.05, 0.20, color=BAND, linewidth=0)
    axes.fill_between([52, 104], 0.12, 0.40, color=BAND, linewidth=0)
    axes.errorbar(middle, mean, yerr=half, fmt="o", color=BLUE, markersize=4, capsize=2)
    axes.set_ylim(0, 0.42)
    axes.set_title("Advertising elasticity (shaded: published)", fontsize=9, loc="left")
    axes.set_xlabel("weeks after a lasting change of spend", fontsize=8)


def _pulse(axes: Axes, lift: Array) -> None:
    running = lift.mean(axis=0).cumsum()
    axes.axvspan(26, 39, color=BAND, linewidth=0)
    axes.axhline(90, color="#5A5A5A", linewidth=0.8, linestyle=":")
    axes.plot(np.arange(1, len(running) + 1), 100 * running / running[-1], color=BLUE)
    axes.set_title("A pulse's effect (shaded: 6 to 9 months)", fontsize=9, loc="left")
    axes.set_xlabel("weeks after its begin", fontsize=8)
    axes.set_ylabel("% of the effect in two years", fontsize=8)
