"""Paired differences between strategies, with confidence intervals that hold together.

Every strategy is simulated in the same worlds, so differences are paired by replicate. Let d be the
differences of one pair of strategies in n replicates, with mean m and standard deviation s. The statistic
t = (m - true difference) / (s / sqrt n) follows Student's law with n - 1 degrees of freedom. Intervals of
several pairs hold together when each is m -+ c s / sqrt n, where c is the quantile of the largest |t| over
the pairs. The |t| are jointly a multivariate t with the correlation of the differences, which is estimated,
and c is found by quasi-Monte Carlo over a fixed point set: the same outcomes always give the same intervals.
c lies between Student's quantile (one pair) and Bonferroni's (any dependence) and is held there.

References
----------
Dunnett, C. W. (1955). A multiple comparison procedure for comparing several treatments with a control.
Journal of the American Statistical Association 50, 1096-1121. doi:10.1080/01621459.1955.10501294
Hsu, J. C. (1996). Multiple Comparisons. Chapman & Hall. (Comparison with the best: its unconstrained
intervals need the critical value of all pairs, because the best is chosen by looking.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.outcomes.multivariate_t import Values, quantile_of_largest, student_quantile
from simulator.outcomes.statistics import Difference, mean_and_sd

#: Chance with which the stated number of replicates settles a comparison, if the estimates are true.
POWER = 0.8


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


def differences_to_best(
    outcomes: Values, names: Sequence[str], confidence: float = 0.95, *, higher_is_better: bool = True
) -> dict[str, Difference]:
    """Compare every strategy with the best of the others; the intervals hold together for all pairs.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (strategy, replicate)
        One metric's outcomes.
    names : sequence of str
        Strategies along the first axis.
    confidence : float
        Joint confidence, whichever strategies turn out best.
    higher_is_better : bool
        Direction of the metric.

    Returns
    -------
    dict of str to Difference
        By strategy, in the order from best to worst; empty with fewer than two strategies whose metric
        is defined. The entry of the best strategy is its lead over the runner-up.
    """
    order = ranking(outcomes, higher_is_better=higher_is_better)
    if len(order) < 2:
        return {}
    pairs = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :]]
    found = dict(zip(pairs, simultaneous_differences(outcomes, names, pairs, confidence), strict=True))
    best, runner_up = order[0], order[1]
    result = {names[best]: found[best, runner_up]}
    result.update({names[s]: _reversed(found[best, s], names[best]) for s in order[1:]})
    return result


def ranking(outcomes: Values, *, higher_is_better: bool = True) -> list[int]:
    """Return positions of strategies from the best mean to the worst; undefined ones are left out.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (strategy, replicate)
        One metric's outcomes. Means are taken over the replicates in which every strategy that is defined
        anywhere is defined, if there are any, so that all are ranked in the same worlds.
    higher_is_better : bool
        Direction of the metric.

    Returns
    -------
    list of int
        Equal means stay in the order of the strategies.
    """
    is_defined = ~np.isnan(outcomes)
    candidates = [s for s in range(len(outcomes)) if is_defined[s].any()]
    together = is_defined[candidates].all(axis=0)
    means = []
    for s in candidates:
        use = together if together.any() else is_defined[s]
        means.append(float(outcomes[s, use].mean()))
    sign = -1.0 if higher_is_better else 1.0
    return [candidates[i] for i in sorted(range(len(candidates)), key=lambda i: sign * means[i])]


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
        In the order of ``pairs``. With fewer than two replicates the interval is NaN; differences that do
        not vary have an interval of width zero.
    """
    differences = np.stack([outcomes[a] - outcomes[b] for a, b in pairs]) if pairs else np.empty((0, 0))
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
        Critical value; NaN with fewer than two replicates. Where undefined outcomes leave fewer than
        three replicates in common, Bonferroni's.
    """
    varying = [row for row in differences if mean_and_sd(row[~np.isnan(row)])[1] > 0]
    if not varying:
        n = max((int((~np.isnan(row)).sum()) for row in differences), default=0)
        return student_quantile(confidence, n - 1) if n > 1 else float("nan")
    rows = np.stack(varying)
    freedom = int((~np.isnan(rows)).sum(axis=1).min()) - 1
    single = student_quantile(confidence, freedom)
    bonferroni = student_quantile(1 - (1 - confidence) / len(rows), freedom)
    common = rows[:, ~np.isnan(rows).any(axis=0)]
    if len(rows) == 1 or common.shape[1] < 3:
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


def _reversed(difference: Difference, other: str) -> Difference:
    d = difference
    return Difference(
        other, -d.mean, -d.upper, -d.lower, d.sd, d.critical, d.n, d.n_undefined, d.is_identical
    )
