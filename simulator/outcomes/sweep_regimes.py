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
from simulator.outcomes.plain_data import plain, records
from simulator.outcomes.standings import Standings
from simulator.outcomes.statistics import probabilities_of_best
from simulator.outcomes.sweep_points import SweepPoints
from simulator.scenario.wording import listed

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class SweepRegimes:
    """Which strategy is best at which point of a sweep.

    Nobody is judged at a point where a strategy has no replicate yet: there is no winner there, and regret is unknown.
    What holds over all points is over the points that are judged.

    Parameters
    ----------
    points : SweepPoints
        The outcomes, of a metric of which more or less is better.
    confidence : float
        Of the intervals of one point, which hold together; a winner is clear with at least this probability.
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

        NaN at a place where a strategy that is not stored, or an undefined outcome, which is worse than any other,
        leaves it unknown.
        """
        result = np.full((len(self.points.places), len(self.points.strategies)), np.nan)
        for place in np.flatnonzero(self.points.is_whole).tolist():
            values = self.points.at(place)
            if not (METRIC[self.points.metric].is_censored and np.isnan(values).all(axis=1).any()):
                result[place] = probabilities_of_best(values, higher_is_better=self._higher)[1]
        return result

    @property
    def winners(self) -> NDArray[np.int64]:
        """Position of the strategy with the best mean, by place; -1 where none is defined or nobody is judged."""
        return self._standings.winners

    @property
    def regret(self) -> Values:
        """What each strategy's mean falls short of the best one, >= 0; shape (place, strategy)."""
        return self._standings.regret

    @property
    def _higher(self) -> bool:
        return METRIC[self.points.metric].better == "higher"

    @cached_property
    def _standings(self) -> Standings:
        metric, judged = METRIC[self.points.metric], self.points.is_whole
        return Standings(self.points.strategies, metric, self.means, self.p_best, self.confidence, judged)

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per point and strategy.

        Returns
        -------
        pandas.DataFrame
            ``scenario, point``, the factors, ``strategy, mean, regret``; ``to_best``, its mean minus the best of
            the other strategies, with ``lower`` and ``upper``, which hold together for all pairs of a point;
            ``p_best``, ``is_winner``, ``is_contender`` (not shown to be worse than any other), ``n`` defined
            outcomes, and ``n_missing``, replicates that another strategy has there. Where one has none, who is
            best is unknown: ``regret``, ``to_best`` and ``p_best`` are NaN.
        """
        import pandas as pd

        rows = []
        for place, (about, pairs) in enumerate(zip(self.points.about, self.pairs, strict=True)):
            to_best = pairs.to_best() if self.points.is_whole[place] else {}
            values = self.points.at(place)
            for s, name in enumerate(self.points.strategies):
                found = to_best.get(name)
                limits = (found.mean, found.lower, found.upper) if found else (np.nan,) * 3
                row: dict[str, Any] = {**about, "strategy": name, "mean": self.means[place, s]}
                row.update(regret=self.regret[place, s])
                row.update(zip(("to_best", "lower", "upper"), limits, strict=True))
                row.update(p_best=self.p_best[place, s], is_winner=bool(self.winners[place] == s))
                is_contender = name in pairs.contenders or not self.points.has_any[place, s]
                row.update(is_contender=is_contender, n=int((~np.isnan(values[s])).sum()))
                row.update(n_missing=self.points.n_missing(place, s))
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
            replicates of the whole sweep, all pairs together); ``mean_regret`` and ``largest_regret``. All of them
            are over the ``points`` at which every strategy is stored; ``points_missing`` counts those at which
            this one is not.
        """
        import pandas as pd

        to_best, judged = self._over_points().to_best(), self.points.is_whole
        largest = self._standings.largest_regret
        rows = []
        for s, name in enumerate(self.points.strategies):
            is_won, chance = self.winners == s, self.p_best[judged, s]
            found = to_best.get(name)
            limits = (found.mean, found.lower, found.upper) if found else (np.nan,) * 3
            row: dict[str, Any] = {"strategy": name, "wins": int(is_won.sum())}
            row.update(clear_wins=int((is_won & self._standings.is_clear).sum()))
            row.update(expected_wins=float(np.nansum(chance)) if (~np.isnan(chance)).any() else np.nan)
            row.update(mean=_mean(self.means[judged, s]))
            row.update(zip(("to_best", "lower", "upper"), limits, strict=True))
            row.update(mean_regret=_mean(self.regret[judged, s]), largest_regret=float(largest[s]))
            missing = int((~self.points.has_any[:, s]).sum()) + self.points.n_empty
            row.update(points=int(judged.sum()), points_missing=missing)
            rows.append(row)
        return pd.DataFrame(rows)

    def _over_points(self) -> AllPairs:
        """Compare means over the judged points, by replicates that are stored and defined at all of them."""
        averages = self.points.over(np.flatnonzero(self.points.is_whole).tolist())
        return compare_all_pairs(
            averages, self.points.strategies, self.confidence, higher_is_better=self._higher
        )

    @property
    def robust(self) -> tuple[str, float]:
        """The strategy whose largest regret is smallest, and that regret; empty and NaN where none is defined."""
        return self._standings.robust

    @property
    def sentences(self) -> tuple[str, ...]:
        """The answer in plain sentences."""
        judged = self.points.is_whole
        lines = self._standings.sentences(self.currency)
        n_open = int((judged & (self.winners < 0)).sum())
        if n_open:
            name = METRIC[self.points.metric].name
            lines.append(f"At {n_open} of {judged.sum()} points no strategy has a mean in {name}.")
        return (*self._unjudged(), *lines)

    def _unjudged(self) -> list[str]:
        """Return the sentence that says at how many points nobody is judged, and why; none where there is no such."""
        points = self.points
        n_left_out = int((~points.is_whole).sum()) + points.n_empty
        if n_left_out == 0:
            return []
        has_all = points.has_any.all(axis=0) & (points.n_empty == 0)
        names = listed(np.array(points.strategies)[~has_all].tolist())
        n = len(points.places) + points.n_empty
        return [
            f"At {n_left_out} of {n} points nobody is judged: a strategy has no replicate there ({names})."
        ]

    def to_json_document(self) -> dict[str, Any]:
        """Return the answer as plain data; undefined numbers are None."""
        name, regret = self.robust
        return {
            "metric": self.points.metric,
            "confidence": self.confidence,
            "sentences": list(self.sentences),
            "robust": {"strategy": name, "largest_regret": plain(regret)},
            "strategies": records(self.by_strategy()),
            "points": records(self.to_dataframe()),
        }

    def __repr__(self) -> str:
        head = f"Regimes of {self.points.metric}: {len(self.points.places):,} points"
        return "\n".join([head, *(f"  {line}" for line in self.sentences)])


def _mean(values: Values) -> float:
    """Return the mean over places; NaN where one is undefined, since the rest would flatter, or without any."""
    return float(values.mean()) if values.size else float("nan")
