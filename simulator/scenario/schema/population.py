"""The `[population]` table: how many consumers, the grid of cells they live in, and their fixed traits."""

from __future__ import annotations

from typing import Literal

from simulator.scenario.schema.base import (
    Coordinate,
    Multiplier,
    Name,
    Probability,
    Table,
    entry,
    fraction,
    point,
    quantity,
)


class Region(Table):
    """One region of the grid."""

    name: Name = entry("name of the region; first part of a cell's name")
    share: float = fraction("share of the consumers living here; all regions add up to 1")
    delivery_days: float = quantity("days that a delivery takes in addition here", "days", 0.0, ge=0, le=365)


class Habit(Table):
    """One consumption habit of the grid: where its consumers look, and how they shop."""

    name: Name = entry("name of the habit; second part of a cell's name")
    share: float = fraction("share of the consumers with this habit; all habits add up to 1")
    online: float = fraction("propensity to search and buy online", unit="probability")
    reach: dict[str, Probability] = entry(
        "probability of meeting each channel in a week, by channel name; a channel not named is not met",
        default_factory=dict,
    )
    taste: list[Coordinate] = point("mean taste that the habit adds")


class Demographic(Table):
    """One demographic group of the grid."""

    name: Name = entry("name of the group; third part of a cell's name")
    share: float = fraction("share of the consumers in this group; all groups add up to 1")
    taste: list[Coordinate] = point("mean taste that the group adds")
    price_sensitivity: float = quantity("factor on the price sensitivity", "multiplier", 1.0, gt=0, le=1000)
    need_rate: float = quantity("factor on the need rate", "multiplier", 1.0, ge=0, le=1000)
    reach: dict[str, Multiplier] = entry(
        "factor on the habit's reach, by channel name; a channel not named keeps its reach",
        default_factory=dict,
    )


Distribution = Literal["gamma", "lognormal", "uniform", "constant"]

LARGEST_CV: dict[str, float] = {"gamma": 1.0, "lognormal": 3.0, "uniform": 3.0**-0.5, "constant": 0.0}
"""Largest coefficient of variation that each trait distribution supports."""


class NeedRateTrait(Table):
    """Distribution of the category needs per week over consumers."""

    distribution: Distribution = entry("family of the distribution", "gamma")
    mean: float = quantity("mean need rate", "needs per week", 0.15, ge=0, le=20)
    cv: float = quantity("standard deviation over mean", "ratio", 0.6, ge=0, le=3)


class PriceSensitivityTrait(Table):
    """Distribution of the price sensitivity over consumers."""

    distribution: Distribution = entry("family of the distribution", "lognormal")
    mean: float = quantity("mean price sensitivity", "logits per relative price", 4.2, ge=0, le=50)
    cv: float = quantity("standard deviation over mean", "ratio", 0.4, ge=0, le=3)


class SharingTrait(Table):
    """Distribution of the propensity to talk and share over consumers."""

    distribution: Distribution = entry("family of the distribution", "lognormal")
    mean: float = quantity("mean propensity to talk and share", "multiplier", 1.0, ge=0, le=20)
    cv: float = quantity("standard deviation over mean", "ratio", 0.6, ge=0, le=3)


class TasteTrait(Table):
    """Individual tastes around the mean taste of the cell."""

    sd: float = quantity(
        "standard deviation of the individual part, per coordinate", "taste units", 0.7, ge=0, le=5
    )


class Traits(Table):
    """Distributions of the consumers' fixed traits."""

    need_rate: NeedRateTrait = entry("category needs per week", default_factory=NeedRateTrait)
    price_sensitivity: PriceSensitivityTrait = entry(
        "utility lost per relative price", default_factory=PriceSensitivityTrait
    )
    sharing: SharingTrait = entry("propensity to talk and share", default_factory=SharingTrait)
    taste: TasteTrait = entry("ideal product position", default_factory=TasteTrait)


def _whole_region() -> list[Region]:
    return [Region(name="everywhere", share=1.0)]


def _one_demographic() -> list[Demographic]:
    return [Demographic(name="everyone", share=1.0)]


def _attribute(part: str) -> str:
    return (
        f"attribute of the nodes of a given graph that names each consumer's {part}, whose share is then that in "
        f"the graph; omitted: drawn by the shares, whatever a node's place in the graph"
    )


class PopulationTable(Table):
    """The consumers: their number, the people each stands for, the grid and the traits."""

    consumers: int = quantity(
        "number of simulated consumers; a social graph that is given has its own number, and the market then "
        "keeps its consumers x people_per_consumer people",
        "consumers",
        ge=10,
        le=20_000_000,
    )
    people_per_consumer: float = quantity(
        "people that one simulated consumer stands for", "people per consumer", 1.0, gt=0, le=10_000_000
    )
    world: Literal["replicate", "fixed"] = entry(
        "whether graph and population are drawn anew in every replicate or once from the seed", "replicate"
    )
    region_attribute: str | None = entry(_attribute("region"), None, min_length=1)
    habit_attribute: str | None = entry(_attribute("habit"), None, min_length=1)
    demographic_attribute: str | None = entry(_attribute("demographic group"), None, min_length=1)
    regions: list[Region] = entry(
        "regions of the grid", default_factory=_whole_region, min_length=1, max_length=64
    )
    habits: list[Habit] = entry("consumption habits of the grid", min_length=1, max_length=16)
    demographics: list[Demographic] = entry(
        "demographic groups of the grid", default_factory=_one_demographic, min_length=1, max_length=16
    )
    traits: Traits = entry("distributions of the consumers' fixed traits", default_factory=Traits)

    @property
    def node_attributes(self) -> dict[str, str]:
        """The node attributes that are named, by key."""
        keys = ("region_attribute", "habit_attribute", "demographic_attribute")
        return {key: name for key in keys if (name := getattr(self, key)) is not None}

    def cell_shares(self) -> dict[str, float]:
        """Return the share of consumers expected in each cell of the grid, by its name."""
        return {
            f"{region.name}/{habit.name}/{group.name}": region.share * habit.share * group.share
            for region in self.regions
            for habit in self.habits
            for group in self.demographics
        }

    def cell_names(self) -> list[str]:
        """List the grid's cells, region slowest and demographic fastest.

        Returns
        -------
        list of str
            Names such as ``"north/online/young"``.
        """
        return [
            f"{region.name}/{habit.name}/{group.name}"
            for region in self.regions
            for habit in self.habits
            for group in self.demographics
        ]
