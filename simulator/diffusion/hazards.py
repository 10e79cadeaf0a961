"""Adoption by hazard: every step each node adopts with a probability that grows with its adopted neighbors.

Two forms, which differ and are never mixed. With k adopted arcs into a node out of d,

* product: 1 - (1 - p)(1 - q)^k, independent chances of innovation p and of each neighbor q;
* fraction: p + q k / d, innovation p and imitation q of Bass.

A node adopts when the hazards -ln(1 - P) that it has met add up to more than its *resistance*, an
exponential number of mean 1: the same law as a coin with chance P at every step, with one draw a node.

References
----------
Bass (1969), A new product growth for model consumer durables. Management Science 15(5), 215-227.
Goldenberg, Libai & Muller (2001), Talk of the network. Marketing Letters 12(3), 211-223.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel, part, subframe
from simulator.diffusion.draws import adoption_uniform, cause_uniform, fill_resistances
from simulator.diffusion.tally import AHEAD, MANY_NODES, note_end, note_step, touch

F = np.float32
I4 = np.int32
I8 = np.int64
U4 = np.uint32
U8 = np.uint64
#: Nodes are visited in blocks of so many; one word of eight flags at a time is looked at.
BLOCK = 256
_BLOCK = U8(BLOCK)
_EIGHT = U8(8)
_ONE = U8(1)
_NONE = U8(0)
_ZERO = F(0.0)
_INFINITE = F(np.inf)
_HALF = U8(32)
#: In 32 bits, the number of adopted arcs takes the lower twelve, the sum of their steps the others.
_PART = U8(12)
_LOW_PART = U8(4095)
_MOST_STEPS = 2**20
#: Those who are left are listed once they are one in so many.
_FEW = 4
_SIXTY_FOUR = U8(64)
#: Gathers the lowest bits of eight bytes in the highest byte.
_TO_BITS = U8(0x0102040810204080)
_TOP, _TOP_SIX = U8(56), U8(58)
#: A sequence of 64 bits in which every six in a row differ, and which place each six is at.
_DE_BRUIJN = U8(0x03F79D71B4CB0A89)
_PLACES = np.zeros(64, np.uint8)
_PLACES[[((0x03F79D71B4CB0A89 << k) % 2**64) >> 58 for k in range(64)]] = range(64)
#: Above so many in a block all flags are gone through, without a branch.
_MANY = 12


class Alike(NamedTuple):
    """Hazards of the product form where every arc has the same.

    Parameters
    ----------
    innovation, imitation : float32
        -ln(1 - p) and -ln(1 - q): hazard of a step, and of a step and an adopted arc.
    """

    innovation: Any
    imitation: Any


class Hazards(NamedTuple):
    """Chances of adoption in general.

    Parameters
    ----------
    p : float64
        Chance of innovation in a step.
    q : ndarray of float64, shape (n_arcs,) or (1,)
        Chance of each arc (product), or the coefficient of imitation (fraction).
    indegree : ndarray of float64, shape (n_nodes,)
        Number of arcs into each node.
    is_fraction : bool
        The form.
    by_step : bool
        Fraction alone: whether every step has a draw of its own, instead of one resistance for each node.
    """

    p: float
    q: NDArray[np.float64]
    indegree: NDArray[np.float64]
    is_fraction: bool
    by_step: bool


@subframe
def _start(task: Any, seed_set: Any, resistances: Any, active: Any, when: Any) -> Any:
    """Make the seeds of a set, which ascend, active and list them; return how many."""
    first = task.starts[seed_set]
    n_seeds = task.starts[seed_set + 1] - first
    for k in range(n_seeds):
        node = task.nodes[first + k]
        active[k] = node
        resistances[node] = _INFINITE
        if when.size > 0:
            when[node] = 0
    return n_seeds


def is_narrow(most_arcs: int, max_steps: int) -> bool:
    """Return whether the number of adopted arcs into a node, and the sum of their steps, fit into 32 bits.

    Parameters
    ----------
    most_arcs : int
        The largest indegree.
    max_steps : int
        Steps to run at most.
    """
    return most_arcs <= int(_LOW_PART) and most_arcs * max_steps < _MOST_STEPS


@part
def _exposure(met: Any, now: Any, wide: Any) -> Any:
    """Return over how many steps, summed over adopted arcs, a node has been exposed by step ``now``."""
    if wide is None:
        return I4(U4(U4(met & _LOW_PART) * now) - U4(met >> _PART))
    return I4(U4(U4(met) * now) - U4(met >> _HALF))


@subframe
def _adopt(state: Any, wide: Any, now: Any, base: Any, each: Any, active: Any, tail: Any) -> Any:
    """List those whose exposure up to a step exceeds their resistance, ascending; return the list's new length."""
    met, resistances, flags, words, alive = state
    tail = U8(tail)
    for block in range(U8(alive.size)):
        if alive[block] == 0:
            continue
        n_here = I4(0)
        first = block * _BLOCK
        for k in range(_BLOCK):
            adopts = np.uint8(base + each * F(_exposure(met[first + k], now, wide)) > resistances[first + k])
            flags[k] = adopts
            n_here += I4(adopts)
        if n_here == 0:
            continue
        alive[block] -= n_here
        old = tail
        for quarter in range(_BLOCK // _SIXTY_FOUR):
            bits = _NONE
            for word in range(_EIGHT):
                bits |= ((words[quarter * _EIGHT + word] * _TO_BITS) >> _TOP) << (word * _EIGHT)
            start = first + quarter * _SIXTY_FOUR
            while bits != _NONE:
                lowest = bits & (~bits + _ONE)
                active[tail] = start + _PLACES[(lowest * _DE_BRUIJN) >> _TOP_SIX]
                tail += _ONE
                bits ^= lowest
        for k in range(old, tail):
            resistances[active[k]] = _INFINITE
    return I8(tail)


@subframe
def _adopt_among(
    few: Any, n_few: Any, state: Any, wide: Any, now: Any, base: Any, each: Any, active: Any, tail: Any
) -> Any:
    """As ``_adopt``, among the listed few who are left; return the lengths of both lists."""
    met, resistances = state[0], state[1]
    kept, tail = U8(0), U8(tail)
    for k in range(U8(n_few)):
        node = few[k]
        adopts = U8(base + each * F(_exposure(met[node], now, wide)) > resistances[node])
        active[tail] = node
        few[kept] = node
        tail += adopts
        kept += adopts ^ _ONE
    return I8(tail), I8(kept)


@subframe
def _expose(rows: Any, active: Any, head: Any, tail: Any, step: Any, met: Any, wide: Any) -> None:
    """Let those who adopted in a step expose their neighbors from then on."""
    indptr, targets = rows.indptr, rows.targets
    arrival = met.dtype.type((U8(step) << (_PART if wide is None else _HALF)) | _ONE)
    is_large = indptr.size > MANY_NODES and targets.size > 0
    begin, tail = U8(head), U8(tail)
    while begin < tail:
        end = min(begin + AHEAD, tail)
        if is_large:
            active[active.size - 1] = touch(rows, active, begin, end)
        for k in range(begin, end):
            node = U8(active[k])
            for arc in range(indptr[node], indptr[node + _ONE]):
                met[targets[arc]] += arrival
        begin = end


@subframe
def _list_left(resistances: Any, n: Any, few: Any) -> Any:
    """List all who have not adopted, ascending; return how many."""
    n_few = U8(0)
    for node in range(U8(n)):
        few[n_few] = node
        n_few += U8(resistances[node] < _INFINITE)
    return I8(n_few)


@kernel
def run_alike(rows: Any, hazards: Any, wide: Any, task: Any, tally: Any, at: Any) -> None:
    """Run replicates of the product form with equal arcs, with drawn resistances.

    Exposure is counted in whole numbers: a node that has met K adopted arcs in t steps has met the hazard
    t innovation + K imitation. An arc that adopted in step s adds t - s to K, so a node holds the number of
    adopted arcs and the sum of their steps, and nothing is written while nothing happens. Once few are
    left, they are listed, and nobody else is looked at.

    Parameters
    ----------
    rows : Rows
        The graph.
    hazards : Alike
        Hazards.
    wide : bool or None
        None where both numbers fit into 32 bits (:func:`is_narrow`); anything else takes 64.
    task : Task
        Which replicates, from which seeds.
    tally : Tally
        Filled in.
    at : ndarray of int32, shape (n_columns, n_nodes) or (0, 0)
        Step of activation, -1 for none, if wanted.
    """
    innovation, imitation = hazards.innovation, hazards.imitation
    max_steps, n = task.max_steps, rows.indptr.size - 1
    n_blocks = (n + BLOCK - 1) // BLOCK
    words, drawn = np.empty(4 * ((n + 3) // 4), np.uint32), np.full(n_blocks * BLOCK, _INFINITE, np.float32)
    resistances = np.full(n_blocks * BLOCK, _INFINITE, np.float32)
    met = np.empty(n_blocks * BLOCK, np.uint32 if wide is None else np.uint64)
    alive = np.empty(n_blocks, np.int32)
    flags = np.zeros(BLOCK, np.uint8)
    state = (met, resistances, flags, flags.view(np.uint64), alive)
    active, few = np.empty(n + BLOCK, np.uint32), np.empty(n + 1, np.uint32)
    no_times = np.empty(0, np.int32)
    for column in range(task.begin, task.end):
        if task.halt[0]:
            break
        fill_resistances(n, task.seed, U4(task.first + column), words, drawn)
        for seed_set in range(task.starts.size - 1):
            for node in range(U8(resistances.size)):
                resistances[node] = drawn[node]
                met[node] = 0
            for block in range(n_blocks):
                alive[block] = BLOCK
            alive[n_blocks - 1] = n - (n_blocks - 1) * BLOCK
            when = at[column - task.begin] if at.shape[0] > 0 else no_times
            for node in range(when.size):
                when[node] = -1
            tail = _start(task, seed_set, resistances, active, when)
            for k in range(tail):
                alive[active[k] // _BLOCK] -= 1
            note_step(tally, column, 0, tail)
            step, head, n_few = 0, 0, I8(-1)
            while step < max_steps and tail < n:
                _expose(rows, active, head, tail, step, met, wide)
                head = tail
                if innovation == _ZERO and not _is_anyone_exposed(met, resistances):
                    break
                step += 1
                base = F(innovation * F(step))
                if n_few < 0 and (n - tail) * _FEW <= n:
                    n_few = _list_left(resistances, n, few)
                if n_few < 0:
                    tail = _adopt(state, wide, U4(step), base, imitation, active, tail)
                else:
                    tail, n_few = _adopt_among(
                        few, n_few, state, wide, U4(step), base, imitation, active, tail
                    )
                if when.size > 0:
                    for k in range(head, tail):
                        when[active[k]] = step
                note_step(tally, column, step, tail)
            note_end(tally, seed_set, column, step, tail)


@kernel
def run_hazards(rows: Any, hazards: Any, task: Any, tally: Any, at: Any) -> None:
    """Run replicates of either form with any chances; parameters as for :func:`run_alike`.

    Parameters
    ----------
    rows : Rows
        The graph.
    hazards : Hazards
        Chances.
    task : Task
        Which replicates, from which seeds.
    tally : Tally
        Filled in.
    at : ndarray of int32, shape (n_columns, n_nodes) or (0, 0)
        Step of activation, -1 for none, if wanted.
    """
    indptr, targets, max_steps, seed = rows.indptr, rows.targets, task.max_steps, task.seed
    p, q, indegree, is_fraction, by_step = (
        hazards.p,
        hazards.q,
        hazards.indegree,
        hazards.is_fraction,
        hazards.by_step,
    )
    n = indptr.size - 1
    words, drawn = np.empty(4 * ((n + 3) // 4), np.uint32), np.zeros(n, np.float32)
    # product: the chance to stay as one is; fraction: adopted arcs
    state, met, hazard = np.empty(n), np.empty(n), np.empty(n)
    resistances, active = np.empty(n, np.float32), np.empty(n + 1, np.uint32)
    no_times = np.empty(0, np.int32)
    for column in range(task.begin, task.end):
        if task.halt[0]:
            break
        replicate = U4(task.first + column)
        if not by_step:
            fill_resistances(n, seed, replicate, words, drawn)
        for seed_set in range(task.starts.size - 1):
            resistances[:] = drawn
            state[:] = 0.0 if is_fraction else 1.0 - p
            hazard[:] = -math.log1p(-p) if p < 1.0 else np.inf
            met[:] = 0.0
            when = at[column - task.begin] if at.shape[0] > 0 else no_times
            when[:] = -1
            tail = _start(task, seed_set, resistances, active, when)
            note_step(tally, column, 0, tail)
            step, head = 0, 0
            while step < max_steps and tail < n:
                for k in range(head, tail):
                    node = U8(active[k])
                    for arc in range(indptr[node], indptr[node + _ONE]):
                        target = targets[arc]
                        if is_fraction:
                            state[target] += 1.0
                            chance = p + q[0] * state[target] / indegree[target]
                        else:
                            state[target] *= 1.0 - q[arc if q.size > 1 else _NONE]
                            chance = 1.0 - state[target]
                        hazard[target] = -math.log1p(-chance) if chance < 1.0 else np.inf
                head = tail
                step += 1
                is_open = False
                for node in range(U8(n)):
                    if resistances[node] == _INFINITE:
                        continue
                    is_open = is_open or hazard[node] > 0.0
                    if by_step:
                        chance = p + q[0] * state[node] / max(indegree[node], 1.0)
                        adopts = adoption_uniform(node, step, seed, replicate) < chance
                    else:
                        met[node] += hazard[node]
                        adopts = met[node] > resistances[node]
                    if adopts:
                        active[tail] = node
                        tail += 1
                        resistances[node] = _INFINITE
                        if when.size > 0:
                            when[node] = step
                if not is_open:
                    step -= 1
                    break
                note_step(tally, column, step, tail)
            note_end(tally, seed_set, column, step, tail)


@kernel
def ascribe(
    into: Any, sources: Any, arcs: Any, shares: Any, innovation: Any, seed: Any, first: Any, at: Any, by: Any
) -> None:
    """Ascribe each adoption to innovation or to one neighbor, in proportion to their shares of the hazard.

    Parameters
    ----------
    into : ndarray of int64, shape (n_nodes + 1,)
        Where the arcs into each node start.
    sources : ndarray of int32, shape (n_arcs,)
        Where these arcs come from.
    arcs : ndarray of int64, shape (n_arcs,)
        Their numbers.
    shares : ndarray of float64, shape (n_arcs,) or (1,)
        Hazard of each arc, by its number.
    innovation : ndarray of float64, shape (n_nodes,)
        Hazard of innovation, in the same unit.
    seed, first : uint32, int64
        Seed, and the replicate of the first row.
    at : ndarray of int32, shape (n_columns, n_nodes)
        Step of activation.
    by : ndarray of int32, shape (n_columns, n_nodes)
        Filled in: the neighbor, or -1 for innovators, seeds and those not active.
    """
    for column in range(at.shape[0]):
        for node in range(into.size - 1):
            by[column, node] = -1
            step = at[column, node]
            if step <= 0:
                continue
            total = innovation[node]
            for k in range(into[node], into[node + 1]):
                if 0 <= at[column, sources[k]] < step:
                    total += shares[arcs[k] if shares.size > 1 else 0]
            rest = cause_uniform(node, seed, U4(first + column)) * total - innovation[node]
            if rest < 0.0:
                continue
            for k in range(into[node], into[node + 1]):
                if 0 <= at[column, sources[k]] < step:
                    by[column, node] = sources[k]
                    rest -= shares[arcs[k] if shares.size > 1 else 0]
                    if rest < 0.0:
                        break


@subframe
def _is_anyone_exposed(met: Any, resistances: Any) -> Any:
    """Return whether anyone who has not adopted has an adopted neighbor."""
    for node in range(U8(met.size)):  # noqa: SIM110
        if met[node] != 0 and resistances[node] < _INFINITE:
            return True
    return False
