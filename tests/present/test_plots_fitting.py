"""Figures of fits and optimizations are drawn, and show what they should."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.text import Text

import simulator as sim
from simulator.present import plots_style


@pytest.fixture(scope="module")
def tiny():
    return sim.load_scenario("tiny")


def test_a_calibration_draws_posterior_and_prediction(tiny) -> None:
    series = sim.simulate(tiny, "none", seed=9, n_replicates=1).series("first_purchases", brand="Ours")[0, 0]
    fit = sim.calibrate(
        tiny,
        {"brands.Ours.quality": (-1, 1)},
        series=series,
        hold_out=3,
        n_simulations=100,
        n_checks=40,
        seed=1,
    )
    posterior, prediction = fit.plot_posterior(), fit.plot_prediction()
    assert len(posterior.axes) == 2 and "ranks of 40" in posterior.axes[1].get_title(loc="left")
    assert "line: prior" in posterior.texts[1].get_text()
    assert [len(line.get_xdata()) for line in prediction.axes[0].lines[1:3]] == [5, 3]
    assert posterior.png() == posterior.png() and prediction.png().startswith(b"\x89PNG")
    moments = sim.calibrate(
        tiny,
        {"brands.Ours.quality": (-1, 1)},
        targets={"share_volume": 0.4},
        n_simulations=100,
        n_checks=20,
        seed=1,
    )
    assert moments.plot_prediction().png().startswith(b"\x89PNG")


def test_a_bass_fit_draws_its_forecast() -> None:
    sales = [96, 195, 238, 380, 1045, 1230, 1267, 1828, 1586, 1673, 1800, 1580, 1500]
    chart = sim.bass(sales, hold_out=3).plot_fit()
    hollow = [line for line in chart.axes[0].lines if len(line.get_xdata()) == 3]
    assert hollow and np.array_equal(hollow[0].get_ydata(), sales[-3:])


def test_an_optimization_draws_its_frontiers(tiny) -> None:
    found = sim.optimize(
        tiny, "precision", n_first=4, n_rounds=1, batch=2, n_replicates=2, n_race=4, n_evaluation=20, seed=1
    )
    for cost in ("risk", "privacy"):
        chart = found.plot_frontier(cost=cost)
        assert chart.png().startswith(b"\x89PNG")
        assert len([line for line in chart.axes[0].lines if line.get_marker() == "o"]) == len(found.plans)


def test_a_forecast_on_a_network_is_drawn(tmp_path) -> None:
    rng = np.random.default_rng(1)
    people = "\n".join(f"{k},{k % 3},{rng.integers(1, 9)}" for k in range(60))
    (tmp_path / "people.csv").write_text(f"node,village,year\n{people}\n")
    ties = "\n".join(f"{a},{b}" for a, b in rng.integers(0, 60, (150, 2)))
    (tmp_path / "ties.csv").write_text(f"a,b\n{ties}\n")
    study = sim.study_network(
        tmp_path / "ties.csv",
        tmp_path / "people.csv",
        n_periods=6,
        adopted="year",
        group="village",
        fit_until=4,
    )
    assert study.plot_forecast().png().startswith(b"\x89PNG") and len(study.scores) >= 3
    for arguments, words in (
        ({"adopted": "yer"}, 'did you mean "year"'),
        ({"adopted": "year", "fit_until": 9}, "2 to 6"),
    ):
        with pytest.raises(sim.ScenarioError, match=words):
            sim.study_network(tmp_path / "ties.csv", tmp_path / "people.csv", n_periods=6, **arguments)
    (tmp_path / "ties.csv").write_text("a,b\n1,99\n")
    with pytest.raises(sim.ScenarioError, match="people of the column node"):
        sim.study_network(tmp_path / "ties.csv", tmp_path / "people.csv", n_periods=6, adopted="year")


@pytest.mark.parametrize("n_named", [1, 3])
@pytest.mark.parametrize("side", [1, -1])
def test_labels_of_points_cover_no_other_point(side, n_named):
    """Three points at one height, named or not; the label that stays there, of the outermost one, goes past all."""
    chart = plots_style.new_chart(7.8, 4.4, "title", "subtitle")
    axes = chart.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    places = [0.5 - side * x for x in (0.4, 0.33, 0.36)]
    names = ("a long name", "b", "c")[:n_named]
    labels = [(x, 0.5, name, "k") for x, name in zip(places, names, strict=False)]
    plots_style.label_points(axes, labels, [(x, 0.5) for x in places[n_named:]])
    chart.draw_without_rendering()
    for own, text in zip(places, axes.texts, strict=False):
        box = Text.get_window_extent(text).transformed(axes.transData.inverted())
        inside = [x for x in places if x != own and box.x0 < x < box.x1 and box.y0 < 0.5 < box.y1]
        assert not inside and 0 <= box.x0 < box.x1 <= 1, text.get_text()
