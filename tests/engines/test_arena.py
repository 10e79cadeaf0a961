"""A replicate's memory: zeroed, apart from each other, from the start of cache lines, as long as it is used."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engines.numba_engine.arena import LINE, zeros

KINDS = (np.uint8, np.int16, np.float32, np.int64)
SHAPES = st.lists(
    st.tuples(st.lists(st.integers(0, 40), min_size=1, max_size=3), st.sampled_from(KINDS)), max_size=6
)


@given(SHAPES)
def test_arrays_are_zeroed_and_apart(wanted: list[tuple[list[int], type]]) -> None:
    found = zeros(**{f"a{n}": (tuple(shape), kind) for n, (shape, kind) in enumerate(wanted)})
    for n, (shape, kind) in enumerate(wanted):
        array = found[f"a{n}"]
        assert array.shape == tuple(shape) and array.dtype == kind
        assert array.flags.c_contiguous and array.flags.writeable and not array.any()
        assert array.size == 0 or array.ctypes.data % LINE == 0
    for n, array in enumerate(found.values()):
        array.fill(n + 1)
    for n, array in enumerate(found.values()):
        assert (array == n + 1).all()


def test_large_memory_is_zeroed_to_its_end_and_outlives_its_owner() -> None:
    found = zeros(first=(3_000_001, np.uint8), last=((7, 100_003), np.int64))
    first, last = found.pop("first"), found.pop("last")
    del found
    gc.collect()
    assert not first.any() and not last.any()
    last[-1, -1] = 5
    first.fill(1)
    assert last.sum() == 5 and first.ctypes.data % LINE == 0


def test_what_the_system_does_not_have_is_said() -> None:
    with pytest.raises(MemoryError, match="no room for"):
        zeros(all=(1 << 55, np.uint8))
