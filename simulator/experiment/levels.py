"""Levels of strategies, solved once: how large a plan is so that its spend meets the budget."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.experiment.simulation import OnProgress
from simulator.scenario import Scenario

#: Most solved levels that a process remembers.
_MOST_LEVELS = 65_536


def level_of(plan: Any) -> dict[str, Any]:
    """Return how a balanced plan was solved, without its arrays."""
    return {key: value for key, value in vars(plan).items() if key != "plan"}


def balanced_plan(market: Any, strategy: str, parts: Mapping[str, Any]) -> Any:
    """Return the balanced plan of a strategy from how it was solved; see :func:`level_of`."""
    from simulator.experiment.budget import BalancedPlan
    from simulator.model.campaigns import build_plan

    level = parts["level"] if parts["n_pilot_runs"] else None
    return BalancedPlan(plan=build_plan(market, strategy, level=level), **parts)


class KnownLevels:
    """Solved levels of strategies, remembered by scenario, strategy and seed; they depend on nothing else."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, int], dict[str, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def plans(
        self,
        scenario: Scenario,
        market: Any,
        strategies: Sequence[str],
        seed: int,
        threads: int,
        on_progress: OnProgress | None,
    ) -> dict[str, Any]:
        """Return balanced plans, solving only what is not known yet."""
        from simulator.experiment.budget import balanced_plans

        with self._lock:
            keys = {name: (scenario.digest, name, seed) for name in strategies}
            known = {name: self._known[key] for name, key in keys.items() if key in self._known}
        missing = [name for name in strategies if name not in known]
        solved: dict[str, Any] = {}
        if missing:
            solved = balanced_plans(scenario, market, missing, seed, threads=threads, on_progress=on_progress)
            with self._lock:
                self._known.update({keys[name]: level_of(found) for name, found in solved.items()})
                while len(self._known) > _MOST_LEVELS:
                    self._known.popitem(last=False)
        solved.update({name: balanced_plan(market, name, parts) for name, parts in known.items()})
        return {name: solved[name] for name in strategies}


#: What this process has solved so far.
LEVELS = KnownLevels()
