"""One large market on several threads, with the bits that one thread gives.

Within a step, chunks of consumers act independently of each other: whatever they read of others is last
step's. What a chunk decided is settled in the order of chunks by one thread, while others act on later
chunks. Each chunk that acts has scratch memory, counts and brands' books of its own, whose changes are added
up in whole numbers; so neither the number of threads nor their pace shows in the result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from simulator.compiled import call_at, frame
from simulator.engines.numba_engine.layout import CHUNK, N_MOVES, N_ORDERS, State, Work


class Slot(NamedTuple):
    """What one chunk needs to act by itself."""

    work: Work
    counts: np.ndarray  # int64 [T, J, series]
    books: np.ndarray  # int64 [J, columns]


@frame
def act_at(
    acting: Any, t: Any, begins: Any, first: Any, last: Any, k0: Any, k1: Any,
    m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, counts: Any,
) -> None:  # fmt: skip
    """Let some blocks act; ``acting`` is the address of :func:`simulator.engines.numba_engine.step.act`."""
    call_at(acting, (t, begins, first, last, k0, k1, m, p, g, on, s, w, counts))


@frame
def settle_at(
    settling: Any, t: Any, first: Any, last: Any, is_last: Any, k0: Any, k1: Any,
    m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, counts: Any,
) -> None:  # fmt: skip
    """Settle what is listed; ``settling`` is the address of :func:`simulator.engines.numba_engine.step.settle`."""
    call_at(settling, (t, first, last, is_last, k0, k1, m, p, g, on, s, w, counts[t]))


@frame
def absorb(w: Any, chunk: Any) -> None:
    """Move what a chunk has left for the end of the step to the memory in which the step ends."""
    at = w.n[N_MOVES]
    for n in range(chunk.n[N_MOVES]):
        for row in range(w.move.shape[0]):
            w.move[row, at + n] = chunk.move[row, n]
    w.n[N_MOVES] = at + chunk.n[N_MOVES]
    chunk.n[N_MOVES] = 0
    at = w.n[N_ORDERS]
    for n in range(chunk.n[N_ORDERS]):
        for row in range(w.order.shape[0]):
            w.order[row, at + n] = chunk.order[row, n]
        for row in range(w.order_value.shape[0]):
            w.order_value[row, at + n] = chunk.order_value[row, n]
    w.n[N_ORDERS] = at + chunk.n[N_ORDERS]
    chunk.n[N_ORDERS] = 0


class LargeRun:
    """A replicate that is run chunk by chunk on several threads.

    Parameters
    ----------
    halves : tuple of int
        Addresses of the two halves of a step.
    key : tuple of uint32
        Seed and replicate.
    given : tuple
        Terms, parameters, graph, switches, state and scratch memory.
    counts : ndarray, int64 [steps, brands, series]
        Added to.
    slots : sequence of Slot
        At least twice as many as there are threads.
    """

    def __init__(
        self,
        halves: tuple[int, int],
        key: tuple[Any, Any],
        given: tuple[Any, ...],
        counts: np.ndarray,
        slots: Sequence[Slot],
    ) -> None:
        self.acting, self.settling = halves
        self.key = key
        self.fixed = given[:4]
        self.state: State = given[4]
        self.work: Work = given[5]
        self.counts = counts
        self.slots = slots
        n_blocks = self.state.values.shape[0]
        self.chunks = [(first, min(first + CHUNK, n_blocks)) for first in range(0, n_blocks, CHUNK)]

    def run(self, n_threads: int) -> None:
        """Run all steps on so many threads, this one included."""
        with ThreadPoolExecutor(max(1, n_threads - 1)) as pool:
            for step in range(self.counts.shape[0]):
                self._run_step(step, pool, n_threads - 1)
        for slot in self.slots:
            self.counts += slot.counts

    def _run_step(self, step: int, pool: ThreadPoolExecutor, n_others: int) -> None:
        self._act(step, (0, 0), self.state, self.work, self.counts, begins=True)
        self._settle(step, (0, 0), self.work, is_last=False)
        books = self.state.books.copy()
        free = list(self.slots)
        waiting = deque(self.chunks)
        acted: deque[tuple[Future[None], Slot, tuple[int, int]]] = deque()
        while waiting or acted:
            # one slot is left for this thread, and no helper runs out of chunks while it settles one
            while waiting and len(free) > 1 and sum(not done.done() for done, _, _ in acted) < 2 * n_others:
                slot = free.pop()
                chunk = waiting.popleft()
                acted.append((pool.submit(self._act_apart, step, chunk, slot, books), slot, chunk))
            if waiting and free and not (acted and acted[0][0].done()):
                slot = free.pop()
                done: Future[None] = Future()
                chunk = waiting.popleft()
                self._act_apart(step, chunk, slot, books)
                done.set_result(None)
                acted.append((done, slot, chunk))
                continue
            done, slot, chunk = acted.popleft()
            done.result()
            self._settle(step, chunk, slot.work, is_last=False)
            absorb(self.work, slot.work)
            self.state.books[...] += slot.books - books
            free.append(slot)
        # the end of a step reads what was counted in it; pieces of content also count in earlier steps, added in the end
        for slot in self.slots:
            self.counts[step] += slot.counts[step]
            slot.counts[step] = 0
        n_blocks = self.state.values.shape[0]
        self._settle(step, (n_blocks, n_blocks), self.work, is_last=True)

    def _act_apart(self, step: int, chunk: tuple[int, int], slot: Slot, books: np.ndarray) -> None:
        slot.books[...] = books
        self._act(step, chunk, self.state._replace(books=slot.books), slot.work, slot.counts, begins=False)

    def _act(
        self, step: int, chunk: tuple[int, int], state: State, work: Work, counts: np.ndarray, *, begins: bool
    ) -> None:
        act_at(self.acting, step, begins, *chunk, *self.key, *self.fixed, state, work, counts)

    def _settle(self, step: int, chunk: tuple[int, int], work: Work, *, is_last: bool) -> None:
        settle_at(self.settling, step, *chunk, is_last, *self.key, *self.fixed, self.state, work, self.counts)
