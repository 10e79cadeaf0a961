"""The store: results in folders and files, written whole or not at all, and verified when read.

A folder of results is first written beside its place, under a hidden name; every file is flushed to the
disk; the manifest, with the hash of every other file, comes last; then the folder is renamed into place.
Whoever reads the place finds the earlier results or the new ones, never a mixture. The hidden name is the
writer's own, whichever process and thread it runs in; what an interrupted writer left behind is swept up by the
next.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import secrets
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from simulator.errors import Fault, StoreError
from simulator.outcomes.parquet import TRAJECTORIES, trajectories_bytes
from simulator.outcomes.place_lock import sweep_lock, written
from simulator.outcomes.places import FORMAT as FORMAT
from simulator.outcomes.places import MANIFEST as MANIFEST
from simulator.outcomes.places import OUTCOMES as OUTCOMES
from simulator.outcomes.places import absolute, check_content, is_stream, kind_of, read_manifest
from simulator.outcomes.places import check_place as check_place
from simulator.outcomes.provenance import file_hash
from simulator.outcomes.trajectories import Trajectories

if TYPE_CHECKING:
    import pandas

#: Version of the folder's layout.
LAYOUT = 1

#: Hidden files and folders that writers in this process hold.
_HELD: set[Path] = set()
#: Folders of results are written by one thread of a process at a time.
_WRITING = threading.Lock()


@dataclass(frozen=True, eq=False)
class Content:
    """What a folder of results holds.

    Parameters
    ----------
    manifest : mapping
        How the results came about.
    document : mapping
        The comparison as plain data: ``comparison.json``.
    trajectories : Trajectories
        ``trajectories.parquet``.
    outcomes : pandas.DataFrame
        One row per strategy and replicate: ``outcomes.parquet``.
    estimates : pandas.DataFrame
        One row per strategy and metric: ``estimates.csv``.
    extra_files : mapping
        Further content by relative name.
    """

    manifest: Mapping[str, Any]
    document: Mapping[str, Any]
    trajectories: Trajectories
    outcomes: pandas.DataFrame
    estimates: pandas.DataFrame
    extra_files: Mapping[str, bytes] = field(default_factory=dict)


def save_results(content: Content, path: Path) -> Path:
    """Write a folder of results, whole or not at all.

    Parameters
    ----------
    content : Content
        What to write.
    path : Path
        The folder. Earlier results are replaced; an empty or missing folder is made.

    Returns
    -------
    Path
        The folder, as an absolute path.

    Raises
    ------
    StoreError
        If there is something else at ``path``, or it cannot be written.
    """
    faults = [fault for name in content.extra_files for fault in _name_faults(name)]
    if faults:
        raise StoreError(faults)
    return save_files(dict(_files(content)), content.manifest, path)


def save_files(files: Mapping[str, bytes], manifest: Mapping[str, Any], path: Path) -> Path:
    """Write a folder of files with a manifest that has their hashes, whole or not at all.

    Parameters
    ----------
    files : mapping
        Content by relative name.
    manifest : mapping
        How the files came about.
    path : Path
        The folder. Earlier results are replaced; an empty or missing folder is made.

    Returns
    -------
    Path
        The folder, as an absolute path.

    Raises
    ------
    StoreError
        If there is something else at ``path``, another run holds it, or it cannot be written.
    """
    with written(path), _WRITING:
        place = check_content(path, kind_of(manifest))
        return _save_files(files, manifest, path, place)


def _save_files(files: Mapping[str, bytes], manifest: Mapping[str, Any], path: Path, place: Path) -> Path:
    staging = hold_beside(place, "partial")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        sweep(place)
        staging.mkdir()
        hashes = {}
        for name, data in files.items():
            target = staging / name
            target.parent.mkdir(parents=True, exist_ok=True)
            write_flushed(target, data)
            hashes[name] = file_hash(target)
        whole = {"format": FORMAT, "layout": LAYOUT, **manifest, "files": hashes}
        write_flushed(staging / MANIFEST, json_bytes(whole))
        for folder in sorted({(staging / name).parent for name in hashes} | {staging}, reverse=True):
            flush_folder(folder)
        _put_in_place(staging, place)
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        remedy = "choose a folder that you may write to, with enough space"
        raise StoreError(
            [Fault(str(path), error.strerror or str(error), "a writable folder", remedy)]
        ) from error
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    finally:
        _HELD.discard(staging)
    return place


def folder_of(path: Path) -> Path:
    """Return the absolute path of the folder of results that a path means: it, or the folder of its manifest."""
    given = path.expanduser()
    return (given.parent if given.name == MANIFEST or given.is_file() else given).resolve()


def load_manifest(path: Path) -> dict[str, Any]:
    """Read the manifest of a folder of results.

    Parameters
    ----------
    path : Path
        The folder, or its manifest.

    Returns
    -------
    dict
        How the results came about.

    Raises
    ------
    StoreError
        If there is none, or it is of another kind.
    """
    folder = folder_of(path)
    if not folder.exists() and folder.parent.is_dir():
        sweep(folder)
    given = path.expanduser()
    place = given if given.is_file() else folder / MANIFEST
    if not place.is_file():
        raise StoreError([Fault(str(path), "", f"a folder of results with a {MANIFEST}", "correct the path")])
    manifest = read_manifest(place)
    if manifest is None:
        raise StoreError([Fault(str(place), "another file", f"a manifest of {FORMAT}", "correct the path")])
    return manifest


def verify(path: Path) -> None:
    """Verify that a folder of results is complete and unchanged.

    Parameters
    ----------
    path : Path
        The folder, or its manifest; it may have been moved since it was written.

    Raises
    ------
    StoreError
        With every file that is missing or changed.
    """
    manifest = load_manifest(path)
    folder = folder_of(path)
    faults = []
    for name, expected in manifest["files"].items():
        file = folder / name
        got = file_hash(file) if file.is_file() else ""
        if got != expected:
            found = f"sha256 {got[:16]}" if got else ""
            remedy = f"repeat the comparison from {MANIFEST}"
            faults.append(Fault(str(file), found, f"the file with sha256 {expected[:16]}", remedy))
    if faults:
        raise StoreError(faults)


def write_file(path: Path, data: bytes, *, parents: bool = False) -> None:
    """Write one file so that it appears complete or not at all.

    Parameters
    ----------
    path : Path
        The file; replaced if it exists. A link stays one, and the file that it leads to is replaced; a device or a
        pipe is written to.
    data : bytes
        Its content.
    parents : bool
        Make its folder where that is missing.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    place = absolute(path)
    if is_stream(path.expanduser()):
        _write_stream(path.expanduser(), data)
        return
    staging = hold_beside(place, "partial")
    try:
        if parents:
            place.parent.mkdir(parents=True, exist_ok=True)
        write_flushed(staging, data)
        staging.replace(place)
        flush_folder(place.parent)
    except OSError as error:
        _discard(staging)
        remedy = "choose a place that you may write to"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = "make room, or choose another place"
        raise StoreError(
            [Fault(str(path), error.strerror or str(error), "a writable file", remedy)]
        ) from error
    except BaseException:
        _discard(staging)
        raise
    finally:
        _HELD.discard(staging)


def _write_stream(path: Path, data: bytes) -> None:
    try:
        with path.open("wb") as file:
            file.write(data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StoreError([Fault(str(path), error.strerror or str(error), "a writable file")]) from error


def _files(content: Content) -> list[tuple[str, bytes]]:
    outcomes = io.BytesIO()
    content.outcomes.to_parquet(outcomes, compression="zstd", index=False)
    return [
        (TRAJECTORIES, trajectories_bytes(content.trajectories)),
        ("outcomes.parquet", outcomes.getvalue()),
        ("estimates.csv", content.estimates.to_csv(index=False).encode()),
        ("comparison.json", json_bytes(content.document)),
        *content.extra_files.items(),
    ]


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """Return a document as JSON text."""
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _name_faults(name: str) -> list[Fault]:
    parts = PurePosixPath(name)
    if name and not parts.is_absolute() and ".." not in parts.parts and name not in (MANIFEST, TRAJECTORIES):
        return []
    return [Fault("extra_files", repr(name), "a relative name inside the folder, not one of the store's")]


def hold_beside(place: Path, what: str) -> Path:
    """Return the path of a hidden sibling that no other writer uses, in whichever process or thread.

    Parameters
    ----------
    place : Path
        Absolute path of what is written.
    what : str
        ``"partial"`` or ``"replaced"``.

    Returns
    -------
    Path
        For example ``.results.partial-1234-9f3a0c51``: the process, so that others can tell whether it still
        runs, and a token of its own.
    """
    path = place.with_name(f".{place.name}.{what}-{os.getpid()}-{secrets.token_hex(4)}")
    _HELD.add(path)
    return path


def sweep(place: Path) -> None:
    """Remove what interrupted writers left beside a folder, and put back results they had set aside.

    Parameters
    ----------
    place : Path
        Absolute path of the folder of results. What belongs to a writer that still runs stays.
    """
    sweep_lock(place)
    for stray in sorted(place.parent.glob(f".{place.name}.*-*")):
        what, owner, *_ = stray.name.removeprefix(f".{place.name}.").split("-")
        if what not in ("partial", "replaced") or not owner.isdigit() or stray in _HELD:
            continue
        if int(owner) != os.getpid() and _runs(int(owner)):
            continue
        if what == "replaced" and not place.exists():
            stray.replace(place)
            continue
        _rescue_outcomes(stray, place)
        if stray.is_dir():
            shutil.rmtree(stray)
        else:
            stray.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _put_in_place(staging: Path, place: Path) -> None:
    set_aside = hold_beside(place, "replaced")
    try:
        if place.exists():
            place.replace(set_aside)
        try:
            staging.replace(place)
        except BaseException:
            if set_aside.exists() and not place.exists():
                set_aside.replace(place)
            raise
        _rescue_outcomes(set_aside, place)
        flush_folder(place.parent)
        shutil.rmtree(set_aside, ignore_errors=True)
    finally:
        _HELD.discard(set_aside)


def _rescue_outcomes(stray: Path, place: Path) -> None:
    """Move what a study has simulated from a folder that will be removed to the one in place."""
    if (stray / OUTCOMES).is_dir() and not (place / OUTCOMES).exists():
        place.mkdir(parents=True, exist_ok=True)
        (stray / OUTCOMES).replace(place / OUTCOMES)


def write_flushed(path: Path, data: bytes) -> None:
    """Write a file and flush it to the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _discard(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
