"""What a design says of itself in the manifest of its results."""

from __future__ import annotations

import hashlib
import json
import math
import time
from typing import Any

from simulator.experiment.design_file import Design
from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.experiment_folder import SCENARIOS, identity_of
from simulator.outcomes.provenance import machine, network_record, versions


def design_manifest(design: Design) -> dict[str, Any]:
    """Return a design as plain data, with everything that results need to be understood and gone on with.

    Parameters
    ----------
    design : Design
        What is run.

    Returns
    -------
    dict
        ``treatments`` lists positions of (scenario, point, strategy); ``treatment_keys`` the hash of each
        treatment's content; ``replicates`` lists [first, one past the last].
    """
    names = [factor.name for factor in design.factors]
    if not names:
        names = list(dict.fromkeys(name for point in design.points for name in point.factors))
    points = [{"factors": dict(p.factors), "overrides": dict(p.overrides)} for p in design.points]
    n_strategies = len(design.strategies)
    manifest = {
        "name": design.name,
        "title": design.title,
        "purpose": design.purpose,
        "design": design.kind,
        "balance": design.balance,
        "notes": list(design.notes),
        "factors": names,
        "factor_details": [factor.describe() for factor in design.factors],
        "points": points,
        "strategies": list(design.strategies),
        "scenarios": [
            {
                "name": scenario.name,
                "source": scenario.source,
                "digest": scenario.digest,
                "network": network_record(scenario),
                "currency": scenario.market.currency,
                "metric": scenario.comparison.metric,
                "file": f"{SCENARIOS}/{scenario.name}.toml",
            }
            for scenario in design.scenarios
        ],
        "scenario_digests": [scenario.digest for scenario in design.scenarios],
        "treatments": [
            [s, p, k]
            for s in range(len(design.scenarios))
            for p in range(len(points))
            for k in range(n_strategies)
        ],
        "treatment_keys": _keys(design),
        "seed": design.seed,
        "replicates": [[design.replicates.start, design.replicates.stop]],
        "metrics": list(design.metrics),
        "trajectory_version": TRAJECTORY_VERSION,
        "versions": versions(),
        "machine": machine(),
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    plain: dict[str, Any] = json.loads(json.dumps(_finite(manifest)))
    return plain


def design_identity(design: Design) -> dict[str, Any]:
    """Return what tells the experiment of a design from others: everything but how many replicates it has."""
    return identity_of(design_manifest(design))


def design_files(design: Design) -> dict[str, bytes]:
    """Return the scenarios as files, from which single replicates can be run alone."""
    return {f"{SCENARIOS}/{scenario.name}.toml": scenario.to_toml().encode() for scenario in design.scenarios}


def _keys(design: Design) -> list[str]:
    treatments = [treatment.digest for treatment in design.treatments()]
    return [
        hashlib.sha256(f"{scenario.digest}\n{digest}".encode()).hexdigest()
        for scenario in design.scenarios
        for digest in treatments
    ]


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
