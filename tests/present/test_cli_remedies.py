"""What is said to whoever gave something wrong: the option that was given, and what to do about it."""

from __future__ import annotations

import pytest

from simulator.present import cli

CASES = {
    "bass sales.csv --hold-out 20": ("--hold-out = 20", "0 to 8 of the 12 periods", "hold out fewer"),
    "bass sales.csv --estimator xyz": ("--estimator = 'xyz'", "one of", "choose one of these"),
    "seed nowhere.csv -k 5": ("nowhere.csv = no such file", "relative path starts from the working folder"),
    "seed nowhere.csv -k 5 --method rix": ("nowhere.csv",),
    "compare tiny --set brands.Ours.price=abc": ("write a number",),
    "compare tiny --consumers -5": ("--consumers = -5", "10 to 20,000,000"),
    "sweep DESIGN --consumers -5": ("consumers = -5", "10 to 20,000,000"),
    "select tiny --set comparison.minimum_effect=0": ("--indifference; expected", "--indifference"),
    "select tiny --indifference 0": ("--indifference = 0.0",),
    "select tiny --indifference 5 --method foo": ("one of kn", "choose one of these"),
    "compare tiny --replicates 0 --first-replicate -1": ("--replicates = 0;", "--first-replicate = -1;"),
    "simulate tiny --strategy mass --replicates 1000000000": ("blocks with --first-replicate",),
    "trace tiny --strategy mass --replicate -2": ("--replicate = -2;",),
    "sensitivity tiny --points 1": ("--points = 1;",),
    "sensitivity tiny --method map --factors prcie --points 1": ("--points = 1;", "--factors = 'prcie';"),
    "sensitivity tiny --metric foo": ("--metric = 'foo'; expected one of ", " more (see simulator.METRICS)"),
    "select tiny --indifference 5 --metric foo": (" more (see simulator.METRICS)",),
    "sensitivity tiny --metric proft": ('did you mean "profit"?',),
    **{
        f"{verb} --metric=": ("--metric = ''; expected one of ",)
        for verb in (
            "sensitivity tiny",
            "sensitivity tiny --method map --factors p_strong,p_weak",
            "sensitivity tiny --method reversal --factors p_strong",
            "sensitivity tiny --method variance",
            "select tiny --indifference 5",
            "optimize tiny --strategy mass",
        )
    },
    "compare tiny --strategies foo": ("--strategies = 'foo'", "define [strategies.foo]"),
    "compare tiny --strategies mas": ("one of mass, ", 'did you mean "mass"?'),
    "compare tiny --set comparison.budget=0.001": ("override comparison.budget=0.001, with ",),
}


@pytest.mark.parametrize("command", CASES)
def test_a_fault_names_what_was_given_and_a_remedy(run, tmp_path, monkeypatch, command) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "announce_compilation", lambda *_: None)
    monkeypatch.setattr("simulator.present.cli_select.announce_compilation", lambda *_: None)
    (tmp_path / "sales.csv").write_text("adopters\n" + "\n".join(map(str, range(1, 13))))
    (tmp_path / "DESIGN").write_text(
        '[experiment]\npurpose = "A test"\nscenario = "tiny"\nstrategies = ["mass"]\nreplicates = 2\n'
        '[[factors]]\npath = "brands.Ours.price"\nkind = "levels"\nlevels = [8, 9]\n'
    )
    status, out, err = run(*command.split())
    assert (status, out) == (2, "") and "Traceback" not in err
    for words in CASES[command]:
        assert words in err, err
