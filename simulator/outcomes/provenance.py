"""Where results come from: versions of the software, the machine, and the social graph that was used."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from simulator.model.observation import TRAJECTORY_VERSION
from simulator.scenario import Scenario

_LIBRARIES = ("numpy", "numba", "scipy", "mesa", "networkx", "pandas", "pyarrow")


def versions() -> dict[str, str]:
    """Return the versions of Python, of this package and of the libraries it uses."""
    import simulator

    found = {
        "python": platform.python_version(),
        "simulator": str(getattr(simulator, "__version__", "unknown")),
    }
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def machine() -> dict[str, str]:
    """Return the operating system and the processor's architecture."""
    return {"system": platform.platform(), "processor": platform.machine()}


def origin() -> dict[str, Any]:
    """Return what every record of a study says of where it comes from.

    Returns
    -------
    dict
        ``trajectory_version``, which rises whenever the same scenario and seed give other numbers; ``versions`` of
        the software; ``machine``.
    """
    return {"trajectory_version": TRAJECTORY_VERSION, "versions": versions(), "machine": machine()}


def file_hash(path: Path) -> str:
    """Return the sha256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def network_record(scenario: Scenario) -> dict[str, Any]:
    """Return where a scenario's social graph comes from, so that a repetition can verify it.

    Parameters
    ----------
    scenario : Scenario
        Any scenario.

    Returns
    -------
    dict
        ``kind``; for an edge list also the path and hash of its files; for a graph passed in from Python
        ``kind = "object"`` and its hash, from which it cannot be rebuilt, with ``weights`` and ``influence``
        where it was read otherwise than by default.
    """
    if scenario.given_graph is not None:
        return {"kind": "object", **scenario.given_graph.identity()}
    network = scenario.network
    record: dict[str, Any] = {"kind": network.kind}
    for key in ("path", "nodes"):
        path = getattr(network, key, None)
        if isinstance(path, str):
            record[key] = {"path": path, "sha256": file_hash(Path(path))}
    return record
