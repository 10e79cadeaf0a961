"""The study of the procedures of selection, on a small size."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

from simulator.experiment.rare_luck import RIGHT_UNDER_RARE_LUCK

RUN = Path(__file__).resolve().parents[2] / "experiments" / "selection" / "run.py"


def test_the_study_runs_and_its_readme_has_its_measurements(tmp_path, capsys, monkeypatch) -> None:
    spec = importlib.util.spec_from_file_location("selection_study", RUN)
    assert spec is not None and spec.loader is not None
    study = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(study)
    monkeypatch.setattr(sys.modules["intervals"], "GRID_LEVELS", 2)
    study.main(
        ["--macro", "2", "--population", "300", "--grid", "4", "--levels", "0", "--out", str(tmp_path)]
    )
    found = json.loads((tmp_path / "results.json").read_text())
    assert {row["law"] for row in found["selection"]} == {*study.LAWS, "classroom"}
    assert "Kim & Nelson" in capsys.readouterr().out
    stored = json.loads((RUN.parent / "results.json").read_text())
    readme = (RUN.parent / "README.md").read_text()
    assert all(line in readme for line in study.answer(stored).splitlines())
    rates = {(row["law"], row["procedure"]): row["right"] for row in stored["selection"]}
    least = 0.95 - 3.3 * (0.0475 / stored["macro_replications"]) ** 0.5
    assert min(rate for (_, name), rate in rates.items() if name == "Kim & Nelson") >= least
    assert rates["slippage, k = 5", "reckless (negative control)"] < least
    kinds = [
        [(row["law"], row["procedure"], row["is_checked"]) for row in r["warnings"]] for r in (found, stored)
    ]
    assert kinds[0] == kinds[1] and len(kinds[0]) == 48


def test_what_a_selection_says_of_rare_luck_is_what_was_measured() -> None:
    stored = json.loads((RUN.parent / "results.json").read_text())
    for stated, ranges in RIGHT_UNDER_RARE_LUCK.items():
        for asked, (low, high) in zip(("10", "1 in 20"), ranges, strict=True):
            rare = [
                r["right"]
                for r in stored["rare"]
                if (r["asked"], r["stated"]) == (asked, stated) and "of 1 in 10," in r["law"]
            ]
            assert len(rare) == 4 and (round(min(rare), 2), round(max(rare), 2)) == (low, high)


def test_the_page_says_how_many_wrong_selections_are_warned_of_and_how_many_warnings_are_false() -> None:
    stored = json.loads((RUN.parent / "results.json").read_text())
    n, page = stored["macro_replications"], " ".join((RUN.parent / "README.md").read_text().split())
    rows = {(r["law"], r["procedure"], r["is_checked"]): r for r in stored["warnings"]}

    def warned(law: str, checked: bool) -> str:
        found = [r for (name, _, is_checked), r in rows.items() if (name, is_checked) == (law, checked)]
        rates = sorted(r["wrong_warned"] / r["wrong"] * 100 for r in found)
        return f"{rates[0]:.0f} to {rates[-1]:.0f} %"

    told = {one_in: warned(f"luck of 1 in {one_in}, k = 5", True) for one_in in (10, 20, 50)}
    assert (
        f"warns of {told[10]} of them, of {told[20]} where one in twenty decides, and of {told[50]} where one in fifty"
        in page
    )
    assert f"{warned('luck of 1 in 10, k = 5', False)} of these wrong selections" in page
    assert (
        f"{warned('luck of all, 1 in 10, k = 5', True)} of wrong selections, and of 99 % and more of" in page
    )
    assert all(float(warned(f"luck of all, 1 in {n}, k = 5", True)[:3]) >= 99 for n in (20, 50))
    false = {
        law: [
            (r["wrong_warned"] + r["right_warned"]) / n for key, r in rows.items() if key[0] == law and key[2]
        ]
        for law in ("normal luck, k = 2", "normal luck, k = 5", "classroom")
    }
    assert false == {
        "normal luck, k = 2": [0.002, 0.002],
        "normal luck, k = 5": [0.004, 0.004],
        "classroom": [0, 0],
    }
    assert (
        "in 0.2 % of selections of two with normal luck, in 0.4 % of five, in none of the classroom's six"
        in page
    )
    row = rows["luck of 1 in 10, k = 5", "Kim & Nelson", True]
    assert f"took {row['drawn'] + row['checking']:.0f}, and" in page


def test_intervals_hold_on_the_simulators_own_outcomes_and_the_negative_controls_do_not() -> None:
    """Within 3.3 standard errors of 500 trials; of a variance of few draws, what the page says it falls short by."""
    stored = json.loads((RUN.parent / "results.json").read_text())
    error = (0.0475 / stored["macro_replications"]) ** 0.5
    rates = {row["interval"]: row["holds"] for row in stored["intervals"]}
    controls = {name: rates.pop(name) for name in list(rates) if "negative control" in name}
    few = {name: rates.pop(name) for name in list(rates) if "12 draws" in name or "24 draws" in name}
    assert len(rates) == 25 and min(rates.values()) >= 0.95 - 3.3 * error, rates
    assert len(few) == 12 and min(few.values()) >= 0.88 and len(controls) == 7
    assert max(controls.values()) < 0.95 - 3.3 * error
