"""Outcomes of strategies at points of some factors: what sensitivity, regime maps and reversals look at.

The points are a design like any other, which the runner of sweeps simulates into shards: here, in processes or on
a cluster, with the same outcomes, and kept where a folder is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from simulator.errors import EngineError
from simulator.experiment.design_file import Design
from simulator.experiment.designs import Point
from simulator.experiment.factors import Factor, overrides_at, shares_to_values
from simulator.experiment.runner import sweep
from simulator.experiment.sampling import UndefinedOutcomeError, Values, outcome_digest
from simulator.experiment.simulation import OnProgress
from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.failures import Failure
from simulator.outcomes.results import Results
from simulator.scenario import Scenario


@dataclass(frozen=True)
class Execution:
    """Where and how the replicates of a study are run; what it finds does not depend on it.

    Parameters
    ----------
    engine : {"numba", "mesa"}
        Engine.
    threads : int, optional
        Threads of each process.
    processes : int, optional
        Run in this many processes instead of in this one.
    cluster : str, optional
        Run on a Dask cluster: the address of its scheduler, or ``local``.
    keep_in : path, optional
        Folder in which outcomes are kept.
    on_progress : callable, optional
        Receives (task, done, total).
    """

    engine: str = "numba"
    threads: int | None = None
    processes: int | None = None
    cluster: str | None = None
    keep_in: str | Path | None = None
    on_progress: OnProgress | None = None


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
    execution : Execution
        Where they are run.
    """

    scenario: Scenario
    factors: tuple[Factor, ...]
    strategies: tuple[str, ...]
    metric: str
    seed: int
    n_replicates: int
    execution: Execution = field(default_factory=Execution)
    _known: dict[str, Values] = field(default_factory=dict, repr=False)

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
        ScenarioError
            With every fault of all points.
        UndefinedOutcomeError
            If an outcome is not a number; the message has the point.
        EngineError
            If a replicate fails; the message has the command that runs it alone.
        """
        by_name = {factor.name: factor for factor in self.factors}
        values = self.values(np.atleast_2d(shares))
        points = [Point(value, overrides_at(by_name, value)) for value in values]
        keys = [repr(sorted(point.overrides.items())) for point in points]
        missing = {k: p for k, p in zip(keys, points, strict=True) if k not in self._known}
        if missing:
            found = self._simulate(tuple(missing.values()))
            self._known.update({key: found[:, p] for p, key in enumerate(missing)})
        return np.stack([self._known[key] for key in keys], axis=1)

    def _simulate(self, points: tuple[Point, ...]) -> Values:
        """Run the points as an experiment; shape (strategy, point, replicate)."""
        design = Design(
            scenarios=(self.scenario,),
            strategies=self.strategies,
            points=points,
            replicates=range(self.n_replicates),
            seed=self.seed,
            metrics=(self.metric,),
            factors=self.factors,
            name="points",
            purpose=f"{self.metric} at points of {', '.join(f.name for f in self.factors)}",
        )
        design.check()
        results = self._run(design)
        failures = [failure for failure in results.failures if failure.replicate < self.n_replicates]
        if failures:
            raise EngineError(self._failed(failures, results.folder))
        rows = results.rows
        rows = rows.take(np.flatnonzero(rows.replicates < self.n_replicates))
        shape = (len(points), len(self.strategies), self.n_replicates)
        found = rows.values[:, 0].reshape(shape).transpose(1, 0, 2)
        self._check(found, points)
        return found

    def _run(self, design: Design) -> Results:
        how = self.execution
        is_alone = len(design.points) == 1 and how.cluster is None
        return sweep(
            design,
            out=None if how.keep_in is None else Path(how.keep_in) / _folder_of(design),
            engine=how.engine,
            threads=how.processes or how.threads if is_alone else how.threads,
            processes=None if is_alone else how.processes,
            cluster=how.cluster,
            on_progress=how.on_progress,
        )

    def _failed(self, failures: Sequence[Failure], folder: Path) -> str:
        """Return what the first failure was, with a command that does not need the folder."""
        first = failures[0]
        stored = f"{folder.resolve()}/scenarios/{self.scenario.name}.toml"
        command = first.command.replace(stored, self.scenario.source or self.scenario.name)
        more = f" ({len(failures):,} replicates failed in all)" if len(failures) > 1 else ""
        return f"{first.message}{more}; it runs alone with: {command}"

    def _check(self, found: Values, points: tuple[Point, ...]) -> None:
        if np.isfinite(found).all():
            return
        s, p, r = (int(i) for i in np.argwhere(~np.isfinite(found))[0])
        where = ", ".join(f"{path}={value}" for path, value in points[p].overrides.items())
        raise UndefinedOutcomeError(
            f"{self.metric} of {self.strategies[s]} in replicate {r} is {found[s, p, r]} at {where}; expected a "
            "finite number at every point; choose a metric that is always defined, for example profit or sales"
        )


def _folder_of(design: Design) -> str:
    """Return the name of an experiment's folder: the same for more or fewer replicates of the same points."""
    points = (repr(sorted(point.overrides.items())) for point in design.points)
    parts = (design.scenarios[0].digest, *design.strategies, str(design.seed), *design.metrics, *points)
    return outcome_digest(str(TRAJECTORY_VERSION), *parts)[:16]
