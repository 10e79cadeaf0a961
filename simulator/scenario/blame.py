"""Which override a fault comes from that shows elsewhere in the scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from simulator.errors import Fault, ScenarioError
from simulator.scenario.overrides import MARK, Overrides, apply_overrides, parse_overrides
from simulator.scenario.tree import Tree
from simulator.scenario.wording import dotted, shown


def blamed(
    faults: Iterable[Fault], tree: Tree, overrides: Overrides, check: Callable[[Tree], object]
) -> list[Fault]:
    """Name the overrides in faults at keys that were not overridden but are faulty because of them.

    Parameters
    ----------
    faults : iterable of Fault
        What is wrong with the scenario after the overrides.
    tree : Tree
        The scenario before them.
    overrides : mapping, sequence of str, or str
        Dotted paths with their values.
    check : callable
        Receives a tree; raises `ScenarioError` if it is faulty.

    Returns
    -------
    list of Fault
        The same faults; those that the scenario does not have without the overrides name the ones without which
        they would not be there, or all where each alone would bring them about.
    """
    pairs = parse_overrides(overrides)[0]

    def remaining(left_out: int | None) -> set[Fault]:
        kept = {dotted(path): value for k, (path, value) in enumerate(pairs) if k != left_out}
        try:
            check(apply_overrides(tree, {} if left_out is None else kept)[0])
        except ScenarioError as error:
            return set(error.faults)
        return set()

    found = list(faults)
    if not pairs or all(MARK in fault.place for fault in found):
        return found
    before = remaining(None)
    others = [{fault.place for fault in remaining(k)} for k in range(len(pairs))]
    result = []
    for fault in found:
        if MARK in fault.place or fault in before:
            result.append(fault)
            continue
        causes = [pair for pair, places in zip(pairs, others, strict=True) if fault.place not in places]
        words = ", ".join(f"{dotted(path)}={shown(value)}" for path, value in causes or pairs)
        result.append(replace(fault, place=f"override {words}, with {fault.place}"))
    return result
