"""Laws of known means for the study of selections: normal ones, rare luck, and the classroom's own outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from simulator.experiment.sampling import EVALUATION_BLOCK, Sample

CONFIDENCE, FIRST_STAGE, BATCH = 0.95, 10, 5
STRATEGIES = ("none", "mass", "precision", "social", "content", "price_cut")
ZONE = 300.0
SEQUENTIAL = {"kn": "Kim & Nelson", "ocba": "budget allocation by pairs"}
#: Mean of the luck of the best and of the others, in zones: where it is the best's alone, and where all have some.
LUCK, LUCK_OF_ALL = (4 / 3, 0.0), (3.0, 1.9)


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
    """The first treatment is the best by one on average: by luck of one replicate in N, without which it is worse.

    Beside that all are normal. Or all have luck, each in replicates of its own, the first treatment a larger one.
    """

    def __init__(self, k: int, seed: int, one_in: int, *, is_of_all: bool = False) -> None:
        super().__init__([0.0] * k, 1.0, 0.0, seed)
        first, others = LUCK_OF_ALL if is_of_all else LUCK
        self.share, self.luck = 1 / one_in, np.array([first, *[others] * (k - 1)])[:, None]

    def __call__(self, treatments: Sequence[int], replicates: Sequence[int]) -> np.ndarray:
        while self.values.shape[1] <= max(replicates):
            more = self.generator.normal(size=(len(self.means), 128))
            more += self.luck * ((self.generator.random(more.shape) < self.share) / self.share - 1)
            more[0] += 1.0
            self.values = np.concatenate([self.values, more], axis=1)
        return self.values[np.ix_(list(treatments), list(replicates))]


class StudentSample(NormalSample):
    """The first treatment is the best by one; all outcomes by Student's law, whose tails are heavy, of variance 4."""

    def __init__(self, k: int, seed: int, freedom: int) -> None:
        super().__init__((1.0, *[0.0] * (k - 1)), 2.0, 0.0, seed)
        self.freedom = freedom

    def __call__(self, treatments: Sequence[int], replicates: Sequence[int]) -> np.ndarray:
        while self.values.shape[1] <= max(replicates):
            luck = self.generator.standard_t(self.freedom, size=(len(self.means), 128))
            more = self.means + self.sds * luck * ((self.freedom - 2) / self.freedom) ** 0.5
            self.values = np.concatenate([self.values, more], axis=1)
        return self.values[np.ix_(list(treatments), list(replicates))]


class ExponentialSample(NormalSample):
    """The first treatment is the best by one; all outcomes are exponential around that, skewed, of variance 4."""

    def __init__(self, k: int, seed: int) -> None:
        super().__init__((1.0, *[0.0] * (k - 1)), 2.0, 0.0, seed)

    def __call__(self, treatments: Sequence[int], replicates: Sequence[int]) -> np.ndarray:
        while self.values.shape[1] <= max(replicates):
            luck = self.generator.exponential(size=(len(self.means), 128)) - 1
            self.values = np.concatenate([self.values, self.means + self.sds * luck], axis=1)
        return self.values[np.ix_(list(treatments), list(replicates))]


class Population:
    """Outcomes of the simulator, replicates along the last axis; a macro-replication draws with returning."""

    def __init__(self, outcomes: np.ndarray, seed: int) -> None:
        self.outcomes, self.generator = outcomes, np.random.default_rng([seed, 7])
        self.order = np.empty((2, 0), dtype=np.int64)

    def __call__(self, treatments: Sequence[int], replicates: Sequence[int]) -> np.ndarray:
        block = int(min(replicates) >= EVALUATION_BLOCK)
        numbers = [r - block * EVALUATION_BLOCK for r in replicates]
        while self.order.shape[1] <= max(numbers):
            more = self.generator.integers(self.outcomes.shape[-1], size=(2, 256))
            self.order = np.concatenate([self.order, more], axis=1)
        return self.outcomes[list(treatments)][..., self.order[block, numbers]]


def in_two_blocks(make: Callable[[int], Sample], seed: int) -> Sample:
    """Return a law whose evaluating replicates are drawn by a seed of their own."""
    laws = make(seed), make(seed + 1_000_000)

    def sample(treatments: Sequence[int], replicates: Sequence[int]) -> np.ndarray:
        block = int(min(replicates) >= EVALUATION_BLOCK)
        return laws[block](treatments, [r - block * EVALUATION_BLOCK for r in replicates])

    return sample
