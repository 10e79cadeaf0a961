"""Studies that decide step by step: the same digest whoever simulates, and lost workers are survived."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from experiment_tools import ROOT
from loopback import cluster

import simulator as sim
from simulator.errors import EngineError, ScenarioError
from simulator.experiment.workers import Workers, pieces


def select(**where: Any) -> Any:
    sizes = {"indifference": 300.0, "n_evaluation": 6, "batch": 3, "first_stage": 5, "max_replicates": 20}
    return sim.select(sim.load_scenario("tiny"), strategies=["mass", "precision"], seed=0, **sizes, **where)


def calibrate(**where: Any) -> Any:
    free = {"brands.Ours.quality": (-1, 1)}
    sizes = {"n_simulations": 100, "n_checks": 20, "seed": 0}
    series = [20, 30, 30, 20, 10, 10, 20, 10]
    return sim.calibrate(sim.load_scenario("tiny"), free, series=series, hold_out=2, **sizes, **where)


def optimize(**where: Any) -> Any:
    sizes = {
        "n_first": 4,
        "n_rounds": 1,
        "batch": 2,
        "n_replicates": 2,
        "n_race": 4,
        "n_evaluation": 20,
        "seed": 0,
    }
    vary = {"brands.Ours.price": (8.0, 12.0)}
    return sim.optimize(sim.load_scenario("tiny"), "precision", vary=vary, **sizes, **where)


def sensitivity(**where: Any) -> Any:
    asked = {"factors": ["p_strong", "brands.Ours.price=8:12"], "n_points": 2, "n_replicates": 2, "seed": 0}
    return sim.sensitivity(sim.load_scenario("tiny"), strategies="mass", **asked, **where)


def variance_split(**where: Any) -> Any:
    asked = {"factors": "p_strong", "n_parameters": 1, "n_worlds": 5, "n_replicates": 2, "seed": 0}
    return sim.variance_split(sim.load_scenario("tiny"), "mass", **asked, **where)


STUDIES: dict[str, Callable[..., Any]] = {
    "select": select,
    "calibrate": calibrate,
    "optimize": optimize,
    "sensitivity": sensitivity,
    "variance_split": variance_split,
}


@pytest.fixture(scope="module")
def here() -> dict[str, str]:
    """Return the digests that one thread of this process finds."""
    return {name: study(threads=1).digest for name, study in STUDIES.items()}


@pytest.mark.parametrize("name", ["select", "calibrate", "variance_split"])
def test_processes_find_the_same(name: str, here: dict[str, str]) -> None:
    told: list[tuple[str, int, int]] = []
    found = STUDIES[name](processes=2, on_progress=lambda *step: told.append(step))
    assert found.digest == here[name]
    assert told and all(0 <= done <= total for _, done, total in told)
    assert told[-1][1] == told[-1][2]


def test_a_cluster_finds_the_same(here: dict[str, str], tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with cluster(tmp_path, 2) as (address, processes):
        digests = {"select": select(cluster=address).digest, "calibrate": calibrate(cluster=address).digest}
        processes[1].send_signal(signal.SIGKILL)
        digests |= {name: STUDIES[name](cluster=address).digest for name in ("optimize", "sensitivity")}
        processes[0].send_signal(signal.SIGKILL)
    assert digests == {name: here[name] for name in digests}


def test_what_processes_found_is_the_same_and_is_not_run_again(tmp_path: Path, monkeypatch, here) -> None:
    assert optimize(processes=2, out=tmp_path / "best").digest == here["optimize"]
    monkeypatch.setattr(Workers, "run", lambda *arguments, **options: pytest.fail("run again"))
    assert optimize(processes=2, out=tmp_path / "best").digest == here["optimize"]


def test_worlds_that_processes_have_split_are_kept_and_not_run_again(tmp_path, monkeypatch, here) -> None:
    def split(**where: Any) -> Any:
        return variance_split(keep_in=tmp_path / "kept", **where)

    assert split(processes=2).digest == here["variance_split"]
    monkeypatch.setattr(
        "simulator.experiment.variance_split.DrawJob.run", lambda *_: pytest.fail("run again")
    )
    assert split(processes=2).digest == split(threads=1).digest == here["variance_split"]


@pytest.mark.parametrize("name", ["select", "calibrate", "optimize", "variance_split"])
def test_places_that_cannot_be_are_told(name: str) -> None:
    with pytest.raises(ScenarioError, match=rf"{name}\(processes\)"):
        STUDIES[name](processes=0)
    with pytest.raises(ScenarioError, match=rf"{name}\(cluster\)"):
        STUDIES[name](cluster="lab")


@dataclass(frozen=True)
class Fatal:
    """A job that kills its process, the first time or every time."""

    mark: str
    is_always: bool

    def run(self, scenarios: Any) -> str:
        if self.is_always or not os.path.exists(self.mark):
            Path(self.mark).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return scenarios[0].name


@dataclass(frozen=True)
class Number:
    """A job that returns its number."""

    number: int

    def run(self, scenarios: Any) -> int:
        return self.number


def test_jobs_of_a_killed_process_are_run_again(tmp_path: Path) -> None:
    workers = Workers(sim.load_scenario("tiny"), 2, None, None)
    try:
        jobs = [*map(Number, range(6)), Fatal(str(tmp_path / "mark"), is_always=False)]
        assert workers.run(jobs) == [0, 1, 2, 3, 4, 5, "tiny"]
        with pytest.raises(EngineError, match="killed again and again"):
            workers.run([Fatal(str(tmp_path / "mark"), is_always=True)])
    finally:
        workers.close(at_once=True)


def test_an_interrupt_ends_the_workers() -> None:
    alive = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        select(processes=2, on_progress=interrupted)
    assert threading.active_count() <= alive + 2


def interrupted(task: str, done: int, total: int) -> None:
    if done:
        os.kill(os.getpid(), signal.SIGTERM)


def test_pieces_are_even_and_in_order() -> None:
    assert pieces(range(5), 2) == [(0, 1, 2), (3, 4)]
    assert pieces(range(2), 9) == [(0,), (1,)]


UNGUARDED = """
import simulator as sim

sim.sweep({design!r}, out={place!r}, processes=2)
print("went on")
"""


def test_a_script_whose_processes_start_it_again_ends_with_the_reason(
    design_file: Path, tmp_path: Path
) -> None:
    place = tmp_path / "store"
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED.format(design=str(design_file), place=str(place)))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=240
    )
    assert run.returncode == 1
    assert 'if __name__ == "__main__":' in run.stderr.splitlines()[-1]
    assert "went on" not in run.stdout
    # nothing is left that would keep a better script from going on
    script.write_text(f'if __name__ == "__main__":\n{textwrap.indent(script.read_text(), "    ")}')
    run = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=240
    )
    assert run.returncode == 0, run.stderr
    assert sim.open_results(place).is_complete
