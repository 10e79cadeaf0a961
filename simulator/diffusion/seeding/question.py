"""What is asked of a seeding method and what it answers, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion.rows import Arcs
from simulator.diffusion.seeding.constraints import Constraints
from simulator.diffusion.seeding.incoming import Incoming, incoming_arcs
from simulator.diffusion.seeding.reverse_greedy import Certificate


@dataclass(frozen=True)
class Effort:
    """How hard the methods that sample try.

    Parameters
    ----------
    n_samples : int
        Live-arc samples of ``celf``.
    n_pivots : int
        Nodes from which ``betweenness`` follows shortest paths.
    epsilon, delta : float
        Precision and risk of ``ris``.
    memory : float
        Bytes that stored samples or sets may take.
    threads : int
        Threads; no answer depends on them.
    """

    n_samples: int = 1000
    n_pivots: int = 256
    epsilon: float = 0.1
    delta: float = 0.01
    memory: float = 2.0**30
    threads: int = 1


@dataclass(frozen=True)
class Influence:
    """How likely one node is to activate another.

    Parameters
    ----------
    name : str
        ``ic``, ``wc`` or ``lt``.
    chance : ndarray of float64, shape (n_arcs,)
        Probability of each arc; in the linear threshold its weight, which sum to at most 1 into a node.
    picks_one : bool
        Whether it is the linear threshold.
    """

    name: str
    chance: NDArray[np.float64]
    picks_one: bool


@dataclass(frozen=True)
class Question:
    """Whom to seed.

    Parameters
    ----------
    graph : Arcs
        The graph.
    constraints : Constraints
        What the seeds must respect.
    influence : Influence or None
        How influence spreads; None where the method does not ask.
    seed, world : int
        Key of the draws.
    effort : Effort
        How hard to try.
    cell : ndarray of int64, shape (n_nodes,), or None
        Cell of each node from 0, -1 for none.
    n_cells, n_clusters : int
        Number of cells; among how many of them ``cell_clusters`` spreads the seeds.
    trait : ndarray of float64, shape (n_nodes,), or None
        Thresholds, or another trait of which those with the lowest values adopt first.
    """

    graph: Arcs
    constraints: Constraints
    influence: Influence | None = None
    seed: int = 0
    world: int = 0
    effort: Effort = Effort()
    cell: NDArray[np.int64] | None = None
    n_cells: int = 0
    n_clusters: int = 1
    trait: NDArray[np.float64] | None = None

    @cached_property
    def incoming(self) -> Incoming:
        """The arcs by target, with their chances."""
        if self.influence is None:
            raise ValueError("the question has no model of influence")
        return incoming_arcs(self.graph, self.influence.chance, picks_one=self.influence.picks_one)


class Answer(NamedTuple):
    """Whom a method chooses.

    Parameters
    ----------
    seeds : ndarray of int64, shape (at most k,)
        Nodes in the order of choice.
    gains : ndarray of float64 or None
        Spread that each adds to those before it, where the method estimates it (nodes).
    scores : ndarray of float64 or None
        What each is ranked by, where the method ranks.
    certificate : Certificate or None
        What is known about the seeds' spread.
    """

    seeds: NDArray[np.int64]
    gains: NDArray[np.float64] | None = None
    scores: NDArray[np.float64] | None = None
    certificate: Certificate | None = None
