"""A Dask scheduler and workers as processes of their own on this machine, for trials of what a cluster does."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def cluster(folder: Path, n_workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Start a scheduler and workers, each with one thread and no guardian that would restart it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error"}
    address = f"tcp://127.0.0.1:{free_port()}"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    commands = [[*dask, "--host", address, "--no-dashboard", "--no-show"]]
    dask = [sys.executable, "-m", "distributed.cli.dask_worker"]
    commands += [[*dask, address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]] * n_workers
    with (folder / "log").open("wb") as log:
        processes = [
            subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
            for command in commands
        ]
        try:
            wait_for_workers(address, n_workers)
            yield address, processes
        finally:
            for process in processes:
                process.kill()
                process.wait()


def wait_for_workers(address: str, n_workers: int) -> None:
    from distributed import Client

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with Client(address, timeout=5, set_as_default=False) as client:
                client.wait_for_workers(n_workers, timeout=PATIENCE)
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
