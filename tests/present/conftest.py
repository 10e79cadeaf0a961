"""The command line, called in this process."""

from __future__ import annotations

import sys

import pytest

from simulator.present import cli


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command; return its exit status, standard output and standard error."""

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["simulator", *words])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return call
