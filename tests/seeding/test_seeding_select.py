"""``select`` as a user meets it: known optima, real data, results, and what it says to bad input."""

from __future__ import annotations

import json
import os
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from seeding_tools import heavy_tailed

from simulator.diffusion import spread
from simulator.diffusion.graphs import arcs
from simulator.diffusion.seeding import METHODS, select
from simulator.errors import ScenarioError
from simulator.present.cli import main

KARATE = nx.karate_club_graph()
FACEBOOK = Path(os.environ.get("SIMULATOR_TEST_DATA", "/nowhere")) / "ego-facebook.txt.gz"


@pytest.mark.parametrize(
    ("model", "p", "published"), [("ic", 0.1, 6.42), ("wc", None, 17.73), ("lt", None, 22.62)]
)
@pytest.mark.parametrize("method", ["celf", "ris"])
def test_the_best_two_of_the_karate_club_are_its_leaders(model, p, published, method):
    """Published to two decimals; 4 standard errors, with the rounding of the reference."""
    chosen = select(KARATE, 2, method=method, model=model, p=p, seed=5, n_replicates=20_000, n_samples=4_000)
    assert sorted(chosen.seeds) == [0, 33]
    assert abs(chosen.spread - published) <= 4 * chosen.standard_error + 0.005 + 0.02


@pytest.mark.data
@pytest.mark.skipif(not FACEBOOK.exists(), reason="SIMULATOR_TEST_DATA is not set")
def test_reverse_sets_reach_what_greedy_reaches_on_the_facebook_graph():
    graph = arcs(FACEBOOK)
    by = {
        name: select(graph, 50, method=name, model="wc", n_replicates=2_000, n_samples=500)
        for name in ("celf", "ris")
    }
    error = np.hypot(by["celf"].standard_error, by["ris"].standard_error)
    assert by["ris"].spread >= 0.99 * by["celf"].spread - error
    assert by["ris"].certificate.is_met and by["ris"].ratio > 0.75
    assert by["ris"].lower_bound <= by["ris"].spread <= by["ris"].certificate.upper
    hubs = select(graph, 50, method="degree", model="wc", n_replicates=2_000)
    assert by["ris"].spread > 1.1 * hubs.spread


def test_a_large_directed_graph_fits_in_little_memory():
    graph = heavy_tailed(75_000, 500_000)
    chosen = select(graph, 50, model="wc", n_replicates=200)
    assert chosen.certificate.is_met and len(set(chosen.seeds)) == 50
    assert chosen.certificate.n_bytes < 2**28
    hubs = select(graph, 50, method="degree", model="wc", n_replicates=200)
    assert chosen.spread > hubs.spread - 4 * np.hypot(chosen.standard_error, hubs.standard_error)


def test_results_carry_names_gains_and_the_estimate_of_spread():
    graph = nx.relabel_nodes(KARATE, {v: f"member {v}" for v in KARATE})
    chosen = select(graph, 3, method="celf", model="ic", p=0.1, n_replicates=500, seed=2)
    assert chosen.seeds == [f"member {v}" for v in chosen.indices.tolist()]
    same = spread(graph, chosen.seeds, model="ic", p=0.1, n_replicates=500, seed=2)
    assert chosen.spread == pytest.approx(same.mean) and chosen.standard_error == pytest.approx(
        same.standard_error
    )
    assert (np.diff(chosen.gains) <= 0).all()
    table = chosen.to_dataframe()
    assert (
        list(table.columns) == ["order", "seed", "index", "cost", "gain"] and len(table) == len(chosen) == 3
    )
    assert "celf" in repr(chosen) and "member" in repr(chosen) and "standard error" in repr(chosen)
    assert chosen._repr_html_().startswith("<table>")
    ranked = select(graph, 3, method="k_core", n_replicates=0)
    assert ranked.spread is None and ranked.gains is None and ranked.scores.tolist() == [4, 4, 4]
    certified = select(graph, 3, model="lt", n_replicates=0)
    assert "of the best possible spread" in repr(certified) and 0 < certified.ratio <= 1


def test_the_seed_and_nothing_else_decides():
    first = select(KARATE, 4, method="random", model="wc", seed=0, n_replicates=10)
    assert (
        first.seeds == select(KARATE, 4, method="random", model="wc", seed=0, n_replicates=0, threads=1).seeds
    )
    assert first.seeds != select(KARATE, 4, method="random", model="wc", seed=1, n_replicates=0).seeds
    assert first.seeds[:2] == select(KARATE, 2, method="random", n_replicates=0).seeds


def test_constraints_as_a_user_gives_them():
    cells = {v: KARATE.nodes[v]["club"] for v in KARATE}
    chosen = select(KARATE, 6, method="degree", n_replicates=0, cells=cells, quotas={"Officer": 2})
    assert sum(cells[v] == "Officer" for v in chosen.seeds) == 2 and len(chosen) == 6
    both = select(KARATE, 6, method="degree", n_replicates=0, cells=cells, quotas=1)
    assert len(both) == 2 and "leave 2 of 6" in repr(both)
    few = select(KARATE, 2, method="ris", model="wc", eligible=[5, 6, 7], n_replicates=0)
    assert set(few.seeds) <= {5, 6, 7}
    costs = {v: KARATE.degree[v] for v in KARATE}
    for method in METHODS:
        if METHODS[method].needs in ((), ("influence",)):
            bought = select(KARATE, method=method, model="wc", costs=costs, budget=20, n_replicates=0)
            assert bought.cost == sum(costs[v] for v in bought.seeds) <= 20
    thresholds = np.linspace(1, 0, 34)
    assert select(KARATE, 3, method="early_adopters", thresholds=thresholds, n_replicates=0).seeds == [
        33,
        32,
        31,
    ]


BAD = {
    "method": ({"k": 2, "method": "celff", "model": "wc"}, 'did you mean "celf"'),
    "model": ({"k": 2, "model": "si"}, "one of ic, wc, lt"),
    "no p": ({"k": 2}, 'give p, take model = "wc"'),
    "p": ({"k": 2, "p": 1.5}, "0 to 1"),
    "p of wc": ({"k": 2, "model": "wc", "p": 0.1}, "leave it out"),
    "k": ({"k": 0, "model": "wc"}, "k = 0; expected a whole number, 1 to 34"),
    "no k": ({"model": "wc"}, "or give a budget"),
    "k of few": ({"k": 3, "model": "wc", "eligible": [1, 2]}, "at most the 2 eligible nodes"),
    "stranger": ({"k": 1, "model": "wc", "eligible": [99]}, "eligible[0] = 99"),
    "seed": ({"k": 1, "model": "wc", "seed": -1}, "seed = -1"),
    "costs alone": ({"k": 1, "model": "wc", "costs": 2.0}, "a budget as well"),
    "free seeds": ({"k": 1, "model": "wc", "costs": np.r_[0.0, np.ones(33)], "budget": 3}, "costs[0] = 0"),
    "nan cost": ({"model": "wc", "costs": np.full(34, np.nan), "budget": 3}, "and 33 more nodes"),
    "budget": ({"model": "wc", "budget": -3}, "budget = -3"),
    "too dear": ({"model": "wc", "costs": 5.0, "budget": 3}, "the cheapest eligible node costs 5"),
    "quotas alone": ({"k": 1, "model": "wc", "quotas": 1}, "give the cell of each node"),
    "quota": ({"k": 1, "model": "wc", "cells": ["a"] * 34, "quotas": {"b": 1}}, "a cell that some node has"),
    "cells": ({"k": 1, "model": "wc", "cells": ["a"] * 3}, "the cell of each of 34 nodes"),
    "no cells": ({"k": 1, "model": "wc", "method": "cell_clusters"}, "cells = None"),
    "no trait": ({"k": 1, "model": "wc", "method": "early_adopters"}, "thresholds = None"),
    "epsilon": ({"k": 1, "model": "wc", "epsilon": 2}, "epsilon = 2"),
    "delta": ({"k": 1, "model": "wc", "delta": 0}, "delta = 0"),
    "memory": ({"k": 1, "model": "wc", "method": "celf", "memory": 10.0}, 'method = "ris"'),
    "replicates": ({"k": 1, "model": "wc", "n_replicates": -1}, "n_replicates = -1"),
    "threads": ({"k": 1, "model": "wc", "threads": 0}, "threads = 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_with_place_and_remedy(name):
    arguments, words = BAD[name]
    with pytest.raises(ScenarioError) as error:
        select(KARATE, **arguments)
    assert words in str(error.value)


def test_all_faults_come_at_once():
    with pytest.raises(ScenarioError) as error:
        select(KARATE, 0, method="ri", model="wc", epsilon=3, quotas=1, n_samples=0)
    assert len(error.value.faults) == 5


def test_a_graph_without_arcs_and_one_of_a_single_node():
    empty = nx.empty_graph(5)
    for method in ("ris", "celf", "degree_discount", "betweenness", "k_core", "pagerank"):
        chosen = select(empty, 2, method=method, model="ic", p=0.5, n_replicates=5)
        assert chosen.spread == 2.0 and len(set(chosen.seeds)) == 2
    assert select(nx.empty_graph(1), 1, model="lt", n_replicates=5).seeds == [0]


def test_the_command_line_chooses_too(tmp_path, capsys):
    path = tmp_path / "club.csv"
    path.write_text("source,target\n" + "".join(f"{i},{j}\n" for i, j in KARATE.edges()))

    def run(*words):
        with pytest.raises(SystemExit) as end:
            main(["seed", str(path), *words])
        return int(end.value.code or 0), capsys.readouterr()

    status, said = run("-k", "2", "--method", "celf", "--json", "--replicates", "50")
    document = json.loads(said.out)
    assert status == 0 and sorted(document["seeds"]) == [0, 33] and document["spread"] > 10
    _, said = run("-k", "2", "--method", "degree", "--eligible", "5,6,7", "--quiet", "--replicates", "0")
    assert set(said.out.split()) <= {"5", "6", "7"}
    status, said = run("-k", "0", "--method", "k-core")
    assert status == 2 and 'did you mean "k_core"' in said.err and "k = 0" in said.err
