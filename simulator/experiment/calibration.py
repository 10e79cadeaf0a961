"""Calibrate a market model to target moments or to an adoption series, by simulation.

The steps: simulate one replicate at each of many draws from the priors; learn from them one summary statistic per
free parameter; keep what is near the observation and correct it, or go on from there sequentially; check the table's
sampler on known truths; simulate fresh replicates at the posterior's draws and compare them with what was observed and
with what was held out.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.experiment.approximate_bayes import (
    Posterior,
    Rounds,
    Table,
    adjust,
    by_table,
    make_table,
    sequentially,
)
from simulator.experiment.argument_checks import checked, told_together
from simulator.experiment.batches import BatchStore
from simulator.experiment.calibration_market import (
    MarketModel,
    Observation,
    SummaryJob,
    observed_series,
    observed_targets,
    quantity_fault,
)
from simulator.experiment.calibration_result import Calibration
from simulator.experiment.fitting_wording import N_CHECKS, N_DRAWS, N_PREDICTIVE
from simulator.experiment.free_parameters import FreeParameter, free_parameters
from simulator.experiment.simulation import OnProgress
from simulator.experiment.simulation_based_check import RankCheck, rank_check
from simulator.experiment.sweep_arguments import place_faults
from simulator.experiment.workers import Workers, pieces, workers_of
from simulator.outcomes.provenance import machine, versions
from simulator.outcomes.replicate_blocks import BLOCKS
from simulator.outcomes.trajectories import unknown
from simulator.scenario import Scenario

Values = NDArray[np.float64]
METHODS = {
    "table": "one table of simulations from the prior, regression-adjusted",
    "sequential": "sequential Monte Carlo, regression-adjusted",
}
CALIBRATING = "calibrating"
#: Replicates of the posterior predictive check begin here: they are never among those that were fitted.
FIRST_PREDICTIVE = BLOCKS["evaluate"].start
#: Draws that are simulated and stored together.
BATCH = 100
#: Pieces of a batch for each worker.
_PIECES = 4
FEWEST_SIMULATIONS = 100
#: Stands for an observation that cannot be read, while the other arguments are checked.
_UNSEEN = Observation((), np.empty(0), np.empty(0), 0)


def calibrate(
    scenario: Scenario,
    free: Any,
    *,
    targets: Mapping[str, Any] | None = None,
    series: Any = None,
    column: str | None = None,
    quantity: str = "first_purchases",
    weeks_per_period: int = 1,
    measurement_error: float = 0.0,
    hold_out: int = 0,
    strategy: str = "none",
    method: str = "table",
    n_simulations: int = 1000,
    n_draws: int = N_DRAWS,
    n_predictive: int = N_PREDICTIVE,
    n_checks: int = N_CHECKS,
    seed: int | None = None,
    engine: str = "numba",
    threads: int | None = None,
    processes: int | None = None,
    cluster: str | None = None,
    out: str | Path | None = None,
    on_progress: OnProgress | None = None,
) -> Calibration:
    """Fit free parameters of a scenario to what was observed of a market.

    Parameters
    ----------
    scenario : Scenario
        The market.
    free : mapping, or sequence of str
        Dotted paths with their priors: ``(low, high)``, ``"log:low:high"``, ``"normal:mean:sd"``; a behavior
        parameter's bare name takes its prior from the table of parameters.
    targets : mapping, optional
        From metrics to observed values, or to (value, standard error). Give these or ``series``.
    series : array-like, table or path, optional
        People per period from the first observed step on.
    column : str, optional
        Column of the series' table or file.
    quantity : str
        Recorded series of the focal brand that the series is compared with.
    weeks_per_period : int
        Steps of one period of the series.
    measurement_error : float
        Standard deviation of the series' error of measurement, as a share of the fitted periods' mean.
    hold_out : int
        Last periods that are predicted instead of fitted.
    strategy : str
        What the focal brand did in the observed market.
    method : {"table", "sequential"}
        See the module :mod:`simulator.experiment.approximate_bayes`.
    n_simulations : int
        Simulations from the prior; ``sequential`` takes a quarter of them for its first round and the rest after.
    n_draws, n_predictive : int
        Draws of the posterior, and how many of them are simulated afresh for the predictive check.
    n_checks : int
        Known truths on which the sampler is checked. ``sequential`` is not checked: every truth would need all of its
        simulations again (:func:`simulator.experiment.simulation_based_check.simulation_based_calibration` does that).
    seed : int, optional
        0 to 2**32 - 1; the scenario's seed if omitted.
    engine : {"numba", "mesa"}
        Engine; both give the same numbers.
    threads : int, optional
        Simulations at the same time; all processors if omitted. The result does not depend on it.
    processes : int, optional
        Run in this many processes instead of in this one.
    cluster : str, optional
        Run on a Dask cluster: the address of its scheduler, or ``local``.
    out : path, optional
        Folder: what is simulated is kept there, and calling again with it goes on where it stopped.
    on_progress : callable, optional
        Receives (task, done, total).

    Returns
    -------
    Calibration
        Posterior, predictive check, coverage check of the sampler ``table``, hold-out and warnings.

    Raises
    ------
    ScenarioError
        With every fault of the arguments.
    StoreError
        If ``out`` belongs to another question.

    Examples
    --------
    >>> import simulator as sim
    >>> scenario = sim.load_scenario("classroom")  # doctest: +SKIP
    >>> sim.calibrate(scenario, {"brands.Fizz.quality": (-1, 1)}, targets={"adoption": 0.4})  # doctest: +SKIP
    """
    began = time.time()
    faults = place_faults("calibrate", processes=processes, cluster=cluster)
    faults += _number_faults(
        method, n_simulations=n_simulations, n_draws=n_draws, n_predictive=n_predictive, n_checks=n_checks
    )
    observation = _UNSEEN
    parameters: tuple[FreeParameter, ...] = ()
    if isinstance(scenario, Scenario):
        with told_together(faults):
            observation = _observation(
                scenario, targets, series, column, quantity, weeks_per_period, measurement_error, hold_out
            )
        with told_together(faults):
            parameters = free_parameters(free)
            played = strategy if strategy in scenario.strategies else "none"
            faults += MarketModel(
                scenario, played, parameters, _UNSEEN, quantity, weeks_per_period, 0, engine
            ).prior_faults()
    asked = checked(
        faults,
        scenario,
        strategies=strategy,
        seed=seed,
        n_replicates=1,
        first_replicate=0,
        engine=engine,
        threads=threads,
        verb="calibrate",
    )
    model = MarketModel(
        scenario, strategy, parameters, observation, quantity, weeks_per_period, asked.seed, engine
    )
    store = BatchStore(None if out is None else Path(out), model.key, model.question)
    total = n_simulations + n_predictive
    n_table = n_simulations if method == "table" else max(FEWEST_SIMULATIONS, n_simulations // 4)
    scores = np.random.default_rng([asked.seed, 1]).standard_normal((n_table, len(model.free)))
    with workers_of(scenario, processes, cluster, threads) as workers:
        batches = _Batches(model, store, asked.threads, workers, on_progress, total)
        table = make_table(scores, batches.prior(scores)[:, : observation.n_fitted])
        _check_defined(table, n_table)
        posterior = _posterior(table, model, batches, method, n_simulations, n_draws)
        predicted = batches.predictive(posterior.scores[:n_predictive])
    result = Calibration(
        model,
        posterior,
        predicted,
        _check_on_table(table, model, n_checks) if method == "table" else None,
        _distance_p_value(table, observation.fitted),
        n_table - len(table.scores),
        {
            "method": method,
            "n_simulations": n_simulations,
            "n_checks": n_checks,
            "measurement_error": measurement_error,
        },
        {
            "versions": versions(),
            "machine": machine(),
            "wall_seconds": round(time.time() - began, 3),
            "batches_read": store.n_read,
            "batches_computed": store.n_computed,
        },
    )
    store.save_document(result.to_json_document())
    store.save_table(result.to_dataframe(), result.table_name)
    return result


class _Batches:
    """Simulations of a model in batches that are stored, with the error of measurement added."""

    def __init__(
        self,
        model: MarketModel,
        store: BatchStore,
        threads: int,
        workers: Workers | None,
        on_progress: OnProgress | None,
        total: int,
    ) -> None:
        self.model, self.store, self.threads, self.workers = model, store, threads, workers
        self.on_progress, self.total = on_progress, total
        self.done = 0
        self.next_replicate = 0

    def prior(self, scores: Values) -> Values:
        """Simulate draws of the prior."""
        parts = [
            self.simulate(f"prior-{start // BATCH:05d}", scores[start : start + BATCH])
            for start in range(0, len(scores), BATCH)
        ]
        return np.concatenate(parts)

    def simulate(self, name: str, scores: Values, first: int | None = None) -> Values:
        """Simulate one batch in the replicates that follow those used so far."""
        if first is None:
            first = self.next_replicate
            self.next_replicate += len(scores)
        before = self.done
        shape = (len(scores), len(self.model.observation.names))
        begun = first

        def compute() -> Values:
            if self.workers is not None:
                return self._elsewhere(self.workers, scores, begun)
            return self.model.simulate(scores, begun, self.threads, self._advance)

        summaries = self.store.get(f"{name}-{len(scores)}", shape, compute)
        self.done = before + len(scores)
        self._report()
        return self.model.measured(summaries, np.random.default_rng([self.model.seed, 2, first]))

    def _elsewhere(self, workers: Workers, scores: Values, first: int) -> Values:
        """Simulate a batch on workers, in pieces that keep all of them busy to the end."""
        parts = pieces(range(len(scores)), _PIECES * workers.backend.n_workers)
        jobs = [
            SummaryJob(self.model, scores[list(part)], first + part[0], workers.threads) for part in parts
        ]
        return np.concatenate(workers.run(jobs, lambda place, _: self._advance(len(parts[place]))))

    def predictive(self, scores: Values) -> Values:
        """Simulate draws of the posterior in replicates of their own."""
        parts = [
            self.simulate(
                f"predictive-{start // BATCH:05d}-{_mark(scores)}",
                scores[start : start + BATCH],
                FIRST_PREDICTIVE + start,
            )
            for start in range(0, len(scores), BATCH)
        ]
        return np.concatenate(parts)

    def _advance(self, n: int) -> None:
        self.done += n
        self._report()

    def _report(self) -> None:
        if self.on_progress is not None:
            self.total = max(self.total, self.done)
            self.on_progress(CALIBRATING, self.done, self.total)


def _mark(scores: Values) -> str:
    """Return a short hash of draws, so that other settings of the sampler do not meet their predictions."""
    import hashlib

    return hashlib.sha256(np.ascontiguousarray(scores).tobytes()).hexdigest()[:12]


def _posterior(
    table: Table, model: MarketModel, batches: _Batches, method: str, n_simulations: int, n_draws: int
) -> Posterior:
    observed, rng = model.observation.fitted, np.random.default_rng([model.seed, 3])
    if method == "table":
        return by_table(table, observed, n_draws, rng)
    n_fitted = model.observation.n_fitted
    plan = Rounds(n_particles=max(50, len(table.scores) // 2), most_simulations=n_simulations)

    def simulate(name: str, scores: Values) -> Values:
        return batches.simulate(f"{name}-{_mark(scores)}", scores)[:, :n_fitted]

    return sequentially(table, observed, simulate, n_draws, rng, plan)


def _check_on_table(table: Table, model: MarketModel, n_checks: int) -> RankCheck:
    """Rank prior simulations among the draws that the table without them gives for them."""
    rng = np.random.default_rng([model.seed, 4])
    draws = _left_out_draws(table, min(n_checks, len(table.scores)), rng)
    names = tuple(parameter.name for parameter in model.free)
    return rank_check(names, table.scores[: len(draws)], draws, rng)


def _left_out_draws(table: Table, n: int, rng: np.random.Generator, n_draws: int = 99) -> Values:
    """Return, for each of the first simulations, posterior draws given its statistics, from the table without it."""
    draws = np.zeros((n, n_draws, table.scores.shape[1]))
    for k in range(n):
        rest = np.arange(len(table.scores)) != k
        adjusted, weights, _ = adjust(table.scores[rest], table.statistics[rest], table.statistics[k], 0.2)
        draws[k] = adjusted[rng.choice(len(adjusted), size=n_draws, p=weights)]
    return draws


def _distance_p_value(table: Table, observed: Values, neighbors: int = 10) -> float:
    """Return how usual it is to be as far from one's nearest simulations as the observation, in all raw summaries."""
    center, scale = table.summarize.center, table.summarize.scale
    points = np.arcsinh((table.raw - center) / scale)
    place = np.arcsinh((observed - center) / scale)
    own = np.sort(((points - place) ** 2).sum(axis=1))[min(neighbors, len(points)) - 1]
    chosen = points[:: max(1, len(points) // 400)]
    squares = ((chosen[:, None, :] - points[None]) ** 2).sum(axis=2)
    usual = np.sort(squares, axis=1)[:, min(neighbors + 1, len(points)) - 1]
    return float(((usual >= own).sum() + 1) / (len(usual) + 1))


def _observation(
    scenario: Scenario,
    targets: Mapping[str, Any] | None,
    series: Any,
    column: str | None,
    quantity: str,
    weeks_per_period: int,
    measurement_error: float,
    hold_out: int,
) -> Observation:
    if (targets is None) == (series is None):
        got = "neither" if targets is None else "both"
        raise ScenarioError(
            [Fault("calibrate(targets, series)", got, "targets or a series", "give one of them")]
        )
    if targets is not None:
        return observed_targets(targets)
    faults = quantity_fault(quantity)
    if faults:
        raise ScenarioError(faults)
    return observed_series(series, column, hold_out, measurement_error, weeks_per_period, scenario.horizon)


def _number_faults(method: str, **numbers: int) -> list[Fault]:
    least = {"n_simulations": FEWEST_SIMULATIONS, "n_draws": 50, "n_predictive": 100, "n_checks": 20}
    faults = []
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least[name]:
            faults.append(Fault(f"calibrate({name})", repr(value), f"a whole number, at least {least[name]}"))
    if method not in METHODS:
        faults.append(unknown("calibrate(method)", method, tuple(METHODS)))
    return faults


def _check_defined(table: Table, n: int) -> None:
    if len(table.scores) < max(FEWEST_SIMULATIONS // 2, 0.2 * n):
        got = f"targets that are undefined in {n - len(table.scores)} of {n} simulations from the prior"
        remedy = "choose metrics that are defined, or narrower priors"
        raise ScenarioError(
            [Fault("calibrate(targets)", got, "targets that the model usually produces", remedy)]
        )


__all__ = ["METHODS", "Calibration", "calibrate"]
