"""Every recorded study says which version of the trajectories it was measured on, and its page says the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.model.observation import TRAJECTORY_VERSION

STUDIES = Path(__file__).resolve().parents[2] / "experiments"
RECORDS = (
    "calibration/results.json",
    "launch/results.json",
    "optimization/result.json",
    "optimization/standard/result.json",
    "selection/results.json",
    "sweeps/results.json",
    "topologies/record.json",
)


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_and_its_page_name_the_trajectory_version(record: str) -> None:
    file = STUDIES / record
    version = json.loads(file.read_text())["trajectory_version"]
    page = (
        file.parent / "README.md" if (file.parent / "README.md").is_file() else file.parents[1] / "README.md"
    )
    assert f"rajectories {version}" in page.read_text()
    assert version <= TRAJECTORY_VERSION
    if version < TRAJECTORY_VERSION:
        pytest.xfail(
            f"{record} is of trajectories {version}, the model of {TRAJECTORY_VERSION}: measure it anew"
        )
