"""Tables on a terminal: aligned, thousands apart, nothing where nothing is known; and numbers of things."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from simulator.outcomes.text_tables import cell, frame_rows, frame_text
from simulator.outcomes.wording import counted


def test_a_frame_is_aligned_with_thousands_and_without_nan() -> None:
    frame = pd.DataFrame(
        {
            "strategy": ["mass", "none"],
            "mean": [1234567.8, float("nan")],
            "n": [2000, 1],
            "best": [True, False],
        }
    )
    assert frame_text(frame).splitlines() == [
        "strategy       mean      n  best",
        "mass      1,234,568  2,000   yes",
        "none                     1",
    ]
    assert frame_text(frame, 1).count("\n") == 1 and frame_text(frame.head(0)) == "no rows"


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA, pd.NaT, False])
def test_nothing_is_shown_for_what_is_not_known(value) -> None:
    assert cell(value) == ""


def test_one_strategy_is_not_strategies() -> None:
    assert [counted(n, "strategy") for n in (0, 1, 2)] == ["0 strategies", "1 strategy", "2 strategies"]
    assert counted(1000, "person") == "1,000 people"


@pytest.mark.parametrize("moment", ["typer", "simulator.present.cli", "simulator.experiment.stopping"])
def test_an_interruption_while_the_program_loads_ends_it_quietly(moment) -> None:
    code = f"""
import builtins, sys
load = builtins.__import__
def interrupted(name, *rest, **more):
    if name == {moment!r}:
        raise KeyboardInterrupt
    return load(name, *rest, **more)
builtins.__import__ = interrupted
sys.argv = ["simulator", "scenarios"]
from simulator.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 130 and "Traceback" not in done.stderr and "interrupted" in done.stderr


def test_an_interrupt_that_a_library_swallows_is_one(run, monkeypatch) -> None:
    import os
    import signal

    from simulator.present import cli

    def failing(*_: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("no compiled object yet") from None

    monkeypatch.setattr(cli, "load", failing)
    status, out, err = run("compare", "tiny")
    assert (status, out) == (130, "") and "interrupted" in err and "Traceback" not in err


def test_a_probability_that_is_estimated_is_never_certain() -> None:
    frame = pd.DataFrame({"strategy": list("abcd"), "p_best": [0.0, 6e-5, 0.79134, np.nan]})
    assert [row[1] for row in frame_rows(frame)] == ["p_best", "< 0.001", "< 0.001", "0.791", ""]
