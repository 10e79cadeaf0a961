r"""Optimal computing budget allocation: more replicates where they sharpen the choice most.

After a first stage, replicates are drawn in rounds in proportion to weights that maximize the probability
of correct selection as the budget grows. With leads d_i of the best treatment b over the others:

* plain, for independent outcomes (Chen et al. 2000): w_i = (sigma_i / d_i)^2 for i != b and
  w_b = sigma_b sqrt(sum of w_i^2 / sigma_i^2);
* paired, for common random numbers: the comparison of i with b rests on the replicates that both have, with
  variance S2_bi / n_i. The rates at which the chances of error fall are equal for w_i = S2_bi / d_i^2, and b
  needs as many replicates as the treatment that has most: w_b = max w_i. This is the same argument with the
  variance of the pairs in the place of the sum of the variances.

A lead counts as max(d_i, delta): what is nearer than the indifference zone delta need not be told apart.
Sampling ends when the estimated probability of correct selection, 1 - sum of P(Student's t > lead / error) by
the inequality of Bonferroni, reaches the wanted value. That is an estimate from the very outcomes that chose,
not a guarantee: a procedure that stops when it looks good is too sure of itself. Where a guarantee is needed,
use Kim & Nelson's. Where a difference did not vary, the first stage is longer (see
:mod:`simulator.experiment.first_stage`).

References
----------
Chen, C.-H., Lin, J., Yücesan, E. & Chick, S. E. (2000). Simulation budget allocation for further enhancing
the efficiency of ordinal optimization. Discrete Event Dynamic Systems 10, 251-270.
doi:10.1023/A:1008349927281
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.experiment.first_stage import FirstStage, draw_first_stage
from simulator.experiment.kim_nelson import Choice
from simulator.experiment.sampling import Record, Values

Counts = NDArray[np.int64]


class Standing(NamedTuple):
    """What the outcomes so far say: the leader, its leads, and how unsure each of them is."""

    best: int
    means: Values  # [treatment], all on the same footing
    leads: Values  # [treatment], 0 for the leader
    variances: Values  # [treatment], of one replicate's contribution to the lead
    errors: Values  # [treatment], estimated chance that the treatment is better than the leader after all


def ocba(
    record: Record,
    *,
    indifference: float,
    confidence: float = 0.95,
    first_stage: int = 10,
    batch: int = 10,
    most: int = 10_000,
    is_paired: bool = True,
) -> Choice:
    """Select the best treatment with replicates put where they matter most.

    Parameters
    ----------
    record : Record
        Outcomes, larger is better; what it holds already is used.
    indifference : float
        Lead below which either treatment is a good choice, > 0, in the outcome's unit.
    confidence : float
        Estimated probability of correct selection at which sampling ends.
    first_stage : int
        Replicates of every treatment at the start, at least 2; 10 or more is advised. More are taken where a
        difference did not vary.
    batch : int
        Replicates of a treatment added per round, over all treatments.
    most : int
        Most replicates of any treatment.
    is_paired : bool
        Whether comparisons rest on pairs (common random numbers) or treat outcomes as independent.

    Returns
    -------
    Choice
        With the estimated probability; contenders are the treatments whose own chance of being the better
        one exceeds a (k - 1)-th of the error allowed.
    """
    k = record.n_treatments
    stage = draw_first_stage(record, first_stage, most, confidence)
    judge = _paired_standing if is_paired else _plain_standing
    weigh = _paired_weights if is_paired else _plain_weights
    while True:
        standing = _undecided(judge(record, indifference), stage)
        probability = max(0.0, 1.0 - float(standing.errors.sum()))
        if probability >= confidence:
            break
        wanted = _targets(record.counts, weigh(record, standing, indifference), batch, most)
        if (wanted <= record.counts).all():
            break
        record.extend(range(k), wanted.tolist())
    is_settled = probability >= confidence
    share = (1 - confidence) / (k - 1)
    order = [int(i) for i in np.argsort(-standing.means, kind="stable") if i != standing.best]
    open_ = [] if is_settled else [i for i in order if standing.errors[i] > share]
    return Choice(
        best=standing.best,
        contenders=(standing.best, *open_),
        is_settled=is_settled,
        dropped_at=(None,) * k,
        n_by_treatment=tuple(int(n) for n in record.counts),
        probability=probability,
        meaning="estimated, if the best leads by the indifference zone",
        first_stage=stage.n,
        alike=stage.alike,
    )


def _undecided(standing: Standing, stage: FirstStage) -> Standing:
    """Return a standing in which leads that never varied, in too few replicates to count, decide nothing."""
    if not stage.is_enough:
        for pair in stage.alike:
            if standing.best in pair:
                standing.errors[pair[0] if pair[1] == standing.best else pair[1]] = 0.5
    return standing


def _paired_standing(record: Record, indifference: float) -> Standing:
    """Judge by pairs; means are put on the footing of the treatment with most replicates."""
    k = record.n_treatments
    anchor = int(record.counts.argmax())
    base = record.of(anchor)
    means = np.array([base.mean() - (base[: record.counts[i]] - record.of(i)).mean() for i in range(k)])
    best = int(means.argmax())
    leads, variances, errors = np.zeros(k), np.zeros(k), np.zeros(k)
    for i in range(k):
        if i == best:
            continue
        pair = record.common([best, i])
        difference = pair[0] - pair[1]
        n = difference.size
        leads[i], variances[i] = difference.mean(), difference.var(ddof=1)
        errors[i] = _chance(max(leads[i], indifference), variances[i] / n, n - 1)
    return Standing(best, means, leads, variances, errors)


def _plain_standing(record: Record, indifference: float) -> Standing:
    k, n = record.n_treatments, record.counts
    means = np.array([record.of(i).mean() for i in range(k)])
    variances = np.array([record.of(i).var(ddof=1) for i in range(k)])
    best = int(means.argmax())
    leads, errors = means[best] - means, np.zeros(k)
    for i in range(k):
        if i != best:
            parts = variances[[best, i]] / n[[best, i]]
            total = float(parts.sum())
            freedom = total**2 / float((parts**2 / (n[[best, i]] - 1)).sum()) if total > 0 else 1.0
            errors[i] = _chance(max(leads[i], indifference), total, freedom)
    return Standing(best, means, leads, variances, errors)


def _chance(lead: float, variance: float, freedom: float) -> float:
    """Return the chance that a lead, > 0, estimated with a variance, is in truth below zero."""
    from scipy.special import stdtr

    if variance <= 0:
        return 0.0
    return float(stdtr(freedom, -lead / variance**0.5))


def _gaps(standing: Standing, indifference: float) -> Values:
    """Return leads, at least the indifference zone, so that a tie does not take everything."""
    return np.maximum(standing.leads, indifference)


def _paired_weights(record: Record, standing: Standing, indifference: float) -> Values:
    weights = standing.variances / _gaps(standing, indifference) ** 2
    weights[standing.best] = weights.max()
    return weights


def _plain_weights(record: Record, standing: Standing, indifference: float) -> Values:
    variances = standing.variances
    weights = variances / _gaps(standing, indifference) ** 2
    others = np.arange(len(weights)) != standing.best
    is_used = others & (variances > 0)
    root = float((weights[is_used] ** 2 / variances[is_used]).sum()) ** 0.5
    weights[standing.best] = variances[standing.best] ** 0.5 * root
    return weights


def _targets(counts: Counts, weights: Values, batch: int, most: int) -> Counts:
    """Return how many replicates each treatment shall have after the next round."""
    open_ = (counts < most) & (weights > 0)
    if not open_.any():
        return counts
    shares = np.where(weights > 0, weights, 0.0) / weights.sum()
    wanted = np.ceil(shares * (counts.sum() + batch)).astype(np.int64)
    missing = np.where(open_, np.clip(wanted - counts, 0, most - counts), 0)
    if missing.sum() == 0:
        missing[int(np.where(open_, shares / counts, -1.0).argmax())] = 1
    elif missing.sum() > batch:
        missing = np.ceil(missing * (batch / missing.sum())).astype(np.int64)
    return np.asarray(np.minimum(counts + missing, most))
