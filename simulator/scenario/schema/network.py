"""The `[network]` table: which social graph the consumers talk on, told apart by its `kind`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simulator.scenario.schema.base import Table, entry, fraction, quantity


class NetworkTable(Table):
    """What every kind of social graph has."""

    share_strong: float = fraction("share of the ties that are strong", 0.4)


class Clustered(NetworkTable):
    """Homophilous clustered core of strong ties with heavy-tailed weak ties; the default."""

    kind: Literal["clustered"] = entry("homophilous clustered core plus heavy-tailed weak ties")
    mean_degree: float = quantity("mean number of ties of a consumer", "ties", 14.0, gt=0, le=1000)
    homophily: float = fraction(
        "how far ties keep to one's own and similar cells: 0 not at all, 1 wholly", 0.7
    )
    rewiring: float = fraction("share of core ties rewired at random, which lowers clustering", 0.1)
    degree_tail: float = quantity(
        "exponent of the weak ties' degree distribution; smaller means heavier", "exponent", 2.5, gt=2, le=10
    )
    max_weak_degree: int = quantity(
        "most weak ties of a consumer, so that a larger sample of the same people has no larger hubs; "
        "with fewer consumers than its square over the mean weak ties, hubs are smaller",
        "ties",
        300,
        ge=1,
        le=100_000,
    )


class WattsStrogatz(NetworkTable):
    """Ring with rewired ties (Watts & Strogatz 1998)."""

    kind: Literal["watts_strogatz"] = entry("ring of neighbors with rewired ties")
    degree: int = quantity("ties of a consumer before rewiring; even", "ties", 14, ge=2, le=1000)
    rewiring: float = fraction("probability that a tie is rewired", 0.1, unit="probability")


class BarabasiAlbert(NetworkTable):
    """Preferential attachment (Barabasi & Albert 1999)."""

    kind: Literal["barabasi_albert"] = entry("growth by preferential attachment")
    attachments: int = quantity("ties that a newcomer brings", "ties", 7, ge=1, le=500)


class ErdosRenyi(NetworkTable):
    """Ties at random (Erdos & Renyi 1959)."""

    kind: Literal["erdos_renyi"] = entry("ties at random")
    mean_degree: float = quantity("mean number of ties of a consumer", "ties", 14.0, ge=0, le=1000)


class Configuration(NetworkTable):
    """Random graph with a power law of degrees (Molloy & Reed 1995)."""

    kind: Literal["configuration"] = entry("random ties with a given distribution of degrees")
    exponent: float = quantity("exponent of the degree distribution", "exponent", 2.5, gt=1, le=10)
    min_degree: int = quantity("smallest degree", "ties", 5, ge=0, le=1000)
    max_degree: int = quantity("largest degree", "ties", 200, ge=1, le=100_000)


class StochasticBlock(NetworkTable):
    """Dense within blocks, sparse between (Holland, Laskey & Leinhardt 1983)."""

    kind: Literal["stochastic_block"] = entry("dense within blocks, sparse between them")
    mean_degree: float = quantity("mean number of ties of a consumer", "ties", 14.0, gt=0, le=1000)
    within_share: float = fraction("share of a consumer's ties within the own block", 0.8)
    blocks: Literal["cells", "regions"] = entry("what the blocks are", "cells")


class Lattice(NetworkTable):
    """Square lattice."""

    kind: Literal["lattice"] = entry("square lattice")
    neighborhood: Literal[4, 8] = entry("neighbors of an inner consumer (ties)", 8)
    periodic: bool = entry("whether opposite edges of the lattice touch", True)


class Star(NetworkTable):
    """One consumer tied to all others."""

    kind: Literal["star"] = entry("one consumer tied to all others")


class Complete(NetworkTable):
    """Everyone tied to everyone."""

    kind: Literal["complete"] = entry("everyone tied to everyone")


class Empty(NetworkTable):
    """No ties."""

    kind: Literal["empty"] = entry("no ties at all")


class EdgeList(NetworkTable):
    """Ties read from a file."""

    kind: Literal["edge_list"] = entry("ties read from a text file, plain or gzipped")
    path: str = entry("file with one tie per line; relative to this file", min_length=1)
    directed: bool = entry("whether a line is a tie in one direction only", False)
    weights: str = entry(
        'column with the tie weights, by name or number from 0, or "none"', "none", min_length=1
    )
    delimiter: Literal["auto", "comma", "tab", "space", "semicolon"] = entry(
        "what separates the columns", "auto"
    )
    influence: Literal["named", "naming"] = entry(
        'who influences whom in a directed line "i j", i names j: the named j does, or the naming i',
        "named",
    )
    nodes: str | None = entry(
        "file with one consumer per line and its attributes, which population.region_attribute and the like may "
        "name; relative to this file",
        None,
        min_length=1,
    )
    repair: Literal["error", "report"] = entry(
        "whether self-loops, duplicates and the like are refused or repaired and reported", "error"
    )


NetworkSpec = Annotated[
    Clustered
    | WattsStrogatz
    | BarabasiAlbert
    | ErdosRenyi
    | Configuration
    | StochasticBlock
    | Lattice
    | Star
    | Complete
    | Empty
    | EdgeList,
    Field(discriminator="kind"),
]
"""The `[network]` table, told apart by `kind`."""
