"""Every pair of strategies compared at once: who is best, who may be, and who is shown to be worse than whom.

The intervals of all pairs hold together, so whatever the eye picks out of them afterwards holds too: the lead of
the strategy with the best mean, although it was chosen by looking, and the lead of the third over the fourth. A
strategy is shown to be worse where the interval of its difference to any other one lies on the wrong side of
zero. Those that are not shown to be worse than any other are the contenders. The true best is among them at least
as often as the intervals hold together: to be left out it would have to be covered wrongly.

References
----------
Tukey, J. W. (1953). The Problem of Multiple Comparisons. Unpublished manuscript, Princeton University; in The
Collected Works of John W. Tukey VIII, Chapman & Hall 1994. (All pairs.)
Hsu, J. C. (1996). Multiple Comparisons. Chapman & Hall. (Chapters 4 and 5: what is shown of the best by intervals
of all pairs; leads over the best need the critical value of all pairs, because the best is chosen by looking.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from simulator.outcomes.differences import simultaneous_differences
from simulator.outcomes.multivariate_t import Values
from simulator.outcomes.statistics import Difference


@dataclass(frozen=True)
class AllPairs:
    """The differences of every pair of strategies in one metric; their intervals hold together.

    Parameters
    ----------
    order : tuple of str
        Strategies in which the metric is ever defined, from the best mean to the worst.
    differences : mapping
        By (strategy, other): strategy minus other, in the metric's own direction; both ways round. Empty with
        fewer than two strategies.
    higher_is_better : bool
        Direction of the metric.
    """

    order: tuple[str, ...]
    differences: Mapping[tuple[str, str], Difference]
    higher_is_better: bool = True

    def lead(self, name: str, other: str) -> Difference:
        """Return by how much a strategy is better than another: positive whatever the metric's direction."""
        return self.differences[(name, other) if self.higher_is_better else (other, name)]

    @cached_property
    def shown_better(self) -> dict[str, tuple[str, ...]]:
        """By strategy, those that are shown to be better than it."""
        return {
            name: tuple(other for other in self.order if other != name and self.lead(other, name).lower > 0)
            for name in self.order
        }

    @property
    def contenders(self) -> tuple[str, ...]:
        """Strategies that are not shown to be worse than any other, from the best mean to the worst.

        Empty only where so many outcomes are undefined that pairs of strategies, each compared where both are
        defined, contradict each other.
        """
        return tuple(name for name in self.order if not self.shown_better[name])

    @property
    def best(self) -> str:
        """The contender with the best mean; the strategy with the best mean where there is none."""
        return (*self.contenders, *self.order)[0]

    @property
    def runner_up(self) -> str:
        """The strategy with the best mean of the others; empty if there is none."""
        return next((name for name in self.order if name != self.best), "")

    def to_best(self) -> dict[str, Difference]:
        """Return every strategy minus the best of the others, the best strategy first.

        Returns
        -------
        dict of str to Difference
            In the metric's own direction; empty with fewer than two strategies. The entry of the best strategy
            is its lead over the runner-up.
        """
        if len(self.order) < 2:
            return {}
        rest = [name for name in self.order if name != self.best]
        found = {self.best: self.differences[self.best, self.runner_up]}
        found.update({name: self.differences[name, self.best] for name in rest})
        return found


def compare_all_pairs(
    outcomes: Values, names: Sequence[str], confidence: float = 0.95, *, higher_is_better: bool = True
) -> AllPairs:
    """Compare every strategy with every other.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (strategy, replicate)
        One metric's outcomes; a replicate with an undefined outcome is dropped from the pairs it concerns.
    names : sequence of str
        Strategies along the first axis.
    confidence : float
        Joint confidence of all intervals.
    higher_is_better : bool
        Direction of the metric.

    Returns
    -------
    AllPairs
        Without strategies whose metric is never defined.
    """
    order = ranking(outcomes, higher_is_better=higher_is_better)
    pairs = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :]]
    found: dict[tuple[str, str], Difference] = {}
    for (a, b), difference in zip(
        pairs, simultaneous_differences(outcomes, names, pairs, confidence), strict=True
    ):
        found[names[a], names[b]] = difference
        found[names[b], names[a]] = _reversed(difference, names[a])
    return AllPairs(tuple(names[s] for s in order), found, higher_is_better)


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
        By strategy, from the best to the worst; empty with fewer than two strategies whose metric is defined.
        The entry of the best strategy is its lead over the runner-up.
    """
    return compare_all_pairs(outcomes, names, confidence, higher_is_better=higher_is_better).to_best()


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


def _reversed(difference: Difference, other: str) -> Difference:
    d = difference
    return replace(d, other=other, mean=-d.mean, lower=-d.upper, upper=-d.lower)
