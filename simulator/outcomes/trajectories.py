"""Trajectories: every recorded series of every replicate, step and brand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError, needing
from simulator.model.observation import INDEX, SERIES, TRAJECTORY_VERSION, Series
from simulator.outcomes.digest import digest_text, hash_sum
from simulator.outcomes.wording import counted
from simulator.scenario.wording import amount
from simulator.scenario.wording import unknown as unknown

if TYPE_CHECKING:
    import pandas
    import xarray

#: Columns of a tidy table of trajectories that say which row it is.
KEYS: tuple[str, ...] = ("strategy", "replicate", "step", "brand")


@dataclass(frozen=True, eq=False, repr=False)
class Trajectories:
    """All recorded series of some strategies over some replicates of one scenario.

    Parameters
    ----------
    strategies : tuple of str
        Names of the strategies, along the first axis of ``counts``.
    replicates : tuple of int
        Numbers of the replicates, along the second axis.
    seed : int
        Seed, 0 to 2**32 - 1.
    engine : str
        ``"numba"`` or ``"mesa"``; the numbers do not depend on it.
    brands : tuple of str
        Names of the brands, along the fourth axis.
    brand_ids : tuple of int
        Their declared ids, which address their luck.
    focal : int
        Position of the brand whose strategies are simulated.
    counts : ndarray of int64, shape (strategy, replicate, step, brand, series)
        Recorded numbers; a quantity is the recorded number, divided by the scale of its series, times
        ``people_per_consumer``.
    n_consumers : int
        Simulated consumers.
    people_per_consumer : float
        People whom one simulated consumer stands for, > 0.
    currency : str
        Currency of all amounts of money.
    scenario_digest : str
        Hash of the scenario.
    series_names : tuple of str
        Names along the last axis.
    manifest : dict
        How these trajectories came about.
    """

    strategies: tuple[str, ...]
    replicates: tuple[int, ...]
    seed: int
    engine: str
    brands: tuple[str, ...]
    brand_ids: tuple[int, ...]
    focal: int
    counts: NDArray[np.int64]
    n_consumers: int
    people_per_consumer: float
    currency: str = "EUR"
    scenario_digest: str = ""
    series_names: tuple[str, ...] = tuple(series.name for series in SERIES)
    manifest: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = (len(self.strategies), len(self.replicates), len(self.brands), len(self.series_names))
        shape = self.counts.shape
        if len(shape) != 5 or (shape[0], shape[1], shape[3], shape[4]) != expected:
            raise ValueError(f"counts have shape {shape}; expected (s, r, steps, b, v) = {expected}")
        if self.counts.dtype != np.int64:
            raise ValueError(f"counts have type {self.counts.dtype}; expected int64")
        self.counts.flags.writeable = False

    @property
    def n_replicates(self) -> int:
        """Number of replicates."""
        return len(self.replicates)

    @property
    def n_steps(self) -> int:
        """Number of observed steps (weeks)."""
        return int(self.counts.shape[2])

    @property
    def focal_brand(self) -> str:
        """Name of the brand whose strategies are simulated."""
        return self.brands[self.focal]

    @cached_property
    def hash_sum(self) -> int:
        """Sum of the hashes of all trajectories, modulo 2**256."""
        return hash_sum(
            self.counts,
            strategies=self.strategies,
            replicates=self.replicates,
            seed=self.seed,
            brand_ids=self.brand_ids,
        )

    @property
    def digest(self) -> str:
        """Hash over all recorded trajectories: 64 hexadecimal digits."""
        return digest_text(self.hash_sum)

    def factor(self, name: str) -> float:
        """Return what one recorded unit of a series is worth, in the unit of the series and for all people.

        Parameters
        ----------
        name : str
            Name of the series.

        Returns
        -------
        float
            ``people_per_consumer / scale``.
        """
        return self.people_per_consumer / SERIES[INDEX[name]].scale

    def series(self, name: str, *, brand: str | None = None) -> NDArray[np.float64]:
        """Return one series in real units: people, units, messages or currency.

        Parameters
        ----------
        name : str
            Name of the series, for example ``"purchases"``.
        brand : str, optional
            Name of a brand; all brands if omitted.

        Returns
        -------
        ndarray of float64, shape (strategy, replicate, step, brand)
            Without the last axis where ``brand`` is given.

        Raises
        ------
        ScenarioError
            If there is no such series or brand.
        """
        if name not in self.series_names:
            raise ScenarioError([unknown("series", name, self.series_names)])
        recorded = self.counts[..., self.series_names.index(name)].astype(np.float64)
        values = recorded * self.factor(name)
        return values if brand is None else values[..., self.brand_position(brand)]

    def brand_position(self, brand: str) -> int:
        """Return the position of a brand along the axis of brands.

        Raises
        ------
        ScenarioError
            If there is no such brand.
        """
        if brand not in self.brands:
            raise ScenarioError([unknown("brand", brand, self.brands)])
        return self.brands.index(brand)

    def strategy_position(self, strategy: str) -> int:
        """Return the position of a strategy along the first axis.

        Raises
        ------
        ScenarioError
            If there is no such strategy.
        """
        if strategy not in self.strategies:
            raise ScenarioError([unknown("strategy", strategy, self.strategies)])
        return self.strategies.index(strategy)

    @classmethod
    def concatenate(cls, parts: Sequence[Trajectories]) -> Trajectories:
        """Join trajectories of the same scenario, seed and strategies over disjoint replicates.

        Parameters
        ----------
        parts : sequence of Trajectories
            At least one; the strategies and brands may stand in another order in each.

        Returns
        -------
        Trajectories
            Replicates in the order of the parts.

        Raises
        ------
        ScenarioError
            If the parts do not belong together or share a replicate.
        """
        faults = _joining_faults(parts)
        if faults:
            raise ScenarioError(faults)
        first = parts[0]
        blocks = []
        for part in parts:
            s = [part.strategies.index(strategy) for strategy in first.strategies]
            b = [part.brand_ids.index(brand) for brand in first.brand_ids]
            blocks.append(part.counts[s][:, :, :, b])
        numbers = tuple(number for part in parts for number in part.replicates)
        return replace(first, counts=np.concatenate(blocks, axis=1), replicates=numbers)

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a tidy table: one row per strategy, replicate, step and brand, one column per series.

        Returns
        -------
        pandas.DataFrame
            Quantities in real units (people, units, messages, currency).
        """
        import pandas as pd

        n_strategies, n_replicates, n_steps, n_brands, _ = self.counts.shape
        row = np.indices((n_strategies, n_replicates, n_steps, n_brands), dtype=np.int32).reshape(4, -1)
        columns: dict[str, Any] = {
            "strategy": pd.Categorical.from_codes(row[0], list(self.strategies)),
            "replicate": np.asarray(self.replicates, dtype=np.int64)[row[1]],
            "step": row[2],
            "brand": pd.Categorical.from_codes(row[3], list(self.brands)),
        }
        columns.update({name: self.series(name).reshape(-1) for name in self.series_names})
        return pd.DataFrame(columns)

    def to_xarray(self) -> xarray.Dataset:
        """Return labeled arrays: one variable per series over strategy, replicate, step and brand.

        Returns
        -------
        xarray.Dataset
            Each variable has its meaning and unit as attributes.

        Raises
        ------
        ScenarioError
            If xarray is not installed.
        """
        xr = import_xarray()
        variables = {
            name: (KEYS, self.series(name), _description(SERIES[INDEX[name]], self.currency))
            for name in self.series_names
        }
        coordinates = {
            "strategy": list(self.strategies),
            "replicate": list(self.replicates),
            "step": np.arange(self.n_steps),
            "brand": list(self.brands),
        }
        attributes = {"seed": self.seed, "engine": self.engine, "digest": self.digest}
        return xr.Dataset(variables, coordinates, attributes)

    def save(self, path: str | Path) -> Path:
        """Write one Parquet file from which :meth:`load` restores these trajectories.

        Parameters
        ----------
        path : path
            File to write; replaced as a whole if it exists, and its folder made if it is missing.

        Returns
        -------
        pathlib.Path
            The file.
        """
        from simulator.outcomes import parquet, store

        place = Path(path).expanduser()
        store.write_file(place, parquet.trajectories_bytes(self), parents=True)
        return place

    @classmethod
    def load(cls, path: str | Path) -> Trajectories:
        """Read trajectories that :meth:`save` wrote, and verify their digest.

        Parameters
        ----------
        path : path
            Parquet file, or a folder of results that holds one.

        Returns
        -------
        Trajectories
            With the digest that was stored.

        Raises
        ------
        StoreError
            If the file is missing, of another kind or damaged.
        """
        from simulator.outcomes import parquet

        return parquet.load_trajectories(Path(path))

    def __repr__(self) -> str:
        return (
            f"Trajectories of {counted(len(self.strategies), 'strategy')} ({', '.join(self.strategies)})\n"
            f"  replicates {_ranges(self.replicates)}, {counted(self.n_steps, 'step')}, "
            f"{self.n_consumers:,} consumers (each {amount(self.people_per_consumer)} people)\n"
            f"  brands {', '.join(self.brands)}; focal brand {self.focal_brand}\n"
            f"  seed {self.seed}, engine {self.engine}, trajectory version {TRAJECTORY_VERSION}, "
            f"digest {self.digest[:16]}"
        )

    def _repr_html_(self) -> str:
        units = self.series("purchases", brand=self.focal_brand).sum(axis=2).mean(axis=1)
        money = self.series("revenue", brand=self.focal_brand).sum(axis=2).mean(axis=1)
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{units[s]:,.0f}</td><td>{money[s]:,.0f}</td></tr>"
            for s, name in enumerate(self.strategies)
        )
        head = f"<tr><th>strategy</th><th>units sold</th><th>revenue ({escape(self.currency)})</th></tr>"
        return f"<pre>{escape(repr(self))}</pre><table>{head}{rows}</table>"


def import_xarray() -> Any:
    """Return the xarray module.

    Raises
    ------
    ScenarioError
        If it is not installed, with the command that installs it.
    """
    with needing("the library xarray", "xarray", "to_xarray()"):
        import xarray
    return xarray


def _description(series: Series, currency: str) -> dict[str, str]:
    return {"long_name": series.meaning, "units": currency if series.is_money else series.unit}


def _joining_faults(parts: Sequence[Trajectories]) -> list[Fault]:
    if not parts:
        return [Fault("concatenate", "no parts", "at least one Trajectories")]
    first, faults = parts[0], []
    for position, part in enumerate(parts):
        place = f"concatenate: parts[{position}]"
        for name in ("seed", "scenario_digest", "n_steps", "series_names", "people_per_consumer"):
            got, expected = getattr(part, name), getattr(first, name)
            if got != expected:
                faults.append(Fault(f"{place}.{name}", repr(got), f"{expected!r}, as in the first part"))
        for name in ("strategies", "brand_ids"):
            got, expected = getattr(part, name), getattr(first, name)
            if sorted(got) != sorted(expected):
                faults.append(Fault(f"{place}.{name}", repr(got), f"{expected!r}, as in the first part"))
    numbers = [number for part in parts for number in part.replicates]
    twice = sorted({number for number in numbers if numbers.count(number) > 1}) if _repeats(numbers) else []
    if twice:
        faults.append(Fault("concatenate: replicates", _ranges(twice), "each replicate once"))
    return faults


def _repeats(numbers: Sequence[int]) -> bool:
    return len(set(numbers)) < len(numbers)


def _ranges(numbers: Sequence[int]) -> str:
    """Return replicate numbers as ``0-9, 12``."""
    ordered, parts = sorted(numbers), []
    start = 0
    for position in range(1, len(ordered) + 1):
        if position == len(ordered) or ordered[position] != ordered[position - 1] + 1:
            low, high = ordered[start], ordered[position - 1]
            parts.append(str(low) if low == high else f"{low}-{high}")
            start = position
    return ", ".join(parts)
