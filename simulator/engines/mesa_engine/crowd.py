"""All consumers at once: what each of them has apart from brands, in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.engines.mesa_engine import everyone
from simulator.engines.mesa_engine.columns import Columns

if TYPE_CHECKING:
    from simulator.engines.mesa_engine.model import MarketModel

#: In the column ``latest``: has bought nothing yet.
NOTHING = -1


class Crowd(Columns):
    """All consumers.

    Parameters
    ----------
    model : MarketModel
        The market.

    Attributes
    ----------
    market_cell, region, demographic : ndarray of int
        Place in the population's grid.
    need_rate, taste_x, taste_y : ndarray of float32
        Traits that everybody's needs and advertising depend on.
    latest : ndarray of int8
        Index of the brand bought last, or ``NOTHING``.
    replacement_step : ndarray of int
        Step from which on an owned durable may be replaced.
    has_need, has_open_need, is_committed : ndarray of bool
        Whether a consumer shops in this step, has put off a purchase, waits for a group.
    """

    def __init__(self, model: MarketModel) -> None:
        drawn, arrays = model.world.population, model.market.arrays
        self.model = model
        self.size = drawn.cell.size
        self.market_cell = drawn.cell.astype(np.int64)
        self.region = arrays.cell_region[drawn.cell].astype(np.int64)
        self.demographic = arrays.cell_demographic[drawn.cell].astype(np.int64)
        self.need_rate = drawn.need_rate.copy()
        self.taste_x, self.taste_y = drawn.taste[0].copy(), drawn.taste[1].copy()
        self.latest = model.world.latest_brand.copy()
        self.replacement_step = model.world.replacement_step.astype(np.int64)
        self.has_need = np.zeros(self.size, np.bool_)
        self.has_open_need = np.zeros(self.size, np.bool_)
        self.is_committed = np.zeros(self.size, np.bool_)
        self.open_entries()

    def numbers(self, value: float = 0.0) -> np.ndarray:
        """Return a new column of 32-bit numbers."""
        return np.full(self.size, value, np.float32)

    def shift_tastes(self) -> None:
        """Follow a scheduled shift of demographics' tastes."""
        shift = self.model.market.arrays.taste_shift[self.model.now, self.demographic]
        everyone.shift_taste(self.taste_x, shift[:, 0])
        everyone.shift_taste(self.taste_y, shift[:, 1])

    def feel_needs(self) -> None:
        """Let needs arise; an owned durable lasts, and who waits for a group does not shop."""
        chance = self.numbers()
        everyone.expect_need(self.need_rate, self.model.season, chance)
        needs = self.model.chance.draw_everyone("need") < chance
        if self.model.is_durable:
            needs &= (self.latest == NOTHING) | (self.replacement_step <= self.model.now)
        self.has_need[:] = (needs | self.has_open_need) & ~self.is_committed
        self.model.n_needs += int(self.has_need.sum())

    def shoppers(self) -> np.ndarray:
        """Return the indices of those who have a need or wait for a group."""
        return np.flatnonzero(self.has_need | self.is_committed)

    def owners(self) -> np.ndarray:
        """Return the indices of those who have bought something."""
        return np.flatnonzero(self.latest != NOTHING)

    def number_of_customers(self, brand: Any) -> int:
        """Return how many consumers bought a brand last."""
        return int(np.count_nonzero(self.latest == brand.index))
