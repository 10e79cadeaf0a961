r"""Stein's own interval, of replicates that were drawn in two stages to reach a half-width.

A first stage of n0 replicates has the standard deviation s0; it says how many replicates n are run in all. The mean m
of all n then has (m - true mean) sqrt(n) / s0 distributed by Student's law with n0 - 1 degrees of freedom, for normal
outcomes of any variance: n depends on first-stage deviations alone, and so, given these, m is normal around the true
mean; with several goals, where their outcomes are jointly normal. The interval
m -+ t s0 / sqrt(n) therefore covers with the stated probability. The ordinary interval has the standard deviation of
all n replicates instead. Where s0 happened to be small, n is small too, and that luck is in it: it covers less than it
says.

References
----------
Stein, C. (1945). A two-sample test for a linear hypothesis whose power is independent of the variance. Annals
of Mathematical Statistics 16, 243-258.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.outcomes.brand_view import REFERENCE
from simulator.outcomes.metrics import METRIC
from simulator.outcomes.multivariate_t import Values, student_quantile
from simulator.outcomes.shards import Rows

if TYPE_CHECKING:
    import pandas

#: Columns of tables that have Stein's own interval, beside the ordinary ``lower`` and ``upper``.
COLUMNS = ("stein_lower", "stein_upper")


def stein_interval(values: Values, first_stage: int, level: float, *, is_censored: bool = False) -> Values:
    """Return Stein's own interval of a mean.

    Parameters
    ----------
    values : ndarray of float64, shape (replicate,)
        Outcomes of both stages in the order drawn; NaN where undefined, which does not count.
    first_stage : int
        Replicates of the first stage.
    level : float
        Confidence of this interval; 1 - (1 - confidence) / G where G intervals shall hold together.
    is_censored : bool
        Whether an undefined outcome is worse than any other, so that there is no estimate with one.

    Returns
    -------
    ndarray of float64, shape (2,)
        Lower and upper end; NaN where the first stage has fewer than two outcomes, or they never varied.

    Examples
    --------
    >>> stein_interval(np.array([1.0, 3.0, 2.0, 2.0]), 2, 0.5).round(3).tolist()
    [1.293, 2.707]
    """
    defined, first = values[~np.isnan(values)], values[:first_stage]
    first = first[~np.isnan(first)]
    if first.size < 2 or np.all(first == first[0]) or (is_censored and defined.size < values.size):
        return np.full(2, np.nan)
    half = student_quantile(level, first.size - 1) * first.std(ddof=1) / defined.size**0.5
    return np.array([defined.mean() - half, defined.mean() + half])


def with_stein(table: pandas.DataFrame, rows: Rows, manifest: Mapping[str, Any]) -> pandas.DataFrame:
    """Add Stein's own intervals to estimates, or differences, of an experiment that asked for them.

    Parameters
    ----------
    table : pandas.DataFrame
        With ``scenario, point, strategy, metric``; of differences also ``other``.
    rows : Rows
        Everything that is stored.
    manifest : mapping
        Of the experiment; ``precision`` says what was asked.

    Returns
    -------
    pandas.DataFrame
        The same table; with the columns ``stein_lower, stein_upper`` behind ``upper`` where a precision by Stein's two
        stages was asked for anything in it, NaN for what it was not asked for.
    """
    record = manifest.get("precision") or {}
    needed = ("first_replicate", "first_stage", "replicates", "confidence", "intervals", "targets")
    if record.get("method") != "stein" or any(record.get(key) is None for key in needed):
        return table
    asked = [_is_asked(row, record["targets"], manifest["strategies"]) for row in table.to_dict("records")]
    if not any(asked):
        return table
    found = np.full((len(table), 2), np.nan)
    level = 1 - (1 - record["confidence"]) / record["intervals"]
    outcomes = _Outcomes(rows, manifest, record)
    for place, row in enumerate(table.to_dict("records")):
        if asked[place]:
            metric = row["metric"]
            is_censored = METRIC[metric].is_censored
            values = outcomes.of(row, row["strategy"])
            if "other" in row:
                values = values - outcomes.of(row, row["other"])
            found[place] = stein_interval(values, record["first_stage"], level, is_censored=is_censored)
    at = list(table.columns).index("upper") + 1
    for k, column in enumerate(COLUMNS):
        table.insert(at + k, column, found[:, k])
    return table


def _is_asked(row: Mapping[str, Any], targets: Mapping[str, str], strategies: Sequence[str]) -> bool:
    """Return whether a half-width was asked for what a row of a table estimates; all may be a strategy's name."""
    metric, strategy = row["metric"], row["strategy"]
    if "other" in row:
        return row["other"] == REFERENCE and metric in targets
    return f"{metric}@{strategy}" in targets or ("all" not in strategies and f"{metric}@all" in targets)


class _Outcomes:
    """The outcomes that a precision rests on, by treatment; NaN where a replicate failed."""

    def __init__(self, rows: Rows, manifest: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        names = [entry["name"] for entry in manifest["scenarios"]]
        strategies = list(manifest["strategies"])
        self._metrics = list(manifest["metrics"])
        places = enumerate(manifest["treatments"])
        self._treatment = {(names[s], p, strategies[k]): place for place, (s, p, k) in places}
        first, n = record["first_replicate"], record["replicates"]
        taken = np.flatnonzero((rows.replicates >= first) & (rows.replicates < first + n))
        self._values = np.full((len(self._treatment), n, len(self._metrics)), np.nan)
        self._values[rows.treatments[taken], rows.replicates[taken] - first] = rows.values[taken]

    def of(self, row: Mapping[str, Any], strategy: str) -> Values:
        """Return the outcomes of a strategy in a row's metric, at its point."""
        treatment = self._treatment[row["scenario"], row["point"], strategy]
        return np.asarray(self._values[treatment, :, self._metrics.index(row["metric"])])
