"""Hazards on networks: planted influence is found, absent influence is not, and real data give what they gave."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator import ScenarioError, adoption_network, fit_network_hazard
from simulator.experiment.network_forecast import (
    discrimination,
    forecast_network,
    score_forecasts,
    simple_forecasts,
)
from simulator.experiment.network_hazard import _SPREADS, influence_placebo
from simulator.experiment.network_study import study_network

DATA = os.environ.get("SIMULATOR_TEST_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="SIMULATOR_TEST_DATA does not name the folder of real data")


def plain_world(
    p: float, q: float, form: str, seed: int, n: int = 600, n_groups: int = 6, spread: float = 0.0
):
    """Simulate adoption person by person, the slow obvious way."""
    rng = np.random.default_rng(seed)
    groups = np.arange(n) % n_groups
    effects = spread * rng.standard_normal(n_groups)
    ties = []
    for person in range(n):
        peers = np.flatnonzero((groups == groups[person]) & (np.arange(n) != person))
        ties += [(person, int(other)) for other in rng.choice(peers, 4, replace=False)]
    named = {person: [other for one, other in ties if one == person] for person in range(n)}
    when = np.full(n, 99)
    for period in range(1, 11):
        for person in range(n):
            if when[person] < period:
                continue
            k = sum(when[other] < period for other in named[person])
            own = effects[groups[person]]
            if form == "count":
                chance = 1 - (1 - p) ** np.exp(own) * (1 - q) ** k
            else:
                chance = p * np.exp(own) + q * k / len(named[person])
            if rng.random() < chance:
                when[person] = period
    return when, np.array(ties), groups


@pytest.mark.parametrize("form", ["count", "share"])
def test_planted_influence_is_recovered_with_nominal_coverage(form: str) -> None:
    """Of 2 x 40 intervals of 95 %, at least 69 hold the truth (false alarm < 1e-3)."""
    p, q = (0.03, 0.06) if form == "count" else (0.03, 0.25)
    inside = 0
    for seed in range(40):
        when, ties, groups = plain_world(p, q, form, seed, n=300)
        fit = fit_network_hazard(adoption_network(when, ties, n_periods=10, groups=groups), form=form)
        errors = fit.standard_errors
        inside += (abs(fit.p - p) < 1.96 * errors[0]) + (abs(fit.q - q) < 1.96 * errors[1])
    assert inside >= 69


def test_no_influence_is_rarely_found() -> None:
    """The test at 5 % rejects at most 9 of 60 worlds without influence (false alarm about 1e-3), and all with it."""
    rejected = 0
    for seed in range(60):
        when, ties, groups = plain_world(0.1, 0.0, "count", 100 + seed, n=200)
        rejected += (
            fit_network_hazard(adoption_network(when, ties, n_periods=10, groups=groups)).p_value < 0.05
        )
    assert rejected <= 9
    when, ties, groups = plain_world(0.02, 0.1, "count", 1)
    network = adoption_network(when, ties, n_periods=10, groups=groups)
    fit = fit_network_hazard(network)
    assert fit.p_value < 1e-6 and influence_placebo(fit, n=39) == pytest.approx(1 / 40)


def test_a_shuffled_network_gains_nothing() -> None:
    when, ties, groups = plain_world(0.1, 0.0, "count", 2, n=300)
    assert (
        influence_placebo(fit_network_hazard(adoption_network(when, ties, n_periods=10, groups=groups)), n=39)
        > 0.05
    )


def test_differences_between_groups_are_not_taken_for_influence() -> None:
    when, ties, groups = plain_world(0.08, 0.0, "count", 3, spread=0.9, n_groups=12)
    network = adoption_network(when, ties, n_periods=10, groups=groups)
    without, with_effects = fit_network_hazard(network), fit_network_hazard(network, group_effects=True)
    assert without.gain > 3 and with_effects.gain < 2
    assert with_effects.spread > 0.3 and with_effects.akaike < without.akaike


def test_likelihood_is_the_sum_over_people_and_periods() -> None:
    when, ties, groups = plain_world(0.05, 0.1, "count", 4, n=60)
    fit = fit_network_hazard(adoption_network(when, ties, n_periods=6, groups=groups))
    total = 0.0
    for person in range(60):
        for period in range(1, 7):
            if when[person] < period:
                break
            k = sum(when[other] < period for one, other in ties if one == person)
            chance = 1 - (1 - fit.p) * (1 - fit.q) ** k
            total += np.log(chance if when[person] == period else 1 - chance)
    assert fit.log_likelihood == pytest.approx(total, abs=1e-6)


def test_direction_matters() -> None:
    when, ties, groups = plain_world(0.02, 0.1, "count", 5)
    named, naming = (
        fit_network_hazard(adoption_network(when, ties, n_periods=10, groups=groups, influence=influence))
        for influence in ("named", "naming")
    )
    assert named.log_likelihood > naming.log_likelihood + 5


def test_forecasts_of_planted_worlds_cover() -> None:
    """90 % intervals of 30 worlds x 6 groups hold the later adopters in at least 146 of 180 (false alarm < 1e-3)."""
    inside = 0
    for seed in range(30):
        when, ties, groups = plain_world(0.03, 0.06, "count", 200 + seed, n=300)
        network = adoption_network(when, ties, n_periods=10, groups=groups)
        forecast = forecast_network(fit_network_hazard(network.until(6)), 4, n_worlds=200, seed=seed)
        low, high = forecast.cumulative_interval(0.9)
        happened = network.counts()[6:].sum(axis=0)
        inside += int(((happened >= low) & (happened <= high)).sum())
    assert inside >= 146


def test_strong_influence_by_share_is_forecast_as_it_was_fitted() -> None:
    """q may exceed 1 by share: half of one's peers may be enough for certainty."""
    expected, found = [], []
    for seed in range(6):
        when, ties, groups = plain_world(0.02, 2.0, "share", 300 + seed, n=300)
        network = adoption_network(when, ties, n_periods=10, groups=groups)
        fit = fit_network_hazard(network.until(3), form="share")
        assert fit.q > 1.2
        found.append(fit.forecast(3, n_worlds=200, seed=seed).counts.sum(axis=(1, 2)).mean())
        expected.append(network.counts()[3:6].sum())
    assert np.mean(found) == pytest.approx(np.mean(expected), rel=0.12)
    exact = replace(fit, values=np.array([0.02, 2.0]), covariance=np.zeros((2, 2)))
    capped = replace(exact, values=np.array([0.02, 1.0]))
    later, slower = (one.forecast(3, n_worlds=200, seed=1).mean.sum() for one in (exact, capped))
    assert later > 1.1 * slower


def test_forecasts_carry_the_error_of_the_parameters() -> None:
    """With many people chance averages out, and the forecast's spread is that of the estimate of p."""
    network = adoption_network([1] * 200 + [99] * 3800, np.array([[0, 1]]), n_periods=2, groups=[0, 1] * 2000)
    fit = fit_network_hazard(network)
    for error in (0.0, 0.02):
        known = replace(fit, values=np.array([0.1, 0.0]), covariance=np.diag([error**2, 0.0]))
        total = known.forecast(1, n_worlds=2000, seed=3).counts.sum(axis=(1, 2))
        expected = np.sqrt((3800 * error) ** 2 + 3800 * (0.1 * 0.9 - error**2))
        assert total.std() == pytest.approx(expected, rel=0.08)


def test_half_of_the_p_value_lies_at_the_bound() -> None:
    from scipy import stats

    when, ties, groups = plain_world(0.05, 0.03, "count", 9, n=200)
    fit = fit_network_hazard(adoption_network(when, ties, n_periods=10, groups=groups))
    assert fit.gain > 0.1
    assert fit.p_value == pytest.approx(0.5 * stats.chi2(1).sf(2 * fit.gain))


def test_the_spread_of_groups_is_the_one_with_the_largest_marginal_likelihood() -> None:
    """Planted spreads from small to large; the standard error of one of 25 groups is about its sixth."""
    for planted, seed in ((2.0, 11), (0.5, 12)):
        when, ties, groups = plain_world(0.05, 0.0, "count", seed, n=500, n_groups=25, spread=planted)
        network = adoption_network(when, ties, n_periods=10, groups=groups)
        fit = fit_network_hazard(network, group_effects=True)
        assert fit.spread == pytest.approx(planted, rel=0.45)
        assert not any(fit.spread == pytest.approx(place, rel=1e-6) for place in _SPREADS)
        best = -_marginal_loss(fit, fit.spread)
        assert best > -_marginal_loss(fit, 1.5 * fit.spread) and best > -_marginal_loss(fit, fit.spread / 1.5)


def _marginal_loss(fit, spread: float) -> float:
    """Return the loss of a spread with every group's effect integrated out on a grid, at the fitted p and q."""
    network = fit.network
    effects = np.linspace(-8 * spread, 8 * spread, 4001)
    total = 0.0
    for group in range(len(network.group_names)):
        value = -0.5 * (effects / spread) ** 2 - np.log(spread * np.sqrt(2 * np.pi))
        members = network.groups == group
        for period in range(1, network.n_periods + 1):
            at_risk = members & (network.periods >= period)
            exposure = network.exposure(network.periods < period)[at_risk]
            adopts = network.periods[at_risk] == period
            for k in np.unique(exposure):
                stay = np.log1p(-fit.p) * np.exp(effects) + k * np.log1p(-fit.q)
                value = value + (adopts & (exposure == k)).sum() * np.log(-np.expm1(stay))
                value = value + (~adopts & (exposure == k)).sum() * stay
        top = value.max()
        total -= top + np.log(np.exp(value - top).sum() * (effects[1] - effects[0]))
    return total


def test_forecasts_start_from_those_left() -> None:
    when, ties, groups = plain_world(0.05, 0.05, "share", 6, n=120)
    network = adoption_network(when, ties, n_periods=10, groups=groups)
    fit = fit_network_hazard(network.until(5), form="share")
    forecast = fit.forecast(5, n_worlds=50, seed=1)
    left = (network.periods > 5).sum()
    assert forecast.counts.shape == (50, 5, 6) and forecast.counts.sum(axis=(1, 2)).max() <= left
    assert (forecast.chance[network.periods <= 5] == 1).all()
    assert (forecast.counts == fit.forecast(5, n_worlds=50, seed=1).counts).all()
    simple = simple_forecasts(network.until(5), 5)
    assert all(found.sum() <= left + 1e-9 for found in simple.values())
    perfect = score_forecasts(network, {"perfect": network.counts()[5:].astype(float), **simple}, 5)
    assert perfect.iloc[0]["forecast"] == "perfect" and perfect.iloc[0]["period_error"] == 0


def test_discrimination_is_the_area_under_the_curve() -> None:
    assert discrimination(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])) == 1.0
    assert discrimination(np.array([0.5, 0.5]), np.array([True, False])) == 0.5


@needs_data
@pytest.mark.data
def test_korean_villages_fitted_on_five_years_beat_naive_and_bass() -> None:
    folder = Path(DATA)
    study = study_network(
        folder / "korean_family_planning_edges.csv.gz",
        folder / "korean_family_planning_nodes.csv",
        group="group",
        n_periods=10,
        fit_until=5,
        influence="both",
        group_effects=True,
    )
    assert study.network.n_people == 1047 and len(study.network.group_names) == 25
    assert study.network.counts().sum(axis=1).tolist() == [69, 94, 81, 86, 65, 62, 53, 53, 73, 37]
    errors = study.scores.set_index("forecast")["period_error"]
    assert errors["network"] < errors["naive"] < errors["bass_nls"]
    assert study.group_coverage >= 0.8


def test_periods_are_those_of_the_file_where_never_is_not_one_of_them(tmp_path) -> None:
    """Files may give those who never adopted a period after the last: then the last period is not to be guessed."""
    edges, nodes = tmp_path / "ties.csv", tmp_path / "people.csv"
    edges.write_text("a,b\n" + "\n".join(f"{k},{(k + 1) % 30}" for k in range(30)))
    when = [1 + k % 7 for k in range(30)]
    nodes.write_text("node,toa\n" + "\n".join(f"{k},{t if t < 7 else ''}" for k, t in enumerate(when)))
    study = study_network(edges, nodes)
    assert study.network.n_periods == 6 and study.digest == study_network(edges, nodes, n_periods=6).digest
    assert "4 without adoption in periods 1 to 6" in repr(study)
    with pytest.raises(ScenarioError, match="fit = 9; expected a period, 2 to 6"):
        study_network(edges, nodes, fit_until=9)
    nodes.write_text("node,toa\n" + "\n".join(f"{k},{t}" for k, t in enumerate(when)))
    with pytest.raises(ScenarioError, match="--periods 7, or 6 if 7 stands for never"):
        study_network(edges, nodes)
    assert study_network(edges, nodes, n_periods=6).digest == study.digest
    nodes.write_text("node,toa\n" + "\n".join(f"{k}," for k in range(30)))
    with pytest.raises(ScenarioError, match="some adoptions"):
        study_network(edges, nodes)


def test_the_answer_says_what_may_pass_for_influence(tmp_path) -> None:
    edges, nodes = tmp_path / "ties.csv", tmp_path / "people.csv"
    edges.write_text("a,b\n0,1\n1,2\n2,3\n")
    nodes.write_text("node,toa\n0,1\n1,2\n2,3\n3,\n")
    study = study_network(edges, nodes)
    assert "friends who are alike" in repr(study) and "marketing" in repr(study)
    assert "Van den Bulte & Lilien 2001" in study.to_json_document()["caution"]


def test_names_of_people_are_text_in_both_files(tmp_path) -> None:
    """Whatever they look like: numbers beside words, zeros in front, and what stands for missing numbers elsewhere."""
    edges, nodes = tmp_path / "ties.csv", tmp_path / "people.csv"
    names = {"0": "1", "1": "001", "2": "NA", "3": "A3"}
    found = []
    for called in (names, {k: k for k in names}):
        edges.write_text("a,b\n" + "".join(f"{called[a]},{called[b]}\n" for a, b in ("01", "12", "02")))
        nodes.write_text("node,toa\n" + "".join(f"{called[k]},{int(k) % 3 + 1}\n" for k in names))
        found.append(study_network(edges, nodes, n_periods=3).digest)
    assert found[0] == found[1]
    nodes.write_text("node,toa\n0,1\n,2\n2,3\n")
    with pytest.raises(ScenarioError, match="line 3: node = nothing"):
        study_network(edges, nodes, n_periods=3)


def test_faults_of_networks_are_told() -> None:
    ties = [[0, 1], [1, 2]]
    for arguments, words in (
        ({"periods": [1, 2, 3], "ties": [[0, 3]], "n_periods": 3}, "positions of people"),
        ({"periods": [1, 2, 3], "ties": [0, 1, 2], "n_periods": 3}, r"shape \(tie, 2\)"),
        ({"periods": [9, 9, 9], "ties": ties, "n_periods": 3}, "some adoptions"),
        ({"periods": [1.5, 2, 3], "ties": ties, "n_periods": 3}, "whole periods"),
        ({"periods": [1, 2, 3], "ties": ties, "n_periods": 3, "influence": "namd"}, 'did you mean "named"'),
        ({"periods": [1, 2, 3], "ties": ties, "n_periods": 3, "groups": [0]}, "one per person"),
    ):
        with pytest.raises(ScenarioError, match=words):
            adoption_network(arguments.pop("periods"), arguments.pop("ties"), **arguments)
    network = adoption_network([1, 2, 3], ties, n_periods=3)
    with pytest.raises(ScenarioError, match='"share"'):
        fit_network_hazard(network, form="shares")
