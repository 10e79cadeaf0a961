"""Round trips and digests: what makes two scenarios the same."""

from __future__ import annotations

import gzip
import pickle
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import ScenarioError
from simulator.model.network import from_graph
from simulator.scenario import Scenario, load_scenario, shipped_names
from simulator.scenario.schema import ScenarioTables
from simulator.scenario.schema.walk import Spot, fields_of
from simulator.scenario.toml_writer import to_toml

TINY = load_scenario("tiny")
NAMES = shipped_names()


@pytest.mark.parametrize("name", NAMES)
def test_round_trips(name: str, tmp_path: Path) -> None:
    scenario = load_scenario(name)
    path = tmp_path / f"{name}.toml"
    path.write_text(scenario.to_toml(), "utf-8")
    assert tomllib.loads(scenario.to_toml()) == scenario.to_dict()
    for copy in (
        load_scenario(path),
        Scenario.from_dict(scenario.to_dict()),
        pickle.loads(pickle.dumps(scenario)),
    ):
        assert copy.digest == scenario.digest
        assert copy == scenario
        assert copy.to_dict() == scenario.to_dict()
        assert hash(copy) == hash(scenario)


def test_defaults_written_out_change_nothing() -> None:
    data = tomllib.loads(TINY.to_toml())
    assert data["comparison"]["confidence"] == 0.95
    assert Scenario.from_dict(data) == TINY == load_scenario("tiny", {"comparison.confidence": 0.95})


def test_whole_numbers_for_fractions_change_nothing() -> None:
    assert TINY.with_overrides({"brands.Ours.price": 10}) == TINY


def _leaves(value: Any, path: str, spot: Spot) -> Iterator[tuple[str, Any, Spot]]:
    """Yield every value of a scenario with its path and what the schema says about it."""
    if isinstance(value, dict):
        model = spot.kinds[value["kind"]] if spot.kinds else spot.table
        spots = fields_of(model) if model is not None else {}
        for key, item in value.items():
            inner = spots.get(key) or spot.item
            assert inner is not None
            yield from _leaves(item, f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list) and spot.item is not None and (spot.item.kinds or spot.item.table):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]", spot.item)
    else:
        yield path, value, spot


def _others(value: Any, spot: Spot) -> list[Any]:
    if spot.choices:
        return [choice for choice in spot.choices if choice != value]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        steps = [1, -1, 0.125, -0.125, 0.01 * value, -0.01 * value]
        return [value + step for step in steps if step]
    if isinstance(value, list):
        shifted = [number + 0.125 for number in value if isinstance(number, float)]
        return [shifted] if shifted else [[*value, "more"]]
    return [f"{value}x"]


SEEDING = "strategies.social.lines[0]"
CHANGED_TOGETHER = {
    "share": {"population.regions.town.share": 0.5, "population.regions.country.share": 0.5},
    "kind": {"network.kind": "star"},
    "channel": {"strategies.mass.lines[0].channel": "feed"},
    "brand": {"comparison.brand": "Late"},
    "demographic": {"events[1].demographic": "settled"},
    "present_from_start": {"brands.Late.present_from_start": True, "brands.Late.launch_step": 0},
    "baseline": {"comparison.baseline": "mass"},
}
"""Keys that refer to others or must fit them, each with a change that keeps the scenario sound."""

READ_BY_SOME_RULES = {
    "trait": {f"{SEEDING}.rule": "early_adopters", f"{SEEDING}.trait": "sharing"},
    "spreading": {f"{SEEDING}.rule": "ris", f"{SEEDING}.spreading": "wc"},
    "samples": {f"{SEEDING}.rule": "celf", f"{SEEDING}.samples": 100},
    "epsilon": {f"{SEEDING}.rule": "ris", f"{SEEDING}.epsilon": 0.2},
    "pivots": {f"{SEEDING}.rule": "betweenness", f"{SEEDING}.pivots": 32},
}
"""Keys that only some rules of seeding read, and that a scenario leaves out otherwise."""


def test_every_key_enters_the_digest() -> None:
    keys: set[str] = set()
    moved: dict[str, str] = {}
    for path, value, spot in _leaves(TINY.to_dict(), "", Spot(ScenarioTables)):
        key = path.rpartition(".")[2]
        keys.add(key)
        for other in _others(value, spot):
            try:
                moved[TINY.with_overrides({path: other}).digest] = key
            except ScenarioError:
                continue
            break
    assert keys - set(moved.values()) == set(CHANGED_TOGETHER)
    assert len(moved) > 250 and TINY.digest not in moved


def test_keys_that_change_together_enter_the_digest() -> None:
    changes = [*CHANGED_TOGETHER.values(), *READ_BY_SOME_RULES.values()]
    digests = {TINY.with_overrides(change).digest for change in changes}
    assert len(digests | {TINY.digest}) == len(changes) + 1


def test_the_digest_of_an_edge_list_is_that_of_its_contents(tmp_path: Path) -> None:
    def with_ties(path: Path, content: bytes) -> Scenario:
        path.write_bytes(content)
        return load_scenario("tiny", {"network.kind": "edge_list", "network.path": path})

    first = with_ties(tmp_path / "a.csv", b"1,2\n")
    assert with_ties(tmp_path / "b.csv", b"1,2\n").digest == first.digest
    assert with_ties(tmp_path / "c.csv", b"1,3\n").digest != first.digest
    assert with_ties(tmp_path / "d.csv.gz", gzip.compress(b"1,2\n")).digest != first.digest


def test_a_graph_from_python_is_kept_and_hashed() -> None:
    graph = nx.path_graph(30)
    scenario = TINY.with_network(graph)
    assert scenario.social_graph is graph and TINY.social_graph is None
    assert scenario.population.consumers == 30
    assert "a social graph from Python" in repr(scenario)
    assert scenario.digest == TINY.with_network(nx.path_graph(30)).digest
    others = [
        TINY.with_overrides({"population.consumers": 30}),
        TINY.with_network(nx.cycle_graph(30)),
        TINY.with_network(nx.DiGraph(nx.path_graph(30))),
        TINY.with_network(nx.to_scipy_sparse_array(graph)),
        TINY.with_network(nx.to_scipy_sparse_array(graph) * 2.0, weights="data"),
        TINY.with_network(nx.to_scipy_sparse_array(graph) * 2.0, weights="none"),
        TINY.with_network(nx.DiGraph(nx.path_graph(30)), influence="named"),
    ]
    assert len({scenario.digest, *(other.digest for other in others)}) == 8
    assert TINY.with_network(graph, weights="none").digest == scenario.digest
    assert others[-1].with_overrides({"horizon": 9}).given_graph.influence == "named"


def _weighted(weight: float, name: str = "weight") -> nx.Graph:
    graph = nx.cycle_graph(30)
    nx.set_edge_attributes(graph, weight, name)
    return graph


@pytest.mark.parametrize(
    ("graph", "reading", "words"),
    [
        (_weighted(3.0), {}, 'edge .* has weight 3.0.*weights="weight".*weights="none"'),
        (nx.to_scipy_sparse_array(_weighted(3.0)), {}, 'entry .* is 3.0.*weights="data"'),
        (_weighted(3.0, "strength"), {"weights": "strenght"}, 'did you mean "strength"'),
        (nx.compose(nx.path_graph(40), _weighted(2.0)), {"weights": "weight"}, "of 40 edges lack"),
        (nx.to_scipy_sparse_array(_weighted(3.0)), {"weights": "weight"}, '"data" for a sparse matrix'),
        (_weighted(3.0), {"weights": 3}, "the name of the weights"),
        (nx.cycle_graph(30), {"influence": "both"}, '"naming".*"named"'),
        (
            from_graph(nx.cycle_graph(30)),
            {"weights": "weight"},
            "neither, with a social graph of this package",
        ),
    ],
)
def test_weights_that_nobody_reads_or_has_are_refused(
    graph: Any, reading: dict[str, Any], words: str
) -> None:
    with pytest.raises(ScenarioError, match=words):
        TINY.with_network(graph, **reading)


def test_a_graph_stays_with_overrides() -> None:
    graph = sparse.csr_array(np.ones((20, 20)) - np.eye(20))
    scenario = TINY.with_network(graph).with_overrides({"horizon": 9})
    assert scenario.social_graph is graph
    with pytest.raises(ScenarioError, match="one for each node"):
        scenario.with_overrides({"population.consumers": 21})
    with pytest.raises(ScenarioError, match="passed from Python"):
        scenario.with_overrides({"network.kind": "star"})
    assert pickle.loads(pickle.dumps(scenario)).digest == scenario.digest


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        ("ties", "a networkx graph or a scipy sparse matrix"),
        (sparse.csr_array(np.ones((3, 4))), "a square matrix"),
        (nx.path_graph(5), "population.consumers = 5"),
    ],
)
def test_what_is_no_graph_is_refused(graph: Any, words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        TINY.with_network(graph)


_scalars = st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_tables = st.recursive(
    st.dictionaries(st.text(), _scalars, max_size=3),
    lambda inner: st.dictionaries(
        st.text(), _scalars | inner | st.lists(inner, max_size=3) | st.lists(_scalars), max_size=3
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=60)
@given(_tables)
def test_what_is_written_is_what_toml_reads(table: dict[str, Any]) -> None:
    assert tomllib.loads(to_toml(table)) == table


def test_what_toml_lacks_is_refused() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        to_toml({"a": None})
