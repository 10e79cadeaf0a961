"""Replicates in worlds of their own number: the luck of the market apart from graph and population.

A replicate usually plays in the world of its own number. Here the two are apart: world 3 may see replicates
40 to 49, so that what comes from the world and what comes from the market's chance can be told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.experiment.sampling import Values
from simulator.experiment.simulation import Treatments
from simulator.outcomes.brand_view import REFERENCE
from simulator.outcomes.metrics import INCREMENTAL, measure


def outcomes_in_worlds(
    ready: Treatments, worlds: Sequence[int], n_replicates: int, metric: str, on_done: Any = None
) -> Values:
    """Run strategies in numbered worlds, each with market luck of its own.

    Parameters
    ----------
    ready : Treatments
        Strategies with balanced budgets; ``none`` must be among them for an incremental metric. Its
        scenario must draw a world per replicate.
    worlds : sequence of int
        Numbers of worlds. World w sees replicates ``w * n_replicates`` onwards.
    n_replicates : int
        Replicates in each world.
    metric : str
        Name of a metric.
    on_done : callable, optional
        Receives how many replicates of a strategy have just been finished.

    Returns
    -------
    ndarray of float64, shape (strategy, world, replicate)
        Outcomes.
    """
    asked = ready.arguments
    counts: list[NDArray[np.int64]] = []
    with ThreadPoolExecutor(1 if asked.engine == "mesa" else asked.threads) as pool:
        for part in pool.map(lambda world: _one_world(ready, world, n_replicates, on_done), worlds):
            counts.append(part)
    numbers = [world * n_replicates + r for world in worlds for r in range(n_replicates)]
    trajectories = ready.wrap(np.concatenate(counts, axis=1), numbers)
    reference = REFERENCE if metric in INCREMENTAL else None
    values = measure(trajectories, reference=reference, metrics=[metric]).values[:, :, 0]
    return values.reshape(len(asked.strategies), len(worlds), n_replicates)


def _one_world(ready: Treatments, number: int, n_replicates: int, on_done: Any) -> NDArray[np.int64]:
    """Return counts [strategy, replicate, step, brand, series] of one world."""
    from simulator.model.initialization import build_world

    asked = ready.arguments
    run_one = _runner(asked.engine)
    world = build_world(ready.market, asked.seed, number)
    parts = []
    for name in asked.strategies:
        plan = ready.balanced[name].plan
        replicates = range(number * n_replicates, (number + 1) * n_replicates)
        parts.append(np.stack([run_one(ready.market, plan, world, asked.seed, r) for r in replicates]))
        if on_done is not None:
            on_done(n_replicates)
    return np.stack(parts)


def _runner(engine: str) -> Any:
    if engine == "mesa":
        from simulator.engines.mesa_engine import run_one

        return run_one
    from simulator.engines.numba_engine import run_one as run_compiled

    return run_compiled
