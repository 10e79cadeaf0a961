"""Rounds to a precision: what the folder says between them, what a kill leaves, and replicates that fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from experiment_tools import ROOT, Losing

import simulator as sim
import simulator.engines
from simulator.errors import EngineError
from simulator.experiment import runner
from simulator.experiment.design_file import Design
from simulator.experiment.tasks import Task, run_task
from simulator.outcomes.experiment_store import ExperimentStore

#: A replicate of the first round that tests let fail.
FAILING = 1
#: Ends itself, as a kill would, when the store is told of the replicates of the second round.
KILLED = """
import os, signal, sys
import simulator as sim
from simulator.outcomes.experiment_store import ExperimentStore
widen = ExperimentStore.widen
def dying(store, replicates):
    if replicates.start > 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return widen(store, replicates)
ExperimentStore.widen = dying
sim.sweep(sys.argv[1], out=sys.argv[2], threads=1, precision={"sales@all": float(sys.argv[3])})
"""


def wide(design: Design) -> float:
    """Return a half-width that takes some rounds from three replicates on."""
    return 3.0 * float(sim.sweep(design, threads=1).summary("sales")["sd"].max())


@pytest.fixture
def asked(design: Design) -> dict[str, dict[str, float]]:
    return {"precision": {"sales@all": wide(design)}}


def manifest_of(place: Path) -> dict:
    return json.loads((place / "manifest.json").read_text())


def test_a_kill_between_rounds_leaves_an_open_folder_that_goes_on_to_the_same_digest(
    design: Design, design_file: Path, tmp_path: Path, asked
) -> None:
    whole = sim.sweep(design, threads=1, **asked)
    assert whole.precision["replicates"] > 4 and whole.precision["is_reached"]
    place = tmp_path / "store"
    run = subprocess.run(
        [sys.executable, "-c", KILLED, design_file, place, str(asked["precision"]["sales@all"])],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert run.returncode == -signal.SIGKILL
    kept = sim.open_results(place)
    assert len(kept.rows) == kept.n_expected == 8 * 3 and not kept.is_complete
    assert manifest_of(place)["state"] == "open" and "not complete" in repr(kept)
    assert kept.precision["targets"] == whole.precision["targets"]
    assert not kept.precision["is_reached"] and not kept.precision["is_final"]
    assert "not reached yet" in kept.precision["sentence"] and "not reached yet" in repr(kept)
    after = sim.sweep(design, out=place, threads=1, **asked)
    assert after.digest == whole.digest and after.precision == whole.precision
    assert after.is_complete and manifest_of(place)["state"] == "complete"


def test_every_round_begins_with_the_target_on_disk(design, tmp_path, asked, monkeypatch) -> None:
    place, seen = tmp_path / "store", []

    def watched(*arguments, **options):
        seen.append(manifest_of(place))
        return run_task(*arguments, **options)

    monkeypatch.setattr("simulator.experiment.backends.run_task", watched)
    found = sim.sweep(design, out=place, threads=1, **asked)
    assert len(seen) > 8 and seen[-1]["replicates"] == [[0, found.precision["replicates"]]]
    assert all(one["state"] == "open" and not one["precision"]["is_final"] for one in seen)
    assert all(one["precision"]["targets"] == found.precision["targets"] for one in seen)
    assert manifest_of(place)["precision"]["is_final"]


def test_a_maximum_that_is_hit_ends_it(design, tmp_path, asked) -> None:
    found = sim.sweep(design, out=tmp_path / "store", threads=1, max_replicates=4, **asked)
    assert found.is_complete and found.precision["is_final"] and not found.precision["is_reached"]
    assert manifest_of(tmp_path / "store")["state"] == "complete"


def test_the_folder_is_held_between_rounds(design, tmp_path, asked, monkeypatch) -> None:
    """Another run that comes between two rounds is refused, as within a round."""
    widen, refused = ExperimentStore.widen, []

    def interfering(store, replicates):
        if replicates.start > 0 and not refused:
            with pytest.raises(sim.StoreError, match="written to by process") as raised:
                sim.sweep(design, out=tmp_path / "store", threads=1)
            refused.append(raised)
        return widen(store, replicates)

    monkeypatch.setattr(ExperimentStore, "widen", interfering)
    assert sim.sweep(design, out=tmp_path / "store", threads=1, **asked).is_complete and refused


def test_a_later_sweep_without_a_precision_keeps_what_was_reached(design, tmp_path, asked) -> None:
    found = sim.sweep(design, out=tmp_path / "store", threads=1, **asked)
    n = found.precision["replicates"]
    for replicates in (2, n + 2):
        told: list[str] = []
        plan = replace(design, replicates=range(replicates))
        later = sim.sweep(plan, out=tmp_path / "store", threads=1, say=told.append)
        assert later.precision == found.precision and later.is_complete
        assert not any("precision" in sentence for sentence in told)
    assert len(later.rows) == 8 * (n + 2)


def test_a_later_sweep_without_a_precision_records_that_it_was_given_up(
    design, tmp_path, asked, monkeypatch
) -> None:
    widen, place = ExperimentStore.widen, tmp_path / "store"

    def stopping(store, replicates):
        if replicates.start > 0:
            raise KeyboardInterrupt
        return widen(store, replicates)

    monkeypatch.setattr(ExperimentStore, "widen", stopping)
    with pytest.raises(KeyboardInterrupt, match="24 of 24 replicates are kept in .* call again"):
        sim.sweep(design, out=place, threads=1, **asked)
    monkeypatch.undo()
    told: list[str] = []
    later = sim.sweep(design, out=place, threads=1, say=told.append)
    record = later.precision
    assert record["targets"].keys() == asked["precision"].keys() and later.is_complete
    assert record["is_final"] and not record["is_reached"] and "a later call asked for none" in told[-1]
    assert record["sentence"] == told[-1]
    told.clear()
    whole = sim.sweep(design, out=place, threads=1, say=told.append, **asked)
    assert whole.precision["is_reached"] and not any("precision" in sentence for sentence in told)
    sim.sweep(design, out=place, threads=1, say=told.append, precision={"profit@all": 1e9})
    assert "what was recorded of another precision is replaced" in told


def test_a_replicate_that_fails_is_run_and_reported_once_in_a_call(
    design, tmp_path, asked, monkeypatch
) -> None:
    """Three tries of a failing one: with the others of its task, with its strategy's alone, and by itself."""
    run_replicates, tries, told = simulator.engines.run_replicates, [], []

    def fail(market, plans, *, replicates, **options):
        if market.scenario.brands[0].price == design.points[1].factors["price"] and FAILING in replicates:
            if any(plan.name == "mass" for plan in plans):
                tries.append(len(replicates))
                raise EngineError("bad luck")
        return run_replicates(market, plans, replicates=replicates, **options)

    monkeypatch.setattr(simulator.engines, "run_replicates", fail)
    place = tmp_path / "store"
    for call in range(2):
        tries.clear()
        told.clear()
        results = sim.sweep(design, out=place, threads=1, say=told.append, **asked)
        assert results.precision["replicates"] > 4, "there are several rounds"
        assert tries.count(1) == 1, "by itself it is tried once in a call"
        assert len([sentence for sentence in told if "bad luck" in sentence]) == 1
        assert [(f.treatment, f.replicate) for f in results.failures] == [(3, FAILING)]
        assert len(results.rows) == results.n_expected - 1 and not results.is_complete, call
    monkeypatch.undo()
    whole = sim.sweep(design, out=place, threads=1, **asked)
    assert whole.digest == sim.sweep(design, threads=1, **asked).digest and whole.is_complete
    assert not whole.failures


def test_lost_workers_are_counted_anew_in_every_round(design, tmp_path, asked, monkeypatch) -> None:
    """A task is tried four times before it is given up, in the first round as in the last."""
    lost: list[Task] = []
    monkeypatch.setattr(runner._Run, "_backend", lambda run: Losing(run.design.scenarios, {2}, lost=lost))
    monkeypatch.setattr("simulator.experiment.tasks.TASK_SIZE", 1)
    plan = design.changed(n_replicates=8)
    wanted = {"sales@all": 0.1 * asked["precision"]["sales@all"]}
    results = sim.sweep(plan, out=tmp_path / "store", threads=1, max_replicates=10, precision=wanted)
    counts = Counter(task.replicates for task in lost)
    assert {(failure.treatment, failure.replicate) for failure in results.failures} == {
        (treatment, replicate) for treatment in (4, 5) for replicate in range(10)
    }
    assert counts.pop(()) == 2 * 4, "levels are solved apart where a round has several tasks"
    assert counts == {(replicate,): 4 for replicate in range(10)}
