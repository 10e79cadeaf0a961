"""What could not be simulated: told with the command that runs it alone, and kept until it has been simulated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.outcomes.store import json_bytes

FAILURES = "failures.json"


@dataclass(frozen=True)
class Failure:
    """A replicate of a treatment that could not be simulated.

    Parameters
    ----------
    treatment : int
        Position of the treatment.
    replicate : int
        Number of the replicate.
    message : str
        What happened.
    command : str
        The command that runs this replicate alone.
    """

    treatment: int
    replicate: int
    message: str
    command: str


def failures_bytes(failures: Sequence[Failure]) -> bytes:
    """Return failures as the content of their file."""
    return json_bytes({"failures": [vars(failure) for failure in failures]})


def stored_failures(folder: Path) -> tuple[Failure, ...]:
    """Return the failures that a folder of results tells of.

    Parameters
    ----------
    folder : Path
        With a file of failures or without.

    Returns
    -------
    tuple of Failure
        None where there is no file, or one that cannot be read.
    """
    try:
        entries = json.loads((folder / FAILURES).read_bytes())["failures"]
        return tuple(Failure(**entry) for entry in entries)
    except (OSError, ValueError, KeyError, TypeError):
        return ()
