"""The classic models written slowly and obviously, arc by arc, with given chance."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np

MASK = 2**64 - 1


def splitmix(x: int) -> float:
    """Return the coupled uniform number of an integer (Steele, Lea & Flood 2014)."""
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return ((x ^ (x >> 31)) >> 11) / 2**53


def arc_list(indptr: Sequence[int], targets: Sequence[int]) -> list[tuple[int, int]]:
    """Return the arcs as pairs, in the order of their numbers."""
    return [
        (node, int(targets[k]))
        for node in range(len(indptr) - 1)
        for k in range(int(indptr[node]), int(indptr[node + 1]))
    ]


def top_by_degree(graph: Any, k: int) -> list[int]:
    """Return the k nodes of highest degree, ties to the smallest id."""
    degree = dict(graph.degree())
    return sorted(degree, key=lambda node: (-degree[node], node))[:k]


class Trace:
    """When and by whom each node became active."""

    def __init__(self, n: int, seeds: Sequence[int]) -> None:
        self.at = [-1] * n
        self.by = [-1] * n
        for seed in seeds:
            self.at[seed] = 0

    def active(self, step: int) -> set[int]:
        """Return who was active by a step."""
        return {node for node, at in enumerate(self.at) if 0 <= at <= step}

    def curve(self) -> list[int]:
        """Return how many were active by each step until the last activation."""
        return [len(self.active(step)) for step in range(max([0, *self.at]) + 1)]


def cascade(
    n: int, arcs: Sequence[tuple[int, int]], seeds: Sequence[int], p: Any, coins: Any, steps: int = 10**9
) -> Trace:
    """Independent cascade: whoever became active in the last step tries each arc once."""
    trace = Trace(n, seeds)
    step = 0
    while step < steps and any(at == step for at in trace.at):
        for k, (source, target) in enumerate(arcs):
            if trace.at[source] == step and trace.at[target] < 0 and coins[k] < p[k]:
                trace.at[target], trace.by[target] = step + 1, source
        step += 1
    return trace


def crowd(
    n: int,
    arcs: Sequence[tuple[int, int]],
    seeds: Sequence[int],
    gain: Sequence[Any],
    needs: Sequence[Any],
    steps: int = 10**9,
) -> Trace:
    """Thresholds: whoever's active in-neighbors add up to the need joins."""
    trace = Trace(n, seeds)
    step = 0
    while step < steps:
        active = trace.active(step)
        joins = {}
        for node in set(range(n)) - active:
            total, tipped = Fraction(0), -1 if needs[node] <= 0 else None
            earlier = [
                k
                for k, (source, target) in enumerate(arcs)
                if target == node and 0 <= trace.at[source] < step
            ]
            latest = [
                k for k, (source, target) in enumerate(arcs) if target == node and trace.at[source] == step
            ]
            for k in [*earlier, *sorted(latest, key=lambda k: arcs[k][0])]:
                total += gain[k]
                if tipped is None and total >= needs[node]:
                    tipped = arcs[k][0]
            if total >= needs[node]:
                joins[node] = tipped
        for node, by in joins.items():
            trace.at[node], trace.by[node] = step + 1, -1 if by is None else by
        if not joins:
            break
        step += 1
    return trace


def hazard(
    n: int, arcs: Sequence[tuple[int, int]], seeds: Sequence[int], chance: Any, uniforms: Any, steps: int
) -> Trace:
    """Adoption by a coin a node and step; ``chance(k, d)`` for k adopted of d arcs."""
    trace = Trace(n, seeds)
    into = [[source for source, target in arcs if target == node] for node in range(n)]
    for step in range(1, steps + 1):
        active = trace.active(step - 1)
        for node in set(range(n)) - active:
            k = sum(source in active for source in into[node])
            if uniforms[step][node] < chance(k, len(into[node])):
                trace.at[node] = step
    return trace


_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)


def philox(counter: Sequence[int], key: Sequence[int]) -> list[float]:
    """Return four uniform numbers of 24 bits (Philox4x32-10; Salmon, Moraes, Dror & Shaw 2011)."""
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(10):
        left, right = _MULTIPLIERS[0] * a, _MULTIPLIERS[1] * c
        a, b, c, d = (right >> 32) ^ b ^ k0, right % 2**32, (left >> 32) ^ d ^ k1, left % 2**32
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return [(word >> 8) / 2**24 for word in (a, b, c, d)]


def events(
    n: int, arcs: Sequence[tuple[int, int]], seeds: Sequence[int], p: float, q: Any, steps: int, key: Any
) -> Trace:
    """Adoption by noticing or by being told, each event drawn at the address of the market's table of draws."""
    trace = Trace(n, seeds)
    notice, tie, brand = 1, 8, 1
    for step in range(1, steps + 1):
        active = trace.active(step - 1)
        for node in set(range(n)) - active:
            place = (64 * (node // 256) + node % 64, 0, step - 1, notice | brand << 8)
            hears = philox(place, key)[node // 64 % 4] < p
            for k, (source, target) in enumerate(arcs):
                if target == node and source in active:
                    parallel = arcs[:k].count((source, target))
                    said = (source, target, (step - 2) % 2**32, tie | brand << 8 | parallel << 16)
                    hears |= philox(said, key)[0] < q[k]
            if hears:
                trace.at[node] = step
    return trace


def exact_cascade(graph: nx.Graph, seeds: Sequence[int], p: Fraction) -> Fraction:
    """Return the expected size of an independent cascade by enumeration of all live arcs."""
    arcs = [arc for edge in graph.edges() for arc in (edge, edge[::-1])]
    total = Fraction(0)
    for live in itertools.product((False, True), repeat=len(arcs)):
        chance = Fraction(1)
        for is_live in live:
            chance *= p if is_live else 1 - p
        total += chance * _reached(graph, seeds, itertools.compress(arcs, live))
    return total


def exact_threshold(graph: nx.Graph, seeds: Sequence[int]) -> Fraction:
    """Return the expected size of a linear threshold process: every node keeps one arc (Kempe et al. 2003)."""
    choices = [[(source, node) for source in graph[node]] for node in graph]
    chance = Fraction(1)
    for one in choices:
        chance /= len(one)
    return sum((chance * _reached(graph, seeds, live) for live in itertools.product(*choices)), Fraction(0))


def _reached(graph: nx.Graph, seeds: Sequence[int], live: Any) -> int:
    world = nx.DiGraph(live)
    world.add_nodes_from(graph)
    return len(set().union(*({seed} | nx.descendants(world, seed) for seed in seeds)))


def exact_adoption(n: int, p: float, q: float, steps: int) -> list[float]:
    """Return the expected adopters by step on the complete graph of n nodes: a chain on their number."""
    from scipy.stats import binom

    law = np.zeros(n + 1)
    law[0] = 1.0
    means = [0.0]
    for _ in range(steps):
        after = np.zeros(n + 1)
        for k in range(n + 1):
            chance = 1 - (1 - p) * (1 - q) ** k
            after[k:] += law[k] * binom.pmf(np.arange(n - k + 1), n - k, chance)
        law = after
        means.append(float(law @ np.arange(n + 1)))
    return means


def random_multigraphs(rng: np.random.Generator, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield small random directed multigraphs with loops, as CSR arrays in no particular order."""
    for _ in range(count):
        n, m = int(rng.integers(1, 12)), int(rng.integers(0, 40))
        source = np.sort(rng.integers(0, n, m))
        indptr = np.searchsorted(source, np.arange(n + 1))
        yield indptr.astype(np.int64), rng.integers(0, n, m).astype(np.int32)
