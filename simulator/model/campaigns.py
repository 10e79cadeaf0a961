"""A strategy as arrays: the campaign lines of every brand, and the programs that run beside them.

Media lines (advertising, and the promotion of content) buy impressions. Programs (price cuts, referral,
community, group buying, content editions) are terms that hold for a brand at a step; what they cost
emerges from what consumers do, up to the share of the budget that the strategy gives them.

Lines stand in the order of brand id, channel id and slot. A strategy's lines have slots from 16 on, the
standing lines of brands from 0 on, so neither moves the other's luck.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.model.market import Market
from simulator.model.observation import MONEY_SCALE
from simulator.model.seed_rules import SeedChoice, seed_choice
from simulator.scenario import line_slots

AUDIENCES = ("everyone", "random", "segment", "fit", "visitors")
EVERYONE, RANDOM, SEGMENT, FIT, VISITORS = range(5)
CREATIVES = ("brand", "segment", "personal")
CREATIVE_BRAND, CREATIVE_SEGMENT, CREATIVE_PERSONAL = range(3)

#: Terms of a brand's programs at a step, in the last axis of ``PlanArrays.programs``.
TERMS = (
    "price_cut",
    "referral",
    "reward_sender",
    "reward_receiver",
    "valid_weeks",
    "invitations",
    "community",
    "service_cost",
    "group",
    "group_discount",
    "group_size",
    "group_deadline",
    "pieces",
    "content_value",
    "promotional_share",
    "co_design",
)
TERM = {name: position for position, name in enumerate(TERMS)}

#: Programs whose spend is capped, in the last axis of ``PlanArrays.program_cap``.
CAPPED = ("price_cut", "referral", "community", "group_buying")
NO_CAP = np.int64(2**62)
_STRATEGY_SLOT = 16


class PlanArrays(NamedTuple):
    """What an engine reads of a plan. T steps, L media lines, J brands, K cells, S seedings."""

    brand: np.ndarray  # int32 [L]
    channel: np.ndarray  # int32 [L]
    channel_id: np.ndarray  # uint32 [L]
    slot: np.ndarray  # uint32 [L]
    is_content: np.ndarray  # uint8 [L]
    is_strategy: np.ndarray  # uint8 [L]
    audience: np.ndarray  # int32 [L]
    audience_share: np.ndarray  # float32 [L]
    sharpness: np.ndarray  # float32 [L]
    creative: np.ndarray  # int32 [L]
    coupon: np.ndarray  # float32 [L]
    attention: np.ndarray  # float32 [L]
    has_click: np.ndarray  # uint8 [L]
    click_intercept: np.ndarray  # float32 [L]
    cap: np.ndarray  # float32 [L], impressions per consumer and step
    media_cost: np.ndarray  # float64 [L], currency per impression
    data_cost: np.ndarray  # float64 [L], currency per impression
    in_segment: np.ndarray  # uint8 [L, K]
    impressions: np.ndarray  # float64 [T, L], impressions per simulated market (people / people_per_consumer)
    programs: np.ndarray  # float32 [T, J, terms]
    production: np.ndarray  # int64 [T, J], money
    program_cap: np.ndarray  # int64 [J, capped programs], money
    total_cap: np.ndarray  # int64 [J], money
    program_is_strategy: np.ndarray  # uint8 [J, capped programs]
    production_is_strategy: np.ndarray  # uint8 [J]
    seeding_step: np.ndarray  # int32 [S]
    seeding_brand: np.ndarray  # int32 [S]
    seeding_choice: tuple[SeedChoice, ...]  # [S], whom each seeding chooses
    seeding_count: np.ndarray  # int64 [S], consumers
    seeding_cost: np.ndarray  # int64 [S], money for each consumer seeded


@dataclass(frozen=True)
class Plan:
    """A strategy ready for the engines.

    Parameters
    ----------
    name : str
        Name of the strategy.
    level : float
        Multiplier of its media, or depth of its price cut.
    solves : str
        ``media`` where the level multiplies media, ``depth`` where it is the depth of a price cut,
        ``nothing`` where there is neither.
    budget : float
        Currency that the strategy is to spend in the whole market.
    arrays : PlanArrays
        Everything that engines read.
    """

    name: str
    level: float
    solves: str
    budget: float
    arrays: PlanArrays


class _Line(NamedTuple):
    terms: Any
    brand: int
    slot: int
    is_strategy: bool
    spend: np.ndarray


def strategy_lines(market: Market, name: str) -> Sequence[Any]:
    """Return the campaign lines of a strategy; ``none`` has no lines.

    Raises
    ------
    ScenarioError
        Where the scenario has no strategy of that name.
    """
    strategies = market.scenario.strategies
    if name in strategies:
        return list(strategies[name].lines)
    if name == "none":
        return []
    known = ", ".join(["none", *(other for other in strategies if other != "none")])
    raise ScenarioError([Fault("strategies", name, f"one of {known}", "name a strategy of the scenario")])


def solved_by(lines: Sequence[Any]) -> str:
    """Return what a strategy's level stands for: ``media``, ``depth`` or ``nothing``.

    Media take what programs leave of the budget, and what a small audience of another line cannot take up.
    """
    if any(line.kind == "price_cut" and line.depth is None for line in lines):
        return "depth"
    return "media" if any(line.kind in ("advertising", "content") for line in lines) else "nothing"


def build_plan(market: Market, strategy: str, *, level: float | None = None) -> Plan:
    """Return a strategy as arrays.

    Parameters
    ----------
    market : Market
        The market.
    strategy : str
        Name of the strategy.
    level : float, optional
        Multiplier of planned media, or depth of a price cut whose depth is to be solved; by default
        1, or a depth of 0.1.

    Returns
    -------
    Plan
    """
    lines = strategy_lines(market, strategy)
    solves = solved_by(lines)
    chosen = (0.1 if solves == "depth" else 1.0) if level is None else float(level)
    budget = float(market.scenario.comparison.budget) if lines else 0.0
    collected = _Collector(market, strategy, budget, chosen, solves)
    for j, brand in enumerate(market.brands):
        for slot, line in zip(line_slots(brand.lines), brand.lines, strict=True):
            collected.add_standing(j, slot, line)
    for slot, line in zip(line_slots(lines), lines, strict=True):
        collected.add_strategy(_STRATEGY_SLOT + slot, line)
    return Plan(strategy, chosen, solves, budget, collected.arrays())


def _too_few_seeds(strategy: str, line: Any, money: float, people: float) -> Fault:
    got = f"{money:,.0f} for seeding"
    cost = f"{people:,.0f} people at {line.cost_per_seed:g} each"
    remedy = "raise its share, lower cost_per_seed, or take a social graph of more consumers"
    return Fault(
        f"strategies.{strategy}", got, f"enough for one consumer of this social graph: {cost}", remedy
    )


class _Collector:
    """Gathers lines and programs of all brands and writes them out as arrays."""

    def __init__(self, market: Market, name: str, budget: float, level: float, solves: str) -> None:
        self.market = market
        self.name = name
        self.burn_in = market.burn_in
        self.n_steps = market.burn_in + market.n_steps
        self.people = market.people_per_consumer
        self.budget = budget
        self.level = level
        self.solves = solves
        n_brands = len(market.brands)
        self.lines: list[_Line] = []
        self.programs = np.zeros((self.n_steps, n_brands, len(TERMS)), np.float32)
        self.production = np.zeros((self.n_steps, n_brands))
        self.cap = np.full((n_brands, len(CAPPED)), NO_CAP, np.int64)
        self.program_is_strategy = np.zeros((n_brands, len(CAPPED)), np.uint8)
        self.production_is_strategy = np.zeros(n_brands, np.uint8)
        self.total_cap = np.full(n_brands, NO_CAP, np.int64)
        self.seedings: list[tuple[int, int, int, int]] = []
        self.choices: list[SeedChoice] = []
        if budget:
            self.total_cap[market.focal] = self.money(budget)

    def money(self, currency: float) -> int:
        """Return currency of the whole market as recorded money of the simulated one."""
        return math.floor(currency / self.people * MONEY_SCALE + 0.5)

    def add_standing(self, brand: int, slot: int, line: Any) -> None:
        first = 0 if line.start is None else self.burn_in + line.start
        last = self.n_steps if line.end is None else self.burn_in + line.end
        is_live = np.zeros(self.n_steps, bool)
        is_live[first:last] = True
        is_live &= self.market.arrays.has_left[:, brand] == 0
        weekly_spend = getattr(line, "weekly_spend", 0.0)
        self._add(line, brand, slot, is_live, weekly_spend * is_live.sum(), is_strategy=False)

    def add_strategy(self, slot: int, line: Any) -> None:
        is_live = np.zeros(self.n_steps, bool)
        end = self.market.n_steps if line.end is None else line.end
        is_live[self.burn_in + line.start : self.burn_in + end] = True
        is_live &= self.market.arrays.has_left[:, self.market.focal] == 0
        self._add(line, self.market.focal, slot, is_live, line.share * self.budget, is_strategy=True)

    def _add(
        self, line: Any, brand: int, slot: int, is_live: np.ndarray, money: float, *, is_strategy: bool
    ) -> None:
        if not is_live.any():
            return
        if line.kind == "advertising":
            if line.pulse_on and line.pulse_off:
                phase = (np.arange(self.n_steps) - int(np.argmax(is_live))) % (line.pulse_on + line.pulse_off)
                is_live = is_live & (phase < line.pulse_on)
            self._add_media(line, brand, slot, is_live, money, is_strategy)
        elif line.kind == "content":
            self._add_content(line, brand, slot, is_live, money, is_strategy)
        elif line.kind == "seeding":
            self._add_seeding(line, brand, int(np.argmax(is_live)), money)
        else:
            self._add_program(line, brand, is_live, money, is_strategy)

    def _add_media(
        self, line: Any, brand: int, slot: int, is_live: np.ndarray, money: float, is_strategy: bool
    ) -> None:
        scale = self.level if is_strategy and self.solves == "media" else 1.0
        spend = is_live * (scale * money / max(1, int(is_live.sum())) / self.people)
        self.lines.append(_Line(line, brand, slot, is_strategy, spend))

    def _add_content(
        self, line: Any, brand: int, slot: int, is_live: np.ndarray, money: float, is_strategy: bool
    ) -> None:
        # the pieces of a week are those whose running count passes a whole number in it
        weeks = np.cumsum(is_live)
        published = np.floor(weeks * line.pieces_per_week + 1e-9)
        pieces = np.diff(published, prepend=0.0) * is_live
        self._set(brand, is_live, {"content_value": line.value, "promotional_share": line.promotional_share})
        self.programs[:, brand, TERM["pieces"]] += pieces.astype(np.float32)
        production = pieces * line.production_cost
        self.production[:, brand] += np.floor(production / self.people * MONEY_SCALE + 0.5)
        self.production_is_strategy[brand] |= is_strategy
        self._add_media(line, brand, slot, is_live, max(0.0, money - float(production.sum())), is_strategy)

    def _add_seeding(self, line: Any, brand: int, step: int, money: float) -> None:
        cost = line.cost_per_seed * self.people
        count = min(math.floor(money / cost + 1e-9), self.market.n_consumers)
        if money > 0 and count == 0:
            raise ScenarioError([_too_few_seeds(self.name, line, money, self.people)])
        self.seedings.append((step, brand, count, self.money(cost)))
        self.choices.append(seed_choice(self.market, line))

    def _add_program(
        self, line: Any, brand: int, is_live: np.ndarray, money: float, is_strategy: bool
    ) -> None:
        if line.kind == "price_cut":
            terms = {"price_cut": self.level if line.depth is None else line.depth}
        elif line.kind == "referral":
            terms = {
                "referral": 1.0,
                "reward_sender": line.reward_sender,
                "reward_receiver": line.reward_receiver,
                "valid_weeks": line.valid_weeks,
                "invitations": line.invitations,
            }
        elif line.kind == "community":
            terms = {"community": 1.0, "service_cost": line.service_cost, "co_design": line.co_design}
        else:
            terms = {
                "group": 1.0,
                "group_discount": line.discount,
                "group_size": line.size,
                "group_deadline": line.deadline,
            }
        self._set(brand, is_live, terms)
        if not is_strategy:
            return
        which = CAPPED.index(line.kind)
        earlier = self.cap[brand, which]
        self.cap[brand, which] = self.money(money) + (0 if earlier == NO_CAP else earlier)
        self.program_is_strategy[brand, which] = True

    def _set(self, brand: int, is_live: np.ndarray, terms: dict[str, float]) -> None:
        for name, value in terms.items():
            self.programs[is_live, brand, TERM[name]] = value

    def arrays(self) -> PlanArrays:
        market = self.market
        channel_of = {channel.name: position for position, channel in enumerate(market.channels)}
        ids = {channel.name: channel.id for channel in market.channels}
        order = sorted(
            self.lines, key=lambda line: (market.brand_ids[line.brand], ids[line.terms.channel], line.slot)
        )
        channels = [market.channels[channel_of[line.terms.channel]] for line in order]
        is_content = [line.terms.kind == "content" for line in order]
        targeted = [
            not content and line.terms.audience != "everyone"
            for line, content in zip(order, is_content, strict=True)
        ]
        media = np.array([channel.cost_per_thousand / 1000 for channel in channels])
        data = np.array(
            [channel.data_cost_per_thousand / 1000 * t for channel, t in zip(channels, targeted, strict=True)]
        )
        spend = np.array([line.spend for line in order]).reshape(len(order), self.n_steps)
        cost = (media + data).reshape(-1, 1)

        def column(kind: Any, values: Iterable[Any]) -> np.ndarray:
            return np.array(list(values), kind)

        def term(name: str, fallback: Any) -> list[Any]:
            return [
                fallback if content else getattr(line.terms, name)
                for line, content in zip(order, is_content, strict=True)
            ]

        seedings = np.array(self.seedings, np.int64).reshape(-1, 4)
        return PlanArrays(
            brand=column(np.int32, (line.brand for line in order)),
            channel=column(np.int32, (channel_of[line.terms.channel] for line in order)),
            channel_id=column(np.uint32, (channel.id for channel in channels)),
            slot=column(np.uint32, (line.slot for line in order)),
            is_content=column(np.uint8, is_content),
            is_strategy=column(np.uint8, (line.is_strategy for line in order)),
            audience=column(np.int32, (AUDIENCES.index(name) for name in term("audience", "everyone"))),
            audience_share=column(np.float32, term("audience_share", 1.0)),
            sharpness=column(np.float32, term("sharpness", 1.0)),
            creative=column(np.int32, (CREATIVES.index(name) for name in term("creative", "brand"))),
            coupon=column(np.float32, term("coupon", 0.0)),
            attention=column(np.float32, (channel.attention for channel in channels)),
            has_click=column(np.uint8, (channel.click for channel in channels)),
            click_intercept=column(np.float32, (channel.click_intercept for channel in channels)),
            cap=column(np.float32, (channel.cap for channel in channels)),
            media_cost=media,
            data_cost=data,
            in_segment=self._segments(order, is_content),
            impressions=np.ascontiguousarray((spend / cost).T) if order else np.zeros((self.n_steps, 0)),
            programs=self.programs,
            production=self.production.astype(np.int64),
            program_cap=self.cap,
            total_cap=self.total_cap,
            program_is_strategy=self.program_is_strategy,
            production_is_strategy=self.production_is_strategy,
            seeding_step=seedings[:, 0].astype(np.int32),
            seeding_brand=seedings[:, 1].astype(np.int32),
            seeding_choice=tuple(self.choices),
            seeding_count=seedings[:, 2].copy(),
            seeding_cost=seedings[:, 3].copy(),
        )

    def _segments(self, order: Sequence[_Line], is_content: Sequence[bool]) -> np.ndarray:
        market = self.market
        chosen = np.zeros((len(order), len(market.cells)), np.uint8)
        for h, (line, content) in enumerate(zip(order, is_content, strict=True)):
            if content or line.terms.audience != "segment":
                continue
            if line.terms.cells:
                chosen[h] = [cell in line.terms.cells for cell in market.cells]
                continue
            distance = ((market.arrays.cell_taste - market.arrays.position[line.brand]) ** 2).sum(axis=1)
            nearest = np.argsort(distance, kind="stable")
            share = np.cumsum(market.cell_shares[nearest])
            chosen[h, nearest[: int(np.searchsorted(share, 0.5)) + 1]] = 1
        return chosen
