"""The search for the level at which a strategy spends its budget, one trial after another.

Spend is a noisy but smooth function of the level, because every trial meets the same worlds and luck.
Without the cap of the budget it rises throughout and is found by secants within a bracket. The cap bends it
at the budget: what a lucky replicate may not spend is made up for by a slightly higher level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Largest relative distance of mean spend from the budget that ends the search without and with the cap.
TOLERANCE_FREE = 0.002
TOLERANCE_CAPPED = 0.003

#: Relative distance from which a note says why the budget is not met.
NOTEWORTHY = 0.01

LARGEST_DEPTH = 0.9
LARGEST_MULTIPLE = 64.0
MOST_FREE_TRIALS = 8
MOST_CAPPED_TRIALS = 5

_FIRST_DEPTH = 0.1
_LARGEST_GROWTH = 2.0
_LARGEST_RAISE = 1.5
_SATURATED = 0.02


class Trial(NamedTuple):
    """Mean spend at one level."""

    level: float
    spend: float


class LevelSearch:
    """Search for one strategy's level.

    Parameters
    ----------
    solves : {"media", "depth", "nothing"}
        What the level stands for.
    budget : float
        What the strategy is to spend, > 0.
    planned_media : float
        What its media cost at level 1 if no audience is too small, in the unit of the budget.

    Attributes
    ----------
    level : float
        Level of the next trial; when done, the solution.
    spend : float
        When done, mean spend at it, with the cap.
    is_capped : bool
        Whether the next trial is made with the cap of the budget.
    is_done : bool
        Whether the search has ended.
    note : str
        What is remarkable about the solution, one clause.
    """

    def __init__(self, solves: str, budget: float, planned_media: float = 0.0) -> None:
        self.solves = solves
        self.budget = budget
        self.planned_media = planned_media
        self.level = _FIRST_DEPTH if solves == "depth" else 1.0
        self.spend = float("nan")
        self.is_capped = solves == "nothing"
        self.is_done = False
        self.note = ""
        self._largest = LARGEST_DEPTH if solves == "depth" else LARGEST_MULTIPLE
        self._trials: list[Trial] = []
        self._slope = planned_media if solves == "media" else 0.0
        self._remark = ""

    def learn(self, spend: NDArray[np.float64]) -> None:
        """Take in what each pilot replicate spent at the present level, and choose the next.

        Parameters
        ----------
        spend : ndarray of float64, shape (pilot,)
            Spend by pilot replicate, in the unit of the budget.
        """
        self._trials.append(Trial(self.level, float(spend.mean())))
        if self.is_capped:
            self._learn_capped(spend)
        else:
            self._learn_free(spend)

    def _learn_free(self, spend: NDArray[np.float64]) -> None:
        trial = self._trials[-1]
        self._update_slope()
        if self._distance(trial) <= TOLERANCE_FREE:
            self._cap(spend)
        elif trial.level == 0.0 and trial.spend > self.budget:
            self._remark = "its programs alone cost more than the budget, so nothing is left for media"
            self._cap(spend)
        elif self._is_exhausted():
            self._remark = (
                "not even the deepest price cut spends the budget"
                if self.solves == "depth"
                else "the audiences of its media take up no more"
            )
            self._cap(spend)
        elif len(self._trials) == MOST_FREE_TRIALS:
            self.level = min(self._trials, key=self._distance).level
            self._cap(spend)
        else:
            self.level = self._next(self._largest)

    def _cap(self, spend: NDArray[np.float64]) -> None:
        """Go on with the cap; there is nothing to do where it never binds."""
        trial = self._trials[-1]
        if trial.level == self.level and spend.max() <= self.budget:
            self._end(trial)
            return
        self.is_capped = True
        self._trials = []

    def _learn_capped(self, spend: NDArray[np.float64]) -> None:
        trial = self._trials[-1]
        is_last = len(self._trials) == MOST_CAPPED_TRIALS
        if self.solves == "nothing" or self._remark or self._distance(trial) <= TOLERANCE_CAPPED or is_last:
            self._end(min(self._trials, key=self._distance))
            return
        if len(self._trials) == 1:
            self._slope *= max(0.1, float((spend < self.budget).mean()))
            self._most = min(self._largest, _LARGEST_RAISE * trial.level)
            if self.solves == "media":
                self._most = max(self._most, trial.level + 0.5)
        else:
            self._update_slope()
        following = self._next(self._most)
        if following == trial.level:
            self._end(min(self._trials, key=self._distance))
        self.level = following if not self.is_done else self.level

    def _end(self, trial: Trial) -> None:
        self.level, self.spend = trial
        self.is_done = True
        self.note = self._remark
        if not self.note and self._distance(trial) > NOTEWORTHY:
            self.note = "what its programs cost cannot be planned"

    def _distance(self, trial: Trial) -> float:
        return abs(trial.spend / self.budget - 1)

    def _update_slope(self) -> None:
        """Measure how spend rises with the level between the latest two trials."""
        if len(self._trials) == 1:
            only = self._trials[0]
            if self.solves == "depth":
                self._slope = only.spend / only.level
            return
        before, now = self._trials[-2:]
        if now.level != before.level:
            self._slope = max(0.0, (now.spend - before.spend) / (now.level - before.level))

    def _next(self, largest: float) -> float:
        """Return the next level: by the latest secant, kept within the bracket."""
        now = self._trials[-1]
        low, high = self._bracket()
        if self._slope > 0:
            level = now.level + (self.budget - now.spend) / self._slope
        else:
            level = now.level * (_LARGEST_GROWTH if now.spend < self.budget else 1 / _LARGEST_GROWTH)
        level = min(max(level, now.level / 4 if now.level > 0.02 else 0.0), largest)
        if self.solves == "media" and now.spend > self.budget and self._media_at(now.level) <= now.spend - self.budget:
            level = 0.0
        if high is None:
            return min(level, max(_LARGEST_GROWTH * now.level, 0.05))
        if low is None or low.level < level < high.level:
            return level
        weight = (self.budget - low.spend) / (high.spend - low.spend)
        return low.level + min(max(weight, 0.1), 0.9) * (high.level - low.level)

    def _media_at(self, level: float) -> float:
        return self.planned_media * level

    def _bracket(self) -> tuple[Trial | None, Trial | None]:
        """Return the highest level that spends too little and the lowest that spends too much."""
        below = [trial for trial in self._trials if trial.spend < self.budget]
        above = [trial for trial in self._trials if trial.spend >= self.budget]
        low = max(below, key=lambda trial: trial.level, default=None)
        high = min(above, key=lambda trial: trial.level, default=None)
        return low, high

    def _is_exhausted(self) -> bool:
        """Return whether a higher level spends no more; the level is then the lowest that spends as much."""
        now = self._trials[-1]
        if now.spend >= self.budget:
            return False
        if now.level >= self._largest:
            return True
        if len(self._trials) < 2 or self.solves != "media":
            return False
        before = self._trials[-2]
        planned = self._media_at(now.level) - self._media_at(before.level)
        if planned <= 0 or now.spend - before.spend > _SATURATED * planned:
            return False
        self.level = before.level
        return True
