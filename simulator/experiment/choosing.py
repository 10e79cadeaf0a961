"""Rules of selection: one of several procedures, applied to outcomes from any source."""

from __future__ import annotations

from typing import NamedTuple

from simulator.experiment.first_stage import draw_first_stage
from simulator.experiment.kim_nelson import Choice, kim_nelson
from simulator.experiment.ocba import ocba
from simulator.experiment.sampling import Record
from simulator.outcomes.multiple_comparisons import screen

METHODS = ("kn", "ocba", "ocba_independent", "subset")
LARGEST_STAGE = 1_000_000


class Rule(NamedTuple):
    """How to select: the procedure and what it promises."""

    method: str
    indifference: float
    confidence: float
    first_stage: int
    batch: int
    most: int


def choose(record: Record, rule: Rule) -> Choice:
    """Apply a rule of selection to outcomes from any source.

    Parameters
    ----------
    record : Record
        Where outcomes come from, larger is better.
    rule : Rule
        The procedure.

    Returns
    -------
    Choice
        What it arrived at.
    """
    shared = {
        "indifference": rule.indifference,
        "confidence": rule.confidence,
        "first_stage": rule.first_stage,
        "batch": rule.batch,
        "most": rule.most,
    }
    if rule.method == "kn":
        return kim_nelson(record, **shared)  # type: ignore[arg-type]
    if rule.method == "subset":
        return _subset(record, rule)
    return ocba(record, is_paired=rule.method == "ocba", **shared)  # type: ignore[arg-type]


def _subset(record: Record, rule: Rule) -> Choice:
    k = record.n_treatments
    stage = draw_first_stage(record, rule.first_stage, rule.most, rule.confidence)
    n = stage.n
    fewest = n if stage.is_enough else n + 1
    kept = screen(record.values[:, :n], rule.confidence, rule.indifference, fewest)
    return Choice(
        best=kept[0],
        contenders=tuple(kept),
        is_settled=len(kept) == 1,
        dropped_at=tuple(None if i in kept else n for i in range(k)),
        n_by_treatment=(n,) * k,
        probability=rule.confidence,
        meaning="at least, that the best is among the contenders if it leads by the indifference zone",
        first_stage=n,
        alike=stage.alike,
    )
