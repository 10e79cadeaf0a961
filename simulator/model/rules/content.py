"""Content: following, viewing, sharing and trust (ODD submodel *content*).

Berger & Milkman (2012), What makes online content viral?
"""

from __future__ import annotations

from typing import Any

from simulator.compiled import rule
from simulator.model.mathematics import HALF, ONE, ZERO, exponential, logarithm, logistic


@rule("f4(f4, f4, f4)")
def piece_value(value: Any, piece_value_sd: Any, z: Any) -> Any:
    """Return the practical value of one piece: mean + sigma_v z, in standard deviations of value."""
    return value + piece_value_sd * z


@rule("f4(f4, f4)")
def piece_appeal(piece_appeal_sd: Any, z: Any) -> Any:
    """Return what else makes a piece be passed on, in logits: sigma_a z - sigma_a^2 / 2.

    Surprise, mood or luck of the day, apart from practical value. While few pass a piece on, its odds are e^a as
    large, whose mean is 1: appeal spreads reshares and does not raise them (Goel, Anderson, Hofman & Watts 2016,
    The structural virality of online diffusion, on how unequal pieces are).
    """
    return piece_appeal_sd * z - HALF * piece_appeal_sd * piece_appeal_sd


@rule("f4(f4, f4)")
def view_probability(follower_attention: Any, n_pieces: Any) -> Any:
    """Return the probability that a follower sees at least one of a week's pieces: 1 - (1 - p)^n."""
    return ONE - exponential(n_pieces * logarithm(ONE - follower_attention))


@rule("f4(f4, f4, f4, f4, f4, f4, f4)")
def share_probability(
    sharing: Any,
    value: Any,
    appeal: Any,
    promotion: Any,
    share_intercept: Any,
    share_value: Any,
    share_promotion: Any,
) -> Any:
    """Return the probability that a viewer passes a piece on: 1 - exp(-s sigma(c_0 + c_1 v + a - c_2 z))."""
    propensity = share_intercept + share_value * value + appeal - share_promotion * promotion
    return ONE - exponential(-(sharing * logistic(propensity)))


@rule("f4(f4, f4, f4, f4, f4)")
def follow_probability(
    value: Any, promotion: Any, follow_intercept: Any, follow_value: Any, share_promotion: Any
) -> Any:
    """Return the probability that a viewer starts to follow: sigma(f_0 + f_1 v - c_2 z)."""
    return logistic(follow_intercept + follow_value * value - share_promotion * promotion)


@rule("f4(f4, f4, f4, f4, f4)")
def unfollow_probability(
    value: Any, promotion: Any, unfollow_intercept: Any, follow_value: Any, share_promotion: Any
) -> Any:
    """Return the probability that a follower who sees a piece stops following: sigma(f_2 - f_1 v + c_2 z)."""
    return logistic(unfollow_intercept - follow_value * value + share_promotion * promotion)


@rule("f4(f4, f4, f4)")
def trust_after_content(trust: Any, value: Any, trust_gain: Any) -> Any:
    """Return trust after a piece: U + eta_U v (1 - U); a piece without value adds nothing."""
    return trust + min(trust_gain * max(value, ZERO), ONE) * (ONE - trust)


@rule("f4(f4, f4, f4)")
def trust_after_week(trust: Any, initial_trust: Any, trust_decay: Any) -> Any:
    """Return trust after a week: U - delta_U (U - U_0)."""
    return trust - trust_decay * (trust - initial_trust)
