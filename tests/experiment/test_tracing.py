"""A trace is the replicate that it says it is, and its tables add up to the recorded counts."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import simulator as sim
from simulator.model.observation import INDEX

SOURCES = ("search", "advertising", "friend", "referral", "community", "content")
MESSAGES = {
    "praise": "contacts_positive",
    "warning": "contacts_negative",
    "invitation": "invitations",
    "piece": "shared_views",
}


def total(trajectories, j, series):
    return int(trajectories.counts[0, 0, :, j, INDEX[series]].sum())


@pytest.fixture(scope="module")
def traced():
    scenario = sim.load_scenario("launch", {"population.consumers": 800, "horizon": 20})
    return scenario, sim.trace(scenario, "mix", seed=3, replicate=5)


def test_it_is_the_compiled_replicate(traced):
    scenario, trace = traced
    compiled = sim.simulate(scenario, "mix", seed=3, n_replicates=1, first_replicate=5)
    assert trace.digest == compiled.digest
    assert trace.digest != sim.simulate(scenario, "mix", seed=3, n_replicates=1, first_replicate=6).digest


def test_purchases_add_up(traced):
    _, trace = traced
    counts = trace.trajectories
    frame = trace.purchases
    for j, brand in enumerate(counts.brands):
        own = frame[frame["brand"] == brand]
        assert len(own) == total(counts, j, "purchases") > 0
        assert own["is_first"].sum() == total(counts, j, "first_purchases")
        for source in SOURCES:
            assert (own["source"] == source).sum() == total(counts, j, f"bought_by_{source}")
    assert trace.by_cell()["purchases"].sum() == len(frame)
    assert set(frame["cell"]) <= set(trace.cells)


def test_messages_add_up(traced):
    _, trace = traced
    frame = trace.messages
    assert set(frame["kind"]) == {*MESSAGES}
    for j, brand in enumerate(trace.trajectories.brands):
        for kind, series in MESSAGES.items():
            told = ((frame["brand"] == brand) & (frame["kind"] == kind)).sum()
            assert told == total(trace.trajectories, j, series)


def test_influence_is_what_a_slow_search_finds(traced):
    _, trace = traced
    brand = trace.trajectories.brands[0]
    tree = trace.influence(brand)
    messages = trace.messages[trace.messages["brand"] == brand]
    assert (tree["depth"] > 1).any()
    for row in tree.itertuples():
        told = messages[(messages["receiver"] == row.consumer) & (messages["step"] < row.step)]
        latest = told[told["step"] == told["step"].max()]
        assert row.n_senders == len(latest)
        assert (row.depth == 0) == told.empty
        if not told.empty:
            assert row.influencer == latest["sender"].min()
            parent = tree[(tree["consumer"] == row.influencer) & (tree.index < row.Index)]
            assert row.depth == (1 if parent.empty else parent["depth"].iloc[0] + 1)


def test_faults_at_the_door(traced):
    scenario, trace = traced
    with pytest.raises(sim.ScenarioError, match="one of Nova, Terra"):
        trace.influence("Nowa")
    with pytest.raises(sim.ScenarioError, match="miks"):
        sim.trace(scenario, "miks")
    with pytest.raises(sim.ScenarioError, match="replicate"):
        sim.trace(scenario, "mix", replicate=-1)
    for wrong in (True, 1.5, "3", None, 2**31):
        with pytest.raises(sim.ScenarioError, match=r"trace\(replicate\) = .*a whole number from 0"):
            sim.trace(scenario, "mix", replicate=wrong)
    with pytest.raises(sim.ScenarioError) as raised:
        sim.trace(scenario, "miks", replicate=-1, seed=-1)
    assert len(raised.value.faults) == 3, "all faults at once"
    with pytest.raises(sim.ScenarioError, match="one strategy"):
        sim.trace(scenario, ["mix"])


def test_tables_are_written_whole(traced, tmp_path):
    _, trace = traced
    place = trace.save(tmp_path / "trace")
    names = {"purchases.csv", "messages.csv", "influence_1.csv", "influence_2.csv", "manifest.json"}
    assert {path.name for path in place.iterdir()} == names
    assert json.loads((place / "manifest.json").read_text())["digest"] == trace.digest
    trace.save(place)
    (tmp_path / "thesis.txt").write_text("chapter one")
    with pytest.raises(sim.StoreError, match="other content"):
        trace.save(tmp_path)


def test_the_verb_prints_one_document():
    command = [sys.executable, "-m", "simulator", "trace", "tiny", "--strategy", "mix", "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    document = json.loads(ran.stdout)
    assert document["n_purchases"] == sum(sum(row.values()) for row in document["sources"].values()) > 0
