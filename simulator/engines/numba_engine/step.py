"""The two halves of a step, compiled apart: consumers act, and what they decided is settled.

The order of phases is that of the model: environment, firms, exposure to choice for every consumer,
fulfillment and experience, messages, ledger.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import call_at, frame, inner_frame, part
from simulator.engines.numba_engine import attend
from simulator.engines.numba_engine.buy import carry_out
from simulator.engines.numba_engine.firms import environment, open_books, plant_seeds, redesign
from simulator.engines.numba_engine.layout import (
    BASE,
    BELIEF_SUM,
    CHUNK,
    COMMITTERS,
    HAS_CONTENT,
    HAS_MEDIA,
    LATEST,
    LATEST_UNITS,
    N_FOLLOWERS,
    N_MEMBERS,
    N_MOVES,
    N_ORDERS,
    N_TALKS,
    NO_BRAND,
    NOTICED,
    SATISFACTION,
    SMALL_CHUNK,
    STRETCH,
    SURPRISE,
    TALKS,
    block_of,
    lane_of,
    place_of,
    record,
)
from simulator.engines.numba_engine.mail import receive
from simulator.engines.numba_engine.media import buy_media
from simulator.engines.numba_engine.meet import visit
from simulator.engines.numba_engine.ration import admit_groups, ration
from simulator.engines.numba_engine.shop import shop
from simulator.engines.numba_engine.talk import add_talk, deliver, follow_moves
from simulator.model.draws import BLOCK
from simulator.model.mathematics import ZERO
from simulator.model.rules import attention

_CUSTOMERS, _FOLLOWERS, _MEMBERS = record("customers"), record("followers"), record("members")
_PURCHASES, _BELIEF = record("purchases"), record("belief")


@part
def attend_to(
    b: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, on: Any, s: Any, w: Any, row: Any, log_ad: Any
) -> None:
    """Take one block of consumers through what happens to all of them: attention, memory, needs."""
    attend.clear_block(b, s, w)
    attend.expose(b, m, p, s, w)
    for j in range(m.n_brands):
        for k in range(BLOCK):
            w.rows[NOTICED + k] = ZERO
        is_heard = attend.has_media_today(j, m, s)
        if on.brand[j, HAS_MEDIA] > 0:
            attend.notice(b, j, is_heard, t, k0, k1, m, p, s, w, row)
        attend.remember(b, j, is_heard, p, s, w, log_ad)
        if on.brand[j, HAS_CONTENT] > 0:
            attend.relax_trust(b, j, m, p, s)
        if m.is_threshold:
            at = place_of(b * BLOCK)
            for k in range(BLOCK):
                w.noticed[j, at + k] = w.rows[NOTICED + k]
    attend.feel_need(b, t, k0, k1, m, on, s, w, row)


@part
def talk_of_owners(
    t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, row: Any
) -> None:
    """Let every owner of a durable talk, not only those who bought in this step."""
    for i in range(m.n_consumers):
        b = block_of(i)
        k = lane_of(i)
        j = s.marks[b, LATEST, k]
        if j != NO_BRAND:
            add_talk(
                i,
                np.int64(j),
                TALKS,
                0,
                s.extras[i, s.column[SATISFACTION]],
                s.extras[i, s.column[SURPRISE]],
                w,
            )
        if w.n[N_TALKS] == BLOCK or i == m.n_consumers - 1:
            deliver(t, k0, k1, m, p, g, on, s, w, row)


@part
def carry_out_all(
    t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, row: Any
) -> None:
    """Carry out the orders that are listed, 256 at a time, and deliver what buyers say."""
    for first in range(0, w.n[N_ORDERS], BLOCK):
        last = min(first + BLOCK, w.n[N_ORDERS])
        carry_out(first, last, t, k0, k1, m, p, g, on, s, w, row)
        deliver(t, k0, k1, m, p, g, on, s, w, row)
    w.n[N_ORDERS] = 0


@part
def close_books(m: Any, s: Any, row: Any) -> None:
    """Note at the end of a step how many units were sold, and record the brands' sizes and what is believed."""
    for j in range(m.n_brands):
        s.books[j, LATEST_UNITS] = row[j, _PURCHASES]
        row[j, _CUSTOMERS] = s.books[j, BASE]
        row[j, _FOLLOWERS] = s.books[j, N_FOLLOWERS]
        row[j, _MEMBERS] = s.books[j, N_MEMBERS]
        row[j, _BELIEF] = s.books[j, BELIEF_SUM]


@inner_frame
def act(
    t: Any,
    begins: Any,
    first: Any,
    last: Any,
    k0: Any,
    k1: Any,
    m: Any,
    p: Any,
    g: Any,
    on: Any,
    s: Any,
    w: Any,
    counts: Any,
) -> None:
    """Take firms, and then some blocks of consumers, from the start of a step to their orders.

    Parameters
    ----------
    t : int
        Step.
    begins : bool
        Whether the step begins here: firms act.
    first, last : int
        Blocks, from ``first`` up to but without ``last``.
    k0, k1 : uint32
        Key: seed and replicate.
    m, p, g : Terms, Parameters, Graph
        What is simulated.
    on, s, w : Switches, State, Work
        Mechanisms in use, state (changed) and scratch memory, where orders and talk are listed.
    counts : int64 [T, J, series]
        What is observed; added to.
    """
    log_ad = attention.log_remainder(p.memory_gain_ad)
    log_contact = attention.log_remainder(p.memory_gain_contact)
    if begins:
        w.n[N_ORDERS] = 0
        w.n[N_TALKS] = 0
        w.n[N_MOVES] = 0
        environment(t, m, g, s)
        redesign(t, m, s)
        open_books(t, k0, k1, m, p, s, counts[t])
        buy_media(t, k0, k1, m, p, g, s, w, counts[t])
        plant_seeds(t, k0, k1, m, p, g, on, s, w, counts[t])
        # the side that was read in the last step is written in this one
        s.boxes[(t + 1) & 1, -1] = 0
    for begin in range(first, last, STRETCH):
        end = min(begin + STRETCH, last)
        receive(begin, t, m, p, s, w, log_contact)
        for b in range(begin, end):
            attend_to(b, t, k0, k1, m, p, on, s, w, counts[t], log_ad)
        visit(begin, end, t, k0, k1, m, p, g, on, s, w, counts)
        shop(begin, end, t, k0, k1, m, p, g, on, s, w, counts[t])


@inner_frame
def settle(
    t: Any,
    first: Any,
    last: Any,
    is_last: Any,
    k0: Any,
    k1: Any,
    m: Any,
    p: Any,
    g: Any,
    on: Any,
    s: Any,
    w: Any,
    row: Any,
) -> None:
    """Carry out the orders that are listed, deliver what is said, and close a step after its last block.

    Where stock may run out, orders wait until everybody has ordered.

    Parameters
    ----------
    t : int
        Step.
    first, last : int
        Blocks that have acted since the last call.
    is_last : bool
        Whether all blocks have acted.
    k0, k1, m, p, g, on, s, w : see :func:`act`
        The same.
    row : int64 [J, series]
        What is observed in the step; added to.
    """
    if on.is_rationed and is_last:
        ration(t, k0, k1, m, p, g, s, w, row)
    if is_last or not on.is_rationed:
        carry_out_all(t, k0, k1, m, p, g, on, s, w, row)
        for b in range(0 if on.is_rationed else first, last):
            attend.observe(b, m, on, s, row)
    if w.n[N_TALKS] > 0:
        deliver(t, k0, k1, m, p, g, on, s, w, row)
    if is_last:
        if m.owners_talk:
            talk_of_owners(t, k0, k1, m, p, g, on, s, w, row)
        if on.count_row[COMMITTERS] >= 0:
            admit_groups(t, k0, k1, m, on, s, w, row)
        follow_moves(g, s, w)
        close_books(m, s, row)


@frame
def run_steps(
    begin: Any, end: Any, acting: Any, settling: Any, k0: Any, k1: Any,
    m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, counts: Any,
) -> None:  # fmt: skip
    """Run some steps: chunk by chunk consumers act, and what they decided is settled.

    Parameters
    ----------
    begin, end : int
        Steps, from ``begin`` up to but without ``end``.
    acting, settling : int
        Addresses of :func:`act` and :func:`settle`.
    k0, k1, m, p, g, on, s, w : see :func:`act`
        The same.
    counts : int64 [T, J, series]
        What is observed; added to.
    """
    n_blocks = s.values.shape[0]
    chunk = CHUNK if n_blocks <= CHUNK else SMALL_CHUNK
    for t in range(begin, end):
        for first in range(0, n_blocks, chunk):
            last = min(first + chunk, n_blocks)
            call_at(acting, (t, first == 0, first, last, k0, k1, m, p, g, on, s, w, counts))
            call_at(settling, (t, first, last, last == n_blocks, k0, k1, m, p, g, on, s, w, counts[t]))
