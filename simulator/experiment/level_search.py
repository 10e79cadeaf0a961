"""The search for the level at which a strategy spends its budget, one trial after another.

Mean spend is a smooth function of the level, because every trial meets the same worlds and the same luck.
Free of the budget's cap it rises throughout and is found by secants. The cap bends it: what a replicate in
which programs cost much may not spend, the others make up for at a slightly higher level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Largest relative distance of mean spend from the budget that ends the search, free of the cap and with it.
TOLERANCE_FREE = 0.004
TOLERANCE_CAPPED = 0.002

#: Relative distance from which a note says why the budget is not met.
NOTEWORTHY = 0.01

LARGEST_DEPTH = 0.9
LARGEST_MULTIPLE = 64.0
MOST_FREE_TRIALS = 8
MOST_CAPPED_TRIALS = 5

_FIRST_DEPTH = 0.1
_GROWTH = 2.0
_SATURATED = 0.02
_ROOM = 0.5
_FLATTEST = 0.2
_ROUNDING = 1e-6


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
        When done, mean spend at it.
    is_capped : bool
        Whether the next trial is made with the cap of the budget.
    is_done : bool
        Whether the search has ended.
    note : str
        Why the budget is not met or nothing is left for media, one clause.
    n_pilots : int
        Pilot replicates of the latest trial; when done, those on which the solution rests.
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
        self.n_pilots = 0
        self._n_trials = 0
        self._largest = LARGEST_DEPTH if solves == "depth" else LARGEST_MULTIPLE
        self._slope = planned_media
        self._flattest = 0.0
        self._trials: list[Trial] = []

    def learn(self, spend: NDArray[np.float64]) -> None:
        """Take in what each pilot replicate spent at the present level, and choose the next.

        Parameters
        ----------
        spend : ndarray of float64, shape (pilot,)
            Spend by pilot replicate, in the unit of the budget.
        """
        self.n_pilots = int(spend.size)
        self._n_trials += 1
        self._trials.append(Trial(self.level, float(spend.mean())))
        if self.is_capped:
            self._learn_capped()
        else:
            self._learn_free(spend)

    def _learn_free(self, spend: NDArray[np.float64]) -> None:
        self._measure_slope()
        now = self._trials[-1]
        self.note = self._obstacle()
        if self.note or self._distance(now) <= TOLERANCE_FREE or len(self._trials) == MOST_FREE_TRIALS:
            self._close(spend)
        else:
            self.level = self._next()

    def _close(self, spend: NDArray[np.float64]) -> None:
        """Go on with the cap, from a level that is expected to make up for it; end where it never binds."""
        if spend.max() <= (1 + _ROUNDING) * self.budget:
            best = min(self._trials, key=lambda trial: (round(self._distance(trial), 3), trial.level))
            self._end(best)
            return
        if not self.note:
            self._largest = min(self._largest, (1 + _ROOM) * self.level + (self.solves == "media") * _ROOM)
            raised = np.linspace(self.level, self._largest, 500)
            gains = self._slope * (raised - self.level)
            means = [float(np.minimum(spend + gain, self.budget).mean()) for gain in gains]
            enough = np.flatnonzero(np.array(means) >= (1 - 2 * TOLERANCE_CAPPED) * self.budget)
            self.level = float(raised[enough[0]] if enough.size else raised[-1])
            self._flattest = _FLATTEST * self._slope
        self.is_capped = True
        self._trials = []

    def _learn_capped(self) -> None:
        now = self._trials[-1]
        if len(self._trials) > 1:
            self._measure_slope()
        is_last = self.solves == "nothing" or bool(self.note) or len(self._trials) == MOST_CAPPED_TRIALS
        following = now.level if is_last else self._next()
        if is_last or self._distance(now) <= TOLERANCE_CAPPED or following == now.level:
            self._end(min(self._trials, key=self._distance))
        else:
            self.level = following

    def _end(self, trial: Trial) -> None:
        self.level, self.spend = trial
        self.is_done = True
        if not self.note and self._distance(trial) > NOTEWORTHY:
            self.note = self._shortfall(trial)

    def _shortfall(self, trial: Trial) -> str:
        """Return why the search ended away from the budget."""
        if self.solves == "nothing":
            return "what its programs cost emerges, and it has no media that could make up for it"
        if trial.level == 0.0 and trial.spend > self.budget:
            return "its programs cost more than the budget, so nothing is left for media"
        what = "depth of its price cut" if self.solves == "depth" else "multiple of its media"
        if self.is_capped and trial.level >= self._largest and trial.spend < self.budget:
            return (
                "the budget runs out in some replicates and lasts in others, and not even the largest "
                f"{what} that was tried makes up for that"
            )
        return f"no {what} was found that spends it, in {self._n_trials} trials"

    def _distance(self, trial: Trial) -> float:
        return abs(trial.spend / self.budget - 1)

    def _obstacle(self) -> str:
        """Return what keeps any level from spending the budget, if there is such a thing."""
        now = self._trials[-1]
        if now.spend > self.budget:
            is_at_end = now.level == 0.0 and self._distance(now) > TOLERANCE_FREE
            return "its programs cost more than the budget, so nothing is left for media" if is_at_end else ""
        if self.solves == "depth":
            return "not even the deepest price cut spends it" if now.level >= self._largest else ""
        if now.level >= self._largest or self._is_saturated():
            return "the audiences of its media are too small to take it up"
        return ""

    def _is_saturated(self) -> bool:
        """Return whether more planned media no longer raise spend."""
        if len(self._trials) < 2:
            return False
        before, now = self._trials[-2:]
        planned = self.planned_media * (now.level - before.level)
        return planned > 0 and now.spend - before.spend < _SATURATED * planned

    def _measure_slope(self) -> None:
        """Measure how spend rises with the level, between the latest two trials where there are two."""
        now = self._trials[-1]
        if len(self._trials) > 1:
            before = self._trials[-2]
            slope = (now.spend - before.spend) / (now.level - before.level)
            self._slope = max(self._flattest, slope)
        elif self.solves == "depth":
            self._slope = now.spend / now.level

    def _next(self) -> float:
        """Return the next level: by the latest secant, kept within the bracket and within reach."""
        now = self._trials[-1]
        below = [trial for trial in self._trials if trial.spend < self.budget]
        above = [trial for trial in self._trials if trial.spend >= self.budget]
        low = max(below, key=lambda trial: trial.level, default=None)
        high = min(above, key=lambda trial: trial.level, default=None)
        highest = min(_GROWTH * now.level + 0.05, self._largest) if high is None else high.level
        lowest = low.level if low is not None else 0.0 if self.solves == "media" else now.level / _GROWTH
        missing = self.budget - now.spend
        level = now.level + missing / self._slope if self._slope > 0 else (highest if missing > 0 else lowest)
        if low is not None and high is not None and not lowest < level < highest:
            return (lowest + highest) / 2
        return min(max(level, lowest), highest)
