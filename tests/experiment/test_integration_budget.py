"""Equal budgets on the compiled engine, in markets small enough to be quick and noisy enough to be hard."""

import numpy as np
import pytest

import simulator.engines
from simulator.experiment.budget import balanced_plans, n_pilots
from simulator.experiment.comparison import compare
from simulator.model.draws import PILOT
from simulator.model.market import build_market
from simulator.scenario import Scenario, load_scenario

SMALL = {"population.consumers": 300, "horizon": 26}


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("classroom", SMALL)


@pytest.fixture(scope="module")
def balanced(scenario):
    return balanced_plans(scenario, build_market(scenario), scenario.strategy_names, 3, threads=2)


def test_every_strategy_spends_its_budget_on_the_pilots(scenario, balanced):
    for name, plan in balanced.items():
        if name != "none":
            assert plan.pilot_spend == pytest.approx(scenario.comparison.budget, rel=0.01), name
            assert plan.note == "", name


def test_and_on_replicates_that_the_pilots_never_saw(scenario):
    found = compare(scenario, seed=3, n_replicates=200)
    assert {name for name, use in found.budgets.items() if abs(use.imbalance) > 0.015} == set()
    assert found.manifest["levels"]["social"] != 1.0


def test_planned_media_need_no_solving(balanced):
    assert balanced["mass"].level == 1.0
    n_all = n_pilots(300)
    assert balanced["mass"].n_pilot_runs == n_all // 4, "media that cannot overspend need the first part only"
    assert balanced["social"].n_pilot_runs == n_all
    assert balanced["none"].n_pilot_runs == 0 and balanced["none"].budget == 0.0


def test_a_level_depends_on_scenario_and_seed_alone(scenario, balanced):
    market = build_market(scenario)
    alone = balanced_plans(scenario, market, ["social"], 3, threads=1)["social"]
    assert alone.level == balanced["social"].level
    assert alone.pilot_spend == balanced["social"].pilot_spend
    assert balanced_plans(scenario, market, ["social"], 4, threads=1)["social"].level != alone.level


def test_pilots_are_never_evaluated_and_run_compiled(scenario, monkeypatch):
    seen: list[tuple[str, int]] = []
    real = simulator.engines.run_replicates

    def spy(*args, **kwargs):
        seen.extend((kwargs["engine"], number) for number in kwargs["replicates"])
        return real(*args, **kwargs)

    monkeypatch.setattr(simulator.engines, "run_replicates", spy)
    short = scenario.with_overrides({"horizon": 4})
    compare(short, strategies="social", n_replicates=2, engine="mesa")
    pilots = {number for engine, number in seen if engine == "numba"}
    assert pilots and pilots <= {PILOT | k for k in range(n_pilots(100))}
    assert {number for engine, number in seen if engine == "mesa"} == {0, 1}


def test_progress_ends_at_its_total(scenario):
    seen = []
    market = build_market(scenario)
    balanced_plans(
        scenario, market, ["mass", "social"], 3, threads=2, on_progress=lambda *report: seen.append(report)
    )
    assert {task for task, _, _ in seen} == {"balancing budgets"}
    assert seen[-1][1] == seen[-1][2] and all(done <= total for _, done, total in seen)


def test_an_audience_that_cannot_take_up_the_budget_is_told():
    data = load_scenario("classroom", SMALL).to_dict()
    line = {"kind": "advertising", "channel": "feed", "audience": "visitors", "share": 1.0}
    data["strategies"] = {"pursuit": {"label": "only those who visited", "lines": [line]}}
    found = compare(Scenario.from_dict(data, name="pursuit"), seed=1, n_replicates=4)
    use = found.budgets["pursuit"]
    assert use.imbalance < -0.2 and use.note == "the audiences of its media are too small to take it up"
    assert any(use.note in warning for warning in found.verdict.warnings)


def test_dated_lines_of_one_kind_share_the_sum_of_their_caps():
    data = load_scenario("classroom", SMALL).to_dict()
    cut = {"kind": "price_cut", "share": 0.5}
    lines = [{**cut, "start": 0, "end": 4}, {**cut, "start": 8, "end": 12}]
    data["strategies"] = {"two_sales": {"label": "a price cut twice", "lines": lines}}
    changed = Scenario.from_dict(data, name="two_sales")
    plan = balanced_plans(changed, build_market(changed), ["two_sales"], 1, threads=2)["two_sales"]
    assert plan.pilot_spend == pytest.approx(changed.comparison.budget, rel=0.03)
    cuts = plan.plan.arrays.programs[:, build_market(changed).focal, 0]
    assert np.flatnonzero(cuts > 0).tolist() == [0, 1, 2, 3, 8, 9, 10, 11]
