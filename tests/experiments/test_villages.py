"""The study of villages: its README shows what was recorded, and the record is what the data give."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

import simulator as sim

STUDY = Path(__file__).resolve().parents[2] / "experiments" / "villages"
DATA = os.environ.get("SIMULATOR_TEST_DATA")


def test_the_readme_shows_the_recorded_results() -> None:
    text = (STUDY / "README.md").read_text()
    scores = pd.read_csv(STUDY / "korean_family_planning_scores.csv").set_index("forecast")
    for name, row in scores.iterrows():
        cells = f"| {row['total']:.0f} | {row['period_error']:.1f} | {row['group_error']:.1f} |"
        assert cells in text, (name, cells)
    physicians = pd.read_csv(STUDY / "medical_innovation_scores.csv").set_index("forecast")["period_error"]
    assert f"off by {physicians['network']:.1f} a month" in text
    assert f"naive by {physicians['naive']:.1f}" in text


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="SIMULATOR_TEST_DATA does not name the folder of real data")
def test_the_record_is_what_the_data_give() -> None:
    table = pd.read_csv(STUDY / "korean_family_planning.csv")
    best = table.loc[table["akaike"].idxmin()]
    folder = Path(DATA)
    study = sim.study_network(
        folder / "korean_family_planning_edges.csv.gz",
        folder / "korean_family_planning_nodes.csv",
        group="group",
        n_periods=10,
        fit_until=5,
        influence=best["influence"],
        form=best["form"],
        group_effects=bool(best["group_effects"]),
        seed=1,
    )
    assert study.fit.akaike == pytest.approx(best["akaike"], abs=1e-3)
    assert study.scores.set_index("forecast").loc["network", "total"] == pytest.approx(
        best["total"], abs=1e-3
    )
    assert study.plot_forecast().png().startswith(b"\x89PNG")
