"""Numbers as people read them: rounded, with their unit."""

from __future__ import annotations

from typing import Literal

import numpy as np

from simulator.scenario.wording import counted as counted

Wording = Literal["value", "gap", "change"]
#: What is told of p-values below what is told in full.
SMALLEST_P = "< 0.001"


def describe_amount(value: float, unit: str, currency: str, how: Wording = "value") -> str:
    """Return an amount with its unit, rounded for reading: ``12,300 EUR``, ``4.2 %``, ``0.37``.

    Parameters
    ----------
    value : float
        Amount.
    unit : str
        As for metrics.
    currency : str
        Currency of amounts of money.
    how : {"value", "gap", "change"}
        A value; the size of a difference (of shares: in percentage points); a difference with its sign.
    """
    number = rounded(value, unit, sign=how == "change")
    if not np.isfinite(value):
        return number
    words = {"currency": currency, "step": "weeks", "ratio": ""}
    words["share"] = "%" if how == "value" else "percentage points"
    return f"{number} {words.get(unit, unit)}".rstrip()


def describe_probability(probability: float) -> str:
    """Return a probability with three digits; one that an estimate puts beyond them is not called certain.

    Examples
    --------
    >>> describe_probability(0.5), describe_probability(0.99996), describe_probability(float("nan"))
    ('0.500', '> 0.999', 'unknown')
    """
    if probability != probability:
        return "unknown"
    if probability > 0.999:
        return "> 0.999"
    return "< 0.001" if probability < 0.001 else f"{probability:.3f}"


def is_tiny(p_value: float) -> bool:
    """Return whether a p-value is below the smallest that is told."""
    return 0 <= p_value < 0.001


def describe_p_value(p_value: float) -> str:
    """Return a p-value as it stands in a sentence.

    Examples
    --------
    >>> describe_p_value(5e-39), describe_p_value(0.0123), describe_p_value(1.0)
    ('p < 0.001', 'p = 0.012', 'p = 1')
    """
    return f"p {SMALLEST_P}" if is_tiny(p_value) else f"p = {p_value:.2g}"


def percent(share: float) -> str:
    """Return a share in percent with as many digits as it has.

    Examples
    --------
    >>> percent(0.95), percent(0.975), percent(0.999)
    ('95 %', '97.5 %', '99.9 %')
    """
    return f"{share * 100:.6g} %"


def rounded(value: float, unit: str = "", *, sign: bool = False) -> str:
    """Return a number with about three significant digits and commas; a share in percent."""
    if not np.isfinite(value):
        return "undefined" if np.isnan(value) else "unbounded"
    number = value * 100 if unit == "share" else value
    magnitude = abs(number)
    if 0 < magnitude < 1e-4:
        return f"{number:{'+' if sign else ''}.2e}"
    is_whole = magnitude >= 100 or number == round(number)
    digits = 0 if is_whole else 2 - int(np.floor(np.log10(magnitude)))
    return f"{number:{'+' if sign else ''},.{digits}f}"
