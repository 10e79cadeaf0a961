"""Makes the tools beside the tests importable, and compiles every rule for its declared types."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def rules_for_python() -> None:
    """Let rules take Python numbers with the bits that they have in a kernel."""
    import model_tools  # noqa: F401

    from simulator.compiled import compile_rules_for_python

    compile_rules_for_python()
