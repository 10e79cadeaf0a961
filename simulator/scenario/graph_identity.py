"""Size and hash of a social graph that comes from Python, whatever library it is from."""

from __future__ import annotations

import hashlib
from typing import Any

from simulator.errors import Fault, ScenarioError


def graph_size(graph: Any) -> int:
    """Count the consumers of a graph.

    Parameters
    ----------
    graph : Any
        A `networkx` graph, a square `scipy` sparse matrix or array, or an object with ``n_consumers``.

    Returns
    -------
    int
        Number of nodes.

    Raises
    ------
    ScenarioError
        If it is none of these.
    """
    if hasattr(graph, "n_consumers"):
        return int(graph.n_consumers)
    if is_networkx(graph):
        return int(graph.number_of_nodes())
    if hasattr(graph, "tocsr"):
        rows, columns = graph.shape
        if rows == columns:
            return int(rows)
        got = f"a {rows} x {columns} matrix"
        raise ScenarioError(
            [Fault("social graph", got, "a square matrix", "one row and column per consumer")]
        )
    raise ScenarioError(
        [
            Fault(
                "social graph",
                f"a {type(graph).__name__}",
                "a networkx graph or a scipy sparse matrix",
                "convert it, for example with scipy.sparse.csr_array",
            )
        ]
    )


def graph_hash(graph: Any) -> str:
    """Hash a graph: its nodes in order, its ties, their direction and attributes.

    Parameters
    ----------
    graph : Any
        As in `graph_size`; an object with an attribute ``hash`` is taken at its word, and its
        ``node_attributes``, if there are any, are hashed with it.

    Returns
    -------
    str
        Hexadecimal digits.

    Raises
    ------
    ScenarioError
        If it is not a graph.
    """
    graph_size(graph)
    known = getattr(graph, "hash", None)
    attributes = getattr(graph, "node_attributes", None)
    if isinstance(known, str):
        return known if not attributes else hashlib.sha256(_attribute_text(known, attributes)).hexdigest()
    digest = hashlib.sha256()
    for part in _networkx_parts(graph) if is_networkx(graph) else _matrix_parts(graph):
        digest.update(part)
    return digest.hexdigest()


def _attribute_text(known: str, attributes: Any) -> bytes:
    values = [(name, [repr(value) for value in attributes[name].tolist()]) for name in sorted(attributes)]
    return repr((known, values)).encode()


def is_networkx(graph: Any) -> bool:
    """Return whether an object has the shape of a networkx graph."""
    return all(hasattr(graph, name) for name in ("nodes", "edges", "is_directed", "number_of_nodes"))


def _networkx_parts(graph: Any) -> list[bytes]:
    number = {node: index for index, node in enumerate(graph.nodes)}
    is_directed = bool(graph.is_directed())
    ties = []
    for source, target, attributes in graph.edges(data=True):
        ends = (number[source], number[target])
        ties.append((ends if is_directed else tuple(sorted(ends)), repr(sorted(attributes.items(), key=str))))
    nodes = [
        (str(node), repr(sorted(attributes.items(), key=str))) for node, attributes in graph.nodes(data=True)
    ]
    return [b"networkx", repr(is_directed).encode(), repr(nodes).encode(), repr(sorted(ties)).encode()]


def _matrix_parts(graph: Any) -> list[bytes]:
    matrix = graph.tocsr().copy()
    matrix.sum_duplicates()
    arrays = (
        matrix.indptr.astype("int64"),
        matrix.indices.astype("int64"),
        matrix.data.astype("float64"),
    )
    return [b"matrix", repr(tuple(matrix.shape)).encode(), *(array.tobytes() for array in arrays)]
