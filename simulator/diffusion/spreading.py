"""The verbs: how far something spreads from given seeds, and which of several seed sets spreads further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion import draws as chance
from simulator.diffusion.arguments import Asked, ask, seeds_of
from simulator.diffusion.graphs import Graph, arcs
from simulator.diffusion.processes import process
from simulator.diffusion.replication import replicate
from simulator.diffusion.results import SeedComparison, Spread
from simulator.errors import Fault, FaultyInputError, ScenarioError

Model = Literal["ic", "wc", "lt", "si", "bass", "threshold"]


def spread(
    graph: Graph,
    seeds: Any = (),
    *,
    model: Model = "ic",
    p: Any = None,
    q: Any = None,
    weights: Any = None,
    thresholds: Any = None,
    arc_coins: Any = None,
    form: Literal["product", "fraction", "count"] | None = None,
    draws: Literal["arc", "resistance", "step"] | None = None,
    n_replicates: int | None = None,
    seed: int = 0,
    first_replicate: int = 0,
    max_steps: int | None = None,
    threads: int | None = None,
    record: Literal["sizes", "curves", "activations"] = "sizes",
    directed: bool | None = None,
    influence: Literal["naming", "named"] = "naming",
) -> Spread:
    """Let something spread over a graph from its seeds, many times, by one of the classic models.

    All models are progressive (who is active stays so) and synchronous (a step sees the step before). An
    undirected edge is two arcs with a coin each; parallel edges are arcs of their own. Seeds are active at
    step 0 and count.

    ====================  ==============================================================================
    model                 a node becomes active
    ====================  ==============================================================================
    ``"ic"``              independent cascade: each newly active node tries once, in the next step, each
                          out-neighbor not yet active, with probability ``p``
    ``"wc"``              weighted cascade: as ``ic`` with p(u, v) = 1 / indegree(v)
    ``"lt"``              linear threshold: when the ``weights`` of its active in-neighbors, by default
                          1 / indegree each, reach its threshold, uniform and anew in every replicate
    ``"si"``              in every step with probability 1 - (1 - q)^k, k active in-neighbors
    ``"bass"``            in every step with probability 1 - (1 - p)(1 - q)^k (``form="product"``) or
                          p + q k / indegree (``form="fraction"``)
    ``"threshold"``       when the share (``form="fraction"``) or number (``form="count"``) of its active
                          in-neighbors reaches its threshold; without anyone where that is 0 or less
    ====================  ==============================================================================

    Parameters
    ----------
    graph : networkx graph, scipy sparse array, (indptr, indices), Network, Arcs or path
        The graph; see :func:`simulator.diffusion.arcs`.
    seeds : iterable of nodes
        Nodes active at the start, by name (or by number where no name is a whole number).
    model : {"ic", "wc", "lt", "si", "bass", "threshold"}
        The model.
    p : float or array_like, optional
        ``ic``: probability of all arcs or of each. ``bass``: chance of innovation in a step.
    q : float or array_like, optional
        ``si``, ``bass``: chance of a step and an active arc, for all arcs or each; with
        ``form="fraction"`` the coefficient of imitation. ``si`` also takes it as ``p``.
    weights : str, bool or array_like, optional
        Weights of the arcs: one for each, or the name of an edge attribute or column, or True for those
        that the graph holds. ``lt``: influences, which sum to at most 1 on a node. ``ic``, ``si``,
        ``bass``: weight w turns a probability p into 1 - (1 - p)^w; ``ic`` without ``p`` takes the weights
        as probabilities. Weights that a graph holds are not used unless asked for.
    thresholds : float, array_like or mapping, optional
        ``lt``, ``threshold``: one for all nodes, one for each, or a row for each replicate.
    arc_coins : array_like or mapping, optional
        ``ic``, ``wc``: uniform numbers in the order of the arcs, one for each arc or a row for each
        replicate. An attempt succeeds where coin < probability. A mapping is by (source, target).
    form : {"product", "fraction", "count"}, optional
        ``bass``: product unless said otherwise; the forms differ. ``threshold``: whole numbers are counts,
        others are fractions, unless said otherwise.
    draws : {"arc", "resistance", "step"}, optional
        ``ic``, ``wc``: a coin by the number of the arc (``"arc"``, the default). ``si``, ``bass``: one
        exponential draw a node (``"resistance"``, the default). With ``"step"``, every event has a draw that
        depends on its step, and, but for ``form="fraction"``, stands where the market model draws it: under
        the same seed and replicate a market set to this corner adopts in the same steps, consumer by
        consumer. The law is the same.
    n_replicates : int, optional
        Replicates; 1,000, or as many as rows of coins or thresholds are given.
    seed : int
        Seed of all chance, 0 to 2^32 - 1. The same arc or node has the same luck under any seeds.
    first_replicate : int
        Number of the first replicate: replicate 7 is the same alone or among a million.
    max_steps : int, optional
        Steps to run at most; by default until nothing more can happen.
    threads : int, optional
        Threads; by default all processors. Results do not depend on it.
    record : {"sizes", "curves", "activations"}
        What to keep of each replicate beside its size: nodes active by step, or when and by whom each node
        was activated.
    directed, influence : optional
        How to read a path; see :func:`simulator.diffusion.arcs`.

    Returns
    -------
    Spread
        With ``.mean``, ``.standard_error``, ``.sd``, ``.interval()``, ``.curve``, ``.sizes``.

    Raises
    ------
    NetworkError, ScenarioError
        If graph or arguments are wrong: all faults at once.

    Examples
    --------
    >>> import networkx
    >>> triangle = networkx.complete_graph(3)
    >>> spread(triangle, [0], model="ic", p=0.5, arc_coins=[0.4, 0.9, 0.9, 0.2, 0.9, 0.9]).mean
    3.0
    """
    given = {
        "model": model, "p": p, "q": q, "weights": weights, "thresholds": thresholds, "arc_coins": arc_coins,
        "form": form, "draws": draws, "n_replicates": n_replicates, "seed": seed,
        "first_replicate": first_replicate, "max_steps": max_steps, "threads": threads, "record": record,
        "directed": directed, "influence": influence,
    }  # fmt: skip
    asked, sets = _ask_all(graph, {"seeds": seeds}, given)
    counts = replicate(asked, process(asked), sets)
    return Spread.of(asked, sets[0], counts)


def compare_seeds(
    graph: Graph, seed_sets: Mapping[str, Any] | Sequence[Any], *, model: Model = "ic", **arguments: Any
) -> SeedComparison:
    """Compare seed sets in the same worlds: every set meets the same coins, thresholds and resistances.

    Parameters
    ----------
    graph : graph
        As for :func:`spread`.
    seed_sets : mapping of str to iterable of nodes, or sequence of iterables
        Seed sets, by name; without names they are numbered from 0.
    model : str
        As for :func:`spread`.
    **arguments
        All other arguments of :func:`spread`, except ``record``.

    Returns
    -------
    SeedComparison
        With the mean size of each set and paired differences.

    Raises
    ------
    NetworkError, ScenarioError
        If graph or arguments are wrong: all faults at once.
    """
    known = dict.fromkeys(
        ("p", "q", "weights", "thresholds", "arc_coins", "form", "draws", "n_replicates", "max_steps", "threads",
         "directed")
    ) | {"seed": 0, "first_replicate": 0, "influence": "naming"}  # fmt: skip
    unknown = [name for name in arguments if name not in known]
    if unknown:
        raise TypeError(f"compare_seeds() got unexpected keyword arguments: {', '.join(unknown)}")
    named = seed_sets if isinstance(seed_sets, Mapping) else {str(k): one for k, one in enumerate(seed_sets)}
    if not named:
        raise ScenarioError([Fault("seed_sets", "none", "at least one seed set")])
    given = {**known, **arguments, "model": model, "record": "sizes"}
    asked, sets = _ask_all(graph, named, given)
    prepared = process(asked)
    if prepared.takes_one_set:
        sizes = [replicate(asked, prepared, [one], with_curve=False).sizes for one in sets]
    else:
        sizes = [replicate(asked, prepared, sets, with_curve=False).sizes]
    return SeedComparison.of(asked, tuple(named), sets, np.concatenate(sizes))


def _ask_all(
    graph: Graph, seed_sets: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[Asked, list[NDArray[np.uint32]]]:
    """Check graph, arguments and seed sets, and report the faults of all of them together."""
    faults: list[Fault] = []
    asked = None
    try:
        asked = ask(graph, given)
        network = asked.graph
    except ScenarioError as error:
        faults += error.faults
        named = given["weights"] if isinstance(given["weights"], str | bool) else None
        network = arcs(graph, weights=named, directed=given["directed"], influence=given["influence"])
    sets = []
    for name, seeds in seed_sets.items():
        try:
            place = "seeds" if name == "seeds" else f"seed_sets[{name!r}]"
            sets.append(seeds_of(network, seeds, place=place))
        except FaultyInputError as error:
            faults += error.faults
    if faults or asked is None:
        raise ScenarioError(faults)
    return asked, sets


def coins(
    graph: Graph, *, seed: int = 0, n_replicates: int = 1, first_replicate: int = 0
) -> NDArray[np.float64]:
    """Return the coins that :func:`spread` tosses, for cascades to be repeated by other code.

    Parameters
    ----------
    graph : graph
        As for :func:`spread`.
    seed, n_replicates, first_replicate : int
        As for :func:`spread`.

    Returns
    -------
    ndarray of float64, shape (n_replicates, n_arcs)
        In the order of the arcs of :func:`simulator.diffusion.arcs`; an arc's attempt succeeds where its
        coin is below its probability.
    """
    replicates = _replicates(seed, n_replicates, first_replicate)
    return chance.coins_of(arcs(graph).n_arcs, seed, replicates)


def thresholds(
    graph: Graph, *, seed: int = 0, n_replicates: int = 1, first_replicate: int = 0
) -> NDArray[np.float64]:
    """Return the thresholds that :func:`spread` draws for ``model="lt"``.

    Parameters
    ----------
    graph : graph
        As for :func:`spread`.
    seed, n_replicates, first_replicate : int
        As for :func:`spread`.

    Returns
    -------
    ndarray of float64, shape (n_replicates, n_nodes)
        In (0, 1].
    """
    replicates = _replicates(seed, n_replicates, first_replicate)
    return chance.thresholds_of(arcs(graph).n_nodes, seed, replicates)


def _replicates(seed: int, n_replicates: int, first: int) -> NDArray[np.uint32]:
    faults = [
        Fault(name, repr(value), f"a whole number, {low}..{high}")
        for name, value, low, high in (
            ("seed", seed, 0, 2**32 - 1), ("n_replicates", n_replicates, 1, 2**32),
            ("first_replicate", first, 0, 2**32 - 1),
        )
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or not low <= value <= high
    ]  # fmt: skip
    if faults:
        raise ScenarioError(faults)
    return np.arange(first, first + n_replicates, dtype=np.int64).astype(np.uint32)
