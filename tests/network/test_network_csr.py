"""Compressed sparse rows against plain sets and dictionaries."""

from __future__ import annotations

from collections import defaultdict

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_tools import KEY, assert_sound, naive_words, tie_set_of, undirected

from simulator.errors import NetworkError
from simulator.model.network import from_ties
from simulator.model.network.addresses import STREAM_NETWORK_STRENGTH
from simulator.model.network.csr import assemble
from simulator.model.network.measures import assortativity, clustering, mean_distance

N = 12
PAIRS = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)), max_size=60)


def naive_rows(pairs, weights, directed):
    """Return {i: {j: largest weight}} of a list of ties."""
    rows = defaultdict(dict)
    for (i, j), w in zip(pairs, weights, strict=True):
        if i == j:
            continue
        rows[i][j] = max(w, rows[i].get(j, 0.0))
        if not directed:
            rows[j][i] = max(w, rows[j].get(i, 0.0))
    return rows


@settings(max_examples=150, deadline=None)
@given(PAIRS, st.booleans(), st.booleans(), st.randoms(use_true_random=False))
def test_rows_are_those_of_a_dictionary(pairs, directed, has_weights, random):
    weights = [random.choice([0.5, 1.0, 2.0, 7.0]) for _ in pairs]
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    network = from_ties(
        N,
        ends[:, 0],
        ends[:, 1],
        directed=directed,
        on_fault="report",
        weights=weights if has_weights else None,
    )
    rows = naive_rows(pairs, weights if has_weights else [1.0] * len(pairs), directed)
    for i in range(N):
        assert network.neighbors_of(i).tolist() == sorted(rows[i])
        if network.weights.size:
            row = network.weights[network.indptr[i] : network.indptr[i + 1]]
            assert row.tolist() == [rows[i][j] for j in sorted(rows[i])]
    if not network.weights.size:
        assert all(w == 1.0 for row in rows.values() for w in row.values())
    assert network.is_directed == directed
    assert network.n_ties == sum(map(len, rows.values())) // (1 if directed else 2)


@settings(max_examples=80, deadline=None)
@given(PAIRS, st.booleans())
def test_parallel_ties_stay_apart_on_request(pairs, directed):
    pairs = [(i, j) for i, j in pairs if i != j]
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    strong = np.arange(len(pairs)) % 2
    network = from_ties(N, ends[:, 0], ends[:, 1], directed=directed, parallel="keep", strong=strong)
    expected = defaultdict(list)
    for number, (i, j) in enumerate(pairs):
        expected[i, j].append(number % 2)
        if not directed:
            expected[j, i].append(number % 2)
    found = defaultdict(list)
    for i in range(N):
        for arc in range(network.indptr[i], network.indptr[i + 1]):
            if network.occurrence.size:
                assert network.occurrence[arc] == len(found[i, int(network.neighbors[arc])])
            found[i, int(network.neighbors[arc])].append(int(network.is_strong[arc]))
    assert found == expected
    assert network.n_arcs == len(pairs) * (1 if directed else 2)


def test_influence_named_turns_arcs_round():
    network = from_ties(3, [0, 0], [1, 2], directed=True, influence="named")
    assert tie_set_of(network) == {(1, 0), (2, 0)}


@pytest.mark.parametrize("n", [50, 3000])
def test_long_rows_are_sorted(n):
    others = np.random.default_rng(1).permutation(np.arange(1, n)).astype(np.int32)
    hub = np.zeros(n - 1, dtype=np.int32)
    for network in (assemble(n, hub, others), from_ties(n, others, hub)):
        assert network.neighbors_of(0).tolist() == list(range(1, n))
        assert_sound(network)


def test_all_kinds_of_mistakes_come_at_once():
    source, target = [0, 1, 5, 2, 0, 1, 2], [1, 1, 0, 3, 1, 2, 0]
    weights = [1.0, 1.0, 1.0, -2.0, 1.0, 0.0, np.nan]
    with pytest.raises(NetworkError) as caught:
        from_ties(4, source, target, weights=weights)
    text = str(caught.value)
    for part in (
        "ties[2] = 5 - 0 (tie with an unknown id)",
        "ties[1] = 1 - 1 (self-loop)",
        "ties[3] = 2 - 3 (negative weight)",
        "ties[5] = 1 - 2 (zero weight)",
        "ties[6] = 2 - 0 (weight that is no finite number)",
        "ties[4] = 0 - 1 (tie written before)",
        "network.repair",
    ):
        assert part in text
    network = from_ties(4, source, target, weights=weights, on_fault="report")
    assert tie_set_of(network) == {(0, 1), (1, 0)}
    assert len(network.repairs) == 6
    assert network.repairs[1] == "self-loop (1): tie dropped"


def test_one_tie_in_both_directions_counts_once_and_is_reported():
    network = from_ties(3, [0, 1, 1], [1, 0, 2], weights=[1.0, 3.0, 1.0])
    assert network.n_ties == 2
    assert network.weights.tolist() == [3.0, 3.0, 1.0, 1.0]
    assert network.repairs == ("tie in both directions (1): counted once, largest weight kept",)
    assert from_ties(3, [0, 1], [1, 0], directed=True).repairs == ()


@pytest.mark.parametrize("weight", [np.inf, 1e300, 1e-60])
def test_weights_beyond_32_bits_are_refused(weight):
    with pytest.raises(NetworkError):
        from_ties(2, [0], [1], weights=[weight])


def test_no_consumers_and_too_many_parallel_ties_are_refused():
    with pytest.raises(NetworkError, match="at least one consumer"):
        from_ties(0, [], [])
    with pytest.raises(NetworkError, match="257 parallel ties"):
        from_ties(2, [0] * 257, [1] * 257, parallel="keep")
    assert from_ties(2, [0] * 256, [1] * 256, parallel="keep").occurrence.max() == 255


def test_strength_is_one_addressed_coin_per_tie():
    ends = np.array([(i, j) for i in range(30) for j in range(i + 1, 30)])
    network = from_ties(30, ends[:, 0], ends[:, 1]).with_strength(0.4, *KEY)
    assert_sound(network)
    for i in range(30):
        for arc in range(network.indptr[i], network.indptr[i + 1]):
            j = int(network.neighbors[arc])
            word = naive_words(STREAM_NETWORK_STRENGTH, min(i, j), max(i, j))[0]
            assert network.is_strong[arc] == (word / 2**32 < 0.4)
    assert network.with_strength(0.0, *KEY).is_strong.sum() == 0
    assert network.with_strength(1.0, *KEY).is_strong.all()


def test_strength_of_directed_and_parallel_ties_has_its_own_address():
    network = from_ties(40, [0] * 80, list(range(1, 40)) * 2 + [1, 2], directed=True, parallel="keep")
    network = network.with_strength(0.5, *KEY)
    for arc in range(network.n_arcs):
        number = int(network.occurrence[arc])
        word = naive_words(STREAM_NETWORK_STRENGTH, 0, int(network.neighbors[arc]), number)[0]
        assert network.is_strong[arc] == (word / 2**32 < 0.5)


def test_hash_sees_every_array_and_nothing_else():
    network = from_ties(4, [0, 1], [1, 2])
    assert network.hash == from_ties(4, [2, 1], [1, 0]).hash
    others = [
        from_ties(5, [0, 1], [1, 2]),
        from_ties(4, [0, 1], [1, 3]),
        from_ties(4, [0, 1], [1, 2], weights=[2, 1]),
        from_ties(4, [0, 1], [1, 2], strong=[1, 0]),
        from_ties(4, [0, 1, 1, 2], [1, 0, 2, 1], directed=True),
    ]
    assert len({network.hash, *(other.hash for other in others)}) == 6


def test_measures_agree_with_networkx():
    graph = networkx.karate_club_graph()
    ends = np.array(graph.edges)
    network = from_ties(34, ends[:, 0], ends[:, 1])
    club = np.array([graph.nodes[i]["club"] == "Officer" for i in graph]).astype(int)
    assert clustering(network) == pytest.approx(networkx.average_clustering(graph))
    assert mean_distance(network) == pytest.approx(networkx.average_shortest_path_length(graph))
    expected = networkx.attribute_assortativity_coefficient(graph, "club")
    assert assortativity(network, club) == pytest.approx(expected)
    summary = network.summary(club)
    assert summary.to_dict()["degree_quantiles"]["max"] == 17
    assert (summary.n_ties, summary.n_isolated, summary.share_strong) == (78, 0, 0.0)
    assert tie_set_of(network) == undirected(graph.edges)


def test_conversions_keep_ties_weights_and_strength():
    network = from_ties(4, [0, 1], [1, 2], weights=[2, 5], strong=[1, 0])
    matrix = network.to_scipy().toarray()
    assert matrix[0, 1] == matrix[1, 0] == 2
    assert matrix[2, 1] == 5
    assert matrix.sum() == 14
    graph = network.to_networkx()
    assert graph.edges[0, 1] == {"strong": True, "weight": 2.0}
    assert sorted(graph.nodes) == [0, 1, 2, 3]
    assert isinstance(from_ties(2, [0], [1], directed=True).to_networkx(), networkx.DiGraph)
    assert "4 consumers, 2 undirected ties" in repr(network)
