"""The study of the launch runs, small, and its page shows what was recorded."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

RUN = Path(__file__).resolve().parents[2] / "experiments" / "launch" / "run.py"


@pytest.fixture(scope="module")
def study() -> ModuleType:
    spec = importlib.util.spec_from_file_location("launch_study", RUN)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_study_runs_small(study, tmp_path, capsys) -> None:
    study.main(["--replicates", "2", "--consumers", "200", "--out", str(tmp_path)])
    found = json.loads((tmp_path / "results.json").read_text())
    for row in found["strategies"]:
        if row["strategy"] != "none":
            assert sum(row["planned"].values()) == pytest.approx(1.0)
            assert sum(row["spent"].values()) == pytest.approx(1.0)
    assert [row["none"]["trial"] for row in found["coverage"]][-1] == 0.0
    assert "| social |" in capsys.readouterr().out
    assert (tmp_path / "adoption.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_shows_what_was_recorded(study) -> None:
    found = json.loads((RUN.parent / "results.json").read_text())
    assert study.answer(found) in (RUN.parent / "README.md").read_text()
