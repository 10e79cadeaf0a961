"""A scenario's market as arrays: brands and channels in the order of their ids, and everything by step.

Brands stand in the order of their declared ids, so the order of a file does not matter. Steps count from
the first step of the burn-in; everything that an event changes is written out by step.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from simulator.model.network import load_network
from simulator.model.network.library import from_graph
from simulator.model.node_positions import cell_shares, node_positions, region_shares
from simulator.scenario.parameters import PARAMETERS

#: All behaviour parameters as 32-bit numbers, by name.
Parameters = namedtuple("Parameters", [parameter.name for parameter in PARAMETERS])  # type: ignore[misc]

EXTERNALITIES = ("none", "log", "linear")
UNLIMITED = 1e18
_YEAR = 52.0


class MarketArrays(NamedTuple):
    """What a compiled engine reads of a market. T steps, J brands, R regions, C channels, K cells."""

    brand_id: np.ndarray  # uint32 [J]
    price: np.ndarray  # float32 [T, J], currency
    unit_cost: np.ndarray  # float32 [J], currency, tailoring included
    quality: np.ndarray  # float32 [T, J]
    position: np.ndarray  # float32 [J, 2]
    tailoring: np.ndarray  # float32 [J]
    online_coverage: np.ndarray  # float32 [J]
    delivery_days: np.ndarray  # float32 [J, R]
    is_available: np.ndarray  # uint8 [T, J]
    has_left: np.ndarray  # uint8 [T, J]
    supply: np.ndarray  # float64 [T, J, R], units of consumers per step
    initial_stock: np.ndarray  # float64 [J, R]
    is_pooled: np.ndarray  # uint8 [J]
    initial_memory: np.ndarray  # float32 [J]
    initial_goodwill: np.ndarray  # float32 [J]
    initial_trust: np.ndarray  # float32 [J]
    initial_review_count: np.ndarray  # int64 [J]
    initial_review_sum: np.ndarray  # int64 [J], fixed point
    season: np.ndarray  # float32 [T]
    taste_shift: np.ndarray  # float32 [T, demographics, 2]
    has_taste_shift: np.ndarray  # uint8 [T]
    cell_taste: np.ndarray  # float32 [K, 2]
    cell_region: np.ndarray  # int32 [K]
    cell_demographic: np.ndarray  # int32 [K]
    cell_reach: np.ndarray  # float32 [C, K]
    reference_price: np.float32
    mean_life: np.float32
    people: float  # people for whom a consumer stands
    is_durable: bool
    owners_talk: bool
    is_passive: bool
    is_threshold: bool
    is_local: bool
    externality: int
    n_brands: int
    n_regions: int
    burn_in: int


@dataclass(frozen=True)
class Market:
    """A scenario ready for the engines.

    Parameters
    ----------
    scenario : Scenario
        What the user described.
    brands, channels : tuple
        The scenario's brands and channels in the order of their ids.
    cells : tuple of str
        Names of the grid's cells, ``region/habit/demographic``.
    cell_shares : ndarray, float64 [K]
        Share of consumers expected in each cell; counted where a given graph names regions, habits or groups.
    parameters : Parameters
        Behaviour parameters.
    arrays : MarketArrays
        Everything that engines read.
    network : Network, optional
        The social graph, where it comes from a file or an object; otherwise it is drawn per world.
    positions : ndarray of int32, shape (3, n_consumers) or (3, 0)
        Region, habit and demographic group of each consumer where the graph's nodes name them, else -1.
    """

    scenario: Any
    brands: tuple[Any, ...]
    channels: tuple[Any, ...]
    cells: tuple[str, ...]
    cell_shares: np.ndarray
    parameters: Any
    arrays: MarketArrays
    network: Any = None
    positions: np.ndarray = field(default_factory=lambda: np.zeros((3, 0), np.int32))

    @property
    def n_consumers(self) -> int:
        """Number of consumers: the scenario's, or those of a given graph."""
        if self.network is not None:
            return int(self.network.n_consumers)
        return int(self.scenario.population.consumers)

    @property
    def n_steps(self) -> int:
        """Number of steps that are observed."""
        return int(self.scenario.horizon)

    @property
    def burn_in(self) -> int:
        """Number of steps before the first that is observed."""
        return int(self.scenario.burn_in)

    @property
    def people_per_consumer(self) -> float:
        """People for whom one consumer stands."""
        return people_per_consumer(self.scenario, self.network)

    @cached_property
    def brand_names(self) -> tuple[str, ...]:
        """Names of the brands, in the order of their ids."""
        return tuple(brand.name for brand in self.brands)

    @property
    def brand_ids(self) -> tuple[int, ...]:
        """Ids of the brands, ascending."""
        return tuple(brand.id for brand in self.brands)

    @property
    def focal(self) -> int:
        """Position of the brand whose strategies are compared."""
        return self.brand_names.index(self.scenario.comparison.brand or self.scenario.brands[0].name)


def build_market(scenario: Any) -> Market:
    """Return a scenario's market as arrays.

    Parameters
    ----------
    scenario : Scenario
        A checked scenario.

    Returns
    -------
    Market
    """
    brands = tuple(sorted(scenario.brands, key=lambda brand: brand.id))
    channels = tuple(sorted(scenario.channels, key=lambda channel: channel.id))
    cells, grid = _cells(scenario.population, channels)
    network = given_network(scenario)
    positions = node_positions(scenario.population, network)
    shares = cell_shares(scenario.population, positions)
    people = people_per_consumer(scenario, network)
    by_step = _by_step(scenario, brands, people, region_shares(scenario.population, positions))
    arrays = MarketArrays(
        **_brand_arrays(brands, scenario.population.regions),
        **by_step,
        **grid,
        **_switches(scenario),
        people=float(people),
        n_brands=len(brands),
        n_regions=len(scenario.population.regions),
        burn_in=int(scenario.burn_in),
    )
    chosen = scenario.parameters
    parameters = Parameters(*(np.float32(getattr(chosen, parameter.name)) for parameter in PARAMETERS))
    return Market(scenario, brands, channels, cells, shares, parameters, arrays, network, positions)


def people_per_consumer(scenario: Any, network: Any) -> float:
    """Return the people for whom one consumer stands.

    The market keeps the scenario's number of people, ``consumers x people_per_consumer``, when a given graph
    has another number of consumers, so that budgets and supply keep their meaning.

    Parameters
    ----------
    scenario : Scenario
        A checked scenario.
    network : Network or None
        The social graph, where it is given.

    Returns
    -------
    float
        Above 0.
    """
    people = float(scenario.population.people_per_consumer)
    consumers = int(scenario.population.consumers)
    if network is None or network.n_consumers == consumers:
        return people
    return people * consumers / int(network.n_consumers)


def _switches(scenario: Any) -> dict[str, Any]:
    market = scenario.market
    return {
        "reference_price": np.float32(market.reference_price),
        "mean_life": np.float32(market.replacement_weeks),
        "is_durable": market.category == "durable",
        "owners_talk": market.category == "durable" and market.talk != "buyers",
        "is_passive": market.search == "passive",
        "is_threshold": market.adoption_rule == "threshold",
        "is_local": market.externality_scope == "local",
        "externality": EXTERNALITIES.index(market.externality),
    }


def _brand_arrays(brands: tuple[Any, ...], regions: Any) -> dict[str, Any]:
    def column(name: str, kind: Any = np.float32) -> np.ndarray:
        return np.array([getattr(brand, name) for brand in brands], kind)

    tailoring = column("tailoring")
    counts = np.array([round(brand.review_count) for brand in brands], np.int64)
    days = [[brand.delivery_days + region.delivery_days for region in regions] for brand in brands]
    return {
        "brand_id": column("id", np.uint32),
        "unit_cost": (
            column("unit_cost", np.float64) + column("tailoring_cost", np.float64) * tailoring**2
        ).astype(np.float32),
        "position": np.array([list(brand.position) for brand in brands], np.float32),
        "tailoring": tailoring,
        "online_coverage": column("online_coverage"),
        "delivery_days": np.array(days, np.float32),
        "is_pooled": np.array([brand.stock == "pooled" for brand in brands], np.uint8),
        "initial_memory": column("initial_memory"),
        "initial_goodwill": column("initial_goodwill"),
        "initial_trust": column("initial_trust"),
        "initial_review_count": counts,
        "initial_review_sum": np.array(
            [
                math.floor(brand.review_mean * 65536) * int(count)
                for brand, count in zip(brands, counts, strict=True)
            ],
            np.int64,
        ),
    }


def _cells(population: Any, channels: tuple[Any, ...]) -> tuple[tuple[str, ...], dict[str, Any]]:
    names, taste, region_of, demographic_of, reach = [], [], [], [], []
    for r, region in enumerate(population.regions):
        for habit in population.habits:
            for d, demographic in enumerate(population.demographics):
                names.append(f"{region.name}/{habit.name}/{demographic.name}")
                taste.append([habit.taste[k] + demographic.taste[k] for k in range(2)])
                region_of.append(r)
                demographic_of.append(d)
                reach.append(
                    [
                        min(
                            1.0, habit.reach.get(channel.name, 0.0) * demographic.reach.get(channel.name, 1.0)
                        )
                        for channel in channels
                    ]
                )
    grid = {
        "cell_taste": np.array(taste, np.float32).reshape(-1, 2),
        "cell_region": np.array(region_of, np.int32),
        "cell_demographic": np.array(demographic_of, np.int32),
        "cell_reach": np.ascontiguousarray(np.array(reach, np.float32).reshape(len(names), len(channels)).T),
    }
    return tuple(names), grid


def _season(scenario: Any, n_steps: int) -> np.ndarray:
    """Return the seasonal factor by step: 1 + a cos(2 pi (t - peak) / 52), with scheduled shocks."""
    market = scenario.market
    step = np.arange(n_steps) - scenario.burn_in
    factor = 1 + market.season_amplitude * np.cos(2 * np.pi * (step - market.season_peak) / _YEAR)
    for event in scenario.events:
        if event.kind == "season_shock":
            first = scenario.burn_in + event.step
            factor[first : first + event.steps] *= event.factor
    # rounded to a grid on which every platform's cosine agrees
    return (np.round(factor * 2**16) / 2**16).astype(np.float32)


def _by_step(
    scenario: Any, brands: tuple[Any, ...], people: float, regions: Sequence[float]
) -> dict[str, Any]:
    burn_in = scenario.burn_in
    n_steps = burn_in + scenario.horizon
    names = [brand.name for brand in brands]
    price = np.tile(np.array([brand.price for brand in brands], np.float32), (n_steps, 1))
    quality = np.tile(np.array([brand.quality for brand in brands], np.float32), (n_steps, 1))
    available = np.ones((n_steps, len(brands)), np.uint8)
    left = np.zeros((n_steps, len(brands)), np.uint8)
    supply = np.full((n_steps, len(brands), len(regions)), UNLIMITED)
    stock = np.zeros((len(brands), len(regions)))
    shift = np.zeros((n_steps, len(scenario.population.demographics), 2), np.float32)
    for j, brand in enumerate(brands):
        if not brand.present_from_start:
            available[: burn_in + brand.launch_step, j] = 0
        supply[:, j] = _by_region(brand.weekly_supply, brand, regions, people)
        first = brand.weekly_supply if brand.initial_stock is None else brand.initial_stock
        stock[j] = _by_region(first, brand, regions, people)
    for event in sorted(scenario.events, key=lambda event: event.step):
        step = burn_in + event.step
        if event.kind == "taste_shift":
            demographics = [group.name for group in scenario.population.demographics]
            shift[step, demographics.index(event.demographic)] += np.array(event.shift, np.float32)
        elif event.kind == "price_change":
            price[step:, names.index(event.brand)] = event.price
        elif event.kind == "quality_change":
            quality[step:, names.index(event.brand)] = event.quality
        elif event.kind in ("entry", "exit"):
            available[step:, names.index(event.brand)] = event.kind == "entry"
            left[step:, names.index(event.brand)] = event.kind == "exit"
            if event.kind == "entry":
                available[:step, names.index(event.brand)] = 0
        elif event.kind == "supply_change":
            j = names.index(event.brand)
            supply[step:, j] = _by_region(event.weekly_supply, brands[j], regions, people)
    return {
        "price": price,
        "quality": quality,
        "is_available": available,
        "has_left": left,
        "supply": supply,
        "initial_stock": stock,
        "taste_shift": shift,
        "has_taste_shift": (shift != 0).any(axis=(1, 2)).astype(np.uint8),
        "season": _season(scenario, n_steps),
    }


def _by_region(units: float | None, brand: Any, regions: Sequence[float], people: float) -> np.ndarray:
    """Return units of people as units of consumers by region; a pooled stock stands in the first place."""
    if units is None:
        return np.full(len(regions), UNLIMITED)
    if brand.stock == "pooled":
        pooled = np.zeros(len(regions))
        pooled[0] = units / people
        return pooled
    return np.array([units / people * share for share in regions])


def given_network(scenario: Any) -> Any:
    """Return the social graph that a scenario gives as a file or an object, or None where it is drawn."""
    given = scenario.given_graph
    if given is not None:
        return from_graph(given.graph, weights=given.weights, influence=given.influence)
    return load_network(scenario.network)
