"""Every cascade, arc for arc, against the models written slowly and obviously, on random multigraphs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_diffusion import arc_list, cascade, crowd, events, hazard, philox

from simulator import diffusion
from simulator.diffusion import draws, spread


@st.composite
def multigraphs(draw: Any) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(1, 9))
    rows = draw(st.lists(st.lists(st.integers(0, n - 1), max_size=6), min_size=n, max_size=n))
    indptr = np.cumsum([0, *map(len, rows)])
    return indptr, np.array([target for row in rows for target in row], dtype=np.int64)


def uniform(draw: Any, size: int) -> np.ndarray:
    seed = draw(st.integers(0, 2**32 - 1))
    return np.random.default_rng(seed).random(size)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_given_coins(data: Any) -> None:
    indptr, targets = data.draw(multigraphs())
    n, m = len(indptr) - 1, len(targets)
    seeds = data.draw(st.sets(st.integers(0, n - 1)))
    p, coins = uniform(data.draw, m), uniform(data.draw, m)
    steps = data.draw(st.sampled_from([None, 0, 1, 2]))
    result = spread(
        (indptr, targets), seeds, model="ic", p=p if m else 0.5, arc_coins=coins, max_steps=steps, record="activations",
        threads=1,
    )  # fmt: skip
    expected = cascade(
        n, arc_list(indptr, targets), sorted(seeds), p, coins, 10**9 if steps is None else steps
    )
    assert result.activated_at is not None and result.activated_by is not None
    assert result.activated_at[0].tolist() == expected.at
    assert result.activated_by[0].tolist() == expected.by
    assert result.mean == len(expected.active(10**9))
    curve = expected.curve()
    assert result.curve.tolist() == curve + curve[-1:] * (len(result.curve) - len(curve))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_given_thresholds(data: Any) -> None:
    indptr, targets = data.draw(multigraphs())
    n, m = len(indptr) - 1, len(targets)
    arcs = arc_list(indptr, targets)
    indegree = np.bincount(targets, minlength=n)
    seeds = data.draw(st.sets(st.integers(0, n - 1)))
    kind = data.draw(st.sampled_from(["lt", "weighted", "fraction", "count"]))
    gain = [Fraction(1, int(indegree[target])) for _, target in arcs]
    arguments: dict[str, Any] = {"model": "lt"}
    # quarters make exact ties frequent
    needs = data.draw(st.lists(st.integers(-1, 4), min_size=n, max_size=n))
    thresholds: Any = np.array(needs) / 4
    if kind == "weighted":
        # decimal weights whose sums are not exact in binary: 0.1 to 0.3, scaled where a node has many arcs
        tenths = [data.draw(st.integers(0, 3)) for _ in arcs]
        gain = [
            Fraction(tenth, 10 * max(3, int(indegree[target])))
            for tenth, (_, target) in zip(tenths, arcs, strict=True)
        ]
        arguments["weights"] = np.array([float(one) for one in gain])
    elif kind == "fraction":
        arguments = {"model": "threshold", "form": "fraction"}
    elif kind == "count":
        arguments = {"model": "threshold"}
        gain = [Fraction(1)] * m
        thresholds = np.array(needs)
    result = spread(
        (indptr, targets), seeds, thresholds=thresholds, record="activations", threads=1, **arguments
    )
    exact = [Fraction(need, 1 if kind == "count" else 4) for need in needs]
    expected = crowd(n, arcs, sorted(seeds), gain, exact)
    assert result.activated_at is not None and result.activated_by is not None
    assert result.activated_at[0].tolist() == expected.at
    assert result.activated_by[0].tolist() == expected.by


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_draws_by_step(data: Any) -> None:
    indptr, targets = data.draw(multigraphs())
    n = len(indptr) - 1
    seeds = sorted(data.draw(st.sets(st.integers(0, n - 1))))
    seed, replicate, steps = data.draw(st.integers(0, 2**32 - 1)), 4, 5
    p, q = data.draw(st.sampled_from([0.0, 0.1])), uniform(data.draw, len(targets)) * 0.6
    result = spread(
        (indptr, targets), seeds, model="bass", p=p, q=q if len(q) else 0.3, draws="step", max_steps=steps,
        n_replicates=1, first_replicate=replicate, seed=seed, record="activations", threads=1,
    )  # fmt: skip
    expected = events(n, arc_list(indptr, targets), seeds, p, q, steps, (seed, replicate))
    assert result.activated_at is not None
    assert result.activated_at[0].tolist() == expected.at


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_cascades_drawn_by_step(data: Any) -> None:
    """A coin is looked up at the step of its source; it depends on nothing else, so that it can be given."""
    indptr, targets = data.draw(multigraphs())
    n, m = len(indptr) - 1, len(targets)
    seeds = sorted(data.draw(st.sets(st.integers(0, n - 1))))
    seed, replicate, p = data.draw(st.integers(0, 2**32 - 1)), 3, uniform(data.draw, m)
    result = spread(
        (indptr, targets), seeds, p=p if m else 0.5, draws="step", n_replicates=1, first_replicate=replicate,
        seed=seed, record="activations", threads=1,
    )  # fmt: skip
    assert result.activated_at is not None and result.activated_by is not None
    arcs = arc_list(indptr, targets)
    coins = np.ones(m)
    for k, (source, target) in enumerate(arcs):
        said = int(result.activated_at[0, source])
        parallel = arcs[:k].count((source, target)) + 256 * (said == 0)
        if said >= 0:
            coins[k] = philox((source, target, said, 8 | 1 << 8 | parallel << 16), (seed, replicate))[0]
    expected = cascade(n, arcs, seeds, p, coins, 10**9)
    assert result.activated_at[0].tolist() == expected.at
    assert result.activated_by[0].tolist() == expected.by


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_draws_by_step_of_the_fraction_form(data: Any) -> None:
    indptr, targets = data.draw(multigraphs())
    n = len(indptr) - 1
    seeds = sorted(data.draw(st.sets(st.integers(0, n - 1))))
    seed, replicate, steps = data.draw(st.integers(0, 2**32 - 1)), 4, 5
    p, q = 0.1, 0.3
    result = spread(
        (indptr, targets), seeds, model="bass", p=p, q=q, form="fraction", draws="step", max_steps=steps,
        n_replicates=1, first_replicate=replicate, seed=seed, record="activations", threads=1,
    )  # fmt: skip
    key = np.uint32(seed), np.uint32(replicate)
    uniforms = [
        [draws.adoption_uniform(np.uint64(node), step, *key) for node in range(n)]
        for step in range(steps + 1)
    ]

    def chance(k: int, d: int) -> float:
        return p + q * k / max(d, 1)

    expected = hazard(n, arc_list(indptr, targets), seeds, chance, uniforms, steps)
    assert result.activated_at is not None
    assert result.activated_at[0].tolist() == expected.at


@pytest.mark.parametrize("model", ["ic", "wc", "sparse"])
def test_drawn_cascades_are_those_of_their_coins(model: str) -> None:
    graph = nx.barabasi_albert_graph(300, 4, seed=2)
    arguments: dict[str, Any] = {"model": "wc"}
    if model != "wc":
        m = 2 * graph.number_of_edges()
        high = 1.0 if model == "ic" else 0.15
        arguments = {"model": "ic", "p": high * np.random.default_rng(1).random(m)}
    coins = diffusion.coins(graph, seed=9, n_replicates=40, first_replicate=3)
    assert np.array_equal(
        spread(graph, [0, 5], seed=9, n_replicates=40, first_replicate=3, **arguments).sizes,
        spread(graph, [0, 5], arc_coins=coins, **arguments).sizes,
    )
    traced = spread(
        graph, [0, 5], seed=9, n_replicates=40, first_replicate=3, record="activations", **arguments
    )
    assert np.array_equal(traced.sizes, (traced.activated_at >= 0).sum(axis=1))  # type: ignore[operator]
    plain = spread(graph, [0, 5], seed=9, n_replicates=40, first_replicate=3, record="curves", **arguments)
    assert np.array_equal(plain.sizes, traced.sizes)
    assert np.array_equal(plain.curve, traced.curve)
    assert np.allclose(plain.curves.mean(axis=0), plain.curve)  # type: ignore[union-attr]


@pytest.mark.parametrize("weighted", [False, True])
def test_drawn_thresholds_are_those_that_can_be_asked_for(weighted: bool) -> None:
    graph = nx.barabasi_albert_graph(300, 4, seed=2)
    rows = diffusion.arcs(graph)
    arguments: dict[str, Any] = {"model": "lt"}
    if weighted:
        weights = np.random.default_rng(1).random(rows.n_arcs)
        arguments["weights"] = weights / np.bincount(rows.targets, weights=weights)[rows.targets]
    thresholds = diffusion.thresholds(graph, seed=9, n_replicates=60)
    drawn = spread(graph, [0, 5], seed=9, n_replicates=60, **arguments)
    assert np.array_equal(drawn.sizes, spread(graph, [0, 5], thresholds=thresholds, **arguments).sizes)
    traced = spread(graph, [0, 5], seed=9, n_replicates=60, record="activations", **arguments)
    assert np.array_equal(drawn.sizes, traced.sizes)
    assert len(set(drawn.sizes.tolist())) > 20


def test_coins_that_tie_with_a_probability_are_decided_by_their_lower_bits() -> None:
    # probabilities equal to the coins, and one unit above them: none and all succeed
    graph = (np.array([0, 40_000, *[40_000] * 40_000]), np.arange(1, 40_001))
    coins = diffusion.coins(graph, seed=2)[0]
    assert spread(graph, [0], p=coins, seed=2, n_replicates=1).mean == 1
    assert spread(graph, [0], p=coins + 2.0**-48, seed=2, n_replicates=1).mean == 40_001


@pytest.mark.parametrize("max_steps", [20, 20_000])
def test_equal_and_general_hazards_adopt_in_the_same_steps(max_steps: int) -> None:
    """Counts are held in 32 bits where they fit, as they do with few steps, and else in 64."""
    graph = nx.watts_strogatz_graph(500, 6, 0.2, seed=1)
    m = 2 * graph.number_of_edges()
    for p in (0.0, 0.02):
        arguments: dict[str, Any] = {
            "model": "bass",
            "p": p,
            "max_steps": max_steps,
            "n_replicates": 50,
            "record": "activations",
        }
        alike = spread(graph, [3], q=0.1, **arguments)
        general = spread(graph, [3], q=np.full(m, 0.1), **arguments)
        assert np.array_equal(alike.activated_at, general.activated_at)  # type: ignore[arg-type]
        assert np.array_equal(alike.activated_by, general.activated_by)  # type: ignore[arg-type]


def test_adoption_is_ascribed_to_an_active_neighbor_or_to_innovation() -> None:
    graph = nx.star_graph(2000)
    result = spread(
        graph, [0], model="bass", p=0.1, q=0.2, max_steps=1, n_replicates=50, record="activations"
    )
    assert result.activated_by is not None and result.activated_at is not None
    adopted = result.activated_by[result.activated_at == 1]
    assert set(adopted.tolist()) == {-1, 0}
    share = np.log(0.9) / (np.log(0.9) + np.log(0.8))
    assert np.mean(adopted == -1) == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / len(adopted)))
    frame = result.to_dataframe("activations")
    assert set(frame.columns) == {"replicate", "node", "step", "by"}
    assert len(frame) == result.sizes.sum()


@pytest.fixture(scope="module")
def large() -> tuple[np.ndarray, np.ndarray]:
    """Return rows of a directed multigraph whose rows are fetched ahead: more nodes than caches hold."""
    rng = np.random.default_rng(5)
    outdegree = rng.integers(0, 9, 70_000)
    return np.cumsum([0, *outdegree]), rng.integers(0, 70_000, outdegree.sum())


@pytest.mark.parametrize("p", [0.12, 0.3, 0.9])
def test_large_graphs_have_the_cascades_of_their_coins(large: Any, p: float) -> None:
    seeds = list(range(0, 70_000, 7_000))
    coins = diffusion.coins(large, seed=2, n_replicates=4)
    drawn = spread(large, seeds, p=p, seed=2, n_replicates=4, threads=1)
    given_coins = spread(large, seeds, p=p, arc_coins=coins)
    assert np.array_equal(drawn.sizes, given_coins.sizes)
    assert np.array_equal(drawn.curve, given_coins.curve)


def test_large_graphs_reach_the_thresholds_that_can_be_asked_for(large: Any) -> None:
    seeds = list(range(0, 70_000, 700))
    drawn = spread(large, seeds, model="lt", seed=2, n_replicates=4)
    held = spread(large, seeds, model="lt", thresholds=diffusion.thresholds(large, seed=2, n_replicates=4))
    assert np.array_equal(drawn.sizes, held.sizes) and drawn.sizes.min() > 300
    assert np.array_equal(drawn.curve, held.curve)


@pytest.mark.parametrize("p", [0.0, 0.02])
def test_large_graphs_adopt_alike_with_equal_and_general_hazards(large: Any, p: float) -> None:
    arguments: dict[str, Any] = {
        "model": "bass", "p": p, "max_steps": 25, "n_replicates": 3, "record": "activations"
    }  # fmt: skip
    alike = spread(large, range(50), q=0.15, **arguments)
    general = spread(large, range(50), q=np.full(len(large[1]), 0.15), **arguments)
    assert np.array_equal(alike.activated_at, general.activated_at)  # type: ignore[arg-type]
    assert alike.sizes.min() > 1000
