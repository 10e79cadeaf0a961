"""The default graph: clustered strong ties, heavy-tailed weak ties, and homophily that shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_tools import KEY, assert_sound, make_consumers

from simulator.errors import NetworkError
from simulator.model.network.clustered import clustered
from simulator.model.network.measures import assortativity, clustering, mean_distance
from simulator.model.network.similarity import hilbert_distance, ring_order
from simulator.scenario.schema.network import Clustered

CONSUMERS = make_consumers(20_000)
DEFAULTS = {
    key: Clustered.model_fields[key].default
    for key in ("mean_degree", "share_strong", "homophily", "rewiring", "degree_tail", "max_weak_degree")
}


def draw(consumers=CONSUMERS, key=KEY, **parameters):
    cell, region, taste, _ = consumers
    return clustered(cell, region, taste, key0=key[0], key1=key[1], **{**DEFAULTS, **parameters})


def arcs(network):
    return np.repeat(np.arange(network.n_consumers), network.degree), network.neighbors


def similarity(network, values, strong=None):
    """Return the correlation of a trait over ties."""
    source, target = arcs(network)
    which = np.ones(len(source), dtype=bool) if strong is None else network.is_strong == strong
    return float(np.corrcoef(values[source[which]], values[target[which]])[0, 1])


def strong_core(network):
    """Return the graph of strong ties alone."""
    from simulator.model.network import from_ties

    source, target = arcs(network)
    once = (network.is_strong == 1) & (source < target)
    return from_ties(network.n_consumers, source[once], target[once])


def test_default_has_the_stated_degree_strength_and_clustering():
    network = draw()
    assert_sound(network)
    assert network.mean_degree == pytest.approx(14.0, rel=0.01)
    assert network.is_strong.mean() == pytest.approx(0.4, abs=0.01)
    assert 0.38 < clustering(strong_core(network)) < 0.48
    assert clustering(network) > 50 * network.mean_degree / network.n_consumers
    assert 3.5 < mean_distance(network) < 5.5


@pytest.mark.parametrize(
    ("rewiring", "low", "high"), [(0.0, 0.55, 0.65), (0.3, 0.17, 0.25), (1.0, 0.0, 0.03)]
)
def test_rewiring_lowers_the_clustering_of_strong_ties(rewiring, low, high):
    assert low < clustering(strong_core(draw(rewiring=rewiring, homophily=0.0))) < high


def test_weak_ties_have_a_heavy_tail_and_strong_ties_do_not():
    network = draw()
    source, _ = arcs(network)
    weak = np.bincount(source[network.is_strong == 0], minlength=20_000)
    strong = np.bincount(source[network.is_strong == 1], minlength=20_000)
    assert weak.max() > 20 * weak.mean()
    assert weak.max() <= np.sqrt(8.4 * 20_000)
    assert np.quantile(weak, 0.99) > 4 * weak.mean()
    assert strong.max() < 4 * strong.mean()


@pytest.mark.parametrize("homophily", [0.0, 0.3, 0.7, 1.0])
def test_homophily_is_the_assortativity_by_cell(homophily):
    """Standard error about 0.003; the ring's borders between cells cost less than 0.01."""
    network = draw(homophily=homophily)
    for strong in (0, 1):
        found = assortativity(network, CONSUMERS.cell, network.is_strong == strong)
        assert found == pytest.approx(homophily, abs=0.02)
    assert network.summary(CONSUMERS.cell).homophily == pytest.approx(homophily, abs=0.02)


def test_neighbors_have_similar_tastes_the_more_so_with_homophily():
    """Standard error of a correlation over 50,000 ties about 0.005."""
    levels = (0.0, 0.25, 0.5, 0.75, 1.0)
    networks = [draw(homophily=level) for level in levels]
    for dimension in (0, 1):
        taste = [similarity(network, CONSUMERS.taste[:, dimension]) for network in networks]
        own = [similarity(network, CONSUMERS.individual[:, dimension], strong=1) for network in networks]
        assert abs(taste[0]) < 0.02
        assert abs(own[0]) < 0.03
        assert (np.diff(taste) > 0.04).all()
        assert (np.diff(own) > 0.02).all()
        assert 0.4 < taste[-1] < 0.8
        assert 0.2 < own[-1] < 0.5


@pytest.mark.parametrize("n", [1_000, 10_000, 100_000])
def test_similarity_of_tastes_does_not_depend_on_the_number_of_consumers(n):
    consumers = make_consumers(n, n_cells=12)
    network = draw(consumers)
    own = [similarity(network, consumers.individual[:, k], strong=1) for k in (0, 1)]
    assert np.mean(own) == pytest.approx(0.2, abs=0.07)


def test_clustering_does_not_depend_on_homophily():
    found = [clustering(strong_core(draw(homophily=level))) for level in (0.0, 0.5, 1.0)]
    assert max(found) - min(found) < 0.03


def test_small_cells_overflow_into_their_region():
    consumers = make_consumers(300)
    network = draw(consumers, homophily=1.0)
    assert_sound(network)
    assert network.mean_degree == pytest.approx(14.0, rel=0.03)
    weak = network.is_strong == 0
    assert assortativity(network, consumers.region, weak) > 0.8
    assert assortativity(network, consumers.cell, weak) > 0.1


@settings(max_examples=60, deadline=None)
@given(
    st.integers(3, 80),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(2.05, 6),
    st.integers(1, 40),
    st.integers(0, 2**32 - 1),
)
def test_any_parameters_give_a_sound_graph(n, level, share, homophily, rewiring, tail, n_cells, seed):
    mean = level * (n - 1) / 2
    parameters = {
        "mean_degree": mean,
        "share_strong": share,
        "homophily": homophily,
        "rewiring": rewiring,
        "degree_tail": tail,
    }
    consumers = make_consumers(n, n_cells)
    key = (np.uint32(seed), np.uint32(1))
    network = draw(consumers, key, **parameters)
    assert_sound(network)
    assert network.mean_degree <= mean + 2.0 + 0.3 * mean
    assert draw(consumers, key, **parameters).hash == network.hash


def test_mean_degree_varies_little_between_worlds():
    consumers = make_consumers(1000)
    means = [draw(consumers, (np.uint32(1), np.uint32(world))).mean_degree for world in range(30)]
    assert np.mean(means) == pytest.approx(14.0, rel=0.01)
    assert np.std(means) < 0.15


def test_only_weak_or_only_strong_ties():
    assert draw(share_strong=0.0).is_strong.sum() == 0
    assert draw(share_strong=1.0).is_strong.all()
    assert draw(mean_degree=0.0).n_ties == 0
    assert draw(share_strong=1.0).mean_degree == pytest.approx(14.0, rel=0.001)


def test_one_cell_and_one_taste_are_no_trouble():
    n = 500
    zero = np.zeros(n, dtype=np.int64)
    network = clustered(zero, zero, np.zeros((n, 2), dtype=np.float32), key0=KEY[0], key1=KEY[1], **DEFAULTS)
    assert_sound(network)
    assert network.mean_degree == pytest.approx(14.0, rel=0.02)


def test_hilbert_curve_visits_every_point_once_in_steps_of_one():
    points = {int(hilbert_distance(x, y)): (x, y) for x in range(64) for y in range(64)}
    assert sorted(points) == list(range(4096))
    walk = [points[k] for k in range(4096)]
    assert all(abs(a - c) + abs(b - d) == 1 for (a, b), (c, d) in zip(walk, walk[1:], strict=False))


def test_ring_order_is_a_permutation_sorted_by_cell_under_full_homophily():
    cell, _, taste, _ = CONSUMERS
    order = ring_order(cell.astype(np.int64), taste, 1.0, *KEY)
    assert np.array_equal(np.sort(order), np.arange(20_000))
    assert (np.diff(cell[order]) >= 0).all()
    mixed = ring_order(cell.astype(np.int64), taste, 0.0, *KEY)
    assert np.array_equal(np.sort(mixed), np.arange(20_000))
    assert abs(np.corrcoef(cell[mixed], np.arange(20_000))[0, 1]) < 0.04


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"mean_degree": 14.0},
            "network.mean_degree = 14; expected 0..9.5 (ties), half of the other consumers; lower it",
        ),
        ({"homophily": 1.5}, "network.homophily = 1.5; expected 0..1"),
        ({"share_strong": -0.1}, "network.share_strong = -0.1"),
        ({"rewiring": 2.0}, "network.rewiring = 2.0"),
        ({"degree_tail": 2.0}, "network.degree_tail = 2.0; expected above 2"),
    ],
)
def test_parameters_out_of_range_are_named(parameters, message):
    with pytest.raises(NetworkError) as caught:
        draw(make_consumers(20), **{"mean_degree": 4.0, **parameters})
    assert message in str(caught.value)
