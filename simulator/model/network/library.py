"""Social graphs from other libraries: networkx graphs and scipy sparse matrices, in and out.

In Python an arc means influence: in a directed graph, i -> j lets i influence j. Where arcs mean "i names
j" and advice flows back, say ``influence="named"``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, NetworkError
from simulator.model.network.csr import Influence, Network, OnFault, from_ties


def from_graph(
    graph: Any, *, weights: str | None = None, influence: Influence = "naming", on_fault: OnFault = "error"
) -> Network:
    """Build the social graph from a networkx graph or a scipy sparse matrix.

    Parameters
    ----------
    graph : networkx graph or scipy sparse array
        The ties.
    weights : str, optional
        networkx: edge attribute with the weights. Sparse: any name, to take the stored values as weights.
    influence : {"naming", "named"}
        Who influences whom on a directed arc i -> j: i influences j, or j influences i.
    on_fault : {"error", "report"}
        Whether mistakes are errors, or repaired and listed in :attr:`Network.repairs`.

    Returns
    -------
    Network
        All ties weak; see :meth:`Network.with_strength`.

    Raises
    ------
    NetworkError
        If the graph cannot be used or its type is not known.
    """
    if isinstance(graph, Network):
        return graph
    if hasattr(graph, "number_of_nodes") and hasattr(graph, "edges"):
        return from_networkx(graph, weights=weights, influence=influence, on_fault=on_fault)
    if hasattr(graph, "tocoo"):
        return from_sparse(graph, weighted=weights is not None, influence=influence, on_fault=on_fault)
    expected = "a networkx graph, a scipy sparse array or a Network"
    raise NetworkError([Fault("network", type(graph).__name__, expected)])


def from_networkx(
    graph: Any, *, weights: str | None = None, influence: Influence = "naming", on_fault: OnFault = "error"
) -> Network:
    """Build the social graph from a networkx graph, in the order of its nodes.

    Parameters
    ----------
    graph : networkx.Graph, DiGraph, MultiGraph or MultiDiGraph
        Parallel edges of a multigraph stay apart; each is a tie of its own.
    weights : str, optional
        Edge attribute with the weights; edges without it weigh 1.
    influence : {"naming", "named"}
        Who influences whom on a directed arc i -> j: i influences j, or j influences i.
    on_fault : {"error", "report"}
        Whether mistakes are errors, or repaired and listed in :attr:`Network.repairs`.

    Returns
    -------
    Network
        With node names and node attributes.

    Raises
    ------
    NetworkError
        If the graph cannot be used.
    """
    names = list(graph.nodes)
    number = {name: i for i, name in enumerate(names)}
    n_ties = graph.number_of_edges()
    ends = ((number[i], number[j]) for i, j in graph.edges())
    pairs = np.fromiter((end for pair in ends for end in pair), dtype=np.int64, count=2 * n_ties).reshape(
        -1, 2
    )
    values = None if weights is None else _edge_weights(graph, weights)

    def place(tie: int) -> tuple[str, str]:
        i, j = pairs[tie]
        return "graph", f"edge ({names[i]!r}, {names[j]!r})"

    network = from_ties(
        len(names), pairs[:, 0], pairs[:, 1], weights=values, directed=graph.is_directed(),
        influence=influence, parallel="keep" if graph.is_multigraph() else "merge", on_fault=on_fault,
        place=place,
    )  # fmt: skip
    return replace(network, node_ids=_as_array(names), node_attributes=_node_attributes(graph, names))


def from_sparse(
    matrix: Any, *, weighted: bool = False, influence: Influence = "naming", on_fault: OnFault = "error"
) -> Network:
    """Build the social graph from a scipy sparse matrix: every stored entry (i, j) is an arc.

    Parameters
    ----------
    matrix : scipy sparse array or matrix, shape (n, n)
        If it is symmetric, with its values if these are weights, the graph is undirected.
    weighted : bool
        Whether the stored values are tie weights.
    influence : {"naming", "named"}
        Who influences whom on a directed arc i -> j: i influences j, or j influences i.
    on_fault : {"error", "report"}
        Whether mistakes are errors, or repaired and listed in :attr:`Network.repairs`.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If the matrix is not square or has entries that cannot be used.
    """
    n, n_columns = matrix.shape
    if n != n_columns:
        raise NetworkError([Fault("graph", f"a matrix of {n} x {n_columns}", "a square matrix")])
    entries = matrix.tocoo()
    source, target = entries.row.astype(np.int64), entries.col.astype(np.int64)
    values = np.asarray(entries.data, dtype=np.float64) if weighted else None
    is_symmetric = _is_symmetric(n, source, target, values)
    if is_symmetric:
        upper = source <= target
        source, target = source[upper], target[upper]
        values = None if values is None else values[upper]
    return from_ties(
        n, source, target, weights=values, directed=not is_symmetric, influence=influence, on_fault=on_fault,
        place=lambda tie: ("graph", f"entry ({source[tie]}, {target[tie]})"),
    )  # fmt: skip


def to_networkx(network: Network) -> Any:
    """Return a Network as a networkx graph with ``strong`` and, where there are any, ``weight``.

    Parameters
    ----------
    network : Network
        The graph. Nodes are numbered in its order; names and attributes are node attributes.
    """
    import networkx

    has_parallel = network.occurrence.size > 0
    if network.is_directed:
        graph = networkx.MultiDiGraph() if has_parallel else networkx.DiGraph()
    else:
        graph = networkx.MultiGraph() if has_parallel else networkx.Graph()
    graph.add_nodes_from(range(network.n_consumers))
    if network.node_ids is not None:
        networkx.set_node_attributes(graph, dict(enumerate(network.node_ids.tolist())), "name")
    for name, values in (network.node_attributes or {}).items():
        networkx.set_node_attributes(graph, dict(enumerate(values.tolist())), name)
    source = np.repeat(np.arange(network.n_consumers), network.degree)
    once = np.ones(network.n_arcs, dtype=bool) if network.is_directed else source < network.neighbors
    for arc in np.flatnonzero(once):
        attributes: dict[str, Any] = {"strong": bool(network.is_strong[arc])}
        if network.weights.size:
            attributes["weight"] = float(network.weights[arc])
        graph.add_edge(int(source[arc]), int(network.neighbors[arc]), **attributes)
    return graph


def _edge_weights(graph: Any, name: str) -> NDArray[np.float64]:
    values = np.empty(graph.number_of_edges(), dtype=np.float64)
    faults = []
    for tie, (i, j, value) in enumerate(graph.edges(data=name, default=1.0)):
        try:
            values[tie] = float(value)
        except (TypeError, ValueError):
            faults.append(Fault(f"graph: edge ({i!r}, {j!r}).{name}", repr(value), "a weight above 0"))
    if faults:
        raise NetworkError(faults[:20])
    return values


def _is_symmetric(n: int, source: Any, target: Any, values: Any) -> bool:
    """Return whether the entries are those of a symmetric matrix."""
    there, back = source * n + target, target * n + source
    order, reverse = np.argsort(there, kind="stable"), np.argsort(back, kind="stable")
    if not np.array_equal(there[order], back[reverse]):
        return False
    return values is None or np.array_equal(values[order], values[reverse], equal_nan=True)


def _as_array(values: list[Any]) -> NDArray[Any]:
    """Return values as an array of numbers or text if they are all of one kind, and of objects otherwise."""
    kinds = {type(value) for value in values}
    if len(kinds) == 1 and kinds <= {int, float, bool, str}:
        return np.array(values)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _node_attributes(graph: Any, names: list[Any]) -> dict[str, NDArray[Any]] | None:
    keys = sorted({key for name in names for key in graph.nodes[name] if isinstance(key, str)})
    if not keys:
        return None
    return {key: _as_array([graph.nodes[name].get(key) for name in names]) for key in keys}
