"""Slow, obvious counterparts of what the seeding package does, and small graphs to try it on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator

import networkx as nx
import numpy as np

from simulator.diffusion.graphs import arcs
from simulator.diffusion.rows import Arcs
from simulator.diffusion.seeding.constraints import Constraints, Limits
from simulator.diffusion.seeding.incoming import Incoming, incoming_arcs
from simulator.diffusion.seeding.question import Influence


def small_graph(number: int, n: int = 6, m: int = 9, *, parallel: bool = False) -> Arcs:
    """A random directed graph with few arcs."""
    rng = np.random.default_rng([7, number])
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    chosen = [pairs[k] for k in rng.choice(len(pairs), m, replace=parallel)]
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(chosen)
    return arcs(graph)


def heavy_tailed(n: int, m: int, seed: int = 1) -> Arcs:
    """A directed graph whose degrees in and out have heavy tails, independent of each other."""
    rng = np.random.default_rng(seed)
    out, into = (np.minimum((1 - rng.random(n)) ** (-1 / 1.3), n / 20) for _ in range(2))
    source = rng.choice(n, size=int(1.3 * m), p=out / out.sum())
    target = rng.choice(n, size=int(1.3 * m), p=into / into.sum())
    pairs = np.unique(source.astype(np.int64) * n + target)
    pairs = rng.permutation(pairs[pairs // n != pairs % n])[:m]
    pairs.sort()
    indptr = np.concatenate([[0], np.cumsum(np.bincount(pairs // n, minlength=n))])
    return arcs((indptr, pairs % n))


def influence(graph: Arcs, model: str, p: float = 0.3) -> Influence:
    """Chances of the arcs, computed one by one."""
    indegree = [0] * graph.n_nodes
    for target in graph.targets.tolist():
        indegree[target] += 1
    chance = (
        [p] * graph.n_arcs if model == "ic" else [1 / indegree[target] for target in graph.targets.tolist()]
    )
    return Influence(model, np.array(chance), model == "lt")


def incoming(graph: Arcs, model: str, p: float = 0.3) -> Incoming:
    made = influence(graph, model, p)
    return incoming_arcs(graph, made.chance, picks_one=made.picks_one)


def live_graphs(graph: Arcs, made: Influence) -> Iterator[tuple[float, list[tuple[int, int]]]]:
    """Yield every outcome of the arcs with its probability."""
    ends = list(zip(graph.sources.tolist(), graph.targets.tolist(), made.chance.tolist(), strict=True))
    if not made.picks_one:
        for flags in itertools.product((False, True), repeat=len(ends)):
            weight = math.prod(c if on else 1 - c for on, (_, _, c) in zip(flags, ends, strict=True))
            yield weight, [(i, j) for on, (i, j, _) in zip(flags, ends, strict=True) if on]
        return
    choices = []
    for v in range(graph.n_nodes):
        into = [(c, [(i, j)]) for i, j, c in ends if j == v]
        rest = 1 - sum(c for c, _ in into)
        choices.append([*into, (rest, [])])
    for picked in itertools.product(*choices):
        yield math.prod(c for c, _ in picked), [pair for _, pairs in picked for pair in pairs]


def reach(n: int, pairs: Iterable[tuple[int, int]], seeds: Iterable[int]) -> set[int]:
    """Whom seeds reach over arcs."""
    after: dict[int, list[int]] = {v: [] for v in range(n)}
    for i, j in pairs:
        after[i].append(j)
    found, queue = set(seeds), list(seeds)
    while queue:
        for w in after[queue.pop()]:
            if w not in found:
                found.add(w)
                queue.append(w)
    return found


class Exact:
    """Exact spread on a tiny graph, by enumeration."""

    def __init__(self, graph: Arcs, made: Influence) -> None:
        self.n = graph.n_nodes
        self.worlds = [
            (weight, [reach(self.n, pairs, [v]) for v in range(self.n)])
            for weight, pairs in live_graphs(graph, made)
            if weight > 0
        ]

    def spread(self, seeds: Iterable[int]) -> float:
        seeds = list(seeds)
        return sum(weight * len(set().union(*(to[v] for v in seeds))) for weight, to in self.worlds)

    def best(self, k: int) -> float:
        return max(self.spread(group) for group in itertools.combinations(range(self.n), k))


def limits(
    n: int,
    most: int,
    *,
    eligible: Iterable[int] | None = None,
    cost: Iterable[float] | None = None,
    budget: float | None = None,
    cell: Iterable[int] | None = None,
    quota: Iterable[int] | None = None,
) -> Constraints:
    flags = np.ones(n, bool)
    if eligible is not None:
        flags[:] = False
        flags[list(eligible)] = True
    made = Limits(
        flags,
        np.ones(n) if cost is None else np.array(list(cost), float),
        math.inf if budget is None else budget,
        np.full(n, -1) if cell is None else np.array(list(cell)),
        np.zeros(0, np.int64) if quota is None else np.array(list(quota)),
        most,
    )
    return Constraints(made, has_costs=budget is not None, has_quotas=quota is not None)


def allowed_groups(constraints: Constraints) -> Iterator[tuple[int, ...]]:
    """Yield every group of seeds that constraints allow."""
    made = constraints.limits
    among = np.flatnonzero(made.is_eligible).tolist()
    for size in range(1, min(made.most, len(among)) + 1):
        for group in itertools.combinations(among, size):
            if is_allowed(constraints, group):
                yield group


def is_allowed(constraints: Constraints, group: Iterable[int]) -> bool:
    """Whether a group of seeds respects all constraints."""
    made, group = constraints.limits, list(group)
    cells = [int(made.cell[v]) for v in group]
    return (
        len(set(group)) == len(group) <= made.most
        and all(made.is_eligible[v] for v in group)
        and sum(made.cost[v] for v in group) <= made.budget * (1 + 1e-9)
        and all(cells.count(c) <= made.quota[c] for c in set(cells) if c >= 0)
    )


def plain_discount(graph: Arcs, k: int, p: float) -> list[int]:
    """Degree discount as in the paper's pseudocode, arcs counted one by one."""
    n = graph.n_nodes
    degree = [0] * n
    for source in graph.sources.tolist():
        degree[source] += 1
    chosen: list[int] = []
    for _ in range(k):
        best, best_value = -1, -math.inf
        for v in range(n):
            if v in chosen:
                continue
            pairs = zip(graph.sources.tolist(), graph.targets.tolist(), strict=True)
            t = sum(1 for i, j in pairs if j == v and i in chosen)
            value = degree[v] - 2 * t - (degree[v] - t) * t * p
            if value > best_value:
                best, best_value = v, value
        chosen.append(best)
    return chosen
