"""Equal budgets: how much media, or how deep a price cut, makes a strategy spend what it may.

What coupons, rewards, groups, service and price cuts cost emerges from what consumers do, so it cannot be
planned. The level of a strategy multiplies its media, or is the depth of its price cut. It is solved on
pilot replicates, which are never among those that are evaluated: first without the cap of the budget, where
spend rises smoothly with the level, then with the cap, which stops a replicate that would overspend.

The pilots depend on scenario and seed alone: not on the engine, the threads, the replicates that are
evaluated or the other strategies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.experiment.level_search import LevelSearch
from simulator.experiment.simulation import BALANCING, OnProgress, counter
from simulator.model.campaigns import CAPPED, NO_CAP, Plan, build_plan
from simulator.model.draws import PILOT
from simulator.model.market import Market
from simulator.model.observation import INDEX, MONEY_SCALE, N_SERIES
from simulator.scenario import Scenario

#: Consumers simulated in the pilot replicates of one strategy together.
PILOT_CONSUMERS = 100_000
FEWEST_PILOTS = 2
MOST_PILOTS = 32
#: Part of the pilots on which the search for a level begins.
_FIRST_PART = 0.25

#: Most bytes of recorded numbers that pilots hold at once.
_MEMORY_LIMIT = 2**28
_USUAL_ROUNDS = 2


@dataclass(frozen=True)
class BalancedPlan:
    """A strategy whose level spends its budget.

    Parameters
    ----------
    plan : Plan
        The strategy as arrays.
    level : float
        Multiplier of its media, or depth of its price cut.
    pilot_spend : float
        Mean spend of its lines over the pilot replicates, currency.
    budget : float
        What it is to spend, currency; 0 without campaign lines.
    n_pilot_runs : int
        Pilot replicates on which the level found rests: a first part of them where the cap of the budget never
        binds, else all; 0 without campaign lines.
    note : str
        Why the budget is not met, or what had to be given up for it, one clause; empty where nothing was.
    """

    plan: Plan
    level: float
    pilot_spend: float
    budget: float
    n_pilot_runs: int
    note: str = ""


def n_pilots(n_consumers: int) -> int:
    """Return the number of pilot replicates: more of them where few consumers make spend noisy.

    Parameters
    ----------
    n_consumers : int
        Number of simulated consumers.

    Returns
    -------
    int
        2 to 32.

    Examples
    --------
    >>> n_pilots(300), n_pilots(10_000), n_pilots(1_000_000)
    (32, 10, 2)
    """
    return min(max(math.ceil(PILOT_CONSUMERS / n_consumers), FEWEST_PILOTS), MOST_PILOTS)


def balanced_plans(
    scenario: Scenario,
    market: Market,
    strategies: Sequence[str],
    seed: int,
    *,
    threads: int,
    on_progress: OnProgress | None = None,
) -> dict[str, BalancedPlan]:
    """Solve the level of every strategy so that its mean spend is the budget.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    market : Market
        The scenario as arrays.
    strategies : sequence of str
        Names of strategies.
    seed : int
        0 to 2**32 - 1.
    threads : int
        At least 1; the result does not depend on it.
    on_progress : callable, optional
        Receives (task, done, total) in pilot replicates of a strategy.

    Returns
    -------
    dict of str to BalancedPlan
        By strategy.
    """
    plans = {name: build_plan(market, name) for name in strategies}
    budget = float(scenario.comparison.budget)
    searches = {name: _search(plan, market) for name, plan in plans.items() if plan.budget > 0}
    pilots = _Pilots(market, seed, threads, on_progress, len(searches))
    while any(not search.is_done for search in searches.values()):
        for is_capped in (False, True):
            waiting = [
                name
                for name, search in searches.items()
                if not search.is_done and search.is_capped is is_capped
            ]
            trials = [_trial(market, searches[name], plans[name]) for name in waiting]
            for name, spend in zip(waiting, pilots.spend(trials, is_capped), strict=True):
                searches[name].learn(spend)
    pilots.end()
    return {name: _balanced(market, plan, budget, searches.get(name)) for name, plan in plans.items()}


def _balanced(market: Market, plan: Plan, budget: float, search: LevelSearch | None) -> BalancedPlan:
    if search is None:
        return BalancedPlan(plan, 1.0, 0.0, 0.0, 0)
    solved = build_plan(market, plan.name, level=search.level)
    return BalancedPlan(solved, search.level, search.spend, budget, search.n_pilots, search.note)


def _search(plan: Plan, market: Market) -> LevelSearch:
    return LevelSearch(plan.solves, plan.budget, _planned_media(plan, market))


def _planned_media(plan: Plan, market: Market) -> float:
    """Return what a plan's own media lines would cost if no audience were too small, in currency."""
    arrays = plan.arrays
    own = arrays.is_strategy > 0
    cost = (arrays.media_cost + arrays.data_cost)[own]
    return float((arrays.impressions[:, own] * cost).sum()) * market.people_per_consumer


def _trial(market: Market, search: LevelSearch, plan: Plan) -> Plan:
    """Return the plan of a search's next trial, freed of the budget's cap where the search asks for it."""
    trial = build_plan(market, plan.name, level=search.level)
    if search.is_capped:
        return trial
    caps = trial.arrays.program_cap.copy()
    if trial.solves == "depth":
        caps[:, CAPPED.index("price_cut")] = NO_CAP
    free = trial.arrays._replace(total_cap=np.full_like(trial.arrays.total_cap, NO_CAP), program_cap=caps)
    return replace(trial, arrays=free)


class _Pilots:
    """The pilot replicates of one market and seed."""

    def __init__(
        self, market: Market, seed: int, threads: int, on_progress: OnProgress | None, n_strategies: int
    ) -> None:
        self.market = market
        self.seed = seed
        self.threads = threads
        self.numbers = [PILOT | k for k in range(n_pilots(market.n_consumers))]
        self.n_first = max(FEWEST_PILOTS, math.ceil(_FIRST_PART * len(self.numbers)))
        self.on_progress = on_progress
        self.done = 0
        self.expected = n_strategies * len(self.numbers) * _USUAL_ROUNDS

    def spend(self, plans: Sequence[Plan], with_all: bool) -> NDArray[np.float64]:
        """Run the pilots of some plans and return what their strategies spent.

        Parameters
        ----------
        plans : sequence of Plan
            The plans.
        with_all : bool
            Whether all pilots are run, or the first part of them.

        Returns
        -------
        ndarray of float64, shape (plan, pilot)
            Currency.
        """
        if not plans:
            return np.zeros((0, 0))
        market = self.market
        numbers = self.numbers if with_all else self.numbers[: self.n_first]
        n_bytes = len(plans) * market.n_steps * market.arrays.n_brands * N_SERIES * 8
        size = max(1, _MEMORY_LIMIT // n_bytes)
        self.expected = max(self.expected, self.done + len(plans) * len(numbers))
        on_done = self._counter()
        parts = [
            self._spend(plans, numbers[start : start + size], on_done)
            for start in range(0, len(numbers), size)
        ]
        self.done += len(plans) * len(numbers)
        spent = np.concatenate(parts, axis=1).astype(np.float64)
        return spent * (market.people_per_consumer / MONEY_SCALE)

    def end(self) -> None:
        """Report that no pilot is needed any more."""
        if self.on_progress is not None and self.done:
            self.on_progress(BALANCING, self.done, self.done)

    def _spend(self, plans: Sequence[Plan], numbers: Sequence[int], on_done: Any) -> NDArray[np.int64]:
        from simulator import engines

        counts = engines.run_replicates(
            self.market,
            plans,
            engine="numba",
            seed=self.seed,
            replicates=numbers,
            threads=self.threads,
            on_done=on_done,
        )
        spent: NDArray[np.int64] = counts[:, :, :, self.market.focal, INDEX["spend_strategy"]].sum(axis=2)
        return spent

    def _counter(self) -> Any:
        if self.on_progress is None:
            return None
        before, on_progress = self.done, self.on_progress
        return counter(
            lambda task, done, total: on_progress(task, before + done, total), BALANCING, self.expected
        )
