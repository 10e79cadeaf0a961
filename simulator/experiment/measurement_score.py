"""Score an analyst's estimates against the truth: bias, coverage of intervals, order of effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.experiment.table_file import read_table
from simulator.outcomes.document_digest import document_digest
from simulator.outcomes.text_tables import frame_text
from simulator.outcomes.trajectories import unknown
from simulator.outcomes.wording import counted

if TYPE_CHECKING:
    import pandas

TRUTH = "truth.csv"
_WORDS = {True: "yes", False: "no"}
#: Column of the truth, and of its standard error, by what estimates are scored against.
AGAINST = {"world": ("value", "value_error"), "expected": ("expected", "expected_error")}
_MEANINGS = {
    "world": "the effects in the very worlds of the data, their luck included (--against expected: means over "
    "further worlds)",
    "expected": "the expected effects, means over further worlds",
}


@dataclass(frozen=True)
class _Effect:
    """A true effect: its value, the standard error of that (NaN where it has none), and its unit."""

    value: float
    error: float
    unit: str


@dataclass(frozen=True, eq=False, repr=False)
class MeasurementScore:
    """How good estimates are.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per estimate: ``dataset``, ``effect``, ``unit``, ``truth``, ``truth_error`` (its standard error, NaN
        where it is exact), ``estimate``, ``error``, and ``covered`` where an interval was given. Where effects have
        several units, what would add them up or rank them is NaN.
    against : {"world", "expected"}
        What the truth is: the effect in the world of the data, or its mean over further worlds.
    """

    table: pandas.DataFrame
    against: str = "world"

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the effects that were estimated."""
        return tuple(dict.fromkeys(self.table["unit"]))

    @property
    def _comparable(self) -> pandas.DataFrame:
        """Rows whose numbers can be added and ranked: all or, where units differ, none."""
        return self.table if len(self.units) == 1 else self.table.iloc[:0]

    @property
    def bias(self) -> float:
        """Mean error."""
        return float(self._comparable["error"].mean())

    @property
    def relative_bias(self) -> float:
        """Sum of errors over sum of absolute truths."""
        scale = float(self._comparable["truth"].abs().sum())
        return float(self._comparable["error"].sum()) / scale if scale > 0 else float("nan")

    @property
    def root_mean_square_error(self) -> float:
        """Root of the mean squared error."""
        return float(np.sqrt((self._comparable["error"] ** 2).mean()))

    @property
    def coverage(self) -> float:
        """Share of intervals that hold the truth; NaN without intervals."""
        covered = self.table["covered"].dropna()
        return float(covered.astype(float).mean()) if len(covered) else float("nan")

    @property
    def mean_width(self) -> float:
        """Mean width of the intervals; NaN without intervals."""
        return float((self._comparable["upper"] - self._comparable["lower"]).mean())

    @property
    def rank_correlation(self) -> float:
        """Mean over data sets of Spearman's rank correlation of estimates with truths; NaN below three effects."""
        from scipy.stats import spearmanr

        found = []
        for _, part in self._several().groupby("dataset", sort=False):
            if len(part) >= 3 and part["truth"].nunique() > 1 and part["estimate"].nunique() > 1:
                found.append(float(spearmanr(part["truth"], part["estimate"]).statistic))
        return float(np.mean(found)) if found else float("nan")

    @property
    def finds_the_best(self) -> float:
        """Share of data sets in which the largest estimate is that of the largest effect; NaN without a choice."""
        found = []
        for _, part in self._several().groupby("dataset", sort=False):
            if len(part) >= 2:
                best = part.loc[part["estimate"].idxmax(), "effect"]
                found.append(best == part.loc[part["truth"].idxmax(), "effect"])
        return float(np.mean(found)) if found else float("nan")

    def _several(self) -> pandas.DataFrame:
        """Rows of effects among which one may be the largest."""
        return self._comparable[self._comparable["effect"] != "all"]

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per estimate."""
        return self.table.copy()

    def to_json_document(self) -> dict[str, Any]:
        """Return the scores as plain data, with their digest."""
        from simulator.outcomes.plain_data import plain

        rows = self.table.astype(object).where(self.table.notna(), None).to_dict(orient="records")
        found: dict[str, Any] = plain(
            {
                "n": len(self.table),
                "against": self.against,
                "units": self.units,
                "bias": self.bias,
                "relative_bias": self.relative_bias,
                "root_mean_square_error": self.root_mean_square_error,
                "coverage": self.coverage,
                "mean_width": self.mean_width,
                "rank_correlation": self.rank_correlation,
                "finds_the_best": self.finds_the_best,
                "estimates": rows,
            }
        )
        return {**found, "digest": document_digest(found)}

    @property
    def digest(self) -> str:
        """Hash of the scores."""
        return str(self.to_json_document()["digest"])

    def __repr__(self) -> str:
        table = self.table.copy()
        table["covered"] = [_WORDS.get(value, "") for value in table["covered"]]
        if not table["truth_error"].notna().any():
            table = table.drop(columns="truth_error")
        return "\n".join([*self._lines(), frame_text(table)])

    def _lines(self) -> list[str]:
        n, covered = counted(len(self.table), "estimate"), self.table["covered"].notna().sum()
        if len(self.units) > 1:
            lines = [f"{n} in several units ({', '.join(self.units)}), which are neither added nor ranked"]
        else:
            lines = [
                f"{n}: bias {self.bias:,.4g} ({self.relative_bias:+.1%} of all effects), "
                f"root mean square error {self.root_mean_square_error:,.4g}"
            ]
        known = self.table["truth_error"].notna()
        error = " with the standard error truth_error" if known.any() else ""
        lines.append(f"  scored against {_MEANINGS[self.against]}{error}")
        width = f"; mean width {self.mean_width:,.4g}" if np.isfinite(self.mean_width) else ""
        lines.append(
            f"  intervals hold {self.coverage:.0%} of {covered} truths{width}"
            if covered
            else "  no intervals given"
        )
        ranks = []
        if np.isfinite(self.rank_correlation):
            ranks.append(f"rank correlation {self.rank_correlation:.2f}")
        if np.isfinite(self.finds_the_best):
            ranks.append(f"largest effect found in {self.finds_the_best:.0%} of data sets")
        return [*lines, *([f"  {'; '.join(ranks)}"] if ranks else [])]


def score_estimates(
    estimates: Any, truth: str | Path | Mapping[str, str | Path], *, against: str = "world"
) -> MeasurementScore:
    """Compare estimates with the truth of one or several exports.

    Parameters
    ----------
    estimates : path or pandas.DataFrame
        Columns ``effect`` and ``estimate``; optional ``lower``, ``upper``, and ``dataset`` (a key of ``truth``, or the
        name of a folder in it).
    truth : path or mapping
        Folder of an export, a folder of such folders, or folders by name of data set.
    against : {"world", "expected"}
        What counts as true: the effect in the world of the data, its luck included, as for a test of that world; or its
        mean over further worlds, as for a claim on markets like this one, which takes exports with ``n_expected``.

    Returns
    -------
    MeasurementScore
        Bias, coverage, ranks.

    Raises
    ------
    ScenarioError
        With every fault of the estimates.
    """
    import pandas as pd

    if against not in AGAINST:
        raise ScenarioError([unknown("score(against)", against, tuple(AGAINST))])
    given = _read(estimates)
    truths = _truths(truth, against)
    missing = [name for name in ("effect", "estimate") if name not in given]
    if missing:
        got = f"the columns {', '.join(map(str, given.columns))}"
        expected = "the columns effect and estimate, and lower and upper where there are intervals"
        raise ScenarioError([Fault("estimates", got, expected, f"name one {' and one '.join(missing)}")])
    faults: list[Fault] = []
    if "dataset" not in given:
        given.insert(0, "dataset", next(iter(truths)))
        if len(truths) > 1:
            got = f"{len(truths)} data sets without saying which"
            raise ScenarioError([Fault("estimates", got, "a column dataset: " + ", ".join(truths))])
    rows: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    for position, row in enumerate(given.to_dict(orient="records")):
        place = f"estimates: row {position + 1}"
        known = truths.get(str(row["dataset"]))
        if known is None:
            faults.append(unknown(f"{place}: dataset", row["dataset"], tuple(truths)))
        elif str(row["effect"]) not in known:
            faults.append(unknown(f"{place}: effect", row["effect"], tuple(known)))
        elif not _is_number(row["estimate"]):
            faults.append(Fault(f"{place}: estimate", repr(row["estimate"]), "a finite number"))
        elif (name := (str(row["dataset"]), str(row["effect"]))) in seen:
            remedy = "score the estimates of each analyst or model by themselves"
            faults.append(
                Fault(f"{place}: effect", f"{name[1]} again", "one estimate of each effect", remedy)
            )
        elif not np.isfinite(known[name[1]].value):
            faults.append(_nothing_true(place, name[1], against))
        else:
            seen.add(name)
            rows.append(_row(row, known[name[1]], place, faults))
    if faults or not rows:
        raise ScenarioError(faults or [Fault("estimates", "no rows", "at least one estimate")])
    return MeasurementScore(pd.DataFrame(rows), against)


def _nothing_true(place: str, effect: str, against: str) -> Fault:
    """Return the fault of an estimate of an effect that has no value."""
    if against == "world":
        return Fault(f"{place}: effect", f"{effect}, which is undefined in this world", "a defined effect")
    got, expected = f"{effect} without an expected value", "an export with further worlds"
    remedy = "export with --expected 20 (n_expected), or score against the world: --against world"
    return Fault(f"{place}: effect", got, expected, remedy)


def _row(row: Mapping[str, Any], effect: _Effect, place: str, faults: list[Fault]) -> dict[str, Any]:
    truth = effect.value
    estimate = float(row["estimate"])
    low, high = row.get("lower", float("nan")), row.get("upper", float("nan"))
    has_interval = _is_number(low) and _is_number(high)
    if not has_interval and not (_is_missing(low) and _is_missing(high)):
        name, got = ("upper", high) if _is_number(low) else ("lower", low)
        shown = "nothing" if _is_missing(got) else repr(got)
        faults.append(Fault(f"{place}: {name}", shown, "numbers in both, or in neither, of lower and upper"))
    if has_interval and not float(low) <= float(high):
        faults.append(Fault(f"{place}: lower", str(low), f"at most upper, {high}"))
    return {
        "dataset": str(row["dataset"]),
        "effect": str(row["effect"]),
        "unit": effect.unit,
        "truth": truth,
        "truth_error": effect.error,
        "estimate": estimate,
        "error": estimate - truth,
        "lower": float(low) if has_interval else float("nan"),
        "upper": float(high) if has_interval else float("nan"),
        "covered": bool(float(low) <= truth <= float(high)) if has_interval else None,
    }


def _is_missing(value: Any) -> bool:
    """Return whether a cell is empty."""
    return value is None or (isinstance(value, float) and np.isnan(value))


def _is_number(value: Any) -> bool:
    try:
        return bool(np.isfinite(float(value)))
    except (TypeError, ValueError):
        return False


def _read(source: Any) -> pandas.DataFrame:
    import pandas as pd

    if not isinstance(source, str | Path):
        return pd.DataFrame(source).copy()
    return read_table(source, "estimates").table


def _truths(given: str | Path | Mapping[str, str | Path], against: str) -> dict[str, dict[str, _Effect]]:
    """Return the true effects by data set; NaN where the export has none of what is scored against."""
    if not isinstance(given, Mapping | str | Path):
        raise ScenarioError([Fault("truth", repr(given), "a folder of an export, or folders by data set")])
    if isinstance(given, Mapping):
        folders = {str(name): Path(folder) for name, folder in given.items()}
    elif (Path(given) / TRUTH).is_file():
        folders = {Path(given).name: Path(given)}
    else:
        folders = {file.parent.name: file.parent for file in sorted(Path(given).glob(f"*/{TRUTH}"))}
    missing = [folder for folder in folders.values() if not (folder / TRUTH).is_file()]
    if missing or not folders:
        got = str(missing[0]) if missing else str(given)
        raise ScenarioError([Fault("truth", got, f"a folder of an export, with {TRUTH}", "export first")])
    import pandas as pd

    found = {}
    for name, folder in folders.items():
        table = pd.read_csv(folder / TRUTH)
        columns = {column: float("nan") for column in AGAINST[against] if column not in table}
        table = table.assign(**columns, **({} if "unit" in table else {"unit": ""}))
        values = table[[*AGAINST[against], "unit"]].itertuples(index=False)
        effects = [_Effect(float(value), float(error), str(unit)) for value, error, unit in values]
        found[name] = dict(zip(table["effect"].astype(str), effects, strict=True))
    return found
