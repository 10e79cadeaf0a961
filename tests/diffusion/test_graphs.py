"""Graphs of every kind become the same arcs, in the caller's order, and bad ones are refused."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from plain_diffusion import arc_list, random_multigraphs

from simulator.diffusion import arcs, spread
from simulator.errors import FaultyInputError, NetworkError
from simulator.model.network import from_graph


def test_the_same_graph_in_every_form_gives_the_same_arcs_and_the_same_spread(tmp_path: Path) -> None:
    graph = nx.gnm_random_graph(60, 240, seed=4, directed=True)
    matrix = nx.to_scipy_sparse_array(graph, format="csr")
    path = tmp_path / "ties.txt.gz"
    with gzip.open(path, "wt") as file:
        file.writelines(f"{i}\t{j}\n" for i, j in graph.edges())
    forms: dict[str, Any] = {
        "networkx": graph,
        "csr": matrix,
        "coo": matrix.tocoo(),
        "csc": matrix.tocsc(),
        "lil": matrix.tolil(),
        "matrix": sp.csr_matrix(matrix),
        "arrays": (matrix.indptr, matrix.indices),
        "lists": [matrix.indptr.tolist(), matrix.indices.tolist()],
        "network": from_graph(graph),
        "arcs": arcs(graph),
    }
    digests = {name: arcs(form, weights=False).digest for name, form in forms.items()}
    digests["path"] = arcs(str(path), directed=True).digest
    assert len(set(digests.values())) == 1, digests
    sizes = [spread(form, [3], p=0.2, n_replicates=50).sizes for form in forms.values()]
    sizes.append(spread(path, [3], p=0.2, n_replicates=50, directed=True).sizes)
    assert all(np.array_equal(sizes[0], one) for one in sizes)


def test_an_undirected_graph_has_two_arcs_an_edge_in_the_order_of_its_matrix() -> None:
    graph = nx.karate_club_graph()
    matrix = nx.to_scipy_sparse_array(graph, format="csr")
    result = arcs(graph)
    assert np.array_equal(result.indptr, matrix.indptr)
    assert np.array_equal(result.targets, matrix.indices)
    assert result.weights is None and result.labels is None and result.is_symmetric
    assert np.array_equal(arcs(graph, weights="weight").weights, matrix.data)


def test_parallel_arcs_loops_and_stored_zeros_stay() -> None:
    graph = nx.MultiDiGraph([("a", "b"), ("a", "b"), ("b", "b"), ("c", "a")])
    result = arcs(graph)
    assert arc_list(result.indptr, result.targets) == [(0, 1), (0, 1), (1, 1), (2, 0)]
    assert result.indegree.tolist() == [1, 3, 0]
    undirected = arcs(nx.MultiGraph([(0, 1), (0, 1), (1, 1)]))
    assert arc_list(undirected.indptr, undirected.targets) == [(0, 1), (0, 1), (1, 0), (1, 0), (1, 1)]
    stored = sp.coo_array(([0.0, 2.0, 3.0], ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    assert arc_list(arcs(stored).indptr, arcs(stored).targets) == [(0, 1), (0, 1), (1, 0)]
    assert np.array_equal(arcs(stored).weights, [0, 2, 3])  # type: ignore[arg-type]


def test_rows_keep_the_callers_order_and_can_be_read_backward() -> None:
    for indptr, targets in random_multigraphs(np.random.default_rng(3), 30):
        graph = arcs((indptr, targets))
        assert np.array_equal(graph.targets, targets)
        pairs = arc_list(indptr, targets)
        reverse = graph.reverse
        for node in range(graph.n_nodes):
            mine = range(reverse.indptr[node], reverse.indptr[node + 1])
            assert [int(reverse.arcs[k]) for k in mine] == [
                k for k, pair in enumerate(pairs) if pair[1] == node
            ]
            assert [int(reverse.sources[k]) for k in mine] == [pair[0] for pair in pairs if pair[1] == node]
        assert graph.is_symmetric == (sorted(pairs) == sorted((j, i) for i, j in pairs))


def test_lines_of_a_file_are_edges_and_an_edge_in_both_directions_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "ties.csv"
    path.write_text("from,to,w\n5,7,0.5\n7,5,0.5\n7,9,1\n7,9,1\n9,7,1\n11,11,2\n")
    result = arcs(path)
    assert arc_list(result.indptr, result.targets) == [(0, 1), (1, 0), (1, 2), (1, 2), (2, 1), (2, 1), (3, 3)]
    assert result.labels is not None and result.labels.tolist() == [5, 7, 9, 11]
    assert result.notes == ("edge in both directions (2): counted once",)
    directed = arcs(path, directed=True, weights="w")
    assert arc_list(directed.indptr, directed.targets) == [(0, 1), (1, 0), (1, 2), (1, 2), (2, 1), (3, 3)]
    assert directed.weights is not None and directed.weights.tolist() == [0.5, 0.5, 1, 1, 1, 2]
    named = arcs(path, directed=True, influence="named")
    assert sorted(arc_list(named.indptr, named.targets)) == sorted(
        (j, i) for i, j in arc_list(directed.indptr, directed.targets)
    )


def test_seeds_are_names_or_numbers() -> None:
    graph = nx.Graph([("ann", "bob"), ("bob", "cem")])
    sure = {"p": 1.0, "n_replicates": 1, "max_steps": 0}
    assert spread(graph, ["cem", 0], **sure).seeds == ("ann", "cem")
    assert spread(graph, "bob", **sure).seeds == ("bob",)
    shifted = nx.relabel_nodes(nx.path_graph(3), {0: 10, 1: 20, 2: 30})
    assert spread(shifted, 20, **sure).seeds == (20,)
    with pytest.raises(FaultyInputError, match="expected one of the graph's 3 nodes"):
        spread(shifted, [1], **sure)
    grid = nx.grid_2d_graph(2, 2)
    assert spread(grid, [(0, 1)], **sure).seeds == ((0, 1),)
    mixed = nx.Graph([("a", 3), (3, (1, 2))])
    assert spread(mixed, [(1, 2), np.int64(3)], **sure).seeds == (3, (1, 2))


BAD = {
    "dense": (np.eye(3), "scipy.sparse.csr_array"),
    "not square": (sp.csr_array((2, 3)), "a square one"),
    "nothing": (nx.Graph(), "0 nodes"),
    "a number": (7, "expected a networkx graph"),
    "a target out of range": (([0, 1], [5]), r"graph.indices\[0\] = 5; expected a node, 0..0"),
    "pairs instead of rows": (([0, 0, 1], [1, 2, 2]), "not \\(source, target\\)"),
    "rows that fall": (([0, 2, 1, 3], [0, 1, 2]), "ascend from 0"),
    "fractions": (([0.0, 1.0], [0]), "whole numbers"),
    "two dimensions": ((np.zeros((2, 2), int), [0]), "one dimension"),
    "weights too few": (([0, 2], [0, 0], [1.0]), "one for each of 2 arcs"),
    "weights that are none": (([0, 1], [0], [np.nan]), "a finite number"),
    "words as weights": (([0, 1], [0], ["x"]), "numbers"),
    "no such file": ("nowhere/ties.txt", "an existing file"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_graph_is_refused(name: str) -> None:
    graph, message = BAD[name]
    with pytest.raises(NetworkError, match=message):
        arcs(graph)
    with pytest.raises(NetworkError, match=message):
        spread(graph, [0], p=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"directed": True}, "as the graph is undirected"),
        ({"weights": "strength"}, "an attribute that some edge of the graph has"),
        ({"influence": "both"}, '"naming" or "named"'),
    ],
)
def test_a_bad_reading_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        arcs(nx.karate_club_graph(), **arguments)


def test_values_of_edges_must_be_numbers() -> None:
    graph = nx.Graph()
    graph.add_edge(1, 2, w="strong")
    with pytest.raises(NetworkError, match=r"edge \(1, 2\).w = 'strong'"):
        arcs(graph, weights="w")
    with pytest.raises(NetworkError, match="a bool"):
        arcs(nx.to_scipy_sparse_array(graph, weight=None), weights="w")
    with pytest.raises(NetworkError, match="the graph holds no values"):
        arcs(([0, 1], [0]), weights=True)
