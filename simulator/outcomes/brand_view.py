"""One brand's trajectories in real units, and the quantities that several metrics and curves share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulator.model.observation import SPEND_KINDS
from simulator.outcomes.trajectories import Trajectories

Values = NDArray[np.float64]

#: Strategy against whose trajectory, in the same world, incremental effects are measured.
REFERENCE = "none"


def ratio(numerator: Values, denominator: Values) -> Values:
    """Return the quotient, and NaN where the denominator is zero."""
    top, bottom = np.broadcast_arrays(numerator, denominator)
    quotient = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=quotient, where=bottom != 0)
    return quotient


class BrandView:
    """What one brand's trajectories hold, summed over steps, in real units.

    Parameters
    ----------
    trajectories : Trajectories
        Recorded trajectories.
    brand : str
        Name of the brand.
    reference : str, optional
        Strategy against which incremental effects are measured; without it they are NaN.
    """

    def __init__(self, trajectories: Trajectories, brand: str, reference: str | None = REFERENCE) -> None:
        self.trajectories = trajectories
        self.brand = trajectories.brand_position(brand)
        self.n_people = trajectories.n_consumers * trajectories.people_per_consumer
        self.reference = (
            trajectories.strategies.index(reference) if reference in trajectories.strategies else None
        )

    @cached_property
    def _totals(self) -> NDArray[np.int64]:
        return self.trajectories.counts.sum(axis=2)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of strategies and replicates."""
        return len(self.trajectories.strategies), self.trajectories.n_replicates

    def steps(self, name: str) -> Values:
        """Return a series of the brand by step; shape (strategy, replicate, step)."""
        position = self.trajectories.series_names.index(name)
        recorded = self.trajectories.counts[:, :, :, self.brand, position].astype(np.float64)
        return recorded * self.trajectories.factor(name)

    def steps_of_all_brands(self, name: str) -> Values:
        """Return a series summed over brands, by step; shape (strategy, replicate, step)."""
        position = self.trajectories.series_names.index(name)
        return self.trajectories.counts[..., position].sum(axis=3) * self.trajectories.factor(name)

    def total(self, name: str) -> Values:
        """Return a series of the brand summed over steps; shape (strategy, replicate)."""
        position = self.trajectories.series_names.index(name)
        return self._totals[:, :, self.brand, position].astype(np.float64) * self.trajectories.factor(name)

    def total_of_all_brands(self, name: str) -> Values:
        """Return a series summed over steps and brands; shape (strategy, replicate)."""
        position = self.trajectories.series_names.index(name)
        return self._totals[..., position].sum(axis=2) * self.trajectories.factor(name)

    def last(self, name: str) -> Values:
        """Return a series of the brand at the last step; shape (strategy, replicate)."""
        return self.steps(name)[:, :, -1]

    def spend(self, kinds: Sequence[str] = SPEND_KINDS) -> Values:
        """Return the spend of the given kinds, summed; shape (strategy, replicate)."""
        return np.sum([self.total(f"spend_{kind}") for kind in kinds], axis=0)

    def against_reference(self, outcome: Values) -> Values:
        """Return an outcome minus that of the reference strategy in the same replicate, else NaN."""
        if self.reference is None:
            return np.full(self.shape, np.nan)
        return outcome - outcome[self.reference]


def customers_before(view: BrandView) -> Values:
    """Return the customers at the start of each step; shape (strategy, replicate, step).

    Customers at the end, less those won in the step (purchases that were not repeats), plus those lost.
    """
    won = view.steps("purchases") - view.steps("repeat_purchases")
    return view.steps("customers") - won + view.steps("switched_away")


def contribution(view: BrandView) -> Values:
    """Return revenue minus cost of goods."""
    return view.total("revenue") - view.total("cost_of_goods")


def profit(view: BrandView) -> Values:
    """Return contribution minus every spend but discounts, which revenue already lacks."""
    cash = [kind for kind in SPEND_KINDS if kind != "discounts"]
    return contribution(view) - view.spend(cash)


def peak_step(view: BrandView) -> Values:
    """Return the first step with the largest sales, NaN without any sale."""
    sales = view.steps("purchases")
    return np.where(sales.any(axis=2), sales.argmax(axis=2), np.nan)


def adoption_by_step(view: BrandView) -> Values:
    """Return the share of people who were customers at the start or have bought since, by step."""
    at_start = customers_before(view)[:, :, :1]
    return (at_start + view.steps("first_purchases").cumsum(axis=2)) / view.n_people


def steps_to_adoption(view: BrandView, share: float) -> Values:
    """Return the first step at whose end adoption is at least ``share``, NaN if it never is."""
    is_there = adoption_by_step(view) >= share
    return np.where(is_there.any(axis=2), is_there.argmax(axis=2), np.nan)


def cascade_views(view: BrandView) -> Values:
    """Return all views of pieces: direct, one reshare away, and further."""
    return np.sum([view.total(f"piece_views_{hops}") for hops in ("direct", "one_hop", "deeper")], axis=0)


def cost_per_incremental_buyer(view: BrandView) -> Values:
    """Return incremental spend per incremental first buyer, NaN where none was gained."""
    buyers = view.against_reference(view.total("first_purchases"))
    return ratio(view.against_reference(view.spend()), np.where(buyers > 0, buyers, 0.0))
