"""A network with known times of adoption, from files: fit, forecast, and compare with simpler forecasts.

That adopters follow adopters along ties does not show influence: friends are alike (homophily), and marketing reaches
them alike. On the physicians of Medical Innovation, the influence found earlier vanishes once marketing is in the model.

References
----------
Van den Bulte, C. & Lilien, G. L. (2001). Medical Innovation revisited: social contagion versus marketing effort.
American Journal of Sociology 106(5), 1409-1435.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.experiment.adoption_network import INFLUENCES, AdoptionNetwork, adoption_network
from simulator.experiment.argument_checks import told_together
from simulator.experiment.network_forecast import (
    NetworkForecast,
    discrimination,
    forecast_network,
    score_forecasts,
    simple_forecasts,
)
from simulator.experiment.network_hazard import FORMS, HazardFit, fit_network_hazard
from simulator.experiment.table_file import TableFile, read_table
from simulator.outcomes.document_digest import document_digest
from simulator.outcomes.text_tables import frame_text
from simulator.outcomes.trajectories import unknown
from simulator.outcomes.wording import counted

if TYPE_CHECKING:
    import pandas

CAUTION = (
    "That this is influence is not shown: friends who are alike, or whom the same marketing reaches, adopt together too "
    "(Van den Bulte & Lilien 2001)."
)


@dataclass(frozen=True, eq=False, repr=False)
class NetworkStudy:
    """A hazard fitted to the first periods of a network, and its forecast of the rest.

    Parameters
    ----------
    network : AdoptionNetwork
        With all periods.
    fit : HazardFit
        Fitted to the first ones.
    forecast : NetworkForecast, optional
        Of the rest; None where all periods were fitted.
    influence : str
        Who influences whom.
    seed : int
        Seed of the forecast.
    """

    network: AdoptionNetwork
    fit: HazardFit
    forecast: NetworkForecast | None
    influence: str
    seed: int

    @property
    def n_fitted(self) -> int:
        """Periods fitted."""
        return self.fit.network.n_periods

    @cached_property
    def scores(self) -> pandas.DataFrame | None:
        """Errors of the network's forecast beside simpler ones; None without a forecast."""
        if self.forecast is None:
            return None
        rest = self.network.n_periods - self.n_fitted
        forecasts = {"network": self.forecast.mean, **simple_forecasts(self.fit.network, rest)}
        return score_forecasts(self.network, forecasts, self.n_fitted)

    @cached_property
    def group_coverage(self) -> float | None:
        """Share of groups whose later adopters lie within the 90 % interval of the forecast."""
        if self.forecast is None:
            return None
        low, high = self.forecast.cumulative_interval(0.9)
        happened = self.network.counts()[self.n_fitted :].sum(axis=0)
        return float(((happened >= low) & (happened <= high)).mean())

    @cached_property
    def discrimination(self) -> float | None:
        """How often a later adopter had a higher forecast chance than one who never adopted; 0.5 without skill."""
        if self.forecast is None:
            return None
        left = self.network.periods > self.n_fitted
        return discrimination(
            self.forecast.chance[left], self.network.periods[left] <= self.network.n_periods
        )

    def to_json_document(self) -> dict[str, Any]:
        """Return fit and scores as plain data, with their digest."""
        from simulator.outcomes.plain_data import plain

        fit = self.fit
        found: dict[str, Any] = plain(
            {
                "people": self.network.n_people,
                "groups": len(self.network.group_names),
                "influence": self.influence,
                "form": fit.form,
                "n_fitted": self.n_fitted,
                "n_periods": self.network.n_periods,
                "p": fit.p,
                "q": fit.q,
                "standard_errors": list(fit.standard_errors),
                "group_spread": fit.spread,
                "log_likelihood": fit.log_likelihood,
                "influence_gain": fit.gain,
                "influence_p_value": fit.p_value,
                "caution": self.caution,
                "akaike": fit.akaike,
                "scores": None if self.scores is None else self.scores.to_dict(orient="records"),
                "group_coverage_90": self.group_coverage,
                "discrimination": self.discrimination,
                "seed": self.seed,
            }
        )
        return {**found, "digest": document_digest(found)}

    @property
    def digest(self) -> str:
        """Hash of the results."""
        return str(self.to_json_document()["digest"])

    @property
    def caution(self) -> str:
        """What the estimate of social influence does not show, in one sentence."""
        return CAUTION

    @property
    def _without(self) -> str:
        """How many have not adopted in the periods observed, and how far the times go that were given."""
        last, latest = self.network.n_periods, int(self.network.periods.max())
        n = int((self.network.periods > last).sum())
        beyond = (
            f"; the times given go to {latest}, those after {last} count as none" if latest > last + 1 else ""
        )
        return f"{n:,} without adoption in periods 1 to {last}{beyond}"

    def __repr__(self) -> str:
        lines = [
            f"{counted(self.network.n_people, 'person')} in {counted(len(self.network.group_names), 'group')}, "
            f"{counted(len(self.network.sources), 'arc')} ({self.influence})",
            self._without,
            str(self.fit),
            self.caution,
        ]
        if self.scores is not None:
            happened = int(self.network.counts()[self.n_fitted :].sum())
            lines += [
                f"Forecast of periods {self.n_fitted + 1} to {self.network.n_periods} ({happened} adopted):",
                frame_text(self.scores),
                f"{self.group_coverage:.0%} of groups lie within the 90 % interval; who adopts among those left: "
                f"discrimination {self.discrimination:.2f} (0.5 without skill)",
            ]
        return "\n".join(lines)


def study_network(
    edges: str | Path,
    nodes: str | Path,
    *,
    n_periods: int | None = None,
    adopted: str = "toa",
    group: str | None = None,
    fit_until: int | None = None,
    influence: str = "named",
    form: str = "count",
    group_effects: bool = False,
    within_groups: bool = False,
    seed: int = 0,
    n_worlds: int = 500,
) -> NetworkStudy:
    """Fit a hazard to the first periods of a network in files and forecast the rest.

    Parameters
    ----------
    edges : path
        CSV file, plain or gzipped; its first two columns say who names whom.
    nodes : path
        CSV file with one row per person: ``node`` (its name in ``edges``), and the columns below.
    n_periods : int, optional
        Periods observed; adoption after them is none. If omitted, the last in the file: only where some people are
        without a period, as files may also give those who never adopted a period after the last.
    adopted, group : str
        Columns of the period of adoption and, optionally, of the group.
    fit_until : int, optional
        Last period that is fitted; all if omitted.
    influence : {"named", "naming", "both", "everyone", "nobody"}
        Who influences a person.
    form : {"count", "share"}
        How; see :mod:`simulator.experiment.network_hazard`.
    group_effects, within_groups : bool
        Let groups differ in external influence; leave out ties between groups.
    seed, n_worlds : int
        Seed and number of simulated futures.

    Returns
    -------
    NetworkStudy
        Fit, forecast, and scores.

    Raises
    ------
    ScenarioError
        With every fault of files and arguments.
    """
    faults: list[Fault] = []
    with told_together(faults):
        ties = read_table(edges, "edges", text=(0, 1)).table
    with told_together(faults):
        people = read_table(nodes, "nodes", text=("node",))
    if influence not in INFLUENCES:
        faults.append(unknown("influence", influence, INFLUENCES))
    if form not in FORMS:
        faults.append(unknown("form", form, FORMS))
    faults += _fit_faults(fit_until, n_periods)
    if faults:
        raise ScenarioError(faults)
    faults = [*_people_faults(people, nodes, adopted, group), *_tie_faults(ties, people.table, edges, nodes)]
    if faults:
        raise ScenarioError(faults)
    if n_periods is None:
        n_periods = _last_period(people.table[adopted].to_numpy(np.float64), f"{nodes}: {adopted}")
        if faults := _fit_faults(fit_until, n_periods):
            raise ScenarioError(faults)
    position = {name: k for k, name in enumerate(people.table["node"])}
    pairs = ties.iloc[:, :2].to_numpy()
    network = adoption_network(
        people.table[adopted].to_numpy(np.float64),
        np.array([[position[a], position[b]] for a, b in pairs.tolist()]).reshape(-1, 2),
        n_periods=n_periods,
        groups=people.table[group].to_numpy() if group else None,
        influence=influence,
        within_groups=within_groups,
    )
    last = n_periods if fit_until is None else fit_until
    fit = fit_network_hazard(network.until(last), form=form, group_effects=group_effects)
    forecast = (
        forecast_network(fit, n_periods - last, n_worlds=n_worlds, seed=seed) if last < n_periods else None
    )
    return NetworkStudy(network, fit, forecast, influence, seed)


def _fit_faults(fit_until: int | None, n_periods: int | None) -> list[Fault]:
    """Return what is wrong with the last period that is fitted, as far as the periods are known."""
    if fit_until is None or n_periods is None or 2 <= fit_until <= n_periods:
        return []
    return [Fault("fit", repr(fit_until), f"a period, 2 to {n_periods}")]


def _last_period(when: NDArray[np.float64], place: str) -> int:
    """Return the last period in which somebody adopted, where it cannot be one that stands for never."""
    has_adopted = when >= 1
    if not has_adopted.any():
        raise ScenarioError([Fault(place, "no period of adoption", "some adoptions")])
    last = int(when[has_adopted].max())
    if not has_adopted.all():
        return last
    n = int((when == last).sum())
    got = f"a period for everybody, {last} at the latest ({counted(n, 'person')})"
    expected = "to be told the periods observed, as the last may stand for never"
    remedy = f"name the last period observed: --periods {last}, or {last - 1} if {last} stands for never"
    raise ScenarioError([Fault(place, got, expected, remedy)])


def _people_faults(people: TableFile, nodes: str | Path, adopted: str, group: str | None) -> list[Fault]:
    """Return what is wrong with the table of people: columns, people listed twice, periods that are none."""
    table = people.table
    faults = [
        unknown(f"{nodes}: column", name, tuple(table.columns))
        for name in ("node", adopted, group or "node")
        if name not in table
    ]
    if "node" in table and table["node"].duplicated().any():
        repeated = dict.fromkeys(str(name) for name in table["node"][table["node"].duplicated()])
        got = f"{', '.join(list(repeated)[:5])} more than once"
        faults.append(Fault(f"{nodes}: node", got, "one row per person", "remove the repeated rows"))
    if "node" in table and (table["node"] == "").any():
        line = people.lines[int(np.flatnonzero(table["node"] == "")[0])]
        faults.append(Fault(f"{nodes}, line {line}: node", "nothing", "a name", "name the person"))
    if adopted in table:
        remedy = "leave it empty, or give a period after the last, for those who never adopted"
        wrong = [
            Fault(f"{nodes}, line {line}: {adopted}", repr(cell), "a whole period: 1, 2, …", remedy)
            for line, cell in zip(people.lines, table[adopted].tolist(), strict=True)
            if not _is_period(cell)
        ]
        more = (
            [Fault(f"{nodes}: {adopted}", f"{len(wrong) - 5} more such cells", "none")] if wrong[5:] else []
        )
        faults += [*wrong[:5], *more]
    return faults


def _is_period(cell: Any) -> bool:
    """Return whether a cell is a whole number from 0 on, or empty."""
    try:
        value = float(cell)
    except (TypeError, ValueError):
        return False
    return bool(np.isnan(value) or (value >= 0 and value % 1 == 0))


def _tie_faults(ties: Any, people: Any, edges: str | Path, nodes: str | Path) -> list[Fault]:
    """Return what is wrong with the table of ties."""
    if ties.shape[1] < 2:
        return [Fault(str(edges), counted(ties.shape[1], "column"), "two columns: who names whom")]
    if "node" not in people:
        return []
    known = set(people["node"])
    strange = sorted(
        {str(name) for name in ties.iloc[:, :2].to_numpy().ravel().tolist() if name not in known}
    )
    if not strange:
        return []
    return [Fault(str(edges), ", ".join(strange[:5]), f"people of the column node in {nodes}")]
