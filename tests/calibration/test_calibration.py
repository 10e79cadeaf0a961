"""Calibration of the market model: known truths, coverage, warnings, resuming, faults at the door."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

import simulator as sim
from simulator.experiment.calibration import FIRST_PREDICTIVE
from simulator.experiment.free_parameters import free_parameters
from simulator.outcomes.metrics import METRIC, measure
from simulator.present import cli

FREE = {"brands.Fizz.quality": (-1.0, 2.0), "brands.Fizz.online_coverage": (0.0, 1.0)}
QUALITY, COVERAGE = FREE


def observed(town, quality: float, coverage: float, seed: int):
    """One replicate of the market at known values, in weeks."""
    changed = town.with_overrides({QUALITY: quality, COVERAGE: coverage})
    return sim.simulate(changed, "none", seed=seed, n_replicates=1).series("first_purchases", brand="Fizz")[
        0, 0
    ]


@pytest.fixture(scope="module")
def series(town):
    return observed(town, 0.8, 0.6, 77)


@pytest.fixture(scope="module")
def fit(town, series):
    return sim.calibrate(
        town, FREE, series=series, hold_out=4, n_simulations=600, n_predictive=100, n_checks=300, seed=3
    )


def test_a_known_truth_lies_in_the_posterior_and_its_ranks_are_uniform(fit) -> None:
    """300 truths drawn from the prior: false alarm 0.01 for the ranks, below 1e-3 for the coverage."""
    summary = fit.summary.set_index("parameter")
    low, high = fit.to_dataframe()[COVERAGE].quantile([0.01, 0.99])
    assert low < 0.6 < high
    assert summary.loc[COVERAGE, "contraction"] > 0.5
    assert fit.check.p_value > 0.01 and len(fit.check.ranks) == 300
    for share in fit.check.coverage(0.9).values():
        assert share > 0.9 - 3.3 * np.sqrt(0.09 / 300)
    assert (fit.to_dataframe()[QUALITY].between(-1, 2)).all()
    contraction = dict(zip(fit.names, fit.check.contraction, strict=True))
    assert contraction[COVERAGE] > 0.4 and (fit.check.square_z < 1.5).all()


def test_the_posterior_predicts_what_was_fitted_and_held_out(fit, series) -> None:
    assert fit.predictive["observed"].tolist() == series[:9].tolist()
    assert (fit.predictive["p_value"] > 0.01).all()
    assert fit.hold_out["observed"].tolist() == series[9:].tolist()
    assert (fit.hold_out["naive"] == series[8]).all()
    assert fit.errors["model_mean_absolute_error"] == pytest.approx(
        (fit.hold_out["median"] - fit.hold_out["observed"]).abs().mean()
    )
    assert fit.errors["share_in_90_band"] >= 0.5


def test_predictive_replicates_are_never_those_that_were_fitted(town, series, monkeypatch) -> None:
    from simulator.experiment.calibration_market import MarketModel

    used: list[int] = []
    real = MarketModel._summaries

    def spy(self, task):
        used.append(task[1])
        return real(self, task)

    monkeypatch.setattr(MarketModel, "_summaries", spy)
    sim.calibrate(
        town, FREE, series=series, n_simulations=100, n_predictive=100, n_checks=20, seed=3, threads=1
    )
    assert sorted(used) == [*range(100), *range(FIRST_PREDICTIVE, FIRST_PREDICTIVE + 100)]


def test_what_the_data_do_not_determine_is_said(town, series) -> None:
    """Rewards for invitations have no effect without invitations: their posterior is their prior."""
    found = sim.calibrate(
        town,
        {COVERAGE: (0.0, 1.0), "parameters.invite_reward": (0.1, 2.0)},
        series=series,
        n_simulations=300,
        n_predictive=100,
        n_checks=20,
        seed=3,
    )
    assert any("invite_reward is not identified" in warning for warning in found.warnings)
    assert not any(f"{COVERAGE} is not identified" in warning for warning in found.warnings)
    assert found.summary.set_index("parameter").loc["parameters.invite_reward", "contraction"] < 0.2


def test_an_impossible_observation_is_said(town) -> None:
    """No price makes a town buy a million."""
    found = sim.calibrate(
        town,
        {"brands.Fizz.unit_cost": (1.0, 3.0), "brands.Fizz.price": (3.0, 5.0)},
        targets={"profit": (1500.0, 10.0), "sales": (1e6, 1.0)},
        n_simulations=300,
        n_predictive=100,
        n_checks=20,
        seed=3,
    )
    assert any("no simulation from the prior comes near" in warning for warning in found.warnings)
    assert any("does not reproduce" in warning for warning in found.warnings)
    assert not any("what is reported is the prior" in warning for warning in found.warnings)
    assert found.sentences[0].startswith(
        "No market within the priors comes near the targets profit and sales"
    )
    panel = found.plot_posterior().axes[0]
    assert sum(bar.get_height() * bar.get_width() for bar in panel.patches[:30]) == pytest.approx(1)


def test_a_ridge_is_said(fit) -> None:
    rng = np.random.default_rng(1)
    along = rng.standard_normal((500, 1))
    for strength, words in ((0.05, "correlation 1.00"), (2.0, "")):
        scores = 0.5 * (along * [1, 1] + strength * rng.standard_normal((500, 2)))
        found = replace(fit, posterior=replace(fit.posterior, scores=scores)).warnings
        said = [text for text in found if "lie on a ridge" in text]
        assert len(said) == bool(words) and all(words in text and QUALITY in text for text in said)


def test_simulations_have_the_error_of_measurement_that_the_observation_has(town) -> None:
    """A share with a standard error of 0.3 says little, and what is predicted scatters by as much."""
    blurred, sharp = (
        sim.calibrate(
            town,
            {COVERAGE: (0.0, 1.0)},
            targets={"adoption": (0.3, error)},
            n_simulations=300,
            n_predictive=100,
            n_checks=20,
            seed=3,
        )
        for error in (0.3, 0.001)
    )
    assert blurred.predicted.std() > 0.27 and sharp.predicted.std() < 0.15
    assert blurred.summary["contraction"][0] < 0.4 < sharp.summary["contraction"][0]


def test_the_sequence_agrees_with_the_table(town) -> None:
    truth = town.with_overrides({QUALITY: 0.8, COVERAGE: 0.6})
    names = ["adoption", "share_volume"]
    outcomes = sim.evaluate(truth, [sim.Treatment("none")], seed=9, replicates=range(40), metrics=names)
    targets = dict(zip(names, ((float(mean), 0.02) for mean in outcomes[0].mean(axis=0)), strict=True))
    by_table, by_sequence = (
        sim.calibrate(
            town, FREE, targets=targets, method=method, n_simulations=n, n_predictive=100, n_checks=20, seed=5
        )
        for method, n in (("table", 500), ("sequential", 900))
    )
    assert "sequential" in by_sequence.posterior.method and len(by_sequence.posterior.rounds) >= 2
    assert by_sequence.check is None and "not checked" in repr(by_sequence)
    assert "not checked" in by_sequence.to_json_document()["coverage_check"]
    assert "known truths" not in repr(by_sequence).replace("every known truth", "")
    assert len(by_sequence.plot_posterior().axes) == 2 and "not checked" not in repr(by_table)
    width = by_table.draws.std(axis=0)
    assert (np.abs(by_table.draws.mean(axis=0) - by_sequence.draws.mean(axis=0)) < 2.0 * width).all()


def test_the_same_folder_resumes_and_threads_do_not_matter(town, series, tmp_path, monkeypatch) -> None:
    from simulator.experiment.calibration_market import MarketModel

    sizes = {"n_simulations": 300, "n_predictive": 100, "n_checks": 20, "seed": 3}
    undisturbed = sim.calibrate(town, FREE, series=series, threads=1, **sizes)
    real, left = MarketModel._summaries, [170]

    def interrupted(self, task):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return real(self, task)

    monkeypatch.setattr(MarketModel, "_summaries", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sim.calibrate(town, FREE, series=series, threads=2, out=tmp_path / "fit", **sizes)
    monkeypatch.setattr(MarketModel, "_summaries", real)
    resumed = sim.calibrate(town, FREE, series=series, threads=2, out=tmp_path / "fit", **sizes)
    assert resumed.manifest["batches_read"] == 1 and resumed.digest == undisturbed.digest
    again = sim.calibrate(town, FREE, series=series, out=tmp_path / "fit", **sizes)
    assert again.manifest["batches_computed"] == 0 and again.digest == undisturbed.digest
    stored = json.loads((tmp_path / "fit" / "result.json").read_text())
    assert stored["digest"] == undisturbed.digest
    with pytest.raises(sim.StoreError, match="another question"):
        sim.calibrate(town, FREE, series=series * 2, out=tmp_path / "fit", **sizes)
    damaged = next((tmp_path / "fit" / "batches").glob("prior-00001*"))
    damaged.write_bytes(damaged.read_bytes()[:50])
    repaired = sim.calibrate(town, FREE, series=series, out=tmp_path / "fit", **sizes)
    assert repaired.manifest["batches_computed"] == 1 and repaired.digest == undisturbed.digest


def test_the_command_line_gives_the_same(monkeypatch, capsys, tmp_path) -> None:
    words = ["calibrate", "tiny", "--free", "brands.Ours.quality=-1:1", "--target", "share_volume=0.4,0.05"]
    words += ["--simulations", "100", "--seed", "4", "--out", str(tmp_path / "fit"), "--json"]
    monkeypatch.setattr(sys, "argv", ["simulator", *words])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert not stop.value.code
    document = json.loads(capsys.readouterr().out)
    direct = sim.calibrate(
        sim.load_scenario("tiny"),
        {"brands.Ours.quality": (-1, 1)},
        targets={"share_volume": (0.4, 0.05)},
        n_simulations=100,
        seed=4,
    )
    assert document["digest"] == direct.digest
    assert (tmp_path / "fit" / "posterior.csv").is_file()


def test_faults_are_told_at_the_door(town, series) -> None:
    for arguments, words in (
        ({}, "neither"),
        ({"series": series, "targets": {"adoption": 1}}, "both"),
        ({"targets": {"adoptio": 1}}, 'did you mean "adoption"'),
        ({"targets": {"adoption": (0.2, -1)}}, "standard error >= 0"),
        ({"targets": {}}, "at least one metric"),
        ({"series": [1.0] * 20}, "at most the horizon"),
        ({"series": series, "hold_out": 12}, "expected 0 to 11 of the 13 periods"),
        ({"series": series, "quantity": "purchase"}, 'did you mean "purchases"'),
        ({"series": series, "method": "abc"}, "sequential"),
        ({"series": series, "n_simulations": 10}, "at least 100"),
        ({"series": series, "strategy": "masss"}, 'did you mean "mass"'),
    ):
        with pytest.raises(sim.ScenarioError, match=words):
            sim.calibrate(town, FREE, **arguments)
    for free, words in (
        ({"brands.Fizz.qualty": (0, 1)}, "quality"),
        ({"brands.Fizz.quality": (0, 9)}, "2"),
        ({"brands.Nobody.quality": (0, 1)}, "Fizz"),
    ):
        with pytest.raises(sim.ScenarioError, match=words):
            sim.calibrate(town, free, series=series)


def test_all_faults_are_told_at_once(town) -> None:
    with pytest.raises(sim.ScenarioError) as error:
        sim.calibrate(
            town,
            {"brands.Fizz.quality": (2, -1), "nonsense": (0, 1), "p_weak": "x:y"},
            targets={"adoptio": 1, "profit": "much"},
            strategy="masss",
            method="abc",
            n_simulations=5,
            seed=-1,
        )
    told = str(error.value)
    for words in (
        "lower end",
        "p_weak",
        "adoption",
        "'much'",
        '"mass"',
        "sequential",
        "at least 100",
        "seed",
    ):
        assert words in told
    with pytest.raises(sim.ScenarioError) as error:
        sim.calibrate(town, {"brands.Nobody.quality": (0, 1)}, targets={"adoptio": 1}, strategy="masss")
    assert len(error.value.faults) == 3


def test_a_behavior_parameter_takes_a_prior_of_ones_own_by_its_bare_name() -> None:
    table, own, text = free_parameters(["p_weak", "p_strong=0.1:0.2"]) + free_parameters(
        {"invite_reward": (0, 1)}
    )
    assert (table.name, own.name, text.name) == (
        "parameters.p_weak",
        "parameters.p_strong",
        "parameters.invite_reward",
    )
    assert (own.a, own.b) == (0.1, 0.2)


@pytest.mark.parametrize(
    ("target", "value", "words"),
    [
        ("adoption", 1.7, "a share, 0 to 1.*1.7 % as 0.017"),
        ("adoption", 40, "40 % as 0.4"),
        ("share_volume", -0.1, "a share, 0 to 1"),
        ("sales", -3, "0 or more"),
        ("net_promoter", 120, "-100 to 100"),
    ],
)
def test_targets_that_no_market_reaches_are_faults(town, target, value, words) -> None:
    with pytest.raises(sim.ScenarioError, match=words):
        sim.calibrate(town, FREE, targets={target: value})


def test_ranges_of_metrics_hold_what_is_measured() -> None:
    """Losses, differences and shares of what may have begun before the first step have no end that is refused."""
    assert (METRIC["profit"].lowest, METRIC["incremental_sales"].lowest) == (-np.inf, -np.inf)
    assert METRIC["belief"].lowest == METRIC["satisfaction"].lowest == -np.inf
    assert METRIC["conversion"].highest == np.inf and METRIC["reach"].highest == 1
    outcomes = measure(sim.simulate(sim.load_scenario("tiny"), ["none", "social"], n_replicates=5))
    for name in outcomes.metrics:
        values = outcomes.of(name)[np.isfinite(outcomes.of(name))]
        assert ((values >= METRIC[name].lowest) & (values <= METRIC[name].highest)).all(), name
