"""Reading manifests of every layout, and verifying folders of experiments file by file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.errors import Fault, StoreError
from simulator.outcomes.experiment_folder import EXPERIMENT, check_readable
from simulator.outcomes.experiment_store import in_order, manifest_hash
from simulator.outcomes.provenance import file_hash
from simulator.outcomes.shards import SHARDS, Rows, read_shard, rows_digest, shard_files
from simulator.outcomes.store import MANIFEST, load_manifest

_AGAIN = "call the sweep again with the same folder: what is missing is simulated anew"


def load_any_manifest(path: Path) -> tuple[Path, dict[str, Any]]:
    """Read a manifest of any layout and bring it to the form of an experiment's.

    Parameters
    ----------
    path : Path
        Folder of results, or its manifest.

    Returns
    -------
    folder : Path
        The folder.
    manifest : dict
        A comparison becomes an experiment with one point, whose treatments are its strategies.

    Raises
    ------
    StoreError
        If there are no results, or their manifest is lost.
    """
    check_readable(path)
    manifest = load_manifest(path)
    folder = path.parent if path.is_file() else path
    folder = folder.expanduser().resolve()
    if manifest.get("kind") == EXPERIMENT:
        return folder, manifest
    if manifest.get("kind") is not None or "first_replicate" not in manifest:
        got = f"results of another kind ({manifest.get('kind', 'study')})"
        page = folder / "report.html"
        remedy = f"open {page}, or ask the experiment" if page.is_file() else "correct the path"
        raise StoreError([Fault(str(path), got, "results of an experiment or a comparison", remedy)])
    first, n = manifest["first_replicate"], manifest["n_replicates"]
    changed = {
        "kind": "comparison",
        "title": manifest.get("scenario_name", ""),
        "scenarios": [_scenario_of(manifest)],
        "points": [{"factors": {}, "overrides": {}}],
        "factors": [],
        "treatments": [[0, 0, s] for s in range(len(manifest["strategies"]))],
        "replicates": [[first, first + n]],
        "metrics": _metrics_of(folder),
    }
    return folder, {**manifest, **changed}


def _scenario_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an experiment's manifest says of a scenario, as far as a comparison's does."""
    scenario = manifest.get("scenario", {})
    found = {
        "currency": scenario.get("market", {}).get("currency"),
        "metric": scenario.get("comparison", {}).get("metric"),
    }
    stated = {key: value for key, value in found.items() if value is not None}
    return {"name": manifest["scenario_name"], "digest": manifest["scenario_digest"], **stated}


def _metrics_of(folder: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = folder / "outcomes.parquet"
    try:
        names = pq.read_schema(file).names
    except (OSError, pa.ArrowException) as error:
        remedy = f"repeat the comparison from {MANIFEST}"
        raise StoreError([Fault(str(file), "no readable file", "a table of outcomes", remedy)]) from error
    return [name for name in names if name not in ("strategy", "replicate")]


def check_experiment(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Verify the manifest, every shard and the digest of an experiment.

    Parameters
    ----------
    folder : Path
        Its folder.
    manifest : mapping
        Its manifest.

    Raises
    ------
    StoreError
        With everything that is missing, unreadable or altered.
    """
    faults: list[Fault] = []
    on_disk = json.loads((folder / MANIFEST).read_bytes())
    if on_disk.get("manifest_hash") != manifest_hash(on_disk):
        remedy = "call the sweep again with the same folder: the manifest is written anew"
        faults.append(Fault(str(folder / MANIFEST), "an altered file", "the manifest as written", remedy))
    found = shard_files(folder)
    parts: list[Rows] = []
    for file in found:
        try:
            parts.append(read_shard(file, manifest["metrics"]))
        except StoreError as error:
            faults.extend(error.faults)
    faults.extend(
        _file_faults(folder, manifest.get("files", {}), {f"{SHARDS}/{file.name}" for file in found})
    )
    rows = Rows.concatenate(parts, len(manifest["metrics"]))
    rows = rows.take(in_order(rows))
    if not faults and manifest.get("state") == "complete":
        digest = rows_digest(rows, manifest["treatment_keys"], manifest["seed"], manifest["metrics"])
        if digest != manifest["digest"]:
            got, expected = f"digest {digest[:16]}", f"that of the manifest, {manifest['digest'][:16]}"
            faults.append(Fault(str(folder), got, expected, _AGAIN))
    if faults:
        raise StoreError(faults)


def _file_faults(folder: Path, files: Mapping[str, str], shards: set[str]) -> list[Fault]:
    faults = []
    for name, expected in files.items():
        file = folder / name
        if name.startswith(f"{SHARDS}/"):
            if name not in shards:
                faults.append(Fault(str(file), "", "a shard that the manifest lists", _AGAIN))
        elif not file.is_file() or file_hash(file) != expected:
            got = "an altered file" if file.is_file() else ""
            faults.append(Fault(str(file), got, "the file that the manifest lists", _AGAIN))
    return faults
