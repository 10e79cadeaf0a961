"""A small experiment on the smallest shipped scenario, and the command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

#: Points of a design whose run can be interrupted midway.
MANY = 32
ROOT = Path(__file__).resolve().parents[2]

DESIGN = """
[experiment]
purpose = "A test"
scenario = "minimal"
strategies = ["none", "mass"]
replicates = 3
seed = 5
metrics = ["profit", "sales", "adoption", "incremental_profit"]

[experiment.overrides]
"population.consumers" = 60

[design]
kind = "sobol"
points = {points}

[[factors]]
path = "brands.Ours.price"
name = "price"
kind = "uniform"
low = 8
high = 12

[[factors]]
kind = "prior"
parameter = "p_strong"
"""


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start the command line in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "simulator",
        *(str(argument) for argument in arguments),
        "--threads",
        "1",
    ]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
