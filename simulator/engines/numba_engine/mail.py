"""Letters: what neighbors said in a step, which reaches its receivers in the next one.

A letter is one whole number. Whoever sends puts it into the box of the receiver's stretch, one behind the other;
when the stretch acts, its box is emptied into a tally. So nothing but the ends of the boxes is touched out of
order. All that is tallied are whole numbers: the order of letters does not matter. A box is a chain of chunks; the
first place of a chunk says where the chunk before it ended. Letters have two sides: one is read while the other is
written.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part
from simulator.engines.numba_engine import terms
from simulator.engines.numba_engine.layout import (
    A_CALL,
    A_MESSAGE,
    A_PIECE,
    ALERT,
    AN_INVITATION,
    BELIEF,
    BOX_BITS,
    CONTACTS,
    EVIDENCE,
    FLAGS,
    FRIEND,
    G_BELIEF,
    G_EVIDENCE,
    HAS_BOUGHT,
    INVITATION_STEP,
    INVITED_UNTIL,
    KIND_BITS,
    LETTERS,
    MEMORY,
    MORE,
    PLACES,
    RESULT,
    TOUCH,
    U_0,
    U_1,
    U_2,
    U_3,
    VALUE,
    WEIGHT,
    block_of,
    in_record,
    index,
    lane_of,
    mark_of,
    of_brand,
    place_of,
    whole,
)
from simulator.engines.numba_engine.relation import learn
from simulator.model.draws import BLOCK
from simulator.model.mathematics import ONE, ZERO, F
from simulator.model.rules import attention, referral, search, word_of_mouth
from simulator.vector_lists import fetch_ahead

_VALID = terms.term("valid_weeks")
_SENDER_REWARD = terms.term("reward_sender")
#: What is said stands in the lower half of a letter, from 0 on.
_HALF = 32
_LOWER = 2**32 - 1
_NOTHING = 2**31


@part
def put(r: Any, j: Any, kind: Any, said: Any, t: Any, s: Any) -> None:
    """Put a letter about a brand into the box of its receiver's stretch, to be read in the next step."""
    side = (t + 1) & 1
    box = r >> BOX_BITS
    at = s.boxes[side, box]
    if at & (LETTERS - 1) == 0:
        first = s.boxes[side, -1]
        s.boxes[side, -1] = first + LETTERS
        s.letters[side, first] = at
        at = first + 1
    where = place_of(r) | (j << BOX_BITS) | (kind << KIND_BITS)
    s.letters[side, at] = (where << _HALF) + (said + _NOTHING)
    s.boxes[side, box] = at + 1


@part
def take_invitation(i: Any, j: Any, t: Any, m: Any, s: Any) -> None:
    """Keep an invitation on the terms of the step in which it came, unless one is open."""
    until = s.column[INVITED_UNTIL] + j
    has_bought = (s.marks[block_of(i), mark_of(j, FLAGS), lane_of(i)] & HAS_BOUGHT) > 0
    if referral.takes_invitation(t <= s.dates[i, until], has_bought):
        s.dates[i, s.column[INVITATION_STEP] + j] = np.int16(t - 1)
        s.dates[i, until] = np.int16(np.int32(t) - np.int32(1) + np.int32(m.by_step[t - 1, j, _VALID]))


@part
def invitation_weight(step: Any, j: Any, m: Any, p: Any) -> Any:
    """Return the evidence of an invitation that is sent in a step: less where its sender is rewarded."""
    rewarded = p.rewarded_credibility if m.by_step[step, j, _SENDER_REWARD] > ZERO else ONE
    return word_of_mouth.message_weight(p.friend_credibility, rewarded)


@part
def take_rare(i: Any, j: Any, kind: Any, said: Any, t: Any, m: Any, p: Any, s: Any) -> Any:
    """Take in what is no plain message; return the evidence that it carries, in whole units."""
    if kind == A_PIECE:
        # the newest of those that came
        s.pieces[j, i] = max(s.pieces[j, i], np.int32(said))
        s.marks[block_of(i), ALERT, lane_of(i)] = np.uint8(1)
    if kind != AN_INVITATION:
        return np.int32(0)
    take_invitation(i, j, t, m, s)
    return word_of_mouth.weight_units(invitation_weight(t - 1, j, m, p))


@part
def empty_box(box: Any, t: Any, m: Any, p: Any, s: Any, w: Any) -> None:
    """Tally a stretch's letters by brand and receiver, and list each brand's receivers."""
    side = t & 1
    plain = word_of_mouth.weight_units(word_of_mouth.message_weight(p.friend_credibility, ONE))
    end = s.boxes[side, box]
    s.boxes[side, box] = 0
    while end > 0:
        first = (end - 1) & -LETTERS
        for at in range(first + 1, end):
            where = s.letters[side, at] >> _HALF
            said = np.int32((s.letters[side, at] & _LOWER) - _NOTHING)
            kind = where >> KIND_BITS
            told = where & (2**KIND_BITS - 1)
            j = told >> BOX_BITS
            i = box * PLACES + place_of(told)
            fetch_ahead(s.records, i * s.records.shape[1] + in_record(j, BELIEF))
            fetch_ahead(
                s.values, (block_of(i) * s.values.shape[1] + of_brand(j, MEMORY)) * BLOCK + lane_of(i)
            )
            weight = plain if kind == A_MESSAGE else take_rare(i, j, kind, said, t, m, p, s)
            if kind != A_PIECE:
                w.told[j, w.n_told[j]] = np.int32(i)
                w.n_told[j] += np.int64(w.tally[told, CONTACTS] == 0)
                w.tally[told, CONTACTS] += np.int32(1)
                w.tally[told, WEIGHT] += weight
                w.tally[told, VALUE] += said if kind != A_CALL else np.int32(0)
        end = s.letters[side, first]


@part
def gather_told(first: Any, n: Any, j: Any, s: Any, w: Any) -> None:
    """Gather what up to 256 receivers know and what they were told, and clear its tally."""
    rows = w.rows
    for a in range(n):
        i = index(w.told[j, first + a])
        told = place_of(i) + j * PLACES
        rows[U_0 + a] = F(w.tally[told, CONTACTS])
        rows[U_1 + a] = word_of_mouth.from_units(w.tally[told, WEIGHT])
        rows[U_2 + a] = word_of_mouth.from_units(w.tally[told, VALUE])
        rows[U_3 + a] = s.values[block_of(i), of_brand(j, MEMORY), lane_of(i)]
        rows[G_BELIEF + a] = s.records[i, in_record(j, BELIEF)]
        rows[G_EVIDENCE + a] = s.records[i, in_record(j, EVIDENCE)]
        w.tally[told, CONTACTS] = 0
        w.tally[told, WEIGHT] = 0
        w.tally[told, VALUE] = 0


@part
def weigh_told(n: Any, j: Any, p: Any, s: Any, w: Any, log_contact: Any) -> None:
    """Work out what memory and belief become after last step's messages."""
    rows = w.rows
    for a in range(whole(n)):
        rows[U_3 + a] = attention.memory_after_contacts(rows[U_3 + a], rows[U_0 + a], log_contact)
    for a in range(whole(n)):
        after = search.belief_after_message(
            rows[G_BELIEF + a], rows[G_EVIDENCE + a], rows[U_2 + a], rows[U_1 + a]
        )
        rows[RESULT + a] = after if rows[U_1 + a] > ZERO else rows[G_BELIEF + a]
    for a in range(whole(n)):
        after = search.evidence_after_message(rows[G_EVIDENCE + a], rows[U_1 + a], p.evidence_limit)
        rows[MORE + a] = after if rows[U_1 + a] > ZERO else rows[G_EVIDENCE + a]
    learn(n, G_BELIEF, RESULT, j, s, w)


@part
def keep_told(first: Any, n: Any, j: Any, s: Any, w: Any) -> None:
    """Write down what receivers remember and believe after their messages."""
    rows = w.rows
    for a in range(n):
        i = index(w.told[j, first + a])
        s.values[block_of(i), of_brand(j, MEMORY), lane_of(i)] = rows[U_3 + a]
        s.records[i, in_record(j, BELIEF)] = rows[RESULT + a]
        s.records[i, in_record(j, EVIDENCE)] = rows[MORE + a]
    for a in range(n):
        i = index(w.told[j, first + a])
        s.marks[block_of(i), mark_of(j, TOUCH), lane_of(i)] = FRIEND


@part
def receive(begin: Any, t: Any, m: Any, p: Any, s: Any, w: Any, log_contact: Any) -> None:
    """Let a stretch, by its first block, take in what its consumers were told in the last step."""
    empty_box(begin * BLOCK // PLACES, t, m, p, s, w)
    for j in range(m.n_brands):
        for first in range(0, w.n_told[j], BLOCK):
            n = min(w.n_told[j] - first, np.int64(BLOCK))
            gather_told(first, n, j, s, w)
            weigh_told(n, j, p, s, w, log_contact)
            keep_told(first, n, j, s, w)
        w.n_told[j] = 0
