"""How much of an outcome's variance is chance in the market, in the world, and in the parameters."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.experiment.argument_checks import (
    OnQuestion,
    asked_question,
    checked,
    confidence_level,
    one_of,
    provenance,
    whole,
)
from simulator.experiment.batches import BatchStore
from simulator.experiment.factor_choice import FactorsGiven, chosen_factors
from simulator.experiment.factors import Factor, overrides_at, shares_to_values
from simulator.experiment.sampling import UndefinedOutcomeError, Values, outcome_digest
from simulator.experiment.simulation import SIMULATING, OnProgress, counter
from simulator.experiment.sweep_arguments import place_faults
from simulator.experiment.treatments import Treatment, settings_of
from simulator.experiment.variance_components import FEWEST_UNITS, Component, variance_components
from simulator.experiment.workers import Workers, pieces, workers_of
from simulator.experiment.worlds import outcomes_in_worlds
from simulator.outcomes import store
from simulator.outcomes.brand_view import REFERENCE
from simulator.outcomes.metrics import INCREMENTAL, METRIC, Metric
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
        metric or (scenario.comparison.metric if known else "profit"),
        tuple(METRIC),
        faults,
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
    draws = _draws(drawn, shape[0], asked.seed)
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
        outcomes = _Study(scenario, jobs, on_progress, cache).outcomes(workers)
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


@dataclass(frozen=True, eq=False)
class DrawJob:
    """Some worlds of one draw of the parameters; any process can run it."""

    strategies: tuple[str, ...]
    metric: str
    overrides: Mapping[str, Any]
    worlds: tuple[int, ...]
    n_replicates: int
    seed: int
    engine: str
    threads: int

    def run(self, scenarios: Sequence[Scenario], on_done: Any = None) -> Values:
        """Simulate; shape (world, replicate)."""
        treatments = [Treatment(name, self.overrides) for name in self.strategies]
        [setting] = settings_of(scenarios[0], treatments)
        with_reference = self.metric in INCREMENTAL
        ready = setting.prepare(
            self.seed, with_reference=with_reference, engine=self.engine, threads=self.threads
        )
        values = outcomes_in_worlds(ready, self.worlds, self.n_replicates, self.metric, on_done)
        rows = [values[ready.arguments.strategies.index(name)] for name in self.strategies]
        return rows[0] - rows[1] if len(rows) == 2 else rows[0]


@dataclass(frozen=True)
class _Study:
    scenario: Scenario
    jobs: tuple[DrawJob, ...]
    on_progress: OnProgress | None
    cache: BatchStore

    def outcomes(self, workers: Workers | None) -> Values:
        """Run every draw in worlds of its own, here or by workers; shape (draw, world, replicate)."""
        job = self.jobs[0]
        n_plans = len(job.strategies) + (job.metric in INCREMENTAL and REFERENCE not in job.strategies)
        n_runs = n_plans * len(self.jobs) * len(job.worlds) * job.n_replicates
        on_done = counter(self.on_progress, SIMULATING, n_runs)
        found = {} if workers is None else self._fetched(workers, n_plans, on_done or (lambda count: None))
        result = np.stack(
            [
                found[a]
                if a in found
                else self.cache.of(lambda one=one: one.run((self.scenario,), on_done), *self._content(one))  # type: ignore[misc]
                for a, one in enumerate(self.jobs)
            ]
        )
        if not np.isfinite(result).all():
            a, b, c = (int(i) for i in np.argwhere(~np.isfinite(result))[0])
            raise UndefinedOutcomeError(
                f"{job.metric} is undefined in draw {a}, world {b}, replicate {c}; expected a number in "
                "each; choose a metric that is always defined, for example profit or sales"
            )
        return result

    def _content(self, job: DrawJob) -> tuple[str, ...]:
        """Return everything on which a draw's outcomes depend."""
        worlds = range(job.worlds[0], job.worlds[-1] + 1)
        return (
            self.scenario.digest,
            repr(sorted(job.overrides.items())),
            *job.strategies,
            job.metric,
            f"{job.seed} {worlds} {job.n_replicates}",
        )

    def _fetched(self, workers: Workers, n_plans: int, on_done: Callable[[int], None]) -> dict[int, Values]:
        """Have workers run the draws that are not kept; each is kept as soon as it is complete."""
        missing = [a for a, job in enumerate(self.jobs) if not self.cache.holds(*self._content(job))]
        n_parts = -(-workers.backend.n_workers // max(1, len(missing)))
        parts = [(a, worlds) for a in missing for worlds in pieces(self.jobs[a].worlds, n_parts)]
        jobs = [replace(self.jobs[a], worlds=worlds, threads=workers.threads) for a, worlds in parts]
        rows: dict[int, dict[int, Values]] = {a: {} for a in missing}
        found: dict[int, Values] = {}

        def keep(place: int, values: Values) -> None:
            a, worlds = parts[place]
            rows[a].update(zip(worlds, values, strict=True))
            on_done(n_plans * values.size)
            if len(rows[a]) == len(self.jobs[a].worlds):
                whole_draw = np.stack([rows[a][world] for world in self.jobs[a].worlds])
                found[a] = self.cache.of(lambda: whole_draw, *self._content(self.jobs[a]))

        workers.run(jobs, keep)
        return found


def _draws(factors: tuple[Factor, ...], n: int, seed: int) -> list[dict[str, Any]]:
    """Return overrides by draw; a single draw changes nothing."""
    if n == 1:
        return [{}]
    shares = np.random.default_rng([seed, n, 0xD12A]).random((n, len(factors)))
    by_name = {factor.name: factor for factor in factors}
    return [overrides_at(by_name, values) for values in shares_to_values(factors, shares)]


def _check_units(shape: tuple[int, ...], interval: str, faults: list[Fault]) -> None:
    """Add a fault where no level varies, or the highest that does has too few units for its intervals."""
    names = ("n_parameters", "n_worlds", "n_replicates")
    highest = next((k for k in range(3) if shape[k] > 1), None)
    if highest is None:
        faults.append(Fault("variance_split", "one outcome", "at least one level with two units"))
    elif shape[highest] < FEWEST_UNITS[interval]:
        place, least = f"variance_split({names[highest]})", FEWEST_UNITS[interval]
        remedy = 'take more, or interval="parametric", which supposes normal effects'
        faults.append(
            Fault(place, str(shape[highest]), f"at least {least} for a {interval} interval", remedy)
        )


def _share(value: float) -> str:
    return f"{rounded(value, 'share')} %" if value == value else "An undefined share"


def _enumerated(values: Values) -> list[tuple[tuple[int, int, int], float]]:
    return [((a, b, c), float(values[a, b, c])) for a, b, c in np.ndindex(*values.shape)]
