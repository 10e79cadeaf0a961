"""Addressed draws are uniform, and independent along every axis of the address.

Seeds are fixed, so that a test passes or fails for good. A correct generator would have had a chance of
at most one in a thousand of failing any of these tests when the seeds were chosen: about 450 statistics,
each judged at a probability of one in a million or less.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from simulator.model import draws
from simulator.model.draws import (
    NEED,
    STREAMS,
    dense_counter,
    dense_uniform,
    dense_word,
    sparse_uniforms,
    tail,
)
from simulator.model.mathematics import unit
from simulator.model.philox import philox

pytestmark = pytest.mark.usefixtures("rules_for_python")

Source = Callable[..., Any]
N = 4096
FALSE_ALARM = 1e-6
#: A standard normal exceeds it, on either side, with probability 6e-7.
MOST_CORRELATION = 5.0
BASE = {"second": 0, "step": 3, "stream": 3, "brand": 1, "slot": 0, "seed": 7, "replicate": 2}
NEIGHBORS: dict[str, dict[str, int]] = {
    "next consumer": {"shift": 1},
    "sixty-fourth consumer": {"shift": 64},
    "next receiver": {"second": 1},
    "next step": {"step": 4},
    "next stream": {"stream": 4},
    "next brand": {"brand": 2},
    "next slot": {"slot": 1},
    "next seed": {"seed": 8},
    "next replicate": {"replicate": 3},
    "pilot": {"replicate": 2 | draws.PILOT},
    "seed and replicate exchanged": {"seed": 2, "replicate": 7},
}


def sample(source: Source, shift: int = 0, **changes: int) -> np.ndarray:
    """Return the four uniform numbers of each of N consumers, float64 [N, 4]."""
    a = {**BASE, **changes}
    word = int(tail(a["stream"], a["brand"], a["slot"]))
    drawn = [source(i + shift, a["second"], a["step"], word, a["seed"], a["replicate"]) for i in range(N)]
    return np.array(drawn, np.float64)


def weak_source(first: int, second: int, third: int, tail_word: int, k0: int, k1: int) -> tuple[float, ...]:
    """Stand in for a careless address: a sum of multiples, as linear congruential generators make it."""
    factors = (2654435761, 40503, 69069, 1013904223, 1664525, 22695477)
    mixed = sum(a * b for a, b in zip(factors, (first, second, third, tail_word, k0, k1), strict=True))
    return tuple(((mixed + word * 123456789) % 2**32) / 2**32 for word in range(4))


def uniformity(values: np.ndarray, n_bins: int = 64) -> float:
    """Return the probability of a histogram at most as uneven; near 0 or 1 something is wrong."""
    counts = np.bincount((values * n_bins).astype(int), minlength=n_bins)
    expected = values.size / n_bins
    return float(chi2.cdf(((counts - expected) ** 2).sum() / expected, n_bins - 1))


def association(a: np.ndarray, b: np.ndarray, n_bins: int = 8) -> float:
    """Return the same for pairs of numbers, in a table of n_bins x n_bins."""
    return uniformity((np.floor(a * n_bins) + b) / n_bins, n_bins * n_bins)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return a correlation in standard errors."""
    return float(np.corrcoef(a, b)[0, 1] * np.sqrt(a.size))


def check_uniform(values: np.ndarray) -> None:
    for word in range(4):
        assert FALSE_ALARM < uniformity(values[:, word]) < 1 - FALSE_ALARM


def check_independent(here: np.ndarray, there: np.ndarray) -> None:
    for a in range(4):
        for b in range(4):
            assert abs(correlation(here[:, a], there[:, b])) < MOST_CORRELATION
            assert association(here[:, a], there[:, b]) < 1 - FALSE_ALARM


@pytest.fixture(scope="module")
def base(rules_for_python: None) -> np.ndarray:
    return sample(sparse_uniforms)


@pytest.mark.parametrize("stream", [s for s in STREAMS if not s.is_dense], ids=lambda s: s.name)
def test_words_of_a_stream_are_uniform(stream: draws.Stream) -> None:
    values = sample(sparse_uniforms, stream=stream.number)
    assert values.min() >= 0 and values.max() < 1
    check_uniform(values)


@pytest.mark.parametrize("axis", NEIGHBORS)
def test_neighboring_addresses_are_independent(axis: str, base: np.ndarray) -> None:
    check_independent(base, sample(sparse_uniforms, **NEIGHBORS[axis]))


def test_words_of_one_address_are_independent(base: np.ndarray) -> None:
    for a in range(4):
        for b in range(a):
            assert abs(correlation(base[:, a], base[:, b])) < MOST_CORRELATION
            assert association(base[:, a], base[:, b]) < 1 - FALSE_ALARM


@pytest.mark.parametrize("axis", NEIGHBORS)
def test_a_careless_address_is_found(axis: str) -> None:
    with pytest.raises(AssertionError):
        check_independent(sample(weak_source), sample(weak_source, **NEIGHBORS[axis]))


def test_a_careless_histogram_is_found() -> None:
    with pytest.raises(AssertionError):
        check_uniform(sample(weak_source))


def dense_sample(**changes: int) -> np.ndarray:
    a = {**BASE, "stream": int(NEED), **changes}
    word = int(tail(a["stream"], a["brand"], a["slot"]))
    return np.array(
        [dense_uniform(i, a["second"], a["step"], word, a["seed"], a["replicate"]) for i in range(4 * N)]
    )


def test_dense_draws_are_uniform_and_independent() -> None:
    here = dense_sample()
    assert FALSE_ALARM < uniformity(here) < 1 - FALSE_ALARM
    others = [here[shift:] for shift in (1, 64, 128, 192, 256)]
    others += [dense_sample(**NEIGHBORS[axis]) for axis in NEIGHBORS if "shift" not in NEIGHBORS[axis]]
    for there in others:
        a = here[: there.size]
        assert abs(correlation(a, there)) < MOST_CORRELATION
        assert association(a, there) < 1 - FALSE_ALARM


def test_consumers_of_a_dense_stream_share_calls_and_never_words() -> None:
    places = {(int(dense_counter(i)), int(dense_word(i))) for i in range(1024)}
    assert len(places) == 1024
    assert {place for place, _ in places} == set(range(256))


def test_dense_draw_is_the_word_that_its_address_names() -> None:
    word = tail(NEED, 0, 0)
    for i in (0, 63, 64, 255, 256, 1000, 1_000_003):
        words = philox(dense_counter(i), 0, 5, word, 7, 2)
        assert dense_uniform(i, 0, 5, word, 7, 2) == unit(words[dense_word(i)])


def test_sparse_word_is_the_raw_word_of_the_same_address() -> None:
    words = philox(11, 12, 13, tail(8, 3, 1), 7, 2)
    for k in range(4):
        assert draws.sparse_word(11, 12, 13, tail(8, 3, 1), 7, 2, k) == words[k]
        assert sparse_uniforms(11, 12, 13, tail(8, 3, 1), 7, 2)[k] == unit(words[k])


def test_tail_packs_without_overlap() -> None:
    packed = {
        int(tail(stream, brand, slot))
        for stream in (0, 1, 255)
        for brand in (0, 1, 200)
        for slot in (0, 1, 65535)
    }
    assert len(packed) == 27
    assert int(tail(255, 200, 65535)) == 255 | 200 << 8 | 65535 << 16
