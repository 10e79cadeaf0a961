r"""The first stage of a selection, and what a difference that never varied in it may be worth.

Procedures of selection take the spread of a difference from a first stage. Where luck is rare, a difference may not
vary there at all: an outcome that is 10 in one replicate of ten and else 0 is 0 in ten replicates with a probability
of .35, and looks exactly known. So where the difference of two of k treatments never varied, the first stage goes on
to n replicates with

    (k - 1) (1 - r)^n <= 1 - confidence,    r = 5 %,

in which luck of that rarity, or less rare, is met with the confidence asked for. A difference that does not vary even
then is taken for constant, and that is told; where the replicates allowed are fewer, it settles nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.experiment.sampling import Record, Values
from simulator.outcomes.statistics import without_rounding

#: Share of replicates of a kind that is not to be overlooked.
RARE = 0.05
#: Share of replicates of the luck for which those treatments are checked that are not evaluated.
CHECKED = 0.1


class FirstStage(NamedTuple):
    """A first stage: its replicates, the pairs whose difference never varied in it, and whether that may count."""

    n: int
    alike: tuple[tuple[int, int], ...]
    is_enough: bool


def replicates_to_meet(n_treatments: int, confidence: float, share: float = RARE) -> int:
    """Return how many replicates meet rare luck in each difference to the best, with the stated confidence.

    Parameters
    ----------
    n_treatments : int
        At least 2.
    confidence : float
        Above 0 and below 1; joint for all differences to the best.
    share : float
        Share of replicates that have it.

    Returns
    -------
    int
        The smallest n with (n_treatments - 1) (1 - share)^n <= 1 - confidence.

    Examples
    --------
    >>> replicates_to_meet(2, 0.95), replicates_to_meet(8, 0.95)
    (59, 97)
    """
    chance = (1 - confidence) / (n_treatments - 1)
    return max(1, int(np.ceil(np.log(chance) / np.log(1 - share) - 1e-9)))


def draw_first_stage(record: Record, n: int, most: int, confidence: float) -> FirstStage:
    """Draw the first stage of every treatment, a longer one where a difference did not vary.

    Parameters
    ----------
    record : Record
        Where outcomes come from.
    n : int
        Replicates asked for, at least 2.
    most : int
        Most replicates of a treatment.
    confidence : float
        With which rare luck is to be met.

    Returns
    -------
    FirstStage
        At least ``n`` replicates of every treatment.
    """
    k = record.n_treatments
    record.extend(range(k), n)
    needed = replicates_to_meet(k, confidence)
    alike = pairs_alike(record.values[:, :n])
    if alike and n < min(needed, most):
        n = min(needed, most)
        record.extend(range(k), n)
        alike = pairs_alike(record.values[:, :n])
    return FirstStage(n, alike, is_enough=n >= needed)


def pairs_alike(outcomes: Values) -> tuple[tuple[int, int], ...]:
    """Return the pairs of rows whose difference is the same throughout.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (treatment, replicate)
        Without gaps.
    """
    pairs = []
    for i in range(len(outcomes)):
        for j in range(i + 1, len(outcomes)):
            difference = without_rounding(outcomes[i] - outcomes[j], outcomes[[i, j]])
            if np.all(difference == difference[0]):
                pairs.append((i, j))
    return tuple(pairs)
