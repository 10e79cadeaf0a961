"""Brand communities (ODD submodel *community*).

Algesheimer, Dholakia & Herrmann (2005), The social influence of brand community.
"""

from __future__ import annotations

from typing import Any

from simulator.compiled import rule
from simulator.model.mathematics import ONE, F, exponential, logistic, mean_of_units


@rule("f4(f4, f4, f4, f4, f4)")
def join_probability(
    surprise: Any, member_neighbors: Any, join_intercept: Any, join_surprise: Any, join_neighbors: Any
) -> Any:
    """Return the probability that a buyer joins: sigma(j_0 + j_1 D + j_2 x neighbors in it)."""
    return logistic(join_intercept + join_surprise * surprise + join_neighbors * member_neighbors)


@rule("f4(f4, f4)")
def interaction_probability(sharing: Any, interaction_rate: Any) -> Any:
    """Return the probability that a member interacts in a step: 1 - exp(-i_0 s)."""
    return ONE - exponential(-(interaction_rate * sharing))


@rule("f4(f4, f4, f4, f4)")
def belonging(belonging_before: Any, belonging_retention: Any, belonging_gain: Any, interacts: Any) -> Any:
    """Return belonging after a step: r_B B + eta_B (1 - B) x [interacts], at most 1."""
    return min(
        belonging_retention * belonging_before + belonging_gain * (ONE - belonging_before) * interacts, ONE
    )


@rule("f4(f4, f4)")
def exit_probability(belonging: Any, community_exit: Any) -> Any:
    """Return the probability that a member leaves in a step: e_B (1 - B)."""
    return community_exit * (ONE - belonging)


@rule("f4(i8, i8)")
def mean_wish(total: Any, n_members: Any) -> Any:
    """Return one axis of the mean taste of members, whose sum is kept in units of 1/65536; n_members > 0."""
    return mean_of_units(total, n_members)


@rule("f4(f4, f4, f4)")
def redesigned(position: Any, wish: Any, co_design: Any) -> Any:
    """Return one axis of a product's position after a week of co-design: x + c (wish - x), never beyond the wish.

    Assumption: users who take part in design pull a product toward what they want themselves, be it what others
    want or not. (Fuchs & Schreier 2011, Customer empowerment in new product development, look at how such a
    company is seen, not at what it makes.)
    """
    return (ONE - co_design) * position + co_design * wish


@rule("f4(i4, i4)")
def group_odds(committed_neighbors: Any, size: Any) -> Any:
    """Return how likely a group is thought to be completed: how far it would be, min(1, (k + 1) / size).

    What one sees of a group is how many have signed up, k here being the committed neighbors, and people sign
    up the more readily the nearer a group is to its size (Wu, Shi & Hu 2015, Threshold effects in online
    group buying). A belief in the share of past groups that were completed would extinguish itself: the first
    groups of a launch lapse because few know the brand, hardly anybody would start another, and what has died
    out is never judged anew.
    """
    return min(ONE, F(committed_neighbors + 1) / F(max(size, 1)))


@rule("b1(i4, i4)")
def group_is_complete(committed_neighbors: Any, size: Any) -> Any:
    """Return whether a consumer and the committed neighbors make a group of the offered size."""
    return size > 0 and committed_neighbors + 1 >= size
