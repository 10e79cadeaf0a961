r"""Comparisons that hold together although the eye goes to the largest: with the best, and with a control.

Comparison with the best (Hsu). For every strategy i, an interval for its mean minus the best of the other
means; all of them hold together. Let w_ij be the one-sided half-width of the difference of i and j when i is
compared with all others (Dunnett; Bonferroni's with few replicates, for the reasons given in
:mod:`simulator.outcomes.differences`). With U_i = min over j of (m_i - m_j + w_ij), the upper limit is max(0, U_i);
with G the strategies whose upper limit is above zero, the lower limit is 0 if G is i alone, and otherwise
min(0, min over j in G of (m_i - m_j - w_ij)). An upper limit of zero says that the strategy is not the best, a
lower limit of zero that it is.

Screening (Nelson et al.). A strategy stays when no other one leads it by more than its half-width beyond the
indifference zone; those that stay contain the best with the stated probability.

A difference that never varied has no spread, and tells something only where enough replicates agree: its p-value is
that of the sign test, 2 (1/2)^n, and with fewer replicates than
:func:`~simulator.outcomes.statistics.fewest_alike` it has no half-width, so that nobody is left out for it.

References
----------
Edwards, D. G. & Hsu, J. C. (1983). Multiple comparisons with the best treatment. Journal of the American
Statistical Association 78, 965-971.
Hsu, J. C. (1996). Multiple Comparisons. Chapman & Hall.
Nelson, B. L., Swann, J., Goldsman, D. & Song, W. (2001). Simple procedures for selecting the best simulated
system when the number of alternatives is large. Operations Research 49, 950-963.
Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6,
65-70.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulator.outcomes.differences import FEW
from simulator.outcomes.multivariate_t import Values, quantile_of_largest
from simulator.outcomes.statistics import fewest_alike, without_rounding


class ToBest(NamedTuple):
    """A strategy's mean minus the best of the other means, larger being better; an unknown limit is NaN."""

    mean: float
    lower: float
    upper: float


def compare_with_best(outcomes: Values, confidence: float = 0.95) -> list[ToBest]:
    """Compare every strategy with the best of the others; the intervals hold together.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (strategy, replicate)
        Paired outcomes without gaps, larger is better; at least two strategies and two replicates.
    confidence : float
        Joint confidence.

    Returns
    -------
    list of ToBest
        By strategy.
    """
    k = len(outcomes)
    means = outcomes.mean(axis=1)
    leads = means[:, None] - means[None, :]
    half = np.stack([_one_sided_half_widths(outcomes, i, confidence) for i in range(k)])
    others = ~np.eye(k, dtype=bool)
    upper = np.array([max(0.0, float((leads[i] + half[i])[others[i]].min())) for i in range(k)])
    candidates = np.flatnonzero(upper > 0)
    result = []
    for i in range(k):
        rivals = [j for j in candidates if j != i]
        lower = min((float(leads[i, j] - half[i, j]) for j in rivals), default=0.0)
        limits = (min(0.0, lower), float(upper[i]))
        known = (limit if np.isfinite(limit) else float("nan") for limit in limits)
        result.append(ToBest(float(leads[i][others[i]].min()), *known))
    return result


def screen(
    outcomes: Values, confidence: float = 0.95, indifference: float = 0.0, fewest: int | None = None
) -> list[int]:
    """Return the strategies that may be the best; they contain it with the stated probability.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (strategy, replicate)
        Paired outcomes without gaps, larger is better; at least two replicates, whose number was fixed
        beforehand.
    confidence : float
        Probability that the best is among them.
    indifference : float
        If above zero, the best need only be among them when it leads by at least this much.
    fewest : int, optional
        Replicates that must agree before a difference that never varied counts; by default those of the sign test.

    Returns
    -------
    list of int
        Positions, from the best mean to the worst.
    """
    from scipy.special import stdtrit

    k, n = outcomes.shape
    means = outcomes.mean(axis=1)
    t = float(stdtrit(n - 1, 1 - (1 - confidence) / max(k - 1, 1)))
    spread = np.stack([_differences(outcomes, i).std(axis=1, ddof=1) for i in range(k)])
    slack = np.maximum(t * spread / n**0.5 - indifference, 0.0)
    if n < (fewest_alike(k - 1, confidence) if fewest is None else fewest):
        slack[spread == 0] = np.inf
    stays = (means[:, None] >= means[None, :] - slack).all(axis=1)
    return [int(i) for i in np.argsort(-means, kind="stable") if stays[i]]


def paired_p_values(outcomes: Values, control: int) -> Values:
    """Return two-sided p-values of Student's paired test of every strategy against a control.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (strategy, replicate)
        Paired outcomes without gaps, at least two replicates.
    control : int
        Position of the strategy compared with.

    Returns
    -------
    ndarray of float64, shape (strategy,)
        NaN for the control itself; 1 for a strategy with the control's very outcomes; the sign test's for one
        whose difference never varied.
    """
    from scipy.special import stdtr

    n = outcomes.shape[1]
    differences = -_differences(outcomes, control)
    means, spread = differences.mean(axis=1), differences.std(axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stdtr(n - 1, -np.abs(means) / (spread / n**0.5))
    p[spread == 0] = np.where(means[spread == 0] == 0, 1.0, min(1.0, 2 * 0.5**n))
    p[control] = np.nan
    return np.asarray(p)


def holm(p_values: Sequence[float] | Values) -> Values:
    """Return p-values adjusted so that the chance of any false rejection stays below the level.

    Parameters
    ----------
    p_values : sequence of float
        Of one family of tests; NaN stays NaN and does not count.

    Returns
    -------
    ndarray of float64
        Adjusted, in the same order.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(given.shape, np.nan)
    known = np.flatnonzero(~np.isnan(given))
    order = known[np.argsort(given[known], kind="stable")]
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(given[order] * factors), 1.0)
    return adjusted


def _one_sided_half_widths(outcomes: Values, i: int, confidence: float) -> Values:
    """Return half-widths of the differences of one strategy and each other, one-sided and joint.

    Infinite for a difference that never varied in too few replicates to be told from chance.
    """
    from scipy.special import stdtrit

    k, n = outcomes.shape
    differences = _differences(outcomes, i)
    spread = differences.std(axis=1, ddof=1)
    varying = [j for j in range(k) if j != i and spread[j] > 0]
    half = np.full(k, np.inf if n < fewest_alike(k - 1, confidence) else 0.0)
    half[i] = 0.0
    if not varying:
        return half
    single = float(stdtrit(n - 1, confidence))
    bonferroni = float(stdtrit(n - 1, 1 - (1 - confidence) / len(varying)))
    critical = bonferroni
    if len(varying) > 1 and n >= FEW:
        rows = differences[varying] - differences[varying].mean(axis=1, keepdims=True)
        rows /= np.sqrt((rows**2).sum(axis=1, keepdims=True))
        found = quantile_of_largest(rows @ rows.T, n - 1, confidence, is_absolute=False)
        critical = min(max(found, single), bonferroni)
    half[varying] = critical * spread[varying] / n**0.5
    return half


def _differences(outcomes: Values, i: int) -> Values:
    """Return one strategy's outcomes minus each other's; what varies by rounding alone does not vary."""
    return np.stack([without_rounding(outcomes[i] - row, np.stack([outcomes[i], row])) for row in outcomes])
