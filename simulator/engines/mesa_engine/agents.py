"""Consumers as Mesa agents.

A consumer shops when it has a need, buys, and talks. What concerns one brand stands in its
:class:`~simulator.engines.mesa_engine.relation.Relation`. States that change for everybody at once stand in the
columns of :class:`~simulator.engines.mesa_engine.crowd.Crowd`: a consumer shows its entries.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from mesa.discrete_space import FixedAgent

from simulator.engines.mesa_engine.chance import ZERO
from simulator.engines.mesa_engine.columns import entry
from simulator.engines.mesa_engine.crowd import NOTHING
from simulator.engines.mesa_engine.messages import (
    Commitment,
    News,
    Offer,
    Order,
    Talk,
    Tie,
)
from simulator.engines.mesa_engine.purchase import Purchase
from simulator.engines.mesa_engine.relation import Relation
from simulator.engines.mesa_engine.rules import (
    attention,
    choice,
    community,
    mathematics,
    referral,
    word_of_mouth,
)
from simulator.model.draws import SEED_OCCURRENCE

if TYPE_CHECKING:
    from simulator.engines.mesa_engine.brands import Brand
    from simulator.engines.mesa_engine.model import MarketModel

_NEVER = 2**30


class Traits(NamedTuple):
    """What a consumer gets from the population, for good (tastes may shift)."""

    price_sensitivity: Any
    online: Any
    sharing: Any
    threshold: Any


class Consumer(FixedAgent):
    """One consumer.

    Parameters
    ----------
    model : MarketModel
        The market.
    index : int
        Number of the consumer in the population and its node in the space.
    traits : Traits
        What the population gave it.

    Attributes
    ----------
    market_cell, region, demographic : int
        Place in the population's grid. Mesa's ``cell`` is the consumer's node in the social network.
    need_rate, price_sensitivity, taste_x, taste_y, online, sharing, threshold : number
        Traits.
    has_need, has_open_need, is_committed : bool
        Whether it shops in this step, has put off a purchase, waits for a group.
    relations : list of Relation
        One for each brand, in the order of the model's brands.
    latest_brand : Brand or None
        What it bought last.
    satisfaction, surprise : number
        With its latest purchase.
    commitment : Commitment or None
        The group it waits for.
    occasion : int
        The step whose luck it shops with: this one, or that of the commitment that is settled.
    order : Order or None
        What it ordered in this step.
    """

    model: MarketModel
    market_cell, region, demographic = entry("market_cell"), entry("region"), entry("demographic")
    need_rate, taste_x, taste_y = entry("need_rate"), entry("taste_x"), entry("taste_y")
    has_need, has_open_need, is_committed = entry("has_need"), entry("has_open_need"), entry("is_committed")
    replacement_step = entry("replacement_step")

    def __init__(self, model: MarketModel, index: int, traits: Traits) -> None:
        super().__init__(model)
        self.index = index
        self.entries = model.crowd.entries
        self.cell = model.space[index]
        self.price_sensitivity = traits.price_sensitivity
        self.online = traits.online
        self.sharing = traits.sharing
        self.threshold = traits.threshold
        self.n_influencers = int(model.world.in_degree[index])
        self.satisfaction = ZERO if self.latest_brand is None else self.latest_brand.qualities[0]
        self.surprise = ZERO
        self._commitment: Commitment | None = None
        self.occasion = 0
        self.order: Order | None = None
        self.talks: list[Talk] = []
        self.news: list[News] = []
        self.relations = [Relation(self, brand) for brand in model.sellers]

    def __repr__(self) -> str:
        latest = "nothing yet" if self.latest_brand is None else self.latest_brand.name
        return f"Consumer({self.index}, {self.model.market.cells[self.market_cell]}, bought {latest} last)"

    @property
    def latest_brand(self) -> Brand | None:
        """The brand that the consumer bought last."""
        index = self.entries["latest"][self.index]
        return None if index == NOTHING else self.model.sellers[index]

    @latest_brand.setter
    def latest_brand(self, brand: Brand) -> None:
        self.entries["latest"][self.index] = brand.index

    @property
    def commitment(self) -> Commitment | None:
        """The group that the consumer waits for."""
        return self._commitment

    @commitment.setter
    def commitment(self, commitment: Commitment | None) -> None:
        self._commitment = commitment
        self.is_committed = commitment is not None

    @cached_property
    def ties(self) -> list[Tie]:
        """Ties to those whom the consumer can influence."""
        return list(self.model.ties_of(self))

    @cached_property
    def tie_rates(self) -> set[Any]:
        """How readily ties carry talk, each rate once."""
        return {tie.rate for tie in self.ties}

    @cached_property
    def tie_addresses(self) -> tuple[np.ndarray, np.ndarray]:
        """Receiver and occurrence of each tie, as the draws on ties are addressed."""
        receivers = [tie.neighbor.index for tie in self.ties]
        return np.array(receivers, np.int64), np.array([tie.occurrence for tie in self.ties], np.int64)

    def relation_to(self, brand: Brand) -> Relation:
        """Return the relation with a brand."""
        return self.relations[brand.index]

    def draw(self, stream: str, brand: Brand | None = None, second: int = 0, *, slot: int = 0) -> Any:
        """Return the four uniform numbers of an address of this consumer in this step."""
        brand_id = 0 if brand is None else brand.id
        return self.model.chance.draw(stream, self.index, second, brand=brand_id, slot=slot)

    def draw_occasion(self, stream: str, brand: Brand | None = None) -> Any:
        """Return the same for the step in which the consumer's present occasion to shop began."""
        brand_id = 0 if brand is None else brand.id
        return self.model.chance.draw(stream, self.index, brand=brand_id, step=self.occasion)

    # ---- choice

    def shop(self) -> None:
        """Buy in a group that is complete; otherwise, with a need, choose among brands and doing without."""
        self.occasion = self.model.now
        commitment, settled = self.commitment, None
        if commitment is not None:
            is_complete = self._group_is_complete(commitment)
            if commitment.is_admitted and not is_complete and self.model.now < commitment.deadline:
                return
            self.commitment = None
            self.occasion = commitment.step
            if commitment.is_admitted:
                commitment.brand.reserved -= commitment.reserve
                self.let_know(commitment.brand, "committed", -1)
            if is_complete:
                settled = commitment
            else:
                self._lapse(commitment.brand)
        if settled is not None or self.has_need:
            self._choose(settled, may_join=commitment is None)

    def _group_is_complete(self, commitment: Commitment) -> bool:
        committed = self.relation_to(commitment.brand).committed
        is_offered = commitment.is_admitted and commitment.brand.is_available
        return is_offered and bool(community.group_is_complete(committed, commitment.size))

    def _lapse(self, brand: Brand) -> None:
        """Learn that a group has come to nothing; the need for which it was joined is there again."""
        self.has_need = True
        self.model.n_needs += 1
        self.relation_to(brand).visit_step = self.model.now
        brand.record("group_failures")

    def _choose(self, settled: Commitment | None, *, may_join: bool) -> None:
        """Choose among all brands, or take the one that a group has settled on."""
        u_outside, u_wait, _, _ = self.draw_occasion("outside")
        outside = mathematics.gumbel(u_outside)
        wanted = self.relations if settled is None else [self.relation_to(settled.brand)]
        offers = [
            offer
            for relation in wanted
            if (offer := relation.offer(settled is not None, may_join=may_join)) is not None
        ]
        chosen = self._select(offers, outside, is_settled=settled is not None)
        self.has_open_need = False
        if chosen is not None and chosen.joins:
            self._commit(chosen.brand)
            return
        brand = None if chosen is None else chosen.brand
        self.order = Order(
            self, brand, offers, outside, mathematics.gumbel(u_wait), group=settled, first=brand
        )
        self.model.orders.append(self.order)

    def _select(self, offers: list[Offer], outside: Any, *, is_settled: bool) -> Offer | None:
        """Return the offer that the market's way of choosing selects, or None for doing without."""
        if is_settled:
            return offers[0] if offers else None
        if self.model.is_threshold:
            return self._adopt(offers)
        if self.model.is_passive:
            # only the brand that comes to mind first is compared with doing without
            offers = sorted(offers, key=lambda offer: self.relation_to(offer.brand).memory, reverse=True)[:1]
        best, selected = outside, None
        for offer in offers:
            if offer.best_total > best:
                best, selected = offer.best_total, offer
        return selected

    def _adopt(self, offers: list[Offer]) -> Offer | None:
        """Return the first offer whose neighbors' share and advertising push reach the threshold."""
        for offer in offers:
            relation = self.relation_to(offer.brand)
            push = attention.memory(ZERO, ZERO, relation.noticed, self.model.log_gain_ad)
            if choice.adopts_by_threshold(relation.share_of_neighbors, push, self.threshold):
                offer.joins = False
                return offer
        return None

    def _commit(self, brand: Brand) -> None:
        """Promise to buy in a group, and ask the neighbors to join."""
        self.commitment = brand.promise_group(self)
        self.relation_to(brand).visit_step = self.model.now
        self.say(Talk(brand, commits=True))
        self.let_know(brand, "committed", 1)

    # ---- fulfillment and experience

    def choose_again(self) -> None:
        """After a refusal substitute, wait a week, or do without; the taste shocks stay the same."""
        order = self.order
        assert order is not None and order.first is not None
        p = self.model.parameters
        best, order.brand, order.group, waits = order.outside, None, None, False
        left = [offer for offer in order.offers if not offer.brand.is_sold_out_for(self)]
        first = next(offer for offer in order.offers if offer.brand is order.first)
        patience = choice.delayed_total(first.utility, p.delay_weight, order.waiting_shock)
        if patience > best:
            best, waits = patience, True
        substitute = self._substitute(left)
        if substitute is not None and (self.model.is_threshold or substitute.total > best):
            order.brand, waits = substitute.brand, False
        if waits:
            order.first.record("delayed")
            self.has_open_need = True

    def _substitute(self, left: list[Offer]) -> Offer | None:
        """Return which of the offers left the market's way of choosing selects, before doing without."""
        if self.model.is_threshold:
            return self._adopt(left)
        if self.model.is_passive:
            return max(left, key=lambda offer: self.relation_to(offer.brand).memory, default=None)
        return max(left, key=lambda offer: offer.total, default=None)

    def buy(self) -> None:
        """Carry out an accepted order: pay, use the product, and have something to tell."""
        if self.order is not None and self.order.is_accepted:
            Purchase(self.order).carry_out()

    def own(self, brand: Brand) -> None:
        """Count the brand as the latest bought, for neighbors to see."""
        if self.latest_brand is brand:
            return
        if self.latest_brand is not None:
            self.let_know(self.latest_brand, "adopting", -1)
        self.latest_brand = brand
        self.let_know(brand, "adopting", 1)

    def receive_seed(self, brand: Brand) -> None:
        """Get the product from the brand, use it, and talk about it or own it."""
        relation = self.relation_to(brand)
        _, u, _, _ = self.draw("seed", brand)
        satisfied, surprise = relation.experience(u)
        if not self.model.owners_talk:
            self.say(Talk(brand, satisfied, surprise, recommends=True, is_seed=True))
        if self.model.is_durable and self.latest_brand is not brand:
            self.own(brand)
            self.replacement_step = _NEVER
            self.satisfaction, self.surprise = satisfied, surprise

    # ---- word of mouth

    def say(self, talk: Talk) -> None:
        """Have something to say at the end of the step."""
        if not self.talks:
            self.model.talkers.append(self)
        self.talks.append(talk)

    def talk_as_owner(self) -> None:
        """Have the latest purchase to talk about, as owners do at every step where they talk."""
        assert self.latest_brand is not None
        self.say(Talk(self.latest_brand, self.satisfaction, self.surprise, recommends=True))

    def tell_neighbors(self) -> None:
        """Say what there is to say."""
        for talk in self.talks:
            self._tell(talk)
        self.talks = []

    def _tell(self, talk: Talk) -> None:
        p, brand = self.model.parameters, talk.brand
        intensity = word_of_mouth.talk_intensity(
            self.sharing, talk.surprise, p.talk_base, p.surprise_unit, p.loss_factor
        )
        credibility = p.rewarded_credibility if brand.terms["reward_sender"] > 0 else 1
        weight = word_of_mouth.message_weight(p.friend_credibility, 1)
        rewarded_weight = word_of_mouth.message_weight(p.friend_credibility, credibility)
        chance_to_invite = referral.invitation_probability(brand.terms["invitations"], len(self.ties))
        chance_to_talk = {rate: word_of_mouth.talk_probability(rate, intensity) for rate in self.tie_rates}
        for tie, (u_talk, u_invite, u_feed, u_group) in zip(self.ties, self._draw_ties(talk), strict=True):
            if talk.recommends and u_talk < chance_to_talk[tie.rate]:
                tie.inbox(brand).add_message(weight, talk.satisfaction)
                is_good = bool(talk.surprise >= 0)
                brand.record("contacts_positive" if is_good else "contacts_negative")
                self._note(tie, brand, "praise" if is_good else "warning")
            if talk.invites and u_invite < chance_to_invite:
                tie.inbox(brand).add_message(rewarded_weight, talk.satisfaction)
                tie.inbox(brand).add_invitation()
                brand.record("invitations")
                self._note(tie, brand, "invitation")
            if talk.piece is not None and u_feed < p.feed_attention:
                tie.inbox(brand).add_piece(talk.piece)
                brand.record("shared_views")
                self._note(tie, brand, "piece")
            if talk.commits and u_group < word_of_mouth.talk_probability(tie.rate, self.sharing):
                tie.inbox(brand).contacts += 1
                self._note(tie, brand, "group offer")

    def _draw_ties(self, talk: Talk) -> list[Any]:
        receivers, occurrences = self.tie_addresses
        if talk.is_seed:
            occurrences = occurrences + SEED_OCCURRENCE
        return self.model.chance.draw_ties(self.index, receivers, occurrences, brand=talk.brand.id)

    def _note(self, tie: Tie, brand: Brand, kind: str) -> None:
        if self.model.events is not None:
            self.model.events.add_message(self, tie.neighbor, brand, kind)

    def let_know(self, brand: Brand, what: str, change: int) -> None:
        """Note a change that neighbors will see from the next step on."""
        if not self.news:
            self.model.announcers.append(self)
        self.news.append(News(brand, what, change))

    def announce(self) -> None:
        """Let neighbors see who adopted, joined or committed in this step."""
        for brand, what, change in self.news:
            for tie in self.ties:
                relation = tie.neighbor.relation_to(brand)
                setattr(relation, what, getattr(relation, what) + change)
        self.news = []
