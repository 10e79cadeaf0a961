"""The Mesa engine: one agent per consumer and per brand, to read, to step through and to teach from.

>>> from simulator.engines.mesa_engine import MarketModel
>>> model = MarketModel(market, plan, world, seed=1, replicate=0)  # doctest: +SKIP
>>> model.step()  # doctest: +SKIP

It gives, bit for bit, the counts of the compiled engine.
"""

from simulator.engines.mesa_engine.agents import Consumer
from simulator.engines.mesa_engine.brands import Brand
from simulator.engines.mesa_engine.events import KINDS, Events
from simulator.engines.mesa_engine.model import MarketModel, run_one
from simulator.engines.mesa_engine.relation import Relation

__all__ = ["KINDS", "Brand", "Consumer", "Events", "MarketModel", "Relation", "run_one"]
