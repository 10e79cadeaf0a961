"""``select``: the door to all seeding methods."""

from __future__ import annotations

import math
import os
import time
from typing import Any

import numpy as np

from simulator.diffusion.graphs import Graph, arcs
from simulator.diffusion.rows import Arcs
from simulator.diffusion.seeding import doors
from simulator.diffusion.seeding.live_samples import fewest_bytes
from simulator.diffusion.seeding.methods import METHODS, Method
from simulator.diffusion.seeding.question import Answer, Effort, Influence, Question
from simulator.diffusion.seeding.selection import Selection
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
) -> Selection:
    """Choose whom to seed in a social graph, so that many follow.

    Parameters
    ----------
    graph : networkx graph, scipy sparse array, tuple of arrays, Network, Arcs, str or Path
        Who can activate whom; see :func:`simulator.diffusion.arcs`, which also reads directed files.
    k : int, optional
        Number of seeds; without it, as many as the budget buys.
    method : str
        ``random``, ``degree``, ``low_degree``, ``degree_discount``, ``betweenness``, ``k_core``,
        ``pagerank``, ``early_adopters``, ``cell_clusters``, ``celf`` or ``ris`` (:data:`METHODS` says what
        each does). Equal scores go to the lowest number, a node's place in the graph.
    model : {"ic", "wc", "lt"}
        How influence spreads: independent cascade with probability p on each arc, the weighted cascade with
        1 / indegree, or the linear threshold with weights of 1 / indegree. It serves ``degree_discount``,
        ``celf``, ``ris`` and the estimated spread.
    p : float or array_like, optional
        Probability of each arc, for ``ic``: one for all, or one for each in the order of the graph's rows.
    weights : str or bool, optional
        Which values of the graph are weights, as in :func:`simulator.diffusion.arcs`. A weight w turns p into
        1 - (1 - p)^w; in ``wc`` and ``lt`` an arc has its share of the weights into its target.
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

    Returns
    -------
    Selection

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
    made = arcs(graph, weights=weights)
    faults = doors.one_of(method, METHODS, "method") + doors.key_faults(seed)
    faults += doors.whole_number(n_replicates, "n_replicates", 0)
    chosen = METHODS.get(method) if isinstance(method, str) else None
    influence = _influence(made, chosen, model, p, n_replicates, faults)
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
        influence,
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
    return _selection(question, answer, method, model, k, n_replicates, seconds)


def _influence(
    graph: Arcs, method: Method | None, model: Any, p: Any, n_replicates: Any, faults: list[Fault]
) -> Influence | None:
    """Return how influence spreads where the method or the estimate asks for it."""
    is_asked = (method is not None and "influence" in method.needs) or n_replicates != 0
    if not is_asked and p is None:
        faults.extend(doors.one_of(model, doors.MODELS, "model"))
        return None
    return doors.influence_of(graph, model, p, faults)


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


def default_threads() -> int:
    """Return the number of processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


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
    question: Question, answer: Answer, method: str, model: str, k: Any, n_replicates: int, seconds: float
) -> Selection:
    spread, error = estimate(question, answer.seeds, n_replicates)
    notes = []
    if k is not None and len(answer.seeds) < k:
        notes.append(f"the constraints leave {len(answer.seeds)} of {k} seeds")
    if answer.certificate is not None and not answer.certificate.is_met:
        notes.append("the memory allowed did not suffice for the share that was asked; raise memory")
    return Selection(
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
        n_replicates,
        question.seed,
        seconds,
        tuple(notes),
    )


def estimate(question: Question, seeds: Any, n_replicates: int) -> tuple[float | None, float | None]:
    """Return the mean spread of seeds over fresh replicates and its standard error."""
    if n_replicates == 0 or question.influence is None:
        return None, None
    from simulator.diffusion.seeding.reverse_sets import met_by

    n = question.graph.n_nodes
    flags = np.zeros(n, np.bool_)
    flags[seeds] = True
    share = met_by(question.incoming, flags, n_replicates, seed=question.seed, threads=question.effort.threads)
    share /= n_replicates
    return share * n, n * math.sqrt(share * (1 - share) / n_replicates)
