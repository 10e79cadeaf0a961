"""What the tests of the engines share: small markets, and a comparison that says what differs first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import networkx as nx
import numpy as np

from simulator.engines.numba_engine import layout, memory
from simulator.engines.numba_engine.reset import reset
from simulator.engines.numba_engine.run import run_steps
from simulator.engines.numba_engine.terms import SEED_FIRST, SEED_LAST, gather_terms, switches
from simulator.model.campaigns import Plan, build_plan
from simulator.model.initialization import World, build_world
from simulator.model.market import Market, build_market
from simulator.model.network.csr import Network
from simulator.model.network.library import from_networkx
from simulator.model.observation import SERIES
from simulator.model.seeding import choose_seeds
from simulator.scenario import load_scenario

SEED = 7


class Case(NamedTuple):
    """A market in one of its worlds."""

    market: Market
    world: World

    def plan(self, strategy: str) -> Plan:
        return build_plan(self.market, strategy)


@cache
def _case(scenario: str, overrides: tuple[tuple[str, Any], ...], graph: Any, replicate: int) -> Case:
    loaded = load_scenario(scenario, dict(overrides))
    if graph is not None:
        loaded = loaded.with_network(graph())
    market = build_market(loaded)
    return Case(market, build_world(market, SEED, replicate))


def make_case(
    scenario: str, overrides: Mapping[str, Any] | None = None, *, graph: Any = None, replicate: int = 0
) -> Case:
    """Build a market and its world once per process; ``graph`` is a function that returns a social graph."""
    return _case(scenario, tuple((overrides or {}).items()), graph, replicate)


def strategies_of(scenario: str) -> list[str]:
    return ["none", *(name for name in load_scenario(scenario).strategies if name != "none")]


def assert_same_counts(market: Market, mesa: np.ndarray, compiled: np.ndarray) -> None:
    """Compare all counts, and name the first step, brand and series that differ."""
    assert mesa.shape == compiled.shape
    assert mesa.dtype == compiled.dtype == np.int64
    different = np.argwhere(mesa != compiled)
    if different.size:
        step, brand, series = different[0]
        name = SERIES[series].name
        raise AssertionError(
            f"{len(different)} counts differ, first at step {step}, brand {market.brand_names[brand]}, "
            f"series {name}: mesa {mesa[step, brand, series]}, compiled {compiled[step, brand, series]}"
        )


def compiled_end(case: Case, plan: Plan, replicate: int = 0) -> tuple[layout.State, np.ndarray]:
    """Run the compiled engine on memory of its own; return the state at the end and all counts."""
    market, world = case
    on = switches(market, plan.arrays, world)
    n_lines = plan.arrays.brand.size
    terms = gather_terms(market, plan.arrays)
    state = memory.new_state(market, n_lines, on)
    state = state._replace(letters=memory.new_letters(market, plan.arrays, world, on))
    work = memory.new_work(market, n_lines, int(plan.arrays.seeding_count.sum()), on)
    counts = memory.new_counts(plan.arrays.impressions.shape[0], market.arrays.n_brands)
    seeds, first = choose_seeds(market.arrays, plan.arrays, world, SEED, replicate)
    terms.seeding[:, SEED_FIRST] = first[:-1]
    terms.seeding[:, SEED_LAST] = first[1:]
    graph = memory.new_graph(market, world, on)._replace(seeds=seeds)
    reset(market.arrays, world, on, state)
    given = terms, market.parameters, graph, on, state, work
    run_steps(0, counts.shape[0], (np.uint32(SEED), np.uint32(replicate)), given, counts)
    return state, counts


def weighted_parallel_ties() -> Network:
    """Forty consumers; weighted ties, many of them twice or three times."""
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(40))
    for i in range(40):
        for step, weight in ((1, 0.5), (1, 1.0), (3, 2.5), (3, 0.25), (3, 1.0), (7, 4.0)):
            graph.add_edge(i, (i + step) % 40, weight=weight)
    return from_networkx(graph, weights="weight")


def parallel_ties() -> nx.MultiGraph:
    """Thirty consumers with unweighted ties, each of them twice."""
    graph = nx.MultiGraph(nx.watts_strogatz_graph(30, 4, 0.2, seed=1))
    graph.add_edges_from(list(graph.edges()))
    return graph


def one_way_ties() -> nx.DiGraph:
    """Thirty consumers of whom each influences three others; the last two influence nobody."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(30))
    graph.add_edges_from((i, (i * 7 + k) % 30) for i in range(28) for k in (1, 4, 9) if i != (i * 7 + k) % 30)
    return graph


def large_star() -> nx.Graph:
    """One consumer with more ties than the compiled engine draws at once."""
    return nx.star_graph(1300)


def no_ties() -> nx.Graph:
    return nx.empty_graph(20)
