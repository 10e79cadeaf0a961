"""Every verb that takes long: ended by a real signal, called again, and asked once more when it is finished."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from simulator import engines

VERBS = {
    "select": "select tiny --strategies mass --indifference 300 --evaluation 6 --batch 2",
    "morris": "sensitivity tiny --factors p_strong,brands.Ours.price=8:12 --points 2 --replicates 2 --strategies mass",
    "calibrate": "calibrate tiny --free brands.Ours.quality=-1:1 --target share_volume=0.4,0.05 --simulations 100",
    "optimize": "optimize tiny --strategy mass --vary brands.Ours.price=8:12 --first 4 --rounds 1 --batch 2 "
    "--replicates 2 --race 4 --evaluation 20",
    "sweep": "sweep DESIGN",
}
KEPT = (".npy", ".parquet")


def words_of(verb: str, folder: Path) -> list[str]:
    """Return the command of a verb; its design file is written where it needs one."""
    design = folder / "four.toml"
    design.write_text(
        '[experiment]\npurpose = "A test"\nscenario = "tiny"\nstrategies = ["mass"]\nreplicates = 2\n'
        'metrics = ["profit"]\n[[factors]]\npath = "brands.Ours.price"\nkind = "levels"\nlevels = [8, 9, 10, 11]\n'
    )
    return VERBS[verb].replace("DESIGN", str(design)).split()


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_goes_on_after_a_signal(run, tmp_path, monkeypatch, verb) -> None:
    words, place = [*words_of(verb, tmp_path), "--seed", "0", "--threads", "1"], tmp_path / "out"
    simulate = engines.run_replicates

    def stored() -> list[Path]:
        return [f for f in place.rglob("*") if f.suffix in KEPT and not f.name.startswith(".")]

    def signaled(*arguments, **options):
        if stored():
            os.kill(os.getpid(), signal.SIGTERM)
        return simulate(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(engines, "run_replicates", signaled)
        status, out, err = run(*words, "--out", str(place), "--json")
    assert (status, out) == (130, "") and "call again" in err
    kept = {file: file.stat().st_mtime_ns for file in stored()}
    assert kept
    status, out, err = run(*words, "--out", str(place), "--json")
    assert (status, err) == (0, "")
    digest = json.loads(out)["digest"]
    assert all(file.stat().st_mtime_ns == written for file, written in kept.items()), "nothing is run twice"
    with monkeypatch.context() as patch:
        patch.setattr(engines, "run_replicates", lambda *arguments, **options: pytest.fail("run again"))
        assert json.loads(run(*words, "--out", str(place), "--json")[1])["digest"] == digest
    assert json.loads(run(*words, "--json")[1])["digest"] == digest, "the same without an interruption"
    words[words.index("--seed") + 1] = "1"
    assert json.loads(run(*words, "--json")[1])["digest"] != digest, "another seed, other luck"
