"""Expected effects: means over further worlds with their errors, and scores that say what they are scored against."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simulator as sim
from simulator.experiment.measurement_worlds import truth_rows, with_expected

KINDS = {
    "geo_lift": ("mass", {"regions": ["capital", "coast"]}),
    "ab_test": ("mass", {}),
    "referral": ("social", {"n_markets": 4}),
    "referral_holdout": ("social", {}),
}


@pytest.fixture(scope="module")
def launch():
    return sim.load_scenario("launch").with_overrides(
        {"population.consumers": 200, "population.people_per_consumer": 3000.0, "horizon": 12}
    )


def exported(launch, kind: str, **options):
    strategy, more = KINDS[kind]
    return sim.export(launch, strategy, kind=kind, start_week=4, seed=3, **more, **options)


@pytest.mark.parametrize("kind", ["geo_lift", "ab_test", "referral_holdout"])
def test_expected_effects_are_means_of_those_of_the_further_worlds(launch, kind) -> None:
    """The slow obvious way: export every further world by itself."""
    found = exported(launch, kind, n_expected=2).truth.set_index("effect")
    alone = [
        exported(launch, kind, n_expected=0, replicate=k).truth.set_index("effect")["value"] for k in (1, 2)
    ]
    for effect in found.index.drop("treated_lift_share", errors="ignore"):
        values = [one[effect] for one in alone]
        assert found.loc[effect, "expected"] == pytest.approx(np.mean(values))
        assert found.loc[effect, "expected_error"] == pytest.approx(np.std(values, ddof=1) / 2**0.5)
    if kind == "geo_lift":
        base = [one["treated_lift"] / one["treated_lift_share"] for one in alone]
        assert found.loc["treated_lift_share", "expected"] == pytest.approx(
            sum(one["treated_lift"] for one in alone) / sum(base)
        )


def test_the_error_of_a_share_is_that_of_a_ratio() -> None:
    """Shares 1/10, 2/10 and 6/20: 9/40, with residuals -1.25, -0.25 and 1.5 around it."""
    top, bottom = np.array([1.0, 2.0, 6.0]), np.array([10.0, 10.0, 20.0])
    found = with_expected(truth_rows(("share", 0.1, "share", "")), {}, {"share": (top, bottom)}).loc[0]
    assert found["expected"] == 9 / 40
    assert found["expected_error"] == pytest.approx(np.sqrt(3.875 / 2 / 3) / (40 / 3))


def test_expected_effects_of_referral_are_those_of_further_markets(launch) -> None:
    found = exported(launch, "referral", n_expected=5).truth.set_index("effect")
    next_ones = exported(launch, "referral", n_expected=0, replicate=4).truth.set_index("effect")["value"]
    four = exported(launch, "referral", n_expected=4).truth.set_index("effect")
    assert four.loc["rollout_lift", "expected"] == pytest.approx(next_ones["rollout_lift"])
    assert four.loc["treated_lift", "expected"] == four.loc["rollout_lift", "expected"]
    assert (found["value"] == four["value"]).all()
    assert found.loc["rollout_lift", "expected"] != four.loc["rollout_lift", "expected"]
    assert found["expected_error"].notna().all()


def test_an_export_without_further_worlds_says_so(launch) -> None:
    found = exported(launch, "ab_test")
    assert found.manifest["question"]["n_expected"] == 0 and found.truth["expected"].isna().all()
    assert any("of this one world" in note for note in found.manifest["notes"])
    assert "expected_error" not in repr(found)


def test_scores_say_what_they_are_scored_against(tmp_path) -> None:
    (tmp_path / "truth.csv").write_text(
        "effect,value,unit,expected,expected_error\ntv,100.0,units,60.0,5.0\nvideo,50.0,units,,\n"
    )
    tv = pd.DataFrame({"effect": ["tv"], "estimate": [62.0], "lower": [50.0], "upper": [70.0]})
    world = sim.score_estimates(tv, tmp_path)
    assert (world.against, world.bias, world.coverage) == ("world", -38.0, 0.0)
    assert "in the very worlds of the data" in repr(world) and "truth_error" not in repr(world)
    expected = sim.score_estimates(tv, tmp_path, against="expected")
    assert (expected.against, expected.bias, expected.coverage) == ("expected", 2.0, 1.0)
    assert expected.to_dataframe()["truth_error"].tolist() == [5.0]
    assert "expected effects, means over further worlds" in repr(expected)
    assert expected.to_json_document()["against"] == "expected" and expected.digest != world.digest
    with pytest.raises(sim.ScenarioError, match="video without an expected value.*--expected 20"):
        sim.score_estimates(
            pd.DataFrame({"effect": ["video"], "estimate": [1]}), tmp_path, against="expected"
        )
    with pytest.raises(sim.ScenarioError, match='did you mean "world"'):
        sim.score_estimates(tv, tmp_path, against="wrld")


def test_weeks_begin_on_mondays(launch) -> None:
    with pytest.raises(sim.ScenarioError, match="a Wednesday.*take 2024-01-01 or 2024-01-08"):
        sim.export(launch, "mass", start_date="2024-01-03")


def test_remedies_name_what_fits(launch) -> None:
    for strategy, kind, words in (
        ("social", "geo_lift", "choose a strategy that fits: .*mass"),
        ("mass", "referral", "choose a strategy that fits: .*social"),
        ("mass", "referral_holdout", "choose a strategy that fits: .*social"),
        ("precision", "ab_test", "choose a strategy that fits: .*mass"),
    ):
        with pytest.raises(sim.ScenarioError, match=words) as error:
            sim.export(launch, strategy, kind=kind)
        offered = error.value.faults[0].remedy.split(": ")[1].split(", ")
        assert strategy not in offered and "none" not in offered
    with pytest.raises(sim.ScenarioError, match="population.regions.*ab_test"):
        land = launch.with_overrides({"population.regions": [{"name": "land", "share": 1.0}]})
        sim.export(land, "mass", kind="geo_lift")
