"""Questions that a sweep answers point by point: differences, who wins where, and in which ranges somebody loses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.outcomes.metrics import METRIC
from simulator.outcomes.replicate_blocks import BLOCKS, block_name
from simulator.outcomes.scenario_discovery import Discovery
from simulator.outcomes.shards import Rows
from simulator.outcomes.stein import with_stein
from simulator.outcomes.sweep_effects import factors_with_levels, main_effects
from simulator.outcomes.sweep_points import FAMILIES, SweepPoints, asked_strategies, sweep_points
from simulator.outcomes.sweep_regimes import SweepRegimes
from simulator.outcomes.trajectories import unknown

if TYPE_CHECKING:
    import pandas


class SweepQuestions(ABC):
    """What can be asked of stored outcomes; see :class:`simulator.outcomes.results.Results`."""

    manifest: dict[str, Any]
    metrics: tuple[str, ...]

    @property
    @abstractmethod
    def rows(self) -> Rows:
        """Outcomes as arrays."""

    def differences(
        self,
        metric: str | None = None,
        *,
        baseline: str | None = None,
        block: str | None = None,
        confidence: float = 0.95,
        family: str = "point",
    ) -> pandas.DataFrame:
        """Return paired differences between strategies at every point: the same replicates, the same luck.

        Parameters
        ----------
        metric : str, optional
            One of the metrics; the scenario's if omitted.
        baseline : str, optional
            Strategy that is subtracted; ``none`` if omitted, or the first where that was not run.
        block : {"select", "evaluate"}, optional
            Only replicates of this block; by default all.
        confidence : float
            Joint confidence of a family of intervals.
        family : {"point", "experiment"}
            Whether the intervals of one point hold together, or those of all points (Bonferroni over points).

        Returns
        -------
        pandas.DataFrame
            One row per scenario, point and strategy: the factors, ``other, metric, unit, mean, lower, upper, sd,
            n, n_undefined, n_missing, excludes_zero``. Of the replicates that any strategy has at the point, ``n`` are
            compared, ``n_missing`` are not stored for both of the pair, and the rest are undefined for one of them.
            Where a precision by Stein's two stages was asked for differences, ``stein_lower, stein_upper`` are his own
            intervals, with the joint confidence and of the replicates of that precision; ``excludes_zero`` is of the
            ordinary ones.

        Raises
        ------
        ScenarioError
            With everything that is wrong with the arguments.
        """
        faults = self._faults("differences", block, confidence)
        if family not in FAMILIES:
            faults.append(unknown("differences(family)", family, FAMILIES))
        [other] = asked_strategies("differences", self.manifest["strategies"], faults, baseline=baseline)
        table = self._points("differences", metric, block, faults).differences(other, confidence, family)
        return with_stein(table, self.rows, self.manifest)

    def effects(
        self,
        metric: str | None = None,
        *,
        baseline: str | None = None,
        block: str | None = None,
        confidence: float = 0.95,
    ) -> pandas.DataFrame:
        """Return the main effects of the factors: the mean at the highest level minus the mean at the lowest.

        Both means go over all points of the design with that level, so that in a factorial design the other factors
        balance out; both are of the same replicates, so that their luck does.

        Parameters
        ----------
        metric : str, optional
            One of the metrics; the scenario's if omitted.
        baseline : str, optional
            Explain the difference to this strategy; by default each strategy's own outcome.
        block : {"select", "evaluate"}, optional
            Only replicates of this block; by default all.
        confidence : float
            Joint confidence of the intervals of one strategy.

        Returns
        -------
        pandas.DataFrame
            One row per scenario, strategy and factor, the largest effect first: ``scenario, strategy, other, factor,
            low, high, metric, unit, mean, lower, upper, sd, n, n_undefined, excludes_zero``.

        Raises
        ------
        ScenarioError
            With everything that is wrong with the arguments, or if no factor has levels.
        """
        faults = self._faults("effects", block, confidence)
        if baseline is not None:
            asked_strategies("effects", self.manifest["strategies"], faults, baseline=baseline)
        return main_effects(self._points("effects", metric, block, faults), baseline, confidence)

    @property
    def has_effects(self) -> bool:
        """Whether factors have levels, so that :meth:`effects` has an answer."""
        return bool(len(self.rows) and factors_with_levels(self._points("effects", None, None, [])))

    def regimes(
        self, metric: str | None = None, *, block: str | None = None, confidence: float = 0.95
    ) -> SweepRegimes:
        """Return which strategy is best at which point, how sure that is, and the regret of every other.

        Parameters
        ----------
        metric : str, optional
            A metric of which more or less is better; the scenario's if omitted.
        block : {"select", "evaluate"}, optional
            Only replicates of this block; by default all.
        confidence : float
            Joint confidence of one point's intervals; a winner is clear with at least this probability.

        Returns
        -------
        SweepRegimes
            ``to_dataframe()`` by point, ``by_strategy()`` over all points, ``sentences``.

        Raises
        ------
        ScenarioError
            With everything that is wrong with the arguments.
        """
        faults = self._faults("regimes", block, confidence)
        asked_strategies("regimes", self.manifest["strategies"], faults)
        points = self._points("regimes", metric, block, faults, is_directed=True)
        return SweepRegimes(points, confidence, self.manifest["scenarios"][0].get("currency", ""))

    def discover(
        self,
        strategy: str,
        other: str | None = None,
        *,
        metric: str | None = None,
        wins: bool = False,
        block: str | None = None,
        peel: float = 0.05,
        wanted_density: float = 0.8,
    ) -> Discovery:
        """Find ranges of the factors in which a strategy does not win, or in which it does (PRIM).

        Parameters
        ----------
        strategy : str
            Whose losses are sought.
        other : str, optional
            Strategy to win against; the best of all others at each point if omitted.
        metric : str, optional
            A metric of which more or less is better; the scenario's if omitted.
        wins : bool
            Whether the cases are its wins.
        block : {"select", "evaluate"}, optional
            Only replicates of this block; by default all.
        peel : float
            Share of a box's points given up in one step, above 0 and below 0.5.
        wanted_density : float
            Share of cases that the chosen box should have, above 0 and at most 1.

        Returns
        -------
        Discovery
            Boxes in the units of the factors, of the points at which the metric is defined.

        Raises
        ------
        ScenarioError
            With everything that is wrong with the arguments, or if a factor's values are no numbers.
        """
        faults = self._faults("discover", block, 0.95)
        asked_strategies("discover", self.manifest["strategies"], faults, strategy=strategy, other=other)
        if other is not None and other == strategy:
            faults.append(Fault("discover(other)", other, "another strategy"))
        if not 0 < peel < 0.5:
            faults.append(Fault("discover(peel)", f"{peel}", "a share above 0 and below 0.5"))
        if not 0 < wanted_density <= 1:
            faults.append(
                Fault("discover(wanted_density)", f"{wanted_density}", "a share above 0, at most 1")
            )
        points = self._points("discover", metric, block, faults, is_directed=True)
        return points.discover(strategy, other, wins=wins, peel=peel, wanted_density=wanted_density)

    @property
    def main_metric(self) -> str:
        """The metric that results are shown in: the scenario's if it is stored."""
        asked = self.manifest["scenarios"][0].get("metric", "profit")
        return str(asked if asked in self.metrics else self.metrics[0])

    @property
    def _blocks(self) -> tuple[str, ...]:
        """Blocks of which the experiment has replicates, stored or expected."""
        expected = [start for start, stop in self.manifest["replicates"] if stop > start]
        numbers = {*map(int, self.rows.replicates), *expected}
        return tuple(name for name in BLOCKS if any(block_name(number) == name for number in numbers))

    def _faults(self, verb: str, block: str | None, confidence: float) -> list[Fault]:
        faults = []
        if block is not None and block not in BLOCKS:
            faults.append(unknown(f"{verb}(block)", block, tuple(BLOCKS)))
        elif block is not None and block not in self._blocks:
            expected = f"a block with replicates: {' or '.join(self._blocks)}"
            faults.append(Fault(f"{verb}(block)", repr(block), expected, "or leave it out"))
        if not 0 < confidence < 1:
            faults.append(Fault(f"{verb}(confidence)", str(confidence), "a number above 0 and below 1"))
        return faults

    def _points(
        self, verb: str, metric: str | None, block: str | None, faults: list[Fault], is_directed: bool = False
    ) -> SweepPoints:
        """Return one metric's outcomes by point; raise what is wrong with the arguments."""
        name = self.main_metric if metric is None else metric
        if name not in self.metrics:
            faults.append(unknown(f"{verb}(metric)", name, self.metrics, see="manifest.json"))
        elif is_directed and METRIC[name].better is None:
            remedy = "use for example profit or sales"
            expected = "a metric of which more or less is better"
            faults.append(Fault(f"{verb}(metric)", name, expected, remedy))
        if faults:
            raise ScenarioError(faults)
        return sweep_points(self._rows_of(block), self.manifest, name)

    def _rows_of(self, block: str | None) -> Rows:
        if block is None:
            return self.rows
        is_in = [block_name(int(replicate)) == block for replicate in self.rows.replicates]
        return self.rows.take(np.flatnonzero(is_in))
