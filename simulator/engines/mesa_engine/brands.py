"""Brands as Mesa agents: they plan, buy media, seed, serve orders and keep books."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from mesa import Agent

from simulator.engines.mesa_engine.chance import ZERO, Number, numbers
from simulator.engines.mesa_engine.lines import MediaLine
from simulator.engines.mesa_engine.messages import Commitment, Order, Piece
from simulator.engines.mesa_engine.relations import Relations
from simulator.engines.mesa_engine.rules import choice, community, content, experience, ledger, mathematics
from simulator.model.campaigns import (
    CAPPED,
    CREATIVE_PERSONAL,
    FIT,
    TERM,
    TERMS,
    VISITORS,
    PlanArrays,
)

if TYPE_CHECKING:
    from simulator.engines.mesa_engine.agents import Consumer
    from simulator.engines.mesa_engine.model import MarketModel

_TERM_OF = {
    "price_cut": "price_cut",
    "referral": "referral",
    "community": "community",
    "group_buying": "group",
}
_MOST_UNITS = 1e15


class Brand(Agent):
    """One brand, with its plan.

    Parameters
    ----------
    model : MarketModel
        The market.
    index : int
        Place of the brand among all, in the order of their ids.

    Attributes
    ----------
    name, id : str, int
        As the scenario declares them.
    relations : Relations
        Its relations with all consumers, in the order of the population.
    lines : list of MediaLine
        Its media plan.
    terms : dict
        What its programs offer in this step, by the names in ``campaigns.TERMS``.
    price, quality, price_cut : number
        In this step.
    stock : list of float
        Units by region; a pooled stock stands in the first place.
    tally : Counter
        What has been recorded in this step, by the names in ``observation.SERIES``.
    """

    model: MarketModel

    def __init__(self, model: MarketModel, index: int) -> None:
        super().__init__(model)
        arrays, plan = model.market.arrays, model.plan.arrays
        self.index = index
        self.name = model.market.brand_names[index]
        self.id = int(arrays.brand_id[index])
        self.prices = numbers(arrays.price[:, index])
        self.qualities = numbers(arrays.quality[:, index])
        self.unit_cost = float(arrays.unit_cost[index])
        self.position_x, self.position_y = numbers(arrays.position[index])
        self.tailoring = Number(arrays.tailoring[index])
        self.online_coverage = Number(arrays.online_coverage[index])
        self.delivery_days = numbers(arrays.delivery_days[index])
        self.is_pooled = bool(arrays.is_pooled[index])
        self.initial_memory = Number(arrays.initial_memory[index])
        self.initial_goodwill = Number(arrays.initial_goodwill[index])
        self.initial_trust = Number(arrays.initial_trust[index])
        self.stock: list[float] = arrays.initial_stock[index].tolist()
        self.sold_out = [False] * len(self.stock)
        self.relations = Relations(self)
        self._read_plan(plan)
        self.price, self.quality, self.price_cut = self.prices[0], self.qualities[0], ZERO
        self.is_available = bool(arrays.is_available[0, index])
        self.share_of_consumers = ZERO
        self.is_redesigned = False
        self.wishes: list[tuple[int, int]] = []
        self.reserved = self.group_places = self.latest_commitments = 0
        self.committing: list[Consumer] = []
        self.review_count = int(arrays.initial_review_count[index])
        self.review_sum = int(arrays.initial_review_sum[index])
        self.review_history: list[tuple[int, int]] = []
        self.pieces: dict[int, Piece] = {}
        self.latest_piece: Piece | None = None
        self.tally: Counter[str] = Counter()

    def _read_plan(self, plan: PlanArrays) -> None:
        j = self.index
        self.terms_by_step = plan.programs[:, j]
        self.terms = {name: Number(0.0) for name in TERMS}
        self.lines = [MediaLine(self, plan, h) for h in np.flatnonzero(plan.brand == j).tolist()]
        self.live_lines: list[MediaLine] = []
        self.total_cap = int(plan.total_cap[j])
        self.caps = dict(zip(CAPPED, plan.program_cap[j].tolist(), strict=True))
        self.is_strategy = dict(zip(CAPPED, (plan.program_is_strategy[j] > 0).tolist(), strict=True))
        self.spent_program = dict.fromkeys(CAPPED, 0)
        self.spent_total = 0
        self.latest_units = 0
        self.is_open = dict.fromkeys(CAPPED, True)
        self.is_funded = True
        self.has_media = bool(self.lines) or bool(self.initial_goodwill > 0)
        self.has_content = bool((plan.programs[:, j, TERM["pieces"]] > 0).any())
        self.keeps_profiles = self.tailoring > 0 or any(
            line.audience in (FIT, VISITORS) or line.creative == CREATIVE_PERSONAL for line in self.lines
        )

    def __repr__(self) -> str:
        return f"Brand({self.name}, {self.installed_base} customers, {self.members} members)"

    @property
    def installed_base(self) -> int:
        """Consumers whose latest purchase is the brand."""
        return self.model.crowd.number_of_customers(self)

    @property
    def followers(self) -> int:
        """Consumers who follow the brand's content."""
        return int(self.relations.is_follower.sum())

    @property
    def members(self) -> int:
        """Consumers in the brand's community."""
        return int(self.relations.is_member.sum())

    def record(self, series: str, amount: int = 1) -> None:
        """Count something that happened to the brand in this step."""
        self.tally[series] += amount

    def charge(self, amount: int, program: str | None = None) -> None:
        """Count money towards the strategy's budget, and towards one of its programs."""
        self.record("spend_strategy", amount)
        self.spent_total += amount
        if program is not None:
            self.spent_program[program] += amount

    def term_at(self, step: int, term: str) -> Any:
        """Return what a program offered at a step, 0 to the present."""
        return Number(self.terms_by_step[step, TERM[term]])

    def reviews_since(self, step: int | None) -> tuple[int, int]:
        """Return the number and the sum of the reviews that have appeared since those seen at a step."""
        count, total = self.review_history[self.model.now]
        count_then, total_then = (0, 0) if step is None else self.review_history[step]
        return count - count_then, total - total_then

    def runs(self, program: str) -> bool:
        """Return whether a program is offered in this step and has money left."""
        return bool(self.terms[_TERM_OF[program]] > 0) and self.is_open[program]

    # ---- at the start of a step

    def forget_reach(self) -> None:
        """Forget, when observation begins, whom advertising has reached."""
        self.relations.was_reached[:] = False

    def redesign(self) -> None:
        """Move the product toward the mean taste of the members who interacted in the last step."""
        self.is_redesigned = bool(self.wishes)
        if not self.wishes:
            return
        n, speed = len(self.wishes), self.terms["co_design"]
        wish_x, wish_y = (community.mean_wish(sum(axis), n) for axis in zip(*self.wishes, strict=True))
        self.position_x = community.redesigned(self.position_x, wish_x, speed)
        self.position_y = community.redesigned(self.position_y, wish_y, speed)
        self.wishes = []

    def open_books(self) -> None:
        """Decide what the brand can afford; take in supply, reviews and installed base; publish."""
        now, arrays = self.model.now, self.model.market.arrays
        self.terms = dict(zip(TERMS, numbers(self.terms_by_step[now]), strict=True))
        self.price, self.quality = self.prices[now], self.qualities[now]
        self.is_available = bool(arrays.is_available[now, self.index])
        supply = arrays.supply[now, self.index].tolist()
        if self.is_available:
            self.stock = [stock + units for stock, units in zip(self.stock, supply, strict=True)]
        self.share_of_consumers = choice.share_of(self.installed_base, self.model.market.n_consumers)
        self._open_programs()
        self.review_history.append((self.review_count, self.review_sum))
        self._publish()
        self._serve_community()

    def _open_programs(self) -> None:
        left = self.total_cap - self.spent_total - self.reserved
        self.is_funded = left > 0
        for program in CAPPED:
            has_money = self.spent_program[program] < self.caps[program] and left > 0
            self.is_open[program] = has_money or not self.is_strategy[program]
        group_left = self.caps["group_buying"] - self.spent_program["group_buying"] - self.reserved
        self.group_places = ledger.group_places(
            min(left, group_left), self._reserve(), self.latest_commitments, self.reserved
        )
        self.is_open["group_buying"] = self.group_places > 0
        self.price_cut = self.terms["price_cut"]
        if self.is_strategy["price_cut"]:
            cut_left = min(left, self.caps["price_cut"] - self.spent_program["price_cut"])
            self.price_cut = ledger.affordable_cut(
                self.terms["price_cut"], cut_left, ledger.money(self.price), self.latest_units
            )

    def _reserve(self) -> int:
        """Return the most that a group discount may cost which is promised in this step."""
        discount = choice.group_discount(self.price, self.price, self.terms["group_discount"])
        return int(ledger.money(discount))

    def _publish(self) -> None:
        p, now = self.model.parameters, self.model.now
        plan = self.model.plan.arrays
        production = int(plan.production[now, self.index])
        if plan.production_is_strategy[self.index] and not self.is_funded:
            production, self.terms["pieces"] = 0, ZERO
        if self.terms["pieces"] > 0:
            u, v, _, _ = self.model.chance.draw("piece", brand=self.id)
            value = content.piece_value(self.terms["content_value"], p.piece_value_sd, mathematics.normal(u))
            appeal = content.piece_appeal(p.piece_appeal_sd, mathematics.normal(v))
            self.latest_piece = self.pieces[now] = Piece(now, value, appeal, self.terms["promotional_share"])
        self.record("spend_production", production)
        if plan.production_is_strategy[self.index]:
            self.charge(production)

    def _serve_community(self) -> None:
        if self.runs("community"):
            service = ledger.money(self.terms["service_cost"]) * self.members
            self.record("spend_service", service)
            if self.is_strategy["community"]:
                self.charge(service, "community")

    def buy_media(self) -> None:
        """Spread every line's impressions over its audience and pay for them."""
        for line in self.lines:
            line.buy()
        self.live_lines = [line for line in self.lines if line.rate > 0]

    def plant_seeds(self) -> None:
        """Give chosen consumers the product and let them talk about it."""
        for seeding in self.model.seedings:
            if seeding.brand is self and seeding.step == self.model.now:
                cost = seeding.cost * len(seeding.consumers)
                self.record("spend_seeding", cost)
                self.charge(cost)
                for consumer in seeding.consumers:
                    consumer.receive_seed(self)

    # ---- when consumers buy

    def shelf_of(self, consumer: Consumer) -> int:
        """Return the place of the stock that serves a consumer."""
        return 0 if self.is_pooled else consumer.region

    def is_sold_out_for(self, consumer: Consumer) -> bool:
        """Return whether the stock that serves a consumer ran out in this step."""
        return self.sold_out[self.shelf_of(consumer)]

    def serve(self, orders: list[Order]) -> list[Order]:
        """Let orders meet stock, region by region; return those that are refused.

        Where more is ordered than is there, the orders with the lowest priority draw are served, ties by
        consumer.
        """
        refused: list[Order] = []
        for shelf in range(len(self.stock)):
            asking = [order for order in orders if self.shelf_of(order.consumer) == shelf]
            available = int(min(self.stock[shelf], _MOST_UNITS))
            if len(asking) > available:
                chance = self.model.chance
                asking.sort(key=lambda order: (chance.priority(order.consumer.index), order.consumer.index))
                refused += asking[available:]
                asking = asking[:available]
                self.sold_out[shelf] = True
            for order in asking:
                order.is_accepted = True
            self.stock[shelf] -= len(asking)
        self.record("refused", len(refused))
        return refused

    def sell(self, listed: int, after_cut: int, after_coupon: int, paid: int, *, by_strategy: bool) -> None:
        """Book a unit sold: from the list price through cut and coupon (``by_strategy``) to what was paid."""
        self.record("revenue", paid)
        self.record("cost_of_goods", ledger.money(self.unit_cost))
        self.record("spend_discounts", listed - paid)
        if self.is_strategy["price_cut"]:
            self.charge(listed - after_cut, "price_cut")
        if by_strategy:
            self.charge(after_cut - after_coupon)
        if self.is_strategy["group_buying"]:
            self.charge(after_coupon - paid, "group_buying")

    def reward(self, amount: int) -> None:
        """Pay sender and receiver of an invitation that was used."""
        self.record("spend_rewards", amount)
        self.record("redeemed")
        if self.is_strategy["referral"]:
            self.charge(amount, "referral")

    def hear_from_buyer(self, satisfaction: Any) -> None:
        """Record how content a buyer is."""
        self.record("satisfaction", mathematics.fixed_point(satisfaction))
        self.record("promoters", int(experience.is_promoter(satisfaction)))
        self.record("detractors", int(experience.is_detractor(satisfaction)))

    def promise_group(self, consumer: Consumer) -> Commitment:
        """Promise a consumer the group discount on this step's terms."""
        self.record("group_commitments")
        self.committing.append(consumer)
        deadline = self.model.now + int(self.terms["group_deadline"])
        discount, size = self.terms["group_discount"], int(self.terms["group_size"])
        return Commitment(self, self.model.now, self.price, discount, size, deadline, self._reserve())

    def admit_groups(self) -> None:
        """Set money aside for this step's commitments; where it does not suffice for all, a lot decides."""
        asking = [
            (self.model.chance.priority(consumer.index), consumer.index, consumer, commitment)
            for consumer in self.committing
            if (commitment := consumer.commitment) is not None
        ]
        self.committing = []
        if self.runs("group_buying"):
            self.latest_commitments = len(asking)
        asking.sort(key=lambda entry: entry[:2])
        for _, _, consumer, commitment in asking[self.group_places :]:
            commitment.is_admitted = False
            consumer.let_know(self, "committed", -1)
        self.reserved += sum(commitment.reserve for *_, commitment in asking[: self.group_places])

    def publish_reviews(self, n_reviews: int, satisfaction: Any) -> None:
        """Add the public ratings of those for whom a buyer stands."""
        share = n_reviews / self.model.people
        self.record("reviews", int(ledger.whole_units(share)))
        self.record("review_value", int(ledger.whole_units(share * float(satisfaction))))
        self.review_count += n_reviews
        self.review_sum += n_reviews * int(mathematics.fixed_point(satisfaction))

    # ---- at the end of a step

    def close_books(self) -> None:
        """Record where the brand stands at the end of a step."""
        self.latest_units = self.tally["purchases"]
        self.sold_out = [False] * len(self.stock)
        self.record("needs", self.model.n_needs)
        self.record("customers", self.installed_base)
        self.relations.close_books()
