"""How a media line spreads its impressions: audiences and the rate that spends the plan.

Both engines call these functions on whole populations; they are the firms' part of a step (ODD submodel
*allocation*). Sums are whole numbers, so they do not depend on the order of consumers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import frame, rule
from simulator.model.campaigns import (
    CREATIVE_BRAND,
    CREATIVE_SEGMENT,
    EVERYONE,
    FIT,
    RANDOM,
    SEGMENT,
    VISITORS,
)
from simulator.model.mathematics import ZERO, F
from simulator.model.rules.precision import fit_weight, visitor_weight

_WEIGHT_SCALE = 68_719_476_736.0
_LEAST_WEIGHT = F(9.5367431640625e-07)


@rule("f4(i4, f4, f4, f4, u1, f4, f4, f4, f4, f4, f4, f4)")
def audience_weight(
    audience: Any,
    reach: Any,
    u: Any,
    audience_share: Any,
    in_segment: Any,
    profile_x: Any,
    profile_y: Any,
    brand_x: Any,
    brand_y: Any,
    sharpness: Any,
    weeks_since_visit: Any,
    retarget_weeks: Any,
) -> Any:
    """Return a consumer's weight in a line's audience: reach times what the audience rule gives.

    everyone 1; random [u < audience_share]; segment [cell chosen]; fit exp(-sharpness d^2 / 2) with the
    estimated taste; visitors [weeks since visit <= retarget_weeks]. Whose fit would leave less than 2^-20 is not
    in the audience.
    """
    if audience == EVERYONE:
        return reach
    if audience == RANDOM:
        return reach if u < audience_share else ZERO
    if audience == SEGMENT:
        return reach * F(in_segment)
    if audience == FIT:
        weight = reach * fit_weight(profile_x, profile_y, brand_x, brand_y, sharpness)
        return weight if weight >= _LEAST_WEIGHT else ZERO
    return reach * visitor_weight(weeks_since_visit, retarget_weeks)


@rule("f4(i4, f4, f4, f4)")
def creative_position(creative: Any, brand: Any, cell: Any, profile: Any) -> Any:
    """Return one axis of the taste that an advertisement addresses: the brand's, the cell's or the profile's."""
    if creative == CREATIVE_BRAND:
        return brand
    if creative == CREATIVE_SEGMENT:
        return cell
    return profile


@frame
def impression_rate(weights: Any, cap: Any, impressions: Any) -> Any:
    """Return the rate at which a line's impressions are spread over its audience.

    Consumer i gets min(cap, rate x weight_i). What the cap refuses goes to the rest of the audience.

    Parameters
    ----------
    weights : float32 [blocks, lanes]
        Audience weights of all consumers, at least 0; padding has weight 0.
    cap : float32
        Most expected impressions of a consumer in a step.
    impressions : float
        Impressions to be spread.

    Returns
    -------
    rate : float32
        0 where there is no audience or nothing to spread.
    delivered : float
        Impressions that found a place, at most ``impressions``.
    """
    total = np.int64(0)
    largest_bits = np.int32(0)
    for b in range(weights.shape[0]):
        for k in range(weights.shape[1]):
            total += np.int64(np.floor(np.float64(weights[b, k]) * _WEIGHT_SCALE))
            # numbers of at least 0 are ordered as their bits are; a maximum of integers is vectorized
            largest_bits = np.int32(max(largest_bits, F(weights[b, k]).view(np.int32)))
    largest = np.int32(largest_bits).view(np.float32)
    if total == 0 or impressions <= 0.0:
        return ZERO, 0.0
    rate = impressions / (np.float64(total) / _WEIGHT_SCALE)
    if rate * np.float64(largest) <= np.float64(cap):
        return F(rate), impressions
    n_before = np.int64(-1)
    n_capped = np.int64(0)
    while n_capped > n_before:
        n_before = n_capped
        n_capped = np.int64(0)
        rest = np.int64(0)
        n_audience = np.int64(0)
        for b in range(weights.shape[0]):
            for k in range(weights.shape[1]):
                weight = np.float64(weights[b, k])
                is_capped = weight * rate >= np.float64(cap)
                n_audience += np.int64(weight > 0.0)
                n_capped += np.int64(is_capped)
                rest += np.int64(0) if is_capped else np.int64(np.floor(weight * _WEIGHT_SCALE))
        if rest == 0 or n_capped == n_audience:
            return F(rate), min(impressions, np.float64(cap) * np.float64(n_audience))
        rate = max(
            0.0, (impressions - np.float64(cap) * np.float64(n_capped)) / (np.float64(rest) / _WEIGHT_SCALE)
        )
    return F(rate), impressions


@rule("b1(i4, b1, i4, i4)")
def weights_are_due(audience: Any, is_first: Any, step: Any, refit_weeks: Any) -> Any:
    """Return whether a line's audience weights are computed anew at a step.

    Fixed audiences at the first step and after a shift of tastes (``is_first``); fitted ones every
    ``refit_weeks``; visitors at every step.
    """
    return is_first or audience == VISITORS or (audience == FIT and step % refit_weeks == 0)


@rule("b1(i4, b1, i4, i4)")
def relevance_is_due(creative: Any, is_first: Any, step: Any, refit_weeks: Any) -> Any:
    """Return whether a line's relevance is computed anew: personal creatives every ``refit_weeks``."""
    return is_first or (creative > CREATIVE_SEGMENT and step % refit_weeks == 0)
