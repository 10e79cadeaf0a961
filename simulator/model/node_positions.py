"""Where the consumers of a given graph live: regions, habits and demographic groups read from its nodes.

A real graph is homophilous by what its nodes are. Where a scenario says which node attribute names the
region, the habit or the demographic group, consumers stand in the cells that their nodes name, and the parts
of the grid have the shares that they have in the graph; the other parts are drawn by their shares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.scenario.wording import did_you_mean, listed

#: Parts of the grid, and the key of the population that names each part's node attribute.
PARTS = {"regions": "region_attribute", "habits": "habit_attribute", "demographics": "demographic_attribute"}
_DRAWN = -1
_SHOWN = 5


def node_positions(population: Any, network: Any) -> np.ndarray:
    """Return each consumer's position in the lists of regions, habits and demographic groups.

    Parameters
    ----------
    population : PopulationTable
        The scenario's, with the names of the node attributes.
    network : Network or None
        The given graph.

    Returns
    -------
    ndarray of int32, shape (3, n_consumers) or (3, 0)
        -1 where a position is drawn; without consumers where all are.

    Raises
    ------
    ScenarioError
        With every attribute that is not there, has no value at some node, or names no part of the grid.
    """
    asked = {part: getattr(population, key) for part, key in PARTS.items()}
    if not any(asked.values()):
        return np.zeros((len(PARTS), 0), np.int32)
    known = dict((network.node_attributes if network is not None else None) or {})
    found = np.full((len(PARTS), network.n_consumers if network is not None else 0), _DRAWN, np.int32)
    faults: list[Fault] = []
    for row, (part, name) in enumerate(asked.items()):
        place = f"population.{PARTS[part]}"
        if name is None:
            continue
        if name not in known:
            expected = f"an attribute of the graph's nodes: {listed(sorted(known))}"
            remedy = did_you_mean(name, known) or "give the nodes this attribute"
            faults.append(Fault(place, f'"{name}"', expected, remedy))
            continue
        names = [entry.name for entry in getattr(population, part)]
        texts = [_text(value) for value in known[name].tolist()]
        faults += _faults(place, name, part, texts, names, network.node_ids)
        number = {text: position for position, text in enumerate(names)}
        found[row] = [number.get(text or "", _DRAWN) for text in texts]
    if faults:
        raise ScenarioError(faults)
    return found


def _text(value: Any) -> str | None:
    """Return a node's value as the name of a part, None where it has none; whole numbers lose their point."""
    if value is None or value == "" or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _faults(
    place: str, name: str, part: str, texts: Sequence[str | None], names: Sequence[str], node_ids: Any
) -> list[Fault]:
    faults = []
    empty = [i for i, text in enumerate(texts) if text is None]
    if empty:
        first = empty[0] if node_ids is None else node_ids[empty[0]]
        got = f'"{name}", which {len(empty):,} of {len(texts):,} nodes lack, the first of them {first}'
        faults.append(Fault(place, got, "an attribute with a value at every node", "fill in the values"))
    unknown = Counter(text for text in texts if text is not None and text not in names)
    if unknown:
        values = ", ".join(f'"{text}" ({count:,})' for text, count in unknown.most_common(_SHOWN))
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        got = f'"{name}" with the values {values}{more}'
        remedy = did_you_mean(next(iter(unknown)), names) or f"add them to population.{part}, or rename them"
        faults.append(Fault(place, got, f"values that are names of {part}: {listed(names)}", remedy))
    return faults


def region_shares(population: Any, positions: np.ndarray) -> list[float]:
    """Return the regions' shares of the consumers: those in the graph where it names them."""
    given = positions[0]
    if given.size and given[0] != _DRAWN:
        return [float(share) for share in np.bincount(given, minlength=len(population.regions)) / given.size]
    return [region.share for region in population.regions]


def cell_shares(population: Any, positions: np.ndarray) -> np.ndarray:
    """Return each cell's share of the consumers, region slowest: counted in the graph, and expected where drawn.

    Parameters
    ----------
    population : PopulationTable
        The scenario's.
    positions : ndarray
        Of `node_positions`.

    Returns
    -------
    ndarray of float64, shape (n_cells,)
    """
    parts = [[entry.share for entry in getattr(population, part)] for part in PARTS]
    given = [row.size > 0 and row[0] != _DRAWN for row in positions]
    if not any(given):
        return np.array([r * h * d for r in parts[0] for h in parts[1] for d in parts[2]])
    shares = np.zeros([len(part) if is_given else 1 for part, is_given in zip(parts, given, strict=True)])
    at = tuple(row if is_given else 0 for row, is_given in zip(positions, given, strict=True))
    np.add.at(shares, at, 1.0 / positions.shape[1])
    for axis, (part, is_given) in enumerate(zip(parts, given, strict=True)):
        if not is_given:
            shares = shares * np.array(part).reshape([-1 if a == axis else 1 for a in range(len(parts))])
    return shares.ravel()
