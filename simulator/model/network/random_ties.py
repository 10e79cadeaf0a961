"""Kernels that write the ties of the classic graphs, with one address per draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import kernel
from simulator.model.network.addresses import (
    STREAM_NETWORK_ATTACHMENT,
    STREAM_NETWORK_GAP_INSIDE,
    STREAM_NETWORK_GAP_OUTSIDE,
    STREAM_NETWORK_REWIRING_COIN,
    STREAM_NETWORK_REWIRING_TARGET,
    UNUSED,
)
from simulator.model.network.chance import below, coin, natural_log, uniforms, words
from simulator.model.network.tie_set import insert

_N_ATTEMPTS = 100


@kernel
def rewired_ring(
    n: Any, n_sides: Any, rewiring: Any, ties: Any, source: Any, target: Any, key0: Any, key1: Any
) -> Any:
    """Write the ties of a rewired ring; return how many there are.

    Kept ring ties come first, so that a rewired tie never displaces one. A rewired tie draws its partner
    again while that is the consumer itself or a neighbor already, 100 times, and then stays where it was.
    """
    n_ties = 0
    for i in range(n):
        for k in range(1, n_sides + 1):
            word, _, _, _ = words(STREAM_NETWORK_REWIRING_COIN, i, k, UNUSED, key0, key1)
            far = np.int64((i + k) % n)
            if not coin(word, rewiring):
                insert(ties, i, far)
                source[n_ties] = i
                target[n_ties] = far
                n_ties += 1
    for i in range(n):
        for k in range(1, n_sides + 1):
            word, _, _, _ = words(STREAM_NETWORK_REWIRING_COIN, i, k, UNUSED, key0, key1)
            if not coin(word, rewiring):
                continue
            is_new = False
            far = np.int64(0)
            for attempt in range(_N_ATTEMPTS):
                u, _ = uniforms(STREAM_NETWORK_REWIRING_TARGET, i, k, attempt, key0, key1)
                far = below(u, np.int64(n))
                is_new = far != i and insert(ties, i, far)
                if is_new:
                    break
            if not is_new:
                far = np.int64((i + k) % n)
                is_new = insert(ties, i, far)
            if is_new:
                source[n_ties] = i
                target[n_ties] = far
                n_ties += 1
    return n_ties


@kernel
def attached_ties(n: Any, attachments: Any, source: Any, target: Any, key0: Any, key1: Any) -> Any:
    """Write the ties of preferential attachment: a star of ``attachments + 1``, then one newcomer at a time.

    A newcomer draws ends of earlier ties, each end alike, so a consumer in proportion to its degree; an end
    drawn twice is drawn again, so that the partners are distinct.
    """
    for k in range(attachments):
        source[k] = 0
        target[k] = k + 1
    n_ties = attachments
    for newcomer in range(attachments + 1, n):
        n_ends = np.int64(2 * n_ties)
        for k in range(attachments):
            attempt = 0
            is_new = False
            chosen = np.int64(0)
            while not is_new:
                u, _ = uniforms(STREAM_NETWORK_ATTACHMENT, newcomer, k, attempt, key0, key1)
                end = below(u, n_ends)
                chosen = np.int64(target[end >> 1] if end & 1 else source[end >> 1])
                is_new = True
                for earlier in range(k):
                    if target[n_ties + earlier] == chosen:
                        is_new = False
                attempt += 1
            source[n_ties + k] = newcomer
            target[n_ties + k] = chosen
        n_ties += attachments


@kernel
def _partners(
    stream: Any, i: Any, start: Any, stop: Any, log_miss: Any, order: Any,
    source: Any, target: Any, n_ties: Any, key0: Any, key1: Any
) -> Any:  # fmt: skip
    """Tie consumer i to each of ``order[start:stop]`` with one probability, jumping from hit to hit."""
    if not log_miss < 0.0:
        return n_ties
    place = np.int64(start) - 1
    number = 0
    while True:
        first, second = uniforms(stream, i, number, UNUSED, key0, key1)
        number += 1
        for k in range(2):
            u = second if k == 1 else first
            gap = np.floor(natural_log(1.0 - u) / log_miss)
            if gap >= np.float64(stop - 1 - place):
                return n_ties
            place += 1 + np.int64(gap)
            if n_ties < source.size:
                source[n_ties] = i
                target[n_ties] = order[place]
            n_ties += 1


@kernel
def block_ties(
    order: Any, block_end: Any, log_miss_inside: Any, log_miss_outside: Any, source: Any, target: Any,
    key0: Any, key1: Any
) -> Any:  # fmt: skip
    """Write the ties of a random graph of blocks; return how many there are, even beyond the arrays' end.

    ``order`` lists the consumers block by block and ``block_end`` says, for each place in it, where the
    block ends. Each pair is tied independently; the logarithms are of the probabilities of no tie.
    """
    n = order.size
    n_ties = np.int64(0)
    for place in range(n):
        i = np.int64(order[place])
        end = block_end[place]
        n_ties = _partners(
            STREAM_NETWORK_GAP_INSIDE,
            i,
            place + 1,
            end,
            log_miss_inside,
            order,
            source,
            target,
            n_ties,
            key0,
            key1,
        )
        n_ties = _partners(
            STREAM_NETWORK_GAP_OUTSIDE, i, end, n, log_miss_outside, order, source, target, n_ties, key0, key1
        )
    return n_ties


@kernel
def grid_ties(n: Any, width: Any, n_directions: Any, periodic: Any, source: Any, target: Any) -> Any:
    """Write the ties of a grid to the right, below, and on both lower corners; return how many there are."""
    n_rows = (n + width - 1) // width
    n_ties = 0
    for i in range(n):
        for direction in range(n_directions):
            row = i // width + (0 if direction == 0 else 1)
            column = i % width + (0 if direction == 1 else (-1 if direction == 3 else 1))
            if periodic:
                row = row % n_rows
                column = (column + width) % width
                row = 0 if row * width + column >= n else row
            far = row * width + column
            if column < 0 or column >= width or far >= n or far == i:
                continue
            source[n_ties] = i
            target[n_ties] = far
            n_ties += 1
    return n_ties
