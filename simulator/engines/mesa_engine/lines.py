"""Campaign lines that buy impressions: whom a line means, and what each consumer gets of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.engines.mesa_engine.chance import ZERO, Number
from simulator.model.allocation import (
    audience_weight,
    creative_position,
    impression_rate,
    relevance_is_due,
    weights_are_due,
)
from simulator.model.campaigns import CREATIVE_BRAND, RANDOM, PlanArrays
from simulator.model.mathematics import fixed_point
from simulator.model.rules import attention, ledger

if TYPE_CHECKING:
    from simulator.engines.mesa_engine.brands import Brand
    from simulator.engines.mesa_engine.relation import Relation


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
    weights : list
        Weight of each consumer in the audience.
    relevance : list
        How well the advertisement suits each consumer, in (0, 1].
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
        self.in_segment = plan.in_segment[position].tolist()
        self.planned = plan.impressions[:, position].tolist()
        self.reach = [Number(share) for share in brand.model.market.arrays.cell_reach[self.channel].tolist()]
        self.weights = [ZERO] * brand.model.market.n_consumers
        self.relevance = [ZERO] * brand.model.market.n_consumers
        self.rate = ZERO
        self.delivered = 0.0
        self.wasted = 0
        self._solved_for = -1.0

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
                np.array([self.weights], np.float32), np.float32(self.cap), np.float64(planned)
            )
            self.wasted = sum(self._wasted_on(relation) for relation in self.brand.relations)
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
            self.weights = [self._weight(relation) for relation in self.brand.relations]
        if new_relevance:
            self.relevance = [self._relevance(relation) for relation in self.brand.relations]
        return bool(new_weights or new_relevance)

    def impressions(self, relation: Relation) -> Any:
        """Return a consumer's expected impressions of the line in this step."""
        return attention.expected_impressions(self.rate, self.weights[relation.consumer.index], self.cap)

    def _weight(self, relation: Relation) -> Any:
        consumer, brand = relation.consumer, self.brand
        chance = brand.model.chance
        u = ZERO
        if self.audience == RANDOM:
            address = {"brand": brand.id, "slot": self.slot}
            u, _, _, _ = chance.draw_once("audience", consumer.index, self.channel_id, **address)
        return audience_weight(
            self.audience, self.reach[consumer.market_cell], u, self.audience_share,
            self.in_segment[consumer.market_cell], relation.profile_x, relation.profile_y,
            brand.position_x, brand.position_y, self.sharpness, relation.weeks_since_visit,
            brand.model.parameters.retarget_weeks,
        )  # fmt: skip

    def _relevance(self, relation: Relation) -> Any:
        consumer, brand = relation.consumer, self.brand
        cell_x, cell_y = brand.model.cell_taste[consumer.market_cell]
        x = creative_position(self.creative, brand.position_x, cell_x, relation.profile_x)
        y = creative_position(self.creative, brand.position_y, cell_y, relation.profile_y)
        return attention.relevance(consumer.taste_x, consumer.taste_y, x, y)

    def _wasted_on(self, relation: Relation) -> int:
        fit = self.relevance[relation.consumer.index]
        return int(fixed_point(attention.wasted_impressions(self.impressions(relation), fit)))
