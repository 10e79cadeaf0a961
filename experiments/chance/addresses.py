"""Sequences of draws, as the simulator makes them: walks over addresses, and the words that stand there.

A walk names the parts of an address from the fastest to the slowest, each with the number of values that it
takes before the next one moves on; the last goes on for ever. Neighboring words of a walk are therefore draws
of neighboring addresses, which is where a weak mixing of addresses shows first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.diffusion.draws import STREAM as DIFFUSION
from simulator.model.draws import STREAM, dense_counter, tail
from simulator.model.philox import philox

Words = NDArray[np.uint32]
#: A generator: from addresses, uint32 [n, 6] (counter, key), to words, uint32 [n, 4].
Generator = Callable[[Words], Words]

PARTS = ("consumer", "second", "step", "stream", "brand", "slot", "seed", "replicate")


@kernel
def _fill(addresses: Any, words: Any) -> None:
    for n in range(addresses.shape[0]):
        a = addresses[n]
        words[n, 0], words[n, 1], words[n, 2], words[n, 3] = philox(a[0], a[1], a[2], a[3], a[4], a[5])


def simulators(addresses: Words) -> Words:
    """Return the words that the simulator draws at addresses: Philox4x32-10, as its kernels call it."""
    words = np.empty((len(addresses), 4), dtype=np.uint32)
    _fill(np.ascontiguousarray(addresses), words)
    return words


def philox_with(n_rounds: int) -> Generator:
    """Return Philox4x32 with another number of rounds, written in numpy: a negative control below seven."""

    def words_of(addresses: Words) -> Words:
        x0, x1, x2, x3, k0, k1 = addresses.astype(np.uint64).T
        low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
        for _ in range(n_rounds):
            product0, product1 = x0 * np.uint64(0xD2511F53), x2 * np.uint64(0xCD9E8D57)
            x0, x1 = (product1 >> shift) ^ x1 ^ k0, product1 & low
            x2, x3 = (product0 >> shift) ^ x3 ^ k1, product0 & low
            k0, k1 = (k0 + np.uint64(0x9E3779B9)) & low, (k1 + np.uint64(0xBB67AE85)) & low
        return np.stack([x0, x1, x2, x3], axis=1).astype(np.uint32)

    return words_of


def congruential(addresses: Words) -> Words:
    """Return what a hash by multiples gives, mixed as linear congruential generators do: a negative control."""
    state = np.zeros(len(addresses), dtype=np.uint32)
    for part in addresses.T:
        state = (state ^ part) * np.uint32(1664525) + np.uint32(1013904223)
    words = []
    for _ in range(4):
        state = state * np.uint32(1664525) + np.uint32(1013904223)
        words.append(state)
    return np.stack(words, axis=1)


def finalized(addresses: Words) -> Words:
    """Return a 32-bit hash as engines of games use it (a sum of multiples, finalized as in MurmurHash3).

    Its words look random one by one; that a word holds 32 bits of an address of 192 shows between walks.
    """
    factors = np.array(
        [2654435761, 2246822519, 3266489917, 668265263, 374761393, 2869860233], dtype=np.uint32
    )
    mixed = (addresses * factors).sum(axis=1, dtype=np.uint32)
    words = []
    for word in range(4):
        h = mixed + np.uint32(word)
        h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        words.append(h ^ (h >> np.uint32(16)))
    return np.stack(words, axis=1)


@dataclass(frozen=True)
class Walk:
    """Addresses in the order of a mixed-radix number.

    Parameters
    ----------
    name : str
        What is walked along.
    digits : tuple of (str, int)
        Parts from the fastest to the slowest, and how many values each takes; the last is unbounded.
    start : tuple of (str, int)
        Where parts start; 0 unless said otherwise.
    is_dense : bool
        Whether consumers stand at the addresses of dense streams, four to a call.
    """

    name: str
    digits: tuple[tuple[str, int], ...]
    start: tuple[tuple[str, int], ...] = ()
    is_dense: bool = False

    def addresses(self, first: int, n: int) -> Words:
        """Return addresses number ``first`` to ``first + n``, uint32 [n, 6]."""
        rest = np.arange(first, first + n, dtype=np.uint64)
        parts = {name: np.zeros(n, dtype=np.uint64) for name in PARTS}
        for name, value in self.start:
            parts[name] += np.uint64(value)
        for name, size in self.digits[:-1]:
            parts[name] = parts[name] + rest % np.uint64(size)
            rest //= np.uint64(size)
        parts[self.digits[-1][0]] = parts[self.digits[-1][0]] + rest
        p = {name: values.astype(np.uint32) for name, values in parts.items()}
        last = p["stream"] | p["brand"] << np.uint32(8) | p["slot"] << np.uint32(16)
        assert int(last[0]) == int(tail(int(p["stream"][0]), int(p["brand"][0]), int(p["slot"][0])))
        return np.stack([p["consumer"], p["second"], p["step"], last, p["seed"], p["replicate"]], axis=1)

    def words(self, generator: Generator, first: int, n: int) -> Words:
        """Return words number ``4 first`` to ``4 (first + n)`` of the walk."""
        return generator(self.addresses(first, n)).ravel()


def _at(stream: str, **others: int) -> tuple[tuple[str, int], ...]:
    number = {**STREAM, **DIFFUSION}[stream]
    return tuple({"stream": number, **others}.items())


_ENDLESS = 0
WALKS: tuple[Walk, ...] = (
    Walk("consumers", (("consumer", _ENDLESS),), _at("search", step=3, brand=1)),
    Walk("steps", (("step", 104), ("consumer", _ENDLESS)), _at("search", brand=1)),
    Walk("streams", (("stream", 64), ("consumer", _ENDLESS)), (("step", 3),)),
    Walk("brands and slots", (("brand", 8), ("slot", 8), ("consumer", _ENDLESS)), _at("click", step=3)),
    Walk("channels", (("second", 16), ("consumer", _ENDLESS)), _at("notice", step=3, brand=1)),
    Walk("ties of a sender", (("second", 64), ("consumer", _ENDLESS)), _at("tie", step=3, brand=1)),
    Walk("replicates", (("replicate", 4096), ("consumer", _ENDLESS)), _at("search", brand=1)),
    Walk("small seeds", (("seed", 16), ("consumer", _ENDLESS)), _at("need")),
    Walk("seeds and replicates", (("seed", 8), ("replicate", 8), ("consumer", _ENDLESS)), _at("need")),
    Walk("large seeds", (("consumer", _ENDLESS),), _at("need", seed=2**32 - 1, replicate=2**31)),
    Walk(
        "all at once",
        (("consumer", 4), ("step", 4), ("stream", 4), ("brand", 2), ("replicate", 4), ("seed", 4), ("second", _ENDLESS)),
    ),
    Walk("coins of arcs", (("consumer", _ENDLESS),), _at("arc coin", seed=1)),
    Walk("thresholds over replicates", (("replicate", 64), ("consumer", _ENDLESS)), _at("threshold")),
)  # fmt: skip


def dense_words(generator: Generator, step: int, n_consumers: int, stream: str = "need") -> Words:
    """Return one word for each consumer of a dense stream in a step, uint32 [n_consumers]."""
    n_blocks = -(-n_consumers // 256)
    calls = np.arange(64 * n_blocks, dtype=np.uint32)
    addresses = np.zeros((len(calls), 6), dtype=np.uint32)
    addresses[:, 0], addresses[:, 2], addresses[:, 3] = calls, step, STREAM[stream]
    words = generator(addresses).reshape(n_blocks, 64, 4)
    assert int(dense_counter(256)) == 64
    return words.transpose(0, 2, 1).reshape(-1)[:n_consumers]
