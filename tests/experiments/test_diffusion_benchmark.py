"""The contestants of the benchmark of classic models simulate the same; nothing is timed here."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

_FOLDER = Path(__file__).resolve().parents[2] / "experiments" / "benchmarks"


@pytest.mark.slow
def test_contestants_agree(monkeypatch):
    monkeypatch.syspath_prepend(str(_FOLDER))
    import diffusion as benchmark
    import diffusion_contestants as contestants

    stage = contestants.set_stage(300, 0.05)
    taking_part = contestants.everyone(stage)
    for one in taking_part:
        one.turn(1)
    assert {one.task for one in taking_part} == {"W1", "W2", "W3", "SI"}
    assert benchmark.disagreements(taking_part) == []
    other = contestants.set_stage(300, 0.05)
    other.p = other.p * 0.8
    wrong = [one for one in contestants.numpy_by_hand(other) if one.task == "W1"]
    for one in wrong:
        one.turn(1)
    mine = [one for one in taking_part if one.task == "W1" and one.name == contestants.OURS]
    assert benchmark.disagreements([*mine, *wrong]) != []


def test_the_graph_of_the_seeding_benchmark_is_as_large_as_it_says(monkeypatch):
    monkeypatch.syspath_prepend(str(_FOLDER))
    import seeding as benchmark

    indptr, targets = benchmark.large_graph(3000, 20_000)
    assert len(indptr) == 3001 and indptr[-1] == len(targets) == 20_000
    rows = [targets[a:b].tolist() for a, b in pairwise(indptr)]
    assert all(len(set(row)) == len(row) and node not in row for node, row in enumerate(rows))
    indegree = sorted(map(targets.tolist().count, range(50)))
    assert max(map(len, rows)) > 10 * 20_000 / 3000 and indegree[-1] > 2 * indegree[25]
