"""Campaign lines that buy impressions: whom a line means, and what each consumer gets of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator.engines.mesa_engine import everyone
from simulator.engines.mesa_engine.chance import ZERO, Number
from simulator.engines.mesa_engine.rules import ledger
from simulator.model.allocation import impression_rate, relevance_is_due, weights_are_due
from simulator.model.campaigns import CREATIVE_BRAND, RANDOM, PlanArrays

if TYPE_CHECKING:
    from simulator.engines.mesa_engine.brands import Brand


class MediaLine:
    """One line of a brand's media plan.

    Parameters
    ----------
    brand : Brand
        Whose line it is.
    plan : PlanArrays
        The plan.
    position : int
        Place of the line in the plan.

    Attributes
    ----------
    weights : ndarray of float32
        Weight of each consumer in the audience.
    relevance : ndarray of float32
        How well the advertisement suits each consumer, in (0, 1].
    impressions : ndarray of float32
        Each consumer's expected impressions in this step.
    hits : ndarray of bool
        Who noticed the line in this step.
    rate : number
        Impressions per unit of weight in this step; 0 where the line is silent.
    """

    def __init__(self, brand: Brand, plan: PlanArrays, position: int) -> None:
        self.brand = brand
        self.channel = int(plan.channel[position])
        self.channel_id = int(plan.channel_id[position])
        self.slot = int(plan.slot[position])
        self.is_content = bool(plan.is_content[position])
        self.is_strategy = bool(plan.is_strategy[position])
        self.audience = int(plan.audience[position])
        self.audience_share = Number(plan.audience_share[position])
        self.sharpness = Number(plan.sharpness[position])
        self.creative = int(plan.creative[position])
        self.coupon = Number(plan.coupon[position])
        self.attention = Number(plan.attention[position])
        self.has_click = bool(plan.has_click[position])
        self.click_intercept = Number(plan.click_intercept[position])
        self.cap = Number(plan.cap[position])
        self.media_cost = float(plan.media_cost[position])
        self.data_cost = float(plan.data_cost[position])
        self.planned = plan.impressions[:, position].tolist()
        crowd = brand.model.crowd
        self.reach = brand.model.market.arrays.cell_reach[self.channel, crowd.market_cell]
        self.in_segment = plan.in_segment[position, crowd.market_cell]
        self.weights, self.relevance, self.impressions = crowd.numbers(), crowd.numbers(), crowd.numbers()
        self.hits = np.zeros(crowd.size, np.bool_)
        self.rate = ZERO
        self.delivered = 0.0
        self.wasted = 0
        self._solved_for = -1.0

    @property
    def asks_for_response(self) -> bool:
        """Whether who notices the line can do something about it: watch, keep a coupon or click."""
        return self.is_content or self.has_click or bool(self.coupon > 0)

    def buy(self) -> None:
        """Spread this step's impressions over the audience and pay for them."""
        is_stale = self.refresh()
        planned = self.planned[self.brand.model.now]
        if planned <= 0.0 or (self.is_strategy and not self.brand.is_funded):
            self.rate = ZERO
            self._solved_for = -1.0
            return
        if is_stale or self._solved_for != planned:
            self.rate, self.delivered = impression_rate(
                self.weights[None, :], np.float32(self.cap), np.float64(planned)
            )
            everyone.expect_impressions(self.rate, self.weights, self.cap, self.impressions)
            self.wasted = int(everyone.sum_of_waste(self.impressions, self.relevance))
            self._solved_for = planned
        self.pay(planned)

    def pay(self, planned: float) -> None:
        """Book what this step's impressions cost and whom they reached in vain."""
        media = ledger.cost_of(self.delivered, self.media_cost)
        data = ledger.cost_of(self.delivered, self.data_cost)
        brand = self.brand
        brand.record("spend_media", media)
        brand.record("spend_data", data)
        brand.record(
            "unspent_media", ledger.cost_of(planned, self.media_cost + self.data_cost) - media - data
        )
        brand.record("impressions", ledger.whole_units(self.delivered))
        if self.rate > ZERO:
            brand.record("wasted_impressions", self.wasted)
        if self.is_strategy:
            brand.charge(media + data)

    def refresh(self) -> bool:
        """Choose the audience and suit the creative anew where that is due; return whether it was."""
        model = self.brand.model
        is_first = model.now == 0 or model.tastes_shift
        refit = int(model.parameters.refit_weeks)
        new_weights = weights_are_due(self.audience, is_first, model.now, refit)
        new_relevance = relevance_is_due(self.creative, is_first, model.now, refit)
        if self.creative == CREATIVE_BRAND and self.brand.is_redesigned:
            new_relevance = True
        if new_weights:
            self._choose_audience()
        if new_relevance:
            self._suit_creative()
        return bool(new_weights or new_relevance)

    def _choose_audience(self) -> None:
        model, brand = self.brand.model, self.brand
        u = model.crowd.numbers()
        if self.audience == RANDOM:
            address = {"brand": brand.id, "slot": self.slot}
            for index in range(u.size):
                u[index] = model.chance.draw_once("audience", index, self.channel_id, **address)[0]
        audience = everyone.Audience(
            self.audience, self.audience_share, brand.position_x, brand.position_y, self.sharpness,
            model.parameters.retarget_weeks,
        )  # fmt: skip
        known = brand.relations
        since_visit = model.now - known.visit_step
        everyone.weigh(
            audience,
            self.reach,
            u,
            self.in_segment,
            (known.profile_x, known.profile_y),
            since_visit,
            self.weights,
        )

    def _suit_creative(self) -> None:
        brand, crowd = self.brand, self.brand.model.crowd
        cell_taste = brand.model.market.arrays.cell_taste[crowd.market_cell]
        everyone.suit(
            self.creative,
            (brand.position_x, brand.position_y),
            (cell_taste[:, 0], cell_taste[:, 1]),
            (brand.relations.profile_x, brand.relations.profile_y),
            (crowd.taste_x, crowd.taste_y),
            self.relevance,
        )

    def reach_out(self, fresh: np.ndarray, clear: np.ndarray) -> None:
        """Let everybody notice the line or not, as far as fatigue (``fresh``) and clutter (``clear``) let one."""
        model, brand = self.brand.model, self.brand
        chance = model.crowd.numbers()
        everyone.expect_notice(self.impressions, self.attention, self.relevance, fresh, clear, chance)
        u = model.chance.draw_everyone("notice", self.channel_id, brand=brand.id, slot=self.slot)
        self.hits = u < chance
