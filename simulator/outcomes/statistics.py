"""Estimates and risks: what is known of each strategy from its outcomes.

References
----------
Rockafellar, R. T. & Uryasev, S. (2002). Conditional value-at-risk for general loss distributions.
Journal of Banking & Finance 26, 1443-1471. doi:10.1016/S0378-4266(02)00271-6
Clopper, C. J. & Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in the case of the
binomial. Biometrika 26, 404-413.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.outcomes.multivariate_t import Values, covariance_factor, student_points, student_quantile

#: Share of worst replicates in value at risk and conditional value at risk.
TAIL = 0.05
#: Confidence with which means whose difference never varied must be told apart to have a probability.
CONFIDENCE = 0.95
#: Part of an outcome's size by which differences vary through rounding alone.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Estimate:
    """What is known of one strategy's metric.

    Parameters
    ----------
    mean : float
        Mean over replicates; NaN if the metric is defined in none.
    half_width : float
        Half the width of the mean's confidence interval; NaN with fewer than two replicates.
    q05, q50, q95 : float
        Quantiles of the outcome over replicates.
    sd : float
        Standard deviation over replicates.
    n : int
        Replicates in which the metric is defined.
    n_undefined : int
        Replicates in which it is not.
    """

    mean: float
    half_width: float
    q05: float
    q50: float
    q95: float
    sd: float
    n: int
    n_undefined: int


@dataclass(frozen=True)
class Difference:
    """Paired difference between two strategies in one metric.

    Parameters
    ----------
    other : str
        Strategy that is subtracted.
    mean : float
        Mean difference over replicates.
    lower, upper : float
        Simultaneous confidence interval: it holds for all differences of its family together.
    sd : float
        Standard deviation of the differences.
    critical : float
        Critical value: half the interval's width in standard errors.
    n : int
        Replicates in which both outcomes are defined.
    n_undefined : int
        Replicates dropped because one of them is not.
    is_identical : bool
        Whether the two were equal in every replicate.
    """

    other: str
    mean: float
    lower: float
    upper: float
    sd: float
    critical: float
    n: int
    n_undefined: int
    is_identical: bool

    @property
    def half_width(self) -> float:
        """Half the width of the interval."""
        return (self.upper - self.lower) / 2

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.lower > 0 or self.upper < 0


@dataclass(frozen=True)
class Risk:
    """How bad one strategy can turn out in one metric.

    Parameters
    ----------
    p_best_replicate : float
        Share of replicates in which the strategy is best; ties are split.
    p_best_mean : float
        Probability that its mean is the best, given the replicates; NaN where they cannot tell: fewer than
        two, or so few that strategies whose difference never varied are not told from chance.
    p_worse_than_baseline : float
        Share of replicates in which it is worse than the baseline.
    p_negative : float
        Share of replicates in which the metric itself is below zero; NaN where that is no loss.
    value_at_risk : float
        The outcome that the worst 5 % of replicates do not surpass.
    conditional_value_at_risk : float
        Mean outcome of the worst 5 % of replicates.
    n : int
        Replicates in which the metric is defined. With fewer than 20, 5 % of them are less than one, and the
        two values at risk are the outcome of the single worst replicate.
    n_undefined : int
        Replicates in which it is not.
    """

    p_best_replicate: float
    p_best_mean: float
    p_worse_than_baseline: float
    p_negative: float
    value_at_risk: float
    conditional_value_at_risk: float
    n: int = 0
    n_undefined: int = 0

    @property
    def is_tail_one_replicate(self) -> bool:
        """Whether the worst 5 % are less than one replicate."""
        return self.n * TAIL < 1


def estimate(outcomes: Values, confidence: float = 0.95) -> Estimate:
    """Estimate a metric's mean and spread from one strategy's outcomes.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (replicate,)
        NaN where the metric is undefined; such replicates are dropped and counted.
    confidence : float
        Confidence of the mean's interval, between 0 and 1.

    Returns
    -------
    Estimate
        Student's interval for the mean, quantiles for the outcome.
    """
    defined = outcomes[~np.isnan(outcomes)]
    n = int(defined.size)
    if n == 0:
        nan = float("nan")
        return Estimate(nan, nan, nan, nan, nan, nan, 0, int(outcomes.size))
    mean, sd = mean_and_sd(defined)
    low, middle, high = (float(q) for q in np.quantile(defined, [0.05, 0.5, 0.95]))
    half_width = student_quantile(confidence, n - 1) * sd / n**0.5 if n > 1 else float("nan")
    return Estimate(mean, half_width, low, middle, high, sd, n, int(outcomes.size) - n)


def probabilities_of_best(outcomes: Values, *, higher_is_better: bool = True) -> tuple[Values, Values]:
    """Return how often each strategy is best in a replicate, and how probably its mean is.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (strategy, replicate)
        One metric's outcomes; only replicates in which every strategy that is ever defined is defined count.
    higher_is_better : bool
        Direction of the metric.

    Returns
    -------
    per_replicate : ndarray of float64, shape (strategy,)
        Share of replicates; ties are split equally.
    of_mean : ndarray of float64, shape (strategy,)
        Posterior probability, with a reference prior on means and covariance; NaN with fewer than two
        replicates. Strategies with identical outcomes share theirs equally.
    """
    per_replicate, of_mean = np.zeros(len(outcomes)), np.zeros(len(outcomes))
    is_ever = (~np.isnan(outcomes)).any(axis=1)
    values = outcomes[is_ever] if higher_is_better else -outcomes[is_ever]
    values = values[:, ~np.isnan(values).any(axis=0)]
    n = values.shape[1] if values.ndim == 2 and len(values) else 0
    if n == 0:
        return np.full(len(outcomes), np.nan), np.full(len(outcomes), np.nan)
    is_best = values == values.max(axis=0)
    per_replicate[is_ever] = (is_best / is_best.sum(axis=0)).mean(axis=1)
    if n < 2:
        return per_replicate, np.full(len(outcomes), np.nan)
    distinct, group, size = np.unique(values, axis=0, return_inverse=True, return_counts=True)
    shares = _probability_of_largest_mean(distinct)
    of_mean[is_ever] = (shares / size)[group.reshape(-1)]
    return per_replicate, of_mean


def conditional_value_at_risk(outcomes: Values, *, higher_is_better: bool = True) -> tuple[float, float]:
    """Return the bound of the worst 5 % of replicates, and the mean outcome among them.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (replicate,)
        Undefined outcomes are dropped.
    higher_is_better : bool
        Whether the worst outcomes are the lowest.

    Returns
    -------
    value_at_risk, conditional_value_at_risk : float
        In the metric's unit. The replicate at the bound counts with the fraction that completes 5 %.
    """
    defined = outcomes[~np.isnan(outcomes)]
    if defined.size == 0:
        return float("nan"), float("nan")
    ordered = np.sort(defined) if higher_is_better else np.sort(defined)[::-1]
    share = round(TAIL * ordered.size, 9)
    whole = int(share)
    rest = (share - whole) * ordered[whole] if whole < ordered.size else 0.0
    worst = float(ordered[:whole].sum() + rest)
    return float(ordered[max(int(np.ceil(share)), 1) - 1]), worst / share


def risks(
    outcomes: Values,
    names: Sequence[str],
    baseline: str,
    *,
    higher_is_better: bool = True,
    has_loss: bool = True,
    undefined_is_worst: bool = False,
) -> dict[str, Risk]:
    """Return every strategy's chances and tail in one metric.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (strategy, replicate)
        One metric's outcomes.
    names : sequence of str
        Strategies along the first axis.
    baseline : str
        Strategy that the others should not fall below.
    higher_is_better : bool
        Direction of the metric.
    has_loss : bool
        Whether an outcome below zero is a loss.
    undefined_is_worst : bool
        Whether an undefined outcome is worse than any other, if the strategy has others; then the chance of the best
        mean, and a tail that contains such an outcome, are unknown.

    Returns
    -------
    dict of str to Risk
        By strategy.
    """
    if undefined_is_worst and np.isnan(outcomes).any():
        ever = ~np.isnan(outcomes).all(axis=1, keepdims=True)
        ranked = np.where(np.isnan(outcomes) & ever, -np.inf if higher_is_better else np.inf, outcomes)
        with np.errstate(invalid="ignore"):
            found = risks(ranked, names, baseline, higher_is_better=higher_is_better, has_loss=has_loss)
        return {
            name: _of_defined(risk, row) for (name, risk), row in zip(found.items(), outcomes, strict=True)
        }
    often, probably = probabilities_of_best(outcomes, higher_is_better=higher_is_better)
    if _is_undecided(outcomes):
        probably = np.full(len(names), np.nan)
    base = outcomes[list(names).index(baseline)]
    result = {}
    for s, name in enumerate(names):
        change = (outcomes[s] - base) if higher_is_better else (base - outcomes[s])
        bound, tail = conditional_value_at_risk(outcomes[s], higher_is_better=higher_is_better)
        n_defined = int((~np.isnan(outcomes[s])).sum())
        result[name] = Risk(
            float(often[s]),
            float(probably[s]),
            _share_below_zero(change),
            _share_below_zero(outcomes[s]) if has_loss else float("nan"),
            bound,
            tail,
            n_defined,
            outcomes.shape[1] - n_defined,
        )
    return result


def _of_defined(risk: Risk, outcomes: Values) -> Risk:
    """Return a risk in whose place undefined outcomes stood as the worst, with what is unknown left open."""
    n = int((~np.isnan(outcomes)).sum())
    bound, tail = risk.value_at_risk, risk.conditional_value_at_risk
    return replace(
        risk,
        p_best_mean=float("nan"),
        value_at_risk=bound if np.isfinite(bound) else float("nan"),
        conditional_value_at_risk=tail if np.isfinite(tail) else float("nan"),
        n=n,
        n_undefined=outcomes.size - n,
    )


def unflattered(outcomes: Values) -> Values:
    """Return outcomes without the strategies that have an undefined one, which is worse than any other.

    A mean over the replicates in which a time is reached, or a cost defined, flatters whoever reaches it rarely.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (strategy, replicate)
        One metric's outcomes.

    Returns
    -------
    ndarray of float64, shape (strategy, replicate)
        Rows with an undefined outcome are undefined throughout.
    """
    return np.where(np.isnan(outcomes).any(axis=1, keepdims=True), np.nan, outcomes)


def without_rounding(differences: Values, outcomes: Values) -> Values:
    """Return differences, exactly equal where they differ by no more than rounding.

    Parameters
    ----------
    differences : ndarray of float64, shape (replicate,)
        Differences of outcomes; NaN where undefined.
    outcomes : ndarray of float64
        What was subtracted, which tells how large rounding may be.

    Returns
    -------
    ndarray of float64, shape (replicate,)
        The same array, or one whose defined values are all the first of them.
    """
    defined = differences[~np.isnan(differences)]
    if defined.size == 0:
        return differences
    rounding = _ROUNDING * float(np.nanmax(np.abs(outcomes)))
    spread = float(defined.max() - defined.min())
    if spread == 0 or spread > rounding:
        return differences
    return np.where(np.isnan(differences), np.nan, defined[0])


def fewest_alike(n_pairs: int, confidence: float) -> int:
    """Return how many replicates must agree before a difference that never varied is told from chance.

    Parameters
    ----------
    n_pairs : int
        Differences in the family.
    confidence : float
        Joint confidence of the family.

    Returns
    -------
    int
        The smallest n with 2 n_pairs (1/2)^n <= 1 - confidence.

    Examples
    --------
    >>> fewest_alike(1, 0.95), fewest_alike(28, 0.95)
    (6, 11)
    """
    return int(np.ceil(np.log2(2 * max(n_pairs, 1) / (1 - confidence)) - 1e-9))


def largest_share_unseen(n: int, confidence: float = 0.95) -> float:
    """Return the largest share of replicates that may be of a kind that none of n replicates was.

    Parameters
    ----------
    n : int
        Replicates seen, at least 1.
    confidence : float
        Confidence of the bound.

    Returns
    -------
    float
        Upper limit of Clopper and Pearson for none of n.

    Examples
    --------
    >>> round(largest_share_unseen(20), 3), round(largest_share_unseen(200), 3)
    (0.139, 0.015)
    """
    return float(1 - (1 - confidence) ** (1 / n))


def mean_and_sd(values: Values) -> tuple[float, float]:
    """Return mean and standard deviation; the latter is exactly zero for values that are all equal."""
    if values.size == 0:
        return float("nan"), 0.0
    if np.all(values == values[0]):
        return float(values[0]), 0.0 if values.size > 1 else float("nan")
    return float(values.mean()), float(values.std(ddof=1))


def _is_undecided(outcomes: Values) -> bool:
    """Return whether means differ by what never varied, in too few replicates to tell that from chance."""
    is_ever = (~np.isnan(outcomes)).any(axis=1)
    values = outcomes[is_ever]
    values = values[:, ~np.isnan(values).any(axis=0)]
    n = values.shape[1]
    if n == 0 or len(values) < 2 or n >= fewest_alike(len(values) * (len(values) - 1) // 2, CONFIDENCE):
        return False
    rows = [without_rounding(values[i] - values[j], values) for i in range(len(values)) for j in range(i)]
    return any(bool(np.all(row == row[0]) and row[0] != 0) for row in rows)


def _share_below_zero(values: Values) -> float:
    defined = values[~np.isnan(values)]
    return float((defined < 0).mean()) if defined.size else float("nan")


def _probability_of_largest_mean(values: Values) -> Values:
    """Return the posterior probability that each row's mean is the largest; rows are distinct."""
    k, n = values.shape
    means = values.mean(axis=1)
    residuals = (values - means[:, None]) / (n * (n - 1)) ** 0.5
    if not residuals.any():
        return (means == means.max()).astype(np.float64)
    factor = covariance_factor(residuals @ residuals.T)
    normals, scale = student_points(len(factor), n - 1)
    draws = means + (normals @ factor) * scale[:, None]
    return np.bincount(draws.argmax(axis=1), minlength=k) / len(draws)
