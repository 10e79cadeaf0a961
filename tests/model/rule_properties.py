"""One row per rule: where its arguments live, in which direction each moves the result, and its range.

A sign is ``+`` where the result never falls as the argument rises, ``-`` where it never rises, ``.`` where
neither is claimed. Every rule of every process family must have a row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from simulator.model import initialization as start
from simulator.model.rules import (
    attention,
    choice,
    community,
    content,
    experience,
    ledger,
    precision,
    referral,
    search,
    word_of_mouth,
)

Interval = tuple[float, float]
UNIT: Interval = (0.0, 1.0)
LOGITS: Interval = (-20.0, 20.0)
QUALITY: Interval = (-2.0, 2.0)
SURPRISE: Interval = (-4.0, 4.0)
TASTE: Interval = (-5.0, 5.0)
STOCK: Interval = (0.0, 50.0)
PRICE: Interval = (0.01, 1000.0)
WEIGHT: Interval = (0.0, 20.0)
NORMAL: Interval = (-5.5, 5.5)
EVIDENCE: Interval = (1.0, 100.0)
COUNT: Interval = (0.0, 1e6)
DAYS: Interval = (0.0, 365.0)
ANY: Interval = (-1e30, 1e30)
LOG_GAIN: Interval = (-10.0, 0.0)
UNITS: Interval = (-1e9, 1e9)


class Row(NamedTuple):
    """What is claimed of one rule."""

    rule: Callable[..., Any]
    domain: tuple[Interval, ...]
    signs: str
    range: Interval = ANY
    whole: tuple[int, ...] = ()
    """Positions of arguments that are whole numbers."""


ROWS: tuple[Row, ...] = (
    Row(attention.relevance, (TASTE,) * 4, "....", UNIT),
    Row(attention.expected_impressions, (STOCK, UNIT, STOCK), "+++", STOCK),
    Row(attention.clutter_factor, (STOCK, (0.1, 1e6)), "-+", UNIT),
    Row(attention.fatigue_factor, (STOCK, (0.0, 2.0)), "--", UNIT),
    Row(attention.notice_probability, (STOCK, (0.0, 2.0), UNIT, UNIT, UNIT), "+++++", UNIT),
    Row(attention.fatigue, (STOCK, (0.0, 0.99), STOCK), "+++", (0.0, 100.0)),
    Row(attention.goodwill, (STOCK, (0.0, 0.999), STOCK), "+++", (0.0, 100.0)),
    Row(attention.log_remainder, (UNIT,), "-", (-14.0, 0.0)),
    Row(attention.memory, (UNIT, UNIT, (0.0, 20.0), LOG_GAIN), "+++-", UNIT),
    Row(attention.memory_after_contacts, (UNIT, (0.0, 100.0), LOG_GAIN), "++-", UNIT),
    Row(attention.reinforced, (UNIT, UNIT), "++", UNIT),
    Row(attention.is_below, (UNIT, UNIT), "-+", UNIT),
    Row(attention.impressions_together, (STOCK, STOCK), "++", (0.0, 100.0)),
    Row(attention.wasted_impressions, (STOCK, UNIT), "+-", STOCK),
    Row(attention.is_aware, (UNIT,), "+", UNIT),
    Row(choice.misfit, (TASTE,) * 4, "....", (0.0, 200.0)),
    Row(choice.offered_position, (TASTE, TASTE, UNIT), "++.", TASTE),
    Row(choice.price_after, (PRICE, (0.0, 0.9), (0.0, 0.9)), "+--", (0.0, 1000.0)),
    Row(choice.price_term, (WEIGHT, PRICE, PRICE), ".+-"),
    Row(choice.product_utility, (LOGITS, WEIGHT, QUALITY, WEIGHT, STOCK, DAYS, WEIGHT), "+.+----"),
    Row(choice.relation_utility, (WEIGHT, STOCK, WEIGHT, UNIT, WEIGHT, UNIT, WEIGHT, UNIT), "++++++++"),
    Row(choice.delay_term, ((0.0, 5.0), DAYS), "++", (0.0, 2000.0)),
    Row(choice.expected_group_price, (PRICE, (0.0, 0.9), UNIT), "+--", (0.0, 1000.0)),
    Row(choice.group_discount, (PRICE, PRICE, (0.0, 0.9)), "+++", (0.0, 900.0)),
    Row(choice.total, (LOGITS, LOGITS), "++"),
    Row(choice.delayed_total, (LOGITS, (0.0, 5.0), LOGITS), "+-+"),
    Row(choice.externality_benefit, (UNIT, (0, 2)), "+.", UNIT, (1,)),
    Row(choice.social_utility, (WEIGHT, UNIT, WEIGHT, UNIT), "++++", (0.0, 40.0)),
    Row(choice.worth, (LOGITS, LOGITS, LOGITS), "+++"),
    Row(choice.utility, (LOGITS, LOGITS), "+-"),
    Row(choice.adopts_by_threshold, (UNIT, UNIT, UNIT), "++-", UNIT),
    Row(choice.shifted_taste, (TASTE, TASTE), "++"),
    Row(choice.share_of, ((0, 1000), (0, 1000)), "+-", (0.0, 1000.0), (0, 1)),
    Row(choice.price_after_reward, (PRICE, PRICE), "+-", (0.0, 1000.0)),
    Row(community.join_probability, (SURPRISE, COUNT, LOGITS, WEIGHT, WEIGHT), ".++.+", UNIT),
    Row(community.interaction_probability, ((0.0, 20.0), (0.0, 10.0)), "++", UNIT),
    Row(community.belonging, (UNIT, (0.9, 1.0), (0.0, 0.9), UNIT), "+++.", UNIT),
    Row(community.exit_probability, (UNIT, UNIT), "-+", UNIT),
    Row(community.mean_wish, ((-(10**12), 10**12), (1, 10**7)), "+.", ANY, (0, 1)),
    Row(community.redesigned, (TASTE, TASTE, UNIT), "++.", TASTE),
    Row(community.group_odds, ((0, 50), (1, 50)), "+-", UNIT, (0, 1)),
    Row(community.group_is_complete, ((0, 50), (0, 50)), "+.", UNIT, (0, 1)),
    Row(content.piece_value, (QUALITY, (0.0, 5.0), NORMAL), "+.+"),
    Row(content.piece_appeal, ((0.0, 5.0), NORMAL), ".+"),
    Row(content.view_probability, (UNIT, (0.0, 50.0)), "++", UNIT),
    Row(
        content.share_probability,
        ((0.0, 20.0), SURPRISE, LOGITS, UNIT, LOGITS, (0.0, 10.0), (0.0, 10.0)),
        "+++-+.-",
        UNIT,
    ),
    Row(content.follow_probability, (SURPRISE, UNIT, LOGITS, (0.0, 10.0), (0.0, 10.0)), "+-+.-", UNIT),
    Row(content.unfollow_probability, (SURPRISE, UNIT, LOGITS, (0.0, 10.0), (0.0, 10.0)), "-++.+", UNIT),
    Row(content.trust_after_content, (UNIT, SURPRISE, UNIT), "+++", UNIT),
    Row(content.trust_after_week, (UNIT, UNIT, UNIT), "++.", UNIT),
    Row(experience.satisfaction, (QUALITY, (0.0, 2.0), NORMAL), "+.+", QUALITY),
    Row(experience.belief_after_experience, (QUALITY, EVIDENCE, QUALITY), "+.+", QUALITY),
    Row(experience.evidence_after_experience, (EVIDENCE, EVIDENCE), "++", EVIDENCE),
    Row(experience.habit, (UNIT, UNIT, UNIT), "+.+", UNIT),
    Row(experience.review_probability, (SURPRISE, LOGITS, WEIGHT), ".++", UNIT),
    Row(experience.reviews_written, (UNIT, (0.01, 1e6), UNIT), "+++", (0.0, 1e6)),
    Row(experience.lifetime, ((0.1, 1e4), UNIT), "++", (0.0, 1.6e4)),
    Row(experience.surprise, (QUALITY, QUALITY), "+-", SURPRISE),
    Row(experience.is_promoter, (QUALITY,), "+", UNIT),
    Row(experience.is_detractor, (QUALITY,), "-", UNIT),
    Row(ledger.money, ((-1e9, 1e9),), "+"),
    Row(
        ledger.affordable_cut,
        ((0.0, 0.9), (-1000, 10**9), (0, 10**6), (0, 10**6)),
        "++--",
        (0.0, 0.9),
        (1, 2, 3),
    ),
    Row(ledger.cost_of, ((0.0, 1e6), (0.0, 1e4)), "++"),
    Row(
        ledger.group_places,
        ((-1000, 10**9), (0, 10**6), (0, 10**6), (0, 10**9)),
        "+.--",
        (0.0, 1e9),
        (0, 1, 2, 3),
    ),
    Row(ledger.whole_units, ((0.0, 1e9),), "+"),
    Row(precision.fit_weight, (*((TASTE,) * 4), (0.0, 20.0)), "....-", UNIT),
    Row(precision.visitor_weight, ((-10.0, 1e6), (1.0, 26.0)), "-+", UNIT),
    Row(precision.click_probability, (LOGITS, LOGITS), "++", UNIT),
    Row(precision.profile, (TASTE, TASTE, (0.0, 1000.0)), "++.", TASTE),
    Row(precision.profile_evidence, ((0.0, 1000.0), UNIT), "++", (1.0, 1001.0)),
    Row(precision.signal, (TASTE, (0.0, 5.0), NORMAL), "+.+"),
    Row(
        referral.invite_probability,
        (SURPRISE, (0.0, 100.0), (0.0, 100.0), PRICE, LOGITS, (0.0, 50.0), UNIT),
        "+++-+++",
        UNIT,
    ),
    Row(referral.invitation_probability, ((0.0, 100.0), COUNT), "+-", UNIT),
    Row(referral.takes_invitation, ((0, 1), (0, 1)), "--", UNIT, (0, 1)),
    Row(referral.reward_for_receiver, (PRICE, PRICE), "++", PRICE),
    Row(search.need_probability, ((0.0, 50.0), (0.0, 100.0)), "++", UNIT),
    Row(search.is_considered, (UNIT, UNIT, (0.0, 1e6), (0.0, 26.0), UNIT, UNIT, UNIT), "-+-+-++", UNIT),
    Row(search.is_found_online, (UNIT, UNIT, UNIT), "-++", UNIT),
    Row(search.reads_reviews, (UNIT, UNIT, UNIT), "-++", UNIT),
    Row(search.review_weight, (COUNT, (0.0, 6.0), (0.1, 1e6)), "++-", (0.0, 6.0)),
    Row(search.belief_after_message, (QUALITY, EVIDENCE, (-2.0, 2.0), (1.0, 20.0)), "+.+.", QUALITY),
    Row(search.evidence_after_message, (EVIDENCE, (0.0, 20.0), EVIDENCE), "+++", EVIDENCE),
    Row(search.review_mean, ((-(10**12), 10**12), (1, 10**7)), "+.", ANY, (0, 1)),
    Row(search.belief_after_reviews, (QUALITY, EVIDENCE, QUALITY, (0.0, 6.0)), "+.+.", QUALITY),
    Row(word_of_mouth.weighted_tie, (UNIT, (0.0, 100.0)), "++", (0.0, 100.0)),
    Row(
        word_of_mouth.talk_intensity,
        ((0.0, 20.0), SURPRISE, (0.0, 10.0), (0.01, 10.0), (0.0, 10.0)),
        "+.+-+",
        (0.0, 700.0),
    ),
    Row(word_of_mouth.talk_probability, ((0.0, 10.0), (0.0, 700.0)), "++", UNIT),
    Row(word_of_mouth.message_weight, ((0.0, 10.0), UNIT), "++", (0.0, 5.0)),
    Row(word_of_mouth.weight_units, ((0.0, 5.0),), "+", (0.0, 20480.0)),
    Row(word_of_mouth.value_units, ((0.0, 5.0), QUALITY), ".+", (-40960.0, 40960.0)),
    Row(word_of_mouth.from_units, (UNITS,), "+", ANY, (0,)),
    Row(start.initial_belief, ((0, 1), QUALITY), "..", QUALITY, (0,)),
    Row(start.initial_evidence, ((0, 1),), "+", (1.0, 3.0), (0,)),
    Row(start.initial_memory, ((0, 1), UNIT), "++", UNIT, (0,)),
    Row(start.initial_habit, ((0, 1),), "+", UNIT, (0,)),
)
