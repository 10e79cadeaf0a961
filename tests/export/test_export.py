"""Ground truth for measurement: the tables add up, the truth is what switching off takes away, scores are right."""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import pytest

import simulator as sim
from simulator.experiment import measurement_plans as plans
from simulator.experiment.budget import balanced_plans
from simulator.model.campaigns import build_plan
from simulator.model.market import build_market
from simulator.outcomes.consumer_records import in_random_audience, record_consumers
from simulator.present import cli


@pytest.fixture(scope="module")
def launch():
    return sim.load_scenario("launch").with_overrides(
        {"population.consumers": 300, "population.people_per_consumer": 3000.0, "horizon": 20}
    )


@pytest.fixture(scope="module")
def mix(launch):
    return sim.export(launch, "mass", n_expected=3, seed=3)


@pytest.fixture(scope="module")
def geo(launch):
    return sim.export(launch, "mass", kind="geo_lift", regions=["capital", "coast"], start_week=8, seed=3)


@pytest.fixture(scope="module")
def test_of_tv(launch):
    return sim.export(launch, "mass", kind="ab_test", start_week=8, seed=3)


def test_the_media_table_is_what_the_simulation_recorded(launch, mix) -> None:
    table = mix.tables["media_mix.csv"]
    assert len(table) == 20 and table["date"].tolist()[:2] == ["2024-01-01", "2024-01-08"]
    media = table[[name for name in table if name.endswith("_spend")]].to_numpy().sum()
    assert media == pytest.approx(1_400_000, rel=0.01)
    flat = sim.export(launch, "mass", variation=0.0, n_expected=0, seed=3).tables["media_mix.csv"]
    recorded = sim.simulate(launch, "mass", seed=3, n_replicates=1)
    assert flat["sales"].tolist() == recorded.series("purchases", brand="Nova")[0, 0].tolist()
    assert flat["revenue"].to_numpy() == pytest.approx(recorded.series("revenue", brand="Nova")[0, 0])
    assert flat["competitor_revenue"].to_numpy() == pytest.approx(
        recorded.series("revenue", brand="Terra")[0, 0]
    )
    assert flat["tv_spend"].std() / flat["tv_spend"].mean() < 0.01
    assert 0.2 < table["tv_spend"].std() / table["tv_spend"].mean() < 1.2
    assert abs(np.corrcoef(table["tv_spend"], table["video_spend"])[0, 1]) < 0.95


def test_the_truth_is_what_switching_off_takes_away(launch, mix) -> None:
    """The slow obvious way: run the edited plans one by one and subtract."""
    from simulator import engines

    market = build_market(launch)
    plan = balanced_plans(launch, market, ["mass"], 3, threads=1)["mass"].plan
    plan = plans.with_flights(market, plan, 0.5, 4, 3)
    off = plans.without_media(plan, plans.channels_of(market, plan)["tv"])
    truth = mix.truth.set_index("effect")
    for other, name in ((off, "tv"), (build_plan(market, "none"), "all")):
        runs = [
            engines.run_replicates(market, [one], engine="numba", seed=3, replicates=[0], threads=1)
            for one in (plan, other)
        ]
        units = [run[0, 0, :, market.focal, sim_index("purchases")].sum() * 3000 for run in runs]
        assert truth.loc[name, "value"] == units[0] - units[1]
    assert truth.loc["all", "value"] > 0 and truth.loc["tv", "spend"] > truth.loc["leaflet", "spend"]
    weekly = mix.tables["truth_by_week.csv"]
    assert weekly["tv"].sum() == truth.loc["tv", "value"] and truth.loc["tv", "expected_error"] > 0


def sim_index(name: str) -> int:
    from simulator.model.observation import INDEX

    return INDEX[name]


@pytest.mark.parametrize("strategy", ["mass", "mix", "social", "content"])
def test_with_everything_switched_off_nothing_is_left(launch, strategy: str) -> None:
    from simulator import engines

    market = build_market(launch)
    plan = balanced_plans(launch, market, [strategy], 3, threads=1)[strategy].plan
    for name, lines in plans.channels_of(market, plan).items():
        plan = (
            plans.without_content(market, plan, lines)
            if "content" in name
            else plans.without_media(plan, lines)
        )
    for kind in plans.SWITCHES:
        plan = plans.without_program(market, plan, kind)
    plan = plans.without_seeding(market, plan)
    counts = engines.run_replicates(
        market, [plan, build_plan(market, "none")], engine="numba", seed=3, replicates=[0], threads=1
    )
    assert (counts[0] == counts[1]).all()


def test_layouts_hold_the_same_numbers_under_the_tools_names(mix) -> None:
    plain = mix.tables["media_mix.csv"]
    robyn, meridian, pymc = (mix.tables[f"{name}.csv"] for name in ("robyn", "meridian", "pymc_marketing"))
    assert {"DATE", "revenue", "tv_S", "tv_I", "competitor_sales_B"} <= set(robyn)
    assert {"geo", "time", "tv_impression", "tv_spend", "conversions", "population"} <= set(meridian)
    assert {"date_week", "y", "tv", "video", "leaflet"} <= set(pymc)
    assert (robyn["tv_S"] == plain["tv_spend"]).all() and (pymc["tv"] == meridian["tv_spend"]).all()
    assert (meridian["population"] == 900_000).all() and (pymc["y"] == plain["sales"]).all()
    read = mix.manifest["how_to_read"]
    for file, names in read.items():
        given = names.get("coord_to_columns", names).values()
        listed = [name for part in given for name in ([part] if isinstance(part, str) else part)]
        assert set(listed) <= {*mix.tables[file], "revenue"}
    assert set(read["meridian.csv"]["coord_to_columns"]["media"]) <= set(meridian)
    assert not any(
        "truth" in name or "effect" in name for table in (plain, robyn, meridian, pymc) for name in table
    )


def test_controls_that_never_change_stay_out_of_the_tools_tables(launch, mix) -> None:
    """Robyn and Meridian (for one geo) end with an error at a control or channel without variance."""
    plain = mix.tables["media_mix.csv"]
    assert plain["price"].nunique() == plain["season"].nunique() == 1
    fixed = {"geo", "population", "revenue_per_conversion"}
    for file in ("robyn.csv", "meridian.csv", "pymc_marketing.csv"):
        table = mix.tables[file]
        assert {name for name in table if table[name].nunique() == 1} <= fixed
        assert "price" not in json.dumps(mix.manifest["how_to_read"][file])
    assert any("price, season" in note and "Robyn and Meridian" in note for note in mix.manifest["notes"])
    seasonal = {"market.season_amplitude": 0.3}
    varied = sim.export(launch.with_overrides(seasonal), "mass", n_expected=0, variation=0, seed=3)
    assert "season" in varied.tables["robyn.csv"] and "price" not in varied.tables["robyn.csv"]
    assert varied.manifest["how_to_read"]["pymc_marketing.csv"]["control_columns"][-2:] == ["season", "t"]
    assert any("nobody can measure" in note for note in varied.manifest["notes"])


def test_consumers_add_up_to_the_counts_of_the_compiled_engine(launch) -> None:
    from simulator import engines

    market = build_market(launch)
    plan = balanced_plans(launch, market, ["social"], 3, threads=1)["social"].plan
    records = record_consumers(market, plan, seed=3, replicate=2)
    counts = engines.run_replicates(market, [plan], engine="numba", seed=3, replicates=[2], threads=1)[0, 0]
    assert (records.counts == counts).all()
    assert (records.purchases.sum(axis=1) == counts[:, market.focal, sim_index("purchases")]).all()
    media = counts[:, :, sim_index("spend_media")] + counts[:, :, sim_index("spend_data")]
    assert records.line_spend.sum() == pytest.approx(media.sum() / 1e4 * 3000, rel=1e-3)


def test_regions_are_treated_where_and_when_they_should(launch, geo) -> None:
    table = geo.tables["geo_lift.csv"]
    assert set(table[table["treated"] == 1]["location"]) == {"capital", "coast"}
    on = table[(table["treated"] == 1) & (table["in_test"] == 1)]
    assert (on["spend"] > 0).all() and table.drop(on.index)["spend"].sum() == 0
    assert table["population"].groupby(table["location"]).first().sum() == 900_000
    truth = geo.truth.set_index("effect")["value"]
    assert truth["treated_lift"] > 0 and truth["rollout_lift"] > truth["treated_lift"]
    assert list(geo.tables["geolift_r.csv"]) == ["date", "location", "Y"]
    per_person = on["spend"].sum() / on.groupby("location")["population"].first().sum()
    planned = 1_400_000 * 12 / 20 / 900_000
    assert per_person == pytest.approx(planned, rel=0.15)


def test_before_the_test_all_worlds_are_the_same(launch, geo) -> None:
    without = sim.simulate(launch, "none", seed=3, n_replicates=1).series("purchases", brand="Nova")[0, 0]
    table = geo.tables["geo_lift.csv"]
    assert table.groupby("date")["sales"].sum().to_numpy()[:8].tolist() == without[:8].tolist()


def test_the_random_part_is_the_one_that_the_engine_addresses(launch, test_of_tv) -> None:
    table = test_of_tv.tables["ab_test.csv"]
    assert len(table) == 300 and abs(table["treated"].mean() - 0.5) < 0.12
    market = build_market(launch)
    plan = balanced_plans(launch, market, ["mass"], 3, threads=1)["mass"].plan
    line = plans.check_testable_line(market, plan, 0, "export")
    half = plans.in_random_part(plan, line, 0.5)
    treated = in_random_audience(market, half, line, seed=3, replicate=0, share=0.5)
    assert (treated == table["treated"].astype(bool)).all()
    from simulator.engines.mesa_engine import MarketModel
    from simulator.model.initialization import build_world

    model = MarketModel(market, half, build_world(market, 3, 0), 3, 0)
    model.step()
    media = list(model.brands)[market.focal].lines
    tested = media[[int(k) for k in plans.focal_lines(market, plan)].index(line)]
    addressed = np.array([weight > 0 for weight in tested.weights])
    type(model.consumers[0])._ids.pop(model, None)
    assert (addressed <= treated).all() and addressed.sum() > 0.9 * treated.sum()


def test_effects_of_the_test_belong_together(test_of_tv) -> None:
    truth = test_of_tv.truth.set_index("effect")["value"]
    assert truth["contrast"] == pytest.approx(truth["treated_effect"] - truth["control_spillover"])
    table = test_of_tv.tables["ab_test.csv"]
    before = table.groupby("treated")["purchases_before"].mean()
    assert abs(before[1] - before[0]) < 0.6


def test_referral_starts_in_half_of_the_markets(launch) -> None:
    found = sim.export(launch, "social", kind="referral", n_markets=8, start_week=6, seed=3)
    table = found.tables["referral.csv"]
    assert table.groupby("location")["treated"].first().sum() == 4
    assert table[(table["treated"] == 0) | (table["in_test"] == 0)]["reward_spend"].sum() == 0
    assert table["reward_spend"].sum() > 0
    truth = found.truth.set_index("effect")["value"]
    during = table[table["in_test"] == 1].groupby("location")["sales"].sum()
    treated = table.groupby("location")["treated"].first().astype(bool)
    assert truth["treated_lift"] / truth["treated_lift_share"] == pytest.approx(
        during[treated].mean() - truth["treated_lift"]
    )


def test_round_trip_and_reuse(launch, mix, tmp_path, monkeypatch) -> None:
    place = mix.save(tmp_path / "mix")
    again = sim.export(launch, "mass", n_expected=3, seed=3, out=place)
    assert again.digest == mix.digest and (place / "truth.csv").is_file()
    monkeypatch.setattr("simulator.experiment.measurement_export.KINDS", {"media_mix": None})
    assert sim.export(launch, "mass", n_expected=3, seed=3, out=place).digest == mix.digest
    monkeypatch.undo()
    with pytest.raises(sim.StoreError, match="another seed"):
        sim.export(launch, "mass", n_expected=3, seed=4, out=place)
    assert sim.export(launch, "mass", n_expected=3, seed=3, out=place).digest == mix.digest
    (place / "truth.csv").write_text("effect,value\n")
    assert sim.export(launch, "mass", n_expected=3, seed=3, out=place).digest == mix.digest
    assert len((place / "truth.csv").read_text().splitlines()) > 1
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(sim.StoreError, match="other content"):
        mix.save(tmp_path / "full")


def test_a_folder_takes_one_export_at_a_time(launch, tmp_path, monkeypatch) -> None:
    """Another question that is asked while the first is computed would be lost, or lose it."""
    from simulator.experiment import measurement_export

    place, compute = tmp_path / "mix", measurement_export._exported

    def interrupted_by_another(*arguments):
        monkeypatch.setattr(measurement_export, "_exported", compute)
        with pytest.raises(sim.StoreError, match="another question, being written by process"):
            sim.export(launch, "mass", n_expected=0, seed=4, out=place)
        return compute(*arguments)

    monkeypatch.setattr(measurement_export, "_exported", interrupted_by_another)
    found = sim.export(launch, "mass", n_expected=0, seed=3, out=place)
    assert json.loads((place / "manifest.json").read_text())["question"]["seed"] == 3
    assert sim.export(launch, "mass", n_expected=0, seed=3, out=place).digest == found.digest


def estimates_of(truth, shift: float = 0.0, half: float = 100.0, scale: float = 1.0) -> pd.DataFrame:
    estimate = truth["value"] * scale + shift
    return pd.DataFrame(
        {"effect": truth["effect"], "estimate": estimate, "lower": estimate - half, "upper": estimate + half}
    )


def test_a_perfect_estimate_is_perfect_and_a_biased_one_is_found_out(mix, tmp_path) -> None:
    place = mix.save(tmp_path / "mix")
    perfect = sim.score_estimates(estimates_of(mix.truth), place)
    assert perfect.bias == 0 and perfect.coverage == 1 and perfect.root_mean_square_error == 0
    assert perfect.rank_correlation == pytest.approx(1) and perfect.finds_the_best == 1
    biased = sim.score_estimates(estimates_of(mix.truth, shift=500.0), place)
    assert (
        biased.bias == pytest.approx(500) and biased.coverage == 0 and biased.mean_width == pytest.approx(200)
    )
    reversed_order = sim.score_estimates(estimates_of(mix.truth, scale=-1.0), place)
    assert reversed_order.rank_correlation == pytest.approx(-1) and reversed_order.finds_the_best == 0
    file = tmp_path / "estimates.csv"
    estimates_of(mix.truth).drop(columns=["lower", "upper"]).to_csv(file, index=False)
    assert np.isnan(sim.score_estimates(file, place).coverage)


def test_nominal_intervals_cover_over_many_data_sets(mix, tmp_path) -> None:
    """Normal errors with their own 90 % intervals: of 4 x 60 at least 197 hold the truth (false alarm < 1e-3)."""
    rng, rows, folders = np.random.default_rng(1), [], {}
    place = mix.save(tmp_path / "mix")
    for k in range(60):
        folders[f"set{k}"] = place
        error = 1000 * rng.standard_normal(len(mix.truth))
        rows.append(estimates_of(mix.truth, shift=error, half=1645.0).assign(dataset=f"set{k}"))
    score = sim.score_estimates(pd.concat(rows), folders)
    assert score.coverage * 240 >= 197 and abs(score.bias) < 4 * 1000 / np.sqrt(240)


def test_the_command_line_exports_and_scores(monkeypatch, capsys, tmp_path) -> None:
    def run(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["simulator", "export", *words])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        assert not stop.value.code, captured.err
        return captured.out

    place = tmp_path / "out"
    document = json.loads(run("tiny", "--strategy", "mass", "--expected", "2", "--out", str(place), "--json"))
    assert document["digest"] == sim.export(sim.load_scenario("tiny"), "mass", n_expected=2).digest
    truth = pd.read_csv(place / "truth.csv")
    estimates_of(truth).to_csv(tmp_path / "estimates.csv", index=False)
    score = json.loads(run("--score", str(tmp_path / "estimates.csv"), "--truth", str(place), "--json"))
    assert score["bias"] == 0 and score["coverage"] == 1 and score["digest"]


def test_faults_are_told_at_the_door(launch, mix, tmp_path) -> None:
    for strategy, arguments, words in (
        ("mass", {"kind": "geolift"}, 'did you mean "geo_lift"'),
        ("mass", {"variation": -1}, "coefficient of variation"),
        ("mass", {"start_date": "1.1.2024"}, "yyyy-mm-dd"),
        ("mass", {"kind": "geo_lift", "start_week": 20}, "1 to 19"),
        ("mass", {"kind": "geo_lift", "regions": ["nord"]}, 'did you mean "north"'),
        ("social", {"kind": "geo_lift"}, "referral line"),
        ("precision", {"kind": "geo_lift"}, "targeted line"),
        ("mass", {"kind": "referral"}, "with a referral line"),
        ("precision", {"kind": "ab_test"}, "this strategy has none"),
        ("mass", {"kind": "ab_test", "line": 9}, "0 [(]tv[)]"),
        ("masss", {}, 'did you mean "mass"'),
    ):
        with pytest.raises(sim.ScenarioError, match=words):
            sim.export(launch, strategy, **arguments)
    with pytest.raises(sim.ScenarioError, match="at most 2,000|written down one by one"):
        sim.export(
            sim.load_scenario("launch").with_overrides({"population.consumers": 10**6}),
            "mass",
            kind="ab_test",
        )
    place = mix.save(tmp_path / "mix")
    for table, words in (
        (pd.DataFrame({"effekt": ["tv"]}), "effect"),
        (pd.DataFrame({"effect": ["radio"], "estimate": [1]}), "tv"),
        (pd.DataFrame({"effect": ["tv"], "estimate": ["much"]}), "finite number"),
        (pd.DataFrame({"effect": ["tv"], "estimate": [1], "lower": [2], "upper": [1]}), "at most upper"),
        (pd.DataFrame({"effect": [], "estimate": []}), "at least one"),
    ):
        with pytest.raises(sim.ScenarioError, match=words):
            sim.score_estimates(table, place)
    with pytest.raises(sim.ScenarioError, match="export first"):
        sim.score_estimates(pd.DataFrame({"effect": ["tv"], "estimate": [1]}), tmp_path / "nowhere")


def test_effects_of_several_units_are_neither_added_nor_ranked(tmp_path) -> None:
    (tmp_path / "truth.csv").write_text(
        "effect,value,unit\ntreated_lift,100.0,units\nrollout_lift,200.0,units\ntreated_lift_share,0.4,share\n"
    )
    rows = pd.DataFrame(
        {
            "effect": ["treated_lift", "rollout_lift", "treated_lift_share"],
            "estimate": [110.0, 190.0, 0.9],
            "lower": [90.0, 195.0, np.nan],
            "upper": [120.0, 199.0, np.nan],
        }
    )
    mixed = sim.score_estimates(rows, tmp_path)
    assert mixed.units == ("units", "share") and mixed.coverage == 0.5
    assert np.isnan([mixed.bias, mixed.mean_width, mixed.rank_correlation, mixed.finds_the_best]).all()
    assert "several units" in repr(mixed) and "nan" not in repr(mixed)
    alike = sim.score_estimates(rows[:2], tmp_path)
    assert (alike.bias, alike.mean_width, alike.finds_the_best) == (0.0, 17.0, 1.0)
    assert repr(alike).splitlines()[-2].endswith("yes") and repr(alike).splitlines()[-1].endswith("no")
    assert "no intervals given" in repr(sim.score_estimates(rows[["effect", "estimate"]][:2], tmp_path))


def test_estimates_that_cannot_be_scored_say_why(tmp_path) -> None:
    (tmp_path / "truth.csv").write_text("effect,value,unit\ntv,100.0,units\nvideo,50.0,units\n")
    rows = {
        "effect": ["tv", "tv", "video"],
        "estimate": [1, 2, 3],
        "lower": [0, None, "x"],
        "upper": [None, 3, 4],
    }
    with pytest.raises(sim.ScenarioError) as error:
        sim.score_estimates(pd.DataFrame(rows), tmp_path)
    told = [str(fault) for fault in error.value.faults]
    assert len(told) == 3 and "upper = nothing" in told[0] and "tv again" in told[1] and "'x'" in told[2]
    with pytest.raises(
        sim.ScenarioError, match="the columns channel, value; expected the columns effect and est"
    ):
        sim.score_estimates(pd.DataFrame({"channel": ["tv"], "value": [1]}), tmp_path)


def test_all_arguments_of_an_export_are_told_at_once(launch) -> None:
    with pytest.raises(sim.ScenarioError) as error:
        sim.export(launch, "masss", kind="mix", variation=-1.0, share=2.0, seed=-1)
    assert len(error.value.faults) == 5
