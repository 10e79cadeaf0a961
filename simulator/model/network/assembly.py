"""From a list of ties to compressed sparse rows: counting sort, short sorts in each row, duplicates.

Each arc is packed in one integer, the neighbor above and a payload below, so that one sort of a row moves
both. The payload is the strength (one bit, 32-bit integers) or the number of the tie (64-bit integers),
from which weight and strength are looked up.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import kernel

_SHORT_ROW = 40


@kernel
def count_arcs(n: Any, source: Any, target: Any, both: Any) -> Any:
    """Return where each row starts: int64, n + 1 values; ``both`` gives a tie an arc in each direction."""
    indptr = np.zeros(n + 1, dtype=np.int64)
    for tie in range(source.size):
        indptr[source[tie] + 1] += 1
        if both:
            indptr[target[tie] + 1] += 1
    for row in range(n):
        indptr[row + 1] += indptr[row]
    return indptr


@kernel
def scatter_strength(indptr: Any, source: Any, target: Any, strong: Any, both: Any, packed: Any) -> Any:
    """Put each arc into its row of ``packed`` (int32): the neighbor doubled, plus 1 on a strong tie."""
    after = indptr[:-1].copy()
    for tie in range(source.size):
        i = source[tie]
        j = target[tie]
        bit = np.int32(strong[tie]) if strong.size > 0 else np.int32(0)
        packed[after[i]] = (j << np.int32(1)) | bit
        after[i] += 1
        if both:
            packed[after[j]] = (i << np.int32(1)) | bit
            after[j] += 1


@kernel
def scatter_number(indptr: Any, source: Any, target: Any, both: Any, packed: Any) -> Any:
    """Put each arc into its row of ``packed`` (int64): the neighbor above, the tie's number below."""
    after = indptr[:-1].copy()
    for tie in range(source.size):
        i = source[tie]
        j = target[tie]
        packed[after[i]] = (np.int64(j) << np.int64(32)) | np.int64(tie)
        after[i] += 1
        if both:
            packed[after[j]] = (np.int64(i) << np.int64(32)) | np.int64(tie)
            after[j] += 1


@kernel
def _insertion_sort(row: Any) -> Any:
    for k in range(1, row.size):
        value = row[k]
        place = k
        while place > 0 and row[place - 1] > value:
            row[place] = row[place - 1]
            place -= 1
        row[place] = value


@kernel
def _heap_sort(row: Any) -> Any:
    size = row.size
    head = size // 2
    while size > 1:
        if head > 0:
            head -= 1
            value = row[head]
        else:
            size -= 1
            value = row[size]
            row[size] = row[0]
        place = head
        child = 2 * place + 1
        while child < size:
            if child + 1 < size and row[child + 1] > row[child]:
                child += 1
            if row[child] <= value:
                break
            row[place] = row[child]
            place = child
            child = 2 * place + 1
        row[place] = value


@kernel
def sort_rows(indptr: Any, packed: Any) -> Any:
    """Sort each row in place, ascending."""
    for i in range(indptr.size - 1):
        row = packed[indptr[i] : indptr[i + 1]]
        if row.size <= _SHORT_ROW:
            _insertion_sort(row)
            continue
        for k in range(1, row.size):
            if row[k] < row[k - 1]:
                _heap_sort(row)
                break


@kernel
def unpack_strength(packed: Any, is_strong: Any) -> Any:
    """Split packed arcs in place: neighbors stay in ``packed``, strengths go to ``is_strong``."""
    for arc in range(packed.size):
        is_strong[arc] = packed[arc] & np.int32(1)
        packed[arc] = packed[arc] >> np.int32(1)


@kernel
def unpack_number(packed: Any, strong: Any, weight: Any, neighbors: Any, is_strong: Any, weights: Any) -> Any:
    """Split packed arcs and look up strength and weight by the tie's number, where these are given."""
    for arc in range(packed.size):
        neighbors[arc] = packed[arc] >> np.int64(32)
        tie = packed[arc] & np.int64(0xFFFFFFFF)
        if strong.size > 0:
            is_strong[arc] = strong[tie]
        if weight.size > 0:
            weights[arc] = weight[tie]


@kernel
def merge_parallel(
    indptr: Any, neighbors: Any, is_strong: Any, weights: Any, occurrence: Any, keep: Any
) -> Any:
    """Treat arcs of one row to one neighbor: number them, or make one of them; return the largest number.

    With ``keep`` the arcs stay and ``occurrence`` counts them from 0. Otherwise they become one arc, in
    place, strong if any was and with the largest weight; the arrays' first ``indptr[-1]`` items remain.
    """
    largest = 0
    place = 0
    start = indptr[0]
    for i in range(indptr.size - 1):
        stop = indptr[i + 1]
        indptr[i] = place
        number = 0
        for arc in range(start, stop):
            is_more = arc > start and neighbors[arc] == neighbors[place - 1]
            number = number + 1 if is_more else 0
            largest = max(largest, number)
            if is_more and not keep:
                is_strong[place - 1] = max(is_strong[place - 1], is_strong[arc])
                if weights.size > 0:
                    weights[place - 1] = max(weights[place - 1], weights[arc])
                continue
            neighbors[place] = neighbors[arc]
            is_strong[place] = is_strong[arc]
            if weights.size > 0:
                weights[place] = weights[arc]
            if keep:
                occurrence[place] = number & 255
            place += 1
        start = stop
    indptr[indptr.size - 1] = place
    return largest


@kernel
def repeated_ties(indptr: Any, packed: Any, source: Any, both: Any, is_repeated: Any) -> Any:
    """Mark ties that repeat an earlier one; ``packed`` is sorted and holds tie numbers.

    A tie gets 1 in ``is_repeated`` if an earlier one is written the same way, and 2 if only earlier ones
    written the other way round are there (undirected only).
    """
    for i in range(indptr.size - 1):
        first = indptr[i]
        for arc in range(indptr[i] + 1, indptr[i + 1]):
            j = packed[arc] >> np.int64(32)
            if j != packed[arc - 1] >> np.int64(32):
                first = arc
                continue
            if both and i > j:
                continue
            tie = packed[arc] & np.int64(0xFFFFFFFF)
            is_repeated[tie] = 2
            for earlier in range(first, arc):
                if source[packed[earlier] & np.int64(0xFFFFFFFF)] == source[tie]:
                    is_repeated[tie] = 1
                    break
