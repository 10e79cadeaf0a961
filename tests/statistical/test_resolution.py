"""A market of a million people buys the same, by however many consumers it is simulated.

Seeds are fixed. The bound is 4 standard errors of the difference, which one right mean in 16,000 misses. While a
consumer's review counted as one person's, 500 consumers bought 16 % less than 8,000.
"""

from __future__ import annotations

import numpy as np

from simulator.engines.runner import run_replicates
from simulator.model.campaigns import build_plan
from simulator.model.market import build_market
from simulator.model.observation import INDEX
from simulator.scenario import load_scenario


def bought(consumers: int, n_replicates: int) -> tuple[float, float]:
    """Return purchases of the focal brand per consumer without a campaign: mean and standard error."""
    keys = {"population.consumers": consumers, "population.people_per_consumer": 1e6 / consumers}
    market = build_market(load_scenario("launch", keys))
    counts = run_replicates(
        market, [build_plan(market, "none")], seed=3, replicates=range(n_replicates), threads=1
    )
    each = counts[0][..., market.focal, INDEX["purchases"]].sum(axis=-1) / consumers
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(n_replicates))


def test_resolution_does_not_change_purchases() -> None:
    few, error_of_few = bought(1000, 60)
    many, error_of_many = bought(8000, 8)
    assert abs(few - many) < 4 * np.hypot(error_of_few, error_of_many)
