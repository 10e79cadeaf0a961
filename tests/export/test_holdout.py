"""A referral hold-out: who is withheld takes no part, the truth is what its definition says, the naive answer errs."""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import pytest

import simulator as sim
from simulator import engines
from simulator.experiment import measurement_plans as plans
from simulator.experiment.budget import balanced_plans
from simulator.model.market import build_market
from simulator.model.observation import INDEX
from simulator.outcomes.consumer_records import record_consumers
from simulator.present import cli

START = 3


@pytest.fixture(scope="module")
def tiny():
    """A market in which buyers invite whomever they know, for a reward that pays the product."""
    lines = [
        {"kind": "referral", "reward_sender": 9.0, "reward_receiver": 9.0, "invitations": 6.0, "share": 1.0}
    ]
    return sim.load_scenario("tiny").with_overrides(
        {
            "strategies.social.lines": lines,
            "population.consumers": 60,
            "horizon": 14,
            "brands.Ours.initial_buyers": 0.1,
            "brands.Ours.initial_memory": 0.05,
            "parameters.invite_intercept": 3.0,
            "comparison.budget": 6000.0,
        }
    )


@pytest.fixture(scope="module")
def market(tiny):
    return build_market(tiny)


@pytest.fixture(scope="module")
def program(tiny, market):
    plan = balanced_plans(tiny, market, ["social"], 5, threads=1)["social"].plan
    return plans.without_program(market, plan, "referral", before=START)


@pytest.fixture(scope="module")
def found(tiny):
    return sim.export(tiny, "social", kind="referral_holdout", start_week=START, seed=5, n_expected=60)


def run(market, plan, withheld, replicate=0):
    return record_consumers(market, plan, seed=5, replicate=replicate, withheld=withheld)


@pytest.mark.parametrize("replicate", [0, 3])
def test_nobody_and_everybody_withheld_are_the_compiled_engine_with_and_without(
    tiny, market, program, replicate
) -> None:
    off = plans.without_program(market, program, "referral")
    counts = engines.run_replicates(
        market, [program, off], engine="numba", seed=5, replicates=[replicate], threads=1
    )
    everybody = np.ones(market.n_consumers, bool)
    assert (run(market, program, ~everybody, replicate).counts == counts[0, 0]).all()
    assert (run(market, program, everybody, replicate).counts == counts[1, 0]).all()
    assert (counts[0] != counts[1]).any()


def test_who_is_withheld_neither_invites_nor_redeems_but_is_invited(market, program) -> None:
    withheld = np.arange(market.n_consumers) % 2 == 0
    records = run(market, program, withheld)
    sender, receiver = records.invitations.T
    assert len(sender) > 20 and not withheld[sender].any() and withheld[receiver].any()
    assert records.redeemed.sum() > 3 and records.redeemed[withheld].sum() == 0
    focal = records.counts[:, market.focal]
    assert focal[:, INDEX["redeemed"]].sum() == records.redeemed.sum()
    assert focal[:, INDEX["invitations"]].sum() == len(sender)


def test_the_table_holds_what_the_analyst_sees(found) -> None:
    table = found.tables["referral_holdout.csv"]
    assert list(table)[4:] == [
        "treated",
        "purchases_before",
        "purchases_during",
        "invitations_sent",
        "redeemed",
    ]
    assert 0.3 < table["treated"].mean() < 0.7
    withheld = table[table["treated"] == 0]
    assert withheld[["invitations_sent", "redeemed"]].to_numpy().sum() == 0
    assert (table["redeemed"] <= table["purchases_during"]).all() and table["redeemed"].sum() > 0


def test_before_the_test_all_assignments_are_the_same(market, program) -> None:
    some = [run(market, program, np.arange(market.n_consumers) % k == 0).purchases for k in (1, 2, 3)]
    assert (some[0][:START] == some[1][:START]).all() and (some[0][:START] == some[2][:START]).all()
    assert (some[0] != some[1]).any()


def test_the_truth_adds_up_from_single_runs(tiny, market, program, found) -> None:
    table = found.tables["referral_holdout.csv"]
    treated = table["treated"].to_numpy(bool)
    runs = [
        run(market, program, ~who).purchases[START:].sum(axis=0).astype(float)
        for who in (treated, np.zeros_like(treated), np.ones_like(treated))
    ]
    truth = found.truth.set_index("effect")["value"]
    assert (table["purchases_during"] == runs[0]).all()
    assert truth["treated_effect"] == pytest.approx((runs[0] - runs[1])[treated].mean())
    assert truth["withheld_spillover"] == pytest.approx((runs[0] - runs[1])[~treated].mean())
    assert truth["rollout_effect"] == pytest.approx((runs[2] - runs[1]).mean())
    assert truth["contrast"] == pytest.approx(truth["treated_effect"] - truth["withheld_spillover"])


def test_the_direct_effect_is_that_of_its_definition(market, program, found) -> None:
    """Flip one consumer at a time under random assignments of the others; 4 joint standard errors (6e-5)."""
    rng, flips = np.random.default_rng(2), []
    for _ in range(6):
        others = rng.random(market.n_consumers) < 0.5
        base = run(market, program, ~others).purchases[START:].sum(axis=0)
        for i in range(0, market.n_consumers, 2):
            flipped = others.copy()
            flipped[i] = not others[i]
            change = int(run(market, program, ~flipped).purchases[START:, i].sum()) - int(base[i])
            flips.append(change if flipped[i] else -change)
    truth = found.truth.set_index("effect")
    error = np.hypot(np.std(flips, ddof=1) / np.sqrt(len(flips)), truth.loc["direct_effect", "value_error"])
    assert abs(np.mean(flips) - truth.loc["direct_effect", "value"]) < 4 * error
    assert truth.loc["direct_effect", "value"] > 2 * error


def test_the_naive_estimate_misses_the_rollout_and_the_scorer_says_so(tiny, tmp_path) -> None:
    """Over 20 worlds the difference in means is near the contrasts, and far below what all against none brings."""
    rows, folders = [], {}
    for k in range(20):
        data = sim.export(
            tiny, "social", kind="referral_holdout", start_week=START, seed=5, replicate=k, n_expected=0
        )
        folders[f"world{k}"] = data.save(tmp_path / f"world{k}")
        groups = data.tables["referral_holdout.csv"].groupby("treated")["purchases_during"].mean()
        rows += [
            {"dataset": f"world{k}", "effect": effect, "estimate": groups[1] - groups[0]}
            for effect in ("contrast", "rollout_effect")
        ]
    given = pd.DataFrame(rows)
    score = {
        effect: sim.score_estimates(part, folders).to_dataframe()["error"]
        for effect, part in given.groupby("effect")
    }
    error = {effect: errors.std(ddof=1) / np.sqrt(20) for effect, errors in score.items()}
    assert abs(score["contrast"].mean()) < 4 * error["contrast"]
    assert score["rollout_effect"].mean() < -4 * error["rollout_effect"]


def test_the_command_line_exports_a_holdout(monkeypatch, capsys, tmp_path) -> None:
    place = tmp_path / "out"
    words = [
        "tiny",
        "--strategy",
        "social",
        "--kind",
        "referral_holdout",
        "--expected",
        "2",
        "--share",
        "0.7",
    ]
    monkeypatch.setattr(sys, "argv", ["simulator", "export", *words, "--out", str(place), "--json"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    captured = capsys.readouterr()
    assert not stop.value.code, captured.err
    document = json.loads(captured.out)
    assert {row["effect"] for row in document["truth"]} >= {"direct_effect", "rollout_effect", "contrast"}
    assert any("cross the border" in note for note in document["notes"])
    assert (place / "referral_holdout.csv").is_file()


def test_faults_of_a_holdout(tiny) -> None:
    for strategy, arguments, words in (
        ("none", {}, "with a referral line"),
        ("social", {"share": 0.0001}, "leaves both groups"),
    ):
        if strategy == "none":
            tiny = tiny.with_overrides({"brands.Ours.lines": []})
        with pytest.raises(sim.ScenarioError, match=words):
            sim.export(tiny, strategy, kind="referral_holdout", start_week=START, seed=5, **arguments)
