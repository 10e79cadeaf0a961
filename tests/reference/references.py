"""Slow, obvious re-implementations of what the model computes quickly."""

from __future__ import annotations

import numpy as np

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)


def philox4x32(counter: tuple[int, ...], key: tuple[int, ...], n_rounds: int = 10) -> tuple[int, ...]:
    """Return four random words, with Python's unbounded whole numbers (Salmon et al. 2011, section 4.3)."""
    left, right, c, d = counter
    key0, key1 = key
    for _ in range(n_rounds):
        product0, product1 = _MULTIPLIERS[0] * left, _MULTIPLIERS[1] * c
        left, right, c, d = (
            (product1 >> 32) ^ right ^ key0,
            product1 & 0xFFFFFFFF,
            (product0 >> 32) ^ d ^ key1,
            product0 & 0xFFFFFFFF,
        )
        key0, key1 = (key0 + _WEYL[0]) & 0xFFFFFFFF, (key1 + _WEYL[1]) & 0xFFFFFFFF
    return left, right, c, d


def water_level(weights: np.ndarray, cap: float, amount: float) -> float:
    """Return the rate at which consumers, each filled to min(cap, rate x weight), take up an amount.

    By bisection; infinite where all are full before the amount is used up.
    """
    if cap * (weights > 0).sum() <= amount:
        return np.inf
    low, high = 0.0, cap / weights[weights > 0].min()
    for _ in range(200):
        middle = (low + high) / 2
        if np.minimum(cap, middle * weights).sum() < amount:
            low = middle
        else:
            high = middle
    return low


def logit_shares(utilities: np.ndarray) -> np.ndarray:
    """Return multinomial logit shares, the outside option with utility 0 last."""
    e = np.exp(np.append(utilities, 0.0))
    return e / e.sum()


def adopters_on_the_complete_graph(
    n: int, external: float, internal: float, n_steps: int, n_first: int = 0
) -> np.ndarray:
    """Return the exact distribution of the number of adopters after each step, float64 [n_steps + 1, n + 1].

    Everyone who has not adopted does so with probability 1 - (1 - p)(1 - q)^A when A have adopted before,
    independently of the others (Goldenberg, Libai & Muller 2001).
    """
    from scipy.stats import binom

    law = np.zeros((n_steps + 1, n + 1))
    law[0, n_first] = 1.0
    for t in range(n_steps):
        for a in np.nonzero(law[t] > 1e-300)[0]:
            hazard = 1 - (1 - external) * (1 - internal) ** a
            law[t + 1, a:] += law[t, a] * binom.pmf(np.arange(n - a + 1), n - a, hazard)
    return law


def crowd(thresholds: np.ndarray, n_steps: int) -> list[int]:
    """Return how many have joined a crowd after each step: whoever's threshold is reached joins.

    Thresholds are numbers of others who have joined (Granovetter 1978).
    """
    joined = np.zeros(thresholds.size, bool)
    sizes = []
    for _ in range(n_steps):
        joined = joined | (joined.sum() - joined >= thresholds)
        sizes.append(int(joined.sum()))
    return sizes


def chosen_seeds(rule: str, degree: np.ndarray, priority: np.ndarray, count: int) -> list[int]:
    """Return whom a campaign seeds, by sorting everybody."""
    rank = {"random": 0 * degree, "degree": -degree, "low_degree": degree}[rule]
    order = sorted(range(degree.size), key=lambda i: (rank[i], priority[i], i))
    return sorted(order[:count])
