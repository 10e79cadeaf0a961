"""Where a verb writes, checked before it computes anything: what answers another question is not written over."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from simulator.errors import TakenPlaceError


def place_of(
    out: Path | None, name: str, check: Callable[[Path], object], say: Callable[[str], None]
) -> Path:
    """Return the folder that was asked for, or else the first of ``results/NAME``, ``results/NAME-2`` and so on.

    Parameters
    ----------
    out : Path or None
        The folder that was asked for.
    name : str
        Name of the scenario or design.
    check : callable
        Receives a folder; raises `TakenPlaceError` where it holds anything but results of the same question, and
        `StoreError` where it cannot be written.
    say : callable
        Receives one sentence that names the folder, where it is not the first.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    StoreError
        If it cannot be used.
    """
    if out is not None:
        check(out)
        return out
    first, reason = Path("results") / name, ""
    for number in count(2):
        place = first.with_name(f"{name}-{number - 1}") if reason else first
        try:
            check(place)
            break
        except TakenPlaceError as error:
            reason = reason or error.faults[0].got
    if reason:
        say(f"{first} holds {reason}; the results go to {place}")
    return place


def study_place(out: Path | None, kind: str, loaded: Any = None, **question: Any) -> Path | None:
    """Check the folder of a study that is written only where one is named.

    Parameters
    ----------
    out : Path or None
        The folder that was asked for.
    kind : str
        Kind of the results.
    loaded : Scenario, optional
        What is simulated; results of another scenario, seed or version of the model are not replaced.
    **question
        What the manifest says besides where the results answer the same question; the scenario's metric if None.

    Returns
    -------
    Path or None
        Its absolute path.

    Raises
    ------
    StoreError
        If it cannot be used.
    """
    from simulator.model.observation import TRAJECTORY_VERSION
    from simulator.outcomes.store import check_place

    if out is None:
        return None
    if loaded is not None:
        seed = question.pop("seed", None)
        question["scenario_digest"] = loaded.digest
        question["seed"] = loaded.comparison.seed if seed is None else seed
        question["trajectory_version"] = TRAJECTORY_VERSION
        if "metric" in question:
            question["metric"] = question["metric"] or loaded.comparison.metric
    return check_place(out, kind=kind, question=question)
