"""Optimize a strategy under noise: the split of its budget, timing, targeting and prices, under constraints.

The search sees one block of replicates; what it finds is judged on another that took no part in it, in pairs against
the equal split, against every line alone and against the plan as it stands in the scenario. Every plan spends the same
budget. Points that trade the metric against its risk or against privacy are kept and judged in the same way.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.experiment.argument_checks import checked, default_metric, is_number, told_together
from simulator.experiment.batches import BatchStore
from simulator.experiment.decisions import GRAIN, Decisions, Present, read_decisions
from simulator.experiment.noisy_search import METHODS, SearchPlan, SearchRecord, SearchSpace, search
from simulator.experiment.optimization_result import (
    AS_IT_STANDS,
    PRIVACY,
    Optimization,
    Plan,
    Role,
    key_of,
    question_of,
)
from simulator.experiment.sampling import UndefinedOutcomeError
from simulator.experiment.simulation import OnProgress
from simulator.experiment.sweep_arguments import place_faults
from simulator.experiment.treatments import Treatment, evaluate
from simulator.experiment.workers import EvaluationJob, Workers, pieces, workers_of
from simulator.outcomes.metrics import METRIC, METRICS_SEEN
from simulator.outcomes.provenance import machine, versions
from simulator.outcomes.replicate_blocks import BLOCKS
from simulator.outcomes.trajectories import unknown
from simulator.scenario import Scenario

Values = NDArray[np.float64]
OPTIMIZING = "optimizing"
#: First replicate of the evaluation: the search never reaches it.
FIRST_EVALUATION = BLOCKS["evaluate"].start
#: Most points of each frontier that are evaluated afresh.
_MOST_FRONTIER = 6
#: Follows the name of a reference plan that bounds keep from being what it is called.
WITHIN = " (within bounds)"


@dataclass(eq=False)
class _Simulator:
    """Simulates points of the decision space; whatever was simulated before is read from the store."""

    scenario: Scenario
    strategy: str
    decisions: Decisions
    metrics: tuple[str, ...]
    sign: float
    seed: int
    engine: str
    threads: int
    store: BatchStore
    workers: Workers | None
    on_progress: OnProgress | None
    expected: int
    done: int = 0
    n_refused: int = 0
    first_fault: str = ""
    known: dict[bytes, bool] = field(default_factory=dict)

    def treatment(self, point: Values, label: str = "") -> Treatment:
        return Treatment(self.strategy, self.decisions.overrides(point), label)

    def is_feasible(self, point: Values) -> bool:
        """Return whether the scenario admits a point."""
        key = json.dumps(self.decisions.overrides(point), sort_keys=True, default=str).encode()
        if key not in self.known:
            try:
                self.scenario.with_overrides(self.decisions.overrides(point))
                self.known[key] = True
            except ScenarioError as error:
                self.known[key] = False
                self.n_refused += 1
                self.first_fault = self.first_fault or str(error.faults[0])
        return self.known[key]

    def oracle(self, name: str, points: Values, replicates: range) -> Values:
        """Return outcomes (point, replicate, metric): the metric with its sign, then the costs of the frontier."""
        return self.judged([self.treatment(point) for point in points], replicates)

    def judged(self, treatments: Sequence[Treatment], replicates: range) -> Values:
        """Return outcomes (treatment, replicate, metric); workers, where there are any, simulate them together."""
        if self.workers is not None:
            self._fetch(self.workers, treatments, replicates)
        return np.stack([self.outcomes_of(treatment, replicates) for treatment in treatments])

    def _fetch(self, workers: Workers, treatments: Sequence[Treatment], replicates: range) -> None:
        """Have workers simulate what is not kept yet; each point is kept as soon as it is complete."""
        shape = (len(replicates), len(self.metrics))
        wanted = {self._name(t, replicates): t for t in treatments}
        missing = {name: t for name, t in wanted.items() if not self.store.has(name, shape)}
        if not missing:
            return
        parts = pieces(replicates, -(-workers.backend.n_workers // len(missing)))
        jobs = [
            EvaluationJob((t,), self.seed, part, self.metrics, self.engine, workers.threads)
            for t in missing.values()
            for part in parts
        ]
        found: dict[str, dict[int, Values]] = {name: {} for name in missing}

        def keep(place: int, values: Values) -> None:
            name = list(missing)[place // len(parts)]
            found[name][place % len(parts)] = values[0]
            if len(found[name]) == len(parts):
                whole = np.concatenate([found[name][k] for k in range(len(parts))])
                self.store.get(name, shape, lambda: whole)

        workers.run(jobs, keep)

    def _name(self, treatment: Treatment, replicates: range) -> str:
        return f"{treatment.digest[:24]}-{replicates.start}-{replicates.stop}"

    def outcomes_of(self, treatment: Treatment, replicates: range) -> Values:
        """Return a treatment's outcomes; shape (replicate, metric).

        Raises
        ------
        UndefinedOutcomeError
            If the metric is not a finite number in every replicate.
        """
        shape = (len(replicates), len(self.metrics))
        name = self._name(treatment, replicates)
        values = self.store.get(name, shape, lambda: self._run(treatment, replicates))
        self.done += len(replicates)
        if self.on_progress is not None:
            self.expected = max(self.expected, self.done)
            self.on_progress(OPTIMIZING, self.done, self.expected)
        self._check(values, treatment, replicates)
        signed = values.copy()
        signed[:, 0] *= self.sign
        return signed

    def _check(self, values: Values, treatment: Treatment, replicates: range) -> None:
        if np.isfinite(values).all():
            return
        r, m = (int(k) for k in np.argwhere(~np.isfinite(values))[0])
        where = ", ".join(f"{path}={value}" for path, value in treatment.overrides.items())
        raise UndefinedOutcomeError(
            f"{self.metrics[m]} of {self.strategy} in replicate {replicates[r]} is {values[r, m]} at "
            f"{where or 'the plan as it stands'}; expected a finite number for every plan; choose a metric that is "
            "always defined, for example profit or sales"
        )

    def _run(self, treatment: Treatment, replicates: range) -> Values:
        return evaluate(
            self.scenario,
            [treatment],
            seed=self.seed,
            replicates=replicates,
            metrics=self.metrics,
            engine=self.engine,
            threads=self.threads,
        )[0]


def optimize(
    scenario: Scenario,
    strategy: str,
    *,
    split: bool | Mapping[int, tuple[float, float]] = True,
    vary: Mapping[str, Sequence[Any]] | None = None,
    metric: str | None = None,
    method: str = "surface",
    frontier: bool = True,
    n_first: int = 24,
    n_rounds: int = 8,
    batch: int = 4,
    n_replicates: int = 8,
    n_finalists: int = 6,
    n_race: int = 64,
    n_evaluation: int = 200,
    confidence: float = 0.95,
    seed: int | None = None,
    engine: str = "numba",
    threads: int | None = None,
    processes: int | None = None,
    cluster: str | None = None,
    out: str | Path | None = None,
    on_progress: OnProgress | None = None,
) -> Optimization:
    """Find the best version of a strategy, and judge it on fresh replicates.

    Parameters
    ----------
    scenario : Scenario
        The market; its comparison table gives the budget.
    strategy : str
        Name of the strategy that is varied.
    split : bool or mapping
        Whether the shares of its lines are decided; or bounds ``(low, high)`` by the line's position.
    vary : mapping, optional
        From dotted paths to bounds ``(low, high)`` (whole numbers stay whole) or to a list of options: starts and ends
        of lines, prices, audiences, rewards.
    metric : str, optional
        Metric that decides; the scenario's if omitted.
    method : {"surface", "tpe", "random"}
        Who proposes: a response surface, optuna's tree of Parzen estimators, or chance.
    frontier : bool
        Whether trade-offs against risk and privacy are searched and judged too.
    n_first, n_rounds, batch : int
        Scattered first points; rounds of proposals, and points in each.
    n_replicates, n_finalists, n_race : int
        Replicates of every point; points that race, and most replicates of them: the search block.
    n_evaluation : int
        Fresh replicates on which the results are judged.
    confidence : float
        Joint confidence of the differences.
    seed : int, optional
        0 to 2**32 - 1; the scenario's seed if omitted.
    engine : {"numba", "mesa"}
        Engine; both give the same numbers.
    threads : int, optional
        Threads of the numba engine; all processors if omitted.
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
    Optimization
        The best plan with its overrides, its differences to the reference plans with intervals that hold together,
        and the frontiers.

    Raises
    ------
    ScenarioError
        With every fault of the arguments.
    StoreError
        If ``out`` belongs to another question.
    UndefinedOutcomeError
        If the metric is not a number for a plan in a replicate.

    Examples
    --------
    >>> import simulator as sim
    >>> scenario = sim.load_scenario("launch")  # doctest: +SKIP
    >>> found = sim.optimize(scenario, "mass", vary={"strategies.mass.lines[0].end": (4, 52)})  # doctest: +SKIP
    >>> better = scenario.with_overrides(found.overrides)  # doctest: +SKIP
    """
    began = time.time()
    plan = SearchPlan(n_first, n_rounds, batch, n_replicates, n_finalists, n_race, method, confidence)
    is_scenario = isinstance(scenario, Scenario)
    name = default_metric(metric, scenario.comparison if is_scenario else None)
    faults = [
        *place_faults("optimize", processes=processes, cluster=cluster),
        *_plan_faults(plan, name, n_evaluation),
    ]
    if is_scenario and isinstance(strategy, str) and strategy in scenario.strategies:
        with told_together(faults):
            decisions, present = read_decisions(scenario, strategy, split, vary)
    asked = checked(
        faults,
        scenario,
        strategies=strategy,
        seed=seed,
        n_replicates=n_evaluation,
        first_replicate=FIRST_EVALUATION,
        engine=engine,
        threads=threads,
        verb="optimize",
    )
    metrics = (name, PRIVACY) if frontier and name != PRIVACY else (name,)
    sign = -1.0 if METRIC[name].better == "lower" else 1.0
    question = question_of(scenario, strategy, decisions, metrics, asked.seed)
    store = BatchStore(None if out is None else Path(out), key_of(question), question)
    if method == "tpe":
        from simulator.experiment.tree_sampler import import_optuna

        import_optuna()
    expected = (n_first + n_rounds * batch + 6) * n_replicates + n_finalists * n_race + 12 * n_evaluation
    fresh = range(FIRST_EVALUATION, FIRST_EVALUATION + n_evaluation)
    with workers_of(scenario, processes, cluster, threads) as workers:
        simulator = _Simulator(
            scenario,
            strategy,
            decisions,
            metrics,
            sign,
            asked.seed,
            engine,
            asked.threads,
            store,
            workers,
            on_progress,
            expected,
        )
        anchors = _anchors(decisions, present, strategy, simulator)
        reference = np.stack([point for _, point in anchors.values()])
        space = SearchSpace(decisions.n_coordinates, decisions.features, simulator.is_feasible, reference)
        record = search(simulator.oracle, space, plan, asked.seed)
        plans = _plans(record, anchors, frontier, simulator)
        if present.departures:
            plans.insert(1 + len(anchors), Plan(AS_IT_STANDS, "present", {}))
        values = simulator.judged([Treatment(strategy, plan.overrides) for plan in plans], fresh)
    result = Optimization(
        scenario=scenario,
        strategy=strategy,
        metric=name,
        metrics=metrics,
        decisions=decisions,
        seed=asked.seed,
        confidence=confidence,
        plans=tuple(plans),
        values=values * np.array([sign, *[1.0] * (len(metrics) - 1)]),
        search_block=range(n_race),
        evaluation_block=fresh,
        search=record,
        method=method,
        n_refused=simulator.n_refused,
        first_fault=simulator.first_fault,
        present=present,
        plan=plan,
        manifest={
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


def _anchors(
    decisions: Decisions, present: Present, strategy: str, simulator: _Simulator
) -> dict[str, tuple[Role, Values]]:
    """Return by label the reference plans that may be decided and the scenario admits, the main one first.

    They differ from the plan as it stands, or from the nearest to it, in the split of the budget alone. Where bounds
    do not let them be what their name says, the name says so too.
    """
    found: dict[str, tuple[Role, Values]] = {}
    split = decisions.split
    if split is not None:
        n = len(split.lines)
        wanted: list[tuple[str, Role, Values]] = [("equal split", "equal", np.full(n, 1 / n))]
        wanted += [(f"{split.lines[k]} alone", "single", np.eye(n)[k]) for k in range(n)]
        for label, role, shares in wanted:
            possible = split.within(shares)
            bounded = bool(np.abs(possible - shares).max() > GRAIN)
            point = decisions.with_shares(present.point, possible)
            found[label + (WITHIN if bounded else "")] = role, point
    if present.departures:
        found[AS_IT_STANDS + WITHIN] = "bounded", present.point
    else:
        found[AS_IT_STANDS] = "present", present.point
    admitted = {label: plan for label, plan in found.items() if simulator.is_feasible(plan[1])}
    if not admitted:
        fault = Fault(
            "optimize", simulator.first_fault, "a scenario that admits its own plan or an equal split"
        )
        raise ScenarioError([fault])
    return admitted


def _plans(
    record: SearchRecord, anchors: Mapping[str, tuple[Role, Values]], frontier: bool, simulator: _Simulator
) -> list[Plan]:
    """Return the plans that are judged: the winner of the race, the references, and candidates of the frontiers."""
    points: list[tuple[str, Role, Values]] = [("optimized", "optimized", record.points[record.best])]
    points += [(label, role, point) for label, (role, point) in anchors.items()]
    taken = {record.best, *range(len(anchors))}
    if frontier:
        for position in _frontier_candidates(record):
            if position not in taken:
                taken.add(position)
                points.append((f"candidate {position}", "candidate", record.points[position]))
    return [
        Plan(label, role, {} if role == "present" else simulator.treatment(point).overrides, point)
        for label, role, point in points
    ]


def _frontier_candidates(record: SearchRecord) -> list[int]:
    """Return points that no other beats in both the metric and a cost, by the search block; spread out."""
    first = record.outcomes[:, :, 0]
    mean = first.mean(axis=1)
    costs = [first.std(axis=1, ddof=1)]
    if record.outcomes.shape[2] > 1:
        costs.append(record.outcomes[:, :, 1].mean(axis=1))
    chosen: list[int] = []
    for cost in costs:
        front = [
            int(k)
            for k in np.argsort(-mean, kind="stable")
            if not ((mean > mean[k]) & (cost <= cost[k])).any()
        ]
        picks = np.unique(np.linspace(0, len(front) - 1, min(_MOST_FRONTIER, len(front))).round().astype(int))
        chosen += [front[pick] for pick in picks if front[pick] not in chosen]
    return chosen


def _plan_faults(plan: SearchPlan, metric: str, n_evaluation: int) -> list[Fault]:
    faults = []
    least = {
        "n_first": 4,
        "n_rounds": 0,
        "batch": 1,
        "n_replicates": 2,
        "n_finalists": 2,
        "n_race": plan.n_replicates,
    }
    for name, low in least.items():
        value = getattr(plan, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            faults.append(Fault(f"optimize({name})", repr(value), f"a whole number, at least {low}"))
    if isinstance(n_evaluation, bool) or not isinstance(n_evaluation, int) or n_evaluation < 20:
        faults.append(Fault("optimize(n_evaluation)", repr(n_evaluation), "at least 20 fresh replicates"))
    if isinstance(plan.n_race, int) and plan.n_race > FIRST_EVALUATION:
        faults.append(Fault("optimize(n_race)", repr(plan.n_race), f"at most {FIRST_EVALUATION}"))
    if plan.method not in METHODS:
        faults.append(unknown("optimize(method)", plan.method, METHODS))
    if not is_number(plan.confidence) or not 0.5 <= plan.confidence < 1:
        faults.append(Fault("optimize(confidence)", repr(plan.confidence), "0.5 or more, below 1"))
    if metric not in METRIC:
        faults.append(unknown("optimize(metric)", metric, tuple(METRIC), see=METRICS_SEEN))
    elif METRIC[metric].better is None:
        faults.append(Fault("optimize(metric)", repr(metric), "a metric of which more or less is better"))
    return faults
