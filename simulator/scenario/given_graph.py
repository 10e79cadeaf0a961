"""A social graph passed in from Python, with how it is to be read: its weights, and what an arc means."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, get_args

from simulator.errors import Fault, ScenarioError
from simulator.scenario.graph_identity import graph_hash, graph_size, is_networkx
from simulator.scenario.wording import did_you_mean, listed

Influence = Literal["named", "naming"]

NO_WEIGHTS = "none"
"""What to pass as weights to leave out those that a graph has; all ties then weigh 1."""
STORED = "data"
"""Name of the weights of a sparse matrix: the values that it stores."""
_USUAL = "weight"


@dataclass(frozen=True, eq=False)
class GivenGraph:
    """A social graph from Python and how it is read.

    Parameters
    ----------
    graph : Any
        A networkx graph, a scipy sparse matrix, or a social graph of this package, which has its own weights.
    weights : str or None
        Edge attribute of a networkx graph, or ``"data"`` for a matrix; None where all ties weigh 1.
    influence : {"naming", "named"}
        In a directed graph, whether i influences j on the arc i -> j, or j influences i.
    """

    graph: Any
    weights: str | None = None
    influence: Influence = "naming"
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", graph_size(self.graph))

    def identity(self) -> dict[str, str]:
        """Return what tells the graph from another: its hash, and how it is read where that is not the default."""
        found = {"hash": graph_hash(self.graph)}
        if self.weights is not None:
            found["weights"] = self.weights
        if self.influence != "naming":
            found["influence"] = self.influence
        return found


def given_graph(graph: Any, weights: str | None = None, influence: Influence = "naming") -> GivenGraph:
    """Check how a graph from Python is to be read.

    Parameters
    ----------
    graph : networkx graph or scipy sparse matrix
        The ties; also a social graph of this package.
    weights : str, optional
        Edge attribute with the tie weights (networkx), ``"data"`` (matrix: its stored values), or ``"none"`` to
        leave out the weights that the graph has.
    influence : {"naming", "named"}, optional
        Who influences whom on an arc i -> j.

    Returns
    -------
    GivenGraph

    Raises
    ------
    ScenarioError
        If it is no graph, the weights named are not there, or there are weights that nothing is said about.
    """
    graph_size(graph)
    faults = []
    if influence not in get_args(Influence):
        expected = '"naming" (on an arc i -> j, i influences j) or "named" (j influences i)'
        faults.append(Fault("with_network(influence)", repr(influence), expected))
    faults += _weight_faults(graph, weights)
    if hasattr(graph, "n_consumers") and (weights is not None or influence != "naming"):
        faults.append(
            Fault(
                "with_network",
                f"weights = {weights!r}, influence = {influence!r}",
                "neither, with a social graph of this package, which has both in itself",
                "say so when the graph is built",
            )
        )
    if faults:
        raise ScenarioError(faults)
    return GivenGraph(graph, None if weights == NO_WEIGHTS else weights, influence)


def _weight_faults(graph: Any, weights: Any) -> list[Fault]:
    place = "with_network(weights)"
    if hasattr(graph, "n_consumers") or (isinstance(weights, str) and weights == NO_WEIGHTS):
        return []
    if weights is not None and not (isinstance(weights, str) and weights):
        return [Fault(place, repr(weights), "the name of the weights as text, or None")]
    if is_networkx(graph):
        return _named_faults(place, graph, weights) if weights else _unread_edges(place, graph)
    if weights not in (None, STORED):
        return [Fault(place, repr(weights), f'"{STORED}" for a sparse matrix: the values that it stores')]
    return [] if weights else _unread_entries(place, graph)


def _named_faults(place: str, graph: Any, weights: str) -> list[Fault]:
    without = sum(weights not in attributes for _, _, attributes in graph.edges(data=True))
    n_ties = graph.number_of_edges()
    if not without:
        return []
    known = sorted(
        {str(key) for _, _, attributes in islice(graph.edges(data=True), 1000) for key in attributes}
    )
    return [
        Fault(
            place,
            f'"{weights}", which {without:,} of {n_ties:,} edges lack',
            f"an edge attribute that every edge has; there are {listed(known)}",
            did_you_mean(weights, known) or "give every edge its weight",
        )
    ]


def _unread_edges(place: str, graph: Any) -> list[Fault]:
    for i, j, weight in graph.edges(data=_USUAL, default=1):
        if weight != 1:
            return [_unread(place, f"edge ({i!r}, {j!r}) has weight {weight!r}", _USUAL)]
    return []


def _unread_entries(place: str, matrix: Any) -> list[Fault]:
    entries = matrix.tocoo()
    other = (entries.data != 1).nonzero()[0]
    if not other.size:
        return []
    at = int(other[0])
    got = f"entry ({entries.row[at]}, {entries.col[at]}) is {entries.data[at]}"
    return [_unread(place, got, STORED)]


def _unread(place: str, got: str, name: str) -> Fault:
    remedy = f'pass weights="{name}" to read them or weights="{NO_WEIGHTS}" to let all ties weigh 1'
    return Fault(place, f"nothing, and {got}", "to be told whether the graph's weights count", remedy)
