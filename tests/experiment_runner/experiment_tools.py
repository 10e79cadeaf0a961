"""A small experiment on the smallest shipped scenario, and the command line in a process of its own."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from simulator.experiment.tasks import Result, Task, run_task
from simulator.scenario import Scenario

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


class Losing:
    """A pool whose worker dies on the tasks of chosen points, every time or for some time; it lists these tasks."""

    is_remote = True
    lost = (BrokenProcessPool,)
    gone: tuple[type[BaseException], ...] = ()
    n_workers = 1

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        deadly: set[int],
        n_deaths: float = math.inf,
        lost: list[Task] | None = None,
    ) -> None:
        self.scenarios, self.deadly, self.left = scenarios, deadly, n_deaths
        self.tasks = [] if lost is None else lost

    def submit(self, task: Task) -> Future[Result]:
        future: Future[Result] = Future()
        if task.point in self.deadly and self.left > 0:
            self.left -= 1
            self.tasks.append(task)
            future.set_exception(BrokenProcessPool("killed"))
        else:
            future.set_result(run_task(self.scenarios, task))
        return future

    def renew(self) -> None:
        pass

    def close(self, *, at_once: bool) -> None:
        pass
