"""The study of topologies runs, small, and writes what its README promises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "experiments" / "topologies"


@pytest.mark.slow
def test_the_study_of_topologies_runs_small(tmp_path: Path) -> None:
    command = [sys.executable, str(STUDY / "run.py"), "--consumers", "200", "--replicates", "2"]
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    result = subprocess.run(
        [*command, "--out", str(tmp_path)], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    table = pd.read_csv(tmp_path / "results.csv")
    assert len(table) == 4 * 8
    assert not table.duplicated(["topology", "strategy"]).any()
    gained = table[table["strategy"] != "none"]
    assert (gained["to_none_lower"] <= gained["to_none"]).all()
    assert (gained["to_none"] <= gained["to_none_upper"]).all()
    elsewhere = gained[gained["topology"] != "clustered"]
    assert elsewhere[["to_reference", "to_reference_lower", "to_reference_upper"]].notna().all(axis=None)
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert "| mass |" in result.stdout


def test_the_readme_shows_the_recorded_results() -> None:
    table = pd.read_csv(STUDY / "results.csv").set_index(["topology", "strategy"])
    text = (STUDY / "README.md").read_text()
    for value in table["to_none"].drop("none", level="strategy"):
        assert f"{value / 1e3:+,.0f} (" in text
