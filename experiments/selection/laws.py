"""Laws of known means for the study of selections: normal ones, rare luck, and the classroom's own outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from simulator.experiment.sampling import EVALUATION_BLOCK, Sample

CONFIDENCE, FIRST_STAGE, BATCH = 0.95, 10, 5
STRATEGIES = ("none", "mass", "precision", "social", "content", "price_cut")
ZONE = 300.0
SEQUENTIAL = {"kn": "Kim & Nelson", "ocba": "budget allocation by pairs"}
RARE, RARE_SD = 0.1, 4.0


class NormalSample:
    """Normal outcomes with known means, numbered."""

    def __init__(
        self, means: Sequence[float], sds: float | Sequence[float], shared: float, seed: int
    ) -> None:
        self.generator = np.random.default_rng(seed)
        self.means = np.array(means, dtype=float)[:, None]
        self.sds = np.broadcast_to(np.asarray(sds, dtype=float), (len(means),))[:, None]
        self.shared = shared
        self.values = np.empty((len(means), 0))

    def __call__(self, treatments: Sequence[int], replicates: Sequence[int]) -> np.ndarray:
        while self.values.shape[1] <= max(replicates):
            luck = self.generator.normal(size=(1, 128)) * self.shared**0.5
            own = self.generator.normal(size=(len(self.means), 128)) * (1 - self.shared) ** 0.5
            self.values = np.concatenate([self.values, self.means + self.sds * (luck + own)], axis=1)
        return self.values[np.ix_(list(treatments), list(replicates))]


class RareSample(NormalSample):
    """The first treatment is the best by one, with luck of one replicate in ten; the others are normal around 0."""

    def __init__(self, k: int, seed: int) -> None:
        super().__init__([0.0] * k, 1.0, 0.0, seed)

    def __call__(self, treatments: Sequence[int], replicates: Sequence[int]) -> np.ndarray:
        while self.values.shape[1] <= max(replicates):
            more = self.generator.normal(size=(len(self.means), 128))
            luck = (self.generator.random(128) < RARE) - RARE
            more[0] = 1.0 + RARE_SD * luck / (RARE * (1 - RARE)) ** 0.5
            self.values = np.concatenate([self.values, more], axis=1)
        return self.values[np.ix_(list(treatments), list(replicates))]


class Population:
    """Outcomes of the simulator in many replicates; a macro-replication shuffles them, fresh ones from the end."""

    def __init__(self, outcomes: np.ndarray, seed: int) -> None:
        order = np.random.default_rng([seed, 7]).permutation(outcomes.shape[1])
        self.values = outcomes[:, order]

    def __call__(self, treatments: Sequence[int], replicates: Sequence[int]) -> np.ndarray:
        last = self.values.shape[1] - 1
        numbers = [last - (r - 2**30) if r >= 2**30 else r for r in replicates]
        if min(numbers) < 0 or max(numbers) > last:
            raise ValueError("the population is too small")
        return self.values[np.ix_(list(treatments), numbers)]


def in_two_blocks(make: Callable[[int], Sample], seed: int) -> Sample:
    """Return a law whose evaluating replicates are drawn by a seed of their own."""
    laws = make(seed), make(seed + 1_000_000)

    def sample(treatments: Sequence[int], replicates: Sequence[int]) -> np.ndarray:
        block = int(min(replicates) >= EVALUATION_BLOCK)
        return laws[block](treatments, [r - block * EVALUATION_BLOCK for r in replicates])

    return sample
