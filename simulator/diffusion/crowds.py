"""Thresholds: a node joins when enough of those who act on it have joined.

Linear threshold: arc (u, v) has an influence w(u, v), the influences on a node sum to at most 1, and v
joins when those of its active in-neighbors reach its threshold, uniform in (0, 1]. Granovetter's and
Watts's models count neighbors, or their share, against given thresholds. All three are sums of whole
numbers against a whole number, so that no order of adding matters: arcs are counted where all arcs into a
node weigh the same, and other influences are held in units of 2^-50, where decimal fractions that add up
to a threshold reach it.

References
----------
Granovetter (1978), Threshold models of collective behavior. American Journal of Sociology 83(6), 1420-1443.
Watts (2002), A simple model of global cascades on random networks. PNAS 99(9), 5766-5771.
Kempe, Kleinberg & Tardos (2003), Maximizing the spread of influence through a social network. KDD'03.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel, subframe
from simulator.diffusion.draws import threshold_numerator
from simulator.diffusion.tally import AHEAD, MANY_NODES, note_end, note_step, touch

I4 = np.int32
I8 = np.int64
U4 = np.uint32
U8 = np.uint64
_ONE = U8(1)
_HIGH = U8(32)
_NONE = U8(0)
_LOW = U8(0xFFFFFFFF)
_ACTIVE = U8(0xFFFFFFFF)
#: Arcs whose thresholds are drawn together.
_BATCH = U8(512)
#: Influences are held in units of 2^-50.
UNITS = 2.0**50
_SHIFT = U8(18)
#: ``targets`` holds so many zeros more, so that rows are drawn in full vectors.
PADDING = 16
_PAD = U8(PADDING - 1)
#: What no sum of influences reaches.
NEVER = 2**62


class Influences(NamedTuple):
    """What the arcs add up, and what a threshold of 1 asks for.

    Parameters
    ----------
    gain : ndarray of int64, shape (n_arcs,) or (1,)
        What each arc adds; (1,) where arcs are counted.
    indegree : ndarray of uint32, shape (n_nodes,)
        Number of arcs into each node.
    """

    gain: NDArray[np.int64]
    indegree: NDArray[np.uint32]


def needs_by_share(thresholds: NDArray[np.float64], indegree: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the smallest number k of in-neighbors with k / indegree >= threshold; 0 for thresholds <= 0.

    Parameters
    ----------
    thresholds : ndarray of float64, shape (..., n_nodes)
        Shares.
    indegree : ndarray of int64, shape (n_nodes,)
        Number of arcs into each node.
    """
    degree = np.maximum(indegree, 1)
    needs = np.ceil(np.clip(thresholds, 0.0, 2.0) * degree)
    needs -= (needs - 1) / degree >= thresholds
    needs += needs / degree < thresholds
    whole = np.where(thresholds <= 0, 0, needs).astype(np.int64)
    return np.where((indegree == 0) & (thresholds > 0), NEVER, whole)


def needs_by_count(thresholds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the smallest whole number of in-neighbors that reaches each threshold."""
    return np.ceil(np.clip(thresholds, 0.0, 2.0**61)).astype(np.int64)


def needs_by_weight(thresholds: NDArray[np.float64], indegree: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return thresholds in the units of influences, less what rounding the influences may have taken."""
    needs = np.ceil(np.clip(thresholds, 0.0, 2.0) * UNITS).astype(np.int64) - indegree
    return np.where(thresholds <= 0, 0, np.maximum(needs, 1))


@subframe
def _need(numerator: Any, is_counted: Any, indegree: Any) -> Any:
    """Return a drawn threshold in the units that arcs add up in."""
    if is_counted:
        return I8(((numerator * U8(indegree) - _ONE) >> _HIGH) + _ONE)
    return max(I8(numerator << _SHIFT) - I8(indegree), I8(1))


@kernel
def run_thresholds(rows: Any, influences: Any, task: Any, tally: Any) -> None:
    """Run replicates with drawn thresholds, from each seed set with the same thresholds.

    Parameters
    ----------
    rows : Rows
        The graph.
    influences : Influences
        What its arcs add up.
    task : Task
        Which replicates, from which seeds.
    tally : Tally
        Filled in.
    """
    indptr, targets, max_steps, seed = rows.indptr, rows.targets, task.max_steps, task.seed
    gain, indegree = influences.gain, influences.indegree
    is_counted = gain.size == 1
    starts, nodes = task.starts, task.nodes
    n = indptr.size - 1
    queue, touched = np.empty(n + 1, np.uint32), np.empty(n + 1, np.uint32)
    longest = U8(0)
    for node in range(U8(n)):
        longest = max(longest, indptr[node + _ONE] - indptr[node])
    drawn = np.empty(longest + U8(PADDING), np.uint64)
    # what is still missing: 0 where nothing arrived yet, negative once active
    missing = np.zeros(n, np.int64)
    for column in range(task.begin, task.end):
        if task.halt[0]:
            break
        replicate = U4(task.first + column)
        for seed_set in range(starts.size - 1):
            first = starts[seed_set]
            n_seeds = starts[seed_set + 1] - first
            for k in range(n_seeds):
                queue[k] = nodes[first + k]
                missing[queue[k]] = -1
            note_step(tally, column, 0, n_seeds)
            head, tail, step, n_touched = U8(0), U8(n_seeds), 0, U8(0)
            while head < tail and step < max_steps:
                level = tail
                while head < level:
                    node = U8(queue[head])
                    head += _ONE
                    start, stop = indptr[node], indptr[node + _ONE]
                    padded = start + ((stop - start + _PAD) & ~_PAD)
                    for arc in range(start, padded):
                        drawn[arc - start] = threshold_numerator(targets[arc], seed, replicate)
                    for arc in range(start, stop):
                        target = targets[arc]
                        left = missing[target]
                        if left < 0:
                            continue
                        if left == 0:
                            left = _need(drawn[arc - start], is_counted, indegree[target])
                            touched[n_touched] = target
                            n_touched += _ONE
                        left -= I8(1) if is_counted else gain[arc]
                        queue[tail] = target
                        tail += U8(left <= 0)
                        missing[target] = left if left > 0 else I8(-1)
                if tail == level:
                    break
                step += 1
                note_step(tally, column, step, I8(tail))
            note_end(tally, seed_set, column, step, I8(tail))
            for k in range(n_touched):
                missing[touched[k]] = 0
            for k in range(n_seeds):
                missing[nodes[first + k]] = 0


@subframe
def _gather(rows: Any, queue: Any, place: Any, level: Any, batch: Any) -> Any:
    """Copy the arcs of nodes in the queue, one row after the other, as many as the batch holds.

    ``place`` says where to go on: at which node in the queue, and after how many of its arcs.
    """
    indptr, targets = rows.indptr, rows.targets
    head, done = place
    if indptr.size > MANY_NODES and targets.size > PADDING:
        queue[queue.size - 1] = touch(rows, queue, head, min(head + AHEAD, level))
    n_arcs = U8(0)
    while head < level and n_arcs < _BATCH:
        node = U8(queue[head])
        start = indptr[node] + done
        n_here = min(indptr[node + _ONE] - start, _BATCH - n_arcs)
        for k in range(n_here):
            batch[n_arcs + k] = targets[start + k]
        n_arcs += n_here
        is_whole = start + n_here == indptr[node + _ONE]
        done = _NONE if is_whole else done + n_here
        head += U8(is_whole)
    return n_arcs, (head, done)


@subframe
def _count(
    batch: Any, drawn: Any, n_arcs: Any, state: Any, queue: Any, tail: Any, touched: Any, n_touched: Any
) -> Any:
    """Let arcs of active nodes count, without a branch; return the lengths of both lists."""
    if state.size > MANY_NODES:
        seen = _NONE
        for k in range(n_arcs):
            seen ^= state[batch[k]]
        queue[queue.size - 1] = U4(seen)
    for k in range(n_arcs):
        target = batch[k]
        indegree, left = state[target] & _LOW, state[target] >> _HIGH
        is_new = left == _NONE
        need = ((drawn[k] * indegree - _ONE) >> _HIGH) + _ONE
        left = (need if is_new else left) - U8(left != _ACTIVE)
        joins = left == _NONE
        touched[n_touched] = target
        n_touched += U8(is_new)
        queue[tail] = target
        tail += U8(joins)
        state[target] = ((_ACTIVE if joins else left) << _HIGH) | indegree
    return tail, n_touched


@kernel
def run_counts(rows: Any, influences: Any, task: Any, tally: Any) -> None:
    """Run replicates with drawn thresholds where arcs are counted; parameters as for :func:`run_thresholds`.

    The arcs of many nodes are gathered, so that thresholds are drawn in full vectors. A node's word holds
    its indegree and, above it, what is still missing: 0 where nothing arrived yet.

    Parameters
    ----------
    rows : Rows
        The graph.
    influences : Influences
        With ``gain`` of one value.
    task : Task
        Which replicates, from which seeds.
    tally : Tally
        Filled in.
    """
    max_steps, seed, indegree = task.max_steps, task.seed, influences.indegree
    starts, nodes = task.starts, task.nodes
    n = rows.indptr.size - 1
    queue, touched = np.empty(n + 2, np.uint32), np.empty(n + 1, np.uint32)
    batch, drawn = np.zeros(_BATCH + U8(PADDING), np.uint32), np.empty(_BATCH + U8(PADDING), np.uint64)
    state = np.empty(n, np.uint64)
    for node in range(U8(n)):
        state[node] = indegree[node]
    for column in range(task.begin, task.end):
        if task.halt[0]:
            break
        replicate = U4(task.first + column)
        for seed_set in range(starts.size - 1):
            first = starts[seed_set]
            n_seeds = starts[seed_set + 1] - first
            for k in range(n_seeds):
                queue[k] = nodes[first + k]
                state[queue[k]] |= _ACTIVE << _HIGH
            note_step(tally, column, 0, n_seeds)
            tail, step, n_touched, place = U8(n_seeds), 0, U8(0), (U8(0), U8(0))
            while place[0] < tail and step < max_steps:
                level = tail
                while place[0] < level:
                    n_arcs, place = _gather(rows, queue, place, level, batch)
                    for k in range((n_arcs + _PAD) & ~_PAD):
                        drawn[k] = threshold_numerator(batch[k], seed, replicate)
                    tail, n_touched = _count(batch, drawn, n_arcs, state, queue, tail, touched, n_touched)
                if tail == level:
                    break
                step += 1
                note_step(tally, column, step, I8(tail))
            note_end(tally, seed_set, column, step, I8(tail))
            for k in range(n_touched):
                state[touched[k]] &= _LOW
            for k in range(n_seeds):
                state[nodes[first + k]] &= _LOW


@kernel
def trace_thresholds(rows: Any, influences: Any, needs: Any, task: Any, tally: Any, at: Any, by: Any) -> None:
    """Run replicates on given thresholds, and note when and by whom each node became active.

    The active nodes of a step act in ascending order; a node is activated by the one with whom its
    threshold is reached. A threshold of 0 or less is reached at step 1 without anyone.

    Parameters
    ----------
    rows : Rows
        The graph.
    influences : Influences
        What its arcs add up.
    needs : ndarray of int64, shape (n_columns, n_nodes) or (1, n_nodes)
        What each node asks for; the row of column ``task.begin`` comes first.
    task : Task
        Which replicates, from the first seed set.
    tally : Tally
        Filled in.
    at, by : ndarray of int32, shape (n_columns, n_nodes) or (1, n_nodes)
        Step of activation and who caused it, -1 for none; one row is used over and over.
    """
    indptr, targets, max_steps = rows.indptr, rows.targets, task.max_steps
    gain = influences.gain
    n = indptr.size - 1
    is_counted = gain.size == 1
    queue, total = np.empty(n + 1, np.uint32), np.empty(n, np.int64)
    for column in range(task.begin, task.end):
        if task.halt[0]:
            break
        row = column - task.begin
        need = needs[row if needs.shape[0] > 1 else 0]
        when, whom = at[row if at.shape[0] > 1 else 0], by[row if at.shape[0] > 1 else 0]
        when[:] = -1
        whom[:] = -1
        total[:] = 0
        head, tail, step = 0, task.starts[1], 0
        for k in range(tail):
            queue[k] = task.nodes[k]
            when[task.nodes[k]] = 0
        note_step(tally, column, 0, tail)
        while step < max_steps:
            level = tail
            if step == 0:
                for node in range(n):
                    if when[node] < 0 and need[node] <= 0:
                        when[node] = 1
                        queue[tail] = node
                        tail += 1
            queue[head:level].sort()
            while head < level:
                node = queue[head]
                head += 1
                for arc in range(indptr[node], indptr[node + 1]):
                    target = targets[arc]
                    total[target] += I8(1) if is_counted else gain[arc]
                    if when[target] < 0 and total[target] >= need[target]:
                        when[target] = step + 1
                        whom[target] = node
                        queue[tail] = target
                        tail += 1
            if tail == level:
                break
            step += 1
            note_step(tally, column, step, tail)
        note_end(tally, 0, column, step, tail)
