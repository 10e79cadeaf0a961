"""The tables of a scenario file, one pydantic model each; attribute names are the file's keys."""

from __future__ import annotations

from simulator.scenario.schema.base import Table, entry, quantity
from simulator.scenario.schema.brands import Brand, MarketEvent
from simulator.scenario.schema.market import Channel, MarketTable
from simulator.scenario.schema.network import Clustered, NetworkSpec
from simulator.scenario.schema.parameter_table import ParameterTable
from simulator.scenario.schema.population import PopulationTable
from simulator.scenario.schema.strategies import ComparisonTable, Strategy

NO_CAMPAIGN = "none"
"""Name of the strategy without lines, which every scenario has."""


class ScenarioTables(Table):
    """All tables of a scenario, as they stand in the file."""

    title: str = entry("the scenario in one line", "", max_length=200)
    purpose: str = entry("the question that the scenario is for", min_length=1)
    sources: list[str] = entry("where its numbers come from", default_factory=list)
    horizon: int = quantity("steps observed; a step is a week", "steps", 52, ge=1, le=520)
    burn_in: int = quantity(
        "steps simulated before, without strategies and not observed", "steps", 0, ge=0, le=520
    )
    market: MarketTable = entry("the product category")
    population: PopulationTable = entry("the consumers")
    network: NetworkSpec = entry("the social graph", default_factory=lambda: Clustered(kind="clustered"))
    channels: list[Channel] = entry("the media", default_factory=list, max_length=64)
    brands: list[Brand] = entry("the brands on the market", min_length=1, max_length=16)
    events: list[MarketEvent] = entry("what is scheduled to happen", default_factory=list, max_length=1000)
    parameters: ParameterTable = entry(
        "behaviour parameters that differ from their defaults", default_factory=ParameterTable
    )
    comparison: ComparisonTable = entry("what is asked")
    strategies: dict[str, Strategy] = entry("the strategies by name", default_factory=dict, max_length=64)


__all__ = [
    "NO_CAMPAIGN",
    "Brand",
    "Channel",
    "ComparisonTable",
    "MarketEvent",
    "MarketTable",
    "NetworkSpec",
    "ParameterTable",
    "PopulationTable",
    "ScenarioTables",
    "Strategy",
    "Table",
]
