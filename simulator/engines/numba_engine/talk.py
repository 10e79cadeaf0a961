"""Messages meet receivers: talk, invitations, shared pieces and group offers, on single ties.

Whoever has something to say visits its own ties; work is proportional to talk, not to ties. Everything
that a receiver gets is a whole number, so the order of senders does not matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part, subframe
from simulator.engines.numba_engine import terms
from simulator.engines.numba_engine.layout import (
    A_CALL,
    A_MESSAGE,
    A_PIECE,
    ABOUT,
    AN_INVITATION,
    ARC,
    AS_SEED,
    CHANGE,
    COMMITS,
    COUNT_ROW,
    HIT,
    INTENSITY,
    INVITE,
    INVITES,
    IS_TOLD,
    KIND,
    MOVER,
    N_MOVES,
    N_TALKS,
    REWARDED,
    SAID,
    SENDER,
    SHARES,
    SHARING,
    STRONG,
    SURPRISED,
    TAIL,
    TALKS,
    TARGET,
    TIE_0,
    TIE_1,
    TIE_2,
    TIE_3,
    TIE_CHANCE,
    TIES,
    TOPIC,
    UNITS,
    WEAK,
    WHICH,
    WHO,
    index,
    record,
    whole,
)
from simulator.engines.numba_engine.mail import invitation_weight, put
from simulator.model import draws
from simulator.model.draws import tail
from simulator.model.initialization import RECEIVER, STRONG_BIT
from simulator.model.mathematics import ONE, ZERO, F, unit
from simulator.model.philox import philox
from simulator.model.rules import referral, word_of_mouth
from simulator.vector_lists import WIDTH, list_marked

_U = np.uint32
_ANY = np.uint8(255)
_I = np.int32
_P = np.uint64
_TARGET, _SENDER, _TAIL, _TOPIC, _CHANCE = (_P(row) for row in (TARGET, SENDER, TAIL, TOPIC, TIE_CHANCE))
_POSITIVE, _NEGATIVE = record("contacts_positive"), record("contacts_negative")
_INVITATIONS, _SHARED_VIEWS = record("invitations"), record("shared_views")
_INVITED = terms.term("invitations")


@part
def add_talk(i: Any, j: Any, kind: Any, piece: Any, value: Any, surprise: Any, w: Any) -> None:
    """List a consumer who has something for the neighbors."""
    n = w.n[N_TALKS]
    w.talk[WHO, n] = i
    w.talk[ABOUT, n] = j
    w.talk[KIND, n] = kind
    w.talk[WHICH, n] = piece
    w.talk_value[SAID, n] = value
    w.talk_value[SURPRISED, n] = surprise
    w.n[N_TALKS] = n + 1


@part
def add_move(i: Any, row: Any, change: Any, w: Any) -> None:
    """List a change that the neighbors' counts of adopters, members or committed must follow."""
    n = w.n[N_MOVES]
    w.move[MOVER, n] = i
    w.move[COUNT_ROW, n] = row
    w.move[CHANGE, n] = change
    w.n[N_MOVES] = n + 1


@part
def draw_ties(n: Any, has_more: Any, t: Any, k0: Any, k1: Any, w: Any) -> None:
    """Draw the uniform numbers of the gathered ties, all at once."""
    tie, values = w.tie, w.tie_value
    if has_more:
        for a in range(whole(n)):
            c0, c1, c2, c3 = philox(tie[SENDER + a], tie[TARGET + a] & RECEIVER, _U(t), tie[TAIL + a], k0, k1)
            values[TIE_0 + a] = unit(c0)
            values[TIE_1 + a] = unit(c1)
            values[TIE_2 + a] = unit(c2)
            values[TIE_3 + a] = unit(c3)
        return
    for a in range(whole(n)):
        c0, _, _, _ = philox(tie[SENDER + a], tie[TARGET + a] & RECEIVER, _U(t), tie[TAIL + a], k0, k1)
        values[TIE_0 + a] = unit(c0)


@part
def prepare_talks(t: Any, m: Any, p: Any, g: Any, s: Any, w: Any) -> None:
    """Work out what holds for all ties of each talk: chances by strength of tie, and weights."""
    n = w.n[N_TALKS]
    said = w.talk_value
    for a in range(n):
        i = index(w.talk[WHO, a])
        said[INTENSITY, a] = s.records[i, SHARING]
    for a in range(n):
        said[INTENSITY, a] = word_of_mouth.talk_intensity(
            said[INTENSITY, a], said[SURPRISED, a], p.talk_base, p.surprise_unit, p.loss_factor
        ) * F(w.talk[KIND, a] & TALKS)
    weight = word_of_mouth.message_weight(p.friend_credibility, ONE)
    for a in range(n):
        w.talk[UNITS, a] = word_of_mouth.value_units(weight, said[SAID, a])
    for a in range(n):
        said[STRONG, a] = word_of_mouth.talk_probability(p.p_strong, said[INTENSITY, a])
    for a in range(n):
        said[WEAK, a] = word_of_mouth.talk_probability(p.p_weak, said[INTENSITY, a])
    for a in range(n):
        if w.talk[KIND, a] & INVITES:
            i = w.talk[WHO, a]
            j = w.talk[ABOUT, a]
            n_neighbors = F(g.indptr[i + 1] - g.indptr[i])
            said[INVITE, a] = referral.invitation_probability(m.by_step[t, j, _INVITED], n_neighbors)
            said[REWARDED, a] = invitation_weight(t, j, m, p)


@part
def weigh_ties(n: Any, first: Any, last: Any, at: Any, p: Any, g: Any, w: Any) -> None:
    """Work out the chance of talk on ties that have weights of their own."""
    intensity = w.talk_value[INTENSITY, n]
    for a in range(last - first):
        p_tie = p.p_strong if g.arcs[first + a] >= STRONG_BIT else p.p_weak
        rate = word_of_mouth.weighted_tie(p_tie, g.weights[first + a])
        w.tie_value[TIE_CHANCE + at + a] = word_of_mouth.talk_probability(rate, intensity)


@part
def gather_ties(n: Any, first: Any, last: Any, at: Any, m: Any, p: Any, g: Any, on: Any, w: Any) -> Any:
    """Add some of a sender's ties to those whose draws are made at once; return how many there are.

    Whole vectors are written: what lies behind the last tie is written over by the next sender.
    """
    own = _U(draws.SEED_OCCURRENCE) if w.talk[KIND, n] & AS_SEED else _U(0)
    word = tail(draws.TIE, m.brand_id[w.talk[ABOUT, n]], own)
    who = _U(w.talk[WHO, n])
    strong = w.talk_value[STRONG, n]
    weak = w.talk_value[WEAK, n]
    topic = _U(n)
    n_ties = last - first
    # unsigned places: a signed one could count from the end, which would keep these loops scalar
    start = _P(at)
    source = _P(first)
    tie = w.tie
    for a in range(_P(whole(n_ties))):
        arc = g.arcs[source + a]
        tie[start + (_TARGET + a)] = arc
        w.tie_value[start + (_CHANCE + a)] = strong if arc >= STRONG_BIT else weak
    for a in range(_P(whole(n_ties))):
        tie[start + (_SENDER + a)] = who
    for a in range(_P(whole(n_ties))):
        tie[start + (_TAIL + a)] = word
    for a in range(_P(whole(n_ties))):
        tie[start + (_TOPIC + a)] = topic
    if on.is_multiple:
        for a in range(n_ties):
            tie[TAIL + at + a] = word | (_U(g.occurrence[first + a]) << _U(16))
    if on.is_weighted:
        weigh_ties(n, first, last, at, p, g, w)
        for a in range(n_ties):
            tie[ARC + at + a] = _U(first + a)
    return at + n_ties


@part
def tell_more(
    a: Any, n: Any, j: Any, r: Any, t: Any, p: Any, g: Any, on: Any, s: Any, w: Any, row: Any
) -> None:
    """Let an invitation, a shared piece or a group offer meet one neighbor."""
    kind = w.talk[KIND, n]
    who = w.talk[WHO, n]
    if kind & INVITES and w.tie_value[TIE_1 + a] < w.talk_value[INVITE, n]:
        said = word_of_mouth.value_units(w.talk_value[REWARDED, n], w.talk_value[SAID, n])
        put(r, j, AN_INVITATION, np.int64(said), t, s)
        row[j, _INVITATIONS] += 1
    if kind & SHARES and w.tie_value[TIE_2 + a] < p.feed_attention:
        put(r, j, A_PIECE, np.int64(w.talk[WHICH, n]), t, s)
        row[j, _SHARED_VIEWS] += 1
    if kind & COMMITS:
        p_tie = p.p_strong if w.tie[TARGET + a] >= STRONG_BIT else p.p_weak
        if on.is_weighted:
            p_tie = word_of_mouth.weighted_tie(p_tie, g.weights[w.tie[ARC + a]])
        sharing = s.records[who, SHARING]
        if w.tie_value[TIE_3 + a] < word_of_mouth.talk_probability(p_tie, sharing):
            put(r, j, A_CALL, np.int64(0), t, s)


@part
def tell_all(n_ties: Any, has_more: Any, t: Any, p: Any, g: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """List the gathered ties on which something happens, without a branch, and go through them."""
    for a in range(whole(n_ties)):
        w.bytes[IS_TOLD + a] = np.uint8(w.tie_value[TIE_0 + a] < w.tie_value[TIE_CHANCE + a])
    n_hits = np.int64(0)
    for a in range(0, n_ties, WIDTH):
        n_hits += list_marked(w.bytes, IS_TOLD + a, _ANY, _I(a), _I(n_ties), w.tie, HIT + n_hits)
    for hit in range(n_hits):
        a = np.int64(w.tie[HIT + hit])
        n = np.int64(w.tie[TOPIC + a])
        j = index(w.talk[ABOUT, n])
        put(np.int64(w.tie[TARGET + a] & RECEIVER), j, A_MESSAGE, np.int64(w.talk[UNITS, n]), t, s)
        row[j, _POSITIVE if w.talk_value[SURPRISED, n] >= ZERO else _NEGATIVE] += 1
    if has_more:
        for a in range(n_ties):
            n = np.int64(w.tie[TOPIC + a])
            if w.talk[KIND, n] & ~(TALKS | AS_SEED):
                j = index(w.talk[ABOUT, n])
                tell_more(a, n, j, np.int64(w.tie[TARGET + a] & RECEIVER), t, p, g, on, s, w, row)


@subframe
def deliver(t: Any, k0: Any, k1: Any, m: Any, p: Any, g: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Deliver everything that was said so far in a step; receivers take it in at the next one."""
    n = np.int64(0)
    arc = np.int64(-1)
    prepare_talks(t, m, p, g, s, w)
    while n < w.n[N_TALKS]:
        n_ties = np.int64(0)
        more = _I(0)
        while n < w.n[N_TALKS] and n_ties < TIES:
            i = w.talk[WHO, n]
            if arc < 0:
                arc = g.indptr[i]
            last = min(g.indptr[i + 1], arc + TIES - n_ties)
            n_ties = gather_ties(n, arc, last, n_ties, m, p, g, on, w)
            more |= w.talk[KIND, n] & ~(TALKS | AS_SEED)
            arc = last
            if arc == g.indptr[i + 1]:
                n += 1
                arc = np.int64(-1)
        draw_ties(n_ties, more > 0, t, k0, k1, w)
        tell_all(n_ties, more > 0, t, p, g, on, s, w, row)
    w.n[N_TALKS] = 0


@part
def follow_moves(g: Any, s: Any, w: Any) -> None:
    """Tell neighbors at the end of a step who adopted, joined or committed, and who no longer does."""
    for n in range(w.n[N_MOVES]):
        i = w.move[MOVER, n]
        for k in range(g.indptr[i], g.indptr[i + 1]):
            s.counts[w.move[COUNT_ROW, n], np.int64(g.arcs[k] & RECEIVER)] += w.move[CHANGE, n]
    w.n[N_MOVES] = 0
