"""What an optimizer may decide: a budget's split over campaign lines, numbers, and choices, under constraints.

A point is a vector of coordinates in 0 … 1. Every point is admissible by construction: shares add up to one and keep
to their bounds, numbers keep to theirs, whole numbers are whole. What a scenario refuses beyond that, for example a
content line too small to produce its pieces, is found by asking it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.experiment.number_range import NumberRange, is_whole_at
from simulator.scenario import Scenario
from simulator.scenario.overrides import value_at

Values = NDArray[np.float64]
#: Shares are multiples of it, so that plans can be read and typed.
GRAIN = 0.001


@dataclass(frozen=True)
class Split:
    """Shares of the budget of a strategy's lines; they add up to one.

    Parameters
    ----------
    strategy : str
        Name of the strategy.
    lines : tuple of str
        Names of its lines, for people.
    low, high : tuple of float
        Bounds of each line's share.
    """

    strategy: str
    lines: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def n_coordinates(self) -> int:
        """One for each line."""
        return len(self.lines)

    def shares(self, coordinates: Values) -> Values:
        """Return shares: uniform coordinates give shares that are uniform on the simplex, before the bounds."""
        weight = -np.log(np.maximum(1 - np.asarray(coordinates), 1e-12))
        total = weight.sum()
        weight = weight / total if total > 0 else np.full(len(weight), 1 / len(weight))
        return self.rounded(self.within(weight))

    def within(self, weight: Values) -> Values:
        """Spread what the lower bounds leave in proportion to weights, as far as the upper bounds let it."""
        low, high = np.array(self.low), np.array(self.high)
        shares, open_lines = low.copy(), high > low
        left = 1 - low.sum()
        while left > 1e-12 and open_lines.any():
            part = np.where(open_lines, np.maximum(weight, 1e-9), 0.0)
            wanted = shares + left * part / part.sum()
            shares = np.minimum(wanted, high)
            open_lines &= shares < high - 1e-12
            left = 1 - shares.sum()
        return shares

    def rounded(self, shares: Values) -> Values:
        """Round to the grain so that the sum stays one; the largest remainders are rounded up."""
        units = np.floor(shares / GRAIN + 1e-9)
        missing = round(1 / GRAIN - units.sum())
        order = np.argsort(units - shares / GRAIN, kind="stable")
        units[order[:missing]] += 1
        result: Values = np.round(units * GRAIN, 9)
        return result

    def coordinates(self, shares: Values) -> Values:
        """Return coordinates that give these shares, as far as the bounds are kept."""
        free = np.maximum(np.asarray(shares) - np.array(self.low), 0.0)
        total = free.sum()
        result: Values = 1 - np.exp(-free / total * len(free)) if total > 0 else np.full(len(free), 0.5)
        return result

    def overrides(self, coordinates: Values) -> dict[str, Any]:
        """Return the shares by dotted path."""
        return {
            f"strategies.{self.strategy}.lines[{k}].share": float(share)
            for k, share in enumerate(self.shares(coordinates))
        }

    def features(self, coordinates: Values) -> Values:
        """Return what a response surface sees: the shares."""
        return self.shares(coordinates)


@dataclass(frozen=True)
class Number:
    """A number at a dotted path, between bounds.

    Parameters
    ----------
    path : str
        Where it stands.
    low, high : float
        Bounds, included.
    is_whole : bool
        Whether it is a whole number.
    """

    path: str
    low: float
    high: float
    is_whole: bool

    n_coordinates = 1

    @property
    def range(self) -> NumberRange:
        """The numbers between the bounds."""
        return NumberRange(self.low, self.high, self.is_whole)

    def value(self, coordinates: Values) -> float | int:
        """Return the number at a coordinate; a number that is not whole is rounded to a thousandth of the range."""
        share = float(np.clip(coordinates[0], 0.0, 1.0))
        if self.is_whole:
            return int(self.range.uniform(share))
        grain = 10.0 ** np.floor(np.log10((self.high - self.low) / 1000))
        rounded = round(self.low + share * (self.high - self.low), int(max(0, -np.log10(grain))))
        return float(np.clip(rounded, self.low, self.high))

    def coordinate(self, value: float) -> float:
        """Return the coordinate of a value."""
        return float(np.clip(self.range.share_of(value), 0.0, 1.0))

    def overrides(self, coordinates: Values) -> dict[str, Any]:
        """Return the number by dotted path."""
        return {self.path: self.value(coordinates)}

    def features(self, coordinates: Values) -> Values:
        """Return what a response surface sees: the position between the bounds."""
        return np.array([(self.value(coordinates) - self.low) / (self.high - self.low)])


@dataclass(frozen=True)
class Choice:
    """One of several values at a dotted path.

    Parameters
    ----------
    path : str
        Where it stands.
    options : tuple
        The values.
    """

    path: str
    options: tuple[Any, ...]

    n_coordinates = 1

    def position(self, coordinates: Values) -> int:
        """Return which option a coordinate stands for."""
        return int(
            min(np.floor(np.clip(coordinates[0], 0.0, 1.0) * len(self.options)), len(self.options) - 1)
        )

    def overrides(self, coordinates: Values) -> dict[str, Any]:
        """Return the option by dotted path."""
        return {self.path: self.options[self.position(coordinates)]}

    def features(self, coordinates: Values) -> Values:
        """Return what a response surface sees: one switch per option."""
        return np.eye(len(self.options))[self.position(coordinates)]


Decision = Split | Number | Choice


@dataclass(frozen=True)
class Decisions:
    """Everything that may be decided at once.

    Parameters
    ----------
    parts : tuple
        Splits, numbers and choices.
    """

    parts: tuple[Decision, ...]

    @property
    def n_coordinates(self) -> int:
        """Length of a point."""
        return sum(part.n_coordinates for part in self.parts)

    @property
    def split(self) -> Split | None:
        """The split of the budget, if it is decided."""
        return next((part for part in self.parts if isinstance(part, Split)), None)

    @property
    def allowed(self) -> dict[str, tuple[Any, ...]]:
        """Bounds, or options, by path."""
        found: dict[str, tuple[Any, ...]] = {}
        for part in self.parts:
            if isinstance(part, Split):
                bounds = zip(part.low, part.high, strict=True)
                found |= {
                    f"strategies.{part.strategy}.lines[{k}].share": pair for k, pair in enumerate(bounds)
                }
            elif isinstance(part, Number):
                whole = int if part.is_whole else float
                low, high = part.range.ends
                found[part.path] = (whole(low), whole(high))
            else:
                found[part.path] = part.options
        return found

    def _pieces(self, point: Values) -> list[tuple[Decision, Values]]:
        ends = np.cumsum([part.n_coordinates for part in self.parts])
        return list(zip(self.parts, np.split(np.asarray(point), ends[:-1]), strict=True))

    def overrides(self, point: Values) -> dict[str, Any]:
        """Return all overrides of a point."""
        found: dict[str, Any] = {}
        for part, piece in self._pieces(point):
            found.update(part.overrides(piece))
        return found

    def features(self, point: Values) -> Values:
        """Return all features of a point."""
        return np.concatenate([part.features(piece) for part, piece in self._pieces(point)])

    def with_shares(self, point: Values, shares: Values) -> Values:
        """Return a point with another split of the budget."""
        pieces = [
            part.coordinates(shares) if isinstance(part, Split) else piece
            for part, piece in self._pieces(point)
        ]
        return np.concatenate(pieces)


class Present(NamedTuple):
    """Where the scenario stands now.

    Parameters
    ----------
    point : ndarray of float64
        The scenario's plan where it may be decided, otherwise the nearest that may be.
    values : dict
        What the scenario has at the dotted paths, None where it states nothing.
    departures : tuple of str
        What ``point`` has otherwise than the scenario; empty if the plan as it stands is one that may be decided.
    """

    point: Values
    values: dict[str, Any]
    departures: tuple[str, ...]


def read_decisions(
    scenario: Scenario, strategy: str, split: Any, vary: Mapping[str, Any] | None, place: str = "optimize"
) -> tuple[Decisions, Present]:
    """Read what may be decided, and where the scenario stands now.

    Parameters
    ----------
    scenario : Scenario
        The market.
    strategy : str
        Name of the strategy whose lines share the budget.
    split : bool or mapping
        True to decide all lines' shares; or bounds ``(low, high)`` by the line's position; False to keep them.
    vary : mapping, optional
        From dotted paths to ``(low, high)`` or a list of options of another length or type.
    place : str
        Name of the verb, for messages.

    Returns
    -------
    decisions : Decisions
        What may be decided.
    present : Present
        Where the scenario stands now.

    Raises
    ------
    ScenarioError
        With every fault.
    """
    faults: list[Fault] = []
    parts: list[Decision] = []
    present: list[Values] = []
    values: dict[str, Any] = {}
    lines = scenario.strategies[strategy].lines
    if split is not False and split is not None and len(lines) > 1:
        found = _split(strategy, lines, split, f"{place}(split)", faults)
        parts.append(found)
        present.append(found.coordinates(np.array([line.share for line in lines])))
        values.update({f"strategies.{strategy}.lines[{k}].share": line.share for k, line in enumerate(lines)})
    for path, given in (vary or {}).items():
        try:
            value = value_at(scenario.to_dict(), path)
        except ScenarioError as error:
            if _is_misplaced(scenario, path, given):
                faults.extend(error.faults)
                continue
            value = None
        values[path] = value
        _vary(path, given, value, f"{place}(vary): {path}", parts, present, faults)
    if not parts and not faults:
        remedy = "name a strategy of at least two lines, or give vary"
        faults.append(Fault(place, "nothing to decide", "a budget to split, or numbers to vary", remedy))
    if faults:
        raise ScenarioError(faults)
    decisions, point = Decisions(tuple(parts)), np.concatenate(present)
    return decisions, Present(point, values, _departures(decisions.overrides(point), values))


def _departures(decided: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[str, ...]:
    """Say where a point differs from the scenario; shares may differ by their grain."""
    found = []
    for path, value in values.items():
        got = decided[path]
        is_share = path.endswith("].share") and isinstance(value, int | float)
        if got != value and not (is_share and abs(got - value) <= GRAIN + 1e-9):
            found.append(f"{path} is {'not stated' if value is None else value}, nearest {got}")
    return tuple(found)


def _is_misplaced(scenario: Scenario, path: str, given: Any) -> bool:
    """Return whether a path without a value cannot be set either: keys with defaults can."""
    try:
        scenario.with_overrides({path: list(given)[0]})
    except (ScenarioError, TypeError, IndexError):
        return True
    return False


def _vary(
    path: str,
    given: Any,
    value: Any,
    place: str,
    parts: list[Decision],
    present: list[Values],
    faults: list[Fault],
) -> None:
    try:
        options = list(given)
    except TypeError:
        options = []
    is_number = len(options) == 2 and all(
        isinstance(x, int | float | np.number) and not isinstance(x, bool) for x in options
    )
    if isinstance(given, str) or len(options) < 2:
        faults.append(Fault(place, repr(given), "bounds (low, high), or a list of options"))
    elif is_number:
        whole = all(isinstance(x, int | np.integer) for x in options) and isinstance(value, int | None)
        number = Number(path, float(options[0]), float(options[1]), is_whole_at([path], whole))
        if wrong := number.range.faults(place):
            faults.extend(wrong)
            return
        parts.append(number)
        known = isinstance(value, int | float) and not isinstance(value, bool)
        present.append(np.array([number.coordinate(float(value)) if known else 0.5]))
    else:
        choice = Choice(path, tuple(options))
        parts.append(choice)
        position = options.index(value) if value in options else 0
        present.append(np.array([(position + 0.5) / len(options)]))


def _split(strategy: str, lines: Sequence[Any], given: Any, place: str, faults: list[Fault]) -> Split:
    low, high = [0.0] * len(lines), [1.0] * len(lines)
    for key, bounds in given.items() if isinstance(given, Mapping) else ():
        try:
            position = int(key)
            low[position], high[position] = (float(bound) for bound in bounds)
            if position < 0 or not 0 <= low[position] <= high[position] <= 1:
                raise ValueError
        except (TypeError, ValueError, IndexError):
            expected = f"bounds 0 <= low <= high <= 1 of a line, 0 to {len(lines) - 1}"
            faults.append(Fault(f"{place}: {key}", repr(bounds), expected))
    if sum(low) > 1 + 1e-9 or sum(high) < 1 - 1e-9:
        got = f"lower bounds of {sum(low):g} and upper bounds of {sum(high):g} together"
        faults.append(Fault(place, got, "bounds between which shares can add up to 1"))
    return Split(strategy, line_names(lines), tuple(low), tuple(high))


def line_names(lines: Sequence[Any]) -> tuple[str, ...]:
    """Name campaign lines by what they do, with their position where that is not enough."""
    names = []
    for line in lines:
        words = [line.kind if line.kind != "advertising" else "", getattr(line, "channel", "")]
        audience = getattr(line, "audience", "everyone")
        words.append(audience if audience != "everyone" else "")
        names.append(" ".join(word for word in words if word))
    return tuple(
        name if names.count(name) == 1 else f"{name} [{position}]" for position, name in enumerate(names)
    )
