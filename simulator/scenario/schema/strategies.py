"""The `[strategies]` and `[comparison]` tables: what the marketer may do, and what is asked about it."""

from __future__ import annotations

from simulator.scenario.schema.base import LARGEST_TOTAL, Name, Table, entry, quantity
from simulator.scenario.schema.lines import StrategyLine


class Strategy(Table):
    """A strategy is a list of dated campaign lines; without lines nothing is done."""

    label: str = entry("the strategy in one line, for people; omitted: its name", "", max_length=200)
    lines: list[StrategyLine] = entry("its campaign lines", default_factory=list, max_length=64)


class ComparisonTable(Table):
    """What is compared: whose strategies, at which budget, against what, by which metric."""

    brand: Name | None = entry("focal brand, whose strategies are compared; omitted: the first brand", None)
    budget: float = quantity(
        "total spend of every strategy, media, discounts, rewards, production, data and service included",
        "currency",
        gt=0,
        le=LARGEST_TOTAL,
    )
    baseline: Name = entry("strategy against which differences are taken", "none")
    strategies: list[Name] | None = entry(
        "strategies compared; omitted: all, in the order of the file", None, min_length=1
    )
    replicates: int = quantity("replicates of every strategy", "replicates", 200, ge=1, le=10_000_000)
    seed: int = quantity("seed of all chance", "identifier", 1, ge=0, le=2**32 - 1)
    metric: str = entry("metric that decides", "profit", pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    minimum_effect: float = quantity(
        "smallest difference that matters, in the metric's unit", "unit of the metric", 0.0, ge=0
    )
    confidence: float = quantity(
        "simultaneous confidence of the intervals", "probability", 0.95, ge=0.5, lt=1
    )
