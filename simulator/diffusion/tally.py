"""What kernels are asked and what they count: the records that every kernel of this room takes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import subframe

U4 = np.uint32
U8 = np.uint64
_ONE = U8(1)
#: Rows are fetched ahead, so many nodes at a time, in graphs of more nodes than caches hold.
AHEAD = U8(128)
MANY_NODES = 1 << 16
#: Steps to run where nothing but the end of the process stops it.
UNBOUNDED = 2**62


class Rows(NamedTuple):
    """The graph as kernels read it: unsigned, so that indices need no wrap-around.

    Parameters
    ----------
    indptr : ndarray of uint64, shape (n_nodes + 1,)
        Where each node's arcs start.
    targets : ndarray of uint32, shape (n_arcs,)
        Where the arcs lead.
    """

    indptr: NDArray[np.uint64]
    targets: NDArray[np.uint32]


class Task(NamedTuple):
    """A range of replicates to run, and the seed sets to run each from.

    Parameters
    ----------
    starts : ndarray of int64, shape (n_sets + 1,)
        Where each seed set starts in ``nodes``.
    nodes : ndarray of uint32
        Seeds, each once within its set.
    seed : uint32
        First word of the key.
    first : int64
        Replicate that belongs to column 0 of the results.
    begin, end : int64
        First column to run and the one after the last.
    max_steps : int64
        Steps to run at most.
    halt : ndarray of uint8, shape (1,)
        Set to 1 from outside to stop before the next replicate.
    """

    starts: NDArray[np.int64]
    nodes: NDArray[np.uint32]
    seed: np.uint32
    first: int
    begin: int
    end: int
    max_steps: int
    halt: NDArray[np.uint8]


class Tally(NamedTuple):
    """What is counted: all in whole numbers, so that the order of replicates does not matter.

    Parameters
    ----------
    sizes : ndarray of int32, shape (n_sets, n_replicates)
        Active nodes at the end, seeds included.
    sums, squares : ndarray of int64, shape (n_steps,)
        Sum over replicates of the nodes active by each step, and of their squares; empty: not wanted.
        Replicates that ended before a step are not in it.
    end_sums, end_squares : ndarray of int64, shape (n_steps,)
        The same of the final sizes, at the last step at which a node became active.
    curves : ndarray of int32, shape (n_replicates, n_steps) or (0, 0)
        Nodes active by each step, for each replicate.
    longest : ndarray of int64, shape (1,)
        Last step at which a node became active, over all replicates.
    """

    sizes: NDArray[np.int32]
    sums: NDArray[np.int64]
    squares: NDArray[np.int64]
    end_sums: NDArray[np.int64]
    end_squares: NDArray[np.int64]
    curves: NDArray[np.int32]
    longest: NDArray[np.int64]


def new_tally(sizes: NDArray[np.int32], curves: NDArray[np.int32], n_steps: int) -> Tally:
    """Return a tally with its sums at zero, for one task.

    Parameters
    ----------
    sizes, curves : ndarray of int32
        Shared by all tasks, which write columns and rows of their own.
    n_steps : int
        Steps to count, the start included; 0 counts sizes alone.
    """
    zeros = np.zeros((4, n_steps), dtype=np.int64)
    return Tally(sizes, zeros[0], zeros[1], zeros[2], zeros[3], curves, np.zeros(1, dtype=np.int64))


@subframe
def touch(rows: Any, nodes: Any, first: Any, last: Any) -> Any:
    """Read the ends of the rows of nodes whose turn comes next, so that memory fetches them all at once.

    The rows of a large graph come from main memory; one after the other, each would be waited for.

    Parameters
    ----------
    rows : Rows
        The graph, with at least one arc.
    nodes : ndarray of uint32
        A list of nodes.
    first, last : int
        Which of them: the first, and the one after the last.

    Returns
    -------
    uint32
        Something that depends on all that was read, to be stored somewhere.
    """
    indptr, targets = rows.indptr, rows.targets
    end, seen = U8(targets.size) - _ONE, U4(0)
    for k in range(U8(first), U8(last)):
        node = U8(nodes[k])
        start, stop = indptr[node], indptr[node + _ONE]
        seen ^= targets[min(start, end)] ^ targets[max(stop, _ONE) - _ONE]
    return seen


@subframe
def touch_flags(rows: Any, flags: Any, nodes: Any, first: Any, last: Any) -> Any:
    """As :func:`touch`, for flags (uint8) that stand beside the arcs."""
    indptr = rows.indptr
    end, seen = U8(flags.size) - _ONE, U4(0)
    for k in range(U8(first), U8(last)):
        node = U8(nodes[k])
        seen ^= U4(flags[min(indptr[node], end)] ^ flags[max(indptr[node + _ONE], _ONE) - _ONE])
    return seen


@subframe
def note_step(tally: Any, column: Any, step: Any, n_active: Any) -> None:
    """Count the nodes active by a step of one replicate."""
    if step < tally.sums.size:
        tally.sums[step] += n_active
        tally.squares[step] += n_active * n_active
        if tally.curves.size > 0:
            tally.curves[column, step] = n_active


@subframe
def note_end(tally: Any, seed_set: Any, column: Any, last: Any, n_active: Any) -> None:
    """Count the final size of one replicate, whose last activation was at step ``last``."""
    tally.sizes[seed_set, column] = n_active
    tally.longest[0] = max(tally.longest[0], last)
    if last < tally.sums.size:
        tally.end_sums[last] += n_active
        tally.end_squares[last] += n_active * n_active
        if tally.curves.size > 0:
            for step in range(last + 1, tally.curves.shape[1]):
                tally.curves[column, step] = n_active
