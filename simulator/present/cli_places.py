"""Where a verb writes: checked and held before it computes anything, so that nothing of another question is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from simulator.errors import TakenPlaceError

#: Places that the verb holds which runs in this process.
_HELD = ExitStack()


@contextmanager
def places_given_back() -> Iterator[None]:
    """Give back what a verb holds when it ends, however it ends."""
    with _HELD:
        yield


def hold(path: Path, check: Callable[[Path], object], question: Mapping[str, Any] | None = None) -> None:
    """Hold a file or folder until the verb ends: no other run may write there.

    Parameters
    ----------
    path : Path
        What will be written.
    check : callable
        Receives it; raises where it cannot be written, or must not.
    question : mapping, optional
        What the results answer.

    Raises
    ------
    StoreError
        If it cannot be used, or another run holds it.
    """
    from simulator.outcomes.place_lock import reserved

    _HELD.enter_context(reserved(path, check, question))


def place_of(
    out: Path | None,
    name: str,
    check: Callable[[Path], object],
    question: Mapping[str, Any],
    say: Callable[[str], None],
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
    question : mapping
        What the results answer; a folder into which another question is written now is left alone too.
    say : callable
        Receives one sentence that names the folder, where it is not the first.

    Returns
    -------
    Path
        The folder, held until the verb ends.

    Raises
    ------
    StoreError
        If it cannot be used.
    """
    if out is not None:
        hold(out, check, question)
        return out
    first, reason = Path("results") / name, ""
    for number in count(2):
        place = first.with_name(f"{name}-{number - 1}") if reason else first
        try:
            hold(place, check, question)
            break
        except TakenPlaceError as error:
            reason = reason or error.faults[0].got
    if reason:
        say(f"{first} holds {reason}; the results go to {place}")
    return place


def study_place(out: Path | None, kind: str, question: Mapping[str, Any]) -> Path | None:
    """Hold the folder of a study that is written only where one is named.

    Parameters
    ----------
    out : Path or None
        The folder that was asked for.
    kind : str
        Kind of the results.
    question : mapping
        What the manifest says where the results answer the same question, by key or by keys joined with a dot.

    Returns
    -------
    Path or None
        Its absolute path.

    Raises
    ------
    StoreError
        If it cannot be used.
    """
    from simulator.outcomes.places import absolute, check_place

    if out is None:
        return None
    hold(out, partial(check_place, kind=kind, question=question), {"kind": kind, **question})
    return absolute(out)


def file_place(out: Path | None) -> None:
    """Hold a file that is written only where one is named; an earlier one is replaced."""
    from simulator.outcomes.places import check_file

    if out is not None:
        hold(out, check_file)


def kept_place(out: Path | None) -> None:
    """Hold a folder in which a study keeps its simulations; whose they are is checked by what keeps them."""
    from simulator.outcomes.places import check_writable

    if out is not None:
        hold(out, partial(check_writable, is_added_to=True))
