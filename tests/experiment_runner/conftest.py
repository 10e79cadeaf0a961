"""Makes the tools beside the tests importable, and a small experiment in the forms that they need."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from experiment_tools import DESIGN, MANY, ROOT  # noqa: E402

sys.path.insert(0, str(ROOT / "experiments" / "sweeps"))  # whose cluster on loopback is tried here too

from simulator.experiment.design_file import Design  # noqa: E402


@pytest.fixture
def design_file(tmp_path: Path) -> Path:
    """Return a design file with four points."""
    path = tmp_path / "four.toml"
    path.write_text(DESIGN.format(points=4))
    return path


@pytest.fixture
def design(design_file: Path) -> Design:
    """Return the design of that file."""
    return Design.load(design_file)


@pytest.fixture
def long_design_file(tmp_path: Path) -> Path:
    """Return a design file whose run takes a second or two, in many shards."""
    path = tmp_path / "many.toml"
    path.write_text(DESIGN.format(points=MANY))
    return path
