"""All consumers' relations with one brand: the phases of a step that concern everybody in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from simulator.engines.mesa_engine import everyone
from simulator.engines.mesa_engine.columns import Columns
from simulator.engines.mesa_engine.messages import LONG_AGO
from simulator.model.observation import SOURCES

if TYPE_CHECKING:
    from simulator.engines.mesa_engine.brands import Brand
    from simulator.engines.mesa_engine.relation import Relation

_ADVERTISING = SOURCES.index("advertising")


class Relations(Columns):
    """A brand's relations, by the index of the consumer.

    Parameters
    ----------
    brand : Brand
        Whose relations they are.

    Attributes
    ----------
    memory, goodwill, fatigue, belief, trust, profile_x, profile_y : ndarray of float32
        What :class:`~simulator.engines.mesa_engine.relation.Relation` calls so.
    noticed : ndarray of int
        Advertisements noticed in this step.
    visit_step : ndarray of int
        Step of the latest visit.
    source : ndarray of int8
        Position among ``observation.SOURCES`` of what drew attention to the brand last.
    is_follower, is_member, was_reached : ndarray of bool
        What has happened so far.
    with_mail : list of Relation
        Those whom neighbors told something in the last step, and in this one while neighbors talk.
    """

    def __init__(self, brand: Brand) -> None:
        crowd = brand.model.crowd
        cell_taste = brand.model.market.arrays.cell_taste[crowd.market_cell]
        self.brand = brand
        self.memory, self.belief = crowd.numbers(), crowd.numbers()
        self.fatigue = crowd.numbers()
        self.goodwill = crowd.numbers(brand.initial_goodwill)
        self.trust = crowd.numbers(brand.initial_trust)
        self.profile_x, self.profile_y = cell_taste[:, 0].copy(), cell_taste[:, 1].copy()
        self.noticed = np.zeros(crowd.size, np.int64)
        self.visit_step = np.full(crowd.size, LONG_AGO, np.int64)
        self.source = np.zeros(crowd.size, np.int8)
        self.is_follower = np.zeros(crowd.size, np.bool_)
        self.is_member = np.zeros(crowd.size, np.bool_)
        self.was_reached = np.zeros(crowd.size, np.bool_)
        self.with_mail: list[Relation] = []
        self._relations: list[Relation] = []
        self.open_entries()

    def append(self, relation: Relation) -> None:
        """Add the next consumer's relation."""
        self._relations.append(relation)

    def __len__(self) -> int:
        return len(self._relations)

    def __iter__(self) -> Iterator[Relation]:
        return iter(self._relations)

    def __getitem__(self, index: int) -> Relation:
        return self._relations[index]

    # ---- attention

    def read_messages(self) -> None:
        """Let those who have mail take in what neighbors said in the last step."""
        for relation in self.with_mail:
            relation.read_messages()

    def notice(self, clear: np.ndarray) -> None:
        """Notice advertisements, as far as clutter (``clear``) and fatigue let one; build goodwill."""
        p, crowd = self.brand.model.parameters, self.brand.model.crowd
        own, fresh = crowd.numbers(), crowd.numbers()
        self.noticed[:] = 0
        everyone.leave_fresh(self.fatigue, p.wear_out, fresh)
        for line in self.brand.live_lines:
            everyone.add_impressions(own, line.impressions)
            line.reach_out(fresh, clear)
            if not line.is_content:
                self.noticed += line.hits
        everyone.tire(self.fatigue, p.fatigue_carryover, own)
        everyone.build_goodwill(self.goodwill, p.goodwill_carryover, self.noticed)
        self._count_reach()

    def _count_reach(self) -> None:
        is_reached = self.noticed > 0
        self.brand.record("noticed", int(self.noticed.sum()))
        self.brand.record("reached", int(is_reached.sum()))
        self.brand.record("newly_reached", int((is_reached & ~self.was_reached).sum()))
        self.was_reached |= is_reached
        self.source[is_reached] = _ADVERTISING

    def remember(self) -> None:
        """Forget a little, and remember what was noticed; let trust return to where it began."""
        model, brand = self.brand.model, self.brand
        p = model.parameters
        everyone.remember(self.memory, p.memory_retention, self.noticed, model.log_gain_ad)
        if brand.has_content:
            everyone.settle_trust(self.trust, brand.initial_trust, p.trust_decay)

    # ---- responses

    def to_respond(self) -> list[Relation]:
        """Return the relations in which there is something to respond to in this step."""
        responds = self.is_member.copy()
        if self.brand.terms["pieces"] > 0:
            responds |= self.is_follower
        for line in self.brand.live_lines:
            if line.asks_for_response:
                responds |= line.hits
        for relation in self.with_mail:
            responds[relation.index] = True
        return [self._relations[index] for index in np.flatnonzero(responds).tolist()]

    def empty_mail(self) -> None:
        """Throw away what was read."""
        for relation in self.with_mail:
            relation.inbox = None
        self.with_mail = []

    # ---- at the end of a step

    def close_books(self) -> None:
        """Record where the brand stands with everybody."""
        brand = self.brand
        brand.record("followers", brand.followers)
        brand.record("members", brand.members)
        brand.record("aware", everyone.number_aware(self.memory))
        brand.record("memory", everyone.sum_of_units(self.memory))
        brand.record("goodwill", everyone.sum_of_units(self.goodwill))
        brand.record("belief", everyone.sum_of_units(self.belief))
        brand.record("trust", everyone.sum_of_units(self.trust))
