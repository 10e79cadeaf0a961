"""What a brand learns about consumers and does with it (ODD submodel *precision*)."""

from __future__ import annotations

from typing import Any

from simulator.compiled import rule
from simulator.model.mathematics import HALF, ONE, ZERO, exponential, logistic, squared_distance


@rule("f4(f4, f4, f4, f4, f4)")
def fit_weight(profile_x: Any, profile_y: Any, brand_x: Any, brand_y: Any, sharpness: Any) -> Any:
    """Return the weight of a consumer in an audience picked by estimated fit.

    exp(-sharpness |profile - brand|^2 / 2): the estimated, not the true, taste decides.
    """
    return exponential(-HALF * sharpness * squared_distance(profile_x, profile_y, brand_x, brand_y))


@rule("f4(f4, f4)")
def visitor_weight(weeks_since_visit: Any, retarget_weeks: Any) -> Any:
    """Return 1 for a consumer whose latest visit is at most ``retarget_weeks`` ago, else 0."""
    return ONE if weeks_since_visit <= retarget_weeks else ZERO


@rule("f4(f4, f4)")
def click_probability(utility: Any, click_intercept: Any) -> Any:
    """Return the probability that a noticed advertisement is clicked: sigma(c_0 + V)."""
    return logistic(click_intercept + utility)


@rule("f4(f4, f4, f4)")
def profile(estimate: Any, signal: Any, evidence: Any) -> Any:
    """Return one axis of a profile after an observed event: estimate + (signal - estimate) / (1 + n)."""
    return estimate + (signal - estimate) / (ONE + evidence)


@rule("f4(f4, f4)")
def profile_evidence(evidence: Any, profile_retention: Any) -> Any:
    """Return the evidence behind a profile after an event: f n + 1, so that old events fade."""
    return profile_retention * evidence + ONE


@rule("f4(f4, f4, f4)")
def signal(taste: Any, profile_noise: Any, z: Any) -> Any:
    """Return what one event shows of a taste: taste + sigma_profile z."""
    return taste + profile_noise * z
