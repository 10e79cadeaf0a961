"""The runner: a design becomes stored outcomes, whatever interrupts it on the way.

Tasks that are not stored yet are run, each result is stored as one shard, and the manifest closes the folder.
Only this process writes; workers compute. To go on after any interruption is to call again.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Any

from simulator.errors import EngineError
from simulator.experiment.backends import Backend, Cluster, InProcess, Processes, is_version_error
from simulator.experiment.design_file import Design, load_design
from simulator.experiment.manifest import design_files, design_manifest
from simulator.experiment.pending import Waiting, pending_tasks, with_levels_first
from simulator.experiment.simulation import OnProgress, counter
from simulator.experiment.stopping import Stop
from simulator.experiment.sweep_arguments import SweepArguments, check_sweep
from simulator.experiment.sweep_precision import (
    asked_of,
    begun_record,
    given_up,
    is_another,
    record_of,
    run_until,
)
from simulator.experiment.tasks import (
    FOLDER,
    Result,
    Task,
    failures_of,
    n_simulated,
    run_task,
)
from simulator.outcomes.experiment_folder import check_folder, check_same
from simulator.outcomes.experiment_store import ExperimentStore
from simulator.outcomes.places import check_writable
from simulator.outcomes.results import Results, open_results
from simulator.outcomes.shards import Rows
from simulator.outcomes.wording import counted

SWEEPING = "simulating"
#: Tasks in waiting for every worker, so that none is idle.
_AHEAD = 2
#: How often a task may be in flight when a worker is lost before it runs alone, and then counts as the cause.
_MOST_LOSSES = 3
_TICK = 0.5


def sweep(
    design: Design | str | Path,
    *,
    out: str | Path | None = None,
    precision: Mapping[str, float | str] | None = None,
    precision_method: str = "sequential",
    max_replicates: int | None = None,
    engine: str = "numba",
    threads: int | None = None,
    processes: int | None = None,
    cluster: str | None = None,
    on_progress: OnProgress | None = None,
    say: Callable[[str], None] | None = None,
) -> Results:
    """Run a design and store its outcomes; call it again with the same folder to go on.

    Parameters
    ----------
    design : Design or path
        A design, or a TOML file of one. ``Design.changed`` gives other replicates, seeds or consumers.
    out : path, optional
        Folder of the results; what it holds of the same experiment is kept and not run again. A temporary
        folder, removed with the results, if omitted.
    precision : mapping, optional
        Half-widths that intervals at all points shall reach together, as in :func:`simulator.compare`: by metric and
        strategy (``"profit@mass"``, ``"profit@all"``) for means, by metric alone for differences to ``none`` at the
        same point. Replicates are added for all treatments until they do; those of the design are the first. The
        results are not complete before. A later call without ``precision`` keeps what was recorded of it, and records
        that it was given up where rounds were still due.
    precision_method : {"sequential", "stein"}
        How ``precision`` is reached; see :mod:`simulator.experiment.precision`.
    max_replicates : int, optional
        Most replicates for ``precision``, 1,000 if omitted.
    engine : {"numba", "mesa"}
        Engine; both give the same outcomes.
    threads : int, optional
        Threads of each process; all processors in this process, one in each of several.
    processes : int, optional
        Run in this many processes instead of in this one.
    cluster : str, optional
        Run on a Dask cluster: the address of its scheduler, or ``local``.
    on_progress : callable, optional
        Receives (task, done, total).
    say : callable, optional
        Receives what the user should know at once: one sentence at a time.

    Returns
    -------
    Results
        Everything stored; ``failures`` lists what could not be simulated, ``precision`` what was reached.

    Raises
    ------
    ScenarioError
        If the design or an argument is wrong.
    StoreError
        If the folder has other content or another writer, or cannot be written (a full disk).
    KeyboardInterrupt
        If the user or the system ends the run; its message says what is kept: nothing without ``out``.

    Examples
    --------
    >>> import simulator as sim
    >>> results = sim.sweep("experiments/designs/pricing.toml", out="results/pricing")  # doctest: +SKIP
    >>> results.summary("profit")  # doctest: +SKIP
    """
    asked = check_sweep(design, engine=engine, threads=threads, processes=processes, cluster=cluster)
    plan = design if isinstance(design, Design) else load_design(design)
    wanted = asked_of(plan, precision, precision_method, max_replicates)
    temporary = None
    if out is None:
        temporary = tempfile.TemporaryDirectory(prefix="simulator-")
    place = Path(temporary.name if temporary is not None else str(out))
    run = _Run(plan, asked, on_progress, say or (lambda sentence: None))
    run.is_kept = out is not None
    with run.stop.listening(), run.storing(place, begun_record(plan, wanted)):
        if wanted.targets:
            run.finish(record_of(run_until(plan, wanted, run.extend), wanted, plan.replicates.start))
        else:
            run.extend(plan)
            run.finish()
    results = open_results(place)
    results.keep(temporary)
    return results


def check_sweep_place(design: Design, place: Path) -> None:
    """Check that a sweep can be written to a folder or gone on with there, before anything is compiled.

    Parameters
    ----------
    design : Design
        What is run.
    place : Path
        Folder of the results.

    Raises
    ------
    TakenPlaceError
        If it holds anything but the same experiment.
    StoreError
        If it cannot be written.
    """
    place = place.expanduser()
    check_writable(place, is_added_to=True)
    check_same(place, check_folder(place), lambda: design_manifest(design))


class _Run:
    """One call of :func:`sweep`."""

    store: ExperimentStore

    def __init__(
        self,
        design: Design,
        asked: SweepArguments,
        on_progress: OnProgress | None,
        say: Callable[[str], None],
    ) -> None:
        self.design = design
        self.asked = asked
        self.on_progress = on_progress
        self.say = say
        self.stop = Stop()
        self.is_kept = True
        self.began = time.monotonic()
        self.losses: dict[tuple[object, ...], int] = {}
        self.levels: dict[int, Mapping[str, Any]] = {}
        self.seconds = self.balance_seconds = 0.0

    @contextlib.contextmanager
    def storing(self, place: Path, precision: Mapping[str, Any] | None) -> Iterator[None]:
        """Hold the folder for the whole call, in which a precision that is not reached yet is recorded first."""
        manifest = design_manifest(self.design)
        if precision is not None:
            manifest["precision"] = dict(precision)
        self.store = ExperimentStore(place, manifest, design_files(self.design))
        with self.store:
            if precision is not None and is_another(self.store.earlier.get("precision"), precision):
                self.say("what was recorded of another precision is replaced")
            if self.store.is_recovered:
                self.say("the manifest was lost; it is written anew, and what is stored is kept")
            for fault in self.store.set_aside:
                self.say(f"set aside, to be simulated anew: {fault.place}: {fault.got}")
            try:
                yield
            except KeyboardInterrupt as error:
                raise KeyboardInterrupt(f"{str(error) or 'interrupted'}; {self._kept()}") from None

    def extend(self, design: Design) -> Rows:
        """Run what is missing of a design, once; return everything that is stored."""
        self.design = design
        self.losses = {}
        self.store.widen(design.replicates)
        self.go()
        return self.store.rows

    def go(self) -> None:
        """Run what is missing."""
        before = len(self.store.rows)
        missing = pending_tasks(self.design, self.store, self.asked)
        if self.design.balance == "scenario":
            missing = self._with_one_level(missing)
        n_rows = sum(task.n_rows for task in missing)
        if before and n_rows:
            self.say(f"there already: {counted(before, 'replicate')}; missing: {n_rows:,}")
        backend = None
        try:
            if missing:
                total = sum(n_simulated(task) for task in missing)
                self.on_done = counter(self.on_progress, SWEEPING, total) or (lambda count: None)
                backend = self._backend()
                self._drive(missing, backend)
                backend.close(at_once=False)
        except BaseException:
            if backend is not None:
                backend.close(at_once=True)
            raise

    @property
    def n_expected(self) -> int:
        """Outcomes of the complete experiment."""
        blocks = self.store.manifest["replicates"]
        return self.design.n_treatments * sum(stop - start for start, stop in blocks)

    def _kept(self) -> str:
        self.store.catch_up()  # an interrupt may have come between writing a shard and noting it
        kept = f"{len(self.store.rows):,} of {counted(self.n_expected, 'replicate')}"
        if not self.is_kept:
            return f"{kept} were finished and nothing is kept: give a folder (out) to go on after an interruption"
        return f"{kept} are kept in {self.store.place}: call again to go on"

    def finish(self, precision: Mapping[str, Any] | None = None) -> None:
        """Close the folder; what is recorded of a precision is what was reached, or that it was given up."""
        manifest = self.store.manifest
        manifest["seconds"] = {
            "simulating": round(self.seconds - self.balance_seconds, 3),
            "balancing": round(self.balance_seconds, 3),
        }
        left = given_up(manifest.get("precision")) if precision is None else None
        if left is not None:
            self.say(left["sentence"])
        if precision or left:
            manifest["precision"] = dict(precision or left or {})
        is_complete = len(self.store.rows) == self.n_expected
        self.store.finish(time.monotonic() - self.began, is_complete)

    def _backend(self) -> Backend:
        scenarios, asked = self.design.scenarios, self.asked
        if asked.cluster is not None:
            return Cluster(scenarios, asked.cluster, asked.n_workers)
        if asked.is_in_process:
            return InProcess(scenarios, self.on_done)
        return Processes(scenarios, asked.n_workers)

    def _with_one_level(self, tasks: Sequence[Task]) -> list[Task]:
        """Solve levels once per scenario, without the factors, and give them to all its tasks."""
        levels = self.levels
        for task in tasks:
            if task.scenario not in levels:
                names = dict.fromkeys(self.design.strategies, 0)
                base = replace(task, overrides={}, treatments=names, replicates=(), levels={})
                result = run_task(self.design.scenarios, base)
                levels[task.scenario] = result.levels
                self.seconds += result.seconds
                self.balance_seconds += result.balance_seconds
        return [replace(task, levels=levels[task.scenario]) for task in tasks]

    def _drive(self, tasks: Sequence[Task], backend: Backend) -> None:
        waiting = with_levels_first(tasks, backend.is_remote)
        flying: dict[Future[Result], Task] = {}
        try:
            while waiting or flying:
                self.stop.check()
                self._launch(waiting, flying, backend)
                done, _ = wait(flying, timeout=_TICK, return_when=FIRST_COMPLETED)
                is_broken = False
                for future in done:
                    is_broken |= self._collect(future, flying.pop(future), waiting, backend)
                if is_broken:
                    self._recover(waiting, flying, backend)
        except BaseException as error:
            self._keep(flying)
            if isinstance(error, backend.gone):
                raise EngineError(f"the cluster has gone; {self._kept()}") from error
            raise

    def _launch(self, waiting: Waiting, flying: dict[Future[Result], Task], backend: Backend) -> None:
        """Begin tasks, a few more than there are workers; suspects alone."""
        limit = _AHEAD * backend.n_workers if backend.is_remote else 1
        while waiting.ready and len(flying) < limit:
            task = waiting.ready.popleft()
            try:
                flying[backend.submit(task)] = task
            except backend.lost:
                waiting.ready.appendleft(task)
                backend.renew()
        if not waiting.ready and not flying and waiting.suspects:
            task = waiting.suspects.popleft()
            flying[backend.submit(task)] = task

    def _collect(self, future: Future[Result], task: Task, waiting: Waiting, backend: Backend) -> bool:
        """Store what came of a task; return whether its worker was lost."""
        error = future.exception()
        if error is None:
            self._store(future.result(), task, waiting, backend)
            return False
        if isinstance(error, backend.lost):
            self._lose(task, waiting)
            return True
        if is_version_error(error) or not isinstance(error, Exception):
            raise error
        self._store(self._given_up(task, f"{type(error).__name__}: {error}"), task, waiting, backend)
        return False

    def _lose(self, task: Task, waiting: Waiting) -> None:
        count = self.losses[task.key] = self.losses.get(task.key, 0) + 1
        if count < _MOST_LOSSES:
            waiting.ready.appendleft(task)
        elif count == _MOST_LOSSES:
            waiting.suspects.append(task)
        else:
            message = "the process that ran it was killed, perhaps because memory ran out"
            self._store(self._given_up(task, message), task, waiting, None)

    def _recover(self, waiting: Waiting, flying: dict[Future[Result], Task], backend: Backend) -> None:
        """Begin the tasks of a broken pool again in a new one."""
        self.say("a worker was lost; what it ran is run again")
        for future, task in list(flying.items()):
            del flying[future]
            if future.done() and future.exception() is None:
                self._store(future.result(), task, waiting, backend)
            else:
                self._lose(task, waiting)
        backend.renew()

    def _store(self, result: Result, task: Task, waiting: Waiting, backend: Backend | None) -> None:
        self.seconds += result.seconds
        self.balance_seconds += result.balance_seconds
        folder = quote(str(self.store.place))
        failures = [
            replace(failure, command=failure.command.replace(FOLDER, folder, 1))
            for failure in result.failures
        ]
        for failure in failures[:1]:
            self.say(f"failed: {failure.message}; run it alone: {failure.command}")
        self.store.append(result.rows, failures)
        if backend is None or backend.is_remote:
            self.on_done(n_simulated(task))
        key = (task.scenario, task.point)
        if not task.replicates:
            levels = {**task.levels, **result.levels}
            waiting.ready.extendleft(replace(one, levels=levels) for one in waiting.blocked.pop(key, ()))

    def _given_up(self, task: Task, message: str) -> Result:
        failures = failures_of(self.design.scenarios[task.scenario], task, message)
        return Result(Rows.concatenate([], len(task.metrics)), failures, {}, 0.0, 0.0)

    def _keep(self, flying: Mapping[Future[Result], Task]) -> None:
        """Store what was finished but not collected when the run was ended; the disk may be full."""
        for future in flying:
            with contextlib.suppress(Exception):
                if future.done() and not future.cancelled() and future.exception() is None:
                    self.store.append(future.result().rows)
