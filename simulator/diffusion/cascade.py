"""Independent cascades: each new adopter tries once, in the next step, each neighbor not yet active.

An arc's attempt succeeds when its coin is below the arc's probability. Since an arc is tried at most once,
all coins can be seen as tossed beforehand: the active nodes are those that live arcs reach from the seeds,
and the step of each is its distance.

References
----------
Goldenberg, Libai & Muller (2001), Talk of the network. Marketing Letters 12(3), 211-223.
Kempe, Kleinberg & Tardos (2003), Maximizing the spread of influence through a social network. KDD'03.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel, subframe
from simulator.diffusion.draws import COIN_VALUES, coin_block, draw_live, lower_bits
from simulator.diffusion.tally import AHEAD, MANY_NODES, note_end, note_step, touch, touch_flags

U4 = np.uint32
U8 = np.uint64
_THREE = U8(3)
_ONE = U8(1)
_ALL = U8(0xFFFFFFFFFFFFFFFF)
#: All coins are tossed beforehand where more than one arc in so many was tried in the last replicate.
_SHARE_TRIED = 7


class Chances(NamedTuple):
    """Probabilities of the arcs in units of 2^-48.

    Parameters
    ----------
    upper, lower : ndarray of uint32, shape (n_arcs,) or (1,)
        What a coin's upper 16 and lower 32 bits must be below; ``upper`` is 65,536 where certain.
    mask : uint64
        All ones where each arc has a value, 0 where all share one.
    """

    upper: NDArray[np.uint32]
    lower: NDArray[np.uint32]
    mask: np.uint64


def chances(probability: NDArray[np.float64]) -> Chances:
    """Return probabilities, one for all arcs or one for each, as kernels compare them with coins."""
    whole = np.ceil(probability * COIN_VALUES).astype(np.uint64)
    upper, lower = (whole >> U8(32)).astype(np.uint32), (whole & U8(0xFFFFFFFF)).astype(np.uint32)
    return Chances(upper, lower, _ALL if len(whole) > 1 else U8(0))


@subframe
def _enter(task: Any, seed_set: Any, queue: Any, idle: Any) -> Any:
    """Put a seed set in the queue and return its size."""
    first = task.starts[seed_set]
    n_seeds = task.starts[seed_set + 1] - first
    for k in range(n_seeds):
        node = task.nodes[first + k]
        queue[k] = node
        idle[node] = np.uint8(0)
    return n_seeds


@subframe
def _reach(
    rows: Any, live: Any, n_seeds: Any, task: Any, queue: Any, idle: Any, column: Any, tally: Any
) -> Any:
    """Follow live arcs from the seeds in the queue; return nodes reached, last step and arcs tried."""
    indptr, targets, max_steps = rows.indptr, rows.targets, task.max_steps
    head, tail, step = U8(0), U8(n_seeds), 0
    n_tried, ahead = U8(0), U8(0)
    is_large = indptr.size > MANY_NODES and targets.size > 0
    while head < tail and step < max_steps:
        level = tail
        while head < level:
            if is_large and head == ahead:
                ahead = min(head + AHEAD, level)
                seen = touch(rows, queue, head, ahead)
                queue[queue.size - 1] = seen ^ touch_flags(rows, live, queue, head, ahead)
            node = U8(queue[head])
            head += _ONE
            start, stop = indptr[node], indptr[node + _ONE]
            n_tried += stop - start
            for arc in range(start, stop):
                target = targets[arc]
                was_idle = idle[target]
                is_new = live[arc] & was_idle
                queue[tail] = target
                idle[target] = was_idle ^ is_new
                tail += U8(is_new)
        if tail == level:
            break
        step += 1
        note_step(tally, column, step, np.int64(tail))
    return np.int64(tail), step, np.int64(n_tried)


@subframe
def _try_arcs(
    rows: Any, chances: Any, replicate: Any, n_seeds: Any, task: Any, room: Any, column: Any, tally: Any
) -> Any:
    """As ``_reach``, but toss the coins of an active node's arcs when it is their turn."""
    queue, idle, words, coins = room
    indptr, targets, max_steps, seed = rows.indptr, rows.targets, task.max_steps, task.seed
    upper, lower, mask = chances.upper, chances.lower, chances.mask
    head, tail, step = U8(0), U8(n_seeds), 0
    n_tried, ahead = U8(0), U8(0)
    is_large = indptr.size > MANY_NODES and targets.size > 0
    while head < tail and step < max_steps:
        level = tail
        while head < level:
            if is_large and head == ahead:
                ahead = min(head + AHEAD, level)
                queue[queue.size - 1] = touch(rows, queue, head, ahead)
            node = U8(queue[head])
            head += _ONE
            start, stop = indptr[node], indptr[node + _ONE]
            if start == stop:
                continue
            n_tried += stop - start
            for block in range(start >> _THREE, ((stop - _ONE) >> _THREE) + _ONE):
                words[block << _ONE], words[(block << _ONE) | _ONE] = coin_block(block, seed, replicate)
            for arc in range(start, stop):
                coin, limit = U4(coins[arc]), upper[arc & mask]
                succeeds = np.uint8(coin < limit)
                if coin == limit:
                    succeeds = np.uint8(lower_bits(arc, seed, replicate) < lower[arc & mask])
                target = targets[arc]
                was_idle = idle[target]
                is_new = succeeds & was_idle
                queue[tail] = target
                idle[target] = was_idle ^ is_new
                tail += U8(is_new)
        if tail == level:
            break
        step += 1
        note_step(tally, column, step, np.int64(tail))
    return np.int64(tail), step, np.int64(n_tried)


@kernel
def run_cascades(rows: Any, chances: Any, task: Any, tally: Any) -> None:
    """Run replicates with drawn coins, from each seed set with the same coins.

    Parameters
    ----------
    rows : Rows
        The graph.
    chances : Chances
        Probabilities of its arcs.
    task : Task
        Which replicates, from which seeds.
    tally : Tally
        Filled in.
    """
    n, n_arcs = rows.indptr.size - 1, rows.targets.size
    queue, idle = np.empty(n + 2, np.uint32), np.ones(n, np.uint8)
    words = np.empty(2 * ((n_arcs + 7) // 8), np.uint64)
    coins, live = words.view(np.uint16), np.empty(n_arcs, np.uint8)
    is_dense = False
    for column in range(task.begin, task.end):
        if task.halt[0]:
            break
        replicate = U4(task.first + column)
        if is_dense:
            draw_live(chances.upper, chances.lower, chances.mask, task.seed, replicate, words, live)
        n_tried = 0
        for seed_set in range(task.starts.size - 1):
            n_seeds = _enter(task, seed_set, queue, idle)
            note_step(tally, column, 0, n_seeds)
            if is_dense:
                size, last, tried = _reach(rows, live, n_seeds, task, queue, idle, column, tally)
            else:
                room = (queue, idle, words, coins)
                size, last, tried = _try_arcs(rows, chances, replicate, n_seeds, task, room, column, tally)
            note_end(tally, seed_set, column, last, size)
            n_tried += tried
            for k in range(U8(size)):
                idle[queue[k]] = np.uint8(1)
        is_dense = _SHARE_TRIED * n_tried > n_arcs


@kernel
def trace_cascades(rows: Any, live: Any, task: Any, tally: Any, at: Any, by: Any) -> None:
    """Run replicates on given live arcs, and note when and by whom each node became active.

    The active nodes of a step act in ascending order; a node is activated by the first who succeeds.

    Parameters
    ----------
    rows : Rows
        The graph.
    live : ndarray of uint8, shape (n_columns, n_arcs) or (1, n_arcs)
        1 on arcs whose attempt would succeed; the row of column ``task.begin`` comes first.
    task : Task
        Which replicates, from the first seed set.
    tally : Tally
        Filled in.
    at, by : ndarray of int32, shape (n_columns, n_nodes) or (1, n_nodes)
        Step of activation and who caused it, -1 for none; one row is used over and over.
    """
    indptr, targets, max_steps = rows.indptr, rows.targets, task.max_steps
    queue = np.empty(indptr.size, np.uint32)
    for column in range(task.begin, task.end):
        if task.halt[0]:
            break
        row = column - task.begin
        lives = live[row if live.shape[0] > 1 else 0]
        when, whom = at[row if at.shape[0] > 1 else 0], by[row if at.shape[0] > 1 else 0]
        when[:] = -1
        whom[:] = -1
        head, tail, step = 0, task.starts[1], 0
        for k in range(tail):
            queue[k] = task.nodes[k]
            when[task.nodes[k]] = 0
        note_step(tally, column, 0, tail)
        while head < tail and step < max_steps:
            level = tail
            queue[head:level].sort()
            while head < level:
                node = queue[head]
                head += 1
                for arc in range(indptr[node], indptr[node + 1]):
                    target = targets[arc]
                    if lives[arc] and when[target] < 0:
                        when[target] = step + 1
                        whom[target] = node
                        queue[tail] = target
                        tail += 1
            if tail == level:
                break
            step += 1
            note_step(tally, column, step, tail)
        note_end(tally, 0, column, step, tail)
