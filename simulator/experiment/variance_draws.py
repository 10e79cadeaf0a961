"""Draws of the parameters, each in worlds of its own with market luck of its own: what a split of variance simulates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simulator.experiment.batches import BatchStore
from simulator.experiment.factors import Factor, overrides_at, shares_to_values
from simulator.experiment.sampling import UndefinedOutcomeError, Values
from simulator.experiment.simulation import SIMULATING, OnProgress, counter
from simulator.experiment.treatments import Treatment, settings_of
from simulator.experiment.workers import Workers, pieces
from simulator.experiment.worlds import outcomes_in_worlds
from simulator.outcomes.brand_view import REFERENCE
from simulator.outcomes.metrics import INCREMENTAL
from simulator.scenario import Scenario


@dataclass(frozen=True, eq=False)
class DrawJob:
    """Some worlds of one draw of the parameters; any process can run it."""

    strategies: tuple[str, ...]
    metric: str
    overrides: Mapping[str, Any]
    worlds: tuple[int, ...]
    n_replicates: int
    seed: int
    engine: str
    threads: int

    def run(self, scenarios: Sequence[Scenario], on_done: Any = None) -> Values:
        """Simulate; shape (world, replicate)."""
        treatments = [Treatment(name, self.overrides) for name in self.strategies]
        [setting] = settings_of(scenarios[0], treatments)
        with_reference = self.metric in INCREMENTAL
        ready = setting.prepare(
            self.seed, with_reference=with_reference, engine=self.engine, threads=self.threads
        )
        values = outcomes_in_worlds(ready, self.worlds, self.n_replicates, self.metric, on_done)
        rows = [values[ready.arguments.strategies.index(name)] for name in self.strategies]
        return rows[0] - rows[1] if len(rows) == 2 else rows[0]


@dataclass(frozen=True)
class DrawsInWorlds:
    """Every draw of the parameters, in worlds of its own; what was simulated is kept."""

    scenario: Scenario
    jobs: tuple[DrawJob, ...]
    on_progress: OnProgress | None
    cache: BatchStore

    def outcomes(self, workers: Workers | None) -> Values:
        """Run every draw in worlds of its own, here or by workers; shape (draw, world, replicate)."""
        job = self.jobs[0]
        n_plans = len(job.strategies) + (job.metric in INCREMENTAL and REFERENCE not in job.strategies)
        n_runs = n_plans * len(self.jobs) * len(job.worlds) * job.n_replicates
        on_done = counter(self.on_progress, SIMULATING, n_runs)
        found = {} if workers is None else self._fetched(workers, n_plans, on_done or (lambda count: None))
        result = np.stack(
            [
                found[a]
                if a in found
                else self.cache.of(lambda one=one: one.run((self.scenario,), on_done), *self._content(one))  # type: ignore[misc]
                for a, one in enumerate(self.jobs)
            ]
        )
        if not np.isfinite(result).all():
            a, b, c = (int(i) for i in np.argwhere(~np.isfinite(result))[0])
            raise UndefinedOutcomeError(
                f"{job.metric} is undefined in draw {a}, world {b}, replicate {c}; expected a number in "
                "each; choose a metric that is always defined, for example profit or sales"
            )
        return result

    def _content(self, job: DrawJob) -> tuple[str, ...]:
        """Return everything on which a draw's outcomes depend."""
        worlds = range(job.worlds[0], job.worlds[-1] + 1)
        return (
            self.scenario.digest,
            repr(sorted(job.overrides.items())),
            *job.strategies,
            job.metric,
            f"{job.seed} {worlds} {job.n_replicates}",
        )

    def _fetched(self, workers: Workers, n_plans: int, on_done: Callable[[int], None]) -> dict[int, Values]:
        """Have workers run the draws that are not kept; each is kept as soon as it is complete."""
        missing = [a for a, job in enumerate(self.jobs) if not self.cache.holds(*self._content(job))]
        n_parts = -(-workers.backend.n_workers // max(1, len(missing)))
        parts = [(a, worlds) for a in missing for worlds in pieces(self.jobs[a].worlds, n_parts)]
        jobs = [replace(self.jobs[a], worlds=worlds, threads=workers.threads) for a, worlds in parts]
        rows: dict[int, dict[int, Values]] = {a: {} for a in missing}
        found: dict[int, Values] = {}

        def keep(place: int, values: Values) -> None:
            a, worlds = parts[place]
            rows[a].update(zip(worlds, values, strict=True))
            on_done(n_plans * values.size)
            if len(rows[a]) == len(self.jobs[a].worlds):
                whole_draw = np.stack([rows[a][world] for world in self.jobs[a].worlds])
                found[a] = self.cache.of(lambda: whole_draw, *self._content(self.jobs[a]))

        workers.run(jobs, keep)
        return found


def drawn_overrides(factors: tuple[Factor, ...], n: int, seed: int) -> list[dict[str, Any]]:
    """Return overrides by draw; a single draw changes nothing."""
    if n == 1:
        return [{}]
    shares = np.random.default_rng([seed, n, 0xD12A]).random((n, len(factors)))
    by_name = {factor.name: factor for factor in factors}
    return [overrides_at(by_name, values) for values in shares_to_values(factors, shares)]
