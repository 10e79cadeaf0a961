"""What a purchase does: money, switching, experience, reviews, invitations, joining, talk."""

from __future__ import annotations

from typing import Any

from simulator.engines.mesa_engine.chance import ZERO
from simulator.engines.mesa_engine.messages import LONG_AGO, Order, Talk
from simulator.engines.mesa_engine.rules import (
    choice,
    community,
    experience,
    ledger,
    mathematics,
    precision,
    referral,
)


class Purchase:
    """One unit bought by a consumer.

    Parameters
    ----------
    order : Order
        An accepted order.
    """

    def __init__(self, order: Order) -> None:
        assert order.brand is not None
        self.consumer = order.consumer
        self.brand = order.brand
        self.group = order.group
        self.relation = order.consumer.relation_to(order.brand)

    def carry_out(self) -> None:
        """Pay, change hands, use the product, and have something to tell."""
        is_referred = self.pay()
        self.change_hands(is_referred)
        self.live_through()

    def pay(self) -> bool:
        """Pay for the unit; return whether an invitation was used."""
        brand, price = self.brand, self.relation.price
        listed = ledger.money(brand.price)
        after_cut = ledger.money(choice.price_after(brand.price, brand.price_cut, ZERO))
        paid = after_coupon = ledger.money(price)
        if self.group is not None:
            paid -= ledger.money(choice.group_discount(price, self.group.price, self.group.discount))
        brand.sell(listed, after_cut, after_coupon, paid, by_strategy=self.relation.coupon_is_strategy)
        self.relation.coupon_until = LONG_AGO
        is_invited, self.relation.invited_until = self.relation.is_invited, LONG_AGO
        if self.group is not None or not is_invited:
            return False
        receiver = referral.reward_for_receiver(self.relation.promised("reward_receiver"), price)
        brand.reward(ledger.money(self.relation.promised("reward_sender")) + ledger.money(receiver))
        return True

    def change_hands(self, is_referred: bool) -> None:
        """Record the purchase, its source, and who switched from where."""
        consumer, brand, relation = self.consumer, self.brand, self.relation
        p = consumer.model.parameters
        brand.record("purchases")
        if consumer.latest_brand is brand:
            brand.record("repeat_purchases")
        elif consumer.latest_brand is not None:
            consumer.latest_brand.record("switched_away")
        consumer.own(brand)
        is_first = not relation.has_bought
        if is_first:
            brand.record("first_purchases")
            relation.has_bought = True
        source = relation.touch
        if self.group is not None:
            source = "community"
            brand.record("group_purchases")
        elif is_referred:
            source = "referral"
        brand.record(f"bought_by_{source}")
        if consumer.model.events is not None:
            consumer.model.events.add_purchase(consumer, brand, source, is_first=is_first)
        since_click = consumer.model.now - relation.click_step
        brand.record("converted_clicks", int(precision.visitor_weight(since_click, p.visit_weeks)))
        relation.visit_step = relation.click_step = LONG_AGO
        brand.record("delivery_days", mathematics.fixed_point(brand.delivery_days[consumer.region]))

    def live_through(self) -> None:
        """Use the product, form a habit, review, invite, join, and reveal one's taste."""
        consumer, brand = self.consumer, self.brand
        p = consumer.model.parameters
        u_experience, u_review, u_invite, u_join = consumer.draw("experience", brand)
        consumer.satisfaction, consumer.surprise = self.relation.experience(u_experience)
        for other in consumer.relations:
            is_bought = 1 if other is self.relation else 0
            other.habit = experience.habit(other.habit, p.habit_retention, is_bought)
        brand.hear_from_buyer(consumer.satisfaction)
        chance = experience.review_probability(consumer.surprise, p.review_intercept, p.review_surprise)
        n_reviews = int(experience.reviews_written(chance, consumer.model.people, u_review))
        if n_reviews > 0:
            brand.publish_reviews(n_reviews, consumer.satisfaction)
        self.talk(u_invite)
        self.join(u_join)
        self.look_back()

    def talk(self, u_invite: Any) -> None:
        """Prepare to recommend or warn, and to invite friends; where owners talk, they do so anyway."""
        consumer, brand = self.consumer, self.brand
        p = consumer.model.parameters
        invites = False
        if brand.runs("referral"):
            invites = bool(u_invite < referral.invite_probability(
                consumer.surprise, brand.terms["reward_sender"], brand.terms["reward_receiver"],
                consumer.model.reference_price, p.invite_intercept, p.invite_reward, p.altruism,
            ))  # fmt: skip
        recommends = not consumer.model.owners_talk
        if recommends or invites:
            consumer.say(
                Talk(brand, consumer.satisfaction, consumer.surprise, recommends=recommends, invites=invites)
            )

    def join(self, u_join: Any) -> None:
        """Join the brand's community, or not."""
        consumer, relation = self.consumer, self.relation
        if not self.brand.runs("community") or relation.is_member:
            return
        p = consumer.model.parameters
        if u_join < community.join_probability(
            consumer.surprise, relation.member, p.join_intercept, p.join_surprise, p.join_neighbors
        ):
            relation.is_member = True
            consumer.let_know(self.brand, "member", 1)

    def look_back(self) -> None:
        """Let the brand learn from the purchase, and see how long a durable will last."""
        consumer, model = self.consumer, self.consumer.model
        if not model.is_durable and not self.brand.keeps_profiles:
            return
        z_x, z_y, u_life, _ = consumer.draw("purchase", self.brand)
        self.relation.reveal_taste(z_x, z_y)
        if model.is_durable:
            life = int(experience.lifetime(model.mean_life, u_life))
            consumer.replacement_step = model.now + max(life, 1)
