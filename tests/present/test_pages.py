"""Figures and the report, on a made-up comparison."""

from __future__ import annotations

import re
import struct

import pytest
from fakes import NAMES, fake_comparison

from simulator.present.plots import figures_of, plot_curve, plot_differences
from simulator.present.report import figure_files, html_page, report, strategy_rows, text_table


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
