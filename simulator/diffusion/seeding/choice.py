"""``select``: the door to all seeding methods."""

from __future__ import annotations

import math
import time
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion.arguments import Asked
from simulator.diffusion.graphs import Graph, arcs
from simulator.diffusion.processes import process
from simulator.diffusion.replication import default_threads, replicate
from simulator.diffusion.rows import Arcs
from simulator.diffusion.seeding import doors
from simulator.diffusion.seeding.live_samples import fewest_bytes
from simulator.diffusion.seeding.methods import METHODS, Method
from simulator.diffusion.seeding.question import Answer, Effort, Question
from simulator.diffusion.seeding.seed_set import SeedSet
from simulator.errors import Fault


def select(
    graph: Graph,
    k: int | None = None,
    *,
    method: str = "ris",
    model: str = "ic",
    p: Any = None,
    weights: str | bool | None = None,
    seed: int = 0,
    costs: Any = None,
    budget: float | None = None,
    cells: Any = None,
    quotas: Any = None,
    eligible: Any = None,
    thresholds: Any = None,
    n_replicates: int = 1000,
    n_samples: int = 1000,
    n_pivots: int = 256,
    n_clusters: int | None = None,
    epsilon: float = 0.1,
    delta: float | None = None,
    memory: float = 2.0**30,
    threads: int | None = None,
    directed: bool | None = None,
    influence: Literal["naming", "named"] = "naming",
) -> SeedSet:
    """Choose whom to seed in a social graph, so that many follow.

    Parameters
    ----------
    graph : networkx graph, scipy sparse array, tuple of arrays, Network, Arcs, str or Path
        Who can activate whom; see :func:`simulator.diffusion.arcs`.
    k : int, optional
        Number of seeds; without it, as many as the budget buys.
    method : str
        ``random``, ``degree``, ``low_degree``, ``degree_discount``, ``betweenness``, ``k_core``,
        ``pagerank``, ``early_adopters``, ``cell_clusters``, ``celf`` or ``ris`` (:data:`METHODS` says what
        each does). Equal scores go to the lowest number, a node's place in the graph.
    model : {"ic", "wc", "lt"}
        How influence spreads, as in :func:`simulator.diffusion.spread`: independent cascade with probability
        p on each arc, weighted cascade with 1 / indegree, or linear threshold. It serves
        ``degree_discount``, ``celf``, ``ris`` and the estimated spread.
    p : float or array_like, optional
        For ``ic``: probability of all arcs, or of each in the order of the graph's rows.
    weights : str, bool or array_like, optional
        Weights of the arcs, as in :func:`simulator.diffusion.spread`; those that a graph holds are not used
        unless asked for.
    seed : int
        Seed of all draws, 0 to 2^32 - 1.
    costs : float, array_like or mapping, optional
        What it costs to seed each node: one for all, by number, or by name; with ``budget``.
    budget : float, optional
        What the seeds may cost together. Rankings skip whom they cannot afford; ``celf`` and ``ris`` take the
        best of greedy by gain, greedy by gain per cost, and the best single node.
    cells : sequence or mapping, optional
        Cell of each node, by number or by name; for ``quotas`` and ``cell_clusters``.
    quotas : int or mapping, optional
        Most seeds of each cell: one number for all, or by cell; a cell left out has no limit.
    eligible : iterable or array of bool, optional
        Who may be chosen: names, or a flag for each node; by default everybody.
    thresholds : array_like or mapping, optional
        Trait of each node for ``early_adopters``: those with the lowest values come first.
    n_replicates : int
        Replicates that estimate the spread of the chosen seeds; 0 for none.
    n_samples : int
        Live-arc samples on which ``celf`` counts gains.
    n_pivots : int
        Nodes from which ``betweenness`` follows shortest paths; exact from the number of nodes on.
    n_clusters : int, optional
        Among how many cells ``cell_clusters`` spreads the seeds; by default the root of their number.
    epsilon, delta : float
        ``ris`` reaches 1 - 1/e - epsilon of the best spread with probability 1 - delta (by default 1 / nodes);
        with quotas 1/2 - epsilon, with a budget (1 - 1/e)/2 - epsilon. Most often it certifies far more.
    memory : float
        Bytes that stored sets or samples may take: ``ris`` stops early and says so, ``celf`` refuses.
    threads : int, optional
        Threads; by default all processors. The result is the same on any number.
    directed, influence : optional
        How to read a path; see :func:`simulator.diffusion.arcs`.

    Returns
    -------
    SeedSet

    Raises
    ------
    ScenarioError
        If an argument is wrong; all at once.
    NetworkError
        If the graph cannot be used.

    Examples
    --------
    >>> import networkx
    >>> select(networkx.star_graph(5), 1, method="degree", model="wc", n_replicates=100).seeds
    [0]
    """
    faults = doors.one_of(method, METHODS, "method") + doors.whole_number(n_replicates, "n_replicates", 0)
    chosen = METHODS.get(method) if isinstance(method, str) else None
    given = {"model": model, "p": p, "weights": weights, "n_replicates": n_replicates or 1, "seed": seed,
             "threads": threads, "directed": directed, "influence": influence}  # fmt: skip
    made, asked = _read(graph, given, _asks(chosen, n_replicates, p), faults)
    numbered = None if cells is None else doors.cell_numbers(made, cells, faults)
    effort = _effort(made, n_samples, n_pivots, epsilon, delta, memory, threads, faults)
    trait = None if thresholds is None else doors.by_node(made, thresholds, "thresholds", faults)
    if chosen is not None:
        faults += _missing(chosen, cells=cells, thresholds=thresholds)
        if method == "celf" and effort is not None:
            faults += _memory_fault(made, effort)
    if n_clusters is not None:
        faults += doors.whole_number(n_clusters, "n_clusters", 1)
    constraints = doors.constraints_of(
        made, k, eligible=eligible, costs=costs, budget=budget, cells=numbered, quotas=quotas, faults=faults
    )
    doors.raise_if_any(faults)
    assert chosen is not None and constraints is not None and effort is not None
    question = Question(
        made,
        constraints,
        None if asked is None else doors.influence_of(asked),
        int(seed),
        0,
        effort,
        None if numbered is None else numbered[0],
        0 if numbered is None else len(numbered[1]),
        n_clusters or math.ceil(math.sqrt(constraints.most_seeds)),
        trait,
    )
    started = time.perf_counter()
    answer = chosen.choose(question)
    seconds = time.perf_counter() - started
    return _selection(question, answer, asked if n_replicates else None, (method, model, k), seconds)


def _asks(method: Method | None, n_replicates: Any, p: Any) -> bool:
    """Return whether the method or the estimate asks how influence spreads."""
    return (method is not None and "influence" in method.needs) or n_replicates != 0 or p is not None


def _read(
    graph: Graph, given: dict[str, Any], is_asked: bool, faults: list[Fault]
) -> tuple[Arcs, Asked | None]:
    """Return the graph, and how influence spreads where that is asked."""
    asked = doors.ask_about_spread(graph, given, faults) if is_asked else None
    if asked is not None:
        return asked.graph, asked
    if not is_asked:
        faults.extend(doors.one_of(given["model"], doors.MODELS, "model"))
        faults.extend(doors.whole_number(given["seed"], "seed", 0, 2**32 - 1))
    named = given["weights"] if isinstance(given["weights"], str | bool) else None
    return arcs(graph, weights=named, directed=given["directed"], influence=given["influence"]), None


def _effort(
    graph: Arcs,
    n_samples: Any,
    n_pivots: Any,
    epsilon: Any,
    delta: Any,
    memory: Any,
    threads: Any,
    faults: list[Fault],
) -> Effort | None:
    found = doors.whole_number(n_samples, "n_samples", 1) + doors.whole_number(n_pivots, "n_pivots", 1)
    found += doors.fraction_between(epsilon, "epsilon", 0.0, 1.0)
    if delta is None:
        delta = min(0.5, 1.0 / graph.n_nodes)
    found += doors.fraction_between(delta, "delta", 0.0, 1.0)
    found += doors.fraction_between(memory, "memory", 0.0, math.inf)
    if threads is None:
        threads = default_threads()
    found += doors.whole_number(threads, "threads", 1, 4096)
    faults.extend(found)
    if found:
        return None
    return Effort(int(n_samples), int(n_pivots), float(epsilon), float(delta), float(memory), int(threads))


def _missing(method: Method, *, cells: Any, thresholds: Any) -> list[Fault]:
    faults = []
    if "cell" in method.needs and cells is None:
        faults.append(Fault("cells", "None", f"the cell of each node, for {method.name}", "give cells"))
    if "trait" in method.needs and thresholds is None:
        expected = f"a threshold (or other trait) for each node, for {method.name}"
        faults.append(Fault("thresholds", "None", expected, "give thresholds"))
    return faults


def _memory_fault(graph: Arcs, effort: Effort) -> list[Fault]:
    needed = fewest_bytes(graph.n_nodes, effort.n_samples)
    if needed <= effort.memory:
        return []
    got = f"{effort.memory:,.0f} bytes for {effort.n_samples:,} samples of {graph.n_nodes:,} nodes"
    remedy = 'raise memory, lower n_samples, or take method = "ris"'
    return [Fault("memory", got, f"at least {needed:,.0f} bytes", remedy)]


def _selection(
    question: Question, answer: Answer, asked: Asked | None, said: tuple[str, str, Any], seconds: float
) -> SeedSet:
    method, model, k = said
    spread, error = (None, None) if asked is None else estimate(asked, answer.seeds)
    notes = list(question.graph.notes)
    if k is not None and len(answer.seeds) < k:
        notes.append(f"the constraints leave {len(answer.seeds)} of {k} seeds")
    if answer.certificate is not None and not answer.certificate.is_met:
        notes.append("the memory allowed did not suffice for the share that was asked; raise memory")
    return SeedSet(
        method,
        model,
        answer.seeds,
        question.graph.names_of(answer.seeds),
        spread,
        error,
        answer.gains,
        answer.scores,
        answer.certificate,
        question.constraints.limits.cost[answer.seeds],
        question.graph.n_nodes,
        0 if asked is None else asked.n_replicates,
        question.seed,
        seconds,
        tuple(notes),
    )


def estimate(asked: Asked, seeds: NDArray[np.int64]) -> tuple[float, float]:
    """Return the mean spread of seeds and its standard error, as :func:`simulator.diffusion.spread` would."""
    sizes = replicate(asked, process(asked), [np.sort(seeds).astype(np.uint32)], with_curve=False).sizes[0]
    error = float(sizes.std(ddof=1)) / math.sqrt(len(sizes)) if len(sizes) > 1 else math.nan
    return float(sizes.mean()), error
