"""What must change nothing: one more idle consumer, another order, other names, threads and subsets."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from rich_market import counts_of, rich_scenario, rich_tables

from simulator.engines import run_replicates
from simulator.model.campaigns import build_plan
from simulator.model.initialization import NO_BRAND, World, build_world
from simulator.model.market import Market, build_market
from simulator.model.observation import FRACTION_SCALE, INDEX, SERIES
from simulator.scenario import Scenario

ENGINES = ("numba", "mesa")
#: Series that sum a state over all consumers, the idle one included.
STATE_SUMS = ("memory", "goodwill", "belief", "trust", "aware")
NOBODY = {
    "name": "nobody",
    "share": 0.0,
    "taste": [0.0, 0.0],
    "need_rate": 0.0,
    "reach": {"tv": 0.0, "feed": 0.0},
}


def idle_market(n_consumers: int) -> Market:
    """Return the rich market with a demographic group that nobody is born into, on a ring of 40 or more."""
    tables = copy.deepcopy(rich_tables())
    tables["population"]["demographics"].append(NOBODY)
    tables["population"]["consumers"] = n_consumers
    tables["strategies"]["everything"]["lines"] = [
        {**line, "rule": "degree"} if line["kind"] == "seeding" else line
        for line in tables["strategies"]["everything"]["lines"]
    ]
    return build_market(Scenario.from_dict(tables, name="idle"))


def with_idle_consumers(world: World, n_active: int, cell: int) -> World:
    """Return a world in which the consumers from ``n_active`` on have no need, no reach and no history."""
    population = world.population._replace(
        cell=world.population.cell.copy(),
        need_rate=world.population.need_rate.copy(),
        online=world.population.online.copy(),
    )
    population.cell[n_active:] = cell
    population.need_rate[n_active:] = 0
    population.online[n_active:] = 0
    latest = world.latest_brand.copy()
    latest[n_active:] = NO_BRAND
    return world._replace(population=population, latest_brand=latest)


def run_one(engine: str, market: Market, world: World) -> np.ndarray:
    from simulator.engines.runner import _runner

    return _runner(engine, 1)(market, build_plan(market, "everything"), world, 7, 0)


def counts_with_idle(engine: str, n_active: int, n_idle: int) -> np.ndarray:
    """Run a ring of active consumers with some idle ones beside it."""
    n = n_active + n_idle
    graph = nx.watts_strogatz_graph(n_active, 6, 0.2, seed=1)
    graph.add_nodes_from(range(n_active, n))
    market = idle_market(n)
    market = replace(market, scenario=market.scenario.with_network(graph))
    market = build_market(market.scenario)
    world = build_world(market, 7, 0)
    assert world.latest_brand.size == n
    nobody = market.cells.index("town/store/nobody")
    return run_one(engine, market, with_idle_consumers(world, n_active, nobody))


@pytest.mark.parametrize(
    ("engine", "n_active", "n_idle"),
    [("numba", 60, 1), ("numba", 256, 1), ("numba", 60, 300), ("mesa", 60, 1)],
)
def test_idle_consumers_change_nothing_for_others(engine: str, n_active: int, n_idle: int) -> None:
    alone = counts_with_idle(engine, n_active, 0)
    together = counts_with_idle(engine, n_active, n_idle)
    others = [k for k, series in enumerate(SERIES) if series.name not in STATE_SUMS]
    assert alone[..., INDEX["purchases"]].sum() > 50
    assert np.array_equal(alone[..., others], together[..., others])


@pytest.mark.parametrize("engine", ENGINES)
def test_an_idle_consumer_keeps_the_initial_trust_and_no_belief(engine: str) -> None:
    added = counts_with_idle(engine, 60, 1) - counts_with_idle(engine, 60, 0)
    trust = np.float32([brand.initial_trust for brand in idle_market(60).brands])
    assert (added[..., INDEX["trust"]] == np.floor(trust * FRACTION_SCALE)).all()
    assert (added[..., INDEX["belief"]] == 0).all()
    memory = added[..., INDEX["memory"]]
    assert (np.diff(memory, axis=0) <= 0).all() and memory.max() <= FRACTION_SCALE


def test_a_busy_consumer_does_change_something() -> None:
    """Negative control: the same consumer with needs, reach and friends."""
    markets = [idle_market(n) for n in (60, 61)]
    graphs = [nx.watts_strogatz_graph(n, 6, 0.2, seed=1) for n in (60, 61)]
    scenarios = [m.scenario.with_network(g) for m, g in zip(markets, graphs, strict=True)]
    fewer, more = (counts_of(scenario) for scenario in scenarios)
    assert not np.array_equal(fewer[..., INDEX["purchases"]], more[..., INDEX["purchases"]])


def reordered(key: str) -> Scenario:
    tables = copy.deepcopy(rich_tables())
    tables[key] = tables[key][::-1]
    return Scenario.from_dict(tables, name="reordered")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("key", ["brands", "channels", "events"])
def test_order_in_the_file_does_not_matter(engine: str, key: str) -> None:
    assert np.array_equal(counts_of(reordered(key), engine=engine), counts_of(rich_scenario(), engine=engine))


def renamed(value: Any) -> Any:
    """Return tables in which every brand and every channel has another name."""
    names = {"Ours": "Zeta", "Theirs": "alpha", "Late": "Mu", "tv": "zz", "feed": "aa"}
    if isinstance(value, dict):
        return {names.get(k, k): renamed(v) for k, v in value.items()}
    if isinstance(value, list):
        return [renamed(item) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def test_names_do_not_matter() -> None:
    other = Scenario.from_dict(renamed(copy.deepcopy(rich_tables())), name="renamed")
    assert other.focal_brand == "Zeta"
    assert np.array_equal(counts_of(other), counts_of(rich_scenario()))


def test_an_id_does_matter() -> None:
    """Negative control: the id is the address of a brand's luck."""
    other = rich_scenario({"brands.Late.id": 8})
    assert not np.array_equal(counts_of(other), counts_of(rich_scenario()))


def test_order_of_a_strategys_lines_on_different_channels_does_not_matter() -> None:
    tables = copy.deepcopy(rich_tables())
    lines = tables["strategies"]["everything"]["lines"]
    of_feed = [line for line in lines if line.get("channel") == "feed"]
    rest = [line for line in lines if line.get("channel") != "feed"]
    tables["strategies"]["everything"]["lines"] = [*of_feed, *rest]
    other = Scenario.from_dict(tables, name="reordered")
    assert np.array_equal(counts_of(other), counts_of(rich_scenario()))


@pytest.fixture(scope="module")
def market() -> Market:
    return build_market(rich_scenario())


@pytest.fixture(scope="module")
def ten(market: Market) -> np.ndarray:
    return counts_of(market, ("none", "everything"), range(10))


def test_number_of_threads_does_not_matter(market: Market, ten: np.ndarray) -> None:
    for threads in (2, 3):
        again = counts_of(market, ("none", "everything"), range(10), threads=threads)
        assert np.array_equal(again, ten)


def test_replicates_in_halves_alone_or_backwards_are_the_same(market: Market, ten: np.ndarray) -> None:
    strategies = ("none", "everything")
    halves = [counts_of(market, strategies, part) for part in (range(5), range(5, 10))]
    assert np.array_equal(np.concatenate(halves, axis=1), ten)
    assert np.array_equal(counts_of(market, strategies, [7]), ten[:, 7:8])
    assert np.array_equal(counts_of(market, strategies, range(9, -1, -1)), ten[:, ::-1])


def test_strategies_alone_or_in_another_order_are_the_same(market: Market, ten: np.ndarray) -> None:
    assert np.array_equal(counts_of(market, ("everything", "none"), range(10)), ten[::-1])
    assert np.array_equal(counts_of(market, ("everything",), range(10)), ten[1:])


def test_replicates_and_seeds_differ(market: Market, ten: np.ndarray) -> None:
    assert len({ten[1, r].tobytes() for r in range(10)}) == 10
    assert not np.array_equal(counts_of(market, ("everything",), range(1), seed=8), ten[1:, :1])


def test_burn_in_does_not_see_the_strategy(market: Market) -> None:
    """Until a strategy's first line starts, nothing differs from no campaign."""
    late = {f"strategies.everything.lines[{k}].start": 6 for k in range(10)}
    late |= {"strategies.everything.lines[6].end": 8, "strategies.everything.lines[9].end": 8}
    counts = counts_of(rich_scenario(late), ("none", "everything"))
    assert np.array_equal(counts[0, :, :6], counts[1, :, :6])
    assert not np.array_equal(counts[0, :, 6:], counts[1, :, 6:])


def test_a_longer_horizon_does_not_change_what_came_before() -> None:
    """Lines are dated, because their budget is spread over their weeks.

    Views of a piece are recorded in the step in which it was published, so later views may still come in.
    """
    tables = copy.deepcopy(rich_tables())
    for line in tables["strategies"]["everything"]["lines"]:
        if line["kind"] != "seeding":
            line["end"] = min(line.get("end", 12), 12)
    short = Scenario.from_dict(tables, name="short")
    long = Scenario.from_dict({**tables, "horizon": 20}, name="long")
    final = [k for k, series in enumerate(SERIES) if not series.name.startswith("piece_")]
    assert np.array_equal(counts_of(long)[:, :, :12, :, final], counts_of(short)[..., final])


def test_fixed_world_is_one_world_and_luck_still_differs() -> None:
    fixed = build_market(rich_scenario({"population.world": "fixed"}))
    counts = run_replicates(fixed, [build_plan(fixed, "none")], seed=7, replicates=[0, 1], threads=1)
    free = counts_of(rich_scenario(), ("none",), [0, 1])
    assert np.array_equal(counts[:, 0], free[:, 0])
    assert not np.array_equal(counts[:, 1], free[:, 1])
    assert not np.array_equal(counts[:, 0], counts[:, 1])
