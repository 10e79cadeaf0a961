"""Real signals to real processes: whatever ends a run, calling again ends at the undisturbed digest."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from experiment_tools import DESIGN, MANY, start

import simulator as sim
from simulator.outcomes.folder_lock import writer_of
from simulator.outcomes.shards import shard_files

PATIENCE = 240.0


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("undisturbed") / "many.toml"
    path.write_text(DESIGN.format(points=MANY))
    return sim.sweep(path, threads=1).digest


def until_shards(place: Path, n: int, process: subprocess.Popen[str], folder: str = "") -> None:
    """Wait until a run has stored some shards, in one folder or in several."""
    deadline = time.monotonic() + PATIENCE
    while n > sum(len(shard_files(found)) for found in (place.glob(folder) if folder else [place])):
        if process.poll() is not None:
            break
        assert time.monotonic() < deadline, "nothing is stored"
        time.sleep(0.005)


def test_killed_at_random_moments_it_ends_at_the_same_digest(
    long_design_file: Path, tmp_path: Path, undisturbed: str
) -> None:
    place = tmp_path / "store"
    moments = random.Random(4)
    kept: dict[str, int] = {}
    n_killed = 0
    for _ in range(3):
        run = start("sweep", long_design_file, "--out", place, "--quiet")
        until_shards(place, len(kept) + 1, run)
        time.sleep(moments.uniform(0.0, 0.25))
        run.kill()
        run.communicate()
        n_killed += run.returncode == -signal.SIGKILL
        now = {file.name: file.stat().st_mtime_ns for file in shard_files(place)}
        assert now.items() >= kept.items(), "what was stored stays as it was"
        kept = now
        sim.open_results(place).check()
    assert n_killed >= 1
    results = sim.sweep(long_design_file, out=place, threads=1)
    assert results.digest == undisturbed
    after = {file.name: file.stat().st_mtime_ns for file in shard_files(place)}
    assert after.items() >= kept.items(), "nothing is run twice"
    assert results.is_complete


STUDY = ("sensitivity", "tiny", "--method", "map", "--factors", "p_strong,brands.Ours.price=8:12")
SIZE = ("--points", 6, "--replicates", 3, "--seed", 2)


def test_a_study_killed_twice_ends_at_the_same_digest(tmp_path: Path) -> None:
    place = tmp_path / "out"
    whole = sim.regime_map(
        sim.load_scenario("tiny"), STUDY[-1], n_levels=6, n_replicates=3, seed=2, processes=2
    ).digest
    kept: dict[Path, int] = {}
    for _ in range(2):
        run = start(*STUDY, *SIZE, "--out", place, "--quiet")
        until_shards(place / "outcomes", len(kept) + 3, run, folder="*")
        run.kill()
        run.communicate()
        assert run.returncode == -signal.SIGKILL
        now = {file: file.stat().st_mtime_ns for file in (place / "outcomes").glob("*/shards/t*")}
        assert now.items() > kept.items()
        kept = now
    assert len(kept) < 36
    run = start(*STUDY, *SIZE, "--out", place, "--json")
    out, err = run.communicate(timeout=PATIENCE)
    assert run.returncode == 0, err
    assert json.loads(out)["digest"] == whole
    assert all(file.stat().st_mtime_ns == written for file, written in kept.items()), "nothing is run twice"
    assert (place / "regimes.json").is_file()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupt_keeps_what_is_finished(
    long_design_file: Path, tmp_path: Path, undisturbed: str, number: signal.Signals
) -> None:
    place = tmp_path / "store"
    run = start("sweep", long_design_file, "--out", place, "--quiet")
    until_shards(place, 3, run)
    run.send_signal(number)
    out, err = run.communicate(timeout=PATIENCE)
    assert run.returncode == 130, err
    assert "call again to go on" in err
    assert "Traceback" not in err
    assert not writer_of(place)
    kept = sim.open_results(place)
    assert not kept.is_complete
    assert f"{len(kept.rows):,} of {kept.n_expected} replicates are kept" in err
    assert sim.sweep(long_design_file, out=place, threads=1).digest == undisturbed


def test_two_runners_on_one_folder(long_design_file: Path, tmp_path: Path, undisturbed: str) -> None:
    place = tmp_path / "store"
    first = start("sweep", long_design_file, "--out", place, "--quiet")
    until_shards(place, 1, first)
    first.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(sim.StoreError, match=f"written to by process {first.pid} on host"):
            sim.sweep(long_design_file, out=place, threads=1)
        partial = sim.open_results(place)
        assert f"process {first.pid}" in partial.writer
        assert 0 < len(partial.rows) < partial.n_expected
        assert len(partial.summary("profit")) == len(partial.rows) // 3
    finally:
        first.send_signal(signal.SIGCONT)
    out, err = first.communicate(timeout=PATIENCE)
    assert first.returncode == 0, err
    assert out == f"digest: {undisturbed}\n"
