"""Addresses of every draw that a social graph makes, as rows of the table of draws.

The key is (seed, world); counter word 3 holds the stream alone. One world has one network, so that kinds
of network may share a stream. An attempt is numbered from 0 and only counts up after a refusal. A place on
a ring is 1 for the next consumer, 2 for the one after, and so on. A number is never given to another use.
"""

from __future__ import annotations

import numpy as np

from simulator.model.draws import Stream

U = np.uint32
#: Stands in a counter word that a stream does not use.
UNUSED = np.int64(0)

STREAM_NETWORK_STRENGTH = U(64)
STREAM_NETWORK_REWIRING_COIN = U(65)
STREAM_NETWORK_REWIRING_TARGET = U(66)
STREAM_NETWORK_ATTACHMENT = U(67)
STREAM_NETWORK_GAP_INSIDE = U(68)
STREAM_NETWORK_GAP_OUTSIDE = U(69)
STREAM_NETWORK_DEGREE = U(70)
STREAM_NETWORK_INSIDE = U(71)
STREAM_NETWORK_SHUFFLE = U(72)
STREAM_NETWORK_SWITCH = U(73)
STREAM_NETWORK_PLACE = U(74)
STREAM_NETWORK_TASTE_NOISE = U(75)
STREAM_NETWORK_RING_COIN = U(76)
STREAM_NETWORK_DEAL = U(77)

_GAPS = ("gap", "gap", "next gap", "next gap")
_SWAPS = ("swap", "swap", "next swap", "next swap")
_NOISE = ("taste x", "taste x", "taste y", "taste y")
_COIN = ("coin", "-", "-", "-")

NETWORK_STREAMS: tuple[Stream, ...] = (
    Stream("network strength", 64, "smaller id", "larger id", "occurrence", "0", _COIN),
    Stream("network rewiring coin", 65, "consumer", "place", "0", "0", _COIN),
    Stream(
        "network rewiring", 66, "consumer", "place", "attempt", "0", ("partner", "partner", "inside", "-")
    ),
    Stream("network attachment", 67, "newcomer", "tie", "attempt", "0", ("tie end", "tie end", "-", "-")),
    Stream("network gap inside", 68, "consumer", "pair of gaps", "0", "0", _GAPS),
    Stream("network gap outside", 69, "consumer", "pair of gaps", "0", "0", _GAPS),
    Stream("network degree", 70, "consumer", "0", "0", "0", ("degree", "degree", "-", "-")),
    Stream("network inside", 71, "consumer", "four stubs", "0", "0", ("stub", "stub", "stub", "stub")),
    Stream("network shuffle", 72, "two places", "group", "0", "0", _SWAPS),
    Stream("network switch", 73, "refused pair", "group", "attempt", "0", ("tie", "tie", "direction", "-")),
    Stream("network place", 74, "consumer", "0", "0", "0", ("mixes", "order", "host", "host")),
    Stream("network taste noise", 75, "consumer", "0", "0", "0", _NOISE),
    Stream("network ring coin", 76, "consumer", "0", "0", "0", _COIN),
    Stream("network deal", 77, "sixteen places", "group", "0", "0", ("four piles",) * 4),
)
