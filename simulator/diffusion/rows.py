"""A bare graph: arcs in compressed sparse rows, numbered in that order."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, NetworkError
from simulator.scenario.wording import counted


class Reverse(NamedTuple):
    """The arcs by the node that they lead to.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_nodes + 1,)
        Where the arcs into each node start and end.
    sources : ndarray of int32, shape (n_arcs,)
        Where these arcs come from.
    arcs : ndarray of int64, shape (n_arcs,)
        Their numbers, ascending for each node.
    """

    indptr: NDArray[np.int64]
    sources: NDArray[np.int32]
    arcs: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Arcs:
    """A directed graph in compressed sparse rows; an undirected edge is two arcs.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_nodes + 1,)
        Where the arcs of each node start and end.
    targets : ndarray of int32, shape (n_arcs,)
        Where each arc leads; parallel arcs and self-loops are arcs like any other.
    weights : ndarray of float64, shape (n_arcs,), or None
        Values that the graph holds on its arcs; None where it holds none.
    labels : ndarray or None
        Names of the nodes by their numbers; None where the names are the numbers.
    notes : tuple of str
        What was merged while reading a file, in words.
    """

    indptr: NDArray[np.int64]
    targets: NDArray[np.int32]
    weights: NDArray[np.float64] | None = None
    labels: NDArray[Any] | None = None
    notes: tuple[str, ...] = ()

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.indptr) - 1

    @property
    def n_arcs(self) -> int:
        """Number of arcs."""
        return len(self.targets)

    def __repr__(self) -> str:
        held = "" if self.weights is None else ", weighted"
        return f"Arcs({counted(self.n_nodes, 'node')}, {counted(self.n_arcs, 'arc')}{held}, digest {self.digest[:12]})"

    @cached_property
    def outdegree(self) -> NDArray[np.int64]:
        """Number of arcs from each node, shape (n_nodes,)."""
        return np.diff(self.indptr)

    @cached_property
    def indegree(self) -> NDArray[np.int64]:
        """Number of arcs to each node, parallel arcs and self-loops counted, shape (n_nodes,)."""
        return np.bincount(self.targets, minlength=self.n_nodes).astype(np.int64, copy=False)

    @cached_property
    def sources(self) -> NDArray[np.int32]:
        """Where each arc comes from, shape (n_arcs,)."""
        return np.repeat(np.arange(self.n_nodes, dtype=np.int32), self.outdegree)

    @cached_property
    def reverse(self) -> Reverse:
        """The arcs by the node that they lead to."""
        indptr, arcs = grouped(self.targets, self.n_nodes)
        return Reverse(indptr, self.sources[arcs], arcs)

    @cached_property
    def is_symmetric(self) -> bool:
        """Whether every arc has a counterpart: as many arcs from i to j as from j to i."""
        forward, backward = by_row(self.targets, self.sources, self.n_nodes), self.reverse
        same_rows = np.array_equal(self.indptr, backward.indptr)
        return same_rows and np.array_equal(self.targets[forward], backward.sources)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of rows, targets and weights, in hexadecimal: equal for equal graphs."""
        digest = hashlib.sha256()
        for array in (self.indptr, self.targets, self.weights):
            if array is not None:
                digest.update(f"{array.dtype.str} {array.size}".encode())
                digest.update(np.ascontiguousarray(array).view(np.uint8).data)
        return digest.hexdigest()

    @cached_property
    def _numbers(self) -> Mapping[Hashable, int]:
        names = () if self.labels is None else self.labels.tolist()
        return {name: number for number, name in enumerate(names)}

    @cached_property
    def _accepts_numbers(self) -> bool:
        return self.labels is None or not any(_is_whole(name) for name in self._numbers)

    def numbers_of(self, nodes: Iterable[Any], *, place: str = "seeds") -> NDArray[np.int64]:
        """Return the numbers of nodes given by name, in the order given.

        Where no name in the graph is a whole number, whole numbers are taken as numbers of nodes.

        Parameters
        ----------
        nodes : iterable
            Names of nodes.
        place : str
            How the caller calls them, for the message.

        Raises
        ------
        NetworkError
            If one of them is no node; all such are listed.
        """
        if self.labels is None and isinstance(nodes, np.ndarray) and nodes.dtype.kind in "iu":
            numbers = nodes.ravel().astype(np.int64)
            if ((numbers >= 0) & (numbers < self.n_nodes)).all():
                return numbers
        found, faults = [], []
        for position, node in enumerate(nodes):
            number = self._number(node)
            found.append(number)
            if number < 0:
                faults.append(Fault(f"{place}[{position}]", repr(node), self._expected()))
        if faults:
            raise NetworkError(faults[:20])
        return np.array(found, dtype=np.int64)

    def names_of(self, numbers: Any) -> list[Any]:
        """Return the names of nodes given by number, as plain Python objects.

        Parameters
        ----------
        numbers : array_like of int
            Numbers of nodes, 0 to n_nodes - 1.
        """
        numbers = np.asarray(numbers, dtype=np.int64)
        return numbers.tolist() if self.labels is None else self.labels[numbers].tolist()

    def _number(self, node: Any) -> int:
        """Return the number of a node, or -1."""
        if isinstance(node, np.generic):
            node = node.item()
        try:
            number = self._numbers.get(node)
        except TypeError:
            return -1
        if number is not None and not (isinstance(node, bool) and self._accepts_numbers):
            return number
        if self._accepts_numbers and _is_whole(node) and 0 <= node < self.n_nodes:
            return int(node)
        return -1

    def _expected(self) -> str:
        if self.labels is None:
            return f"a node, 0..{self.n_nodes - 1}"
        some = ", ".join(repr(name) for name in self.labels[:3].tolist())
        return f"one of the graph's {self.n_nodes:,} nodes, such as {some}"


def by_row(target: Any, source: Any, n: int) -> NDArray[np.int64]:
    """Return the order of arcs by source, then target, then as they are."""
    by_target = grouped(target, n)[1]
    return by_target[grouped(source[by_target], n)[1]]


def grouped(keys: Any, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the items of each key start, and the items by key, in their order (a counting sort)."""
    from scipy.sparse import csr_array

    m = len(keys)
    each = csr_array((np.zeros(m, np.int8), keys, np.arange(m + 1)), shape=(m, n)).tocsc()
    return each.indptr.astype(np.int64, copy=False), each.indices.astype(np.int64, copy=False)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
