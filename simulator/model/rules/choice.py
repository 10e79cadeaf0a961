"""Prices and the choice among brands (ODD submodel *choice*)."""

from __future__ import annotations

from typing import Any

from simulator.compiled import rule
from simulator.model.mathematics import ONE, F, logarithm, squared_distance
from simulator.model.rules.referral import reward_for_receiver

_NINE = F(9.0)
_TEN_LOG = F(2.302585093)
_DAYS = F(7.0)


@rule("f4(f4, f4, f4, f4)")
def misfit(taste_x: Any, taste_y: Any, position_x: Any, position_y: Any) -> Any:
    """Return the squared distance between a taste and what the brand offers."""
    return squared_distance(taste_x, taste_y, position_x, position_y)


@rule("f4(f4, f4, f4)")
def offered_position(position: Any, profile: Any, tailoring: Any) -> Any:
    """Return one axis of what a tailoring brand offers: (1 - tau) x + tau profile."""
    return (ONE - tailoring) * position + tailoring * profile


@rule("f4(f4, f4, f4)")
def price_after(list_price: Any, price_cut: Any, coupon: Any) -> Any:
    """Return the price of a unit after a price cut and a coupon, in currency."""
    return list_price * (ONE - price_cut) * (ONE - coupon)


@rule("f4(f4, f4, f4)")
def price_term(price_sensitivity: Any, price: Any, reference_price: Any) -> Any:
    """Return the disutility of a price: beta_p (p / p_ref - 1)."""
    return price_sensitivity * (price / reference_price - ONE)


@rule("f4(f4, f4, f4, f4, f4, f4, f4)")
def product_utility(
    category_value: Any,
    quality_weight: Any,
    belief: Any,
    fit_weight: Any,
    distance: Any,
    delay: Any,
    friction: Any,
) -> Any:
    """Return what a product is worth apart from its price: V_0 + beta_q E - beta_f d^2 - delay - psi."""
    return category_value + quality_weight * belief - fit_weight * distance - delay - friction


@rule("f4(f4, f4, f4, f4, f4, f4, f4, f4)")
def relation_utility(
    goodwill_weight: Any,
    goodwill: Any,
    habit_weight: Any,
    habit: Any,
    trust_weight: Any,
    trust: Any,
    belonging_weight: Any,
    belonging: Any,
) -> Any:
    """Return what a relation is worth: beta_G ln(1 + G) + beta_L L + beta_U U + beta_B B.

    Guadagni & Little (1983), A logit model of brand choice calibrated on scanner data (habit).
    """
    return (
        goodwill_weight * logarithm(ONE + goodwill)
        + habit_weight * habit
        + trust_weight * trust
        + belonging_weight * belonging
    )


@rule("f4(f4, f4, f4)")
def expected_group_price(price: Any, group_discount: Any, odds: Any) -> Any:
    """Return what a unit is expected to cost whoever joins a group: price (1 - odds x discount).

    If the group fails, the consumer is left to pay the full price later.
    """
    return price * (ONE - odds * group_discount)


@rule("f4(f4, f4, f4)")
def group_discount(price: Any, price_at_commitment: Any, discount: Any) -> Any:
    """Return what a completed group takes off a unit's price: discount x min(price, price at commitment).

    The terms are those of the commitment, so that a later rise of the price promises nobody more.
    """
    return discount * min(price, price_at_commitment)


@rule("f4(f4, f4)")
def delay_term(delay_weight: Any, days: Any) -> Any:
    """Return the disutility of promised delivery days: beta_d x days."""
    return delay_weight * days


@rule("f4(f4, f4)")
def total(utility: Any, shock: Any) -> Any:
    """Return a utility with its Gumbel taste shock; the largest total is chosen."""
    return utility + shock


@rule("f4(f4, f4, f4)")
def delayed_total(utility: Any, delay_weight: Any, shock: Any) -> Any:
    """Return a utility that comes a week later, with its taste shock: V - 7 beta_d + shock."""
    return utility - delay_weight * _DAYS + shock


@rule("f4(f4, i4)")
def externality_benefit(share: Any, form: Any) -> Any:
    """Return h of an installed base: 0 (form 0), ln(1 + 9 share) / ln 10 (form 1) or share (form 2).

    All forms run from 0 to 1. Katz & Shapiro (1985), Network externalities, competition, and
    compatibility.
    """
    log_form = logarithm(ONE + _NINE * share) / _TEN_LOG
    return share * F(form == 2) + log_form * F(form == 1)


@rule("f4(f4, f4, f4, f4)")
def social_utility(externality_weight: Any, benefit: Any, social_weight: Any, share_of_neighbors: Any) -> Any:
    """Return what other adopters are worth: beta_N h(n) + beta_s x (share of neighbors adopting)."""
    return externality_weight * benefit + social_weight * share_of_neighbors


@rule("f4(f4, f4, f4)")
def worth(product: Any, relation: Any, social: Any) -> Any:
    """Return what a brand is worth before its price: product, relation and other adopters."""
    return product + relation + social


@rule("f4(f4, f4)")
def utility(worth: Any, price: Any) -> Any:
    """Return the utility of a brand against not buying, before the taste shock (McFadden 1974)."""
    return worth - price


@rule("b1(f4, f4, f4)")
def adopts_by_threshold(share_of_neighbors: Any, push: Any, threshold: Any) -> Any:
    """Return whether the share of adopting neighbors plus an advertising push reaches a threshold.

    Granovetter (1978), Threshold models of collective behavior.
    """
    return share_of_neighbors + push >= threshold


@rule("f4(f4, f4)")
def shifted_taste(taste: Any, shift: Any) -> Any:
    """Return one axis of a taste after a scheduled shift: theta + shift."""
    return taste + shift


@rule("f4(i8, i8)")
def share_of(part: Any, whole: Any) -> Any:
    """Return a share of neighbors or of all consumers: part / whole, 0 where there is nobody."""
    return F(part) / F(max(whole, 1))


@rule("f4(f4, f4)")
def price_after_reward(price: Any, reward_receiver: Any) -> Any:
    """Return what an invited consumer pays in the end, at least 0."""
    return price - reward_for_receiver(reward_receiver, price)
