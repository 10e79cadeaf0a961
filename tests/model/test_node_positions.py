"""On a given graph consumers live where its nodes say, if a scenario names the attributes; else place is ignored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from simulator.errors import ScenarioError
from simulator.model.initialization import World, build_world
from simulator.model.market import Market, build_market
from simulator.model.network.measures import assortativity
from simulator.scenario import Scenario, load_scenario

TINY = load_scenario("tiny")
ATTRIBUTES = {"region_attribute": "place", "habit_attribute": "shops", "demographic_attribute": "age"}
NAMES = {"place": ("town", "country"), "shops": ("store", "online"), "age": ("young", "settled")}


def two_sides(n: int = 40) -> nx.Graph:
    """Return a graph of two sides that hardly know each other; a quarter lives in the country."""
    graph = nx.Graph(
        nx.disjoint_union(nx.complete_graph(n // 4), nx.random_regular_graph(6, 3 * n // 4, seed=1))
    )
    graph.add_edge(0, n - 1)
    for node in graph:
        graph.nodes[node]["place"] = "country" if node < n // 4 else "town"
        graph.nodes[node]["shops"] = "online" if node % 4 == 0 else "store"
        graph.nodes[node]["age"] = "young" if node % 2 else "settled"
    return graph


def named(*keys: str) -> dict[str, str]:
    return {f"population.{key}": ATTRIBUTES[key] for key in keys or ATTRIBUTES}


def world_of(scenario: Scenario) -> tuple[Market, World]:
    market = build_market(scenario)
    return market, build_world(market, 7, 0)


def cell_parts(market: Market, world: World) -> list[tuple[str, ...]]:
    return [tuple(market.cells[cell].split("/")) for cell in world.population.cell]


def test_consumers_stand_in_the_cells_that_their_nodes_name() -> None:
    graph = two_sides()
    market, world = world_of(TINY.with_network(graph).with_overrides(named()))
    expected = [tuple(graph.nodes[node][name] for name in ("place", "shops", "age")) for node in graph]
    assert cell_parts(market, world) == expected
    online = {habit.name: np.float32(habit.online) for habit in TINY.population.habits}
    assert np.array_equal(world.population.online, [online[habit] for _, habit, _ in expected])
    counts = np.bincount(world.population.cell, minlength=len(market.cells))
    assert np.allclose(market.cell_shares, counts / 40)
    stock = market.arrays.initial_stock[market.brand_names.index("Theirs")]
    assert np.allclose(stock, 60.0 / market.people_per_consumer * np.array([0.75, 0.25]))


@pytest.mark.parametrize("key", ATTRIBUTES)
def test_parts_that_are_not_named_are_drawn_as_ever(key: str) -> None:
    graph = two_sides()
    plain_market, plain_world = world_of(TINY.with_network(graph))
    market, world = world_of(TINY.with_network(graph).with_overrides(named(key)))
    row = list(ATTRIBUTES).index(key)
    before, after = np.array(cell_parts(plain_market, plain_world)), np.array(cell_parts(market, world))
    assert (after[:, row] == [graph.nodes[node][ATTRIBUTES[key]] for node in graph]).all()
    assert (np.delete(after, row, axis=1) == np.delete(before, row, axis=1)).all()
    assert np.array_equal(world.population.sharing, plain_world.population.sharing)
    assert not np.array_equal(world.population.cell, plain_world.population.cell)
    assert market.cell_shares.sum() == pytest.approx(1.0)


def test_without_attributes_nothing_changes() -> None:
    graph, bare = two_sides(), nx.Graph(two_sides().edges)
    ordered = nx.Graph()
    ordered.add_nodes_from(sorted(bare))
    ordered.add_edges_from(bare.edges)
    (market, world), (_, same) = world_of(TINY.with_network(graph)), world_of(TINY.with_network(ordered))
    assert all(np.array_equal(a, b) for a, b in zip(world.population, same.population, strict=True))
    assert market.positions.shape == (3, 0)
    shares = [r.share * h.share * d.share for r in TINY.population.regions for h in TINY.population.habits
              for d in TINY.population.demographics]  # fmt: skip
    assert market.cell_shares.tolist() == shares


def test_a_real_graph_is_homophilous_only_where_it_says_so() -> None:
    scenario = TINY.with_network(two_sides(400))
    found = {}
    for name, changed in (
        ("ignored", scenario),
        ("read", scenario.with_overrides(named("region_attribute"))),
    ):
        market, world = world_of(changed)
        region = market.arrays.cell_region[world.population.cell]
        found[name] = assortativity(market.network, region)
    assert found["read"] > 0.9 and abs(found["ignored"]) < 0.1


def edge_list(folder: Path, values: dict[str, list[Any]]) -> dict[str, Any]:
    n = len(next(iter(values.values())))
    (folder / "ties.csv").write_text("source,target\n" + "".join(f"{i},{(i + 1) % n}\n" for i in range(n)))
    rows = zip(range(n), *values.values(), strict=True)
    header = ",".join(["id", *values])
    (folder / "nodes.csv").write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    files = {"path": str(folder / "ties.csv"), "nodes": str(folder / "nodes.csv")}
    return {"network": {"kind": "edge_list", **files}}


def test_a_file_of_nodes_names_them_too_also_by_numbers(tmp_path: Path) -> None:
    tables = {**TINY.to_dict(), **edge_list(tmp_path, {"village": [i % 2 + 1 for i in range(40)]})}
    for region, name in zip(tables["population"]["regions"], ("1", "2"), strict=True):
        region["name"] = name
    tables["population"]["region_attribute"] = "village"
    scenario = Scenario.from_dict(tables)
    market, world = world_of(scenario)
    assert [parts[0] for parts in cell_parts(market, world)] == [str(i % 2 + 1) for i in range(40)]
    digest = scenario.digest
    (tmp_path / "nodes.csv").write_text((tmp_path / "nodes.csv").read_text().replace("39,2", "39,1"))
    assert Scenario.from_dict(tables).digest != digest


def test_every_mistake_is_told_at_once() -> None:
    graph = two_sides()
    del graph.nodes[3]["place"]
    graph.nodes[5]["place"] = "twon"
    graph.nodes[6]["shops"] = "mall"
    scenario = TINY.with_network(graph).with_overrides({**named(), "population.demographic_attribute": "aeg"})
    with pytest.raises(ScenarioError) as error:
        build_market(scenario)
    told = [str(fault) for fault in error.value.faults]
    assert len(told) == 4
    for words, place in (
        ('"place", which 1 of 40 nodes lack, the first of them 3', "population.region_attribute"),
        ('with the values "twon" (1)', "population.region_attribute"),
        ('with the values "mall" (1)', "population.habit_attribute"),
        ('did you mean "age"?', "population.demographic_attribute"),
    ):
        assert any(words in fault and fault.startswith(place) for fault in told), told


def test_a_drawn_graph_has_no_attributes() -> None:
    with pytest.raises(ScenarioError, match="population.region_attribute.*name a file of nodes"):
        load_scenario("tiny", named("region_attribute"))
    matrix = nx.to_scipy_sparse_array(two_sides())
    with pytest.raises(ScenarioError, match="an attribute of the graph's nodes: nothing"):
        build_market(TINY.with_network(matrix).with_overrides(named("region_attribute")))


def test_attributes_of_a_graph_enter_the_digest() -> None:
    graph, other = two_sides(), two_sides()
    other.nodes[0]["place"] = "town"
    digests = {
        TINY.with_network(graph).with_overrides(named()).digest,
        TINY.with_network(other).with_overrides(named()).digest,
        TINY.with_network(build_market(TINY.with_network(graph)).network).digest,
        TINY.with_network(build_market(TINY.with_network(other)).network).digest,
    }
    assert len(digests) == 4
