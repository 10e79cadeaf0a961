"""Normal outcomes with known means, numbered so that the same replicate is always the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Means by configuration; the first treatment is the best and leads by the indifference zone of 1.
MEANS = {
    "slippage": (1.0, 0.0, 0.0, 0.0, 0.0),
    "monotone": (1.0, 0.0, -1.0, -2.0, -3.0),
    "two": (1.0, 0.0),
}


class NormalLaw:
    """Outcomes of treatments with given means and spreads, part of the variance shared by all."""

    def __init__(
        self, seed: int, means: Sequence[float], shared: float = 0.0, sds: Sequence[float] | None = None
    ) -> None:
        self._generators = [np.random.default_rng([seed, block]) for block in (0, 1)]
        self._means = np.array(means)[:, None]
        self._sds = np.ones(len(means))[:, None] * 2 if sds is None else np.array(sds)[:, None]
        self._shared = shared
        self._values = [np.empty((len(means), 0)), np.empty((len(means), 0))]
        self.drawn: dict[tuple[int, int], int] = {}

    def __call__(self, treatments: Sequence[int], replicates: Sequence[int]) -> np.ndarray:
        block = int(min(replicates) >= 2**30)
        numbers = [r - block * 2**30 for r in replicates]
        while self._values[block].shape[1] <= max(numbers):
            self._grow(block)
        for t in treatments:
            for r in replicates:
                self.drawn[t, r] = self.drawn.get((t, r), 0) + 1
        return self._values[block][np.ix_(list(treatments), numbers)]

    def _grow(self, block: int) -> None:
        g = self._generators[block]
        luck = g.normal(size=(1, 256)) * self._shared**0.5
        own = g.normal(size=(len(self._means), 256)) * (1 - self._shared) ** 0.5
        new = self._means + self._sds * (luck + own)
        self._values[block] = np.concatenate([self._values[block], new], axis=1)


class RareLaw(NormalLaw):
    """Normal outcomes around 0 with a spread of 1; the first treatment is better by 1, by luck of one replicate in N."""

    def __init__(self, seed: int, k: int, one_in: int = 10) -> None:
        super().__init__(seed, (0.0,) * k, 0.0, (1.0,) * k)
        self._share = 1 / one_in

    def _grow(self, block: int) -> None:
        super()._grow(block)
        luck = self._generators[block].random(256) < self._share
        scale = 4.0 / (self._share * (1 - self._share)) ** 0.5
        self._values[block][0, -256:] = 1.0 + scale * (luck - self._share)
