"""A heap of nodes by key: the largest key first, among equal keys the lowest number."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import kernel


@kernel
def _comes_first(key: Any, item: Any, other_key: Any, other: Any) -> Any:
    return key > other_key or (key == other_key and item < other)


@kernel
def sift_down(keys: Any, items: Any, size: Any, place: Any) -> None:
    """Move what stands at a place down to where it belongs."""
    key, item = keys[place], items[place]
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and _comes_first(keys[child + 1], items[child + 1], keys[child], items[child]):
            child += 1
        if not _comes_first(keys[child], items[child], key, item):
            break
        keys[place], items[place] = keys[child], items[child]
        place = child
    keys[place], items[place] = key, item


@kernel
def heapify(keys: Any, items: Any) -> None:
    """Put keys and items, both of shape (size,), into heap order."""
    for place in range(items.size // 2 - 1, -1, -1):
        sift_down(keys, items, items.size, np.int64(place))


@kernel
def drop_top(keys: Any, items: Any, size: Any) -> Any:
    """Take the first item out and return the new size."""
    size -= 1
    keys[0], items[0] = keys[size], items[size]
    if size > 0:
        sift_down(keys, items, size, np.int64(0))
    return size
