"""What single agents did, written down on request: every purchase and every message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.engines.mesa_engine.agents import Consumer
    from simulator.engines.mesa_engine.brands import Brand

#: Kinds of messages on ties.
KINDS = ("praise", "warning", "invitation", "piece", "group offer")


@dataclass
class Events:
    """Purchases and messages of a replicate, in the order in which they happened.

    Parameters
    ----------
    burn_in : int
        Steps before the first that is observed; steps count from that one.
    """

    burn_in: int
    purchases: list[tuple[Any, ...]] = field(default_factory=list)
    messages: list[tuple[Any, ...]] = field(default_factory=list)

    def add_purchase(self, consumer: Consumer, brand: Brand, source: str, *, is_first: bool) -> None:
        """Write down a unit bought, and through which source it came about."""
        step = consumer.model.now - self.burn_in
        self.purchases.append((step, consumer.index, brand.name, source, is_first))

    def add_message(self, sender: Consumer, receiver: Consumer, brand: Brand, kind: str) -> None:
        """Write down a message on a tie; the receiver takes it in at the next step."""
        step = sender.model.now - self.burn_in
        self.messages.append((step, sender.index, receiver.index, brand.name, kind))
