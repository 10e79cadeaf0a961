"""Who is best at which place, how surely, and what choosing one strategy for all places costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulator.outcomes.metrics import Metric
from simulator.outcomes.multivariate_t import Values
from simulator.outcomes.wording import percent


@dataclass(frozen=True, eq=False)
class Standings:
    """The order of strategies at each of several places, by their means; an undefined mean beats nobody.

    Parameters
    ----------
    strategies : tuple of str
        Names.
    metric : Metric
        In which more or less is better.
    means : ndarray of float64, shape (place, strategy)
        Mean outcomes in the metric's unit; NaN where undefined.
    p_best : ndarray of float64, shape (place, strategy)
        Probability that each strategy's mean is the best; NaN where unknown.
    confidence : float
        A winner is clear with at least this probability.
    counts : ndarray of bool, shape (place,), optional
        Places that are judged; by default all. Nobody wins at the others, and nothing is known of regret there.
    """

    strategies: tuple[str, ...]
    metric: Metric
    means: Values
    p_best: Values
    confidence: float
    counts: NDArray[np.bool_] | None = None

    @cached_property
    def judged(self) -> NDArray[np.bool_]:
        """Whether a place is judged; shape (place,)."""
        return np.ones(len(self.means), np.bool_) if self.counts is None else self.counts

    @cached_property
    def winners(self) -> NDArray[np.int64]:
        """Position of the strategy with the best mean, by place; -1 where none is defined or nobody is judged."""
        better = self._better
        is_won = self.judged & np.isfinite(better).any(axis=1)
        return np.where(is_won, better.argmax(axis=1), -1)

    @cached_property
    def regret(self) -> Values:
        """What each strategy's mean falls short of the best one, >= 0; shape (place, strategy)."""
        better = self._better
        gap = better.max(axis=1, keepdims=True) - np.where(np.isfinite(better), better, np.nan)
        return np.where(self.judged[:, None], gap, np.nan)

    @cached_property
    def is_clear(self) -> NDArray[np.bool_]:
        """Whether the winner's mean is the best with at least the stated probability; shape (place,)."""
        chance = np.take_along_axis(self.p_best, np.maximum(self.winners, 0)[:, None], axis=1)[:, 0]
        return np.asarray((self.winners >= 0) & (chance >= self.confidence))

    @property
    def largest_regret(self) -> Values:
        """By strategy; NaN where one is undefined at a judged place, since the rest would flatter, or at all."""
        regret = self.regret[self.judged]
        return regret.max(axis=0) if len(regret) else np.full(len(self.strategies), np.nan)

    @property
    def robust(self) -> tuple[str, float]:
        """The strategy whose largest regret is smallest, and that regret; empty and NaN where none is defined."""
        largest = self.largest_regret
        if np.isnan(largest).all():
            return "", float("nan")
        best = int(np.nanargmin(largest))
        return self.strategies[best], float(largest[best])

    def sentences(self, currency: str) -> list[str]:
        """Return who has the best mean at how many places, and who is never far behind.

        Parameters
        ----------
        currency : str
            Currency of amounts of money.

        Returns
        -------
        list of str
            One sentence for each strategy that wins anywhere, most points first, one for the safest, and what clear
            means.
        """
        n, level = int(self.judged.sum()), percent(self.confidence)
        lines = []
        places = [self.winners == position for position in range(len(self.strategies))]
        for wins, name in sorted(zip(places, self.strategies, strict=True), key=lambda pair: -pair[0].sum()):
            if wins.any():
                clear = int((wins & self.is_clear).sum())
                where = f" at {int(wins.sum())} of {n} points, clearly at {clear} of them"
                alone = (
                    f", and is the best with a probability of {level} or more"
                    if clear
                    else ", but not clearly"
                )
                lines.append(f'"{name}" has the best mean{where if n > 1 else alone}.')
        if n < 2:
            return lines
        name, regret = self.robust
        if name:
            gap = self.metric.describe(regret, currency, "gap")
            behind = (
                f"its mean is never more than {gap} behind the best" if regret > 0 else "it is never behind"
            )
            lines.append(f'"{name}" is the safest choice: {behind}.')
        if lines:
            lines.append(
                f"A winner is clear whose probability of being the best is {level} or more, at each point by itself. "
                "Means and regret are of the same replicates that named the winners, which flatters close winners."
            )
        return lines

    @property
    def _better(self) -> Values:
        """Means, the larger the better; minus infinity where undefined."""
        signed = -self.means if self.metric.better == "lower" else self.means
        return np.where(np.isnan(signed), -np.inf, signed)
