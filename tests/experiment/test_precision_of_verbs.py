"""Precision as users ask for it: of differences or of a strategy's own outcome, in rounds or in Stein's two stages."""

from __future__ import annotations

import math

import numpy as np
import pytest

import simulator as sim
from simulator.errors import Fault, ScenarioError
from simulator.experiment.collection import targets_of
from simulator.experiment.design_file import Design
from simulator.outcomes.multivariate_t import student_quantile

NAMES = ("none", "mass", "social")


@pytest.fixture(scope="module")
def tiny():
    return sim.load_scenario("tiny").with_overrides({"population.consumers": 60})


@pytest.fixture(scope="module")
def first_stage(tiny):
    return sim.compare(tiny, strategies=["mass"], seed=3, n_replicates=12)


def profits(comparison, name: str) -> np.ndarray:
    return comparison.outcomes.of("profit")[comparison.strategies.index(name)]


def read(given, method="sequential"):
    faults: list[Fault] = []
    return targets_of("here", given, NAMES, method, faults), [str(fault) for fault in faults]


def test_what_is_asked_is_read_and_may_be_given_again() -> None:
    found, faults = read({"profit": "2%", "sales@mass": 900, "profit@all": "0.5%"})
    assert not faults and [one.key for one in found] == ["profit", "sales@mass", "profit@all"]
    assert read({one.key: one.text for one in found})[0] == found
    goals = [[c.goal(NAMES).name for c in one.contrasts(NAMES, "none")] for one in found]
    assert goals == [
        ["profit of mass minus none", "profit of social minus none"],
        ["sales of mass"],
        ["profit of none", "profit of mass", "profit of social"],
    ]
    outcomes = np.arange(6.0).reshape(3, 2) ** 2
    first = found[0].contrasts(NAMES, "none")[1], found[1].contrasts(NAMES, "none")[0]
    assert first[0].values(outcomes).tolist() == [16.0, 24.0] and first[1].values(outcomes).tolist() == [4, 9]


@pytest.mark.parametrize(
    ("key", "value", "method", "words"),
    [
        ("profit@mas", 5, "sequential", 'did you mean "mass"'),
        ("profit@", 5, "sequential", "all"),
        ("profitt@mass", 5, "sequential", 'did you mean "profit"'),
        ("profit@mass", "-2%", "sequential", "a half-width > 0"),
        ("profit@mass", True, "sequential", "a half-width > 0"),
        ("profit@mass", "2%", "stein", "takes no shares"),
    ],
)
def test_what_cannot_be_asked_is_told(key, value, method, words) -> None:
    found, faults = read({key: value}, method)
    assert not found and len(faults) == 1 and words in faults[0]


def test_the_mean_of_one_strategy_is_made_precise(tiny, first_stage) -> None:
    """Slowly: the first number of replicates, grown by at most a quarter, at which the rule holds."""
    wanted = 0.6 * profits(first_stage, "mass").std(ddof=1)
    found = sim.compare(
        tiny,
        strategies=["mass"],
        seed=3,
        n_replicates=12,
        precision={"profit@mass": wanted},
        max_replicates=90,
    )
    [reached] = found.precision.goals
    values = profits(found, "mass")
    assert found.precision.is_reached and 12 < found.n_replicates < 90
    assert reached.mean == pytest.approx(values.mean())

    def half(n: int) -> float:
        return student_quantile(0.95, n - 1) * math.sqrt(values[:n].var(ddof=1) * (1 + 1 / n) / n)

    assert reached.half_width == pytest.approx(half(len(values))) and half(len(values)) <= wanted < half(12)
    assert found.estimates["mass"]["profit"].half_width <= wanted


def test_the_baseline_alone_has_a_precision(tiny) -> None:
    found = sim.compare(tiny, strategies=["none"], seed=3, n_replicates=5, precision={"sales@none": "80%"})
    assert found.precision.is_reached and found.strategies == ("none",)
    with pytest.raises(sim.ScenarioError, match="METRIC@none"):
        sim.compare(tiny, strategies=["none"], precision={"sales": "80%"})
    with pytest.raises(sim.ScenarioError, match="a strategy that is compared"):
        sim.compare(tiny, strategies=["none"], precision={"sales@mass": "80%"})
    with pytest.raises(sim.ScenarioError) as raised:
        sim.compare(tiny, strategies=["none"], seed=-1, precision={"sales": "80%", "profit@mass": 9})
    told = str(raised.value)
    assert all(
        word in told for word in ("compare(seed)", "beside the baseline", "compare(precision): profit@mass")
    )
    with pytest.raises(sim.ScenarioError) as raised:
        sim.compare(tiny, strategies=["mas"], precision={"profit@mass": 9})
    assert len(raised.value.faults) == 1, "who is compared is not known"


def test_stein_can_be_chosen_and_rests_on_its_first_stage(tiny, first_stage, tmp_path) -> None:
    gains = profits(first_stage, "mass") - profits(first_stage, "none")
    wanted = 0.5 * gains.std(ddof=1)
    asked = {"precision": {"profit": wanted}, "precision_method": "stein", "max_replicates": 90}
    found = sim.compare(tiny, strategies=["mass"], seed=3, n_replicates=12, **asked)
    t = student_quantile(0.95, 11)
    assert found.precision.method == "stein" and found.n_replicates == max(12, math.ceil((t / 0.5) ** 2))
    [reached] = found.precision.goals
    assert reached.half_width == pytest.approx(t * gains.std(ddof=1) / math.sqrt(found.n_replicates))
    assert "For jointly normal outcomes Stein's own intervals" in found.precision.caveat
    assert found.manifest["precision"]["method"] == "stein"
    assert found.to_json_document()["precision"]["method"] == "stein"
    again = sim.repeat(found.save(tmp_path / "results"))
    assert again.manifest["repeats"]["is_equal"] and again.manifest["precision"]["method"] == "stein"
    with pytest.raises(sim.ScenarioError, match="takes no shares"):
        sim.compare(tiny, precision={"profit": "2%"}, precision_method="stein")
    with pytest.raises(sim.ScenarioError, match='did you mean "stein"'):
        sim.compare(tiny, precision={"profit": 2}, precision_method="stain")


def design_of(tiny, **changes) -> Design:
    table = {
        "purpose": "A test",
        "scenario": tiny,
        "strategies": ["none", "mass"],
        "replicates": 6,
        "seed": 5,
        "metrics": ["profit", "sales"],
        **changes,
    }
    factor = {"path": "brands.Ours.price", "name": "price", "kind": "levels", "levels": [9.0, 11.0]}
    return Design.from_dict({"experiment": table, "design": {"kind": "full_factorial"}, "factors": [factor]})


@pytest.fixture(scope="module")
def swept(tiny, tmp_path_factory):
    place = tmp_path_factory.mktemp("sweep") / "store"
    wanted = 0.9 * sim.sweep(design_of(tiny), threads=1).summary("sales")["sd"].max()
    return sim.sweep(design_of(tiny), out=place, threads=1, precision={"sales@all": wanted}), wanted


def test_a_sweep_adds_replicates_for_all_treatments_until_the_worst_is_precise(tiny, swept) -> None:
    found, wanted = swept
    n = found.precision["replicates"]
    assert found.is_complete and len(found.rows) == 4 * n and n > 6
    assert found.precision["is_reached"] and found.precision["intervals"] == 4
    table = found.summary("sales")
    assert (table["n"] == n).all() and ((table["upper"] - table["lower"]) / 2 <= wanted).all()
    plain = sim.sweep(design_of(tiny, replicates=n), threads=1)
    assert plain.digest == found.digest and plain.precision is None
    t = student_quantile(1 - 0.05 / 4, 5)
    early = plain.to_dataframe().query("replicate < 6").groupby("treatment")["sales"].std().max()
    assert t * early / math.sqrt(6) > wanted


def test_a_sweep_that_is_called_again_or_was_interrupted_ends_alike(
    tiny, swept, tmp_path, monkeypatch
) -> None:
    found, wanted = swept
    again = sim.sweep(design_of(tiny), out=found.folder, threads=1, precision={"sales@all": wanted})
    assert again.digest == found.digest and again.precision == found.precision
    from simulator.experiment import runner

    simulate, calls = runner.run_task, []

    def stopping(*arguments, **options):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return simulate(*arguments, **options)

    monkeypatch.setattr("simulator.experiment.backends.run_task", stopping)
    with pytest.raises(KeyboardInterrupt, match="call again"):
        sim.sweep(design_of(tiny), out=tmp_path / "x", threads=1, precision={"sales@all": wanted})
    monkeypatch.undo()
    after = sim.sweep(design_of(tiny), out=tmp_path / "x", threads=1, precision={"sales@all": wanted})
    assert after.digest == found.digest and after.precision == found.precision


def test_differences_in_a_sweep_are_to_none_at_the_same_point(tiny, swept) -> None:
    frame = (
        swept[0]
        .to_dataframe()
        .query("replicate < 6")
        .pivot(index="replicate", columns=["point", "strategy"], values="profit")
    )
    gains = [frame[p]["mass"] - frame[p]["none"] for p in (0, 1)]
    t = student_quantile(1 - 0.05 / 2, 5)
    wanted = 1.001 * t * max(gain.std() for gain in gains) / math.sqrt(6)
    found = sim.sweep(
        design_of(tiny), threads=1, precision={"profit": float(wanted)}, precision_method="stein"
    )
    assert found.precision["replicates"] == 6 and found.precision["intervals"] == 2
    assert found.precision["method"] == "stein" and "reached with 6" in repr(found)
    more = sim.sweep(
        design_of(tiny), threads=1, precision={"profit": float(wanted) / 1.2}, precision_method="stein"
    )
    assert more.precision["replicates"] == math.ceil(6 * (1.2 / 1.001) ** 2)


@pytest.mark.parametrize(
    ("changes", "precision", "words"),
    [
        ({}, {"adoption@all": 1}, "a stored metric: profit, sales"),
        ({"strategies": ["mass"]}, {"profit": 1}, "profit@all"),
        ({"replicates": 1}, {"profit@all": 1}, "at least 2"),
        ({}, {"profit@masss": 1}, 'did you mean "mass"'),
    ],
)
def test_what_a_sweep_cannot_make_precise_is_told(tiny, changes, precision, words) -> None:
    with pytest.raises(sim.ScenarioError, match=words):
        sim.sweep(design_of(tiny, **changes), precision=precision)


def test_a_maximum_below_the_beginning_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"compare\(max_replicates\) = 20; expected at least the 40"):
        sim.compare(
            sim.load_scenario("tiny"),
            strategies="mass",
            n_replicates=40,
            precision={"profit": 9.0},
            max_replicates=20,
        )
