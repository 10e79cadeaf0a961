"""From outcomes to estimates: means, simultaneous differences, and what each strategy spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from simulator.model.observation import SPEND_KINDS
from simulator.outcomes.differences import differences_to, differences_to_best
from simulator.outcomes.metrics import METRIC, Outcomes
from simulator.outcomes.statistics import Difference, Estimate, estimate


@dataclass(frozen=True)
class BudgetUse:
    """What one strategy spent, against its budget.

    Parameters
    ----------
    budget : float
        Budget of the strategy, currency; 0 for a strategy without campaign lines.
    spend : float
        Mean spend over replicates that the strategy's own lines caused, currency.
    imbalance : float
        ``spend / budget - 1``; NaN without a budget.
    by_kind : mapping
        Mean total spend of the brand by kind, its standing plan included, currency.
    level : float
        Multiplier of its media, or depth of its price cut, solved on pilot replicates.
    note : str
        Why the budget is not met, or what was given up to meet it; empty where nothing was.
    """

    budget: float
    spend: float
    imbalance: float
    by_kind: Mapping[str, float]
    level: float
    note: str = ""


class Estimates(NamedTuple):
    """Estimates of all strategies and metrics; each field is ``[strategy][metric]``."""

    means: dict[str, dict[str, Estimate]]
    to_baseline: dict[str, dict[str, Difference]]
    to_best: dict[str, dict[str, Difference]]


def estimate_all(outcomes: Outcomes, baseline: str, confidence: float) -> Estimates:
    """Estimate every metric of every strategy, and the paired differences.

    Parameters
    ----------
    outcomes : Outcomes
        Every metric in every replicate.
    baseline : str
        Strategy that the others are compared with.
    confidence : float
        Joint confidence of each family of intervals: one metric's differences to the baseline, and one
        metric's differences between all pairs. Different metrics are different families.

    Returns
    -------
    Estimates
        ``to_best`` has only metrics of which more or less is better, and is ordered from best to worst
        within a metric, not across metrics.
    """
    names = outcomes.strategies
    means: dict[str, dict[str, Estimate]] = {name: {} for name in names}
    to_baseline: dict[str, dict[str, Difference]] = {name: {} for name in names if name != baseline}
    to_best: dict[str, dict[str, Difference]] = {name: {} for name in names}
    for metric in outcomes.metrics:
        values = outcomes.of(metric)
        for s, name in enumerate(names):
            means[name][metric] = estimate(values[s], confidence)
        for name, difference in differences_to(values, names, baseline, confidence).items():
            to_baseline[name][metric] = difference
        for name, difference in best_differences(outcomes, metric, confidence).items():
            to_best[name][metric] = difference
    return Estimates(means, to_baseline, to_best)


def best_differences(outcomes: Outcomes, metric: str, confidence: float) -> dict[str, Difference]:
    """Return one metric's differences to the best other strategy, from the best strategy to the worst."""
    better = METRIC[metric].better
    if better is None:
        return {}
    values = outcomes.of(metric)
    return differences_to_best(values, outcomes.strategies, confidence, higher_is_better=better == "higher")


def budget_use(
    outcomes: Outcomes, budgets: Mapping[str, float], levels: Mapping[str, float], notes: Mapping[str, str]
) -> dict[str, BudgetUse]:
    """Return what every strategy spent, against its budget.

    Parameters
    ----------
    outcomes : Outcomes
        Every metric in every replicate.
    budgets : mapping
        Budget by strategy, currency; 0 for a strategy without campaign lines.
    levels, notes : mapping
        Solved level by strategy, and what is remarkable about it.

    Returns
    -------
    dict of str to BudgetUse
        By strategy.
    """
    spent = outcomes.of("strategy_spend").mean(axis=1)
    result = {}
    for s, name in enumerate(outcomes.strategies):
        by_kind = {kind: float(outcomes.of(f"spend_{kind}")[s].mean()) for kind in SPEND_KINDS}
        budget, spend = budgets[name], float(spent[s])
        imbalance = spend / budget - 1 if budget > 0 else float("nan")
        result[name] = BudgetUse(budget, spend, imbalance, by_kind, levels[name], notes[name])
    return result
