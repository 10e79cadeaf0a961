"""Exposure, attention, fatigue, goodwill and memory (ODD submodel *attention*)."""

from __future__ import annotations

from typing import Any

from simulator.compiled import rule
from simulator.model.mathematics import HALF, ONE, ZERO, F, exponential, logarithm, squared_distance

_CERTAIN = F(0.999999)


@rule("f4(f4, f4, f4, f4)")
def relevance(taste_x: Any, taste_y: Any, ad_x: Any, ad_y: Any) -> Any:
    """Return how well an advertisement's position suits a taste: exp(-|taste - ad|^2 / 2), in (0, 1]."""
    return exponential(-HALF * squared_distance(taste_x, taste_y, ad_x, ad_y))


@rule("f4(f4, f4, f4)")
def expected_impressions(rate: Any, audience_weight: Any, cap: Any) -> Any:
    """Return a consumer's expected impressions of a line in a step: rate times weight, at most the cap."""
    return min(rate * audience_weight, cap)


@rule("f4(f4, f4)")
def clutter_factor(impressions: Any, clutter_half: Any) -> Any:
    """Return what is left of attention among all brands' impressions: 1 / (1 + X / H), in (0, 1].

    Danaher, Bonfrer & Dhar (2008), The effect of competitive advertising
    interference on sales for packaged goods.
    """
    return ONE / (ONE + impressions / clutter_half)


@rule("f4(f4, f4)")
def fatigue_factor(fatigue: Any, wear_out: Any) -> Any:
    """Return what fatigue leaves of attention: exp(-wear_out x fatigue), in (0, 1].

    Naik, Mantrala & Sawyer (1998), Planning media schedules in the presence of dynamic advertising quality.
    """
    return exponential(-wear_out * fatigue)


@rule("f4(f4, f4, f4, f4, f4)")
def notice_probability(impressions: Any, attention: Any, fit: Any, fresh: Any, clear: Any) -> Any:
    """Return the probability of noticing a line in a step.

    1 - exp(-x nu r e^(-phi W) / (1 + X / H)): ``impressions`` x, the channel's ``attention`` nu, relevance
    ``fit`` r, fatigue factor ``fresh``, clutter factor ``clear``.
    """
    return ONE - exponential(-(impressions * attention * fit * fresh * clear))


@rule("f4(f4, f4, f4)")
def fatigue(fatigue_before: Any, fatigue_carryover: Any, impressions: Any) -> Any:
    """Return fatigue after a step: rho_W W + x."""
    return fatigue_carryover * fatigue_before + impressions


@rule("f4(f4, f4, f4)")
def goodwill(goodwill_before: Any, goodwill_carryover: Any, noticed: Any) -> Any:
    """Return goodwill after a step: lambda G + noticed (Nerlove & Arrow 1962, Optimal advertising policy)."""
    return goodwill_carryover * goodwill_before + noticed


@rule("f4(f4)")
def log_remainder(gain: Any) -> Any:
    """Return ln(1 - gain), with which :func:`memory` raises 1 - gain to a power."""
    return logarithm(ONE - min(gain, _CERTAIN))


@rule("f4(f4, f4, f4)")
def memory_after_contacts(memory_before: Any, contacts: Any, log_contact: Any) -> Any:
    """Return memory after last step's contacts: 1 - (1 - M) (1 - a_w)^contacts.

    The power is taken from ``log_contact`` = ln(1 - a_w).
    """
    return ONE - (ONE - memory_before) * exponential(contacts * log_contact)


@rule("f4(f4, f4, f4, f4)")
def memory(memory_before: Any, memory_retention: Any, noticed: Any, log_ad: Any) -> Any:
    """Return memory after a week of forgetting and advertisements: 1 - (1 - delta_M M) (1 - a_ad)^noticed.

    The power is taken from ``log_ad`` = ln(1 - a_ad).
    """
    return memory_after_contacts(memory_retention * memory_before, noticed, log_ad)


@rule("f4(f4, f4)")
def reinforced(memory_before: Any, gain: Any) -> Any:
    """Return memory after one piece of content or interaction: 1 - (1 - M) (1 - gain)."""
    return ONE - (ONE - memory_before) * (ONE - gain)


@rule("f4(f4, f4)")
def is_below(value: Any, limit: Any) -> Any:
    """Return 1 where value < limit, else 0: an event of probability ``limit``."""
    return ONE if value < limit else ZERO


@rule("f4(f4, f4)")
def impressions_together(impressions: Any, more: Any) -> Any:
    """Return the impressions of one more line on top of those of others: X + x."""
    return impressions + more


@rule("f4(f4, f4)")
def wasted_impressions(impressions: Any, fit: Any) -> Any:
    """Return the part of impressions that does not suit the consumer: x (1 - r)."""
    return impressions * (ONE - fit)


@rule("b1(f4)")
def is_aware(memory: Any) -> Any:
    """Return whether a consumer counts as aware of a brand: M >= 1/2."""
    return memory >= HALF
