import json

import numpy as np
import pytest

import simulator.experiment.collection as collection
import simulator.experiment.simulation as simulation
from simulator.errors import ScenarioError
from simulator.experiment.comparison import compare
from simulator.model.observation import N_SERIES
from simulator.outcomes.metrics import METRIC, METRICS


@pytest.fixture(autouse=True)
def _fake(fake_engine):
    return fake_engine


def test_the_known_effect_is_found_and_wins(scenario):
    found = compare(scenario, seed=7)
    assert found.strategies == ("none", "mass", "price_cut")
    assert found.verdict.kind == "winner" and found.verdict.best == "mass"
    difference = found.to_baseline["mass"]["profit"]
    truth = 30 * 5 * 100 - 60
    assert difference.lower < truth < difference.upper
    assert difference.other == "none" and difference.n == 40
    assert found.to_best["mass"]["profit"].other == "price_cut"
    assert found.to_best["none"]["profit"].mean == pytest.approx(-difference.mean)
    assert "none" not in found.to_baseline
    assert found.risks["mass"].p_best_mean > 0.99


def test_pairing_removes_the_shared_luck(scenario):
    found = compare(scenario, seed=7)
    assert found.to_baseline["mass"]["sales"].half_width < 0.3 * found.estimates["mass"]["sales"].half_width


def test_incremental_effects_are_those_against_none(scenario):
    found = compare(scenario.with_overrides({"comparison.baseline": "price_cut"}), seed=7)
    assert found.baseline == "price_cut"
    assert found.estimates["mass"]["incremental_sales"].mean == pytest.approx(30 * 100, rel=0.2)
    romi = found.estimates["mass"]["romi"].mean
    assert romi == pytest.approx(found.estimates["mass"]["incremental_profit"].mean / 60)
    assert np.isnan(found.estimates["none"]["romi"].mean)


def test_baseline_and_none_are_always_run(scenario):
    found = compare(scenario, strategies="mass", n_replicates=5)
    assert found.strategies == ("none", "mass")


def test_spend_and_imbalance(scenario, fake_engine):
    fake_engine.spend["mass"] = 58.8
    found = compare(scenario, n_replicates=5)
    assert found.budgets["mass"].spend == pytest.approx(58.8)
    assert found.budgets["mass"].imbalance == pytest.approx(-0.02)
    assert found.budgets["mass"].by_kind["media"] == pytest.approx(58.8)
    assert found.budgets["none"].budget == 0 and np.isnan(found.budgets["none"].imbalance)
    assert any('"mass" spent 2 % less than its budget' in warning for warning in found.verdict.warnings)


def test_spend_is_compared_in_all(scenario, fake_engine):
    """A standing plan whose service costs more with one strategy makes total spend unequal."""
    fake_engine.standing.update(none=20.0, mass=23.0, price_cut=20.0)
    found = compare(scenario, n_replicates=5)
    use = found.budgets["mass"]
    assert use.imbalance == 0 and use.spend_beyond_none == pytest.approx(63.0)
    assert use.total_imbalance == pytest.approx(0.05)
    assert found.budgets["price_cut"].total_imbalance == pytest.approx(0.0)
    [warning] = found.verdict.warnings
    assert warning.startswith(
        'With "mass" the brand spends 5 % more beyond its standing plan than the budget'
    )
    assert np.isnan(found.budgets["none"].total_imbalance)
    fake_engine.standing.update(mass=20.4)
    assert not compare(scenario, n_replicates=5).verdict.warnings


def test_an_imbalance_is_told_once(scenario, fake_engine):
    fake_engine.spend["mass"] = 63.0
    assert len(compare(scenario, n_replicates=5).verdict.warnings) == 1


def test_json_document_has_what_it_promises(scenario):
    found = compare(scenario, seed=0, n_replicates=5)
    document = found.to_json_document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    for key, value in {"scenario": "small", "seed": 0, "replicates": 5, "engine": "numba"}.items():
        assert document[key] == value
    assert document["digest"] == found.digest and document["trajectory_version"] >= 1
    assert set(document["strategies"]["mass"]) == {metric.name for metric in METRICS}
    assert set(document["strategies"]["mass"]["profit"]) == {
        *("mean", "half_width", "q05", "q50", "q95", "n", "n_undefined")
    }
    assert document["strategies"]["none"]["romi"]["n_undefined"] == 5
    assert document["strategies"]["none"]["romi"]["mean"] is None
    assert document["differences"]["to_baseline"]["mass"]["profit"]["other"] == "none"
    assert document["verdict"] == found.verdict.sentence


def test_every_metric_with_a_direction_has_its_risks(scenario):
    found = compare(scenario, seed=3, n_replicates=25)
    directed = {metric.name for metric in METRICS if metric.better}
    for name in found.strategies:
        assert set(found.risks_by_metric[name]) == directed
        assert found.risks_by_metric[name]["profit"] == found.risks[name]
    sales, cost = (found.risks_by_metric["mass"][metric] for metric in ("sales", "cost_per_order"))
    outcomes = found.outcomes.of("cost_per_order")[1]
    assert cost.conditional_value_at_risk == pytest.approx(np.sort(outcomes)[-2:].mean(), rel=0.2)
    assert cost.conditional_value_at_risk > np.median(outcomes), "the worst cost is the highest"
    assert cost.p_worse_than_baseline == 1.0 and sales.p_worse_than_baseline < 0.1
    assert np.isnan(sales.p_negative) and found.risks_by_metric["mass"]["incremental_sales"].p_negative < 0.1
    assert (sales.n, sales.n_undefined) == (25, 0)
    assert found.risks_by_metric["none"]["romi"].n_undefined == 25
    document = found.to_json_document()
    assert document["risks_by_metric"]["mass"]["sales"]["p_negative"] is None
    assert document["risks_by_metric"]["mass"]["sales"]["p_best_mean"] == sales.p_best_mean
    table = found.to_dataframe().set_index(["strategy", "metric"])
    assert table.loc[("mass", "cost_per_order"), "p_worse_than_baseline"] == 1.0
    assert np.isnan(table.loc[("mass", "spend"), "p_best"])


def test_one_replicate_has_no_intervals(scenario):
    found = compare(scenario, n_replicates=1)
    document = found.to_json_document()
    assert document["strategies"]["mass"]["profit"]["half_width"] is None
    assert found.verdict.kind == "not_distinguishable"
    assert "one replicate" in found.verdict.sentence


def test_blocks_give_the_same_comparison(scenario, monkeypatch, fake_engine):
    whole = compare(scenario, n_replicates=30)
    monkeypatch.setattr(simulation, "MEMORY_LIMIT", 30 * 13 * 2 * N_SERIES * 8)
    monkeypatch.setattr(collection, "KEPT_LIMIT", 30 * 13 * 2 * N_SERIES * 8 // 2)
    parts = compare(scenario, n_replicates=30)
    assert len(fake_engine.calls) > 2
    assert parts.digest == whole.digest
    assert parts.verdict.sentence == whole.verdict.sentence
    assert np.array_equal(parts.outcomes.values, whole.outcomes.values, equal_nan=True)
    assert parts.trajectories.replicates == tuple(range(parts.trajectories.n_replicates))
    assert 0 < parts.trajectories.n_replicates < 30
    assert parts.manifest["n_replicates"] == 30


def test_later_replicates_can_judge_an_earlier_choice(scenario):
    found = compare(scenario, n_replicates=3, first_replicate=100)
    assert found.outcomes.replicates == (100, 101, 102)


def test_tables(scenario):
    found = compare(scenario, n_replicates=5)
    table = found.to_dataframe()
    assert len(table) == 3 * len(METRICS)
    row = table[(table.strategy == "mass") & (table.metric == "profit")].iloc[0]
    assert row.to_baseline == found.to_baseline["mass"]["profit"].mean
    assert row.unit == "currency" and row.n == 5
    assert found.to_xarray()["profit"].shape == (3, 5)
    assert found.bands("sales").mean.shape == (3, 13)


def test_repr_and_html_say_the_verdict(scenario):
    found = compare(scenario, n_replicates=5)
    assert found.verdict.sentence in repr(found)
    assert "<table>" in found._repr_html_() and "price_cut" in found._repr_html_()


def test_a_metric_without_direction_cannot_decide(scenario):
    for metric, part in (("spend", "more or less is better"), ("profits", 'did you mean "profit"')):
        with pytest.raises(ScenarioError, match=part):
            compare(scenario.with_overrides({"comparison.metric": metric}), n_replicates=2)


@pytest.mark.parametrize("metric", [name for name in METRIC if METRIC[name].better])
def test_every_metric_can_decide(scenario, metric):
    found = compare(scenario.with_overrides({"comparison.metric": metric}), n_replicates=4)
    assert found.verdict.sentence
    json.dumps(found.to_json_document(), allow_nan=False)
