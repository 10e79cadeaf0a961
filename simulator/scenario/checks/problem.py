"""What a check finds, and running checks past values that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulator.scenario.partial import UnusableError
from simulator.scenario.wording import Loc, amount, did_you_mean, listed, shown

TOLERANCE = 1e-6
"""How far shares may be from adding up."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong between several values; `loc` is the path of the value to change."""

    loc: Loc
    got: str
    expected: str
    remedy: str = ""


Found = Iterator[Problem]


def guarded(check: Found) -> Found:
    """Run a check until it ends or touches a value that is itself faulty.

    Parameters
    ----------
    check : iterator of Problem
        The check.

    Yields
    ------
    Problem
        What it found until then.
    """
    while True:
        try:
            problem = next(check)
        except (StopIteration, UnusableError):
            return
        yield problem


def adds_up(loc: Loc, shares: Sequence[float], what: str) -> Found:
    """Check that shares add up to 1.

    Parameters
    ----------
    loc : tuple
        Path of the list.
    shares : sequence of float
        The shares.
    what : str
        What they are shares of.

    Yields
    ------
    Problem
        If they do not.
    """
    total = sum(shares)
    gap = 1.0 - total
    if abs(gap) > TOLERANCE:
        remedy = f"add {amount(gap)} to one of them" if gap > 0 else f"take {amount(-gap)} from one of them"
        yield Problem(loc, f"shares that add up to {amount(total)}", f"{what} that add up to 1", remedy)


def no_duplicates(loc: Loc, values: Sequence[str | int], key: str | None = None, what: str = "name") -> Found:
    """Check that names or identifiers are unique.

    Parameters
    ----------
    loc : tuple
        Path of the list.
    values : sequence
        The names or identifiers, in the order of the list.
    key : str, optional
        Key under which each item has its own; omitted where the items are the names themselves.
    what : str, optional
        What they are.

    Yields
    ------
    Problem
        For every repetition.
    """
    first: dict[str | int, int] = {}
    for index, value in enumerate(values):
        if value in first:
            place: Loc = (*loc, index) if key is None else (*loc, index, key)
            other = f"{loc[-1]}[{first[value]}]"
            yield Problem(
                place, shown(value), f"a {what} of its own", f"{other} has it already; choose another"
            )
        first.setdefault(value, index)


def refers(loc: Loc, name: str, known: Sequence[str], what: str) -> Found:
    """Check that a name refers to something that exists.

    Parameters
    ----------
    loc : tuple
        Path of the reference.
    name : str
        The name given.
    known : sequence of str
        The names that exist.
    what : str
        What the name should name.

    Yields
    ------
    Problem
        If nothing has the name.
    """
    if name not in known:
        yield Problem(
            loc,
            shown(name),
            f"the name of a {what}: {listed(known)}",
            did_you_mean(name, known) or f"define the {what}",
        )
