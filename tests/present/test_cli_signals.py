"""Requests to end, of the user and of the system, at whatever moment they come and whoever swallows them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from simulator.experiment.stopping import Stop, end_if_asked


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


def test_a_request_to_end_while_the_program_loads_ends_it_quietly() -> None:
    """Of the system, which ends a process without a word where nobody listens."""
    code = """
import builtins, os, signal, sys
load = builtins.__import__
def ended(name, *rest, **more):
    if name == "typer":
        os.kill(os.getpid(), signal.SIGTERM)
    return load(name, *rest, **more)
builtins.__import__ = ended
sys.argv = ["simulator", "scenarios"]
from simulator.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted; nothing was written\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupt_that_is_swallowed_ends_the_run_where_it_tells_of_its_progress(
    run, monkeypatch, number
) -> None:
    """As in a callback of the interpreter, which goes on after whatever is raised there."""
    from simulator.engines import runner
    from simulator.present import cli

    def swallowing(*_: object) -> None:
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), number)

    monkeypatch.setattr(cli, "announce_compilation", swallowing)
    monkeypatch.setattr(runner, "_runner", lambda *_: pytest.fail("simulates"))
    status, out, err = run("simulate", "tiny", "--strategy", "mass", "--replicates", "2")
    assert (status, out) == (130, "") and "interrupted" in err and "Traceback" not in err


def test_an_interrupt_that_was_swallowed_before_a_run_within_another_began_ends_both() -> None:
    outer, inner = Stop(), Stop()
    with outer.listening():
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        with inner.listening(), pytest.raises(KeyboardInterrupt, match="terminated"):
            inner.check()
        with pytest.raises(KeyboardInterrupt, match="terminated"):
            end_if_asked()
    end_if_asked()
    with Stop().listening():
        end_if_asked()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_an_interrupt_that_a_library_swallows_is_one(run, monkeypatch) -> None:
    from simulator.present import cli

    def failing(*_: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("no compiled object yet") from None

    monkeypatch.setattr(cli, "load", failing)
    status, out, err = run("compare", "tiny")
    assert (status, out) == (130, "") and "interrupted" in err and "Traceback" not in err


def test_an_interrupt_within_the_exec_of_a_library_ends_the_program_as_any_other(tmp_path) -> None:
    """``python -m`` would end by SIGINT itself: the interpreter notes what passes through the exec of a text."""
    code = "import os, signal, time; os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)"
    (tmp_path / "typer.py").write_text(f"exec({code!r})\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-m", "simulator", "scenarios"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted; nothing was written\n"
