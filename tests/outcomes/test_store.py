"""Results appear whole or not at all, whatever interrupts the writer."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from simulator.errors import StoreError
from simulator.outcomes import store
from simulator.outcomes.store import (
    MANIFEST,
    Content,
    check_place,
    load_manifest,
    save_results,
    verify,
    write_file,
)
from simulator.outcomes.trajectories import Trajectories


@pytest.fixture
def content(random_trajectories):
    def make(seed=3, **extra_files):
        table = pd.DataFrame({"strategy": ["none"], "mean": [1.0]})
        return Content(
            manifest={"seed": seed},
            document={"verdict": "nothing"},
            trajectories=random_trajectories(seed=seed),
            outcomes=table,
            estimates=table,
            extra_files=extra_files or {"figures/adoption.png": b"picture"},
        )

    return make


def names(folder):
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def test_a_folder_of_results_is_complete_and_verified(content, tmp_path):
    folder = save_results(content(), tmp_path / "deep" / "results")
    assert names(folder) == [
        "comparison.json",
        "estimates.csv",
        "figures/adoption.png",
        "manifest.json",
        "outcomes.parquet",
        "trajectories.parquet",
    ]
    verify(folder)
    assert load_manifest(folder)["seed"] == load_manifest(folder / MANIFEST)["seed"] == 3
    assert Trajectories.load(folder).digest == content().trajectories.digest
    assert pd.read_parquet(folder / "trajectories.parquet").shape[0] == 2 * 4 * 6 * 2
    assert os.listdir(tmp_path / "deep") == ["results"]


def test_earlier_results_are_replaced_as_a_whole(content, tmp_path):
    folder = save_results(content(seed=3, **{"old.txt": b"old"}), tmp_path / "results")
    save_results(content(seed=4), folder)
    assert load_manifest(folder)["seed"] == 4
    assert "old.txt" not in names(folder)
    verify(folder)
    assert os.listdir(tmp_path) == ["results"]


def test_an_empty_folder_is_used(content, tmp_path):
    (tmp_path / "results").mkdir()
    verify(save_results(content(), tmp_path / "results"))


@pytest.mark.parametrize("what", ["a file", "other content", "foreign files", "another manifest"])
def test_what_is_not_ours_is_left_alone(content, tmp_path, what):
    place = tmp_path / "results"
    if what == "a file":
        place.write_text("mine")
    elif what == "foreign files":
        save_results(content(), place)
        (place / "notes.txt").write_text("mine")
    else:
        place.mkdir()
        (place / (MANIFEST if what == "another manifest" else "notes.txt")).write_text("{}")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    for attempt in (lambda: check_place(place), lambda: save_results(content(seed=4), place)):
        with pytest.raises(StoreError, match="choose another folder"):
            attempt()
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("name", ["../up.txt", "/etc/up.txt", "manifest.json", "trajectories.parquet", ""])
def test_further_files_stay_inside_and_apart(content, tmp_path, name):
    with pytest.raises(StoreError, match="extra_files"):
        save_results(content(**{name: b""}), tmp_path / "results")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("step", range(14))
@pytest.mark.parametrize("is_first", [True, False])
def test_a_failure_at_any_moment_leaves_the_earlier_results_or_none(
    content, tmp_path, monkeypatch, step, is_first
):
    """Interrupt before each change of the disk in turn: the place is as before, or as after."""
    folder = tmp_path / "results"
    if not is_first:
        save_results(content(seed=3), folder)
    count = 0

    def interrupting(function):
        def call(*arguments):
            nonlocal count
            count += 1
            if count == step + 1:
                raise KeyboardInterrupt
            return function(*arguments)

        return call

    for name in ("write_flushed", "flush_folder", "_put_in_place"):
        monkeypatch.setattr(store, name, interrupting(getattr(store, name)))
    try:
        save_results(content(seed=4), folder)
        is_done = True
    except KeyboardInterrupt:
        is_done = False
    monkeypatch.undo()
    if folder.exists():
        verify(folder)
        assert load_manifest(folder)["seed"] in ((4,) if is_done else (3, 4))
    else:
        assert is_first and not is_done
    save_results(content(seed=5), folder)
    verify(folder)
    assert os.listdir(tmp_path) == ["results"]


KILLED = """
    import os, signal, sys
    from pathlib import Path
    import numpy as np, pandas as pd
    from simulator.model.observation import N_SERIES
    from simulator.outcomes import store
    from simulator.outcomes.trajectories import Trajectories

    folder, killed_at = Path(sys.argv[1]), sys.argv[2]
    trajectories = Trajectories(
        strategies=("none",), replicates=(0,), seed=int(sys.argv[3]), engine="numba", brands=("A",),
        brand_ids=(1,), focal=0, counts=np.zeros((1, 1, 2, 1, N_SERIES), dtype=np.int64),
        n_consumers=1, people_per_consumer=1.0,
    )
    table = pd.DataFrame({"mean": [1.0]})
    content = store.Content({"seed": int(sys.argv[3])}, {}, trajectories, table, table)

    def killing(path, *rest):
        os.kill(os.getpid(), signal.SIGKILL)

    if killed_at == "manifest":
        write = store.write_flushed
        store.write_flushed = lambda path, data: (
            killing if path.name == store.MANIFEST else write
        )(path, data)
    if killed_at == "set aside":
        replace = Path.replace
        Path.replace = lambda self, target: (
            killing(self) if ".partial" in self.name else replace(self, target)
        )
    store.save_results(content, folder)
"""


@pytest.mark.parametrize("killed_at", ["manifest", "set aside"])
def test_a_killed_writer_leaves_the_earlier_results(content, tmp_path, killed_at):
    folder = tmp_path / "results"
    save_results(content(seed=3), folder)
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(folder), killed_at, "4"]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    assert any(name.startswith(".results.") for name in os.listdir(tmp_path))
    store.sweep(folder)
    verify(folder)
    assert load_manifest(folder)["seed"] == 3
    assert os.listdir(tmp_path) == ["results"]


def test_a_failed_replacement_puts_the_earlier_results_back(content, tmp_path, monkeypatch):
    folder = save_results(content(seed=3), tmp_path / "results")
    replace = Path.replace

    def failing(self, target):
        if ".partial" in self.name:
            raise OSError(5, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(StoreError, match="Input/output error"):
        save_results(content(seed=4), folder)
    assert load_manifest(folder)["seed"] == 3
    assert os.listdir(tmp_path) == ["results"]


def test_reading_finds_results_that_a_killed_writer_had_set_aside(content, tmp_path):
    folder = save_results(content(), tmp_path / "results")
    folder.rename(tmp_path / ".results.replaced-999999999")
    assert load_manifest(folder)["seed"] == 3


def test_what_a_running_writer_holds_is_not_swept(content, tmp_path):
    (tmp_path / f".results.partial-{os.getppid()}").mkdir()
    (tmp_path / ".results.other-1").mkdir()
    save_results(content(), tmp_path / "results")
    assert sorted(os.listdir(tmp_path)) == sorted(
        [f".results.partial-{os.getppid()}", ".results.other-1", "results"]
    )


def test_threads_that_write_to_one_place_do_not_disturb_each_other(content, tmp_path):
    made = [content(seed=seed) for seed in range(6)]
    with ThreadPoolExecutor(6) as pool:
        for _ in range(3):
            assert {*pool.map(lambda one: save_results(one, tmp_path / "results"), made)} == {
                tmp_path / "results"
            }
            verify(tmp_path / "results")
            many = [
                pool.submit(write_file, tmp_path / "one.txt", bytes([48 + k]) * 50_000) for k in range(12)
            ]
            assert [job.result() for job in many] == [None] * 12
            assert len(set((tmp_path / "one.txt").read_bytes())) == 1
    assert sorted(os.listdir(tmp_path)) == ["one.txt", "results"]


def test_hidden_names_are_of_one_writer_alone(tmp_path):
    names = {store.hold_beside(tmp_path / "results", "partial").name for _ in range(200)}
    assert len(names) == 200
    assert all(name.startswith(f".results.partial-{os.getpid()}-") for name in names)
    store._HELD.clear()


def test_what_another_thread_holds_is_not_swept_but_what_it_left_is(tmp_path):
    held = store.hold_beside(tmp_path / "results", "partial")
    held.mkdir()
    store.sweep(tmp_path / "results")
    assert held.is_dir()
    store._HELD.discard(held)
    store.sweep(tmp_path / "results")
    assert not held.exists()


def test_paths_from_home_relative_paths_links_and_moved_folders(content, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    write_file(Path("~/one.txt"), b"1")
    assert (tmp_path / "one.txt").read_bytes() == b"1" and not (tmp_path / "~").exists()
    (tmp_path / "link.txt").symlink_to("one.txt")
    write_file(Path("link.txt"), b"2")
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "one.txt").read_bytes() == b"2"
    saved = save_results(content(), Path("~/results"))
    assert saved == tmp_path / "results"
    for path in ("~/results", "results", "results/manifest.json", "~/results/manifest.json"):
        verify(Path(path))
        assert load_manifest(Path(path))["seed"] == 3
    assert content().trajectories.save("~/some.parquet") == tmp_path / "some.parquet"
    relative = save_results(content(seed=4), Path("results"))
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    verify(relative)
    (tmp_path / "results").rename(tmp_path / "below" / "moved")
    verify(Path("moved"))
    (tmp_path / "below" / "moved" / "estimates.csv").unlink()
    with pytest.raises(StoreError, match=r"moved/estimates.csv"):
        verify(Path("moved/manifest.json"))


def test_every_damage_is_told_at_once(content, tmp_path):
    folder = save_results(content(), tmp_path / "results")
    (folder / "estimates.csv").write_text("changed")
    (folder / "outcomes.parquet").unlink()
    with pytest.raises(StoreError) as raised:
        verify(folder)
    assert len(raised.value.faults) == 2


@pytest.mark.parametrize("text", ["", "[]", '{"format": "other"}'])
def test_another_manifest_is_refused(tmp_path, text):
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(StoreError, match="a manifest of"):
        load_manifest(tmp_path)
    with pytest.raises(StoreError, match="correct the path"):
        load_manifest(tmp_path / "nowhere")


def test_a_place_that_cannot_be_written_is_told(tmp_path, content):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="writable"):
        write_file(tmp_path / "file" / "below.png", b"")
    with pytest.raises(StoreError):
        save_results(content(), tmp_path / "file" / "below")


def test_a_full_disk_asks_for_room(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "write_flushed", full)
    with pytest.raises(StoreError, match=r"No space left on device; .*; make room"):
        store.write_file(tmp_path / "a", b"1")
    assert not list(tmp_path.iterdir())


def test_a_single_file_is_replaced_as_a_whole(tmp_path):
    write_file(tmp_path / "one.png", b"old")
    write_file(tmp_path / "one.png", b"new")
    assert (tmp_path / "one.png").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["one.png"]


def test_documents_are_plain_json(content, tmp_path):
    folder = save_results(content(), tmp_path / "results")
    assert json.loads((folder / "comparison.json").read_text()) == {"verdict": "nothing"}


def test_what_a_study_keeps_is_never_replaced(tmp_path):
    place = tmp_path / "out"
    kept = place / store.OUTCOMES / "piece.npy"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"piece")
    for text in (b"first", b"second"):
        store.save_files({"answer.txt": text}, {"kind": "selection"}, place)
        assert ((place / "answer.txt").read_bytes(), kept.read_bytes()) == (text, b"piece")
    verify(place)
    (place / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match=r"notes\.txt"):
        check_place(place, kind="selection")


@pytest.mark.parametrize("is_in_place", [False, True], ids=["before", "after"])
def test_what_a_study_keeps_survives_a_writer_killed_beside_a_rename(tmp_path, is_in_place):
    place = tmp_path / "out"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    aside = tmp_path / f".out.replaced-{ended.pid}"
    (aside / store.OUTCOMES).mkdir(parents=True)
    (aside / store.OUTCOMES / "piece.npy").write_bytes(b"piece")
    (tmp_path / f".out.partial-{ended.pid}").mkdir()
    if is_in_place:
        place.mkdir()
    store.sweep(place)
    assert (place / store.OUTCOMES / "piece.npy").read_bytes() == b"piece"
    assert os.listdir(tmp_path) == ["out"]
