"""The study of the procedures of selection, on a small size."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from simulator.experiment.selection_document import RIGHT_UNDER_RARE_LUCK

RUN = Path(__file__).resolve().parents[2] / "experiments" / "selection" / "run.py"


def test_the_study_runs_and_its_readme_has_its_measurements(tmp_path, capsys) -> None:
    spec = importlib.util.spec_from_file_location("selection_study", RUN)
    assert spec is not None and spec.loader is not None
    study = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(study)
    study.main(["--macro", "3", "--population", "600", "--levels", "0", "--out", str(tmp_path)])
    found = json.loads((tmp_path / "results.json").read_text())
    assert {row["law"] for row in found["selection"]} == {*study.LAWS, "classroom"}
    assert "Kim & Nelson" in capsys.readouterr().out
    stored = json.loads((RUN.parent / "results.json").read_text())
    readme = (RUN.parent / "README.md").read_text()
    assert all(line in readme for line in study.answer(stored).splitlines())
    rates = {(row["law"], row["procedure"]): row["right"] for row in stored["selection"]}
    least = 0.95 - 3.3 * (0.0475 / stored["macro_replications"]) ** 0.5
    assert min(rate for (_, name), rate in rates.items() if name == "Kim & Nelson") >= least
    assert rates["slippage, k = 5", "reckless (negative control)"] < least
    assert [row["first_stage"] for row in found["rare"]] == [10, 60] * 4
    for first, (low, high) in RIGHT_UNDER_RARE_LUCK.items():
        rare = [row["right"] for row in stored["rare"] if row["first_stage"] == first]
        assert (round(min(rare), 2), round(max(rare), 2)) == (low, high)
