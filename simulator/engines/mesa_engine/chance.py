"""The luck of a replicate, and numbers of exactly 32 bits.

Agents draw nothing in order: every draw has an address (see :mod:`simulator.model.draws`), so agents may be
visited in any order, skipped or asked twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import is_compiled
from simulator.engines.mesa_engine import everyone
from simulator.engines.mesa_engine.rules import draws

#: How agents keep a 32-bit number. A compiled rule converts what it is given to 32 bits and returns a Python
#: number; without compilation rules are plain Python and need numbers that have 32 bits themselves.
Number: Any = float if is_compiled() else np.float32

ZERO = Number(0.0)
ONE = Number(1.0)


def numbers(array: np.ndarray) -> list[Any]:
    """Return a one-dimensional array of 32-bit numbers as a list that rules may be given."""
    return [Number(value) for value in array.tolist()]


class Chance:
    """The addressed draws of one replicate.

    Parameters
    ----------
    seed, replicate : int
        Key of the draws, each 0 to 2^32 - 1.
    n_consumers : int, optional
        How many consumers draw at once where all do.

    Attributes
    ----------
    step : int
        Step that is being simulated.
    """

    def __init__(self, seed: int, replicate: int, n_consumers: int = 0) -> None:
        self.key = (int(seed), int(replicate))
        self.n_consumers = n_consumers
        self.step = 0
        self._tails: dict[tuple[str, int, int], Any] = {}

    def _tail(self, stream: str, brand: int, slot: int) -> Any:
        address = (stream, brand, slot)
        if address not in self._tails:
            self._tails[address] = draws.tail(draws.STREAM[stream], brand, slot)
        return self._tails[address]

    def draw(
        self,
        stream: str,
        who: int = 0,
        second: int = 0,
        *,
        brand: int = 0,
        slot: int = 0,
        step: int | None = None,
    ) -> Any:
        """Return the four uniform numbers of an address in this step, or another.

        Parameters
        ----------
        stream : str
            Name of a stream in the table of draws.
        who : int
            The consumer, or the sender on a tie.
        second : int
            The receiver on a tie, or a channel's id.
        brand : int
            A brand's id.
        slot : int
            Slot of a campaign line, or occurrence of a parallel tie.
        step : int, optional
            The step, where it is not this one.
        """
        at = self.step if step is None else step
        return draws.sparse_uniforms(who, second, at, self._tail(stream, brand, slot), *self.key)

    def draw_once(self, stream: str, who: int, second: int = 0, *, brand: int = 0, slot: int = 0) -> Any:
        """Return the four uniform numbers of an address that is the same at every step."""
        return draws.sparse_uniforms(who, second, 0, self._tail(stream, brand, slot), *self.key)

    def draw_everyone(self, stream: str, second: int = 0, *, brand: int = 0, slot: int = 0) -> np.ndarray:
        """Return all consumers' uniform numbers in a stream that everybody reads at every step."""
        uniform = np.empty(self.n_consumers, np.float32)
        everyone.draw_dense((second, self.step, self._tail(stream, brand, slot), *self.key), uniform)
        return uniform

    def draw_ties(self, who: int, receivers: np.ndarray, occurrences: np.ndarray, *, brand: int) -> list[Any]:
        """Return the four uniform numbers of each of a consumer's ties in this step."""
        uniform = np.empty((receivers.size, 4), np.float32)
        everyone.draw_ties(who, receivers, occurrences, brand, self.step, self.key, uniform)
        return list(uniform.tolist())

    def priority(self, who: int) -> int:
        """Return a consumer's place in the queue for scarce stock: the lowest is served first."""
        return int(draws.sparse_word(who, 0, self.step, self._tail("outside", 0, 0), *self.key, 2))
