"""Batches on disk: whole, unaltered, of one question, and written by one process at a time."""

from __future__ import annotations

import gc
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulator.errors import StoreError, TakenPlaceError
from simulator.experiment.batches import BatchStore
from simulator.outcomes.folder_lock import writer_of

ROOT = Path(__file__).resolve().parents[2]


def ask(store: BatchStore, value: float) -> float:
    """Ask a store of either kind for one piece."""
    if store.key:
        return float(store.get("piece", (3,), lambda: np.full(3, value))[0])
    return float(store.of(lambda: np.full(3, value), "piece")[0])


@pytest.mark.parametrize("key", ["", "k" * 64], ids=["any question", "one question"])
def test_one_byte_altered_is_noticed_and_the_piece_computed_again(tmp_path: Path, key: str) -> None:
    place = tmp_path / "kept"
    assert ask(BatchStore(place, key), 1.0) == 1.0
    assert ask(BatchStore(place, key), 2.0) == 1.0
    [file] = place.rglob("*.npy")
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    assert np.load(io.BytesIO(bytes(data))).shape == (3,), "it can be read all the same"
    file.write_bytes(data)
    again = BatchStore(place, key)
    assert ask(again, 3.0) == 3.0
    assert (again.n_read, again.n_computed) == (0, 1)
    assert again.set_aside == [file.with_name(f"{file.name}.damaged")] and again.set_aside[0].is_file()
    assert ask(BatchStore(place, key), 4.0) == 3.0


@pytest.mark.parametrize("key", ["", "k" * 64], ids=["any question", "one question"])
def test_pieces_of_an_earlier_version_are_read(tmp_path: Path, key: str) -> None:
    """Earlier, names had no hash of the content."""
    place = tmp_path / "kept"
    ask(BatchStore(place, key), 1.0)
    [file] = place.rglob("*.npy")
    file.rename(file.with_name(f"{file.name.split('.')[0]}.npy"))
    again = BatchStore(place, key)
    assert ask(again, 2.0) == 1.0 and again.n_read == 1


WRITER = """
import sys, numpy as np
from simulator.experiment.batches import BatchStore
store = BatchStore(sys.argv[1], sys.argv[2])
store.of(lambda: np.zeros(3), "other") if not store.key else store.get("other", (3,), lambda: np.zeros(3))
print("holding", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("key", ["", "k" * 64], ids=["any question", "one question"])
def test_one_process_at_a_time_writes(tmp_path: Path, key: str) -> None:
    place = tmp_path / "kept"
    other = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(place), key],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None and other.stdout.readline() == "holding\n"
    try:
        with pytest.raises(StoreError, match=f"written to by process {other.pid} on host"):
            ask(BatchStore(place, key), 1.0)
    finally:
        other.kill()
        other.communicate()
    assert ask(BatchStore(place, key), 1.0) == 1.0, "a killed process holds nothing"


def test_one_process_shares_the_right_and_gives_it_back(tmp_path: Path) -> None:
    """An interrupted call whose traceback is still alive does not lock its own process out."""
    place = tmp_path / "kept"
    first = BatchStore(place)
    assert ask(first, 1.0) == 1.0
    second = BatchStore(place)
    assert ask(second, 2.0) == 1.0
    assert f"process {os.getpid()}" in writer_of(place)
    del first
    gc.collect()
    assert f"process {os.getpid()}" in writer_of(place)
    del second
    gc.collect()
    assert not writer_of(place)


def test_another_question_and_other_content_are_refused(tmp_path: Path) -> None:
    ask(BatchStore(tmp_path / "kept", "a" * 64), 1.0)
    with pytest.raises(StoreError, match="folder of another question"):
        BatchStore(tmp_path / "kept", "b" * 64)
    (tmp_path / "thesis.txt").write_text("chapter one")
    with pytest.raises(StoreError, match="a folder with other content"):
        BatchStore(tmp_path, "a" * 64)
    with pytest.raises(StoreError, match="a writable folder"):
        BatchStore(tmp_path / "thesis.txt" / "kept", "a" * 64)


def test_a_store_that_is_never_asked_leaves_no_folder(tmp_path: Path) -> None:
    BatchStore(tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("left", ["nothing", "folders", "question", "half a question"])
def test_a_run_that_is_killed_before_it_computes_keeps_nobody_out(tmp_path: Path, left: str) -> None:
    place = tmp_path / "kept"
    if left != "nothing":
        (place / "batches").mkdir(parents=True)
        (place / ".lock").write_text("")
    if left == "question":
        (place / "question.json").write_text(json.dumps({"key": "a" * 64}))
    if left == "half a question":
        (place / ".question.json.partial-1-00").write_text("{")
    store = BatchStore(place, "b" * 64)
    assert store.get("first", (3,), lambda: np.ones(3)).tolist() == [1, 1, 1]
    assert json.loads((place / "question.json").read_text())["key"] == "b" * 64
    del store
    gc.collect()
    with pytest.raises(TakenPlaceError, match="folder of another question"):
        BatchStore(place, "a" * 64)


def test_a_folder_that_is_being_written_to_is_kept_from_another_question(tmp_path: Path) -> None:
    """Also before its first batch, and in the same process, whose stores share the right to write."""
    first = BatchStore(tmp_path / "kept", "a" * 64)
    with pytest.raises(TakenPlaceError, match="folder of another question"):
        BatchStore(tmp_path / "kept", "b" * 64)
    assert first.get("one", (3,), lambda: np.ones(3)).tolist() == [1, 1, 1]


def test_what_another_process_has_begun_between_check_and_lock_counts(tmp_path: Path, monkeypatch) -> None:
    place, take = tmp_path / "kept", BatchStore._take

    def late(store: BatchStore) -> None:
        ask_of("a" * 64)
        take(store)

    def ask_of(key: str) -> None:
        code = "import sys, numpy as np\nfrom simulator.experiment.batches import BatchStore\n"
        code += "BatchStore(sys.argv[1], sys.argv[2]).get('one', (3,), lambda: np.zeros(3))\n"
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", code, str(place), key], env=environment, check=True)

    monkeypatch.setattr(BatchStore, "_take", late)
    with pytest.raises(TakenPlaceError, match="folder of another question"):
        BatchStore(place, "b" * 64)
    assert json.loads((place / "question.json").read_text())["key"] == "a" * 64
