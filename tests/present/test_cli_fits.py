"""The verbs ``bass`` and ``hazard`` write their answers into a folder."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import simulator as sim
from simulator.errors import StoreError
from simulator.present.cli_places import study_place

SALES = [96, 195, 238, 380, 1045, 1230, 1267, 1828, 1586, 1673, 1800, 1580, 1500]


@pytest.fixture
def sales(tmp_path):
    place = tmp_path / "sales.csv"
    pd.DataFrame({"adopters": SALES}).to_csv(place, index=False)
    return place


def call(monkeypatch, capsys, *words: object) -> str:
    from simulator.present import cli

    monkeypatch.setattr("sys.argv", ["simulator", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert not stop.value.code, capsys.readouterr().err
    return capsys.readouterr().out


def test_bass_writes_its_fits_with_forecast_and_figures(monkeypatch, capsys, sales, tmp_path) -> None:
    out = tmp_path / "fit"
    words = ("bass", sales, "--estimator", "all", "--forecast", 3, "--out", out)
    printed = call(monkeypatch, capsys, *words)
    assert f"results: {out}" in printed
    found = json.loads((out / "result.json").read_text())
    fits = pd.read_csv(out / "fits.csv")
    assert set(fits["estimator"]) == {"ols", "nls", "mle"} == {fit["estimator"] for fit in found["fits"]}
    direct = sim.bass(str(sales), estimator="nls")
    assert fits.query("estimator == 'nls'")["estimate"].tolist() == pytest.approx(
        [direct.p, direct.q, direct.m]
    )
    forecast = pd.read_csv(out / "forecast.csv").query("estimator == 'nls'")
    assert forecast["adopters"].tolist() == pytest.approx(direct.forecast(3)["adopters"].tolist())
    assert (out / "mle.png").read_bytes().startswith(b"\x89PNG")
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["kind"] == "bass fit" and manifest["digest"] == found["digest"]
    assert set(manifest["files"]) == {
        "result.json",
        "fits.csv",
        "forecast.csv",
        "ols.png",
        "nls.png",
        "mle.png",
    }
    document = json.loads(call(monkeypatch, capsys, *words, "--json"))
    assert document["digest"] == found["digest"]


def test_bass_by_all_estimators_shows_those_that_fit(monkeypatch, capsys, tmp_path) -> None:
    """Growth that does not slow has a curve by least squares, and none by maximum likelihood."""
    series, out = tmp_path / "sales.csv", tmp_path / "fit"
    pd.DataFrame({"adopters": [10, 12, 15, 18, 22, 27, 33, 40]}).to_csv(series, index=False)
    words = ("bass", series, "--estimator", "all", "--forecast", 2)
    printed = call(monkeypatch, capsys, *words, "--out", out)
    assert "No fit by maximum likelihood" in printed and "p = 0.00084" in printed
    found = json.loads((out / "result.json").read_text())
    assert [fit["estimator"] for fit in found["fits"]] == ["ols", "nls"]
    assert list(found["failed"]) == ["mle"] and "a series that bends" in found["failed"]["mle"]
    assert not (out / "mle.png").exists() and (out / "nls.png").exists()
    assert set(pd.read_csv(out / "forecast.csv")["estimator"]) == {"ols", "nls"}


def test_bass_fails_where_every_estimator_that_was_asked_for_does(run, tmp_path) -> None:
    series = tmp_path / "sales.csv"
    pd.DataFrame({"adopters": [100, 101, 99, 100, 102, 98, 100, 101]}).to_csv(series, index=False)
    for estimator, names in (("all", ("ols", "nls", "mle")), ("ols", ("ols",))):
        status, out, err = run("bass", str(series), "--estimator", estimator)
        assert (status, out) == (2, "") and all(f"bass(estimator='{name}')" in err for name in names)
        assert err.count("bass(estimator") == len(names)
    pd.DataFrame({"adopters": [5] * 8}).to_csv(series, index=False)
    assert run("bass", str(series), "--estimator", "all")[2].count("5 in each of 8 periods") == 1


def test_hazard_writes_scores_and_the_forecast(monkeypatch, capsys, tmp_path) -> None:
    rng = np.random.default_rng(1)
    people = pd.DataFrame({"node": range(60), "toa": rng.integers(1, 12, 60), "village": np.arange(60) % 3})
    ties = pd.DataFrame({"who": rng.integers(0, 60, 150), "names": rng.integers(0, 60, 150)})
    ties = ties[ties["who"] != ties["names"]].drop_duplicates()
    people.to_csv(tmp_path / "people.csv", index=False)
    ties.to_csv(tmp_path / "ties.csv", index=False)
    words = ["hazard", tmp_path / "ties.csv", "--nodes", tmp_path / "people.csv", "--periods", 10]
    words += ["--fit", 6, "--group", "village"]
    out = tmp_path / "study"
    printed = call(monkeypatch, capsys, *words, "--out", out)
    found = json.loads((out / "result.json").read_text())
    assert f"results: {out}" in printed and found["digest"] in printed
    scores = pd.read_csv(out / "scores.csv")
    assert "network" in set(scores["forecast"]) and len(scores) == len(found["scores"])
    assert (out / "forecast.png").read_bytes().startswith(b"\x89PNG")
    occupied = tmp_path / "occupied"
    occupied.mkdir()
    (occupied / "mine.txt").write_text("mine")
    with pytest.raises(StoreError, match="other content"):
        study_place(occupied, "hazard", {})
