"""Random matching: fair shuffles, kept degrees, no pair twice."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_tools import KEY, assert_sound
from scipy import stats

from simulator.model.network.generators import match_degrees
from simulator.model.network.matching import match_group, repeat_consumers, shuffle
from simulator.model.network.tie_set import contains, insert, new_tie_set, remove

LONG = 70_000


def shuffled(n, group, key=KEY):
    stubs = np.arange(n, dtype=np.int32)
    shuffle(stubs, np.empty(n, dtype=np.int32), group, *key)
    return stubs


def test_all_orders_of_four_are_equally_likely():
    """False alarm: 1 in 10,000."""
    orders = Counter(tuple(shuffled(4, group).tolist()) for group in range(24_000))
    assert len(orders) == 24
    assert stats.chisquare(list(orders.values())).pvalue > 1e-4


def test_a_long_list_is_put_in_random_order():
    """Rank correlations and the share of kept neighbors; false alarm 1 in 10,000 each."""
    order = shuffled(LONG, 5)
    assert np.array_equal(np.sort(order), np.arange(LONG))
    assert abs(np.corrcoef(order, np.arange(LONG))[0, 1]) < 3.9 / np.sqrt(LONG)
    assert abs(np.corrcoef(order[1:], order[:-1])[0, 1]) < 3.9 / np.sqrt(LONG)
    assert (np.abs(np.diff(order)) == 1).sum() < 14
    places = [int(np.flatnonzero(shuffled(LONG, group) == 17)[0]) for group in range(60)]
    assert stats.kstest(np.array(places) / LONG, "uniform").pvalue > 1e-4


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=40), st.integers(0, 2**32 - 1))
def test_matching_never_exceeds_a_degree_or_ties_twice(degrees, seed):
    degrees = np.minimum(np.array(degrees, dtype=np.int32), len(degrees) - 1)
    if degrees.sum() % 2:
        degrees[int(np.argmax(degrees))] -= 1
    network = match_degrees(degrees, np.uint32(seed), np.uint32(0))
    assert_sound(network)
    assert (network.degree <= degrees).all()


@pytest.mark.parametrize("n", [500, 5000])
def test_matching_keeps_every_degree_where_there_is_room(n):
    degrees = np.random.default_rng(3).integers(1, 60, n).astype(np.int32)
    degrees[0] += degrees.sum() % 2
    network = match_degrees(degrees, *KEY)
    assert_sound(network)
    assert np.array_equal(network.degree, degrees)


def test_stubs_without_a_partner_are_left_over():
    stubs = np.array([0, 0, 0, 1, 1], dtype=np.int32)
    ties = new_tie_set(10, 5)
    source, target, left = (np.zeros(8, dtype=np.int32) for _ in range(3))
    n_ties, n_left = match_group(stubs, stubs.copy(), 1, ties, source, target, 0, left, 0, *KEY)
    assert n_ties == 1
    assert {int(source[0]), int(target[0])} == {0, 1}
    assert sorted(left[:n_left].tolist()) == [0, 0, 1]


def test_every_partner_is_equally_likely():
    """Three consumers of one tie each and one of three; false alarm 1 in 10,000."""
    counts = Counter()
    for world in range(6000):
        network = match_degrees(np.ones(4, dtype=np.int32), np.uint32(1), np.uint32(world))
        counts[int(network.neighbors_of(0)[0])] += 1
    assert stats.chisquare([counts[k] for k in (1, 2, 3)]).pvalue > 1e-4


def test_repeated_consumers():
    assert repeat_consumers(np.array([2, 0, 1], dtype=np.int32)).tolist() == [0, 0, 2]


@pytest.mark.parametrize("n", [100, 100_000])
def test_tie_set_never_forgets_a_tie(n):
    draw = np.random.default_rng(0)
    ties = new_tie_set(n, 3000)
    seen, mistakes = set(), 0
    for a, b in draw.integers(0, n, (3000, 2)).tolist():
        pair = frozenset((a, b))
        known = contains(ties, a, b)
        assert known or pair not in seen
        mistakes += known and pair not in seen
        assert insert(ties, b, a) == (not known)
        assert contains(ties, a, b)
        seen.add(pair)
    assert mistakes == 0 if n <= 2048 else mistakes < 3000 * 0.02


def test_tie_set_forgets_only_where_each_pair_has_its_bit():
    for n, is_exact in ((100, True), (100_000, False)):
        ties = new_tie_set(n, 10)
        insert(ties, 3, 4)
        remove(ties, 4, 3)
        assert contains(ties, 3, 4) != is_exact


@pytest.mark.parametrize("n_ties", [100_000, 1_000_000])
def test_tie_set_rarely_takes_a_new_tie_for_a_known_one(n_ties):
    draw = np.random.default_rng(1)
    for stride in (1, 0):
        a = np.arange(n_ties) if stride else draw.integers(0, n_ties, n_ties)
        b = a + 1 if stride else draw.integers(n_ties, 2 * n_ties, n_ties)
        ties = new_tie_set(2 * n_ties, n_ties)
        refused = sum(
            not insert(ties, i, j) for i, j in zip(a[:20_000].tolist(), b[:20_000].tolist(), strict=True)
        )
        assert refused < 20_000 * 0.03
