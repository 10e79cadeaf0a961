"""Greedy choices and certificates, against brute force on graphs small enough for it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from seeding_tools import (
    Exact,
    allowed_groups,
    heavy_tailed,
    incoming,
    influence,
    is_allowed,
    limits,
    small_graph,
)

from simulator.diffusion.seeding.coverage import Greedy
from simulator.diffusion.seeding.lazy_greedy import LiveSamples, choose_by_lazy_greedy
from simulator.diffusion.seeding.reverse_greedy import Precision, bounds, choose_by_reverse_sets
from simulator.diffusion.seeding.reverse_sets import ReverseSets

MODELS = ("ic", "wc", "lt")
PRECISION = Precision(0.1, 0.01, 2.0**28, 1)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("number", range(4))
def test_greedy_is_near_the_best_group_of_a_tiny_graph(model, number):
    graph = small_graph(number)
    exact = Exact(graph, influence(graph, model))
    made = incoming(graph, model)
    best = exact.best(2)
    choice = choose_by_reverse_sets(made, limits(6, 2), PRECISION, seed=1)
    cover = choose_by_lazy_greedy(LiveSamples(made, 4000, seed=1), limits(6, 2))
    for seeds in (choice.cover.seeds, cover.seeds):
        assert exact.spread(seeds.tolist()) >= (1 - 1 / math.e) * best
    assert choice.certificate.is_met
    assert choice.certificate.upper >= best
    assert choice.certificate.lower <= exact.spread(choice.cover.seeds.tolist())


CONSTRAINED = {
    "number": {"most": 3},
    "eligible": {"most": 2, "eligible": [1, 2, 4]},
    "quotas": {"most": 3, "cell": [0, 0, 0, 1, 1, -1], "quota": [1, 1]},
    "budget": {"most": 6, "cost": [3, 1, 2, 2.5, 1, 4], "budget": 4.5},
    "budget and quotas": {
        "most": 4,
        "cost": [3, 1, 2, 2, 1, 4],
        "budget": 5,
        "cell": [0, 0, 1, 1, 1, 1],
        "quota": [1, 2],
    },
    "one is dear": {"most": 6, "cost": [5, 1, 1, 1, 1, 1], "budget": 5},
}


@pytest.mark.parametrize("name", CONSTRAINED)
@pytest.mark.parametrize("model", MODELS)
def test_coverage_respects_constraints_and_its_bound_holds(name, model):
    constraints = limits(6, **CONSTRAINED[name])
    made = incoming(small_graph(5), model)
    sets = ReverseSets(made, 4)
    sets.grow(600)
    parts = [set(nodes.tolist()) for nodes in np.split(sets.nodes, sets.offsets[1:-1])]

    def met(group):
        return sum(bool(part & set(group)) for part in parts)

    cover = Greedy(sets, constraints).choose()
    best = max(met(group) for group in allowed_groups(constraints))
    assert is_allowed(constraints, cover.seeds.tolist())
    assert cover.met == met(cover.seeds.tolist())
    assert best <= cover.bound * (1 + 1e-12)
    assert cover.met >= 0.5 * (1 - 1 / math.e) * best
    if name in ("number", "eligible"):
        assert cover.met >= (1 - 1 / math.e) * best
    lazy = choose_by_lazy_greedy(LiveSamples(made, 500, seed=4), constraints)
    assert is_allowed(constraints, lazy.seeds.tolist())


def test_plain_greedy_on_sets_takes_the_lowest_number_among_equals():
    made = incoming(heavy_tailed(80, 400), "wc")
    sets = ReverseSets(made, 2)
    sets.grow(3_000)
    parts = [set(nodes.tolist()) for nodes in np.split(sets.nodes, sets.offsets[1:-1])]
    chosen, left = [], parts
    for _ in range(10):
        count = [sum(v in part for part in left) for v in range(80)]
        best = max((v for v in range(80) if v not in chosen), key=lambda v: (count[v], -v))
        chosen.append(best)
        left = [part for part in left if best not in part]
    assert Greedy(sets, limits(80, 10)).choose().seeds.tolist() == chosen


def test_a_single_dear_node_can_beat_greedy():
    """Node 0 reaches everybody but costs the whole budget; by gain per cost node 1 comes first."""
    from simulator.diffusion.graphs import arcs

    rows = [[1, 2, 3, 4, 5], [], [], [], [], []]
    graph = arcs((np.cumsum([0, *map(len, rows)]), np.array(sum(rows, []))))
    made = incoming(graph, "ic", 1.0)
    constraints = limits(6, 6, cost=[10, 1, 10, 10, 10, 10], budget=10)
    assert choose_by_reverse_sets(made, constraints, PRECISION, seed=0).cover.seeds.tolist() == [0]
    assert choose_by_lazy_greedy(LiveSamples(made, 10, seed=0), constraints).seeds.tolist() == [0]


@pytest.mark.parametrize("model", MODELS)
def test_certificates_hold_as_often_as_they_say(model):
    """delta = 0.2 with 60 seeds: more than 24 failures have probability below 2e-4 even were delta exact."""
    graph = small_graph(6, n=7, m=10)
    exact = Exact(graph, influence(graph, model, 0.4))
    made, best = incoming(graph, model, 0.4), exact.best(2)
    failures = 0
    for seed in range(60):
        choice = choose_by_reverse_sets(made, limits(7, 2), Precision(0.3, 0.2, 2.0**28, 1), seed=seed)
        spread = exact.spread(choice.cover.seeds.tolist())
        failures += choice.certificate.lower > spread or choice.certificate.upper < best
    assert failures <= 24


def test_one_sided_bounds_fail_rarely_and_tighten():
    """The bounds against binomial coverage: the share outside is at most the risk that was asked."""
    rng = np.random.default_rng(0)
    n_sets, share, n = 2_000, 0.2, 1_000
    met = rng.binomial(n_sets, share, 4_000)
    risk = math.log(1 / 0.05)
    made = [bounds(int(m), float(m), n_sets, n, risk) for m in met]
    assert np.mean([lower > share * n for lower, _ in made]) <= 0.05
    assert np.mean([upper < share * n for _, upper in made]) <= 0.05
    wide, narrow = (bounds(400 * f, 400.0 * f, n_sets * f, n, risk) for f in (1, 16))
    assert wide[0] < narrow[0] < 200 < narrow[1] < wide[1]
    assert bounds(0, 0.0, n_sets, n, risk)[0] == 0.0


def test_too_little_memory_stops_early_and_is_said():
    made = incoming(heavy_tailed(3_000, 15_000), "ic", 0.002)
    choice = choose_by_reverse_sets(made, limits(3_000, 5), Precision(0.05, 0.001, 2.0**18, 1), seed=0)
    assert not choice.certificate.is_met
    assert choice.certificate.ratio < choice.certificate.target
    assert choice.certificate.n_bytes < 2**19
