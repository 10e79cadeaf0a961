"""Live arcs, reverse reachable sets and live-arc samples have the law that they should have."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from seeding_tools import Exact, heavy_tailed, incoming, influence, limits, reach, small_graph

from simulator.diffusion.graphs import arcs
from simulator.diffusion.seeding.incoming import incoming_arcs, quick_log
from simulator.diffusion.seeding.lazy_greedy import LiveSamples, choose_by_lazy_greedy
from simulator.diffusion.seeding.live_samples import draw_samples
from simulator.diffusion.seeding.reverse_sets import ReverseSets, draw_sets, met_by

MODELS = ("ic", "wc", "lt")


def nodes_of(arcs_by_target, n_sets, seed=3):
    sizes, nodes = draw_sets(arcs_by_target, 0, n_sets, seed, 0)
    return np.split(nodes, np.cumsum(sizes)[:-1])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("number", range(3))
def test_coverage_of_reverse_sets_is_unbiased_for_the_spread(model, number):
    # 3 x 3 graphs x 6 single seeds and 2 groups within 4 standard errors: about one false alarm in 200
    graph = small_graph(number, parallel=number == 2)
    exact = Exact(graph, influence(graph, model))
    sets = nodes_of(incoming(graph, model), 20_000)
    for group in [*([v] for v in range(6)), [0, 3], [1, 2, 5]]:
        share = np.mean([bool(set(group) & set(nodes.tolist())) for nodes in sets])
        error = 6 * np.sqrt(share * (1 - share) / 20_000)
        assert abs(6 * share - exact.spread(group)) <= 4 * error + 1e-9


@pytest.mark.parametrize("model", MODELS)
def test_judging_sets_are_unbiased_too_and_drawn_apart(model):
    graph = small_graph(4)
    exact = Exact(graph, influence(graph, model))
    made = incoming(graph, model)
    for group in ([0], [2, 4]):
        flags = np.isin(np.arange(6), group)
        met = met_by(made, flags, 40_000, seed=3)
        share = met / 40_000
        assert abs(6 * share - exact.spread(group)) <= 4 * 6 * np.sqrt(share * (1 - share) / 40_000) + 1e-9
        chosen = nodes_of(made, 2_000)
        same = sum(bool(set(group) & set(nodes.tolist())) for nodes in chosen)
        assert same != met_by(made, flags, 2_000, seed=3)


def test_a_wrong_chance_is_noticed():
    """Negative control: sets drawn with 0.33 in place of 0.3 fail the same test."""
    graph = small_graph(0)
    exact = Exact(graph, influence(graph, "ic", 0.3))
    sets = nodes_of(incoming(graph, "ic", 0.33), 20_000)
    off = 0
    for v in range(6):
        share = np.mean([v in nodes for nodes in sets])
        off = max(off, abs(6 * share - exact.spread([v])) / (6 * np.sqrt(share * (1 - share) / 20_000)))
    assert off > 4


@pytest.mark.parametrize("chance", [0.01, 0.04, 0.3])
def test_live_arcs_are_independent_coins_drawn_as_gaps_or_one_by_one(chance):
    """A star of 200 arcs into its hub: the number of live ones is binomial, each arc as often as the others."""
    n = 201
    graph = arcs(nx.DiGraph([(v, 0) for v in range(1, n)]), weights=None)
    hub = graph.numbers_of([0])[0]
    made = incoming_arcs(graph, np.full(200, chance), picks_one=False)
    assert (made.gap[hub] < 0) == (chance < 0.1)
    sets = [nodes for nodes in nodes_of(made, 60 * n) if nodes[0] == hub]
    live = np.array([len(nodes) - 1 for nodes in sets])
    error = np.sqrt(200 * chance * (1 - chance) / len(live))
    assert abs(live.mean() - 200 * chance) < 4 * error
    assert live.var() == pytest.approx(200 * chance * (1 - chance), rel=0.6)
    counts = np.bincount(np.concatenate(sets), minlength=n)
    counts = np.delete(counts, hub)
    expected = len(sets) * chance
    statistic = ((counts - expected) ** 2).sum() / (expected * (1 - chance))
    assert abs(statistic - 200) < 4 * np.sqrt(2 * 200)


def test_the_linear_threshold_keeps_one_arc_by_its_weight():
    graph = arcs(nx.DiGraph([(1, 0), (2, 0), (3, 0)]))
    hub = graph.numbers_of([0])[0]
    chance = np.zeros(3)
    chance[graph.sources == graph.numbers_of([1])[0]] = 0.5
    chance[graph.sources == graph.numbers_of([2])[0]] = 0.2
    sets = nodes_of(incoming_arcs(graph, chance, picks_one=True), 20_000)
    sets = [nodes for nodes in sets if nodes[0] == hub]
    assert max(len(nodes) for nodes in sets) == 2
    for name, weight in ((1, 0.5), (2, 0.2), (3, 0.0)):
        share = np.mean([graph.numbers_of([name])[0] in nodes for nodes in sets])
        assert abs(share - weight) <= 4 * np.sqrt(weight * (1 - weight) / len(sets))


def test_the_quick_logarithm_is_near_the_true_one():
    values = np.concatenate([np.arange(1, 2000) / 2.0**33, np.linspace(1e-6, 1 - 1e-9, 3000)])
    assert max(abs(quick_log(np.float64(value)) - np.log(value)) for value in values) < 1e-11


@pytest.mark.parametrize("model", MODELS)
def test_any_number_of_threads_and_of_steps_gives_the_same_sets(model):
    made = incoming(heavy_tailed(400, 2400), model, 0.05)
    alone = ReverseSets(made, 5, 0, 1)
    alone.grow(9_000)
    shared = ReverseSets(made, 5, 0, 3)
    for n_sets in (100, 3_000, 9_000):
        shared.grow(n_sets)
    np.testing.assert_array_equal(alone.offsets, shared.offsets)
    np.testing.assert_array_equal(alone.nodes, shared.nodes)
    flags = np.arange(400) % 40 == 0
    assert met_by(made, flags, 9_000, seed=5, threads=1) == met_by(made, flags, 9_000, seed=5, threads=3)


def live_pairs(made, number):
    """The live arcs of one sample as pairs of components, rebuilt from its shrunk form."""
    samples = draw_samples(number, number + 1, made, 9, 0)
    pairs = [
        (c, int(samples.target[arc]))
        for c in range(int(samples.first[1]))
        for arc in range(samples.indptr[c], samples.indptr[c + 1])
    ]
    return samples.component[0].tolist(), samples.size.tolist(), pairs


@pytest.mark.parametrize(("model", "p"), [("ic", 0.1), ("ic", 0.5), ("wc", 0), ("lt", 0)])
def test_gains_on_samples_are_those_of_a_plain_search(model, p):
    graph = heavy_tailed(60, 300)
    made = incoming(graph, model, p)
    samples = LiveSamples(made, 40, seed=9, threads=2)
    reached = []
    for number in range(40):
        component, size, pairs = live_pairs(made, number)
        assert np.bincount(component).tolist() == size
        assert all(source > target for source, target in pairs)
        nodes = [reach(len(size), pairs, [component[v]]) for v in range(60)]
        reached.append([{w for w in range(60) if component[w] in to} for to in nodes])
    plain = [sum(len(sets[v]) for sets in reached) for v in range(60)]
    assert samples.all_gains().tolist() == plain
    assert [samples.gain(v) for v in range(60)] == plain
    # plain greedy, every gain counted anew, ties to the lowest number
    covered = [set() for _ in range(40)]
    seeds, gains = [], []
    for _ in range(8):
        gain = [
            sum(len(sets[v] - done) for sets, done in zip(reached, covered, strict=True)) for v in range(60)
        ]
        best = max((v for v in range(60) if v not in seeds), key=lambda v: (gain[v], -v))
        seeds.append(best)
        gains.append(gain[best])
        covered = [done | sets[best] for sets, done in zip(reached, covered, strict=True)]
    cover = choose_by_lazy_greedy(samples, limits(60, 8))
    assert cover.seeds.tolist() == seeds
    np.testing.assert_allclose(cover.gains * 40, gains)


@pytest.mark.parametrize("model", MODELS)
def test_live_samples_have_the_spread_of_the_model(model):
    graph = small_graph(1)
    exact = Exact(graph, influence(graph, model))
    gains = LiveSamples(incoming(graph, model), 20_000, seed=2, threads=2).all_gains() / 20_000
    for v in range(6):
        assert abs(gains[v] - exact.spread([v])) <= 4 * 2.5 / np.sqrt(20_000)
