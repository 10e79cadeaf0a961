"""Talk on ties and what it carries (ODD submodel *word_of_mouth*)."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import rule
from simulator.model.mathematics import HALF, ONE, ZERO, F, exponential

_MOST_SURPRISE = F(2.0)
#: Whole units of a message's weight and value.
MESSAGE_SCALE = F(4096.0)


@rule("f4(f4, f4)")
def weighted_tie(p_tie: Any, weight: Any) -> Any:
    """Return the rate of talk on a tie of some weight: p_tie x w.

    With it a weight w turns the probability P of talk into 1 - (1 - P)^w, as w ties of weight 1 would.
    """
    return p_tie * weight


@rule("f4(f4, f4, f4, f4, f4)")
def talk_intensity(sharing: Any, surprise: Any, talk_base: Any, surprise_unit: Any, loss_factor: Any) -> Any:
    """Return how much a consumer talks: s (t_0 + min(|D| / t_1, 2) x t_2 where D < 0).

    Both signs of surprise raise talk, the bad one more (Anderson 1998, Customer satisfaction and word of
    mouth). Losses weigh more here and nowhere else.
    """
    loss = loss_factor if surprise < ZERO else ONE
    return sharing * (talk_base + min(abs(surprise) / surprise_unit, _MOST_SURPRISE) * loss)


@rule("f4(f4, f4)")
def talk_probability(p_tie: Any, intensity: Any) -> Any:
    """Return the probability of talk on one tie in one step: 1 - exp(-p_tie x intensity)."""
    return ONE - exponential(-(p_tie * intensity))


@rule("f4(f4, f4)")
def message_weight(credibility: Any, factor: Any) -> Any:
    """Return the evidence of one message against one own experience: credibility x factor / 2."""
    return HALF * credibility * factor


@rule("i4(f4)")
def weight_units(weight: Any) -> Any:
    """Return a message's weight in whole units of 1/4096, so that the order of senders does not matter."""
    return np.int32(np.floor(weight * MESSAGE_SCALE))


@rule("i4(f4, f4)")
def value_units(weight: Any, value: Any) -> Any:
    """Return a message's weight, in whole units of 1/4096, times its value, rounded to whole units."""
    return np.int32(np.floor(np.float64(weight_units(weight)) * np.float64(value) + 0.5))


@rule("f4(i4)")
def from_units(units: Any) -> Any:
    """Return the quantity that whole units of 1/4096 stand for."""
    return F(units) / MESSAGE_SCALE
