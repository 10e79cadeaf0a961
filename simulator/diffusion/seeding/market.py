"""Seeding rules for the market: its social graph, cells and traits as a question about a bare graph.

Adoption is taken to spread as a weighted cascade, unless the line says otherwise. As an independent cascade
(``spreading = "ic"``) it spreads over a tie with the probability that somebody of mean talkativeness talks on it,
1 - exp(-rate x w), the rate being p_strong or p_weak and w the tie's weight; but talk is not adoption, and at usual
rates such cascades flood the graph, so that whoever lies outside the flood seems worth more than a hub. What is
chosen depends on the world alone, so it is kept for other strategies, and other replicates of a fixed world, that
ask the same.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion.rows import Arcs
from simulator.diffusion.seeding.constraints import Constraints, Limits
from simulator.diffusion.seeding.methods import METHODS
from simulator.diffusion.seeding.question import Effort, Influence, Question
from simulator.model.initialization import World
from simulator.model.seed_rules import SeedChoice, SeedQuestion

_MOST_KEPT = 256
_MEMORY = 2.0**28
_LOWEST_FIRST = {"need_rate": -1.0, "sharing": -1.0, "price_sensitivity": 1.0, "threshold": 1.0}
_kept: OrderedDict[bytes, NDArray[np.int64]] = OrderedDict()
_lock = threading.Lock()


def choose(question: SeedQuestion) -> NDArray[np.int64]:
    """Return the consumers whom a seeding line's rule chooses in a world.

    Parameters
    ----------
    question : SeedQuestion
        The line, who may be chosen, and the world.

    Returns
    -------
    ndarray of int64
        At most ``question.count`` consumers, in the order of choice.
    """
    if question.count == 0 or not question.is_eligible.any():
        return np.zeros(0, np.int64)
    name = _name(question)
    with _lock:
        if name in _kept:
            _kept.move_to_end(name)
            return _kept[name]
    asked = as_question(question)
    seeds = METHODS[question.choice.rule].choose(asked).seeds if asked.constraints.most_seeds else _NOBODY
    with _lock:
        _kept[name] = seeds
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return seeds


_NOBODY = np.zeros(0, np.int64)


def as_question(question: SeedQuestion) -> Question:
    """Return the question about the market's social graph.

    Parameters
    ----------
    question : SeedQuestion
        As for :func:`choose`.
    """
    choice, world = question.choice, question.world
    cell = world.population.cell.astype(np.int64)
    n_cells = int(cell.max(initial=0)) + 1
    most = choice.most_per_cell
    limits = Limits(
        question.is_eligible,
        np.ones(len(cell)),
        math.inf,
        np.full(len(cell), -1) if most is None else cell,
        np.full(0 if most is None else n_cells, most or 0, np.int64),
        question.count,
    )
    graph = Arcs(world.indptr, world.neighbors)
    return Question(
        graph,
        Constraints(limits, has_costs=False, has_quotas=most is not None),
        influence(graph, world, choice),
        question.seed,
        question.world_number,
        Effort(choice.samples, choice.pivots, choice.epsilon, 1.0 / max(2, len(cell)), _MEMORY, 1),
        cell,
        n_cells,
        choice.clusters or math.ceil(math.sqrt(question.count)),
        _LOWEST_FIRST[choice.trait] * getattr(world.population, choice.trait).astype(np.float64),
    )


def influence(graph: Arcs, world: World, choice: SeedChoice) -> Influence:
    """Return how adoption is taken to spread over a world's social graph.

    Parameters
    ----------
    graph : Arcs
        The social graph.
    world : World
        Strength and weights of its ties.
    choice : SeedChoice
        Way of spreading, and rates of talk on strong and weak ties.
    """
    if choice.spreading != "ic":
        chance = 1.0 / graph.indegree[graph.targets]
        return Influence(choice.spreading, chance, choice.spreading == "lt")
    rate = np.where(world.is_strong > 0, choice.p_strong, choice.p_weak)
    if world.weights.size:
        rate = rate * world.weights[: graph.n_arcs].astype(np.float64)
    return Influence("ic", -np.expm1(-rate), False)


def _name(question: SeedQuestion) -> bytes:
    """Return a hash of all that the answer depends on."""
    world = question.world
    digest = hashlib.blake2b(repr((question.choice, question.count)).encode(), digest_size=32)
    digest.update(f"{question.seed} {question.world_number}".encode())
    trait = getattr(world.population, question.choice.trait)
    n_arcs = world.indptr[-1]
    arrays = (world.indptr, world.arcs[:n_arcs], world.weights[:n_arcs], world.population.cell, trait)
    for array in (*arrays, question.is_eligible):
        digest.update(f"{array.dtype.str} {array.size}".encode())
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.digest()
