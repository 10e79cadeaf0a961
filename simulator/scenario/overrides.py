"""Overrides: changing single values of a scenario by dotted paths.

The command line, sweeps and Python share this one way. A path names keys, and items of lists by name, by
id or by index: ``brands.Nova.price``, ``brands[0].price``, ``strategies.mass.lines[0].share``.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.errors import Fault, ScenarioError
from simulator.scenario.merging import change_kind
from simulator.scenario.tree import Tree
from simulator.scenario.wording import Loc, did_you_mean, dotted, listed, shown

Overrides = Mapping[str, Any] | Sequence[str] | str
"""Overrides as a mapping from dotted paths to values, or as texts ``path=value``."""

_STEP = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|\[(\d+)\]|([^.\[\]"=]+))\s*')
_FREE_KEYS: dict[Loc, str] = {("strategies",): "strategy"}
#: Follows the file in the place of a value that was overridden.
MARK = " (override)"


def parse_path(path: str) -> Loc:
    """Split a dotted path.

    Parameters
    ----------
    path : str
        For example ``brands.Nova.price`` or ``brands[0].price``; a key with a dot stands in quotes.

    Returns
    -------
    tuple of str and int
        Keys, and indices of lists.

    Raises
    ------
    ScenarioError
        If the path is malformed.

    Examples
    --------
    >>> parse_path("strategies.mass.lines[0].share")
    ('strategies', 'mass', 'lines', 0, 'share')
    """
    steps: list[str | int] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        separated = not steps or path[position - 1] == "." or (match is not None and match[2] is not None)
        if match is None or not separated:
            break
        quoted, index, bare = match.groups()
        steps.append(int(index) if index is not None else bare.strip() if bare is not None else quoted)
        position = match.end()
        if position < len(path) - 1 and path[position] == ".":
            position += 1
    if not steps or position < len(path) or isinstance(steps[0], int):
        raise ScenarioError(
            [Fault("override", shown(path), "a dotted path such as brands.Nova.price or brands[0].price")]
        )
    return tuple(steps)


def parse_value(text: str) -> Any:
    """Read a value as TOML reads it; a bare word is text.

    Parameters
    ----------
    text : str
        What stands behind the equals sign.

    Returns
    -------
    Any
        A number, switch, text, list or table.

    Raises
    ------
    ValueError
        If the text opens a quote, list or table that is not valid TOML.

    Examples
    --------
    >>> parse_value("0.5"), parse_value("[1, 2]"), parse_value("clustered")
    (0.5, [1, 2], 'clustered')
    """
    text = text.strip()
    try:
        table = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError as error:
        if text[:1] in ("", "[", "{", '"', "'"):
            raise ValueError(str(error)) from None
        return text
    return table["value"] if len(table) == 1 else text


def parse_overrides(overrides: Overrides) -> tuple[list[tuple[Loc, Any]], list[Fault]]:
    """Read overrides in any of their forms.

    Parameters
    ----------
    overrides : mapping, sequence of str, or str
        Dotted paths with their values.

    Returns
    -------
    list of tuple
        Path and plain value; changes of `kind` come first, so that their order does not matter.
    list of Fault
        One for every override that cannot be read.
    """
    items: list[tuple[str, Any]] = []
    faults: list[Fault] = []
    if isinstance(overrides, Mapping):
        items = [(str(path), plain(value)) for path, value in overrides.items()]
    else:
        for text in [overrides] if isinstance(overrides, str) else overrides:
            path, equals, value = str(text).partition("=")
            if not equals:
                faults.append(Fault("override", shown(text), "path=value, such as population.consumers=2000"))
                continue
            try:
                items.append((path.strip(), parse_value(value)))
            except ValueError as error:
                faults.append(Fault(f"override: {path.strip()}", value.strip(), "a TOML value", str(error)))
    pairs: list[tuple[Loc, Any]] = []
    for path, value in items:
        try:
            pairs.append((parse_path(path), value))
        except ScenarioError as error:
            faults.extend(error.faults)
    return sorted(pairs, key=lambda pair: pair[0][-1] != "kind"), faults


def plain(value: Any) -> Any:
    """Turn a value from Python into what a TOML file could hold.

    Parameters
    ----------
    value : Any
        Numbers of numpy, tuples, paths and mappings among others.

    Returns
    -------
    Any
        Copy made of dict, list, str, int, float and bool as far as possible.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist") and callable(value.tolist):
        return value.tolist()
    if hasattr(value, "__fspath__"):
        return str(value)
    return copy.copy(value)


def apply_overrides(tree: Tree, overrides: Overrides | None) -> tuple[Tree, list[Fault]]:
    """Change values of a scenario.

    Parameters
    ----------
    tree : Tree
        The scenario; it is left as it is.
    overrides : mapping, sequence of str, str or None
        Dotted paths with their values.

    Returns
    -------
    Tree
        A changed copy, not yet checked; unknown keys are left to the check of the whole scenario.
    list of Fault
        One for every override that cannot be read or whose path leads nowhere.
    """
    changed = tree.copy()
    if overrides is None:
        return changed, []
    origin = f"{tree.origins.get((), tree.name).removesuffix(MARK)}{MARK}"
    pairs, faults = parse_overrides(overrides)
    for path, value in pairs:
        fault = _set(changed, path, value, origin)
        if fault is not None:
            faults.append(fault)
        changed.overrides.pop(dotted(path), None)
        changed.overrides[dotted(path)] = value
    return changed, faults


def value_at(data: Any, path: str) -> Any:
    """Read the value at a dotted path.

    Parameters
    ----------
    data : Any
        Plain data of a scenario.
    path : str
        As in overrides.

    Returns
    -------
    Any
        The value.

    Raises
    ------
    ScenarioError
        If the path is malformed or leads nowhere.
    """
    here = data
    loc: Loc = ()
    steps = parse_path(path)
    for part in steps:
        step = _step(here, part, loc, steps, "scenario")
        if isinstance(step, Fault):
            raise ScenarioError([step])
        if isinstance(here, dict) and step not in here:
            fault = Fault(
                f"scenario: {dotted(steps)}",
                shown(part),
                f"a key of {dotted(loc) or 'the scenario'} that has a value: {listed(here, 40)}",
                did_you_mean(str(part), here),
            )
            raise ScenarioError([fault])
        here, loc = here[step], (*loc, step)
    return here


def _set(tree: Tree, path: Loc, value: Any, origin: str) -> Fault | None:
    here: Any = tree.data
    loc: Loc = ()
    for part in path[:-1]:
        step = _step(here, part, loc, path, origin)
        if isinstance(step, Fault):
            return step
        if isinstance(here, dict) and step not in here:
            here[step] = {}
            tree.origins[(*loc, step)] = origin
        here, loc = here[step], (*loc, step)
    step = _step(here, path[-1], loc, path, origin)
    if isinstance(step, Fault):
        return step
    if step == "kind" and isinstance(here, dict):
        change_kind(here, loc, value)
    here[step] = value
    tree.mark((*loc, step), origin)
    return None


def _step(here: Any, part: str | int, loc: Loc, path: Loc, origin: str) -> str | int | Fault:
    """Resolve one step of a path to a key or an index of what is there."""
    place = f"{origin}: {dotted(path)}"
    if isinstance(here, dict):
        if not isinstance(part, str):
            return Fault(place, f"[{part}]", f"a key of {dotted(loc) or 'the scenario'}", "it is not a list")
        what = _FREE_KEYS.get(loc)
        if what and part not in here and len(path) > len(loc) + 1:
            known = list(here)
            remedy = did_you_mean(part, known) or f"define the {what} first"
            return Fault(place, shown(part), f"the name of a {what}: {listed(known)}", remedy)
        return part
    if not isinstance(here, list):
        return Fault(
            place, shown(part), f"a path that ends at {dotted(loc)}", f"{dotted(loc)} is not a table"
        )
    if isinstance(part, int):
        if part < len(here):
            return part
        expected = f"an index 0 to {len(here) - 1}" if here else "a list with items"
        return Fault(place, f"[{part}]", f"{expected} of {dotted(loc)}", "indices count from 0")
    names = [str(item["name"]) for item in here if isinstance(item, dict) and "name" in item]
    for key in ("name", "id"):
        for index, item in enumerate(here):
            if isinstance(item, dict) and key in item and str(item[key]) == part:
                return index
    if names:
        remedy = did_you_mean(part, names) or "name an item, its id, or its index in brackets"
        return Fault(place, shown(part), f"an item of {dotted(loc)}: {listed(names)}", remedy)
    return Fault(place, shown(part), f"an index of {dotted(loc)} in brackets, 0 to {len(here) - 1}")
