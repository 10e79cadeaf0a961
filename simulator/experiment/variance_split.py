"""How much of an outcome's variance is chance in the market, in the world, and in the parameters."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.experiment.argument_checks import (
    OnQuestion,
    asked_question,
    checked,
    confidence_level,
    default_metric,
    one_of,
    provenance,
    whole,
)
from simulator.experiment.batches import BatchStore
from simulator.experiment.factor_choice import FactorsGiven, chosen_factors
from simulator.experiment.sampling import Values, outcome_digest
from simulator.experiment.simulation import OnProgress
from simulator.experiment.sweep_arguments import place_faults
from simulator.experiment.variance_components import FEWEST_UNITS, Component, variance_components
from simulator.experiment.variance_draws import DrawJob, DrawsInWorlds, drawn_overrides
from simulator.experiment.workers import workers_of
from simulator.outcomes import store
from simulator.outcomes.metrics import METRIC, METRICS_SEEN, Metric
from simulator.outcomes.plain_data import plain
from simulator.outcomes.wording import counted, rounded
from simulator.scenario import Scenario
from simulator.scenario.wording import listed

if TYPE_CHECKING:
    import pandas

_MEANING = {
    "parameters": "not knowing the behavior parameters",
    "world": "who the consumers are and whom they know",
    "market": "chance in the market",
}
#: Factors that a sentence names; the rest is counted.
_MOST_NAMED = 5


@dataclass(frozen=True, eq=False, repr=False)
class VarianceSplit:
    """Where the variance of a metric, or of a difference between two strategies, comes from.

    Parameters
    ----------
    scenario : str
        Short name of the scenario.
    strategies : tuple of str
        One strategy, or two whose difference is split, first minus second.
    metric : Metric
        What varies.
    components : tuple of Component
        From the outermost level: parameters, world, market; levels with one unit are left out.
    outcomes : ndarray of float64, shape (draw, world, replicate)
        What was split.
    confidence : float
        Of the intervals.
    seed : int
        Seed.
    digest : str
        Hash over the outcomes.
    manifest : dict
        How it came about, with the draws of the parameters.
    """

    scenario: str
    strategies: tuple[str, ...]
    metric: Metric
    components: tuple[Component, ...]
    outcomes: Values
    confidence: float
    seed: int
    digest: str
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """What was split, in words."""
        called = self.metric.name.replace("_", " ")
        return f"{called} of {' minus '.join(self.strategies)}"

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence by level."""
        return tuple(
            f"{_share(c.share)} of the variance of {self.what} comes from {self._meaning(c.level)} "
            f"({_share(c.share_lower)} to {_share(c.share_upper)})."
            for c in self.components
        )

    def _meaning(self, level: str) -> str:
        """Return where the variance of a level comes from; factors that are no behavior parameters are named."""
        factors = self.manifest.get("factors", ())
        paths = [path for factor in factors for path in factor["paths"]]
        if level != "parameters" or all(path.startswith("parameters.") for path in paths):
            return _MEANING[level]
        return f"not knowing {listed((factor['name'] for factor in factors), _MOST_NAMED)}"

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per level: variance, its share, and their intervals."""
        import pandas as pd

        return pd.DataFrame([c._asdict() for c in self.components])

    def to_json_document(self) -> dict[str, Any]:
        """Return the document that ``simulator sensitivity --method variance --json`` prints."""
        found: dict[str, Any] = plain(
            {
                "scenario": self.scenario,
                "method": "variance",
                "metric": self.metric.name,
                "strategies": self.strategies,
                "seed": self.seed,
                "digest": self.digest,
                "confidence": self.confidence,
                "shape": self.outcomes.shape,
                "components": [c._asdict() for c in self.components],
                "sentences": self.sentences,
            }
        )
        return found

    def save(self, path: str | Path, *, extra_files: dict[str, bytes] | None = None) -> Path:
        """Write a folder of results: ``manifest.json``, ``variance.json``, ``components.csv``, ``outcomes.csv``."""
        lines = ["draw,world,replicate,outcome"]
        lines += [f"{a},{b},{c},{value!r}" for (a, b, c), value in _enumerated(self.outcomes)]
        files = {
            "variance.json": store.json_bytes(self.to_json_document()),
            "components.csv": self.to_dataframe().to_csv(index=False).encode(),
            "outcomes.csv": ("\n".join(lines) + "\n").encode(),
            **(extra_files or {}),
        }
        return store.save_files(files, {**self.manifest, "digest": self.digest}, Path(path))

    def __repr__(self) -> str:
        a, b, c = self.outcomes.shape
        size = f"{counted(a, 'draw')} x {counted(b, 'world')} x {counted(c, 'replicate')}"
        head = f"VarianceSplit of {self.scenario}: {size}, seed {self.seed}"
        return "\n".join([head, *(f"  {line}" for line in self.sentences), f"  digest {self.digest[:16]}"])

    def _repr_html_(self) -> str:
        table: str = self.to_dataframe().to_html(index=False, border=0, float_format="%.4g")
        return table


def variance_split(
    scenario: Scenario,
    strategies: str | Sequence[str],
    *,
    metric: str | None = None,
    factors: FactorsGiven = None,
    n_parameters: int = 12,
    n_worlds: int = 4,
    n_replicates: int = 4,
    confidence: float = 0.95,
    interval: Literal["jackknife", "parametric"] = "jackknife",
    seed: int | None = None,
    engine: str = "numba",
    threads: int | None = None,
    processes: int | None = None,
    cluster: str | None = None,
    on_progress: OnProgress | None = None,
    keep_in: str | Path | None = None,
    on_question: OnQuestion | None = None,
) -> VarianceSplit:
    """Split variance into chance in the market, in the world, and in the parameters.

    Parameters
    ----------
    scenario : Scenario
        What is simulated. Worlds are drawn here even if the scenario has one fixed world.
    strategies : str or sequence of str
        One strategy, or two whose difference (first minus second, in the same worlds with the same luck) is
        split.
    metric : str, optional
        The scenario's if omitted.
    factors : sequence, mapping or str, optional
        What is drawn at the level of parameters, as for ``sensitivity``; all priors if omitted.
    n_parameters : int
        Draws of the parameters; 1 leaves them as the scenario has them.
    n_worlds : int
        Worlds (population and graph) within each draw.
    n_replicates : int
        Replicates within each world.
    confidence : float
        Of each interval.
    interval : {"jackknife", "parametric"}
        How intervals are found; see :mod:`simulator.experiment.variance_components`.
    seed : int, optional
        0 to 2**32 - 1; the scenario's seed if omitted.
    engine : {"numba", "mesa"}
        Engine; both give the same outcomes.
    threads : int, optional
        Threads of the numba engine; all processors if omitted, one in each process of several.
    processes : int, optional
        Run in this many processes instead of in this one.
    cluster : str, optional
        Run on a Dask cluster: the address of its scheduler, or ``local``.
    on_progress : callable, optional
        Receives (task, done, total).
    keep_in : path, optional
        Folder in which outcomes are kept: called again after an interruption, the study goes on where it was.
    on_question : callable, optional
        Receives what is asked, complete, before anything is simulated; what it raises ends the call.

    Returns
    -------
    VarianceSplit
        Components with intervals.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the arguments.
    """
    began = time.time()
    cache = BatchStore(keep_in)
    faults = place_faults("variance_split", processes=processes, cluster=cluster)
    shape = (
        whole("variance_split(n_parameters)", n_parameters, 1, 100_000, faults),
        whole("variance_split(n_worlds)", n_worlds, 1, 100_000, faults),
        whole("variance_split(n_replicates)", n_replicates, 1, 100_000, faults),
    )
    confidence_level("variance_split(confidence)", confidence, 0.0, faults)
    one_of("variance_split(interval)", interval, tuple(FEWEST_UNITS), faults)
    if not faults:
        _check_units(shape, interval, faults)
    known = isinstance(scenario, Scenario)
    chosen = one_of(
        "variance_split(metric)",
        default_metric(metric, scenario.comparison if known else None),
        tuple(METRIC),
        faults,
        METRICS_SEEN,
    )
    drawn = chosen_factors("variance_split(factors)", factors, scenario, faults) if known else ()
    asked = checked(
        faults,
        scenario,
        strategies=strategies,
        seed=seed,
        n_replicates=1,
        first_replicate=0,
        engine=engine,
        threads=threads,
        verb="variance_split",
    )
    if len(asked.strategies) > 2:
        expected = "one strategy, or two whose difference is split"
        raise ScenarioError([Fault("variance_split(strategies)", str(len(asked.strategies)), expected)])
    question = asked_question(
        on_question,
        scenario,
        asked.seed,
        metric=chosen,
        strategies=list(asked.strategies),
        factors=[factor.describe() for factor in drawn] if shape[0] > 1 else [],
        n_parameters=shape[0],
        n_worlds=shape[1],
        confidence=confidence,
        interval=interval,
    )
    draws = drawn_overrides(drawn, shape[0], asked.seed)
    jobs = tuple(
        DrawJob(
            asked.strategies,
            chosen,
            {**draw, "population.world": "replicate"},
            tuple(range(a * shape[1], (a + 1) * shape[1])),
            shape[2],
            asked.seed,
            engine,
            asked.threads,
        )
        for a, draw in enumerate(draws)
    )
    with workers_of(scenario, processes, cluster, threads) as workers:
        outcomes = DrawsInWorlds(scenario, jobs, on_progress, cache).outcomes(workers)
    return VarianceSplit(
        scenario=scenario.name,
        strategies=asked.strategies,
        metric=METRIC[chosen],
        components=variance_components(outcomes, confidence=confidence, interval=interval, seed=asked.seed),
        outcomes=outcomes,
        confidence=confidence,
        seed=asked.seed,
        digest=outcome_digest(chosen, *asked.strategies, outcomes),
        manifest={
            **provenance("variance split", scenario, asked.seed, engine, began),
            **question,
            "n_replicates": shape[2],
            "draws": draws,
        },
    )


def _check_units(shape: tuple[int, ...], interval: str, faults: list[Fault]) -> None:
    """Add a fault where no level varies, or the highest that does has too few units for its intervals."""
    names = ("n_parameters", "n_worlds", "n_replicates")
    highest = next((k for k in range(3) if shape[k] > 1), None)
    if highest is None:
        faults.append(Fault("variance_split", "one outcome", "at least one level with two units"))
    elif shape[highest] < FEWEST_UNITS[interval]:
        place, least = f"variance_split({names[highest]})", FEWEST_UNITS[interval]
        remedy = 'take more, or in Python interval="parametric", which supposes normal effects'
        faults.append(
            Fault(place, str(shape[highest]), f"at least {least} for a {interval} interval", remedy)
        )


def _share(value: float) -> str:
    return f"{rounded(value, 'share')} %" if value == value else "An undefined share"


def _enumerated(values: Values) -> list[tuple[tuple[int, int, int], float]]:
    return [((a, b, c), float(values[a, b, c])) for a, b, c in np.ndindex(*values.shape)]
