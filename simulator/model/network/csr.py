"""The social graph as compressed sparse rows, and how a list of ties becomes one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.errors import Fault, NetworkError
from simulator.model.network import assembly
from simulator.model.network.addresses import STREAM_NETWORK_STRENGTH
from simulator.model.network.chance import coin, words
from simulator.scenario.wording import counted

if TYPE_CHECKING:
    from simulator.model.network.measures import NetworkSummary

OnFault = Literal["error", "report"]
Influence = Literal["named", "naming"]
_NO_BYTES = np.zeros(0, dtype=np.uint8)
_NO_WEIGHTS = np.zeros(0, dtype=np.float32)
_MAX_PARALLEL = 256


@dataclass(frozen=True, eq=False)
class Network:
    """A social graph in compressed sparse rows.

    Row i holds the arcs of consumer i to those whom i can influence. An undirected tie is two arcs.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_consumers + 1,)
        Where each row starts and ends.
    neighbors : ndarray of int32, shape (n_arcs,)
        Whom an arc leads to, ascending within a row.
    is_strong : ndarray of uint8, shape (n_arcs,)
        1 on strong ties, 0 on weak ones.
    weights : ndarray of float32, shape (n_arcs,) or (0,)
        Tie weights above 0; empty where all are 1. A weight multiplies a tie's rate of talk.
    occurrence : ndarray of uint8, shape (n_arcs,) or (0,)
        Number of a parallel tie, from 0; empty where there are no parallel ties.
    is_directed : bool
        Whether an arc may lack its counterpart.
    repairs : tuple of str
        What was changed in the graph as it was given, in words.
    node_ids : ndarray or None
        The consumers' names in the graph as it was given.
    node_attributes : mapping of str to ndarray, or None
        Attributes of the consumers, shape (n_consumers,) each.
    """

    indptr: NDArray[np.int64]
    neighbors: NDArray[np.int32]
    is_strong: NDArray[np.uint8]
    weights: NDArray[np.float32] = field(default_factory=lambda: _NO_WEIGHTS)
    occurrence: NDArray[np.uint8] = field(default_factory=lambda: _NO_BYTES)
    is_directed: bool = False
    repairs: tuple[str, ...] = ()
    node_ids: NDArray[Any] | None = None
    node_attributes: Mapping[str, NDArray[Any]] | None = None

    @property
    def n_consumers(self) -> int:
        """Number of consumers."""
        return len(self.indptr) - 1

    @property
    def n_arcs(self) -> int:
        """Number of arcs."""
        return len(self.neighbors)

    @property
    def n_ties(self) -> int:
        """Number of ties: arcs, or pairs of arcs in an undirected graph."""
        return self.n_arcs if self.is_directed else self.n_arcs // 2

    @cached_property
    def degree(self) -> NDArray[np.int64]:
        """Number of arcs from each consumer, shape (n_consumers,)."""
        return np.diff(self.indptr)

    @property
    def mean_degree(self) -> float:
        """Mean number of arcs from a consumer."""
        return self.n_arcs / self.n_consumers if self.n_consumers else 0.0

    @cached_property
    def hash(self) -> str:
        """SHA-256 of all arrays, in hexadecimal: equal for equal graphs."""
        digest = hashlib.sha256(b"directed" if self.is_directed else b"undirected")
        for name in ("indptr", "neighbors", "is_strong", "weights", "occurrence"):
            array = np.ascontiguousarray(getattr(self, name))
            digest.update(f"{name} {array.dtype.str} {array.size}".encode())
            digest.update(array.view(np.uint8).data)
        return digest.hexdigest()

    def __repr__(self) -> str:
        kind = "directed" if self.is_directed else "undirected"
        size = f"{counted(self.n_consumers, 'consumer')}, {counted(self.n_ties, f'{kind} tie')}"
        return f"Network({size}, hash {self.hash[:12]})"

    def neighbors_of(self, consumer: int) -> NDArray[np.int32]:
        """Return those whom a consumer can influence, ascending."""
        return self.neighbors[self.indptr[consumer] : self.indptr[consumer + 1]]

    def with_strength(self, share_strong: float, key0: Any, key1: Any) -> Network:
        """Return the graph with ties that are strong with a given probability, by an addressed draw per tie.

        Parameters
        ----------
        share_strong : float
            Probability that a tie is strong, 0 to 1. Both arcs of an undirected tie have one draw.
        key0, key1 : uint32
            Seed and world.
        """
        is_strong = np.zeros(self.n_arcs, dtype=np.uint8)
        if share_strong >= 1.0:
            is_strong[:] = 1
        elif share_strong > 0.0:
            _draw_strength(
                self.indptr, self.neighbors, self.occurrence, self.is_directed, float(share_strong),
                np.uint32(key0), np.uint32(key1), is_strong,
            )  # fmt: skip
        return replace(self, is_strong=is_strong)

    def to_scipy(self) -> Any:
        """Return the graph as a ``scipy.sparse.csr_array`` of weights; parallel ties stay apart."""
        from scipy.sparse import csr_array

        values = self.weights if self.weights.size else np.ones(self.n_arcs, dtype=np.float32)
        shape = (self.n_consumers, self.n_consumers)
        return csr_array((values, self.neighbors.copy(), self.indptr.copy()), shape=shape)

    def to_networkx(self) -> Any:
        """Return the graph as a networkx graph with ``strong`` and, where there are any, ``weight``."""
        from simulator.model.network.library import to_networkx

        return to_networkx(self)

    def summary(self, cell: NDArray[Any] | None = None) -> NetworkSummary:
        """Return the graph's main measures; with ``cell``, also homophily by cell."""
        from simulator.model.network.measures import summarize

        return summarize(self, cell)


@kernel
def _draw_strength(
    indptr: Any, neighbors: Any, occurrence: Any, is_directed: Any, share: Any, key0: Any, key1: Any, out: Any
) -> Any:
    for i in range(indptr.size - 1):
        for arc in range(indptr[i], indptr[i + 1]):
            j = np.int64(neighbors[arc])
            number = np.int64(occurrence[arc]) if occurrence.size > 0 else np.int64(0)
            first = i if is_directed else min(i, j)
            second = j if is_directed else max(i, j)
            word, _, _, _ = words(STREAM_NETWORK_STRENGTH, first, second, number, key0, key1)
            out[arc] = coin(word, share)


def assemble(n: int, source: Any, target: Any, strong: Any = None) -> Network:
    """Build an undirected graph from ties known to be sound: no loops, no pair twice.

    Parameters
    ----------
    n : int
        Number of consumers, below 2^30.
    source, target : ndarray of int32, shape (n_ties,)
        The ties' ends.
    strong : ndarray of uint8, shape (n_ties,), optional
        1 on strong ties; default all weak.
    """
    indptr = assembly.count_arcs(n, source, target, True)
    packed = np.empty(2 * len(source), dtype=np.int32)
    assembly.scatter_strength(indptr, source, target, _NO_BYTES if strong is None else strong, True, packed)
    assembly.sort_rows(indptr, packed)
    is_strong = np.empty(len(packed), dtype=np.uint8)
    assembly.unpack_strength(packed, is_strong)
    return Network(indptr, packed, is_strong)


def from_ties(
    n: int,
    source: NDArray[Any],
    target: NDArray[Any],
    *,
    directed: bool = False,
    strong: NDArray[Any] | None = None,
    weights: NDArray[Any] | None = None,
    influence: Influence = "naming",
    parallel: Literal["merge", "keep"] = "merge",
    on_fault: OnFault = "error",
    place: Callable[[int], tuple[str, str]] | None = None,
) -> Network:
    """Build a graph from any list of ties, checked.

    Parameters
    ----------
    n : int
        Number of consumers.
    source, target : ndarray of int, shape (n_ties,)
        The ties' ends.
    directed : bool
        Whether a tie is one arc; otherwise it is two.
    strong : ndarray of 0 and 1, shape (n_ties,), optional
        Strong ties; default none.
    weights : ndarray of float, shape (n_ties,), optional
        Weights above 0; default all 1.
    influence : {"naming", "named"}
        In a directed graph, whether ``source`` influences ``target``, or the other way round.
    parallel : {"merge", "keep"}
        Whether ties of one pair count once or stay apart as parallel ties.
    on_fault : {"error", "report"}
        Whether unknown ids, self-loops, bad weights and ties written twice are errors, or are repaired
        and listed in ``repairs``: the tie is dropped, or merged with the largest weight. An undirected tie
        written once in each direction is merged and listed in both cases.
    place : callable, optional
        Gives the place where a tie of this number was written, as ``file:line``, and what stands there.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        With one fault for each kind of mistake, at its first place.
    """
    source, target = np.asarray(source), np.asarray(target)
    written = (source, target)
    if place is None:
        place = lambda tie: (f"ties[{tie}]", f"{written[0][tie]} - {written[1][tie]}")  # noqa: E731
    report = _Report(place, on_fault)
    report.check_size(n, influence)
    weight = None if weights is None else np.asarray(weights, dtype=np.float64)
    sound = _sound_ties(n, source, target, weight, report)
    kept = None if bool(sound.all()) else np.flatnonzero(sound)
    if kept is not None:
        source, target = source[kept], target[kept]
        weight = None if weight is None else weight[kept]
        strong = None if strong is None else np.asarray(strong)[kept]
    source, target = source.astype(np.int32, copy=False), target.astype(np.int32, copy=False)
    if directed and influence == "named":
        source, target = target, source
    indptr = assembly.count_arcs(n, source, target, not directed)
    packed = np.empty(indptr[-1], dtype=np.int64)
    assembly.scatter_number(indptr, source, target, not directed, packed)
    assembly.sort_rows(indptr, packed)
    has_parallel = _check_repeated(indptr, packed, source, directed, parallel, kept, report)
    report.raise_if_any()
    arrays = _unpack(packed, strong, weight)
    if has_parallel:
        indptr, arrays = _treat_parallel(indptr, arrays, parallel)
    neighbors, is_strong, tie_weights, occurrence = arrays
    return Network(
        indptr,
        neighbors,
        is_strong,
        tie_weights,
        occurrence,
        is_directed=directed,
        repairs=tuple(report.repairs),
    )


class _Report:
    """Collects faults and repairs, one for each kind of mistake."""

    def __init__(self, place: Callable[[int], tuple[str, str]], on_fault: OnFault) -> None:
        self.place = place
        self.on_fault = on_fault
        self.faults: list[Fault] = []
        self.repairs: list[str] = []

    def check_size(self, n: int, influence: str) -> None:
        """Note a graph without consumers and an unknown direction of influence, which cannot be repaired."""
        if n < 1:
            self.faults.append(Fault("network", "no consumers", "at least one consumer"))
        if influence not in ("named", "naming"):
            self.faults.append(Fault("network.influence", repr(influence), '"named" or "naming"'))
        self.raise_if_any()

    def mistake(self, ties: NDArray[Any], kind: str, expected: str, repair: str) -> None:
        """Note a kind of mistake made at some ties, unless there are none."""
        if len(ties) == 0:
            return
        if self.on_fault == "report":
            self.repairs.append(f"{kind} ({len(ties):,}): {repair}")
            return
        where, written = self.place(int(ties[0]))
        more = f", the first of {len(ties):,}" if len(ties) > 1 else ""
        remedy = f'correct the ties, or set network.repair = "report" ({repair})'
        self.faults.append(Fault(where, f"{written} ({kind}{more})", expected, remedy))

    def raise_if_any(self) -> None:
        if self.faults:
            raise NetworkError(self.faults)


def _sound_ties(n: int, source: Any, target: Any, weight: Any, report: _Report) -> NDArray[np.bool_]:
    """Return which ties can be used, and report the others."""
    known = (source >= 0) & (source < n) & (target >= 0) & (target < n)
    report.mistake(np.flatnonzero(~known), "tie with an unknown id", "ids of known consumers", "tie dropped")
    loop = known & (source == target)
    report.mistake(np.flatnonzero(loop), "self-loop", "a tie between two consumers", "tie dropped")
    sound = known & ~loop
    if weight is None:
        return sound
    with np.errstate(over="ignore"):
        usable = np.isfinite(weight.astype(np.float32)) & (weight.astype(np.float32) > 0)
    for wrong, got in (
        (weight < 0, "negative weight"),
        (weight == 0, "zero weight"),
        (~usable & ~(weight <= 0), "weight that is no finite number"),
    ):
        report.mistake(np.flatnonzero(wrong), got, "a weight above 0", "tie dropped")
    return sound & usable


def _check_repeated(
    indptr: Any, packed: Any, source: Any, directed: bool, parallel: str, kept: Any, report: _Report
) -> bool:
    """Report ties written more than once; return whether there are any."""
    flags = np.zeros(len(source), dtype=np.uint8)
    assembly.repeated_ties(indptr, packed, source, not directed, flags)
    repeated, reverse = np.flatnonzero(flags == 1), np.flatnonzero(flags == 2)
    if parallel == "keep":
        return bool(len(repeated) or len(reverse))
    numbers = repeated if kept is None else kept[repeated]
    report.mistake(numbers, "tie written before", "each tie once", "merged, largest weight kept")
    if len(reverse):
        report.repairs.append(f"tie in both directions ({len(reverse):,}): counted once, largest weight kept")
    return bool(len(repeated) or len(reverse))


def _unpack(packed: Any, strong: Any, weight: Any) -> tuple[Any, Any, Any, Any]:
    neighbors = np.empty(len(packed), dtype=np.int32)
    is_strong = np.zeros(len(packed), dtype=np.uint8)
    has_weights = weight is not None and bool((weight != 1).any())
    weights = np.empty(len(packed) if has_weights else 0, dtype=np.float32)
    tie_weight = weight.astype(np.float32) if has_weights else _NO_WEIGHTS
    tie_strong = _NO_BYTES if strong is None else np.asarray(strong).astype(np.uint8)
    assembly.unpack_number(packed, tie_strong, tie_weight, neighbors, is_strong, weights)
    return neighbors, is_strong, weights, _NO_BYTES


def _treat_parallel(indptr: Any, arrays: tuple[Any, Any, Any, Any], parallel: str) -> tuple[Any, Any]:
    """Give numbers to parallel arcs, or merge them."""
    neighbors, is_strong, weights, _ = arrays
    keep = parallel == "keep"
    occurrence = np.zeros(len(neighbors) if keep else 0, dtype=np.uint8)
    largest = assembly.merge_parallel(indptr, neighbors, is_strong, weights, occurrence, keep)
    if keep and largest >= _MAX_PARALLEL:
        expected = f"at most {_MAX_PARALLEL} parallel ties between two consumers"
        raise NetworkError(
            [Fault("network", f"{largest + 1} parallel ties", expected, "merge them by weight")]
        )
    if keep:
        return indptr, (neighbors, is_strong, weights, occurrence)
    n_arcs = int(indptr[-1])
    weights = weights[:n_arcs].copy() if weights.size else weights
    return indptr, (neighbors[:n_arcs].copy(), is_strong[:n_arcs].copy(), weights, _NO_BYTES)
