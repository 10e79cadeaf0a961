"""Checks of the strategies, their money and the comparison."""

from __future__ import annotations

from simulator.scenario.checks.lines import (
    check_overlaps,
    check_slots,
    check_terms,
    check_window,
    weeks_on_air,
)
from simulator.scenario.checks.problem import TOLERANCE, Found, Problem, guarded, no_duplicates, refers
from simulator.scenario.checks.sellers import check_reward
from simulator.scenario.partial import UnusableError
from simulator.scenario.schema import NO_CAMPAIGN, Brand, ScenarioTables, Strategy
from simulator.scenario.schema.lines import Community, Content, GroupBuying, Referral, Seeding, StrategyLine
from simulator.scenario.wording import Loc, amount, shown


def check_campaigns(tables: ScenarioTables) -> Found:
    """Check what the marketer may do and what is asked.

    Parameters
    ----------
    tables : ScenarioTables
        A scenario, possibly with stand-ins for faulty values.

    Yields
    ------
    Problem
        Whatever is wrong.
    """
    yield from guarded(_check_comparison(tables))
    for name, strategy in tables.strategies.items():
        loc: Loc = ("strategies", name)
        yield from guarded(_check_shares(tables, name, strategy, loc))
        yield from guarded(_check_lines(tables, strategy, loc))


def _check_comparison(tables: ScenarioTables) -> Found:
    yield from guarded(_check_focal(tables))
    known = [*dict.fromkeys([NO_CAMPAIGN, *tables.strategies])]
    yield from guarded(refers(("comparison", "baseline"), tables.comparison.baseline, known, "strategy"))
    chosen = tables.comparison.strategies or []
    for index, name in enumerate(chosen):
        yield from refers(("comparison", "strategies", index), name, known, "strategy")
    yield from no_duplicates(("comparison", "strategies"), chosen)


def _check_focal(tables: ScenarioTables) -> Found:
    if tables.comparison.brand is not None:
        names = [brand.name for brand in tables.brands]
        yield from refers(("comparison", "brand"), tables.comparison.brand, names, "brand")


def _check_shares(tables: ScenarioTables, name: str, strategy: Strategy, loc: Loc) -> Found:
    if not strategy.lines:
        return
    if name == NO_CAMPAIGN:
        yield Problem(
            (*loc, "lines"),
            f"lines that spend {amount(sum(line.share for line in strategy.lines))} of the budget",
            "no lines: none does nothing",
            "give it another name",
        )
        return
    total = sum(line.share for line in strategy.lines)
    if abs(total - 1) <= TOLERANCE:
        return
    got = f"shares that add up to {amount(total)}{_in_money(tables, total)}"
    if total > 1:
        remedy = f"the budget is overspent: lower the shares by {amount(total - 1)} together"
    else:
        remedy = f"the budget is not spent: raise the shares by {amount(1 - total)} together"
    yield Problem((*loc, "lines"), got, "shares of the lines that add up to 1, for equal budgets", remedy)


def _in_money(tables: ScenarioTables, total: float) -> str:
    try:
        budget = tables.comparison.budget
        return f", {amount(total * budget)} of {amount(budget)} {tables.market.currency}"
    except UnusableError:
        return ""


def _check_lines(tables: ScenarioTables, strategy: Strategy, loc: Loc) -> Found:
    for index, line in enumerate(strategy.lines):
        here = (*loc, "lines", index)
        yield from guarded(check_window(tables, line, here))
        yield from guarded(check_terms(tables, line, here))
        yield from guarded(_check_money(tables, line, here))
    yield from guarded(check_slots(strategy.lines, (*loc, "lines")))
    yield from guarded(check_overlaps(tables, strategy.lines, (*loc, "lines")))
    yield from guarded(_check_standing(tables, strategy, loc))
    yield from guarded(_check_all_seeds(tables, strategy, loc))


def _check_all_seeds(tables: ScenarioTables, strategy: Strategy, loc: Loc) -> Found:
    lines = [line for line in strategy.lines if isinstance(line, Seeding)]
    each = [_seeds_of(tables, line) for line in lines]
    consumers = tables.population.consumers
    if sum(each) > consumers and max(each) <= consumers:
        yield Problem(
            (*loc, "lines"),
            f"{len(lines)} seedings, enough for {amount(sum(each))} consumers together",
            f"at most enough for all {consumers:,} consumers: nobody gets the product twice",
            "lower their shares or raise cost_per_seed",
        )


def _seeds_of(tables: ScenarioTables, line: Seeding) -> float:
    money = line.share * tables.comparison.budget
    return money / (line.cost_per_seed * tables.population.people_per_consumer)


def _check_standing(tables: ScenarioTables, strategy: Strategy, loc: Loc) -> Found:
    focal = _focal_brand(tables)
    standing = {line.kind for line in focal.lines} - {"advertising"} if focal is not None else set()
    for index, line in enumerate(strategy.lines):
        if focal is not None and line.kind in standing:
            yield Problem(
                (*loc, "lines", index, "kind"),
                shown(line.kind),
                f"a kind that the standing plan of {focal.name} does not have, which runs at the same time",
                f"take the {line.kind} line out of the brand or out of the strategy",
            )


def _check_money(tables: ScenarioTables, line: StrategyLine, loc: Loc) -> Found:
    if line.share == 0:
        return
    money = line.share * tables.comparison.budget
    if isinstance(line, Content):
        yield from _check_production(tables, line, money, loc)
    elif isinstance(line, Seeding):
        yield from _check_seeds(tables, line, money, loc)
    elif isinstance(line, Referral):
        yield from _check_rewards(tables, line, loc)
    elif isinstance(line, GroupBuying) and line.discount == 0:
        yield _nothing_to_spend((*loc, "discount"))
    elif isinstance(line, Community) and line.service_cost == 0:
        yield _nothing_to_spend((*loc, "service_cost"))


def _nothing_to_spend(loc: Loc) -> Problem:
    return Problem(
        loc, "0", "> 0 for a line with a share of the budget", "raise it or set the line's share to 0"
    )


def _check_production(tables: ScenarioTables, line: Content, money: float, loc: Loc) -> Found:
    weeks = weeks_on_air(tables, line, line.end)
    production = line.pieces_per_week * line.production_cost * weeks
    if production > money * (1 + TOLERANCE):
        yield Problem(
            (*loc, "share"),
            f"{amount(line.share)}, {amount(money)} {tables.market.currency}",
            f"at least {amount(production / tables.comparison.budget)} (share): the pieces of {weeks} weeks "
            f"cost {amount(production)} {tables.market.currency} to produce",
            "raise it, or publish fewer or cheaper pieces",
        )


def _check_seeds(tables: ScenarioTables, line: Seeding, money: float, loc: Loc) -> Found:
    seeds = _seeds_of(tables, line)
    consumers = tables.population.consumers
    if seeds < 1:
        yield Problem(
            (*loc, "share"),
            f"{amount(line.share)}, {amount(money)} {tables.market.currency}",
            f"enough for one consumer, that is {amount(tables.population.people_per_consumer)} people at "
            f"{amount(line.cost_per_seed)} {tables.market.currency}",
            "raise it, or lower cost_per_seed or population.people_per_consumer",
        )
    elif seeds > consumers:
        yield Problem(
            (*loc, "share"),
            f"{amount(line.share)}, enough for {amount(seeds)} consumers",
            f"at most enough for all {consumers:,} consumers",
            "lower it or raise cost_per_seed",
        )
    else:
        yield from _check_candidates(tables, line, seeds, loc)


def _check_candidates(tables: ScenarioTables, line: Seeding, seeds: float, loc: Loc) -> Found:
    """Check that cells and their quota leave enough consumers to choose from, where shares tell how many."""
    if tables.population.node_attributes:
        return
    shares = tables.population.cell_shares()
    chosen = [shares[cell] for cell in line.cells or shares if cell in shares]
    among = sum(chosen) * tables.population.consumers
    if line.cells and seeds > among * (1 + 1e-9):
        yield Problem(
            (*loc, "cells"),
            f"cells of about {amount(among)} consumers",
            f"cells of at least {amount(seeds)}, for whom the line's share pays",
            "add cells, lower the share or raise cost_per_seed",
        )
    elif line.most_per_cell is not None and seeds >= len(chosen) * line.most_per_cell + 1:
        yield Problem(
            (*loc, "most_per_cell"),
            f"{line.most_per_cell}, in {len(chosen)} cells",
            f"room for {amount(seeds)} consumers, for whom the line's share pays",
            "raise it, lower the share or raise cost_per_seed",
        )


def _check_rewards(tables: ScenarioTables, line: Referral, loc: Loc) -> Found:
    if line.reward_sender == 0 and line.reward_receiver == 0:
        yield _nothing_to_spend((*loc, "reward_sender"))
    focal = _focal_brand(tables)
    if focal is not None:
        yield from check_reward(tables, focal, line, loc)


def _focal_brand(tables: ScenarioTables) -> Brand | None:
    name = tables.comparison.brand
    return next((brand for brand in tables.brands if name is None or brand.name == name), None)
