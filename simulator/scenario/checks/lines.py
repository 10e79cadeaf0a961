"""Checks that campaign lines of strategies and of standing plans have in common."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.scenario.checks.problem import Found, Problem, guarded, refers
from simulator.scenario.schema import ScenarioTables
from simulator.scenario.schema.lines import (
    SEED_KEYS,
    AdvertisingTerms,
    BrandLine,
    CampaignLine,
    ContentTerms,
    Seeding,
    StandingLine,
    StrategyLine,
)
from simulator.scenario.wording import Loc, did_you_mean, listed, shown

MOST_SLOTS = 16
"""Most lines of one plan on one channel, or of one kind without a channel."""

_ONLY_FOR = {"audience_share": "random", "cells": "segment", "sharpness": "fit"}


def line_slots(lines: Sequence[StrategyLine] | Sequence[BrandLine]) -> list[int]:
    """Give every line of one plan its slot: the one in the file, or its order on the same channel.

    Parameters
    ----------
    lines : sequence of campaign lines
        A strategy's lines, or a brand's standing plan.

    Returns
    -------
    list of int
        One slot per line, 0 to 15 in a checked scenario; unique among the lines of one channel, and among
        the lines of one kind that have no channel.
    """
    taken: dict[str, set[int]] = {}
    for line in lines:
        if line.slot is not None:
            taken.setdefault(_group(line), set()).add(line.slot)
    slots = []
    for line in lines:
        used = taken.setdefault(_group(line), set())
        slot = (
            line.slot if line.slot is not None else next(i for i in range(len(lines) + 16) if i not in used)
        )
        used.add(slot)
        slots.append(slot)
    return slots


def _group(line: CampaignLine | StandingLine) -> str:
    if isinstance(line, AdvertisingTerms | ContentTerms):
        return f"channel {line.channel}"
    return f"kind {getattr(line, 'kind', '')}"


def check_slots(lines: Sequence[StrategyLine] | Sequence[BrandLine], loc: Loc) -> Found:
    """Check that slots are unique and not too many.

    Parameters
    ----------
    lines : sequence of campaign lines
        Lines of one plan.
    loc : tuple
        Path of the list.

    Yields
    ------
    Problem
        For every slot that is taken twice or beyond the last.
    """
    first: dict[tuple[str, int], int] = {}
    for index, (line, slot) in enumerate(zip(lines, line_slots(lines), strict=True)):
        group = _group(line)
        if slot >= MOST_SLOTS:
            yield Problem((*loc, index), "", f"at most {MOST_SLOTS} lines of {group}", "merge or drop lines")
        elif (group, slot) in first:
            yield Problem(
                (*loc, index, "slot"),
                shown(slot),
                f"a slot of its own among the lines of {group}",
                f"lines[{first[group, slot]}] has it already; choose another or leave it out",
            )
        first.setdefault((group, slot), index)


def check_overlaps(tables: ScenarioTables, lines: Sequence[StrategyLine | BrandLine], loc: Loc) -> Found:
    """Check that a brand has one offer of a kind at a time: one price cut, one referral program and so on.

    Parameters
    ----------
    tables : ScenarioTables
        The scenario.
    lines : sequence of campaign lines
        Lines of one plan.
    loc : tuple
        Path of the list.

    Yields
    ------
    Problem
        For every line that runs at the same time as an earlier one of its kind.
    """
    earlier: list[tuple[int, str, int, int]] = []
    for index, line in enumerate(lines):
        kind = line.kind
        if kind in ("advertising", "seeding"):
            continue
        first = -tables.burn_in if line.start is None else line.start
        last = tables.horizon if line.end is None else line.end
        for other, same_kind, start, end in earlier:
            if same_kind == kind and first < end and start < last:
                yield Problem(
                    (*loc, index),
                    f"{kind} in steps {first} to {last - 1}",
                    f"one {kind} line at a time",
                    f"lines[{other}] runs in steps {start} to {end - 1}; change their dates or merge them",
                )
                break
        earlier.append((index, kind, first, last))


def check_window(tables: ScenarioTables, line: StrategyLine | BrandLine, loc: Loc) -> Found:
    """Check that a line's weeks lie within the horizon, and its pulse is whole.

    Parameters
    ----------
    tables : ScenarioTables
        The scenario.
    line : campaign line
        One line.
    loc : tuple
        Its path.

    Yields
    ------
    Problem
        Whatever is wrong.
    """
    horizon, start = tables.horizon, line.start or 0
    if start >= horizon:
        yield Problem(
            (*loc, "start"),
            shown(start),
            f"a step before the horizon, 0 to {horizon - 1} (steps)",
            "start earlier or lengthen the horizon",
        )
    if line.end is not None and line.end > horizon:
        yield Problem(
            (*loc, "end"),
            shown(line.end),
            f"at most the horizon, {horizon} (steps)",
            "end earlier, or leave end out to run until the horizon",
        )
    if line.end is not None and line.end <= start:
        yield Problem(
            (*loc, "end"), shown(line.end), f"a step after the line's start, {start} (steps)", "end later"
        )


def check_terms(tables: ScenarioTables, line: StrategyLine | BrandLine, loc: Loc) -> Found:
    """Check a line's references and the keys that have no effect on it.

    Parameters
    ----------
    tables : ScenarioTables
        The scenario.
    line : campaign line
        One line.
    loc : tuple
        Its path.

    Yields
    ------
    Problem
        Whatever is wrong.
    """
    if isinstance(line, AdvertisingTerms | ContentTerms):
        yield from guarded(_check_channel(tables, line, loc))
    if isinstance(line, AdvertisingTerms):
        yield from guarded(_check_audience(line, loc))
        yield from guarded(_check_cells(tables, line, loc))
        yield from guarded(_check_pulse(line, loc))
    if isinstance(line, Seeding):
        yield from guarded(_check_rule(line, loc))
        yield from guarded(_check_cells(tables, line, loc))


def _check_channel(tables: ScenarioTables, line: AdvertisingTerms | ContentTerms, loc: Loc) -> Found:
    yield from refers(
        (*loc, "channel"), line.channel, [channel.name for channel in tables.channels], "channel"
    )


def _check_audience(line: AdvertisingTerms, loc: Loc) -> Found:
    for key, audience in _ONLY_FOR.items():
        given = getattr(line, key)
        if line.audience != audience and given != AdvertisingTerms.model_fields[key].default:
            yield Problem(
                (*loc, key),
                shown(given),
                f'no {key} with audience = "{line.audience}"; it belongs to the audience "{audience}"',
                f'leave it out or set audience = "{audience}"',
            )


def _check_rule(line: Seeding, loc: Loc) -> Found:
    for key, rules in SEED_KEYS.items():
        given = getattr(line, key)
        if line.rule not in rules and given is not None:
            owners = " and ".join(f'"{rule}"' for rule in rules)
            yield Problem(
                (*loc, key),
                shown(given),
                f'no {key} with rule = "{line.rule}"; it belongs to {owners}',
                f"leave it out or set the rule to {owners}",
            )


def _check_cells(tables: ScenarioTables, line: AdvertisingTerms | Seeding, loc: Loc) -> Found:
    known = tables.population.cell_names()
    for index, cell in enumerate(line.cells or []):
        if cell not in known:
            yield Problem(
                (*loc, "cells", index),
                shown(cell),
                f"a cell of the population as region/habit/demographic: {listed(known, 4)}",
                did_you_mean(cell, known) or "correct the names",
            )
        elif cell in (line.cells or [])[:index]:
            yield Problem((*loc, "cells", index), shown(cell), "every cell once", "leave it out")


def _check_pulse(line: AdvertisingTerms, loc: Loc) -> Found:
    if (line.pulse_on is None) != (line.pulse_off is None):
        missing = "pulse_on" if line.pulse_on is None else "pulse_off"
        yield Problem(
            (*loc, missing),
            "",
            "pulse_on and pulse_off together (weeks)",
            f"add {missing}, or leave both out",
        )


def weeks_on_air(tables: ScenarioTables, line: CampaignLine, end: int | None) -> int:
    """Count the weeks between a line's start and its end.

    Parameters
    ----------
    tables : ScenarioTables
        The scenario.
    line : CampaignLine
        A line of a strategy.
    end : int or None
        Its end, if it has one.

    Returns
    -------
    int
        At least 0.
    """
    return max((tables.horizon if end is None else end) - line.start, 0)
