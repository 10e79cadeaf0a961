"""Workers of a study that decides step by step what to simulate next: processes, or a Dask cluster.

A sweep knows all its tasks at the start. A selection, a calibration or an optimization learns from what has come back,
and asks for more; its workers stay while it lasts. Results do not depend on who computes them.
"""

from __future__ import annotations

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import EngineError
from simulator.experiment.backends import Backend, Cluster, Processes
from simulator.experiment.stopping import Stop
from simulator.experiment.tasks import Job
from simulator.experiment.treatments import Treatment, evaluate
from simulator.scenario import Scenario

Values = NDArray[np.float64]
#: Jobs in waiting for every worker, so that none is idle.
_AHEAD = 2
#: How often a job may be lost with its worker before it counts as the cause.
_MOST_LOSSES = 3
_TICK = 0.5


@dataclass(frozen=True, eq=False)
class EvaluationJob:
    """Outcomes of treatments in numbered replicates; see :func:`~simulator.experiment.treatments.evaluate`."""

    treatments: tuple[Treatment, ...]
    seed: int
    replicates: tuple[int, ...]
    metrics: tuple[str, ...]
    engine: str
    threads: int

    def run(self, scenarios: Sequence[Scenario]) -> Values:
        """Simulate; shape (treatment, replicate, metric)."""
        return evaluate(
            scenarios[0],
            self.treatments,
            seed=self.seed,
            replicates=self.replicates,
            metrics=self.metrics,
            engine=self.engine,
            threads=self.threads,
        )


class Workers:
    """Processes of this machine, or a cluster, that run the jobs of one study while it lasts.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    processes : int, optional
        Number of processes.
    cluster : str, optional
        Address of a Dask scheduler, or ``local``.
    threads : int, optional
        Threads of each worker; one if omitted.
    """

    def __init__(
        self, scenario: Scenario, processes: int | None, cluster: str | None, threads: int | None
    ) -> None:
        self.scenario, self.processes, self.cluster = scenario, processes, cluster
        self.threads = threads or 1
        self.stop = Stop()
        self._backend: Backend | None = None

    @property
    def backend(self) -> Backend:
        """Where jobs run; started when the first one comes."""
        from simulator.engines.runner import default_threads

        if self._backend is None:
            if self.cluster is not None:
                n_local = self.processes or default_threads()
                self._backend = Cluster((self.scenario,), self.cluster, n_local)
            else:
                self._backend = Processes((self.scenario,), self.processes or default_threads())
        return self._backend

    def close(self, *, at_once: bool) -> None:
        """End the processes, or leave the cluster."""
        if self._backend is not None:
            self._backend.close(at_once=at_once)

    def run(self, jobs: Sequence[Job], keep: Callable[[int, Any], None] | None = None) -> list[Any]:
        """Run jobs; those of a lost worker are run again.

        Parameters
        ----------
        jobs : sequence of Job
            What to run.
        keep : callable, optional
            Receives the position of a job and its result as soon as it is there.

        Returns
        -------
        list
            Results in the order of the jobs.

        Raises
        ------
        EngineError
            If a job fails, if its worker is lost again and again, or if the cluster has gone.
        """
        results: list[Any] = [None] * len(jobs)
        waiting, losses = deque(range(len(jobs))), Counter[int]()
        flying: dict[Future[Any], int] = {}
        try:
            while waiting or flying:
                self.stop.check()
                self._launch(jobs, waiting, flying)
                done, _ = wait(flying, timeout=_TICK, return_when=FIRST_COMPLETED)
                lost = [flying.pop(f) for f in done if isinstance(f.exception(), self.backend.lost)]
                for future in done & flying.keys():
                    place = flying.pop(future)
                    results[place] = future.result()
                    if keep is not None:
                        keep(place, results[place])
                if lost:
                    self._recover([*lost, *flying.values()], waiting, losses)
                    flying.clear()
        except BaseException as error:
            if self._backend is not None and isinstance(error, self._backend.gone):
                raise EngineError("the cluster has gone; call again to go on from what is kept") from error
            raise
        return results

    def _launch(self, jobs: Sequence[Job], waiting: deque[int], flying: dict[Future[Any], int]) -> None:
        while waiting and len(flying) < _AHEAD * self.backend.n_workers:
            place = waiting.popleft()
            try:
                flying[self.backend.submit(jobs[place])] = place
            except self.backend.lost:
                waiting.appendleft(place)
                self.backend.renew()

    def _recover(self, lost: Sequence[int], waiting: deque[int], losses: Counter[int]) -> None:
        """Begin the jobs of a broken pool again in a new one."""
        losses.update(lost)
        if max(losses.values()) > _MOST_LOSSES:
            raise EngineError("a process was killed again and again, perhaps because memory ran out")
        waiting.extendleft(lost)
        self.backend.renew()

    def evaluate(
        self,
        treatments: Sequence[Treatment],
        *,
        seed: int,
        replicates: Sequence[int],
        metrics: Sequence[str],
        engine: str,
        on_done: Callable[[int], None] | None = None,
    ) -> Values:
        """Return what :func:`~simulator.experiment.treatments.evaluate` returns, the replicates shared out.

        Parameters
        ----------
        treatments, seed, replicates, metrics, engine
            As there.
        on_done : callable, optional
            Receives how many replicates of a treatment have just been finished.
        """
        parts = pieces(replicates, self.backend.n_workers)
        jobs = [
            EvaluationJob(tuple(treatments), seed, part, tuple(metrics), engine, self.threads)
            for part in parts
        ]

        def tell(place: int, result: Values) -> None:
            if on_done is not None:
                on_done(len(treatments) * len(parts[place]))

        return np.concatenate(self.run(jobs, tell), axis=1)


def pieces(numbers: Sequence[int], n: int) -> list[tuple[int, ...]]:
    """Cut numbers into at most so many pieces of about the same length, in order."""
    parts = np.array_split(np.asarray(numbers, dtype=np.int64), max(1, min(n, len(numbers))))
    return [tuple(int(number) for number in part) for part in parts]


@contextlib.contextmanager
def workers_of(
    scenario: Scenario, processes: int | None, cluster: str | None, threads: int | None
) -> Iterator[Workers | None]:
    """Keep workers for a study as long as it lasts; None where it runs in this process.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    processes, cluster, threads
        As for :class:`Workers`.
    """
    if processes is None and cluster is None:
        yield None
        return
    workers = Workers(scenario, processes, cluster, threads)
    with workers.stop.listening():
        try:
            yield workers
        except BaseException:
            workers.close(at_once=True)
            raise
        workers.close(at_once=False)
