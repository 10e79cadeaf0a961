"""A market in which a referral program is withheld from some consumers, as in a hold-out test.

The program of one brand does not exist for them: they are not asked to invite, and an invitation that reaches them is
talk, without a reward. Everybody else's rules and everybody's draws stay what they are, so that with nobody withheld
the market is that of the plan, and with everybody withheld that of the plan without the program, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.engines.mesa_engine import MarketModel
from simulator.engines.mesa_engine.agents import Consumer
from simulator.engines.mesa_engine.brands import Brand
from simulator.engines.mesa_engine.messages import Inbox, Talk
from simulator.engines.mesa_engine.relation import Relation


class _WithoutReward(Relation):
    """A relation in which invitations carry no reward."""

    __slots__ = ()

    def take_invitation(self, inbox: Inbox) -> None:
        """Keep no invitation."""


class _WithoutProgram(Consumer):
    """A consumer who is not asked to invite friends to a brand."""

    withheld_brand: Brand

    def say(self, talk: Talk) -> None:
        """Have something to say, but no invitation."""
        if talk.invites and talk.brand is self.withheld_brand:
            talk.invites = False
            if not talk.recommends:
                return
        super().say(talk)


def withhold_referral(model: MarketModel, brand: Brand, consumers: Sequence[int] | NDArray[np.int64]) -> None:
    """Withhold a brand's referral program from some consumers, from the next step on.

    Parameters
    ----------
    model : MarketModel
        A model that has not taken a step.
    brand : Brand
        Whose program it is.
    consumers : sequence of int
        Their indices.
    """
    for index in consumers:
        consumer = model.individuals[int(index)]
        consumer.__class__ = _WithoutProgram
        consumer.withheld_brand = brand
        consumer.relation_to(brand).__class__ = _WithoutReward
