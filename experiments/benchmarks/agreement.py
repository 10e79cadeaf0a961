"""Does a baseline simulate the same market? Its totals must agree with the engine's within Monte Carlo error.

The random streams differ, so totals are compared over replicates: in every replicate both play in the same
world, the difference of a total is one observation, and a t test with a Bonferroni limit judges its mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from baselines.given import OBSERVED, Given
from scipy.stats import t as student

#: Probability that a correct baseline fails the check.
_FAMILY_ERROR = 1e-3


@dataclass(frozen=True)
class Agreement:
    """How a baseline's totals compare with the engine's.

    Parameters
    ----------
    name : str
        The baseline.
    n_replicates, n_totals : int
        Replicates compared; totals compared, each a series of a brand in half of the horizon.
    worst : float
        Largest t statistic.
    limit : float
        What a correct baseline exceeds with probability 0.001.
    where : str
        The total with the largest t statistic.
    difference : float
        Relative difference of that total.
    purchases, awareness : float
        Relative difference of all purchases, and of consumers aware, over brands and steps.
    """

    name: str
    n_replicates: int
    n_totals: int
    worst: float
    limit: float
    where: str
    difference: float
    purchases: float
    awareness: float

    @property
    def holds(self) -> bool:
        """Whether the totals agree."""
        return self.worst <= self.limit

    def __str__(self) -> str:
        verdict = "agrees" if self.holds else "DISAGREES"
        return (
            f"{self.name} {verdict}: largest t {self.worst:.1f} of {self.n_totals} totals over {self.n_replicates} "
            f"replicates (limit {self.limit:.1f}; {self.where} {self.difference:+.1%}); purchases "
            f"{self.purchases:+.2%}, awareness {self.awareness:+.2%}"
        )


@dataclass(frozen=True)
class SameBits:
    """Whether a baseline that draws what the engine draws has its bits.

    Parameters
    ----------
    name : str
        The baseline.
    n_replicates : int
        Replicates compared, each in all series, steps and brands.
    different : tuple of str
        Strategies and replicates in which some number differs.
    """

    name: str
    n_replicates: int
    different: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every number is the engine's."""
        return not self.different

    def __str__(self) -> str:
        if self.holds:
            return f"{self.name} agrees: the same bits in {len(OBSERVED)} series of {self.n_replicates} replicates"
        return f"{self.name} DISAGREES: other numbers in {', '.join(self.different)}"


def totals(observed: np.ndarray) -> np.ndarray:
    """Return observed series summed over each half of the horizon, float64 [half, brand, OBSERVED]."""
    middle = observed.shape[0] // 2
    return np.stack([observed[:middle].sum(axis=0), observed[middle:].sum(axis=0)])


def compare_totals(name: str, ours: np.ndarray, theirs: np.ndarray) -> Agreement:
    """Judge a baseline by its totals, both float64 [replicate, half, brand, OBSERVED]."""
    n = ours.shape[0]
    change = theirs - ours
    mean = change.mean(axis=0)
    error = change.std(axis=0, ddof=1) / np.sqrt(n)
    statistic = np.abs(mean) / np.where(error > 0, error, np.inf)
    statistic[(error == 0) & (mean != 0)] = np.inf
    half, brand, series = np.unravel_index(int(statistic.argmax()), statistic.shape)
    base = np.maximum(np.abs(ours.mean(axis=0)), 1e-9)

    def relative(name: str) -> float:
        position = OBSERVED.index(name)
        return float(change[..., position].sum() / ours[..., position].sum())

    return Agreement(
        name=name,
        n_replicates=n,
        n_totals=statistic.size,
        worst=float(statistic.max()),
        limit=float(student.isf(_FAMILY_ERROR / 2 / statistic.size, n - 1)),
        where=f"{OBSERVED[series]} of brand {brand + 1} in half {half + 1}",
        difference=float(mean[half, brand, series] / base[half, brand, series]),
        purchases=relative("purchases"),
        awareness=relative("aware"),
    )


def check(
    name: str,
    simulate: Callable[[Given, int], np.ndarray],
    worlds: Sequence[Given],
    ours: Sequence[np.ndarray],
) -> Agreement:
    """Run a baseline in the engine's worlds and compare.

    Parameters
    ----------
    name : str
        The baseline.
    simulate : callable
        Runs one replicate with a seed.
    worlds : sequence of Given
        One for each replicate.
    ours : sequence of ndarray
        What the engine observed in them, each float64 [step, brand, OBSERVED].
    """
    theirs = [simulate(given, 1000 + replicate) for replicate, given in enumerate(worlds)]
    return compare_totals(
        name,
        np.stack([totals(observed) for observed in ours[: len(worlds)]]),
        np.stack([totals(observed) for observed in theirs]),
    )
