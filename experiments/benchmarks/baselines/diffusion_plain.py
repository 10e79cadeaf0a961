"""The classic models as one writes them by hand: plain numba, NumPy, and a doorway to the C version."""

# ruff: noqa: NPY002 - compiled code has no other generator of its own

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numba
import numpy as np
from scipy.sparse import csr_array

_SOURCE = Path(__file__).with_name("diffusion.c")


@numba.njit(nogil=True, fastmath=True)
def numba_cascade(indptr, targets, p, seeds, runs, seed):
    np.random.seed(seed)
    n = indptr.size - 1
    stamp, queue, sizes = np.zeros(n, np.int32), np.empty(n, np.int32), np.empty(runs, np.int32)
    for run in range(runs):
        tail = head = 0
        for node in seeds:
            queue[tail] = node
            stamp[node] = run + 1
            tail += 1
        while head < tail:
            node = queue[head]
            head += 1
            for arc in range(indptr[node], indptr[node + 1]):
                target = targets[arc]
                if stamp[target] != run + 1 and np.random.random() < p[arc]:
                    stamp[target] = run + 1
                    queue[tail] = target
                    tail += 1
        sizes[run] = tail
    return sizes


@numba.njit(nogil=True, fastmath=True)
def numba_threshold(indptr, targets, indegree, seeds, seed):
    np.random.seed(seed)
    n, runs = indptr.size - 1, seeds.shape[0]
    missing, queue, touched = np.zeros(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    sizes = np.empty(runs, np.int32)
    for run in range(runs):
        tail = head = n_touched = 0
        for node in seeds[run]:
            queue[tail] = node
            missing[node] = -1
            tail += 1
        while head < tail:
            node = queue[head]
            head += 1
            for arc in range(indptr[node], indptr[node + 1]):
                target = targets[arc]
                left = missing[target]
                if left < 0:
                    continue
                if left == 0:
                    left = np.int32(np.random.random() * indegree[target]) + 1
                    touched[n_touched] = target
                    n_touched += 1
                left -= 1
                if left == 0:
                    left = -1
                    queue[tail] = target
                    tail += 1
                missing[target] = left
        sizes[run] = tail
        for k in range(n_touched):
            missing[touched[k]] = 0
        for node in seeds[run]:
            missing[node] = 0
    return sizes


@numba.njit(nogil=True, fastmath=True)
def numba_adoption(indptr, targets, p, q, seeds, steps, runs, seed):
    np.random.seed(seed)
    n = indptr.size - 1
    sizes, stay, queue = np.empty(runs, np.int32), np.empty(n, np.float32), np.empty(n, np.int32)
    is_active = np.empty(n, np.bool_)
    for run in range(runs):
        stay[:] = 1.0 - p
        is_active[:] = False
        tail = head = 0
        for node in seeds:
            queue[tail] = node
            is_active[node] = True
            tail += 1
        for _ in range(steps):
            while head < tail:
                for arc in range(indptr[queue[head]], indptr[queue[head] + 1]):
                    stay[targets[arc]] *= 1.0 - q
                head += 1
            for node in range(n):
                if not is_active[node] and np.random.random() > stay[node]:
                    is_active[node] = True
                    queue[tail] = node
                    tail += 1
        sizes[run] = tail
    return sizes


def numpy_cascade(graph: Any, p: Any, seeds: Any, runs: int, seed: int) -> Any:
    """Toss the arcs of each level at once."""
    rng, sizes = np.random.Generator(np.random.SFC64(seed)), np.empty(runs, np.int32)
    degree = graph.outdegree
    for run in range(runs):
        idle = np.ones(graph.n_nodes, bool)
        idle[seeds] = False
        level = np.asarray(seeds)
        while len(level):
            first, count = graph.indptr[level], degree[level]
            arc = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
            hit = graph.targets[arc[rng.random(len(arc), np.float32) < p[arc]]]
            level = np.unique(hit[idle[hit]])
            idle[level] = False
        sizes[run] = graph.n_nodes - idle.sum()
    return sizes


def numpy_adoption(graph: Any, p: float, q: float, seeds: Any, steps: int, runs: int, seed: int) -> Any:
    """One sparse product a step, of the newly active alone."""
    rng, sizes = np.random.Generator(np.random.SFC64(seed)), np.empty(runs, np.int32)
    n = graph.n_nodes
    pull = csr_array((np.ones(graph.n_arcs, np.float32), graph.targets, graph.indptr), shape=(n, n)).T.tocsr()
    for run in range(runs):
        left = rng.standard_exponential(n, np.float32)
        hazard = np.full(n, -np.log1p(-p), np.float32)
        new = np.zeros(n, np.float32)
        new[seeds] = 1
        left[seeds] = np.inf
        for _ in range(steps):
            hazard += np.float32(-np.log1p(-q)) * (pull @ new)
            left -= hazard
            adopts = left < 0
            left[adopts] = np.inf
            new = adopts.astype(np.float32)
        sizes[run] = np.isinf(left).sum()
    return sizes


def compiled_c() -> ctypes.CDLL | None:
    """Return the C version compiled for this machine, or None without gcc."""
    gcc = shutil.which("gcc")
    if gcc is None:
        return None
    target = Path(tempfile.mkdtemp()) / "diffusion.so"
    options = ["-O3", "-march=native", "-ffast-math", "-fno-finite-math-only", "-shared", "-fPIC"]
    subprocess.run([gcc, *options, str(_SOURCE), "-o", str(target), "-lm"], check=True)
    library = ctypes.CDLL(str(target))
    for function in (library.cascade, library.threshold, library.adoption):
        function.restype = ctypes.c_int64
    return library


def pointer(array: Any) -> Any:
    """Return an array's address for C."""
    return array.ctypes.data_as(ctypes.c_void_p)
