"""What a verdict says to people: its sentence, its reasons, and what limits it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from simulator.experiment.estimation import BudgetUse
from simulator.outcomes.all_pairs import AllPairs
from simulator.outcomes.brand_view import REFERENCE
from simulator.outcomes.metrics import INCREMENTAL, Metric, Outcomes
from simulator.outcomes.statistics import TAIL, Difference, Risk, largest_share_unseen
from simulator.outcomes.wording import counted, percent, rounded

#: Largest imbalance of spend against the budget that passes without a warning.
LARGEST_IMBALANCE = 0.01

#: Imbalances that differ by less say the same.
_ALIKE = 0.005

#: Replicates beyond which a number that would settle a comparison is not stated.
MOST_REPLICATES = 1_000_000

#: Metrics in which doing better than nothing means that a strategy pays for itself.
PAYING = frozenset({"profit", "incremental_profit"})


class Evidence(NamedTuple):
    """What a verdict is reached from; fields as in :class:`~simulator.experiment.comparison.Comparison`.

    ``pairs``, ``to_baseline`` and ``risks`` are those of the verdict's metric; ``is_subset`` says whether the
    scenario has strategies that were not compared, ``caveat`` how the number of replicates came about where
    that limits the intervals.
    """

    metric: Metric
    outcomes: Outcomes
    pairs: AllPairs
    to_baseline: Mapping[str, Difference]
    risks: Mapping[str, Risk]
    budgets: Mapping[str, BudgetUse]
    baseline: str
    minimum_effect: float
    confidence: float
    currency: str
    is_subset: bool = False
    caveat: str = ""


def called(metric: Metric) -> str:
    """Return a metric's name as people read it."""
    return metric.name.replace("_", " ").replace("pct", " %")


def is_negligible(lead: Difference, least: float) -> bool:
    """Return whether a lead is shown to be smaller than the smallest effect that matters, or is none."""
    is_nothing = lead.mean == 0 and lead.lower == 0 and lead.upper == 0
    return is_nothing or max(abs(lead.lower), abs(lead.upper)) < least


def sentence_of(evidence: Evidence, kind: str, rivals: Sequence[str], n_needed: int | None) -> str:
    """Return the verdict in one plain sentence.

    Parameters
    ----------
    evidence : Evidence
        What it rests on.
    kind : str
        Kind of the verdict.
    rivals : sequence of str
        Contenders beside the best strategy.
    n_needed : int or None
        Replicates that would settle it.
    """
    pairs, metric = evidence.pairs, called(evidence.metric)
    best, runner_up = pairs.best, pairs.runner_up
    if kind == "winner":
        side = "above" if pairs.higher_is_better else "below"
        sure = _chance(evidence.risks[best].p_best_mean)
        gap = _gap(evidence, runner_up)
        return f'"{best}" wins: its {metric} is {gap} {side} that of "{runner_up}"; it is best with {sure}.'
    if kind == "none_pays":
        return _nothing_is_best(evidence)
    if kind == "too_small":
        return _too_small(evidence, rivals or (runner_up,))
    rival, n = rivals[0], len(evidence.outcomes.replicates)
    lead = _leads(evidence, best, rival)
    if n < 2:
        return f"Not distinguishable at one replicate: {lead}, which may be chance."
    if len(rivals) > 1:
        lead = f"{_listed([best, *rivals])} may each be best; {lead}"
    return f"Not distinguishable at {counted(n, 'replicate')}: {lead}; {_remedy(n_needed)}."


def _leads(evidence: Evidence, best: str, rival: str) -> str:
    lead, metric = evidence.pairs.lead(best, rival), called(evidence.metric)
    if lead.is_identical:
        return f'"{best}" and "{rival}" gave the same {metric} in every replicate'
    if lead.mean == 0:
        low, high = (rounded(bound, evidence.metric.unit) for bound in (lead.lower, lead.upper))
        interval = f"{percent(evidence.confidence)} interval of the difference {low} to {high}"
        return f'"{best}" and "{rival}" have the same mean {metric} ({interval})'
    return f'"{best}" is ahead of "{rival}" in {metric} by {_gap(evidence, rival)}'


def _nothing_is_best(evidence: Evidence) -> str:
    metric, runner_up = called(evidence.metric), evidence.pairs.runner_up
    opening, whose = "Doing nothing is best: without any strategy", "them"
    if evidence.metric.name in PAYING:
        opening = "No strategy pays: without any"
    if evidence.is_subset:
        opening, whose = opening.replace("No strategy", "None of the strategies compared"), "those compared"
    side = "above" if evidence.pairs.higher_is_better else "below"
    sure = _chance(evidence.risks[REFERENCE].p_best_mean)
    return (
        f"{opening}, {metric} is {_gap(evidence, runner_up)} {side} that of the best of "
        f'{whose}, "{runner_up}" ({sure}).'
    )


def _too_small(evidence: Evidence, rivals: Sequence[str]) -> str:
    pairs, metric = evidence.pairs, called(evidence.metric)
    group = _listed([pairs.best, *rivals])
    leads = {name: pairs.lead(pairs.best, name) for name in rivals}
    if all(lead.is_identical for lead in leads.values()):
        return f"{group} gave the same {metric} in every replicate."
    least = evidence.metric.describe(evidence.minimum_effect, evidence.currency, "gap")
    widest = max(rivals, key=lambda name: leads[name].upper)
    return f"No difference that matters: {group} differ in {metric} by {_gap(evidence, widest)}, less than {least}."


def _gap(evidence: Evidence, name: str) -> str:
    """Return the best strategy's lead over another with its interval, as text."""
    lead, describe = evidence.pairs.lead(evidence.pairs.best, name), evidence.metric.describe
    mean = describe(abs(lead.mean), evidence.currency, "gap")
    if lead.sd == 0:
        return f"{mean} in each of {counted(lead.n, 'replicate')}"
    if not lead.lower <= lead.upper:
        return mean
    low, high = (rounded(bound, evidence.metric.unit) for bound in (lead.lower, lead.upper))
    return f"{mean} ({percent(evidence.confidence)} interval {low} to {high})"


def _chance(probability: float) -> str:
    if probability != probability:
        return "a probability that so few replicates do not show"
    if probability > 0.999:
        return "a probability of more than 99.9 %"
    return f"a probability of {probability * 100:.1f} %"


def _listed(names: Sequence[str]) -> str:
    quoted = [f'"{name}"' for name in names]
    return " and ".join(quoted) if len(quoted) < 3 else ", ".join(quoted[:-1]) + " and " + quoted[-1]


def _remedy(n_needed: int | None) -> str:
    if n_needed is None:
        return "how many would settle it cannot be told"
    if n_needed > MOST_REPLICATES:
        return f"more than {MOST_REPLICATES:,} would be needed to settle it"
    return f"about {_rounded_up(n_needed)} would settle it"


def _rounded_up(number: int) -> str:
    unit = 10 ** max(0, len(str(number)) - 2)
    return f"{-(-number // unit) * unit:,}"


def reasons_of(
    evidence: Evidence, against: str, gains: Mapping[str, float], rivals: Sequence[str]
) -> tuple[str, ...]:
    """Return sentences on what the best strategy changes, through which source, at what spend and risk.

    Parameters
    ----------
    evidence : Evidence
        What the verdict rests on.
    against : str
        Strategy that the best one is explained against.
    gains : mapping
        Units sold beyond that strategy, by source of purchase.
    rivals : sequence of str
        Contenders beside the best strategy.
    """
    pairs, best, metric = evidence.pairs, evidence.pairs.best, evidence.metric
    reasons = []
    difference = evidence.to_baseline.get(best)
    if difference is not None and difference.n:
        amount = metric.describe(difference.mean, evidence.currency, "change")
        low, high = (rounded(bound, metric.unit) for bound in (difference.lower, difference.upper))
        interval = f" ({low} to {high})" if difference.lower < difference.upper else ""
        reasons.append(
            f'Against "{evidence.baseline}", "{best}" changes {called(metric)} by {amount}{interval}.'
        )
    lead = pairs.lead(best, pairs.runner_up)
    if not rivals and not lead.lower > 0:
        through = pairs.shown_better[pairs.runner_up][0]
        reasons.append(
            f'That "{best}" is better than "{pairs.runner_up}" is shown through "{through}", which lies between.'
        )
    elif not rivals and lead.lower < evidence.minimum_effect:
        least = metric.describe(evidence.minimum_effect, evidence.currency, "gap")
        reasons.append(f"Its lead may be smaller than the smallest effect that matters, {least}.")
    reasons += _open_sentences(evidence, rivals)
    reasons.append(_source_sentence(best, against, gains))
    reasons.append(_spend_sentence(evidence, best))
    reasons.append(_risk_sentence(evidence, best))
    if rivals and REFERENCE in (best, *rivals) and not _some_improves(evidence):
        does = "pays" if metric.name in PAYING else f"improves {called(metric)}"
        which = "any strategy compared" if evidence.is_subset else "any strategy"
        reasons.append(f"It is not shown that {which} {does}: doing nothing may be best.")
    return tuple(reasons)


def _open_sentences(evidence: Evidence, rivals: Sequence[str]) -> list[str]:
    """Return why a verdict is open although a mean or a probability seems to decide it."""
    pairs, best = evidence.pairs, evidence.pairs.best
    passed = pairs.order[: pairs.order.index(rivals[0])] if rivals else ()
    shown = [name for name in passed if name not in (best, *rivals)]
    sentences = []
    if shown:
        means = "have better means" if len(shown) > 1 else "has a better mean"
        varies = "vary" if len(shown) > 1 else "varies"
        sentences.append(
            f'{_listed(shown)} {means} than "{rivals[0]}", but {"are" if len(shown) > 1 else "is"} shown to be worse '
            f'than "{best}": what lies between them {varies} less from replicate to replicate.'
        )
    chance = evidence.risks[best].p_best_mean
    if rivals and chance > evidence.confidence:
        sentences.append(
            f'"{best}" is best with {_chance(chance)}, and the verdict is still open: that probability takes these '
            f"replicates as they are, while the intervals hold for all {len(pairs.differences) // 2} pairs of "
            "strategies together, so that they also allow for having picked the best by looking."
        )
    return sentences


def _some_improves(evidence: Evidence) -> bool:
    """Return whether any strategy is shown to do better than doing nothing."""
    if evidence.baseline != REFERENCE:
        return False
    is_higher = evidence.pairs.higher_is_better
    return any(gain.lower > 0 if is_higher else gain.upper < 0 for gain in evidence.to_baseline.values())


def _source_sentence(best: str, against: str, gains: Mapping[str, float]) -> str:
    total = sum(gains.values())
    largest = sorted(gains, key=lambda source: abs(gains[source]), reverse=True)
    told = [f"{source} {rounded(gains[source], sign=True)}" for source in largest[:3] if gains[source]]
    if not told:
        return f'"{best}" and "{against}" sell the same number of units through every source.'
    more = "more" if total >= 0 else "fewer"
    return (
        f'"{best}" sells {rounded(abs(total))} units {more} than "{against}", by last touch: {", ".join(told)}. '
        'The last touch is a label, not an effect: "simulator trace" shows, purchase by purchase, who had told whom.'
    )


def _spend_sentence(evidence: Evidence, best: str) -> str:
    spent = {kind: amount for kind, amount in evidence.budgets[best].by_kind.items() if amount > 0}
    if not spent:
        return f'With "{best}" the brand spends nothing.'
    largest = sorted(spent, key=lambda kind: spent[kind], reverse=True)
    told = ", ".join(f"{rounded(spent[kind])} on {kind}" for kind in largest)
    if len(spent) == 1:
        return f'With "{best}" the brand spends {rounded(sum(spent.values()))} {evidence.currency}, all on {largest[0]}.'
    return (
        f'With "{best}" the brand spends {rounded(sum(spent.values()))} {evidence.currency} in all: {told}.'
    )


def _risk_sentence(evidence: Evidence, best: str) -> str:
    risk, metric = evidence.risks[best], called(evidence.metric)
    tail = evidence.metric.describe(risk.conditional_value_at_risk, evidence.currency)
    opening = f'"{best}": '
    if best != evidence.baseline and not math.isnan(risk.p_worse_than_baseline):
        share = risk.p_worse_than_baseline
        often = f"{share * 100:.3g} % of replicates" if share else f"none of {counted(risk.n, 'replicate')}"
        opening = f'"{best}" does worse than "{evidence.baseline}" in {often}; '
    if risk.is_tail_one_replicate:
        where = f"in the worst of {counted(risk.n, 'replicate')}"
        return f"{opening}{metric} {where} is {tail}, too few to speak of a worst {percent(TAIL)}."
    n_tail = math.ceil(round(TAIL * risk.n, 9))
    where = f"in its worst {percent(TAIL)} ({n_tail:,} of {risk.n:,} replicates)"
    return f"{opening}{metric} {where} is {tail} on average."


def warnings_of(evidence: Evidence) -> tuple[str, ...]:
    """Return what limits a verdict: budgets that are not equal, undefined outcomes, a stopping rule."""
    warnings = [text for name, use in evidence.budgets.items() for text in _budget_warnings(name, use)]
    values = evidence.outcomes.of(evidence.metric.name)
    for s, name in enumerate(evidence.outcomes.strategies):
        missing = int(np.isnan(values[s]).sum())
        by_definition = name == REFERENCE and evidence.metric.name in INCREMENTAL
        if missing and not by_definition:
            warnings.append(
                f'{called(evidence.metric)} of "{name}" is undefined in {missing:,} of {values.shape[1]:,} '
                "replicates, which are left out of its differences."
            )
    if evidence.caveat:
        warnings.append(evidence.caveat)
    return tuple(warnings)


def warnings_of_constants(evidence: Evidence, rivals: Sequence[str]) -> tuple[str, ...]:
    """Return what is known of leads of the best strategy that were the same in every replicate."""
    warnings = []
    for name in rivals:
        lead = evidence.pairs.lead(evidence.pairs.best, name)
        if lead.sd == 0:
            most = largest_share_unseen(lead.n, evidence.confidence)
            warnings.append(
                f'"{evidence.pairs.best}" and "{name}" differ by the same amount in all {lead.n:,} replicates: '
                f"that leaves up to {most * 100:.2g} % of replicates in which they may not "
                f"({percent(evidence.confidence)} confidence), and by how much is unknown."
            )
    return tuple(warnings)


def _budget_warnings(name: str, use: BudgetUse) -> list[str]:
    warnings = []
    if use.budget > 0 and abs(use.imbalance) > LARGEST_IMBALANCE:
        why = f" ({use.note})" if use.note else ""
        warnings.append(
            f'"{name}" spent {_off(use.imbalance)} than its budget{why}: '
            "budgets are not equal, read its differences with care."
        )
    elif use.note:
        warnings.append(f'The budget of "{name}": {use.note}.')
    if abs(use.total_imbalance) > LARGEST_IMBALANCE and abs(use.total_imbalance - use.imbalance) > _ALIKE:
        warnings.append(
            f'With "{name}" the brand spends {_off(use.total_imbalance)} beyond its standing plan than the budget, '
            "because what the standing plan costs changes with what is sold: total spend is not equal, read its "
            "differences with care."
        )
    return warnings


def _off(imbalance: float) -> str:
    return f"{abs(imbalance) * 100:.3g} % {'more' if imbalance > 0 else 'less'}"
