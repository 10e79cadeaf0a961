"""The study of the number of consumers runs, small, and its README shows what was recorded."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "experiments" / "launch"


def study() -> ModuleType:
    spec = importlib.util.spec_from_file_location("launch_size", STUDY / "size.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_readme_shows_the_recorded_table() -> None:
    table = pd.read_csv(STUDY / "size.csv")
    assert study().answer(table) in (STUDY / "README.md").read_text(encoding="utf-8")


def test_recorded_answer_is_the_same_at_every_size_where_the_limit_binds_and_is_not_where_it_does_not() -> (
    None
):
    table = pd.read_csv(STUDY / "size.csv").query("quantity == 'social - none'").set_index("limit")

    def spread(rows: pd.DataFrame) -> float:
        """Return how far apart the means lie, in their largest half-width."""
        return float((rows["mean"].max() - rows["mean"].min()) / rows["half_width"].max())

    default = table.loc["300 (default)"]
    assert spread(table.loc["90"]) < 2
    assert spread(default[default["consumers"] >= 10_000]) < 2
    assert spread(default) > 5


def test_one_market_of_the_study_gives_its_quantities() -> None:
    module = study()
    rows = pd.DataFrame(module.rows_of(module.compare(300, 40, 300), 300, "40"))
    assert list(rows["quantity"]) == [*module.GAINS, "community under social", "messages under social"]
    assert rows["half_width"].gt(0).all()
    assert rows["replicates"].eq(40).all()
