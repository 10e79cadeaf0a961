"""The report of a study that chooses or explains: one self-contained page with its answer, table and figures."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from simulator.outcomes.text_tables import frame_rows
from simulator.present.report import html_rows, meanings, page_head, picture

_MOST_ROWS = 60

#: By kind of study: its title, its figure, and the file that has all rows of its table.
KINDS: dict[str, tuple[str, str, str]] = {
    "selection": ("Selection of the best strategy", "plot_selection", "treatments.csv"),
    "sensitivity": ("What the answer depends on", "plot_indices", "indices.csv"),
    "regime map": ("Which strategy wins where", "plot_regimes", "grid.csv"),
    "reversal": ("Where the winner changes", "plot_reversal", "levels.csv"),
    "variance split": ("Where the variance comes from", "plot_components", "components.csv"),
}

#: What the columns of the tables say.
_COLUMNS = {
    "is_selected": "selected, with the stated probability",
    "is_contender": "may still be the best",
    "n_replicates": "replicates that the selection drew",
    "dropped_at": "replicates after which it was dropped",
    "mean": "mean over the replicates drawn; of whoever is selected or wins too good on average",
    "evaluation_mean": "mean over fresh replicates, which had no part in the selection",
    "evaluation_half_width": "half the width of its interval",
    "to_best": "mean lead over the best of the others, on fresh replicates",
    "to_best_lower": "lower end of its interval; the intervals hold together",
    "to_best_upper": "upper end of its interval",
    "p_holm": "p-value of the paired test against the baseline, adjusted by Holm",
    "n_fresh": "fresh replicates it was seen in: evaluated, or checked for rare luck",
    "skewness": "skewness of its difference to the selected one; that of luck of one replicate in ten is 2.7",
    "kurtosis": "excess kurtosis of that difference; that of luck of one replicate in twenty on either side is 7",
    "first": "share of the variance that the factor explains alone",
    "total": "share of the variance with all its interactions",
    "mu": "mean effect of going through the factor's range",
    "mu_star": "mean size of that effect, whatever its sign",
    "sigma": "spread of the effects: interactions and curvature",
    "is_inert": "whether it does next to nothing beside the largest",
    "noise": "mean size of an effect that the chance of the replicates alone would give",
    "is_above_noise": "whether it does more than that chance explains",
    "n_trajectories": "trajectories of the screening; each moves the factor once",
    "wins_low": "share of the study's own points, few and scattered in a screening, that the first strategy wins where "
    "the factor is in its lower half",
    "wins_high": "the same in its upper half",
    "regret": "what the strategy's mean falls short of the best one",
    "p_best": "probability that its mean is the best at this point alone, given the replicates and a flat prior",
    "is_winner": "best mean at this point; clearly so where p_best reaches the confidence asked for",
    "lead": "lead of the first strategy over the second",
}


def study_page(study: Any, figures: Mapping[str, bytes]) -> str:
    """Return the report of a study as one self-contained page.

    Parameters
    ----------
    study : Selection, Sensitivity, RegimeMap, Reversal or VarianceSplit
        What was found.
    figures : mapping
        PNG files by name.

    Returns
    -------
    str
        HTML without scripts and without a reference to anything outside it.
    """
    title, _, table = KINDS[study.manifest["kind"]]
    warnings = getattr(study, "warnings", ())
    first, *rest = (sentence for sentence in study.sentences if sentence not in warnings)
    about = f"Metric {study.metric.name}, seed {study.seed}, engine {study.manifest['engine']}"
    parts = page_head(f"{title}: {study.scenario}", about, first, warnings)
    if rest:
        parts.append(f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in rest)}</ul>")
    for name, data in figures.items():
        parts.append(picture(Path(name).stem, data))
    return "\n".join([*parts, _table(study, table), _repetition(study), "</html>"])


def study_files(study: Any) -> dict[str, bytes]:
    """Return the figure and the report of a study, by name inside its folder."""
    plot = KINDS[study.manifest["kind"]][1]
    figures = {f"figures/{plot.removeprefix('plot_')}.png": getattr(study, plot)().png()}
    return {**figures, "report.html": study_page(study, figures).encode()}


def report_study(study: Any, path: str | Path) -> Path:
    """Write the folder of a study, with its report and figure, whole or not at all.

    Parameters
    ----------
    study : Selection, Sensitivity, RegimeMap, Reversal or VarianceSplit
        What was found.
    path : path
        Folder; earlier results of the same kind are replaced, a folder with anything else is refused.

    Returns
    -------
    pathlib.Path
        The folder; ``report.html`` is the page to open.
    """
    folder: Path = study.save(path, extra_files=study_files(study))
    return folder


def _table(study: Any, file: str) -> str:
    table = study.to_dataframe()
    rows = frame_rows(table.head(_MOST_ROWS))
    more = f"<p class='small'>{len(table):,} rows in all: {file}</p>" if len(table) > _MOST_ROWS else ""
    return f"<h2>Table</h2><div class='wide'>{html_rows(rows)}</div>{more}{meanings(rows[0], _COLUMNS)}"


def _repetition(study: Any) -> str:
    versions = ", ".join(f"{key} {value}" for key, value in study.manifest.get("versions", {}).items())
    return (
        "<h2>How to repeat it</h2><p class='small'>The manifest in this folder has the whole scenario, the seed and "
        "what was asked. The same call with the same folder goes on from the outcomes that are kept in it; in any "
        f"other it simulates all of them again, and must give the digest <code>{escape(study.digest)}</code>. "
        f"{escape(versions)}</p>"
    )
