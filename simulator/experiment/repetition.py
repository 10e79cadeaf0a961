"""Repeat a stored comparison from its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from simulator.errors import Fault, StoreError
from simulator.experiment.comparison import Comparison, compare
from simulator.experiment.simulation import OnProgress
from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.provenance import file_hash
from simulator.outcomes.store import load_manifest
from simulator.scenario import Scenario

COMPARISON = "comparison"
#: What a manifest must say so that the comparison can be run again; older ones may lack the rest.
_NEEDED = (
    *("scenario", "scenario_name", "scenario_digest", "network", "strategies", "seed"),
    *("n_replicates", "first_replicate", "engine", "trajectory_version", "versions", "digest"),
)


def repeat(
    path: str | Path,
    *,
    network: Any = None,
    engine: str | None = None,
    threads: int | None = None,
    on_progress: OnProgress | None = None,
) -> Comparison:
    """Run a stored comparison again; its digest is that of the manifest.

    Parameters
    ----------
    path : path
        Folder of results, or its manifest.
    network : networkx graph or scipy sparse matrix, optional
        The social graph, where the comparison was made with one passed in from Python; its weights and
        arcs are read as they were then.
    engine : {"numba", "mesa"}, optional
        That of the manifest if omitted; the digest does not depend on it.
    threads : int, optional
        All processors if omitted; the digest does not depend on it.
    on_progress : callable, optional
        Receives (task, done, total).

    Returns
    -------
    Comparison
        Its manifest's ``repeats`` has the stored digest and whether it was met. Where replicates had been added
        until intervals were narrow enough, the same ones are run again, in the same rounds or stages.

    Raises
    ------
    StoreError
        If the manifest is missing, is not that of a comparison, was written by another trajectory version, or
        the social graph is missing or another one.
    """
    place = Path(path)
    manifest = comparison_manifest(place)
    faults = _faults(str(place), manifest, network)
    if faults:
        raise StoreError(faults)
    scenario = Scenario.from_dict(manifest["scenario"], name=manifest["scenario_name"])
    if network is not None:
        record = manifest["network"]
        reading = {"weights": record.get("weights", "none"), "influence": record.get("influence", "naming")}
        scenario = scenario.with_network(network, **({} if hasattr(network, "n_consumers") else reading))
    if scenario.digest != manifest["scenario_digest"]:
        got = f"scenario with digest {scenario.digest[:16]}"
        expected = f"the stored one, {manifest['scenario_digest'][:16]}"
        remedy = "use the social graph and the version of the package that were used"
        raise StoreError([Fault(str(place), got, expected, remedy)])
    comparison = compare(
        scenario,
        strategies=manifest["strategies"],
        seed=manifest["seed"],
        first_replicate=manifest["first_replicate"],
        engine=engine or manifest["engine"],
        threads=threads,
        on_progress=on_progress,
        **_replicates(manifest),
    )
    repeats = {"digest": manifest["digest"], "is_equal": comparison.digest == manifest["digest"]}
    comparison.manifest.update(
        repeats=repeats, precision=manifest.get("precision"), overrides=manifest.get("overrides", {})
    )
    if manifest.get("precision") and comparison.precision is None:
        warnings = (*comparison.verdict.warnings, manifest["precision"]["caveat"])
        return replace(comparison, verdict=replace(comparison.verdict, warnings=warnings))
    return comparison


def _replicates(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what says how many replicates are run: their number, or the precision that they were added for.

    Intervals of two stages need to know the first one; older manifests, which lack it, are repeated by the number.
    """
    record = manifest.get("precision") or {}
    if not {"targets", "method", "first_stage", "max_replicates"} <= set(record):
        return {"n_replicates": manifest["n_replicates"]}
    return {
        "n_replicates": record["first_stage"],
        "precision": record["targets"],
        "precision_method": record["method"],
        "max_replicates": record["max_replicates"],
    }


def comparison_manifest(path: Path) -> dict[str, Any]:
    """Read the manifest of a comparison.

    Parameters
    ----------
    path : Path
        Folder of results, or its manifest.

    Returns
    -------
    dict
        How the comparison came about.

    Raises
    ------
    StoreError
        If there is none, or it is that of other results or incomplete.
    """
    manifest = load_manifest(path)
    faults = _kind_faults(str(path), manifest)
    if faults:
        raise StoreError(faults)
    return manifest


def _kind_faults(place: str, manifest: Mapping[str, Any]) -> list[Fault]:
    """Return why a manifest is none of a comparison."""
    kind = manifest.get("kind", COMPARISON)
    if kind != COMPARISON:
        got, expected = f"results of another kind ({kind})", "results of a comparison"
        remedy = "run the verb that made them again; their manifest has the scenario and the seed"
        return [Fault(place, got, expected, remedy)]
    missing = [key for key in _NEEDED if key not in manifest]
    if missing:
        expected = "a complete manifest of a comparison"
        return [
            Fault(place, f"a manifest without {', '.join(missing)}", expected, "run the comparison again")
        ]
    return []


def _faults(place: str, manifest: Mapping[str, Any], network: Any) -> list[Fault]:
    faults = []
    if manifest["trajectory_version"] != TRAJECTORY_VERSION:
        got = f"trajectory version {manifest['trajectory_version']}"
        version = manifest["versions"]["simulator"]
        remedy = f"install version {version} of the package"
        faults.append(Fault(place, got, f"version {TRAJECTORY_VERSION}", remedy))
    graph = manifest["network"]
    if graph["kind"] == "object" and network is None:
        expected = f"the social graph passed in from Python, with hash {graph['hash'][:16]}"
        faults.append(Fault(place, "", expected, "pass it as network=..."))
    for key in ("path", "nodes"):
        if key not in graph:
            continue
        file = Path(graph[key]["path"])
        got = file_hash(file) if file.is_file() else ""
        if got != graph[key]["sha256"]:
            found = f"a file with sha256 {got[:16]}" if got else ""
            expected = f"the file with sha256 {graph[key]['sha256'][:16]}"
            faults.append(Fault(str(file), found, expected, "put back the file that was used"))
    return faults
