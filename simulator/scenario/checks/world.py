"""Checks of the population grid, the media and the social graph."""

from __future__ import annotations

import os
from collections.abc import Sequence

from simulator.scenario import graph_limits
from simulator.scenario.checks.problem import Found, Problem, adds_up, guarded, no_duplicates
from simulator.scenario.schema import ScenarioTables
from simulator.scenario.schema.network import (
    BarabasiAlbert,
    Clustered,
    Complete,
    Configuration,
    EdgeList,
    ErdosRenyi,
    StochasticBlock,
    WattsStrogatz,
)
from simulator.scenario.schema.population import LARGEST_CV, Demographic, Habit, Region
from simulator.scenario.wording import Loc, amount, did_you_mean, listed, shown

_Parts = Sequence[Region] | Sequence[Habit] | Sequence[Demographic]


def check_world(tables: ScenarioTables) -> Found:
    """Check who the consumers are, what they meet and whom they know.

    Parameters
    ----------
    tables : ScenarioTables
        A scenario, possibly with stand-ins for faulty values.

    Yields
    ------
    Problem
        Whatever is wrong.
    """
    yield from guarded(_check_talk(tables))
    yield from guarded(_check_grid(tables))
    yield from guarded(_check_reach_names(tables))
    yield from guarded(_check_reach_products(tables))
    yield from guarded(_check_traits(tables))
    yield from guarded(_check_channel_names(tables))
    yield from guarded(_check_channel_ids(tables))
    yield from guarded(_check_network(tables))
    yield from guarded(_check_node_attributes(tables))


def _check_talk(tables: ScenarioTables) -> Found:
    market = tables.market
    if market.talk == "owners" and market.category != "durable":
        yield Problem(
            ("market", "talk"),
            shown(market.talk),
            f'"buyers" in a category that is {market.category}',
            'leave talk out, or set market.category = "durable"',
        )


def _check_grid(tables: ScenarioTables) -> Found:
    population = tables.population
    lists: dict[str, _Parts] = {
        "regions": population.regions,
        "habits": population.habits,
        "demographics": population.demographics,
    }
    for key, parts in lists.items():
        yield from guarded(_check_names(("population", key), parts))
        yield from guarded(_check_shares(("population", key), parts))


def _check_names(loc: Loc, parts: _Parts) -> Found:
    yield from no_duplicates(loc, [part.name for part in parts], "name")


def _check_shares(loc: Loc, parts: _Parts) -> Found:
    yield from adds_up(loc, [part.share for part in parts], f"shares of all {loc[-1]}")


def _check_reach_names(tables: ScenarioTables) -> Found:
    known = [channel.name for channel in tables.channels]
    habits, groups = tables.population.habits, tables.population.demographics
    tables_of_reach: list[tuple[Loc, dict[str, float]]] = [
        *((("population", "habits", index, "reach"), habit.reach) for index, habit in enumerate(habits)),
        *(
            (("population", "demographics", index, "reach"), group.reach)
            for index, group in enumerate(groups)
        ),
    ]
    for loc, reach in tables_of_reach:
        for name in reach:
            if name not in known:
                yield Problem(
                    (*loc, name),
                    amount(reach[name]),
                    f"the name of a channel: {listed(known)}",
                    did_you_mean(name, known) or "define the channel or leave the key out",
                )


def _check_reach_products(tables: ScenarioTables) -> Found:
    for index, group in enumerate(tables.population.demographics):
        for name, factor in group.reach.items():
            top = max((habit.reach.get(name, 0.0) for habit in tables.population.habits), default=0.0)
            if top * factor > 1.0 + 1e-12:
                yield Problem(
                    ("population", "demographics", index, "reach", name),
                    amount(factor),
                    f"a factor that keeps every reach at 1 or below: at most {amount(1.0 / top)}",
                    f"a habit reaches {amount(top)} of its consumers through {name} already",
                )


def _check_channel_names(tables: ScenarioTables) -> Found:
    yield from no_duplicates(("channels",), [channel.name for channel in tables.channels], "name")


def _check_channel_ids(tables: ScenarioTables) -> Found:
    yield from no_duplicates(("channels",), [channel.id for channel in tables.channels], "id", "number")


def _check_traits(tables: ScenarioTables) -> Found:
    traits = tables.population.traits
    for key, trait in (
        ("need_rate", traits.need_rate),
        ("price_sensitivity", traits.price_sensitivity),
        ("sharing", traits.sharing),
    ):
        most = LARGEST_CV[trait.distribution]
        if trait.cv > most + 1e-12:
            yield Problem(
                ("population", "traits", key, "cv"),
                amount(trait.cv),
                f"0 to {most:.4g} (ratio) for a {trait.distribution} distribution",
                "leave cv out" if most == 0 else "lower cv or choose the lognormal distribution",
            )


def _check_network(tables: ScenarioTables) -> Found:
    if isinstance(tables.network, EdgeList):
        yield from _check_files(tables.network)
        return
    for breach in _breaches(tables):
        yield Problem(("network", breach.key), breach.got, breach.expected, breach.remedy)


def _check_node_attributes(tables: ScenarioTables) -> Found:
    network = tables.network
    if isinstance(network, EdgeList) and network.nodes is not None:
        return
    for key, name in tables.population.node_attributes.items():
        yield Problem(
            ("population", key),
            shown(name),
            "no node attribute where the graph's nodes have none",
            "name a file of nodes in network.nodes, or pass a graph from Python and set this afterwards",
        )


def _breaches(tables: ScenarioTables) -> list[graph_limits.Breach]:
    network, n = tables.network, tables.population.consumers
    match network:
        case Clustered():
            return graph_limits.clustered_limits(
                n, network.mean_degree, network.share_strong, network.max_weak_degree
            )
        case WattsStrogatz():
            return graph_limits.ring_limits(n, network.degree)
        case BarabasiAlbert():
            return graph_limits.attachment_limits(n, network.attachments)
        case ErdosRenyi():
            return graph_limits.random_limits(n, network.mean_degree)
        case Configuration():
            return graph_limits.degree_law_limits(n, network.min_degree, network.max_degree)
        case StochasticBlock():
            population = tables.population
            by_region = [region.share for region in population.regions]
            shares = by_region if network.blocks == "regions" else list(population.cell_shares().values())
            pairs = graph_limits.expected_pairs_inside(n, shares)
            return graph_limits.block_limits(n, pairs, network.mean_degree, network.within_share)
        case Complete():
            return graph_limits.complete_limits(n)
    return []


def _check_files(network: EdgeList) -> Found:
    for key, path in (("path", network.path), ("nodes", network.nodes)):
        if path is not None and not os.path.isfile(path):
            yield Problem(
                ("network", key),
                f'"{path}"',
                "a file that exists",
                "correct the path; it starts from the scenario file, in an override from the working folder",
            )
