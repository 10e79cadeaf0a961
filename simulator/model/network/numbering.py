"""From the ids of a file to consumers numbered from 0."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_DENSE_SPAN = 1 << 22


def number_integers(
    chunks: list[NDArray[Any]], known: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Give numbers from 0 to ids that are whole numbers.

    Parameters
    ----------
    chunks : list of ndarray of int
        Ids in the order of the file.
    known : ndarray of int64 or None
        Ids in the order of their numbers; if None, ascending ids that occur.

    Returns
    -------
    tuple of ndarray
        Ids by number, and the number of each id in the chunks, -1 if unknown.
    """
    low, high = _range(chunks if known is None else [*chunks, known])
    span = high - low + 1
    numbers = np.empty(sum(map(len, chunks)), dtype=np.int32)
    if span > max(_DENSE_SPAN, 8 * len(numbers)):
        return _number_sparse(chunks, known, numbers)
    if known is None:
        occurs = np.zeros(span, dtype=bool)
        for chunk in chunks:
            occurs[chunk - low] = True
        known = np.flatnonzero(occurs) + low
    table = np.full(span, -1, dtype=np.int32)
    table[known - low] = np.arange(len(known), dtype=np.int32)
    start = 0
    for chunk in chunks:
        np.take(table, chunk - low, out=numbers[start : start + len(chunk)])
        start += len(chunk)
    return known, numbers


def number_texts(chunks: list[Any], known: NDArray[Any] | None) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Give numbers to ids that are text; as :func:`number_integers`, with chunks of pyarrow."""
    import pyarrow

    encoded = pyarrow.chunked_array(chunks).dictionary_encode().combine_chunks()
    encoded = encoded.combine_chunks() if isinstance(encoded, pyarrow.ChunkedArray) else encoded
    words = np.array(encoded.dictionary.to_pylist())
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    ids = np.sort(words) if known is None else known.astype(str)
    number = {word: k for k, word in enumerate(ids.tolist())}
    table = np.array([number.get(word, -1) for word in words.tolist()], dtype=np.int32)
    return ids, table[codes]


def _range(chunks: list[Any]) -> tuple[int, int]:
    filled = [chunk for chunk in chunks if len(chunk)]
    if not filled:
        return 0, 0
    return min(int(chunk.min()) for chunk in filled), max(int(chunk.max()) for chunk in filled)


def _number_sparse(
    chunks: list[Any], known: Any, numbers: NDArray[np.int32]
) -> tuple[Any, NDArray[np.int32]]:
    """Give numbers to ids that are far apart, by sorting."""
    values = np.concatenate(chunks).astype(np.int64)
    if known is None:
        known, inverse = np.unique(values, return_inverse=True)
        numbers[:] = inverse
        return known, numbers
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known, values, sorter=order), len(known) - 1)
    found = order[place]
    numbers[:] = np.where(known[found] == values, found, -1)
    return known, numbers
