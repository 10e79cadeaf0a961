"""Lists of consumers: a stretch's queue, up to 256 of it at a time, and some of those."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part
from simulator.engines.numba_engine.layout import PICKED, PLACES, QUEUE, SOME, index, whole
from simulator.model.draws import BLOCK
from simulator.vector_lists import WIDTH, fetch_ahead, list_marked

_ANY = np.uint8(255)
#: Numbers of 32 bits that come from memory together.
_LINE = 16
_NO_END = np.int32(2**31 - 1)


@part
def queue_marked(marks: Any, offset: Any, bits: Any, start: Any, n_places: Any, n_queued: Any, w: Any) -> Any:
    """Queue more consumers, from ``start`` on, whose marks have one of some bits; return how many there are then.

    Their marks begin at ``offset``; ``n_queued`` were queued before.
    """
    for k in range(0, n_places, WIDTH):
        first = np.int32(start + k)
        n_queued += list_marked(marks, offset + k, bits, first, _NO_END, w.lists, QUEUE + n_queued)
    return n_queued


@part
def queue_places(row: Any, start: Any, n_places: Any, w: Any) -> Any:
    """Queue the consumers of a stretch who are marked in a row of ``Work.bytes``; return how many there are."""
    return queue_marked(w.bytes, row, _ANY, start, n_places, np.int64(0), w)


@part
def queue_hits(h: Any, start: Any, n_places: Any, w: Any) -> Any:
    """Queue the consumers of a stretch who noticed a line; return how many there are."""
    return queue_marked(w.hit, h * PLACES, _ANY, start, n_places, np.int64(0), w)


@part
def pick(first: Any, n_queued: Any, s: Any, w: Any) -> Any:
    """Pick up to 256 of the queued consumers, from ``first`` on, whose records are needed; return how many they are."""
    n = min(n_queued - first, np.int64(BLOCK))
    for a in range(n):
        i = index(w.lists[QUEUE + first + a])
        at = i * s.records.shape[1]
        fetch_ahead(s.records, at)
        for more in range(_LINE, s.records.shape[1], _LINE):
            fetch_ahead(s.records, at + more)
        if s.extras.shape[0] > 0:
            fetch_ahead(s.extras, i * s.extras.shape[1])
            fetch_ahead(s.extras, (i + 1) * s.extras.shape[1] - 1)
    for a in range(whole(n)):
        w.lists[PICKED + a] = w.lists[QUEUE + first + a]
    return n


@part
def list_some(n: Any, row: Any, w: Any) -> Any:
    """List the places of a list that are marked in a row of ``Work.bytes``; return how many there are."""
    n_some = np.int64(0)
    for a in range(0, n, WIDTH):
        n_some += list_marked(w.bytes, row + a, _ANY, np.int32(a), np.int32(n), w.lists, SOME + n_some)
    return n_some
