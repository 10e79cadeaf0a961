"""Graphs from networkx and scipy."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from network_tools import assert_sound, tie_set_of, undirected
from scipy import sparse

from simulator.errors import NetworkError
from simulator.model.network import from_graph


def test_networkx_graph_keeps_order_weights_and_attributes():
    graph = networkx.Graph()
    graph.add_node("z", age=30)
    graph.add_edge("z", "a", weight=2.0)
    graph.add_edge("a", "m")
    network = from_graph(graph, weights="weight")
    assert network.node_ids.tolist() == ["z", "a", "m"]
    assert tie_set_of(network) == undirected([(0, 1), (1, 2)])
    assert network.weights.tolist() == [2.0, 2.0, 1.0, 1.0]
    assert network.node_attributes["age"].tolist() == [30, None, None]
    assert from_graph(graph).weights.size == 0
    assert_sound(network)


def test_directed_networkx_arcs_mean_influence():
    graph = networkx.DiGraph([(0, 1), (1, 0), (1, 2)])
    assert tie_set_of(from_graph(graph)) == {(0, 1), (1, 0), (1, 2)}
    assert tie_set_of(from_graph(graph, influence="named")) == {(1, 0), (0, 1), (2, 1)}


def test_parallel_edges_of_a_multigraph_stay_apart():
    network = from_graph(networkx.MultiGraph([(0, 1), (0, 1), (1, 0), (1, 2)]))
    assert network.neighbors.tolist() == [1, 1, 1, 0, 0, 0, 2, 1]
    assert network.occurrence.tolist() == [0, 1, 2, 0, 1, 2, 0, 0]
    assert network.n_ties == 4
    assert network.to_networkx().number_of_edges(0, 1) == 3


@pytest.mark.parametrize("name", ["karate_club_graph", "les_miserables_graph", "davis_southern_women_graph"])
def test_there_and_back(name):
    graph = getattr(networkx, name)()
    back = from_graph(graph, weights="weight").to_networkx()
    names = list(graph)
    assert {frozenset((names[i], names[j])) for i, j in back.edges} == {
        frozenset(edge) for edge in graph.edges
    }
    for i, j, weight in back.edges(data="weight", default=1.0):
        assert weight == graph.edges[names[i], names[j]].get("weight", 1.0)


@pytest.mark.parametrize("kind", ["csr_array", "csc_matrix", "coo_array", "lil_array"])
def test_sparse_matrices(kind):
    dense = np.array([[0, 2, 0], [2, 0, 5], [0, 5, 0]])
    network = from_graph(getattr(sparse, kind)(dense))
    assert not network.is_directed
    assert network.weights.size == 0
    assert tie_set_of(network) == undirected([(0, 1), (1, 2)])
    weighted = from_graph(getattr(sparse, kind)(dense), weights="data")
    assert weighted.weights.tolist() == [2, 2, 5, 5]
    dense[0, 1] = 1
    assert from_graph(getattr(sparse, kind)(dense), weights="data").is_directed
    assert not from_graph(getattr(sparse, kind)(dense)).is_directed
    dense[0, 1] = 0
    assert tie_set_of(from_graph(getattr(sparse, kind)(dense))) == {(1, 0), (1, 2), (2, 1)}


def test_a_stored_zero_is_an_arc_but_no_weight():
    matrix = sparse.coo_array(([0.0, 1.0], ([0, 1], [1, 2])), shape=(3, 3))
    assert tie_set_of(from_graph(matrix)) == {(0, 1), (1, 2)}
    with pytest.raises(NetworkError, match=r"entry \(0, 1\) \(zero weight\)"):
        from_graph(matrix, weights="data")


def test_a_network_is_itself():
    network = from_graph(networkx.path_graph(3))
    assert from_graph(network) is network


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (networkx.Graph([(0, 0), (0, 1)]), "graph = edge (0, 0) (self-loop)"),
        (sparse.eye_array(3).tocsr(), "graph = entry (0, 0) (self-loop, the first of 3)"),
        (sparse.csr_array((2, 3)), "graph = a matrix of 2 x 3; expected a square matrix"),
        (networkx.Graph(), "no consumers; expected at least one consumer"),
        ([(0, 1)], "network = list; expected a networkx graph, a scipy sparse array or a Network"),
    ],
)
def test_graphs_that_cannot_be_used(graph, message):
    with pytest.raises(NetworkError) as caught:
        from_graph(graph)
    assert message in str(caught.value)


def test_repairs_on_request_and_weights_that_are_text():
    graph = networkx.Graph([(0, 0), (0, 1)])
    assert from_graph(graph, on_fault="report").repairs == ("self-loop (1): tie dropped",)
    graph = networkx.Graph()
    graph.add_edge("a", "b", weight="heavy")
    with pytest.raises(NetworkError, match=r"edge \('a', 'b'\).weight = 'heavy'"):
        from_graph(graph, weights="weight")


def test_a_hub_whose_mail_could_overflow_is_refused() -> None:
    """Sums of messages have 32 bits; a larger friend_credibility leaves room for fewer ties."""
    from simulator.model.initialization import _check_mail  # noqa: PLC0415

    _check_mail(174_000, 1.0)
    with pytest.raises(NetworkError, match=r"175000 ties that lead to one consumer.*at most 174720"):
        _check_mail(175_000, 1.0)
    with pytest.raises(NetworkError, match="at most 17475"):
        _check_mail(20_000, 10.0)
