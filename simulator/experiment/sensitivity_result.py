"""What a study of sensitivity found: indices, points, and where one of two strategies wins."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulator.experiment.factors import Factor
from simulator.experiment.sampling import Values
from simulator.experiment.sensitivity_indices import MorrisIndex, SobolIndex
from simulator.outcomes import store
from simulator.outcomes.metrics import Metric
from simulator.outcomes.plain_data import plain
from simulator.outcomes.scenario_discovery import Discovery, find_box
from simulator.outcomes.wording import counted

if TYPE_CHECKING:
    import pandas


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
                "losses": self.discover().to_json_document() if len(self.strategies) == 2 else None,
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
            f"{counted(self.outcomes.shape[2], 'replicate')}, seed {self.seed}"
        )
        return "\n".join([head, *(f"  {line}" for line in self.sentences), f"  digest {self.digest[:16]}"])

    def _repr_html_(self) -> str:
        table: str = self.to_dataframe().to_html(index=False, border=0, float_format="%.3g")
        return f"<p><b>{self.sentences[0]}</b></p>{table}"


def response_of(outcomes: Values) -> Values:
    """Return mean outcomes by point: of one strategy, or of the paired difference of two."""
    return np.asarray(by_replicate(outcomes).mean(axis=1))


def by_replicate(outcomes: Values) -> Values:
    """Return outcomes by point and replicate: of one strategy, or the paired difference of two, first minus second."""
    return np.asarray(outcomes[0] - outcomes[1] if len(outcomes) == 2 else outcomes[0])


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
    values = by_replicate(outcomes)
    n_points, n = values.shape
    spread = float(values.mean(axis=1).var(ddof=1)) if n_points > 1 else 0.0
    if n < 2 or spread == 0:
        return float("nan")
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    noise = float((rest**2).sum()) / ((n_points - 1) * (n - 1)) / n
    return min(noise / spread, 1.0)


def _answers(found: Sensitivity) -> list[str]:
    lines = []
    shown = [index for index in found.indices if index.matters][:3]
    if not shown:
        lines.append(f"No factor is shown to matter for {found.what}.")
    elif isinstance(shown[0], SobolIndex):
        told = ", ".join(
            f"{i.factor} ({i.total:.0%}, {i.total_lower:.0%} to {i.total_upper:.0%})"  # type: ignore[union-attr]
            for i in shown
        )
        lines.append(f"The variance of {found.what} comes most from {told}, interactions included.")
        if any(i.total_upper > 1.0 for i in shown):  # type: ignore[union-attr]
            lines.append(
                "A true share is at most 100%: what lies above is error of estimation, which more points reduce."
            )
    else:
        told = ", ".join(
            f"{i.factor} ({found.metric.describe(i.size, found.currency, 'gap')})" for i in shown
        )
        lines.append(f"{found.what[0].upper()}{found.what[1:]} changes most with {told}, over their ranges.")
    quiet = [index.factor for index in found.indices if not index.matters]
    if quiet:
        lines.append(f"Not shown to matter: {', '.join(quiet)}.")
    if len(found.strategies) == 2:
        share = float(found.is_win.mean())
        lines.append(f'"{found.strategies[0]}" beats "{found.strategies[1]}" at {share:.0%} of the points.')
    return lines
