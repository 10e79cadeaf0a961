"""The verdict of a comparison in one plain sentence, and what stands behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from simulator.experiment.estimation import BudgetUse
from simulator.model.observation import SOURCES
from simulator.outcomes.brand_view import REFERENCE
from simulator.outcomes.differences import replicates_needed
from simulator.outcomes.metrics import Metric, Outcomes
from simulator.outcomes.statistics import Difference, Risk
from simulator.outcomes.wording import rounded

#: Largest imbalance of spend against the budget that passes without a warning.
LARGEST_IMBALANCE = 0.01

#: Replicates beyond which a number that would settle a comparison is not stated.
MOST_REPLICATES = 1_000_000

Kind = Literal["winner", "none_pays", "too_small", "not_distinguishable", "undefined", "single"]


@dataclass(frozen=True)
class Verdict:
    """What a comparison says, in words and numbers.

    Parameters
    ----------
    kind : {"winner", "none_pays", "too_small", "not_distinguishable", "undefined", "single"}
        ``winner``: one strategy is best. ``none_pays``: doing nothing is best. ``too_small``: the best are
        shown to differ by less than the smallest effect that matters. ``not_distinguishable``: more
        replicates are needed. ``undefined``: the metric is undefined. ``single``: only one strategy.
    sentence : str
        The verdict in one plain sentence.
    reasons : tuple of str
        Further sentences: through which source the winner gained, what it spent on, and its risk.
    warnings : tuple of str
        What limits the verdict: unequal budgets, replicates in which the metric is undefined.
    best : str
        Strategy with the best mean; empty if the metric is undefined.
    runner_up : str
        Strategy with the second-best mean; empty if there is none.
    contenders : tuple of str
        Strategies that are not shown to be worse than another.
    margin : Difference or None
        Best strategy minus runner-up.
    p_best : float
        Probability that the mean of ``best`` is the best, given the replicates.
    n_replicates : int
        Replicates on which the verdict rests.
    n_needed : int or None
        Replicates that would settle it; None where it is settled or nothing would.
    source_gains : mapping
        By source of purchase, units that ``best`` sold beyond the strategy it is explained against.
    explained_against : str
        That strategy: the baseline, or the runner-up where ``best`` is the baseline.
    """

    kind: Kind
    sentence: str
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    best: str = ""
    runner_up: str = ""
    contenders: tuple[str, ...] = ()
    margin: Difference | None = None
    p_best: float = float("nan")
    n_replicates: int = 0
    n_needed: int | None = None
    source_gains: Mapping[str, float] = field(default_factory=dict)
    explained_against: str = ""

    def __str__(self) -> str:
        return self.sentence


class Evidence(NamedTuple):
    """What a verdict is reached from; fields as in :class:`~simulator.experiment.comparison.Comparison`."""

    metric: Metric
    outcomes: Outcomes
    to_best: Mapping[str, Difference]
    to_baseline: Mapping[str, Difference]
    risks: Mapping[str, Risk]
    budgets: Mapping[str, BudgetUse]
    baseline: str
    minimum_effect: float
    confidence: float
    currency: str


def judge(evidence: Evidence) -> Verdict:
    """Reach the verdict of a comparison.

    A strategy wins when the simultaneous interval of its lead over every other strategy lies above zero,
    and the lead over the runner-up is not shown to be smaller than the smallest effect that matters.

    Parameters
    ----------
    evidence : Evidence
        Outcomes, differences, risks and budgets of the strategies compared.

    Returns
    -------
    Verdict
        With its sentence, reasons and warnings.
    """
    names = evidence.outcomes.strategies
    n_replicates = len(evidence.outcomes.replicates)
    warnings = _warnings(evidence)
    if len(names) == 1:
        sentence = f'Only "{names[0]}" was simulated: there is nothing to compare it with.'
        return Verdict("single", sentence, warnings=warnings, best=names[0], n_replicates=n_replicates)
    if not evidence.to_best:
        sentence = f"No verdict: {_called(evidence)} is defined for fewer than two strategies."
        return Verdict("undefined", sentence, warnings=warnings, n_replicates=n_replicates)
    order = list(evidence.to_best)
    leads = {name: _lead(evidence, name) for name in order[1:]}
    contenders = tuple(name for name in order[1:] if not leads[name].lower > 0)
    kind, n_needed = _decide(evidence, leads, contenders)
    best, runner_up = order[0], order[1]
    if kind == "winner" and best == REFERENCE:
        kind = "none_pays"
    against = evidence.baseline if evidence.baseline != best else runner_up
    gains = _source_gains(evidence, best, against)
    return Verdict(
        kind=kind,
        sentence=_sentence(evidence, kind, contenders, n_needed),
        reasons=_reasons(evidence, best, against, gains, contenders),
        warnings=warnings,
        best=best,
        runner_up=runner_up,
        contenders=(best, *contenders),
        margin=evidence.to_best[best],
        p_best=evidence.risks[best].p_best_mean,
        n_replicates=n_replicates,
        n_needed=n_needed,
        source_gains=gains,
        explained_against=against,
    )


class Lead(NamedTuple):
    """By how much the best strategy is better than another, positive whatever the metric's direction."""

    mean: float
    lower: float
    upper: float
    sd: float
    critical: float


def _lead(evidence: Evidence, name: str) -> Lead:
    """Return the lead of the best strategy over another one."""
    d = evidence.to_best[name]
    if evidence.metric.better == "higher":
        return Lead(-d.mean, -d.upper, -d.lower, d.sd, d.critical)
    return Lead(d.mean, d.lower, d.upper, d.sd, d.critical)


def _decide(
    evidence: Evidence, leads: Mapping[str, Lead], contenders: Sequence[str]
) -> tuple[Kind, int | None]:
    """Return the kind of verdict, and the replicates that would settle an open one."""
    least = evidence.minimum_effect
    if not contenders:
        closest = next(iter(leads.values()))
        return ("too_small" if closest.upper < least else "winner"), None
    open_leads = [leads[name] for name in contenders if not _is_negligible(leads[name], least)]
    if not open_leads:
        return "too_small", None
    needed = [_needed(evidence, name, leads[name]) for name in contenders if leads[name] in open_leads]
    known = [number for number in needed if number is not None]
    return "not_distinguishable", max(known) if len(known) == len(needed) else None


def _some_pays(evidence: Evidence) -> bool:
    """Return whether any strategy is shown to do better than doing nothing."""
    if evidence.baseline != REFERENCE:
        return False
    is_higher = evidence.metric.better == "higher"
    return any(gain.lower > 0 if is_higher else gain.upper < 0 for gain in evidence.to_baseline.values())


def _needed(evidence: Evidence, name: str, lead: Lead) -> int | None:
    """Return how many replicates would settle a lead, those in which it is undefined included."""
    gap = max(abs(lead.mean), evidence.minimum_effect - abs(lead.mean))
    number = replicates_needed(lead.sd, gap, lead.critical)
    n_defined = evidence.to_best[name].n
    if number is None or n_defined == 0:
        return None
    return math.ceil(number * len(evidence.outcomes.replicates) / n_defined)


def _is_negligible(lead: Lead, least: float) -> bool:
    is_identical = lead.mean == 0 and lead.lower == 0 and lead.upper == 0
    return is_identical or max(abs(lead.lower), abs(lead.upper)) < least


def _sentence(evidence: Evidence, kind: Kind, contenders: Sequence[str], n_needed: int | None) -> str:
    order = list(evidence.to_best)
    best, runner_up = order[0], order[1]
    rival = contenders[0] if contenders else runner_up
    if kind == "too_small" and contenders:
        rival = max(contenders, key=lambda name: _lead(evidence, name).upper)
    metric, n = _called(evidence), len(evidence.outcomes.replicates)
    gap = _gap(evidence, rival)
    side = "above" if evidence.metric.better == "higher" else "below"
    sure = _chance(evidence.risks[best].p_best_mean)
    if kind == "winner":
        return f'"{best}" wins: its {metric} is {gap} {side} that of "{runner_up}"; it is best with {sure}.'
    if kind == "none_pays":
        return (
            f"No strategy pays: without any, {metric} is {gap} {side} that of the best of them, "
            f'"{runner_up}" ({sure}).'
        )
    group = _listed([best, *contenders]) if contenders else _listed([best, runner_up])
    if kind == "too_small":
        if contenders and all(evidence.to_best[name].is_identical for name in contenders):
            return f"{group} gave the same {metric} in every replicate."
        least = evidence.metric.describe(evidence.minimum_effect, evidence.currency, "gap")
        return f"No difference that matters: {group} differ in {metric} by {gap}, less than {least}."
    if n < 2:
        return f'Not distinguishable at one replicate: "{best}" is ahead by {gap}, which may be chance.'
    remedy = _remedy(n_needed)
    if len(contenders) > 1:
        ahead = f'{group} may each be best; "{best}" is ahead of "{rival}" in {metric} by {gap}'
    else:
        ahead = f'"{best}" is ahead of "{rival}" in {metric} by {gap}'
    return f"Not distinguishable at {n:,} replicates: {ahead}; {remedy}."


def _gap(evidence: Evidence, name: str) -> str:
    """Return the best strategy's lead over another with its interval, as text."""
    lead, describe = _lead(evidence, name), evidence.metric.describe
    mean = describe(abs(lead.mean), evidence.currency, "gap")
    if not lead.lower <= lead.upper:
        return mean
    if lead.lower == lead.upper:
        return f"{mean} in every replicate"
    low, high = (rounded(bound, evidence.metric.unit) for bound in (lead.lower, lead.upper))
    return f"{mean} ({evidence.confidence * 100:g} % interval {low} to {high})"


def _called(evidence: Evidence) -> str:
    return evidence.metric.name.replace("_", " ")


def _chance(probability: float) -> str:
    if probability != probability:
        return "a probability that one replicate does not show"
    if probability > 0.999:
        return "a probability of more than 99.9 %"
    return f"a probability of {probability * 100:.1f} %"


def _listed(names: Sequence[str]) -> str:
    quoted = [f'"{name}"' for name in names]
    return " and ".join(quoted) if len(quoted) < 3 else ", ".join(quoted[:-1]) + " and " + quoted[-1]


def _remedy(n_needed: int | None) -> str:
    if n_needed is None:
        return "no number of replicates would settle it"
    if n_needed > MOST_REPLICATES:
        return f"more than {MOST_REPLICATES:,} would be needed to settle it"
    return f"about {_rounded_up(n_needed)} would settle it"


def _rounded_up(number: int) -> str:
    unit = 10 ** max(0, len(str(number)) - 2)
    return f"{-(-number // unit) * unit:,}"


def _source_gains(evidence: Evidence, best: str, against: str) -> dict[str, float]:
    """Return mean units that ``best`` sold beyond another strategy, by source of purchase."""
    outcomes = evidence.outcomes
    a, b = outcomes.strategies.index(best), outcomes.strategies.index(against)
    sales = outcomes.of("sales")
    gains = {}
    for source in SOURCES:
        units = np.nan_to_num(outcomes.of(f"source_{source}")) * sales
        gains[source] = float((units[a] - units[b]).mean())
    return gains


def _reasons(
    evidence: Evidence, best: str, against: str, gains: Mapping[str, float], contenders: Sequence[str]
) -> tuple[str, ...]:
    reasons = []
    difference = evidence.to_baseline.get(best)
    if difference is not None and difference.n:
        amount = evidence.metric.describe(difference.mean, evidence.currency, "change")
        reasons.append(
            f'Against "{evidence.baseline}", "{best}" changes {_called(evidence)} by {amount} '
            f"({rounded(difference.lower, evidence.metric.unit)} to "
            f"{rounded(difference.upper, evidence.metric.unit)})."
        )
    if not contenders and _lead(evidence, list(evidence.to_best)[1]).lower < evidence.minimum_effect:
        least = evidence.metric.describe(evidence.minimum_effect, evidence.currency, "gap")
        reasons.append(f"Its lead may be smaller than the smallest effect that matters, {least}.")
    reasons.append(_source_sentence(best, against, gains))
    reasons.append(_spend_sentence(evidence, best))
    risk = evidence.risks[best]
    tail = evidence.metric.describe(risk.conditional_value_at_risk, evidence.currency)
    opening = f'"{best}": '
    if best != evidence.baseline and not math.isnan(risk.p_worse_than_baseline):
        share = f"{risk.p_worse_than_baseline * 100:.3g} % of replicates"
        opening = f'"{best}" does worse than "{evidence.baseline}" in {share}; '
    reasons.append(f"{opening}{_called(evidence)} in its worst 5 % is {tail} on average.")
    if contenders and REFERENCE in (best, *contenders) and not _some_pays(evidence):
        reasons.append("It is not shown that any strategy pays: doing nothing may be best.")
    return tuple(reasons)


def _source_sentence(best: str, against: str, gains: Mapping[str, float]) -> str:
    total = sum(gains.values())
    largest = sorted(gains, key=lambda source: abs(gains[source]), reverse=True)
    told = [f"{source} {rounded(gains[source], sign=True)}" for source in largest[:3] if gains[source]]
    if not told:
        return f'"{best}" and "{against}" sell the same number of units through every source.'
    more = "more" if total >= 0 else "fewer"
    return f'"{best}" sells {rounded(abs(total))} units {more} than "{against}", by last touch: {", ".join(told)}.'


def _spend_sentence(evidence: Evidence, best: str) -> str:
    spent = {kind: amount for kind, amount in evidence.budgets[best].by_kind.items() if amount > 0}
    if not spent:
        return f'With "{best}" the brand spends nothing.'
    largest = sorted(spent, key=lambda kind: spent[kind], reverse=True)
    told = ", ".join(f"{rounded(spent[kind])} on {kind}" for kind in largest)
    return (
        f'With "{best}" the brand spends {rounded(sum(spent.values()))} {evidence.currency} in all: {told}.'
    )


def _warnings(evidence: Evidence) -> tuple[str, ...]:
    warnings = []
    for name, use in evidence.budgets.items():
        if use.budget > 0 and abs(use.imbalance) > LARGEST_IMBALANCE:
            more = "more" if use.imbalance > 0 else "less"
            why = f" ({use.note})" if use.note else ""
            warnings.append(
                f'"{name}" spent {abs(use.imbalance) * 100:.3g} % {more} than its budget{why}: '
                "budgets are not equal, read its differences with care."
            )
        elif use.note:
            warnings.append(f'The budget of "{name}": {use.note}.')
    values = evidence.outcomes.of(evidence.metric.name)
    for s, name in enumerate(evidence.outcomes.strategies):
        missing = int(np.isnan(values[s]).sum())
        if missing:
            warnings.append(
                f'{_called(evidence)} of "{name}" is undefined in {missing:,} of {values.shape[1]:,} '
                "replicates, which are left out of its differences."
            )
    return tuple(warnings)
