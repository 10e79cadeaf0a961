"""Lists of the marked, sixteen at a time, against the loop that appends one by one."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import vector_lists
from simulator.engines.numba_engine import layout
from simulator.vector_lists import WIDTH, fetch_ahead, list_marked


@numba.njit
def all_marked(marks, offset, bits, value, end, into, at):  # type: ignore[no-untyped-def]
    n = 0
    for first in range(0, marks.size - offset, WIDTH):
        start = np.int32(value + first)
        n += list_marked(marks, offset + first, np.uint8(bits), start, np.int32(end), into, at + n)
    return n


def one_by_one(marks: np.ndarray, offset: int, bits: int, value: int, end: int) -> list[int]:
    """Return the numbers whose marks have one of the bits, before the end."""
    of = enumerate(marks[offset:])
    return [value + place for place, mark in of if mark & bits and value + place < end]


@given(
    marks=st.lists(st.integers(0, 255), min_size=3 * WIDTH, max_size=3 * WIDTH),
    bits=st.integers(0, 255),
    value=st.integers(0, 2**30),
    kept=st.integers(0, 4 * WIDTH),
    at=st.integers(0, 5),
)
def test_listed_as_one_by_one(marks: list[int], bits: int, value: int, kept: int, at: int) -> None:
    given_marks = np.array(marks, np.uint8)
    into = np.full(4 * WIDTH + at, -7, np.int32)
    expected = one_by_one(given_marks, WIDTH, bits, value, value + kept)
    n = all_marked(given_marks, WIDTH, bits, value, value + kept, into, at)
    assert into[at : at + n].tolist() == expected
    assert (into[:at] == -7).all()


@pytest.mark.parametrize("write", ["_store_each", "_store_compressed"])
def test_both_ways_to_store_agree(write: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if write == "_store_compressed" and not vector_lists._HAS_COMPRESS:
        pytest.skip("this LLVM has no compression of vectors")
    monkeypatch.setattr(vector_lists, "_HAS_COMPRESS", write == "_store_compressed")
    once = numba.njit(all_marked.py_func)
    marks = np.random.default_rng(5).integers(0, 4, 40 * WIDTH).astype(np.uint8)
    into = np.zeros(marks.size + WIDTH, np.int32)
    n = once(marks, 0, 2, 100, 2**31 - 1, into, 0)
    assert into[:n].tolist() == one_by_one(marks, 0, 2, 100, 2**31 - 1)


def test_plain_python_lists_the_same() -> None:
    marks = np.random.default_rng(6).integers(0, 4, WIDTH).astype(np.uint8)
    into = np.zeros(2 * WIDTH, np.int32)
    n = vector_lists._list_plain(marks, 0, 1, 50, 60, into, 0)
    assert into[:n].tolist() == one_by_one(marks, 0, 1, 50, 60)


def test_fetching_ahead_takes_any_index() -> None:
    @numba.njit
    def fetch(array):  # type: ignore[no-untyped-def]
        fetch_ahead(array, 0)
        fetch_ahead(array, 10**12)
        return array[0]

    assert fetch(np.array([3.0])) == 3.0


def test_every_name_of_the_layout_is_given_once() -> None:
    tree = ast.parse(Path(str(layout.__file__)).read_text())
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    names = [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    assert [name for name, number in Counter(names).items() if number > 1] == []
