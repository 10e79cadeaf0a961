"""Satisfaction, belief, habit and reviews after a purchase (ODD submodel *experience*)."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import rule
from simulator.model.mathematics import ONE, ZERO, F, logistic
from simulator.model.rules.search import belief_after_message, evidence_after_message

_WORST = F(-2.0)
_BEST = F(2.0)


@rule("f4(f4, f4, f4)")
def satisfaction(quality: Any, experience_sd: Any, z: Any) -> Any:
    """Return the satisfaction of one experience: quality + sigma_S z, cut to -2..2."""
    return min(max(quality + experience_sd * z, _WORST), _BEST)


@rule("f4(f4, f4, f4)")
def belief_after_experience(belief: Any, evidence: Any, satisfaction: Any) -> Any:
    """Return believed quality after an experience: (n E + S) / (n + 1) (Erdem & Keane 1996)."""
    return belief_after_message(belief, evidence, satisfaction, ONE)


@rule("f4(f4, f4)")
def evidence_after_experience(evidence: Any, evidence_limit: Any) -> Any:
    """Return the evidence behind a belief after an experience: min(n + 1, n_max)."""
    return evidence_after_message(evidence, ONE, evidence_limit)


@rule("f4(f4, f4, f4)")
def habit(habit_before: Any, habit_retention: Any, is_bought: Any) -> Any:
    """Return habit after a purchase occasion: r_L L + (1 - r_L) [bought] (Guadagni & Little 1983)."""
    return habit_retention * habit_before + (ONE - habit_retention) * is_bought


@rule("f4(f4, f4, f4)")
def review_probability(surprise: Any, review_intercept: Any, review_surprise: Any) -> Any:
    """Return the probability of writing a review: sigma(v_0 + v_1 |D|), rising with surprise either way."""
    return logistic(review_intercept + review_surprise * abs(surprise))


@rule("i8(f4, f8, f4)")
def reviews_written(probability: Any, people: Any, u: Any) -> Any:
    """Return how many of the people for whom a consumer stands write a review: their expected number, rounded.

    floor(people x probability + u), u uniform: one review with that probability where a consumer is one person,
    and hardly ever all or nothing where it is many, so that reviews weigh the same at any number of consumers.
    """
    return np.int64(np.floor(people * np.float64(probability) + np.float64(u)))


@rule("f4(f4, f4)")
def lifetime(mean_life: Any, u: Any) -> Any:
    """Return the life of a durable in steps: mean x (1/2 + u), uniform around the mean."""
    return mean_life * (F(0.5) + u)


@rule("f4(f4, f4)")
def surprise(satisfaction: Any, belief: Any) -> Any:
    """Return how an experience differs from what was expected: D = S - E (Oliver 1980)."""
    return satisfaction - belief


@rule("b1(f4)")
def is_promoter(satisfaction: Any) -> Any:
    """Return whether a buyer counts as a promoter: S >= 1."""
    return satisfaction >= ONE


@rule("b1(f4)")
def is_detractor(satisfaction: Any) -> Any:
    """Return whether a buyer counts as a detractor: S < 0."""
    return satisfaction < ZERO
