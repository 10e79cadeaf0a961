"""Wrong arguments are refused, all at once; threads, subsets of replicates and forms change no result."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

import simulator as sim
from simulator.diffusion import arcs, compare_seeds, curve, spread

KARATE = nx.karate_club_graph()
IC = {"model": "ic", "p": 0.1}

BAD: list[tuple[dict[str, Any], str]] = [
    ({"model": "sir"}, "one of si, ic, bass, threshold, wc, lt"),
    ({"model": "ic"}, "p; expected the probability of an arc"),
    ({"p": 1.5}, "p = 1.5; expected probabilities, 0 to 1"),
    ({"p": float("nan")}, "p = nan"),
    ({"p": [0.1, 0.2]}, "one for each of 156 arcs"),
    ({"p": "high"}, "p = 'high'; expected numbers"),
    ({"p": 0.1, "q": 0.1}, 'model "ic" has p, weights, arc_coins, draws'),
    ({"model": "wc", "p": 0.1}, 'model "wc" has arc_coins, draws'),
    ({"weights": [1.0]}, "one for each of 156 arcs"),
    ({"weights": np.full(156, 2.0)}, "where p is left out"),
    ({"model": "lt", "weights": np.full(156, 0.5)}, "influences on a node that sum to at most 1"),
    ({"model": "lt", "thresholds": np.full(33, 0.5)}, "one value for each of 34 nodes"),
    ({"model": "lt", "thresholds": 1.5}, "the most that influences add up to"),
    ({"model": "lt", "thresholds": {0: 0.5}}, "nothing for 1 and 32 more"),
    ({"model": "threshold"}, "a threshold, or one for each node"),
    ({"model": "threshold", "thresholds": 1.5}, 'give form="count"'),
    ({"model": "threshold", "thresholds": 0.5, "form": "product"}, "one of fraction, count"),
    ({"model": "bass", "p": 0.1}, "the coefficient of imitation"),
    ({"model": "bass", "p": 0.7, "q": 0.7, "form": "fraction"}, "at most 1 - p = 0.3"),
    ({"model": "bass", "p": 0.1, "q": np.full(156, 0.1), "form": "fraction"}, "a value for each arc"),
    ({"model": "si"}, "the chance of each arc and step"),
    ({"model": "si", "p": 0.1, "q": 0.1}, "no innovation"),
    ({**IC, "arc_coins": np.full(155, 0.5)}, "one value for each of 156 arcs"),
    ({**IC, "arc_coins": np.full(156, 1.5)}, "uniform numbers, 0 to 1"),
    (
        {**IC, "arc_coins": np.full((3, 156), 0.5), "n_replicates": 4},
        "3, as so many rows of chance are given",
    ),
    ({**IC, "n_replicates": 0}, "at least 1"),
    ({**IC, "n_replicates": True}, "a whole number"),
    ({**IC, "seed": -1}, "0..4294967295"),
    ({**IC, "seed": 1.5}, "a whole number"),
    ({**IC, "first_replicate": 2**32 - 10, "n_replicates": 11}, "first_replicate"),
    ({**IC, "max_steps": -1}, "max_steps = -1"),
    ({**IC, "threads": 0}, "threads = 0"),
    ({**IC, "record": "all"}, "one of sizes, curves, activations"),
    ({"model": "si", "q": 0.1, "draws": "daily"}, "one of resistance, step"),
    ({**IC, "draws": "resistance"}, "one of arc, step"),
    ({**IC, "draws": "step", "arc_coins": np.full(156, 0.5)}, "as nothing is drawn"),
    ({**IC, "seeds": [0, 99]}, r"seeds\[1\] = 99; expected a node, 0..33"),
    ({**IC, "seeds": [0, 1, 0]}, "each seed once"),
    ({**IC, "seeds": 1.5}, "a list of nodes"),
    ({**IC, "seeds": [True]}, "True"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[message for _, message in BAD])
def test_a_bad_argument_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(sim.ScenarioError, match=message):
        spread(KARATE, **{"seeds": [0], **arguments})


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(sim.ScenarioError) as caught:
        spread(KARATE, [99], p=2.0, seed=-1, threads=0)
    assert [fault.place for fault in caught.value.faults] == ["p", "seed", "threads", "seeds[0]"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"p": 2.0, "q": 0.1}, "p = 2.0"),
        ({"p": 0.1, "q": 0.1, "method": "guess"}, "simulate, mean_field, closed_form"),
        ({"p": 0.1, "q": 0.1, "form": "product"}, "whose closed form this is"),
        ({"p": 0.1, "q": 0.1, "method": "simulate"}, "a graph to simulate on"),
        ({"p": 0.1, "q": 0.1, "times": [3, 2]}, "ascend"),
        ({"p": 0.1, "q": 0.1, "times": 0}, "1..1000000 steps"),
        ({"p": 0.1, "q": 0.1, "n_replicates": 5}, "no replicates"),
        ({"p": 0.9, "q": 0.9, "method": "mean_field"}, "so that p \\+ q F is a probability"),
        ({"p": 0.1, "q": 0.1, "market": -5}, "above 0"),
    ],
)
def test_a_bad_curve_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(sim.ScenarioError, match=message):
        curve(**arguments)


ALL: dict[str, dict[str, Any]] = {
    "ic": IC,
    "wc": {"model": "wc"},
    "ic by step": {**IC, "draws": "step"},
    "lt": {"model": "lt"},
    "si": {"model": "si", "q": 0.05, "max_steps": 10},
    "bass": {"model": "bass", "p": 0.02, "q": 0.1, "form": "fraction", "max_steps": 10},
    "bass by step": {"model": "bass", "p": 0.02, "q": 0.1, "max_steps": 10, "draws": "step"},
}


@pytest.mark.parametrize("name", ALL)
def test_threads_and_subsets_of_replicates_change_nothing(name: str) -> None:
    arguments = {**ALL[name], "seed": 5, "record": "activations"}
    whole = spread(KARATE, [0, 33], n_replicates=700, threads=2, **arguments)
    alone = spread(KARATE, [0, 33], n_replicates=700, threads=1, **arguments)
    part = spread(KARATE, [0, 33], n_replicates=30, first_replicate=600, threads=1, **arguments)
    for field in ("sizes", "activated_at", "activated_by"):
        assert np.array_equal(getattr(whole, field), getattr(alone, field))
        assert np.array_equal(getattr(whole, field)[600:630], getattr(part, field))
    assert np.array_equal(whole.curve, alone.curve)
    assert np.array_equal(whole.curve_standard_error, alone.curve_standard_error)
    other = spread(KARATE, [0, 33], n_replicates=700, **{**arguments, "seed": 6})
    assert not np.array_equal(whole.activated_at, other.activated_at)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ALL)
def test_an_isolated_node_more_changes_nothing_else(name: str) -> None:
    graph = nx.karate_club_graph()
    graph.add_node(34)
    arguments = {**ALL[name], "record": "activations", "n_replicates": 50}
    small, large = spread(KARATE, [0], **arguments), spread(graph, [0], **arguments)
    assert np.array_equal(small.activated_at, large.activated_at[:, :34])  # type: ignore[index,arg-type]


@pytest.mark.parametrize("name", ["ic", "wc", "lt", "si"])
def test_a_larger_seed_set_reaches_no_less_in_any_world(name: str) -> None:
    result = compare_seeds(KARATE, {"one": [0], "two": [0, 33], "none": []}, n_replicates=400, **ALL[name])
    assert (result.sizes[1] >= result.sizes[0]).all()
    assert (result.sizes[2] == 0).all()
    assert np.array_equal(result.sizes[1], spread(KARATE, [33, 0], n_replicates=400, **ALL[name]).sizes)
    table = result.differences("one")
    assert table["difference"].iloc[1] == pytest.approx(result.means[1] - result.means[0])
    assert result.best == "two" and "two" in repr(result)


def test_weights_turn_p_into_repeated_attempts_and_are_used_only_on_request() -> None:
    held = arcs(KARATE, weights="weight").weights
    assert held is not None
    by_name = spread(KARATE, [0], p=0.1, weights="weight", n_replicates=300)
    by_hand = spread(KARATE, [0], p=1 - 0.9**held, n_replicates=300)
    assert np.array_equal(by_name.sizes, by_hand.sizes)
    plain = spread(arcs(KARATE, weights="weight"), [0], p=0.1, n_replicates=300)
    assert np.array_equal(plain.sizes, spread(KARATE, [0], p=0.1, n_replicates=300).sizes)
    probabilities = np.random.default_rng(1).random(156)
    assert np.array_equal(
        spread(KARATE, [0], weights=probabilities, n_replicates=300).sizes,
        spread(KARATE, [0], p=probabilities, n_replicates=300).sizes,
    )


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_impossible_and_certain_attempts(p: float) -> None:
    reached = 34 if p else 1
    assert (spread(KARATE, [0], p=p, n_replicates=200).sizes == reached).all()
    assert (spread(KARATE, [0], model="si", q=p, max_steps=5, n_replicates=200).sizes == reached).all()
    edges = arcs(KARATE).n_arcs
    assert spread(KARATE, [0], p=p, arc_coins=np.zeros(edges)).mean == reached


def test_long_chains_and_steps_at_most() -> None:
    chain = nx.path_graph(3000)
    result = spread(chain, [0], p=1.0, n_replicates=3)
    assert result.curve.tolist() == list(range(1, 3001))
    cut = spread(chain, [0], p=1.0, n_replicates=3, max_steps=5)
    assert cut.curve.tolist() == [1, 2, 3, 4, 5, 6]
    assert spread(nx.path_graph(3), [0], p=1.0, n_replicates=2, max_steps=4).curve.tolist() == [1, 2, 3, 3, 3]


def test_what_does_not_end_says_so() -> None:
    with pytest.raises(sim.EngineError, match="give max_steps"):
        spread(nx.path_graph(2), model="bass", p=1e-9, q=0.0, n_replicates=1)


def test_results_read_well() -> None:
    result = spread(KARATE, [0, 33], model="wc", n_replicates=200, record="curves")
    assert "wc from 2 seeds" in repr(result) and "200 replicates, seed 0" in result._repr_html_()
    low, high = result.interval(0.9)
    assert low < result.mean < high and result.interval(0.99)[0] < low
    assert result.standard_error == pytest.approx(result.sizes.std(ddof=1) / np.sqrt(200))
    assert list(result.to_dataframe()) == ["replicate", "size"]
    frame = result.to_dataframe("curve")
    assert frame["mean"].iloc[-1] == pytest.approx(result.mean)
    assert frame["standard_error"].iloc[-1] == pytest.approx(result.standard_error)
    assert len(result.to_dataframe("curves")) == 200 * len(result.curve)
    with pytest.raises(sim.ScenarioError, match='record="activations"'):
        result.to_dataframe("activations")
    alone = spread(KARATE, [0], model="wc", n_replicates=1)
    assert np.isnan(alone.standard_error) and "±" not in repr(alone)


def test_results_are_drawn() -> None:
    result = sim.diffusion.spread(KARATE, [0], model="wc", n_replicates=50)
    compared = sim.diffusion.compare_seeds(KARATE, {"a": [0], "b": [1]}, model="wc", n_replicates=50)
    grown = sim.diffusion.curve(p=0.03, q=0.38, times=20)
    for one in (result, compared, grown):
        assert one.plot().png().startswith(b"\x89PNG")  # type: ignore[union-attr]


def test_the_same_bits_without_compilation(tmp_path: Path) -> None:
    code = (
        "import networkx as nx, warnings\n"
        "from simulator.diffusion import spread\n"
        "warnings.simplefilter('ignore')\n"
        "g = nx.karate_club_graph().subgraph(range(9))\n"
        "for a in (dict(p=0.4), dict(model='lt'), dict(model='si', q=0.2, max_steps=4),\n"
        "          dict(model='bass', p=0.1, q=0.3, form='fraction', max_steps=3),\n"
        "          dict(model='bass', p=0.1, q=0.3, draws='step', max_steps=3)):\n"
        "    for record in ('sizes', 'activations'):\n"
        "        r = spread(g, [0], n_replicates=3, threads=1, record=record, **a)\n"
        "        by = None if r.activated_by is None else r.activated_by.tolist()\n"
        "        print(r.sizes.tolist(), r.curve.tolist(), by)\n"
    )
    outputs = []
    for disable in ("0", "1"):
        environment = {
            **os.environ,
            "NUMBA_DISABLE_JIT": disable,
            "PYTHONPATH": str(Path(sim.__file__).parents[1]),
        }
        command = [sys.executable, "-c", code]
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path
        )
        outputs.append(result.stdout)
    assert outputs[0] == outputs[1]
    assert outputs[0].count("\n") == 10
