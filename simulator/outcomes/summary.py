"""Estimates of every treatment of an experiment at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.outcomes.metrics import METRIC
from simulator.outcomes.multivariate_t import Values, student_quantile
from simulator.outcomes.shards import Rows

if TYPE_CHECKING:
    import pandas


def summarize(
    rows: Rows,
    treatments: pandas.DataFrame,
    metrics: Sequence[str],
    chosen: Sequence[str],
    confidence: float,
) -> pandas.DataFrame:
    """Return means, intervals and quantiles by treatment and metric.

    Parameters
    ----------
    rows : Rows
        Outcomes in the order of treatments.
    treatments : pandas.DataFrame
        One row per treatment.
    metrics, chosen : sequence of str
        Metrics of the rows, and those that are asked for.
    confidence : float
        Confidence of each interval.

    Returns
    -------
    pandas.DataFrame
        One row per treatment that has a replicate, and metric. A metric whose undefined outcomes are worse than
        any other has no estimate where one is undefined: what is left would flatter whoever reaches it rarely.
    """
    import pandas as pd

    found, first, counts = np.unique(rows.treatments, return_index=True, return_counts=True)
    columns = [list(metrics).index(name) for name in chosen]
    is_censored = np.array([name in METRIC and METRIC[name].is_censored for name in chosen], np.bool_)
    tables = []
    for size in np.unique(counts):
        which = np.flatnonzero(counts == size)
        place = first[which][:, None] + np.arange(size)
        values = rows.values[place][:, :, columns]
        part = _described(values, confidence, is_censored)
        about = treatments.iloc[np.repeat(found[which], len(columns))].reset_index(drop=True)
        about["metric"] = np.tile(np.array(chosen, object), len(which))
        about["unit"] = [METRIC[name].unit if name in METRIC else "" for name in about["metric"]]
        tables.append(pd.concat([about, pd.DataFrame({k: v.reshape(-1) for k, v in part.items()})], axis=1))
    if not tables:
        return treatments.iloc[:0].assign(metric=[], unit=[], **dict.fromkeys(_COLUMNS, ()))
    order = pd.concat(tables, ignore_index=True)
    return order.sort_values("treatment", kind="stable", ignore_index=True)


_COLUMNS = ("mean", "lower", "upper", "sd", "q05", "q50", "q95", "n", "n_undefined")


def _described(values: Values, confidence: float, is_censored: NDArray[np.bool_]) -> dict[str, Values]:
    """Describe outcomes, shape (treatment, replicate, metric), over replicates; undefined ones are left out.

    Where they are worse than any other, a treatment with an undefined one has no estimate.
    """
    n_stored = (~np.isnan(values)).sum(axis=1)
    is_flattered = is_censored & (n_stored < values.shape[1])
    values = np.where(is_flattered[:, None], np.nan, values)
    is_defined = ~np.isnan(values)
    n = is_defined.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(is_defined, values, 0.0).sum(axis=1) / n
        deviations = np.where(is_defined, values - mean[:, None], 0.0)
        sd = np.sqrt((deviations**2).sum(axis=1) / (n - 1))
        sd[n < 2] = np.nan
        quantile = np.array(
            [student_quantile(confidence, k - 1) if k > 1 else np.nan for k in range(n.max() + 1)]
        )
        half = quantile[n] * sd / np.sqrt(n)
    ordered = np.sort(values, axis=1)  # undefined outcomes come last
    quantiles = [_quantile(ordered, n, p) for p in (0.05, 0.5, 0.95)]
    return dict(
        zip(
            _COLUMNS,
            (mean, mean - half, mean + half, sd, *quantiles, n_stored, values.shape[1] - n_stored),
            strict=True,
        )
    )


def _quantile(ordered: Values, n: Values, p: float) -> Values:
    """Return a quantile by linear interpolation of the first ``n`` of sorted values along the second axis."""
    place = p * np.maximum(n - 1, 0)
    low = np.floor(place).astype(np.intp)
    high = np.minimum(low + 1, np.maximum(n - 1, 0)).astype(np.intp)
    below = np.take_along_axis(ordered, low[:, None], axis=1)[:, 0]
    above = np.take_along_axis(ordered, high[:, None], axis=1)[:, 0]
    return np.where(n > 0, below + (place - low) * (above - below), np.nan)
