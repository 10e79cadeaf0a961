"""Seeds by reverse reachable sets, with a certificate of how near the best possible spread they are (OPIM-C).

Greedy coverage of one collection of sets chooses the seeds; a second collection, drawn apart, judges them. With
probability 1 - delta both hold: the seeds' spread is at least ``lower``, and no allowed group of as many seeds
spreads beyond ``upper``. Collections double until lower / upper reaches what is asked, so that easy graphs stop
early (Tang, Tang, Xiao & Yuan 2018, Online processing algorithms for influence maximization. SIGMOD). Here
they go on doubling until the seeds do almost as well on the judging sets as on those that chose them, since a
certificate asks for less than a careful choice can give.

With L1 = ln(3 i / delta) for i rounds, a coverage of c among N sets and n nodes:

    lower = ((sqrt(c_judge + 2 L1 / 9) - sqrt(L1 / 2))^2 - L1 / 18) n / N
    upper = (sqrt(bound + L1 / 2) + sqrt(L1 / 2))^2 n / N

where ``bound`` is the smallest, along the greedy order, of what is covered and the most that as many further
seeds could add. The upper bound is the best set's whatever the constraints are, so the certificate also holds
under budgets and quotas.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion.seeding.constraints import Constraints
from simulator.diffusion.seeding.coverage import Cover, Greedy
from simulator.diffusion.seeding.incoming import Incoming
from simulator.diffusion.seeding.reverse_sets import ReverseSets, met_by

_FEWEST_SETS = 1024
_MOST_SETS = 2**31 - 1
_CARDINALITY = 1.0 - math.exp(-1.0)


class Certificate(NamedTuple):
    """What is known about the chosen seeds with probability 1 - delta.

    Parameters
    ----------
    lower : float
        Their spread is at least this (nodes, seeds counted).
    upper : float
        No allowed group of seeds has a larger spread (nodes).
    target : float
        Share of the best possible spread that was asked for.
    delta : float
        Probability that one of the two bounds fails.
    n_sets : int
        Reverse reachable sets in each of the two collections.
    n_bytes : int
        Memory of the stored collection and its index.
    """

    lower: float
    upper: float
    target: float
    delta: float
    n_sets: int
    n_bytes: int

    @property
    def ratio(self) -> float:
        """Share of the best possible spread that the seeds reach at least."""
        return self.lower / self.upper if self.upper > 0 else 1.0

    @property
    def is_met(self) -> bool:
        """Whether the certified share reaches what was asked."""
        return self.ratio >= self.target


class Precision(NamedTuple):
    """How sure and how near a choice by reverse reachable sets must be, and what it may take.

    Parameters
    ----------
    epsilon : float
        What may be missing from the share of the best spread that greedy guarantees.
    delta : float
        Probability that the guarantee fails.
    memory : float
        Bytes that the stored sets may take.
    threads : int
        Threads that draw sets.
    """

    epsilon: float
    delta: float
    memory: float
    threads: int


def guaranteed_share(constraints: Constraints) -> float:
    """Return the share of the best coverage that greedy guarantees under constraints.

    1 - 1/e for a number of seeds (Nemhauser, Wolsey & Fisher 1978); 1/2 with quotas, a matroid (Fisher,
    Nemhauser & Wolsey 1978); (1 - 1/e)/2 with a budget (Leskovec et al. 2007). With both a budget and quotas
    there is none, and what is reached is certified alone.
    """
    if constraints.has_costs and constraints.has_quotas:
        return 0.0
    if constraints.has_costs:
        return _CARDINALITY / 2.0
    return 0.5 if constraints.has_quotas else _CARDINALITY


def most_sets(n: int, n_eligible: int, most: int, share: float, epsilon: float, delta: float) -> float:
    """Return a number of sets that suffices for share - epsilon without looking at any (Tang et al. 2018, eq. 16).

    Parameters
    ----------
    n, n_eligible, most : int
        Nodes, nodes that may be chosen, and most seeds.
    share : float
        What greedy guarantees.
    epsilon, delta : float
        Precision and risk.
    """
    risk = math.log(6.0 / delta)
    choices = _log_choices(n_eligible, most)
    root = share * math.sqrt(risk) + math.sqrt(share * (choices + risk))
    return 2.0 * n * root * root / (epsilon * epsilon * most)


def _log_choices(n: int, most: int) -> float:
    """Return the logarithm of a bound on the number of groups of at most so many out of n."""
    k = min(most, n // 2)
    choose = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return min(n * math.log(2.0), choose + math.log(k + 1.0))


def bounds(met: int, bound: float, n_sets: int, n: int, risk: float) -> tuple[float, float]:
    """Return the lower bound of the seeds' spread and the upper bound of the best spread.

    Parameters
    ----------
    met : int
        Judging sets that the seeds meet.
    bound : float
        Most choosing sets that any allowed group meets.
    n_sets, n : int
        Sets in each collection, and nodes.
    risk : float
        Logarithm of one over the risk of each bound.
    """
    root = max(0.0, math.sqrt(met + 2.0 * risk / 9.0) - math.sqrt(risk / 2.0))
    lower = max(0.0, (root * root - risk / 18.0) * n / n_sets)
    upper = (math.sqrt(bound + risk / 2.0) + math.sqrt(risk / 2.0)) ** 2 * n / n_sets
    return lower, min(float(n), upper)


def _overfit(chosen: float, judged: int, n_sets: int) -> float:
    """Return by how much the choosing sets flatter the seeds, with one standard error."""
    if judged == 0:
        return math.inf
    return chosen / judged - 1.0 + math.sqrt((1.0 - judged / n_sets) / judged)


class Choice(NamedTuple):
    """Seeds with what is known about them.

    Parameters
    ----------
    cover : Cover
        The seeds in order, and how many choosing sets each met first.
    met : int
        How many judging sets they meet.
    certificate : Certificate
        What is known; ``is_met`` is false where the memory did not suffice.
    """

    cover: Cover
    met: int
    certificate: Certificate


def choose_by_reverse_sets(
    arcs: Incoming, constraints: Constraints, precision: Precision, *, seed: int, world: int = 0
) -> Choice:
    """Return seeds whose spread is certified.

    Parameters
    ----------
    arcs : Incoming
        The graph with its chances.
    constraints : Constraints
        What the seeds must respect.
    precision : Precision
        Precision, risk, memory, threads.
    seed, world : int
        Key of the draws.

    Returns
    -------
    Choice
    """
    n, most = arcs.n_nodes, constraints.most_seeds
    share = guaranteed_share(constraints)
    target = max(0.0, share - precision.epsilon)
    n_eligible = int(constraints.limits.is_eligible.sum())
    enough = most_sets(n, n_eligible, most, max(share, 0.5), precision.epsilon, precision.delta)
    enough = min(float(_MOST_SETS), max(enough, float(_FEWEST_SETS)))
    first = max(_FEWEST_SETS, math.ceil(enough * precision.epsilon**2 * most / n))
    rounds = max(1, math.ceil(math.log2(enough / first)))
    risk = math.log(3.0 * rounds / precision.delta)
    collection = ReverseSets(arcs, seed, world, precision.threads)
    n_sets = first
    for attempt in range(1, rounds + 1):
        collection.grow(n_sets)
        cover = Greedy(collection, constraints).choose()
        is_seed = seed_flags(n, cover.seeds)
        met = met_by(arcs, is_seed, n_sets, seed=seed, world=world, threads=precision.threads)
        lower, upper = bounds(met, cover.bound, n_sets, n, risk)
        lower = max(lower, float(len(cover.seeds)))
        n_bytes = int(8 * len(collection.nodes) + 8 * n_sets + 16 * n)
        certificate = Certificate(lower, upper, target, precision.delta, n_sets, n_bytes)
        slack = precision.epsilon / (10.0 if n_bytes < precision.memory / 16.0 else 5.0)
        is_settled = certificate.is_met and _overfit(cover.met, met, n_sets) <= slack
        if is_settled or attempt == rounds or collection.n_bytes_at(2 * n_sets) > precision.memory:
            break
        n_sets = min(2 * n_sets, _MOST_SETS)
    return Choice(cover, met, certificate)


def seed_flags(n: int, seeds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return who is a seed, as an array of shape (n,)."""
    flags = np.zeros(n, np.bool_)
    flags[seeds] = True
    return flags
