"""From a scenario to stored results and back, on the compiled engine."""

import os
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import simulator as sim
from simulator.errors import ScenarioError, StoreError
from simulator.experiment.comparison import compare
from simulator.experiment.repetition import repeat
from simulator.experiment.simulation import simulate
from simulator.outcomes.trajectories import Trajectories
from simulator.scenario import load_scenario

SHORT = {"horizon": 8, "comparison.replicates": 3, "comparison.budget": 2400.0}


def edge_list(path: Path, graph: nx.Graph) -> Path:
    path.write_text("".join(f"{i} {j}\n" for i, j in graph.edges()))
    return path


@pytest.fixture
def ring() -> nx.Graph:
    return nx.watts_strogatz_graph(60, 4, 0.2, seed=1)


def test_results_are_stored_and_repeated_with_the_same_digest(tmp_path):
    found = compare(load_scenario("classroom", SHORT), seed=0)
    folder = found.save(tmp_path / "results")
    again = repeat(folder / "manifest.json", threads=1)
    assert again.digest == found.digest
    assert again.manifest["repeats"]["is_equal"]
    assert Trajectories.load(folder).digest == found.trajectories.digest


def test_engines_agree_on_the_whole_comparison():
    scenario = load_scenario("minimal", {"population.consumers": 40, "horizon": 5})
    digests = {
        compare(scenario, seed=0, n_replicates=2, engine=engine).digest for engine in ("numba", "mesa")
    }
    assert len(digests) == 1


def test_replicates_in_halves_and_on_threads_are_the_same():
    scenario = load_scenario("classroom", SHORT)
    names = ["social", "precision"]
    whole = simulate(scenario, names, n_replicates=6, threads=2)
    halves = [simulate(scenario, names, n_replicates=3, first_replicate=start, threads=1) for start in (0, 3)]
    assert Trajectories.concatenate(halves).digest == whole.digest


def test_a_graph_from_a_file_keeps_the_number_of_people(tmp_path, ring):
    path = edge_list(tmp_path / "ties.txt", ring)
    scenario = load_scenario("classroom", {**SHORT, "network.kind": "edge_list", "network.path": str(path)})
    found = compare(scenario, strategies=["mass", "precision", "social", "price_cut"], seed=1)
    trajectories = found.trajectories
    assert (trajectories.n_consumers, trajectories.people_per_consumer) == (60, 50.0)
    assert all(abs(use.imbalance) < 0.1 for name, use in found.budgets.items() if name != "none")
    assert repeat(found.save(tmp_path / "results")).digest == found.digest


def test_a_file_a_graph_and_a_matrix_give_the_same_trajectories(tmp_path, ring):
    scenario = load_scenario("classroom", SHORT)
    path = edge_list(tmp_path / "ties.txt", ring)
    matrix = nx.to_scipy_sparse_array(ring, nodelist=range(60))
    ordered = nx.Graph()
    ordered.add_nodes_from(range(60))
    ordered.add_edges_from(ring.edges())
    scenarios = [
        scenario.with_overrides({"network.kind": "edge_list", "network.path": str(path)}),
        scenario.with_network(ordered),
        scenario.with_network(matrix),
    ]
    counts = [simulate(s, "social", seed=2, n_replicates=2).series("purchases") for s in scenarios]
    assert np.array_equal(counts[0], counts[1]) and np.array_equal(counts[1], counts[2])


def test_weights_and_direction_count_as_much_from_python_as_from_a_file(tmp_path):
    scenario = load_scenario("classroom", SHORT)
    named = nx.DiGraph()
    named.add_nodes_from(range(60))
    named.add_edges_from((i, (i * 7 + k) % 60, {"weight": 1.0 + k}) for i in range(60) for k in (1, 4, 9))
    named.remove_edges_from(list(nx.selfloop_edges(named)))
    path = tmp_path / "ties.csv"
    path.write_text(
        "source,target,weight\n" + "".join(f"{i},{j},{w}\n" for i, j, w in named.edges(data="weight"))
    )
    file = {"network.kind": "edge_list", "network.path": str(path), "network.directed": True}
    matrix = nx.to_scipy_sparse_array(named, nodelist=range(60))
    as_file = scenario.with_overrides({**file, "network.weights": "weight"})
    scenarios = {
        "file": as_file,
        "graph": scenario.with_network(named, weights="weight", influence="named"),
        "matrix": scenario.with_network(matrix, weights="data", influence="named"),
        "other direction": scenario.with_network(named, weights="weight"),
        "no weights": scenario.with_network(named, weights="none", influence="named"),
    }
    counts = {
        name: simulate(s, "social", seed=2, n_replicates=2).series("contacts_positive")
        for name, s in scenarios.items()
    }
    for name, found in counts.items():
        assert np.array_equal(found, counts["file"]) == (name in ("file", "graph", "matrix")), name
    comparison = compare(scenarios["graph"], seed=1, n_replicates=2, strategies=["none", "mass"])
    assert comparison.manifest["network"]["weights"] == "weight"
    folder = comparison.save(tmp_path / "results")
    assert repeat(folder, network=named).manifest["repeats"]["is_equal"]


def test_a_repetition_needs_the_graph_that_was_passed_in(tmp_path, ring):
    found = compare(load_scenario("classroom", SHORT).with_network(ring), seed=1)
    folder = found.save(tmp_path / "results")
    with pytest.raises(StoreError, match="network="):
        repeat(folder)
    assert repeat(folder, network=ring).digest == found.digest


def test_too_few_seeds_on_a_small_graph_are_refused_before_anything_runs(tmp_path):
    path = edge_list(tmp_path / "ties.txt", nx.cycle_graph(10))
    scenario = load_scenario("launch", {"network.kind": "edge_list", "network.path": str(path)})
    with pytest.raises(ScenarioError, match=r"strategies.social.* one consumer of this social graph"):
        compare(scenario, n_replicates=1)


def test_public_names_lead_to_the_same_verbs():
    scenario = sim.load_scenario("minimal", {"horizon": 4})
    found = sim.compare(scenario, seed=0, n_replicates=2)
    assert isinstance(found, sim.Comparison) and isinstance(found.verdict, sim.Verdict)
    assert isinstance(sim.simulate(scenario, "mass", n_replicates=1), sim.Trajectories)


@pytest.mark.data
@pytest.mark.parametrize(
    "settings",
    [
        {"network.path": "ego-facebook.txt.gz"},
        {
            "network.path": "korean_family_planning_edges.csv.gz",
            "network.directed": True,
            "network.weights": "weight",
            "network.nodes": "korean_family_planning_nodes.csv",
        },
    ],
    ids=["facebook", "villages"],
)
def test_real_social_graphs(settings, tmp_path):
    data = os.environ.get("SIMULATOR_TEST_DATA")
    if not data:
        pytest.skip("SIMULATOR_TEST_DATA is not set")
    changes = {"network.kind": "edge_list", **settings, "horizon": 6, "comparison.replicates": 2}
    for key in ("network.path", "network.nodes"):
        if key in settings:
            changes[key] = str(Path(data) / settings[key])
    found = compare(load_scenario("launch", changes), strategies=["mass", "social"], seed=5)
    assert found.trajectories.n_consumers in (4_039, 1_047)
    assert repeat(found.save(tmp_path / "results")).digest == found.digest


def test_stored_results_of_a_comparison_are_shown_in_its_metric(tmp_path):
    scenario = sim.load_scenario("tiny", {"comparison.metric": "adoption", "market.currency": "CHF"})
    sim.report(sim.compare(scenario, strategies=["mass"], n_replicates=3, seed=1), tmp_path / "out")
    found = sim.open_results(tmp_path / "out")
    assert found.main_metric == "adoption" and found.manifest["scenarios"][0]["currency"] == "CHF"
