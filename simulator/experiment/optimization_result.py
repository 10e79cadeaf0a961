"""The result of an optimization: the best plan, what it is worth on fresh replicates, and what it trades off."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.experiment.decisions import Decisions, Present
from simulator.experiment.fitting_wording import (
    frontier_caution,
    optimization_command,
    optimization_sentences,
    tail_words,
)
from simulator.experiment.noisy_search import SearchPlan, SearchRecord
from simulator.experiment.treatments import Treatment
from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.differences import simultaneous_differences
from simulator.outcomes.document_digest import document_digest
from simulator.outcomes.metrics import METRIC
from simulator.outcomes.statistics import Difference, conditional_value_at_risk, estimate
from simulator.outcomes.wording import counted, percent, rounded
from simulator.scenario import Scenario

if TYPE_CHECKING:
    import pandas

Values = NDArray[np.float64]
#: What stands for privacy as long as consent is not simulated: money paid for data on people.
PRIVACY = "spend_data"
PRIVACY_MEANING = "data spend, a proxy of what is known of people: consent is not simulated"


#: What a plan is there for.
Role = Literal["optimized", "equal", "single", "present", "bounded", "candidate"]
#: Label of the plan with the role ``present``.
AS_IT_STANDS = "as it stands"


@dataclass(frozen=True, eq=False)
class Plan:
    """A version of the strategy.

    Parameters
    ----------
    label : str
        What people call it.
    role : {"optimized", "equal", "single", "present", "bounded", "candidate"}
        What was found; or what it is compared with: the equal split, one line alone, the plan as it stands, what comes
        nearest to that within the bounds; or a candidate of a frontier.
    overrides : mapping
        Its values by dotted path; empty for the scenario's own plan.
    point : ndarray of float64, optional
        Its coordinates; none for a plan of the scenario that may not be decided.
    """

    label: str
    role: Role
    overrides: Mapping[str, Any]
    point: Values | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Optimization:
    """What an optimization found.

    Parameters
    ----------
    scenario : Scenario
        The market.
    strategy, metric : str
        What was varied, and by which metric.
    metrics : tuple of str
        The metric, and the cost of the frontier.
    decisions : Decisions
        What was decided.
    seed : int
        Seed of worlds and search.
    confidence : float
        Joint confidence of the differences.
    plans : tuple of Plan
        The optimized plan first, then the references and candidates.
    values : ndarray of float64, shape (plan, replicate, metric)
        Outcomes on the evaluation block.
    search_block, evaluation_block : range
        Replicates of the search and of the evaluation; they share none.
    search : SearchRecord
        What was tried.
    method : str
        Who proposed.
    n_refused : int
        Points that the scenario refused.
    first_fault : str
        The first reason.
    present : Present, optional
        Where the scenario stood, and what of it may not be decided.
    plan : SearchPlan
        How much was tried.
    manifest : dict
        How it came about.
    """

    scenario: Scenario
    strategy: str
    metric: str
    metrics: tuple[str, ...]
    decisions: Decisions
    seed: int
    confidence: float
    plans: tuple[Plan, ...]
    values: Values
    search_block: range
    evaluation_block: range
    search: SearchRecord
    method: str
    n_refused: int = 0
    first_fault: str = ""
    present: Present | None = None
    plan: SearchPlan = SearchPlan()
    manifest: dict[str, Any] = field(default_factory=dict)

    #: File that has the plans, in the folder of the optimization.
    table_name = "plans.csv"

    @property
    def overrides(self) -> dict[str, Any]:
        """The optimized plan by dotted path, ready for ``scenario.with_overrides``."""
        return dict(self.plans[0].overrides)

    @property
    def references(self) -> tuple[int, ...]:
        """Positions of the reference plans."""
        return tuple(k for k, plan in enumerate(self.plans) if plan.role not in ("optimized", "candidate"))

    def plan_of(self, role: Role) -> Plan | None:
        """Return the first plan with a role; None if there is none."""
        return next((plan for plan in self.plans if plan.role == role), None)

    @property
    def question(self) -> dict[str, Any]:
        """Everything on which a simulated number depends, as plain data."""
        return question_of(self.scenario, self.strategy, self.decisions, self.metrics, self.seed)

    @property
    def key(self) -> str:
        """Hash of the question."""
        return key_of(self.question)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Whether to change the plan, how, and what that trades off, in plain sentences; the first is the answer."""
        return optimization_sentences(self)

    @property
    def command(self) -> str:
        """Command that repeats the optimization."""
        return optimization_command(self)

    @property
    def has_data_spend(self) -> bool:
        """Whether any plan pays for data on people, so that there is something to trade against privacy."""
        return len(self.metrics) > 1 and bool(self.values[:, :, 1].any())

    @property
    def higher_is_better(self) -> bool:
        """Direction of the metric."""
        return METRIC[self.metric].better != "lower"

    @cached_property
    def differences(self) -> dict[str, Difference]:
        """The optimized plan minus each reference plan, paired; the intervals hold together."""
        outcomes = self.values[[0, *self.references], :, 0]
        names = [self.plans[k].label for k in (0, *self.references)]
        pairs = [(0, k) for k in range(1, len(names))]
        found = simultaneous_differences(outcomes, names, pairs, self.confidence)
        return dict(zip(names[1:], found, strict=True))

    @property
    def best_single(self) -> str | None:
        """Label of the best line alone, on the evaluation block; None without a split."""
        alone = [k for k in self.references if self.plans[k].role == "single"]
        if not alone:
            return None
        means = self.values[alone, :, 0].mean(axis=1) * (1 if self.higher_is_better else -1)
        return self.plans[alone[int(np.argmax(means))]].label

    @property
    def beats(self) -> dict[str, bool]:
        """By reference plan, whether the optimized plan is better beyond chance."""
        sign = 1 if self.higher_is_better else -1
        return {
            name: bool((found.lower if sign > 0 else -found.upper) > 0)
            for name, found in self.differences.items()
        }

    @property
    def optimism(self) -> float:
        """Lead over the first reference in the race minus that on fresh replicates: the winner's curse.

        Both leads are paired; the one in the race is over all replicates that the winner was seen in.
        """
        sign = 1 if self.higher_is_better else -1
        lead = float(self.values[0, :, 0].mean() - self.values[1, :, 0].mean()) * sign
        return self.search.lead - lead

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per plan: mean, interval, risk, data spend, membership in the frontiers, overrides."""
        import pandas as pd

        rows = []
        for k, plan in enumerate(self.plans):
            found = estimate(self.values[k, :, 0], self.confidence)
            row = {
                "plan": plan.label,
                self.metric: found.mean,
                "half_width": found.half_width,
                "conditional_value_at_risk": self._risk[k],
            }
            if len(self.metrics) > 1:
                row[PRIVACY] = float(self.values[k, :, 1].mean())
            row["on_risk_frontier"] = k in self.risk_frontier
            if len(self.metrics) > 1:
                row["on_privacy_frontier"] = k in self.privacy_frontier
            rows.append({**row, **self.values_by_path(plan)})
        return pd.DataFrame(rows)

    def values_by_path(self, plan: Plan) -> dict[str, Any]:
        """Return what a plan has at the paths that were decided; None where the scenario states nothing."""
        is_own = not plan.overrides and self.present is not None
        return dict(self.present.values if is_own and self.present else plan.overrides)

    @cached_property
    def _risk(self) -> Values:
        return np.array(
            [
                conditional_value_at_risk(row, higher_is_better=self.higher_is_better)[1]
                for row in self.values[:, :, 0]
            ]
        )

    @cached_property
    def risk_frontier(self) -> tuple[int, ...]:
        """Positions of plans that may be decided and that no other beats in both mean and conditional value at risk."""
        return self._frontier(self._risk if self.higher_is_better else -self._risk)

    @cached_property
    def privacy_frontier(self) -> tuple[int, ...]:
        """Positions of plans that no other beats in both mean and data spend, in the same way; empty without it."""
        if len(self.metrics) < 2:
            return ()
        return self._frontier(-self.values[:, :, 1].mean(axis=1))

    def _frontier(self, good: Values) -> tuple[int, ...]:
        mean = self.values[:, :, 0].mean(axis=1) * (1 if self.higher_is_better else -1)
        mean = np.where([plan.point is None for plan in self.plans], -np.inf, mean)
        found = []
        for k in np.argsort(-mean, kind="stable"):
            if mean[k] == -np.inf:
                break
            better = (mean >= mean[k]) & (good >= good[k]) & ((mean > mean[k]) | (good > good[k]))
            if not better.any():
                found.append(int(k))
        return tuple(found)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What limits the result."""
        found = []
        best, *others = self.plans
        same = [plan.label for plan in others if plan.overrides == best.overrides]
        if same:
            found.append(
                f"the search found nothing better than {' and '.join(same)}: that is the optimized plan"
            )
        weak = [name for name, is_better in self.beats.items() if not is_better and name not in same]
        if weak:
            found.append(f"not better beyond chance than: {', '.join(weak)}")
        if self.present is not None and self.present.departures:
            found.append(
                f"the plan as it stands may not be decided ({'; '.join(self.present.departures)}): it is judged as it "
                "is, and the other references take the nearest values"
            )
        if self.n_refused:
            found.append(
                f"The scenario refused {counted(self.n_refused, 'point')}, the first because {self.first_fault}"
            )
        if len(self.metrics) > 1 and not self.has_data_spend:
            found.append("no plan buys data on people, so there is nothing to trade against privacy")
        return tuple(found)

    def to_json_document(self) -> dict[str, Any]:
        """Return the optimization as plain data, with its digest."""
        from simulator.outcomes.plain_data import plain

        table = self.to_dataframe()
        known = [name for name in table.columns if not name.startswith(("strategies.", "brands."))]
        found: dict[str, Any] = plain(
            {
                "scenario": self.scenario.name,
                "scenario_digest": self.scenario.digest,
                "strategy": self.strategy,
                "metric": self.metric,
                "method": self.method,
                "seed": self.seed,
                "confidence": self.confidence,
                "search_block": [self.search_block.start, self.search_block.stop],
                "evaluation_block": [self.evaluation_block.start, self.evaluation_block.stop],
                "n_points": len(self.search.points),
                "overrides": self.overrides,
                "plans": [
                    {**{name: row[name] for name in known}, "overrides": self.values_by_path(plan)}
                    for plan, row in zip(self.plans, table.to_dict(orient="records"), strict=True)
                ],
                "differences": {
                    name: {"mean": d.mean, "lower": d.lower, "upper": d.upper, "n": d.n}
                    for name, d in self.differences.items()
                },
                "best_single": self.best_single,
                "optimism": self.optimism,
                "risk_frontier": [self.plans[k].label for k in self.risk_frontier],
                "privacy_frontier": [self.plans[k].label for k in self.privacy_frontier],
                "privacy_metric": PRIVACY_MEANING if len(self.metrics) > 1 else None,
                "history": self.search.history,
                "warnings": self.warnings,
            }
        )
        return {**found, "digest": document_digest(found)}

    @property
    def digest(self) -> str:
        """Hash of the results."""
        return str(self.to_json_document()["digest"])

    def __repr__(self) -> str:
        metric, currency = METRIC[self.metric], self.scenario.market.currency
        lines = [
            f"Optimization of {self.strategy} in {self.scenario.name} by {self.method}: {len(self.search.points)} plans "
            f"tried, judged on {len(self.evaluation_block)} fresh replicates, seed {self.seed}",
            f"  {self.sentences[0]}",
        ]
        for path, value in self.overrides.items():
            lines.append(f"  {self.called(path)}: {value}")
        found = estimate(self.values[0, :, 0], self.confidence)
        lines.append(
            f"  {self.metric} {metric.describe(found.mean, currency)}; mean of the "
            f"{tail_words(len(self.evaluation_block))} {metric.describe(float(self._risk[0]), currency)}"
        )
        for name, d in self.differences.items():
            best = " (the best line alone)" if name == self.best_single else ""
            lines.append(f"  against {name}{best}: {self.interval(d)}")
        lines.append(
            f"  beaten by no other in both {self.metric} and risk: {self._listed(self.risk_frontier)}"
        )
        if len(self.metrics) > 1:
            lines.append(
                f"  beaten by no other in both {self.metric} and privacy ({PRIVACY_MEANING}): "
                f"{self._listed(self.privacy_frontier)}"
            )
        lines.append(f"  {frontier_caution(self)}")
        return "\n".join([*lines, *(f"  warning: {warning}" for warning in self.warnings)])

    def interval(self, gap: Difference) -> str:
        """Return a difference with its interval in words."""
        metric, currency = METRIC[self.metric], self.scenario.market.currency
        ends = f"{rounded(gap.lower, metric.unit, sign=True)} to {rounded(gap.upper, metric.unit, sign=True)}"
        return f"{metric.describe(gap.mean, currency, 'change')} ({percent(self.confidence)} interval {ends})"

    @property
    def settings(self) -> tuple[str, ...]:
        """The optimized plan as ``path=value``, as the command line takes it after ``--set``."""
        return Treatment(self.strategy, self.overrides).settings

    def called(self, path: str) -> str:
        """Return what a decision is called: a share by its line, anything else by its path."""
        split = self.decisions.split
        if split is not None:
            for k, line in enumerate(split.lines):
                if path == f"strategies.{split.strategy}.lines[{k}].share":
                    return f"share of {line}"
        return path

    def _listed(self, positions: tuple[int, ...]) -> str:
        return ", ".join(self.plans[k].label for k in positions)


def question_of(
    scenario: Scenario, strategy: str, decisions: Decisions, metrics: Sequence[str], seed: int
) -> dict[str, Any]:
    """Return what stored outcomes depend on, as plain data; how long is searched does not matter."""
    return {
        "scenario_digest": scenario.digest,
        "trajectory_version": TRAJECTORY_VERSION,
        "strategy": strategy,
        "decisions": [repr(part) for part in decisions.parts],
        "metrics": list(metrics),
        "seed": seed,
    }


def key_of(question: Mapping[str, Any]) -> str:
    """Return the hash of a question."""
    return hashlib.sha256(json.dumps(question, sort_keys=True, default=str).encode()).hexdigest()
