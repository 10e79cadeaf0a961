"""Each method against networkx or a slow counterpart, and all of them under constraints."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from seeding_tools import heavy_tailed, influence, is_allowed, limits, plain_discount, small_graph

from simulator.diffusion.graphs import arcs
from simulator.diffusion.rows import Arcs
from simulator.diffusion.seeding.centrality import betweenness, core_numbers, pagerank
from simulator.diffusion.seeding.clusters import cell_clusters, cohesion
from simulator.diffusion.seeding.discount import degree_discount
from simulator.diffusion.seeding.methods import METHODS
from simulator.diffusion.seeding.priorities import random_order, random_pivots
from simulator.diffusion.seeding.question import Effort, Question


def directed(seed: int = 3, n: int = 80, m: int = 400) -> nx.DiGraph:
    return nx.gnm_random_graph(n, m, seed=seed, directed=True)


def undirected(seed: int = 3, n: int = 80) -> nx.Graph:
    return nx.barabasi_albert_graph(n, 3, seed=seed)


@pytest.mark.parametrize(
    "graph", [directed(), undirected(), nx.path_graph(5)], ids=("directed", "undirected", "path")
)
def test_betweenness_from_all_pivots_is_exact(graph):
    n = graph.number_of_nodes()
    exact = nx.betweenness_centrality(graph, normalized=False)
    twice = 1 if graph.is_directed() else 2
    score = betweenness(arcs(graph), np.arange(n), threads=2)
    np.testing.assert_allclose(score, [twice * exact[v] for v in range(n)], rtol=1e-10, atol=1e-9)


def test_sampled_betweenness_is_unbiased_and_the_same_on_any_threads():
    graph = arcs(undirected())
    exact = betweenness(graph, np.arange(80))
    drawn = np.array([betweenness(graph, random_pivots(80, 20, seed)) for seed in range(60)])
    error = drawn.std(axis=0, ddof=1) / np.sqrt(60)
    assert (np.abs(drawn.mean(axis=0) - exact) <= 4.5 * error + 1e-9).all()
    pivots = random_pivots(80, 33, 1)
    np.testing.assert_array_equal(betweenness(graph, pivots, 1), betweenness(graph, pivots, 3))


@pytest.mark.parametrize(
    "graph", [directed(), undirected(), nx.karate_club_graph()], ids=("directed", "ba", "karate")
)
def test_core_numbers_and_pagerank_agree_with_networkx(graph):
    n = graph.number_of_nodes()
    core = nx.core_number(nx.Graph(graph))
    assert core_numbers(arcs(graph)).tolist() == [core[v] for v in range(n)]
    turned = graph.reverse() if graph.is_directed() else graph
    exact = nx.pagerank(turned, tol=1e-12, max_iter=1000, weight=None)
    np.testing.assert_allclose(pagerank(arcs(graph)), [exact[v] for v in range(n)], atol=1e-9)


def test_parallel_arcs_and_loops_do_not_count_for_cores_and_paths():
    plain = nx.path_graph(4)
    odd = nx.MultiGraph(plain)
    odd.add_edges_from([(0, 1), (2, 2), (2, 2)])
    assert core_numbers(arcs(odd)).tolist() == core_numbers(arcs(plain)).tolist() == [1, 1, 1, 1]
    pivots = np.arange(4)
    np.testing.assert_array_equal(betweenness(arcs(odd), pivots), betweenness(arcs(plain), pivots))


@pytest.mark.parametrize("p", [0.0, 0.05, 0.5, 1.0])
@pytest.mark.parametrize(
    "graph", [arcs(undirected()), small_graph(2, 8, 20, parallel=True)], ids=("ba", "parallel")
)
def test_degree_discount_follows_the_published_rule(graph, p):
    k = min(8, graph.n_nodes)
    assert degree_discount(graph, p, limits(graph.n_nodes, k)).tolist() == plain_discount(graph, k, p)


def test_degree_discount_avoids_the_neighbors_of_seeds():
    """Two hubs that know each other, and a smaller one apart."""
    graph = nx.complete_bipartite_graph(2, 6)
    graph.add_edge(0, 1)
    graph.add_edges_from((8, leaf) for leaf in range(9, 14))
    assert degree_discount(arcs(graph), 0.5, limits(14, 2)).tolist() == [0, 8]
    ranked = METHODS["degree"].choose(Question(arcs(graph), limits(14, 2)))
    assert ranked.seeds.tolist() == [0, 1]


def test_a_random_order_is_uniform_and_addressed():
    orders = np.array([random_order(6, seed)[:2] for seed in range(3_000)])
    pairs = np.bincount(orders[:, 0] * 6 + orders[:, 1], minlength=36).reshape(6, 6)
    assert (np.diag(pairs) == 0).all()
    statistic = ((pairs[~np.eye(6, dtype=bool)] - 100) ** 2).sum() / 100
    assert abs(statistic - 29) < 4 * np.sqrt(2 * 29)
    np.testing.assert_array_equal(random_order(50, 4, 7), random_order(50, 4, 7))
    assert (random_order(50, 4, 7) != random_order(50, 4, 8)).any()
    nested = random_order(1_000, 5)[random_order(1_000, 5) < 10]
    np.testing.assert_array_equal(nested, random_order(10, 5))


def test_cohesion_is_the_index_of_coleman():
    """Two cliques of three, joined by one tie."""
    graph = arcs(nx.Graph([(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5), (2, 3)]))
    cell = np.array([0, 0, 0, 1, 1, 1])
    within, share = 6 / 7, 1 / 2
    np.testing.assert_allclose(cohesion(graph, cell, 2), (within - share) / (1 - share))
    assert cohesion(graph, cell, 3)[2] == -np.inf


def test_clusters_are_cohesive_and_side_by_side():
    """Cell 1 is a clique, cell 2 a ring, cell 0 knows only strangers."""
    graph = nx.Graph()
    graph.add_nodes_from(range(15))
    graph.add_edges_from((i, j) for i in range(5, 10) for j in range(i))
    graph.remove_edges_from([(i, j) for i in range(5, 8) for j in range(5)])
    graph.add_edges_from((10 + i, 10 + (i + 1) % 5) for i in range(5))
    made = arcs(graph)
    cell = np.repeat([0, 1, 2], 5)
    order = np.argsort(-cohesion(made, cell, 3)).tolist()
    assert order[0] == 2 and order[-1] == 0
    seeds = cell_clusters(made, cell, 3, 2, limits(15, 6)).tolist()
    assert [cell[v] for v in seeds] == [2, 2, 2, 1, 1, 1]
    assert seeds[:3] == [10, 11, 12]
    assert seeds[3:] == [5, 6, 7]
    few = cell_clusters(made, cell, 3, 1, limits(15, 7)).tolist()
    assert sorted(few[:5]) == [10, 11, 12, 13, 14] and [cell[v] for v in few[5:]] == [1, 1]


def question(graph: Arcs, constraints, **changes) -> Question:
    n = graph.n_nodes
    rng = np.random.default_rng(1)
    given = {
        "influence": influence(graph, "wc"), "seed": 3, "effort": Effort(n_samples=60, n_pivots=30, memory=2.0**26),
        "cell": rng.integers(0, 6, n), "n_cells": 6, "n_clusters": 3, "trait": rng.integers(0, 9, n).astype(float),
    }  # fmt: skip
    return Question(graph, constraints, **{**given, **changes})


def constrained(n: int):
    rng = np.random.default_rng(2)
    cell, cost = rng.integers(-1, 4, n), rng.choice([0.5, 1.0, 2.5], n)
    some = np.flatnonzero(rng.random(n) < 0.4)
    return {
        "number": limits(n, 12),
        "eligible": limits(n, 12, eligible=some),
        "quotas": limits(n, 12, cell=cell, quota=[2, 0, 3, 1]),
        "budget": limits(n, n, cost=cost, budget=9.0),
        "all": limits(n, 9, eligible=some, cost=cost, budget=8.0, cell=cell, quota=[2, 1, 3, 1]),
    }


@pytest.mark.parametrize("method", METHODS)
def test_every_method_respects_constraints_and_any_number_of_threads(method):
    graph = heavy_tailed(250, 1500)
    for name, constraints in constrained(250).items():
        answer = METHODS[method].choose(question(graph, constraints))
        again = METHODS[method].choose(
            question(graph, constraints, effort=Effort(n_samples=60, n_pivots=30, memory=2.0**26, threads=3))
        )
        assert is_allowed(constraints, answer.seeds.tolist()), name
        assert answer.seeds.tolist() == again.seeds.tolist()
        if name in ("number", "eligible"):
            assert len(answer.seeds) == 12


def renumbered(graph: Arcs, new: np.ndarray) -> Arcs:
    """The same graph under other numbers: node v becomes new[v]."""
    order = np.lexsort((new[graph.targets], new[graph.sources]))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(new[graph.sources], minlength=graph.n_nodes))])
    return arcs((indptr, new[graph.targets][order]))


@pytest.mark.parametrize(
    "method", ["degree", "low_degree", "k_core", "pagerank", "early_adopters", "betweenness"]
)
def test_the_same_nodes_are_chosen_under_other_numbers_but_for_ties(method):
    graph = heavy_tailed(250, 1500)
    new = np.random.default_rng(0).permutation(250)
    asked = question(graph, limits(250, 250), effort=Effort(n_pivots=250))
    other = question(
        renumbered(graph, new),
        limits(250, 250),
        effort=Effort(n_pivots=250),
        trait=asked.trait[np.argsort(new)],
    )
    one, two = METHODS[method].choose(asked), METHODS[method].choose(other)
    np.testing.assert_allclose(one.scores, two.scores, rtol=1e-9, atol=1e-12)
    values, counts = np.unique(np.round(one.scores, 12), return_counts=True)
    alone = np.isin(np.round(one.scores, 12), values[counts == 1])
    assert new[one.seeds[alone]].tolist() == two.seeds[alone].tolist()
    rank = graph.outdegree if method == "k_core" else np.zeros(250)
    for a, b in zip(
        np.flatnonzero(np.diff(one.scores) == 0), np.flatnonzero(np.diff(one.scores) == 0) + 1, strict=True
    ):
        first, second = one.seeds[a], one.seeds[b]
        assert rank[first] > rank[second] or (rank[first] == rank[second] and first < second)
