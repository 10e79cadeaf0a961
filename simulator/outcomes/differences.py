"""Paired differences between strategies, with confidence intervals that hold together.

Every strategy is simulated in the same worlds, so differences are paired by replicate. Let d be the
differences of one pair of strategies in n replicates, with mean m and standard deviation s. The statistic
t = (m - true difference) / (s / sqrt n) follows Student's law with n - 1 degrees of freedom. Intervals of
several pairs hold together when each is m -+ c s / sqrt n, where c is the quantile of the largest |t| over
the pairs. The |t| are jointly a multivariate t with the correlation of the differences, which is estimated,
and c is found by quasi-Monte Carlo over a fixed point set: the same outcomes always give the same intervals.
c lies between Student's quantile (one pair) and Bonferroni's (any dependence) and is held there. With few
replicates that c is too small, because the correlation is itself estimated and each pair has a deviation of its
own: the intervals of all pairs of eight strategies, meant to hold together at 95 %, did so in 89 % of 2,000 made-up
worlds with 10 replicates, 93 % with 30 and 94 % with 60. Below FEW replicates c is therefore Bonferroni's, which
holds for any dependence and costs about 3 % of width.

A difference that was the same in all n replicates has no spread to build an interval from. Its sign and size are
still evidence: were the median of the difference anything else, all n replicates would fall on one side of it with
probability at most 2 (1/2)^n. So with m pairs and 2 m (1/2)^n <= 1 - confidence the interval is that one value,
an interval of the median (Thompson 1936); with fewer replicates there is none (NaN). Either way the share of
replicates in which it would differ is only bounded: see
:func:`~simulator.outcomes.statistics.largest_share_unseen`.

References
----------
Dunnett, C. W. (1955). A multiple comparison procedure for comparing several treatments with a control.
Journal of the American Statistical Association 50, 1096-1121. doi:10.1080/01621459.1955.10501294
Thompson, W. R. (1936). On confidence ranges for the median and other expectation distributions for populations of
unknown distribution form. Annals of Mathematical Statistics 7, 122-128.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.outcomes.multivariate_t import Values, quantile_of_largest, student_quantile
from simulator.outcomes.statistics import Difference, fewest_alike, mean_and_sd, without_rounding

#: Chance with which the stated number of replicates settles a comparison, if the estimates are true.
POWER = 0.8

#: Replicates below which Bonferroni's critical value is used.
FEW = 100


def differences_to(
    outcomes: Values, names: Sequence[str], other: str, confidence: float = 0.95
) -> dict[str, Difference]:
    """Compare every strategy with one stated beforehand; the intervals hold together (Dunnett).

    Parameters
    ----------
    outcomes : ndarray of float64, shape (strategy, replicate)
        One metric's outcomes.
    names : sequence of str
        Strategies along the first axis.
    other : str
        Strategy that is subtracted.
    confidence : float
        Joint confidence of all intervals.

    Returns
    -------
    dict of str to Difference
        By strategy, without ``other`` itself.
    """
    base = list(names).index(other)
    pairs = [(s, base) for s in range(len(names)) if s != base]
    found = simultaneous_differences(outcomes, names, pairs, confidence)
    return {names[s]: difference for (s, _), difference in zip(pairs, found, strict=True)}


def simultaneous_differences(
    outcomes: Values, names: Sequence[str], pairs: Sequence[tuple[int, int]], confidence: float = 0.95
) -> list[Difference]:
    """Estimate paired differences whose confidence intervals hold together.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (strategy, replicate)
        One metric's outcomes; a replicate with an undefined outcome is dropped from the pairs it concerns.
    names : sequence of str
        Strategies along the first axis.
    pairs : sequence of (int, int)
        The family: positions of the strategies whose difference, first minus second, is asked for.
    confidence : float
        Joint confidence of the family.

    Returns
    -------
    list of Difference
        In the order of ``pairs``. With fewer than two replicates the interval is NaN, and so is that of a
        difference that did not vary in too few of them to be told from chance; beyond that it has width zero.
    """
    rows = [without_rounding(outcomes[a] - outcomes[b], outcomes[[a, b]]) for a, b in pairs]
    differences = np.stack(rows) if rows else np.empty((0, 0))
    critical = critical_value(differences, confidence)
    result = []
    for (_, b), values in zip(pairs, differences, strict=True):
        defined = values[~np.isnan(values)]
        n, missing = int(defined.size), int(values.size - defined.size)
        if n == 0:
            nan = float("nan")
            result.append(Difference(names[b], nan, nan, nan, nan, critical, 0, missing, False))
            continue
        mean, sd = mean_and_sd(defined)
        half = critical * sd / n**0.5 if n > 1 else float("nan")
        if sd == 0 and n < fewest_alike(len(pairs), confidence):
            half = float("nan")
        identical = bool(np.all(defined == 0.0))
        result.append(
            Difference(names[b], mean, mean - half, mean + half, sd, critical, n, missing, identical)
        )
    return result


def critical_value(differences: Values, confidence: float) -> float:
    """Return the quantile of the largest |t| over a family of paired differences.

    Parameters
    ----------
    differences : ndarray of float64, shape (pair, replicate)
        Rows that do not vary have no uncertainty and are left out.
    confidence : float
        Joint confidence.

    Returns
    -------
    float
        Critical value; NaN with fewer than two replicates. Bonferroni's over all rows with fewer than
        :data:`FEW` replicates, or where undefined outcomes leave fewer in common.
    """
    varying = [row for row in differences if mean_and_sd(row[~np.isnan(row)])[1] > 0]
    if not varying:
        n = max((int((~np.isnan(row)).sum()) for row in differences), default=0)
        return student_quantile(confidence, n - 1) if n > 1 else float("nan")
    rows = np.stack(varying)
    freedom = int((~np.isnan(rows)).sum(axis=1).min()) - 1
    common = rows[:, ~np.isnan(rows).any(axis=0)]
    if common.shape[1] < FEW:
        return student_quantile(1 - (1 - confidence) / len(differences), freedom)
    single = student_quantile(confidence, freedom)
    bonferroni = student_quantile(1 - (1 - confidence) / len(rows), freedom)
    if len(rows) == 1:
        return bonferroni
    residuals = common - common.mean(axis=1, keepdims=True)
    norms = np.sqrt((residuals**2).sum(axis=1))
    if not np.all(norms > 0):
        return bonferroni
    standardized = residuals / norms[:, None]
    largest = quantile_of_largest(standardized @ standardized.T, freedom, confidence)
    return min(max(largest, single), bonferroni)


def replicates_needed(sd: float, effect: float, critical: float) -> int | None:
    """Return how many replicates would tell a difference of this size from none.

    Parameters
    ----------
    sd : float
        Standard deviation of the paired differences.
    effect : float
        Size of the difference to be told from zero, in the metric's unit.
    critical : float
        Critical value of the simultaneous intervals.

    Returns
    -------
    int or None
        Replicates with which the interval excludes zero with probability 0.8, if the difference is
        ``effect``; None if that is undefined (no effect, or no spread known).
    """
    from scipy.special import ndtri

    if not (np.isfinite(sd) and np.isfinite(critical)) or effect == 0 or not np.isfinite(effect):
        return None
    return max(2, int(np.ceil(((critical + float(ndtri(POWER))) * sd / abs(effect)) ** 2)))
