"""Stein's own intervals: they cover as stated where ordinary ones do not, and are shown wherever they were asked for."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

import simulator as sim
from simulator.experiment.design_file import Design
from simulator.experiment.precision import Goal, replicate_until
from simulator.outcomes.statistics import estimate
from simulator.outcomes.stein import stein_interval
from simulator.present.report import html_page, precision_rows, strategy_rows

N_WORLDS = 4000


def by_hand(values: np.ndarray, n0: int, n_goals: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return mean -+ t s0 / sqrt(n), the t of Bonferroni over all goals with n0 - 1 degrees of freedom."""
    t = stats.t.ppf(1 - (1 - confidence) / (2 * n_goals), n0 - 1)
    half = t * values[:n0].std(ddof=1) / math.sqrt(len(values))
    return values.mean() - half, values.mean() + half


def test_steins_own_interval_covers_as_stated_and_the_ordinary_one_does_not() -> None:
    """False alarm below 1e-3; the ordinary interval of the same replicates is the negative control."""
    own = ordinary = 0
    for world in range(N_WORLDS):
        law = np.random.default_rng([7, world]).normal(3.0, size=(1, 2000))
        values, found = replicate_until(
            lambda numbers, law=law: law[:, list(numbers)], [Goal("a", 0.6)], method="stein", first_stage=5
        )
        low, high = found.goals[0].interval
        own += low <= 3.0 <= high
        plain = estimate(values[0], 0.95)
        ordinary += abs(plain.mean - 3.0) <= plain.half_width
    allowed = 3.3 * (0.0475 / N_WORLDS) ** 0.5
    assert abs(own / N_WORLDS - 0.95) <= allowed
    assert ordinary / N_WORLDS < 0.95 - 2 * allowed


def test_several_intervals_hold_together_over_dependent_goals() -> None:
    hits, n = 0, 1500
    for world in range(n):
        g = np.random.default_rng([8, world])
        law = np.array([[1.0], [2.0], [4.0]]) * (g.normal(size=(1, 3000)) + g.normal(size=(3, 3000)))
        goals = [Goal("a", 0.9), Goal("b", 3.0), Goal("c", 6.0)]
        _, found = replicate_until(
            lambda numbers, law=law: law[:, list(numbers)],
            goals,
            confidence=0.9,
            method="stein",
            first_stage=6,
        )
        hits += all(r.interval[0] <= 0 <= r.interval[1] for r in found.goals)
    assert hits / n >= 0.9 - 3.3 * (0.09 / n) ** 0.5


def test_the_interval_of_stored_outcomes_is_that_of_the_procedure() -> None:
    law = np.random.default_rng(2).normal(size=(2, 5000)) * np.array([[1.0], [3.0]])
    law[0, [3, 40]] = np.nan
    values, found = replicate_until(
        lambda numbers: law[:, list(numbers)], [Goal("a", 0.5), Goal("b", 1.0)], method="stein", first_stage=8
    )
    for reached, row in zip(found.goals, values, strict=True):
        assert stein_interval(row, 8, 0.975) == pytest.approx(reached.interval)
    assert found.goals[1].interval == pytest.approx(by_hand(values[1], 8, 2))
    assert np.isnan(stein_interval(values[0], 8, 0.975, is_censored=True)).all()
    assert np.isnan(stein_interval(np.array([1.0, 1.0, 2.0, 3.0]), 2, 0.95)).all()
    assert np.isnan(stein_interval(np.array([np.nan, 1.0, 2.0, 3.0]), 2, 0.95)).all()


def test_what_never_varied_in_the_first_stage_has_no_interval_and_is_told_so() -> None:
    def draw(numbers):
        return np.array([[float(k >= 20), float((k * 7) % 10)] for k in numbers]).T

    _, found = replicate_until(draw, [Goal("luck", 0.1), Goal("other", 0.9)], method="stein", first_stage=20)
    assert found.n > 20 and np.isnan(found.goals[0].interval).all()
    assert not found.goals[0].is_reached
    assert found.sentence == (
        "The precision asked for is not reached: luck did not vary in the first stage, but later."
    )
    assert (
        "The same in all 20 replicates of the first stage: luck;" in found.caveat and "14 %" in found.caveat
    )


def test_a_goal_that_the_first_stage_hardly_defines_is_not_reached() -> None:
    def draw(numbers):
        rare = [1.0 if k == 3 or k >= 20 else np.nan for k in numbers]
        return np.array([rare, [float((k * 7) % 10) for k in numbers]])

    _, found = replicate_until(draw, [Goal("rare", 0.1), Goal("other", 0.9)], method="stein", first_stage=20)
    assert found.n > 20
    assert not found.goals[0].is_reached and np.isnan(found.goals[0].interval).all()
    assert found.goals[1].is_reached


@pytest.fixture(scope="module")
def compared():
    tiny = sim.load_scenario("tiny").with_overrides({"population.consumers": 60})
    asked = {"profit": 300.0, "profit@mass": 250.0, "sales": 150.0}
    return sim.compare(
        tiny,
        seed=3,
        n_replicates=8,
        precision=asked,
        precision_method="stein",
        strategies=["mass", "precision"],
    )


def own_interval(found, metric: str, name: str, minus: str = "") -> tuple[float, float]:
    values = found.outcomes.of(metric)
    row = values[found.strategies.index(name)]
    return by_hand(row - values[found.strategies.index(minus)] if minus else row, 8, 5)


def test_tables_and_documents_have_the_intervals_that_were_asked_for(compared) -> None:
    gain, mean = own_interval(compared, "profit", "mass", "none"), own_interval(compared, "profit", "mass")
    assert compared.n_replicates > 8 and len(compared.precision.goals) == 5
    table = compared.to_dataframe().set_index(["strategy", "metric"])
    columns = ["stein_lower", "stein_upper", "to_baseline_stein_lower", "to_baseline_stein_upper"]
    assert table.loc[("mass", "profit"), columns].tolist() == pytest.approx([*mean, *gain])
    assert np.isnan(table.loc[("precision", "profit"), columns[:2]].astype(float)).all()
    assert table.loc[("precision", "sales"), columns[2:]].tolist() == pytest.approx(
        own_interval(compared, "sales", "precision", "none")
    )
    assert (
        table.loc[("none", "profit"), columns].isna().all()
        and table.loc[("mass", "roi"), columns].isna().all()
    )
    document = json.loads(json.dumps(compared.to_json_document(), allow_nan=False))
    entry = document["differences"]["to_baseline"]["mass"]["profit"]
    assert (entry["stein"]["lower"], entry["stein"]["upper"]) == pytest.approx(gain)
    assert (entry["lower"], entry["upper"]) != pytest.approx(gain)
    assert document["strategies"]["mass"]["profit"]["stein"]["upper"] == pytest.approx(mean[1])
    assert "stein" not in document["strategies"]["precision"]["profit"]
    goal = next(g for g in document["precision"]["goals"] if g["of"] == "profit of mass minus none")
    assert (goal["lower"], goal["upper"]) == pytest.approx(gain)
    assert (goal["metric"], goal["strategy"], goal["minus"]) == ("profit", "mass", "none")


def test_pages_and_sentences_have_them_by_name(compared) -> None:
    gain = own_interval(compared, "profit", "mass", "none")
    ends = " to ".join(f"{end:+,.0f} EUR" for end in gain)
    titles, *rows = strategy_rows(compared)
    of = {row[0]: dict(zip(titles, row, strict=True)) for row in rows}
    assert (
        of["mass"]["difference, Stein's interval"] == ends
        and of["none"]["difference, Stein's interval"] == ""
    )
    assert of["mass"]["mean, Stein's interval"] and not of["precision"]["mean, Stein's interval"]
    assert of["mass"]["95 % interval"] != ends
    goals = precision_rows(compared)
    assert len(goals) == 6 and goals[0][-1] == "Stein's own interval, jointly 95 %" and goals[1][-1] == ends
    page = html_page(compared, {})
    assert "<h2>Precision</h2>" in page and page.count(ends) == 2 and "Stein&#x27;s own interval" in page
    best = compared.verdict.best
    own = [f"{end:+,.0f}".replace("+", "") for end in own_interval(compared, "profit", best, "none")]
    assert f"(Stein's own interval {own[0]} to {own[1]}; the ordinary one " in compared.verdict.reasons[0]
    assert "Stein's own: +-" in repr(compared) and "named so" in " ".join(compared.verdict.warnings)


def test_a_repetition_has_them_too(compared, tmp_path) -> None:
    again = sim.repeat(compared.save(tmp_path / "results"))
    assert again.manifest["repeats"]["is_equal"] and again.precision.goals == compared.precision.goals
    assert again.to_dataframe().equals(compared.to_dataframe())
    assert again.verdict.warnings == compared.verdict.warnings


def test_nothing_is_called_steins_where_he_was_not_asked() -> None:
    tiny = sim.load_scenario("tiny").with_overrides({"population.consumers": 60})
    found = sim.compare(tiny, seed=3, n_replicates=8, precision={"profit@mass": 900.0}, strategies=["mass"])
    assert not any("stein" in column for column in found.to_dataframe().columns)
    shown = (
        repr(strategy_rows(found)) + repr(found) + html_page(found, {}) + json.dumps(found.to_json_document())
    )
    assert "tein" not in shown and "interval by the rule, jointly 95 %" in html_page(found, {})
    assert not precision_rows(sim.compare(tiny, seed=3, n_replicates=3, strategies=["mass"]))


def test_a_sweep_has_them_for_what_was_asked_and_of_the_replicates_that_were(tmp_path) -> None:
    table = {
        "purpose": "A test",
        "scenario": sim.load_scenario("tiny").with_overrides({"population.consumers": 60}),
        "strategies": ["none", "mass"],
        "replicates": 6,
        "seed": 5,
        "metrics": ["profit", "sales"],
    }
    factor = {"path": "brands.Ours.price", "name": "price", "kind": "levels", "levels": [9.0, 11.0]}
    design = Design.from_dict(
        {"experiment": table, "design": {"kind": "full_factorial"}, "factors": [factor]}
    )
    asked = {"precision": {"profit": 300.0, "sales@mass": 150.0}, "precision_method": "stein"}
    found = sim.sweep(design, out=tmp_path / "store", threads=1, **asked)
    n = found.precision["replicates"]
    assert n > 6 and found.precision["intervals"] == 4 and found.precision["first_replicate"] == 0
    outcomes = found.to_dataframe().pivot(
        index="replicate", columns=["point", "strategy"], values=["profit", "sales"]
    )

    def check(results) -> None:
        gains = results.differences("profit")
        for _, row in gains.iterrows():
            own = outcomes["profit", row["point"], "mass"] - outcomes["profit", row["point"], "none"]
            expected = by_hand(own.to_numpy(), 6, 4)
            assert (row["stein_lower"], row["stein_upper"]) == pytest.approx(expected)
        means = results.summary("sales").set_index(["point", "strategy"])
        for point in (0, 1):
            expected = by_hand(outcomes["sales", point, "mass"].to_numpy(), 6, 4)
            assert means.loc[(point, "mass"), ["stein_lower", "stein_upper"]].tolist() == pytest.approx(
                expected
            )
            assert means.loc[(point, "none"), ["stein_lower", "stein_upper"]].isna().all()

    check(found)
    check(sim.open_results(tmp_path / "store"))
    for other in (
        found.summary("profit"),
        found.differences("sales"),
        found.differences("profit", baseline="mass"),
    ):
        assert "stein_lower" not in other.columns
    longer = sim.open_results(tmp_path / "store")
    record = longer.manifest["precision"]
    longer.manifest["precision"] = {**record, "replicates": n - 2}
    [first, _] = longer.differences("profit")["stein_lower"]
    own = (outcomes["profit", 0, "mass"] - outcomes["profit", 0, "none"]).to_numpy()[: n - 2]
    assert first == pytest.approx(by_hand(own, 6, 4)[0]), "later replicates have no part in it"
    longer.manifest["precision"] = {**record, "replicates": None}
    assert "stein_lower" not in longer.differences("profit").columns, "rounds are not over"


def test_a_strategy_that_is_named_all_is_meant_alone() -> None:
    cut = {"label": "All", "lines": [{"kind": "price_cut", "share": 1.0}]}
    market = sim.load_scenario("tiny").with_overrides({"population.consumers": 60, "strategies.all": cut})
    design = Design.from_dict(
        {
            "experiment": {
                "purpose": "A test",
                "scenario": market,
                "strategies": ["none", "all"],
                "replicates": 4,
                "seed": 5,
                "metrics": ["sales"],
            }
        }
    )
    asked = {"precision": {"sales@all": 150.0}, "precision_method": "stein"}
    found = sim.sweep(design, threads=1, **asked)
    assert found.precision["intervals"] == 1
    intervals = found.summary("sales").set_index("strategy")["stein_lower"]
    assert intervals.notna().to_dict() == {"none": False, "all": True}
