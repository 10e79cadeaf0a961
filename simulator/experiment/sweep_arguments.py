"""Arguments of a sweep, checked at the door."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.errors import Fault, ScenarioError
from simulator.outcomes.trajectories import unknown

_MOST = 4096


@dataclass(frozen=True)
class SweepArguments:
    """How a sweep is run; the results do not depend on it.

    Parameters
    ----------
    engine : str
        ``numba`` or ``mesa``.
    threads : int
        Threads of each process.
    n_workers : int
        Tasks that run at once.
    cluster : str or None
        Address of a Dask scheduler, or ``local``.
    is_in_process : bool
        Whether everything runs in this process.
    """

    engine: str
    threads: int
    n_workers: int
    cluster: str | None
    is_in_process: bool


def check_sweep(
    design: Any, *, engine: str, threads: int | None, processes: int | None, cluster: str | None
) -> SweepArguments:
    """Check the arguments of a sweep.

    Parameters
    ----------
    design : Design or path
        What is run.
    engine, threads, processes, cluster
        As in :func:`simulator.sweep`.

    Returns
    -------
    SweepArguments
        Complete.

    Raises
    ------
    ScenarioError
        With every fault.
    """
    from simulator.engines.runner import ENGINES, default_threads
    from simulator.experiment.design_file import Design

    faults = []
    if not isinstance(design, Design | str | Path):
        remedy = "load one with load_design(path)"
        faults.append(Fault("sweep(design)", repr(design)[:80], "a Design or the path of one", remedy))
    if engine not in ENGINES:
        fault = unknown("engine", engine, ENGINES)
        faults.append(Fault("sweep(engine)", fault.got, fault.expected, fault.remedy))
    faults += place_faults("sweep", threads=threads, processes=processes, cluster=cluster)
    if faults:
        raise ScenarioError(faults)
    is_here = processes is None and cluster is None
    n_workers = 1 if is_here else processes or default_threads()
    return SweepArguments(
        engine, threads or (default_threads() if is_here else 1), n_workers, cluster, is_here
    )


def place_faults(
    verb: str, *, threads: int | None = None, processes: int | None = None, cluster: str | None = None
) -> list[Fault]:
    """Return what is wrong with the arguments that say where tasks run.

    Parameters
    ----------
    verb : str
        Public verb, for messages.
    threads, processes, cluster
        As in :func:`simulator.sweep`.
    """
    faults = []
    for name, value in (("threads", threads), ("processes", processes)):
        if value is not None and (isinstance(value, bool) or not 1 <= value <= _MOST):
            faults.append(Fault(f"{verb}({name})", repr(value), f"a whole number from 1 to {_MOST}"))
    if cluster is not None and cluster != "local" and "://" not in cluster:
        expected = "local, or the address of a Dask scheduler such as tcp://lab:8786"
        faults.append(Fault(f"{verb}(cluster)", repr(cluster), expected))
    if cluster not in (None, "local") and processes is not None:
        remedy = "the cluster says how many workers there are"
        faults.append(
            Fault(f"{verb}(processes)", str(processes), "nothing beside a cluster's address", remedy)
        )
    return faults
