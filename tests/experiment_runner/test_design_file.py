"""Design files: what they become, and every fault told at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.errors import ScenarioError
from simulator.experiment.design_file import Design, load_design
from simulator.scenario import load_scenario

ROOT = Path(__file__).resolve().parents[2]
FAULTY = """
[experiment]
purpose = ""
scenario = "launhc"
replicates = 0
sead = 3

[design]
kind = "sobol"
points = 100

[[factors]]
path = "brands.Nova.price"
kind = "unifrom"
low = 1
high = 2

[[factors]]
path = "horizon"
kind = "uniform"
low = "a"
high = 30
"""
FAULTY_MEANING = """
[experiment]
purpose = "A test"
scenario = "launhc"
metrics = ["profit", "proffit"]

[design]
kind = "sobol"
points = 100

[[factors]]
path = "horizon"
name = "profit"
kind = "uniform"
low = 30
high = 20

[[factors]]
kind = "prior"
parameter = "p_stron"
"""


def faults_of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "faulty.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError) as raised:
        load_design(path)
    return str(raised.value)


def test_faults_of_form_are_told_together(tmp_path: Path) -> None:
    told = faults_of(tmp_path, FAULTY)
    for part in (
        "experiment.purpose",
        "experiment.replicates = 0; expected 1 to",
        'experiment.sead = 3; expected a key that exists here; unknown key, did you mean "seed"?',
        'factors[0].kind = "unifrom"',
        'did you mean "uniform"?',
        'factors[1].low = "a"; expected a number',
    ):
        assert part in told, part


def test_faults_of_meaning_are_told_together(tmp_path: Path) -> None:
    told = faults_of(tmp_path, FAULTY_MEANING)
    for part in ("launhc", 'did you mean "launch"?', "'proffit'", "factors[0].name = profit", "p_stron"):
        assert part in told, part


def test_faults_of_points_are_told_once_each(tmp_path: Path) -> None:
    told = faults_of(
        tmp_path,
        '[experiment]\npurpose = "x"\nscenario = "minimal"\nstrategies = ["mas"]\n'
        '[[factors]]\npath = "brands.Ours.prise"\nkind = "levels"\nlevels = [1.0, 2.0, 3.0]\n',
    )
    assert told.count("brands[0].prise") == 1
    assert 'did you mean "price"?' in told


def test_a_strategy_named_twice_is_told_with_everything_else(tmp_path: Path, design: Design) -> None:
    told = faults_of(
        tmp_path,
        '[experiment]\npurpose = "x"\nscenario = "minimal"\nstrategies = ["none", "mass", "none"]\n'
        'metrics = ["proffit"]\n',
    )
    assert 'experiment.strategies = "none" twice; expected each strategy once' in told
    assert "'proffit'" in told
    with pytest.raises(ScenarioError, match=r'Design\(strategies\) = "mass" twice'):
        replace(design, strategies=("mass", "none", "mass"))
    with pytest.raises(ScenarioError, match=r'Design\(scenarios\) = "minimal" twice'):
        replace(design, scenarios=design.scenarios * 2)


def test_a_file_of_no_toml_is_told(tmp_path: Path) -> None:
    assert "expected valid TOML" in faults_of(tmp_path, "[experiment\n")


def test_tables_and_files_make_the_same_design(design: Design) -> None:
    tables = {
        "experiment": {
            "purpose": "A test",
            "scenario": load_scenario("minimal"),
            "strategies": ["none", "mass"],
            "replicates": 3,
            "seed": 5,
            "metrics": ["profit", "sales", "adoption", "incremental_profit"],
            "overrides": {"population.consumers": 60},
        },
        "design": {"kind": "sobol", "points": 4},
        "factors": [
            {"path": "brands.Ours.price", "name": "price", "kind": "uniform", "low": 8.0, "high": 12.0},
            {"kind": "prior", "parameter": "p_strong"},
        ],
    }
    same = Design.from_dict(tables)
    assert [p.overrides for p in same.points] == [p.overrides for p in design.points]
    assert same.scenarios == design.scenarios
    assert (same.seed, same.replicates, same.metrics) == (design.seed, design.replicates, design.metrics)


def test_scenarios_are_crossed_with_points_and_strategies(tmp_path: Path) -> None:
    path = tmp_path / "crossed.toml"
    path.write_text(
        '[experiment]\npurpose = "x"\nscenarios = ["classroom", "durable"]\nstrategies = ["none", "mass"]\n'
        '[[factors]]\npath = "parameters.p_strong"\nkind = "levels"\nlevels = [0.1, 0.2, 0.3]\n'
    )
    crossed = load_design(path)
    assert crossed.n_treatments == 2 * 3 * 2
    assert [scenario.name for scenario in crossed.scenarios] == ["classroom", "durable"]
    assert {p.overrides["parameters.p_strong"] for p in crossed.points} == {0.1, 0.2, 0.3}


def test_blocks_of_replicates_never_meet(design: Design) -> None:
    judged = design.changed(purpose="evaluate", n_replicates=1000)
    chosen = design.changed(n_replicates=2**20)
    assert not set(judged.replicates) & set(chosen.replicates)
    assert judged.changed(seed=9).replicates == judged.replicates
    assert max(judged.replicates) < 2**31, "pilot replicates lie above"


def test_other_consumers_keep_the_number_of_people(design: Design) -> None:
    few = design.changed(consumers=30).scenarios[0].population
    all_of_them = design.scenarios[0].population
    assert few.consumers == 30
    assert few.consumers * few.people_per_consumer == pytest.approx(
        all_of_them.consumers * all_of_them.people_per_consumer
    )


@pytest.mark.parametrize(
    "path", sorted((ROOT / "experiments" / "designs").glob("*.toml")), ids=lambda path: path.stem
)
def test_shipped_designs_are_without_fault(path: Path) -> None:
    shipped = load_design(path)
    assert shipped.purpose
    assert shipped.n_treatments >= 4


def test_a_fraction_says_what_it_cannot_tell_apart(tmp_path: Path) -> None:
    path = tmp_path / "fraction.toml"
    factors = "".join(
        f'[[factors]]\nkind = "prior"\nparameter = "{name}"\n' for name in ("p_strong", "p_weak", "talk_base")
    )
    path.write_text(
        '[experiment]\npurpose = "x"\nscenario = "minimal"\n'
        f'[design]\nkind = "fractional_factorial"\ngenerators = ["C=AB"]\n{factors}'
    )
    notes = load_design(path).notes
    assert notes[0] == "resolution 3, defining relation I = ABC"
    assert "only their sum is seen: talk_base, p_strong x p_weak" in notes


def test_every_fault_of_a_change_is_told_at_once() -> None:
    table = {
        "experiment": {"purpose": "a test", "scenario": "minimal", "replicates": 2},
        "design": {"kind": "points"},
        "points": [{"brands.Ours.price": 4.0}],
    }
    design = Design.from_dict(table)
    with pytest.raises(ScenarioError) as raised:
        design.changed(purpose="both", seed=-1, consumers=-5, overrides={"horizon": -1})
    told = str(raised.value)
    assert all(part in told for part in ("'both'", "seed) = -1", "consumers = -5", "horizon = -1")), told
