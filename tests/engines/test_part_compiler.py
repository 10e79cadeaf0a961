"""Parts compile with any numba; numba's own settings are left as they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numba
import pytest

PACKAGE = Path(__file__).parents[2]
PROGRAM = """
import sys
if {blocked}:
    sys.modules["simulator.part_compiler"] = None
import numba, numpy as np
before = numba.config.CACHE_DIR
from simulator import compiled
assert bool(compiled._PIPELINE) == (not {blocked})

@compiled.part
def half(x):
    return x * np.float32(0.5)

@compiled.subframe
def quarter(x):
    return half(half(x))

@compiled.frame
def fill(out):
    for i in range(out.size):
        out[i] = half(np.float32(i)) + quarter(np.float32(i))

out = np.zeros(5, np.float32)
fill(out)
assert numba.config.CACHE_DIR == before
print(out.tolist())
"""


@pytest.mark.parametrize("blocked", [False, True])
def test_parts_compile_with_and_without_what_numba_does_not_publish(tmp_path: Path, blocked: bool) -> None:
    script = tmp_path / "program.py"
    script.write_text(PROGRAM.format(blocked=blocked))
    environment = {"SIMULATOR_CACHE": str(tmp_path), "PYTHONPATH": str(PACKAGE), "HOME": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False
    )
    assert result.stdout == "[0.0, 0.75, 1.5, 2.25, 3.0]\n", result.stderr


def test_importing_leaves_the_settings_of_numba_alone() -> None:
    import simulator.engines  # noqa: F401, PLC0415

    assert "consumer-market-simulator" not in str(numba.config.CACHE_DIR)
