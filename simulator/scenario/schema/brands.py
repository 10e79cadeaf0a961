"""The `[[brands]]` list and the `[[events]]` list: who sells what, and what happens to whom on which step."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simulator.scenario.schema.base import (
    LARGEST_AMOUNT,
    LARGEST_STOCK,
    Coordinate,
    Name,
    Table,
    entry,
    fraction,
    point,
    quantity,
)
from simulator.scenario.schema.lines import BrandLine


class Brand(Table):
    """One brand: its offer, its supply, its history and its standing plan."""

    name: Name = entry("name that strategies, events and results refer to")
    id: int = quantity("address of the brand's luck; unique and never reused", "identifier", ge=1, le=200)
    price: float = quantity("list price", "currency per unit", gt=0, le=LARGEST_AMOUNT)
    unit_cost: float = quantity("variable cost", "currency per unit", ge=0, le=LARGEST_AMOUNT)
    quality: float = quantity("true quality; 0 is the category's middle", "quality units", 0.0, ge=-2, le=2)
    position: list[Coordinate] = point("product position")
    tailoring: float = fraction("how far the product is adapted to the individual buyer", 0.0)
    tailoring_cost: float = quantity(
        "cost of a fully tailored unit; grows with the square of tailoring",
        "currency per unit",
        0.0,
        ge=0,
        le=LARGEST_AMOUNT,
    )
    present_from_start: bool = entry("whether the brand is sold from the first step, burn-in included", True)
    launch_step: int = quantity(
        "step from which a brand that is not present from the start is sold", "steps", 0, ge=0, le=519
    )
    online_coverage: float = fraction("probability that an online search finds the brand", 0.5, "probability")
    delivery_days: float = quantity("promised days of delivery", "days", 2.0, ge=0, le=365)
    weekly_supply: float | None = quantity(
        "units supplied in a week; omitted: unlimited", "units per week", None, ge=0, le=LARGEST_STOCK
    )
    initial_stock: float | None = quantity(
        "units in stock at the start; omitted: one week's supply", "units", None, ge=0, le=LARGEST_STOCK
    )
    stock: Literal["pooled", "regional"] = entry(
        "whether one stock serves all regions or each region has its own", "pooled"
    )
    initial_memory: float = fraction("mean memory at the start", 0.0)
    initial_goodwill: float = quantity("goodwill at the start", "noticed exposures", 0.0, ge=0, le=1000)
    initial_trust: float = fraction("trust at the start, to which trust returns", 0.3)
    initial_buyers: float = fraction("share of the consumers whose last purchase was this brand", 0.0)
    review_count: float = quantity(
        "public reviews at the start", "reviews", 0.0, ge=0, le=1_000_000_000, is_whole=True
    )
    review_mean: float = quantity("their mean", "quality units", 0.0, ge=-2, le=2)
    lines: list[BrandLine] = entry(
        "the brand's standing plan, live whatever the strategy", default_factory=list, max_length=64
    )


class Event(Table):
    """What every scheduled event has."""

    step: int = quantity("step of the event; 0 is the first step after burn-in", "steps", ge=0, le=519)


class TasteShift(Event):
    """A demographic group's mean taste moves."""

    kind: Literal["taste_shift"] = entry("a demographic group's mean taste moves")
    demographic: Name = entry("name of the demographic group")
    shift: list[Coordinate] = point("added to the group's mean taste")


class PriceChange(Event):
    """A brand's list price changes."""

    kind: Literal["price_change"] = entry("a brand's list price changes")
    brand: Name = entry("name of the brand")
    price: float = quantity("new list price", "currency per unit", gt=0, le=LARGEST_AMOUNT)


class QualityChange(Event):
    """A brand's true quality changes."""

    kind: Literal["quality_change"] = entry("a brand's true quality changes")
    brand: Name = entry("name of the brand")
    quality: float = quantity("new true quality", "quality units", ge=-2, le=2)


class Entry(Event):
    """A brand that is not on sale enters the market."""

    kind: Literal["entry"] = entry("a brand that is not on sale enters the market")
    brand: Name = entry("name of the brand")


class Exit(Event):
    """A brand leaves the market."""

    kind: Literal["exit"] = entry("a brand leaves the market")
    brand: Name = entry("name of the brand")


class SeasonShock(Event):
    """Needs rise or fall for some steps."""

    kind: Literal["season_shock"] = entry("needs rise or fall for some steps")
    factor: float = quantity("factor on the need rate", "multiplier", ge=0, le=100)
    steps: int = quantity("how long it lasts", "steps", ge=1, le=520)


class SupplyChange(Event):
    """A brand's weekly supply changes."""

    kind: Literal["supply_change"] = entry("a brand's weekly supply changes")
    brand: Name = entry("name of the brand")
    weekly_supply: float = quantity("new supply", "units per week", ge=0, le=LARGEST_STOCK)


MarketEvent = Annotated[
    TasteShift | PriceChange | QualityChange | Entry | Exit | SeasonShock | SupplyChange,
    Field(discriminator="kind"),
]
"""One scheduled event, told apart by `kind`."""
