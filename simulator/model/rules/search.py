"""Needs, consideration and review reading (ODD submodel *search*)."""

from __future__ import annotations

from typing import Any

from simulator.compiled import rule
from simulator.model.mathematics import ONE, exponential, mean_of_units


@rule("f4(f4, f4)")
def need_probability(need_rate: Any, season: Any) -> Any:
    """Return the probability that a need arises in a step: 1 - exp(-kappa x season)."""
    return ONE - exponential(-(need_rate * season))


@rule("b1(f4, f4, f4, f4, f4, f4, f4)")
def is_considered(
    u_recall: Any,
    memory: Any,
    weeks_since_visit: Any,
    visit_weeks: Any,
    u_online: Any,
    online_coverage: Any,
    online: Any,
) -> Any:
    """Return whether a shopper considers a brand: recalled, visited lately, or found online.

    {u < M} or {weeks since visit <= visit_weeks} or {u' < coverage x online}
    (Hauser & Wernerfelt 1990, An evaluation cost model of consideration sets).
    """
    return (u_recall < memory) or (weeks_since_visit <= visit_weeks) or (u_online < online_coverage * online)


@rule("b1(f4, f4, f4)")
def is_found_online(u_online: Any, online_coverage: Any, online: Any) -> Any:
    """Return whether a shopper comes across the brand online, which counts as a visit."""
    return u_online < online_coverage * online


@rule("b1(f4, f4, f4)")
def reads_reviews(u_reading: Any, reading_propensity: Any, online: Any) -> Any:
    """Return whether a shopper reads reviews: u < reading_propensity x online."""
    return u_reading < reading_propensity * online


@rule("f4(f4, f4, f4)")
def review_weight(count: Any, review_evidence: Any, review_half: Any) -> Any:
    """Return the evidence that public reviews carry: n_R c / (c + c_R), rising with their number c.

    Those count that have appeared since the consumer's latest reading: what was read is in the belief already
    (Zhao, Yang, Narayan & Zhao 2013, Modeling consumer learning from online product reviews).
    """
    return review_evidence * count / (count + review_half)


@rule("f4(f4, f4, f4, f4)")
def belief_after_message(belief: Any, evidence: Any, value_sum: Any, weight_sum: Any) -> Any:
    """Return believed quality after weighed messages: (n E + sum of w S) / (n + sum of w)."""
    return (evidence * belief + value_sum) / (evidence + weight_sum)


@rule("f4(f4, f4, f4)")
def evidence_after_message(evidence: Any, weight_sum: Any, evidence_limit: Any) -> Any:
    """Return the evidence behind a belief after messages: min(n + sum of w, n_max)."""
    return min(evidence + weight_sum, evidence_limit)


@rule("f4(i8, i8)")
def review_mean(total: Any, count: Any) -> Any:
    """Return the mean of public ratings, whose sum is kept in units of 1/65536; count > 0."""
    return mean_of_units(total, count)


@rule("f4(f4, f4, f4, f4)")
def belief_after_reviews(belief: Any, evidence: Any, review_mean: Any, review_weight: Any) -> Any:
    """Return believed quality after reading reviews: a message of their mean with their weight."""
    return belief_after_message(belief, evidence, review_mean * review_weight, review_weight)
