"""Forecast adoption on a network from a fitted hazard, and score it against simpler forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.experiment.adoption_network import AdoptionNetwork
from simulator.experiment.bass_estimation import ESTIMATORS
from simulator.experiment.bass_fit import bass
from simulator.experiment.network_hazard import HazardFit, external_influence, hazard

if TYPE_CHECKING:
    import pandas

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NetworkForecast:
    """Simulated adoption after the periods that were fitted.

    Parameters
    ----------
    counts : ndarray of int64, shape (world, period, group)
        Adopters of each later period.
    chance : ndarray of float64, shape (person,)
        Probability of having adopted by the last period; 1 for those who had before.
    """

    counts: NDArray[np.int64]
    chance: Values

    @property
    def mean(self) -> Values:
        """Mean adopters; shape (period, group)."""
        mean: Values = self.counts.mean(axis=0)
        return mean

    def cumulative_interval(self, level: float = 0.9) -> tuple[Values, Values]:
        """Return bounds of the adopters of all forecast periods together, by group."""
        total = self.counts.sum(axis=1)
        low, high = np.quantile(total, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return low, high


def forecast_network(
    fit: HazardFit, n_periods: int, *, n_worlds: int = 500, seed: int = 0
) -> NetworkForecast:
    """Simulate the fitted hazard on the network from where the fitted periods ended.

    Parameters
    ----------
    fit : HazardFit
        The fit; its network says who had adopted.
    n_periods : int
        Periods to forecast, at least 1.
    n_worlds : int
        Simulated futures, each with a draw of the parameters from their asymptotic normal distribution.
    seed : int
        Seed of all chance.

    Returns
    -------
    NetworkForecast
        Counts per period and group, and every person's chance.

    Raises
    ------
    ScenarioError
        If an argument is out of range.
    """
    places = (("n_periods", n_periods), ("n_worlds", n_worlds))
    faults = [Fault(name, repr(value), "a whole number, at least 1") for name, value in places if value < 1]
    if faults:
        raise ScenarioError(faults)
    network, rng = fit.network, np.random.default_rng(seed)
    draws = rng.multivariate_normal(fit.values, fit.covariance, size=n_worlds, method="eigh")
    draws[:, 0] = np.clip(draws[:, 0], 0.0, 1.0)
    draws[:, 1] = np.clip(draws[:, 1], 0.0, 1.0 if fit.form == "count" else None)
    n_groups = len(network.group_names)
    effects = draws[:, 2:].T if draws.shape[1] > 2 else np.zeros((n_groups, n_worlds))
    external = np.stack(
        [external_influence(fit.form, draws[k, 0], effects[:, k]) for k in range(n_worlds)], axis=1
    )
    has_adopted = np.repeat((network.periods <= network.n_periods)[:, None], n_worlds, axis=1)
    degrees = np.maximum(network.degrees, 1)[:, None]
    counts = np.zeros((n_worlds, n_periods, n_groups), np.int64)
    for period in range(n_periods):
        exposure = network.exposure(has_adopted)
        if fit.form == "share":
            exposure = exposure / degrees
        chance = hazard(fit.form, external[network.groups], draws[:, 1][None, :], exposure)
        adopts = ~has_adopted & (rng.random(chance.shape) < chance)
        for group in range(n_groups):
            counts[:, period, group] = adopts[network.groups == group].sum(axis=0)
        has_adopted |= adopts
    return NetworkForecast(counts, has_adopted.mean(axis=1))


def simple_forecasts(network: AdoptionNetwork, n_periods: int) -> dict[str, Values]:
    """Forecast adopters per period and group without the network.

    Parameters
    ----------
    network : AdoptionNetwork
        Times of adoption up to the last fitted period.
    n_periods : int
        Periods to forecast.

    Returns
    -------
    dict of str to ndarray of float64, shape (period, group)
        ``naive``: the last period's adopters again, as far as anybody is left. ``constant_hazard``: those left adopt at
        the mean rate of the fitted periods. ``bass_…``: the Bass model of all groups together by each estimator that
        finds a curve, shared out by the people left in each group; its market potential is cut at the population.
    """
    counts = network.counts().astype(np.float64)
    sizes = np.bincount(network.groups, minlength=len(network.group_names)).astype(np.float64)
    left = sizes - counts.sum(axis=0)
    before = sizes - np.concatenate([np.zeros((1, len(sizes))), counts.cumsum(axis=0)[:-1]])
    rate = counts.sum() / before.sum()
    steps = np.arange(1, n_periods + 1)[:, None]
    ends = np.minimum(counts[-1] * steps, left)
    found = {
        "naive": np.diff(np.concatenate([np.zeros((1, len(sizes))), ends]), axis=0),
        "constant_hazard": left * rate * (1 - rate) ** (steps - 1),
    }
    for estimator in ESTIMATORS:
        try:
            fit = bass(counts.sum(axis=1), estimator=estimator)
        except ScenarioError:
            continue
        adopters = np.maximum(fit.forecast(n_periods)["adopters"].to_numpy(), 0.0)
        reached = np.minimum(np.cumsum(adopters), left.sum())
        adopters = np.diff(np.concatenate([[0.0], reached]))
        found[f"bass_{estimator}"] = adopters[:, None] * left / left.sum()
    return found


def score_forecasts(
    network: AdoptionNetwork, forecasts: Mapping[str, Values], fitted_periods: int
) -> pandas.DataFrame:
    """Compare forecasts with what happened.

    Parameters
    ----------
    network : AdoptionNetwork
        With all periods, the forecast ones included.
    forecasts : mapping
        From names to adopters per period and group.
    fitted_periods : int
        Last period that was known.

    Returns
    -------
    pandas.DataFrame
        One row per forecast, best first: ``total`` (all adopters forecast), ``total_error`` (that minus what
        happened), ``period_error`` (mean absolute error of a period's adopters, all groups), ``group_error`` (mean
        absolute error of a group's adopters over all forecast periods).
    """
    import pandas as pd

    happened = network.counts()[fitted_periods:].astype(np.float64)
    rows = []
    for name, forecast in forecasts.items():
        difference = forecast - happened
        rows.append(
            {
                "forecast": name,
                "total": forecast.sum(),
                "total_error": difference.sum(),
                "period_error": np.abs(difference.sum(axis=1)).mean(),
                "group_error": np.abs(difference.sum(axis=0)).mean(),
            }
        )
    return pd.DataFrame(rows).sort_values("period_error", ignore_index=True)


def discrimination(chance: Values, adopted: NDArray[np.bool_]) -> float:
    """Return how often a person who adopted had a higher forecast chance than one who did not (ties count half).

    Parameters
    ----------
    chance : ndarray of float64, shape (person,)
        Forecast chances of people who had not adopted.
    adopted : ndarray of bool, shape (person,)
        Whether they then did.

    Returns
    -------
    float
        Area under the receiver operating characteristic: 0.5 without any skill, 1 if perfect.
    """
    from scipy.stats import rankdata

    n_yes, n_no = int(adopted.sum()), int((~adopted).sum())
    if n_yes == 0 or n_no == 0:
        return float("nan")
    ranks = rankdata(chance)
    return float((ranks[adopted].sum() - n_yes * (n_yes + 1) / 2) / (n_yes * n_no))
