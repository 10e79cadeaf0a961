"""What the checks let pass can be built, and what cannot be built does not pass: one definition for both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from simulator.errors import NetworkError, ScenarioError
from simulator.model.network import build_network, generators
from simulator.scenario import graph_limits, load_scenario
from simulator.scenario.schema.network import Clustered, NetworkSpec

SPEC: TypeAdapter[Any] = TypeAdapter(NetworkSpec)
BUILT = [
    (28, {"kind": "clustered", "mean_degree": 13.5}),
    (400, {"kind": "clustered", "mean_degree": 14.0, "max_weak_degree": 17}),
    (19, {"kind": "configuration", "max_degree": 18, "min_degree": 5}),
    (40, {"kind": "stochastic_block", "mean_degree": 3.0, "within_share": 0.5}),
    (15, {"kind": "watts_strogatz", "degree": 14}),
    (10, {"kind": "barabasi_albert", "attachments": 9}),
    (10, {"kind": "erdos_renyi", "mean_degree": 9.0}),
    (12, {"kind": "complete"}),
]
REFUSED = [
    (28, {"kind": "clustered", "mean_degree": 14.0}, "network.mean_degree"),
    (28, {"kind": "clustered", "mean_degree": 13.51}, "network.mean_degree"),
    (400, {"kind": "clustered", "mean_degree": 14.0, "max_weak_degree": 13}, "network.max_weak_degree"),
    (19, {"kind": "configuration"}, "network.max_degree"),
    (19, {"kind": "configuration", "max_degree": 19}, "network.max_degree"),
    (40, {"kind": "configuration", "min_degree": 0, "max_degree": 9}, "network.min_degree"),
    (40, {"kind": "configuration", "min_degree": 9, "max_degree": 5}, "network.min_degree"),
    (19, {"kind": "stochastic_block", "mean_degree": 18.0}, "network.mean_degree"),
    (40, {"kind": "stochastic_block", "mean_degree": 9.0, "within_share": 1.0}, "network.mean_degree"),
    (15, {"kind": "watts_strogatz", "degree": 16}, "network.degree"),
    (15, {"kind": "watts_strogatz", "degree": 7}, "network.degree"),
    (10, {"kind": "barabasi_albert", "attachments": 10}, "network.attachments"),
    (10, {"kind": "erdos_renyi", "mean_degree": 9.5}, "network.mean_degree"),
    (graph_limits.LARGEST_COMPLETE + 1, {"kind": "complete"}, "network.kind"),
]


def asked(n: int, network: dict[str, Any]) -> dict[str, Any]:
    return {"population.consumers": n, **{f"network.{key}": value for key, value in network.items()}}


def build(n: int, spec: Any, seed: int = 1) -> Any:
    cell = np.arange(n) % 8
    return build_network(
        spec,
        n_consumers=n,
        cell=cell,
        region=cell // 4,
        taste=np.zeros((n, 2), np.float32),
        seed=seed,
        world=0,
    )


@pytest.mark.parametrize(("n", "network"), BUILT)
def test_what_passes_is_built(n: int, network: dict[str, Any]) -> None:
    scenario = load_scenario("tiny", asked(n, network))
    assert all(build(n, scenario.network, seed).n_consumers == n for seed in range(5))


@pytest.mark.parametrize(("n", "network", "place"), REFUSED)
def test_what_cannot_be_built_does_not_pass(n: int, network: dict[str, Any], place: str) -> None:
    with pytest.raises(ScenarioError) as checked:
        load_scenario("tiny", asked(n, network))
    assert any(place in fault.place for fault in checked.value.faults)
    spec = SPEC.validate_python(network)
    with pytest.raises(NetworkError) as built:
        build(n, spec)
    assert built.value.faults[0].place == place


def test_a_single_block_has_no_room_for_ties_between_blocks() -> None:
    blocks = {"network.kind": "stochastic_block", "network.blocks": "regions"}
    with pytest.raises(ScenarioError, match=r"between them \(0 pairs\)"):
        load_scenario("minimal", blocks)
    assert load_scenario("minimal", {**blocks, "network.within_share": 1.0}).network.within_share == 1.0


def test_expected_pairs_are_those_of_many_draws() -> None:
    shares = [0.5, 0.3, 0.2]
    counts = np.random.default_rng(1).multinomial(30, shares, 20_000)
    mean = (counts * (counts - 1) / 2).sum(axis=1).mean()
    assert graph_limits.expected_pairs_inside(30, shares) == pytest.approx(mean, rel=0.01)


def test_limits_and_defaults_stand_once() -> None:
    from simulator.model.network.clustered import clustered
    from simulator.scenario.checks import world

    assert clustered.__kwdefaults__ is None
    assert Clustered.model_fields["rewiring"].default == 0.1
    assert not hasattr(generators, "MAX_COMPLETE") and not hasattr(world, "LARGEST_COMPLETE")


def test_a_graph_from_python_does_not_have_to_suit_the_kind_that_it_replaces() -> None:
    import networkx as nx

    assert load_scenario("minimal").with_network(nx.cycle_graph(12)).population.consumers == 12
