"""What a market model is fitted to: target moments or an adoption series, and how it is simulated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.experiment.adoption_series import AdoptionSeries, read_series
from simulator.experiment.argument_checks import is_number
from simulator.experiment.batches import run_all
from simulator.experiment.free_parameters import FreeParameter, values_of
from simulator.experiment.treatments import Treatment, settings_of
from simulator.model.observation import SERIES, TRAJECTORY_VERSION
from simulator.outcomes.brand_view import BrandView
from simulator.outcomes.metrics import INCREMENTAL, METRIC, METRICS_SEEN, Metric, measure
from simulator.outcomes.trajectories import unknown
from simulator.scenario import Scenario

Values = NDArray[np.float64]
#: Score that stands for the end of a prior when its admissibility is checked.
_END = 8.0


@dataclass(frozen=True, eq=False)
class Observation:
    """What was observed of one market, once.

    Parameters
    ----------
    names : tuple of str
        Names of the summaries: metrics, or labels of periods.
    values : ndarray of float64, shape (summary,)
        Observed values; metrics in their units, series in people.
    errors : ndarray of float64, shape (summary,)
        Standard deviation of the error of measurement, same units; 0 where there is none.
    n_fitted : int
        The first so many are fitted; the rest is held out.
    series : AdoptionSeries, optional
        The series, where one is fitted.
    """

    names: tuple[str, ...]
    values: Values
    errors: Values
    n_fitted: int
    series: AdoptionSeries | None = None

    @property
    def fitted(self) -> Values:
        """Observed values that are fitted."""
        return self.values[: self.n_fitted]


@dataclass(frozen=True, eq=False)
class SummaryJob:
    """Some draws of a model, for another process; see :meth:`MarketModel.simulate`."""

    model: MarketModel
    scores: Values
    first: int
    threads: int

    def run(self, scenarios: Sequence[Scenario]) -> Values:
        """Simulate; shape (draw, summary)."""
        return self.model.simulate(self.scores, self.first, self.threads)


@dataclass(frozen=True, eq=False)
class MarketModel:
    """A scenario with free parameters, simulated one replicate per draw.

    Parameters
    ----------
    scenario : Scenario
        The market.
    strategy : str
        What the focal brand does in it.
    free : tuple of FreeParameter
        What is fitted.
    observation : Observation
        To what.
    quantity : str
        Recorded series of the focal brand, where a series is fitted.
    weeks_per_period : int
        Steps of one period of the series.
    seed : int
        0 to 2**32 - 1.
    engine : str
        ``"numba"`` or ``"mesa"``.
    """

    scenario: Scenario
    strategy: str
    free: tuple[FreeParameter, ...]
    observation: Observation
    quantity: str
    weeks_per_period: int
    seed: int
    engine: str

    @property
    def question(self) -> dict[str, Any]:
        """Everything on which a simulated number depends, as plain data."""
        seen = self.observation
        return {
            "scenario_digest": self.scenario.digest,
            "trajectory_version": TRAJECTORY_VERSION,
            "strategy": self.strategy,
            "free": [[p.name, p.form, p.a, p.b] for p in self.free],
            "names": list(seen.names),
            "observed": seen.values.tolist(),
            "errors": seen.errors.tolist(),
            "n_fitted": seen.n_fitted,
            "quantity": self.quantity if seen.series is not None else None,
            "weeks_per_period": self.weeks_per_period if seen.series is not None else None,
            "seed": self.seed,
        }

    @property
    def key(self) -> str:
        """Hash of the question."""
        return hashlib.sha256(json.dumps(self.question, sort_keys=True).encode()).hexdigest()

    def overrides(self, parameters: Values) -> dict[str, float]:
        """Return the overrides of one draw; shape of ``parameters`` (parameter,)."""
        return {p.name: float(value) for p, value in zip(self.free, parameters, strict=True)}

    def simulate(
        self, scores: Values, first: int, threads: int, on_done: Callable[[int], None] | None = None
    ) -> Values:
        """Simulate one replicate per draw, without error of measurement.

        Parameters
        ----------
        scores : ndarray of float64, shape (draw, parameter)
            Standard normal scores of the parameters.
        first : int
            Number of the first draw's replicate; the following take the following.
        threads : int
            Draws that run at the same time; the result does not depend on it.
        on_done : callable, optional
            Receives 1 after each draw.

        Returns
        -------
        ndarray of float64, shape (draw, summary)
            NaN where a metric is undefined.
        """
        parameters = values_of(self.free, scores)
        tasks = [(self.overrides(row), first + k) for k, row in enumerate(parameters)]
        return np.stack(run_all(tasks, self._summaries, threads, on_done))

    def _summaries(self, task: tuple[Mapping[str, float], int]) -> Values:
        overrides, replicate = task
        (setting,) = settings_of(self.scenario, [Treatment(self.strategy, overrides)])
        with_reference = self.observation.series is None and not INCREMENTAL.isdisjoint(
            self.observation.names
        )
        ready = setting.prepare(self.seed, with_reference=with_reference, engine=self.engine, threads=1)
        trajectories = ready.run([replicate])
        position = trajectories.strategies.index(self.strategy)
        if self.observation.series is None:
            outcomes: Values = measure(trajectories, metrics=self.observation.names).values[position, 0]
            return outcomes
        steps = BrandView(trajectories, trajectories.focal_brand).steps(self.quantity)[position, 0]
        n = len(self.observation.names)
        periods: Values = steps[: n * self.weeks_per_period].reshape(n, self.weeks_per_period).sum(axis=1)
        return periods

    def measured(self, summaries: Values, rng: np.random.Generator) -> Values:
        """Return summaries with the error of measurement added."""
        noisy: Values = summaries + self.observation.errors * rng.standard_normal(summaries.shape)
        return noisy

    def prior_faults(self) -> list[Fault]:
        """Return what is wrong with the paths, or with the scenario at the ends of the priors."""
        center = np.zeros((1, len(self.free)))
        places = [center]
        for k in range(len(self.free)):
            for end in (-_END, _END):
                moved = center.copy()
                moved[0, k] = end if self.free[k].form != "normal" else end / 2
                places.append(moved)
        faults: dict[str, Fault] = {}
        for place in places:
            overrides = self.overrides(values_of(self.free, place)[0])
            try:
                settings_of(self.scenario, [Treatment(self.strategy, overrides)])
            except ScenarioError as error:
                faults.update({str(fault): fault for fault in error.faults})
        return list(faults.values())


def observed_targets(targets: Mapping[str, Any]) -> Observation:
    """Read target moments: a metric's value, or its value and standard error.

    Parameters
    ----------
    targets : mapping
        From names of metrics to a number or a pair.

    Returns
    -------
    Observation
        All of them fitted.

    Raises
    ------
    ScenarioError
        With every fault.
    """
    if not isinstance(targets, Mapping):
        expected = 'a mapping from metrics to values, as {"adoption": (0.4, 0.02)}'
        raise ScenarioError([Fault("calibrate(targets)", repr(targets)[:80], expected)])
    faults, values, errors = [], [], []
    for name, given in targets.items():
        place = f"calibrate(targets): {name}"
        if name not in METRIC:
            fault = unknown(place, name, tuple(METRIC), see=METRICS_SEEN)
            faults.append(fault)
            continue
        try:
            pair = [float(x) for x in given] if isinstance(given, Sequence) else [float(given), 0.0]
            value, error = pair
        except (TypeError, ValueError):
            faults.append(Fault(place, repr(given), "a number, or a number and its standard error"))
            continue
        if not np.isfinite([value, error]).all() or error < 0:
            faults.append(Fault(place, repr(given), "a finite value and a standard error >= 0"))
        elif not METRIC[name].lowest <= value <= METRIC[name].highest:
            faults.append(_impossible(place, value, METRIC[name]))
        values.append(value)
        errors.append(error)
    if not targets:
        faults.append(Fault("calibrate(targets)", "nothing", "at least one metric with its value"))
    if faults:
        raise ScenarioError(faults)
    return Observation(tuple(targets), np.array(values), np.array(errors), len(values))


def _impossible(place: str, value: float, metric: Metric) -> Fault:
    """Return the fault of a target that no market reaches."""
    if metric.highest == np.inf:
        return Fault(place, repr(value), f"{metric.lowest:g} or more ({metric.unit}): {metric.meaning}")
    expected = f"a {metric.unit}, {metric.lowest:g} to {metric.highest:g}: {metric.meaning}"
    remedy = f"write {value:g} % as {value / 100:g}" if 1 < value <= 100 and metric.unit == "share" else ""
    return Fault(place, repr(value), expected, remedy)


def observed_series(
    source: Any,
    column: str | None,
    hold_out: int,
    measurement_error: float,
    weeks_per_period: int,
    horizon: int,
) -> Observation:
    """Read an adoption series that the market model is fitted to.

    Parameters
    ----------
    source : array-like, table, or path
        People per period, from the first observed step on.
    column : str, optional
        Column of a table or file.
    hold_out : int
        Last periods that are predicted instead of fitted.
    measurement_error : float
        Standard deviation of the error of measurement, as a share of the fitted periods' mean.
    weeks_per_period : int
        Steps of one period.
    horizon : int
        Observed steps of the scenario.

    Returns
    -------
    Observation
        One summary per period.

    Raises
    ------
    ScenarioError
        With every fault.
    """
    faults = []
    for name, value, least in (("hold_out", hold_out, 0), ("weeks_per_period", weeks_per_period, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            faults.append(Fault(f"calibrate({name})", repr(value), f"a whole number, at least {least}"))
    if not is_number(measurement_error) or measurement_error < 0:
        faults.append(Fault("calibrate(measurement_error)", repr(measurement_error), "a share, >= 0"))
    if faults:
        raise ScenarioError(faults)
    series = read_series(source, column, place="calibrate(series)", fewest=2, hold_out=hold_out)
    if len(series) * weeks_per_period > horizon:
        got = f"{len(series)} periods of {weeks_per_period} weeks"
        remedy = "raise the scenario's horizon, or shorten the series"
        raise ScenarioError(
            [Fault("calibrate(series)", got, f"at most the horizon, {horizon} weeks", remedy)]
        )
    n_fitted = len(series) - hold_out
    error = measurement_error * series.values[:n_fitted].mean()
    return Observation(series.labels, series.values, np.full(len(series), error), n_fitted, series)


def quantity_fault(quantity: str) -> list[Fault]:
    """Return what is wrong with the name of a recorded series."""
    names = tuple(series.name for series in SERIES)
    return [] if quantity in names else [unknown("calibrate(quantity)", quantity, names)]
