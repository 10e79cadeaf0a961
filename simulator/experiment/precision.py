r"""Replicate until intervals are as narrow as was asked.

Two procedures, for half-widths h_g of several goals g (metrics of strategies, or their differences), all
intervals holding together by the inequality of Bonferroni with t at 1 - alpha / (2 G):

* ``stein``, absolute half-widths: a first stage of n0 replicates gives variances S2_g, and
  n = max(n0, max over g of ceil(t^2 S2_g / h_g^2)) replicates are run in all. With normal outcomes the interval
  mean -+ h covers with at least the stated probability, whatever the variance (Stein 1945; of several goals
  jointly, where outcomes are jointly normal): the degrees of freedom are those of the first stage. So does the
  narrower mean -+ t S_g / sqrt(n), his own interval as it is shown; see :mod:`simulator.outcomes.stein`.
* ``sequential``, absolute or relative half-widths: rounds are added until t^2 S2_g (1 + 1/n) / n <= h_g^2 for
  every goal (after Chow & Robbins 1965, with Student's t; for relative half-widths Nadas 1969). A goal that never
  varied counts as reached, and is named: rare luck may not have been met yet. Coverage tends to what is stated as
  h falls. It falls short by a few points when sampling can stop after few replicates, because it stops where the
  variance happens to look small; that is why it never stops before ``first_stage`` replicates, 30 by default.

References
----------
Stein, C. (1945). A two-sample test for a linear hypothesis whose power is independent of the variance. Annals
of Mathematical Statistics 16, 243-258.
Chow, Y. S. & Robbins, H. (1965). On the asymptotic theory of fixed-width sequential confidence intervals for
the mean. Annals of Mathematical Statistics 36, 457-462.
Nadas, A. (1969). An extension of a theorem of Chow and Robbins on sequential confidence intervals for the
mean. Annals of Mathematical Statistics 40, 667-671.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.experiment.sampling import Values
from simulator.outcomes.multivariate_t import student_quantile
from simulator.outcomes.statistics import largest_share_unseen

METHODS = ("sequential", "stein")
#: Stands for a number of replicates that is out of reach.
_NEVER = 10**12
#: From numbers of replicates to values of the goals, shape (goal, replicate).
Draw = Callable[[Sequence[int]], Values]


@dataclass(frozen=True)
class Goal:
    """A half-width that shall be reached.

    Parameters
    ----------
    name : str
        What is estimated, for people.
    half_width : float
        Half the width of its interval, > 0: in its unit, or as a share of the estimate's size.
    is_relative : bool
        Whether it is such a share.
    is_censored : bool
        Whether an undefined outcome is worse than any other, so that a mean of the rest would flatter: there is then
        no estimate, and nothing is reached.
    metric, of, minus : str
        What is estimated, for tables: a metric, of a strategy, minus that of another one; empty elsewhere.
    """

    name: str
    half_width: float
    is_relative: bool = False
    is_censored: bool = False
    metric: str = ""
    of: str = ""
    minus: str = ""


@dataclass(frozen=True)
class Reached:
    """What is known of a goal when sampling ended.

    Parameters
    ----------
    goal : Goal
        What was asked.
    mean : float
        Estimate.
    half_width : float
        Half the width of its interval, in its unit; under ``stein`` that of the first stage's variance.
    wanted : float
        The half-width asked for, in its unit.
    n_needed : int
        Replicates that the variance at the end calls for, about.
    """

    goal: Goal
    mean: float
    half_width: float
    wanted: float
    n_needed: int

    @property
    def is_reached(self) -> bool:
        """Whether the interval is as narrow as was asked."""
        return self.half_width <= self.wanted * (1 + 1e-12)

    @property
    def never_varied(self) -> bool:
        """Whether what the procedure's interval rests on was the same in all replicates."""
        return self.half_width == 0 or (self.half_width == float("inf") and not math.isnan(self.mean))

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end of the procedure's own interval; NaN where what it rests on never varied."""
        half = self.half_width if 0 < self.half_width < float("inf") else float("nan")
        return self.mean - half, self.mean + half


@dataclass(frozen=True, eq=False)
class Precision:
    """How precise estimates became, and after how many replicates.

    Parameters
    ----------
    goals : tuple of Reached
        By goal.
    n : int
        Replicates.
    confidence : float
        Joint confidence of all intervals.
    method : {"sequential", "stein"}
        Procedure.
    first_stage, most : int
        Fewest and most replicates.
    """

    goals: tuple[Reached, ...]
    n: int
    confidence: float
    method: str
    first_stage: int
    most: int

    @property
    def is_reached(self) -> bool:
        """Whether every interval is as narrow as was asked."""
        return all(found.is_reached for found in self.goals)

    def stein(self, metric: str, of: str, minus: str = "") -> Reached | None:
        """Return what Stein's two stages say of a strategy's metric, or of its difference to another one.

        Parameters
        ----------
        metric, of, minus : str
            As for :class:`Goal`.

        Returns
        -------
        Reached or None
            None where that was no goal, or another procedure was asked for.
        """
        wanted = (metric, of, minus)
        known = {(r.goal.metric, r.goal.of, r.goal.minus): r for r in self.goals}
        return known.get(wanted) if self.method == "stein" else None

    def stein_gains(self, metric: str, baseline: str) -> dict[str, tuple[float, float]]:
        """Return Stein's own intervals of a metric's differences to the baseline, by strategy, where asked for."""
        asked = [r for r in self.goals if (r.goal.metric, r.goal.minus) == (metric, baseline)]
        return {r.goal.of: r.interval for r in asked} if self.method == "stein" else {}

    @property
    def caveat(self) -> str:
        """What the procedure's coverage rests on, and what never varied."""
        return self._coverage + self._alike

    @property
    def _alike(self) -> str:
        alike = [found.goal.name for found in self.goals if found.never_varied]
        if not alike:
            return ""
        n = self.first_stage if self.method == "stein" else self.n
        share = largest_share_unseen(n, self.confidence) * 100
        where = f"all {n:,} replicates" + (" of the first stage" if n < self.n else "")
        return (
            f" The same in {where}: {', '.join(alike)}; luck of up to {share:.2g} % of replicates "
            "may not have been met."
        )

    @property
    def _coverage(self) -> str:
        if self.method == "stein":
            return (
                "For jointly normal outcomes Stein's own intervals, which are named so, hold together with at least "
                "what is stated; all others, those of a verdict among them, are ordinary ones of all replicates, which "
                "cover a little less where replicates were drawn in two stages."
            )
        return (
            "Coverage holds in the limit of many replicates; sampling that stops by its own variance covers a "
            f"little less (it never stopped before {self.first_stage} replicates)."
        )

    @property
    def sentence(self) -> str:
        """What was reached, in one sentence."""
        if self.is_reached:
            return f"The precision asked for is reached with {self.n:,} replicates."
        missed = (found for found in self.goals if not found.is_reached)
        worst = max(missed, key=lambda found: found.n_needed)
        if worst.never_varied:
            told = f"{worst.goal.name} did not vary in the first stage, but later"
            return f"The precision asked for is not reached: {told}."
        if worst.half_width == float("inf"):
            extent = "some of the" if worst.goal.is_censored else "nearly all"
            return f"The precision asked for is not reached: {worst.goal.name} is undefined in {extent} replicates."
        need = f"about {worst.n_needed:,}" if worst.n_needed < 10**9 else "more than a billion"
        return (
            f"The precision asked for is not reached within {self.n:,} replicates: {worst.goal.name} is known to "
            f"+- {worst.half_width:.4g} instead of {worst.wanted:.4g}; {need} replicates would be needed."
        )


def replicate_until(
    draw: Draw,
    goals: Sequence[Goal],
    *,
    confidence: float = 0.95,
    method: str = "sequential",
    first_stage: int = 30,
    growth: float = 0.25,
    most: int = 10_000,
) -> tuple[Values, Precision]:
    """Draw replicates until every goal's interval is as narrow as was asked.

    Parameters
    ----------
    draw : callable
        From numbers of replicates, from 0 on, to values, shape (goal, replicate). NaN where undefined; such
        replicates do not count for that goal.
    goals : sequence of Goal
        At least one; ``stein`` takes absolute half-widths only.
    confidence : float
        Joint confidence of all intervals.
    method : {"sequential", "stein"}
        Procedure; see the module.
    first_stage : int
        Fewest replicates, at least 2.
    growth : float
        Largest growth of the number of replicates in a round, as a share of it. A round never goes beyond what
        the variance so far calls for.
    most : int
        Most replicates.

    Returns
    -------
    values : ndarray of float64, shape (goal, replicate)
        Everything drawn.
    precision : Precision
        What was reached.

    Raises
    ------
    ValueError
        If ``stein`` is asked for a relative half-width.
    """
    if method == "stein" and any(goal.is_relative for goal in goals):
        raise ValueError("Stein's procedure takes absolute half-widths only")
    values = np.asarray(draw(range(min(first_stage, most))), dtype=np.float64)
    if method == "stein":
        freedoms = (~np.isnan(values)).sum(axis=1) - 1
        variances = np.array([_variance(row) for row in values])
        n = min(max(_needed(values, goals, confidence, variances, freedoms)), most)
        values = _extended(draw, values, n)
        found = _assess(values, goals, confidence, variances, freedoms)
    else:
        values = _grown(draw, values, goals, confidence, growth, most)
        found = _assess(values, goals, confidence)
    return values, Precision(found, values.shape[1], confidence, method, first_stage, most)


def _grown(
    draw: Draw, values: Values, goals: Sequence[Goal], confidence: float, growth: float, most: int
) -> Values:
    """Add rounds until the rule of Chow and Robbins holds for every goal."""
    while values.shape[1] < most:
        n = values.shape[1]
        needed = max(_needed(values, goals, confidence))
        if needed <= n:
            break
        wanted = min(needed, math.ceil(n * (1 + growth)), most)
        values = _extended(draw, values, max(wanted, n + 1))
    return values


def _extended(draw: Draw, values: Values, n: int) -> Values:
    if n <= values.shape[1]:
        return values
    more = np.asarray(draw(range(values.shape[1], n)), dtype=np.float64)
    return np.concatenate([values, more], axis=1)


def _variance(row: Values) -> float:
    defined = row[~np.isnan(row)]
    return float(defined.var(ddof=1)) if defined.size > 1 else float("nan")


def _needed(
    values: Values,
    goals: Sequence[Goal],
    confidence: float,
    variances: Values | None = None,
    freedoms: Values | None = None,
) -> list[int]:
    """Return by goal how many replicates its variance calls for; a goal that is never defined calls for none."""
    found = _assess(values, goals, confidence, variances, freedoms)
    return [reached.n_needed if reached.half_width < float("inf") else 0 for reached in found]


def _assess(
    values: Values,
    goals: Sequence[Goal],
    confidence: float,
    variances: Values | None = None,
    freedoms: Values | None = None,
) -> tuple[Reached, ...]:
    level = 1 - (1 - confidence) / len(goals)
    result = []
    for g, (goal, row) in enumerate(zip(goals, values, strict=True)):
        defined = row[~np.isnan(row)]
        n = defined.size
        is_baseless = freedoms is not None and freedoms[g] < 1
        if n < 2 or is_baseless or (goal.is_censored and n < len(row)):
            result.append(Reached(goal, float("nan"), float("inf"), goal.half_width, _NEVER))
            continue
        mean = float(defined.mean())
        wanted = goal.half_width * (abs(mean) if goal.is_relative else 1.0)
        if variances is None or freedoms is None:
            variance = float(defined.var(ddof=1)) * (1 + 1 / n)
            t = student_quantile(level, n - 1)
        else:
            variance, t = float(variances[g]), student_quantile(level, int(freedoms[g]))
        half = t * (variance / n) ** 0.5
        if variance == 0 and np.ptp(defined) > 0:
            half = float("inf")  # by a first stage in which nothing varied, what varied later is not known
        ratio = 0.0 if variance == 0 else float("inf") if wanted == 0 else (t / wanted) ** 2 * variance / n
        needed = max(2, math.ceil(min(ratio * len(row) * (1 - 1e-12), _NEVER)))
        result.append(Reached(goal, mean, half, wanted, needed))
    return tuple(result)
