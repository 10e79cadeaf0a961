"""The generator's published vectors, and compiled code against the same functions as plain Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from model_tools import PACKAGE
from plain_run import FUNCTIONS, everything

#: Random123 distribution, known-answer tests of Philox4x32-10 (Salmon et al. 2011).
VECTORS = [
    [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8],
    [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD],
    [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
]


@pytest.fixture(scope="module")
def compiled() -> dict[str, Any]:
    return everything()


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    script = Path(__file__).parent / "plain_run.py"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, str(script)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def test_published_vectors_compiled(compiled: dict[str, Any]) -> None:
    assert compiled["philox"] == VECTORS


def test_published_vectors_as_plain_python(plain: dict[str, Any]) -> None:
    assert not plain["is_compiled"]
    assert plain["philox"] == VECTORS


def test_number_of_rounds_matters(plain: dict[str, Any]) -> None:
    assert plain["philox with 7 rounds"] == [0x5F6FB709, 0x0D893F64, 0x4F121F81, 0x4F730A48]


@pytest.mark.parametrize("what", [*FUNCTIONS, "rules"])
def test_plain_python_has_the_same_bits(compiled: dict[str, Any], plain: dict[str, Any], what: str) -> None:
    assert len(compiled[what]) > 100
    assert compiled[what] == plain[what]
