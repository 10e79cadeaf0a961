"""Pages of calibrations and optimizations: they answer, stand alone, and their commands repeat them."""

from __future__ import annotations

import json
import re
import shlex
from html import escape, unescape

import numpy as np
import pytest

import simulator as sim
from simulator.present.report_fitting import fitting_files, fitting_page

COMMANDS = {
    "calibrate": "calibrate tiny --free brands.Ours.quality=-1:1 --free p_strong "
    "--target share_volume=0.4,0.05 --simulations 100 --seed 0",
    "optimize": "optimize tiny --strategy precision --bound 0=0.1:0.9 --vary brands.Ours.price=8:12 "
    "--vary 'strategies.precision.lines[0].creative=personal|brand' --set population.consumers=50 "
    "--first 4 --rounds 1 --batch 2 --replicates 2 --race 4 --evaluation 20 --seed 0",
}
FIGURES = {"calibrate": {"posterior", "prediction"}, "optimize": {"leads", "risk", "privacy"}}


@pytest.mark.parametrize("verb", COMMANDS)
def test_the_page_answers_and_its_command_repeats_it(run, tmp_path, verb) -> None:
    place = tmp_path / "out"
    status, out, err = run(*shlex.split(COMMANDS[verb]), "--json", "--out", str(place))
    assert (status, err) == (0, "")
    digest = json.loads(out)["digest"]
    page = (place / "report.html").read_text()
    assert json.loads((place / "result.json").read_text())["digest"] == digest
    assert {file.stem for file in (place / "figures").iterdir()} == FIGURES[verb]
    assert page.count("src='data:image/png;base64,") == len(FIGURES[verb])
    assert digest in page and "class='verdict'" in page
    assert not re.search(r"(src|href)=['\"](?!data:)", page) and "<script" not in page and "http" not in page
    [command] = [c for c in re.findall("<code>(.*?)</code>", page) if c.startswith("simulator ")]
    status, out, err = run(*shlex.split(unescape(command))[1:], "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["digest"] == digest, command
    before = {file: file.stat().st_mtime_ns for file in (place / "batches").iterdir()}
    status, out, _ = run(*shlex.split(COMMANDS[verb]), "--out", str(place))
    assert status == 0 and f"results: {place}, report.html is the page to open" in out
    assert {file: file.stat().st_mtime_ns for file in (place / "batches").iterdir()} == before
    assert (place / "report.html").read_text() == page


@pytest.fixture(scope="module")
def tiny():
    return sim.load_scenario("tiny")


def test_a_fit_says_what_it_leaves_open_and_how_it_forecasts(tiny, tmp_path) -> None:
    series = sim.simulate(tiny, "none", seed=9, n_replicates=1).series("first_purchases", brand="Ours")[0, 0]
    sizes = {"hold_out": 3, "n_simulations": 100, "n_checks": 40, "seed": 1}
    fit = sim.calibrate(tiny, {"brands.Ours.quality": (-1, 1)}, series=series, **sizes)
    assert fit.command is None, "the command line does not have 40 checks"
    assert "5 periods of first purchases" in fit.sentences[0]
    assert "3 periods held out" in fit.sentences[-1] and "carried forward" in fit.sentences[-1]
    files = fitting_files(fit)
    page = fitting_page(fit, {name: files[name] for name in files if name.endswith(".png")})
    assert "Periods held out" in page and escape(fit.sentences[0]) in page
    assert all(escape(text) in page for text in fit.warnings)
    assert sim.report(fit, tmp_path / "new").joinpath("report.html").is_file()
    again = sim.calibrate(
        tiny, {"brands.Ours.quality": (-1, 1)}, series=series, out=tmp_path / "new", **sizes
    )
    assert again.digest == fit.digest
    with pytest.raises(sim.StoreError, match="the folder of another question"):
        sim.report(sim.calibrate(tiny, ["p_strong"], series=series, **sizes), tmp_path / "new")


def test_an_impossible_observation_is_not_sold_as_a_fit(tiny) -> None:
    fit = sim.calibrate(
        tiny, {"brands.Ours.quality": (-1, 1)}, targets={"sales": 10**7}, n_simulations=100, seed=1
    )
    assert fit.doubts and fit.sentences[0].startswith("No market within the priors")


def test_a_plan_is_changed_only_if_that_is_better_beyond_chance_and_matters(tiny) -> None:
    sizes = {"n_first": 4, "n_rounds": 0, "n_replicates": 2, "n_race": 4, "n_evaluation": 20, "seed": 1}
    found = sim.optimize(tiny, "precision", frontier=False, **sizes)
    values = np.repeat(found.values[:1], len(found.plans), axis=0)
    noise = np.random.default_rng(1).normal(0, 10, values.shape)

    def told(gain: float, least: float = 0.0) -> str:
        shifted = values + noise
        shifted[0] += gain
        scenario = tiny.with_overrides({"comparison.minimum_effect": least})
        return sim.Optimization(**{**vars_of(found), "values": shifted, "scenario": scenario}).sentences[0]

    assert told(500.0).startswith('Change the plan of "precision" as it stands')
    assert told(0.0).startswith("Keep") and "not better beyond chance" in told(0.0)
    assert told(-500.0).startswith("Keep")
    assert "better by less than the 1,000 EUR that matter" in told(500.0, least=1000.0)
    assert not found.has_data_spend and "privacy" not in fitting_files(found)


def vars_of(found) -> dict[str, object]:
    """Return the fields of an optimization, without what it has worked out from them."""
    return {name: getattr(found, name) for name in found.__dataclass_fields__}
