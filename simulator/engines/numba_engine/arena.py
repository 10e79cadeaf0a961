"""Memory of a replicate: all arrays of a group in one piece, each from the start of a cache line.

A vector of 64 bytes that begins anywhere else lies across two lines and takes two reads. What one piece holds can stand
on large pages where the system has them, so that places far apart are found without looking up many small ones.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from typing import Any

import numpy as np

LINE = 64
_LARGE_PAGE = 1 << 21


def zeros(**arrays: tuple[int | Sequence[int], Any]) -> dict[str, np.ndarray]:
    """Return zeroed arrays in one piece of memory.

    Parameters
    ----------
    **arrays : (shape, dtype)
        Shape and type of each array.

    Returns
    -------
    dict of str to ndarray
        By name; each begins at a multiple of 64 bytes. The memory lives as long as any of them.

    Raises
    ------
    MemoryError
        If the system does not give so much.
    """
    sizes = {name: int(np.prod(shape)) * np.dtype(kind).itemsize for name, (shape, kind) in arrays.items()}
    room = {name: -(-size // LINE) * LINE for name, size in sizes.items()}
    total = sum(room.values())
    is_large = total >= _LARGE_PAGE and hasattr(mmap, "MADV_HUGEPAGE")
    try:
        memory = mmap.mmap(-1, max(total, 1) + _LARGE_PAGE * is_large)
    except OSError as error:
        raise MemoryError(f"no room for {total:,} bytes of a replicate's state") from error
    if is_large:
        memory.madvise(mmap.MADV_HUGEPAGE)
    whole = np.frombuffer(memory, np.uint8)
    at = -whole.ctypes.data % _LARGE_PAGE if is_large else 0
    found = {}
    for name, (shape, kind) in arrays.items():
        found[name] = whole[at : at + sizes[name]].view(kind).reshape(shape)
        at += room[name]
    return found
