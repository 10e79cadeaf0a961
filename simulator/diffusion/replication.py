"""Replicates on threads: whole chunks at a time, counted in whole numbers, the same on any number of threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion.arguments import Asked
from simulator.diffusion.processes import Process
from simulator.diffusion.tally import UNBOUNDED, Task, new_tally
from simulator.errors import EngineError

_FIRST_STEPS = 256
_MOST_IN_CHUNK = 512
_CHUNKS_EACH = 4
#: Bytes that a chunk of traced replicates may take.
_CHUNK_BYTES = 1 << 26
#: Steps after which a hazard without ``max_steps`` is taken to be without end.
MOST_STEPS = 100_000


@dataclass(frozen=True, eq=False)
class Counts:
    """What came out of all replicates.

    Parameters
    ----------
    sizes : ndarray of int32, shape (n_sets, n_replicates)
        Active nodes at the end.
    sums, squares : ndarray of float64, shape (n_steps,)
        Sums over replicates of the active nodes by step, and of their squares.
    curves : ndarray of int32, shape (n_replicates, n_steps), or None
        Active nodes by step.
    at, by : ndarray of int32, shape (n_replicates, n_nodes), or None
        When and by whom.
    """

    sizes: NDArray[np.int32]
    sums: NDArray[np.float64]
    squares: NDArray[np.float64]
    curves: NDArray[np.int32] | None
    at: NDArray[np.int32] | None
    by: NDArray[np.int32] | None


def default_threads() -> int:
    """Return the number of processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def replicate(
    asked: Asked, process: Process, seed_sets: list[NDArray[np.uint32]], *, with_curve: bool = True
) -> Counts:
    """Run all replicates that are asked for.

    Parameters
    ----------
    asked : Asked
        What is asked.
    process : Process
        The model on its graph.
    seed_sets : list of ndarray of uint32
        Seeds, ascending; all sets meet the same chance.
    with_curve : bool
        Whether to count by step; for one set only.

    Raises
    ------
    EngineError
        If a process without ``max_steps`` does not end.
    """
    starts = np.cumsum([0, *map(len, seed_sets)], dtype=np.int64)
    nodes = np.concatenate([*seed_sets, np.zeros(0, dtype=np.uint32)]).astype(np.uint32)
    halt = np.zeros(1, dtype=np.uint8)
    bound = asked.max_steps
    if bound is None:
        bound = MOST_STEPS if asked.model in ("bass", "si") else UNBOUNDED

    def run(begin: int, end: int) -> _Chunk:
        first = asked.first_replicate + begin
        task = Task(starts, nodes, np.uint32(asked.seed), first, 0, end - begin, bound, halt)
        return _run_chunk(asked, process, task, begin, with_curve)

    chunks = _on_threads(run, _ranges(asked, len(seed_sets)), asked.threads, halt)
    longest = max(chunk.longest for chunk in chunks)
    if asked.max_steps is None and bound == MOST_STEPS and longest >= MOST_STEPS:
        raise EngineError(
            f"model {asked.model} was still going on after {MOST_STEPS:,} steps in some replicates; give max_steps"
        )
    n_steps = longest + 1
    if asked.max_steps is not None and asked.max_steps <= MOST_STEPS:
        n_steps = asked.max_steps + 1
    return _joined(asked, chunks, n_steps if with_curve else 0)


@dataclass(frozen=True, eq=False)
class _Chunk:
    sizes: NDArray[np.int32]
    sums: NDArray[np.int64]
    squares: NDArray[np.int64]
    curves: NDArray[np.int32]
    at: NDArray[np.int32] | None
    by: NDArray[np.int32] | None
    longest: int


def _run_chunk(asked: Asked, process: Process, task: Task, row: int, with_curve: bool) -> _Chunk:
    n_columns, n_nodes = task.end, asked.graph.n_nodes
    n_steps = min(_FIRST_STEPS, task.max_steps + 1) if with_curve else 0
    times = None
    if asked.record == "activations":
        times = np.empty((n_columns, n_nodes), np.int32), np.empty((n_columns, n_nodes), np.int32)
    while True:
        sizes = np.zeros((len(task.starts) - 1, n_columns), dtype=np.int32)
        keeps = (n_columns, n_steps) if asked.record == "curves" and with_curve else (0, 0)
        tally = new_tally(sizes, np.zeros(keeps, dtype=np.int32), n_steps)
        process.run(task, tally, row, times)
        longest = int(tally.longest[0])
        if longest < n_steps or not with_curve:
            break
        n_steps = longest + 1
    # a replicate that has ended keeps its final size
    after = np.cumsum(tally.end_sums) - tally.end_sums
    after_squares = np.cumsum(tally.end_squares) - tally.end_squares
    at, by = times if times is not None else (None, None)
    return _Chunk(sizes, tally.sums + after, tally.squares + after_squares, tally.curves, at, by, longest)


def _ranges(asked: Asked, n_sets: int) -> list[tuple[int, int]]:
    """Return the columns of each chunk: enough chunks for the threads, small enough for the memory."""
    size = -(-asked.n_replicates // (_CHUNKS_EACH * asked.threads))
    if asked.record == "activations" or asked.arc_coins is not None or asked.thresholds is not None:
        size = min(size, _CHUNK_BYTES // (8 * asked.graph.n_nodes + asked.graph.n_arcs + 1))
    size = max(1, min(size, _MOST_IN_CHUNK))
    return [(begin, min(begin + size, asked.n_replicates)) for begin in range(0, asked.n_replicates, size)]


def _on_threads(
    run: Callable[[int, int], Any], ranges: list[tuple[int, int]], threads: int, halt: NDArray[np.uint8]
) -> list[Any]:
    """Run chunks in order or on threads; an error or an interruption stops what is going on."""
    results: list[Any] = [None] * len(ranges)
    with ThreadPoolExecutor(max(1, min(threads, len(ranges)))) as pool:
        running: dict[Future[Any], int] = {}
        waiting: Iterator[tuple[int, tuple[int, int]]] = iter(enumerate(ranges))
        try:
            for position, columns in waiting:
                running[pool.submit(run, *columns)] = position
                while len(running) >= 2 * threads:
                    _collect(running, results)
            while running:
                _collect(running, results)
        except BaseException:
            halt[0] = 1
            raise
    return results


def _collect(running: dict[Future[Any], int], results: list[Any]) -> None:
    done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
    for future in done:
        results[running.pop(future)] = future.result()


def _joined(asked: Asked, chunks: list[_Chunk], n_steps: int) -> Counts:
    sizes = np.concatenate([chunk.sizes for chunk in chunks], axis=1)
    sums, squares = np.zeros(n_steps, dtype=object), np.zeros(n_steps, dtype=object)
    for chunk in chunks if n_steps else ():
        sums += _padded(chunk.sums, n_steps)
        squares += _padded(chunk.squares, n_steps)
    curves = at = by = None
    if asked.record == "curves" and n_steps:
        curves = np.concatenate([_padded(chunk.curves, n_steps) for chunk in chunks])
    if asked.record == "activations":
        at = np.concatenate([chunk.at for chunk in chunks if chunk.at is not None])
        by = np.concatenate([chunk.by for chunk in chunks if chunk.by is not None])
    return Counts(sizes, sums.astype(np.float64), squares.astype(np.float64), curves, at, by)


def _padded(values: NDArray[Any], n_steps: int) -> NDArray[Any]:
    """Return values by step with the last repeated up to a number of steps, or cut to it."""
    short = n_steps - values.shape[-1]
    if short <= 0:
        return values[..., :n_steps]
    return np.concatenate([values, np.repeat(values[..., -1:], short, axis=-1)], axis=-1)
