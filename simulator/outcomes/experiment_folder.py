"""Whose an experiment's folder is: its manifest, or where that is lost, the file of its identity.

Shards say which treatment and replicate they are of, not which experiment. So the folder says it twice: in
``manifest.json``, which is written again and again, and in ``identity.json``, which is written once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from simulator.errors import Fault, StoreError, TakenPlaceError
from simulator.outcomes.failures import FAILURES
from simulator.outcomes.folder_lock import LOCK
from simulator.outcomes.places import FORMAT, MANIFEST, kind_of
from simulator.outcomes.shards import SHARDS, shard_files

#: Version of the layout of an experiment's folder.
EXPERIMENT_LAYOUT = 2
EXPERIMENT = "experiment"
SCENARIOS = "scenarios"
IDENTITY = "identity.json"

#: What must agree between a manifest and a call that goes on with it, and what to say where it does not.
_AGREE = {
    "scenario_digests": "the same scenarios",
    "strategies": "the same strategies in the same order",
    "points": "the same design points",
    "treatments": "the same treatments",
    "metrics": "the same metrics",
    "seed": "the same seed",
    "balance": "levels solved in the same way",
    "trajectory_version": "the same trajectory version",
    "treatment_keys": "treatments with the same content",
}
_OTHER = "choose another folder, or go on with the design that the folder was begun with"
_OWN = (MANIFEST, IDENTITY, FAILURES, LOCK, SHARDS, SCENARIOS)
_ANOTHER = "choose another folder"


def identity_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a manifest that must agree where an experiment is gone on with."""
    return {key: manifest[key] for key in _AGREE}


def headed(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a manifest or an identity says, after what every file of this kind begins with."""
    return {"format": FORMAT, "layout": EXPERIMENT_LAYOUT, "kind": EXPERIMENT, **content}


def check_layout(path: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse a folder whose layout this version does not know.

    Parameters
    ----------
    path : Path
        The folder, as the user gave it.
    manifest : mapping
        What its manifest says.

    Raises
    ------
    TakenPlaceError
        If a later version has written it.
    """
    layout = manifest.get("layout")
    if isinstance(layout, int) and layout <= EXPERIMENT_LAYOUT:
        return
    version = manifest.get("versions", {}).get("simulator")
    remedy = f"install {f'version {version}' if version else 'a newer version'} of the package"
    expected = f"a layout up to {EXPERIMENT_LAYOUT}"
    raise TakenPlaceError([Fault(str(path), f"layout {layout}", expected, remedy)])


def check_folder(place: Path) -> dict[str, Any] | None:
    """Return the manifest of the experiment that a folder holds; None where the folder is free.

    Where the manifest is missing or cut short, what is returned is the identity alone.

    Parameters
    ----------
    place : Path
        A folder, existing or not.

    Raises
    ------
    TakenPlaceError
        If there is something else, results of a later version, or shards and nothing that tells of what they are.
    """
    if place.exists() and not place.is_dir():
        raise TakenPlaceError([Fault(str(place), "a file", "a folder for results", _ANOTHER)])
    if not place.is_dir():
        return None
    manifest = _content(place / MANIFEST)
    if manifest is None and shard_files(place):
        manifest = _content(place / IDENTITY)
        if manifest is None:
            raise TakenPlaceError([_lost(place)])
    elif manifest is None and _is_free({item.name for item in place.iterdir()}):
        return None
    if manifest is None or manifest.get("format") != FORMAT:
        expected = "a new or empty folder, or one of an experiment"
        raise TakenPlaceError([Fault(str(place), "a folder with other content", expected, _ANOTHER)])
    if manifest.get("kind") != EXPERIMENT:
        got = f"results of another kind ({kind_of(manifest)})"
        raise TakenPlaceError([Fault(str(place), got, "a folder of an experiment", _ANOTHER)])
    check_layout(place, manifest)
    return manifest


def _is_free(names: set[str]) -> bool:
    """Return whether a folder without shards has nothing but what a killed writer leaves before the first one."""
    begun = tuple(f".{name}.partial-" for name in _OWN)
    is_own = all(name in _OWN or name.startswith(begun) for name in names)
    return is_own and (SHARDS in names or not names & {MANIFEST, IDENTITY, FAILURES})


def check_readable(path: Path) -> None:
    """Refuse to read an experiment's folder whose manifest is lost, and say how it is written anew.

    Parameters
    ----------
    path : Path
        Folder of results, or its manifest.

    Raises
    ------
    StoreError
        If there are shards and no manifest that can be read.
    """
    folder = (path.parent if path.name == MANIFEST else path).expanduser()
    if not shard_files(folder) or _content(folder / MANIFEST) is not None:
        return
    if _content(folder / IDENTITY) is None:
        raise StoreError([_lost(folder)])
    remedy = (
        "call the sweep again with the same folder: the manifest is written anew, and what is stored is kept"
    )
    raise StoreError([Fault(str(folder / MANIFEST), _state(folder), "the manifest as written", remedy)])


def check_same(
    place: Path, stored: Mapping[str, Any] | None, wanted: Callable[[], Mapping[str, Any]]
) -> bool:
    """Return whether an experiment is gone on with; refuse another one, unless nothing of it is stored.

    Parameters
    ----------
    place : Path
        The folder.
    stored : mapping or None
        Its manifest; None where it is free.
    wanted : callable
        Returns the manifest of the experiment that would be written.

    Raises
    ------
    TakenPlaceError
        If the two are not the same experiment.
    """
    if stored is None:
        return False
    asked = wanted()
    faults: list[Fault] = []
    for key, what in _AGREE.items():
        if stored.get(key) == asked[key] or (key == "treatment_keys" and faults):
            continue  # the keys differ with whatever else does, and tell a reader nothing
        got, now = "an experiment with others", ""
        if key == "strategies":
            got, now = (", ".join(content[key]) for content in (stored, asked))
        elif not isinstance(asked[key], list):
            got, now = f"{stored.get(key)}", f"{asked[key]}"
        expected = f"{what} as asked for now" + (f", {now}" if now else "")
        faults.append(Fault(f"{place}: {key}", got, expected, _OTHER))
    if faults and shard_files(place):
        raise TakenPlaceError(faults)
    return not faults


def _content(file: Path) -> dict[str, Any] | None:
    """Return the content of a JSON file; None where it is missing, cut short or no object."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _state(folder: Path) -> str:
    return "a file that is cut short or altered" if (folder / MANIFEST).exists() else "no file"


def _lost(folder: Path) -> Fault:
    remedy = (
        f"put back a copy of {MANIFEST}, or choose another folder: {SHARDS} alone do not say whose they are"
    )
    return Fault(str(folder / MANIFEST), _state(folder), "the manifest of the experiment", remedy)
