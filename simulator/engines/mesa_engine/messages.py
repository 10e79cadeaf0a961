"""What passes between agents: ties, talk, mail, offers, orders and pieces of content."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.engines.mesa_engine.chance import ZERO
from simulator.engines.mesa_engine.rules import word_of_mouth

if TYPE_CHECKING:
    from simulator.engines.mesa_engine.agents import Consumer
    from simulator.engines.mesa_engine.brands import Brand

#: A step so long ago that nothing remembers it.
LONG_AGO = -1_000_000


class Tie(NamedTuple):
    """A consumer's tie to another whom it can influence."""

    neighbor: Consumer
    rate: Any  # how readily the tie carries talk, from its strength and weight
    occurrence: int  # number of a parallel tie, from 0

    def inbox(self, brand: Brand) -> Inbox:
        """Return where to put what the neighbor is told about a brand."""
        return self.neighbor.relation_to(brand).open_inbox()


@dataclass(slots=True)
class Piece:
    """A brand's content of one step, and how far it went."""

    published: int
    value: Any
    appeal: Any  # what else makes it be passed on, in logits
    promotion: Any  # share of it that is promotional, 0..1
    reach: Counter[str] = field(default_factory=Counter)


class SharedPiece(NamedTuple):
    """A piece that neighbors passed on. The newest counts most, then the one with the fewest hops."""

    published: int
    minus_hops: int


@dataclass(slots=True)
class Inbox:
    """What neighbors told a consumer about a brand in the last step, in whole units."""

    contacts: int = 0
    weight: int = 0
    value: int = 0
    is_invited: bool = False
    piece: SharedPiece | None = None

    def add_message(self, weight: Any, satisfaction: Any) -> None:
        """Add a neighbor's opinion with the weight that it carries."""
        self.contacts += 1
        self.weight += word_of_mouth.weight_units(weight)
        self.value += word_of_mouth.value_units(weight, satisfaction)

    def add_invitation(self) -> None:
        """Add an invitation; several that arrive together are one."""
        self.is_invited = True

    def add_piece(self, piece: SharedPiece) -> None:
        """Add a piece that a neighbor passed on."""
        self.piece = piece if self.piece is None else max(self.piece, piece)


@dataclass(slots=True)
class Talk:
    """What a consumer has to say about a brand at the end of a step."""

    brand: Brand
    satisfaction: Any = ZERO
    surprise: Any = ZERO
    recommends: bool = False
    invites: bool = False
    commits: bool = False
    piece: SharedPiece | None = None
    is_seed: bool = False  # about what it was given


class News(NamedTuple):
    """A change that neighbors see from the next step on."""

    brand: Brand
    what: str  # "adopting", "member" or "committed"
    change: int


@dataclass(slots=True)
class Commitment:
    """A consumer's promise to buy in a group, on the terms of the step in which it was given."""

    brand: Brand
    step: int
    price: Any  # list price
    discount: Any
    size: int
    deadline: int  # step at which it lapses
    reserve: int  # money that the brand sets aside
    is_admitted: bool = True


@dataclass(slots=True)
class Offer:
    """A brand as a shopper sees it."""

    brand: Brand
    utility: Any
    total: Any  # utility with the taste shock
    best_total: Any  # the same, or that of joining a group where it is better
    joins: bool = False


@dataclass(slots=True)
class Order:
    """What a shopper wants to buy, and from what it chose."""

    consumer: Consumer
    brand: Brand | None
    offers: list[Offer]
    outside: Any  # total of buying nothing
    waiting_shock: Any
    group: Commitment | None = None
    is_accepted: bool = False
    first: Brand | None = None
