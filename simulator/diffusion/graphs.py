"""Bare graphs for the classic models: one form for every graph that a caller may bring.

Everything becomes :class:`Arcs`: compressed sparse rows in which row i holds the arcs on which i acts.
An undirected edge is two arcs, parallel edges stay apart, and so do the stored zeros of a sparse matrix:
each arc has a number, and with it a coin of its own. Arcs given as rows keep the caller's order, so that
arrays of one value per arc (coins, weights, probabilities) need no translation. Of a networkx graph or a
file, the arcs of a row ascend by target, and parallel ones follow the order of the edges; for a simple
graph that is the order of ``networkx.to_scipy_sparse_array``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion.rows import Arcs, Reverse, by_row
from simulator.errors import Fault, NetworkError
from simulator.model.network import Network
from simulator.scenario.wording import counted

__all__ = ["Arcs", "Graph", "Reverse", "arcs"]

Graph = Any
"""A networkx graph, a scipy sparse array, CSR arrays, a Network, Arcs, or the path of an edge list."""
_MOST_NODES = 2**31 - 1
_KINDS = (
    "a networkx graph, a scipy sparse array, CSR arrays (indptr, indices[, weights]), "
    "a Network, or the path of an edge list"
)


def arcs(
    graph: Graph,
    *,
    weights: str | bool | None = None,
    directed: bool | None = None,
    delimiter: str = "auto",
    influence: Literal["naming", "named"] = "naming",
) -> Arcs:
    """Bring a graph of any kind into the one form that the classic models use.

    Parameters
    ----------
    graph : networkx graph, scipy sparse array, tuple of arrays, Network, Arcs, str or Path
        A networkx graph may be directed, undirected or a multigraph. In a sparse array every stored entry
        (i, j), zeros and repeated ones included, is an arc from i to j. CSR arrays are a tuple
        ``(indptr, indices)`` or ``(indptr, indices, weights)``. A path leads to a text file with one edge
        per line, as :func:`simulator.model.network.read_edge_list` reads it (gzip too), except that a line
        written twice is two parallel edges and that self-loops stay.
    weights : str or bool, optional
        Which values of the graph to hold as ``weights``: a networkx edge attribute or a file's column by
        name (edges of a networkx graph without it weigh 1). True and False take or leave those stored in
        sparse arrays, CSR arrays, Networks and Arcs, which are taken by default.
    directed : bool, optional
        For a path: whether a line "i j" is one arc, from i to j; by default it is an undirected edge. Of
        two undirected lines "i j" and "j i", one counts. Elsewhere the graph itself says so, and a
        contradiction is a fault.
    delimiter : {"auto", "comma", "tab", "space", "semicolon"}
        What separates the columns of a file.
    influence : {"naming", "named"}
        For directed arcs i -> j: whether i acts on j ("naming"), or j acts on i ("named"), as where
        people name those whose advice they take. Not for arrays, whose order would change.

    Returns
    -------
    Arcs

    Raises
    ------
    NetworkError
        If the graph cannot be used; all faults at once.

    Examples
    --------
    >>> import networkx
    >>> arcs(networkx.path_graph(3)).targets.tolist()
    [1, 0, 2, 1]
    """
    if influence not in ("naming", "named"):
        raise NetworkError([Fault("influence", repr(influence), '"naming" or "named"')])
    if isinstance(graph, str | PathLike):
        return _from_path(graph, weights, bool(directed), delimiter, influence)
    if hasattr(graph, "number_of_nodes") and hasattr(graph, "is_multigraph"):
        _check_direction(graph.is_directed(), directed)
        return _from_networkx(graph, weights, influence)
    if isinstance(weights, str):
        remedy = "set weights=True for the stored values, or weights=False"
        raise NetworkError([Fault("weights", repr(weights), "a bool, as this graph names no values", remedy)])
    if influence == "named":
        remedy = "transpose the graph"
        raise NetworkError([Fault("influence", '"named"', '"naming", as arrays keep their order', remedy)])
    is_directed = graph.is_directed if isinstance(graph, Network) else True
    if not isinstance(graph, Arcs):
        _check_direction(is_directed, directed)
    return _without(_from_arrays(graph), weights)


def _from_arrays(graph: Graph) -> Arcs:
    if isinstance(graph, Arcs):
        return graph
    if isinstance(graph, Network):
        held = graph.weights.astype(np.float64) if graph.weights.size else None
        return Arcs(graph.indptr, graph.neighbors, held, _labels(graph.node_ids))
    if hasattr(graph, "tocoo") and hasattr(graph, "shape"):
        return _from_sparse(graph)
    if isinstance(graph, tuple | list) and len(graph) in (2, 3):
        indptr, indices, *values = graph
        return _checked(indptr, indices, values[0] if values else None)
    got = (
        f"{type(graph).__name__} of shape {graph.shape}" if hasattr(graph, "shape") else type(graph).__name__
    )
    remedy = "wrap a dense matrix in scipy.sparse.csr_array" if isinstance(graph, np.ndarray) else ""
    raise NetworkError([Fault("graph", got, _KINDS, remedy)])


def _without(graph: Arcs, weights: Any) -> Arcs:
    """Return the graph as it is, or without its values where these are not wanted."""
    if weights is True and graph.weights is None:
        raise NetworkError([Fault("weights", "True", "False, as the graph holds no values on its arcs")])
    if weights is False and graph.weights is not None:
        return replace(graph, weights=None)
    return graph


def _check_direction(is_directed: bool, wanted: bool | None) -> None:
    if wanted is not None and bool(wanted) != is_directed:
        expected = f"{is_directed}, as the graph is {'directed' if is_directed else 'undirected'}"
        remedy = "leave it out, or convert the graph"
        raise NetworkError([Fault("directed", str(wanted), expected, remedy)])


def _from_networkx(graph: Any, weights: str | bool | None, influence: str) -> Arcs:
    names = list(graph.nodes)
    number = {name: k for k, name in enumerate(names)}
    n_edges = graph.number_of_edges()
    attribute = "weight" if weights is True else weights
    ends = (number[node] for edge in graph.edges() for node in edge)
    pairs = np.fromiter(ends, dtype=np.int32, count=2 * n_edges).reshape(-1, 2)
    held = _edge_values(graph, attribute) if isinstance(attribute, str) else None
    source, target = pairs[:, 0], pairs[:, 1]
    if influence == "named":
        source, target = target, source
    return _assembled(len(names), source, target, held, graph.is_directed(), _labels(names))


def _edge_values(graph: Any, name: str) -> NDArray[np.float64]:
    values = np.ones(graph.number_of_edges(), dtype=np.float64)
    faults = []
    n_found = 0
    for edge, (i, j, value) in enumerate(graph.edges(data=name)):
        if value is None:
            continue
        n_found += 1
        try:
            values[edge] = float(value)
        except (TypeError, ValueError):
            faults.append(Fault(f"graph: edge ({i!r}, {j!r}).{name}", repr(value), "a number"))
    if not n_found and len(values):
        faults.append(Fault("weights", repr(name), "an attribute that some edge of the graph has"))
    if faults:
        raise NetworkError(faults[:20])
    return values


def _from_path(path: Any, weights: str | bool | None, directed: bool, delimiter: str, influence: str) -> Arcs:
    from simulator.model.network.edge_list import read_ties

    if isinstance(weights, bool):
        expected = "the name or number of the file's column of weights"
        if weights:
            raise NetworkError([Fault("weights", "True", expected)])
        weights = None
    ties = read_ties(path, weights="none" if weights is None else weights, delimiter=delimiter)
    source, target, held = ties.source, ties.target, ties.weights
    notes: tuple[str, ...] = ()
    if held is not None:
        _check_values(held, lambda tie: ties.place(tie))
    if directed and influence == "named":
        source, target = target, source
    if not directed:
        kept, notes = _written_once(source, target, len(ties.ids))
        source, target = source[kept], target[kept]
        held = None if held is None else held[kept]
    made = _assembled(len(ties.ids), source, target, held, directed, _labels(ties.ids))
    return replace(made, notes=notes)


def _written_once(source: Any, target: Any, n: int) -> tuple[Any, tuple[str, ...]]:
    """Return the lines that count: of a pair, those in the direction that is written more often."""
    pair = np.minimum(source, target).astype(np.int64) * n + np.maximum(source, target)
    _, number = np.unique(pair, return_inverse=True)
    is_down = source > target
    n_up = np.bincount(number[~is_down], minlength=number.max() + 1)
    n_down = np.bincount(number[is_down], minlength=number.max() + 1)
    kept = is_down == (n_down > n_up)[number]
    n_left = int(np.count_nonzero(~kept))
    note = f"edge in both directions ({n_left:,}): counted once"
    return np.flatnonzero(kept), (note,) if n_left else ()


def _from_sparse(matrix: Any) -> Arcs:
    if len(matrix.shape) != 2 or matrix.shape[0] != matrix.shape[1]:
        shape = " x ".join(str(size) for size in matrix.shape)
        raise NetworkError([Fault("graph", f"a sparse array of {shape}", "a square one")])
    if matrix.format == "csr":
        return _checked(matrix.indptr, matrix.indices, matrix.data)
    entries = matrix.tocoo()
    n = matrix.shape[0]
    row, column = np.asarray(entries.row), np.asarray(entries.col)
    faults = _range_faults(row, n, "graph.row") + _range_faults(column, n, "graph.col")
    if faults:
        raise NetworkError(faults)
    values = _as_floats(entries.data, "graph.data")
    return _assembled(n, row.astype(np.int32), column.astype(np.int32), values, True, None)


def _checked(indptr: Any, indices: Any, values: Any) -> Arcs:
    """Return CSR arrays as a graph, in their own order."""
    faults: list[Fault] = []
    rows, targets = (_as_integers(*given, faults) for given in ((indptr, "indptr"), (indices, "indices")))
    if faults:
        raise NetworkError(faults)
    n = len(rows) - 1
    if n < 1 or n > _MOST_NODES:
        faults.append(
            Fault("graph.indptr", counted(len(rows), "value"), "one more than the nodes, at least 2")
        )
    elif rows[0] != 0 or rows[-1] != len(targets) or (np.diff(rows) < 0).any():
        expected = f"values that ascend from 0 to the number of arcs, {len(targets)}"
        remedy = "give (indptr, indices), not (source, target)"
        faults.append(Fault("graph.indptr", f"{rows[0]} .. {rows[-1]}", expected, remedy))
    else:
        faults += _range_faults(targets, n, "graph.indices")
    held = None if values is None else _as_floats(values, "graph.weights")
    if held is not None and len(held) != len(targets):
        faults.append(
            Fault(
                "graph.weights",
                counted(len(held), "value"),
                f"one for each of {counted(len(targets), 'arc')}",
            )
        )
    if faults:
        raise NetworkError(faults)
    return Arcs(rows.astype(np.int64, copy=False), targets.astype(np.int32, copy=False), held)


def _as_integers(values: Any, name: str, faults: list[Fault]) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        got = f"{array.dtype} values of shape {array.shape}"
        faults.append(Fault(f"graph.{name}", got, "whole numbers in one dimension"))
        return np.zeros(0, dtype=np.int64)
    return array if array.size else array.astype(np.int64)


def _as_floats(values: Any, place: str) -> NDArray[np.float64]:
    try:
        array = np.asarray(values).astype(np.float64)
    except (TypeError, ValueError):
        raise NetworkError([Fault(place, str(np.asarray(values).dtype), "numbers")]) from None
    if array.ndim != 1:
        raise NetworkError([Fault(place, f"values of shape {array.shape}", "one value for each arc")])
    _check_values(array, lambda arc: (f"{place}[{arc}]", str(array[arc])))
    return array


def _check_values(values: NDArray[np.float64], place: Callable[[int], tuple[str, str]]) -> None:
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        where, written = place(int(wrong[0]))
        more = f", the first of {len(wrong):,}" if len(wrong) > 1 else ""
        raise NetworkError([Fault(where, f"{written}{more}", "a finite number as weight")])


def _range_faults(values: NDArray[Any], n: int, place: str) -> list[Fault]:
    wrong = np.flatnonzero((values < 0) | (values >= n))
    if not len(wrong):
        return []
    more = f", the first of {len(wrong):,}" if len(wrong) > 1 else ""
    return [Fault(f"{place}[{wrong[0]}]", f"{values[wrong[0]]}{more}", f"a node, 0..{n - 1}")]


def _assembled(n: int, source: Any, target: Any, values: Any, directed: bool, labels: Any) -> Arcs:
    """Return edges as rows, ascending by target; parallel arcs in the order of the edges."""
    if n < 1 or n > _MOST_NODES:
        raise NetworkError([Fault("graph", counted(n, "node"), f"1..{_MOST_NODES} nodes")])
    edge = np.arange(len(source), dtype=np.int64)
    if not directed:
        back = np.flatnonzero(source != target)
        source, target = np.concatenate([source, target[back]]), np.concatenate([target, source[back]])
        edge = np.concatenate([edge, back])
    by_edge = np.argsort(edge, kind="stable")
    source, target, edge = source[by_edge], target[by_edge], edge[by_edge]
    order = by_row(target, source, n)
    indptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(source, minlength=n), out=indptr[1:])
    held = None if values is None else values[edge[order]]
    return Arcs(indptr, target[order].astype(np.int32, copy=False), held, labels)


def _labels(names: Any) -> NDArray[Any] | None:
    """Return names as an array, or None where they are the numbers from 0."""
    if names is None:
        return None
    if isinstance(names, Sequence):
        kinds = {type(name) for name in names}
        if len(kinds) == 1 and kinds <= {int, str}:
            try:
                names = np.array(names)
            except OverflowError:
                names = _objects(names)
        else:
            names = _objects(names)
    if names.dtype.kind in "iu" and np.array_equal(names, np.arange(len(names))):
        return None
    return np.asarray(names)


def _objects(names: Sequence[Any]) -> NDArray[Any]:
    array = np.empty(len(names), dtype=object)
    array[:] = names
    return array
