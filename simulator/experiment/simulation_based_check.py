"""Does a posterior sampler keep its promise? Ranks of known truths among its draws.

Draw a truth from the prior, simulate data from it, draw L values from the posterior given these data, and count how
many of them lie below the truth. If the sampler is right, that rank is uniform on 0 … L (Talts et al. 2018):
too narrow a posterior piles ranks up at both ends, too wide a one in the middle, a biased one at one end. Ranks alone
are blind to a sampler that ignores the data: the prior has uniform ranks too. Contraction, the share of the prior
variance that the draws lost, and the mean squared z-score of the truths, which should be near 1, are stated with them.

References
----------
Talts, S., Betancourt, M., Simpson, D., Vehtari, A. & Gelman, A. (2018). Validating Bayesian inference algorithms with
simulation-based calibration. arXiv:1804.06788.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
LEVELS = (0.5, 0.8, 0.9, 0.95)


@dataclass(frozen=True, eq=False)
class RankCheck:
    """Ranks of truths among posterior draws, and what follows from them.

    Parameters
    ----------
    names : tuple of str
        Parameters.
    ranks : ndarray of int64, shape (truth, parameter)
        0 to ``n_draws``.
    n_draws : int
        Draws among which each truth was ranked.
    n_bins : int
        Bins of the rank histogram.
    contraction : ndarray of float64, shape (parameter,)
        1 - (mean variance of the draws)/(variance of the truths): 0 if the sampler ignores the data.
    square_z : ndarray of float64, shape (parameter,)
        Mean of ((truth - mean of its draws)/(their sd))²; above 1 where the draws are too narrow or biased.
    """

    names: tuple[str, ...]
    ranks: NDArray[np.int64]
    n_draws: int
    n_bins: int
    contraction: Values
    square_z: Values

    @property
    def histogram(self) -> NDArray[np.int64]:
        """Truths per bin of ranks; shape (parameter, bin)."""
        position = self.ranks * self.n_bins // (self.n_draws + 1)
        return np.stack([np.bincount(column, minlength=self.n_bins) for column in position.T])

    @property
    def p_values(self) -> dict[str, float]:
        """By parameter, the chi-square test's p-value of uniform ranks; small: the sampler is wrong."""
        from scipy.special import chdtrc

        edges = np.arange(self.n_draws + 1) * self.n_bins // (self.n_draws + 1)
        expected = len(self.ranks) * np.bincount(edges, minlength=self.n_bins) / (self.n_draws + 1)
        statistic = ((self.histogram - expected) ** 2 / expected).sum(axis=1)
        return {
            name: float(chdtrc(self.n_bins - 1, value))
            for name, value in zip(self.names, statistic, strict=True)
        }

    @property
    def p_value(self) -> float:
        """Smallest p-value over parameters, corrected for their number (Bonferroni)."""
        return min(1.0, min(self.p_values.values()) * len(self.names))

    def coverage(self, level: float) -> dict[str, float]:
        """Return, by parameter, the share of truths within the central interval of a level.

        Parameters
        ----------
        level : float
            Nominal probability, between 0 and 1. The interval between the draws of order k and L + 1 - k holds a
            truth with probability (L + 1 - 2k)/(L + 1); k is chosen so that this is nearest to the level.
        """
        n = self.n_draws + 1
        cut = round((1 - level) / 2 * n)
        inside = (self.ranks >= cut) & (self.ranks < n - cut)
        return dict(zip(self.names, (float(share) for share in inside.mean(axis=0)), strict=True))

    def nominal(self, level: float) -> float:
        """Return the exact probability of the interval that :meth:`coverage` uses for a level."""
        n = self.n_draws + 1
        return (n - 2 * round((1 - level) / 2 * n)) / n

    def to_json_document(self) -> dict[str, object]:
        """Return ranks' histogram, tests and coverage as plain data."""
        return {
            "n_truths": len(self.ranks),
            "n_draws": self.n_draws,
            "histogram": dict(zip(self.names, self.histogram.tolist(), strict=True)),
            "p_values": self.p_values,
            "p_value": self.p_value,
            "contraction": dict(zip(self.names, self.contraction.tolist(), strict=True)),
            "square_z": dict(zip(self.names, self.square_z.tolist(), strict=True)),
            "coverage": {f"{self.nominal(level):.4g}": self.coverage(level) for level in LEVELS},
        }


def rank_check(
    names: tuple[str, ...],
    truths: Values,
    draws: Values,
    rng: np.random.Generator,
    n_bins: int | None = None,
) -> RankCheck:
    """Rank truths among posterior draws.

    Parameters
    ----------
    names : tuple of str
        Parameters.
    truths : ndarray of float64, shape (truth, parameter)
        Draws from the prior from which data were simulated.
    draws : ndarray of float64, shape (truth, draw, parameter)
        Independent, equally weighted posterior draws given these data.
    rng : numpy.random.Generator
        Breaks ties.
    n_bins : int, optional
        Bins of the histogram; about 20 truths in each if omitted.

    Returns
    -------
    RankCheck
        Ranks and their test.
    """
    below = (draws < truths[:, None, :]).sum(axis=1)
    ties = (draws == truths[:, None, :]).sum(axis=1)
    ranks = below + rng.integers(0, ties + 1)
    n_draws = draws.shape[1]
    if n_bins is None:
        n_bins = int(np.clip(len(truths) // 20, 4, 20))
    variance = draws.var(axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        contraction = 1 - variance.mean(axis=0) / truths.var(axis=0, ddof=1)
        square_z = ((truths - draws.mean(axis=1)) ** 2 / variance).mean(axis=0)
    return RankCheck(names, ranks.astype(np.int64), n_draws, min(n_bins, n_draws + 1), contraction, square_z)


def simulation_based_calibration(
    names: tuple[str, ...],
    draw_prior: Callable[[np.random.Generator], Values],
    simulate: Callable[[Values, np.random.Generator], Values],
    draw_posterior: Callable[[Values, int, np.random.Generator], Values],
    *,
    n_truths: int = 200,
    n_draws: int = 99,
    seed: int = 0,
) -> RankCheck:
    """Check any sampler on truths drawn from its prior.

    Parameters
    ----------
    names : tuple of str
        Parameters.
    draw_prior : callable
        From a generator to one truth, shape (parameter,).
    simulate : callable
        From a truth and a generator to data.
    draw_posterior : callable
        From data, a number of draws and a generator to draws, shape (draw, parameter).
    n_truths, n_draws : int
        Truths, and draws for each.
    seed : int
        Seed of all chance.

    Returns
    -------
    RankCheck
        Ranks and their test.
    """
    truths, draws = [], []
    for number in range(n_truths):
        rng = np.random.default_rng([seed, number])
        truths.append(draw_prior(rng))
        draws.append(draw_posterior(simulate(truths[-1], rng), n_draws, rng))
    return rank_check(names, np.stack(truths), np.stack(draws), np.random.default_rng([seed, n_truths]))
