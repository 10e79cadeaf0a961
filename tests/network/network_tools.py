"""What the tests of the social graph share: keys, small worlds, and an obvious Philox."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

KEY = (np.uint32(2024), np.uint32(3))


class Consumers(NamedTuple):
    """Consumers in six regions of six cells each, whose tastes differ by cell."""

    cell: np.ndarray
    region: np.ndarray
    taste: np.ndarray
    individual: np.ndarray


def make_consumers(n: int, n_cells: int = 36, seed: int = 0) -> Consumers:
    draw = np.random.default_rng(seed)
    cell = draw.integers(0, n_cells, n)
    individual = draw.normal(0.0, 0.7, (n, 2))
    means = draw.normal(0.0, 0.6, (n_cells, 2))
    return Consumers(cell, cell // 6, (means[cell] + individual).astype(np.float32), individual)


def naive_philox(counter, key):
    """Philox4x32-10 in whole numbers, as in the paper."""
    c, k = [int(x) for x in counter], [int(x) for x in key]
    for _ in range(10):
        p0, p1 = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def naive_words(stream, first=0, second=0, third=0, key=KEY):
    return naive_philox((first, second, third, int(stream)), key)


def naive_uniforms(stream, first=0, second=0, third=0, key=KEY):
    w = naive_words(stream, first, second, third, key)
    return tuple(((w[k] >> 5) * 2**26 + (w[k + 1] >> 6)) / 2**53 for k in (0, 2))


def tie_set_of(network):
    """Return the arcs of a graph as a set of pairs."""
    source = np.repeat(np.arange(network.n_consumers), network.degree)
    return set(zip(source.tolist(), network.neighbors.tolist(), strict=True))


def undirected(pairs):
    """Return pairs in both directions."""
    ties = [(int(i), int(j)) for i, j in pairs]
    return {*ties, *((j, i) for i, j in ties)}


def assert_sound(network):
    """Check everything that must hold for a simple undirected graph."""
    n = network.n_consumers
    assert network.indptr.dtype == np.int64
    assert network.neighbors.dtype == np.int32
    assert network.is_strong.dtype == np.uint8
    assert network.indptr[0] == 0
    assert network.indptr[-1] == network.n_arcs == len(network.is_strong)
    source = np.repeat(np.arange(n), network.degree)
    number = source * n + network.neighbors
    assert (np.diff(number) > 0).all(), "rows ascend and no pair is tied twice"
    assert (source != network.neighbors).all()
    reverse = network.neighbors.astype(np.int64) * n + source
    order = np.argsort(reverse)
    assert np.array_equal(reverse[order], number), "each arc has its counterpart"
    assert np.array_equal(network.is_strong[order], network.is_strong)
