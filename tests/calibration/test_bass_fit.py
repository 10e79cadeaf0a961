"""The Bass model by named estimators: published figures, synthetic truths, faults at the door."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import simulator as sim
from simulator.experiment.bass_estimation import adopters_by_curve, adopters_by_recursion, cumulative_share

DATA = os.environ.get("SIMULATOR_TEST_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="SIMULATOR_TEST_DATA does not name the folder of real data")

#: Thousands sold in the United States, 1949-61, as printed by Srinivasan & Mason (1986).
AIR_CONDITIONERS = [96, 195, 238, 380, 1045, 1230, 1267, 1828, 1586, 1673, 1800, 1580, 1500]
#: Thousands of video cassette recorders, 1980-89, as printed by Cowpertwait & Metcalfe, section 3.3.4.
RECORDERS = [840, 1470, 2110, 4000, 7590, 10950, 10530, 9470, 7790, 5890]


def fitted(series, estimator: str) -> tuple[float, float, float]:
    fit = sim.bass(series, estimator=estimator)
    return round(fit.p, 5), round(fit.q, 4), round(fit.m)


def test_published_figures_come_out() -> None:
    assert fitted(AIR_CONDITIONERS, "ols") == (0.01699, 0.4049, 17091)
    assert fitted(AIR_CONDITIONERS, "nls") == (0.00944, 0.3748, 18713)
    assert fitted(RECORDERS, "nls") == (0.00879, 0.6422, 67660)


def test_estimators_differ_and_name_themselves() -> None:
    fits = {name: sim.bass(AIR_CONDITIONERS, estimator=name) for name in ("ols", "nls", "mle")}
    assert fits["ols"].p > 1.7 * fits["nls"].p > 1.7 * fits["mle"].p
    for name, fit in fits.items():
        assert fit.to_json_document()["estimator"] == name
        assert fit.estimator_name in repr(fit) and fit.estimator_name.split("(")[1][:4].strip() in repr(fit)


@needs_data
@pytest.mark.data
def test_a_file_a_column_and_an_array_give_the_same() -> None:
    file = Path(DATA) / "room_air_conditioners.csv"
    table = pd.read_csv(file, comment="#")
    from_file = sim.bass(file)
    assert from_file.series.labels[0] == "1949"
    assert from_file.digest == sim.bass(table, column="value").digest == sim.bass(str(file)).digest
    assert sim.bass(table["value"]).p == sim.bass(AIR_CONDITIONERS).p == from_file.p


def test_curves_agree_with_the_literature() -> None:
    shares = cumulative_share(np.array([5.0, 10.0, 20.0]), 0.03, 0.38)
    assert shares == pytest.approx([0.331199, 0.812803, 0.996259], abs=1e-6)
    recursion = adopters_by_recursion(20, 0.03, 0.38, 1.0).cumsum()
    assert recursion[[4, 9, 19]] == pytest.approx([0.272907, 0.782643, 0.998388], abs=1e-6)


@pytest.mark.parametrize("estimator", ["nls", "mle"])
def test_an_exact_curve_is_recovered(estimator: str) -> None:
    fit = sim.bass(adopters_by_curve(15, 0.02, 0.45, 5000.0), estimator=estimator)
    assert (fit.p, fit.q, fit.m) == pytest.approx((0.02, 0.45, 5000.0), rel=1e-4)
    assert fit.peak == pytest.approx(np.log(0.45 / 0.02) / 0.47, rel=1e-4)


def test_an_exact_recursion_is_recovered_by_ordinary_least_squares() -> None:
    fit = sim.bass(adopters_by_recursion(15, 0.02, 0.45, 5000.0), estimator="ols")
    assert (fit.p, fit.q, fit.m) == pytest.approx((0.02, 0.45, 5000.0), rel=1e-6)


@pytest.mark.parametrize("estimator", ["nls", "mle"])
def test_standard_errors_cover(estimator: str) -> None:
    """Poisson adopters: 95 % intervals of 120 series hold the truth in at least 104 of them (false alarm < 1e-3)."""
    truth = np.array([0.02, 0.4, 4000.0])
    rng = np.random.default_rng(11)
    inside = np.zeros(3)
    for _ in range(120):
        fit = sim.bass(rng.poisson(adopters_by_curve(14, *truth)), estimator=estimator)
        errors = np.array(list(fit.standard_errors.values()))
        inside += np.abs(np.array([fit.p, fit.q, fit.m]) - truth) < 1.96 * errors
    assert (inside >= 104).all(), inside


def test_hold_out_is_forecast_and_compared() -> None:
    fit = sim.bass(RECORDERS, hold_out=3)
    table = fit.hold_out
    assert table["observed"].tolist() == RECORDERS[-3:] and (table["naive"] == RECORDERS[-4]).all()
    assert fit.p == sim.bass(RECORDERS[:7]).p
    assert (table["lower"] < table["adopters"]).all() and (table["adopters"] < table["upper"]).all()
    expected = np.abs(table["adopters"] - table["observed"]).mean()
    assert fit.errors["mean_absolute_error"] == pytest.approx(expected)
    assert fit.errors["naive_mean_absolute_error"] == pytest.approx(
        np.abs(np.array(RECORDERS[-3:]) - 10530).mean()
    )


def test_forecast_intervals_hold_what_follows() -> None:
    """Of 60 series with normal errors, the 90 % interval of the next period holds it in at least 45 (p < 1e-3)."""
    rng, inside = np.random.default_rng(5), 0
    curve = adopters_by_curve(13, 0.02, 0.4, 4000.0)
    for _ in range(60):
        series = np.maximum(curve + 20 * rng.standard_normal(13), 0)
        row = sim.bass(series[:12]).forecast(1).iloc[0]
        inside += row["lower"] <= series[12] <= row["upper"]
    assert inside >= 45


def test_a_series_before_its_peak_is_called_an_extrapolation() -> None:
    fit = sim.bass(adopters_by_curve(6, 0.005, 0.4, 1e4) + np.array([3, -2, 4, -5, 6, -3]))
    assert any("extrapolation" in warning for warning in fit.warnings)


def test_faults_are_told_all_at_once(tmp_path) -> None:
    with pytest.raises(sim.ScenarioError) as error:
        sim.bass([5, -1, float("nan"), 4, 3])
    assert len(error.value.faults) == 2
    file = tmp_path / "sales.csv"
    file.write_text("year,units,price\n1,2,3\n")
    for call, words in (
        (lambda: sim.bass([1, 2, 3]), "at least 4 periods"),
        (lambda: sim.bass(RECORDERS, hold_out=7), "expected 0 to 6 of the 10 periods"),
        (lambda: sim.bass(RECORDERS, hold_out=-1), "whole number of periods"),
        (lambda: sim.bass(RECORDERS, estimator="nsl"), 'did you mean "nls"'),
        (lambda: sim.bass([0, 0, 0, 0, 0]), "some adopters"),
        (lambda: sim.bass([[1, 2], [3, 4]]), "one dimension"),
        (lambda: sim.bass(["a", "b", "c", "d"]), "numbers"),
        (lambda: sim.bass(tmp_path / "none.csv"), "a CSV file that exists"),
        (lambda: sim.bass(file), "name it with column="),
        (lambda: sim.bass(file, column="unitss"), 'did you mean "units"'),
        (lambda: sim.bass(RECORDERS, unit=0), "people per unit"),
        (lambda: sim.bass([1, 2, 4, 8, 16, 32, 64]), "another estimator"),
        (lambda: sim.bass(RECORDERS).forecast(0), "at least 1"),
    ):
        with pytest.raises(sim.ScenarioError, match=words):
            call()


@pytest.mark.parametrize("estimator", ["ols", "nls", "mle"])
def test_growth_without_a_bend_has_no_potential(estimator: str) -> None:
    with pytest.raises(sim.ScenarioError, match="potential"):
        sim.bass([1, 2, 4, 8, 16, 32, 64], estimator=estimator)


def test_a_forecast_of_ordinary_least_squares_ends_at_the_potential() -> None:
    """Beyond a hazard of 1 the recursion would take adopters back."""
    fit = sim.bass(RECORDERS, estimator="ols", hold_out=3)
    assert fit.q > 1
    table = fit.forecast(6)
    assert (table["adopters"] >= 0).all() and table["cumulative"].max() <= fit.m * (1 + 1e-12)
    assert table["adopters"].between(table["lower"], table["upper"]).all()


def test_forecasts_from_few_periods_are_wide() -> None:
    """With 5 periods, normal errors: the 90 % interval of the next holds it in at least 0.8 of 150 series.

    Binomial(150, 0.9): fewer than 120 with p < 1e-4. With normal instead of Student quantiles it is some 70 %.
    """
    rng, inside = np.random.default_rng(6), 0
    curve = adopters_by_curve(6, 0.05, 0.7, 4000.0)
    for _ in range(150):
        fit = sim.bass(np.maximum(curve[:5] + 5 * rng.standard_normal(5), 0))
        row = fit.forecast(1).iloc[0]
        inside += row["lower"] <= curve[5] + 5 * rng.standard_normal() <= row["upper"]
    assert inside >= 120


def test_maximum_likelihood_says_where_sampling_error_is_not_all() -> None:
    assert any(
        "sampling error alone" in told for told in sim.bass(AIR_CONDITIONERS, estimator="mle").warnings
    )
    drawn = np.random.default_rng(3).poisson(adopters_by_curve(14, 0.02, 0.4, 4000.0))
    assert not any("sampling error" in told for told in sim.bass(drawn, estimator="mle").warnings)


def test_a_curve_that_loses_against_the_last_value_says_so() -> None:
    fit = sim.bass(AIR_CONDITIONERS, hold_out=3)
    assert any("repeating the last" in told for told in fit.warnings)
    assert fit.errors["share_in_90_interval"] == 0 and "0 of them in the forecast's 90 %" in repr(fit)


def test_a_constant_series_has_no_curve() -> None:
    with pytest.raises(sim.ScenarioError, match="5 in each of 8 periods"):
        sim.bass([5] * 8)
