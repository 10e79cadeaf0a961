"""Figures of calibrations, Bass fits, optimizations and forecasts on networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.experiment.fitting_wording import tail_words
from simulator.outcomes.metrics import METRIC
from simulator.outcomes.wording import counted, describe_p_value, percent
from simulator.present.plots_style import (
    COLORS,
    GRAY,
    PALE,
    Chart,
    format_axis,
    label_lines,
    label_points,
    new_chart,
    short,
    styled,
    unit_label,
)

if TYPE_CHECKING:
    from simulator.experiment.bass_fit import BassFit
    from simulator.experiment.calibration_result import Calibration
    from simulator.experiment.network_study import NetworkStudy
    from simulator.experiment.optimization_result import Optimization
    from simulator.experiment.simulation_based_check import RankCheck


@styled
def plot_posterior(calibration: Calibration) -> Chart:
    """Draw what was learned of each parameter, and whether the sampler keeps its promise.

    Parameters
    ----------
    calibration : Calibration
        What was fitted.

    Returns
    -------
    Chart
        Above: posterior (bars) against prior (line). Below, where the sampler was checked: ranks of known truths,
        which should be even; the band holds 99 % of even histograms' bars.
    """
    names = calibration.names
    check = calibration.check
    title = f"Calibration of {calibration.model.scenario.name}"
    subtitle = f"bars: posterior of {calibration.posterior.n_simulations:,} simulations; line: prior"
    if check is None:
        chart = new_chart(max(3.4 * len(names), 5.0), 3.4, title, f"{subtitle}; the sampler was not checked")
        axes = chart.subplots(1, len(names), squeeze=False)
    else:
        chart = new_chart(max(3.4 * len(names), 5.0), 5.2, title, subtitle)
        axes = chart.subplots(2, len(names), squeeze=False, height_ratios=(1.5, 1.0))
    for k, (name, parameter) in enumerate(zip(names, calibration.model.free, strict=True)):
        top = axes[0, k]
        draws = calibration.draws[:, k]
        prior = parameter.value(np.random.default_rng(0).standard_normal(20_000))
        limits = np.quantile(prior, [0.001, 0.999])
        limits = (min(limits[0], draws.min()), max(limits[1], draws.max()))
        top.hist(draws, bins=np.linspace(*limits, 31), density=True, color=COLORS[0], alpha=0.85)
        height, edges = np.histogram(prior, bins=np.linspace(*limits, 31), density=True)
        top.stairs(height, edges, color=GRAY, lw=1.4)
        top.set_title(name.split(".", 1)[-1], fontsize=9.5)
        top.set_yticks([])
        if check is not None:
            _draw_ranks(axes[1, k], check, k)
    axes[0, 0].set_ylabel("density")
    if check is not None:
        axes[1, 0].set_ylabel("truths")
        ranks = (
            f"ranks of {counted(len(check.ranks), 'known truth')}; even: {describe_p_value(check.p_value)}"
        )
        axes[1, 0].set_title(ranks, fontsize=9.5)
    return chart


def _draw_ranks(axes: Any, check: RankCheck, k: int) -> None:
    bars = check.histogram[k]
    expected = len(check.ranks) / check.n_bins
    half = 2.576 * np.sqrt(expected * (1 - 1 / check.n_bins))
    axes.axhspan(expected - half, expected + half, color=PALE, zorder=0)
    axes.bar(np.arange(len(bars)), bars, width=0.9, color=COLORS[2])
    axes.set_xticks([0, len(bars) - 1], ["below all", "above all"])
    axes.set_ylim(0, None)


@styled
def plot_prediction(calibration: Calibration) -> Chart:
    """Draw what the fitted model predicts against what was observed, held-out periods included.

    Parameters
    ----------
    calibration : Calibration
        What was fitted.

    Returns
    -------
    Chart
        Points are observations, hollow where held out; the band holds 90 % of fresh replicates at the posterior.
    """
    seen = calibration.model.observation
    low, middle, high = np.nanquantile(calibration.predicted, [0.05, 0.5, 0.95], axis=0)
    subtitle = "points: observed, hollow where held out; band: 90 % of fresh replicates at the posterior"
    if seen.series is None:
        subtitle = "points: observed; bars: median and 90 % of fresh replicates at the posterior"
    chart = new_chart(7.6, 3.9, f"Prediction of {calibration.model.scenario.name}", subtitle)
    axes = chart.subplots()
    x = np.arange(1, len(seen.names) + 1)
    is_fitted = x <= seen.n_fitted
    if seen.series is None:
        scale = np.where(np.abs(seen.values) > 0, np.abs(seen.values), 1.0)
        axes.errorbar(
            x, middle / scale, [(middle - low) / scale, (high - middle) / scale], fmt="_", color=COLORS[0]
        )
        axes.axhline(1, color=PALE, lw=1, zorder=0)
        axes.plot(x, seen.values / scale, "o", color="black", ms=5)
        axes.set_xticks(x, seen.names)
        axes.set_xlim(0.4, len(x) + 0.6)
        axes.set_ylabel("relative to the observed value")
        return chart
    axes.fill_between(x, low, high, color=COLORS[0], alpha=0.22, lw=0)
    axes.plot(x, middle, color=COLORS[0])
    axes.plot(x[is_fitted], seen.values[is_fitted], "o", color="black", ms=4)
    axes.plot(x[~is_fitted], seen.values[~is_fitted], "o", mfc="white", mec="black", ms=5)
    if calibration.hold_out is not None:
        axes.axvline(seen.n_fitted + 0.5, color=GRAY, lw=1, ls=(0, (3, 2)))
    axes.set_ylim(0, None)
    axes.set_xlabel(_period_label(seen.names[0]))
    axes.set_ylabel(f"{calibration.model.quantity.replace('_', ' ')} (people)")
    format_axis(axes.yaxis, "people")
    return chart


def _period_label(first: str) -> str:
    """Return the name of an axis of periods that are counted from 1, with the first one's own where that tells more."""
    return "period" if first in ("0", "1") else f"period (1 = {first})"


@styled
def plot_fit(fit: BassFit) -> Chart:
    """Draw a Bass curve against its series, with the forecast of the periods held out.

    Parameters
    ----------
    fit : BassFit
        The fit.

    Returns
    -------
    Chart
        Points are the series, hollow where held out; the band is the 90 % interval of the forecast.
    """
    subtitle = f"p = {fit.p:.4f}, q = {fit.q:.3f}, m = {short(fit.m, 'units')}; {fit.estimator_name}"
    chart = new_chart(7.2, 3.8, f"Bass model by {fit.estimator}", subtitle)
    axes = chart.subplots()
    values, n = fit.series.values, fit.n_fitted
    x = np.arange(1, len(values) + 1)
    axes.plot(
        x[:n], values[:n], "o", color="black", ms=4, label="observed, fitted" if n < len(x) else "observed"
    )
    if n < len(x):
        axes.plot(x[n:], values[n:], "o", mfc="white", mec="black", ms=5, label="observed, held out")
    given = "curve, given the past" if fit.estimator == "ols" else "curve"
    axes.plot(x[:n], fit.fitted, color=COLORS[0], label=given)
    table = fit.hold_out if fit.hold_out is not None else fit.forecast(3)
    axes.plot(table["period"], table["adopters"], color=COLORS[0], ls=(0, (4, 2)), label="forecast")
    axes.fill_between(
        table["period"],
        table["lower"],
        table["upper"],
        color=COLORS[0],
        alpha=0.2,
        lw=0,
        label="its 90 % interval",
    )
    axes.set_ylim(0, None)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="best", fontsize=8)
    axes.set_xlabel(_period_label(fit.series.labels[0]))
    axes.set_ylabel("adopters in the period")
    format_axis(axes.yaxis, "units")
    return chart


@styled
def plot_leads(optimization: Optimization) -> Chart:
    """Draw by how much the optimized plan is better than each plan that was there before.

    Parameters
    ----------
    optimization : Optimization
        What was optimized.

    Returns
    -------
    Chart
        One mark per reference plan, with the interval; the intervals hold together.
    """
    metric, currency = METRIC[optimization.metric], optimization.scenario.market.currency
    gaps = list(optimization.differences.items())
    subtitle = (
        f"optimized minus each plan, {len(optimization.evaluation_block)} fresh replicates; "
        f"{percent(optimization.confidence)} intervals that hold together"
    )
    chart = new_chart(7.8, 1.7 + 0.42 * len(gaps), f"Lead in {optimization.metric}", subtitle)
    axes = chart.subplots()
    rows = np.arange(len(gaps))[::-1]
    for row, (name, gap) in zip(rows, gaps, strict=True):
        color = COLORS[0] if optimization.beats[name] else GRAY
        axes.plot([gap.lower, gap.upper], [row, row], color=color, lw=2.2, solid_capstyle="butt")
        axes.plot(gap.mean, row, "o", color=color, ms=6)
    axes.axvline(0, color=GRAY, lw=1)
    axes.set_yticks(rows, [name for name, _ in gaps])
    axes.set_ylim(-0.6, len(gaps) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x")
    unit = unit_label(metric.unit, currency)
    axes.set_xlabel(f"{optimization.metric}{f' ({unit})' if unit else ''}")
    format_axis(axes.xaxis, metric.unit)
    return chart


@styled
def plot_frontier(optimization: Optimization, *, cost: str = "risk") -> Chart:
    """Draw what a better mean costs: the plans judged on fresh replicates, and the frontier.

    Parameters
    ----------
    optimization : Optimization
        What was optimized.
    cost : {"risk", "privacy"}
        Mean of the worst 5 % of replicates, or data spend.

    Returns
    -------
    Chart
        One mark per plan with the interval of its mean; filled plans are beaten by none in both.
    """
    table = optimization.to_dataframe()
    metric, currency = METRIC[optimization.metric], optimization.scenario.market.currency
    is_risk = cost == "risk"
    column = "conditional_value_at_risk" if is_risk else "spend_data"
    front = set(optimization.risk_frontier if is_risk else optimization.privacy_frontier)
    what = (
        f"mean of the {tail_words(len(optimization.evaluation_block))}"
        if is_risk
        else "data spend, a proxy of privacy"
    )
    n = len(optimization.evaluation_block)
    subtitle = f"{n} fresh replicates; filled: no plan is better in both on these; blue: found by the search"
    title = f"{metric.name.replace('_', ' ').capitalize()} against {'risk' if is_risk else 'privacy'}"
    chart = new_chart(7.8, 4.4, title, subtitle)
    axes = chart.subplots()
    on_front = table.loc[sorted(front)].sort_values(column)
    axes.plot(on_front[column], on_front[optimization.metric], color=COLORS[0], lw=1, alpha=0.5)
    is_candidate = [plan.role == "candidate" for plan in optimization.plans]
    for k, row in table[::-1].iterrows():  # the optimized plan last, so that none hides it
        color = COLORS[1] if k == 0 else COLORS[0] if is_candidate[k] else GRAY
        axes.errorbar(row[column], row[optimization.metric], row["half_width"], color=color, lw=1, alpha=0.6)
        axes.plot(
            row[column], row[optimization.metric], "o", mec=color, mfc=color if k in front else "white", ms=7
        )
    is_found = np.array(is_candidate)
    named, nameless = table[~is_found], table[is_found]
    axes.margins(0.08)
    label_points(
        axes,
        [
            (float(row[column]), float(row[optimization.metric]), row["plan"], COLORS[1] if k == 0 else GRAY)
            for k, row in named.iterrows()
        ],
        list(zip(nameless[column], nameless[optimization.metric], strict=True)),
    )
    axes.set_ylabel(f"{optimization.metric} ({unit_label(metric.unit, currency)})")
    axes.set_xlabel(f"{what} ({unit_label(metric.unit if is_risk else 'currency', currency)})")
    format_axis(axes.yaxis, metric.unit)
    format_axis(axes.xaxis, metric.unit if is_risk else "currency")
    return chart


@styled
def plot_network_forecast(
    study: NetworkStudy, *, title: str = "Adoption on a network", period: str = "period", group: str = "group"
) -> Chart:
    """Draw adopters per period on a network: observed, forecast, and by simpler forecasts.

    Parameters
    ----------
    study : NetworkStudy
        With a forecast.
    title : str
        Title of the figure.
    period, group : str
        What a period and a group are, in the singular, as in ``year`` and ``village``.

    Returns
    -------
    Chart
        Left: all groups together, band 90 % of simulated futures. Right: adopters of each group over the forecast
        periods, observed against forecast, with 90 % intervals.
    """
    from simulator.experiment.network_forecast import simple_forecasts

    counts = study.network.counts()
    n, last = study.n_fitted, study.network.n_periods
    subtitle = (
        f"filled: {period}s 1 to {n}, fitted; hollow: {period}s {n + 1} to {last}, not used; band and bars: "
        f"90 % of simulated futures of the network; {len(study.network.group_names)} {group}s"
    )
    chart = new_chart(10.8, 4.4, title, subtitle)
    left, right = chart.subplots(1, 2, width_ratios=(1.5, 1.0))
    left.set_title(f"all {group}s together, by {period}", fontsize=9.5)
    x = np.arange(1, last + 1)
    total = counts.sum(axis=1)
    left.plot(x[:n], total[:n], "o-", color="black", ms=4)
    left.plot(x[n:], total[n:], "o", mfc="white", mec="black", ms=6)
    if study.forecast is None:
        return chart
    futures = study.forecast.counts.sum(axis=2)
    low, high = np.quantile(futures, [0.05, 0.95], axis=0)
    left.fill_between(x[n:], low, high, color=COLORS[0], alpha=0.2, lw=0)
    lines = {"network": study.forecast.mean, **simple_forecasts(study.fit.network, last - n)}
    shown = [name for name in ("network", "naive", "constant_hazard", "bass_nls") if name in lines]
    labels = []
    for color, name in zip((COLORS[0], COLORS[1], COLORS[2], COLORS[3]), shown, strict=False):
        series = lines[name].sum(axis=1)
        left.plot(x[n:], series, color=color)
        labels.append((float(series[-1]), name.replace("_", " "), color))
    left.set_ylim(0, None)
    left.set_xlabel(period)
    left.set_ylabel(f"adopters in the {period}")
    left.xaxis.get_major_locator().set_params(integer=True)
    label_lines(left, float(x[-1]), labels)
    right.set_title(f"each {group}, {period}s {n + 1} to {last} together", fontsize=9.5)
    _draw_groups(study, right)
    return chart


def _draw_groups(study, axes) -> None:
    happened = study.network.counts()[study.n_fitted :].sum(axis=0)
    mean = study.forecast.mean.sum(axis=0)
    low, high = study.forecast.cumulative_interval(0.9)
    axes.errorbar(
        happened, mean, [mean - low, high - mean], fmt="o", color=COLORS[0], ecolor=PALE, ms=4, elinewidth=2
    )
    top = 1.08 * max(happened.max(), high.max())
    axes.plot([0, top], [0, top], color=GRAY, lw=1, ls=(0, (3, 2)))
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("adopters, observed")
    axes.set_ylabel("adopters, forecast by the network")
