"""Regime maps: which strategy wins where in two or more factors, and where the winner changes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.experiment.argument_checks import (
    OnQuestion,
    asked_question,
    checked,
    confidence_level,
    default_metric,
    directed_metric,
    provenance,
    whole,
    with_reference,
)
from simulator.experiment.factor_choice import FactorsGiven, chosen_factors
from simulator.experiment.factors import Factor
from simulator.experiment.responses import Execution, Responses
from simulator.experiment.sampling import Values, outcome_digest
from simulator.experiment.simulation import OnProgress
from simulator.experiment.sweep_arguments import place_faults
from simulator.experiment.switch_points import Switch, switch_points
from simulator.outcomes import store
from simulator.outcomes.metrics import METRIC, Metric
from simulator.outcomes.plain_data import plain
from simulator.outcomes.standings import Standings
from simulator.outcomes.statistics import probabilities_of_best
from simulator.outcomes.wording import counted
from simulator.scenario import Scenario

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class RegimeMap:
    """Which strategy wins where, by how much, and how sure that is.

    Parameters
    ----------
    scenario : str
        Short name of the scenario.
    metric : Metric
        In which more or less is better.
    currency : str
        Currency of amounts of money.
    strategies : tuple of str
        Names.
    factors : tuple of Factor
        Along the axes of the grid, ordered by name.
    levels : tuple of tuple of float
        Values by factor.
    outcomes : ndarray of float64, shape (strategy, level of factor 1, level of factor 2, ..., replicate)
        What was simulated, the same replicates everywhere.
    confidence : float
        Of the switch points, and the probability with at least which a winner counts as clear.
    seed : int
        Seed.
    digest : str
        Hash over grid and outcomes.
    manifest : dict
        How it came about.
    """

    scenario: str
    metric: Metric
    currency: str
    strategies: tuple[str, ...]
    factors: tuple[Factor, ...]
    levels: tuple[tuple[float, ...], ...]
    outcomes: Values
    confidence: float
    seed: int
    digest: str
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Levels by factor."""
        return tuple(len(levels) for levels in self.levels)

    @cached_property
    def means(self) -> Values:
        """Mean outcomes; shape (strategy, *grid)."""
        return np.asarray(self.outcomes.mean(axis=-1))

    @cached_property
    def winners(self) -> NDArray[np.int64]:
        """Position of the strategy with the best mean; shape (*grid,)."""
        return self._standings.winners.reshape(self.shape)

    @cached_property
    def regret(self) -> Values:
        """What each strategy's mean falls short of the best one, >= 0; shape (strategy, *grid)."""
        return self._standings.regret.T.reshape(self.means.shape)

    @cached_property
    def p_best(self) -> Values:
        """Probability that each strategy's mean is the best, given the replicates; shape (strategy, *grid)."""
        result = np.empty_like(self.means)
        higher = self.metric.better == "higher"
        for place in np.ndindex(*self.shape):
            values = self.outcomes[(slice(None), *place)]
            result[(slice(None), *place)] = probabilities_of_best(values, higher_is_better=higher)[1]
        return result

    @cached_property
    def is_clear(self) -> NDArray[np.bool_]:
        """Whether the winner is the best with at least the stated probability; shape (*grid,)."""
        return self._standings.is_clear.reshape(self.shape)

    @cached_property
    def switches(self) -> tuple[Switch, ...]:
        """Where the winner changes between neighboring grid points."""
        return switch_points(self._better(self.outcomes), self)

    @property
    def robust(self) -> tuple[str, float]:
        """The strategy whose largest regret on the grid is smallest, and that regret."""
        return self._standings.robust

    @property
    def sentences(self) -> tuple[str, ...]:
        """The answer in plain sentences."""
        lines = self._standings.sentences(self.currency)
        if self.switches:
            lines.append(
                f"The winner changes between neighboring points in {counted(len(self.switches), 'place')}."
            )
        return tuple(lines)

    @cached_property
    def _standings(self) -> Standings:
        n = len(self.strategies)
        means, p_best = (values.reshape(n, -1).T for values in (self.means, self.p_best))
        return Standings(self.strategies, self.metric, means, p_best, self.confidence)

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per grid point and strategy: values of the factors, mean, regret, p_best, is_winner."""
        import pandas as pd

        rows = []
        for place in np.ndindex(*self.shape):
            point = {f.name: self.levels[k][place[k]] for k, f in enumerate(self.factors)}
            for s, name in enumerate(self.strategies):
                at = (s, *place)
                rows.append(
                    {
                        **point,
                        "strategy": name,
                        "mean": self.means[at],
                        "regret": self.regret[at],
                        "p_best": self.p_best[at],
                        "is_winner": bool(self.winners[place] == s),
                    }
                )
        return pd.DataFrame(rows)

    def switches_dataframe(self) -> pandas.DataFrame:
        """Return one row per switch point."""
        import pandas as pd

        rows = [{**s._asdict(), "others": dict(s.others)} for s in self.switches]
        for row in rows:
            row.update(row.pop("others"))
        return pd.DataFrame(rows)

    def to_json_document(self) -> dict[str, Any]:
        """Return the document that ``simulator sensitivity --method map --json`` prints."""
        switches = [{**s._asdict(), "others": dict(s.others)} for s in self.switches]
        found: dict[str, Any] = plain(
            {
                "scenario": self.scenario,
                "method": "map",
                "metric": self.metric.name,
                "strategies": self.strategies,
                "seed": self.seed,
                "digest": self.digest,
                "confidence": self.confidence,
                "n_replicates": self.outcomes.shape[-1],
                "factors": [f.describe() for f in self.factors],
                "levels": [list(levels) for levels in self.levels],
                "means": self.means.tolist(),
                "winners": self.winners.tolist(),
                "regret": self.regret.tolist(),
                "p_best": self.p_best.tolist(),
                "switches": switches,
                "robust": {"strategy": self.robust[0], "largest_regret": self.robust[1]},
                "sentences": self.sentences,
            }
        )
        return found

    def save(self, path: str | Path, *, extra_files: dict[str, bytes] | None = None) -> Path:
        """Write ``manifest.json``, ``regimes.json``, ``grid.csv`` and ``switches.csv``, whole or not at all."""
        files = {
            "regimes.json": store.json_bytes(self.to_json_document()),
            "grid.csv": self.to_dataframe().to_csv(index=False).encode(),
            "switches.csv": self.switches_dataframe().to_csv(index=False).encode(),
            **(extra_files or {}),
        }
        return store.save_files(files, {**self.manifest, "digest": self.digest}, Path(path))

    def __repr__(self) -> str:
        grid = " x ".join(f"{n} of {f.name}" for n, f in zip(self.shape, self.factors, strict=True))
        head = f"RegimeMap of {self.metric.name}: {self.scenario}, {grid}, seed {self.seed}"
        return "\n".join([head, *(f"  {line}" for line in self.sentences), f"  digest {self.digest[:16]}"])

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{line}</li>" for line in self.sentences)
        return f"<ul>{lines}</ul>"

    def _better(self, values: Values) -> Values:
        return -values if self.metric.better == "lower" else values


def regime_map(
    scenario: Scenario,
    factors: FactorsGiven,
    *,
    strategies: str | Sequence[str] | None = None,
    metric: str | None = None,
    n_levels: int = 7,
    n_replicates: int = 30,
    confidence: float | None = None,
    seed: int | None = None,
    engine: str = "numba",
    threads: int | None = None,
    on_progress: OnProgress | None = None,
    processes: int | None = None,
    cluster: str | None = None,
    keep_in: str | Path | None = None,
    on_question: OnQuestion | None = None,
) -> RegimeMap:
    """Find out which strategy wins where in two or more factors.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    factors : sequence, mapping or str
        At least two, as for :func:`~simulator.experiment.sensitivity.sensitivity`.
    strategies : str or sequence of str, optional
        Names; the scenario's if omitted. The baseline and ``none`` always take part.
    metric : str, optional
        The scenario's if omitted.
    n_levels : int
        Levels of each factor, evenly spaced in its distribution, at least 2.
    n_replicates : int
        Replicates at every point, the same ones everywhere, at least 2.
    confidence : float, optional
        Of switch points and of a clear winner; the scenario's if omitted.
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
    RegimeMap
        Winners, regret, probabilities and switch points.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the arguments.
    UndefinedOutcomeError
        If the metric is undefined at a point.
    """
    began = time.time()
    faults = place_faults("regime_map", processes=processes, cluster=cluster)
    known = isinstance(scenario, Scenario)
    question = scenario.comparison if known else None
    chosen = directed_metric("regime_map(metric)", default_metric(metric, question), faults)
    level = confidence_level(
        "regime_map(confidence)", confidence or (question.confidence if question else 0.95), 0.0, faults
    )
    n = whole("regime_map(n_replicates)", n_replicates, 2, 10_000_000, faults)
    n_each = whole("regime_map(n_levels)", n_levels, 2, 1000, faults)
    before = len(faults)
    varied = chosen_factors("regime_map(factors)", factors, scenario, faults) if known else ()
    if len(faults) == before and known and not 2 <= len(varied) <= 6:
        remedy = "for one factor, use reversal (--method reversal)"
        faults.append(Fault("regime_map(factors)", counted(len(varied), "factor"), "two to six", remedy))
    asked = checked(
        faults,
        scenario,
        strategies=strategies,
        seed=seed,
        n_replicates=n,
        first_replicate=0,
        engine=engine,
        threads=threads,
        verb="regime_map",
    )
    names = tuple(t.strategy for t in with_reference(asked.strategies, scenario))
    if len(names) < 2:
        raise ScenarioError([Fault("regime_map(strategies)", "one strategy", "at least two")])
    answers = asked_question(
        on_question,
        scenario,
        asked.seed,
        metric=chosen,
        strategies=list(names),
        factors=[factor.describe() for factor in varied],
        n_levels=n_each,
        confidence=level,
    )
    execution = Execution(engine, threads, processes, cluster, keep_in, on_progress)
    responses = Responses(scenario, varied, names, chosen, asked.seed, n, execution)
    shares = np.array(list(product(*[np.linspace(0, 1, n_each)] * len(varied))))
    outcomes = responses.at(shares).reshape(len(names), *[n_each] * len(varied), n)
    levels = tuple(tuple(float(f.at(u)) for u in np.linspace(0, 1, n_each)) for f in varied)
    return RegimeMap(
        scenario=scenario.name,
        metric=METRIC[chosen],
        currency=scenario.market.currency,
        strategies=names,
        factors=varied,
        levels=levels,
        outcomes=outcomes,
        confidence=level,
        seed=asked.seed,
        digest=outcome_digest("map", chosen, *names, *(f.name for f in varied), shares, outcomes),
        manifest={
            **provenance("regime map", scenario, asked.seed, engine, began),
            **answers,
            "n_replicates": n,
        },
    )
