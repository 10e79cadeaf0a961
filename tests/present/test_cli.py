"""The command line, on the smallest shipped scenario and with bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator import __version__
from simulator.present import cli

SMALL = ("tiny", "--replicates", "3", "--seed", "7")


def test_json_is_one_document_and_nothing_else(run, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run("compare", *SMALL, "--json")
    document = json.loads(out)
    assert status == 0 and err == ""
    assert document["seed"] == 7 and document["replicates"] == 3 and document["engine"] == "numba"
    wanted = {
        "scenario",
        "seed",
        "replicates",
        "engine",
        "trajectory_version",
        "digest",
        "strategies",
        "differences",
    }
    assert wanted | {"verdict"} <= set(document)
    profit = document["strategies"]["mass"]["profit"]
    assert {"mean", "half_width", "q05", "q50", "q95"} <= set(profit)
    assert isinstance(document["verdict"], str)
    assert list(tmp_path.iterdir()) == []


def test_results_are_written_and_repeated_with_the_same_digest(run, tmp_path) -> None:
    folder = tmp_path / "out"
    status, out, _ = run("compare", *SMALL, "--strategies", "mass", "--out", str(folder))
    assert status == 0
    digest = json.loads((folder / "manifest.json").read_text())["digest"]
    assert digest in out and (folder / "report.html").is_file()
    status, out, _ = run("repeat", str(folder / "manifest.json"), "--json")
    assert status == 0 and json.loads(out)["digest"] == digest


def test_seed_zero_is_a_seed(run) -> None:
    _, out, _ = run("simulate", "tiny", "--strategy", "mass", "--replicates", "1", "--seed", "0", "--json")
    assert json.loads(out)["seed"] == 0


def test_consumers_keep_the_people_of_the_market(run) -> None:
    from simulator.scenario import load_scenario

    shipped = load_scenario("launch").population
    loaded = cli.load("launch", 500, None, lambda line: None).population
    assert loaded.consumers == 500
    before = shipped.consumers * shipped.people_per_consumer
    assert loaded.consumers * loaded.people_per_consumer == pytest.approx(before)


BAD = {
    "no such scenario": (("compare", "lanch"), "launch"),
    "unknown strategy": (("compare", *SMALL, "--strategies", "mas"), "mass"),
    "unknown engine": (("compare", *SMALL, "--engine", "nmba"), "numba"),
    "unknown key": (("compare", *SMALL, "--set", "comparison.buget=3"), "budget"),
    "out of range": (("compare", *SMALL, "--set", "horizon=-3"), "horizon"),
    "no replicate": (("compare", "tiny", "--replicates", "0"), "replicates"),
    "negative seed": (("compare", "tiny", "--seed", "-1"), "seed"),
    "no consumers": (("compare", "tiny", "--consumers", "0"), "consumers"),
    "missing file": (("check", "nowhere.toml"), "nowhere.toml"),
    "no manifest": (("repeat", "nowhere"), "manifest"),
    "unknown option": (("compare", "tiny", "--replikates", "3"), "--repl"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_ends_with_status_2_and_a_message(run, case, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    words, hint = BAD[case]
    status, out, err = run(*words)
    assert status == 2
    assert hint in err and "Traceback" not in err and out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_things_is_refused_before_anything_runs(run, tmp_path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    status, _, err = run("compare", *SMALL, "--out", str(tmp_path))
    assert status == 2 and str(tmp_path) in err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("kind", ["experiment", "selection", "trace"])
def test_results_of_another_kind_are_refused_before_anything_is_compiled(
    run, tmp_path, kind, monkeypatch
) -> None:
    monkeypatch.setattr(cli, "announce_compilation", lambda *_: pytest.fail("compiled"))
    manifest = {"format": "consumer-market-simulator results", "layout": 1, "kind": kind, "seed": 1}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    status, out, err = run("repeat", str(tmp_path))
    assert status == 2 and out == "" and "Traceback" not in err
    assert f"results of another kind ({kind})" in err and "expected results of a comparison" in err


def test_checking_reports_every_fault_of_every_file(run, tmp_path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("horizon = -1\nburn_in = 'x'\n")
    status, out, err = run("check", "launch", str(bad))
    assert status == 2 and "no fault" in out
    assert "horizon" in err and "burn_in" in err


def test_listing_versions_and_schema(run) -> None:
    assert "launch" in run("scenarios")[1]
    assert run("--version")[1].strip() == __version__
    assert json.loads(run("check", "--schema")[1])["type"] == "object"
    status, out, _ = run("warmup")
    assert status == 0 and Path(out.split(", in ")[1].strip()).is_dir()


def test_every_help_shows_what_stands_in_brackets(run, monkeypatch) -> None:
    import typer.main

    commands = typer.main.get_command(cli.app).commands
    assert len(commands) >= 17
    n_brackets = 0
    for name, command in commands.items():
        shown = "".join(run(name, "--help")[1].split())
        for parameter in command.params:
            text = "".join((getattr(parameter, "help", "") or "").split())
            n_brackets += "[" in text
            assert text in shown, (name, parameter.name)
    assert n_brackets > 30
    monkeypatch.setenv("COLUMNS", "110")
    assert "..." not in run("--help")[1].split("Commands:")[1], "every verb is described in full"


def test_an_interruption_is_said_in_one_line(run, monkeypatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "load", interrupt)
    status, _, err = run("compare", "tiny")
    assert status == 130 and "interrupted" in err and "Traceback" not in err
