"""Money in whole units (ODD submodel *ledger*)."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import rule
from simulator.model.mathematics import FRACTION

_SCALE = 10_000.0


@rule("i8(f8)")
def money(currency: Any) -> Any:
    """Return an amount in units of 1/10000 of the currency, rounded half up, so that sums are exact."""
    return np.int64(np.floor(np.float64(currency) * _SCALE + 0.5))


@rule("f4(f4, i8, i8, i8)")
def affordable_cut(price_cut: Any, money_left: Any, list_price: Any, units_last_step: Any) -> Any:
    """Return the price cut of a step, made smaller where it would cost more than the money left.

    The cut is decided at the start of a step, before anybody buys, and expected to be given on as many units as
    were sold in the last step: min(cut, left / (list price x units)).
    """
    if money_left <= 0:
        return np.float32(0.0)
    list_revenue = np.float64(list_price) * np.float64(units_last_step)
    if np.float64(price_cut) * list_revenue <= np.float64(money_left):
        return price_cut
    return np.float32(np.float64(money_left) / list_revenue)


@rule("i8(i8, i8, i8, i8)")
def group_places(money_left: Any, reserve: Any, committed_last: Any, reserved: Any) -> Any:
    """Return how many commitments to groups a brand accepts in a step: as many as the money left can pay for.

    ``money_left`` is what is neither spent nor ``reserved`` for open commitments. Where it pays for fewer than
    committed when groups were last offered, none are offered until the open commitments are settled.
    """
    if money_left <= 0:
        return np.int64(0)
    places = np.int64(money_left // max(reserve, 1))
    return places if places >= committed_last or reserved == 0 else np.int64(0)


@rule("i8(f8, f8)")
def cost_of(units: Any, unit_cost: Any) -> Any:
    """Return what units cost, in whole units of money."""
    return money(units * unit_cost)


@rule("i8(f8)")
def whole_units(quantity: Any) -> Any:
    """Return a quantity in whole units of 1/65536, rounded down, so that sums are exact."""
    return np.int64(np.floor(np.float64(quantity) * FRACTION))
