"""Kill, race and lock out processes that compile and run the market's kernels, and compare their digests.

    python experiments/processes/run.py             # the market: compiles all kernels about seven times
    python experiments/processes/run.py --cascade   # the kernel of cascades: half a minute

Ends with status 1 where a digest is another one than in plain Python. Folders are temporary.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE)]

import trials  # noqa: E402
from trials import CASCADE, MARKET, PLAIN, Job, Place  # noqa: E402

_ROOT = _HERE.parents[1]


def trials_of(job: Job, folder: Path, long: int) -> dict[str, Callable[[], list[str]]]:
    """Return the trials by name: each returns digests that must equal the one of plain Python."""
    full, killed = Place(_ROOT, folder / "at once"), Place(_ROOT, folder / "killed")
    nowhere = trials.read_only(folder / "locked")
    temporary = folder / "temporary"
    temporary.mkdir()
    locked = {"HOME": str(nowhere), "XDG_CACHE_HOME": str(nowhere), "TMPDIR": str(temporary)}

    def at_once() -> list[str]:
        return trials.at_once(full, job)

    def while_compiling() -> list[str]:
        n_killed, digest = trials.killed_while_compiling(killed, job, n_kills=3, longest=8.0)
        print(
            f"  killed {n_killed} times, {trials.readable_indices(killed)} indices readable", file=sys.stderr
        )
        return [digest]

    def while_running() -> list[str]:
        before = full.files()
        was_killed, digest = trials.killed_while_running(full, job, long, wait=6.0)
        compiled = "no" if full.files() == before else "some"
        print(f"  killed: {was_killed}; {compiled} kernels compiled again", file=sys.stderr)
        return [digest]

    return {
        "two at once on an empty cache": at_once,
        "killed while running": while_running,
        "killed while compiling": while_compiling,
        "code lost, halves of files left": lambda: [trials.torn(killed, job)],
        "home and cache not writable": lambda: [trials.run(Place(_ROOT, nowhere, locked), job)],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; return 1 where a digest differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cascade", action="store_true", help="the kernel of cascades in place of the market's"
    )
    job, long = (CASCADE, 10**9) if parser.parse_args(arguments).cascade else (MARKET, 50_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        expected = trials.run(Place(_ROOT, folder / "none", PLAIN), job)
        print(f"plain Python: {expected}")
        wrong = len(expected) != len(expected.split()[0])
        for title, trial in trials_of(job, folder, long).items():
            begin = time.perf_counter()
            digests = trial()
            verdict = "equal" if set(digests) == {expected} else f"DIFFERENT: {digests}"
            wrong |= set(digests) != {expected}
            print(f"{title}: {verdict} ({time.perf_counter() - begin:.0f} s)", flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
