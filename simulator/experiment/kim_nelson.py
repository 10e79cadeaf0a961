r"""Select the best of k treatments, fully sequentially, with a stated probability of correct selection.

The procedure of Kim & Nelson (2001). After a first stage of n0 replicates of every treatment, S2_il is the
sample variance of the differences between treatments i and l. Then, after every replicate r, treatment i is
dropped when another one that is still in play leads it by more than W_il(r):

    mean_l(r) - mean_i(r) > W_il(r) = max(0, delta / (2 r) * (h2 * S2_il / delta^2 - r)),
    h2 = 2 eta (n0 - 1),  eta = ((2 alpha / (k - 1))^(-2 / (n0 - 1)) - 1) / 2.

When one is left, it is the best with probability of at least 1 - alpha, provided that outcomes are normal
and that it leads by at least the indifference zone delta. Common random numbers are allowed (the bound of
Bonferroni covers any dependence) and help: they make S2_il small. The S2_il of the first stage are never
renewed; that is what makes the statement exact. Where a difference did not vary, the first stage is longer (see
:mod:`simulator.experiment.first_stage`): such outcomes are not normal, and nothing is known of their spread.

Treatments that are still in play when the replicates run out contain the best with probability of at least
1 - alpha, whatever their number.

References
----------
Kim, S.-H. & Nelson, B. L. (2001). A fully sequential procedure for indifference-zone selection in
simulation. ACM Transactions on Modeling and Computer Simulation 11, 251-273. doi:10.1145/502109.502111
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.experiment.first_stage import draw_first_stage
from simulator.experiment.sampling import Record, Values


@dataclass(frozen=True)
class Choice:
    """What a procedure of selection arrived at.

    Parameters
    ----------
    best : int
        Position of the treatment that is chosen, or leads where none could be.
    contenders : tuple of int
        Treatments that may still be the best, ``best`` first, then by falling mean.
    is_settled : bool
        Whether the stated probability was reached within the replicates allowed.
    dropped_at : tuple of (int or None)
        Replicate after which each treatment was dropped; None where it never was.
    n_by_treatment : tuple of int
        Replicates of each treatment.
    probability : float
        Stated or estimated probability of correct selection; see ``meaning``.
    meaning : str
        What ``probability`` is: a guarantee with its conditions, or an estimate.
    first_stage : int
        Replicates of every treatment in the first stage.
    alike : tuple of (int, int)
        Pairs of treatments whose difference never varied in the first stage.
    """

    best: int
    contenders: tuple[int, ...]
    is_settled: bool
    dropped_at: tuple[int | None, ...]
    n_by_treatment: tuple[int, ...]
    probability: float
    meaning: str
    first_stage: int = 0
    alike: tuple[tuple[int, int], ...] = ()

    @property
    def n_drawn(self) -> int:
        """Replicates of a treatment drawn in all."""
        return sum(self.n_by_treatment)


def continuation_constant(n_treatments: int, first_stage: int, confidence: float) -> float:
    """Return h2 of the procedure: how many variances, over delta squared, sampling may last.

    Parameters
    ----------
    n_treatments : int
        At least 2.
    first_stage : int
        n0, at least 2.
    confidence : float
        1 - alpha, between 1 / k and 1.

    Returns
    -------
    float
        h squared, for dependent outcomes (common random numbers).

    Examples
    --------
    >>> round(continuation_constant(10, 10, 0.95), 2)
    15.46
    """
    freedom = first_stage - 1
    eta = 0.5 * ((2 * (1 - confidence) / (n_treatments - 1)) ** (-2 / freedom) - 1)
    return 2 * eta * freedom


def difference_variances(outcomes: Values) -> Values:
    """Return sample variances of the paired differences between all rows; shape (row, row).

    Parameters
    ----------
    outcomes : ndarray of float64, shape (treatment, replicate)
        At least two replicates.
    """
    differences = outcomes[:, None, :] - outcomes[None, :, :]
    return np.asarray(differences.var(axis=2, ddof=1))


def kim_nelson(
    record: Record,
    *,
    indifference: float,
    confidence: float = 0.95,
    first_stage: int = 10,
    batch: int = 1,
    most: int = 10_000,
) -> Choice:
    """Select the best treatment with a stated probability of correct selection.

    Parameters
    ----------
    record : Record
        Outcomes, larger is better; what it holds already is used.
    indifference : float
        Smallest lead worth detecting, > 0, in the outcome's unit.
    confidence : float
        Probability of correct selection when the best leads by at least ``indifference``.
    first_stage : int
        Replicates of every treatment from which variances are estimated, at least 2; 10 or more is advised.
        More are taken where a difference did not vary.
    batch : int
        Replicates drawn at once. Screening looks at every single one, so the statement does not depend on it.
    most : int
        Most replicates of any treatment.

    Returns
    -------
    Choice
        ``is_settled`` is false if ``most`` ran out; then ``contenders`` contain the best with the stated
        probability.
    """
    k = record.n_treatments
    stage = draw_first_stage(record, first_stage, most, confidence)
    start = record.values[:, : stage.n]
    limits = continuation_constant(k, stage.n, confidence) * difference_variances(start) / indifference
    if not stage.is_enough:
        for pair in stage.alike:
            limits[pair] = limits[pair[::-1]] = np.inf
    alive = list(range(k))
    dropped: list[int | None] = [None] * k
    screened = stage.n - 1
    while True:
        n = int(record.counts[alive].min())
        while len(alive) > 1 and screened < n:
            screened = _screen(record.values, alive, dropped, limits, indifference, (screened + 1, n))
        if len(alive) == 1 or screened >= most or _is_over(limits, alive, indifference, screened):
            break
        record.extend(alive, min(screened + batch, most))
    is_settled = len(alive) == 1 or _is_over(limits, alive, indifference, screened)
    means = record.values[alive, :screened].mean(axis=1)
    order = [alive[i] for i in np.argsort(-means, kind="stable")]
    return Choice(
        best=order[0],
        contenders=(order[0],) if is_settled else tuple(order),
        is_settled=is_settled,
        dropped_at=tuple(dropped),
        n_by_treatment=tuple(int(n) for n in record.counts),
        probability=confidence,
        meaning="at least, if outcomes are normal and the best leads by the indifference zone",
        first_stage=stage.n,
        alike=stage.alike,
    )


def _screen(
    values: Values,
    alive: list[int],
    dropped: list[int | None],
    limits: Values,
    indifference: float,
    span: tuple[int, int],
) -> int:
    """Screen replicate after replicate until a treatment is dropped; return the last one looked at."""
    first, last = span
    sums = np.cumsum(values[alive, :last], axis=1)[:, first - 1 :]
    replicates = np.arange(first, last + 1)
    bounds = 0.5 * np.maximum(limits[np.ix_(alive, alive)][:, :, None] - indifference * replicates, 0.0)
    leads = sums[None, :, :] - sums[:, None, :]
    is_beaten = (leads > bounds + 1e-12 * np.abs(sums).max()).any(axis=1)
    hits = np.flatnonzero(is_beaten.any(axis=0))
    if not hits.size:
        return last
    at = int(hits[0])
    for i in np.flatnonzero(is_beaten[:, at])[::-1]:
        dropped[alive.pop(int(i))] = first + at
    return first + at


def _is_over(limits: Values, alive: list[int], indifference: float, screened: int) -> bool:
    """Return whether the continuation region is closed for every pair: what is left is a tie."""
    return bool(screened > (limits[np.ix_(alive, alive)] / indifference).max())
