"""Checks that money can be recorded: in whole units of 1/10000, small enough to be summed as whole numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.scenario.checks.problem import Found, Problem, guarded
from simulator.scenario.schema import Brand, ScenarioTables
from simulator.scenario.schema.base import Table
from simulator.scenario.schema.lines import Seeding
from simulator.scenario.schema.walk import fields_of
from simulator.scenario.wording import Loc, amount

MONEY_UNIT = 1e-4
"""Smallest amount that is recorded, in the currency."""
LARGEST_SUM = 2**62
"""Sums of recorded money stay below this many units."""

#: Units of amounts that are recorded one by one, for each unit sold, person, success or piece.
_RECORDED = {
    "currency per unit",
    "currency per person",
    "currency per person and week",
    "currency per success",
    "currency per piece",
}


def check_money(tables: ScenarioTables) -> Found:
    """Check that no amount is lost because it is too small, and no sum because it is too large.

    Parameters
    ----------
    tables : ScenarioTables
        A scenario, possibly with stand-ins for faulty values.

    Yields
    ------
    Problem
        Whatever is wrong.
    """
    yield from guarded(_check_smallest(tables))
    for index, brand in enumerate(tables.brands):
        yield from guarded(_check_brand(tables, brand, ("brands", index)))
        yield from guarded(_check_plan(tables, brand, ("brands", index)))
    yield from guarded(_check_budget(tables))
    for name, strategy in tables.strategies.items():
        for index, line in enumerate(strategy.lines):
            yield from guarded(_check_line(tables, line, ("strategies", name, "lines", index)))


def _check_smallest(tables: ScenarioTables) -> Found:
    for loc, value in _amounts(tables, ()):
        if 0 < value < MONEY_UNIT:
            yield Problem(
                loc,
                f"{value:g}",
                f"0 or at least {MONEY_UNIT:g} (currency), the smallest amount that is recorded",
                "raise it, or give all money in a smaller currency",
            )


def _amounts(value: Any, loc: Loc) -> Iterator[tuple[Loc, float]]:
    """List all amounts that are recorded one by one, with their paths."""
    if isinstance(value, list | dict):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _amounts(item, (*loc, key))
    if not isinstance(value, Table):
        return
    for name, spot in fields_of(type(value)).items():
        item = getattr(value, name)
        if spot.unit in _RECORDED and isinstance(item, int | float):
            yield (*loc, name), item
        elif isinstance(item, list | dict | Table):
            yield from _amounts(item, (*loc, name))


def _most(tables: ScenarioTables) -> float:
    """Return the largest amount that every consumer may pay or cause in every step."""
    steps = tables.burn_in + tables.horizon
    return LARGEST_SUM * MONEY_UNIT / (tables.population.consumers * steps)


def _too_large(tables: ScenarioTables, loc: Loc, amounts: dict[str, float], most: float, why: str) -> Found:
    total = sum(amounts.values())
    if total < most:
        return
    key = max(amounts, key=lambda name: amounts[name])
    others = f", {amount(total)} with {', '.join(k for k in amounts if k != key)}" if len(amounts) > 1 else ""
    yield Problem(
        (*loc, *([key] if key else [])),
        f"{amount(amounts[key])}{others}",
        f"less than {amount(most)} (currency) {why}: sums of money in units of {MONEY_UNIT:g} must stay below 2^62",
        "lower it, give all money in a larger currency, or simulate fewer consumers or steps",
    )


def _check_brand(tables: ScenarioTables, brand: Brand, loc: Loc) -> Found:
    changes = [e.price for e in tables.events if e.kind == "price_change" and e.brand == brand.name]
    amounts = {"price": max([brand.price, *changes]), "unit_cost": brand.unit_cost}
    if brand.tailoring_cost:
        amounts["tailoring_cost"] = brand.tailoring_cost
    yield from _too_large(tables, loc, amounts, _most(tables), _each(tables))


def _check_plan(tables: ScenarioTables, brand: Brand, loc: Loc) -> Found:
    for index, line in enumerate(brand.lines):
        here = (*loc, "lines", index)
        spend = getattr(line, "weekly_spend", None)
        if spend is not None:
            steps = tables.burn_in + tables.horizon
            most = LARGEST_SUM * MONEY_UNIT * tables.population.people_per_consumer / steps
            yield from _too_large(tables, here, {"weekly_spend": spend}, most, f"a week in {steps} steps")
        yield from _check_line(tables, line, here)


def _check_line(tables: ScenarioTables, line: Any, loc: Loc) -> Found:
    keys = ("reward_sender", "reward_receiver", "service_cost")
    amounts = {key: getattr(line, key) for key in keys if hasattr(line, key)}
    if amounts:
        yield from _too_large(tables, loc, amounts, _most(tables), _each(tables))
    if isinstance(line, Seeding):
        consumers = tables.population.consumers
        most = LARGEST_SUM * MONEY_UNIT / consumers
        why = f"with {consumers:,} consumers"
        yield from _too_large(tables, loc, {"cost_per_seed": line.cost_per_seed}, most, why)


def _check_budget(tables: ScenarioTables) -> Found:
    most = LARGEST_SUM * MONEY_UNIT * tables.population.people_per_consumer
    budget = {"budget": tables.comparison.budget}
    why = f"with {amount(tables.population.people_per_consumer)} people per consumer"
    yield from _too_large(tables, ("comparison",), budget, most, why)


def _each(tables: ScenarioTables) -> str:
    steps = tables.burn_in + tables.horizon
    return f"for each of {tables.population.consumers:,} consumers in each of {steps:,} steps"
