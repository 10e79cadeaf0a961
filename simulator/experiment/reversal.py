"""The reversing value: at which value of a factor one strategy stops beating another."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.experiment.argument_checks import (
    OnQuestion,
    asked_question,
    checked,
    confidence_level,
    default_metric,
    directed_metric,
    positive,
    provenance,
    whole,
)
from simulator.experiment.crossings import Crossing, Curve, find_crossings
from simulator.experiment.factor_choice import FactorsGiven, chosen_factors
from simulator.experiment.factors import Factor
from simulator.experiment.responses import Execution, Responses
from simulator.experiment.sampling import Values, outcome_digest
from simulator.experiment.sensitivity import default_pair
from simulator.experiment.simulation import OnProgress
from simulator.experiment.sweep_arguments import place_faults
from simulator.outcomes import store
from simulator.outcomes.metrics import METRIC, Metric
from simulator.outcomes.multivariate_t import student_quantile
from simulator.outcomes.plain_data import plain
from simulator.outcomes.wording import counted
from simulator.scenario import Scenario

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class Reversal:
    """At which value of a factor one strategy stops beating another.

    Parameters
    ----------
    scenario : str
        Short name of the scenario.
    metric : Metric
        In which more or less is better.
    currency : str
        Currency of amounts of money.
    strategies : tuple of str
        The two strategies.
    factor : Factor
        What was varied.
    crossings : tuple of Crossing
        In shares of the factor's range; see ``values``.
    curve : Curve
        How much better the first strategy is than the second, by level and replicate.
    confidence : float
        Of each interval.
    seed : int
        Seed.
    digest : str
        Hash over the curve.
    manifest : dict
        How it came about.
    """

    scenario: str
    metric: Metric
    currency: str
    strategies: tuple[str, ...]
    factor: Factor
    crossings: tuple[Crossing, ...]
    curve: Curve
    confidence: float
    seed: int
    digest: str
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> tuple[tuple[float, float, float], ...]:
        """Reversing values of the factor, each with the ends of its interval."""
        at = self.factor.at
        return tuple((float(at(c.share)), float(at(c.lower)), float(at(c.upper))) for c in self.crossings)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The answer in plain sentences."""
        first, second = self.strategies
        name, metric = self.factor.name, self.metric.name.replace("_", " ")
        if not self.crossings:
            ahead = self.curve.differences.mean() > 0
            who, whom = (first, second) if ahead else (second, first)
            low, high = self.factor.at(0.0), self.factor.at(1.0)
            line = (
                f'Nothing reverses it: "{who}" has the better {metric} than "{whom}" from {name} = {low:.4g} to '
                f"{high:.4g}."
            )
            table = self.to_dataframe()
            unclear = int(((table["lower"] <= 0) & (table["upper"] >= 0)).sum())
            if unclear:
                line += f" At {unclear} of {len(table)} levels, the two cannot be told apart."
            return (line,)
        lines = []
        for crossing, (value, low, high) in zip(self.crossings, self.values, strict=True):
            verb = "stops beating" if crossing.falls else "begins to beat"
            line = (
                f'"{first}" {verb} "{second}" in {metric} at {name} = {value:.4g} '
                f"({self.confidence * 100:g} % interval {low:.4g} to {high:.4g})."
            )
            if crossing.found_in < self.confidence:
                line += f" That it does so at all shows in {crossing.found_in:.0%} of resamples only."
            lines.append(line)
        return tuple(lines)

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per level looked at: the lead of the first strategy and its interval."""
        import pandas as pd

        n = self.curve.differences.shape[1]
        means = self.curve.differences.mean(axis=1)
        half = student_quantile(self.confidence, n - 1) * self.curve.differences.std(axis=1, ddof=1) / n**0.5
        values = [float(self.factor.at(float(u))) for u in self.curve.shares]
        return pd.DataFrame(
            {self.factor.name: values, "lead": means, "lower": means - half, "upper": means + half, "n": n}
        )

    def to_json_document(self) -> dict[str, Any]:
        """Return the document that ``simulator sensitivity --method reversal --json`` prints."""
        crossings = [
            {"at": at, "lower": low, "upper": high, "falls": c.falls, "found_in": c.found_in}
            for c, (at, low, high) in zip(self.crossings, self.values, strict=True)
        ]
        found: dict[str, Any] = plain(
            {
                "scenario": self.scenario,
                "method": "reversal",
                "metric": self.metric.name,
                "strategies": self.strategies,
                "seed": self.seed,
                "digest": self.digest,
                "confidence": self.confidence,
                "factor": self.factor.describe(),
                "crossings": crossings,
                "levels": self.to_dataframe().to_dict(orient="records"),
                "sentences": self.sentences,
            }
        )
        return found

    def save(self, path: str | Path, *, extra_files: dict[str, bytes] | None = None) -> Path:
        """Write ``manifest.json``, ``reversal.json`` and ``levels.csv``, whole or not at all."""
        files = {
            "reversal.json": store.json_bytes(self.to_json_document()),
            "levels.csv": self.to_dataframe().to_csv(index=False).encode(),
            **(extra_files or {}),
        }
        return store.save_files(files, {**self.manifest, "digest": self.digest}, Path(path))

    def __repr__(self) -> str:
        head = f"Reversal of {' against '.join(self.strategies)}: {self.scenario}, seed {self.seed}"
        return "\n".join([head, *(f"  {line}" for line in self.sentences), f"  digest {self.digest[:16]}"])

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{line}</li>" for line in self.sentences)
        return f"<ul>{lines}</ul>"


def reversal(
    scenario: Scenario,
    factor: FactorsGiven | Factor,
    *,
    strategies: str | Sequence[str] | None = None,
    metric: str | None = None,
    n_levels: int = 9,
    n_replicates: int = 50,
    tolerance: float = 0.005,
    confidence: float | None = None,
    seed: int | None = None,
    engine: str = "numba",
    threads: int | None = None,
    on_progress: OnProgress | None = None,
    processes: int | None = None,
    cluster: str | None = None,
    keep_in: str | Path | None = None,
    on_question: OnQuestion | None = None,
) -> Reversal:
    """Find the value of a factor at which one strategy stops beating another.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    factor : str, mapping or Factor
        One factor: the name of a parameter (its prior), ``"path=low:high"``, or a mapping with one range.
    strategies : sequence of str, optional
        The two strategies; the first with campaign lines against the baseline if omitted.
    metric : str, optional
        The scenario's if omitted.
    n_levels : int
        Levels looked at first, at least 3.
    n_replicates : int
        Replicates at every level, the same ones at all of them, at least 2.
    tolerance : float
        Width to which the root is narrowed, as a share of the factor's range.
    confidence : float, optional
        Of each interval; the scenario's if omitted.
    seed : int, optional
        0 to 2**32 - 1; the scenario's seed if omitted.
    engine : {"numba", "mesa"}
        Engine; both give the same outcomes.
    threads : int, optional
        Threads of the numba engine; all processors if omitted.
    on_progress : callable, optional
        Receives (task, done, total).
    processes : int, optional
        Run in this many processes instead of in this one.
    cluster : str, optional
        Run on a Dask cluster: the address of its scheduler, or ``local``.
    keep_in : path, optional
        Folder in which outcomes are kept: called again after an interruption, the study goes on where it was,
        and with more replicates only those are simulated.
    on_question : callable, optional
        Receives what is asked, complete, before anything is simulated; what it raises ends the call.

    Returns
    -------
    Reversal
        Every value at which the sign changes, with its interval, and the curve.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the arguments.
    UndefinedOutcomeError
        If the metric is undefined at a level.
    """
    began = time.time()
    faults = place_faults("reversal", processes=processes, cluster=cluster)
    known = isinstance(scenario, Scenario)
    question = scenario.comparison if known else None
    chosen = directed_metric("reversal(metric)", default_metric(metric, question), faults)
    level = confidence_level(
        "reversal(confidence)", confidence or (question.confidence if question else 0.95), 0.0, faults
    )
    n = whole("reversal(n_replicates)", n_replicates, 2, 10_000_000, faults)
    n_first = whole("reversal(n_levels)", n_levels, 3, 100_000, faults)
    width = positive("reversal(tolerance)", tolerance, "share of the range", faults)
    given: FactorsGiven = [factor] if isinstance(factor, Factor) else factor
    before = len(faults)
    varied = chosen_factors("reversal(factor)", given, scenario, faults) if known else ()
    if len(faults) == before and known and len(varied) != 1:
        faults.append(
            Fault(
                "reversal(factor)",
                counted(len(varied), "factor"),
                "one",
                "for two, use regime_map (--method map)",
            )
        )
    asked = checked(
        faults,
        scenario,
        strategies=strategies if strategies is not None or not known else default_pair(scenario),
        seed=seed,
        n_replicates=n,
        first_replicate=0,
        engine=engine,
        threads=threads,
        verb="reversal",
    )
    if len(asked.strategies) != 2:
        raise ScenarioError([Fault("reversal(strategies)", str(len(asked.strategies)), "two strategies")])
    answers = asked_question(
        on_question,
        scenario,
        asked.seed,
        metric=chosen,
        strategies=list(asked.strategies),
        factor=varied[0].describe(),
        n_levels=n_first,
        tolerance=width,
        confidence=level,
    )
    execution = Execution(engine, threads, processes, cluster, keep_in, on_progress)
    responses = Responses(scenario, varied, asked.strategies, chosen, asked.seed, n, execution)
    sign = -1.0 if METRIC[chosen].better == "lower" else 1.0

    def difference(share: float) -> Values:
        found = responses.at(np.array([[share]]))
        return np.asarray(sign * (found[0, 0] - found[1, 0]))

    responses.at(np.linspace(0.0, 1.0, n_first)[:, None])  # the first levels in one go
    crossings, curve = find_crossings(
        difference, n_levels=n_first, tolerance=width, confidence=level, seed=asked.seed
    )
    return Reversal(
        scenario=scenario.name,
        metric=METRIC[chosen],
        currency=scenario.market.currency,
        strategies=asked.strategies,
        factor=varied[0],
        crossings=crossings,
        curve=curve,
        confidence=level,
        seed=asked.seed,
        digest=outcome_digest("reversal", chosen, *asked.strategies, varied[0].name, *curve),
        manifest={
            **provenance("reversal", scenario, asked.seed, engine, began),
            **answers,
            "n_replicates": n,
        },
    )
