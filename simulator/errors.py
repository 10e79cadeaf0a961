"""Errors that a user meets: each says where, what was got, what was expected, and what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with what the user gave.

    Parameters
    ----------
    place : str
        File and key, for example ``scenarios/launch.toml: brands[1].price``.
    got : str
        What was found there, as the user wrote it; empty where nothing was found.
    expected : str
        What would be right, with its unit.
    remedy : str
        What to do, in one short clause; may be empty.
    """

    place: str
    got: str
    expected: str
    remedy: str = ""

    def __str__(self) -> str:
        found = f" = {self.got}" if self.got else ""
        cure = f"; {self.remedy}" if self.remedy else ""
        return f"{self.place}{found}; expected {self.expected}{cure}"


class SimulatorError(Exception):
    """Base of every error that the package raises on purpose."""


class FaultyInputError(SimulatorError):
    """Input with one or more faults, all reported at once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class ScenarioError(FaultyInputError):
    """A scenario, an override or an argument of a public verb is wrong."""


class NetworkError(FaultyInputError):
    """A social graph cannot be used as it stands."""


class StoreError(FaultyInputError):
    """A results folder cannot be written or read."""


class TakenPlaceError(StoreError):
    """A folder for results holds something else already, which is left as it is."""


class EngineError(SimulatorError):
    """A replicate failed while it ran; the message has the command that runs it alone."""


@contextlib.contextmanager
def needing(library: str, extra: str, place: str, *, instead: str = "") -> Iterator[None]:
    """Tell how to install a library that the package can do without, where it is imported and missing.

    Parameters
    ----------
    library : str
        What is needed, for example ``"the library duckdb"``.
    extra : str
        The extra of the package that installs it.
    place : str
        What the user asked for that needs it.
    instead : str
        What else can be done.

    Raises
    ------
    ScenarioError
        If it is not installed, with the command that installs it.
    """
    try:
        yield
    except ImportError as error:
        remedy = f"install it with: pip install 'consumer-market-simulator[{extra}]'{instead and f', or {instead}'}"
        raise ScenarioError([Fault(place, "", library, remedy)]) from error
