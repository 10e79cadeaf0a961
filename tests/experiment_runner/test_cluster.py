"""A Dask scheduler and workers as processes of their own on this machine; one worker is killed midway."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from loopback import cluster, free_port

import simulator as sim
from simulator.errors import EngineError, ScenarioError
from simulator.outcomes.shards import shard_files

pytest.importorskip("distributed")


def test_a_cluster_gives_the_same_and_survives_a_killed_worker(
    long_design_file: Path, tmp_path: Path
) -> None:
    import threading

    place = tmp_path / "store"
    with cluster(tmp_path, 2) as (address, processes):

        def kill_a_worker() -> None:
            while len(shard_files(place)) < 10:
                time.sleep(0.005)
            processes[1].send_signal(signal.SIGKILL)

        killer = threading.Thread(target=kill_a_worker, daemon=True)
        killer.start()
        results = sim.sweep(long_design_file, out=place, cluster=address)
        killer.join()
        assert processes[1].wait() == -signal.SIGKILL
    assert not results.failures
    assert results.digest == sim.sweep(long_design_file, threads=1).digest


def test_a_scheduler_that_goes_leaves_what_is_stored(long_design_file: Path, tmp_path: Path) -> None:
    import threading

    place = tmp_path / "store"
    with cluster(tmp_path, 1) as (address, processes):

        def kill_the_scheduler() -> None:
            while len(shard_files(place)) < 5:
                time.sleep(0.005)
            processes[0].send_signal(signal.SIGKILL)

        killer = threading.Thread(target=kill_the_scheduler, daemon=True)
        killer.start()
        with pytest.raises(EngineError, match="the cluster has gone; .* call again to go on"):
            sim.sweep(long_design_file, out=place, cluster=address)
        killer.join()
    results = sim.sweep(long_design_file, out=place, threads=1)
    assert results.digest == sim.sweep(long_design_file, threads=1).digest


def test_an_address_without_a_scheduler_is_told(long_design_file: Path, monkeypatch) -> None:
    monkeypatch.setattr("simulator.experiment.backends._CONNECT_SECONDS", 1)
    with pytest.raises(ScenarioError, match="the address of a scheduler that answers"):
        sim.sweep(long_design_file, cluster=f"tcp://127.0.0.1:{free_port()}")
