"""Figures and the report, on a made-up comparison."""

from __future__ import annotations

import re
import struct
from dataclasses import replace

import pandas as pd
import pytest
from fakes import NAMES, fake_comparison

from simulator.outcomes.text_tables import frame_rows, frame_text, text_table
from simulator.present.plots import figures_of, plot_curve, plot_differences, plot_risk
from simulator.present.report import figure_files, html_page, html_rows, report, strategy_rows


@pytest.fixture(scope="module")
def comparison():
    return fake_comparison(n_replicates=12, n_steps=20)


def test_every_figure_is_a_picture_of_a_readable_size(comparison) -> None:
    files = figure_files(comparison)
    assert set(files) == {f"figures/{name}.png" for name in figures_of(comparison)}
    for name, data in files.items():
        assert data.startswith(b"\x89PNG"), name
        width, height = struct.unpack(">II", data[16:24])
        assert 600 < width < 3000 and 200 < height < 2000, (name, width, height)


def test_a_figure_always_has_the_same_bytes(comparison) -> None:
    assert plot_differences(comparison).png() == plot_differences(comparison).png()


def test_figures_name_every_strategy(comparison) -> None:
    texts = {text.get_text() for axes in plot_differences(comparison).axes for text in axes.get_yticklabels()}
    assert texts == set(NAMES) - {"none"}


def test_differences_are_drawn_at_their_values(comparison) -> None:
    axes = plot_differences(comparison).axes[0]
    drawn = sorted(float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "o")
    expected = sorted(row["profit"].mean for row in comparison.to_baseline.values())
    assert drawn == pytest.approx(expected)


def test_a_single_strategy_can_be_drawn() -> None:
    alone = fake_comparison(("none",), n_replicates=3, n_steps=5)
    assert plot_curve(alone, "share").png().startswith(b"\x89PNG")
    assert "differences" not in figures_of(alone)


def test_results_draw_themselves(comparison) -> None:
    import simulator as sim

    assert sim.Comparison.plot_adoption(comparison).png() == plot_curve(comparison, "adoption").png()
    assert sim.Trajectories.plot_share(comparison.trajectories).png().startswith(b"\x89PNG")


def test_the_table_has_the_best_strategy_first(comparison) -> None:
    rows = strategy_rows(comparison)
    profits = {name: comparison.estimates[name]["profit"].mean for name in comparison.strategies}
    assert [row[0] for row in rows[1:]] == sorted(profits, key=lambda name: -profits[name])
    lines = text_table(rows).splitlines()
    assert len({len(line) for line in lines if line}) <= len(lines) and lines[0].startswith("strategy")


def test_a_strategy_without_a_value_comes_last(comparison) -> None:
    estimates = {name: dict(row) for name, row in comparison.estimates.items()}
    for name in (comparison.strategies[0], comparison.verdict.best):
        estimates[name]["profit"] = replace(estimates[name]["profit"], mean=float("nan"), n=0)
    rows = strategy_rows(replace(comparison, estimates=estimates))[1:]
    assert {row[0] for row in rows[-2:]} == {comparison.strategies[0], comparison.verdict.best}
    assert {row[5] for row in rows[-2:]} == {""}, "what is undefined has no probability of being best"
    shown = [estimates[row[0]]["profit"].mean for row in rows[:-2]]
    assert shown == sorted(shown, reverse=True)
    cheapest = replace(comparison, metric="cost_per_order")
    costs = [cheapest.estimates[row[0]]["cost_per_order"].mean for row in strategy_rows(cheapest)[1:]]
    assert costs == sorted(costs)


def test_all_spend_is_shown_where_it_is_not_what_the_strategy_spends(comparison) -> None:
    assert "all spend" not in strategy_rows(comparison)[0]
    name = comparison.strategies[-1]
    use = replace(comparison.budgets[name], total_imbalance=0.03)
    rows = strategy_rows(replace(comparison, budgets={**comparison.budgets, name: use}))
    assert rows[0][-1] == "all spend" and len({len(row) for row in rows}) == 1
    assert [row[-1] for row in rows if row[0] == name] == ["103.0 %"]


def test_the_confidence_is_written_in_full(comparison) -> None:
    table = strategy_rows(replace(comparison, confidence=0.975))
    assert "97.5 % interval" in table[0] and not any("98" in cell for cell in table[0])
    texts = [text.get_text() for text in plot_differences(replace(comparison, confidence=0.975)).texts]
    assert any("97.5 %" in text for text in texts)


def test_few_replicates_have_a_worst_one_and_no_worst_share(comparison) -> None:
    few = {name: replace(risk, n=12) for name, risk in comparison.risks.items()}
    many = {name: replace(risk, n=20) for name, risk in comparison.risks.items()}
    assert "worst replicate" in strategy_rows(replace(comparison, risks=few))[0]
    assert "worst 5 %" in strategy_rows(replace(comparison, risks=many))[0]
    texts = [text.get_text() for text in plot_risk(replace(comparison, risks=few)).texts]
    assert any("the worst replicate" in text for text in texts)


def test_what_is_not_known_is_not_written_as_certain(comparison) -> None:
    name = next(name for name in comparison.strategies if name != comparison.baseline)
    gaps = {key: dict(row) for key, row in comparison.to_baseline.items()}
    nan = float("nan")
    gaps[name]["profit"] = replace(gaps[name]["profit"], lower=nan, upper=nan, sd=0.0)
    risks = {**comparison.risks, name: replace(comparison.risks[name], p_best_mean=nan)}
    changed = replace(comparison, to_baseline=gaps, risks=risks)
    [row] = [row for row in strategy_rows(changed) if row[0] == name]
    assert row[4:6] == ["unknown", "unknown"]
    assert plot_differences(changed).png().startswith(b"\x89PNG")


def test_the_page_stands_alone_and_escapes_names(comparison) -> None:
    page = html_page(comparison, figure_files(comparison))
    assert "made up &lt;for tests&gt;" in page and "<for tests>" not in page
    assert comparison.verdict.sentence in page and comparison.digest in page
    assert not re.search(r"(src|href)=['\"](?!data:)", page)
    assert "<script" not in page and "http" not in page


def test_the_folder_has_everything(comparison, tmp_path) -> None:
    folder = report(comparison, tmp_path / "out")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"report.html", "manifest.json", "trajectories.parquet", "figures/differences.png"} <= names


def test_one_replicate_is_one() -> None:
    one = fake_comparison(n_replicates=1)
    page = html_page(one, {})
    assert "1 replicate of every strategy" in page and "1 replicates" not in page
    assert "60 replicates of every strategy" in html_page(fake_comparison(), {})


def test_tiny_p_values_are_not_told_in_full() -> None:
    table = pd.DataFrame({"treatment": ["mass", "none"], "p_holm": [5.167e-39, 0.0123], "lead": [5e-39, 1.0]})
    assert frame_rows(table) == [
        ["treatment", "p_holm", "lead"],
        ["mass", "< 0.001", "5e-39"],
        ["none", "0.0123", "1"],
    ]
    assert "&lt; 0.001" in html_rows(frame_rows(table)) and "< 0.001" in frame_text(table)
