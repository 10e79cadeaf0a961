"""The Mesa engine: one agent per consumer and per brand, to read, to step through and to teach from.

>>> from simulator.engines.mesa_engine import MarketModel
>>> model = MarketModel(market, plan, world, seed=1, replicate=0)  # doctest: +SKIP
>>> model.step()  # doctest: +SKIP

It gives, bit for bit, the counts of the compiled engine.

What happens to everybody at every step in the same way (advertising met and noticed, memory, goodwill, needs, the
brands' books) goes through columns, one loop for each rule: :mod:`~simulator.engines.mesa_engine.crowd`,
:mod:`~simulator.engines.mesa_engine.relations` and the loops in :mod:`~simulator.engines.mesa_engine.everyone`.
What happens to somebody (shopping, buying, talk, content, communities, invitations) stands in methods of agents, and
those alone are visited to whom it happens. Agents show all of it: ``consumer.relations[0].memory`` is an entry of a
column, to be read and to be set.
"""

from simulator.engines.mesa_engine.agents import Consumer
from simulator.engines.mesa_engine.brands import Brand
from simulator.engines.mesa_engine.events import KINDS, Events
from simulator.engines.mesa_engine.model import MarketModel, run_one
from simulator.engines.mesa_engine.relation import Relation

__all__ = ["KINDS", "Brand", "Consumer", "Events", "MarketModel", "Relation", "run_one"]
