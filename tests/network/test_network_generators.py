"""Generators against slow references with the same addresses, and against theory.

Statistical tests have fixed seeds, so they cannot fail by chance on one version; a changed address map is
a new sample, and each such test then fails falsely with a probability of at most 1 in 10,000.
"""

from __future__ import annotations

import math
from itertools import combinations

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_tools import KEY, assert_sound, naive_uniforms, naive_words, tie_set_of, undirected
from scipy import stats

from simulator.errors import NetworkError
from simulator.model.network import addresses, generators
from simulator.model.network.chance import natural_exp, natural_log
from simulator.model.network.degrees import draw_degrees, power_law_weights, tail_degrees
from simulator.model.network.measures import clustering, mean_distance

P_FALSE_ALARM = 1e-4


def chi_square_p(counts, probabilities):
    """Return the p-value of counts, with classes of fewer than five expected ones put together."""
    expected = np.asarray(probabilities) * np.sum(counts)
    groups, total = np.zeros(len(expected), dtype=int), 0.0
    for k in range(len(expected) - 1):
        total += expected[k]
        groups[k + 1] = groups[k] + (total >= 5)
        total = 0.0 if total >= 5 else total
    observed, wanted = np.bincount(groups, counts), np.bincount(groups, expected)
    wanted *= observed.sum() / wanted.sum()
    return stats.chisquare(observed, wanted).pvalue


# ---------------------------------------------------------------- references


def naive_ring(n, degree, rewiring):
    ties, moved = set(), []
    for i in range(n):
        for k in range(1, degree // 2 + 1):
            coin = naive_words(addresses.STREAM_NETWORK_REWIRING_COIN, i, k)[0] / 2**32
            if coin < rewiring:
                moved.append((i, k))
            else:
                ties.add(frozenset((i, (i + k) % n)))
    for i, k in moved:
        for attempt in range(100):
            u, _ = naive_uniforms(addresses.STREAM_NETWORK_REWIRING_TARGET, i, k, attempt)
            j = int(u * n)
            if j != i and frozenset((i, j)) not in ties:
                ties.add(frozenset((i, j)))
                break
    return undirected(tuple(tie) for tie in ties)


def naive_attachment(n, m):
    ends, ties = [end for k in range(m) for end in (0, k + 1)], [(0, k + 1) for k in range(m)]
    for newcomer in range(m + 1, n):
        chosen = []
        for k in range(m):
            attempt = 0
            while True:
                u, _ = naive_uniforms(addresses.STREAM_NETWORK_ATTACHMENT, newcomer, k, attempt)
                j = ends[int(u * len(ends))]
                attempt += 1
                if j not in chosen:
                    break
            chosen.append(j)
        ends += [end for j in chosen for end in (newcomer, j)]
        ties += [(newcomer, j) for j in chosen]
    return undirected(ties)


def naive_pairs(n, p):
    ties = []
    for i in range(n):
        j, number = i, 0
        while j < n:
            u = naive_uniforms(addresses.STREAM_NETWORK_GAP_INSIDE, i, number // 2)[number % 2]
            number += 1
            j += 1 + math.floor(math.log(1 - u) / math.log(1 - p))
            if j < n:
                ties.append((i, j))
    return undirected(ties)


def test_watts_strogatz_is_the_obvious_algorithm():
    assert tie_set_of(generators.watts_strogatz(90, 6, 0.4, *KEY)) == naive_ring(90, 6, 0.4)


def test_barabasi_albert_is_the_obvious_algorithm():
    assert tie_set_of(generators.barabasi_albert(60, 4, *KEY)) == naive_attachment(60, 4)


def test_erdos_renyi_is_the_obvious_algorithm():
    assert tie_set_of(generators.erdos_renyi(80, 7.0, *KEY)) == naive_pairs(80, 7.0 / 79)


# -------------------------------------------------------------------- shapes


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 60), st.integers(0, 2**32 - 1), st.data())
def test_every_random_graph_is_sound_and_repeatable(n, seed, data):
    key = (np.uint32(seed), np.uint32(data.draw(st.integers(0, 2**32 - 1))))
    half, m = data.draw(st.integers(0, (n - 1) // 2)), data.draw(st.integers(1, n - 1))
    mean = data.draw(st.floats(0, n - 1))
    most = data.draw(st.integers(1, n - 1))
    draws = [
        lambda: generators.watts_strogatz(n, 2 * half, data.draw(st.floats(0, 1)), *key),
        lambda: generators.barabasi_albert(n, m, *key),
        lambda: generators.erdos_renyi(n, mean, *key),
        lambda: generators.configuration(n, 2.5, 1, most, *key),
        lambda: generators.lattice(n, data.draw(st.sampled_from([4, 8])), data.draw(st.booleans())),
    ]
    for draw in draws:
        assert_sound(draw())
    assert generators.erdos_renyi(n, mean, *key).hash == generators.erdos_renyi(n, mean, *key).hash
    assert generators.barabasi_albert(n, m, *key).n_ties == m * (n - m)


def test_key_and_world_give_other_graphs():
    keys = [(1, 0), (1, 1), (0, 1), (0, 0)]
    assert len({generators.erdos_renyi(200, 5.0, *map(np.uint32, key)).hash for key in keys}) == 4


def test_extreme_probabilities_give_empty_and_complete_graphs():
    assert generators.erdos_renyi(30, 0.0, *KEY).n_ties == 0
    assert generators.erdos_renyi(30, 29.0, *KEY).hash == generators.complete(30).hash
    blocks = np.arange(20) % 2
    assert generators.stochastic_block(blocks, 9.0, 1.0, *KEY).n_ties == 90
    assert (
        generators.watts_strogatz(40, 6, 0.0, *KEY).hash == generators.watts_strogatz(40, 6, 0.0, 0, 0).hash
    )


def test_regular_graphs():
    assert tie_set_of(generators.star(5)) == undirected([(0, k) for k in range(1, 5)])
    assert tie_set_of(generators.complete(6)) == undirected(combinations(range(6), 2))
    assert generators.empty(7).n_ties == 0
    assert generators.complete(1).n_ties == 0
    for network in (generators.star(5), generators.complete(6), generators.empty(7)):
        assert_sound(network)


@pytest.mark.parametrize(("n", "rows", "columns"), [(12, 3, 4), (100, 10, 10), (20, 4, 5), (50, 5, 10)])
@pytest.mark.parametrize("periodic", [True, False])
def test_lattice_is_networkx_grid(n, rows, columns, periodic):
    grid = networkx.grid_2d_graph(rows, columns, periodic=periodic)
    expected = undirected((a * columns + b, c * columns + d) for (a, b), (c, d) in grid.edges)
    assert tie_set_of(generators.lattice(n, 4, periodic)) == expected


@pytest.mark.parametrize("periodic", [True, False])
def test_lattice_with_corners(periodic):
    rows, columns = 5, 6
    expected = set()
    for i in range(30):
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                row, column = i // columns + down, i % columns + right
                if periodic:
                    row, column = row % rows, column % columns
                if 0 <= row < rows and 0 <= column < columns and (down, right) != (0, 0):
                    expected.add((i, row * columns + column))
    assert tie_set_of(generators.lattice(30, 8, periodic)) == expected


@pytest.mark.parametrize("n", [1, 2, 3, 7, 97, 101, 1009])
def test_lattice_of_any_size_is_sound_and_connected(n):
    for neighborhood in (4, 8):
        for periodic in (True, False):
            network = generators.lattice(n, neighborhood, periodic)
            assert_sound(network)
            assert networkx.is_connected(network.to_networkx())
    assert generators.lattice(n, 4).degree.max() <= 6


# -------------------------------------------------------------------- theory


def test_watts_strogatz_has_the_published_clustering_and_distance():
    ring = generators.watts_strogatz(1000, 10, 0.0, *KEY)
    assert clustering(ring) == pytest.approx(2 / 3, abs=1e-12)
    assert mean_distance(ring, 1000) == pytest.approx(50.4505, abs=1e-4)
    assert (ring.degree == 10).all()


@pytest.mark.parametrize("rewiring", [0.02, 0.1, 0.3, 0.6])
def test_clustering_falls_with_the_cube_of_kept_ties(rewiring):
    """Barrat & Weigt (2000): C(p) = C(0) (1 - p)^3 up to terms of order 1/n; 4.4 standard errors."""
    ratios = [
        clustering(generators.watts_strogatz(1000, 10, rewiring, np.uint32(seed), np.uint32(0))) * 1.5
        for seed in range(20)
    ]
    error = np.std(ratios, ddof=1) / np.sqrt(len(ratios))
    assert abs(np.mean(ratios) - (1 - rewiring) ** 3) < 4.4 * error + 0.012


def test_rewired_share_is_the_probability():
    n, rewiring = 20_000, 0.2
    ring = generators.watts_strogatz(n, 6, rewiring, *KEY)
    source = np.repeat(np.arange(n), ring.degree)
    gap = np.abs(source - ring.neighbors)
    kept = int((np.minimum(gap, n - gap) <= 3).sum()) // 2
    assert abs(kept / (3 * n) - (1 - rewiring)) < 3.9 * np.sqrt(rewiring * (1 - rewiring) / (3 * n)) + 2e-4
    assert ring.n_ties == 3 * n


def test_barabasi_albert_has_the_known_degree_distribution():
    """Dorogovtsev, Mendes & Samukhin (2000): P(k) = 2 m (m + 1) / (k (k + 1) (k + 2)), within 2 %."""
    m = 3
    degree = np.concatenate(
        [generators.barabasi_albert(100_000, m, np.uint32(seed), np.uint32(0)).degree for seed in range(4)]
    )
    assert degree.min() == 1 or degree.min() == m
    for k in (3, 4, 5, 8, 12):
        expected = 2 * m * (m + 1) / (k * (k + 1) * (k + 2))
        error = np.sqrt(expected / len(degree))
        assert abs((degree == k).mean() - expected) < 4 * error + 0.02 * expected
    tail = (degree >= 100).mean()
    assert tail == pytest.approx(m * (m + 1) / (100 * 101), rel=0.15)


def test_erdos_renyi_degrees_are_binomial():
    n, mean = 20_000, 6.0
    degree = generators.erdos_renyi(n, mean, *KEY).degree
    law = stats.binom(n - 1, mean / (n - 1)).pmf(np.arange(degree.max() + 1))
    assert chi_square_p(np.bincount(degree), law) > P_FALSE_ALARM


def test_erdos_renyi_number_of_ties_is_binomial():
    n, mean = 300, 5.0
    counts = [generators.erdos_renyi(n, mean, np.uint32(s), np.uint32(9)).n_ties for s in range(400)]
    pairs, p = n * (n - 1) / 2, mean / (n - 1)
    deviation = np.sqrt(pairs * p * (1 - p))
    assert abs(np.mean(counts) - pairs * p) < 3.9 * deviation / 20
    assert 0.75 < np.std(counts) / deviation < 1.28


def test_every_pair_of_a_random_graph_has_the_same_chance():
    n, n_worlds = 12, 3000
    hits = np.zeros((n, n))
    for world in range(n_worlds):
        hits += generators.erdos_renyi(n, 4.0, np.uint32(5), np.uint32(world)).to_scipy().toarray()
    upper = hits[np.triu_indices(n, 1)]
    p = 4.0 / (n - 1)
    statistic = ((upper - n_worlds * p) ** 2).sum() / (n_worlds * p * (1 - p))
    assert P_FALSE_ALARM / 2 < stats.chi2(len(upper)).sf(statistic) < 1 - P_FALSE_ALARM / 2


def test_stochastic_blocks_have_the_wanted_ties():
    blocks = np.repeat([0, 1, 2], [500, 1500, 3000])[np.random.default_rng(1).permutation(5000)]
    network = generators.stochastic_block(blocks, 12.0, 0.8, *KEY)
    assert_sound(network)
    source = np.repeat(np.arange(5000), network.degree)
    inside = int((blocks[source] == blocks[network.neighbors]).sum()) // 2
    assert abs(inside - 24_000) < 3.9 * np.sqrt(24_000)
    assert abs(network.n_ties - inside - 6_000) < 3.9 * np.sqrt(6_000)
    sizes = np.bincount(blocks)
    share = np.bincount(blocks[source][blocks[source] == blocks[network.neighbors]]) / (2 * inside)
    assert np.allclose(share, sizes * (sizes - 1) / (sizes * (sizes - 1)).sum(), atol=0.02)


def test_configuration_keeps_the_degrees_it_drew():
    n, exponent = 30_000, 2.5
    network = generators.configuration(n, exponent, 4, 300, *KEY)
    assert_sound(network)
    drawn = draw_degrees(n, 4, power_law_weights(4, 300, exponent, 0.0), *KEY)
    assert np.abs(network.degree - drawn).sum() == drawn.sum() % 2
    law = np.arange(4, 301.0) ** -exponent
    assert chi_square_p(np.bincount(drawn, minlength=301)[4:], law / law.sum()) > P_FALSE_ALARM


def test_configuration_mixes_at_random():
    """The configuration model has no correlation of degrees below the structural cutoff."""
    network = generators.configuration(40_000, 2.5, 3, 60, *KEY)
    degree = network.degree
    source = np.repeat(np.arange(network.n_consumers), degree)
    r = np.corrcoef(degree[source], degree[network.neighbors])[0, 1]
    assert abs(r) < 0.015


@pytest.mark.parametrize("exponent", [2.2, 2.5, 3.0, 5.0])
@pytest.mark.parametrize("mean", [0.3, 2.0, 8.4, 30.0])
def test_tail_degrees_have_the_wanted_mean_in_every_world(mean, exponent):
    n = 5000
    worlds = [tail_degrees(n, mean, exponent, 300, np.uint32(1), np.uint32(world)) for world in range(2)]
    assert worlds[0].mean() == pytest.approx(mean, rel=0.02)
    assert np.array_equal(np.sort(worlds[0]), np.sort(worlds[1]))
    assert not np.array_equal(worlds[0], worlds[1])
    assert worlds[0].max() <= max(np.sqrt(mean * n), 2 * mean + 2)


def test_tail_of_weak_ties_is_a_power_law():
    degree = tail_degrees(1_000_000, 8.4, 2.5, 100_000, *KEY)
    assert degree.max() > 2000
    shares = [(degree >= k).mean() for k in (50, 100, 200)]
    slopes = np.diff(np.log(shares)) / np.log(2)
    assert np.allclose(slopes, -1.5, atol=0.15)


def test_degrees_have_one_law_at_every_size_from_which_their_limit_binds():
    """Without a limit, the mean of squared degrees, on which contagion rests, grows with the number of consumers."""

    def spread(n, limit):
        degree = tail_degrees(n, 8.4, 2.5, limit, *KEY).astype(np.float64)
        return (degree**2).mean() / degree.mean()

    limited = [spread(n, 300) for n in (12_000, 120_000, 1_200_000)]
    assert np.allclose(limited, limited[0], rtol=0.01)
    without = [spread(n, 100_000) for n in (12_000, 120_000, 1_200_000)]
    assert without[2] > 1.5 * without[1] > 2.0 * without[0]
    assert spread(5_000, 300) == spread(5_000, 100_000) < limited[0]


def test_logarithm_and_exponential_are_exact_to_the_last_digits():
    x = np.concatenate([10.0 ** np.linspace(-300, 300, 2001), 1 + np.linspace(-1e-3, 1e-3, 2001)])
    relative = [abs(natural_log(v) - math.log(v)) / max(abs(math.log(v)), 1e-300) for v in x if v != 1.0]
    assert max(relative) < 2e-15
    assert natural_log(1.0) == 0.0
    assert natural_exp(0.0) == 1.0
    assert max(abs(natural_exp(v) / math.exp(v) - 1) for v in np.linspace(-300, 300, 4001)) < 2e-14


# -------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: generators.watts_strogatz(10, 3, 0.1, *KEY), "network.degree = 3; expected an even"),
        (lambda: generators.watts_strogatz(10, 10, 0.1, *KEY), "below the number of consumers, 10"),
        (lambda: generators.watts_strogatz(10, 4, 1.1, *KEY), "network.rewiring = 1.1; expected 0..1"),
        (lambda: generators.barabasi_albert(10, 10, *KEY), "network.attachments = 10; expected 1..9"),
        (lambda: generators.erdos_renyi(10, 9.5, *KEY), "network.mean_degree = 9.5; expected 0..9"),
        (lambda: generators.configuration(10, 2.5, 0, 5, *KEY), "network.min_degree = 0; expected 1.."),
        (lambda: generators.configuration(10, 2.5, 1, 10, *KEY), "network.max_degree = 10; expected below"),
        (lambda: generators.configuration(10, -1.0, 1, 5, *KEY), "network.exponent = -1.0; expected 0..10"),
        (lambda: generators.stochastic_block(np.arange(10) // 2, 6.0, 1.0, *KEY), "room for 30 ties inside"),
        (lambda: generators.stochastic_block(np.arange(10), 1.0, 1.5, *KEY), "network.within_share"),
        (lambda: generators.lattice(10, 6), "network.neighborhood = 6; expected 4 or 8"),
        (lambda: generators.complete(5_001), "at most 5,000"),
    ],
)
def test_parameters_out_of_range_are_named(call, message):
    with pytest.raises(NetworkError) as caught:
        call()
    assert message in str(caught.value)
