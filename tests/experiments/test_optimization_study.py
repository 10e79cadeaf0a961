"""The study of a launch's budget: its README shows what was recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

STUDY = Path(__file__).resolve().parents[2] / "experiments" / "optimization"


def test_the_readme_shows_the_recorded_results() -> None:
    text = (STUDY / "README.md").read_text()
    result = json.loads((STUDY / "result.json").read_text())
    for name in ("equal split", "video alone", "tv alone", "as it stands"):
        found = result["differences"][name]
        assert f"{found['mean']:+,.0f} ({found['lower']:+,.0f} to {found['upper']:+,.0f})" in text, name
        assert found["lower"] > 0
    assert result["best_single"] == "video alone"
    assert result["risk_frontier"] == result["privacy_frontier"] == ["candidate 49"]
    table = pd.read_csv(STUDY / "plans.csv").set_index("plan")
    assert f"{table.loc['optimized', 'profit'] / 1e6:.2f} million EUR" in text
    free = table[(table["spend_data"] == 0)]["profit"].max()
    assert f"A plan without any data spend earns {free / 1e6:.2f} million EUR" in text
    for path, share in result["overrides"].items():
        if share > 0.01:
            assert f"{share}" in text, path
