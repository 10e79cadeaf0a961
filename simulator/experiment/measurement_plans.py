"""Variants of a plan that a measurement needs: media that vary, channels left out, tests in regions or random halves.

A variant edits the plan as it was balanced. Nothing is solved again, so that every other line keeps its money and its
luck, and the difference between two variants in the same world is what the edit alone brings about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.model.campaigns import EVERYONE, RANDOM, SEGMENT, TERM, build_plan

Values = NDArray[np.float64]

#: How channels are called that promote content.
CONTENT = "content_"
#: Terms that switch a program on.
SWITCHES = {
    "price_cut": "price_cut",
    "referral": "referral",
    "community": "community",
    "group_buying": "group",
}


def focal_lines(market: Any, plan: Any) -> NDArray[np.int64]:
    """Return positions of the focal brand's media lines, standing ones included."""
    found: NDArray[np.int64] = np.flatnonzero(plan.arrays.brand == market.focal)
    return found


def channels_of(market: Any, plan: Any) -> dict[str, NDArray[np.int64]]:
    """Return the focal brand's media lines by channel; promoted content is a channel of its own.

    Parameters
    ----------
    market, plan : Market, Plan
        The market and the plan.

    Returns
    -------
    dict of str to ndarray of int64
        For example ``{"tv": [0], "social": [1, 2], "content_social": [3]}``.
    """
    found: dict[str, list[int]] = {}
    for line in focal_lines(market, plan):
        name = str(market.channels[int(plan.arrays.channel[line])].name)
        found.setdefault(f"{CONTENT}{name}" if plan.arrays.is_content[line] else name, []).append(int(line))
    return {name: np.array(lines, np.int64) for name, lines in found.items()}


def with_flights(market: Any, plan: Any, variation: float, weeks: int, seed: int) -> Any:
    """Return a plan whose media go up and down in flights, with the same total for each line.

    Weekly media that never change cannot be told from the rest of the sales by anybody. Every channel's impressions
    are multiplied by lognormal factors of mean one, constant over a flight and independent between channels.

    Parameters
    ----------
    market, plan : Market, Plan
        The market and the plan.
    variation : float
        Coefficient of variation of the factors, >= 0.
    weeks : int
        Length of a flight.
    seed : int
        Seed of the factors.

    Returns
    -------
    Plan
        The same plan where ``variation`` is 0.
    """
    if variation == 0:
        return plan
    impressions = plan.arrays.impressions.copy()
    sd = float(np.sqrt(np.log1p(variation**2)))
    for number, lines in enumerate(channels_of(market, plan).values()):
        rng = np.random.default_rng([seed, 21, number])
        n_flights = -(-len(impressions) // weeks)
        factors = np.repeat(np.exp(sd * rng.standard_normal(n_flights)), weeks)[: len(impressions), None]
        varied = impressions[:, lines] * factors
        total = varied.sum(axis=0)
        impressions[:, lines] = varied * np.where(
            total > 0, impressions[:, lines].sum(axis=0) / np.where(total > 0, total, 1), 1
        )
    return _edited(plan, impressions=impressions)


def without_media(plan: Any, lines: Sequence[int] | NDArray[np.int64]) -> Any:
    """Return a plan in which some media lines buy nothing."""
    impressions = plan.arrays.impressions.copy()
    impressions[:, lines] = 0.0
    return _edited(plan, impressions=impressions)


def without_program(market: Any, plan: Any, kind: str, before: int | None = None) -> Any:
    """Return a plan in which the focal brand's program of a kind is off.

    Parameters
    ----------
    market, plan : Market, Plan
        The market and the plan.
    kind : {"price_cut", "referral", "community", "group_buying"}
        Which program.
    before : int, optional
        Off only before this observed step; always if omitted.
    """
    programs = plan.arrays.programs.copy()
    last = len(programs) if before is None else market.burn_in + before
    programs[:last, market.focal, TERM[SWITCHES[kind]]] = 0
    return _edited(plan, programs=programs)


def without_content(market: Any, plan: Any, lines: Sequence[int] | NDArray[np.int64]) -> Any:
    """Return a plan in which the focal brand publishes nothing, and the lines that promote it buy nothing."""
    programs, production = plan.arrays.programs.copy(), plan.arrays.production.copy()
    programs[:, market.focal, TERM["pieces"]] = 0
    production[:, market.focal] = 0
    return _edited(without_media(plan, lines), programs=programs, production=production)


def has_seeding(market: Any, plan: Any) -> bool:
    """Return whether the focal brand seeds anybody."""
    return bool((plan.arrays.seeding_brand == market.focal).any())


def without_seeding(market: Any, plan: Any) -> Any:
    """Return a plan in which the focal brand seeds nobody."""
    count = np.where(plan.arrays.seeding_brand == market.focal, 0, plan.arrays.seeding_count)
    return _edited(plan, seeding_count=count)


def has_program(market: Any, plan: Any, kind: str) -> bool:
    """Return whether the focal brand has a program of a kind at any step."""
    return bool(plan.arrays.programs[:, market.focal, TERM[SWITCHES[kind]]].any())


def from_step(market: Any, plan: Any, lines: Sequence[int] | NDArray[np.int64], start: int) -> Any:
    """Return a plan in which some media lines are silent before an observed step; their weekly media stay."""
    impressions = plan.arrays.impressions.copy()
    impressions[: market.burn_in + start, lines] = 0.0
    return _edited(plan, impressions=impressions)


def in_regions(
    market: Any, plan: Any, lines: Sequence[int] | NDArray[np.int64], regions: Sequence[str]
) -> Any:
    """Return a plan whose lines run in some regions only, with the same pressure per person there.

    Parameters
    ----------
    market, plan : Market, Plan
        The market and the plan.
    lines : sequence of int
        Media lines with the audience ``everyone`` or ``segment``.
    regions : sequence of str
        Names of the regions.

    Returns
    -------
    Plan
        Impressions are cut to the regions' share of the audience's reach.
    """
    arrays = plan.arrays
    is_inside = np.array([cell.split("/")[0] in regions for cell in market.cells])
    audience, segment = arrays.audience.copy(), arrays.in_segment.copy()
    impressions = arrays.impressions.copy()
    for line in lines:
        addressed = segment[line].astype(bool) if audience[line] == SEGMENT else np.ones(len(is_inside), bool)
        reach = market.arrays.cell_reach[int(arrays.channel[line])] * market.cell_shares
        whole = float(reach[addressed].sum())
        impressions[:, line] *= float(reach[addressed & is_inside].sum()) / whole if whole > 0 else 0.0
        segment[line] = (addressed & is_inside).astype(segment.dtype)
        audience[line] = SEGMENT
    return _edited(plan, audience=audience, in_segment=segment, impressions=impressions)


def in_random_part(plan: Any, line: int, share: float) -> Any:
    """Return a plan whose line addresses a random part of the consumers, with the same pressure per person there."""
    audience, part = plan.arrays.audience.copy(), plan.arrays.audience_share.copy()
    impressions = plan.arrays.impressions.copy()
    audience[line], part[line] = RANDOM, share
    impressions[:, line] *= share
    return _edited(plan, audience=audience, audience_share=part, impressions=impressions)


def others_that_fit(market: Any, fits: Callable[[Any], bool], kind: str) -> str:
    """Return the remedy for a strategy that does not fit a kind of export: the scenario's strategies that do."""
    plans = {name: build_plan(market, name) for name in market.scenario.strategies}
    names = [name for name, plan in plans.items() if fits(plan)]
    if not names:
        return f"no strategy of this scenario fits {kind}: define one"
    return f"choose a strategy that fits: {', '.join(names)}"


def check_regional(market: Any, plan: Any, place: str) -> NDArray[np.int64]:
    """Return the strategy's media lines if all that the strategy does can be limited to regions.

    Raises
    ------
    ScenarioError
        With everything that cannot, and the strategies that can.
    """
    faults = _regional_faults(market, plan, place)
    if faults:
        remedy = others_that_fit(market, lambda other: not _regional_faults(market, other, place), "geo_lift")
        raise ScenarioError([replace(fault, remedy=remedy) for fault in faults])
    return _strategy_lines(market, plan)


def _strategy_lines(market: Any, plan: Any) -> NDArray[np.int64]:
    """Return positions of the media lines of the strategy itself, the brand's standing ones left out."""
    return np.array([k for k in focal_lines(market, plan) if plan.arrays.is_strategy[k]], np.int64)


def _regional_faults(market: Any, plan: Any, place: str) -> list[Fault]:
    arrays, faults = plan.arrays, []
    lines = _strategy_lines(market, plan)
    expected = "only advertising with the audience everyone or segment, which can be limited to regions"
    for line in lines:
        if arrays.is_content[line] or arrays.audience[line] not in (EVERYONE, SEGMENT):
            name = market.channels[int(arrays.channel[line])].name
            what = "content" if arrays.is_content[line] else "a targeted line"
            faults.append(Fault(place, f"{what} in {name}", expected))
    for kind in SWITCHES:
        if has_program(market, plan, kind):
            faults.append(Fault(place, f"a {kind} line", expected))
    if len(arrays.seeding_step) or not len(lines):
        got = "seeding" if len(arrays.seeding_step) else "no advertising"
        faults.append(Fault(place, got, expected))
    return faults


def check_referral(market: Any, plan: Any, strategy: str, kind: str) -> None:
    """Check that a strategy has a referral program.

    Raises
    ------
    ScenarioError
        If it has none, with the strategies that have one.
    """
    if not has_program(market, plan, "referral"):
        remedy = others_that_fit(market, lambda other: has_program(market, other, "referral"), kind)
        raise ScenarioError([Fault("export(strategy)", strategy, "a strategy with a referral line", remedy)])


def check_testable_line(market: Any, plan: Any, line: int, place: str) -> int:
    """Return the position in the plan of a strategy's media line that addresses everyone.

    Raises
    ------
    ScenarioError
        If there is no such line.
    """
    arrays = plan.arrays
    own = [int(k) for k in _strategy_lines(market, plan)]
    open_lines = _open_lines(market, plan)
    if line not in open_lines:
        names = ", ".join(f"{k} ({market.channels[int(arrays.channel[own[k]])].name})" for k in open_lines)
        expected = f"an advertising line with the audience everyone: {names or 'this strategy has none'}"
        remedy = (
            "take one of these lines: --line"
            if open_lines
            else others_that_fit(market, lambda other: bool(_open_lines(market, other)), "ab_test")
        )
        raise ScenarioError([Fault(f"{place}(line)", repr(line), expected, remedy)])
    return own[line]


def _open_lines(market: Any, plan: Any) -> list[int]:
    """Return numbers of the strategy's advertising lines that address everyone, in the order of the plan."""
    arrays = plan.arrays
    return [
        k
        for k, position in enumerate(_strategy_lines(market, plan))
        if arrays.audience[position] == EVERYONE and not arrays.is_content[position]
    ]


def _edited(plan: Any, **arrays: Any) -> Any:
    return replace(plan, arrays=plan.arrays._replace(**arrays))
