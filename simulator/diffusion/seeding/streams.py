"""Addresses of every draw that seeding makes, as rows of the table of draws.

The key is (seed, world); the world is 0 where a graph is given directly. Counter word 3 holds the stream and,
beside it, which collection of reverse reachable sets is meant: 0 for the one that chooses, 1 for the one that
judges. A number is never given to another use.
"""

from __future__ import annotations

import numpy as np

from simulator.model.draws import Stream

U = np.uint32
STREAM_ORDER = U(112)
STREAM_PIVOT = U(113)
STREAM_LIVE_ARC = U(114)
STREAM_REVERSE_ARC = U(115)
STREAM_REVERSE_ROOT = U(116)

_ARCS = ("arc or gap", "arc or gap", "arc or gap", "arc or gap")

SEEDING_STREAMS: tuple[Stream, ...] = (
    Stream("seeding order", 112, "node", "0", "0", "0", ("priority", "priority", "-", "-")),
    Stream("seeding pivot", 113, "node", "0", "0", "0", ("priority", "priority", "-", "-")),
    Stream("seeding live arc", 114, "target", "sample", "four arcs", "0", _ARCS),
    Stream("seeding reverse arc", 115, "target", "set", "four arcs", "collection", _ARCS),
    Stream("seeding reverse root", 116, "set", "0", "0", "collection", ("root", "-", "-", "-")),
)
