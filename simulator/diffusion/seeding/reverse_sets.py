"""Reverse reachable sets: samples of who could activate a node drawn at random.

A set holds every node from which live arcs lead to its root. The share of sets that a group of seeds meets,
times the number of nodes, is an unbiased estimate of the group's spread (Borgs, Brautbar, Chayes & Lucier 2014,
Maximizing social influence in nearly optimal time. SODA). Sets are addressed by number, so any thread may draw
any of them; they are stored one after another in compressed rows, 4 bytes an entry and 8 bytes a set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import frame, part
from simulator.diffusion.seeding.incoming import Incoming, live_sources, room_for
from simulator.diffusion.seeding.streams import STREAM_REVERSE_ARC, STREAM_REVERSE_ROOT, U
from simulator.model.draws import tail
from simulator.model.philox import philox

CHOOSING, JUDGING = 0, 1
_CHUNK = 2048
_SHIFT = np.uint64(32)


@part
def root_of(number: Any, n: Any, collection: Any, k0: Any, k1: Any) -> Any:
    """Return the root of a set, uniform among n nodes (resolution 2^-32)."""
    word, _, _, _ = philox(U(number), U(0), U(0), tail(STREAM_REVERSE_ROOT, U(collection), U(0)), k0, k1)
    return np.int64((np.uint64(word) * np.uint64(n)) >> _SHIFT)


@frame
def _draw_sets(
    first: Any, last: Any, k0: Any, k1: Any, arcs: Any, room: Any, seen: Any, sizes: Any, nodes: Any
) -> Any:
    """Write sets, root first, while the largest possible would fit; return the next set and the room used.

    ``seen`` holds for each node the last set that it was met in, plus one, and begins as zeros.
    """
    n = arcs.indptr.size - 1
    word = tail(STREAM_REVERSE_ARC, U(CHOOSING), U(0))
    used = 0
    for number in range(first, last):
        if used + n >= nodes.size:
            return number, used
        mark = np.int32(number + 1)
        begin = used
        nodes[used] = root_of(number, n, CHOOSING, k0, k1)
        seen[nodes[used]] = mark
        used += 1
        place = begin
        while place < used:
            found = live_sources(np.int64(nodes[place]), number, word, k0, k1, arcs, room)
            place += 1
            for k in range(found):
                node = room.sources[k]
                nodes[used] = node
                used += seen[node] != mark
                seen[node] = mark
        sizes[number - first] = used - begin
    return last, used


@frame
def _count_met(
    first: Any, last: Any, k0: Any, k1: Any, arcs: Any, room: Any, seen: Any, queue: Any, is_seed: Any
) -> Any:
    """Return how many judging sets have a seed; a set is drawn only until its first seed is met."""
    n = arcs.indptr.size - 1
    word = tail(STREAM_REVERSE_ARC, U(JUDGING), U(0))
    met = 0
    for number in range(first, last):
        mark = np.int32(number + 1)
        root = root_of(number, n, JUDGING, k0, k1)
        seen[root] = mark
        queue[0] = root
        used, place = 1, 0
        is_met = is_seed[root]
        while place < used and not is_met:
            found = live_sources(np.int64(queue[place]), number, word, k0, k1, arcs, room)
            place += 1
            for k in range(found):
                node = room.sources[k]
                queue[used] = node
                used += seen[node] != mark
                seen[node] = mark
                is_met = is_met or is_seed[node]
        met += is_met
    return met


def draw_sets(
    arcs: Incoming, first: int, last: int, seed: int, world: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return sizes and nodes of the choosing sets from one number to before another.

    Parameters
    ----------
    arcs : Incoming
        The graph.
    first, last : int
        Numbers of sets.
    seed, world : int
        Key of the draws.

    Returns
    -------
    sizes : ndarray of int32, shape (last - first,)
        Nodes in each set.
    nodes : ndarray of int32
        Nodes of all sets, one set after another, each with its root first.
    """
    n = arcs.n_nodes
    room, seen = room_for(arcs), np.zeros(n, np.int32)
    sizes = np.empty(last - first, np.int32)
    parts = []
    begin, capacity = first, n + 16384
    while begin < last:
        nodes = np.empty(capacity, np.int32)
        number, used = _draw_sets(
            begin, last, U(seed), U(world), arcs, room, seen, sizes[begin - first :], nodes
        )
        parts.append(nodes[:used].copy())
        begin = number
        capacity = n + max(16384, 2 * used)
    return sizes, np.concatenate(parts)


def in_chunks(work: Callable[[int, int], Any], first: int, last: int, threads: int) -> Iterator[Any]:
    """Yield the results of work on chunks of numbers, in order, whatever the number of threads."""
    starts = range(first, last, _CHUNK)
    if threads == 1 or len(starts) < 2:
        for start in starts:
            yield work(start, min(last, start + _CHUNK))
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(lambda start: work(start, min(last, start + _CHUNK)), starts)


@dataclass
class ReverseSets:
    """A growing collection of reverse reachable sets.

    Parameters
    ----------
    arcs : Incoming
        The graph.
    seed, world : int
        Key of the draws.
    threads : int
        Threads that draw.

    Attributes
    ----------
    n_sets : int
        Number of sets drawn so far.
    offsets : ndarray of int64, shape (n_sets + 1,)
        Where each set's nodes begin.
    nodes : ndarray of int32
        Nodes of all sets, one set after another.
    """

    arcs: Incoming
    seed: int
    world: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        self.offsets: NDArray[np.int64] = np.zeros(1, np.int64)
        self.nodes: NDArray[np.int32] = np.zeros(0, np.int32)

    @property
    def n_sets(self) -> int:
        """Number of sets drawn so far."""
        return len(self.offsets) - 1

    def grow(self, n_sets: int) -> None:
        """Draw further sets until there are so many."""

        def work(first: int, last: int) -> Any:
            return draw_sets(self.arcs, first, last, self.seed, self.world)

        parts = list(in_chunks(work, self.n_sets, n_sets, self.threads))
        sizes = np.concatenate([np.diff(self.offsets), *(sizes for sizes, _ in parts)])
        self.offsets = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(sizes, out=self.offsets[1:])
        nodes = np.empty(int(self.offsets[-1]), np.int32)
        place = len(self.nodes)
        nodes[:place] = self.nodes
        self.nodes = nodes
        for position, (_, drawn) in enumerate(parts):
            nodes[place : place + len(drawn)] = drawn
            place += len(drawn)
            parts[position] = (None, None)

    def n_bytes_at(self, n_sets: int) -> float:
        """Return the memory of so many sets with their index and the copy made while growing."""
        mean = len(self.nodes) / max(1, self.n_sets)
        return n_sets * (mean * 12.0 + 24.0) + 40.0 * self.arcs.n_nodes


def met_by(
    arcs: Incoming, is_seed: NDArray[np.bool_], n_sets: int, *, seed: int, world: int = 0, threads: int = 1
) -> int:
    """Return how many of the judging sets, numbers 0 to n_sets - 1, some seed meets.

    Parameters
    ----------
    arcs : Incoming
        The graph.
    is_seed : ndarray of bool, shape (n_nodes,)
        Who is a seed.
    n_sets : int
        Number of sets; they are drawn anew and not stored.
    seed, world : int
        Key of the draws.
    threads : int
        Threads that draw.

    Returns
    -------
    int
    """

    def work(first: int, last: int) -> int:
        seen, queue = np.zeros(arcs.n_nodes, np.int32), np.empty(arcs.n_nodes + 1, np.int32)
        met = _count_met(first, last, U(seed), U(world), arcs, room_for(arcs), seen, queue, is_seed)
        return int(met)

    return sum(in_chunks(work, 0, n_sets, threads))
