"""Two runs at once into one place: whatever they ask, no results are lost, and a run that was killed blocks nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from simulator.outcomes.store import load_manifest, verify

ROOT = Path(__file__).resolve().parents[2]
DESIGN = (
    '[experiment]\npurpose = "A test"\nscenario = "tiny"\nstrategies = ["mass"]\nreplicates = 2\n'
    'metrics = ["profit"]\n[[factors]]\npath = "brands.Ours.price"\nkind = "levels"\nlevels = [8, 9]\n'
)
QUICK = ("--consumers", "60")
#: By verb: what is asked, what makes it another question, and where the verb begins to work.
VERBS = {
    "compare": ("compare tiny --replicates 2", "--seed 8", "simulator.present.cli.announce_compilation"),
    "sweep": ("sweep DESIGN", "--seed 8", "simulator.present.cli_experiments.announce_compilation"),
    "export": ("export tiny --expected 1", "--seed 8", "simulator.present.cli_export.announce_compilation"),
    "select": (
        "select tiny --strategies mass --indifference 300 --evaluation 6 --first-stage 4",
        "--indifference 200",
        "simulator.present.cli_select.announce_compilation",
    ),
    "sensitivity": (
        "sensitivity tiny --factors p_strong --points 2 --replicates 2 --strategies mass",
        "--points 3",
        "simulator.present.cli_sensitivity.announce_compilation",
    ),
    "trace": ("trace tiny --strategy mass", "--replicate 1", "simulator.experiment.tracing.prepare"),
    "optimize": (
        "optimize tiny --strategy mass --vary brands.Ours.price=8:12 --first 4 --rounds 1 --batch 2 --replicates 2 "
        "--race 4 --finalists 2 --evaluation 20",
        "--rounds 2",
        "simulator.present.cli_optimize.announce_compilation",
    ),
    "calibrate": (
        "calibrate tiny --free brands.Ours.quality=-1:1 --target share_volume=0.4,0.05 --simulations 100",
        "--seed 8",
        "simulator.present.cli_calibrate.announce_compilation",
    ),
    "simulate": (
        "simulate tiny --strategy mass --replicates 2",
        "--seed 8",
        "simulator.present.cli.announce_compilation",
    ),
}
DEFAULT = ("compare", "sweep", "export")


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("simulator.present.report.figure_files", lambda comparison: {})
    monkeypatch.setattr("simulator.present.report_studies.study_files", lambda study: {})
    monkeypatch.setattr("simulator.present.report_fitting.fitting_files", lambda found: {})
    (tmp_path / "DESIGN").write_text(DESIGN)
    return tmp_path


def words_of(verb: str, *more: str) -> list[str]:
    return [*VERBS[verb][0].split(), *QUICK, *more]


def another_process(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, to its end."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "simulator", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def meanwhile(monkeypatch):
    """Let another process run, from its start to its end, between the checks of this one and its work."""

    def arrange(verb: str, words: list[str]) -> list[subprocess.CompletedProcess[str]]:
        place, _, name = VERBS[verb][2].rpartition(".")
        work, ended = getattr(import_module(place), name), []

        def delayed(*arguments, **options):
            if not ended:
                ended.append(another_process(words))
            return work(*arguments, **options)

        monkeypatch.setattr(f"{place}.{name}", delayed)
        return ended

    return arrange


def seed_of(folder: Path) -> int:
    manifest = load_manifest(folder)
    return manifest["seed"] if "seed" in manifest else manifest["question"]["seed"]


@pytest.mark.parametrize("verb", DEFAULT)
def test_another_question_at_the_same_time_goes_to_a_folder_of_its_own(run, here, meanwhile, verb) -> None:
    ended = meanwhile(verb, words_of(verb, *VERBS[verb][1].split()))
    status, _, err = run(*words_of(verb, "--quiet"))
    [other] = ended
    assert (status, other.returncode) == (0, 0), err + other.stderr
    first, second = sorted(os.listdir("results"))
    assert second == f"{first}-2", "both have a folder, and nothing else is left"
    assert (
        f"results/{first} holds results of another question, being written by process {os.getpid()}"
        in other.stderr
    )
    assert f"the results go to results/{second}" in other.stderr
    assert seed_of(Path("results", second)) == 8 != seed_of(Path("results", first))
    for name in (first, second):
        verify(Path("results", name))


@pytest.mark.parametrize("verb", VERBS)
def test_a_place_that_is_named_is_refused_to_another_run_at_the_same_time(run, here, meanwhile, verb) -> None:
    ended = meanwhile(verb, words_of(verb, *VERBS[verb][1].split(), "--out", "out"))
    status, _, err = run(*words_of(verb, "--quiet", "--out", "out"))
    [other] = ended
    assert status == 0, err
    assert other.returncode == 2 and f" by process {os.getpid()} on host" in other.stderr
    assert "wait until it ends, stop it, or choose another folder" in other.stderr
    assert "Traceback" not in other.stderr
    if verb not in ("simulate", "optimize", "calibrate"):
        verify(Path("out"))
    assert sorted(os.listdir()) == sorted(["DESIGN", "out"]), "and nothing is left beside it"


def test_the_same_question_at_the_same_time_is_refused(run, here, meanwhile) -> None:
    ended = meanwhile("compare", words_of("compare"))
    assert run(*words_of("compare", "--quiet"))[0] == 0
    assert ended[0].returncode == 2 and f"written to by process {os.getpid()}" in ended[0].stderr
    assert os.listdir("results") == ["tiny"]
    status, _, err = run(*words_of("compare"))
    assert status == 0 and "holds" not in err, "later it is answered again"


#: Runs the command line and ends, as by a kill, where the verb would begin to work.
KILLED = """
import os, signal, sys
from simulator.present import cli
cli.announce_compilation = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
cli.main(sys.argv[1:])
"""


@pytest.mark.parametrize("out", [(), ("--out", "out/deep")], ids=["default", "named"])
def test_a_run_that_was_killed_blocks_nobody(run, here, out) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KILLED, *words_of("compare", *out)]
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    place = Path(*out[1:]) if out else Path("results", "tiny")
    assert os.listdir(place.parent) == [f".{place.name}.lock"]
    status, _, err = run(*words_of("compare", "--seed", "8", *out))
    assert status == 0 and "holds" not in err
    assert os.listdir(place.parent) == [place.name] and seed_of(place) == 8
