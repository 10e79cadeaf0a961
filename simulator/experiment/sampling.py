"""Where outcomes come from: numbered replicates of treatments, from the simulator or from any law.

The procedures of precision, selection and sensitivity see a plain seam, a function of treatments and
replicates, so that they can be tried on laws whose answers are known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.errors import SimulatorError
from simulator.outcomes.replicate_blocks import BLOCKS

if TYPE_CHECKING:
    from simulator.experiment.batches import BatchStore
    from simulator.experiment.simulation import OnProgress
    from simulator.experiment.treatments import Treatment
    from simulator.experiment.workers import Workers
    from simulator.scenario import Scenario

Values = NDArray[np.float64]
#: From positions of treatments and numbers of replicates to outcomes, shape (treatment, replicate). The same
#: replicate of two treatments has the same luck, and is the same in every call.
Sample = Callable[[Sequence[int], Sequence[int]], Values]

#: First replicate of the block on which a choice is evaluated; choices are made on replicates below it.
EVALUATION_BLOCK = BLOCKS["evaluate"].start


class UndefinedOutcomeError(SimulatorError):
    """An outcome is not a number where a procedure needs one in every replicate."""


def each(sample_one: Callable[[int, Sequence[int]], Values]) -> Sample:
    """Return the seam for a function of one treatment.

    Parameters
    ----------
    sample_one : callable
        From the position of one treatment and numbers of replicates to outcomes, shape (replicate,).
    """

    def sample(treatments: Sequence[int], replicates: Sequence[int]) -> Values:
        return np.stack([np.asarray(sample_one(k, replicates), dtype=np.float64) for k in treatments])

    return sample


def market_sample(
    scenario: Scenario,
    treatments: Sequence[Treatment],
    metric: str,
    *,
    seed: int,
    engine: str = "numba",
    threads: int | None = None,
    on_progress: OnProgress | None = None,
    cache: BatchStore | None = None,
    workers: Workers | None = None,
) -> Sample:
    """Return the seam for one metric of treatments in the simulated market.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    treatments : sequence of Treatment
        Strategies with their overrides.
    metric : str
        Name of the metric.
    seed : int
        0 to 2**32 - 1.
    engine : {"numba", "mesa"}
        Engine; both give the same outcomes.
    threads : int, optional
        Threads of the numba engine; all processors if omitted.
    on_progress : callable, optional
        Receives (task, done, total) of each round.
    cache : BatchStore, optional
        Where outcomes are kept while a study runs.
    workers : Workers, optional
        Who simulates; this process if omitted.

    Returns
    -------
    callable
        Treatments of one call share their worlds.
    """
    from simulator.experiment.simulation import SIMULATING, counter
    from simulator.experiment.treatments import evaluate

    def sample(positions: Sequence[int], replicates: Sequence[int]) -> Values:
        if cache is None:
            return simulated(positions, replicates)
        names = ",".join(treatments[k].digest for k in positions)
        numbers = f"{list(replicates)}"
        key = (scenario.digest, names, metric, str(seed), numbers)
        return cache.of(lambda: simulated(positions, replicates), *key)

    def simulated(positions: Sequence[int], replicates: Sequence[int]) -> Values:
        chosen = [treatments[k] for k in positions]
        if workers is not None:
            on_done = counter(on_progress, SIMULATING, len(chosen) * len(replicates))
            return workers.evaluate(
                chosen, seed=seed, replicates=replicates, metrics=[metric], engine=engine, on_done=on_done
            )[:, :, 0]
        found = evaluate(
            scenario,
            chosen,
            seed=seed,
            replicates=list(replicates),
            metrics=[metric],
            engine=engine,
            threads=threads,
            on_progress=on_progress,
        )
        return found[:, :, 0]

    return sample


class Record:
    """The outcomes drawn so far: every treatment has the first so many replicates of one block.

    Parameters
    ----------
    sample : callable
        The seam.
    n_treatments : int
        Treatments, at least 1.
    first : int
        Number of the block's first replicate.
    higher_is_better : bool
        Whether outcomes are kept as they are; else with their sign turned, so that larger is better.
    """

    def __init__(
        self, sample: Sample, n_treatments: int, *, first: int = 0, higher_is_better: bool = True
    ) -> None:
        self._sample = sample
        self.first = first
        self.sign = 1.0 if higher_is_better else -1.0
        self.counts: NDArray[np.int64] = np.zeros(n_treatments, dtype=np.int64)
        self.values: Values = np.full((n_treatments, 64), np.nan)

    @property
    def n_treatments(self) -> int:
        """Number of treatments."""
        return len(self.counts)

    @property
    def n_drawn(self) -> int:
        """Replicates of a treatment drawn in all."""
        return int(self.counts.sum())

    def extend(self, treatments: Sequence[int], n: int | Sequence[int]) -> None:
        """Draw until treatments have a number of replicates.

        Parameters
        ----------
        treatments : sequence of int
            Positions.
        n : int or sequence of int
            Replicates that each shall have; treatments with more keep them.

        Raises
        ------
        UndefinedOutcomeError
            If an outcome is not a number.
        """
        wanted = np.broadcast_to(np.asarray(n, dtype=np.int64), (len(treatments),))
        if len(treatments) and int(wanted.max()) > self.values.shape[1]:
            room = max(int(wanted.max()), 2 * self.values.shape[1]) - self.values.shape[1]
            self.values = np.pad(self.values, ((0, 0), (0, room)), constant_values=np.nan)
        spans: dict[tuple[int, int], list[int]] = {}
        for treatment, most in zip(treatments, wanted, strict=True):
            if self.counts[treatment] < most:
                spans.setdefault((int(self.counts[treatment]), int(most)), []).append(int(treatment))
        for (start, end), members in spans.items():
            numbers = range(self.first + start, self.first + end)
            drawn = np.asarray(self._sample(members, numbers), dtype=np.float64)
            self._check(drawn, members, numbers)
            self.values[members, start:end] = self.sign * drawn
            self.counts[members] = end

    def of(self, treatment: int) -> Values:
        """Return a treatment's outcomes so far, larger is better; shape (replicate,)."""
        return self.values[treatment, : self.counts[treatment]]

    def common(self, treatments: Sequence[int]) -> Values:
        """Return outcomes over the replicates that treatments have in common."""
        n = int(self.counts[list(treatments)].min())
        return self.values[list(treatments), :n]

    def _check(self, drawn: Values, members: Sequence[int], numbers: range) -> None:
        if drawn.shape != (len(members), len(numbers)):
            raise ValueError(f"sample returned shape {drawn.shape}, expected {(len(members), len(numbers))}")
        if not np.isfinite(drawn).all():
            where = np.argwhere(~np.isfinite(drawn))[0]
            raise UndefinedOutcomeError(
                f"the outcome of treatment {members[where[0]]} in replicate {numbers[int(where[1])]} is "
                f"{drawn[tuple(where)]}; expected a finite number in every replicate; choose a metric that is "
                "always defined, for example profit or sales"
            )


def outcome_digest(*parts: str | Values) -> str:
    """Return a hash of texts and outcomes, 64 hexadecimal digits; -0.0 counts as 0.0."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            data = part.encode()
            header = f"text {len(data)}\n"
        else:
            data = np.ascontiguousarray(part + 0.0, dtype="<f8").tobytes()
            header = f"array {part.shape}\n"
        digest.update(header.encode())
        digest.update(data)
    return digest.hexdigest()
