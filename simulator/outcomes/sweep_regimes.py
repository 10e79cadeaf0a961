"""Which strategy is best at which point of a sweep, how sure that is, and what choosing one for all points costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.outcomes.all_pairs import AllPairs, compare_all_pairs
from simulator.outcomes.metrics import METRIC
from simulator.outcomes.multivariate_t import Values
from simulator.outcomes.statistics import probabilities_of_best, unflattered
from simulator.outcomes.sweep_points import SweepPoints

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class SweepRegimes:
    """Which strategy is best at which point of a sweep.

    Parameters
    ----------
    points : SweepPoints
        The outcomes, of a metric of which more or less is better.
    confidence : float
        Of the intervals of one point, which hold together, and the probability above which a winner is clear.
    currency : str
        Currency of amounts of money.
    """

    points: SweepPoints
    confidence: float
    currency: str

    @cached_property
    def pairs(self) -> tuple[AllPairs, ...]:
        """All pairs of strategies by place."""
        names, higher = self.points.strategies, self._higher
        return tuple(
            compare_all_pairs(self.points.at(p), names, self.confidence, higher_is_better=higher)
            for p in range(len(self.points.places))
        )

    @cached_property
    def means(self) -> Values:
        """Mean outcomes over the replicates that every defined strategy has; shape (place, strategy)."""
        result = np.full((len(self.points.places), len(self.points.strategies)), np.nan)
        for place in range(len(result)):
            values = self.points.at(place)
            ever = ~np.isnan(values).all(axis=1)
            common = ever.any() and ~np.isnan(values[ever]).any(axis=0)
            if np.any(common):
                result[place, ever] = values[ever][:, common].mean(axis=1)
        return result

    @cached_property
    def p_best(self) -> Values:
        """Probability that each strategy's mean is the best, given the replicates; shape (place, strategy).

        NaN at a place where an undefined outcome, which is worse than any other, leaves it unknown.
        """
        result = np.full((len(self.points.places), len(self.points.strategies)), np.nan)
        for place in range(len(result)):
            values = self.points.at(place)
            if not (METRIC[self.points.metric].is_censored and np.isnan(values).all(axis=1).any()):
                result[place] = probabilities_of_best(values, higher_is_better=self._higher)[1]
        return result

    @cached_property
    def winners(self) -> NDArray[np.int64]:
        """Position of the strategy with the best mean, by place; -1 where none is defined."""
        better = np.where(np.isnan(self._better), -np.inf, self._better)
        return np.where(np.isfinite(better).any(axis=1), better.argmax(axis=1), -1)

    @cached_property
    def regret(self) -> Values:
        """What each strategy's mean falls short of the best one, >= 0; shape (place, strategy)."""
        best = np.where(np.isnan(self._better), -np.inf, self._better).max(axis=1, keepdims=True)
        return np.asarray(best - self._better)

    @property
    def _higher(self) -> bool:
        return METRIC[self.points.metric].better == "higher"

    @property
    def _better(self) -> Values:
        return self.means if self._higher else -self.means

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per point and strategy.

        Returns
        -------
        pandas.DataFrame
            ``scenario, point``, the factors, ``strategy, mean, regret``; ``to_best``, its mean minus the best of
            the other strategies, with ``lower`` and ``upper``, which hold together for all pairs of a point;
            ``p_best``, ``is_winner``, ``is_contender`` (not shown to be worse than any other) and ``n``.
        """
        import pandas as pd

        rows = []
        for place, (about, pairs) in enumerate(zip(self.points.about, self.pairs, strict=True)):
            to_best = pairs.to_best()
            stored = self.points.at(place)
            for s, name in enumerate(self.points.strategies):
                found = to_best.get(name)
                limits = (found.mean, found.lower, found.upper) if found else (np.nan,) * 3
                row: dict[str, Any] = {**about, "strategy": name, "mean": self.means[place, s]}
                row.update(regret=self.regret[place, s])
                row.update(zip(("to_best", "lower", "upper"), limits, strict=True))
                row.update(p_best=self.p_best[place, s], is_winner=bool(self.winners[place] == s))
                row.update(is_contender=name in pairs.contenders, n=int((~np.isnan(stored[s])).sum()))
                rows.append(row)
        return pd.DataFrame(rows)

    def by_strategy(self) -> pandas.DataFrame:
        """Return one row per strategy, over all points.

        Returns
        -------
        pandas.DataFrame
            ``strategy``; ``wins``, points at which its mean is the best, ``clear_wins``, those where it is so with
            at least the stated probability, and ``expected_wins``, the sum of these probabilities; ``mean`` over
            points, ``to_best`` with ``lower`` and ``upper`` (that mean minus the best of the other strategies, by
            replicates of the whole sweep, all pairs together); ``mean_regret`` and ``largest_regret``.
        """
        import pandas as pd

        over_points = self._over_points()
        to_best = over_points.to_best()
        rows = []
        for s, name in enumerate(self.points.strategies):
            is_won, chance, regret = self.winners == s, self.p_best[:, s], self.regret[:, s]
            found = to_best.get(name)
            limits = (found.mean, found.lower, found.upper) if found else (np.nan,) * 3
            row: dict[str, Any] = {"strategy": name, "wins": int(is_won.sum())}
            row.update(clear_wins=int((is_won & (chance >= self.confidence)).sum()))
            row.update(expected_wins=float(np.nansum(chance)) if (~np.isnan(chance)).any() else np.nan)
            row.update(mean=_mean(self.means[:, s]))
            row.update(zip(("to_best", "lower", "upper"), limits, strict=True))
            row.update(mean_regret=_mean(regret), largest_regret=_largest(regret))
            rows.append(row)
        return pd.DataFrame(rows)

    def _over_points(self) -> AllPairs:
        """Compare means over all points, by replicates that are stored and defined everywhere."""
        averages = self.points.values.mean(axis=0)
        if METRIC[self.points.metric].is_censored:
            averages = unflattered(averages)
        return compare_all_pairs(
            averages, self.points.strategies, self.confidence, higher_is_better=self._higher
        )

    @property
    def robust(self) -> tuple[str, float]:
        """The strategy whose largest regret is smallest, and that regret; empty and NaN where none is defined."""
        largest = np.array([_largest(column) for column in self.regret.T])
        if np.isnan(largest).all():
            return "", float("nan")
        best = int(np.nanargmin(largest))
        return self.points.strategies[best], float(largest[best])

    @property
    def sentences(self) -> tuple[str, ...]:
        """The answer in plain sentences."""
        metric, n = METRIC[self.points.metric], len(self.points.places)
        lines = []
        for row in self.by_strategy().itertuples():
            if row.wins:
                lines.append(
                    f'"{row.strategy}" has the best mean at {row.wins} of {n} points, clearly at '
                    f"{row.clear_wins} of them."
                )
        name, regret = self.robust
        if name:
            amount = metric.describe(regret, self.currency, "gap")
            lines.append(
                f'"{name}" is the safest choice: its mean is never more than {amount} behind the best.'
            )
        n_open = int((self.winners < 0).sum())
        if n_open:
            lines.append(f"At {n_open} of {n} points no strategy has a mean in {metric.name}.")
        return tuple(lines)

    def to_json_document(self) -> dict[str, Any]:
        """Return the answer as plain data; undefined numbers are NaN."""
        return {
            "metric": self.points.metric,
            "confidence": self.confidence,
            "sentences": list(self.sentences),
            "robust": dict(zip(("strategy", "largest_regret"), self.robust, strict=True)),
            "strategies": self.by_strategy().to_dict("records"),
            "points": self.to_dataframe().to_dict("records"),
        }

    def __repr__(self) -> str:
        head = f"Regimes of {self.points.metric}: {len(self.points.places):,} points"
        return "\n".join([head, *(f"  {line}" for line in self.sentences)])


def _mean(values: Values) -> float:
    """Return the mean over places; NaN where one is undefined, since the rest would flatter."""
    return float(values.mean())


def _largest(values: Values) -> float:
    return float(values.max())
