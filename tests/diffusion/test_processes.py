"""Kernels are compiled and run by processes that get killed, race each other, or may not write: never a wrong bit.

The trials are in ``experiments/processes``, where the same are run on the kernels of the market.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments" / "processes"))

import trials
from trials import CASCADE, PLAIN, Job, Place

import simulator
from simulator import compiled

ROOT = Path(simulator.__file__).parents[1]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the digest without compilation."""
    digest = trials.run(Place(ROOT, tmp_path_factory.mktemp("none"), PLAIN), CASCADE)
    assert len(digest) == 16, digest
    return digest


def test_killed_while_compiling_and_running_it_ends_at_the_same_digest(tmp_path: Path, expected: str) -> None:
    place = Place(ROOT, tmp_path)
    n_killed, digest = trials.killed_while_compiling(place, CASCADE, n_kills=2, longest=0.5)
    assert digest == expected
    assert n_killed >= 1
    assert trials.readable_indices(place) > 0
    full = place.files()
    was_killed, digest = trials.killed_while_running(place, CASCADE, 2_000_000_000, wait=4.0)
    assert (was_killed, digest) == (True, expected)
    assert place.files() == full, "nothing was compiled again"
    assert trials.torn(place, CASCADE) == expected


def test_two_processes_at_once_on_an_empty_cache(tmp_path: Path, expected: str) -> None:
    place = Place(ROOT, tmp_path)
    assert trials.at_once(place, CASCADE) == [expected, expected]
    assert trials.readable_indices(place) > 0


def test_a_home_and_a_cache_that_cannot_be_written(tmp_path: Path, expected: str) -> None:
    nowhere = trials.read_only(tmp_path / "locked")
    with pytest.raises(OSError):
        (nowhere / "file").write_text("")
    place = Place(
        ROOT, nowhere, {"HOME": str(nowhere), "XDG_CACHE_HOME": str(nowhere), "TMPDIR": str(tmp_path)}
    )
    assert trials.run(place, CASCADE) == expected
    assert list(tmp_path.rglob("*.nbc")), "kernels went to the temporary folder"


def test_kernels_that_can_only_be_read_are_not_compiled_again(tmp_path: Path, expected: str) -> None:
    """Everything in ``locked`` can only be read, for whoever runs this."""
    filled = Place(ROOT, tmp_path / "locked")
    assert trials.run(filled, CASCADE) == expected
    locked = """
from simulator import compiled
is_ours = compiled._is_ours
compiled._is_ours = lambda folder: "locked" not in str(folder) and is_ours(folder)
"""
    loaded = """
from simulator.diffusion.cascade import run_cascades
assert run_cascades.stats.cache_hits and not run_cascades.stats.cache_misses, run_cascades.stats
"""
    elsewhere = tmp_path / "elsewhere"
    place = Place(ROOT, filled.cache, {"XDG_CACHE_HOME": str(elsewhere)})
    before = filled.files()
    assert trials.run(place, CASCADE._replace(code=locked + CASCADE.code + loaded)) == expected
    assert filled.files() == before
    assert Place(ROOT, elsewhere).files().keys() == before.keys()


@pytest.mark.parametrize("loose", ["folder", "file", "none"])
def test_kernels_that_others_could_write_are_not_taken_over(tmp_path: Path, loose: str) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    names = ["kernel.1.nbc", "kernel.nbi"]
    for name in names:
        (source / name).write_bytes(b"code")
        (source / name).chmod(0o644)
    source.chmod(0o777 if loose == "folder" else 0o755)
    if loose == "file":
        (source / names[0]).chmod(0o666)
    compiled._take_over(source, target)
    assert sorted(path.name for path in target.iterdir()) == (names if loose == "none" else [])


def test_an_edit_never_runs_a_stale_kernel(tmp_path: Path, expected: str) -> None:
    """Another stream for coins in an imported module, of the same size and age, gives other cascades at once."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "simulator", copy / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    place, plain = Place(copy, tmp_path / "cache"), Place(copy, tmp_path / "none", PLAIN)
    assert trials.run(place, CASCADE) == expected
    source = copy / "simulator" / "diffusion" / "draws.py"
    text, age = source.read_text(), source.stat()
    edited = text.replace('Stream("arc coin", 48', 'Stream("arc coin", 58')
    assert edited != text

    def write(words: str) -> None:
        source.write_text(words)
        os.utime(source, ns=(age.st_atime_ns, age.st_mtime_ns + 10**9 * (words != text)))

    write(edited)
    other = trials.run(plain, CASCADE)
    assert other != expected
    assert trials.run(place, CASCADE) == other
    write(text)
    files = place.files()
    assert trials.run(place, CASCADE) == expected
    assert place.files() == files, "the kernels of the first version were still there"


def test_an_interrupt_stops_a_run_of_hours(tmp_path: Path) -> None:
    # a shell that runs the tests in the background has interrupts ignored, and children inherit that
    listening = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code = CASCADE.code.replace("result =", "print('ready', flush=True)\nresult =")
    job = Job(listening + code, 2_000_000_000)
    place = Place(ROOT, Path(os.environ.get("SIMULATOR_CACHE", tmp_path)))
    process = trials.start(place, job)
    try:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(5.0)
        process.send_signal(signal.SIGINT)
        process.wait(60.0)
        assert process.returncode != 0
        assert process.stderr is not None and "KeyboardInterrupt" in process.stderr.read()
    finally:
        trials.kill(process)


def test_a_full_disk_costs_the_cache_and_not_the_run(tmp_path: Path, expected: str) -> None:
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
    place = Place(ROOT, tmp_path)
    assert trials.run(place, Job(limit + CASCADE.code, CASCADE.size)) == expected
    assert trials.run(place, CASCADE) == expected
