"""A comparison for programs and for notebooks: a JSON document and an HTML table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING, Any

from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.metrics import METRIC
from simulator.outcomes.plain_data import plain
from simulator.outcomes.statistics import Difference, Estimate
from simulator.outcomes.wording import describe_probability

if TYPE_CHECKING:
    import pandas

    from simulator.experiment.comparison import Comparison
    from simulator.experiment.precision import Precision


def json_document(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as plain data.

    Parameters
    ----------
    comparison : Comparison
        What was compared.

    Returns
    -------
    dict
        Only dicts with text as keys, lists, text, numbers and None; undefined and infinite numbers are None.
    """
    document = {
        "scenario": comparison.scenario,
        "seed": comparison.seed,
        "replicates": comparison.n_replicates,
        "engine": comparison.engine,
        "trajectory_version": TRAJECTORY_VERSION,
        "digest": comparison.digest,
        "strategies": {
            name: {
                metric: {**estimate_entry(found), **_stein_entry(comparison, metric, name)}
                for metric, found in by_metric.items()
            }
            for name, by_metric in comparison.estimates.items()
        },
        "differences": {
            "baseline": comparison.baseline,
            "confidence": comparison.confidence,
            "to_baseline": {
                name: {
                    metric: {**entry, **_stein_entry(comparison, metric, name, comparison.baseline)}
                    for metric, entry in by_metric.items()
                }
                for name, by_metric in _difference_entries(comparison.to_baseline).items()
            },
            "to_best": _difference_entries(comparison.to_best),
        },
        "verdict": comparison.verdict.sentence,
        "verdict_details": {"metric": comparison.metric, **asdict(comparison.verdict)},
        "risks": {name: asdict(risk) for name, risk in comparison.risks.items()},
        "risks_by_metric": {
            name: {metric: asdict(risk) for metric, risk in by_metric.items()}
            for name, by_metric in comparison.risks_by_metric.items()
        },
        "budgets": {name: asdict(use) for name, use in comparison.budgets.items()},
    }
    if comparison.precision is not None:
        document["precision"] = _precision_entry(comparison.precision)
    found: dict[str, Any] = plain(document)
    return found


def frame_of(comparison: Comparison) -> pandas.DataFrame:
    """Return one row per strategy and metric; see :meth:`~simulator.experiment.comparison.Comparison.to_dataframe`."""
    import pandas as pd

    rows = []
    for name in comparison.strategies:
        for metric, found in comparison.estimates[name].items():
            row: dict[str, Any] = {"strategy": name, "metric": metric, "unit": METRIC[metric].unit}
            row.update(asdict(found))
            for what, differences in (("baseline", comparison.to_baseline), ("best", comparison.to_best)):
                difference = differences.get(name, {}).get(metric)
                row[f"to_{what}"] = difference.mean if difference else math.nan
                row[f"to_{what}_lower"] = difference.lower if difference else math.nan
                row[f"to_{what}_upper"] = difference.upper if difference else math.nan
            risk = comparison.risks_by_metric.get(name, {}).get(metric)
            row["p_best"] = risk.p_best_mean if risk else math.nan
            for key in ("p_worse_than_baseline", "p_negative", "conditional_value_at_risk"):
                row[key] = getattr(risk, key) if risk else math.nan
            for what, minus in (
                (("", ""), ("to_baseline_", comparison.baseline)) if comparison.has_stein else ()
            ):
                interval = comparison.stein_interval(metric, name, minus) or (math.nan, math.nan)
                row[f"{what}stein_lower"], row[f"{what}stein_upper"] = interval
            rows.append(row)
    return pd.DataFrame(rows)


def html_table(comparison: Comparison) -> str:
    """Return the verdict and one row per strategy, for notebooks.

    Parameters
    ----------
    comparison : Comparison
        What was compared.

    Returns
    -------
    str
        HTML without scripts or styles.
    """
    metric, currency = METRIC[comparison.metric], comparison.currency
    rows = []
    for name in comparison.strategies:
        found = comparison.estimates[name][comparison.metric]
        difference = comparison.to_baseline.get(name, {}).get(comparison.metric)
        cells = [metric.describe(value, currency) for value in (found.mean, found.q05, found.q95)]
        cells.append(metric.describe(difference.mean, currency, "change") if difference else "")
        cells.append(describe_probability(comparison.risks[name].p_best_mean))
        row = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        rows.append(f"<tr><th>{escape(name)}</th>{row}</tr>")
    titles = (
        "strategy",
        f"{metric.name}, mean",
        "5 %",
        "95 %",
        f"against {comparison.baseline}",
        "probability of being best",
    )
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    sentence = escape(comparison.verdict.sentence)
    return f"<p><b>{sentence}</b></p><table><tr>{head}</tr>{''.join(rows)}</table>"


def estimate_entry(found: Estimate) -> dict[str, float]:
    """Return an estimate as it stands in JSON documents."""
    keys = ("mean", "half_width", "q05", "q50", "q95", "n", "n_undefined")
    return {key: getattr(found, key) for key in keys}


def _stein_entry(comparison: Comparison, metric: str, of: str, minus: str = "") -> dict[str, Any]:
    """Return Stein's own interval where one was asked for; nothing elsewhere."""
    found = comparison.stein_interval(metric, of, minus)
    return {} if found is None else {"stein": {"lower": found[0], "upper": found[1]}}


def _precision_entry(found: Precision) -> dict[str, Any]:
    goals = [
        {
            "of": reached.goal.name,
            "mean": reached.mean,
            "metric": reached.goal.metric,
            "strategy": reached.goal.of,
            "minus": reached.goal.minus or None,
            "half_width": reached.half_width,
            "lower": reached.interval[0],
            "upper": reached.interval[1],
            "wanted": reached.wanted,
            "is_reached": reached.is_reached,
            "n_needed": reached.n_needed,
        }
        for reached in found.goals
    ]
    return {
        "is_reached": found.is_reached,
        "replicates": found.n,
        "confidence": found.confidence,
        "method": found.method,
        "sentence": found.sentence,
        "caveat": found.caveat,
        "goals": goals,
    }


def _difference_entries(differences: Mapping[str, Mapping[str, Difference]]) -> dict[str, Any]:
    keys = ("other", "mean", "lower", "upper", "n", "n_undefined")
    return {
        name: {metric: {key: getattr(found, key) for key in keys} for metric, found in by_metric.items()}
        for name, by_metric in differences.items()
    }
