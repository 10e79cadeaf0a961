"""Greedy choice of seeds on a fixed set of live-arc samples, lazily (CELF).

A node's gain on the samples only falls as seeds are added, so a gain counted earlier is an upper bound: nodes
are counted again only when they come up (Leskovec, Krause, Guestrin, Faloutsos, VanBriesen & Glance 2007,
Cost-effective outbreak detection in networks. KDD; Goyal, Lu & Lakshmanan 2011, CELF++. WWW). As all gains are
counted on the same samples they are exact whole numbers there, submodular without noise, and the choice is that
of plain greedy, ties to the lowest number (Cheng, Shen, Huang, Zhang & Cheng 2013, StaticGreedy. CIKM).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion.seeding.constraints import Constraints, Walk, allowed
from simulator.diffusion.seeding.coverage import Cover
from simulator.diffusion.seeding.incoming import Incoming
from simulator.diffusion.seeding.live_samples import Samples, all_reach, draw_samples, new_reach

_CHUNK = 32


class _Part:
    """Some of the samples, with memory to search them."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        most = int(np.diff(samples.first).max(initial=1))
        self.mark = np.zeros(most, np.int64)
        self.queue = np.empty(most, np.int32)
        self.epoch = np.zeros(1, np.int64)

    def gain(self, node: int, strike: bool) -> int:
        return int(new_reach(self.samples, node, strike, self.mark, self.queue, self.epoch))


class LiveSamples:
    """Samples of live arcs on which gains are counted.

    Parameters
    ----------
    arcs : Incoming
        The graph.
    n_samples : int
        Number of samples.
    seed, world : int
        Key of the draws.
    threads : int
        Threads that draw and count; the result has no part of it.
    """

    def __init__(
        self, arcs: Incoming, n_samples: int, *, seed: int, world: int = 0, threads: int = 1
    ) -> None:
        self.n_nodes = arcs.n_nodes
        self.n_samples = n_samples
        self.threads = threads

        def draw(first: int) -> _Part:
            return _Part(draw_samples(first, min(n_samples, first + _CHUNK), arcs, seed, world))

        self.parts: list[_Part] = self._on_threads(draw, range(0, n_samples, _CHUNK))

    def _on_threads(self, work: Callable[[Any], Any], items: Any) -> list[Any]:
        if self.threads == 1 or len(items) < 2:
            return [work(item) for item in items]
        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(work, items))

    def all_gains(self) -> NDArray[np.int64]:
        """Return what each node alone reaches, summed over samples, shape (n_nodes,)."""

        def count(part: _Part) -> NDArray[np.int64]:
            total = np.zeros(self.n_nodes, np.int64)
            all_reach(part.samples, total)
            return total

        gains = np.zeros(self.n_nodes, np.int64)
        for total in self._on_threads(count, self.parts):
            gains += total
        return gains

    def gain(self, node: int, *, strike: bool = False) -> int:
        """Return what a node adds to the seeds so far, summed over samples; with ``strike`` it becomes a seed."""
        return sum(part.gain(node, strike) for part in self.parts)

    def forget(self) -> None:
        """Start again without seeds."""
        for part in self.parts:
            part.samples.is_reached[:] = 0


def choose_by_lazy_greedy(samples: LiveSamples, constraints: Constraints) -> Cover:
    """Return the seeds that greedy chooses on the samples; under a budget, the best of three choices.

    Parameters
    ----------
    samples : LiveSamples
        On what gains are counted.
    constraints : Constraints
        What the seeds must respect. Under a budget, greedy by gain, greedy by gain per cost, and the best
        single node compete, as in :meth:`simulator.diffusion.seeding.coverage.Greedy.choose`.

    Returns
    -------
    Cover
        Gains and bound are in nodes, means over the samples; the bound is that on the best group's spread
        over these samples.
    """
    alone = samples.all_gains()
    limits = constraints.limits
    covers = []
    for by_cost in (True, False) if constraints.has_costs else (False,):
        covers.append(_greedy(samples, constraints, alone, limits.cost if by_cost else None))
        samples.forget()
    if constraints.has_costs:
        covers.append(_single(constraints, alone))
    best = max(covers, key=lambda cover: cover.met)
    bound = constraints.gain_bound(alone.astype(np.float64))
    scale = 1.0 / samples.n_samples
    return Cover(best.seeds, best.gains * scale, bound * scale)


def _greedy(samples: LiveSamples, constraints: Constraints, alone: NDArray[Any], cost: Any) -> Cover:
    limits = constraints.limits
    walk = Walk(constraints)
    unit = np.ones(samples.n_nodes) if cost is None else cost
    heap = [(-alone[v] / unit[v], v, 0) for v in np.flatnonzero(limits.is_eligible).tolist()]
    heapq.heapify(heap)
    seeds: list[int] = []
    gains: list[int] = []
    fresh: dict[int, int] = {}
    while heap and len(seeds) < limits.most:
        _, node, counted = heapq.heappop(heap)
        if not walk.allows(node):
            continue
        if counted == len(seeds):
            gain = fresh.pop(node) if node in fresh else int(alone[node])
            samples.gain(node, strike=True)
            walk.take(node)
            seeds.append(node)
            gains.append(gain)
            continue
        fresh[node] = samples.gain(node)
        heapq.heappush(heap, (-fresh[node] / unit[node], node, len(seeds)))
    return Cover(np.array(seeds, np.int64), np.array(gains, np.float64), np.inf)


def _single(constraints: Constraints, alone: NDArray[Any]) -> Cover:
    limits = constraints.limits
    fits = limits.is_eligible & (limits.cost <= allowed(limits.budget))
    if constraints.has_quotas:
        fits &= (limits.cell < 0) | (limits.quota[np.maximum(limits.cell, 0)] > 0)
    if not fits.any():
        return Cover(np.zeros(0, np.int64), np.zeros(0), np.inf)
    node = int(np.argmax(np.where(fits, alone, -1)))
    return Cover(np.array([node]), np.array([float(alone[node])]), np.inf)
