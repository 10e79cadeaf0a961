"""Addressed draws pass published tests of randomness along every part of an address; bad generators fail.

The battery and its sources are in ``experiments/chance``, where the same runs on 256 times as many words.
Seeds and walks are fixed. Perfect draws would fail any of these tests with a probability of one in a thousand.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments" / "chance"))

import addresses
import battery
from addresses import WALKS, Generator, Walk

N_ADDRESSES = 1 << 13
FALSE_ALARM = 1e-3
N_TESTS = (len(WALKS) + 1) * len(battery.TESTS)


def probabilities(generator: Generator, walk: Walk, n: int = N_ADDRESSES) -> np.ndarray:
    words = walk.words(generator, 0, n)
    return np.array([test(words) for test in battery.TESTS.values()])


def failures(p: np.ndarray) -> list[str]:
    """Return the tests that perfect draws fail, in all of this file, with the probability of a false alarm."""
    wrong = np.minimum(p, 1 - p) < FALSE_ALARM / 4 / N_TESTS
    return [name for name, is_wrong in zip(battery.TESTS, wrong, strict=True) if is_wrong]


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.name)
def test_draws_at_neighboring_addresses_pass(walk: Walk) -> None:
    assert failures(probabilities(addresses.simulators, walk)) == []


def test_dense_draws_of_successive_steps_pass() -> None:
    words = np.concatenate([addresses.dense_words(addresses.simulators, step, 1000) for step in range(33)])
    p = np.array([test(words) for test in battery.TESTS.values()])
    assert failures(p) == []


@pytest.mark.parametrize("name", ["one round", "two rounds", "four rounds", "multiples"])
def test_bad_generators_fail_on_most_walks(name: str) -> None:
    bad = {
        "one round": addresses.philox_with(1),
        "two rounds": addresses.philox_with(2),
        "four rounds": addresses.philox_with(4),
        "multiples": addresses.congruential,
    }[name]
    caught = [bool(failures(probabilities(bad, walk, 1 << 11))) for walk in WALKS]
    assert sum(caught) > len(WALKS) / 2


@pytest.mark.parametrize("test", battery.TESTS)
def test_each_test_knows_perfect_words_from_bad_ones(test: str) -> None:
    """Every test is uniform in law on words of another generator, and finds some walk of a bad one."""
    one = battery.TESTS[test]
    words = np.random.default_rng(3).integers(0, 2**32, (40, 1 << 14), dtype=np.uint32)
    assert kstest([one(row) for row in words], "uniform").pvalue > FALSE_ALARM / len(battery.TESTS) / 4
    bad = [walk.words(addresses.philox_with(2), 0, 1 << 12) for walk in WALKS]
    found = [min(p, 1 - p) for p in map(one, bad)]
    assert min(found) < FALSE_ALARM / 4 / N_TESTS


def test_a_flipped_bit_of_an_address_flips_half_of_the_words() -> None:
    some = battery.scattered(1 << 10)
    assert battery.avalanche_probability(battery.avalanche(addresses.simulators, some)) > FALSE_ALARM / 4
    assert battery.avalanche(addresses.philox_with(3), some[:200]) > 10


def test_no_two_addresses_have_the_same_words() -> None:
    """A hash that narrows an address to 32 bits passes all other tests, and is found here."""
    many = battery.scattered(1 << 18)
    assert battery.repeats(addresses.simulators(many).ravel()) == 0
    assert battery.repeats(addresses.finalized(many).ravel()) > 0


def test_the_generators_compared_are_what_they_are_called() -> None:
    some = battery.scattered(500)
    assert np.array_equal(addresses.philox_with(10)(some), addresses.simulators(some))
    known = addresses.philox_with(7)(np.zeros((1, 6), np.uint32))
    assert [int(word) for word in known[0]] == [0x5F6FB709, 0x0D893F64, 0x4F121F81, 0x4F730A48]


def test_another_implementation_has_the_same_words() -> None:
    randomgen = pytest.importorskip("randomgen")
    for counter, key in ((0, 0), (2**32 - 2, 5), (7 << 96 | 3 << 64 | 9 << 32 | 1, 11 << 32 | 13)):
        theirs = randomgen.Philox(counter=counter, key=key, number=4, width=32)
        raw = [int(word) for word in theirs.random_raw(8)]
        # it advances the counter before the first block
        counters = [(counter + k) % 2**128 for k in (1, 2)]
        rows = [
            [c >> 32 * k & 0xFFFFFFFF for k in range(4)] + [key & 0xFFFFFFFF, key >> 32] for c in counters
        ]
        assert addresses.simulators(np.array(rows, dtype=np.uint32)).ravel().tolist() == raw
    first = randomgen.Philox(counter=0, key=0, number=4, width=32).random_raw()
    assert first == 0xF8E4CCA4
