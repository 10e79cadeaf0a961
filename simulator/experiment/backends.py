"""Where tasks run: in this process, in processes of this machine, or on a Dask cluster of many machines.

Each is an executor of :mod:`concurrent.futures`: tasks go in, futures come out, and the results are the same.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from typing import Any, Protocol

from simulator.errors import EngineError, Fault, ScenarioError, needing
from simulator.experiment.tasks import Job, Result, Task, own_version, pack, run_packed, run_task
from simulator.scenario import Scenario

_CONNECT_SECONDS = 15
_COUNT_SECONDS = 1.0
#: Pools in a row of which no process began.
_MOST_FALSE_STARTS = 2
_FALSE_START = (
    "no process began to work: each first reads the script that starts it, so in a script whatever starts processes"
    ' stands under: if __name__ == "__main__":'
)


class Backend(Protocol):
    """Where tasks run."""

    #: Whether tasks run elsewhere than in this process.
    is_remote: bool
    #: Exceptions of a future that mean that a worker was lost, not that the task failed.
    lost: tuple[type[BaseException], ...]
    #: Exceptions that mean that nothing can be run there any more.
    gone: tuple[type[BaseException], ...]

    @property
    def n_workers(self) -> int:
        """Tasks that run at once."""

    def submit(self, task: Any) -> Future[Any]:
        """Begin a task, or in other processes any job."""

    def renew(self) -> None:
        """Replace what was lost with a worker."""

    def close(self, *, at_once: bool) -> None:
        """End; ``at_once`` gives up what still runs."""


class InProcess:
    """Tasks one after the other in this process, each on the threads of the engine."""

    is_remote = False
    lost: tuple[type[BaseException], ...] = ()
    gone: tuple[type[BaseException], ...] = ()
    n_workers = 1

    def __init__(self, scenarios: Sequence[Scenario], on_done: Callable[[int], None] | None) -> None:
        self._scenarios = scenarios
        self._on_done = on_done

    def submit(self, task: Task) -> Future[Result]:
        """Run a task now; an interrupt by the user goes through."""
        future: Future[Result] = Future()
        future.set_result(run_task(self._scenarios, task, self._on_done))
        return future

    def renew(self) -> None:
        """Do nothing: there is no worker to lose."""

    def close(self, *, at_once: bool) -> None:
        """Do nothing."""


class Processes:
    """Tasks in processes of this machine, started afresh (spawn) and replaced when one is killed.

    Parameters
    ----------
    scenarios : sequence of Scenario
        All scenarios of the experiment.
    n_workers : int
        Number of processes.
    """

    is_remote = True
    lost: tuple[type[BaseException], ...] = (BrokenProcessPool,)
    gone: tuple[type[BaseException], ...] = ()

    def __init__(self, scenarios: Sequence[Scenario], n_workers: int) -> None:
        self.n_workers = n_workers
        self._packed = pack(scenarios)
        self._context = multiprocessing.get_context("spawn")
        self._has_begun = self._context.Event()
        self._n_false_starts = 0
        self._pool = self._new_pool()

    def submit(self, task: Job) -> Future[Any]:
        """Begin a task in one of the processes."""
        return self._pool.submit(_run_in_worker, task)

    def renew(self) -> None:
        """Start other processes in the place of a pool that a killed one has broken.

        Raises
        ------
        EngineError
            If no process began, twice in a row: others would not either.
        """
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._n_false_starts = 0 if self._has_begun.is_set() else self._n_false_starts + 1
        if self._n_false_starts == _MOST_FALSE_STARTS:
            raise EngineError(_FALSE_START)
        self._has_begun.clear()
        self._pool = self._new_pool()

    def close(self, *, at_once: bool) -> None:
        """End the processes."""
        workers = list((getattr(self._pool, "_processes", None) or {}).values())
        self._pool.shutdown(wait=not at_once, cancel_futures=True)
        for worker in workers if at_once else ():
            with contextlib.suppress(Exception):
                worker.terminate()

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self.n_workers,
            mp_context=self._context,
            initializer=_begin_worker,
            initargs=(self._packed, self._has_begun),
        )


_packed_here = b""


def _begin_worker(packed: bytes, has_begun: Any) -> None:
    """Prepare a worker: the parent alone answers an interrupt, and the worker ends when the parent does."""
    global _packed_here
    _packed_here = packed
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    has_begun.set()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)


def _run_in_worker(task: Job) -> Any:
    return run_packed(_packed_here, own_version(), task)


class Cluster:
    """Tasks on a Dask cluster.

    Parameters
    ----------
    scenarios : sequence of Scenario
        All scenarios of the experiment.
    address : str
        Address of a scheduler, such as ``tcp://lab:8786``; ``local`` starts a cluster on this machine.
    n_workers : int
        Workers of a local cluster.

    Raises
    ------
    ScenarioError
        If dask is not installed or no scheduler answers.
    """

    is_remote = True

    def __init__(self, scenarios: Sequence[Scenario], address: str, n_workers: int) -> None:
        distributed = _distributed()
        self.lost: tuple[type[BaseException], ...] = ()
        self.gone: tuple[type[BaseException], ...] = (distributed.comm.CommClosedError, CancelledError)
        self._counted: tuple[float, int] = (-math.inf, 1)
        self._own: Any = None
        if address == "local":
            self._own = distributed.LocalCluster(
                n_workers=n_workers, threads_per_worker=1, dashboard_address=None, silence_logs=50
            )
        try:
            self._client = distributed.Client(
                self._own or address, timeout=_CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, ValueError) as error:
            fault = Fault("cluster", address, "the address of a scheduler that answers", str(error))
            raise ScenarioError([fault]) from error
        self._packed = pack(scenarios)
        self._executor = self._client.get_executor(pure=False, retries=2)

    @property
    def n_workers(self) -> int:
        """Threads of all workers that there are, as of a second ago at most; at least 1."""
        now = time.monotonic()
        if now - self._counted[0] > _COUNT_SECONDS:
            self._counted = (now, max(1, sum(self._client.nthreads().values())))
        return self._counted[1]

    def submit(self, task: Job) -> Future[Any]:
        """Begin a task on the cluster; it is begun again where its worker is lost."""
        future: Future[Any] = self._executor.submit(run_packed, self._packed, own_version(), task)
        return future

    def renew(self) -> None:
        """Do nothing: the scheduler replaces what a worker has lost."""

    def close(self, *, at_once: bool) -> None:
        """Leave the cluster, and end it where it was started here."""
        self._executor.shutdown(wait=not at_once)
        self._client.close(timeout=5)
        if self._own is not None:
            self._own.close(timeout=5)


def _distributed() -> Any:
    with needing("the libraries dask and distributed", "dask", "cluster"):
        import distributed
    return distributed


def is_version_error(error: BaseException) -> bool:
    """Return whether a worker refused a task because it has another version of the package."""
    return isinstance(error, EngineError) and "a worker has version" in str(error)
