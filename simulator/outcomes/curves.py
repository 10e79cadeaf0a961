"""Curves: what is shown over time, with bands over replicates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.errors import ScenarioError
from simulator.model.observation import SPEND_KINDS
from simulator.outcomes.brand_view import BrandView, Values, adoption_by_step, ratio
from simulator.outcomes.trajectories import Trajectories, unknown

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Curve:
    """One quantity over time.

    Parameters
    ----------
    name : str
        Name, as it stands in results.
    meaning : str
        What it shows.
    unit : str
        As for metrics.
    function : callable
        From a :class:`~simulator.outcomes.metrics.BrandView` to an array over strategies, replicates, steps.
    """

    name: str
    meaning: str
    unit: str
    function: Callable[[BrandView], Values]


@dataclass(frozen=True, eq=False)
class Bands:
    """A curve's mean and quantiles over replicates.

    Parameters
    ----------
    curve : Curve
        What is shown.
    brand : str
        Whose curve it is.
    strategies : tuple of str
        Names along the first axis of the arrays.
    mean, q05, q50, q95 : ndarray of float64, shape (strategy, step)
        Mean and pointwise quantiles over the replicates in which the quantity is defined.
    """

    curve: Curve
    brand: str
    strategies: tuple[str, ...]
    mean: Values
    q05: Values
    q50: Values
    q95: Values

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a tidy table: one row per strategy and step."""
        import pandas as pd

        n_strategies, n_steps = self.mean.shape
        columns = {
            "strategy": np.repeat(self.strategies, n_steps),
            "step": np.tile(np.arange(n_steps), n_strategies),
        }
        for name in ("mean", "q05", "q50", "q95"):
            columns[name] = getattr(self, name).reshape(-1)
        return pd.DataFrame(columns)


def _profit_so_far(view: BrandView) -> Values:
    cash = sum(view.steps(f"spend_{kind}") for kind in SPEND_KINDS if kind != "discounts")
    per_step: Values = view.steps("revenue") - view.steps("cost_of_goods") - cash
    return per_step.cumsum(axis=2)


def _spend_so_far(view: BrandView) -> Values:
    return np.sum([view.steps(f"spend_{kind}") for kind in SPEND_KINDS], axis=0).cumsum(axis=2)


def _share_by_step(view: BrandView) -> Values:
    return ratio(view.steps("purchases"), view.steps_of_all_brands("purchases"))


def _contacts(view: BrandView) -> Values:
    return view.steps("contacts_positive") + view.steps("contacts_negative")


def _per_person(name: str) -> Callable[[BrandView], Values]:
    return lambda view: view.steps(name) / view.n_people


def _by_step(name: str) -> Callable[[BrandView], Values]:
    return lambda view: view.steps(name)


# fmt: off
#: Every curve.
CURVES: tuple[Curve, ...] = (
    Curve("adoption", "share of people who were customers at the start or bought since", "share",
          adoption_by_step),
    Curve("share", "share of the units that all brands sold in the week", "share", _share_by_step),
    Curve("sales", "units bought in the week", "units", _by_step("purchases")),
    Curve("customers", "share of people whose latest purchase is the brand", "share",
          _per_person("customers")),
    Curve("awareness", "share of people with memory of at least one half", "share", _per_person("aware")),
    Curve("reach", "share of people who noticed advertising in the week", "share", _per_person("reached")),
    Curve("word_of_mouth", "word-of-mouth contacts in the week", "messages", _contacts),
    Curve("trust", "mean trust", "ratio", _per_person("trust")),
    Curve("followers", "followers", "people", _by_step("followers")),
    Curve("members", "community members", "people", _by_step("members")),
    Curve("spend", "spend so far", "currency", _spend_so_far),
    Curve("profit", "profit so far", "currency", _profit_so_far),
)
# fmt: on

#: Curve by name.
CURVE: dict[str, Curve] = {curve.name: curve for curve in CURVES}


def bands(trajectories: Trajectories, curve: str, *, brand: str | None = None) -> Bands:
    """Compute a curve's mean and its 5 %, 50 % and 95 % quantiles over replicates.

    Parameters
    ----------
    trajectories : Trajectories
        Recorded trajectories.
    curve : str
        Name of a curve in :data:`CURVES`.
    brand : str, optional
        Name of the brand; the focal brand if omitted.

    Returns
    -------
    Bands
        Arrays over strategies and steps.

    Raises
    ------
    ScenarioError
        If there is no such curve or brand.
    """
    if curve not in CURVE:
        raise ScenarioError([unknown("curve", curve, tuple(CURVE))])
    name = brand or trajectories.focal_brand
    values = CURVE[curve].function(BrandView(trajectories, name))
    is_defined = ~np.isnan(values)
    mean = ratio(np.where(is_defined, values, 0.0).sum(axis=1), is_defined.sum(axis=1).astype(float))
    low, middle, high = quantiles_over_replicates(values)
    return Bands(CURVE[curve], name, trajectories.strategies, mean, low, middle, high)


def quantiles_over_replicates(values: Values) -> tuple[Values, Values, Values]:
    """Return the 5 %, 50 % and 95 % quantiles along the second axis, NaN where nothing is defined."""
    levels = np.array([0.05, 0.5, 0.95])
    if not np.isnan(values).any():
        low, middle, high = np.quantile(values, levels, axis=1)
        return low, middle, high
    result = np.full((3, values.shape[0], values.shape[2]), np.nan)
    for s, step in np.ndindex(values.shape[0], values.shape[2]):
        defined = values[s, :, step]
        defined = defined[~np.isnan(defined)]
        if defined.size:
            result[:, s, step] = np.quantile(defined, levels)
    return result[0], result[1], result[2]
