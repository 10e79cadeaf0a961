"""One market on several threads has the bits that it has on one, whatever is going on in it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from engine_tools import SEED, make_case

import simulator as sim
from simulator.engines.numba_engine import run_one
from simulator.engines.numba_engine.memory import is_rationed
from simulator.engines.runner import run_replicates

#: Enough blocks for three threads.
LARGE = {"population.consumers": 49_153, "burn_in": 1}
PLENTY = {"brands.Theirs.weekly_supply": None, "brands.Theirs.initial_stock": None, "events": ()}
#: All but the last may run out of stock, so that their purchases are carried out at the end of a step.
MARKETS = {
    "repeat": {},
    "durable": {"market.category": "durable", "market.replacement_weeks": 3.0},
    "scarce": {"brands.Ours.weekly_supply": 4000.0, "brands.Ours.initial_stock": 10.0},
    "neighbors": {"market.externality": "linear", "market.externality_scope": "local"},
    "plenty": PLENTY,
    "plenty of durables": {**PLENTY, "market.category": "durable", "market.replacement_weeks": 3.0},
    "plenty for neighbors": {**PLENTY, "market.externality": "linear", "market.externality_scope": "local"},
}


@pytest.mark.parametrize("strategy", ["mix", "social", "content"])
@pytest.mark.parametrize("name", MARKETS)
def test_threads_within_a_replicate_change_no_bit(name: str, strategy: str) -> None:
    case = make_case("tiny", {**LARGE, **MARKETS[name]})
    assert is_rationed(case.market) == ("plenty" not in name)
    plan = case.plan(strategy)
    alone, *together = (
        run_one(case.market, plan, case.world, SEED, 0, threads=threads) for threads in (1, 2, 3)
    )
    assert alone.any()
    for counts in together:
        assert np.array_equal(counts, alone)


def test_threads_go_into_replicates_where_these_are_few() -> None:
    case = make_case("tiny", LARGE)
    plans = [case.plan("mix"), case.plan("none")]
    one, four = (
        run_replicates(case.market, plans, seed=SEED, replicates=[0, 1], threads=threads)
        for threads in (1, 4)
    )
    assert np.array_equal(one, four)


def test_threads_that_compile_at_once_agree() -> None:
    """A process whose first replicates begin on several threads, before anything is compiled or loaded."""
    program = (
        "import simulator as sim\n"
        "scenario = sim.load_scenario('tiny')\n"
        "print(sim.simulate(scenario, 'mix', n_replicates=8, seed=1, threads=4).digest)\n"
    )
    command = [sys.executable, "-c", program]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)
    )
    one = sim.simulate(sim.load_scenario("tiny"), "mix", n_replicates=8, seed=1, threads=1)
    assert first.strip() == second.strip() == one.digest
