"""A network with known times of adoption, from files: fit, forecast, and compare with simpler forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.experiment.adoption_network import AdoptionNetwork, adoption_network
from simulator.experiment.network_forecast import (
    NetworkForecast,
    discrimination,
    forecast_network,
    score_forecasts,
    simple_forecasts,
)
from simulator.experiment.network_hazard import HazardFit, fit_network_hazard
from simulator.outcomes.document_digest import document_digest
from simulator.outcomes.text_tables import frame_text
from simulator.outcomes.trajectories import unknown
from simulator.outcomes.wording import counted

if TYPE_CHECKING:
    import pandas


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

    def __repr__(self) -> str:
        lines = [
            f"{counted(self.network.n_people, 'person')} in {counted(len(self.network.group_names), 'group')}, "
            f"{counted(len(self.network.sources), 'arc')} ({self.influence})",
            str(self.fit),
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
    n_periods: int,
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
    n_periods : int
        Periods observed.
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
    ties, people = _read(Path(edges), "edges"), _read(Path(nodes), "nodes")
    faults = [
        unknown(f"{nodes}: column", name, tuple(people.columns))
        for name in ("node", adopted, group or "node")
        if name not in people
    ]
    if ties.shape[1] < 2:
        faults.append(Fault(str(edges), counted(ties.shape[1], "column"), "two columns: who names whom"))
    if fit_until is not None and not 2 <= fit_until <= n_periods:
        faults.append(Fault("fit", repr(fit_until), f"a period, 2 to {n_periods}"))
    if faults:
        raise ScenarioError(faults)
    position = {name: k for k, name in enumerate(people["node"])}
    pairs = ties.iloc[:, :2].to_numpy()
    strange = sorted({str(name) for name in pairs.ravel().tolist() if name not in position})
    if strange:
        got = ", ".join(strange[:5])
        raise ScenarioError([Fault(str(edges), f"{got}", f"people of the column node in {nodes}")])
    network = adoption_network(
        people[adopted].to_numpy(),
        np.array([[position[a], position[b]] for a, b in pairs.tolist()]).reshape(-1, 2),
        n_periods=n_periods,
        groups=people[group].to_numpy() if group else None,
        influence=influence,
        within_groups=within_groups,
    )
    last = n_periods if fit_until is None else fit_until
    fit = fit_network_hazard(network.until(last), form=form, group_effects=group_effects)
    forecast = (
        forecast_network(fit, n_periods - last, n_worlds=n_worlds, seed=seed) if last < n_periods else None
    )
    return NetworkStudy(network, fit, forecast, influence, seed)


def _read(path: Path, place: str) -> Any:
    import pandas as pd

    if not path.is_file():
        raise ScenarioError([Fault(place, repr(str(path)), "a CSV file that exists", "correct the path")])
    try:
        return pd.read_csv(path, comment="#")
    except (ValueError, UnicodeDecodeError, OSError) as error:
        raise ScenarioError([Fault(place, repr(str(path)), "a CSV file", str(error))]) from error
