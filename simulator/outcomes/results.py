"""Stored results, opened in one line: as frames, as labelled arrays, by SQL, as estimates; live or complete.

``open_results`` reads what is there at that moment, also while a run adds to it. It opens folders of
experiments and of comparisons, of this version's layout and of older ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.errors import Fault, ScenarioError, StoreError, needing
from simulator.outcomes.experiment_folder import EXPERIMENT, check_layout
from simulator.outcomes.experiment_store import in_order
from simulator.outcomes.failures import Failure, stored_failures
from simulator.outcomes.folder_lock import writer_of
from simulator.outcomes.metrics import METRIC
from simulator.outcomes.replicate_blocks import BLOCKS
from simulator.outcomes.results_check import check_experiment, load_any_manifest
from simulator.outcomes.results_sql import query
from simulator.outcomes.shards import Rows, read_shard, rows_digest, shard_files
from simulator.outcomes.stein import with_stein
from simulator.outcomes.store import verify
from simulator.outcomes.summary import summarize
from simulator.outcomes.sweep_questions import SweepQuestions
from simulator.outcomes.trajectories import import_xarray, unknown
from simulator.outcomes.wording import counted

if TYPE_CHECKING:
    import pandas
    import polars
    import xarray


class Results(SweepQuestions):
    """Outcomes of an experiment: of every treatment, replicate and metric.

    Parameters
    ----------
    folder : Path
        Folder of results.
    manifest : mapping
        Its manifest, brought to this version's form.
    """

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        self.folder = folder
        self.manifest = dict(manifest)
        self.metrics: tuple[str, ...] = tuple(manifest["metrics"])
        self._kept: Any = None

    def keep(self, owner: Any) -> None:
        """Keep an object alive as long as these results: the owner of a temporary folder."""
        self._kept = owner

    @cached_property
    def rows(self) -> Rows:
        """Outcomes as arrays, in the order of treatments and replicates; every shard is verified on reading."""
        if self.manifest["kind"] != EXPERIMENT:
            return _rows_of_comparison(self.folder, self.manifest)
        parts = []
        faults: list[Fault] = []
        for file in shard_files(self.folder):
            try:
                parts.append(read_shard(file, self.metrics))
            except StoreError as error:
                faults.extend(error.faults)
        if faults:
            raise StoreError(faults)
        rows = Rows.concatenate(parts, len(self.metrics))
        return rows.take(in_order(rows))

    @property
    def digest(self) -> str:
        """Hash of all outcomes; it does not depend on shards, executors, or the order of anything."""
        if self.manifest["kind"] != EXPERIMENT:
            return str(self.manifest["digest"])
        return rows_digest(self.rows, self.manifest["treatment_keys"], self.manifest["seed"], self.metrics)

    @property
    def n_expected(self) -> int:
        """Number of outcomes that a complete experiment has, in pairs of treatment and replicate."""
        per_treatment = sum(stop - start for start, stop in self.manifest["replicates"])
        return len(self.manifest["treatments"]) * per_treatment

    @property
    def is_complete(self) -> bool:
        """Whether every replicate of every treatment is there, and no rounds to a precision are due."""
        is_final = (self.precision or {}).get("is_final", True)
        return len(self.rows) == self.n_expected and bool(is_final)

    @property
    def writer(self) -> str:
        """Who adds to the folder at this moment, in words, or nothing."""
        return writer_of(self.folder)

    @property
    def precision(self) -> Mapping[str, Any] | None:
        """What was asked of precision and reached (``targets, is_reached, replicates, sentence, …``), if it was.

        ``is_final`` is false while rounds are due: the sweep runs, or was ended and goes on when it is called again. A
        later sweep without a precision leaves the record of one that is final as it is, and says of another that it
        was given up.
        """
        return self.manifest.get("precision")

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Replicates that failed and have not been simulated since, each with the command that runs it alone."""
        return stored_failures(self.folder)

    def treatments(self) -> pandas.DataFrame:
        """Return one row per treatment.

        Returns
        -------
        pandas.DataFrame
            Columns ``treatment, scenario, point, strategy`` and one per factor.
        """
        import pandas as pd

        manifest = self.manifest
        names = [entry["name"] for entry in manifest["scenarios"]]
        places = np.array(manifest["treatments"], np.int64).reshape(-1, 3)
        strategies = manifest["strategies"]
        table = {
            "treatment": np.arange(len(places), dtype=np.int32),
            "scenario": [names[k] for k in places[:, 0]],
            "point": places[:, 1].astype(np.int32),
            "strategy": [strategies[k] for k in places[:, 2]],
        }
        for factor in manifest["factors"]:
            values = [point["factors"].get(factor) for point in manifest["points"]]
            table[factor] = [values[k] for k in places[:, 1]]
        return pd.DataFrame(table)

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per treatment and replicate.

        Returns
        -------
        pandas.DataFrame
            The columns of :meth:`treatments`, then ``block`` (``select`` or ``evaluate``), ``replicate``,
            ``level``, ``pilot_spend`` and one column per metric.
        """
        import pandas as pd

        rows, about = self.rows, self.treatments()
        table = about.iloc[rows.treatments].reset_index(drop=True)
        table["block"] = np.where(rows.replicates < BLOCKS["evaluate"].start, "select", "evaluate")
        table["replicate"] = rows.replicates
        table["level"], table["pilot_spend"] = rows.levels, rows.pilot_spends
        values = pd.DataFrame(rows.values, columns=list(self.metrics))
        return pd.concat([table, values], axis=1)

    def to_polars(self) -> polars.DataFrame:
        """Return the table of :meth:`to_dataframe` as a polars frame.

        Raises
        ------
        ScenarioError
            If polars is not installed.
        """
        with needing("the library polars", "polars", "to_polars()"):
            import polars as pl
        frame: polars.DataFrame = pl.DataFrame(self.to_dataframe().to_dict("list"), infer_schema_length=None)
        return frame

    def to_xarray(self) -> xarray.Dataset:
        """Return one variable per metric over scenario, point, strategy and replicate.

        Returns
        -------
        xarray.Dataset
            Factors are coordinates of ``point``; what is not simulated (yet) is NaN.
        """
        manifest, rows = self.manifest, self.rows
        places = np.array(manifest["treatments"], np.int64).reshape(-1, 3)[rows.treatments]
        replicates, column = np.unique(rows.replicates, return_inverse=True)
        names = [entry["name"] for entry in manifest["scenarios"]]
        points, strategies = manifest["points"], manifest["strategies"]
        shape = (len(names), len(points), len(strategies), len(replicates))
        where = (places[:, 0], places[:, 1], places[:, 2], column.reshape(-1))
        dimensions = ("scenario", "point", "strategy", "replicate")
        variables = {}
        for m, name in enumerate(self.metrics):
            values = np.full(shape, np.nan)
            values[where] = rows.values[:, m]
            metric = METRIC.get(name)
            about = {"long_name": metric.meaning, "units": metric.unit} if metric else {}
            variables[name] = (dimensions, values, about)
        coordinates: dict[str, Any] = {
            "scenario": names,
            "point": np.arange(len(points)),
            "strategy": list(strategies),
            "replicate": replicates,
        }
        for factor in manifest["factors"]:
            coordinates[factor] = ("point", [point["factors"].get(factor) for point in points])
        attributes = {"seed": manifest["seed"], "digest": self.digest}
        dataset: xarray.Dataset = import_xarray().Dataset(variables, coordinates, attributes)
        return dataset

    def sql(self, text: str) -> pandas.DataFrame:
        """Ask by SQL (DuckDB).

        Parameters
        ----------
        text : str
            One query over the tables ``outcomes`` (the columns of :meth:`to_dataframe`) and ``treatments``.
            The shards themselves are read, only the columns that are needed.

        Returns
        -------
        pandas.DataFrame
            The answer.

        Raises
        ------
        ScenarioError
            If DuckDB is not installed, or the query is wrong.
        StoreError
            If a shard cannot be read.

        Examples
        --------
        >>> results.sql("select strategy, avg(profit) from outcomes group by strategy")  # doctest: +SKIP
        """
        table = None if self.manifest["kind"] == EXPERIMENT else self.to_dataframe()
        return query(text, self.folder, self.treatments(), table, self.metrics)

    def summary(
        self,
        metrics: str | Sequence[str] | None = None,
        *,
        block: str | None = None,
        confidence: float = 0.95,
    ) -> pandas.DataFrame:
        """Return estimates with confidence intervals.

        Parameters
        ----------
        metrics : str or sequence of str, optional
            Names; all if omitted.
        block : {"select", "evaluate"}, optional
            Only replicates of this block; by default all.
        confidence : float
            Confidence of each interval on its own, above 0 and below 1.

        Returns
        -------
        pandas.DataFrame
            One row per treatment and metric: the columns of :meth:`treatments`, ``metric, unit, mean, lower,
            upper, sd, q05, q50, q95, n, n_undefined``. Intervals are Student's. A cost or a time that is undefined
            in a replicate has no estimate: what is left would flatter whoever gets there rarely. Where a precision by
            Stein's two stages was asked for means, ``stein_lower, stein_upper`` are his own intervals, of the
            replicates that it rests on and with its joint confidence: those have the coverage that is stated.

        Raises
        ------
        ScenarioError
            If a metric or block is unknown or the confidence out of range.
        """
        names = self.metrics if metrics is None else (metrics,) if isinstance(metrics, str) else metrics
        faults = [
            unknown("summary(metrics)", name, self.metrics, see="manifest.json")
            for name in names
            if name not in self.metrics
        ]
        faults += self._faults("summary", block, confidence)
        if faults:
            raise ScenarioError(faults)
        table = summarize(self._rows_of(block), self.treatments(), self.metrics, names, confidence)
        return with_stein(table, self.rows, self.manifest)

    def check(self) -> str:
        """Verify every file and the digest.

        Returns
        -------
        str
            What was found in order, in one sentence.

        Raises
        ------
        StoreError
            With every file that is missing, unreadable or altered, and what to do.
        """
        if self.manifest["kind"] != EXPERIMENT:
            verify(self.folder)
            return f"{counted(len(self.manifest['files']), 'file')}, all as they were written; digest {self.digest}"
        check_experiment(self.folder, self.manifest)
        n_shards = len(shard_files(self.folder))
        done = f"{len(self.rows):,} of {counted(self.n_expected, 'replicate')}"
        return f"{counted(n_shards, 'shard')}, all as they were written, with {done}; digest {self.digest}"

    def __repr__(self) -> str:
        manifest = self.manifest
        title = manifest.get("title") or manifest.get("name") or manifest["kind"]
        state = "complete" if self.is_complete else "not complete"
        lines = [
            f"Results of {title}: {counted(len(manifest['treatments']), 'treatment')}, "
            f"{counted(len(manifest['points']), 'point')}",
            f"  {len(self.rows):,} of {counted(self.n_expected, 'replicate')}, {state}, seed {manifest['seed']}",
            f"  metrics: {len(self.metrics)}; digest {self.digest[:16]}",
        ]
        if self.manifest["kind"] == EXPERIMENT and self.precision is not None:
            lines.append(f"  {self.precision['sentence']}")
        if self.writer:
            lines.append(f"  being written by {self.writer}")
        if self.failures:
            lines.append(
                f"  {counted(len(self.failures), 'replicate')} failed; the first: {self.failures[0].message}"
            )
            lines.append(f"    run it alone: {self.failures[0].command}")
        return "\n".join(lines)


def open_results(path: str | Path) -> Results:
    """Open a folder of results, complete or still being written to.

    Parameters
    ----------
    path : path
        Folder of an experiment or a comparison, or its manifest.

    Returns
    -------
    Results
        What is there now; open it again to see what has been added since.

    Raises
    ------
    StoreError
        If there are no results, or they were written by a later version.

    Examples
    --------
    >>> import simulator as sim
    >>> sim.open_results("results/launch").to_dataframe()  # doctest: +SKIP
    """
    folder, manifest = load_any_manifest(Path(path))
    check_layout(Path(path), manifest)
    return Results(folder, manifest)


def _rows_of_comparison(folder: Path, manifest: Mapping[str, Any]) -> Rows:
    """Return the outcomes of a comparison in the form of an experiment's."""
    import pandas as pd

    table = pd.read_parquet(folder / "outcomes.parquet")
    strategies = list(manifest["strategies"])
    n = len(table)
    levels = table["strategy"].map(manifest.get("levels", {})).to_numpy(np.float64)
    pilots = table["strategy"].map(manifest.get("pilot_replicates", {})).fillna(0).to_numpy(np.int32)
    rows = Rows(
        table["strategy"].map(strategies.index).to_numpy(np.int32),
        table["replicate"].to_numpy(np.int64),
        table[list(manifest["metrics"])].to_numpy(np.float64),
        levels,
        np.full(n, np.nan),
        pilots,
        ("",) * n,
    )
    return rows.take(in_order(rows))
