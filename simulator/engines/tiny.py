"""A market of forty consumers in which everything happens: it compiles every kernel in a moment."""

from __future__ import annotations

from simulator.model.campaigns import Plan, build_plan
from simulator.model.initialization import World, build_world
from simulator.model.market import Market, build_market
from simulator.scenario import load_scenario

#: Strategy of the shipped scenario ``tiny`` that uses every kind of campaign line.
EVERYTHING = "mix"


def tiny_market(strategy: str = EVERYTHING) -> tuple[Market, Plan, World]:
    """Return the shipped scenario ``tiny``, ready for either engine.

    Parameters
    ----------
    strategy : str
        Name of one of its strategies.

    Returns
    -------
    market : Market
        Forty consumers, three brands, every mechanism switched on.
    plan : Plan
        The strategy, its budget not balanced.
    world : World
        The world of seed 0 and replicate 0.
    """
    market = build_market(load_scenario("tiny"))
    return market, build_plan(market, strategy), build_world(market, 0, 0)
