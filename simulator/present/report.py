"""The report of a comparison: one self-contained page, and the folder that holds everything.

The page leads with the verdict and then answers by how much, how sure, why, at what spend, and how to
repeat it. It needs no network: figures are embedded.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.outcomes.metrics import METRIC
from simulator.outcomes.wording import counted, describe_probability, percent
from simulator.present.compositions import composition

if TYPE_CHECKING:
    from simulator.experiment.comparison import Comparison

#: Metrics in the table of the report, beside the one that decides.
SHOWN = ("profit", "sales", "adoption", "share_value", "awareness", "repeat_rate", "satisfaction")
#: Imbalances that differ by less are shown once.
_SAME = 0.0005
_CAPTIONS = {
    "differences": "By how much, and how sure",
    "adoption": "Adoption over time",
    "share": "Market share over time",
    "spend": "What was spent",
    "funnel": "From reach to repeat purchase",
    "sources": "What people met last before they bought",
    "risk": "Risk",
}
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#222;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .4rem}
.verdict{font-size:1.15rem;border-left:4px solid #0072B2;padding:.4rem 1rem;background:#f5f8fb}
.warning{border-left:4px solid #D55E00;padding:.2rem 1rem;background:#fdf6f1}
table{border-collapse:collapse;font-size:.88rem}td,th{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #ddd}
th:first-child,td:first-child{text-align:left}img{max-width:100%}
code{background:#f2f2f2;padding:.1rem .3rem}.wide{overflow-x:auto}.small{font-size:.85rem;color:#555}
"""


def command_of(comparison: Comparison) -> str:
    """Return the command that repeats a comparison from its folder."""
    return "simulator repeat FOLDER/manifest.json"


def best_first(comparison: Comparison) -> list[str]:
    """Return the strategies from the best mean of the verdict's metric to the worst, undefined ones last."""
    metric = METRIC[comparison.metric]
    sign = -1.0 if metric.better == "higher" else 1.0
    means = {name: comparison.estimates[name][metric.name].mean for name in comparison.strategies}
    return sorted(means, key=lambda name: (means[name] != means[name], sign * means[name]))


def strategy_rows(comparison: Comparison) -> list[list[str]]:
    """Return the table of a comparison, a row per strategy, the best first.

    Parameters
    ----------
    comparison : Comparison
        What was compared.

    Returns
    -------
    list of list of str
        Name, mean and half-width, difference to the baseline with its interval, probability of being
        best, mean of the worst 5 % (the worst replicate where there are fewer than 20), the strategy's own
        spend and its share of the budget, and, where it differs, the share that all spend beyond ``none``
        has. The first row has the titles. A strategy whose metric is undefined comes last.
    """
    metric, currency = METRIC[comparison.metric], comparison.currency
    order = best_first(comparison)
    has_total = any(abs(use.total_imbalance - use.imbalance) > _SAME for use in comparison.budgets.values())
    is_tail_one = any(risk.is_tail_one_replicate for risk in comparison.risks.values() if risk.n > 0)
    rows = [
        [
            "strategy",
            metric.name,
            "+-",
            f"against {comparison.baseline}",
            f"{percent(comparison.confidence)} interval",
            "P(best)",
            "worst replicate" if is_tail_one else "worst 5 %",
            "spend",
            "of budget",
            *(["all spend"] if has_total else []),
        ]
    ]
    for name in order:
        found, risk, use = (
            comparison.estimates[name][metric.name],
            comparison.risks[name],
            comparison.budgets[name],
        )
        gap = comparison.to_baseline.get(name, {}).get(metric.name)
        interval = ""
        if gap is not None:
            low, high = (metric.describe(value, currency, "change") for value in (gap.lower, gap.upper))
            interval = f"{low} to {high}" if gap.lower <= gap.upper else "unknown"
        rows.append(
            [
                name,
                metric.describe(found.mean, currency),
                metric.describe(found.half_width, currency, "gap"),
                metric.describe(gap.mean, currency, "change") if gap is not None else "",
                interval,
                describe_probability(risk.p_best_mean) if found.n else "",
                metric.describe(risk.conditional_value_at_risk, currency),
                METRIC["spend"].describe(use.spend, currency),
                _share(use.spend / use.budget if use.budget > 0 else math.nan),
                *([_share(1 + use.total_imbalance)] if has_total else []),
            ]
        )
    return rows


def _share(value: float) -> str:
    return "" if math.isnan(value) else f"{value * 100:.1f} %"


def figure_files(comparison: Comparison) -> dict[str, bytes]:
    """Draw every figure of a comparison.

    Returns
    -------
    dict
        PNG files by name inside the folder of results.
    """
    from simulator.present.plots import figures_of

    return {f"figures/{name}.png": draw().png() for name, draw in figures_of(comparison).items()}


def html_page(comparison: Comparison, figures: dict[str, bytes]) -> str:
    """Return the report as one self-contained page.

    Parameters
    ----------
    comparison : Comparison
        What was compared.
    figures : dict
        PNG files as :func:`figure_files` returns them.

    Returns
    -------
    str
        HTML without scripts and without a reference to anything outside it.
    """
    verdict = comparison.verdict
    about = (
        f"Brand {comparison.brand}, {counted(comparison.n_replicates, 'replicate')} of every strategy in the same "
        f"worlds, seed {comparison.seed}, engine {comparison.engine}"
    )
    parts = page_head(comparison.title or comparison.scenario, about, verdict.sentence, verdict.warnings)
    if verdict.reasons:
        parts.append(
            "<h2>Why</h2><ul>" + "".join(f"<li>{escape(text)}</li>" for text in verdict.reasons) + "</ul>"
        )
    parts.append(f"<h2>Strategies</h2><div class='wide'>{html_rows(strategy_rows(comparison))}</div>")
    labels = "".join(
        f"<li><b>{escape(name)}</b>: {escape(comparison.labels.get(name, name))}{_composition(comparison, name)}</li>"
        for name in comparison.strategies
    )
    parts.append(f"<ul class='small'>{labels}</ul>")
    for path, data in figures.items():
        name = Path(path).stem
        caption = _CAPTIONS.get(name, name)
        parts.append(f"<h2>{escape(caption)}</h2>{picture(caption, data)}")
    parts += [_more_metrics(comparison), _definitions(comparison), _repetition(comparison), "</html>"]
    return "\n".join(parts)


def page_head(title: str, about: str, verdict: str, warnings: Iterable[str]) -> list[str]:
    """Return the beginning of a page: its title, what it is about, the answer, and what limits it."""
    return [
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(title)}</title><style>{STYLE}</style>",
        f"<h1>{escape(title)}</h1><p class='small'>{escape(about)}</p>",
        f"<p class='verdict'>{escape(verdict)}</p>",
        *(f"<p class='warning'>{escape(warning)}</p>" for warning in warnings),
    ]


def picture(text: str, data: bytes) -> str:
    """Return a PNG file as an image that stands in the page itself, with what stands for it where none is shown."""
    return f"<img alt='{escape(text)}' src='data:image/png;base64,{base64.b64encode(data).decode()}'>"


def html_rows(rows: list[list[str]]) -> str:
    """Return rows as a table of HTML; the first row has the titles."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows[1:])
    return f"<table><tr>{head}</tr>{body}</table>"


def meanings(names: Iterable[str], told: Mapping[str, str]) -> str:
    """Return what columns mean as a list of HTML: each once, those without a meaning left out."""
    items = (
        f"<li><b>{escape(name)}</b>: {escape(told[name])}</li>"
        for name in dict.fromkeys(names)
        if name in told
    )
    return f"<ul class='small'>{''.join(items)}</ul>"


def report(comparison: Any, path: str | Path) -> Path:
    """Write the folder of a comparison or study: report, figures, tables and manifest, whole or not at all.

    Parameters
    ----------
    comparison : Comparison, Selection, Sensitivity, RegimeMap, Reversal, VarianceSplit, Calibration or Optimization
        What was found; the folder of a comparison has its trajectories too.
    path : path
        Folder; earlier results in it are replaced, a folder with anything else is refused. A calibration or an
        optimization may also be given the folder in which it keeps its simulations.

    Returns
    -------
    pathlib.Path
        The folder; ``report.html`` is the page to open.

    Raises
    ------
    StoreError
        If the folder cannot be used.
    """
    from simulator.experiment.calibration_result import Calibration
    from simulator.experiment.comparison import Comparison as Compared
    from simulator.experiment.optimization_result import Optimization

    if isinstance(comparison, Calibration | Optimization):
        from simulator.present.report_fitting import report_fitting

        return report_fitting(comparison, path)
    if not isinstance(comparison, Compared):
        from simulator.present.report_studies import report_study

        return report_study(comparison, path)
    figures = figure_files(comparison)
    page = html_page(comparison, figures).encode()
    return comparison.save(path, extra_files={**figures, "report.html": page})


def _composition(comparison: Comparison, strategy: str) -> str:
    text = composition(comparison, strategy)
    return f" <i>({escape(text)})</i>" if text else ""


def _more_metrics(comparison: Comparison) -> str:
    rows = [["strategy", *(name.replace("_", " ") for name in SHOWN)]]
    for name in best_first(comparison):
        means = (
            METRIC[key].describe(comparison.estimates[name][key].mean, comparison.currency) for key in SHOWN
        )
        rows.append([name, *means])
    return f"<h2>More metrics (means)</h2><div class='wide'>{html_rows(rows)}</div>"


def _definitions(comparison: Comparison) -> str:
    names = dict.fromkeys((comparison.metric, *SHOWN))
    items = "".join(
        f"<li><b>{escape(name)}</b>: {escape(METRIC[name].meaning)} <code>{escape(METRIC[name].formula)}</code></li>"
        for name in names
    )
    items += (
        "<li><b>P(best)</b>: probability that a strategy's mean is the best, given these replicates and a flat prior. "
        "The verdict rests on intervals that hold for all pairs of strategies together, which asks for more.</li>"
        "<li><b>last touch</b>: the last contact before a purchase. It labels the purchase and is no effect: buyers "
        "may have met others before. <code>simulator trace</code> follows a replicate purchase by purchase, message "
        "by message.</li>"
    )
    return f"<h2>Definitions</h2><ul class='small'>{items}</ul>"


def _repetition(comparison: Comparison) -> str:
    versions = ", ".join(f"{key} {value}" for key, value in comparison.manifest.get("versions", {}).items())
    return (
        "<h2>How to repeat it</h2><p class='small'>The manifest in this folder has the whole scenario, the seed and "
        f"the versions: <code>{escape(command_of(comparison))}</code> runs it again and must give the digest "
        f"<code>{escape(comparison.digest)}</code>. {escape(versions)}</p>"
    )
