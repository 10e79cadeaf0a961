"""Checks between values: sums, references, dates and money that no single key can tell."""

from __future__ import annotations

from simulator.scenario.checks.campaigns import check_campaigns
from simulator.scenario.checks.lines import line_slots
from simulator.scenario.checks.money import check_money
from simulator.scenario.checks.problem import Found, Problem, guarded
from simulator.scenario.checks.sellers import check_sellers
from simulator.scenario.checks.world import check_world
from simulator.scenario.schema import ScenarioTables


def problems_of(tables: ScenarioTables) -> list[Problem]:
    """Find everything that is wrong between the values of a scenario.

    Parameters
    ----------
    tables : ScenarioTables
        A scenario; stand-ins for faulty values stop only the checks that need them.

    Returns
    -------
    list of Problem
        In the order of the file's tables, empty if all is well.
    """
    return [
        problem
        for check in (check_world, check_sellers, check_campaigns, check_money)
        for problem in guarded(check(tables))
    ]


__all__ = ["Found", "Problem", "line_slots", "problems_of"]
