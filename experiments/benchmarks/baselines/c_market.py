"""A doorway to the market core in C: ``market.c``, compiled by gcc for some brands and lines, called by ctypes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from baselines.given import OBSERVED, Given

_OPTIONS = ("-O3", "-march=native", "-ffast-math")
_WIDE = "-mprefer-vector-width=512"  # where gcc knows it: on x86
#: Named as in C, in its order; those of one word apart are derived.
_TERMS = (
    "wear_out", "fatigue_carryover", "goodwill_carryover", "memory_retention", "memory_gain_ad",
    "memory_gain_contact", "visit_weeks", "review_evidence", "review_half", "quality_weight", "goodwill_weight",
    "habit_weight", "experience_sd", "evidence_limit", "habit_retention", "review_intercept", "review_surprise",
    "p_strong", "p_weak", "talk_base", "surprise_unit", "loss_factor",
)  # fmt: skip
_LONG_AGO = -10_000
_MOST_BRANDS, _MOST_TIES, _MOST_STEPS = 8, 65_535, 20_000


def has_gcc() -> bool:
    """Whether the C version can be compiled here."""
    return shutil.which("gcc") is not None


@cache
def _library(first_line: tuple[int, ...], has_click: tuple[bool, ...]) -> ctypes.CDLL:
    return compiled("market.c", _OPTIONS, first_line, has_click)


def compiled(
    source: str, options: tuple[str, ...], first_line: tuple[int, ...], has_click: tuple[bool, ...]
) -> ctypes.CDLL:
    """Return a C version for brands with these lines, compiled for this machine.

    Parameters
    ----------
    source : str
        File in this folder.
    options : tuple of str
        Of gcc.
    first_line : tuple of int
        Where each brand's lines begin, and how many there are.
    has_click : tuple of bool
        Whether each line can be clicked.
    """
    target = Path(tempfile.mkdtemp()) / "market.so"
    shape = [
        f"-DBRANDS={len(first_line) - 1}",
        f"-DLINES={len(has_click)}",
        f"-DMOST_LINES={int(np.diff(first_line).max())}",
        f"-DFIRST_LINE={{{','.join(map(str, first_line))}}}",
        f"-DHAS_CLICK={{{','.join(str(int(one)) for one in has_click)}}}",
    ]
    file = Path(__file__).with_name(source)
    command = ["gcc", *options, "-shared", "-fPIC", *shape, str(file), "-o", str(target), "-lm"]
    if subprocess.run([*command, _WIDE], capture_output=True, check=False).returncode:
        subprocess.run(command, check=True)
    library = ctypes.CDLL(str(target))
    library.sizes.restype = ctypes.c_int64
    return library


class CMarket:
    """A market in one world as the C version holds it, with room for one replicate at a time.

    Parameters
    ----------
    given : Given
        The market.
    like : CMarket or None
        Another of the same market, whose unchanging arrays are shared.
    """

    def __init__(self, given: Given, like: CMarket | None = None) -> None:
        n_lines = given.line_brand.size
        order = np.argsort(given.line_brand, kind="stable")
        firsts = np.searchsorted(given.line_brand[order], np.arange(given.n_brands + 1))
        self.library = _library(tuple(firsts.tolist()), tuple(given.has_click[order].tolist()))
        self.shape = (given.n_steps, given.n_brands, len(OBSERVED))
        width = self.library.sizes(0)
        n_blocks = -(-given.n_consumers // width)
        self.held = like.held if like else _unchanging(given, order, width, n_blocks)
        if self.held["start"].nbytes != n_blocks * self.library.sizes(1):
            raise RuntimeError("Python and C lay out a block differently")
        slots = self.held["first_slot"][-1]
        self.block = aligned(n_blocks, self.held["start"].dtype)
        self.mail = [np.empty(slots, np.int64) for _ in range(2)]
        self.n_mail = [np.zeros(n_blocks, np.int32) for _ in range(2)]
        is_latest = given.latest_brand == np.arange(given.n_brands)[:, None]
        customers = is_latest.sum(axis=1)
        goodwill = given.initial_goodwill.astype(float) * given.n_consumers
        self.sums = np.stack([goodwill, given.quality * customers, customers.astype(float)], axis=1)
        p = given.parameters
        terms = [getattr(p, name) for name in _TERMS] + [0.5 * p.friend_credibility, given.people]
        floats = [*terms, *given.price, *given.quality, *given.click_intercept[order]]
        self.market = _struct(given.n_brands, n_lines)(
            n_blocks, given.n_steps, tuple(floats), tuple(given.review_count), tuple(given.review_sum),
            *(self.held[name].ctypes.data for name in ("start", "media", "neighbors", "first_slot")),
            self.block.ctypes.data, tuple(one.ctypes.data for one in self.mail),
            tuple(one.ctypes.data for one in self.n_mail),
        )  # fmt: skip
        if ctypes.sizeof(self.market) != self.library.sizes(2):
            raise RuntimeError("Python and C lay out a market differently")

    def run(self, seed: int, replicate: int = 0) -> np.ndarray:
        """Run one replicate from its start and return what was observed, float64 [step, brand, OBSERVED]."""
        seen = np.zeros(self.shape)
        self.library.play(
            ctypes.byref(self.market), ctypes.c_uint32(seed), ctypes.c_uint32(replicate),
            ctypes.c_void_p(self.sums.ctypes.data), ctypes.c_void_p(seen.ctypes.data),
        )  # fmt: skip
        return seen


def _struct(n_brands: int, n_lines: int) -> Any:
    """Return the C version's ``Market`` for ctypes."""
    address = ctypes.c_void_p
    fields = [
        ("n_blocks", ctypes.c_int64),
        ("n_steps", ctypes.c_int64),
        ("terms", ctypes.c_float * (len(_TERMS) + 2 + 2 * n_brands + n_lines)),
        ("review_count", ctypes.c_double * n_brands),
        ("review_sum", ctypes.c_double * n_brands),
        ("start", address),
        ("media", address),
        ("neighbors", address),
        ("first_slot", address),
        ("block", address),
        ("mail", address * 2),
        ("n_mail", address * 2),
    ]
    return type("Market", (ctypes.Structure,), {"_fields_": fields})


def aligned(n_rows: int, dtype: Any) -> np.ndarray:
    """Return zeros that begin at a cache line."""
    room = np.zeros(n_rows * dtype.itemsize + 64, np.uint8)
    first = -room.ctypes.data % 64
    return room[first : first + n_rows * dtype.itemsize].view(dtype)


def _unchanging(given: Given, order: np.ndarray, width: int, n_blocks: int) -> dict[str, np.ndarray]:
    """Return the start of a replicate, media, ties with the strong ones first, and room for mail by block."""
    n, n_brands, n_ties = given.n_consumers, given.n_brands, np.diff(given.indptr)
    if n_brands > _MOST_BRANDS or n_ties.max(initial=0) > _MOST_TIES or given.n_steps > _MOST_STEPS:
        raise ValueError(
            f"the C version holds {_MOST_BRANDS} brands, {_MOST_TIES} ties and {_MOST_STEPS} steps"
        )
    first, is_strong = given.indptr[:-1], given.is_strong.astype(np.int64)
    before = np.concatenate([[0], np.cumsum(is_strong)])
    n_strong = before[given.indptr[1:]] - before[first]
    arc = np.arange(is_strong.size)
    row_first = np.repeat(first, n_ties)
    rank = before[:-1] - before[row_first]
    weak_place = np.repeat(n_strong, n_ties) + arc - rank
    neighbors = np.empty(is_strong.size + 16, np.int32)
    neighbors[np.where(given.is_strong, row_first + rank, weak_place)] = given.neighbors
    person = np.zeros(n_blocks * width, _person_of(n_brands))
    _fill(person[:n], given)
    person["first_tie"][:n], person["n_ties"][:n], person["n_strong"][:n] = first, n_ties, n_strong
    start = aligned(n_blocks, _block_of(n_brands, order.size, width))
    start["person"] = person.reshape(n_blocks, width)
    is_buyer = given.latest_brand == np.arange(n_brands)[:, None]
    memory = np.where(is_buyer, 1, given.initial_memory[:, None])
    goodwill = np.repeat(given.initial_goodwill[:, None], n, axis=1)
    limit = np.zeros((order.size + 1, n))
    limit[-1] = _of_65536(given.need_chance)
    for name, rows in (("memory", memory), ("goodwill", goodwill), ("limit", limit)):
        start[name] = by_block(rows, width, n_blocks)
    media = aligned(n_blocks, np.dtype([("rows", "f4", (order.size + n_brands, width))]))
    media["rows"] = by_block(np.concatenate([given.strength[order], given.exposure]), width, n_blocks)
    messages = np.bincount(given.neighbors // width, minlength=n_blocks)
    first_slot = np.concatenate([[0], np.cumsum(messages)]).astype(np.int64)
    return {"start": start, "media": media, "neighbors": neighbors, "first_slot": first_slot}


def _fill(person: np.ndarray, given: Given) -> None:
    """Write what is known of consumers at the start."""
    for j in range(given.n_brands):
        relation, is_buyer = person["brand"][:, j], given.latest_brand == j
        relation["belief"] = np.where(is_buyer, given.quality[j], 0)
        relation["evidence"] = np.where(is_buyer, 3, 1)
        relation["habit"] = np.where(is_buyer, 0.6, 0)
        relation["fixed"] = given.fixed_utility[j]
        relation["found"] = _of_65536(given.found_chance[j])
        relation["visit"] = relation["click"] = _LONG_AGO
        person["bought"] |= (is_buyer << j).astype(np.uint8)
    person["sharing"], person["reading"] = given.sharing, _of_65536(given.reading_chance)
    person["latest"] = given.latest_brand


def _of_65536(chance: np.ndarray) -> np.ndarray:
    return np.minimum(np.rint(chance.astype(np.float64) * 65536), 65535).astype(np.uint16)


def by_block(rows: np.ndarray, width: int, n_blocks: int) -> np.ndarray:
    """Return rows over consumers as [block, row, place], filled up with zeros."""
    padded = np.zeros((rows.shape[0], n_blocks * width), rows.dtype)
    padded[:, : rows.shape[1]] = rows
    return padded.reshape(rows.shape[0], n_blocks, width).swapaxes(0, 1)


def _person_of(n_brands: int) -> np.dtype:
    relation = [(name, "f4") for name in ("belief", "evidence", "habit", "fixed")]
    relation += [("found", "u2"), *((name, "i2") for name in ("visit", "click", "read"))]
    ties = [("sharing", "f4"), ("first_tie", "u4"), ("n_strong", "u2"), ("n_ties", "u2"), ("reading", "u2")]
    return np.dtype([("brand", relation, (n_brands,)), *ties, ("latest", "i1"), ("bought", "u1")])


def _block_of(n_brands: int, n_lines: int, width: int) -> np.dtype:
    fields = [
        ("memory", "f4", (n_brands, width)),
        ("goodwill", "f4", (n_brands, width)),
        ("limit", "u2", (n_lines + 1, width)),
        ("mark", "u1", (n_brands, width)),
        ("person", _person_of(n_brands), (width,)),
    ]
    return np.dtype(fields)


def simulate(given: Given, seed: int) -> np.ndarray:
    """Return what was observed in one replicate, float64 [step, brand, OBSERVED]."""
    return CMarket(given).run(seed)
