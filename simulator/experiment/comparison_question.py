"""What a comparison is asked, checked at the door before anything is compiled or simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from simulator.errors import Fault
from simulator.experiment.argument_checks import checked, one_of, whole
from simulator.experiment.arguments import LARGEST_REPLICATE, Arguments, compared_strategies
from simulator.experiment.collection import EVERY, Target, targets_of
from simulator.experiment.precision import METHODS
from simulator.model.observation import TRAJECTORY_VERSION
from simulator.scenario import Scenario

#: Replicates with which replication to a precision begins.
FEWEST_REPLICATES = 30


class ComparisonQuestion(NamedTuple):
    """What a comparison was asked, complete and in range."""

    scenario: Scenario
    arguments: Arguments
    targets: tuple[Target, ...]
    precision_method: str
    max_replicates: int

    @property
    def identity(self) -> dict[str, Any]:
        """What the manifest of its results says where they answer this question, whatever engine ran it."""
        asked = self.arguments
        found: dict[str, Any] = {
            "scenario_digest": self.scenario.digest,
            "strategies": list(asked.strategies),
            "seed": asked.seed,
            "first_replicate": asked.replicates.start,
            "trajectory_version": TRAJECTORY_VERSION,
        }
        if not self.targets:
            return {**found, "n_replicates": len(asked.replicates), "precision": None}
        targets = {target.key: target.text for target in self.targets}
        return {
            **found,
            "precision.targets": targets,
            "precision.method": self.precision_method,
            "precision.first_stage": len(asked.replicates),
            "precision.max_replicates": self.max_replicates,
        }


def comparison_question(
    scenario: Scenario,
    *,
    strategies: str | Sequence[str] | None = None,
    seed: int | None = None,
    n_replicates: int | None = None,
    first_replicate: int = 0,
    precision: Mapping[str, float | str] | None = None,
    precision_method: str = "sequential",
    max_replicates: int = 10_000,
    engine: str = "numba",
    threads: int | None = None,
) -> ComparisonQuestion:
    """Check what a comparison is asked.

    Parameters
    ----------
    scenario, strategies, seed, n_replicates, first_replicate, precision, precision_method
        As for :func:`~simulator.experiment.comparison.compare`.
    max_replicates, engine, threads
        As for :func:`~simulator.experiment.comparison.compare`.

    Returns
    -------
    ComparisonQuestion
        Complete and in range.

    Raises
    ------
    ScenarioError
        With every fault.
    """
    faults: list[Fault] = []
    one_of("compare(precision_method)", precision_method, METHODS, faults)
    known = tuple(getattr(scenario, "strategies", ()))
    targets = targets_of("compare(precision)", precision, known, precision_method, faults)
    most = whole("compare(max_replicates)", max_replicates, 2, LARGEST_REPLICATE, faults)
    if targets and n_replicates is None:
        n_replicates = min(FEWEST_REPLICATES, most)
    if targets and isinstance(n_replicates, int) and n_replicates > most:
        expected = f"at least the {n_replicates:,} replicates with which it begins"
        faults.append(Fault("compare(max_replicates)", f"{most:,}", expected))
    if targets and n_replicates == 1:
        faults.append(Fault("compare(n_replicates)", "1", "at least 2, to see how outcomes vary"))
    compared = compared_strategies(scenario, strategies) if isinstance(scenario, Scenario) else ()
    if compared and set(compared) <= set(known):
        faults += _target_faults(targets, compared)
    asked = checked(
        faults,
        scenario,
        strategies=strategies,
        seed=seed,
        n_replicates=n_replicates,
        first_replicate=first_replicate,
        engine=engine,
        threads=threads,
        verb="compare",
        is_comparison=True,
    )
    return ComparisonQuestion(scenario, asked, targets, precision_method, most)


def _target_faults(targets: Sequence[Target], strategies: Sequence[str]) -> list[Fault]:
    """Return which half-widths cannot be asked for among the strategies that are compared."""
    faults = []
    if len(strategies) < 2 and any(not target.of for target in targets):
        remedy = f"add a strategy, or ask for the mean of one: METRIC@{strategies[0]}"
        got = f'"{strategies[0]}" alone'
        faults.append(Fault("compare(strategies)", got, "a strategy beside the baseline", remedy))
    for target in targets:
        if target.of not in ("", EVERY, *strategies):
            expected = f"a strategy that is compared: {', '.join(strategies)}"
            faults.append(Fault(f"compare(precision): {target.key}", target.of, expected))
    return faults
