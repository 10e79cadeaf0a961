"""Messages meet receivers: talk, invitations, shared pieces and group offers, on single ties.

Whoever has something to say visits its own ties; work is proportional to talk, not to ties. Everything
that a receiver gets is a whole number, so the order of senders does not matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part, subframe
from simulator.engines.numba_engine.layout import (
    AS_SEED,
    COMMITS,
    CONTACTS,
    INTENSITY,
    INVITATION,
    INVITE,
    INVITES,
    IS_LISTED,
    MESSAGE_SCALE,
    N_MOVES,
    N_TALKS,
    PIECE,
    REWARDED,
    SHARES,
    STRONG,
    TALKS,
    TIES,
    VALUE,
    WEAK,
    WEIGHT,
    record,
    whole,
)
from simulator.model import draws
from simulator.model.campaigns import TERM
from simulator.model.draws import tail
from simulator.model.mathematics import ONE, ZERO, F, unit
from simulator.model.philox import philox
from simulator.model.rules import referral, word_of_mouth

_U = np.uint32
_POSITIVE, _NEGATIVE = record("contacts_positive"), record("contacts_negative")
_INVITATIONS, _SHARED_VIEWS = record("invitations"), record("shared_views")
_SENDER, _INVITED = TERM["reward_sender"], TERM["invitations"]


@part
def address(r: Any, j: Any, s: Any) -> None:
    """List a consumer among those who have mail about a brand."""
    if s.inbox[j, r, IS_LISTED] == 0:
        s.inbox[j, r, IS_LISTED] = 1
        s.receivers[j, s.n_receivers[j]] = r
        s.n_receivers[j] += 1


@part
def send(r: Any, j: Any, value: Any, weight: Any, s: Any) -> None:
    """Put one message about a brand into a receiver's inbox."""
    address(r, j, s)
    s.inbox[j, r, CONTACTS] += 1
    s.inbox[j, r, WEIGHT] += np.int32(np.floor(weight * MESSAGE_SCALE))
    s.inbox[j, r, VALUE] += np.int32(np.floor(weight * value * MESSAGE_SCALE))


@part
def draw_ties(n: Any, t: Any, k0: Any, k1: Any, w: Any) -> None:
    """Draw the uniform numbers of the gathered ties, all at once."""
    for a in range(whole(n)):
        c0, c1, c2, c3 = philox(w.tie_sender[a], w.tie_receiver[a], _U(t), w.tie_tail[a], k0, k1)
        w.tie_uniforms[0, a] = unit(c0)
        w.tie_uniforms[1, a] = unit(c1)
        w.tie_uniforms[2, a] = unit(c2)
        w.tie_uniforms[3, a] = unit(c3)


@part
def prepare_talk(n: Any, t: Any, p: Any, plan: Any, world: Any, w: Any) -> None:
    """Work out what holds for all ties of one talk: chances by strength of tie, and weights."""
    i = w.talk_consumer[n]
    j = w.talk_brand[n]
    intensity = word_of_mouth.talk_intensity(
        world.population.sharing[i], w.talk_surprise[n], p.talk_base, p.surprise_unit, p.loss_factor
    )
    talks = ONE if w.talk_kind[n] & TALKS else ZERO
    w.talk_terms[STRONG, n] = word_of_mouth.talk_probability(p.p_strong, intensity) * talks
    w.talk_terms[WEAK, n] = word_of_mouth.talk_probability(p.p_weak, intensity) * talks
    w.talk_terms[INTENSITY, n] = intensity * talks
    if w.talk_kind[n] & INVITES:
        n_neighbors = F(world.indptr[i + 1] - world.indptr[i])
        w.talk_terms[INVITE, n] = referral.invitation_probability(plan.programs[t, j, _INVITED], n_neighbors)
        rewarded = p.rewarded_credibility if plan.programs[t, j, _SENDER] > ZERO else ONE
        w.talk_terms[REWARDED, n] = word_of_mouth.message_weight(p.friend_credibility, rewarded)


@part
def gather_ties(
    n: Any, first: Any, last: Any, n_ties: Any, m: Any, p: Any, world: Any, on: Any, w: Any
) -> Any:
    """Add some of a sender's ties to those whose draws are made at once; return how many there are."""
    i = _U(w.talk_consumer[n])
    own = _U(draws.SEED_OCCURRENCE) if w.talk_kind[n] & AS_SEED else _U(0)
    word = tail(draws.TIE, m.brand_id[w.talk_brand[n]], own)
    strong = w.talk_terms[STRONG, n]
    weak = w.talk_terms[WEAK, n]
    for k in range(first, last):
        w.tie_sender[n_ties] = i
        w.tie_receiver[n_ties] = world.neighbors[k]
        w.tie_tail[n_ties] = _U(word | (_U(world.occurrence[k]) << _U(16))) if on.is_multiple else word
        w.tie_talk[n_ties] = n
        w.tie_arc[n_ties] = k
        w.tie_chance[n_ties] = strong if world.is_strong[k] > 0 else weak
        if on.is_weighted:
            rate = word_of_mouth.weighted_tie(
                p.p_strong if world.is_strong[k] > 0 else p.p_weak, world.weights[k]
            )
            w.tie_chance[n_ties] = word_of_mouth.talk_probability(rate, w.talk_terms[INTENSITY, n])
        n_ties += 1
    return n_ties


@part
def tell(a: Any, weight: Any, p: Any, world: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """Let what a sender has to say about a brand meet one neighbor."""
    n = w.tie_talk[a]
    j = np.int64(w.talk_brand[n])
    kind = w.talk_kind[n]
    r = np.int64(w.tie_receiver[a])
    if w.tie_uniforms[0, a] < w.tie_chance[a]:
        send(r, j, w.talk_value[n], weight, s)
        row[j, _POSITIVE if w.talk_surprise[n] >= ZERO else _NEGATIVE] += 1
    if kind & INVITES and w.tie_uniforms[1, a] < w.talk_terms[INVITE, n]:
        send(r, j, w.talk_value[n], w.talk_terms[REWARDED, n], s)
        s.inbox[j, r, INVITATION] = 1
        row[j, _INVITATIONS] += 1
    if kind & SHARES and w.tie_uniforms[2, a] < p.feed_attention:
        address(r, j, s)
        s.inbox[j, r, PIECE] = max(s.inbox[j, r, PIECE], w.talk_piece[n])
        row[j, _SHARED_VIEWS] += 1
    if kind & COMMITS:
        arc = w.tie_arc[a]
        rate = p.p_strong if world.is_strong[arc] > 0 else p.p_weak
        if on.is_weighted:
            rate = word_of_mouth.weighted_tie(rate, world.weights[arc])
        if w.tie_uniforms[3, a] < word_of_mouth.talk_probability(
            rate, world.population.sharing[w.talk_consumer[n]]
        ):
            address(r, j, s)
            s.inbox[j, r, CONTACTS] += 1


@part
def tell_all(n_ties: Any, p: Any, world: Any, on: Any, s: Any, w: Any, row: Any) -> None:
    """List the gathered ties on which something happens, without a branch, and go through them."""
    weight = word_of_mouth.message_weight(p.friend_credibility, ONE)
    n_hits = 0
    for a in range(n_ties):
        w.tie_hit[n_hits] = a
        is_more = w.talk_kind[w.tie_talk[a]] != TALKS
        n_hits += np.int64((w.tie_uniforms[0, a] < w.tie_chance[a]) | is_more)
    for hit in range(n_hits):
        tell(np.int64(w.tie_hit[hit]), weight, p, world, on, s, w, row)


@subframe
def deliver(
    t: Any, k0: Any, k1: Any, m: Any, p: Any, plan: Any, world: Any, on: Any, s: Any, w: Any, row: Any
) -> None:
    """Deliver everything that was said so far in a step; receivers take it in at the next one."""
    n = np.int64(0)
    arc = np.int64(-1)
    while n < w.n[N_TALKS]:
        n_ties = np.int64(0)
        while n < w.n[N_TALKS] and n_ties < TIES:
            i = w.talk_consumer[n]
            if arc < 0:
                arc = world.indptr[i]
                prepare_talk(n, t, p, plan, world, w)
            last = min(world.indptr[i + 1], arc + TIES - n_ties)
            n_ties = gather_ties(n, arc, last, n_ties, m, p, world, on, w)
            arc = last
            if arc == world.indptr[i + 1]:
                n += 1
                arc = np.int64(-1)
        draw_ties(n_ties, t, k0, k1, w)
        tell_all(n_ties, p, world, on, s, w, row)
    w.n[N_TALKS] = 0


@part
def follow_moves(world: Any, s: Any, w: Any) -> None:
    """Tell neighbors at the end of a step who adopted, joined or committed, and who no longer does."""
    for n in range(w.n[N_MOVES]):
        i = w.move_consumer[n]
        for k in range(world.indptr[i], world.indptr[i + 1]):
            s.counts[w.move_count[n], w.move_brand[n], world.neighbors[k]] += np.int32(w.move_change[n])
    w.n[N_MOVES] = 0
