"""Checks of the brands, their standing plans and the scheduled events."""

from __future__ import annotations

from simulator.scenario.checks.lines import check_overlaps, check_slots, check_terms, check_window
from simulator.scenario.checks.problem import TOLERANCE, Found, Problem, guarded, no_duplicates, refers
from simulator.scenario.schema import Brand, MarketEvent, ScenarioTables
from simulator.scenario.schema.brands import (
    Entry,
    Exit,
    PriceChange,
    QualityChange,
    SeasonShock,
    SupplyChange,
    TasteShift,
)
from simulator.scenario.schema.lines import Referral, StandingContent, StandingReferral
from simulator.scenario.wording import Loc, amount, shown


def check_sellers(tables: ScenarioTables) -> Found:
    """Check who sells, with what history, and what happens to them.

    Parameters
    ----------
    tables : ScenarioTables
        A scenario, possibly with stand-ins for faulty values.

    Yields
    ------
    Problem
        Whatever is wrong.
    """
    yield from guarded(_check_names(tables))
    yield from guarded(_check_ids(tables))
    yield from guarded(_check_initial_buyers(tables))
    for index, brand in enumerate(tables.brands):
        loc: Loc = ("brands", index)
        yield from guarded(_check_launch(tables, brand, loc))
        yield from guarded(_check_stock(brand, loc))
        yield from guarded(_check_plan(tables, brand, loc))
    yield from guarded(_check_new_product(tables))
    for index, event in enumerate(tables.events):
        yield from guarded(_check_event(tables, event, ("events", index)))
        yield from guarded(_check_earlier(tables, index))


def _check_names(tables: ScenarioTables) -> Found:
    yield from no_duplicates(("brands",), [brand.name for brand in tables.brands], "name")


def _check_ids(tables: ScenarioTables) -> Found:
    yield from no_duplicates(("brands",), [brand.id for brand in tables.brands], "id", "number")


def _check_initial_buyers(tables: ScenarioTables) -> Found:
    total = sum(brand.initial_buyers for brand in tables.brands)
    if total > 1 + TOLERANCE:
        yield Problem(
            ("brands",),
            f"initial_buyers that add up to {amount(total)}",
            "initial_buyers of all brands that add up to 1 or less (share of the consumers)",
            f"take {amount(total - 1)} from one of them",
        )


def _check_launch(tables: ScenarioTables, brand: Brand, loc: Loc) -> Found:
    if brand.present_from_start:
        if brand.launch_step > 0:
            yield Problem(
                (*loc, "launch_step"),
                shown(brand.launch_step),
                "no launch_step for a brand that is present from the start",
                "add present_from_start = false",
            )
        return
    if brand.launch_step >= tables.horizon:
        yield Problem(
            (*loc, "launch_step"),
            shown(brand.launch_step),
            f"a step before the horizon, 0 to {tables.horizon - 1} (steps)",
            "launch earlier or lengthen the horizon",
        )
    if brand.initial_buyers > 0:
        yield Problem(
            (*loc, "initial_buyers"),
            amount(brand.initial_buyers),
            "0 (share) for a brand that is launched later",
            "leave it out or set present_from_start = true",
        )


def _check_stock(brand: Brand, loc: Loc) -> Found:
    if brand.initial_stock is not None and brand.weekly_supply is None:
        yield Problem(
            (*loc, "initial_stock"),
            amount(brand.initial_stock),
            "no initial_stock where supply is unlimited",
            "leave it out or add weekly_supply",
        )


def _check_plan(tables: ScenarioTables, brand: Brand, loc: Loc) -> Found:
    for index, line in enumerate(brand.lines):
        here = (*loc, "lines", index)
        yield from guarded(check_window(tables, line, here))
        yield from guarded(check_terms(tables, line, here))
        if isinstance(line, StandingContent):
            yield from guarded(_check_production(line, here))
        if isinstance(line, StandingReferral):
            yield from guarded(check_reward(tables, brand, line, here))
    yield from guarded(check_slots(brand.lines, (*loc, "lines")))
    yield from guarded(check_overlaps(tables, brand.lines, (*loc, "lines")))


def _check_production(line: StandingContent, loc: Loc) -> Found:
    production = line.pieces_per_week * line.production_cost
    if production > line.weekly_spend * (1 + TOLERANCE):
        yield Problem(
            (*loc, "weekly_spend"),
            amount(line.weekly_spend),
            f"at least {amount(production)} (currency per week), what the pieces cost to produce",
            "raise it, or publish fewer or cheaper pieces",
        )


def check_reward(tables: ScenarioTables, brand: Brand, line: Referral | StandingReferral, loc: Loc) -> Found:
    """Check that a receiver's reward is never more than the price from which it is taken.

    Parameters
    ----------
    tables : ScenarioTables
        The scenario, with the events that change prices.
    brand : Brand
        Whose customers refer.
    line : campaign line
        The referral program.
    loc : tuple
        Its path.

    Yields
    ------
    Problem
        If the reward is above the lowest price.
    """
    changes = [
        event.price for event in tables.events if event.kind == "price_change" and event.brand == brand.name
    ]
    lowest = min([brand.price, *changes])
    if line.reward_receiver > lowest:
        word = "lowest price" if lowest < brand.price else "price"
        yield Problem(
            (*loc, "reward_receiver"),
            amount(line.reward_receiver),
            f"at most the {word} of {brand.name}, {amount(lowest)} (currency per success)",
            "lower it: it is taken off the receiver's price",
        )


def _check_new_product(tables: ScenarioTables) -> Found:
    if tables.market.category != "new_product":
        return
    name = tables.comparison.brand
    index = next((i for i, brand in enumerate(tables.brands) if name is None or brand.name == name), None)
    if index is None:
        return
    brand, loc = tables.brands[index], ("brands", index)
    if brand.present_from_start:
        yield Problem(
            (*loc, "present_from_start"),
            "true",
            "false for the focal brand of a new_product market",
            "add present_from_start = false, or set market.category to repeat",
        )
    for key in ("initial_memory", "initial_goodwill", "review_count"):
        value = getattr(brand, key)
        if value > 0:
            yield Problem(
                (*loc, key), amount(value), "0 for the focal brand of a new_product market", "leave it out"
            )


def _check_event(tables: ScenarioTables, event: MarketEvent, loc: Loc) -> Found:
    if event.step >= tables.horizon:
        yield Problem(
            (*loc, "step"),
            shown(event.step),
            f"a step before the horizon, 0 to {tables.horizon - 1} (steps)",
            "move the event or lengthen the horizon",
        )
    if isinstance(event, TasteShift):
        groups = [group.name for group in tables.population.demographics]
        yield from refers((*loc, "demographic"), event.demographic, groups, "demographic group")
    elif not isinstance(event, SeasonShock):
        yield from refers((*loc, "brand"), event.brand, [brand.name for brand in tables.brands], "brand")
    if isinstance(event, Entry):
        yield from guarded(_check_entry(tables, event, loc))
    if isinstance(event, Exit):
        yield from guarded(_check_exit(tables, event, loc))


def _check_earlier(tables: ScenarioTables, index: int) -> Found:
    """Check that a brand's price, quality or supply changes once in a step, and that it leaves once."""
    event = tables.events[index]
    if not isinstance(event, PriceChange | QualityChange | SupplyChange | Exit):
        return
    for earlier, other in enumerate(tables.events[:index]):
        if other.kind != event.kind or other.brand != event.brand:
            continue
        if isinstance(event, Exit):
            expected, remedy = (
                "one exit of a brand",
                f"events[{earlier}] lets it leave already; leave one out",
            )
        elif other.step == event.step:
            expected = f"one {event.kind} of a brand in a step"
            remedy = f"events[{earlier}] has another in step {event.step}; leave one out or move it"
        else:
            continue
        yield Problem(
            ("events", index), f"{event.kind} of {event.brand} in step {event.step}", expected, remedy
        )
        return


def _check_exit(tables: ScenarioTables, event: Exit, loc: Loc) -> Found:
    brand = next((brand for brand in tables.brands if brand.name == event.brand), None)
    if brand is None or brand.present_from_start:
        return
    entries = [other.step for other in tables.events if other.kind == "entry" and other.brand == event.brand]
    first = entries[0] if entries else brand.launch_step
    if event.step <= first:
        yield Problem(
            (*loc, "step"),
            shown(event.step),
            f"a step after {event.brand} comes on sale in step {first} (steps)",
            "move the exit, or leave the brand out",
        )


def _check_entry(tables: ScenarioTables, event: Entry, loc: Loc) -> Found:
    brand = next((brand for brand in tables.brands if brand.name == event.brand), None)
    if brand is None:
        return
    if brand.present_from_start or brand.launch_step > 0:
        yield Problem(
            (*loc, "brand"),
            shown(event.brand),
            "a brand that is not on sale before it enters",
            "set its present_from_start = false and leave launch_step out",
        )
    entries = [
        i for i, other in enumerate(tables.events) if other.kind == "entry" and other.brand == event.brand
    ]
    if loc[-1] != entries[0]:
        yield Problem(
            (*loc, "brand"),
            shown(event.brand),
            "one entry of a brand",
            f"events[{entries[0]}] lets it enter already; leave one out",
        )
