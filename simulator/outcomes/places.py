"""Where results may be written: checked before anything is computed, by making something there and removing it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.errors import Fault, StoreError, TakenPlaceError

MANIFEST = "manifest.json"
#: Folder within a folder of results in which a study keeps what it simulates, to go on with; never replaced.
OUTCOMES = "outcomes"
#: Mark of a manifest of this package.
FORMAT = "consumer-market-simulator results"

_REMEDY = "choose a place that you may write to"


def check_writable(path: Path, *, is_added_to: bool = False) -> Path:
    """Check that a file or folder can be made at a path, or put in the place of the one that is there.

    Parameters
    ----------
    path : Path
        What will be written. Folders above it that are missing can be made.
    is_added_to : bool
        Whether a folder that is there is added to, not replaced as a whole.

    Returns
    -------
    Path
        Its absolute path, links followed.

    Raises
    ------
    StoreError
        If something above it is a file, or nothing can be made there.
    """
    place = absolute(path)
    if is_added_to and place.exists() and not place.is_dir():
        raise TakenPlaceError([Fault(str(path), "a file", "a folder for results", "choose another folder")])
    if is_added_to and place.is_dir():
        if os.access(place, os.W_OK | os.X_OK):
            return place
        raise StoreError(
            [Fault(str(path), "a folder that is read-only", "a place that can be written to", _REMEDY)]
        )
    above = place.parent
    while not os.path.lexists(above) and above != above.parent:
        above = above.parent
    if not above.is_dir():
        raise StoreError([Fault(str(path), f"a path through the file {above}", "a path of folders", _REMEDY)])
    if os.path.ismount(place):
        raise StoreError(
            [Fault(str(path), "where a disk begins", "a folder on it", f"write {path / 'results'}")]
        )
    probe = above / f".{place.name}.partial-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        probe.mkdir()
    except OSError as error:
        got = f"nothing can be made in {above} ({error.strerror or error})"
        raise StoreError([Fault(str(path), got, "a place that can be written to", _REMEDY)]) from None
    with contextlib.suppress(OSError):
        probe.rmdir()
    return place


def check_file(path: Path) -> Path:
    """Check that one file can be written, before time is spent on computing what goes into it.

    Parameters
    ----------
    path : Path
        The file; an earlier one is replaced. Folders that are missing are made when it is written.

    Returns
    -------
    Path
        Its absolute path, links followed; that of a device or pipe as given.

    Raises
    ------
    StoreError
        If it is a folder, or cannot be written.
    """
    given = path.expanduser()
    if is_stream(given):
        return given
    if absolute(path).is_dir():
        raise StoreError(
            [Fault(str(path), "a folder", "a file", f"name a file in it, such as {path / 'out'}")]
        )
    return check_writable(path)


def is_stream(path: Path) -> bool:
    """Return whether a path is a device or a pipe, such as ``/dev/stdout``: written to and never replaced."""
    try:
        return path.exists() and not path.is_file() and not path.is_dir()
    except OSError:
        return False


def absolute(path: Path) -> Path:
    """Return the absolute path, links followed and ``~`` replaced; links in a circle are a fault."""
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError) as error:
        got = str(error).partition(":")[0]
        raise StoreError([Fault(str(path), got, "a path that leads somewhere", _REMEDY)]) from None


def check_place(path: Path, *, kind: str = "comparison", question: Mapping[str, Any] | None = None) -> Path:
    """Check that results may be written to a folder, before time is spent on computing them.

    Parameters
    ----------
    path : Path
        The folder.
    kind : str
        Kind of the results; earlier ones are replaced only if they are of the same kind.
    question : mapping, optional
        What the manifest says where the results in the folder answer the same question, by key or by keys joined
        with a dot; results that answer another one, or do not say which, are not replaced.

    Returns
    -------
    Path
        Its absolute path, links followed.

    Raises
    ------
    TakenPlaceError
        If it is a file, or a folder with anything but such results.
    StoreError
        If it cannot be written.
    """
    place = check_content(path, kind)
    manifest = _manifest_or_none(place) if question is not None and place.is_dir() else None
    if question is not None and manifest is not None:
        _check_question(path, manifest, question)
    return check_writable(path)


def check_content(path: Path, kind: str) -> Path:
    """Return the absolute path of a folder that is free, or holds results of a kind and nothing else."""
    place = absolute(path)
    remedy = "choose another folder"
    if place.exists() and not place.is_dir():
        raise TakenPlaceError([Fault(str(path), "a file", "a folder for results", remedy)])
    if not place.is_dir() or all(item.name == OUTCOMES for item in place.iterdir()):
        return place
    manifest = _manifest_or_none(place)
    if manifest is None:
        fault = Fault(str(path), "a folder with other content", "a new or empty folder", remedy)
        raise TakenPlaceError([fault])
    found = kind_of(manifest)
    if found != kind:
        got, expected = f"results of another kind ({found})", f"a new or empty folder, or one of kind {kind}"
        raise TakenPlaceError([Fault(str(path), got, expected, remedy)])
    known = {MANIFEST, *manifest.get("files", {})}
    names = {file.relative_to(place) for file in place.rglob("*") if not file.is_dir()}
    kept = {name for name in names if name.parts[0] == OUTCOMES}
    foreign = sorted({name.as_posix() for name in names - kept} - known)
    if foreign:
        expected = "only files of earlier results, which would be replaced"
        raise TakenPlaceError([Fault(str(path), ", ".join(foreign[:5]), expected, f"move them, or {remedy}")])
    return place


#: What is said of results whose manifest has something else than what is asked.
_OTHERS = {
    "scenario_digest": "another scenario or other settings",
    "strategies": "other strategies",
    "strategy": "another strategy",
    "seed": "another seed",
    "first_replicate": "other replicates",
    "n_replicates": "other replicates",
    "replicate": "another replicate",
    "precision": "other replicates",
    "precision.targets": "another precision",
    "precision.method": "another way to a precision",
    "precision.first_stage": "another first stage",
    "precision.max_replicates": "another maximum of replicates",
    "regions": "other regions",
    "treatments": "other strategies",
    "factors": "other factors",
    "indifference": "another indifference zone",
    "n_base_points": "other points",
    "n_levels": "other levels of the factors",
    "n_parameters": "other draws of the parameters",
    "n_worlds": "other worlds",
    "trajectory_version": "another version of the model",
}


def _check_question(path: Path, manifest: Mapping[str, Any], question: Mapping[str, Any]) -> None:
    """Refuse to replace results that answer another question, or, of an earlier version, do not say which."""
    differing = []
    unsaid = []
    for key, value in question.items():
        found: Any = manifest
        for part in key.split("."):
            if found is not None:
                found = found[part] if isinstance(found, Mapping) and part in found else _UNSAID
        name = key.rpartition(".")[-1]
        if found is _UNSAID and value is not None:
            unsaid.append(name.replace("_", " "))
        elif found is not _UNSAID and found != json.loads(json.dumps(value, default=str)):
            differing.append(_OTHERS.get(key) or _OTHERS.get(name, f"another {name.replace('_', ' ')}"))
    if differing:
        got = f"results of another question ({', '.join(dict.fromkeys(differing))})"
        expected = "a new or empty folder, or results of the same question, which would be replaced"
        remedy = "choose another folder with --out, or remove this one"
        raise TakenPlaceError([Fault(str(path), got, expected, remedy)])
    if unsaid:
        got = f"results of an earlier version, which do not say their {', '.join(unsaid)}"
        expected = "a new or empty folder, or results of the same question, which would be replaced"
        raise TakenPlaceError(
            [Fault(str(path), got, expected, "choose another folder with --out, or remove this one")]
        )


_UNSAID = object()


def kind_of(manifest: Mapping[str, Any]) -> str:
    """Return the kind of results that a manifest is of; earlier versions did not write it for two of them."""
    return str(manifest.get("kind") or ("export" if "question" in manifest else "comparison"))


def _manifest_or_none(folder: Path) -> dict[str, Any] | None:
    place = folder / MANIFEST
    return read_manifest(place) if place.is_file() else None


def read_manifest(place: Path) -> dict[str, Any] | None:
    """Return a manifest of this package, or None where the file is none."""
    try:
        manifest = json.loads(place.read_bytes())
    except (OSError, ValueError):
        return None
    is_ours = isinstance(manifest, dict) and manifest.get("format") == FORMAT
    return manifest if is_ours else None
