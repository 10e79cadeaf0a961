"""Files that users bring: what spreadsheets write is read, what is ambiguous is refused where it stands."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

import simulator as sim
from simulator.experiment.adoption_series import read_series
from simulator.experiment.table_file import read_table

SALES = [840, 1470, 2110, 4000, 7590, 10950, 10530]
YEARS = range(1980, 1987)


def written(folder: Path, lines: list[str], name: str = "sales.csv", encoding: str = "utf-8") -> Path:
    (folder / name).write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return folder / name


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_spreadsheets_write_is_read(tmp_path: Path, separator: str, encoding: str) -> None:
    lines = [f"year{separator}sales", *(f"{y}{separator}{n}" for y, n in zip(YEARS, SALES, strict=True))]
    series = read_series(written(tmp_path, ["# a comment", "", *lines], encoding=encoding))
    assert series.values.tolist() == SALES and series.labels == tuple(map(str, YEARS))


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_bytes(gzip.compress(b"sales\n" + "\n".join(map(str, SALES)).encode()))
    assert read_series(tmp_path / "sales.csv").values.tolist() == SALES


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["year,sales", "1980,5", "1981,6", "1983,9", "1984,7"], ["line 4: year = 1983 after 1981"]),
        (["month,sales", "2024-01,5", "2024-02,6", "2024-04,9", "2024-05,7"], ["2024-04 after 2024-02"]),
        (["year,sales", "1980,5", "1980,6", "1981,9", "1982,7"], ["1980 after 1980"]),
        (["year,sales", "1980,5", '1981,"1,006"', "1982,abc", "1983,"], ["line 3", "line 4", "line 5"]),
        (["year;sales", "1980;5,5", "1981;6,1"], ["line 2: sales = '5,5'", "line 3: sales = '6,1'"]),
        (["year;sales", "1980,5", "1981;6"], ["line 2 = 1 column;"]),
        (["sales", "1,2", "4,5,6"], ["line 2 = 2 columns", "line 3 = 3 columns"]),
        (["5", "6", "7", "9"], ["line 1 = 5; expected a line of column names"]),
        (["sales,sales", "5,6"], ["2 columns sales"]),
        (["year,cumulative", "1980,5", "1981,6"], ["adopters of each period alone"]),
        (["sales", "-5", "inf", "4"], ["line 2: sales = -5", "line 3: sales = inf"]),
        ([""], ["which is empty"]),
    ],
)
def test_faults_say_where(tmp_path: Path, lines: list[str], told: list[str]) -> None:
    with pytest.raises(sim.ScenarioError) as error:
        read_series(written(tmp_path, lines))
    for words in told:
        assert words in str(error.value)
    assert len(error.value.faults) >= len(told)


def test_a_column_of_text_is_not_passed_over_for_the_years(tmp_path: Path) -> None:
    """The years are the only numbers of this file; a fit to them would look fine."""
    file = written(tmp_path, ["label,units", *(f"{y},{n} k" for y, n in zip(YEARS, SALES, strict=True))])
    with pytest.raises(sim.ScenarioError, match="a numeric column of adopters"):
        sim.bass(file)
    with pytest.raises(sim.ScenarioError, match="line 2: units = '840 k'"):
        sim.bass(file, column="units")


def test_latin_text_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(sim.ScenarioError, match="line 2 = bytes that are no UTF-8.*CSV UTF-8"):
        read_table(written(tmp_path, ["sales,place", "5,Köln"], encoding="latin-1"), "series")


def test_many_faulty_rows_are_counted(tmp_path: Path) -> None:
    with pytest.raises(sim.ScenarioError, match="15 more such lines"):
        read_table(written(tmp_path, ["a,b", *["1"] * 20]), "series")


def test_equal_periods_of_unequal_length_are_no_gaps() -> None:
    months = pd.DataFrame({"date": pd.date_range("2023-11-01", periods=7, freq="MS"), "sales": SALES})
    assert read_series(months).values.tolist() == SALES
    with pytest.raises(sim.ScenarioError, match="2024-03-01"):
        read_series(months.drop(index=3))
    assert read_series(months[["sales"]].drop(index=3)).labels[0] == "1"


def test_months_of_several_years_are_no_gaps() -> None:
    months = [11, 12, 1, 2, 3, 4, 5]
    years = [2023, 2023, *[2024] * 5]
    assert read_series(pd.DataFrame({"month": months, "sales": SALES})).labels[2] == "1"
    both = pd.DataFrame({"year": years, "month": months, "units": SALES})
    assert read_series(both).labels[1:3] == ("2023-12", "2024-1")
    with pytest.raises(sim.ScenarioError, match="5 after 3"):
        read_series(pd.DataFrame({"month": [1, 2, 3, 5, 6], "sales": SALES[:5]}))


def test_estimates_and_people_are_read_as_strictly(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("effect,value\ntv,5\n")
    estimates = written(tmp_path, ["effect;estimate", "tv;4,5"], "estimates.csv")
    with pytest.raises(sim.ScenarioError, match="estimate = '4,5'"):
        sim.score_estimates(estimates, tmp_path)
    edges = written(tmp_path, ["from,to", "1,2", "2,3"], "edges.csv")
    people = written(tmp_path, ["node,toa", "1,1", "2,2", "2,3", "3,9"], "people.csv")
    with pytest.raises(sim.ScenarioError, match="2 more than once"):
        sim.study_network(edges, people, n_periods=3)


@pytest.mark.parametrize(
    ("call", "place"),
    [
        (lambda town: sim.bass("x" * 300), "a CSV file that exists"),
        (lambda town: sim.calibrate(town, ["p_weak"], targets=5), "a mapping from metrics to values"),
        (
            lambda town: sim.calibrate(town, ["p_weak"], series=[1, 2], measurement_error="a"),
            "measurement_error",
        ),
        (lambda town: sim.score_estimates({"effect": ["tv"], "estimate": [1]}, None), "folders by data set"),
        (lambda town: sim.export(town, ["mass"]), "the name of one strategy"),
        (lambda town: sim.export(town, "mass", variation="x", share=None), "a share between 0 and 1"),
        (lambda town: sim.export(town, "mass", kind="ab_test", start_week="x"), "a week of the horizon"),
        (lambda town: sim.optimize(town, "social", n_evaluation="x", confidence="x"), "0.5 or more"),
    ],
)
def test_values_of_the_wrong_kind_are_faults(call, place: str) -> None:
    with pytest.raises(sim.ScenarioError, match=place):
        call(sim.load_scenario("classroom"))


def test_faults_of_people_and_ties_name_their_lines(tmp_path: Path) -> None:
    edges = written(tmp_path, ["from,to", "1,2", "2,77"], "edges.csv")
    people = written(tmp_path, ["node,toa", "1,never", "2,-4", "3,2.5", "4,", "5,9"], "people.csv")
    with pytest.raises(sim.ScenarioError) as error:
        sim.study_network(edges, people, n_periods=5, group="village")
    told = [str(fault) for fault in error.value.faults]
    for words in ("'village'", "line 2: toa = 'never'", "line 3: toa", "line 4: toa", "77"):
        assert any(words in fault for fault in told), words
    assert len(told) == 5
    with pytest.raises(sim.ScenarioError) as error:
        sim.study_network(tmp_path / "a", tmp_path / "b", n_periods=5, influence="x", form="y", fit_until=9)
    assert len(error.value.faults) == 5


ROWS = {
    "row numbers of pandas": (",year,sales\n0,2001,5\n1,2002,6\n", (2, 3)),
    "row numbers of R": ('"","year","sales"\n"1",2001,5\n"2",2002,6\n', (2, 3)),
    "empty columns and rows of a spreadsheet": ("year,sales,\n2001,5,\n2002,6,\n,,\n", (2, 3)),
    "comments and empty lines": ("# of, what\nyear,sales\n\n2001,5\n# then\n2002,6\n", (4, 6)),
    "the separator in a line of its own": ("sep=;\nyear;sales\n2001;5\n2002;6\n", (3, 4)),
}


@pytest.mark.parametrize("kind", ROWS)
def test_what_common_programs_write_is_read(tmp_path, kind: str) -> None:
    text, lines = ROWS[kind]
    (tmp_path / "sales.csv").write_text(text)
    found = read_table(tmp_path / "sales.csv", "bass")
    assert found.table.to_dict("list") == {"year": [2001, 2002], "sales": [5, 6]} and found.lines == lines


def test_names_may_have_line_breaks_and_separators_inside_quotation_marks(tmp_path) -> None:
    (tmp_path / "a.csv").write_text('year;"sales, or\nadopters"\n2001;5\n')
    found = read_table(tmp_path / "a.csv", "bass")
    assert found.table.to_dict("list") == {"year": [2001], "sales, or\nadopters": [5]} and found.lines == (3,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('sales,name\n5,"abc\n6,def\n7,"x\n8,y\n', "line 2"),
        ('sales,name\n5,"abc\n6,def\n', "line 2 = unexpected end"),
        ('sales,name\n5,a\n6,"x\ny"\n7,z\n', "line 3 = a line break inside quotation marks"),
        ("sales,name\n5," + "x" * 200_000 + "\n", "line 2 = field larger"),
        (",sales\n7,1\n9,2\n", "a column without a name"),
    ],
    ids=["stray", "open", "broken", "long", "nameless"],
)
def test_no_row_is_lost_in_quotation_marks(tmp_path, text: str, said: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(sim.ScenarioError) as raised:
        read_table(tmp_path / "a.csv", "bass")
    assert said in str(raised.value)
