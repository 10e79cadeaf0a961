"""The study of calibration on known truths: it runs, and its README shows what was recorded."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pandas as pd
import pytest

RUN = Path(__file__).resolve().parents[2] / "experiments" / "calibration" / "recovery.py"


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("recovery_study", RUN)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_shows_what_was_recorded(study) -> None:
    stored = json.loads((RUN.parent / "recovery" / "results.json").read_text())
    rows = pd.read_csv(RUN.parent / "recovery" / "rows.csv")
    assert study.answer(stored) in (RUN.parent / "recovery" / "README.md").read_text()
    # another version of numpy may add up in another order
    found, recorded = (pd.DataFrame(results) for results in (study.summarize(rows), stored["results"]))
    pd.testing.assert_frame_equal(found, recorded, check_exact=False, rtol=1e-9)
    assert {row["method"] for row in stored["results"]} == {"table", "sequential"}


def test_recorded_intervals_hold_as_often_as_they_say(study) -> None:
    """Both parameters together, within 3.3 Monte Carlo errors; made half as wide, they do not."""
    rows = pd.read_csv(RUN.parent / "recovery" / "rows.csv")
    for method, part in rows.groupby("method"):
        n = part["truth"].nunique()
        for level in study.LEVELS:
            inside = part["share_below"].between((1 - level) / 2, (1 + level) / 2).mean()
            assert abs(inside - level) < 3.3 * (level * (1 - level) / n) ** 0.5, (method, level)
    narrow = pd.DataFrame(study.summarize(rows))["coverage_if_half_as_wide"].mean()
    assert narrow < 0.9 - 3.3 * (0.09 / (2 * rows["truth"].nunique())) ** 0.5


def test_a_truth_is_recovered_by_both_methods_and_the_study_goes_on(study, tmp_path) -> None:
    sizes = ["--table", "100", "--sequential", "150", "--out", str(tmp_path)]
    study.main(["--truths", "1", *sizes])
    first = pd.read_csv(tmp_path / "rows.csv")
    assert len(first) == 4 and set(first["method"]) == {"table", "sequential"}
    study.main(["--truths", "2", *sizes])
    both = pd.read_csv(tmp_path / "rows.csv")
    assert len(both) == 8 and both.iloc[:4].equals(first) and both["value"].nunique() == 4
    with pytest.raises(SystemExit, match="other numbers of simulations"):
        study.main(["--truths", "2", "--table", "120", "--sequential", "150", "--out", str(tmp_path)])
