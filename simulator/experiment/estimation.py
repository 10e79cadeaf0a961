"""From outcomes to estimates: means, simultaneous differences, and what each strategy spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from simulator.model.observation import SPEND_KINDS
from simulator.outcomes.all_pairs import AllPairs, compare_all_pairs
from simulator.outcomes.differences import differences_to
from simulator.outcomes.metrics import METRIC, Outcomes
from simulator.outcomes.statistics import Difference, Estimate, Risk, estimate, risks, unflattered


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
    spend_beyond_none : float
        Mean total spend of the brand beyond that without any strategy, currency: the strategy's own spend, and
        what the standing plan spends more or less beside it. NaN if ``none`` was not run.
    total_imbalance : float
        ``spend_beyond_none / budget - 1``; NaN without a budget.
    """

    budget: float
    spend: float
    imbalance: float
    by_kind: Mapping[str, float]
    level: float
    note: str = ""
    spend_beyond_none: float = float("nan")
    total_imbalance: float = float("nan")


class Estimates(NamedTuple):
    """Estimates of all strategies and metrics; the fields are ``[strategy][metric]``, ``pairs`` is ``[metric]``."""

    means: dict[str, dict[str, Estimate]]
    to_baseline: dict[str, dict[str, Difference]]
    to_best: dict[str, dict[str, Difference]]
    pairs: dict[str, AllPairs]
    risks: dict[str, dict[str, Risk]]


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
        ``to_best``, ``pairs`` and ``risks`` have only metrics of which more or less is better; ``to_best`` is
        ordered from best to worst within a metric, not across metrics.
    """
    names = outcomes.strategies
    means: dict[str, dict[str, Estimate]] = {name: {} for name in names}
    to_baseline: dict[str, dict[str, Difference]] = {name: {} for name in names if name != baseline}
    to_best: dict[str, dict[str, Difference]] = {name: {} for name in names}
    pairs: dict[str, AllPairs] = {}
    chances: dict[str, dict[str, Risk]] = {name: {} for name in names}
    for metric in outcomes.metrics:
        asked, raw = METRIC[metric], outcomes.of(metric)
        values = unflattered(raw) if asked.is_censored else raw
        for s, name in enumerate(names):
            n = int((~np.isnan(raw[s])).sum())
            means[name][metric] = replace(estimate(values[s], confidence), n=n, n_undefined=raw.shape[1] - n)
        for name, difference in differences_to(values, names, baseline, confidence).items():
            to_baseline[name][metric] = difference
        if asked.better is None:
            continue
        is_higher = asked.better == "higher"
        pairs[metric] = compare_all_pairs(values, names, confidence, higher_is_better=is_higher)
        for name, difference in pairs[metric].to_best().items():
            to_best[name][metric] = difference
        found = risks(
            raw,
            names,
            baseline,
            higher_is_better=is_higher,
            has_loss=asked.has_loss,
            undefined_is_worst=asked.is_censored,
        )
        for name, risk in found.items():
            chances[name][metric] = risk
    return Estimates(means, to_baseline, to_best, pairs, chances)


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
    beyond = outcomes.of("incremental_spend").mean(axis=1)
    result = {}
    for s, name in enumerate(outcomes.strategies):
        by_kind = {kind: float(outcomes.of(f"spend_{kind}")[s].mean()) for kind in SPEND_KINDS}
        budget, spend = budgets[name], float(spent[s])
        own, total = (amount / budget - 1 if budget > 0 else float("nan") for amount in (spend, beyond[s]))
        result[name] = BudgetUse(
            budget, spend, own, by_kind, levels[name], notes[name], float(beyond[s]), float(total)
        )
    return result
