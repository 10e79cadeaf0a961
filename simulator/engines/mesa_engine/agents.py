"""Consumers as Mesa agents.

A consumer attends to brands, responds to what reaches it, shops when it has a need, buys, and talks. What
concerns one brand stands in its :class:`~simulator.engines.mesa_engine.relation.Relation`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from mesa.discrete_space import FixedAgent

from simulator.engines.mesa_engine.chance import ZERO
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
from simulator.model import draws
from simulator.model.mathematics import gumbel
from simulator.model.rules import (
    attention,
    choice,
    community,
    referral,
    search,
    word_of_mouth,
)

if TYPE_CHECKING:
    from simulator.engines.mesa_engine.brands import Brand
    from simulator.engines.mesa_engine.lines import MediaLine
    from simulator.engines.mesa_engine.model import MarketModel

_NEVER = 2**30


class Traits(NamedTuple):
    """What a consumer gets from the population, for good (tastes may shift)."""

    cell: int
    need_rate: Any
    price_sensitivity: Any
    taste_x: Any
    taste_y: Any
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

    def __init__(self, model: MarketModel, index: int, traits: Traits) -> None:
        super().__init__(model)
        self.index = index
        self.cell = model.space[index]
        self.market_cell = traits.cell
        self.region = int(model.market.arrays.cell_region[traits.cell])
        self.demographic = int(model.market.arrays.cell_demographic[traits.cell])
        self.need_rate = traits.need_rate
        self.price_sensitivity = traits.price_sensitivity
        self.taste_x, self.taste_y = traits.taste_x, traits.taste_y
        self.online = traits.online
        self.sharing = traits.sharing
        self.threshold = traits.threshold
        self.n_influencers = int(model.world.in_degree[index])
        latest = int(model.world.latest_brand[index])
        self.latest_brand: Brand | None = model.brands[latest] if latest >= 0 else None
        self.replacement_step = int(model.world.replacement_step[index])
        self.satisfaction = ZERO if self.latest_brand is None else self.latest_brand.qualities[0]
        self.surprise = ZERO
        self.has_need = False
        self.has_open_need = False
        self.commitment: Commitment | None = None
        self.occasion = 0
        self.order: Order | None = None
        self.talks: list[Talk] = []
        self.news: list[News] = []
        self.relations = [Relation(self, brand) for brand in model.brands]

    def __repr__(self) -> str:
        latest = "nothing yet" if self.latest_brand is None else self.latest_brand.name
        return f"Consumer({self.index}, {self.model.market.cells[self.market_cell]}, bought {latest} last)"

    @cached_property
    def ties(self) -> list[Tie]:
        """Ties to those whom the consumer can influence."""
        return list(self.model.ties_of(self))

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

    def draw_notice(self, line: MediaLine) -> Any:
        """Return the uniform number that decides whether the consumer notices a line in this step."""
        address = {"brand": line.brand.id, "slot": line.slot}
        return self.model.chance.draw_dense("notice", self.index, line.channel_id, **address)

    # ---- attention

    def shift_taste(self) -> None:
        """Follow a scheduled shift of the demographic's taste."""
        shift_x, shift_y = self.model.taste_shift(self.demographic)
        self.taste_x = choice.shifted_taste(self.taste_x, shift_x)
        self.taste_y = choice.shifted_taste(self.taste_y, shift_y)

    def attend(self) -> None:
        """Read last step's messages, notice advertisements, remember and forget, and feel needs."""
        clear = self._meet_advertising()
        for relation in self.relations:
            relation.read_messages()
            if relation.brand.has_media:
                relation.notice(clear)
            relation.remember()
        self._feel_need()

    def _meet_advertising(self) -> Any:
        """Meet all brands' lines; return what clutter leaves of attention."""
        clutter = ZERO
        for relation in self.relations:
            relation.exposures = [(line, line.impressions(relation)) for line in relation.brand.live_lines]
            for _, impressions in relation.exposures:
                clutter = attention.impressions_together(clutter, impressions)
        return attention.clutter_factor(clutter, self.model.parameters.clutter_half)

    def _feel_need(self) -> None:
        u = self.model.chance.draw_dense("need", self.index)
        self.has_need = bool(u < search.need_probability(self.need_rate, self.model.season))
        if self.model.is_durable and self.latest_brand is not None and self.model.now < self.replacement_step:
            self.has_need = False
        self.has_need = (self.has_need or self.has_open_need) and self.commitment is None
        if self.has_need:
            self.model.n_needs += 1

    # ---- responses and choice

    def respond(self) -> None:
        """Take up invitations, see content, click advertisements, take part in communities."""
        for relation in self.relations:
            relation.take_invitation()
            relation.see_content()
            relation.click()
            relation.take_part()

    def shop(self) -> None:
        """Buy in a group that is complete; otherwise, with a need, choose among brands and doing without."""
        self.order = None
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
        outside = gumbel(u_outside)
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
        self.order = Order(self, brand, offers, outside, gumbel(u_wait), group=settled, first=brand)

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
        self.commitment = brand.promise_group()
        self.relation_to(brand).visit_step = self.model.now
        self.talks.append(Talk(brand, commits=True))
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
            self.talks.append(Talk(brand, satisfied, surprise, recommends=True, is_seed=True))
        if self.model.is_durable and self.latest_brand is not brand:
            self.own(brand)
            self.replacement_step = _NEVER
            self.satisfaction, self.surprise = satisfied, surprise

    # ---- word of mouth

    def tell_neighbors(self) -> None:
        """Say what there is to say; where owners talk, they do so at every step."""
        if self.model.owners_talk and self.latest_brand is not None:
            self.talks.append(Talk(self.latest_brand, self.satisfaction, self.surprise, recommends=True))
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
        own = draws.SEED_OCCURRENCE if talk.is_seed else 0
        for tie in self.ties:
            inbox = tie.neighbor.relation_to(brand).inbox
            u_talk, u_invite, u_feed, u_group = self.draw(
                "tie", brand, tie.neighbor.index, slot=tie.occurrence + own
            )
            if talk.recommends and u_talk < word_of_mouth.talk_probability(tie.rate, intensity):
                inbox.add_message(weight, talk.satisfaction)
                is_good = bool(talk.surprise >= 0)
                brand.record("contacts_positive" if is_good else "contacts_negative")
                self._note(tie, brand, "praise" if is_good else "warning")
            if talk.invites and u_invite < chance_to_invite:
                inbox.add_message(rewarded_weight, talk.satisfaction)
                inbox.add_invitation()
                brand.record("invitations")
                self._note(tie, brand, "invitation")
            if talk.piece is not None and u_feed < p.feed_attention:
                inbox.add_piece(talk.piece)
                brand.record("shared_views")
                self._note(tie, brand, "piece")
            if talk.commits and u_group < word_of_mouth.talk_probability(tie.rate, self.sharing):
                inbox.contacts += 1
                self._note(tie, brand, "group offer")

    def _note(self, tie: Tie, brand: Brand, kind: str) -> None:
        if self.model.events is not None:
            self.model.events.add_message(self, tie.neighbor, brand, kind)

    def let_know(self, brand: Brand, what: str, change: int) -> None:
        """Note a change that neighbors will see from the next step on."""
        self.news.append(News(brand, what, change))

    def announce(self) -> None:
        """Let neighbors see who adopted, joined or committed in this step."""
        for brand, what, change in self.news:
            for tie in self.ties:
                relation = tie.neighbor.relation_to(brand)
                setattr(relation, what, getattr(relation, what) + change)
        self.news = []
