"""The seeding methods by name: what each does, whom it comes from, and what it needs to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion.seeding.centrality import betweenness, core_numbers, pagerank
from simulator.diffusion.seeding.clusters import cell_clusters
from simulator.diffusion.seeding.discount import degree_discount
from simulator.diffusion.seeding.lazy_greedy import LiveSamples, choose_by_lazy_greedy
from simulator.diffusion.seeding.priorities import random_order, random_pivots
from simulator.diffusion.seeding.question import Answer, Question
from simulator.diffusion.seeding.reverse_greedy import Precision, choose_by_reverse_sets


class Method(NamedTuple):
    """One way to choose seeds.

    Parameters
    ----------
    name : str
        Its name.
    meaning : str
        Whom it chooses, in one clause.
    source : str
        Author, year, title; empty for common sense.
    choose : callable
        Answers a question.
    needs : tuple of str
        What it must be told beyond the graph: ``influence``, ``cell``, ``trait``.
    """

    name: str
    meaning: str
    source: str
    choose: Callable[[Question], Answer]
    needs: tuple[str, ...] = ()


def _ranked(question: Question, score: NDArray[np.float64]) -> Answer:
    """Choose by descending score, ties to the lowest number."""
    order = np.argsort(-score, kind="stable")
    seeds = question.constraints.first_feasible(order)
    return Answer(seeds, scores=score[seeds])


def _random(question: Question) -> Answer:
    order = random_order(question.graph.n_nodes, question.seed, question.world)
    return Answer(question.constraints.first_feasible(order))


def _degree(question: Question) -> Answer:
    return _ranked(question, question.graph.outdegree.astype(np.float64))


def _low_degree(question: Question) -> Answer:
    answer = _ranked(question, -question.graph.outdegree.astype(np.float64))
    return answer._replace(scores=question.graph.outdegree[answer.seeds].astype(np.float64))


def _degree_discount(question: Question) -> Answer:
    assert question.influence is not None  # checked at the door
    chance = question.influence.chance
    p = float(chance.mean()) if len(chance) else 0.0
    return Answer(degree_discount(question.graph, p, question.constraints))


def _betweenness(question: Question) -> Answer:
    n = question.graph.n_nodes
    pivots = random_pivots(n, min(n, question.effort.n_pivots), question.seed, question.world)
    return _ranked(question, betweenness(question.graph, pivots, question.effort.threads))


def _k_core(question: Question) -> Answer:
    core = core_numbers(question.graph)
    order = np.lexsort((np.arange(len(core)), -question.graph.outdegree, -core))
    seeds = question.constraints.first_feasible(order)
    return Answer(seeds, scores=core[seeds].astype(np.float64))


def _pagerank(question: Question) -> Answer:
    return _ranked(question, pagerank(question.graph))


def _early_adopters(question: Question) -> Answer:
    assert question.trait is not None  # checked at the door
    answer = _ranked(question, -question.trait)
    return answer._replace(scores=question.trait[answer.seeds])


def _cell_clusters(question: Question) -> Answer:
    assert question.cell is not None  # checked at the door
    return Answer(
        cell_clusters(
            question.graph, question.cell, question.n_cells, question.n_clusters, question.constraints
        )
    )


def _celf(question: Question) -> Answer:
    effort = question.effort
    samples = LiveSamples(
        question.incoming, effort.n_samples, seed=question.seed, world=question.world, threads=effort.threads
    )
    cover = choose_by_lazy_greedy(samples, question.constraints)
    return Answer(cover.seeds, gains=cover.gains)


def _ris(question: Question) -> Answer:
    effort = question.effort
    precision = Precision(effort.epsilon, effort.delta, effort.memory, effort.threads)
    choice = choose_by_reverse_sets(
        question.incoming, question.constraints, precision, seed=question.seed, world=question.world
    )
    scale = question.graph.n_nodes / choice.certificate.n_sets
    return Answer(choice.cover.seeds, gains=choice.cover.gains * scale, certificate=choice.certificate)


_INFLUENCE = ("influence",)
_TABLE = (
    Method("random", "anyone, by an addressed draw", "", _random),
    Method("degree", "those with the most outgoing arcs", "", _degree),
    Method("low_degree", "those with the fewest outgoing arcs", "", _low_degree),
    Method(
        "degree_discount",
        "by degree, each discounted for seeds that lead to it",
        "Chen, Wang & Yang (2009), Efficient influence maximization in social networks",
        _degree_discount,
        _INFLUENCE,
    ),
    Method(
        "betweenness",
        "those on the most shortest paths from sampled pivots",
        "Freeman (1977), A set of measures of centrality; Brandes & Pich (2007), Centrality estimation",
        _betweenness,
    ),
    Method(
        "k_core",
        "the innermost core, in it by degree",
        "Kitsak et al. (2010), Identification of influential spreaders in complex networks",
        _k_core,
    ),
    Method(
        "pagerank",
        "PageRank on the graph turned round",
        "Page, Brin, Motwani & Winograd (1999), The PageRank citation ranking",
        _pagerank,
    ),
    Method(
        "early_adopters",
        "those with the lowest threshold, or other trait given",
        "Rogers (2003), Diffusion of innovations",
        _early_adopters,
        ("trait",),
    ),
    Method(
        "cell_clusters",
        "side by side in the most cohesive cells",
        "Delre, Jager, Bijmolt & Janssen (2007), Targeting and timing promotional activities",
        _cell_clusters,
        ("cell",),
    ),
    Method(
        "celf",
        "greedy by marginal gain on fixed live-arc samples, lazily",
        "Kempe, Kleinberg & Tardos (2003), Maximizing the spread of influence; Leskovec et al. (2007), "
        "Cost-effective outbreak detection in networks",
        _celf,
        _INFLUENCE,
    ),
    Method(
        "ris",
        "greedy on reverse reachable sets, with a certificate (OPIM-C)",
        "Tang, Tang, Xiao & Yuan (2018), Online processing algorithms for influence maximization",
        _ris,
        _INFLUENCE,
    ),
)

#: All methods by name.
METHODS: dict[str, Method] = {method.name: method for method in _TABLE}
