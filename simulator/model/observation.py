"""What is observed of a replicate: one table of series, each recorded per step and brand.

Every series is a whole number, so that sums do not depend on the order in which consumers are visited,
and so that equal trajectories have equal bytes. A fractional quantity is recorded in units of
``1 / scale``; money is recorded per simulated consumer in units of 1/10000 of the currency, and the
trajectories multiply it by the people whom one consumer stands for.
"""

from __future__ import annotations

from dataclasses import dataclass

MONEY_SCALE = 10_000
FRACTION_SCALE = 65_536

#: Version of the trajectories: it rises whenever the same scenario and seed give other numbers.
TRAJECTORY_VERSION = 4


@dataclass(frozen=True)
class Series:
    """One recorded series.

    Parameters
    ----------
    name : str
        Name, as it stands in results.
    meaning : str
        What it counts, per step and brand.
    unit : str
        ``consumers``, ``purchases``, ``messages``, ``currency``, ``impressions`` or ``sum``
        (of a state variable over all consumers).
    scale : int
        Recorded number divided by ``scale`` is the quantity.
    """

    name: str
    meaning: str
    unit: str
    scale: int = 1

    @property
    def is_money(self) -> bool:
        """Whether the series is an amount of money."""
        return self.unit == "currency"


SERIES: tuple[Series, ...] = (
    Series("needs", "consumers with a need to shop for (the same for every brand)", "consumers"),
    Series("considered", "shoppers who considered the brand", "consumers"),
    Series("orders", "orders placed before rationing", "purchases"),
    Series("refused", "orders refused because stock ran out", "purchases"),
    Series("delayed", "refused shoppers who wait for the brand", "consumers"),
    Series("purchases", "units bought", "purchases"),
    Series("first_purchases", "units bought by consumers who had never bought the brand", "purchases"),
    Series("repeat_purchases", "units bought by consumers who bought the brand last time too", "purchases"),
    Series("switched_away", "consumers who bought the brand last time and another now", "consumers"),
    Series("customers", "consumers whose latest purchase is the brand, at the end of the step", "consumers"),
    Series("aware", "consumers with memory of at least one half, at the end of the step", "consumers"),
    Series("memory", "memory summed over consumers, at the end of the step", "sum", FRACTION_SCALE),
    Series("goodwill", "goodwill summed over consumers, at the end of the step", "sum", FRACTION_SCALE),
    Series("belief", "believed quality summed over consumers, at the end of the step", "sum", FRACTION_SCALE),
    Series("trust", "trust summed over consumers, at the end of the step", "sum", FRACTION_SCALE),
    Series("revenue", "money paid by buyers, after discounts", "currency", MONEY_SCALE),
    Series("cost_of_goods", "unit costs of what was sold, tailoring included", "currency", MONEY_SCALE),
    Series("spend_media", "media bought", "currency", MONEY_SCALE),
    Series("spend_data", "data bought to target impressions", "currency", MONEY_SCALE),
    Series("spend_production", "content produced", "currency", MONEY_SCALE),
    Series("spend_discounts", "price cuts, coupons and group discounts given", "currency", MONEY_SCALE),
    Series("spend_rewards", "referral rewards, to sender and receiver", "currency", MONEY_SCALE),
    Series("spend_service", "community service", "currency", MONEY_SCALE),
    Series("spend_seeding", "products and care given to seeds", "currency", MONEY_SCALE),
    Series(
        "spend_strategy",
        "the part of all spend that the strategy's own lines caused",
        "currency",
        MONEY_SCALE,
    ),
    Series("unspent_media", "planned media that the cap on exposure refused", "currency", MONEY_SCALE),
    Series("impressions", "expected impressions delivered to consumers", "impressions", FRACTION_SCALE),
    Series(
        "wasted_impressions", "impressions times one minus their relevance", "impressions", FRACTION_SCALE
    ),
    Series("noticed", "advertisements noticed (lines, not consumers)", "messages"),
    Series("reached", "consumers who noticed at least one advertisement in the step", "consumers"),
    Series("newly_reached", "consumers who noticed the brand's advertising for the first time", "consumers"),
    Series("clicks", "clicks on advertisements", "messages"),
    Series("converted_clicks", "purchases by consumers who had clicked shortly before", "purchases"),
    Series("contacts_positive", "word-of-mouth contacts sent after a good surprise", "messages"),
    Series("contacts_negative", "word-of-mouth contacts sent after a bad surprise", "messages"),
    Series("invitations", "referral invitations sent", "messages"),
    Series("redeemed", "purchases that used an invitation", "purchases"),
    Series("content_views", "consumers who saw a piece of content in the step", "consumers"),
    Series("content_shares", "viewers who passed a piece on", "consumers"),
    Series("shared_views", "contacts of a shared piece with a neighbor", "messages"),
    Series("followers", "followers, at the end of the step", "consumers"),
    Series("members", "community members, at the end of the step", "consumers"),
    Series("interactions", "members who interacted in the community", "consumers"),
    Series("group_commitments", "commitments to a group purchase", "purchases"),
    Series("group_purchases", "units bought in completed groups", "purchases"),
    Series(
        "group_failures",
        "commitments that lapsed: at the deadline, or because too many committed",
        "purchases",
    ),
    Series("satisfaction", "satisfaction summed over buyers", "sum", FRACTION_SCALE),
    Series("promoters", "buyers with satisfaction of at least one", "consumers"),
    Series("detractors", "buyers with negative satisfaction", "consumers"),
    Series("reviews", "public reviews written", "messages", FRACTION_SCALE),
    Series("review_value", "ratings of the reviews written, summed", "sum", FRACTION_SCALE),
    Series("delivery_days", "days of delivery summed over units bought", "sum", FRACTION_SCALE),
    Series("bought_by_search", "units bought by own search", "purchases"),
    Series("bought_by_advertising", "units whose last touch was advertising", "purchases"),
    Series("bought_by_friend", "units whose last touch was word of mouth", "purchases"),
    Series("bought_by_referral", "units bought with an invitation", "purchases"),
    Series("bought_by_community", "units whose last touch was the community or a group", "purchases"),
    Series("bought_by_content", "units whose last touch was content", "purchases"),
    Series("piece_views_direct", "direct views of the piece published in this step", "messages"),
    Series("piece_views_one_hop", "views one reshare away, of the piece published in this step", "messages"),
    Series("piece_views_deeper", "views further away, of the piece published in this step", "messages"),
    Series("piece_shares", "reshares of the piece published in this step", "messages"),
)

#: Position of each series in the last axis of recorded counts.
INDEX: dict[str, int] = {series.name: position for position, series in enumerate(SERIES)}
N_SERIES = len(SERIES)

SPEND_KINDS: tuple[str, ...] = ("media", "data", "production", "discounts", "rewards", "service", "seeding")
SOURCES: tuple[str, ...] = ("search", "advertising", "friend", "referral", "community", "content")
