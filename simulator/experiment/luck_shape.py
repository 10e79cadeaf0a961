r"""The shape of the luck in a difference: whether it is rare, and how rare.

Luck makes a difference large in a share p of the replicates: for one treatment, then the difference is skewed, or for
either one in a share p of its own, then it is symmetric where both have luck of the same size. With the skewness g and
the excess kurtosis k, k + 3 is about 1 / p in the one case, where g^2 is about k + 3 too, and 1 / (2 p) in the other,
where g is 0; so that

    p = (1 + abs(g) / sqrt(k + 3)) / (2 (k + 3))

is right in both, and between them. Other luck of the same replicates makes g and k smaller: luck then looks less rare
than it is.
"""

from __future__ import annotations

from typing import NamedTuple, Self

from simulator.experiment.sampling import Values
from simulator.outcomes.statistics import mean_and_sd, without_rounding

#: Skewness of a difference from which on its luck counts as rare; that of luck of one replicate in ten is 2.7.
SKEWED = 1.5
#: Excess kurtosis from which on it does; that of luck of one replicate in twenty on either side is 7. Of normal
#: differences one in 1,200 has the one or the other in 42 replicates, one in 250 in 20, and one in 60 to 90 in 7 to 12.
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
        """Share of replicates of luck of this shape, 0 to 1."""
        spread = max(1.0, self.kurtosis + 3)
        return (1 + min(1.0, abs(self.skewness) / spread**0.5)) / (2 * spread)

    @property
    def rarity(self) -> float:
        """By what shapes are ordered: rare luck by one replicate in how many has it, other luck below that."""
        return 1 / self.share if self.is_rare else min(self.strength, 0.99)

    @property
    def words(self) -> str:
        """The number that shows it, for people."""
        if abs(self.skewness) >= SKEWED:
            return f"a skewness of {self.skewness:.1f}"
        return f"an excess kurtosis of {self.kurtosis:.1f}"
