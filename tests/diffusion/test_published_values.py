"""Closed forms, exact enumeration and published figures.

Monte Carlo means may be four standard errors off: a correct mean fails with probability 6e-5, any of the
forty or so here with 0.3 %. Seeds are fixed, so a test that passes keeps passing.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import pytest
from plain_diffusion import (
    exact_adoption,
    exact_cascade,
    exact_threshold,
    splitmix,
    top_by_degree,
)

import simulator as sim
from simulator.diffusion import spread

TINY = {"triangle": nx.complete_graph(3), "cycle": nx.cycle_graph(6), "k4": nx.complete_graph(4)}
TINY_SPREAD = {
    "triangle": (1.218, 1.726, 2.25, 2.5),
    "cycle": (1.222215, 1.851415, 2.859375, 2.9375),
    "k4": (1.358104, 2.316556, 3.25, 2.888889),
}
KARATE = nx.karate_club_graph()


def near(result: sim.diffusion.Spread, expected: float, error: float = 0.0) -> bool:
    return abs(result.mean - expected) <= 4 * np.hypot(result.standard_error, error)


@pytest.mark.parametrize("name", TINY)
def test_enumeration_gives_the_published_spread(name: str) -> None:
    graph = TINY[name]
    if graph.number_of_edges() <= 3:
        for p, expected in zip(("1/10", "3/10", "1/2"), TINY_SPREAD[name], strict=False):
            assert float(exact_cascade(graph, [0], Fraction(p))) == pytest.approx(expected, abs=1e-6)
    assert float(exact_threshold(graph, [0])) == pytest.approx(TINY_SPREAD[name][3], abs=1e-6)


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize("p", [0.1, 0.3, 0.5])
def test_independent_cascade_on_tiny_graphs(name: str, p: float) -> None:
    expected = TINY_SPREAD[name][(0.1, 0.3, 0.5).index(p)]
    result = spread(TINY[name], [0], model="ic", p=p, n_replicates=200_000, seed=3)
    assert near(result, expected)
    assert not near(result, expected + 0.03)


@pytest.mark.parametrize("name", TINY)
def test_linear_threshold_on_tiny_graphs(name: str) -> None:
    result = spread(TINY[name], [0], model="lt", n_replicates=200_000, seed=3)
    assert near(result, TINY_SPREAD[name][3])


@pytest.mark.parametrize("name", TINY)
def test_every_world_of_coins_adds_up_to_the_published_spread(name: str) -> None:
    """All 2^arcs worlds, each once through the public interface and weighed by its probability: no sampling."""
    n_arcs = sim.diffusion.arcs(TINY[name]).n_arcs
    is_live = (np.arange(2**n_arcs)[:, None] >> np.arange(n_arcs) & 1).astype(bool)
    sizes = spread(TINY[name], [0], p=0.5, arc_coins=np.where(is_live, 0.25, 0.75)).sizes
    for p, expected in zip((0.1, 0.3, 0.5), TINY_SPREAD[name], strict=False):
        weight = p ** is_live.sum(axis=1) * (1 - p) ** (~is_live).sum(axis=1)
        assert weight @ sizes == pytest.approx(expected, abs=5.1e-7)


@pytest.mark.parametrize("name", TINY)
def test_every_world_of_thresholds_adds_up_to_the_published_spread(name: str) -> None:
    """Between two shares of neighbors all thresholds do the same: one of each interval, all combinations."""
    graph = TINY[name]
    degree = graph.degree(0)
    cells = np.indices([degree] * len(graph)).reshape(len(graph), -1).T
    sizes = spread(graph, [0], model="lt", thresholds=(cells + 0.5) / degree).sizes
    assert sizes.mean() == pytest.approx(TINY_SPREAD[name][3], abs=5.1e-7)


def test_weighted_cascade_is_a_cascade_with_one_over_indegree() -> None:
    by_name = spread(KARATE, [0, 33], model="wc", n_replicates=500)
    graph = sim.diffusion.arcs(KARATE)
    by_hand = spread(KARATE, [0, 33], model="ic", p=1 / graph.indegree[graph.targets], n_replicates=500)
    assert np.array_equal(by_name.sizes, by_hand.sizes)


@pytest.mark.parametrize(
    ("arguments", "ten", "two"),
    [
        ({"model": "ic", "p": 0.01}, 10.47, None),
        ({"model": "ic", "p": 0.05}, 12.32, None),
        ({"model": "ic", "p": 0.1}, 14.57, 6.42),
        ({"model": "wc"}, 25.72, 17.73),
        ({"model": "lt"}, 30.99, 22.62),
    ],
)
def test_karate_club(arguments: dict[str, Any], ten: float, two: float | None) -> None:
    # the published figures are rounded to two digits
    rounding = 0.005 / 4
    top = top_by_degree(KARATE, 10)
    assert near(spread(KARATE, top, n_replicates=100_000, seed=1, **arguments), ten, rounding)
    if two is not None:
        assert near(spread(KARATE, [0, 33], n_replicates=100_000, seed=2, **arguments), two, rounding)


def test_coupled_thresholds_on_the_karate_club() -> None:
    assert splitmix(0) == 0.8833108082136426
    thresholds = [splitmix(10**12 + node) for node in range(34)]
    result = spread(KARATE, top_by_degree(KARATE, 10), model="lt", thresholds=thresholds)
    assert result.curve.tolist() == [10, 28, 31]
    assert result.standard_error == 0


def test_coupled_coins_reach_what_a_search_over_live_arcs_reaches() -> None:
    coins = {(u, v): splitmix(u * 2**32 + v) for a in KARATE.edges() for u, v in (a, a[::-1])}
    result = spread(KARATE, [0, 33], model="ic", p=0.1, arc_coins=coins)
    live = nx.DiGraph(arc for arc, coin in coins.items() if coin < 0.1)
    live.add_nodes_from(KARATE)
    assert result.mean == len({0, 33} | nx.descendants(live, 0) | nx.descendants(live, 33))
    graph = sim.diffusion.arcs(KARATE)
    aligned = [splitmix(int(u) * 2**32 + int(v)) for u, v in zip(graph.sources, graph.targets, strict=True)]
    assert spread(KARATE, [0, 33], model="ic", p=0.1, arc_coins=aligned).mean == result.mean


def test_granovetters_crowd() -> None:
    crowd = nx.complete_graph(100)
    assert spread(crowd, model="threshold", thresholds=range(100)).curve.tolist() == list(range(101))
    assert spread(crowd, model="threshold", thresholds=[0, 2, *range(2, 100)]).mean == 1
    shares = spread(crowd, model="threshold", thresholds=np.arange(100) / 100)
    assert shares.mean == 100


@pytest.mark.parametrize(("mean_degree", "cascades"), [(0.7, False), (2.0, True), (4.0, True), (8.0, False)])
def test_wattss_window_of_global_cascades(mean_degree: float, cascades: bool) -> None:
    n = 20_000
    graph = nx.fast_gnp_random_graph(n, mean_degree / (n - 1), seed=5)
    result = sim.diffusion.compare_seeds(
        graph, [[node] for node in range(300)], model="threshold", thresholds=0.18, n_replicates=1
    )
    assert (result.sizes.max() > 0.1 * n) == cascades


def test_wattss_window_ends_where_vulnerable_consumers_stop_percolating() -> None:
    """Watts 2002, equation 5: the mean of k (k - 1) over nodes whom one neighbor convinces equals z."""
    from scipy.optimize import brentq
    from scipy.stats import poisson

    k = np.arange(1, 6)
    one_convinces = spread(
        nx.star_graph(6), [1], model="threshold", thresholds=[0.18, *[1.0] * 6], n_replicates=1
    )
    assert one_convinces.mean == 1 and 1 / 5 >= 0.18 > 1 / 6

    def excess(z: float) -> float:
        return float((k * (k - 1) * poisson.pmf(k, z)).sum() - z)

    assert brentq(excess, 0.5, 2.0) == pytest.approx(1.0207, abs=5e-5)
    assert brentq(excess, 3.0, 8.0) == pytest.approx(5.7647, abs=5e-5)


def test_bass_in_closed_form() -> None:
    result = sim.diffusion.curve(p=0.03, q=0.38, times=[5, 10, 20])
    assert result.share == pytest.approx([0.331199, 0.812803, 0.996259], abs=5e-7)
    assert result.peak == pytest.approx(6.1926, abs=5e-5)


@pytest.mark.parametrize(
    ("form", "expected"),
    [("fraction", [0.272907, 0.782643, 0.998388]), ("product", [0.264338, 0.733753, 0.993848])],
)
def test_bass_as_a_mean_field_in_steps(form: Any, expected: list[float]) -> None:
    result = sim.diffusion.curve(p=0.03, q=0.38, times=20, method="mean_field", form=form)
    assert result.share[[5, 10, 20]] == pytest.approx(expected, abs=5e-7)
    n = 2000
    q = 0.38 if form == "fraction" else 0.38 / (n - 1)
    on_graph = sim.diffusion.curve(nx.complete_graph(400), p=0.03, q=q if form == "fraction" else 0.38 / 399,
                                   times=20, method="mean_field", form=form)  # fmt: skip
    assert on_graph.share[[5, 10, 20]] == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize("draws", ["resistance", "step"])
def test_bass_on_the_complete_graph_is_its_exact_chain(draws: Any) -> None:
    n, p, q, steps = 12, 0.03, 0.06, 15
    result = spread(
        nx.complete_graph(n), model="bass", p=p, q=q, draws=draws, max_steps=steps, n_replicates=100_000
    )
    expected = exact_adoption(n, p, q, steps)
    assert np.all(np.abs(result.curve - expected)[1:] <= 4 * result.curve_standard_error[1:])


@pytest.mark.parametrize("form", ["fraction", "product"])
def test_large_complete_graphs_approach_their_own_mean_field_and_not_the_other(form: Any) -> None:
    n = 1500
    q = 0.38 if form == "fraction" else 0.38 / (n - 1)
    result = spread(
        nx.complete_graph(n), model="bass", p=0.03, q=q, form=form, max_steps=10, n_replicates=100
    )
    mine, other = (
        sim.diffusion.curve(p=0.03, q=0.38, times=10, method="mean_field", form=one).share[10]
        for one in (form, {"fraction": "product", "product": "fraction"}[form])
    )
    assert abs(result.curve[10] / n - mine) < 0.01 < abs(result.curve[10] / n - other)


def test_si_on_one_tie_is_geometric() -> None:
    result = spread(nx.path_graph(2), [0], model="si", q=0.2, max_steps=6, n_replicates=100_000)
    expected = 2 - 0.8 ** np.arange(7)
    assert np.all(np.abs(result.curve - expected)[1:] <= 4 * result.curve_standard_error[1:])


@pytest.mark.parametrize("rewiring", [0.0, 0.05, 0.2])
def test_small_worlds_cluster_as_watts_and_strogatz_say(rewiring: float) -> None:
    from types import SimpleNamespace

    from simulator.model.network import build_network

    n = 1000
    nobody = np.zeros(n, dtype=np.int64)
    spec = SimpleNamespace(kind="watts_strogatz", degree=10, rewiring=rewiring, share_strong=0.0)
    network = build_network(
        spec, n_consumers=n, cell=nobody, region=nobody, taste=np.zeros((n, 2), np.float32), seed=1, world=0
    )
    graph = network.to_networkx()
    expected = 0.66667 * (1 - rewiring) ** 3
    assert nx.average_clustering(graph) == pytest.approx(expected, abs=1e-5 if not rewiring else 0.03)
    if rewiring == 0.0:
        assert nx.average_shortest_path_length(graph) == pytest.approx(50.4505, abs=5e-5)
