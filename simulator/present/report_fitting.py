"""The report of a calibration or an optimization: one self-contained page with its answer, figures and tables."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.experiment.batches import BatchStore
from simulator.experiment.calibration_result import Calibration
from simulator.experiment.fitting_wording import shown_value
from simulator.outcomes.metrics import METRIC
from simulator.outcomes.store import write_file
from simulator.outcomes.text_tables import frame_rows
from simulator.outcomes.wording import counted, percent
from simulator.present.plots_fitting import (
    plot_frontier,
    plot_leads,
    plot_posterior,
    plot_prediction,
)
from simulator.present.report import html_rows, meanings, page_head, picture

if TYPE_CHECKING:
    from simulator.experiment.optimization_result import Optimization


class Shown(NamedTuple):
    """What stands above and below a figure: its heading, and how to read it."""

    heading: str
    caption: str


_FIGURES = {
    "posterior": Shown(
        "What was learned",
        "Blue: what is believed after the data; gray line: what was believed before. A blue hill as wide as the gray "
        "line means that nothing was learned. Below, the method was tried on markets whose truth is known: even bars "
        "within the gray band mean that its intervals can be believed.",
    ),
    "prediction": Shown(
        "Does the fitted market look like the observed one?",
        "Points: what was observed. Line or dash: median of fresh replicates of the fitted market, with the 90 % of "
        "them in the middle. A point outside is something that the fitted model does not explain.",
    ),
    "leads": Shown(
        "By how much, and how sure",
        "What the optimized plan has beyond each plan that was there before, in the same worlds and at the same "
        "budget, on replicates that took no part in the search. An interval that does not touch zero is beyond chance; "
        "all of them hold together.",
    ),
    "risk": Shown(
        "Mean against risk",
        "Each plan's mean against the mean of its worst 5 % of replicates. Filled plans are beaten by no other in both, "
        "on the replicates that are drawn: as they are chosen on these, they look slightly better than they are. "
        "The mean of so few has no interval here. The bars are intervals of each mean by itself; plans share their "
        "luck, so their differences are known better.",
    ),
    "privacy": Shown(
        "Mean against privacy",
        "Farther to the left, less is paid for data on people. Filled plans are beaten by no other in both, on the "
        "replicates that are drawn.",
    ),
}

PROPOSERS = {"surface": "a response surface", "tpe": "a tree of Parzen estimators", "random": "chance"}

_COLUMNS = {
    "prior": "what was believed before the data",
    "contraction": "share of the prior's variance that the data removed: 0 nothing learned, 1 determined",
    "q05": "5 % of the draws (of the replicates) lie below",
    "q50": "median",
    "q95": "5 % lie above",
    "p_value": "how often a fresh replicate is as far out as the observation, on either side",
    "naive": "the last fitted value, carried forward",
    "bass_nls": "forecast by a Bass curve fitted to the same periods",
}


def fitting_files(found: Calibration | Optimization) -> dict[str, bytes]:
    """Return the figures and the report of a calibration or an optimization, by name inside its folder."""
    figures = {f"figures/{name}.png": chart.png() for name, chart in _charts(found).items()}
    return {**figures, "report.html": fitting_page(found, figures).encode()}


def _charts(found: Calibration | Optimization) -> dict[str, Any]:
    if isinstance(found, Calibration):
        return {"posterior": plot_posterior(found), "prediction": plot_prediction(found)}
    charts = {"leads": plot_leads(found), "risk": plot_frontier(found, cost="risk")}
    if found.has_data_spend:
        charts["privacy"] = plot_frontier(found, cost="privacy")
    return charts


def fitting_page(found: Calibration | Optimization, figures: Mapping[str, bytes]) -> str:
    """Return the report of a calibration or an optimization as one self-contained page.

    Parameters
    ----------
    found : Calibration or Optimization
        What was found.
    figures : mapping
        PNG files by name.

    Returns
    -------
    str
        HTML without scripts and without a reference to anything outside it.
    """
    is_fit = isinstance(found, Calibration)
    title, about = _calibration_head(found) if isinstance(found, Calibration) else _optimization_head(found)
    tables = _calibration_tables(found) if isinstance(found, Calibration) else _optimization_tables(found)
    first, *rest = found.sentences
    parts = page_head(title, about, first, found.warnings)
    parts.append(f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in rest)}</ul>")
    for name, data in figures.items():
        shown = _FIGURES[Path(name).stem]
        parts.append(
            f"<h2>{escape(shown.heading)}</h2>{picture(shown.heading, data)}<p class='small'>{escape(shown.caption)}</p>"
        )
    for heading, rows in tables.items():
        parts.append(f"<h2>{escape(heading)}</h2><div class='wide'>{html_rows(rows)}</div>")
    if is_fit:
        parts.append(meanings((name for rows in tables.values() for name in rows[0]), _COLUMNS))
    return "\n".join([*parts, _use(found), _repetition(found), "</html>"])


def report_fitting(found: Calibration | Optimization, path: str | Path) -> Path:
    """Write the report of a calibration or an optimization, its figures, table and document into a folder.

    Parameters
    ----------
    found : Calibration or Optimization
        What was found.
    path : path
        Folder: a new or empty one, or the one in which the same question keeps its simulations.

    Returns
    -------
    pathlib.Path
        The folder; ``report.html`` is the page to open.

    Raises
    ------
    StoreError
        If the folder belongs to another question or cannot be written.
    """
    question = found.model if isinstance(found, Calibration) else found
    folder = Path(path)
    store = BatchStore(folder, question.key, question.question)
    store.save_document(found.to_json_document())
    store.save_table(found.to_dataframe(), found.table_name)
    for name, data in fitting_files(found).items():
        (folder / name).parent.mkdir(exist_ok=True)
        write_file(folder / name, data)
    return folder.resolve()


def _calibration_head(found: Calibration) -> tuple[str, str]:
    model, seen = found.model, found.model.observation
    title = f"What the data say about the market: {model.scenario.title or model.scenario.name}"
    data = counted(len(seen.names), "target moment")
    if seen.series is not None:
        held = len(seen.values) - seen.n_fitted
        data = f"{seen.n_fitted} periods of {model.quantity.replace('_', ' ')}" + (
            f", {held} more held out" if held else ""
        )
    about = (
        f"Strategy {model.strategy}, fitted to {data}; {found.posterior.method}, {found.posterior.n_simulations:,} "
        f"simulations, seed {model.seed}, engine {model.engine}"
    )
    return title, about


def _optimization_head(found: Optimization) -> tuple[str, str]:
    title = f"The best plan for {found.strategy}: {found.scenario.title or found.scenario.name}"
    proposed = f"{len(found.search.points)} plans proposed by {PROPOSERS[found.method]}"
    about = (
        f"Metric {found.metric.replace('_', ' ')}, {proposed} and tried in the same worlds and at the same budget, "
        f"judged on {len(found.evaluation_block):,} fresh replicates, seed {found.seed}"
    )
    return title, about


def _calibration_tables(found: Calibration) -> dict[str, list[list[str]]]:
    tables = {"Parameters": found.summary, "Fitted values": found.predictive}
    if found.hold_out is not None:
        tables["Periods held out"] = found.hold_out
    return {heading: frame_rows(table) for heading, table in tables.items()}


def _optimization_tables(found: Optimization) -> dict[str, list[list[str]]]:
    metric, money, currency = METRIC[found.metric], METRIC["spend_data"], found.scenario.market.currency
    judged = [["plan", f"mean {found.metric.replace('_', ' ')}", "+-", "mean of the worst 5 %"]]
    judged[0] += ["data spend"] if found.has_data_spend else []
    judged[0] += [f"optimized minus it, {percent(found.confidence)} interval", "beaten by none in"]
    shown = _different(found)
    for k, row in found.to_dataframe().iloc[shown].iterrows():
        gap = found.differences.get(row["plan"])
        told = "" if gap is None else found.interval(gap)
        on = ["risk"] if k in found.risk_frontier else []
        on += ["privacy"] if found.has_data_spend and k in found.privacy_frontier else []
        judged.append(
            [
                row["plan"],
                metric.describe(row[found.metric], currency),
                metric.describe(row["half_width"], currency, "gap"),
                metric.describe(row["conditional_value_at_risk"], currency),
                *([money.describe(row["spend_data"], currency)] if found.has_data_spend else []),
                told,
                " and ".join(on),
            ]
        )
    paths = list(found.overrides)
    allowed = found.decisions.allowed
    plans = [["plan", *map(found.called, paths)]]
    plans.append(["what was allowed", *(_range(path, allowed[path]) for path in paths)])
    plans += [
        [plan.label, *(shown_value(path, found.values_by_path(plan).get(path)) for path in paths)]
        for plan in (found.plans[k] for k in shown)
    ]
    return {"Plans, judged on fresh replicates": judged, "What the plans are": plans}


def _different(found: Optimization) -> list[int]:
    """Return the positions of the plans, without candidates that are the same as a plan before."""
    texts = [str(sorted(found.values_by_path(plan).items())) for plan in found.plans]
    return [k for k, plan in enumerate(found.plans) if plan.role != "candidate" or texts[k] not in texts[:k]]


def _range(path: str, limits: tuple[Any, ...]) -> str:
    texts = [shown_value(path, value) for value in limits]
    is_interval = len(limits) == 2 and all(isinstance(value, int | float) for value in limits)
    return " to ".join(texts) if is_interval else ", ".join(texts)


def _use(found: Calibration | Optimization) -> str:
    what = "the medians of the posterior" if isinstance(found, Calibration) else "the optimized plan"
    settings = "".join(f"<li><code>--set {escape(shlex.quote(text))}</code></li>" for text in found.settings)
    return (
        f"<h2>How to use it</h2><p class='small'>These settings give any verb {what}, as does "
        f"<code>scenario.with_overrides(found.overrides)</code> in Python:</p><ul class='small'>{settings}</ul>"
    )


def _repetition(found: Calibration | Optimization) -> str:
    versions = ", ".join(f"{key} {value}" for key, value in found.manifest.get("versions", {}).items())
    by = f": <code>{escape(found.command)}</code>" if found.command is not None else " from Python"
    return (
        "<h2>How to repeat it</h2><p class='small'>The same call with the same folder goes on from the simulations that "
        "are kept in it (question.json says of what); in any other it simulates all of them again, and must give the "
        f"digest <code>{escape(found.digest)}</code>{by}. {escape(versions)}</p>"
    )
