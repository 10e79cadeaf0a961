"""The social graph: who can influence whom.

:func:`build_network` draws or loads the graph that a scenario's ``[network]`` table describes. Graphs are
drawn from addresses (:mod:`simulator.model.network.addresses`), so that one depends on seed and world alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, NetworkError
from simulator.model.network import generators
from simulator.model.network.clustered import clustered
from simulator.model.network.csr import Network, from_ties
from simulator.model.network.edge_list import read_edge_list
from simulator.model.network.library import from_graph

__all__ = ["Network", "build_network", "from_graph", "from_ties", "load_network", "read_edge_list"]

KINDS = (
    "clustered", "watts_strogatz", "barabasi_albert", "erdos_renyi", "configuration", "stochastic_block",
    "lattice", "star", "complete", "edge_list", "empty",
)  # fmt: skip
"""Kinds of social graph."""


def load_network(spec: Any, folder: str | Path = ".") -> Network | None:
    """Read the graph of a ``[network]`` table whose kind is ``edge_list``.

    Reading does not depend on seed or world: do it once and hand the result to :func:`build_network`.

    Parameters
    ----------
    spec : object
        The table, with its keys as attributes.
    folder : str or Path
        Folder to which relative paths belong.

    Returns
    -------
    Network or None
        None for every other kind.

    Raises
    ------
    NetworkError
        If the files cannot be read or used.
    """
    if spec.kind != "edge_list":
        return None
    nodes = getattr(spec, "nodes", None)
    return read_edge_list(
        Path(folder) / spec.path,
        directed=getattr(spec, "directed", False),
        weights=getattr(spec, "weights", "none"),
        delimiter=getattr(spec, "delimiter", "auto"),
        influence=getattr(spec, "influence", "named"),
        nodes=Path(folder) / nodes if nodes else None,
        repair=getattr(spec, "repair", "error"),
    )


def build_network(
    spec: Any,
    *,
    n_consumers: int,
    cell: NDArray[Any],
    region: NDArray[Any],
    taste: NDArray[np.float32],
    seed: int,
    world: int,
    graph: Network | None = None,
) -> Network:
    """Build the social graph of one world.

    Parameters
    ----------
    spec : object
        The ``[network]`` table, with its keys as attributes.
    n_consumers : int
        Number of consumers; not looked at for a given graph or an edge list, which have their own.
    cell, region : ndarray of int, shape (n_consumers,)
        Cell and region of each consumer; used by the kinds clustered and stochastic_block.
    taste : ndarray of float32, shape (n_consumers, 2)
        Taste of each consumer; used by the kind clustered.
    seed, world : int
        Key of all draws, 0 to 2^32 - 1 each.
    graph : Network, optional
        A graph that was read or given: only the strength of its ties is drawn.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If the parameters or the files cannot be used.
    """
    key0, key1 = np.uint32(seed), np.uint32(world)
    if graph is None and spec.kind == "edge_list":
        graph = load_network(spec)
    if graph is not None:
        return graph.with_strength(spec.share_strong, key0, key1)
    if spec.kind == "clustered":
        return clustered(
            cell, region, taste, mean_degree=spec.mean_degree, share_strong=spec.share_strong,
            homophily=spec.homophily, rewiring=spec.rewiring, degree_tail=spec.degree_tail,
            max_weak_degree=spec.max_weak_degree, key0=key0, key1=key1,
        )  # fmt: skip
    ties = _classic(spec, n_consumers, cell, region, key0, key1)
    return ties.with_strength(spec.share_strong, key0, key1)


def _classic(
    spec: Any, n: int, cell: NDArray[Any], region: NDArray[Any], key0: np.uint32, key1: np.uint32
) -> Network:
    match spec.kind:
        case "watts_strogatz":
            return generators.watts_strogatz(n, spec.degree, spec.rewiring, key0, key1)
        case "barabasi_albert":
            return generators.barabasi_albert(n, spec.attachments, key0, key1)
        case "erdos_renyi":
            return generators.erdos_renyi(n, spec.mean_degree, key0, key1)
        case "configuration":
            return generators.configuration(n, spec.exponent, spec.min_degree, spec.max_degree, key0, key1)
        case "stochastic_block":
            blocks = region if spec.blocks == "regions" else cell
            return generators.stochastic_block(blocks, spec.mean_degree, spec.within_share, key0, key1)
        case "lattice":
            return generators.lattice(n, spec.neighborhood, spec.periodic)
        case "star":
            return generators.star(n)
        case "complete":
            return generators.complete(n)
        case "empty":
            return generators.empty(n)
    raise NetworkError([Fault("network.kind", repr(spec.kind), f"one of {', '.join(KINDS)}")])
