"""Outcomes of strategies at points of some factors: what sensitivity, regime maps and reversals look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulator.experiment.factors import Factor, overrides_at, shares_to_values
from simulator.experiment.outcome_cache import OutcomeCache
from simulator.experiment.sampling import UndefinedOutcomeError, Values
from simulator.experiment.simulation import OnProgress
from simulator.experiment.treatments import Treatment, evaluate
from simulator.scenario import Scenario

EXPLORING = "exploring"


@dataclass(frozen=True)
class Responses:
    """Outcomes of some strategies at any point of the factors, always in the same replicates.

    Parameters
    ----------
    scenario : Scenario
        What the factors change.
    factors : tuple of Factor
        Along the columns of points.
    strategies : tuple of str
        Names.
    metric : str
        Name of the metric.
    seed : int
        0 to 2**32 - 1.
    n_replicates : int
        Replicates 0 to n - 1 at every point: luck is common to all points.
    engine : str
        Engine.
    threads : int
        At least 1.
    on_progress : callable, optional
        Receives (task, done, total) in points.
    cache : OutcomeCache
        Where outcomes are kept while a study runs.
    """

    scenario: Scenario
    factors: tuple[Factor, ...]
    strategies: tuple[str, ...]
    metric: str
    seed: int
    n_replicates: int
    engine: str
    threads: int
    on_progress: OnProgress | None = None
    cache: OutcomeCache = field(default_factory=OutcomeCache)

    def values(self, shares: Values) -> list[dict[str, Any]]:
        """Return the values of the factors at points of the unit cube, by name."""
        return shares_to_values(self.factors, shares)

    def at(self, shares: Values) -> Values:
        """Return outcomes at points of the unit cube.

        Parameters
        ----------
        shares : ndarray of float64, shape (point, factor)
            0 to 1, each mapped through its factor's distribution. Equal points are simulated once.

        Returns
        -------
        ndarray of float64, shape (strategy, point, replicate)
            Outcomes; budgets are balanced anew at every point.

        Raises
        ------
        UndefinedOutcomeError
            If an outcome is not a number; the message has the point.
        """
        points = self.values(np.atleast_2d(shares))
        by_name = {factor.name: factor for factor in self.factors}
        result = np.empty((len(self.strategies), len(points), self.n_replicates))
        known: dict[str, Values] = {}
        for p, point in enumerate(points):
            overrides = overrides_at(by_name, point)
            key = repr(sorted(overrides.items()))
            if key not in known:
                known[key] = self.cache.get(
                    lambda overrides=overrides: self._point(overrides),  # type: ignore[misc]
                    self.scenario.digest,
                    key,
                    *self.strategies,
                    self.metric,
                    str(self.seed),
                    str(self.n_replicates),
                )
            result[:, p] = known[key]
            if self.on_progress is not None:
                self.on_progress(EXPLORING, p + 1, len(points))
        return result

    def _point(self, overrides: Mapping[str, Any]) -> Values:
        found = evaluate(
            self.scenario,
            [Treatment(name, overrides) for name in self.strategies],
            seed=self.seed,
            replicates=range(self.n_replicates),
            metrics=[self.metric],
            engine=self.engine,
            threads=self.threads,
        )[:, :, 0]
        if not np.isfinite(found).all():
            s, r = (int(i) for i in np.argwhere(~np.isfinite(found))[0])
            where = ", ".join(f"{path}={value}" for path, value in overrides.items())
            raise UndefinedOutcomeError(
                f"{self.metric} of {self.strategies[s]} in replicate {r} is {found[s, r]} at {where}; expected a "
                "finite number at every point; choose a metric that is always defined, for example profit or sales"
            )
        return found
