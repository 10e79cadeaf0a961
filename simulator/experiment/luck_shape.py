r"""The shape of the luck in a difference: whether it is rare, and how rare.

A difference that has one value in a share p of the replicates and another one else has the skewness
(1 - 2 p) / sqrt(p (1 - p)), whatever the values. Where both treatments have luck of the same size, each in replicates
of its own, their difference is symmetric and has none; it has the excess kurtosis 1 / (2 p) - 3 instead. Other luck of
the same replicates makes both smaller: luck then looks less rare than it is.
"""

from __future__ import annotations

from typing import NamedTuple, Self

from simulator.experiment.sampling import Values
from simulator.outcomes.statistics import mean_and_sd, without_rounding

#: Skewness of a difference from which on its luck counts as rare; that of luck of one replicate in ten is 2.7.
SKEWED = 1.5
#: Excess kurtosis from which on it does; that of luck of one replicate in twenty on either side is 7. Of differences
#: that are normal, fewer than one in a thousand have as much in 42 replicates.
HEAVY = 4.0


class LuckShape(NamedTuple):
    """Skewness and excess kurtosis of a difference over replicates; both 0 where it never varied."""

    skewness: float
    kurtosis: float

    @classmethod
    def of(cls, pair: Values) -> Self:
        """Return the shape of the difference of two rows.

        Parameters
        ----------
        pair : ndarray of float64, shape (2, replicate)
            Outcomes of two treatments in the same replicates.
        """
        from scipy.stats import kurtosis, skew

        gap = without_rounding(pair[0] - pair[1], pair)
        return cls(float(skew(gap)), float(kurtosis(gap))) if mean_and_sd(gap)[1] > 0 else cls(0.0, 0.0)

    @property
    def strength(self) -> float:
        """How far it goes towards luck that counts as rare: 1 and more where it does."""
        return max(abs(self.skewness) / SKEWED, self.kurtosis / HEAVY)

    @property
    def is_rare(self) -> bool:
        """Whether luck counts as rare."""
        return self.strength >= 1

    @property
    def share(self) -> float:
        """Share of replicates of luck of this shape, up to a half: by its skewness, or by its kurtosis if not skewed."""
        if abs(self.skewness) >= SKEWED or self.kurtosis < HEAVY:
            return 0.5 * (1 - abs(self.skewness) / (4 + self.skewness**2) ** 0.5)
        return 0.5 / (self.kurtosis + 3)

    @property
    def words(self) -> str:
        """The number that shows it, for people."""
        if abs(self.skewness) >= SKEWED:
            return f"a skewness of {self.skewness:.1f}"
        return f"an excess kurtosis of {self.kurtosis:.1f}"
