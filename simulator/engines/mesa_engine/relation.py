"""What one consumer has with one brand: attention, memory, belief, habit, trust and membership.

A relation's methods are what happens to one consumer and one brand alone. What happens to everybody in the same
way stands in :class:`~simulator.engines.mesa_engine.relations.Relations`, and so do the states that it changes: a
relation shows its entries. Every number comes from a rule in :mod:`simulator.model.rules`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.engines.mesa_engine.chance import ONE, ZERO
from simulator.engines.mesa_engine.columns import entry
from simulator.engines.mesa_engine.messages import LONG_AGO, Inbox, Offer, SharedPiece, Talk
from simulator.engines.mesa_engine.rules import (
    attention,
    choice,
    community,
    content,
    experience,
    mathematics,
    precision,
    referral,
    search,
    word_of_mouth,
)
from simulator.model import initialization
from simulator.model.observation import SOURCES

if TYPE_CHECKING:
    from simulator.engines.mesa_engine.agents import Consumer
    from simulator.engines.mesa_engine.brands import Brand
    from simulator.engines.mesa_engine.lines import MediaLine

_MOST_HOPS = 3


class Relation:
    """One consumer's relation with one brand.

    Parameters
    ----------
    consumer, brand : Consumer, Brand
        Whose relation it is.

    Attributes
    ----------
    memory, habit, trust, belonging : number
        0..1.
    goodwill, fatigue : number
        At least 0.
    belief, evidence : number
        Believed quality, -2..2, and the experiences behind it.
    profile_x, profile_y, profile_evidence : number
        The taste that the brand has inferred, and the events behind it.
    is_follower, is_member, has_bought, was_reached : bool
        What has happened so far.
    touch : str
        The latest thing that drew attention to the brand: one of ``observation.SOURCES``.
    adopting, member, committed : int
        Neighbors whose latest purchase is the brand, who are members, who wait for a group.
    """

    __slots__ = (
        "adopting", "belonging", "brand", "click_step", "committed", "consumer", "coupon", "coupon_is_strategy",
        "coupon_until", "entries", "evidence", "habit", "has_bought", "inbox", "index", "invitation_step",
        "invited_until", "member", "profile_evidence", "read_step",
    )  # fmt: skip

    memory, goodwill, fatigue = entry("memory"), entry("goodwill"), entry("fatigue")
    belief, trust = entry("belief"), entry("trust")
    profile_x, profile_y = entry("profile_x"), entry("profile_y")
    noticed, visit_step = entry("noticed"), entry("visit_step")
    is_follower, is_member, was_reached = entry("is_follower"), entry("is_member"), entry("was_reached")

    def __init__(self, consumer: Consumer, brand: Brand) -> None:
        self.consumer = consumer
        self.brand = brand
        self.index = consumer.index
        self.entries = brand.relations.entries
        is_buyer = consumer.latest_brand is brand
        self.memory = initialization.initial_memory(is_buyer, brand.initial_memory)
        self.belief = initialization.initial_belief(is_buyer, brand.qualities[0])
        self.evidence = initialization.initial_evidence(is_buyer)
        self.habit = initialization.initial_habit(is_buyer)
        self.belonging = ZERO
        self.profile_evidence = ONE
        self.has_bought = is_buyer
        self.click_step = LONG_AGO
        self.coupon = ZERO
        self.coupon_is_strategy = False
        self.coupon_until = LONG_AGO
        self.invitation_step = LONG_AGO
        self.read_step: int | None = None
        self.invited_until = LONG_AGO
        self.adopting = 0
        self.member = 0
        self.committed = 0
        self.inbox: Inbox | None = None

    def __repr__(self) -> str:
        return (
            f"Relation(consumer {self.consumer.index} with {self.brand.name}: "
            f"memory {float(self.memory):.2f}, belief {float(self.belief):.2f}, "
            f"goodwill {float(self.goodwill):.2f}, habit {float(self.habit):.2f})"
        )

    @property
    def _now(self) -> int:
        return self.consumer.model.now

    @property
    def touch(self) -> str:
        """What drew attention to the brand last: one of ``observation.SOURCES``."""
        return SOURCES[self.entries["source"][self.index]]

    @touch.setter
    def touch(self, source: str) -> None:
        self.entries["source"][self.index] = SOURCES.index(source)

    @property
    def hits(self) -> list[MediaLine]:
        """The brand's lines that the consumer noticed in this step."""
        return [line for line in self.brand.live_lines if line.hits[self.index]]

    @property
    def weeks_since_visit(self) -> int:
        """Steps since the consumer's latest visit to the brand."""
        return self._now - self.visit_step

    @property
    def is_invited(self) -> bool:
        """Whether the consumer holds a valid invitation."""
        return self._now <= self.invited_until

    @property
    def price(self) -> Any:
        """What the consumer would pay for a unit, before any referral reward."""
        coupon = self.coupon if self._now <= self.coupon_until else ZERO
        return choice.price_after(self.brand.price, self.brand.price_cut, coupon)

    @property
    def share_of_neighbors(self) -> Any:
        """Share of those who influence the consumer whose latest purchase is the brand."""
        return choice.share_of(self.adopting, self.consumer.n_influencers)

    # ---- messages

    def open_inbox(self) -> Inbox:
        """Return the inbox for a neighbor to put something in; the consumer looks into it at the next step."""
        if self.inbox is None:
            self.inbox = Inbox()
            self.brand.relations.with_mail.append(self)
        return self.inbox

    def read_messages(self) -> None:
        """Take in what neighbors said in the last step."""
        inbox = self.inbox
        if inbox is None or inbox.contacts == 0:
            return
        p = self.consumer.model.parameters
        if inbox.weight > 0:
            value, weight = word_of_mouth.from_units(inbox.value), word_of_mouth.from_units(inbox.weight)
            self.belief = search.belief_after_message(self.belief, self.evidence, value, weight)
            self.evidence = search.evidence_after_message(self.evidence, weight, p.evidence_limit)
        self.memory = attention.memory_after_contacts(
            self.memory, inbox.contacts, self.consumer.model.log_gain_contact
        )
        self.touch = "friend"

    # ---- responses

    def respond(self) -> None:
        """Take up an invitation, see content, click advertisements, take part in the community."""
        hits = self.hits
        if self.inbox is not None:
            self.take_invitation(self.inbox)
        self.see_content(hits)
        self.click(hits)
        self.take_part()

    def take_invitation(self, inbox: Inbox) -> None:
        """Keep an invitation, on the terms of the step in which it was sent, unless one is open."""
        if inbox.is_invited and referral.takes_invitation(self.is_invited, self.has_bought):
            self.invitation_step = self._now - 1
            self.invited_until = self.invitation_step + int(self.promised("valid_weeks"))

    def promised(self, term: str) -> Any:
        """Return a term of the referral program when the consumer was invited."""
        return self.brand.term_at(self.invitation_step, term)

    def see_content(self, hits: list[MediaLine]) -> None:
        """See a piece: promoted, followed, or passed on by a neighbor."""
        p = self.consumer.model.parameters
        brand = self.brand
        shared = None if self.inbox is None else self.inbox.piece
        n_pieces = brand.terms["pieces"]
        is_direct = any(line.is_content for line in hits)
        if not (is_direct or shared or (self.is_follower and n_pieces > 0)):
            return
        u_view, u_share, u_follow, u_unfollow = self.consumer.draw("content", brand)
        if (
            self.is_follower
            and n_pieces > 0
            and u_view < content.view_probability(p.follower_attention, n_pieces)
        ):
            is_direct = True
        if is_direct and brand.latest_piece is not None:
            self._watch(SharedPiece(brand.latest_piece.published, 0), u_share, u_follow, u_unfollow)
        elif shared:
            self._watch(shared, u_share, u_follow, u_unfollow)

    def _watch(self, shared: SharedPiece, u_share: Any, u_follow: Any, u_unfollow: Any) -> None:
        p = self.consumer.model.parameters
        piece = self.brand.pieces[shared.published]
        hops = -shared.minus_hops
        self.brand.record("content_views")
        piece.reach[("piece_views_direct", "piece_views_one_hop", "piece_views_deeper")[min(hops, 2)]] += 1
        self.memory = attention.reinforced(self.memory, p.memory_gain_content)
        self.trust = content.trust_after_content(self.trust, piece.value, p.trust_gain)
        self.touch = "content"
        if self.is_follower:
            self.is_follower = not u_unfollow < content.unfollow_probability(
                piece.value, piece.promotion, p.unfollow_intercept, p.follow_value, p.share_promotion
            )
        else:
            self.is_follower = u_follow < content.follow_probability(
                piece.value, piece.promotion, p.follow_intercept, p.follow_value, p.share_promotion
            )
        if u_share < content.share_probability(
            self.consumer.sharing,
            piece.value,
            piece.appeal,
            piece.promotion,
            p.share_intercept,
            p.share_value,
            p.share_promotion,
        ):
            self.brand.record("content_shares")
            piece.reach["piece_shares"] += 1
            passed_on = SharedPiece(shared.published, -min(hops + 1, _MOST_HOPS))
            self.consumer.say(Talk(self.brand, piece=passed_on))

    def click(self, hits: list[MediaLine]) -> None:
        """Click noticed advertisements and keep their coupons."""
        p = self.consumer.model.parameters
        for line in hits:
            if line.is_content:
                continue
            if line.coupon > 0:
                self.coupon = line.coupon
                self.coupon_is_strategy = line.is_strategy
                self.coupon_until = self._now + int(p.coupon_weeks) - 1
            if line.has_click:
                utility = self.utility(self.price)
                u, z_x, z_y, _ = self.consumer.draw("click", self.brand, line.channel_id, slot=line.slot)
                if u < precision.click_probability(utility, line.click_intercept):
                    self.brand.record("clicks")
                    self.visit_step = self.click_step = self._now
                    self.reveal_taste(z_x, z_y)

    def reveal_taste(self, z_x: Any, z_y: Any) -> None:
        """Let the brand learn from one observed event, where it keeps profiles."""
        if not self.brand.keeps_profiles:
            return
        p, consumer = self.consumer.model.parameters, self.consumer
        seen_x = precision.signal(consumer.taste_x, p.profile_noise, mathematics.normal(z_x))
        seen_y = precision.signal(consumer.taste_y, p.profile_noise, mathematics.normal(z_y))
        self.profile_x = precision.profile(self.profile_x, seen_x, self.profile_evidence)
        self.profile_y = precision.profile(self.profile_y, seen_y, self.profile_evidence)
        self.profile_evidence = precision.profile_evidence(self.profile_evidence, p.profile_retention)

    def take_part(self) -> None:
        """Interact in the brand's community, belong, and perhaps leave."""
        if not self.is_member:
            return
        p, brand = self.consumer.model.parameters, self.brand
        u_interact, u_exit, _, _ = self.consumer.draw("community", brand)
        interacts = brand.runs("community") and u_interact < community.interaction_probability(
            self.consumer.sharing, p.interaction_rate
        )
        if interacts:
            brand.record("interactions")
            self.memory = attention.reinforced(self.memory, p.memory_gain_contact)
            self.touch = "community"
            if brand.terms["co_design"] > 0:
                x, y = self.consumer.taste_x, self.consumer.taste_y
                brand.wishes.append((mathematics.fixed_point(x), mathematics.fixed_point(y)))
        self.belonging = community.belonging(
            self.belonging, p.belonging_retention, p.belonging_gain, ONE if interacts else ZERO
        )
        if u_exit < community.exit_probability(self.belonging, p.community_exit):
            self.is_member = False
            self.belonging = ZERO
            self.consumer.let_know(brand, "member", -1)

    # ---- choice

    def worth(self) -> Any:
        """Return the brand's utility for the consumer before price and taste shock."""
        consumer, brand, model = self.consumer, self.brand, self.consumer.model
        p = model.parameters
        x = choice.offered_position(brand.position_x, self.profile_x, brand.tailoring)
        y = choice.offered_position(brand.position_y, self.profile_y, brand.tailoring)
        distance = choice.misfit(consumer.taste_x, consumer.taste_y, x, y)
        delay = choice.delay_term(p.delay_weight, brand.delivery_days[consumer.region])
        product = choice.product_utility(
            p.category_value, p.quality_weight, self.belief, p.fit_weight, distance, delay, p.friction
        )
        relation = choice.relation_utility(
            p.goodwill_weight, self.goodwill, p.habit_weight, self.habit,
            p.trust_weight, self.trust, p.belonging_weight, self.belonging,
        )  # fmt: skip
        social = ZERO
        if model.is_social:
            nearby = self.share_of_neighbors
            share = nearby if model.is_local else brand.share_of_consumers
            benefit = choice.externality_benefit(share, model.externality)
            social = choice.social_utility(p.externality_weight, benefit, p.social_weight, nearby)
        return choice.worth(product, relation, social)

    def utility(self, price: Any) -> Any:
        """Return the brand's utility for the consumer at a price, before the taste shock."""
        return self._at_price(self.worth(), price)

    def _at_price(self, worth: Any, price: Any) -> Any:
        cost = choice.price_term(self.consumer.price_sensitivity, price, self.consumer.model.reference_price)
        return choice.utility(worth, cost)

    def offer(self, is_settled: bool, *, may_join: bool) -> Offer | None:
        """Return the brand as the shopping consumer sees it, or None where it does not consider it.

        Parameters
        ----------
        is_settled : bool
            Whether the consumer buys in a group that was agreed on earlier, and so neither searches nor
            reads reviews.
        may_join : bool
            Whether it may commit to a group at this occasion.
        """
        brand = self.brand
        if not brand.is_available:
            return None
        u_recall, u_online, u_shock, u_read = self.consumer.draw_occasion("search", brand)
        if not is_settled and not self._consider(u_recall, u_online, u_read):
            return None
        price = self.price
        paid = price
        if self.is_invited:
            paid = choice.price_after_reward(price, self.promised("reward_receiver"))
        worth, shock = self.worth(), mathematics.gumbel(u_shock)
        utility = self._at_price(worth, paid)
        total = choice.total(utility, shock)
        offer = Offer(brand, utility, total, total)
        if may_join and brand.runs("group_buying"):
            p = self.consumer.model.parameters
            odds = community.group_odds(self.committed, int(brand.terms["group_size"]))
            cheap = choice.expected_group_price(price, brand.terms["group_discount"], odds)
            in_group = choice.delayed_total(self._at_price(worth, cheap), p.delay_weight, shock)
            if in_group > total:
                offer.best_total, offer.joins = in_group, True
        return offer

    def _consider(self, u_recall: Any, u_online: Any, u_read: Any) -> bool:
        p, brand, online = self.consumer.model.parameters, self.brand, self.consumer.online
        if not search.is_considered(
            u_recall,
            self.memory,
            self.weeks_since_visit,
            p.visit_weeks,
            u_online,
            brand.online_coverage,
            online,
        ):
            return False
        if search.is_found_online(u_online, brand.online_coverage, online):
            self.visit_step = self._now
        brand.record("considered")
        if search.reads_reviews(u_read, p.reading_propensity, online):
            self._read_reviews()
        return True

    def _read_reviews(self) -> None:
        """Read the reviews that have appeared since the latest reading."""
        p = self.consumer.model.parameters
        count, total = self.brand.reviews_since(self.read_step)
        self.read_step = self._now
        if count > 0:
            mean = search.review_mean(total, count)
            weight = search.review_weight(count, p.review_evidence, p.review_half)
            self.belief = search.belief_after_reviews(self.belief, self.evidence, mean, weight)
            self.evidence = search.evidence_after_message(self.evidence, weight, p.evidence_limit)

    # ---- experience

    def experience(self, u_experience: Any) -> tuple[Any, Any]:
        """Use the product; return satisfaction and surprise."""
        p = self.consumer.model.parameters
        satisfied = experience.satisfaction(
            self.brand.quality, p.experience_sd, mathematics.normal(u_experience)
        )
        surprise = experience.surprise(satisfied, self.belief)
        self.belief = experience.belief_after_experience(self.belief, self.evidence, satisfied)
        self.evidence = experience.evidence_after_experience(self.evidence, p.evidence_limit)
        self.memory = ONE
        return satisfied, surprise
