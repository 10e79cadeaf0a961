"""Which factors an outcome depends on, and which of them decide between two strategies."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.experiment.argument_checks import (
    checked,
    confidence_level,
    directed_metric,
    one_of,
    provenance,
    whole,
)
from simulator.experiment.document import plain
from simulator.experiment.factor_choice import FactorsGiven, chosen_factors
from simulator.experiment.factors import Factor
from simulator.experiment.outcome_cache import OutcomeCache
from simulator.experiment.responses import Responses
from simulator.experiment.sampling import Values, outcome_digest
from simulator.experiment.scenario_discovery import Discovery, find_box
from simulator.experiment.sensitivity_indices import (
    MorrisIndex,
    SobolIndex,
    morris_indices,
    morris_points,
    sobol_indices,
    sobol_points,
)
from simulator.experiment.simulation import OnProgress
from simulator.outcomes import store
from simulator.outcomes.metrics import METRIC, Metric
from simulator.scenario import Scenario

if TYPE_CHECKING:
    import pandas

METHODS = ("morris", "sobol")
#: Share of the variance over points that may be noise of the replicates before a warning.
_MOST_NOISE = 0.1


class Flip(NamedTuple):
    """How often the first strategy wins where a factor is low (its lower half) and where it is high."""

    factor: str
    wins_low: float
    wins_high: float


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity:
    """Sensitivity indices of a metric, or of the difference between two strategies.

    Parameters
    ----------
    scenario : str
        Short name of the scenario.
    method : {"morris", "sobol"}
        Kind of the indices.
    metric : Metric
        What varies.
    strategies : tuple of str
        One strategy, or two whose difference is explained, first minus second.
    factors : tuple of Factor
        What was varied, ordered by name.
    indices : tuple of SobolIndex or MorrisIndex
        By factor, the most important first.
    shares : ndarray of float64, shape (point, factor)
        Points in the unit cube.
    outcomes : ndarray of float64, shape (strategy, point, replicate)
        What was simulated.
    confidence : float
        Of each interval.
    warnings : tuple of str
        What is doubtful.
    currency : str
        Currency of amounts of money.
    seed : int
        Seed of replicates, points and bootstrap.
    digest : str
        Hash over points and outcomes.
    manifest : dict
        How it came about.
    """

    scenario: str
    method: str
    metric: Metric
    strategies: tuple[str, ...]
    factors: tuple[Factor, ...]
    indices: tuple[SobolIndex, ...] | tuple[MorrisIndex, ...]
    shares: Values
    outcomes: Values
    confidence: float
    warnings: tuple[str, ...]
    currency: str
    seed: int
    digest: str
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def response(self) -> Values:
        """What was explained, by point: the mean over replicates, of the difference if there are two strategies."""
        return response_of(self.outcomes)

    @property
    def what(self) -> str:
        """What was explained, in words."""
        return f"{self.metric.name.replace('_', ' ')} of {' minus '.join(self.strategies)}"

    @property
    def is_win(self) -> Values:
        """Whether the first of two strategies is better, by point.

        Raises
        ------
        ValueError
            If there is one strategy only.
        """
        if len(self.strategies) < 2:
            raise ValueError("one strategy has nobody to win against; name two")
        sign = -1.0 if self.metric.better == "lower" else 1.0
        return np.asarray(sign * self.response > 0)

    @property
    def flips(self) -> tuple[Flip, ...]:
        """Where the first of two strategies wins, by factor; empty for one strategy."""
        if len(self.strategies) < 2:
            return ()
        names = [factor.name for factor in self.factors]
        found = []
        for index in self.indices:
            is_low = self.shares[:, names.index(index.factor)] < 0.5
            parts = [self.is_win[is_low], self.is_win[~is_low]]
            low, high = (float(part.mean()) if part.size else float("nan") for part in parts)
            found.append(Flip(index.factor, low, high))
        return tuple(found)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The answer in plain sentences."""
        return (*_answers(self), *self.warnings)

    def discover(self, *, wins: bool = False, peel: float = 0.05, wanted_density: float = 0.8) -> Discovery:
        """Find ranges of the factors in which the first of two strategies loses, or wins.

        Parameters
        ----------
        wins : bool
            Whether the cases are its wins; its losses if false.
        peel : float
            Share of points given up in one step.
        wanted_density : float
            Share of cases that the chosen box should have.

        Returns
        -------
        Discovery
            Boxes in the units of the factors.
        """
        values = np.array([[f.at(float(u)) for f, u in zip(self.factors, row)] for row in self.shares])  # noqa: B905
        case = self.is_win if wins else ~self.is_win.astype(bool)
        names = [factor.name for factor in self.factors]
        return find_box(
            values.astype(np.float64), case.astype(bool), names, peel=peel, wanted_density=wanted_density
        )

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per factor: its indices, their intervals, a note, and where the first strategy wins."""
        import pandas as pd

        rows = [{**index._asdict(), "note": index.note} for index in self.indices]
        for row, flip in zip(rows, self.flips or [None] * len(rows), strict=True):
            if flip is not None:
                row.update(wins_low=flip.wins_low, wins_high=flip.wins_high)
        return pd.DataFrame(rows)

    def points_dataframe(self) -> pandas.DataFrame:
        """Return one row per point: the values of the factors and the mean outcome of each strategy."""
        import pandas as pd

        rows = [{f.name: f.at(float(u)) for f, u in zip(self.factors, row)} for row in self.shares]  # noqa: B905
        table = pd.DataFrame(rows)
        for name, values in zip(self.strategies, self.outcomes, strict=True):
            table[f"{self.metric.name} of {name}"] = values.mean(axis=1)
        return table

    def to_json_document(self) -> dict[str, Any]:
        """Return the document that ``simulator sensitivity --json`` prints."""
        found: dict[str, Any] = plain(
            {
                "scenario": self.scenario,
                "method": self.method,
                "metric": self.metric.name,
                "strategies": self.strategies,
                "seed": self.seed,
                "digest": self.digest,
                "confidence": self.confidence,
                "n_points": len(self.shares),
                "n_replicates": self.outcomes.shape[2],
                "factors": [factor.describe() for factor in self.factors],
                "indices": [{**index._asdict(), "note": index.note} for index in self.indices],
                "flips": [flip._asdict() for flip in self.flips],
                "share_won_by_first": float(self.is_win.mean()) if len(self.strategies) == 2 else None,
                "warnings": self.warnings,
                "sentences": self.sentences,
            }
        )
        return found

    def save(self, path: str | Path, *, extra_files: dict[str, bytes] | None = None) -> Path:
        """Write ``manifest.json``, ``sensitivity.json``, ``indices.csv`` and ``points.csv``, whole or not at all."""
        files = {
            "sensitivity.json": store.json_bytes(self.to_json_document()),
            "indices.csv": self.to_dataframe().to_csv(index=False).encode(),
            "points.csv": self.points_dataframe().to_csv(index=False).encode(),
            **(extra_files or {}),
        }
        return store.save_files(files, {**self.manifest, "digest": self.digest}, Path(path))

    def __repr__(self) -> str:
        head = (
            f"Sensitivity ({self.method}) of {self.what}: {self.scenario}, {len(self.shares):,} points x "
            f"{self.outcomes.shape[2]} replicates, seed {self.seed}"
        )
        return "\n".join([head, *(f"  {line}" for line in self.sentences), f"  digest {self.digest[:16]}"])

    def _repr_html_(self) -> str:
        table: str = self.to_dataframe().to_html(index=False, border=0, float_format="%.3g")
        return f"<p><b>{self.sentences[0]}</b></p>{table}"


def response_of(outcomes: Values) -> Values:
    """Return mean outcomes by point: of one strategy, or of the paired difference of two."""
    values = outcomes[0] - outcomes[1] if len(outcomes) == 2 else outcomes[0]
    return np.asarray(values.mean(axis=1))


def noise_share(outcomes: Values) -> float:
    """Return the share of the variance over points that is left to the chance of the replicates.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (strategy, point, replicate)
        One strategy, or two whose difference counts. What a replicate adds at every point alike cancels.

    Returns
    -------
    float
        0 to 1; NaN with one replicate or without variance.
    """
    values = outcomes[0] - outcomes[1] if len(outcomes) == 2 else outcomes[0]
    n_points, n = values.shape
    spread = float(values.mean(axis=1).var(ddof=1)) if n_points > 1 else 0.0
    if n < 2 or spread == 0:
        return float("nan")
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    noise = float((rest**2).sum()) / ((n_points - 1) * (n - 1)) / n
    return min(noise / spread, 1.0)


def sensitivity(
    scenario: Scenario,
    *,
    factors: FactorsGiven = None,
    method: str = "morris",
    metric: str | None = None,
    strategies: str | Sequence[str] | None = None,
    n_points: int | None = None,
    n_replicates: int = 10,
    confidence: float = 0.95,
    seed: int | None = None,
    engine: str = "numba",
    threads: int | None = None,
    on_progress: OnProgress | None = None,
    keep_in: str | Path | None = None,
) -> Sensitivity:
    """Find out which factors an outcome, or the choice between two strategies, depends on.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    factors : sequence, mapping or str, optional
        Names of behavior parameters (their priors), ``"path=low:high"`` or ``"path=low:high:log"`` for any
        number in the scenario, factors, or a mapping from path to (low, high); the priors of all parameters
        if omitted.
    method : {"morris", "sobol"}
        ``morris`` screens many factors cheaply; ``sobol`` gives shares of variance.
    metric : str, optional
        The scenario's if omitted.
    strategies : str or sequence of str, optional
        One strategy, or two whose difference (first minus second) is explained; the first strategy of the
        scenario with campaign lines against its baseline if omitted.
    n_points : int, optional
        Base points: Sobol simulates N (D + 2) points, N a power of two (256 if omitted); Morris N (D + 1),
        N trajectories (16 if omitted).
    n_replicates : int
        Replicates at every point, the same ones at all of them.
    confidence : float
        Of each interval.
    seed : int, optional
        0 to 2**32 - 1; the scenario's seed if omitted.
    engine : {"numba", "mesa"}
        Engine; both give the same outcomes.
    threads : int, optional
        Threads of the numba engine; all processors if omitted.
    on_progress : callable, optional
        Receives (task, done, total) in points.
    keep_in : path, optional
        Folder in which outcomes are kept while the study runs: called again after an interruption, it goes on
        where it was. Removed at the end.

    Returns
    -------
    Sensitivity
        Indices with intervals, what is doubtful about them, and the points.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the arguments.
    UndefinedOutcomeError
        If the metric is undefined at a point.

    Notes
    -----
    Budgets are balanced anew at every point, on pilots, so that strategies stay equal in spend wherever the
    factors lead. Indices describe the mean over the replicates that were run; what chance adds to that is told
    in ``warnings`` where it matters.
    """
    began = time.time()
    cache = OutcomeCache(keep_in)
    faults: list[Fault] = []
    kind = one_of("sensitivity(method)", method, METHODS, faults)
    base = n_base_points(kind, n_points, faults)
    n = whole("sensitivity(n_replicates)", n_replicates, 1, 10_000_000, faults)
    level = confidence_level("sensitivity(confidence)", confidence, 0.0, faults)
    known = isinstance(scenario, Scenario)
    chosen = directed_metric(
        "sensitivity(metric)", metric or (scenario.comparison.metric if known else ""), faults
    )
    varied = chosen_factors("sensitivity(factors)", factors, scenario, faults) if known else ()
    asked = checked(
        faults,
        scenario,
        strategies=strategies if strategies is not None or not known else default_pair(scenario),
        seed=seed,
        n_replicates=n,
        first_replicate=0,
        engine=engine,
        threads=threads,
        verb="sensitivity",
    )
    if len(asked.strategies) > 2:
        expected = "one strategy, or two whose difference is explained"
        raise ScenarioError([Fault("sensitivity(strategies)", str(len(asked.strategies)), expected)])
    responses = Responses(
        scenario, varied, asked.strategies, chosen, asked.seed, n, engine, asked.threads, on_progress, cache
    )
    make = sobol_points if kind == "sobol" else morris_points
    shares = make(len(varied), base, asked.seed)
    outcomes = responses.at(shares)
    names = tuple(factor.name for factor in varied)
    found = _indices(kind, shares, outcomes, names, level, asked.seed)
    cache.discard()
    return Sensitivity(
        scenario=scenario.name,
        method=kind,
        metric=METRIC[chosen],
        strategies=asked.strategies,
        factors=varied,
        indices=found[0],
        shares=shares,
        outcomes=outcomes,
        confidence=level,
        warnings=found[1],
        currency=scenario.market.currency,
        seed=asked.seed,
        digest=outcome_digest(kind, chosen, *asked.strategies, *names, shares, outcomes),
        manifest={
            **provenance("sensitivity", scenario, asked.seed, engine, began),
            "method": kind,
            "metric": chosen,
            "strategies": list(asked.strategies),
            "factors": [factor.describe() for factor in varied],
            "n_base_points": base,
            "n_replicates": n,
        },
    )


def n_base_points(kind: str, given: int | None, faults: list[Fault]) -> int:
    """Return the number of base points or trajectories; add a fault if it does not suit the method."""
    if given is None:
        return 256 if kind == "sobol" else 16
    n = whole("sensitivity(n_points)", given, 2, 2**24, faults)
    if kind == "sobol" and n & (n - 1):
        below = 2 ** (n.bit_length() - 1)
        remedy = f"take {below} or {2 * below}"
        faults.append(Fault("sensitivity(n_points)", str(n), "a power of two", remedy))
    return n


def default_pair(scenario: Scenario) -> tuple[str, ...]:
    """Return the first strategy with campaign lines and the baseline it is compared with."""
    baseline = scenario.comparison.baseline
    names = [n for n in scenario.strategy_names if n != baseline and scenario.strategies[n].lines]
    return (names[0], baseline) if names else (baseline,)


def _indices(
    kind: str, shares: Values, outcomes: Values, names: tuple[str, ...], confidence: float, seed: int
) -> tuple[Any, tuple[str, ...]]:
    values = response_of(outcomes)
    if kind == "sobol":
        found = sobol_indices(values, names, confidence=confidence, seed=seed)
    else:
        found = morris_indices(shares, values, names, confidence=confidence, seed=seed)
    ordered = sorted(found.by_factor, key=lambda index: (-np.nan_to_num(index.size), index.factor))
    notes = list(found.warnings)
    noise = noise_share(outcomes)
    if noise > _MOST_NOISE:
        notes.append(
            f"{noise:.0%} of the variance over points is chance of the {outcomes.shape[2]} replicates: "
            "more replicates are needed to see the factors."
        )
    return tuple(ordered), tuple(notes)


def _answers(found: Sensitivity) -> list[str]:
    lines = []
    shown = [index for index in found.indices if index.matters][:3]
    if not shown:
        lines.append(f"No factor is shown to matter for {found.what}.")
    elif isinstance(shown[0], SobolIndex):
        told = ", ".join(
            f"{i.factor} ({i.total:.0%}, {i.total_lower:.0%} to {min(i.total_upper, 1.0):.0%})"  # type: ignore[union-attr]
            for i in shown
        )
        lines.append(f"The variance of {found.what} comes most from {told}, interactions included.")
    else:
        told = ", ".join(
            f"{i.factor} ({found.metric.describe(i.size, found.currency, 'gap')})" for i in shown
        )
        lines.append(f"{found.what.capitalize()} changes most with {told}, over their ranges.")
    quiet = [index.factor for index in found.indices if not index.matters]
    if quiet:
        lines.append(f"Not shown to matter: {', '.join(quiet)}.")
    if len(found.strategies) == 2:
        share = float(found.is_win.mean())
        lines.append(f'"{found.strategies[0]}" beats "{found.strategies[1]}" at {share:.0%} of the points.')
    return lines
