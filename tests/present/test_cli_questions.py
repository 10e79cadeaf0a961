"""What the command line answers about a stored sweep: differences, who wins where, and where somebody loses."""

from __future__ import annotations

import json
import sys
import tomllib

import pytest

import simulator as sim
from simulator.experiment.design_file import Design
from simulator.present import cli

DESIGN = """
[experiment]
purpose = "A test"
scenario = "minimal"
strategies = ["none", "mass"]
replicates = 4
metrics = ["profit", "cost_per_incremental_buyer"]
[experiment.overrides]
"population.consumers" = 60
[design]
kind = "sobol"
points = 8
[[factors]]
path = "brands.Ours.price"
name = "price"
kind = "uniform"
low = 4
high = 12
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> sim.Results:
    place = tmp_path_factory.mktemp("swept") / "store"
    return sim.sweep(Design.from_dict(tomllib.loads(DESIGN)), out=place, threads=1)


@pytest.fixture
def ask(monkeypatch, capsys, swept: sim.Results):
    """Ask the stored sweep; return exit status, standard output and standard error."""

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["simulator", "results", str(swept.folder), *words])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return call


def test_differences_are_those_of_the_results(ask, swept: sim.Results) -> None:
    status, out, _ = ask("--differences", "--json")
    document = json.loads(out)
    assert status == 0 and document["metric"] == "profit" and document["digest"] == swept.digest
    frame = swept.to_dataframe().pivot(index=["point", "replicate"], columns="strategy", values="profit")
    means = (frame["mass"] - frame["none"]).groupby("point").mean()
    assert [row["mean"] for row in document["rows"]] == pytest.approx(list(means))
    turned = json.loads(ask("--differences", "--baseline", "mass", "--json")[1])["rows"]
    assert [row["mean"] for row in turned] == pytest.approx(list(-means))
    assert "excludes_zero" in ask("--differences")[1]


@pytest.mark.parametrize("metric", ["profit", "cost_per_incremental_buyer"])
def test_regimes_are_those_of_the_results(ask, swept: sim.Results, metric: str) -> None:
    status, out, _ = ask("--regimes", "--metric", metric, "--json")
    document, found = json.loads(out), swept.regimes(metric)
    assert status == 0
    assert [row["wins"] for row in document["strategies"]] == list(found.by_strategy().wins)
    assert len(document["points"]) == 16
    assert set(found.sentences) == set(document["sentences"])
    assert "wins" in ask("--regimes", "--metric", metric)[1]


def test_estimates_come_with_who_is_best_where(ask, swept: sim.Results) -> None:
    """Rows of estimates answer no question of a strategist; sentences before them do."""
    _, out, _ = ask()
    told = swept.regimes("profit").sentences
    assert told[0] in out and out.index(told[-1]) < out.index("strategy  ")
    assert json.loads(ask("--json")[1])["standing"] == list(told)
    assert "currency" not in out and "EUR" in ask("--differences")[1]
    assert json.loads(ask("--differences", "--json")[1])["rows"][0]["unit"] == "currency"
    status, out, _ = ask("--metric", "cost_per_incremental_buyer")
    assert status == 0 and told[0] not in out


def test_boxes_are_those_of_the_results(ask, swept: sim.Results) -> None:
    status, out, _ = ask("--discover", "mass", "--against", "none", "--wins", "--json")
    document, found = json.loads(out), swept.discover("mass", "none", wins=True)
    assert status == 0 and document["n_cases"] == found.n_cases
    assert document["boxes"] == found.to_json_document()["boxes"]
    assert "cases among 8 points" in ask("--discover", "mass")[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("--differences", "--regimes", "--discover", "mass"),
            ["--differences --regimes --discover = 3 questions; expected one at a time"],
        ),
        (
            ("--check", "--sql", "SELECT 1", "--metric", "profit", "--block", "select"),
            ["--check --sql = 2 questions", "--metric = beside --check and --sql", "--block = beside"],
        ),
        (
            ("--baseline", "mass", "--against", "none", "--wins"),
            [
                "--baseline = alone; expected --differences or --effects",
                "--against = alone; expected --discover",
                "--wins = alone; expected --discover",
            ],
        ),
        (("--regimes", "--wins"), ["--wins = beside --regimes; expected --discover"]),
        (
            ("--sql", "SELECT 1", "--block", "select"),
            ["--block = beside --sql; expected no question or --differences or --effects or --regimes"],
        ),
    ],
)
def test_options_that_would_be_ignored_are_refused(ask, words, told) -> None:
    status, out, err = ask(*words)
    assert (status, out) == (2, "")
    assert len([line for line in err.splitlines() if "; expected" in line]) == len(told), err
    assert all(text in err for text in told), err


def test_an_unknown_metric_is_told_by_its_option_and_the_nearest_names(ask) -> None:
    """Also an empty name, which is not the default."""
    for words in (
        ("--metric", "foo"),
        ("--json", "--metric", "foo"),
        ("--metric="),
        ("--regimes", "--metric="),
    ):
        status, _, err = ask(*((words,) if isinstance(words, str) else words))
        assert status == 2 and err.startswith("--metric = "), err
        assert len(err) < 300 and "did you mean" not in err


def test_an_unknown_strategy_is_told(ask) -> None:
    status, out, err = ask("--discover", "mas", "--json")
    assert (status, out) == (2, "") and 'did you mean "mass"?' in err


@pytest.mark.parametrize("text", ["", " ", "-- nothing"])
def test_a_query_that_asks_nothing_is_told(ask, text: str) -> None:
    pytest.importorskip("duckdb")
    status, _, err = ask("--sql", text)
    assert status == 2 and "expected a query over the tables" in err and "select strategy" in err
