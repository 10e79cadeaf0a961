import json

import pytest

import simulator.experiment.collection as collection
import simulator.experiment.simulation as simulation
from simulator.errors import StoreError
from simulator.experiment.comparison import compare
from simulator.experiment.repetition import repeat
from simulator.model.observation import N_SERIES
from simulator.outcomes.store import load_manifest, verify
from simulator.scenario import Scenario


@pytest.fixture(autouse=True)
def _fake(fake_engine):
    return fake_engine


def change_manifest(folder, **changes):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, **changes}))


def test_a_stored_comparison_is_repeated_with_the_same_digest(scenario, tmp_path):
    first = compare(scenario, seed=0, n_replicates=6, first_replicate=2, strategies=["price_cut"])
    folder = first.save(tmp_path / "results", extra_files={"figures/a.png": b"a"})
    verify(folder)
    again = repeat(folder)
    assert again.digest == first.digest
    assert again.strategies == first.strategies and again.outcomes.replicates == first.outcomes.replicates
    assert again.manifest["repeats"] == {"digest": first.digest, "is_equal": True}
    assert repeat(folder / "manifest.json", engine="mesa", threads=1).digest == first.digest


def test_manifest_says_how_it_came_about(scenario, tmp_path):
    folder = compare(scenario, n_replicates=2).save(tmp_path / "results")
    manifest = load_manifest(folder)
    assert manifest["scenario"]["comparison"]["budget"] == 60.0
    assert manifest["versions"]["numpy"] and manifest["machine"]["processor"]
    assert manifest["network"] == {"kind": "clustered"}
    assert manifest["wall_seconds"] >= 0 and manifest["began"].endswith("Z")
    assert set(manifest["levels"]) == {"none", "mass", "price_cut"}


def test_another_trajectory_version_is_refused(scenario, tmp_path):
    folder = compare(scenario, n_replicates=2).save(tmp_path / "results")
    change_manifest(folder, trajectory_version=999)
    with pytest.raises(StoreError, match="trajectory version 999"):
        repeat(folder)


def test_a_changed_scenario_is_refused(scenario, tmp_path):
    folder = compare(scenario, n_replicates=2).save(tmp_path / "results")
    change_manifest(folder, scenario={**load_manifest(folder)["scenario"], "horizon": 14})
    with pytest.raises(StoreError, match="scenario with digest"):
        repeat(folder)


def test_an_edge_list_is_verified_by_its_hash(scenario, tmp_path):
    edges = tmp_path / "edges.csv"
    edges.write_text("".join(f"{i} {(i + 1) % 200}\n" for i in range(200)))
    data = scenario.to_dict()
    data["network"] = {"kind": "edge_list", "path": str(edges)}
    folder = compare(Scenario.from_dict(data), n_replicates=2).save(tmp_path / "results")
    assert load_manifest(folder)["network"]["path"]["path"] == str(edges)
    assert repeat(folder).manifest["repeats"]["is_equal"]
    edges.write_text(edges.read_text() + "0 2\n")
    with pytest.raises(StoreError, match="put back the file"):
        repeat(folder)
    edges.unlink()
    with pytest.raises(StoreError, match=r"edges.csv; expected the file"):
        repeat(folder)


def test_a_graph_from_python_must_be_passed_again(scenario, tmp_path):
    import networkx as nx

    graph = nx.path_graph(30)
    folder = compare(scenario.with_network(graph), n_replicates=2).save(tmp_path / "results")
    assert load_manifest(folder)["network"]["kind"] == "object"
    with pytest.raises(StoreError, match="pass it as network="):
        repeat(folder)
    assert repeat(folder, network=graph).manifest["repeats"]["is_equal"]
    with pytest.raises(StoreError, match="scenario with digest"):
        repeat(folder, network=nx.cycle_graph(30))


@pytest.mark.parametrize("kind", ["selection", "experiment", "trace", "sensitivity"])
def test_results_of_another_kind_are_told(scenario, tmp_path, kind):
    folder = compare(scenario, n_replicates=2).save(tmp_path / "results")
    change_manifest(folder, kind=kind)
    with pytest.raises(
        StoreError, match=rf"results of another kind \({kind}\); expected results of a comparison"
    ):
        repeat(folder)


def test_a_manifest_that_lacks_something_is_told(scenario, tmp_path):
    folder = compare(scenario, n_replicates=2).save(tmp_path / "results")
    manifest = load_manifest(folder)
    del manifest["seed"], manifest["n_replicates"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(StoreError, match="a manifest without seed, n_replicates"):
        repeat(folder)


def test_the_manifest_has_the_overrides(scenario, tmp_path):
    changed = scenario.with_overrides({"horizon": 14}).with_overrides(["horizon=12", "comparison.budget=90"])
    folder = compare(changed, n_replicates=2).save(tmp_path / "results")
    assert load_manifest(folder)["overrides"] == {"horizon": 12, "comparison.budget": 90}
    again = repeat(folder)
    assert again.manifest["repeats"]["is_equal"]
    assert again.manifest["overrides"] == {"horizon": 12, "comparison.budget": 90}


def test_the_manifest_has_the_precision_asked_for(scenario, tmp_path):
    asked = {"profit": "30%", "sales": 900}
    first = compare(scenario, seed=7, precision=asked, n_replicates=10, max_replicates=50)
    folder = first.save(tmp_path / "results")
    found = load_manifest(folder)["precision"]
    assert found["targets"] == {"profit": "30%", "sales": "900"}
    assert (found["first_stage"], found["max_replicates"]) == (10, 50)
    assert found["is_reached"] is first.precision.is_reached
    again = repeat(folder)
    assert again.manifest["repeats"]["is_equal"] and again.manifest["precision"] == found
    assert again.verdict == first.verdict and found["caveat"] in again.verdict.warnings
    targets = dict(found["targets"])
    assert (
        compare(scenario, seed=7, precision=targets, n_replicates=10, max_replicates=50).digest
        == first.digest
    )


def test_a_manifest_from_before_these_records_is_repeated(scenario, tmp_path):
    folder = compare(scenario, n_replicates=2).save(tmp_path / "results")
    manifest = load_manifest(folder)
    for key in ("overrides", "precision", "n_kept"):
        del manifest[key]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert repeat(folder).manifest["repeats"]["is_equal"]


def test_the_manifest_says_how_many_trajectories_are_kept(scenario, tmp_path, monkeypatch):
    monkeypatch.setattr(simulation, "MEMORY_LIMIT", 30 * 13 * 2 * N_SERIES * 8)
    monkeypatch.setattr(collection, "KEPT_LIMIT", 30 * 13 * 2 * N_SERIES * 8 // 2)
    found = compare(scenario, n_replicates=30)
    manifest = load_manifest(found.save(tmp_path / "results"))
    assert manifest["n_kept"] == found.trajectories.n_replicates < manifest["n_replicates"] == 30
    assert found.trajectories.manifest["n_kept"] == manifest["n_kept"]
