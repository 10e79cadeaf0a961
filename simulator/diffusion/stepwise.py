"""Adoption with a draw of its own for every step, consumer and tie, at the addresses of the market's draws.

The product form, 1 - (1 - p)(1 - q)^k, is what happens when a node notices innovation with chance p and hears
of it from each of k adopted neighbors with chance q, all apart. Here each of these events has its own draw,
and it stands where the market model draws the same event: innovation at the ``notice`` of the first line of
the brand with id 1 on the channel with id 0, talk at the ``tie`` from the adopted neighbor, sent in the step
before it is heard. A market in which whoever hears of a durable buys it, and owners always talk, therefore
adopts in the same steps, consumer by consumer, under the same seed and replicate. So does one in which buyers
alone talk, against an independent cascade: there an arc's coin is what its source says in the step in which
it becomes active, seeds as those who were given the product.

References
----------
Goldenberg, Libai & Muller (2001), Talk of the network. Marketing Letters 12(3), 211-223.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel, rule
from simulator.diffusion.rows import Arcs, by_row
from simulator.diffusion.tally import note_end, note_step
from simulator.model.draws import NOTICE, SEED_OCCURRENCE, TIE, dense_uniform, sparse_uniforms, tail

U4 = np.uint32
U8 = np.uint64
_CHANNEL = U4(0)
_BRAND = U4(1)
_SLOT = U4(0)
_ONE = U4(1)
_TWO = U4(2)
_FIRST = U8(0)
_AS_SEED = U4(SEED_OCCURRENCE)


class Chances(NamedTuple):
    """Chances of single events in a step.

    Parameters
    ----------
    p : float64
        Chance of innovation; not for cascades.
    q : ndarray of float64, shape (n_arcs,) or (1,)
        Chance of hearing, for each arc.
    occurrence : ndarray of uint32, shape (n_arcs,) or (1,)
        How many arcs between the same ends, in the same direction, come before.
    """

    p: float
    q: NDArray[np.float64]
    occurrence: NDArray[np.uint32]


def occurrences(graph: Arcs) -> NDArray[np.uint32]:
    """Return of each arc how many parallel arcs come before it; one 0 where there are none.

    Parameters
    ----------
    graph : Arcs
        The graph.
    """
    order = by_row(graph.targets, graph.sources, graph.n_nodes)
    sources, targets = graph.sources[order], graph.targets[order]
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = (sources[1:] != sources[:-1]) | (targets[1:] != targets[:-1])
    if is_first.all():
        return np.zeros(1, dtype=np.uint32)
    place = np.arange(len(order))
    found = np.empty(len(order), dtype=np.uint32)
    found[order] = place - np.maximum.accumulate(np.where(is_first, place, 0))
    return found


@rule("f4(u4, u4, u4, u4)")
def innovation_uniform(node: Any, step: Any, seed: Any, replicate: Any) -> Any:
    """Return the uniform number with which a node notices innovation in a step, from 1."""
    word = tail(NOTICE, _BRAND, _SLOT)
    return dense_uniform(U4(node), _CHANNEL, U4(U4(step) - _ONE), word, U4(seed), U4(replicate))


@rule("f4(u4, u4, u4, u4, u4, u4)")
def talk_uniform(source: Any, target: Any, occurrence: Any, said: Any, seed: Any, replicate: Any) -> Any:
    """Return the uniform number with which what is said in one of the market's steps is heard on an arc."""
    word = tail(TIE, _BRAND, U4(occurrence))
    return sparse_uniforms(U4(source), U4(target), U4(said), word, U4(seed), U4(replicate))[0]


@kernel
def run_stepwise(rows: Any, chances: Any, task: Any, tally: Any, at: Any) -> None:
    """Run replicates of the product form with a draw for every event; parameters as for ``run_hazards``.

    Parameters
    ----------
    rows : Rows
        The graph.
    chances : Chances
        Chances of the events.
    task : Task
        Which replicates, from which seeds.
    tally : Tally
        Filled in.
    at : ndarray of int32, shape (n_columns, n_nodes) or (1, n_nodes)
        Step of activation, -1 for none; one row is used over and over.
    """
    indptr, targets, p, q, occurrence = rows.indptr, rows.targets, chances.p, chances.q, chances.occurrence
    n, seed = indptr.size - 1, task.seed
    active = np.empty(n + 1, np.uint32)
    for column in range(task.begin, task.end):
        if task.halt[0]:
            break
        replicate = U4(task.first + column)
        when = at[column - task.begin if at.shape[0] > 1 else 0]
        for seed_set in range(task.starts.size - 1):
            when[:] = -1
            n_active = 0
            for k in range(task.starts[seed_set], task.starts[seed_set + 1]):
                active[n_active] = task.nodes[k]
                when[active[n_active]] = 0
                n_active += 1
            note_step(tally, column, 0, n_active)
            step = 0
            while step < task.max_steps and n_active < n:
                step += 1
                before, is_open = n_active, p > 0.0
                # in the market's steps, which start from 0, and in the step before
                said = U4(U4(step) - _TWO)
                for k in range(before):
                    node = active[k]
                    for arc in range(indptr[node], indptr[U8(node) + U8(1)]):
                        target = targets[arc]
                        chance = q[arc if q.size > 1 else _FIRST]
                        if when[target] >= 0 or chance <= 0.0:
                            continue
                        is_open = True
                        parallel = occurrence[arc if occurrence.size > 1 else _FIRST]
                        if talk_uniform(node, target, parallel, said, seed, replicate) < chance:
                            when[target] = step
                            active[n_active] = target
                            n_active += 1
                if p > 0.0:
                    for node in range(n):
                        if when[node] < 0 and innovation_uniform(U4(node), U4(step), seed, replicate) < p:
                            when[node] = step
                            active[n_active] = node
                            n_active += 1
                if not is_open:
                    step -= 1
                    break
                note_step(tally, column, step, n_active)
            note_end(tally, seed_set, column, step, n_active)


@kernel
def run_stepwise_cascades(rows: Any, chances: Any, task: Any, tally: Any, at: Any, by: Any) -> None:
    """Run cascades whose coins depend on the step in which they are tossed; parameters as for ``trace_cascades``.

    Parameters
    ----------
    rows : Rows
        The graph.
    chances : Chances
        Chances of the arcs.
    task : Task
        Which replicates, from which seeds.
    tally : Tally
        Filled in.
    at, by : ndarray of int32, shape (n_columns, n_nodes) or (1, n_nodes)
        Step of activation and who caused it, -1 for none; one row is used over and over.
    """
    indptr, targets, q, occurrence = rows.indptr, rows.targets, chances.q, chances.occurrence
    queue = np.empty(indptr.size, np.uint32)
    for column in range(task.begin, task.end):
        if task.halt[0]:
            break
        replicate, row = U4(task.first + column), column - task.begin
        when, whom = at[row if at.shape[0] > 1 else 0], by[row if at.shape[0] > 1 else 0]
        for seed_set in range(task.starts.size - 1):
            when[:] = -1
            whom[:] = -1
            head, n_active, step = 0, 0, 0
            for k in range(task.starts[seed_set], task.starts[seed_set + 1]):
                queue[n_active] = task.nodes[k]
                when[queue[n_active]] = 0
                n_active += 1
            note_step(tally, column, 0, n_active)
            while head < n_active and step < task.max_steps:
                level = n_active
                queue[head:level].sort()
                own = _AS_SEED if step == 0 else _SLOT
                while head < level:
                    node = queue[head]
                    head += 1
                    for arc in range(indptr[node], indptr[U8(node) + U8(1)]):
                        target = targets[arc]
                        if when[target] >= 0:
                            continue
                        parallel = U4(occurrence[arc if occurrence.size > 1 else _FIRST] + own)
                        coin = talk_uniform(node, target, parallel, U4(step), task.seed, replicate)
                        if coin < q[arc if q.size > 1 else _FIRST]:
                            when[target] = step + 1
                            whom[target] = node
                            queue[n_active] = target
                            n_active += 1
                if n_active == level:
                    break
                step += 1
                note_step(tally, column, step, n_active)
            note_end(tally, seed_set, column, step, n_active)
