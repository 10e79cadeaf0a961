import numpy as np
import pytest

import simulator.experiment.simulation as simulation
from simulator.errors import ScenarioError
from simulator.experiment.simulation import simulate
from simulator.outcomes.trajectories import Trajectories


@pytest.fixture(autouse=True)
def _fake(fake_engine):
    return fake_engine


def test_two_halves_are_the_whole(scenario):
    whole = simulate(scenario, ["none", "mass"], seed=7, n_replicates=10)
    first = simulate(scenario, ["none", "mass"], seed=7, n_replicates=5)
    second = simulate(scenario, ["none", "mass"], seed=7, n_replicates=5, first_replicate=5)
    assert second.replicates == (5, 6, 7, 8, 9)
    assert Trajectories.concatenate([first, second]).digest == whole.digest


def test_one_name_gives_one_strategy(scenario):
    trajectories = simulate(scenario, "mass", n_replicates=3)
    assert trajectories.strategies == ("mass",)
    assert trajectories.seed == scenario.comparison.seed
    assert trajectories.series("purchases").shape == (1, 3, 13, 2)
    assert trajectories.manifest["scenario"]["horizon"] == 13
    assert trajectories.manifest["levels"] == {"mass": 1.0}


def test_seed_zero_is_a_seed(scenario):
    assert simulate(scenario, "mass", seed=0, n_replicates=1).seed == 0
    assert (
        simulate(scenario, "mass", seed=0, n_replicates=1).digest
        != simulate(scenario, "mass", n_replicates=1).digest
    )


def test_numpy_integers_are_whole_numbers(scenario):
    assert simulate(scenario, "mass", seed=np.int64(5), n_replicates=np.uint8(2)).n_replicates == 2


def test_all_faulty_arguments_are_told_at_once(scenario):
    with pytest.raises(ScenarioError) as raised:
        simulate(scenario, "mas", seed=-1, n_replicates=0, first_replicate=1.5, engine="numbas", threads=True)
    text = str(raised.value)
    assert len(raised.value.faults) == 6
    for part in (
        'did you mean "mass"?',
        "seed) = -1",
        "n_replicates) = 0",
        "= 1.5",
        'mean "numba"',
        "= True",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"seed": 2**32}, "4294967295"),
        ({"first_replicate": 2**31 - 1, "n_replicates": 2}, "last replicate"),
        ({"strategy": []}, "at least one"),
        ({"strategy": ["mass", "mass"]}, "each strategy once"),
    ],
)
def test_arguments_out_of_range(scenario, given, part):
    with pytest.raises(ScenarioError, match=part):
        simulate(scenario, **{"strategy": "mass", "n_replicates": 1, **given})


def test_the_last_replicate_of_all_can_be_run(scenario):
    assert simulate(scenario, "mass", first_replicate=2**31 - 1, n_replicates=1).replicates == (2**31 - 1,)


def test_a_path_is_no_scenario():
    with pytest.raises(ScenarioError, match="load_scenario"):
        simulate("scenarios/launch.toml", "mass")


def test_what_does_not_fit_in_memory_is_refused_before_it_runs(scenario, monkeypatch, fake_engine):
    monkeypatch.setattr(simulation, "MEMORY_LIMIT", 100_000)
    with pytest.raises(ScenarioError, match="use compare"):
        simulate(scenario, "mass", n_replicates=1_000)
    assert not fake_engine.calls


def test_progress_counts_every_replicate_of_every_strategy(scenario):
    seen = []
    simulate(scenario, ["none", "mass"], n_replicates=3, on_progress=lambda *report: seen.append(report))
    assert seen[0][0] == "balancing budgets"
    assert seen[1] == ("simulating", 0, 6)
    assert seen[-1] == ("simulating", 6, 6)


def test_an_interrupt_goes_through(scenario, fake_engine):
    fake_engine.interrupt_at = 2
    with pytest.raises(KeyboardInterrupt):
        simulate(scenario, "mass", n_replicates=5)
