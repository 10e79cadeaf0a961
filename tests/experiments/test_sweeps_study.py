"""The study of a killed sweep, on a small size."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "experiments" / "sweeps" / "run.py"


def loaded(file: Path) -> ModuleType:
    """Return a file of the study as a module."""
    spec = importlib.util.spec_from_file_location(f"sweeps_{file.stem}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_killed_sweep_has_the_same_shards_and_digest(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.syspath_prepend(STUDY.parent)
    study = loaded(STUDY)
    design = tmp_path / "small.toml"
    design.write_text(
        study.DESIGN.read_text()
        .replace("points = 256", "points = 16")
        .replace('scenario = "launch"', 'scenario = "launch"\nstrategies = ["none", "mass"]')
    )
    words = [
        "--design",
        str(design),
        "--consumers",
        "200",
        "--replicates",
        "4",
        "--kills",
        "1",
        "--threads",
        "1",
    ]
    study.main([*words, "--out", str(tmp_path / "out")])
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [call["killed"] for call in found["disturbed"]] == [True, False]
    assert found["same_digest"] and found["same_shards"] == found["store"]["shards"] == 16
    assert found["store"]["rows"] == 2 * 16 * 4
    assert len(found["queries"]) == len(study.QUERIES)
    assert sum(row["wins"] for row in found["winners"]) == 16
    assert "| same digest | yes |" in capsys.readouterr().out


def test_the_readme_has_what_was_measured() -> None:
    stored = STUDY.parent / "results.json"
    readme = (STUDY.parent / "README.md").read_text()
    found = json.loads(stored.read_text())
    assert found["same_digest"] is not False
    assert found["same_shards"] == found["undisturbed"]["shards_stored"]
    assert f"{found['store']['rows']:,} rows" in readme


def test_a_verb_that_is_ended_says_how_long_it_took_and_ends_at_the_same_digest(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.syspath_prepend(STUDY.parent)
    endings = loaded(STUDY.parent / "endings.py")
    monkeypatch.setattr(endings, "SIGNALS", {"SIGTERM": 15})
    monkeypatch.setattr(endings, "unheld", lambda measure: measure())
    [row] = endings.measure_endings(tmp_path, "sweep", 1, seed=2, n_shards=32)
    assert row["same_digest"] and row["again_returned"] == 0
    # ended by the command itself, by the interpreter on an interrupt (a shell says 130 for both), or while it starts
    assert row["seconds_to_end"] is None or row["returned"] in (130, -2, -15)


def test_the_readme_has_the_limits_that_were_measured(monkeypatch) -> None:
    monkeypatch.syspath_prepend(STUDY.parent)
    limits = loaded(STUDY.parent / "limits.py")
    found = json.loads((STUDY.parent / "limits.json").read_text())
    assert limits.answer(found) in (STUDY.parent / "README.md").read_text()
    assert found["overhead"]["same_digest"]
    assert all(row["same_digest"] for rows in found["endings"].values() for row in rows)
