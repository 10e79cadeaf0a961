"""What a comparison of strategies has found: estimates, differences, risks, spend and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.experiment.document import frame_of, html_table, json_document
from simulator.experiment.estimation import BudgetUse
from simulator.experiment.precision import Precision
from simulator.experiment.verdict import Verdict
from simulator.outcomes import curves, store
from simulator.outcomes.metrics import METRIC, Outcomes
from simulator.outcomes.statistics import Difference, Estimate, Risk
from simulator.outcomes.trajectories import Trajectories
from simulator.outcomes.wording import counted, rounded
from simulator.scenario.wording import amount

if TYPE_CHECKING:
    import pandas
    import xarray


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Several strategies of one brand, compared at equal budgets in the same worlds.

    Parameters
    ----------
    title : str
        Title of the scenario.
    strategies : tuple of str
        Names, the baseline and ``none`` among them.
    labels : mapping
        One-line description by strategy.
    brand, currency : str
        Focal brand, and the currency of all amounts of money.
    seed : int
        Seed.
    engine : str
        Engine that ran the replicates.
    baseline : str
        Strategy that the others are compared with.
    metric : str
        Name of the metric on which the verdict rests.
    minimum_effect : float
        Smallest difference in it that matters, in its unit.
    confidence : float
        Joint confidence of each family of intervals.
    outcomes : Outcomes
        Every metric in every replicate, for the focal brand.
    estimates : mapping
        ``estimates[strategy][metric]``.
    to_baseline : mapping
        ``to_baseline[strategy][metric]``: strategy minus baseline; no entry for the baseline.
    to_best : mapping
        ``to_best[strategy][metric]``: strategy minus the best other strategy, for metrics with a direction.
    risks : mapping
        ``risks[strategy]``, in the metric of the verdict.
    budgets : mapping
        ``budgets[strategy]``.
    verdict : Verdict
        The answer.
    trajectories : Trajectories
        Recorded trajectories of the first replicates, of all of them if they fit in memory.
    digest : str
        Hash over the trajectories of all replicates.
    manifest : dict
        How the comparison came about, and how to repeat it.
    scenario : str
        Short name of the scenario.
    precision : Precision or None
        What was reached where replicates were added until intervals were narrow enough.
    risks_by_metric : mapping
        ``risks_by_metric[strategy][metric]``, for metrics with a direction.
    """

    title: str
    strategies: tuple[str, ...]
    labels: Mapping[str, str]
    brand: str
    currency: str
    seed: int
    engine: str
    baseline: str
    metric: str
    minimum_effect: float
    confidence: float
    outcomes: Outcomes
    estimates: Mapping[str, Mapping[str, Estimate]]
    to_baseline: Mapping[str, Mapping[str, Difference]]
    to_best: Mapping[str, Mapping[str, Difference]]
    risks: Mapping[str, Risk]
    budgets: Mapping[str, BudgetUse]
    verdict: Verdict
    trajectories: Trajectories
    digest: str
    manifest: dict[str, Any] = field(default_factory=dict)
    scenario: str = "scenario"
    precision: Precision | None = None
    risks_by_metric: Mapping[str, Mapping[str, Risk]] = field(default_factory=dict)

    @property
    def n_replicates(self) -> int:
        """Number of replicates."""
        return len(self.outcomes.replicates)

    @property
    def size_text(self) -> str:
        """How many replicates of how many consumers, and whom each of them stands for."""
        consumers, people = self.trajectories.n_consumers, self.trajectories.people_per_consumer
        whom = "one person" if people == 1 else f"{amount(people)} people"
        return (
            f"{counted(self.n_replicates, 'replicate')} of {consumers:,} consumers, each standing for {whom}"
        )

    def stein_interval(self, metric: str, of: str, minus: str = "") -> tuple[float, float] | None:
        """Return Stein's own interval of a strategy's mean, or of its difference to the baseline.

        Parameters
        ----------
        metric : str
            Name of the metric.
        of, minus : str
            The strategy, and the baseline if the difference is meant.

        Returns
        -------
        tuple of float or None
            Its ends, of the joint confidence of all goals of the precision; NaN where the first stage never varied.
            None where no precision by Stein's two stages was asked for it.
        """
        found = self.precision.stein(metric, of, minus) if self.precision is not None else None
        return None if found is None else found.interval

    @property
    def has_stein(self) -> bool:
        """Whether a precision by Stein's two stages was asked for."""
        return self.precision is not None and self.precision.method == "stein"

    def bands(self, curve: str, *, brand: str | None = None) -> curves.Bands:
        """Return a curve of :data:`simulator.outcomes.curves.CURVES` with bands over replicates.

        Parameters
        ----------
        curve : str
            Name of the curve, for example ``"adoption"``.
        brand : str, optional
            Name of the brand; the focal brand if omitted.
        """
        return curves.bands(self.trajectories, curve, brand=brand)

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per strategy and metric: its estimate and its differences.

        Returns
        -------
        pandas.DataFrame
            Columns ``strategy, metric, unit``, those of the estimate, ``to_baseline`` with
            ``to_baseline_lower`` and ``to_baseline_upper``, the same for ``to_best``, and from the risks
            ``p_best``, ``p_worse_than_baseline``, ``p_negative`` and ``conditional_value_at_risk``. Where a precision
            by Stein's two stages was asked, also ``stein_lower, stein_upper, to_baseline_stein_lower,
            to_baseline_stein_upper``: his own intervals, which have the coverage stated; NaN where not asked for.
        """
        return frame_of(self)

    def to_xarray(self) -> xarray.Dataset:
        """Return one variable per metric over strategy and replicate."""
        dataset = self.outcomes.to_xarray()
        dataset.attrs.update(seed=self.seed, engine=self.engine, digest=self.digest)
        return dataset

    def to_json_document(self) -> dict[str, Any]:
        """Return the document that ``simulator compare --json`` prints.

        Returns
        -------
        dict
            ``scenario, seed, replicates, engine, trajectory_version, digest``; ``strategies`` with, by
            strategy and metric, ``mean, half_width, q05, q50, q95, n, n_undefined``, and ``stein`` with the ends of
            Stein's own interval where a precision by his two stages was asked; ``differences``
            ``to_baseline`` and ``to_best``; ``verdict``, one sentence, and ``verdict_details``; ``risks`` by
            strategy, in the metric of the verdict, and ``risks_by_metric``; ``budgets``. A number that is
            undefined or infinite is None.
        """
        return json_document(self)

    def save(self, path: str | Path, *, extra_files: Mapping[str, bytes] | None = None) -> Path:
        """Write a folder of results, whole or not at all.

        Parameters
        ----------
        path : path
            Folder; a folder of earlier results is replaced, any other folder with content is refused.
        extra_files : mapping, optional
            Further files by relative name, for example ``{"figures/adoption.png": ...}``.

        Returns
        -------
        pathlib.Path
            The folder: ``manifest.json``, ``comparison.json``, ``trajectories.parquet``,
            ``outcomes.parquet``, ``estimates.csv`` and the further files.

        Raises
        ------
        StoreError
            If the folder is not one of results, or cannot be written.
        """
        content = store.Content(
            manifest=self.manifest,
            document=self.to_json_document(),
            trajectories=self.trajectories,
            outcomes=self.outcomes.to_dataframe(),
            estimates=self.to_dataframe(),
            extra_files=dict(extra_files or {}),
        )
        return store.save_results(content, Path(path))

    def __repr__(self) -> str:
        metric = METRIC[self.metric]
        width = max(len(name) for name in self.strategies)
        lines = [
            f"Comparison of {counted(len(self.strategies), 'strategy')}: {self.title or self.scenario}",
            f"  brand {self.brand}, {self.size_text}",
            f"  seed {self.seed}, engine {self.engine}, digest {self.digest[:16]}",
            f"  {metric.name} ({metric.meaning}):",
        ]
        for name in self.strategies:
            found = self.estimates[name][self.metric]
            mean = metric.describe(found.mean, self.currency)
            half = metric.describe(found.half_width, self.currency, "gap")
            own = self.stein_interval(metric.name, name)
            half += f" (Stein's own: +- {rounded((own[1] - own[0]) / 2, metric.unit)})" if own else ""
            lines.append(f"    {name:<{width}}  {mean} +- {half}")
        if self.precision is not None:
            lines.append(f"  {self.precision.sentence}")
        return "\n".join([*lines, f"  {self.verdict.sentence}"])

    def _repr_html_(self) -> str:
        return html_table(self)
