"""The model's rules as agents call them: one at a time, from Python.

Each name is the room of rules of the same name in :mod:`simulator.model.rules` or beside it, and gives the same
functions, compiled for their declared types. They are called without the choice among types that numba makes at
every call from Python, which takes longer than most rules do.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from simulator.compiled import called_from_python
from simulator.model import draws as _draws
from simulator.model import mathematics as _mathematics
from simulator.model.rules import attention as _attention
from simulator.model.rules import choice as _choice
from simulator.model.rules import community as _community
from simulator.model.rules import content as _content
from simulator.model.rules import experience as _experience
from simulator.model.rules import ledger as _ledger
from simulator.model.rules import precision as _precision
from simulator.model.rules import referral as _referral
from simulator.model.rules import search as _search
from simulator.model.rules import word_of_mouth as _word_of_mouth


class Rules:
    """A room of rules for agents.

    Parameters
    ----------
    room : module
        Where the rules stand. Each is compiled when it is asked for first.
    """

    def __init__(self, room: ModuleType) -> None:
        self._room = room

    def __getattr__(self, name: str) -> Any:
        rule = called_from_python(getattr(self._room, name))
        setattr(self, name, rule)
        return rule


attention = Rules(_attention)
choice = Rules(_choice)
community = Rules(_community)
content = Rules(_content)
draws = Rules(_draws)
experience = Rules(_experience)
ledger = Rules(_ledger)
mathematics = Rules(_mathematics)
precision = Rules(_precision)
referral = Rules(_referral)
search = Rules(_search)
word_of_mouth = Rules(_word_of_mouth)
