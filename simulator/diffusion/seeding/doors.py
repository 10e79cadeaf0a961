"""Checks what a caller gives to ``select`` and brings it into arrays; all faults at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion.arguments import Asked, ask
from simulator.diffusion.graphs import Graph
from simulator.diffusion.processes import probabilities
from simulator.diffusion.rows import Arcs
from simulator.diffusion.seeding.constraints import Constraints, Limits
from simulator.diffusion.seeding.question import Influence
from simulator.errors import Fault, NetworkError, ScenarioError
from simulator.scenario.wording import counted, did_you_mean, unknown

MODELS = ("ic", "wc", "lt")
_SHOWN = 20


def one_of(value: Any, names: Iterable[str], place: str) -> list[Fault]:
    """Return a fault unless a value is one of some names; it suggests the nearest."""
    known = list(names)
    if isinstance(value, str) and value in known:
        return []
    return [unknown(place, value, known)]


def whole_number(value: Any, place: str, least: int, most: int = 2**31 - 1) -> list[Fault]:
    """Return a fault unless a value is a whole number between two limits."""
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if is_whole and least <= value <= most:
        return []
    return [Fault(place, repr(value), f"a whole number, {least} to {most}")]


def fraction_between(value: Any, place: str, low: float, high: float) -> list[Fault]:
    """Return a fault unless a value is a number strictly between two limits."""
    if _is_number(value) and low < float(value) < high:
        return []
    return [Fault(place, repr(value), f"a number between {low:g} and {high:g}")]


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float | np.integer | np.floating)
        and not isinstance(value, bool)
        and math.isfinite(float(value))
    )


def by_node(graph: Arcs, given: Any, place: str, faults: list[Fault]) -> NDArray[np.float64] | None:
    """Return one finite number per node from a number, an array by number or a mapping by name.

    Parameters
    ----------
    graph : Arcs
        The graph.
    given : float, array_like or mapping
        What the caller gave.
    place : str
        How the caller calls it.
    faults : list of Fault
        Where faults go.

    Returns
    -------
    ndarray of float64, shape (n_nodes,), or None where it cannot be used
    """
    n = graph.n_nodes
    if _is_number(given):
        return np.full(n, float(given))
    values = _mapped(graph, given, place, np.nan, faults) if isinstance(given, Mapping) else given
    try:
        array = np.asarray(values).astype(np.float64)
    except (TypeError, ValueError):
        faults.append(Fault(place, type(given).__name__, f"a number, or one for each of {n:,} nodes"))
        return None
    if array.shape != (n,):
        faults.append(Fault(place, f"values of shape {array.shape}", f"one number for each of {n:,} nodes"))
        return None
    wrong = np.flatnonzero(~np.isfinite(array))
    if len(wrong):
        name = graph.names_of(wrong[:1])[0]
        more = f" and {counted(len(wrong) - 1, 'more node')}" if len(wrong) > 1 else ""
        faults.append(Fault(f"{place}[{name!r}]", f"{array[wrong[0]]}{more}", "a finite number"))
        return None
    return array


def _mapped(
    graph: Arcs, given: Mapping[Any, Any], place: str, missing: Any, faults: list[Fault]
) -> NDArray[Any]:
    values = np.full(graph.n_nodes, missing, dtype=object)
    try:
        numbers = graph.numbers_of(given, place=place)
    except NetworkError as error:
        faults.extend(error.faults)
        return values
    for number, value in zip(numbers.tolist(), given.values(), strict=True):
        values[number] = value
    return values


def cell_numbers(
    graph: Arcs, given: Any, faults: list[Fault]
) -> tuple[NDArray[np.int64], dict[Any, int]] | None:
    """Return the cell of each node as a number, -1 for none, and the numbers by name.

    Parameters
    ----------
    graph : Arcs
        The graph.
    given : sequence or mapping
        Names of cells by node; a node that a mapping leaves out, or whose cell is None, has none.
    faults : list of Fault
        Where faults go.
    """
    n = graph.n_nodes
    values = _mapped(graph, given, "cells", None, faults) if isinstance(given, Mapping) else given
    if isinstance(values, str) or not hasattr(values, "__len__") or len(values) != n:
        got = f"{len(values)} values" if hasattr(values, "__len__") else type(given).__name__
        faults.append(Fault("cells", got, f"the cell of each of {n:,} nodes"))
        return None
    items = values.tolist() if isinstance(values, np.ndarray) else list(values)
    names = {name for name in items if name is not None}
    number = {name: k for k, name in enumerate(sorted(names, key=lambda name: (str(type(name)), name)))}
    return np.array([-1 if name is None else number[name] for name in items], np.int64), number


def eligible_nodes(graph: Arcs, given: Any, faults: list[Fault]) -> NDArray[np.bool_]:
    """Return who may be chosen, from names of nodes or a boolean array; everybody where nothing is given."""
    n = graph.n_nodes
    if given is None:
        return np.ones(n, np.bool_)
    if isinstance(given, np.ndarray) and given.dtype == np.bool_:
        if given.shape != (n,):
            faults.append(Fault("eligible", f"flags of shape {given.shape}", f"one for each of {n:,} nodes"))
            return np.ones(n, np.bool_)
        return given.copy()
    flags = np.zeros(n, np.bool_)
    if isinstance(given, str) or not isinstance(given, Iterable):
        faults.append(Fault("eligible", repr(given), "names of nodes, or one flag for each node"))
        return np.ones(n, np.bool_)
    try:
        flags[graph.numbers_of(given, place="eligible")] = True
    except NetworkError as error:
        faults.extend(error.faults)
        return np.ones(n, np.bool_)
    return flags


def quotas_of(given: Any, number: Mapping[Any, int], faults: list[Fault]) -> NDArray[np.int64]:
    """Return the most seeds of each cell, from one number for all or a mapping by cell."""
    free = np.int64(2**62)
    if not isinstance(given, Mapping):
        faults.extend(whole_number(given, "quotas", 0))
        return np.full(len(number), free if faults else given, np.int64)
    quota = np.full(len(number), free, np.int64)
    for name, most in given.items():
        if name not in number:
            remedy = did_you_mean(str(name), [str(other) for other in number])
            faults.append(
                Fault(
                    f"quotas[{name!r}]",
                    repr(most),
                    "a cell that some node has",
                    remedy,
                )
            )
            continue
        wrong = whole_number(most, f"quotas[{name!r}]", 0)
        faults.extend(wrong)
        if not wrong:
            quota[number[name]] = most
    return quota


def constraints_of(
    graph: Arcs,
    k: Any,
    *,
    eligible: Any,
    costs: Any,
    budget: Any,
    cells: tuple[NDArray[np.int64], dict[Any, int]] | None,
    quotas: Any,
    faults: list[Fault],
) -> Constraints | None:
    """Return what the seeds must respect, or None where faults were found.

    Parameters
    ----------
    graph : Arcs
        The graph.
    k, eligible, costs, budget, quotas : Any
        As the caller gave them to ``select``.
    cells : tuple or None
        Cell of each node and cells' numbers by name.
    faults : list of Fault
        Where faults go.
    """
    n = graph.n_nodes
    flags = eligible_nodes(graph, eligible, faults)
    cost = np.ones(n)
    if k is None and budget is None:
        faults.append(Fault("k", "None", f"a number of seeds, 1 to {n:,}", "or give a budget"))
    elif k is not None:
        wrong = whole_number(k, "k", 1, n)
        faults.extend(wrong)
        if not wrong and int(flags.sum()) < k:
            remedy = "ask for fewer seeds or make more nodes eligible"
            faults.append(Fault("k", str(k), f"at most the {int(flags.sum()):,} eligible nodes", remedy))
    if costs is not None:
        cost = _costs(graph, costs, budget, faults)
    if budget is not None and not (_is_number(budget) and budget > 0):
        faults.append(Fault("budget", repr(budget), "a number above 0, in the unit of costs"))
    quota = np.zeros(0, np.int64)
    if quotas is not None and cells is None:
        faults.append(Fault("quotas", repr(quotas), "cells as well", "give the cell of each node"))
    elif quotas is not None and cells is not None:
        quota = quotas_of(quotas, cells[1], faults)
    if faults:
        return None
    cell = cells[0] if cells is not None and quotas is not None else np.full(n, -1, np.int64)
    most = n if k is None else int(k)
    limits = Limits(flags, cost, math.inf if budget is None else float(budget), cell, quota, most)
    made = Constraints(limits, has_costs=budget is not None, has_quotas=quotas is not None)
    if made.most_seeds == 0:
        cheapest = f"; the cheapest eligible node costs {cost[flags].min():g}" if budget is not None else ""
        faults.append(Fault("k", str(k), f"constraints that allow at least one seed{cheapest}"))
        return None
    return made


def _costs(graph: Arcs, costs: Any, budget: Any, faults: list[Fault]) -> NDArray[np.float64]:
    if budget is None:
        faults.append(Fault("costs", "given", "a budget as well", "give the budget, or leave costs out"))
    cost = by_node(graph, costs, "costs", faults)
    if cost is None:
        return np.ones(graph.n_nodes)
    wrong = np.flatnonzero(cost <= 0)
    if len(wrong):
        more = f" and {counted(len(wrong) - 1, 'more node')}" if len(wrong) > 1 else ""
        name = graph.names_of(wrong[:1])[0]
        faults.append(Fault(f"costs[{name!r}]", f"{cost[wrong[0]]:g}{more}", "a cost above 0"))
    return cost


def ask_about_spread(graph: Graph, given: Mapping[str, Any], faults: list[Fault]) -> Asked | None:
    """Return how influence spreads as :func:`simulator.diffusion.spread` would be asked, or None.

    Parameters
    ----------
    graph : graph
        As the caller gave it.
    given : mapping of str to object
        ``model``, ``p``, ``weights``, ``n_replicates``, ``seed``, ``threads``, ``directed``, ``influence``.
    faults : list of Fault
        Where faults go.
    """
    wrong = one_of(given["model"], MODELS, "model")
    faults.extend(wrong)
    if wrong:
        return None
    rest = ("q", "thresholds", "arc_coins", "form", "draws", "max_steps")
    try:
        return ask(graph, {**dict.fromkeys(rest), "first_replicate": 0, "record": "sizes", **given})
    except ScenarioError as error:
        remedy = (
            'give p, take model = "wc" or "lt", or ask for n_replicates = 0 of a method that needs no model'
        )
        faults.extend(
            Fault(fault.place, fault.got, fault.expected, remedy)
            if fault.place == "p" and not fault.got
            else fault
            for fault in error.faults
        )
        return None


def influence_of(asked: Asked) -> Influence:
    """Return how influence spreads as one chance per arc."""
    graph = asked.graph
    if asked.model == "lt" and asked.weights is not None:
        return Influence("lt", asked.weights, True)
    if asked.model == "lt":
        return Influence("lt", 1.0 / graph.indegree[graph.targets], True)
    chance = np.broadcast_to(probabilities(asked), (graph.n_arcs,))
    return Influence(asked.model, np.ascontiguousarray(chance), False)


def raise_if_any(faults: list[Fault]) -> None:
    """Raise what was found wrong, the first twenty."""
    if faults:
        raise ScenarioError(faults[:_SHOWN])
