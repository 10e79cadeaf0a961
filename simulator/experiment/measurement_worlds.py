"""What a measurement is made in: the worlds of one strategy and of its variants, and how they are counted."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.experiment.simulation import OnProgress
from simulator.model.observation import INDEX, MONEY_SCALE
from simulator.scenario import Scenario

if TYPE_CHECKING:
    import pandas

    from simulator.outcomes.consumer_records import ConsumerRecords

Values = NDArray[np.float64]
Whole = NDArray[np.int64]
EXPORTING = "exporting"


@dataclass(frozen=True)
class Design:
    """What is exported; the fields are those of :func:`simulator.export`."""

    scenario: Scenario
    strategy: str
    seed: int
    replicate: int
    threads: int
    start: int
    start_date: str
    variation: float
    flight_weeks: int
    regions: tuple[str, ...] | None
    line: int
    share: float
    n_markets: int
    n_expected: int
    on_progress: OnProgress | None = None

    @property
    def question(self) -> dict[str, Any]:
        """Everything on which the export depends, as plain data."""
        skipped = ("scenario", "threads", "on_progress")
        rest = {name: value for name, value in vars(self).items() if name not in skipped}
        return {"scenario": self.scenario.name, "scenario_digest": self.scenario.digest, **rest}

    def further(self, first: int | None = None) -> list[Design]:
        """Return the same design in the ``n_expected`` further worlds, numbered from ``first``, the next if omitted."""
        first = self.replicate + 1 if first is None else first
        return [replace(self, replicate=first + k) for k in range(self.n_expected)]

    def report(self, done: int, total: int) -> None:
        """Tell how far the export is."""
        if self.on_progress is not None:
            self.on_progress(EXPORTING, done, total)

    def dates(self) -> list[str]:
        """Return the first day of every week."""
        first = datetime.date.fromisoformat(self.start_date)
        return [(first + datetime.timedelta(weeks=k)).isoformat() for k in range(self.scenario.horizon)]


@dataclass(frozen=True, eq=False)
class Found:
    """Tables by file name, the truth, notes for the reader, and what tools must be told."""

    tables: Mapping[str, pandas.DataFrame]
    truth: pandas.DataFrame
    notes: Sequence[str] = ()
    how_to_read: Mapping[str, Any] = field(default_factory=dict)


def ready_plans(design: Design) -> tuple[Any, Any, Any]:
    """Return the market, the strategy's balanced plan and the plan without campaign."""
    from simulator.experiment.budget import balanced_plans
    from simulator.model.campaigns import build_plan
    from simulator.model.market import build_market

    market = build_market(design.scenario)
    balanced = balanced_plans(design.scenario, market, [design.strategy], design.seed, threads=design.threads)
    return market, balanced[design.strategy].plan, build_plan(market, "none")


def run_variants(design: Design, market: Any, variants: Sequence[Any], replicates: Sequence[int]) -> Whole:
    """Return counts [variant, replicate, step, brand, series]."""
    from simulator import engines

    counts: Whole = engines.run_replicates(
        market,
        list(variants),
        engine="numba",
        seed=design.seed,
        replicates=list(replicates),
        threads=design.threads,
    )
    return counts


def units_of(market: Any, counts: Whole) -> Values:
    """Return units of the focal brand from counts [..., step, brand, series]; the brand's axis goes."""
    units = counts[..., market.focal, INDEX["purchases"]].astype(np.float64)
    return np.asarray(units * float(market.people_per_consumer), np.float64)


def money_of(market: Any, counts: Whole, name: str, brand: int | None = None) -> Values:
    """Return a recorded amount of money of a brand, the focal one if omitted; the brand's axis goes."""
    position = market.focal if brand is None else brand
    money = counts[..., position, INDEX[name]].astype(np.float64)
    return np.asarray(money * (float(market.people_per_consumer) / MONEY_SCALE), np.float64)


def truth_rows(*rows: tuple[str, float, str, str]) -> pandas.DataFrame:
    """Return truths, each given as effect, value, unit and meaning, as a table."""
    import pandas as pd

    return pd.DataFrame(
        [
            {"effect": effect, "value": float(value), "unit": unit, "meaning": meaning}
            for effect, value, unit, meaning in rows
        ]
    )


def with_expected(
    truth: pandas.DataFrame, further: Mapping[str, Values], ratios: Mapping[str, tuple[Values, Values]]
) -> pandas.DataFrame:
    """Return truths with the columns ``expected`` and ``expected_error``: over further worlds.

    Parameters
    ----------
    truth : pandas.DataFrame
        As :func:`truth_rows` returns it.
    further : mapping of str to ndarray of float64, shape (world,)
        Effects in further worlds by name: their mean and its standard error are added.
    ratios : mapping of str to (ndarray, ndarray), each of shape (world,)
        Effects that are shares: the sum of the first over that of the second, with its error by the delta method.

    Returns
    -------
    pandas.DataFrame
        NaN where there are no further worlds, and no errors where there is one.
    """
    found = {name: _mean_with_error(values) for name, values in further.items()}
    for name, (top, bottom) in ratios.items():
        share = float(top.sum() / bottom.sum()) if bottom.sum() else float("nan")
        error = _mean_with_error(top - share * bottom)[1]
        found[name] = share, error / float(bottom.mean()) if bottom.sum() else float("nan")
    nothing = (float("nan"), float("nan"))
    pairs = [found.get(str(name), nothing) for name in truth["effect"]]
    return truth.assign(expected=[p[0] for p in pairs], expected_error=[p[1] for p in pairs])


def _mean_with_error(values: Values) -> tuple[float, float]:
    n = len(values)
    mean = float(values.mean()) if n else float("nan")
    return mean, float(values.std(ddof=1) / n**0.5) if n > 1 else float("nan")


def consumer_table(
    design: Design, market: Any, records: ConsumerRecords, treated: NDArray[np.bool_]
) -> pandas.DataFrame:
    """Return what an analyst of a test among consumers sees of each: where it lives, its group, its purchases."""
    import pandas as pd

    cells = [market.cells[cell].split("/") for cell in records.cells]
    return pd.DataFrame(
        {
            "consumer": np.arange(len(treated)),
            "region": [cell[0] for cell in cells],
            "habit": [cell[1] for cell in cells],
            "demographic": [cell[2] for cell in cells],
            "treated": treated.astype(int),
            "purchases_before": records.purchases[: design.start].sum(axis=0).astype(int),
            "purchases_during": records.purchases[design.start :].sum(axis=0).astype(int),
        }
    )
