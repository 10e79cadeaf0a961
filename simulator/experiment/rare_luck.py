r"""Luck that is rare: how many replicates meet it, and what a selection says of it.

Luck of one replicate in N is met by n replicates with the probability 1 - (1 - 1/N)^n. Procedures of selection take the
spread of differences from their first stage; where the best treatment is so by luck that its first stage did not
meet, it looks worse than it is, and surely so. There are two remedies, both for k - 1 differences together:

* a first stage that meets it: ``first_stage="1 in 20"`` stands for the smallest n with
  (k - 1) (1 - 1/20)^n <= 1 - confidence;
* where the first stage is too short for luck of one in ten, so many fresh replicates of the treatments that are not
  evaluated as would meet that: a choice that is wrong for its sake is not set right by them, but warned of.

To meet luck is not yet to be right: for that, N should be about twice as rare as the luck that decides. Luck is seen by
the shape of a difference: see :mod:`simulator.experiment.luck_shape`. What the remedies are worth, and how often a
warning fails or is false, is measured in ``experiments/selection``; luck that is rarer than one in ten can go unwarned.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from simulator.errors import Fault
from simulator.experiment.arguments import whole
from simulator.experiment.first_stage import CHECKED, RARE, replicates_to_meet
from simulator.experiment.luck_shape import LuckShape
from simulator.outcomes.wording import percent

if TYPE_CHECKING:
    from simulator.experiment.selection import Selection

#: Least and most share of right selections by Kim & Nelson and by budget allocation where the best is so by luck of one
#: replicate in ten, as experiments/selection measured: by the confidence stated, with first stages of 10 and "1 in 20".
RIGHT_UNDER_RARE_LUCK = {
    0.90: ((0.61, 0.70), (0.96, 0.98)),
    0.95: ((0.66, 0.72), (0.97, 0.99)),
    0.99: ((0.77, 0.80), (0.99, 1.00)),
}
_ONE_IN = re.compile(r"\s*1 in ([1-9][0-9]{0,5})\s*", re.ASCII)


def asked_stage(
    given: object, n_treatments: int, confidence: float, largest: int, faults: list[Fault]
) -> int:
    """Return the replicates of a first stage that is given as a number, or by the rarest luck it shall meet.

    Parameters
    ----------
    given : int or str
        A number from 2 on, or a text such as ``"1 in 20"``.
    n_treatments : int
        At least 2.
    confidence : float
        With which luck of that rarity shall be met in each difference to the best, jointly.
    largest : int
        Most replicates.
    faults : list of Fault
        Receives what is wrong.

    Returns
    -------
    int
        Replicates; 2 where what is given is wrong.
    """
    place = "select(first_stage)"
    if not isinstance(given, str):
        return whole(place, given, 2, largest, faults)
    if given.strip().isdecimal() and len(given) < 10:
        return whole(place, int(given), 2, largest, faults)
    found = _ONE_IN.fullmatch(given) if len(given) < 20 else None
    if found is None or int(found[1]) < 2:
        expected = 'a number from 2 on, or the rarest luck that it shall meet, such as "1 in 20"'
        faults.append(Fault(place, repr(given), expected))
        return 2
    needed = max(2, replicates_to_meet(n_treatments, confidence, 1 / int(found[1])))
    return whole(f"{place}, {given!r}", needed, 2, largest, faults)


def replicates_to_check(
    n_treatments: int, confidence: float, first_stage: int, most: int, asked: int | None = None
) -> int:
    """Return in how many fresh replicates treatments run that are not evaluated.

    Parameters
    ----------
    n_treatments : int
        At least 2.
    confidence : float
        Of meeting luck of one replicate in ten, joint for all differences to the best.
    first_stage : int
        Replicates of every treatment in the first stage; where they are enough, none are added.
    most : int
        Fresh replicates of the treatments that are evaluated.
    asked : int, optional
        The number that a user wants instead.
    """
    needed = replicates_to_meet(n_treatments, confidence, CHECKED)
    if asked is not None:
        return min(asked, most)
    return 0 if first_stage >= needed else min(needed, most)


def to_meet(seen: LuckShape) -> float:
    """Return the share of replicates of the luck that a first stage should meet: what was seen, or one in twenty."""
    return min(RARE, seen.share)


def calls_in_doubt(n_treatments: int, confidence: float, first_stage: int, seen: LuckShape) -> bool:
    """Return whether luck is so rare that a first stage may have missed what matters.

    Parameters
    ----------
    n_treatments : int
        At least 2.
    confidence : float
        Asked for.
    first_stage : int
        Replicates; those that meet luck of one in twenty, or rarer luck of the shape that was seen, are enough.
    seen : LuckShape
        That of the rarest luck that was seen.
    """
    return seen.is_rare and first_stage < replicates_to_meet(n_treatments, confidence, to_meet(seen))


def is_in_doubt(found: Selection) -> bool:
    """Return whether a selection shows luck so rare that its first stage may have missed what matters."""
    k, first = len(found.treatments), found.choice.first_stage
    return calls_in_doubt(k, found.rule.confidence, first, found.evaluation.rarest)


def luck_met(found: Selection) -> int:
    """Return N of the rarest luck, one replicate in N, that would have been met with the confidence asked for."""
    return _met_by(found, _n_looked_at(found))


def luck_sentence(found: Selection) -> str:
    """Return what is known of rare luck: a warning where it was seen, else what would have been seen."""
    seen, first = found.evaluation.rarest, found.choice.first_stage
    level = percent(found.rule.confidence)
    if not seen.is_rare:
        n = _n_looked_at(found)
        where = f"{n:,} fresh replicates" if n > first else f"the {n:,} replicates of the first stage"
        if n == 0:
            return "Whether luck is rare is unknown: what was dropped was not checked on fresh replicates."
        if luck_met(found) < 2:
            return f"Whether luck is rare is unknown: {where} are too few to meet it."
        return (
            f"No rare luck was seen: every strategy was looked at in at least {where}, which meet luck of one "
            f"replicate in {luck_met(found)} with {level}."
        )
    told = f"Luck is rare: the difference of {_which(found)} has {seen.words}"
    if not is_in_doubt(found):
        met = _met_by(found, first)
        return f"{told}; the first stage of {first:,} replicates meets luck of one in {met} with {level}."
    share = min(RARE, seen.share / 2)  # to meet luck is not yet to be right
    needed = replicates_to_meet(len(found.treatments), found.rule.confidence, share)
    measured = min(RIGHT_UNDER_RARE_LUCK, key=lambda stated: abs(stated - found.rule.confidence))
    short, long = (f"{low * 100:.0f} to {high * 100:.0f} %" for low, high in RIGHT_UNDER_RARE_LUCK[measured])
    advised = math.ceil(1 / share - 1e-9)
    return (
        f"{told}, and a first stage of {first:,} may have missed such luck: the probability stated may not hold. "
        "Where the best was so by luck of one replicate in ten, Kim & Nelson's procedure and budget allocation that "
        f"stated {percent(measured)} were right in {short} of trials with a first stage of 10, and in {long} with one "
        f'that meets luck of one in {1 / RARE:.0f}. Take a first stage of "1 in {advised}", here {needed:,} replicates.'
    )


def _which(found: Selection) -> str:
    luck = found.evaluation.luck
    other = max(luck, key=lambda i: luck[i].rarity)
    return f'"{found.best}" to "{found.treatments[other]}"'


def _n_looked_at(found: Selection) -> int:
    """Return the fewest replicates in which a treatment's luck was looked at: fresh ones, or a long first stage."""
    k, first = len(found.treatments), found.choice.first_stage
    is_long = first >= replicates_to_meet(k, found.rule.confidence, CHECKED)
    return max(first if is_long else 0, min(found.evaluation.n_fresh(i) for i in range(k)))


def _met_by(found: Selection, n: int) -> int:
    """Return N of the rarest luck, one replicate in N, that n replicates meet with the confidence asked for."""
    chance_to_miss = (1 - found.rule.confidence) / (len(found.treatments) - 1)
    return 0 if n == 0 else int(1 / (1 - chance_to_miss ** (1 / n)) + 1e-9)
