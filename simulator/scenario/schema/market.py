"""The `[market]` table and the `[[channels]]` list: the category, its season, and the media it is sold in."""

from __future__ import annotations

from typing import Literal

from simulator.scenario.schema.base import LARGEST_AMOUNT, Name, Table, entry, quantity


class MarketTable(Table):
    """The product category: how needs arise, how consumers search, what an owner's number is worth."""

    category: Literal["repeat", "new_product", "durable"] = entry(
        "kind of category: bought repeatedly, repeatedly with the focal brand being launched, or a durable",
        "repeat",
    )
    currency: str = entry("currency in which all money is given", "EUR", min_length=1, max_length=12)
    reference_price: float = quantity(
        "fixed reference price of the category", "currency per unit", gt=0, le=LARGEST_AMOUNT
    )
    search: Literal["compare", "passive"] = entry(
        "whether a consumer compares all options considered or inspects the best remembered one only",
        "compare",
    )
    season_amplitude: float = quantity(
        "half the swing of the need rate over the year", "share of the mean", 0.0, ge=0, le=0.95
    )
    season_peak: int = quantity("step of the year in which needs peak", "steps", 0, ge=0, le=51)
    replacement_weeks: float = quantity(
        "mean life of a durable before its owner needs another", "weeks", 260.0, gt=0, le=10_000
    )
    talk: Literal["owners", "buyers"] | None = entry(
        "who talks: every owner at every step, or a buyer in the step of buying; omitted: the owners of a durable, "
        "the buyers of anything else",
        None,
    )
    externality: Literal["none", "log", "linear"] = entry(
        "how the installed base adds to a brand's utility", "none"
    )
    externality_scope: Literal["global", "local"] = entry(
        "whose purchases count as installed base: all consumers' or the neighbors'", "global"
    )
    adoption_rule: Literal["choice", "threshold"] = entry(
        "noisy choice among brands, or adoption when the share of adopting neighbors plus advertising's push "
        "reaches the consumer's threshold",
        "choice",
    )


class Channel(Table):
    """A media channel: what an impression costs and how well it is attended to."""

    name: Name = entry("name that reach tables and campaign lines refer to")
    id: int = quantity("address of the channel's luck; unique and never reused", "identifier", ge=0, le=63)
    cost_per_thousand: float = quantity(
        "price of 1000 impressions on people", "currency per 1000 impressions", gt=0, le=LARGEST_AMOUNT
    )
    attention: float = quantity(
        "attention to one relevant impression without clutter or fatigue",
        "rate per impression",
        0.35,
        ge=0,
        le=2,
    )
    cap: float = quantity(
        "most impressions expected per consumer and week from one line",
        "impressions per week",
        7.0,
        gt=0,
        le=100,
    )
    click: bool = entry("whether an impression can be clicked and leads to a visit", False)
    click_intercept: float = quantity("click utility at a brand utility of 0", "logits", -4.0, ge=-15, le=5)
    data_cost_per_thousand: float = quantity(
        "price of the data behind 1000 addressed impressions, paid in addition for the audiences random, "
        "segment, fit and visitors",
        "currency per 1000 impressions",
        0.0,
        ge=0,
        le=LARGEST_AMOUNT,
    )
