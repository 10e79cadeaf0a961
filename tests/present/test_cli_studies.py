"""The verbs ``select`` and ``sensitivity`` on the smallest scenario, and with bad input."""

from __future__ import annotations

import json
from html import escape

import pytest

SELECT = (
    "select",
    "tiny",
    "--strategies",
    "mass",
    "--indifference",
    "300",
    "--evaluation",
    "6",
    "--seed",
    "0",
)


def test_a_first_stage_may_be_given_by_the_luck_it_shall_meet(run):
    """Two strategies: the smallest n with (1 - 1/4)^n <= 5 %."""
    status, out, _ = run(*SELECT, "--json", "--first-stage", "1 in 4", "--check", "0")
    document = json.loads(out)
    assert status == 0 and document["rule"]["first_stage"] == 11 and document["replicates"]["checking"] == 0
    status, _, err = run(*SELECT, "--first-stage", "rarely")
    assert status == 2 and "--first-stage = 'rarely'; expected a number from 2 on" in err


def test_select_prints_one_document_and_writes_its_folder(run, tmp_path):
    status, out, err = run(*SELECT, "--json", "--out", str(tmp_path / "out"))
    document = json.loads(out)
    assert status == 0 and err == ""
    assert document["seed"] == 0 and document["best"] in ("none", "mass")
    kept = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    files = {path.name for path in kept if path.suffix != ".npy" and path.name != ".lock"}
    assert files == {
        "manifest.json",
        "selection.json",
        "treatments.csv",
        "outcomes.csv",
        "selection.png",
        "report.html",
    }
    page = (tmp_path / "out" / "report.html").read_text()
    assert escape(document["sentences"][0]) in page and document["digest"] in page
    assert "<script" not in page and "src='data:image/png;base64," in page
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["digest"] == document["digest"]
    status, out, _ = run(*SELECT, "--quiet")
    assert status == 0 and out.count("\n") == 1 and document["best"] in out


SMALL = ("sensitivity", "tiny", "--replicates", "2")
METHODS = {
    "morris": ("--factors", "p_strong", "--points", "2", "--strategies", "mass"),
    "map": ("--factors", "p_strong,brands.Ours.price=8:12", "--points", "2", "--strategies", "mass"),
    "reversal": ("--factors", "brands.Ours.price=8:12", "--points", "3"),
    "variance": ("--factors", "p_strong", "--points", "5", "--worlds", "1", "--strategies", "mass"),
}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_prints_one_document(run, method, tmp_path):
    place = tmp_path / "out"
    status, out, err = run(*SMALL, "--method", method, *METHODS[method], "--json", "--out", str(place))
    document = json.loads(out)
    assert status == 0 and err == ""
    assert document["method"] == method and len(document["digest"]) == 64
    assert len(list((place / "figures").iterdir())) == 1
    assert escape(document["sentences"][0]) in (place / "report.html").read_text()
    status, out, err = run("results", str(place), "--check")
    assert status == 2 and out == "" and "results of another kind (" in err and "report.html" in err


def test_people_get_sentences_and_a_table(run):
    status, out, _ = run(*SMALL, *METHODS["morris"])
    assert status == 0 and "profit of mass" in out.lower() and "digest: " in out and "mu_star" in out


def test_a_comparison_takes_a_precision(run):
    words = ("compare", "tiny", "--strategies", "mass", "--replicates", "4", "--json")
    status, out, _ = run(*words, "--precision", "profit=100%", "--max-replicates", "40")
    document = json.loads(out)
    assert status == 0 and document["replicates"] == document["precision"]["replicates"]


def test_the_mean_of_a_strategy_and_steins_two_stages_are_asked_for_too(run, tmp_path):
    words = (
        "compare",
        "tiny",
        "--strategies",
        "mass",
        "--replicates",
        "4",
        "--json",
        "--max-replicates",
        "40",
    )
    status, out, _ = run(*words, "--precision", "sales@mass=60", "--precision-method", "stein")
    found = json.loads(out)["precision"]
    assert (
        status == 0
        and found["method"] == "stein"
        and [goal["of"] for goal in found["goals"]] == ["sales of mass"]
    )
    design = tmp_path / "prices.toml"
    design.write_text(
        '[experiment]\npurpose = "A test"\nscenario = "tiny"\nstrategies = ["none", "mass"]\nreplicates = 3\n'
        '[design]\nkind = "full_factorial"\n[[factors]]\npath = "brands.Ours.price"\nlevels = [9.0, 11.0]\n'
        'kind = "levels"\n'
    )
    words = ("sweep", str(design), "--threads", "1", "--precision", "sales@all=150", "--max-replicates", "60")
    status, out, _ = run(*words, "--json")
    document = json.loads(out)
    assert (
        status == 0 and document["is_complete"] and document["precision"]["targets"] == {"sales@all": "150"}
    )
    assert document["stored"] == 4 * document["precision"]["replicates"] > 12
    status, out, _ = run(*words, "--out", str(tmp_path / "out"))
    assert status == 0 and document["precision"]["sentence"] in out and document["digest"] in out
    status, _, err = run(*words[:4], "--precision", "sales@al=150")
    assert status == 2 and 'did you mean "all"' in err


def test_an_interrupted_study_says_what_is_kept_and_goes_on(run, tmp_path, monkeypatch):
    from simulator import engines

    place = tmp_path / "out"
    kept = place / "outcomes"
    simulate = engines.run_replicates

    def interrupted(*args, **kwargs):
        if kept.is_dir():
            raise KeyboardInterrupt
        return simulate(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(engines, "run_replicates", interrupted)
        status, out, err = run(*SELECT, "--out", str(place))
    assert status == 130 and out == "" and f"call again with --out {place}" in err and kept.is_dir()
    status, out, _ = run(*SELECT, "--out", str(place), "--json")
    assert status == 0 and kept.is_dir()
    assert json.loads(out)["digest"] == json.loads(run(*SELECT, "--json")[1])["digest"]


BAD = {
    "no indifference": (("select", "tiny"), "--indifference;"),
    "method": (("select", "tiny", "--indifference", "1", "--method", "kim"), "--method = 'kim'"),
    "sensitivity method": (("sensitivity", "tiny", "--method", "sobl"), 'did you mean "sobol"'),
    "factor": (("sensitivity", "tiny", "--factors", "p_stron"), "p_strong"),
    "points": (("sensitivity", "tiny", "--method", "sobol", "--points", "20"), "take 16 or 32"),
    "no factors": (("sensitivity", "tiny", "--method", "map"), "at least one factor"),
    "precision": (("compare", "tiny", "--precision", "profit"), "--precision: profit"),
    "most replicates of no precision": (
        ("compare", "tiny", "--max-replicates", "5"),
        "--max-replicates; expected --precision beside it",
    ),
    "method of no precision": (
        ("sweep", "nofile.toml", "--precision-method", "stein", "--engine", "xx"),
        "--precision-method; expected --precision beside it",
    ),
    "several of a sweep": (("sweep", "nofile.toml", "--engine", "xx"), "--engine = 'xx'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_with_status_2(run, name):
    words, told = BAD[name]
    status, out, err = run(*words)
    assert status == 2 and out == "" and told in err
