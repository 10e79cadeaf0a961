"""The same cascades as other people's code: CyNetDiff arc for arc, NDlib and CyNetDiff in the mean."""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from plain_diffusion import top_by_degree

from simulator.diffusion import Arcs, arcs, coins, spread, thresholds

KARATE = nx.karate_club_graph()
#: As large as the network of jazz musicians of Gleiser and Danon (2003): 198 nodes, about 2,700 ties.
JAZZ_SIZED = nx.powerlaw_cluster_graph(198, 14, 0.6, seed=3)


def facebook() -> Any:
    folder = os.environ.get("SIMULATOR_TEST_DATA")
    if not folder:
        pytest.skip("SIMULATOR_TEST_DATA does not name the folder of real data")
    return Path(folder) / "ego-facebook.txt.gz"


def graph_of(name: str) -> Any:
    return {"karate": lambda: KARATE, "jazz-sized": lambda: JAZZ_SIZED, "facebook": facebook}[name]()


def their_graph(graph: Arcs) -> tuple[array[int], array[int]]:
    return array("I", graph.indptr[:-1].tolist()), array("I", graph.targets.tolist())


def floats(values: np.ndarray) -> array[float]:
    return array("f", values.astype(np.float32).tolist())


def their_levels(model: Any, seeds: list[int]) -> list[set[int]]:
    """Return who is newly active in each step of theirs."""
    levels = [set(seeds)]
    while True:
        model.advance_model()
        new = set(model.get_newly_activated_nodes())
        if not new:
            return levels
        levels.append(new)


@pytest.mark.parametrize("name", ["karate", "jazz-sized", pytest.param("facebook", marks=pytest.mark.data)])
def test_cascades_agree_with_cynetdiff_arc_for_arc(name: str) -> None:
    models = pytest.importorskip("cynetdiff.models")
    graph = arcs(graph_of(name))
    seeds = np.argsort(-graph.outdegree, kind="stable")[:5].tolist()
    rng = np.random.default_rng(7)
    # theirs has 32 bits and <= in place of <: coins and probabilities that 32 bits hold, and never equal
    p = rng.integers(1, 2**20, graph.n_arcs) / 2**20 * 0.2
    p = p.astype(np.float32).astype(np.float64)
    tossed = np.stack([rng.random(graph.n_arcs).astype(np.float32).astype(np.float64) for _ in range(5)])
    result = spread(graph, seeds, p=p, arc_coins=tossed, record="activations")
    assert result.activated_at is not None and not (tossed == p).any()
    for row, coin in zip(result.activated_at, tossed, strict=True):
        model = models.IndependentCascadeModel(
            *their_graph(graph), activation_probs=floats(p), _edge_probabilities=floats(coin)
        )
        model.set_seeds(seeds)
        for step, level in enumerate(their_levels(model, seeds)):
            assert set(np.flatnonzero(row == step).tolist()) == level
        assert (row >= 0).sum() == model.get_num_activated_nodes()


@pytest.mark.parametrize("name", ["karate", "jazz-sized", pytest.param("facebook", marks=pytest.mark.data)])
def test_thresholds_agree_with_cynetdiff_node_for_node(name: str) -> None:
    models = pytest.importorskip("cynetdiff.models")
    graph = arcs(graph_of(name))
    seeds = np.argsort(-graph.outdegree, kind="stable")[:5].tolist()
    drawn = thresholds(graph, seed=3, n_replicates=5)
    # a share that equals a threshold to 32 bits would be rounded apart there; none does
    result = spread(graph, seeds, model="lt", seed=3, n_replicates=5, record="activations")
    assert result.activated_at is not None
    n_apart = 0
    for row, theta in zip(result.activated_at, drawn, strict=True):
        model = models.LinearThresholdModel(*their_graph(graph))
        model.set_seeds(seeds)
        model._assign_thresholds(floats(theta))
        levels = their_levels(model, seeds)
        n_apart += any(
            set(np.flatnonzero(row == step).tolist()) != level for step, level in enumerate(levels)
        )
        n_apart += int((row >= 0).sum() != model.get_num_activated_nodes())
    assert n_apart == 0


@pytest.mark.parametrize("model", ["ic", "wc", "lt"])
@pytest.mark.parametrize("name", ["karate", "jazz-sized", pytest.param("facebook", marks=pytest.mark.data)])
def test_means_agree_with_cynetdiff(name: str, model: str) -> None:
    models = pytest.importorskip("cynetdiff.models")
    graph = arcs(graph_of(name))
    seeds = np.argsort(-graph.outdegree, kind="stable")[:10].tolist()
    p = np.full(graph.n_arcs, 0.03) if model == "ic" else 1 / graph.indegree[graph.targets]
    arguments: dict[str, Any] = {"p": p} if model == "ic" else {}
    n = 300 if name == "facebook" else 4000
    if model == "lt":
        theirs = models.LinearThresholdModel(*their_graph(graph), rng=11)
    else:
        theirs = models.IndependentCascadeModel(*their_graph(graph), activation_probs=floats(p), rng=11)
    theirs.set_seeds(seeds)
    sizes = []
    for _ in range(n):
        theirs.reset_model()
        theirs.advance_until_completion()
        sizes.append(theirs.get_num_activated_nodes())
    many = 3000 if name == "facebook" else 20_000
    ours = spread(graph, seeds, model=model, n_replicates=many, seed=12, **arguments)
    error = np.std(sizes, ddof=1) / np.sqrt(n)
    assert abs(ours.mean - np.mean(sizes)) <= 4 * np.hypot(ours.standard_error, error)


def to_networkx(graph: Any) -> nx.Graph:
    if isinstance(graph, nx.Graph):
        return graph
    rows = arcs(graph)
    made = nx.Graph()
    made.add_nodes_from(range(rows.n_nodes))
    made.add_edges_from(zip(rows.sources.tolist(), rows.targets.tolist(), strict=True))
    return made


@pytest.mark.parametrize("model", ["ic", "lt"])
@pytest.mark.parametrize(
    ("name", "n"), [("karate", 400), ("jazz-sized", 60), pytest.param("facebook", 6, marks=pytest.mark.data)]
)
def test_means_agree_with_ndlib(name: str, n: int, model: str) -> None:
    graph = to_networkx(graph_of(name))
    chance = 0.01 if name == "facebook" else 0.1
    epidemics = pytest.importorskip("ndlib.models.epidemics")
    config = pytest.importorskip("ndlib.models.ModelConfig")
    seeds = top_by_degree(graph, 5)
    rng = np.random.default_rng(4)
    settings = config.Configuration()
    settings.add_model_initial_configuration("Infected", seeds)
    if model == "ic":
        # as a directed graph, so that each direction has a coin
        theirs = epidemics.IndependentCascadesModel(graph.to_directed(), seed=8)
        for edge in graph.to_directed().edges():
            settings.add_edge_configuration("threshold", edge, chance)
    else:
        theirs = epidemics.ThresholdModel(graph, seed=8)
        for node in graph:
            settings.add_node_configuration("threshold", node, 1.0)
    theirs.set_initial_status(settings)
    sizes = []
    for _ in range(n):
        if model == "lt":
            for node in graph:
                theirs.params["nodes"]["threshold"][node] = 1.0 - rng.random()
        theirs.reset(infected_nodes=seeds)
        theirs.iteration()
        before: dict[Any, int] = {}
        while before != theirs.status:
            before = dict(theirs.status)
            theirs.iteration()
        sizes.append(sum(status > 0 for status in theirs.status.values()))
    many = 3000 if name == "facebook" else 20_000
    ours = spread(graph, seeds, model=model, n_replicates=many, seed=9, p=chance if model == "ic" else None)
    # theirs are few where the graph is large: the spread of one run is known better from ours
    error = ours.sd / np.sqrt(n)
    assert abs(ours.mean - np.mean(sizes)) <= 4 * np.hypot(ours.standard_error, error)


def test_their_coins_can_be_ours() -> None:
    graph = arcs(KARATE)
    tossed = coins(graph, seed=4, n_replicates=20)
    ours = spread(graph, [0, 33], p=0.1, seed=4, n_replicates=20)
    models = pytest.importorskip("cynetdiff.models")
    for size, coin in zip(ours.sizes, tossed, strict=True):
        model = models.IndependentCascadeModel(
            *their_graph(graph), activation_prob=0.1, _edge_probabilities=floats(coin)
        )
        model.set_seeds([0, 33])
        model.advance_until_completion()
        assert model.get_num_activated_nodes() == size
