r"""Luck that is rare: how many replicates meet it, and what a selection says of it.

Luck of one replicate in N is met by n replicates with the probability 1 - (1 - 1/N)^n. Procedures of selection take the
spread of differences from their first stage; where the best treatment is so by luck that its first stage did not
meet, it looks worse than it is, and surely so. There are two remedies, both for k - 1 differences together:

* a first stage that meets it: ``first_stage="1 in 20"`` stands for the smallest n with
  (k - 1) (1 - 1/20)^n <= 1 - confidence;
* where the first stage is too short for luck of one in ten, so many fresh replicates of the treatments that are not
  evaluated as would meet that: a choice that is wrong for its sake is not set right by them, but warned of.

To meet luck is not yet to be right: for that, N should be about twice as rare as the luck that decides. Only luck that
makes a difference skewed is seen; luck that both treatments share in size is not. What the remedies are worth, and how
often the warning is false, is measured in ``experiments/selection``, for luck of one in ten; rarer luck can go unwarned.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from simulator.errors import Fault
from simulator.experiment.arguments import whole
from simulator.experiment.first_stage import CHECKED, RARE, replicates_to_meet
from simulator.outcomes.wording import percent

if TYPE_CHECKING:
    from simulator.experiment.selection import Selection

#: Skewness of a difference from which on luck counts as rare; that of luck of one replicate in ten is 2.7.
SKEWED = 1.5
#: Least and most share of right selections by Kim & Nelson and by budget allocation where the best is so by luck of one
#: replicate in ten, as experiments/selection measured: by the confidence stated, with first stages of 10 and "1 in 20".
RIGHT_UNDER_RARE_LUCK = {
    0.90: ((0.59, 0.67), (0.95, 0.99)),
    0.95: ((0.62, 0.67), (0.99, 1.00)),
    0.99: ((0.66, 0.69), (0.99, 1.00)),
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


def rarest(skewness: float) -> float:
    """Return the share of replicates of luck that is as skewed as what was seen; at most one in twenty.

    A difference that has one value with the probability p and another one else has the skewness
    (1 - 2 p) / sqrt(p (1 - p)).
    """
    return min(RARE, 0.5 * (1 - abs(skewness) / (4 + skewness**2) ** 0.5))


def calls_in_doubt(n_treatments: int, confidence: float, first_stage: int, skewness: float) -> bool:
    """Return whether luck is so skewed that a first stage may have missed what matters.

    Parameters
    ----------
    n_treatments : int
        At least 2.
    confidence : float
        Asked for.
    first_stage : int
        Replicates; those that meet luck of one in twenty, or rarer luck as skewed as what was seen, are enough.
    skewness : float
        The largest that was seen.
    """
    needed = replicates_to_meet(n_treatments, confidence, rarest(skewness))
    return abs(skewness) >= SKEWED and first_stage < needed


def is_in_doubt(found: Selection) -> bool:
    """Return whether a selection shows luck so skewed that its first stage may have missed what matters."""
    first, skewness = found.choice.first_stage, found.evaluation.skewness
    return calls_in_doubt(len(found.treatments), found.rule.confidence, first, skewness)


def luck_met(found: Selection) -> int:
    """Return N of the rarest luck, one replicate in N, that would have been met with the confidence asked for."""
    n = _n_looked_at(found)
    return 0 if n == 0 else int(1 / (1 - _chance_to_miss(found) ** (1 / n)) + 1e-9)


def luck_sentence(found: Selection) -> str:
    """Return what is known of rare luck: a warning where it was seen, else what would have been seen."""
    skewness, first = found.evaluation.skewness, found.choice.first_stage
    level = percent(found.rule.confidence)
    if abs(skewness) < SKEWED:
        n = _n_looked_at(found)
        where = f"{n:,} fresh replicates" if n > first else f"the {n:,} replicates of the first stage"
        if n == 0:
            return "Whether luck is skewed is unknown: what was dropped was not checked on fresh replicates."
        if luck_met(found) < 2:
            return f"Whether luck is skewed is unknown: {where} are too few to meet it."
        return (
            f"No skewed luck was seen: every strategy was looked at in at least {where}, which meet luck of one "
            f"replicate in {luck_met(found)} with {level}."
        )
    told = f"Luck is skewed: the difference of {_which(found)} has a skewness of {skewness:.1f}"
    if not is_in_doubt(found):
        return f"{told}; the first stage of {first:,} replicates meets luck of one in {luck_met(found)} with {level}."
    seen = rarest(skewness)
    needed = replicates_to_meet(len(found.treatments), found.rule.confidence, seen)
    measured = min(RIGHT_UNDER_RARE_LUCK, key=lambda stated: abs(stated - found.rule.confidence))
    short, long = (f"{low * 100:.0f} to {high * 100:.0f} %" for low, high in RIGHT_UNDER_RARE_LUCK[measured])
    advised = math.ceil(1 / seen - 1e-9)
    return (
        f"{told}, and a first stage of {first:,} may have missed such luck: the probability stated then does not hold. "
        "Where the best was so by luck of one replicate in ten, Kim & Nelson's procedure and budget allocation that "
        f"stated {percent(measured)} were right in {short} of trials with a first stage of 10, and in {long} with one "
        f'that meets luck of one in {1 / RARE:.0f}. Take a first stage of "1 in {advised}", here {needed:,} replicates.'
    )


def _which(found: Selection) -> str:
    skewnesses = found.evaluation.skewnesses
    other = max(skewnesses, key=lambda i: abs(skewnesses[i]))
    return f'"{found.best}" to "{found.treatments[other]}"'


def _n_looked_at(found: Selection) -> int:
    """Return the fewest replicates in which a treatment's luck was looked at: fresh ones, or a long first stage."""
    k, first = len(found.treatments), found.choice.first_stage
    is_long = first >= replicates_to_meet(k, found.rule.confidence, CHECKED)
    return max(first if is_long else 0, min(found.evaluation.n_fresh(i) for i in range(k)))


def _chance_to_miss(found: Selection) -> float:
    return (1 - found.rule.confidence) / (len(found.treatments) - 1)
