"""Which factors an outcome depends on, and which of them decide between two strategies."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.experiment.argument_checks import (
    OnQuestion,
    asked_question,
    checked,
    confidence_level,
    default_metric,
    directed_metric,
    one_of,
    provenance,
    whole,
)
from simulator.experiment.factor_choice import FactorsGiven, chosen_factors
from simulator.experiment.responses import Execution, Responses
from simulator.experiment.sampling import Values, outcome_digest
from simulator.experiment.sensitivity_indices import (
    morris_indices,
    morris_points,
    sobol_indices,
    sobol_points,
)
from simulator.experiment.sensitivity_result import Sensitivity, by_replicate, noise_share
from simulator.experiment.simulation import OnProgress
from simulator.experiment.sweep_arguments import place_faults
from simulator.outcomes.metrics import METRIC
from simulator.scenario import Scenario

METHODS = ("morris", "sobol")
#: Share of the variance over points that may be noise of the replicates before a warning.
_MOST_NOISE = 0.1


def sensitivity(
    scenario: Scenario,
    factors: FactorsGiven = None,
    *,
    method: str = "morris",
    metric: str | None = None,
    strategies: str | Sequence[str] | None = None,
    n_points: int | None = None,
    n_replicates: int = 10,
    confidence: float = 0.95,
    seed: int | None = None,
    engine: str = "numba",
    threads: int | None = None,
    on_progress: OnProgress | None = None,
    processes: int | None = None,
    cluster: str | None = None,
    keep_in: str | Path | None = None,
    on_question: OnQuestion | None = None,
) -> Sensitivity:
    """Find out which factors an outcome, or the choice between two strategies, depends on.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    factors : sequence, mapping or str, optional
        Names of behavior parameters (their priors), ``"path=low:high"`` or ``"path=low:high:log"`` for any
        number in the scenario, factors, or a mapping from path to (low, high); the priors of all parameters
        if omitted.
    method : {"morris", "sobol"}
        ``morris`` screens many factors cheaply; ``sobol`` gives shares of variance.
    metric : str, optional
        The scenario's if omitted.
    strategies : str or sequence of str, optional
        One strategy, or two whose difference (first minus second) is explained; the first strategy of the
        scenario with campaign lines against its baseline if omitted.
    n_points : int, optional
        Base points: Sobol simulates N (D + 2) points, N a power of two (256 if omitted); Morris N (D + 1),
        N trajectories (16 if omitted).
    n_replicates : int
        Replicates at every point, the same ones at all of them.
    confidence : float
        Of each interval.
    seed : int, optional
        0 to 2**32 - 1; the scenario's seed if omitted.
    engine : {"numba", "mesa"}
        Engine; both give the same outcomes.
    threads : int, optional
        Threads of the numba engine; all processors if omitted.
    on_progress : callable, optional
        Receives (task, done, total).
    processes : int, optional
        Run in this many processes instead of in this one.
    cluster : str, optional
        Run on a Dask cluster: the address of its scheduler, or ``local``.
    keep_in : path, optional
        Folder in which outcomes are kept: called again after an interruption, the study goes on where it was,
        and with more replicates only those are simulated.
    on_question : callable, optional
        Receives what is asked, complete, before anything is simulated; what it raises ends the call.

    Returns
    -------
    Sensitivity
        Indices with intervals, what is doubtful about them, and the points.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the arguments.
    UndefinedOutcomeError
        If the metric is undefined at a point.

    Notes
    -----
    Budgets are balanced anew at every point, on pilots, so that strategies stay equal in spend wherever the
    factors lead. First-order indices describe the mean over the replicates that were run; what chance adds to
    that is told in ``warnings`` where it matters. Total indices are without what chance adds, and a Morris effect
    that it may explain is told: a factor without any effect does not come out as one that matters.
    """
    began = time.time()
    faults = place_faults("sensitivity", processes=processes, cluster=cluster)
    kind = one_of("sensitivity(method)", method, METHODS, faults)
    base = n_base_points(kind, n_points, faults)
    n = whole("sensitivity(n_replicates)", n_replicates, 1, 10_000_000, faults)
    level = confidence_level("sensitivity(confidence)", confidence, 0.0, faults)
    known = isinstance(scenario, Scenario)
    chosen = directed_metric(
        "sensitivity(metric)", default_metric(metric, scenario.comparison if known else None), faults
    )
    varied = chosen_factors("sensitivity(factors)", factors, scenario, faults) if known else ()
    asked = checked(
        faults,
        scenario,
        strategies=strategies if strategies is not None or not known else default_pair(scenario),
        seed=seed,
        n_replicates=n,
        first_replicate=0,
        engine=engine,
        threads=threads,
        verb="sensitivity",
    )
    if len(asked.strategies) > 2:
        expected = "one strategy, or two whose difference is explained"
        raise ScenarioError([Fault("sensitivity(strategies)", str(len(asked.strategies)), expected)])
    question = asked_question(
        on_question,
        scenario,
        asked.seed,
        method=kind,
        metric=chosen,
        strategies=list(asked.strategies),
        factors=[factor.describe() for factor in varied],
        n_base_points=base,
        confidence=level,
    )
    execution = Execution(engine, threads, processes, cluster, keep_in, on_progress)
    responses = Responses(scenario, varied, asked.strategies, chosen, asked.seed, n, execution)
    make = sobol_points if kind == "sobol" else morris_points
    shares = make(len(varied), base, asked.seed)
    outcomes = responses.at(shares)
    names = tuple(factor.name for factor in varied)
    found = _indices(kind, shares, outcomes, names, level, asked.seed)
    return Sensitivity(
        scenario=scenario.name,
        method=kind,
        metric=METRIC[chosen],
        strategies=asked.strategies,
        factors=varied,
        indices=found[0],
        shares=shares,
        outcomes=outcomes,
        confidence=level,
        warnings=found[1],
        currency=scenario.market.currency,
        seed=asked.seed,
        digest=outcome_digest(kind, chosen, *asked.strategies, *names, shares, outcomes),
        manifest={
            **provenance("sensitivity", scenario, asked.seed, engine, began),
            **question,
            "n_replicates": n,
        },
    )


def n_base_points(kind: str, given: int | None, faults: list[Fault]) -> int:
    """Return the number of base points or trajectories; add a fault if it does not suit the method."""
    if given is None:
        return 256 if kind == "sobol" else 16
    n = whole("sensitivity(n_points)", given, 2, 2**24, faults)
    if kind == "sobol" and n & (n - 1):
        below = 2 ** (n.bit_length() - 1)
        remedy = f"take {below} or {2 * below}"
        faults.append(Fault("sensitivity(n_points)", str(n), "a power of two", remedy))
    return n


def default_pair(scenario: Scenario) -> tuple[str, ...]:
    """Return the first strategy with campaign lines and the baseline it is compared with."""
    baseline = scenario.comparison.baseline
    names = [n for n in scenario.strategy_names if n != baseline and scenario.strategies[n].lines]
    return (names[0], baseline) if names else (baseline,)


def _indices(
    kind: str, shares: Values, outcomes: Values, names: tuple[str, ...], confidence: float, seed: int
) -> tuple[Any, tuple[str, ...]]:
    values = by_replicate(outcomes)
    if kind == "sobol":
        found = sobol_indices(values, names, confidence=confidence, seed=seed)
    else:
        found = morris_indices(shares, values, names, confidence=confidence, seed=seed)
    ordered = sorted(found.by_factor, key=lambda index: (-np.nan_to_num(index.size), index.factor))
    notes = list(found.warnings)
    if outcomes.shape[2] == 1:
        notes.append("With one replicate, what factors do cannot be told from chance: take at least 5.")
    noise = noise_share(outcomes)
    if noise > _MOST_NOISE:
        notes.append(
            f"{noise:.0%} of the variance over points is chance of the {outcomes.shape[2]} replicates: "
            "more replicates are needed to see the factors."
        )
    return tuple(ordered), tuple(notes)
