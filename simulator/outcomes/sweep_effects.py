"""Main effects of the factors of a sweep: what going from the lowest to the highest level changes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.outcomes.differences import differences_to
from simulator.outcomes.metrics import METRIC
from simulator.outcomes.multivariate_t import Values
from simulator.outcomes.sweep_points import SweepPoints

if TYPE_CHECKING:
    import pandas

_NOTHING = "no change"
_COLUMNS = ("scenario", "strategy", "other", "factor", "low", "high", "metric", "unit")
_ESTIMATES = ("mean", "lower", "upper", "sd", "n", "n_undefined", "excludes_zero")


def factors_with_levels(points: SweepPoints) -> dict[str, tuple[float, float]]:
    """Return the lowest and highest level of every factor that is set to few levels, each at several points.

    A factor whose every point has a value of its own, as in a Latin hypercube, has no levels; nor has one whose
    values are no numbers.
    """
    found = {}
    for name in points.factors:
        values = [about.get(name) for about in points.about]
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            continue
        levels = sorted({float(value) for value in values if value is not None})
        n_places = len({point for _, point in points.places})
        has_own_values = len(levels) > 2 and len(levels) == n_places and len(points.factors) > 1
        if len(levels) > 1 and not has_own_values and _is_balanced(points, name, levels[0], levels[-1]):
            found[name] = (levels[0], levels[-1])
    return found


def _is_balanced(points: SweepPoints, name: str, low: float, high: float) -> bool:
    """Return whether every other factor has each of its values as often at a factor's lowest level as at its highest.

    Otherwise the difference of the two means would contain effects of other factors.
    """

    def counts(level: float, other: str) -> Counter[str]:
        return Counter(repr(about.get(other)) for about in points.about if float(about[name]) == level)

    others = [other for other in (*points.factors, "scenario") if other != name]
    return all(counts(low, other) == counts(high, other) for other in others)


def main_effects(points: SweepPoints, other: str | None, confidence: float) -> pandas.DataFrame:
    """Return the main effects of all factors; see :meth:`simulator.outcomes.results.Results.effects`."""
    import pandas as pd

    levels = factors_with_levels(points)
    if not levels:
        expected = "factors at a few levels that are balanced over each other, as in a factorial design that is complete"
        remedy = (
            "for one_at_a_time see summary() or differences(), for others discover() or simulator sensitivity"
        )
        raise ScenarioError([Fault("effects()", "no factor whose levels are balanced", expected, remedy)])
    rows = []
    for scenario in dict.fromkeys(about["scenario"] for about in points.about):
        places = [k for k, about in enumerate(points.about) if about["scenario"] == scenario]
        for strategy in points.strategies:
            if strategy != other:
                about = {"scenario": scenario, "strategy": strategy, "other": other or ""}
                rows += [
                    {**about, **row}
                    for row in _of_strategy(points, places, strategy, other, levels, confidence)
                ]
    return pd.DataFrame(rows, columns=[*_COLUMNS, *_ESTIMATES])


def _of_strategy(
    points: SweepPoints,
    places: list[int],
    strategy: str,
    other: str | None,
    levels: dict[str, tuple[float, float]],
    confidence: float,
) -> list[dict[str, Any]]:
    """Return a row by factor, the largest effect first; the intervals of one strategy hold together."""
    metric = METRIC[points.metric]
    values = _values(points, places, strategy, other)
    changes = [np.zeros(values.shape[1])]
    for name, (low, high) in levels.items():
        at = np.array([float(points.about[place][name]) for place in places])
        changes.append(values[at == high].mean(axis=0) - values[at == low].mean(axis=0))
    table = np.array(changes)
    if metric.is_censored and np.isnan(table).any():
        table[1:] = np.nan
    found = differences_to(table, (_NOTHING, *levels), _NOTHING, confidence)
    rows = [
        {
            "factor": name,
            "low": levels[name][0],
            "high": levels[name][1],
            "metric": metric.name,
            "unit": metric.unit,
            "mean": effect.mean,
            "lower": effect.lower,
            "upper": effect.upper,
            "sd": effect.sd,
            "n": effect.n,
            "n_undefined": effect.n_undefined,
            "excludes_zero": effect.excludes_zero,
        }
        for name, effect in found.items()
    ]
    return sorted(rows, key=lambda row: (row["mean"] != row["mean"], -abs(row["mean"])))


def _values(points: SweepPoints, places: list[int], strategy: str, other: str | None) -> Values:
    """Return outcomes, or their differences to another strategy, shape (place, replicate), where none is missing."""
    wanted = [points.strategies.index(name) for name in (strategy, other) if name is not None]
    is_whole = points.is_stored[np.ix_(places, wanted)].all(axis=(0, 1))
    values = points.values[np.ix_(places, wanted)][:, :, is_whole]
    return np.asarray(values[:, 0] - values[:, 1] if other is not None else values[:, 0])
