"""How long a verb takes to end when it is asked to, and whether calling it again ends where it would have ended."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from calls import ROOT, Ending, call, unheld
from overhead import write_design

_SMALL = "classroom --consumers 500"
#: Sizes that take some seconds each, so that moments differ.
VERBS = {
    "sweep": "sweep DESIGN",
    "compare": f"compare {_SMALL} --replicates 60",
    "select": f"select {_SMALL} --indifference 60 --evaluation 200 --max-replicates 150",
    "sensitivity": f"sensitivity {_SMALL} --factors p_strong,brands.Fizz.price=3.5:4.5 --points 8 --replicates 8 "
    "--strategies mass",
    "calibrate": f"calibrate {_SMALL} --free brands.Fizz.quality=-1:1 --target share_volume=0.4,0.05 "
    "--simulations 600",
    "optimize": f"optimize {_SMALL} --strategy mass --vary brands.Fizz.price=3.5:4.5 --first 8 --rounds 2",
}
#: Share of the undisturbed run after which no signal is sent: it may take longer or less the next time.
_LATEST = 0.6
SIGNALS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM}


def measure_endings(
    folder: Path, verb: str, n_moments: int, seed: int, n_shards: int
) -> list[dict[str, Any]]:
    """End a verb by both signals at random moments of its run, and call it again."""
    folder.mkdir(parents=True, exist_ok=True)
    design = folder / "design.toml"
    write_design(design, n_shards)
    moments = random.Random(f"{seed} {verb}")
    words = VERBS[verb].replace("DESIGN", str(design)).split() + ["--threads", "2", "--json"]

    def run(ending: Ending | None = None) -> dict[str, Any]:
        return call([*words, "--out", fresh(folder / "out")], ending)

    whole = unheld(run)
    rows = []
    for name, number in SIGNALS.items():
        for _ in range(n_moments):
            ending = Ending(after(moments.uniform(0.0, _LATEST * whole["seconds"])), number)
            found = unheld(lambda e=ending: run(e))
            found["told"] = found["told"].replace(str(folder / "out"), "DIR").replace(f"{ROOT}/", "")
            again = call([*words, "--out", folder / "out"])
            row = {
                "verb": verb,
                "signal": name,
                "undisturbed_seconds": whole["seconds"],
                **{
                    key: found[key]
                    for key in ("seconds_to_signal", "seconds_to_end", "returned", "load", "told")
                },
                "again_returned": again["returned"],
                "same_digest": again["digest"] == whole["digest"] and whole["digest"] is not None,
            }
            rows.append(row)
            print(verb, name, row["seconds_to_end"], row["returned"], row["same_digest"], flush=True)
    return rows


def fresh(place: Path) -> Path:
    """Return a folder that is not there."""
    shutil.rmtree(place, ignore_errors=True)
    return place


def after(seconds: float) -> Any:
    """Return what waits for a moment after the start of a process."""

    def wait(process: subprocess.Popen[str]) -> None:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    return wait
