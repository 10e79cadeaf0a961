"""A thread keeps the memory of several plans, as long as all of it is small; nothing of one shows in another."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from engine_tools import SEED, make_case, strategies_of

from simulator.engines.numba_engine import run


@pytest.fixture()
def fresh(monkeypatch: pytest.MonkeyPatch) -> threading.local:
    """Return the memory that this thread keeps, empty at first."""
    memory = threading.local()
    monkeypatch.setattr(run, "_memory", memory)
    return memory


@pytest.mark.parametrize("room", [0, 1, 3])
def test_plans_in_turns_have_the_counts_of_each_alone(
    fresh: threading.local, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    case = make_case("tiny")
    plans = [case.plan(name) for name in strategies_of("tiny")]
    alone = []
    for plan in plans:
        fresh.__dict__.clear()
        alone.append(run.run_one(case.market, plan, case.world, SEED, 1))
    fresh.__dict__.clear()
    run.run_one(case.market, plans[-1], case.world, SEED, 1)
    [size] = (memory[-1] for memory in fresh.kept.values())
    assert size > 100_000
    monkeypatch.setattr(run, "_MOST_KEPT", room * size)
    for _ in range(2):
        for plan, expected in zip(plans, alone, strict=True):
            assert np.array_equal(run.run_one(case.market, plan, case.world, SEED, 1), expected)
    sizes = [memory[-1] for memory in fresh.kept.values()]
    assert 1 <= len(sizes) < len(plans)
    # the latest is kept whatever its size, others while there is room for one more like the largest
    assert sum(sizes[:-1]) <= max(0, room * size - max(sizes[:-1], default=0))


def test_memory_is_used_again(fresh: threading.local) -> None:
    case = make_case("tiny")
    plans = [case.plan("mix"), case.plan("none")]
    for plan in plans:
        run.run_one(case.market, plan, case.world, SEED, 0)
    first = {key: memory[2].values for key, memory in fresh.kept.items()}
    for plan in plans:
        run.run_one(case.market, plan, case.world, SEED, 1)
    assert len(first) == 2
    assert all(fresh.kept[key][2].values is values for key, values in first.items())


def test_of_many_plans_the_latest_few_are_kept(fresh: threading.local) -> None:
    case = make_case("tiny")
    plans = [case.plan("none") for _ in range(run._MOST_PLANS + 3)]
    for plan in plans:
        run.run_one(case.market, plan, case.world, SEED, 0)
    assert [memory[5] for memory in fresh.kept.values()] == plans[3:]
