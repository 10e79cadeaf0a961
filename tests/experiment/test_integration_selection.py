"""Selecting, and what answers depend on, end to end on the smallest scenarios."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import simulator as sim
from simulator.errors import ScenarioError
from simulator.experiment import variance_draws
from simulator.experiment.batches import BatchStore
from simulator.experiment.equal_allocation import equal_cost
from simulator.experiment.levels import LEVELS
from simulator.experiment.sampling import EVALUATION_BLOCK
from simulator.experiment.treatments import Treatment, evaluate
from simulator.present.report_studies import study_page


@pytest.fixture(scope="module")
def tiny() -> sim.Scenario:
    return sim.load_scenario("tiny")


@pytest.fixture(scope="module")
def selection(tiny) -> sim.Selection:
    return sim.select(tiny, strategies=["mass", "precision"], indifference=150.0, n_evaluation=12, seed=3)


def test_a_selection_is_made_of_the_very_replicates_of_the_simulator(tiny, selection):
    assert selection.treatments == ("none", "mass", "precision")
    assert selection.is_settled and selection.best in selection.treatments
    position = selection.choice.best
    n = selection.choice.n_by_treatment[position]
    plain = evaluate(
        tiny, [Treatment(selection.best)], seed=3, replicates=range(n), metrics=["profit"], threads=1
    )[0, :, 0]
    assert np.array_equal(selection.outcomes[position], plain)
    fresh = range(EVALUATION_BLOCK, EVALUATION_BLOCK + 12)
    again = evaluate(
        tiny, [Treatment(selection.best)], seed=3, replicates=fresh, metrics=["profit"], threads=1
    )[0, :, 0]
    assert np.array_equal(selection.evaluation.outcomes[0], again)


def test_a_selection_says_what_equal_allocation_would_take(tiny, selection):
    baseline = selection.treatments.index(tiny.comparison.baseline)
    assert np.isnan(selection.evaluation.p_values[selection.evaluation.positions.index(baseline)])
    start = np.stack([outcomes[: selection.choice.first_stage] for outcomes in selection.outcomes])
    equal = equal_cost(start, indifference=150.0, confidence=selection.rule.confidence)
    assert selection.equal == equal
    assert selection.saved_share == 1 - sum(map(len, selection.outcomes)) / min(equal)


def test_a_selection_does_not_depend_on_threads_or_batch(tiny, selection):
    one = sim.select(
        tiny,
        strategies=["mass", "precision"],
        indifference=150.0,
        n_evaluation=12,
        seed=3,
        threads=1,
    )
    assert one.digest == selection.digest
    other = sim.select(
        tiny, strategies=["mass", "precision"], indifference=150.0, n_evaluation=12, seed=3, batch=3
    )
    assert (other.best, other.choice.dropped_at) == (selection.best, selection.choice.dropped_at)
    assert sim.select(
        tiny, strategies=["mass", "precision"], indifference=150.0, n_evaluation=12, seed=0
    ).digest not in (selection.digest, other.digest)


def test_a_selection_tells_and_saves_itself(selection, tmp_path):
    table = selection.to_dataframe()
    assert list(table["treatment"]) == list(selection.treatments)
    assert table["n_replicates"].sum() == selection.n_drawn
    document = selection.to_json_document()
    assert document["digest"] == selection.digest and json.dumps(document, allow_nan=False)
    assert document["replicates"]["first_evaluating"] == EVALUATION_BLOCK
    assert selection.best in repr(selection) and "fresh replicates" in repr(selection)
    place = selection.save(tmp_path / "out")
    lines = (place / "outcomes.csv").read_text().splitlines()
    assert len(lines) == 1 + selection.n_drawn + selection.evaluation.outcomes.size
    manifest = json.loads((place / "manifest.json").read_text())
    assert manifest["kind"] == "selection" and manifest["rule"]["method"] == "kn"
    assert len(selection.plot_selection().png()) > 5_000


def test_treatments_with_overrides_can_be_selected_among(tiny):
    found = sim.select(
        tiny,
        strategies=[Treatment("mass"), Treatment("mass", {"brands[0].price": 9.0}, "cheaper")],
        indifference=400.0,
        method="ocba",
        n_evaluation=5,
        metric="sales",
        max_replicates=12,
    )
    assert found.treatments == ("mass", "cheaper") and found.best == "cheaper"
    assert np.isnan(found.evaluation.p_values).all()


def test_what_cannot_be_separated_is_a_subset(tiny):
    found = sim.select(
        tiny, strategies=["mass", "precision"], indifference=0.01, max_replicates=11, n_evaluation=4
    )
    assert not found.is_settled and set(found.contenders) >= {found.best}
    assert "Not separated within 11 replicates" in found.sentences[0]
    left = found.plot_selection().axes[0]
    assert max(bar.get_width() for bar in left.patches) > 0.5 * left.get_xlim()[1]
    assert any("equal allocation: " in text.get_text() for text in left.texts)
    assert not found.to_dataframe()["is_selected"].any()


def test_faults_of_a_selection_are_told_at_once(tiny):
    with pytest.raises(ScenarioError) as caught:
        sim.select(
            tiny,
            strategies=["mas"],
            method="kim",
            metric="spend",
            indifference=0,
            confidence=1.5,
            first_stage=1,
            max_replicates=1,
            n_evaluation=1,
            seed=-1,
            engine="fast",
        )
    places = {fault.place for fault in caught.value.faults}
    assert places == {
        f"select({name})"
        for name in (
            "strategies",
            "method",
            "metric",
            "indifference",
            "confidence",
            "first_stage",
            "max_replicates",
            "n_evaluation",
            "seed",
            "engine",
        )
    }
    with pytest.raises(ScenarioError, match="minimum_effect"):
        sim.select(tiny)
    with pytest.raises(ScenarioError, match="at least two"):
        sim.select(tiny, strategies=[Treatment("mass")], indifference=1.0)
    with pytest.raises(ScenarioError, match="blind guess"):
        sim.select(tiny, strategies=["mass"], indifference=1.0, confidence=0.4)


def test_a_comparison_runs_until_it_is_precise(tiny):
    asked = {"profit": 120.0, "sales": "20%"}
    found = sim.compare(tiny, strategies=["mass"], precision=asked, n_replicates=8, seed=1)
    assert found.precision.is_reached and found.n_replicates == found.precision.n > 8
    widths = {r.goal.name.split()[0]: r.half_width / r.wanted for r in found.precision.goals}
    assert max(widths.values()) <= 1
    fixed = sim.compare(tiny, strategies=["mass"], n_replicates=found.n_replicates, seed=1)
    assert fixed.digest == found.digest and fixed.precision is None
    assert found.to_json_document()["precision"]["is_reached"]
    capped = sim.compare(
        tiny, strategies=["mass"], precision={"profit": 1.0}, n_replicates=4, max_replicates=9
    )
    assert capped.n_replicates == 9 and "not reached within 9" in repr(capped)


def test_faults_of_a_precision_are_told_at_once(tiny):
    with pytest.raises(ScenarioError) as caught:
        sim.compare(tiny, precision={"profit": 0, "sale": 1.0, "roi": "two"}, max_replicates=0, seed="x")
    text = str(caught.value)
    assert all(word in text for word in ("profit = 0", "'sale'", "'two'", "max_replicates", "seed"))
    with pytest.raises(ScenarioError, match="at least 2"):
        sim.compare(tiny, precision={"profit": 1.0}, n_replicates=1)
    with pytest.raises(ScenarioError, match='"none" alone; expected a strategy beside the baseline'):
        sim.compare(tiny, strategies=["none"], precision={"profit": 100.0})


@pytest.fixture(scope="module")
def screening(tiny) -> sim.Sensitivity:
    return sim.sensitivity(
        tiny,
        factors="p_strong,brands.Ours.price=8:12,join_surprise",
        strategies=["mass", "none"],
        n_points=3,
        n_replicates=4,
    )


def test_screening_the_simulator_finds_price_and_dismisses_what_is_not_there(tiny, screening):
    """Neither strategy has a community, so its joining plays no part: a planted inert parameter."""
    found = {index.factor: index for index in screening.indices}
    assert screening.indices[0].factor == "brands.Ours.price"
    assert found["join_surprise"].note == "nothing changed in any of 3 trajectories"
    assert screening.outcomes.shape == (2, 3 * 4, 4)
    assert 0 <= screening.flips[0].wins_low <= 1
    assert "own points, few and scattered in a screening" in study_page(screening, {})
    assert any("chance" in line or "8 trajectories" in line for line in screening.warnings)
    values = screening.points_dataframe()
    place = 0
    overrides = {
        "brands.Ours.price": float(values["brands.Ours.price"][place]),
        "parameters.p_strong": float(values["p_strong"][place]),
        "parameters.join_surprise": float(values["join_surprise"][place]),
    }
    plain = evaluate(
        tiny,
        [Treatment("mass", overrides)],
        seed=screening.seed,
        replicates=range(4),
        metrics=["profit"],
    )
    assert np.array_equal(plain[0, :, 0], screening.outcomes[0, place])


def test_the_order_of_factors_does_not_matter(tiny, screening):
    again = sim.sensitivity(
        tiny,
        factors=["join_surprise", "p_strong", "brands.Ours.price=8:12"],
        strategies=["mass", "none"],
        n_points=3,
        n_replicates=4,
    )
    assert again.digest == screening.digest and again.indices == screening.indices


def test_a_screening_tells_and_saves_itself(screening, tmp_path):
    document = screening.to_json_document()
    assert json.dumps(document, allow_nan=False)
    assert document["losses"] == screening.discover().to_json_document()
    place = screening.save(tmp_path / "out")
    assert json.loads((place / "manifest.json").read_text())["kind"] == "sensitivity"
    assert len((place / "points.csv").read_text().splitlines()) == 13
    assert len(screening.plot_indices().png()) > 5_000
    assert screening.discover().n_points == 12
    assert "mass" in repr(screening)


def test_sobol_indices_of_one_strategy(tiny):
    found = sim.sensitivity(
        tiny,
        method="sobol",
        factors={"brands.Ours.price": (8, 12), "join_surprise": (0.0, 2.0)},
        strategies="mass",
        metric="sales",
        n_points=4,
        n_replicates=2,
    )
    assert found.indices[0].factor == "brands.Ours.price"
    assert found.flips == () and "of the points" not in repr(found)
    assert {i.factor: i for i in found.indices}["join_surprise"].total == 0
    assert any("base points are few" in note for note in found.warnings)
    assert len(found.plot_indices().png()) > 5_000
    with pytest.raises(ValueError, match="nobody"):
        found.discover()


@pytest.mark.parametrize("verb", ["select", "sensitivity", "regime_map", "reversal", "variance_split"])
def test_what_is_no_scenario_is_the_only_fault(verb):
    settings = {
        "select": {"indifference": 5.0},
        "reversal": {"factor": "p_strong"},
        "variance_split": {"strategies": "mass"},
    }.get(verb, {"factors": "p_strong,p_weak"})
    with pytest.raises(ScenarioError) as caught:
        getattr(sim, verb)("tiny", **settings)
    assert [fault.place for fault in caught.value.faults] == [f"{verb}(scenario)"]


def test_factors_may_stand_second(tiny):
    with pytest.raises(ScenarioError, match="p_stron"):
        sim.sensitivity(tiny, "p_stron")


def test_faults_of_a_sensitivity_are_told_at_once(tiny):
    with pytest.raises(ScenarioError) as caught:
        sim.sensitivity(
            tiny,
            method="sobl",
            factors=["p_stron", "brands.Ours.price=3", "brands.Ours.price=12:8", "title=1:2", "horizn=1:2"],
            n_replicates=0,
            metric="profitt",
            strategies=["mass", "nobody"],
            confidence=0,
        )
    text = str(caught.value)
    for word in (
        "sobl",
        "p_stron",
        "'3'",
        "12 to 8",
        "title",
        "horizn",
        "n_replicates",
        "profitt",
        "nobody",
    ):
        assert word in text
    with pytest.raises(ScenarioError, match="take 16 or 32"):
        sim.sensitivity(tiny, method="sobol", n_points=20)
    with pytest.raises(ScenarioError, match="whose difference"):
        sim.sensitivity(tiny, strategies=["mass", "none", "precision"], factors="p_strong")
    with pytest.raises(ScenarioError, match="outside|range|expected"):
        sim.sensitivity(tiny, factors={"p_strong": (0.1, 99.0)})


def test_a_regime_map_of_the_simulator(tiny, tmp_path):
    found = sim.regime_map(
        tiny,
        {"brands.Ours.price": (8.0, 12.0), "p_strong": (0.05, 0.3)},
        strategies=["mass"],
        n_levels=2,
        n_replicates=3,
    )
    assert found.shape == (2, 2) and found.strategies == ("none", "mass")
    assert (found.regret.min(axis=0) == 0).all()
    assert json.dumps(found.to_json_document(), allow_nan=False)
    assert (found.save(tmp_path / "out") / "grid.csv").is_file()
    assert len(found.plot_regimes().png()) > 5_000
    with pytest.raises(ScenarioError, match="use reversal"):
        sim.regime_map(tiny, "p_strong")


def test_a_reversal_of_the_simulator(tiny, tmp_path):
    found = sim.reversal(
        tiny, "brands.Ours.unit_cost=2:9.9", strategies=["mass", "none"], n_levels=3, n_replicates=6
    )
    [(value, low, high)] = found.values
    assert 2 < low <= value <= high < 9.9 and found.crossings[0].falls
    assert '"mass" stops beating "none"' in found.sentences[0]
    assert json.dumps(found.to_json_document(), allow_nan=False)
    assert (found.save(tmp_path / "out") / "levels.csv").is_file()
    assert len(found.plot_reversal().png()) > 5_000
    with pytest.raises(ScenarioError, match="use regime_map"):
        sim.reversal(tiny, "p_strong,p_weak")


def test_a_split_of_the_simulators_variance(tiny, tmp_path):
    found = sim.variance_split(
        tiny, "mass", factors="p_strong", n_parameters=5, n_worlds=2, n_replicates=2, seed=4
    )
    assert [c.level for c in found.components] == ["parameters", "world", "market"]
    one = sim.variance_split(tiny, "mass", n_parameters=1, n_worlds=5, n_replicates=1, seed=4)
    plain = evaluate(tiny, [Treatment("mass")], seed=4, replicates=range(5), metrics=["profit"], threads=1)
    assert np.array_equal(one.outcomes[0, :, 0], plain[0, :, 0])
    gain = sim.variance_split(
        tiny, "mass", metric="incremental_profit", n_parameters=1, n_worlds=1, n_replicates=5, seed=4
    )
    both = sim.variance_split(tiny, ["mass", "none"], n_parameters=1, n_worlds=1, n_replicates=5, seed=4)
    assert np.allclose(gain.outcomes, both.outcomes)
    assert json.dumps(found.to_json_document(), allow_nan=False)
    assert (found.save(tmp_path / "out") / "components.csv").is_file()
    assert len(found.plot_components().png()) > 5_000
    with pytest.raises(ScenarioError, match="two units"):
        sim.variance_split(tiny, "mass", n_parameters=1, n_worlds=1, n_replicates=1)


def test_results_of_another_kind_are_not_overwritten(selection, screening, tmp_path):
    selection.save(tmp_path / "out")
    selection.save(tmp_path / "out")
    with pytest.raises(sim.StoreError, match="another kind"):
        screening.save(tmp_path / "out")


def stored(place: Path) -> dict[str, int]:
    """Return the files of outcomes in a folder, with the times at which they were written."""
    files = [file for file in place.rglob("*") if file.suffix in (".npy", ".parquet")]
    return {file.name: file.stat().st_mtime_ns for file in files if not file.name.startswith(".")}


def test_every_draw_of_the_parameters_has_worlds_of_its_own(tiny, monkeypatch):
    used = []
    real = variance_draws.outcomes_in_worlds

    def spy(ready, worlds, *rest):
        used.append(worlds)
        return real(ready, worlds, *rest)

    monkeypatch.setattr(variance_draws, "outcomes_in_worlds", spy)
    found = sim.variance_split(
        tiny, "mass", factors="p_strong", n_parameters=5, n_worlds=2, n_replicates=2, seed=4
    )
    assert [list(worlds) for worlds in used] == [[2 * draw, 2 * draw + 1] for draw in range(5)]
    assert found.outcomes.shape == (5, 2, 2)


@pytest.mark.parametrize("study", ["select", "sensitivity", "regime_map", "reversal", "variance_split"])
def test_an_interrupted_study_goes_on_where_it_was(tiny, tmp_path, monkeypatch, study):
    from simulator import engines

    options = {
        "select": {
            "strategies": ["mass", "precision"],
            "indifference": 150.0,
            "n_evaluation": 12,
            "batch": 2,
        },
        "sensitivity": {"factors": "p_strong,brands.Ours.price=8:12", "n_points": 2, "n_replicates": 2},
        "regime_map": {"factors": "p_strong,brands.Ours.price=8:12", "n_levels": 2, "n_replicates": 2},
        "reversal": {"factor": "brands.Ours.price=8:12", "n_levels": 4, "n_replicates": 3},
        "variance_split": {"strategies": "mass", "n_parameters": 5, "n_worlds": 2, "n_replicates": 1},
    }[study]
    run, place = getattr(sim, study), tmp_path / "outcomes"
    whole = run(tiny, **options, seed=5)
    simulate = engines.run_replicates

    def interrupted(*args, **kwargs):
        if stored(place):
            raise KeyboardInterrupt
        return simulate(*args, **kwargs)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(engines, "run_replicates", interrupted)
        patch.setattr(LEVELS, "_known", type(LEVELS._known)())
        run(tiny, **options, seed=5, keep_in=place)
    kept = stored(place)
    assert len(kept) == 1
    again = run(tiny, **options, seed=5, keep_in=place)
    assert again.digest == whole.digest
    assert stored(place).items() > kept.items(), "what is stored is not simulated again"
    with monkeypatch.context() as patch:
        patch.setattr(engines, "run_replicates", lambda *args, **kwargs: 1 / 0)
        assert run(tiny, **options, seed=5, keep_in=place).digest == whole.digest


def test_a_kept_piece_that_cannot_be_read_is_computed_again(tmp_path):
    cache = BatchStore(tmp_path / "pieces")
    assert cache.of(lambda: np.arange(3.0), "a").tolist() == [0, 1, 2]
    assert cache.of(lambda: np.zeros(3), "a").tolist() == [0, 1, 2] and cache.n_read == 1
    [file] = (tmp_path / "pieces").glob("*.npy")
    file.write_bytes(file.read_bytes()[:40])
    assert cache.of(lambda: np.ones(3), "a").tolist() == [1, 1, 1] and cache.n_read == 1
