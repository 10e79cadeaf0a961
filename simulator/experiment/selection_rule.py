"""What a selection is asked, checked at the door: the rule, complete and in range."""

from __future__ import annotations

from simulator.errors import Fault, ScenarioError
from simulator.experiment.argument_checks import confidence_level, one_of, positive, whole
from simulator.experiment.choosing import LARGEST_STAGE, METHODS, Rule
from simulator.experiment.rare_luck import asked_stage
from simulator.experiment.sampling import EVALUATION_BLOCK
from simulator.scenario.schema.strategies import ComparisonTable


def checked_rule(
    wanted: Rule, question: ComparisonTable | None, n_treatments: int, faults: list[Fault]
) -> Rule:
    """Complete a rule of selection from the scenario.

    Parameters
    ----------
    wanted : Rule
        As given; ``first_stage`` may be the rarest luck that it shall meet.
    question : ComparisonTable or None
        What the scenario states where the call does not.
    n_treatments : int
        Treatments to select from, if they are known to be in order; else 2.
    faults : list of Fault
        Receives what is wrong.

    Returns
    -------
    Rule
        Complete and in range where nothing is wrong.
    """
    zone, level = wanted.indifference, wanted.confidence
    if zone is None and question is not None:
        zone = question.minimum_effect
    if level is None and question is not None:
        level = question.confidence
    remedy = (
        "give it in the metric's unit (--indifference 500), or as comparison.minimum_effect in the scenario"
    )
    sure = confidence_level("select(confidence)", level, 0.0, faults)
    first = asked_stage(wanted.first_stage, n_treatments, sure, LARGEST_STAGE, faults)
    return Rule(
        one_of("select(method)", wanted.method, METHODS, faults),
        positive("select(indifference)", zone, "the metric's unit", faults, remedy)
        if zone or wanted.indifference is not None
        else _unstated(faults, remedy),
        sure,
        first,
        whole("select(batch)", wanted.batch, 1, LARGEST_STAGE, faults),
        _most(wanted, first, faults),
    )


def _most(wanted: Rule, first: int, faults: list[Fault]) -> int:
    """Return the most replicates; a first stage that is given by the luck it shall meet is told in replicates."""
    is_short = type(wanted.most) is int and wanted.most < first
    if isinstance(wanted.first_stage, str) and is_short:
        expected = f'at least the {first:,} replicates of the first stage, "{wanted.first_stage}"'
        faults.append(Fault("select(max_replicates)", repr(wanted.most), expected))
        return first
    return whole("select(max_replicates)", wanted.most, first, EVALUATION_BLOCK, faults)


def _unstated(faults: list[Fault], remedy: str) -> float:
    """Add the fault of an indifference that neither the call nor the scenario states; return 1 for it."""
    faults.append(Fault("select(indifference)", "", "the smallest lead that matters, a number > 0", remedy))
    return 1.0


def check_number(k: int, confidence: float) -> None:
    """Raise a fault where there is nothing to select from, or less is asked for than a blind guess gives."""
    faults = []
    if k < 2:
        faults.append(Fault("select(strategies)", f"{k} treatment", "at least two, to select from"))
    elif confidence <= 1 / k:
        expected = f"more than 1/{k}, the probability of a blind guess"
        faults.append(Fault("select(confidence)", f"{confidence:g}", expected))
    if faults:
        raise ScenarioError(faults)
