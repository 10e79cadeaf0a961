"""Invitations and their rewards (ODD submodel *referral*)."""

from __future__ import annotations

from typing import Any

from simulator.compiled import rule
from simulator.model.mathematics import ONE, ZERO, logistic


@rule("f4(f4, f4, f4, f4, f4, f4, f4)")
def invite_probability(
    surprise: Any,
    reward_sender: Any,
    reward_receiver: Any,
    reference_price: Any,
    invite_intercept: Any,
    invite_reward: Any,
    altruism: Any,
) -> Any:
    """Return the probability that a buyer invites friends; 0 for a disappointed one.

    sigma(r_0 + r_1 (reward to sender + altruism x reward to receiver) / p_ref)
    (Ryu & Feick 2007, A penny for your thoughts: Referral reward programs and referral likelihood).
    """
    reward = (reward_sender + altruism * reward_receiver) / reference_price
    return logistic(invite_intercept + invite_reward * reward) if surprise >= ZERO else ZERO


@rule("f4(f4, f4)")
def invitation_probability(invitations: Any, n_neighbors: Any) -> Any:
    """Return the probability that an inviter invites one given neighbor: min(1, invitations / degree)."""
    return min(ONE, invitations / max(n_neighbors, ONE))


@rule("b1(b1, b1)")
def takes_invitation(is_invited: Any, has_bought: Any) -> Any:
    """Return whether an invitation that arrives is kept: by whoever holds none and has never bought the brand.

    Rewards are for customers who are won; to others an invitation is talk.
    """
    return not is_invited and not has_bought


@rule("f4(f4, f4)")
def reward_for_receiver(reward_receiver: Any, price: Any) -> Any:
    """Return the reward that a buyer with an invitation gets, at most the price."""
    return min(reward_receiver, price)
