"""Campaign lines: the dated pieces that strategies and brands' standing plans are made of.

A line of a strategy spends a share of the comparison's budget; a line of a brand's standing plan spends an
amount every week. What else a kind of line needs is written once, in its terms, and shared by both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from simulator.scenario.schema.base import (
    LARGEST_AMOUNT,
    LARGEST_TOTAL,
    Name,
    Table,
    entry,
    fraction,
    quantity,
)

_START = "first step at which the line is live; 0 is the first step after burn-in"
_END = "step before which the line ends; omitted: the horizon"
_SLOT = (
    "address of the line's luck among the lines on the same channel (or of the same kind, where there is no "
    "channel); omitted: the order in which they stand"
)


SeedRule = Literal[
    "random",
    "degree",
    "low_degree",
    "degree_discount",
    "betweenness",
    "k_core",
    "pagerank",
    "early_adopters",
    "cell_clusters",
    "celf",
    "ris",
]
"""Whom a seeding chooses, by name."""

SEED_RULES: tuple[str, ...] = get_args(SeedRule)

#: Keys of a seeding and the rules that read them.
SEED_KEYS: dict[str, tuple[str, ...]] = {
    "trait": ("early_adopters",),
    "spreading": ("degree_discount", "celf", "ris"),
    "samples": ("celf",),
    "epsilon": ("ris",),
    "pivots": ("betweenness",),
    "clusters": ("cell_clusters",),
}


class CampaignLine(Table):
    """What every line of a strategy has."""

    share: float = fraction("share of the comparison's budget that the line may spend")
    start: int = quantity(_START, "steps", 0, ge=0, le=519)
    slot: int | None = quantity(_SLOT, "identifier", None, ge=0, le=15)


class WindowedLine(CampaignLine):
    """A line of a strategy that runs for a while."""

    end: int | None = quantity(_END, "steps", None, ge=1, le=520)


class StandingLine(Table):
    """What every line of a brand's standing plan has; without dates it runs always, burn-in included."""

    start: int | None = quantity(_START + "; omitted: from the start of burn-in", "steps", None, ge=0, le=519)
    end: int | None = quantity(_END, "steps", None, ge=1, le=520)
    slot: int | None = quantity(_SLOT, "identifier", None, ge=0, le=15)


class StandingMedia(StandingLine):
    """What a standing line has that buys something every week."""

    weekly_spend: float = quantity(
        "money that the line spends in a week, on average over a pulse: weeks on air also spend the money of the weeks "
        "off air",
        "currency per week",
        ge=0,
        le=LARGEST_TOTAL,
    )


class StandingProgram(StandingLine):
    """A standing line whose cost follows from what consumers do."""

    refused: ClassVar[Mapping[str, str]] = {
        "weekly_spend": "what a standing community or referral program costs follows from its members and successes"
    }


class AdvertisingTerms(Table):
    """Paid impressions in a channel."""

    kind: Literal["advertising"] = entry("paid impressions in a channel")
    channel: Name = entry("name of the channel")
    audience: Literal["everyone", "random", "segment", "fit", "visitors"] = entry(
        "who is addressed: everyone, a random part, some cells, those whose estimated taste fits, or those "
        "who visited the brand lately",
        "everyone",
    )
    audience_share: float = quantity(
        "share of the consumers addressed by the audience random", "share", 0.3, gt=0, le=1
    )
    cells: list[str] | None = entry(
        "cells addressed by the audience segment, as region/habit/demographic; omitted: the cells whose "
        "estimated mean taste is nearest the brand, half of the consumers",
        None,
        min_length=1,
    )
    sharpness: float = quantity(
        "how sharply the audience fit concentrates on the best fitting consumers",
        "exponent",
        1.0,
        ge=0,
        le=20,
    )
    creative: Literal["brand", "segment", "personal"] = entry(
        "what the advertisement shows: the brand as it is, or a version for the cell or the person",
        "brand",
    )
    coupon: float = quantity(
        "depth of the coupon that comes with it", "share of the price", 0.0, ge=0, le=0.9
    )
    pulse_on: int | None = quantity("weeks on air in each pulse", "weeks", None, ge=1, le=520)
    pulse_off: int | None = quantity("weeks off air between pulses", "weeks", None, ge=1, le=520)


class ContentTerms(Table):
    """Content that is followed and shared."""

    kind: Literal["content"] = entry("content that is followed and shared")
    channel: Name = entry("name of the channel in which pieces are promoted")
    value: float = quantity(
        "practical value of the pieces to their readers", "standard deviations", 0.5, ge=-2, le=3
    )
    promotional_share: float = fraction("share of a piece that praises the brand", 0.3)
    pieces_per_week: float = quantity("pieces published in a week", "pieces per week", 1.0, gt=0, le=50)
    production_cost: float = quantity(
        "cost of producing one piece; the rest of the money promotes the pieces",
        "currency per piece",
        ge=0,
        le=LARGEST_AMOUNT,
    )


class CommunityTerms(Table):
    """A community of customers."""

    kind: Literal["community"] = entry("a community of customers")
    service_cost: float = quantity(
        "cost of serving one member for a week", "currency per person and week", ge=0, le=LARGEST_AMOUNT
    )
    co_design: float = quantity(
        "part of the way that the product's position moves in a week toward the mean taste of the members who "
        "interacted in the week before; 0: members have no say",
        "1/week",
        0.0,
        ge=0,
        le=1,
    )


class ReferralTerms(Table):
    """Rewards for customers who bring others."""

    kind: Literal["referral"] = entry("rewards for customers who bring others")
    reward_sender: float = quantity(
        "paid to the sender for every success", "currency per success", ge=0, le=LARGEST_AMOUNT
    )
    reward_receiver: float = quantity(
        "taken off the receiver's price", "currency per success", ge=0, le=LARGEST_AMOUNT
    )
    valid_weeks: int = quantity("weeks for which an invitation is valid", "weeks", 4, ge=1, le=52)
    invitations: float = quantity("mean number of invitations of one inviter", "persons", 3.0, gt=0, le=100)


class Advertising(WindowedLine, AdvertisingTerms):
    """Advertising of a strategy."""


class Content(WindowedLine, ContentTerms):
    """Content of a strategy."""


class Community(WindowedLine, CommunityTerms):
    """Community of a strategy."""


class Referral(WindowedLine, ReferralTerms):
    """Referral program of a strategy."""


class PriceCut(WindowedLine):
    """A lower list price for everyone."""

    kind: Literal["price_cut"] = entry("a lower price for everyone")
    depth: float | None = quantity(
        "depth of the cut; omitted: solved so that the line's share is spent",
        "share of the price",
        None,
        gt=0,
        le=0.9,
    )


class GroupBuying(WindowedLine):
    """A discount for groups of neighbors that commit together."""

    kind: Literal["group_buying"] = entry("a discount for groups that commit together")
    discount: float = quantity("discount once the group is complete", "share of the price", ge=0, le=0.9)
    size: int = quantity("buyers that complete a group", "persons", ge=2, le=1000)
    deadline: int = quantity("weeks after which an incomplete group fails", "weeks", ge=1, le=52)


class Seeding(CampaignLine):
    """Free products for chosen consumers, once."""

    kind: Literal["seeding"] = entry("free products for chosen consumers, once, at the start")
    rule: SeedRule = entry(
        "who is chosen: random (anyone); degree, low_degree (the best, the least connected); degree_discount "
        "(the best connected, less what seeded neighbors would do anyway); betweenness (on the most shortest "
        "paths); k_core (the innermost core); pagerank; early_adopters (by a trait); cell_clusters (side by "
        "side in the most cohesive cells); celf, ris (whom greedy on samples of spreading finds best)",
        "degree",
    )
    cost_per_seed: float = quantity(
        "cost of seeding one person", "currency per person", gt=0, le=LARGEST_AMOUNT
    )
    cells: list[str] | None = entry(
        "cells whose consumers may be chosen, as region/habit/demographic; omitted: all", None, min_length=1
    )
    most_per_cell: int | None = quantity(
        "most seeds in one cell; omitted: any number", "consumers", None, ge=1
    )
    trait: Literal["need_rate", "sharing", "price_sensitivity", "threshold"] | None = entry(
        "by which trait early_adopters are known: the highest need_rate or sharing, or the lowest "
        "price_sensitivity or threshold; omitted: need_rate",
        None,
    )
    spreading: Literal["wc", "lt", "ic"] | None = entry(
        "how degree_discount, celf and ris take adoption to spread: weighted cascade (each consumer is won by "
        "one neighbor on average), linear threshold, or independent cascade with the ties' probabilities of "
        "talk, p_strong and p_weak; omitted: wc",
        None,
    )
    samples: int | None = quantity(
        "samples of spreading on which celf counts; omitted: 200", "samples", None, ge=1, le=100_000
    )
    epsilon: float | None = quantity(
        "what ris may lack of the best spread that greedy guarantees; omitted: 0.1", "share", None, gt=0, lt=1
    )
    pivots: int | None = quantity(
        "consumers from which betweenness follows paths; omitted: 64", "consumers", None, ge=1
    )
    clusters: int | None = quantity(
        "among how many cells cell_clusters spreads its seeds; omitted: the root of their number",
        "cells",
        None,
        ge=1,
    )

    end: ClassVar[int | None] = None


class StandingAdvertising(StandingMedia, AdvertisingTerms):
    """Advertising of a brand's standing plan."""


class StandingContent(StandingMedia, ContentTerms):
    """Content of a brand's standing plan."""


class StandingCommunity(StandingProgram, CommunityTerms):
    """Community of a brand's standing plan."""


class StandingReferral(StandingProgram, ReferralTerms):
    """Referral program of a brand's standing plan."""


StrategyLine = Annotated[
    Advertising | PriceCut | Referral | Community | GroupBuying | Content | Seeding,
    Field(discriminator="kind"),
]
"""One line of a strategy, told apart by `kind`."""

BrandLine = Annotated[
    StandingAdvertising | StandingContent | StandingCommunity | StandingReferral,
    Field(discriminator="kind"),
]
"""One line of a brand's standing plan, told apart by `kind`."""
