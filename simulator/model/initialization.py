"""The world: population, social graph and what consumers start with (ODD: initialization).

A world is drawn from (seed, world). Every strategy meets the same worlds.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulator.compiled import kernel, rule
from simulator.errors import Fault, NetworkError
from simulator.model.market import Market
from simulator.model.mathematics import F
from simulator.model.network import build_network
from simulator.model.population import Population, draw_population
from simulator.model.rules.word_of_mouth import MESSAGE_SCALE

NO_BRAND = -1
_LARGEST_SUM = 2**31
# on a tie, talk, an invitation and a gift's talk; a message's value is at most 2 in absolute terms
_MESSAGES, _LARGEST_VALUE = 3, 2
_BUYER_EVIDENCE = F(3.0)
_BUYER_HABIT = F(0.6)
_ONE = F(1.0)
_ZERO = F(0.0)


#: Bit of an arc that marks a strong tie; the other bits are the receiver's number.
STRONG_BIT = np.uint32(1 << 31)
RECEIVER = np.uint32(STRONG_BIT - 1)
#: Entries behind the last arc, so that a loop may read whole vectors.
ROOM = 256


class World(NamedTuple):
    """Population, graph and starting values of one world; N consumers, M arcs.

    An arc leads to a consumer whom its row's consumer can influence; it takes four bytes.
    """

    population: Population
    indptr: np.ndarray  # int64 [N + 1]
    arcs: np.ndarray  # uint32 [M + ROOM], receiver, and bit 31 where the tie is strong
    weights: np.ndarray  # float32 [M + ROOM] or [0] where all weights are 1
    occurrence: np.ndarray  # uint8 [M + ROOM] or [0] where no ties are parallel
    in_degree: np.ndarray  # int32 [N], consumers who can influence one
    latest_brand: np.ndarray  # int8 [N]
    replacement_step: np.ndarray  # int32 [N]

    @property
    def neighbors(self) -> np.ndarray:
        """Receivers of the arcs, int32 [M], made anew."""
        return (self.arcs[: self.indptr[-1]] & RECEIVER).astype(np.int32)

    @property
    def is_strong(self) -> np.ndarray:
        """Whether each arc's tie is strong, uint8 [M], made anew."""
        return (self.arcs[: self.indptr[-1]] >= STRONG_BIT).astype(np.uint8)


def pack_arcs(neighbors: np.ndarray, is_strong: np.ndarray) -> np.ndarray:
    """Return receivers and strengths as arcs with room behind them, uint32 [M + ROOM]."""
    arcs = np.zeros(neighbors.size + ROOM, np.uint32)
    arcs[: neighbors.size] = neighbors
    arcs[: neighbors.size] |= is_strong.astype(np.uint32) << np.uint32(31)
    return arcs


def _with_room(values: np.ndarray) -> np.ndarray:
    """Return what arcs have, with room behind it; nothing where there is nothing."""
    return np.concatenate([values, np.zeros(ROOM, values.dtype)]) if values.size else values


def world_number(market: Market, replicate: int) -> int:
    """Return which world a replicate plays in: its own, or the one fixed world."""
    return 0 if market.scenario.population.world == "fixed" else replicate


def build_world(market: Market, seed: int, replicate: int) -> World:
    """Return the world in which a replicate plays.

    Parameters
    ----------
    market : Market
        The market.
    seed : int
        Seed, 0 to 2^32 - 1.
    replicate : int
        Replicate, 0 to 2^32 - 1.

    Returns
    -------
    World
    """
    world = world_number(market, replicate)
    population = draw_population(market, seed, world)
    network = build_network(
        market.scenario.network,
        n_consumers=market.n_consumers,
        cell=population.cell,
        region=market.arrays.cell_region[population.cell],
        taste=np.ascontiguousarray(population.taste.T),
        seed=seed,
        world=world,
        graph=market.network,
    )
    latest = np.full(market.n_consumers, NO_BRAND, np.int8)
    replacement = np.zeros(market.n_consumers, np.int32)
    limits = np.cumsum([brand.initial_buyers for brand in market.brands]).astype(np.float32)
    _assign_history(population, limits, market.arrays.mean_life, latest, replacement)
    in_degree = np.bincount(network.neighbors, minlength=market.n_consumers).astype(np.int32)
    _check_mail(int(in_degree.max(initial=0)), float(market.parameters.friend_credibility))
    return World(
        population,
        network.indptr,
        pack_arcs(network.neighbors, network.is_strong),
        _with_room(network.weights),
        _with_room(network.occurrence),
        in_degree,
        latest,
        replacement,
    )


def _check_mail(in_degree: int, friend_credibility: float) -> None:
    """Refuse a graph in which the sums that one consumer receives in a step could overflow."""
    largest_message = max(0.5 * friend_credibility, 0.5) * float(MESSAGE_SCALE) * _LARGEST_VALUE + 1
    most = int(_LARGEST_SUM / (_MESSAGES * largest_message))
    if in_degree <= most:
        return
    expected = f"at most {most} at parameters.friend_credibility = {friend_credibility:g}"
    remedy = "take a graph whose largest hub is smaller, or let fewer of its ties lead to it"
    raise NetworkError([Fault("network", f"{in_degree} ties that lead to one consumer", expected, remedy)])


@kernel
def _assign_history(
    population: Population, limits: Any, mean_life: Any, latest: Any, replacement: Any
) -> None:
    for i in range(latest.size):
        for j in range(limits.size):
            if population.history[i] < limits[j]:
                latest[i] = j
                replacement[i] = np.int32(np.floor(mean_life * population.ownership[i])) + np.int32(1)
                break


@rule("f4(b1, f4)")
def initial_belief(is_buyer: bool, quality: Any) -> Any:
    """Return the belief that a consumer starts with: a buyer knows the quality, others expect 0."""
    return quality if is_buyer else _ZERO


@rule("f4(b1)")
def initial_evidence(is_buyer: bool) -> Any:
    """Return the experiences behind the starting belief: 3 for a buyer, else 1."""
    return _BUYER_EVIDENCE if is_buyer else _ONE


@rule("f4(b1, f4)")
def initial_memory(is_buyer: bool, mean: Any) -> Any:
    """Return the starting memory: 1 for a buyer, else the brand's."""
    return _ONE if is_buyer else mean


@rule("f4(b1)")
def initial_habit(is_buyer: bool) -> Any:
    """Return the starting habit: 0.6 for a buyer, else 0."""
    return _BUYER_HABIT if is_buyer else _ZERO
