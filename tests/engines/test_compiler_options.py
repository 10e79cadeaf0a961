"""The options under which kernels are compiled are those of nobody else's functions."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import re
import numba
import numpy as np

def assembly():
    @numba.njit
    def summed(values):
        total = np.float32(0.0)
        for k in range(values.size):
            values[k] = values[k] * np.float32(2.0) + np.float32(1.0)
        return total
    summed(np.ones(3, np.float32))
    text, = summed.inspect_asm().values()
    lines = [line for line in text.splitlines() if line.startswith("\\t") and not line.startswith("\\t.")]
    return [re.sub(r"[\\w$.]*(?:summed|numba|NRT|const)[\\w$.]*", "", line) for line in lines]

before = assembly()
from simulator.compiled import binding, called_from_python
from simulator.model.mathematics import exponential

called_from_python(exponential)(np.float32(1.0))
after = assembly()
binding.set_option("", "-force-vector-interleave=1")
other = assembly()
mnemonics = [[line.split()[0] for line in text] for text in (before, after, other)]
print(mnemonics[0] == mnemonics[1], mnemonics[0] != mnemonics[2])
"""


def test_other_functions_are_compiled_as_without_this_package(tmp_path: object) -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    # the second says that an option would have been seen
    assert run.stdout.split() == ["True", "True"]
