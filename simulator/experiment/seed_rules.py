"""Lets scenarios seed by the algorithms of :mod:`simulator.diffusion.seeding`, which the market does not know."""

from __future__ import annotations

from typing import Any

from simulator.model.seed_rules import SeedQuestion, register_seed_rules

#: Rules beyond those that the market has itself.
GRAPH_RULES = (
    "degree_discount",
    "betweenness",
    "k_core",
    "pagerank",
    "early_adopters",
    "cell_clusters",
    "celf",
    "ris",
)


def _choose(question: SeedQuestion) -> Any:
    from simulator.diffusion.seeding.market import choose

    return choose(question)


register_seed_rules(GRAPH_RULES, _choose)
