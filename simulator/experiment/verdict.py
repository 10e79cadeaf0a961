"""The verdict of a comparison: which strategy is best, which may be, and what it would take to tell.

It rests on the simultaneous intervals of all pairs of strategies, so it holds whichever strategies turn out best:
see :mod:`simulator.outcomes.all_pairs`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from simulator.experiment import verdict_wording as wording
from simulator.experiment.verdict_wording import Evidence
from simulator.model.observation import SOURCES
from simulator.outcomes.brand_view import REFERENCE
from simulator.outcomes.differences import replicates_needed
from simulator.outcomes.metrics import INCREMENTAL
from simulator.outcomes.statistics import Difference, fewest_alike
from simulator.outcomes.wording import counted

__all__ = ["Evidence", "Verdict", "judge"]

Kind = Literal["winner", "none_pays", "too_small", "not_distinguishable", "undefined", "single"]


@dataclass(frozen=True)
class Verdict:
    """What a comparison says, in words and numbers.

    Parameters
    ----------
    kind : {"winner", "none_pays", "too_small", "not_distinguishable", "undefined", "single"}
        ``winner``: one strategy is best. ``none_pays``: doing nothing is best. ``too_small``: the best are
        shown to differ by less than the smallest effect that matters. ``not_distinguishable``: more
        replicates are needed. ``undefined``: the metric is undefined for fewer than two strategies, or
        in replicates that cannot be left out. ``single``: only one strategy.
    sentence : str
        The verdict in one plain sentence.
    reasons : tuple of str
        Further sentences: through which source the winner gained, what it spent on, and its risk.
    warnings : tuple of str
        What limits the verdict: unequal budgets, replicates in which the metric is undefined, differences that
        never varied, replicates whose number depended on what was seen.
    best : str
        Strategy with the best mean; empty if the metric is undefined.
    runner_up : str
        Strategy with the second-best mean; empty if there is none.
    contenders : tuple of str
        Strategies that are not shown to be worse than any other; the best is among them with the stated
        confidence.
    margin : Difference or None
        Best strategy minus runner-up.
    p_best : float
        Probability that the mean of ``best`` is the best, given the replicates; NaN where they cannot tell.
    n_replicates : int
        Replicates on which the verdict rests.
    n_needed : int or None
        Replicates that would settle it; None where it is settled or nothing would.
    source_gains : mapping
        By source of purchase, units that ``best`` sold beyond the strategy it is explained against.
    explained_against : str
        That strategy: the baseline, or the runner-up where ``best`` is the baseline.
    shown_better : mapping
        By strategy, those that are shown to be better than it.
    """

    kind: Kind
    sentence: str
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    best: str = ""
    runner_up: str = ""
    contenders: tuple[str, ...] = ()
    margin: Difference | None = None
    p_best: float = float("nan")
    n_replicates: int = 0
    n_needed: int | None = None
    source_gains: Mapping[str, float] = field(default_factory=dict)
    explained_against: str = ""
    shown_better: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence


def judge(evidence: Evidence) -> Verdict:
    """Reach the verdict of a comparison.

    A strategy wins when every other one is shown to be worse, by the simultaneous intervals of all pairs, and
    its lead over the runner-up is not shown to be smaller than the smallest effect that matters.

    Parameters
    ----------
    evidence : Evidence
        Outcomes, differences, risks and budgets of the strategies compared.

    Returns
    -------
    Verdict
        With its sentence, reasons and warnings.
    """
    names, pairs = evidence.outcomes.strategies, evidence.pairs
    n_replicates = len(evidence.outcomes.replicates)
    warnings = wording.warnings_of(evidence)
    if len(names) == 1:
        sentence = f'Only "{names[0]}" was simulated: there is nothing to compare it with.'
        return Verdict("single", sentence, warnings=warnings, best=names[0], n_replicates=n_replicates)
    obstacle = _obstacle(evidence)
    if obstacle:
        return Verdict("undefined", obstacle, warnings=warnings, n_replicates=n_replicates)
    best, runner_up = pairs.best, pairs.runner_up
    rivals = tuple(name for name in pairs.contenders if name != best)
    kind, n_needed = _decide(evidence, rivals)
    if kind == "winner" and best == REFERENCE:
        kind = "none_pays"
    against = evidence.baseline if evidence.baseline != best else runner_up
    gains = _source_gains(evidence, best, against)
    return Verdict(
        kind=kind,
        sentence=wording.sentence_of(evidence, kind, rivals, n_needed),
        reasons=wording.reasons_of(evidence, against, gains, rivals),
        warnings=warnings + wording.warnings_of_constants(evidence, rivals or (runner_up,)),
        best=best,
        runner_up=runner_up,
        contenders=(best, *rivals),
        margin=pairs.differences[best, runner_up],
        p_best=evidence.risks[best].p_best_mean,
        n_replicates=n_replicates,
        n_needed=n_needed,
        source_gains=gains,
        explained_against=against,
        shown_better=pairs.shown_better,
    )


def _obstacle(evidence: Evidence) -> str:
    """Return why no verdict can be reached, as a sentence; empty where one can."""
    metric, called = evidence.metric, wording.called(evidence.metric)
    if len(evidence.pairs.order) < 2 and not metric.is_censored:
        return f"No verdict: {called} is defined for fewer than two strategies."
    values = evidence.outcomes.of(metric.name)
    missing = [
        f'{int(np.isnan(row).sum()):,} of "{name}"'
        for name, row in zip(evidence.outcomes.strategies, values, strict=True)
        if np.isnan(row).any() and not (name == REFERENCE and metric.name in INCREMENTAL)
    ]
    if metric.is_censored and missing:
        where = f"in {' and '.join(missing)} of {counted(values.shape[1], 'replicate')} each"
        if metric.unit == "step":
            return (
                f"No verdict: {called} is not reached within the horizon {where}. Leaving those out would flatter the "
                "slowest: lengthen the horizon, or decide by adoption."
            )
        return (
            f"No verdict: {called} is undefined {where}, because nobody was won there. Leaving those out would "
            "flatter the worst: decide by profit, or by what is gained."
        )
    if not evidence.pairs.contenders:
        return (
            f"No verdict: {called} is undefined in so many replicates that the order of the strategies depends on "
            "which of them are compared."
        )
    return ""


def _decide(evidence: Evidence, rivals: Sequence[str]) -> tuple[Kind, int | None]:
    """Return the kind of verdict, and the replicates that would settle an open one."""
    least, pairs = evidence.minimum_effect, evidence.pairs
    if not rivals:
        closest = pairs.lead(pairs.best, pairs.runner_up)
        return ("too_small" if closest.upper < least else "winner"), None
    leads = [pairs.lead(pairs.best, name) for name in rivals]
    needed = [_needed(evidence, lead) for lead in leads if not wording.is_negligible(lead, least)]
    if not needed:
        return "too_small", None
    known = [number for number in needed if number is not None]
    return "not_distinguishable", max(known) if len(known) == len(needed) else None


def _needed(evidence: Evidence, lead: Difference) -> int | None:
    """Return how many replicates would settle a lead, those in which it is undefined included."""
    if lead.n == 0:
        return None
    if lead.sd == 0:
        number: int | None = fewest_alike(len(evidence.pairs.differences) // 2, evidence.confidence)
    else:
        gap = max(abs(lead.mean), evidence.minimum_effect - abs(lead.mean))
        number = replicates_needed(lead.sd, gap, lead.critical)
    return None if number is None else math.ceil(number * len(evidence.outcomes.replicates) / lead.n)


def _source_gains(evidence: Evidence, best: str, against: str) -> dict[str, float]:
    """Return mean units that ``best`` sold beyond another strategy, by source of purchase."""
    outcomes = evidence.outcomes
    a, b = outcomes.strategies.index(best), outcomes.strategies.index(against)
    sales = outcomes.of("sales")
    gains = {}
    for source in SOURCES:
        units = np.nan_to_num(outcomes.of(f"source_{source}")) * sales
        gains[source] = float((units[a] - units[b]).mean())
    return gains
