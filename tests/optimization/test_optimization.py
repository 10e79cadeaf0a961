"""Optimization of a small market: better on fresh replicates, blocks that never meet, resuming, faults."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

import simulator as sim
from simulator.experiment.fitting_wording import tail_words
from simulator.experiment.optimization import FIRST_EVALUATION, _Simulator
from simulator.experiment.sampling import UndefinedOutcomeError
from simulator.present import cli

SIZES = {
    "n_first": 8,
    "n_rounds": 3,
    "batch": 2,
    "n_replicates": 6,
    "n_race": 24,
    "n_evaluation": 40,
    "seed": 2,
}


@pytest.fixture(scope="module")
def town():
    return sim.load_scenario("classroom").with_overrides(
        {
            "population.consumers": 150,
            "population.people_per_consumer": 20.0,
            "horizon": 13,
            "comparison.budget": 2000.0,
        }
    )


@pytest.fixture(scope="module")
def found(town):
    return sim.optimize(town, "social", vary={"brands.Fizz.price": (3.0, 5.0)}, **SIZES)


def test_it_beats_equal_split_and_the_best_single_line_on_fresh_replicates(found) -> None:
    assert (
        found.best_single in found.differences
        and found.beats["equal split"]
        and found.beats[found.best_single]
    )
    difference = found.differences["equal split"]
    own, equal = found.values[0, :, 0], found.values[1, :, 0]
    assert difference.mean == pytest.approx((own - equal).mean()) and difference.lower > 0
    assert difference.n == 40


def test_what_a_plan_is_there_for_does_not_hang_on_its_name(found) -> None:
    roles = [plan.role for plan in found.plans]
    assert roles[:2] == ["optimized", "equal"] and roles.count("present") == 1 and roles.count("single") >= 2
    assert set(roles[1 + len(found.references) :]) == {"candidate"}
    plans = tuple(replace(plan, label=f"candidate of plan {k}") for k, plan in enumerate(found.plans))
    renamed = replace(found, plans=plans)
    assert renamed.references == found.references == tuple(range(1, 1 + len(found.references)))
    labels = [plan.label for plan in found.plans]
    assert renamed.best_single == plans[labels.index(found.best_single)].label
    for text, other in zip(renamed.sentences, found.sentences, strict=True):
        for plan, before in zip(plans[::-1], found.plans[::-1], strict=True):
            text = text.replace(plan.label, before.label)
        assert text == other


def test_search_and_evaluation_share_no_replicate(town, monkeypatch) -> None:
    used: list[range] = []
    real = _Simulator.outcomes_of

    def spy(self, treatment, replicates):
        used.append(replicates)
        return real(self, treatment, replicates)

    monkeypatch.setattr(_Simulator, "outcomes_of", spy)
    result = sim.optimize(town, "social", **SIZES)
    searched = {r for block in used for r in block if block.start < FIRST_EVALUATION}
    judged = {r for block in used for r in block if block.start >= FIRST_EVALUATION}
    assert searched and judged and not searched & judged
    assert max(searched) < SIZES["n_race"] and judged == set(result.evaluation_block)
    assert not set(result.search_block) & set(result.evaluation_block)


def test_the_values_are_those_of_compare(town, found) -> None:
    """The judged outcomes are those of the scenario with the overrides, at the same budget."""
    better = town.with_overrides(found.overrides)
    again = sim.compare(
        better, strategies=["social"], seed=2, n_replicates=5, first_replicate=FIRST_EVALUATION
    )
    profit = again.outcomes.of("profit")[again.strategies.index("social")]
    assert found.values[0, :5, 0] == pytest.approx(profit)
    shares = [value for path, value in found.overrides.items() if path.endswith(".share")]
    assert sum(shares) == pytest.approx(1.0)


def test_the_winner_is_the_one_of_the_race_whatever_the_evaluation_says(town, found, monkeypatch) -> None:
    assert (found.plans[0].point == found.search.points[found.search.best]).all()
    real = _Simulator._run

    def judged_backwards(self, treatment, replicates):
        return real(self, treatment, replicates) * (-1 if replicates.start >= FIRST_EVALUATION else 1)

    monkeypatch.setattr(_Simulator, "_run", judged_backwards)
    again = sim.optimize(town, "social", vary={"brands.Fizz.price": (3.0, 5.0)}, **SIZES)
    assert again.overrides == found.overrides
    means = again.values[:, :, 0].mean(axis=1)
    assert means[0] < means.max()


def test_optimism_is_the_lead_in_the_race_minus_the_lead_on_fresh_replicates(found) -> None:
    record = found.search
    seen = len(record.raced[record.best])
    assert SIZES["n_replicates"] < seen == len(record.reference)
    assert (record.reference[: SIZES["n_replicates"]] == record.outcomes[0, :, 0]).all()
    raced = record.raced[record.best].mean() - record.reference.mean()
    fresh = found.values[0, :, 0].mean() - found.values[1, :, 0].mean()
    assert found.optimism == pytest.approx(raced - fresh)
    assert found.optimism != pytest.approx(record.gains[record.best] - fresh)


TINY = {"n_first": 4, "n_rounds": 0, "n_replicates": 2, "n_race": 4, "n_evaluation": 20, "seed": 3}


@pytest.mark.parametrize(
    ("vary", "departure"),
    [
        ({"brands.Ours.price": (11.0, 12.0)}, "brands.Ours.price is 10.0, nearest 11.0"),
        ({"brands.Ours.price": [11.0, 12.0, 13.0]}, "brands.Ours.price is 10.0, nearest 11.0"),
        ({"strategies.mass.lines[0].start": (3, 9)}, "start is 0, nearest 3"),
        ({"strategies.mass.lines[0].end": (3, 9)}, "end is not stated, nearest 6"),
    ],
)
def test_the_plan_as_it_stands_is_judged_as_it_stands(vary, departure) -> None:
    scenario = sim.load_scenario("tiny")
    result = sim.optimize(scenario, "mass", vary=vary, **TINY)
    labels = [plan.label for plan in result.plans]
    assert "as it stands" in labels and "as it stands (within bounds)" in labels
    alone = sim.evaluate(
        scenario,
        [sim.Treatment("mass", {})],
        seed=3,
        replicates=result.evaluation_block,
        metrics=result.metrics,
    )[0]
    assert (result.values[labels.index("as it stands")] == alone).all()
    for front in (result.risk_frontier, result.privacy_frontier):
        assert labels.index("as it stands") not in front and front
    assert "as it stands" in result.differences and any(departure in warning for warning in result.warnings)
    path = next(iter(vary))
    [row] = result.to_dataframe().query("plan == 'as it stands'").to_dict(orient="records")
    assert row[path] in (10.0, 0) or path.endswith("end")


def test_bounded_references_say_that_they_are_bounded(town) -> None:
    result = sim.optimize(town, "social", split={0: (0.5, 0.6)}, frontier=False, **{**SIZES, "n_rounds": 0})
    labels = [plan.label for plan in result.plans]
    assert "equal split (within bounds)" in labels and not any(label.endswith(" alone") for label in labels)
    assert result.best_single in labels and " alone (within bounds)" in result.best_single
    standing = sim.compare(
        town, strategies=["social"], seed=2, n_replicates=3, first_replicate=FIRST_EVALUATION
    )
    profit = standing.outcomes.of("profit")[standing.strategies.index("social")]
    assert result.values[labels.index("as it stands"), :3, 0] == pytest.approx(profit)


def test_undefined_outcomes_are_refused_in_the_search_and_in_the_evaluation(monkeypatch) -> None:
    scenario = sim.load_scenario("tiny")
    with pytest.raises(UndefinedOutcomeError, match=r"cost_per_incremental_buyer of mass in replicate"):
        sim.optimize(
            scenario,
            "mass",
            vary={"brands.Ours.price": (8, 12)},
            metric="cost_per_incremental_buyer",
            **TINY,
        )
    real = _Simulator._run

    def undefined_when_judged(self, treatment, replicates):
        found = real(self, treatment, replicates)
        if replicates.start >= FIRST_EVALUATION:
            found = found.copy()
            found[3, 0] = np.nan
        return found

    monkeypatch.setattr(_Simulator, "_run", undefined_when_judged)
    with pytest.raises(UndefinedOutcomeError, match=str(FIRST_EVALUATION + 3)):
        sim.optimize(scenario, "mass", vary={"brands.Ours.price": (8, 12)}, **TINY)


def test_frontiers_say_where_they_were_chosen_and_of_how_many_replicates_the_tail_is(found) -> None:
    n = len(found.evaluation_block)
    for text in (repr(found), " ".join(found.sentences)):
        assert "chosen on the same fresh replicates that judge them" in text and "has no interval" in text
        assert f"worst 5 % ({n * 0.05:.3g} of {n} replicates)" in text
    assert tail_words(60) == "worst 5 % (3 of 60 replicates)" and tail_words(12) == "worst of 12 replicates"
    axes = found.plot_frontier(cost="risk").axes[0]
    assert tail_words(n) in axes.get_xlabel()


def test_frontiers_hold_plans_that_no_other_beats(found) -> None:
    table = found.to_dataframe()
    front = table[table["on_risk_frontier"]]
    for _, row in front.iterrows():
        beaten = (table["profit"] > row["profit"]) & (
            table["conditional_value_at_risk"] > row["conditional_value_at_risk"]
        )
        assert not beaten.any()
    assert len(front) >= 1 and table.loc[0, "plan"] == "optimized"


def test_privacy_is_traded_where_data_are_bought(town) -> None:
    result = sim.optimize(town, "precision", **{**SIZES, "n_rounds": 2})
    table = result.to_dataframe()
    assert table["spend_data"].max() > 0 and "proxy" in result.to_json_document()["privacy_metric"]
    assert table.loc[list(result.privacy_frontier), "spend_data"].is_monotonic_decreasing


def test_bounds_timing_and_targeting_are_kept(town) -> None:
    result = sim.optimize(
        town,
        "social",
        split={0: (0.1, 0.3), 1: (0.0, 0.2)},
        vary={
            "strategies.social.lines[2].start": (0, 10),
            "strategies.social.lines[2].audience": ["everyone", "random"],
        },
        frontier=False,
        **{**SIZES, "n_rounds": 1},
    )
    assert {plan.label for plan in result.plans if not plan.overrides} == {"as it stands"}
    plans = [plan.overrides for plan in result.plans if plan.overrides]
    assert all(0.1 - 1e-9 <= plan["strategies.social.lines[0].share"] <= 0.3 + 1e-9 for plan in plans)
    assert all(plan["strategies.social.lines[1].share"] <= 0.2 + 1e-9 for plan in plans)
    assert all(isinstance(plan["strategies.social.lines[2].start"], int) for plan in plans)
    tried = {
        result.decisions.overrides(p)["strategies.social.lines[2].audience"] for p in result.search.points
    }
    assert tried == {"everyone", "random"}


def test_the_same_folder_resumes(town, tmp_path, monkeypatch) -> None:
    sizes = {**SIZES, "n_rounds": 2}
    undisturbed = sim.optimize(town, "social", **sizes)
    real, left = _Simulator._run, [10]

    def interrupted(self, treatment, replicates):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return real(self, treatment, replicates)

    monkeypatch.setattr(_Simulator, "_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sim.optimize(town, "social", out=tmp_path / "best", **sizes)
    monkeypatch.setattr(_Simulator, "_run", real)
    resumed = sim.optimize(town, "social", out=tmp_path / "best", **sizes)
    assert resumed.manifest["batches_read"] == 10 and resumed.digest == undisturbed.digest
    longer = sim.optimize(town, "social", out=tmp_path / "best", **{**sizes, "n_rounds": 3})
    assert longer.manifest["batches_read"] > 15 and longer.manifest["batches_computed"] > 0
    with pytest.raises(sim.StoreError, match="another question"):
        sim.optimize(town, "social", out=tmp_path / "best", **{**sizes, "seed": 3})


def test_the_command_line_gives_the_same(monkeypatch, capsys, tmp_path) -> None:
    words = (
        "optimize tiny --strategy mass --first 4 --rounds 1 --batch 2 --replicates 2 --race 4 --evaluation 20"
    )
    words += " --finalists 3 --confidence 0.9"
    more = ["--vary", "brands.Ours.price=8:12", "--seed", "3", "--json", "--out", str(tmp_path / "best")]
    monkeypatch.setattr(sys, "argv", ["simulator", *words.split(), *more])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert not stop.value.code
    document = json.loads(capsys.readouterr().out)
    direct = sim.optimize(
        sim.load_scenario("tiny"),
        "mass",
        vary={"brands.Ours.price": (8, 12)},
        n_first=4,
        n_rounds=1,
        batch=2,
        n_replicates=2,
        n_race=4,
        n_evaluation=20,
        n_finalists=3,
        confidence=0.9,
        seed=3,
    )
    assert document["confidence"] == 0.9 and len(direct.search.raced) == 3
    assert document["digest"] == direct.digest
    assert (tmp_path / "best" / "plans.csv").is_file()


def test_a_metric_that_should_be_low_is_lowered(town) -> None:
    result = sim.optimize(town, "social", metric="cost_per_order", frontier=False, **{**SIZES, "n_rounds": 1})
    means = result.values[:, :, 0].mean(axis=1)
    assert means[0] <= np.median(means[1:]) and not result.higher_is_better


def test_faults_are_told_at_the_door(town) -> None:
    for arguments, words in (
        ({"strategy": "socia"}, 'did you mean "social"'),
        ({"metric": "profits"}, 'did you mean "profit"'),
        ({"metric": "spend"}, "more or less is better"),
        ({"method": "gradient"}, "surface"),
        ({"n_first": 1}, "at least 4"),
        ({"n_race": 2}, "at least 8"),
        ({"n_evaluation": 5}, "at least 20"),
        ({"split": {7: (0, 1)}}, "0 to 2"),
        ({"split": {0: (0.6, 1), 1: (0.6, 1)}}, "add up to 1"),
        ({"vary": {"brands.Fizz.price": (5, 3)}}, "below the upper"),
        ({"vary": {"brands.Fizz.price": 3}}, "bounds"),
        ({"vary": {"brands.Fizzy.price": (3, 5)}}, "Fizz"),
        ({"strategy": "none"}, "nothing to decide"),
    ):
        with pytest.raises(sim.ScenarioError, match=words):
            sim.optimize(town, **{"strategy": "social", **arguments})


def test_a_search_that_finds_nothing_better_says_which_plan_it_ends_with(found) -> None:
    best, first, *others = found.plans
    same = replace(found, plans=(replace(best, overrides=first.overrides), first, *others))
    assert f"nothing better than {first.label}" in same.warnings[0]
    assert not any("beyond chance" in told and first.label in told for told in same.warnings)
    assert not any("nothing better" in told for told in found.warnings)


def test_every_fault_is_told_at_once(town) -> None:
    with pytest.raises(sim.ScenarioError) as raised:
        sim.optimize(
            town,
            "social",
            metric="profits",
            n_rounds=-1,
            split={9: (0, 1)},
            vary={"brands.Fizz.prise": (3, 5)},
            seed=-1,
        )
    for word in ("optimize(metric)", "n_rounds", "optimize(split)", "prise", "optimize(seed)"):
        assert word in str(raised.value), word
    with pytest.raises(sim.ScenarioError, match="n_rounds"):
        sim.optimize(town, "nobody", n_rounds=-1)
    with pytest.raises(sim.ScenarioError, match="scenario"):
        sim.optimize("classroom", "social")


def test_the_text_begins_with_the_answer(found) -> None:
    assert found.sentences[0] in repr(found).splitlines()[1]
