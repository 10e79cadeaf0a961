"""The outcomes of a sweep point by point: every strategy in the same replicates, so that differences are paired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.outcomes.brand_view import REFERENCE
from simulator.outcomes.differences import differences_to
from simulator.outcomes.metrics import METRIC
from simulator.outcomes.multivariate_t import Values
from simulator.outcomes.scenario_discovery import Discovery, find_box
from simulator.outcomes.shards import Rows
from simulator.outcomes.trajectories import unknown
from simulator.scenario.wording import listed

if TYPE_CHECKING:
    import pandas

#: Families whose intervals hold together: one point's differences, or those of all points.
FAMILIES = ("point", "experiment")


@dataclass(frozen=True, eq=False)
class SweepPoints:
    """One metric's outcomes of a sweep by place, which is a point of the design in a scenario.

    Parameters
    ----------
    metric : str
        Name of the metric.
    strategies : tuple of str
        Names.
    places : tuple of (int, int)
        Positions of scenario and point.
    about : tuple of mapping
        By place: ``scenario``, ``point`` and the values of the factors.
    factors : tuple of str
        Names of the factors.
    values : ndarray of float64, shape (place, strategy, replicate)
        NaN where undefined or not stored.
    is_stored : ndarray of bool, same shape
        Whether the replicate is stored.
    n_empty : int
        Places of the sweep at which nothing is stored; they are in no other field.
    """

    metric: str
    strategies: tuple[str, ...]
    places: tuple[tuple[int, int], ...]
    about: tuple[Mapping[str, Any], ...]
    factors: tuple[str, ...]
    values: Values
    is_stored: NDArray[np.bool_]
    n_empty: int = 0

    @property
    def has_any(self) -> NDArray[np.bool_]:
        """Whether a strategy has a replicate at a place; shape (place, strategy)."""
        return np.asarray(self.is_stored.any(axis=2))

    @property
    def is_whole(self) -> NDArray[np.bool_]:
        """Whether every strategy has a replicate at a place; shape (place,)."""
        return np.asarray(self.has_any.all(axis=1))

    def at(self, place: int) -> Values:
        """Return the outcomes of a place, shape (strategy, replicate), of replicates that any strategy has.

        Where an undefined outcome is worse than any other, a strategy with one is undefined throughout.
        """
        return self.over([place])[:, self.is_stored[place].any(axis=0)]

    def over(self, places: Sequence[int]) -> Values:
        """Return means over places by replicate, shape (strategy, replicate); NaN where one is not stored.

        Where an undefined outcome is worse than any other, a strategy with one is undefined throughout.
        """
        taken, stored = self.values[list(places)], self.is_stored[list(places)]
        if not len(taken):
            return np.full(self.values.shape[1:], np.nan)
        averages = taken.mean(axis=0)
        if METRIC[self.metric].is_censored:
            averages[(stored & np.isnan(taken)).any(axis=(0, 2))] = np.nan
        return np.asarray(averages)

    def n_missing(self, place: int, *strategies: int) -> int:
        """Return how many replicates that any strategy has at a place one of these has not."""
        stored = self.is_stored[place]
        return int((stored.any(axis=0) & ~stored[list(strategies)].all(axis=0)).sum())

    def differences(self, baseline: str, confidence: float, family: str) -> pandas.DataFrame:
        """Return paired differences to a baseline; see :meth:`simulator.outcomes.results.Results.differences`."""
        import pandas as pd

        level = confidence
        if family == "experiment":
            level = 1 - (1 - confidence) / max(len(self.places), 1)
        rows = []
        for place, about in enumerate(self.about):
            for name, found in differences_to(self.at(place), self.strategies, baseline, level).items():
                row = {**about, "strategy": name, "other": baseline, "metric": self.metric}
                row.update(
                    unit=METRIC[self.metric].unit, mean=found.mean, lower=found.lower, upper=found.upper
                )
                missing = self.n_missing(place, self.strategies.index(name), self.strategies.index(baseline))
                row.update(sd=found.sd, n=found.n, n_undefined=found.n_undefined - missing, n_missing=missing)
                rows.append({**row, "excludes_zero": found.excludes_zero})
        return pd.DataFrame(rows)

    def discover(
        self, strategy: str, other: str | None, *, wins: bool, peel: float, wanted_density: float
    ) -> Discovery:
        """Find ranges of the factors; see :meth:`simulator.outcomes.results.Results.discover`."""
        sign = -1.0 if METRIC[self.metric].better == "lower" else 1.0
        mine = self.strategies.index(strategy)
        rivals = [s for s, name in enumerate(self.strategies) if s != mine and other in (None, name)]
        lead = np.array([_lead(sign * self.at(place), mine, rivals) for place in range(len(self.places))])
        known = ~np.isnan(lead)
        if not known.any():
            expected = f"a point at which {self.metric} of {strategy} and its rivals is defined"
            raise ScenarioError([Fault("discover(metric)", "no such point", expected)])
        points = self._numbers()
        return find_box(
            points[known],
            (lead > 0)[known] if wins else (lead <= 0)[known],
            self.factors,
            peel=peel,
            wanted_density=wanted_density,
        )

    def _numbers(self) -> Values:
        """Return the values of the factors as numbers, shape (place, factor)."""
        wrong = [
            name for name in self.factors if not all(_is_number(about.get(name)) for about in self.about)
        ]
        if wrong or not self.factors:
            got = f"{listed(wrong)} with other values" if wrong else "no factor"
            remedy = "ask by SQL for factors that are names or lists"
            raise ScenarioError([Fault("discover()", got, "factors whose values are numbers", remedy)])
        return np.array([[float(about[name]) for name in self.factors] for about in self.about])


def sweep_points(rows: Rows, manifest: Mapping[str, Any], metric: str) -> SweepPoints:
    """Arrange the outcomes of a sweep by place.

    Parameters
    ----------
    rows : Rows
        What is stored.
    manifest : mapping
        Its manifest.
    metric : str
        One of its metrics.

    Returns
    -------
    SweepPoints
        Places in the order of the treatments, those without a replicate counted alone.
    """
    triples = np.array(manifest["treatments"], np.int64).reshape(-1, 3)
    taken = triples[rows.treatments]
    replicates, column = np.unique(rows.replicates, return_inverse=True)
    places, row_of = np.unique(taken[:, :2], axis=0, return_inverse=True)
    shape = (len(places), len(manifest["strategies"]), len(replicates))
    values, is_stored = np.full(shape, np.nan), np.zeros(shape, np.bool_)
    where = (row_of.reshape(-1), taken[:, 2], column.reshape(-1))
    values[where] = rows.values[:, list(manifest["metrics"]).index(metric)]
    is_stored[where] = True
    names = [entry["name"] for entry in manifest["scenarios"]]
    factors = tuple(manifest["factors"])
    about = tuple(
        {
            "scenario": names[s],
            "point": int(p),
            **{factor: manifest["points"][p]["factors"].get(factor) for factor in factors},
        }
        for s, p in places
    )
    found = tuple((int(s), int(p)) for s, p in places)
    n_empty = len(np.unique(triples[:, :2], axis=0)) - len(places)
    return SweepPoints(
        metric, tuple(manifest["strategies"]), found, about, factors, values, is_stored, n_empty
    )


def asked_strategies(
    verb: str, strategies: Sequence[str], faults: list[Fault], **given: str | None
) -> list[str]:
    """Check names of strategies that a question about a sweep mentions.

    Parameters
    ----------
    verb : str
        The method, for messages.
    strategies : sequence of str
        What the sweep has.
    faults : list of Fault
        Receives what is wrong.
    **given
        Names by argument; None is the strategy without campaign, or the first one.

    Returns
    -------
    list of str
        One name for each.
    """
    if len(strategies) < 2:
        faults.append(Fault(f"{verb}()", f"{listed(strategies)} alone", "a sweep of two strategies or more"))
    usual = REFERENCE if REFERENCE in strategies else strategies[0]
    for argument, name in given.items():
        if name is not None and name not in strategies:
            faults.append(unknown(f"{verb}({argument})", name, strategies))
    return [usual if name is None else name for name in given.values()]


def _lead(values: Values, mine: int, rivals: Sequence[int]) -> float:
    """Return the mean lead over the best rival, in the replicates that all of them have; NaN without any."""
    common = values[[mine, *rivals]]
    common = common[:, ~np.isnan(common).any(axis=0)]
    if not common.shape[1]:
        return float("nan")
    means = common.mean(axis=1)
    return float(means[0] - means[1:].max())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
