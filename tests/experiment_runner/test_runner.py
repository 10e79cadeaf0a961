"""The runner: the same outcomes wherever tasks run, whatever is lost, and whichever replicate fails."""

from __future__ import annotations

import json
import multiprocessing
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from experiment_tools import DESIGN, MANY, Losing, start

import simulator as sim
import simulator.engines
from simulator.errors import EngineError, ScenarioError
from simulator.experiment import runner
from simulator.experiment.design_file import Design
from simulator.experiment.tasks import replicates_per_task, run_packed, run_task
from simulator.outcomes.shards import shard_files

PATIENCE = 240.0


@pytest.fixture(scope="module")
def digests() -> dict[int, str]:
    """Return the digests of the experiment, run in this process, by number of points."""
    found = {}
    for points in (4, MANY):
        design = Design.from_dict(tomllib.loads(DESIGN.format(points=points)), name="many")
        found[points] = sim.sweep(design, threads=1).digest
    return found


def test_threads_and_engines_do_not_matter(design: Design, digests: dict[int, str]) -> None:
    assert sim.sweep(design, threads=3).digest == digests[4]
    assert sim.sweep(design, engine="mesa").digest == digests[4]
    assert sim.sweep(design.changed(seed=6)).digest != digests[4]


def test_the_size_of_tasks_does_not_matter(design: Design, digests, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("simulator.experiment.tasks.TASK_SIZE", 1)
    results = sim.sweep(design, out=tmp_path / "store", threads=1)
    assert len(shard_files(tmp_path / "store")) == 4 * 3
    assert results.digest == digests[4]


def test_tasks_are_long_enough_and_enough_for_all(design: Design) -> None:
    scenario = design.scenarios[0]
    assert replicates_per_task(scenario, 8, 20, tasks_per_point=1, threads=1) == 20
    assert replicates_per_task(scenario, 8, 20, tasks_per_point=4, threads=1) == 5
    large = scenario.with_overrides({"population.consumers": 1_000_000})
    assert replicates_per_task(large, 8, 20, tasks_per_point=1, threads=2) == 2


def test_processes_give_the_same_and_survive_a_kill(
    long_design_file: Path, tmp_path: Path, digests: dict[int, str]
) -> None:
    place, told = tmp_path / "store", []
    killed = threading.Thread(target=kill_a_child_of_this_process, args=(place,))
    killed.start()
    results = sim.sweep(long_design_file, out=place, processes=2, say=told.append)
    killed.join()
    assert results.digest == digests[MANY]
    assert "a worker was lost; what it ran is run again" in told
    assert not results.failures
    assert not multiprocessing.active_children()


def kill_a_child_of_this_process(place: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(shard_files(place)) < 5 and time.monotonic() < deadline:
        time.sleep(0.005)
    children = multiprocessing.active_children()
    os.kill(children[0].pid or 0, signal.SIGKILL)


def test_workers_end_with_the_process_that_started_them(long_design_file: Path, tmp_path: Path) -> None:
    place = tmp_path / "store"
    run = start("sweep", long_design_file, "--out", place, "--processes", 2, "--quiet")
    deadline = time.monotonic() + PATIENCE
    while len(shard_files(place)) < 2 and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    workers = children_of(run.pid)
    run.kill()
    run.communicate()
    if workers:
        while any(Path(f"/proc/{worker}").exists() for worker in workers):
            assert time.monotonic() < deadline, "a worker outlives its parent"
            time.sleep(0.05)
    assert sim.sweep(long_design_file, out=place, threads=1).is_complete


def children_of(process: int) -> list[int]:
    place = Path(f"/proc/{process}/task/{process}/children")
    return [int(word) for word in place.read_text().split()] if place.exists() else []


@pytest.mark.parametrize(("n_deaths", "n_failed"), [(2, 0), (1000, 6)])
def test_a_task_that_kills_its_workers_fails_alone(
    design: Design, digests, tmp_path: Path, monkeypatch, n_deaths: int, n_failed: int
) -> None:
    monkeypatch.setattr(runner._Run, "_backend", lambda run: Losing(run.design.scenarios, {2}, n_deaths))
    results = sim.sweep(design, out=tmp_path / "store")
    assert len(results.failures) == n_failed
    assert len(results.rows) == 24 - n_failed
    assert all("killed" in failure.message for failure in results.failures)
    monkeypatch.undo()
    assert sim.sweep(design, out=tmp_path / "store").digest == digests[4]


def test_levels_are_solved_once_per_point(design: Design, tmp_path: Path, monkeypatch) -> None:
    from simulator.experiment import budget

    solved, run = [], run_task
    solve = budget.balanced_plans

    def counted(*arguments, **options):
        solved.extend(arguments[2])
        return solve(*arguments, **options)

    def forgetful(scenarios, task):
        from simulator.experiment.levels import LEVELS

        LEVELS._known.clear()
        return run(scenarios, task)

    monkeypatch.setattr(budget, "balanced_plans", counted)
    monkeypatch.setattr("simulator.experiment.tasks.TASK_SIZE", 1)
    monkeypatch.setattr("experiment_tools.run_task", forgetful)
    monkeypatch.setattr(runner._Run, "_backend", lambda run: Losing(run.design.scenarios, set()))
    sim.sweep(design, out=tmp_path / "store", threads=1)
    assert len(shard_files(tmp_path / "store")) == 12
    assert solved.count("mass") == 4
    solved.clear()
    sim.sweep(design.changed(n_replicates=5), out=tmp_path / "store", threads=1)
    assert not solved, "levels are taken from the store"


def test_levels_solved_once_are_those_of_the_scenario(design: Design) -> None:
    cut = {"label": "a cut", "lines": [{"kind": "price_cut", "share": 1.0}]}
    scenario = design.scenarios[0].with_overrides({"strategies.cut": cut})
    design = replace(design, scenarios=(scenario,), strategies=("none", "cut"))
    once = sim.sweep(replace(design, balance="scenario")).to_dataframe()
    base = sim.simulate(scenario, "cut", seed=design.seed, n_replicates=1).manifest["levels"]
    assert set(once[once.strategy == "cut"].level) == {base["cut"]}
    everywhere = sim.sweep(design).to_dataframe()
    assert everywhere[everywhere.strategy == "none"].equals(once[once.strategy == "none"])
    assert len(set(everywhere[everywhere.strategy == "cut"].level)) == 4


def test_a_failing_replicate_is_reported_and_the_rest_goes_on(
    design: Design, digests, tmp_path: Path, monkeypatch
) -> None:
    run_replicates = simulator.engines.run_replicates
    told: list[str] = []

    def fail(market, plans, *, replicates, **options):
        price = market.scenario.brands[0].price
        if price == design.points[1].factors["price"] and 2 in replicates:
            if any(plan.name == "mass" for plan in plans):
                raise EngineError("strategy mass, replicate 2 failed: bad luck; it runs alone with: X")
        return run_replicates(market, plans, replicates=replicates, **options)

    monkeypatch.setattr(simulator.engines, "run_replicates", fail)
    place = tmp_path / "a store"
    results = sim.sweep(design, out=place, say=told.append)
    (failure,) = results.failures
    assert (failure.treatment, failure.replicate) == (3, 2)
    assert failure.message == "strategy mass, replicate 2 failed: bad luck"
    assert any("bad luck" in sentence for sentence in told)
    assert len(results.rows) == 23
    assert not results.is_complete
    assert results.manifest["state"] == "open"
    assert "23 of 24" in results.check()
    monkeypatch.undo()
    again = sim.sweep(design, out=place)
    assert again.digest == digests[4]
    assert again.manifest["state"] == "complete"
    assert not again.failures
    assert_command_runs_that_replicate(failure.command, results, design)


def test_a_failure_is_told_until_it_has_been_simulated(design: Design, tmp_path: Path, monkeypatch) -> None:
    """Also by a call that does not ask for it, one in which something else fails, and one that is ended."""
    run_replicates, place = simulator.engines.run_replicates, tmp_path / "store"
    failing, ending = {2}, {9}

    def fail(market, plans, *, replicates, **options):
        is_there = market.scenario.brands[0].price == design.points[1].factors["price"]
        if is_there and any(plan.name == "mass" for plan in plans):
            if failing & {*replicates}:
                raise EngineError("bad luck")
            if ending & {*replicates}:
                raise KeyboardInterrupt
        return run_replicates(market, plans, replicates=replicates, **options)

    def told() -> list[tuple[int, int]]:
        failures = sim.open_results(place).failures
        assert all(f"--first-replicate {failure.replicate} " in failure.command for failure in failures)
        return [(failure.treatment, failure.replicate) for failure in failures]

    monkeypatch.setattr(simulator.engines, "run_replicates", fail)
    monkeypatch.setattr("simulator.experiment.tasks.TASK_SIZE", 1)
    sim.sweep(design, out=place, threads=1)
    assert told() == [(3, 2)]
    assert not sim.sweep(design.changed(n_replicates=2), out=place, threads=1).is_complete
    assert told() == [(3, 2)]
    failing = {2, 4}
    sim.sweep(replace(design, replicates=range(3, 6)), out=place, threads=1)
    assert told() == [(3, 2), (3, 4)]
    failing = {2}
    with pytest.raises(KeyboardInterrupt):
        sim.sweep(design.changed(n_replicates=10), out=place, threads=1)
    assert told() == [(3, 2)], "the other has been simulated"
    failing = ending = set()
    assert sim.sweep(design.changed(n_replicates=10), out=place, threads=1).is_complete and not told()


@pytest.mark.parametrize("is_kept", [True, False])
def test_an_interrupt_promises_what_it_keeps(
    design: Design, tmp_path: Path, monkeypatch, is_kept: bool
) -> None:
    run_replicates = simulator.engines.run_replicates

    def interrupted(market, plans, **options):
        if market.scenario.brands[0].price == design.points[2].factors["price"]:
            raise KeyboardInterrupt
        return run_replicates(market, plans, **options)

    monkeypatch.setattr(simulator.engines, "run_replicates", interrupted)
    place = tmp_path / "store"
    with pytest.raises(KeyboardInterrupt) as raised:
        sim.sweep(design, out=place if is_kept else None, threads=1)
    told = str(raised.value)
    assert "interrupted; 12 of 24 replicates" in told
    assert ("are kept in" in told and "call again to go on" in told) is is_kept
    assert ("nothing is kept: give a folder (out)" in told) is not is_kept
    if is_kept:
        assert len(sim.open_results(place).rows) == 12


def assert_command_runs_that_replicate(command: str, results: sim.Results, design: Design) -> None:
    words = shlex.split(command)
    assert words[0] == "simulator"
    done = subprocess.run(
        [sys.executable, "-m", "simulator", *words[1:], "--json"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    profit = json.loads(done.stdout)["strategies"]["mass"]["profit"]["mean"]
    frame = sim.open_results(results.folder).to_dataframe()
    row = frame[(frame.treatment == 3) & (frame.replicate == 2)]
    assert float(row.profit.iloc[0]) == profit


def test_progress_counts_what_is_missing(design: Design, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    sim.sweep(design.changed(n_replicates=2), out=tmp_path / "store")
    sim.sweep(design, out=tmp_path / "store", on_progress=lambda *step: seen.append(step))
    assert seen[0] == ("simulating", 0, 8)
    assert seen[-1] == ("simulating", 8, 8)


def test_a_worker_with_another_version_is_refused(design: Design) -> None:
    with pytest.raises(EngineError, match="a worker has version"):
        run_packed(b"", "version 0.0", None)  # type: ignore[arg-type]


def test_arguments_are_checked_together(design: Design) -> None:
    with pytest.raises(ScenarioError) as raised:
        sim.sweep(design, engine="nunba", threads=0, processes=-1, cluster="lab")
    told = str(raised.value)
    assert all(part in told for part in ("did you mean", "threads", "processes", "tcp://lab:8786"))


def test_the_command_line_prints_one_document(design_file: Path, digests: dict[int, str]) -> None:
    run = start("sweep", design_file, "--json")
    out, err = run.communicate(timeout=PATIENCE)
    assert (run.returncode, err) == (0, "")
    document = json.loads(out)
    assert document["digest"] == digests[4]
    assert document["is_complete"]
    assert len(document["estimates"]) == 8
