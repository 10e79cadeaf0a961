"""Loading scenarios: from a file or from the gallery, with overrides, every fault told at once."""

from __future__ import annotations

import os
from pathlib import Path

from simulator.errors import Fault, ScenarioError
from simulator.scenario.gallery import shipped_names, shipped_path
from simulator.scenario.merging import label_of, read_tree
from simulator.scenario.overrides import Overrides
from simulator.scenario.scenario import Scenario
from simulator.scenario.wording import did_you_mean, listed


def load_scenario(source: str | os.PathLike[str], overrides: Overrides | None = None) -> Scenario:
    """Load a scenario and check it.

    Parameters
    ----------
    source : str or path
        Path of a TOML file, or the name of a shipped scenario such as ``launch``.
    overrides : mapping, sequence of str, or str, optional
        Changes by dotted path, ``{"population.consumers": 2000}`` or ``["population.consumers=2000"]``.

    Returns
    -------
    Scenario
        Checked and frozen.

    Raises
    ------
    ScenarioError
        With everything that is wrong: the place, what was got, what was expected, and a remedy.

    Examples
    --------
    >>> load_scenario("minimal", {"population.consumers": 50}).population.consumers
    50
    """
    return Scenario.overridden(read_tree(find_scenario(source)), overrides)


def check_scenario(source: str | os.PathLike[str], overrides: Overrides | None = None) -> tuple[Fault, ...]:
    """Find what is wrong with a scenario file, without running it.

    Parameters
    ----------
    source : str or path
        As in `load_scenario`; a file that is only a base for others is checked as far as it goes.
    overrides : mapping, sequence of str, or str, optional
        As in `load_scenario`.

    Returns
    -------
    tuple of Fault
        Empty if nothing is wrong.
    """
    try:
        Scenario.overridden(read_tree(find_scenario(source)), overrides)
    except ScenarioError as error:
        return tuple(
            fault for fault in error.faults if not fault.place.endswith(": abstract") or fault.got != "true"
        )
    return ()


def find_scenario(source: str | os.PathLike[str]) -> Path:
    """Find the file that a path or a shipped scenario's name means.

    Parameters
    ----------
    source : str or path
        A path wins over a name.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ScenarioError
        If there is none.
    """
    path = Path(source).expanduser()
    if path.is_file():
        return path
    shipped = shipped_path(str(source))
    if shipped is not None:
        return shipped
    names = shipped_names()
    if path.stem in names:
        remedy = f'correct the path, or load the shipped scenario by its name, "{path.stem}"'
    else:
        near = [item.name for item in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        remedy = did_you_mean(path.name, near) or did_you_mean(path.stem, names) or "correct the path"
    expected = f"a scenario file that exists, or a shipped scenario: {listed(names)}"
    raise ScenarioError([Fault(label_of(path), "", expected, remedy)])
