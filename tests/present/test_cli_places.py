"""Where verbs write: checked before anything is computed, and never over what answers another question."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from simulator.errors import StoreError
from simulator.outcomes import places
from simulator.outcomes.places import check_file, check_place, check_writable
from simulator.outcomes.store import write_file

SALES = "adopters\n" + "\n".join(map(str, (2, 5, 11, 22, 38, 55, 63, 58, 44, 28, 16, 9)))
EDGES = "a,b\n" + "\n".join(f"{i},{(i * 7 + 3) % 20}" for i in range(20))

#: Verbs that write a folder, and those that write a file.
FOLDERS = {
    "compare": "compare tiny --replicates 2",
    "sweep": "sweep DESIGN",
    "select": "select tiny --indifference 300",
    "sensitivity": "sensitivity tiny --factors p_strong --strategies mass",
    "calibrate": "calibrate tiny --free p_strong --target adoption=0.4",
    "optimize": "optimize tiny --strategy mass --vary brands.Ours.price=8:12",
    "bass": "bass sales.csv",
    "export": "export tiny --strategy mass",
    "trace": "trace tiny --strategy mass",
}
FILES = {
    "simulate": "simulate tiny --strategy mass --replicates 2",
    "seed": "seed edges.csv -k 2",
    "spread": "spread edges.csv --seeds hubs=1,7 --model wc",
}
ALL = {**FOLDERS, **FILES}


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """Make the files that the verbs read, and leave out the figures of comparisons."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("simulator.present.report.figure_files", lambda comparison: {})
    (tmp_path / "sales.csv").write_text(SALES)
    (tmp_path / "edges.csv").write_text(EDGES)
    (tmp_path / "DESIGN").write_text(
        '[experiment]\npurpose = "A test"\nscenario = "tiny"\nstrategies = ["mass"]\nreplicates = 2\n'
        '[[factors]]\npath = "brands.Ours.price"\nkind = "levels"\nlevels = [8, 9]\n'
    )
    return tmp_path


@pytest.fixture
def idle(monkeypatch):
    """Fail where a verb begins to work."""
    for place in (
        "simulator.present.cli",
        "simulator.present.cli_experiments",
        "simulator.present.cli_export",
    ):
        monkeypatch.setattr(f"{place}.announce_compilation", lambda *_: pytest.fail("began to work"))
    for name in ("select", "sensitivity", "calibrate", "optimize"):
        monkeypatch.setattr(
            f"simulator.present.cli_{name}.announce_compilation", lambda *_: pytest.fail("began to work")
        )
    monkeypatch.setattr("simulator.experiment.bass_fit.bass", lambda *_, **__: pytest.fail("began to work"))
    monkeypatch.setattr("simulator.experiment.tracing.prepare", lambda *_, **__: pytest.fail("began to work"))
    monkeypatch.setattr("simulator.diffusion.graphs.arcs", lambda *_, **__: pytest.fail("began to work"))


def content(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("verb", ALL)
def test_what_cannot_be_written_is_refused_before_anything_begins(run, here, idle, verb) -> None:
    (here / "file").write_text("mine")
    before = content(here)
    for place in ("file/below", "file/below/deeper", "/proc/out"):
        if not Path(place).parent.exists() and place.startswith("/proc"):
            continue
        status, out, err = run(*ALL[verb].split(), "--out", place)
        assert (status, out) == (2, ""), place
        assert place in err and "Traceback" not in err, place
    assert content(here) == before


@pytest.mark.parametrize("verb", FOLDERS)
def test_a_file_is_no_folder(run, here, idle, verb) -> None:
    (here / "file").write_text("mine")
    status, out, err = run(*FOLDERS[verb].split(), "--out", "file")
    assert (status, out) == (2, "") and "file = a file; expected a folder" in err
    assert (here / "file").read_text() == "mine"


@pytest.mark.parametrize("verb", FILES)
def test_a_folder_is_no_file(run, here, idle, verb) -> None:
    (here / "folder").mkdir()
    status, out, err = run(*FILES[verb].split(), "--out", "folder")
    assert (status, out) == (2, "") and "folder = a folder; expected a file" in err
    assert list((here / "folder").iterdir()) == []


@pytest.mark.parametrize("verb", FILES)
def test_the_folder_of_a_file_is_made(run, here, verb) -> None:
    status, _, _ = run(*FILES[verb].split(), "--out", "new/deep/out")
    assert status == 0 and (here / "new" / "deep" / "out").stat().st_size > 0
    assert sorted(os.listdir(here / "new" / "deep")) == ["out"]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no folder here in which nobody can write")
def test_a_place_is_tried_and_left_clean(tmp_path) -> None:
    for check in (check_place, check_writable, check_file):
        assert check(tmp_path / "a" / "b") == (tmp_path / "a" / "b").resolve()
        with pytest.raises(StoreError, match="nothing can be made in /proc"):
            check(Path("/proc/out"))
    assert list(tmp_path.iterdir()) == []


def test_links_in_a_circle_and_disks_are_refused(tmp_path, monkeypatch) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(StoreError):
        check_writable(tmp_path / "a")
    (tmp_path / "disk").mkdir()
    monkeypatch.setattr(places.os.path, "ismount", lambda place: Path(place).name == "disk")
    with pytest.raises(StoreError, match="where a disk begins"):
        check_place(tmp_path / "disk")


def test_a_pipe_is_written_to_and_stays_one(tmp_path) -> None:
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert check_file(pipe) == pipe
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_file(pipe, b"node,gain\n")
    reader.join()
    assert read == [b"node,gain\n"] and pipe.is_fifo()


def test_the_same_question_twice_replaces_its_results(run, here) -> None:
    for _ in range(2):
        status, out, err = run(*FOLDERS["compare"].split())
        assert status == 0 and "holds" not in err
    assert os.listdir("results") == ["tiny"]


OTHER = {
    "another seed": ("--seed", "8"),
    "other replicates": ("--replicates", "3"),
    "other strategies": ("--strategies", "mass"),
    "another scenario or other settings": ("--set", "brands.Ours.price=9"),
}


def test_the_default_folder_of_another_question_is_left_alone(run, here) -> None:
    run(*FOLDERS["compare"].split())
    first = content(here / "results" / "tiny")
    for number, (why, words) in enumerate(OTHER.items(), start=2):
        command = [*FOLDERS["compare"].split(), *words]
        for _ in range(2):
            status, out, err = run(*command)
            said = f"results/tiny holds results of another question ({why}); the results go to results/tiny-{number}"
            assert status == 0 and said in err and f"results/tiny-{number}/report.html" in out
    assert content(here / "results" / "tiny") == first
    assert sorted(os.listdir("results")) == ["tiny", *(f"tiny-{number}" for number in range(2, 6))]
    status, out, err = run(*FOLDERS["compare"].split())
    assert status == 0 and "holds" not in err, "the first question finds its own folder"


@pytest.mark.parametrize("verb", ["sweep", "export"])
def test_the_other_default_folders_too(run, here, verb) -> None:
    command = [*FOLDERS[verb].split(), *(("--expected", "1") if verb == "export" else ())]
    run(*command, "--quiet")
    (first,) = os.listdir("results")
    before = content(here / "results" / first)
    status, out, err = run(*command, "--seed", "8")
    assert status == 0 and f"the results go to results/{first}-2" in err and f"results/{first}-2" in out
    assert content(here / "results" / first) == before
    status, _, err = run(*command, "--seed", "9", "--out", f"results/{first}")
    assert status == 2 and content(here / "results" / first) == before


def test_a_folder_that_is_named_is_not_written_over_by_another_question(run, here, idle) -> None:
    manifest = {"format": places.FORMAT, "layout": 1, "seed": 8, "files": {}}
    (here / "out").mkdir()
    for verb, kind in {
        "compare": None,
        "select": "selection",
        "sensitivity": "sensitivity",
        "trace": "trace",
    }.items():
        (here / "out" / "manifest.json").write_text(
            json.dumps({**manifest, **({"kind": kind} if kind else {})})
        )
        status, out, err = run(*FOLDERS[verb].split(), "--seed", "7", "--out", "out")
        assert (status, out) == (2, "")
        assert "out = results of another question (another seed)" in err and "choose another folder" in err


@pytest.mark.parametrize(
    ("words", "stored", "expected"),
    [
        ("select tiny --indifference 300", {"kind": "selection", "metric": "sales"}, "another metric"),
        ("select tiny --indifference 300", {"kind": "selection", "rule": {"method": "ocba"}}, "another method"),
        ("sensitivity tiny --factors p_strong", {"kind": "sensitivity", "method": "sobol"}, "another method"),
        ("sensitivity tiny --factors p_strong", {"kind": "sensitivity", "metric": "sales"}, "another metric"),
        ("sensitivity tiny --factors p_strong --strategies mass", {"kind": "sensitivity", "strategies": ["social"]},
         "other strategies"),
    ],
)  # fmt: skip
def test_each_part_of_a_study_s_question_counts(
    run, here, idle, words: str, stored: dict, expected: str
) -> None:
    (here / "out").mkdir()
    manifest = {"format": places.FORMAT, "layout": 1, "files": {}, **stored}
    (here / "out" / "manifest.json").write_text(json.dumps(manifest))
    status, _, err = run(*words.split(), "--out", "out")
    assert status == 2 and f"results of another question ({expected})" in err


def test_series_of_other_content_are_another_question(run, here) -> None:
    assert run("bass", "sales.csv", "--out", "out")[0] == 0
    assert run("bass", "sales.csv", "--out", "out")[0] == 0
    status, _, err = run("bass", "sales.csv", "--estimator", "ols", "--out", "out")
    assert status == 2 and "another estimator" in err
    (here / "sales.csv").write_text(SALES.replace("63", "64"))
    status, _, err = run("bass", "sales.csv", "--out", "out")
    assert status == 2 and "another series" in err


def test_an_export_is_no_comparison(run, here) -> None:
    assert run("export", "tiny", "--expected", "1", "--out", "out")[0] == 0
    before = content(here)
    status, _, err = run("compare", "tiny", "--replicates", "2", "--out", "out")
    assert status == 2 and "results of another kind (export)" in err
    assert content(here) == before


def test_a_result_without_precision_is_not_replaced_by_one_to_a_precision(tmp_path: Path) -> None:
    place = tmp_path / "results"
    place.mkdir()
    manifest = {"format": places.FORMAT, "kind": "comparison", "seed": 1, "precision": None, "files": {}}
    (place / "manifest.json").write_text(json.dumps(manifest))
    assert check_place(place, question={"seed": 1, "precision": None}) == place
    with pytest.raises(StoreError, match="another precision"):
        check_place(place, question={"seed": 1, "precision.targets": {"profit": "5000"}})


#: By study: a small call, what makes it another question with what is said of that, and more replicates of the same.
STUDIES = {
    "select": (
        "select tiny --strategies mass --indifference 300 --evaluation 6 --first-stage 4",
        {
            "--indifference 200": "another indifference zone",
            "--first-stage 5": "another first stage",
            "--batch 3": "another batch",
            "--confidence 0.9": "another confidence",
            "--strategies social": "other strategies",
        },
        "--max-replicates 900 --evaluation 8",
    ),
    "morris": (
        "sensitivity tiny --factors p_strong --points 2 --replicates 2 --strategies mass",
        {
            "--factors p_strong=0.1:0.2": "other factors",
            "--points 3": "other points",
            "--strategies social": "other strategies",
            "--method sobol": "another method",
        },
        "--replicates 3",
    ),
    "map": (
        "sensitivity tiny --method map --factors p_strong,brands.Ours.price=8:12 --points 2 --replicates 2",
        {"--points 3": "other levels of the factors", "--factors p_strong,brands.Ours.price=8:11": "other factors"},
        "--replicates 3",
    ),
    "reversal": (
        "sensitivity tiny --method reversal --factors brands.Ours.price=8:12 --points 3 --replicates 2",
        {"--points 4": "other levels of the factors", "--factors brands.Ours.price=8:11": "another factor"},
        "--replicates 3",
    ),
    "variance": (
        "sensitivity tiny --method variance --factors p_strong --points 5 --worlds 2 --replicates 2 --strategies mass",
        {
            "--worlds 3": "other worlds",
            "--points 6": "other draws of the parameters",
            "--strategies mass,none": "other strategies",
        },
        "--replicates 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize("study", STUDIES)
def test_stored_results_of_a_study_answer_one_question(run, here, monkeypatch, study: str) -> None:
    monkeypatch.setattr("simulator.present.report_studies.study_files", lambda study: {})
    words, others, more = STUDIES[study]
    command = [*words.split(), "--consumers", "60", "--out", "out", "--quiet"]
    assert run(*command)[0] == 0
    before = content(here / "out")
    begun: list[str] = []

    def begin(*_) -> None:
        begun.append(study)
        raise KeyboardInterrupt

    for module in ("cli_select", "cli_sensitivity"):
        monkeypatch.setattr(f"simulator.present.{module}.announce_compilation", begin)
    for options, expected in {
        **others,
        "--seed 8": "another seed",
        "--metric sales": "another metric",
    }.items():
        status, _, err = run(*command, *options.split())
        assert status == 2 and f"out = results of another question ({expected})" in err, options
    assert not begun and content(here / "out") == before
    for options in ("", more):
        assert run(*command, *options.split())[0] == 130 and begun.pop() == study, "the same question"
