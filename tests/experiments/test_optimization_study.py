"""The study of a launch's budget: its README shows what was recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import simulator as sim

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
    bought = table["spend_data"] > 0
    assert (
        f"A plan without any data spend earns {table[~bought]['profit'].max() / 1e6:.2f} million EUR" in text
    )
    assert f"stands, {table[bought]['profit'].max() / 1e6:.2f}." in text
    assert table[bought]["profit"].idxmax() == "as it stands"
    for path, share in result["overrides"].items():
        if share > 0.01:
            assert f"{share}" in text, path


def test_the_second_case_trades_the_mean_for_the_worst_replicates() -> None:
    text = (STUDY / "README.md").read_text()
    front = pd.read_csv(STUDY / "standard" / "frontier.csv")
    assert len(front) > 1
    assert front["mean"].is_monotonic_decreasing and front["worst"].is_monotonic_increasing
    traded = (front["mean_gap_upper"] < 0) & (front["worst_gap_lower"] > 0)
    assert traded.any()
    for row in front.itertuples():
        assert f"| {row.plan} |" in text
        for value in (row.mean, row.worst):
            assert f" {value / 1e3:,.0f} |" in text
        if row.Index:
            cells = [
                f"{mean / 1e3:+,.0f} ({low / 1e3:+,.0f} to {high / 1e3:+,.0f})"
                for mean, low, high in (
                    (row.mean_gap, row.mean_gap_lower, row.mean_gap_upper),
                    (row.worst_gap, row.worst_gap_lower, row.worst_gap_upper),
                )
            ]
            assert all(cell in text for cell in cells), cells
    path = pd.read_csv(STUDY / "standard" / "prices.csv").set_index(["externality_weight", "price"])
    little, much = path.loc[2.0], path.loc[6.0]
    assert little["worst"].idxmax() == 9.0
    assert little.loc[9.0, "mean"] > 0.999 * little["mean"].max()
    assert (much["worst"].idxmax(), much["mean"].idxmax()) == (9.25, 9.5)


@pytest.mark.slow
def test_a_recorded_plan_earns_what_is_written() -> None:
    scenario = sim.load_scenario(STUDY / "standard" / "standard.toml")
    front = pd.read_csv(STUDY / "standard" / "frontier.csv").iloc[0]
    result = json.loads((STUDY / "standard" / "result.json").read_text())
    plan = {key: front[key] for key in front.index if "." in key}
    first, last = result["evaluation_block"]
    [outcomes] = sim.evaluate(
        scenario.with_overrides(plan),
        [sim.Treatment("launch")],
        seed=1,
        replicates=range(first, last),
        metrics=["profit"],
    )
    assert outcomes[:, 0].mean() == pytest.approx(front["mean"], rel=1e-5)
