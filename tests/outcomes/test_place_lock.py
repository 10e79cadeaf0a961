"""The right to a place: one run at a time, given back by whoever ends, and never in anybody's way."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from simulator.errors import StoreError, TakenPlaceError
from simulator.outcomes import place_lock, store
from simulator.outcomes.folder_lock import FolderLock, LockFile, writer_of
from simulator.outcomes.place_lock import reserved, sweep_lock, written

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
HOLDING = """
import sys
from pathlib import Path
from simulator.outcomes.place_lock import reserved
question = {"seed": int(sys.argv[2])} if len(sys.argv) > 2 else None
with reserved(Path(sys.argv[1]), lambda path: None, question):
    print("holding", flush=True)
    sys.stdin.read()
"""
#: Adds to a number in a file, which two at once would lose, whenever it gets the place.
COUNTING = """
import sys
from pathlib import Path
from simulator.errors import StoreError
from simulator.outcomes import place_lock
place_lock._PAUSE, place_lock._BRIEFLY = 0.0005, 30.0
place, left = Path(sys.argv[1]), 150
print("ready", flush=True)
sys.stdin.readline()
number = place.parent.parent / "number"
while left:
    with place_lock.reserved(place, lambda path: None):
        number.write_text(str(int(number.read_text()) + 1))
    left -= 1
"""


def nothing(path: Path) -> None:
    """Find nothing wrong with a place."""


def refuse(path: Path) -> None:
    raise StoreError([])


@pytest.fixture
def holder(tmp_path: Path):
    """Start processes that hold a place, and end them."""
    started: list[subprocess.Popen[str]] = []

    def start(place: Path, *seed: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOLDING, str(place), *map(str, seed)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = subprocess.Popen(command, env=ENVIRONMENT, text=True, **pipes)
        started.append(process)
        assert process.stdout is not None and process.stdout.readline() == "holding\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_place_is_held_and_given_back_without_a_trace(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b" / "out"
    with reserved(place, nothing, {"seed": 1}):
        assert os.listdir(place.parent) == [".out.lock"]
    assert os.listdir(tmp_path) == []
    with pytest.raises(KeyboardInterrupt), reserved(place, nothing):
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []
    with reserved(place, nothing):
        place.mkdir()
    assert os.listdir(place.parent) == ["out"]


def test_another_process_is_refused_and_named(tmp_path: Path, holder) -> None:
    other = holder(tmp_path / "out", 7)
    told = f"written to by process {other.pid} on host"
    with (
        pytest.raises(
            TakenPlaceError, match=f"another question, being written by process {other.pid} on host"
        ),
        reserved(tmp_path / "out", nothing, {"seed": 8}),
    ):
        pass
    for question in ({"seed": 7}, None):
        with pytest.raises(StoreError, match=told) as raised, reserved(tmp_path / "out", nothing, question):
            pass
        assert not isinstance(raised.value, TakenPlaceError)
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert os.listdir(tmp_path) == [".out.lock"]
    with reserved(tmp_path / "out", nothing, {"seed": 8}):
        pass
    assert os.listdir(tmp_path) == []


def test_a_place_is_checked_once_it_is_held(tmp_path: Path) -> None:
    """Results that another run has just written are seen, and none that are half written."""

    def found(path: Path) -> None:
        assert (tmp_path / ".out.lock").exists()
        raise TakenPlaceError([])

    with pytest.raises(TakenPlaceError), reserved(tmp_path / "out", found):
        pytest.fail("held")
    assert os.listdir(tmp_path) == []


def test_a_lock_file_of_another_user_is_locked_all_the_same(tmp_path: Path, holder, monkeypatch) -> None:
    (tmp_path / ".out.lock").touch()
    usual = os.open

    def denying(path: object, flags: int, *mode: int) -> int:
        if flags & os.O_RDWR and str(path).endswith(".out.lock"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return usual(path, flags, *mode)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "open", denying)
    with reserved(tmp_path / "out", nothing, {"seed": 8}):
        other = subprocess.run(
            [sys.executable, "-c", HOLDING, str(tmp_path / "out"), "7"],
            env=ENVIRONMENT, input="", capture_output=True, text=True,
        )  # fmt: skip
        assert other.returncode != 0
        assert "written to by" in other.stderr


def test_a_run_whose_question_is_unknown_is_not_said_to_answer_another(tmp_path: Path, holder) -> None:
    holder(tmp_path / "out")
    with (
        pytest.raises(StoreError, match="written to by") as raised,
        reserved(tmp_path / "out", nothing, {"seed": 7}),
    ):
        pass
    assert not isinstance(raised.value, TakenPlaceError)


def test_the_lock_file_of_a_run_that_came_after_a_removal_stays(tmp_path: Path) -> None:
    with reserved(tmp_path / "out", nothing):
        (tmp_path / ".out.lock").unlink()
        (tmp_path / ".out.lock").write_text("another's")
    assert (tmp_path / ".out.lock").read_text() == "another's"


def test_results_are_not_written_into_a_place_that_another_run_holds(
    tmp_path: Path, holder, monkeypatch
) -> None:
    """It is not waited for: a run may hold a place for hours."""
    monkeypatch.setattr(place_lock, "_BRIEFLY", -1.0)
    monkeypatch.setattr(place_lock.time, "sleep", lambda seconds: pytest.fail("waits"))
    for question in ((7,), ()):
        other = holder(tmp_path / "out", *question)
        with pytest.raises(StoreError, match=f"written to by process {other.pid}"):
            store.save_files({"answer.txt": b"42"}, {"kind": "selection"}, tmp_path / "out")
        assert os.listdir(tmp_path) == [".out.lock"]
        other.communicate()


def test_results_that_are_just_being_written_are_waited_for(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(place_lock, "_BRIEFLY", 0.0)
    another = LockFile(tmp_path / ".out.lock")
    another.take(question=None)
    ending = threading.Timer(0.3, another.give_back)
    ending.start()
    store.save_files({"answer.txt": b"42"}, {"kind": "selection"}, tmp_path / "out")
    ending.join()
    assert os.listdir(tmp_path) == ["out"]
    monkeypatch.setattr(place_lock, "_LONG", 0.1)
    another.take(question=None)
    with pytest.raises(StoreError, match="written to by process"), reserved(tmp_path / "out", nothing):
        pass
    another.give_back()


def test_one_process_holds_a_place_for_one_question(tmp_path: Path) -> None:
    place, refused = tmp_path / "out", []

    def other(question) -> None:
        try:
            with reserved(place, nothing, question):
                pass
        except StoreError as error:
            refused.append(type(error))

    with reserved(place, nothing, {"seed": 7}):
        for question in ({"seed": 7}, {"seed": 8}, None):
            thread = threading.Thread(target=other, args=(question,))
            thread.start()
            thread.join()
        with written(place):
            pass
        assert (tmp_path / ".out.lock").exists(), "the first still holds it"
    assert refused == [TakenPlaceError, StoreError] and os.listdir(tmp_path) == []


def test_a_folder_that_another_run_removes_meanwhile_is_made_again(tmp_path: Path, monkeypatch) -> None:
    place, take = tmp_path / "new" / "out", LockFile.take

    def late(lock: LockFile, **about):
        monkeypatch.setattr(LockFile, "take", take)
        place.parent.rmdir()
        return take(lock, **about)

    monkeypatch.setattr(LockFile, "take", late)
    with reserved(place, nothing):
        assert os.listdir(place.parent) == [".out.lock"]
    assert os.listdir(tmp_path) == []


def test_no_two_processes_ever_hold_a_place_at_once(tmp_path: Path) -> None:
    """They remove the lock's file and its folder under each other's hands all the time."""
    (tmp_path / "number").write_text("0")
    command = [sys.executable, "-c", COUNTING, str(tmp_path / "new" / "out")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    running = [subprocess.Popen(command, env=ENVIRONMENT, text=True, **pipes) for _ in range(3)]
    assert [process.stdout.readline() for process in running] == ["ready\n"] * 3
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        process.communicate()
    assert [process.returncode for process in running] == [0, 0, 0]
    assert (tmp_path / "number").read_text() == "450"
    assert not list(tmp_path.glob("new/*")) and not list(tmp_path.glob("new/.*"))


def test_a_lock_left_behind_is_swept_and_one_that_is_held_is_not(tmp_path: Path, holder) -> None:
    (tmp_path / ".left.lock").write_text("")
    sweep_lock(tmp_path / "left")
    holder(tmp_path / "held")
    sweep_lock(tmp_path / "held")
    assert os.listdir(tmp_path) == [".held.lock"]


@pytest.mark.parametrize("at", ["flock", "open"])
def test_where_nothing_can_be_held_the_check_remains(tmp_path: Path, monkeypatch, at) -> None:
    def failing(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl if at == "flock" else os, at, failing)
    with reserved(tmp_path / "out", nothing):
        pass
    with pytest.raises(StoreError), reserved(tmp_path / "out", refuse):
        pass
    assert os.listdir(tmp_path) == []
    if at == "flock":
        with pytest.raises(OSError, match="No locks"), FolderLock(tmp_path):
            pass
        assert os.listdir(tmp_path) == []


def test_a_folder_has_one_writer_who_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    with FolderLock(tmp_path):
        assert writer_of(tmp_path).startswith(f"process {os.getpid()} on host")
        with pytest.raises(StoreError, match=f"written to by process {os.getpid()}"), FolderLock(tmp_path):
            pass
        assert os.listdir(tmp_path) == [".lock"], "the one that was refused leaves it"
    assert os.listdir(tmp_path) == [] and not writer_of(tmp_path)


def test_a_lock_file_that_may_not_be_made_is_told_as_such(tmp_path: Path, monkeypatch) -> None:
    usual = os.open

    def denying(path: object, flags: int, *mode: int) -> int:
        if flags & os.O_CREAT:
            raise PermissionError(errno.EACCES, "Permission denied")
        return usual(path, flags, *mode)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "open", denying)
    with pytest.raises(PermissionError):
        LockFile(tmp_path / ".lock").take()
