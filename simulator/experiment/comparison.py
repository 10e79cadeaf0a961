"""Compare strategies at equal budgets in the same worlds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from simulator.experiment.collection import Collection, Target, collect_until, precision_record
from simulator.experiment.comparison_question import comparison_question
from simulator.experiment.comparison_result import Comparison as Comparison
from simulator.experiment.estimation import budget_use, estimate_all
from simulator.experiment.precision import Precision
from simulator.experiment.simulation import OnProgress, Treatments, prepare
from simulator.experiment.verdict import Evidence, judge
from simulator.outcomes.metrics import METRIC
from simulator.outcomes.trajectories import digest_text
from simulator.scenario import Scenario


def compare(
    scenario: Scenario,
    *,
    strategies: str | Sequence[str] | None = None,
    seed: int | None = None,
    n_replicates: int | None = None,
    first_replicate: int = 0,
    precision: Mapping[str, float | str] | None = None,
    precision_method: str = "sequential",
    max_replicates: int = 10_000,
    engine: str = "numba",
    threads: int | None = None,
    on_progress: OnProgress | None = None,
) -> Comparison:
    """Compare strategies at equal budgets, in the same worlds and with the same luck.

    Parameters
    ----------
    scenario : Scenario
        What is simulated, and in its ``comparison`` table the metric, the baseline and the budget.
    strategies : str or sequence of str, optional
        Names; the scenario's choice if omitted. The baseline and ``none`` are always run too.
    seed : int, optional
        0 to 2**32 - 1; the scenario's seed if omitted.
    n_replicates : int, optional
        Number of replicates, at least 1; the scenario's if omitted.
    first_replicate : int
        Number of the first replicate: a winner chosen on some replicates can be judged on others.
    precision : mapping, optional
        Half-widths that intervals shall reach together: by metric for all differences to the baseline, by metric and
        strategy (``"profit@mass"``, ``"profit@all"``) for the mean of that strategy, or of every one; each a number
        in its unit, or a text such as ``"2%"`` for a share of the estimate. Replicates are then added until they do;
        ``n_replicates``, 30 if omitted, is where that begins.
    precision_method : {"sequential", "stein"}
        How ``precision`` is reached: in rounds, or in two stages, which cover as stated for normal outcomes; Stein's
        two stages take numbers, no shares. See :mod:`simulator.experiment.precision`.
    max_replicates : int
        Most replicates for ``precision``.
    engine : {"numba", "mesa"}
        Engine; both give the same trajectories.
    threads : int, optional
        Threads of the numba engine; all processors if omitted.
    on_progress : callable, optional
        Receives (task, done, total).

    Returns
    -------
    Comparison
        Estimates, paired differences, risks, spend and the verdict.

    Raises
    ------
    ScenarioError
        If an argument is out of range or a strategy unknown.
    EngineError
        If a replicate fails.

    Examples
    --------
    >>> import simulator as sim
    >>> scenario = sim.load_scenario("classroom")  # doctest: +SKIP
    >>> sim.compare(scenario, seed=7, n_replicates=200).verdict.sentence  # doctest: +SKIP
    """
    began = time.time()
    checked = comparison_question(
        scenario,
        strategies=strategies,
        seed=seed,
        n_replicates=n_replicates,
        first_replicate=first_replicate,
        precision=precision,
        precision_method=precision_method,
        max_replicates=max_replicates,
        engine=engine,
        threads=threads,
    )
    asked, targets, most = checked.arguments, checked.targets, checked.max_replicates
    treatments = prepare(scenario, asked, on_progress)
    if targets:
        treatments, collected, reached = collect_until(
            treatments, targets, most, precision_method, on_progress
        )
        return _assemble(treatments, collected, began, reached, targets)
    collected = Collection()
    for block in treatments.run_in_blocks(on_progress):
        collected.add(block)
    return _assemble(treatments, collected, began)


def _assemble(
    treatments: Treatments,
    collected: Collection,
    began: float,
    precision: Precision | None = None,
    targets: Sequence[Target] = (),
) -> Comparison:
    """Estimate, judge, and put everything together."""
    scenario, asked = treatments.scenario, treatments.arguments
    outcomes, trajectories = collected.outcomes, collected.trajectories
    digest = digest_text(collected.hash_sum)
    question = scenario.comparison
    metric = METRIC[question.metric]
    estimates = estimate_all(outcomes, question.baseline, question.confidence)
    levels = {name: float(plan.level) for name, plan in treatments.balanced.items()}
    notes = {name: plan.note for name, plan in treatments.balanced.items()}
    use = budget_use(outcomes, _budgets(treatments), levels, notes)
    chances = {name: found[metric.name] for name, found in estimates.risks.items()}
    currency = scenario.market.currency
    evidence = Evidence(
        metric=metric,
        outcomes=outcomes,
        pairs=estimates.pairs[metric.name],
        to_baseline={name: found[metric.name] for name, found in estimates.to_baseline.items()},
        risks=chances,
        budgets=use,
        baseline=question.baseline,
        minimum_effect=question.minimum_effect,
        confidence=question.confidence,
        currency=currency,
        is_subset=not set(scenario.strategies) <= set(asked.strategies),
        caveat=precision.caveat if precision is not None else "",
        stein=precision.stein_gains(metric.name, question.baseline) if precision is not None else {},
    )
    manifest = {
        **treatments.manifest(began),
        "n_kept": trajectories.n_replicates,
        "precision": precision_record(precision, targets),
        "digest": digest,
    }
    trajectories.manifest.update(manifest)
    return Comparison(
        title=scenario.title,
        strategies=asked.strategies,
        labels={name: scenario.strategies[name].label or name for name in asked.strategies},
        brand=trajectories.focal_brand,
        currency=currency,
        seed=asked.seed,
        engine=asked.engine,
        baseline=question.baseline,
        metric=metric.name,
        minimum_effect=question.minimum_effect,
        confidence=question.confidence,
        outcomes=outcomes,
        estimates=estimates.means,
        to_baseline=estimates.to_baseline,
        to_best=estimates.to_best,
        risks=chances,
        budgets=use,
        verdict=judge(evidence),
        trajectories=trajectories,
        digest=digest,
        manifest=manifest,
        scenario=scenario.name,
        precision=precision,
        risks_by_metric=estimates.risks,
    )


def _budgets(treatments: Treatments) -> dict[str, float]:
    """Return the budget of every strategy: 0 where it has no campaign line."""
    declared = treatments.scenario.strategies
    return {
        name: float(plan.budget) if declared[name].lines else 0.0
        for name, plan in treatments.balanced.items()
    }
