"""Where every random number comes from: one table of streams and the functions that read them.

A draw has an address: a counter of four 32-bit words under a key of two. Nothing is drawn in order.

* key: ``(seed, replicate)`` for what happens in a market; ``(seed, world)`` for its population and graph;
* counter word 0: the consumer, or the sender on a tie;
* word 1: the receiver on a tie, the channel's id, or 0;
* word 2: the step;
* word 3: stream (bits 0-7), brand id (bits 8-15), slot of a campaign line or occurrence of a parallel
  tie (bits 16-31), with 256 added where a seed talks about what it was given.

One call gives four words, numbered 0 to 3. A *sparse* stream names what each word is for. A *dense*
stream is read by every consumer at every step, so four consumers share a call: consumer ``i`` uses
counter word 0 = ``64 (i // 256) + i % 64`` and word ``(i // 64) % 4``, which is one-to-one.

A strategy, a scenario's name and the order of a file never enter an address. Stream numbers are never
given to another purpose: a new mechanism takes a new number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.compiled import rule
from simulator.model.mathematics import unit
from simulator.model.philox import philox

U = np.uint32


@dataclass(frozen=True)
class Stream:
    """One row of the table of draws.

    Parameters
    ----------
    name : str
        Name of the stream.
    number : int
        Its number, 0 to 255.
    first, second : str
        What counter words 0 and 1 hold.
    third : str
        What counter word 2 holds.
    tail : str
        What stands beside the stream in counter word 3.
    words : tuple of str
        What the four random words are used for (``-`` where unused).
    is_dense : bool
        Whether four consumers share a call.
    """

    name: str
    number: int
    first: str
    second: str
    third: str
    tail: str
    words: tuple[str, str, str, str]
    is_dense: bool = False


_ALL = ("consumer", "consumer", "consumer", "consumer")

STREAMS: tuple[Stream, ...] = (
    Stream("notice", 1, "consumer", "channel", "step", "brand, slot", _ALL, True),
    Stream("need", 2, "consumer", "0", "step", "0", _ALL, True),
    Stream("search", 3, "consumer", "0", "step", "brand", ("recall", "online", "taste shock", "reading")),
    Stream("outside", 4, "consumer", "0", "step", "0", ("outside shock", "waiting shock", "priority", "-")),
    Stream("experience", 5, "consumer", "0", "step", "brand", ("satisfaction", "review", "invite", "join")),
    Stream("click", 6, "consumer", "channel", "step", "brand, slot", ("click", "signal x", "signal y", "-")),
    Stream("purchase", 7, "consumer", "0", "step", "brand", ("signal x", "signal y", "lifetime", "-")),
    Stream("tie", 8, "sender", "receiver", "step", "brand, occurrence", ("talk", "invitation", "feed", "group")),
    Stream("content", 9, "consumer", "0", "step", "brand", ("view", "share", "follow", "unfollow")),
    Stream("community", 10, "consumer", "0", "step", "brand", ("interact", "exit", "-", "-")),
    Stream("piece", 11, "0", "0", "step", "brand", ("value", "appeal", "-", "-")),
    Stream("seed", 12, "consumer", "0", "0 or step", "brand", ("priority", "satisfaction", "-", "-")),
    Stream("audience", 13, "consumer", "channel", "0", "brand, slot", ("membership", "-", "-", "-")),
    Stream("cell", 32, "consumer", "0", "0", "0", ("region", "habit", "demographic", "need rate")),
    Stream("traits", 33, "consumer", "0", "0", "0", ("price sensitivity", "sharing", "taste x", "taste y")),
    Stream("history", 34, "consumer", "0", "0", "0", ("latest brand", "threshold", "replacement", "-")),
)  # fmt: skip

STREAM: dict[str, int] = {stream.name: stream.number for stream in STREAMS}

NOTICE = U(STREAM["notice"])
NEED = U(STREAM["need"])
SEARCH = U(STREAM["search"])
OUTSIDE = U(STREAM["outside"])
EXPERIENCE = U(STREAM["experience"])
CLICK = U(STREAM["click"])
PURCHASE = U(STREAM["purchase"])
TIE = U(STREAM["tie"])
CONTENT = U(STREAM["content"])
COMMUNITY = U(STREAM["community"])
PIECE = U(STREAM["piece"])
SEED = U(STREAM["seed"])
AUDIENCE = U(STREAM["audience"])
CELL = U(STREAM["cell"])
TRAITS = U(STREAM["traits"])
HISTORY = U(STREAM["history"])

#: Replicates of a pilot have this bit set, so that they are never among those that are evaluated.
PILOT = 0x8000_0000
#: A seed's talk about what it was given has this added to its occurrence: the seed may also buy.
SEED_OCCURRENCE = 256
BLOCK = 256
QUAD = 64

_BRAND_SHIFT = U(8)
_SLOT_SHIFT = U(16)
_BLOCK_SHIFT = U(8)
_LANE_MASK = U(63)
_QUAD_SHIFT = U(6)
_WORD_MASK = U(3)


@rule("u4(u4, u4, u4)")
def tail(stream: Any, brand_id: Any, slot: Any) -> Any:
    """Return counter word 3: stream, brand id and slot (or occurrence) packed."""
    return U(U(stream) | (U(brand_id) << _BRAND_SHIFT) | (U(slot) << _SLOT_SHIFT))


@rule("u4(u4)")
def dense_counter(consumer: Any) -> Any:
    """Return counter word 0 of a dense stream: the call that four consumers share."""
    return U(((U(consumer) >> _BLOCK_SHIFT) << _QUAD_SHIFT) | (U(consumer) & _LANE_MASK))


@rule("u4(u4)")
def dense_word(consumer: Any) -> Any:
    """Return which of the call's four words a consumer uses in a dense stream."""
    return U((U(consumer) >> _QUAD_SHIFT) & _WORD_MASK)


@rule("f4(u4, u4, u4, u4, u4, u4)")
def dense_uniform(consumer: Any, second: Any, step: Any, tail_word: Any, k0: Any, k1: Any) -> Any:
    """Return one consumer's uniform number from a dense stream."""
    words = philox(dense_counter(U(consumer)), U(second), U(step), U(tail_word), U(k0), U(k1))
    which = dense_word(U(consumer))
    if which == U(0):
        return unit(words[0])
    if which == U(1):
        return unit(words[1])
    if which == U(2):
        return unit(words[2])
    return unit(words[3])


@rule("UniTuple(f4, 4)(u4, u4, u4, u4, u4, u4)")
def sparse_uniforms(first: Any, second: Any, third: Any, tail_word: Any, k0: Any, k1: Any) -> Any:
    """Return the four uniform numbers of one address of a sparse stream."""
    a, b, c, d = philox(U(first), U(second), U(third), U(tail_word), U(k0), U(k1))
    return unit(a), unit(b), unit(c), unit(d)


@rule("u4(u4, u4, u4, u4, u4, u4, i8)")
def sparse_word(first: Any, second: Any, third: Any, tail_word: Any, k0: Any, k1: Any, word: Any) -> Any:
    """Return one raw word of an address, for orderings that need all 32 bits."""
    words = philox(U(first), U(second), U(third), U(tail_word), U(k0), U(k1))
    return words[word]
