"""The market model, set to each classic corner, has the law of the direct interface.

Seeds are fixed; Monte Carlo means may be five standard errors off, which one correct mean in two million is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.diffusion import arcs, curve, spread
from simulator.engines.numba_engine import run_one
from simulator.model.campaigns import build_plan
from simulator.model.initialization import build_world, world_number
from simulator.model.market import build_market
from simulator.model.observation import FRACTION_SCALE, INDEX
from simulator.model.seeding import choose_seeds
from simulator.outcomes.consumer_records import record_consumers
from simulator.scenario import load_scenario

MOST_ERRORS = 5.0


def played(name: str, n_replicates: int, **overrides: Any) -> tuple[list[Any], np.ndarray]:
    """Return the worlds of a shipped corner and its counts, int64 [replicate, step, brand, series]."""
    market = build_market(load_scenario(name, overrides))
    plan = build_plan(market, "none")
    worlds = [build_world(market, 1, replicate) for replicate in range(n_replicates)]
    return worlds, np.array([run_one(market, plan, world, 1, k) for k, world in enumerate(worlds)])


def graph_of(world: Any) -> Any:
    return arcs((world.indptr, world.neighbors))


def test_bass_on_a_network() -> None:
    worlds, counts = played("bass", 60, **{"population.world": "fixed"})
    adopters = counts[:, :, 0, INDEX["customers"]]
    direct = spread(graph_of(worlds[0]), model="bass", p=0.02, q=0.05, max_steps=26, n_replicates=4000)
    error = np.hypot(adopters.std(axis=0, ddof=1) / np.sqrt(60), direct.curve_standard_error[1:])
    assert (np.abs(adopters.mean(axis=0) - direct.curve[1:]) <= MOST_ERRORS * error + 1e-9).all()
    slower = spread(graph_of(worlds[0]), model="bass", p=0.02, q=0.045, max_steps=26, n_replicates=4000)
    assert (np.abs(adopters.mean(axis=0) - slower.curve[1:]) > MOST_ERRORS * error).any()


@pytest.mark.parametrize("kind", ["watts_strogatz", "barabasi_albert"])
def test_bass_drawn_by_step_adopts_with_the_market_consumer_by_consumer(kind: str) -> None:
    """The same bits: every consumer of every replicate, against the agents of the one engine, adopts in its step."""
    network = {} if kind == "watts_strogatz" else {"network": {"kind": kind, "attachments": 3}}
    market = build_market(load_scenario("bass", network))
    plan = build_plan(market, "none")
    for replicate in range(2):
        world = build_world(market, 1, world_number(market, replicate))
        bought = record_consumers(market, plan, seed=1, replicate=replicate).purchases
        when = np.where(bought.any(axis=0), bought.argmax(axis=0) + 1, -1)
        arguments: dict[str, Any] = {
            "model": "bass", "p": 0.02, "q": 0.05, "max_steps": len(bought), "n_replicates": 1, "seed": 1,
            "first_replicate": replicate, "record": "activations",
        }  # fmt: skip
        direct = spread(graph_of(world), draws="step", **arguments)
        assert direct.activated_at is not None
        assert direct.activated_at[0].tolist() == when.tolist()
        other = spread(graph_of(world), **arguments)
        assert other.activated_at is not None and other.activated_at[0].tolist() != when.tolist()


def test_bass_drawn_by_step_has_the_counts_of_the_compiled_market() -> None:
    worlds, counts = played("bass", 20)
    for replicate, (world, count) in enumerate(zip(worlds, counts, strict=True)):
        direct = spread(
            graph_of(world), model="bass", p=0.02, q=0.05, draws="step", max_steps=26, n_replicates=1, seed=1,
            first_replicate=replicate,
        )  # fmt: skip
        assert direct.curve[1:].tolist() == count[:, 0, INDEX["customers"]].tolist()


def test_a_cascade_drawn_by_step_adopts_with_the_market_consumer_by_consumer() -> None:
    """The same bits as the market's cascade, from the seeds that the market chose, which adopt in its first step."""
    market = build_market(load_scenario("independent_cascade"))
    plan = build_plan(market, "seeding")
    for replicate in range(20):
        world = build_world(market, 1, world_number(market, replicate))
        seeds, _ = choose_seeds(market.arrays, plan.arrays, world, 1, replicate)
        count = run_one(market, plan, world, 1, replicate)[:, 0, INDEX["customers"]]
        direct = spread(
            graph_of(world), seeds, p=0.1, draws="step", max_steps=len(count) - 1, n_replicates=1, seed=1,
            first_replicate=replicate, record="activations",
        )  # fmt: skip
        assert direct.curve.tolist() == count.tolist()
        if replicate == 0:
            bought = record_consumers(market, plan, seed=1, replicate=replicate).purchases
            when = np.where(bought.any(axis=0), bought.argmax(axis=0), -1)
            when[seeds] = 0
            assert direct.activated_at is not None
            assert direct.activated_at[0].tolist() == when.tolist()


def test_linear_threshold_adopts_in_the_same_steps() -> None:
    worlds, counts = played("linear_threshold", 20)
    for world, count in zip(worlds, counts, strict=True):
        seeds = np.flatnonzero(world.latest_brand >= 0)
        direct = spread(
            graph_of(world), seeds, model="lt", thresholds=world.population.threshold, max_steps=len(count)
        )
        assert count[:, 0, INDEX["customers"]].tolist() == direct.curve[1:].tolist()
    assert len({count[-1, 0, INDEX["customers"]] for count in counts}) > 10


def test_multinomial_logit() -> None:
    _, counts = played("logit", 10)
    bought = counts[:, :, :, INDEX["purchases"]].sum(axis=(0, 1))
    shoppers = counts[:, :, 0, INDEX["needs"]].sum()
    worth = np.exp([1.2, 0.8, 0.35])
    share = worth / (1 + worth.sum())
    assert (np.abs(bought / shoppers - share) <= MOST_ERRORS * np.sqrt(share * (1 - share) / shoppers)).all()


def test_goodwill_settles_where_nerlove_and_arrow_say() -> None:
    worlds, counts = played("nerlove_arrow", 3)
    noticed = 1 - np.exp(-0.5)
    mean = counts[:, -1, 0, INDEX["goodwill"]].mean() / FRACTION_SCALE / 1000
    variance = noticed * (1 - noticed) / (1 - 0.9**2)
    assert mean == pytest.approx(noticed / 0.1, abs=MOST_ERRORS * np.sqrt(variance / 3000) + 1e-3)


def test_the_mean_field_is_not_the_network() -> None:
    """Negative control: on a clustered network adoption is slower than where neighbors are independent."""
    worlds, counts = played("bass", 20, **{"population.world": "fixed"})
    independent = curve(graph_of(worlds[0]), p=0.02, q=0.05, times=26, method="mean_field")
    adopters = counts[:, 9, 0, INDEX["customers"]]
    assert adopters.mean() + MOST_ERRORS * adopters.std(ddof=1) / np.sqrt(20) < independent.cumulative[10]


def test_independent_cascade_from_the_same_seeds() -> None:
    """On one graph, from the seeds that the market chose; a cascade of half the probability is found out."""
    market = build_market(load_scenario("independent_cascade", {"population.world": "fixed"}))
    plan = build_plan(market, "seeding")
    world = build_world(market, 1, 0)
    seeds, _ = choose_seeds(market.arrays, plan.arrays, world, 1, 0)
    assert seeds.size == 20
    counts = np.array([run_one(market, plan, world, 1, replicate) for replicate in range(300)])
    adopters = counts[:, :, 0, INDEX["customers"]]
    direct = spread(graph_of(world), seeds, model="ic", p=0.1, max_steps=25, n_replicates=4000)
    error = np.hypot(adopters.std(axis=0, ddof=1) / np.sqrt(300), direct.curve_standard_error)
    assert adopters[:, 0].tolist() == [20] * 300
    assert (np.abs(adopters.mean(axis=0) - direct.curve) <= MOST_ERRORS * error + 1e-9).all()
    slower = spread(graph_of(world), seeds, model="ic", p=0.09, max_steps=25, n_replicates=4000)
    assert (np.abs(adopters.mean(axis=0) - slower.curve) > MOST_ERRORS * error).any()
