"""A range of numbers at a path, whole numbers included: from a share of it to a value and back.

Factors of designs, priors of calibration and decisions of an optimizer all vary a number between two ends. Where only
whole numbers are taken, by themselves or because the path takes no others, those of the range are equally likely.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault
from simulator.scenario.schema.paths import takes_whole_numbers

Values = NDArray[np.float64]


@dataclass(frozen=True)
class NumberRange:
    """Numbers from one end to another, both included.

    Parameters
    ----------
    low, high : float
        Ends.
    is_whole : bool
        Whether only whole numbers are taken.

    Examples
    --------
    >>> NumberRange(0.5, 3.0, is_whole=True).uniform(0.99).item()
    3.0
    """

    low: float
    high: float
    is_whole: bool = False

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        if not self.is_whole or not np.isfinite([self.low, self.high]).all():
            return self.low, self.high
        return float(np.ceil(self.low)), float(np.floor(self.high))

    def uniform(self, share: Values | float) -> Values:
        """Return the value at a share of the range, 0 to 1; whole numbers have equal parts of it."""
        low, high = self.ends
        if self.is_whole:
            return np.minimum(low + np.floor(np.asarray(share) * (high - low + 1)), high)
        return np.clip(low + np.asarray(share) * (high - low), low, high)

    def log_uniform(self, share: Values | float) -> Values:
        """Return the value at a share of the range in logarithms, rounded where only whole numbers are taken."""
        low, high = np.log(self.low), np.log(self.high)
        value = np.exp(low + np.asarray(share) * (high - low))
        return np.clip(np.rint(value) if self.is_whole else value, *self.ends)

    def share_of(self, value: Values | float) -> Values:
        """Return the share at which :meth:`uniform` gives a value; for a whole number, the middle of its part."""
        low, high = self.ends
        if self.is_whole:
            return np.asarray((np.asarray(value) - low + 0.5) / (high - low + 1))
        return np.asarray((np.asarray(value) - low) / (high - low))

    def log_share_of(self, value: Values | float) -> Values:
        """Return the share at which :meth:`log_uniform` gives a value."""
        return np.asarray(np.log(np.asarray(value) / self.low) / np.log(self.high / self.low))

    def faults(self, place: str) -> list[Fault]:
        """Return what is wrong with the ends."""
        got = f"{self.low:g} to {self.high:g}"
        if not self.low < self.high:
            return [Fault(place, got, "a lower end below the upper end")]
        low, high = self.ends
        return [] if low < high else [Fault(place, got, "a range with at least two whole numbers")]


def is_whole_at(paths: Iterable[str], is_asked: bool = False) -> bool:
    """Return whether whole numbers are asked for, or one of the paths takes no others."""
    return is_asked or any(takes_whole_numbers(path) for path in paths)
