"""Parts of the model against slow, obvious re-implementations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markets import BARE, bare_market
from references import chosen_seeds, philox4x32, water_level
from scipy import stats

from simulator.model import draws
from simulator.model.allocation import audience_weight, impression_rate
from simulator.model.campaigns import FIT, build_plan
from simulator.model.draws import sparse_word, tail
from simulator.model.initialization import build_world
from simulator.model.market import build_market
from simulator.model.philox import philox
from simulator.model.population import draw_population
from simulator.model.seeding import choose_seeds
from simulator.scenario import Scenario

# -------------------------------------------------------------------------------- generator

WORD = st.integers(0, 2**32 - 1)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.tuples(WORD, WORD, WORD, WORD), st.tuples(WORD, WORD))
def test_generator_is_the_published_one_at_any_address(
    counter: tuple[int, ...], key: tuple[int, ...]
) -> None:
    words = philox(*(np.uint32(c) for c in counter), *(np.uint32(k) for k in key))
    assert tuple(int(w) for w in words) == philox4x32(counter, key)


# ------------------------------------------------------------------------------- allocation

WEIGHTS = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40).map(lambda w: np.array(w, np.float32))


def spread(weights: np.ndarray, cap: float, impressions: float) -> tuple[float, float]:
    """Return the rate and what was delivered, for consumers in one block."""
    rate, delivered = impression_rate(weights.reshape(1, -1), np.float32(cap), float(impressions))
    return float(rate), float(delivered)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(WEIGHTS, st.floats(0.125, 20, width=32), st.floats(0, 200))
def test_impressions_are_spread_like_water(weights: np.ndarray, cap: float, impressions: float) -> None:
    """Consumer i gets min(cap, rate x weight); all is delivered unless everybody is full."""
    weights[weights < 2.0**-20] = 0  # whose fit leaves less is in no audience
    rate, delivered = spread(weights, cap, impressions)
    room = cap * int((weights > 0).sum())
    assert delivered == pytest.approx(min(impressions, room))
    got = np.minimum(cap, rate * weights.astype(np.float64))
    assert got.sum() == pytest.approx(delivered, rel=2e-3, abs=1e-6)
    level = water_level(weights.astype(np.float64), cap, impressions) if (weights > 0).any() else 0.0
    if np.isfinite(level):
        assert rate == pytest.approx(level, rel=2e-3, abs=1e-6)
    else:
        assert (got[weights > 0] >= cap * (1 - 1e-6)).all()


def test_impressions_by_hand() -> None:
    """At a rate of 2 the first is full and the second gets 1; the third is not in the audience."""
    assert spread(np.array([1.0, 0.5, 0.0], np.float32), 2.0, 3.0) == (2.0, 3.0)
    # in proportion the first would get 2.4 of 3.6; the 0.4 that the cap refuses goes to the second
    rate, delivered = spread(np.array([1.0, 0.5], np.float32), 2.0, 3.6)
    assert (rate, delivered) == (pytest.approx(3.2), 3.6)
    # nobody takes more than the cap
    assert spread(np.array([1.0, 0.5], np.float32), 2.0, 9.0)[1] == 4.0


def test_no_weight_is_paid_for_that_gets_nothing() -> None:
    """One near consumer and a thousand so far that their weights are next to nothing, under a binding cap."""
    far = audience_weight(
        np.int32(FIT),
        *(np.float32(x) for x in (1, 0, 1)),
        np.uint8(0),
        *(np.float32(x) for x in (9, 9, 0, 0, 1, 0, 0)),
    )
    assert far == 0
    near = np.float32(2.0**-20)
    weights = np.array([1.0, *[near] * 1000], np.float32)
    rate, delivered = spread(weights, 2.0, 100.0)
    assert np.minimum(2.0, rate * weights.astype(np.float64)).sum() == pytest.approx(delivered, rel=1e-4)
    assert delivered == pytest.approx(100.0)


def test_nothing_to_spread_and_nobody_to_reach() -> None:
    assert spread(np.ones(5, np.float32), 7.0, 0.0) == (0, 0)
    assert spread(np.zeros(5, np.float32), 7.0, 3.0) == (0, 0)


def test_order_of_consumers_does_not_matter_for_the_rate() -> None:
    weights = np.random.default_rng(1).random(1000, np.float32)
    for impressions in (100.0, 3000.0, 6500.0):
        assert spread(weights, 7.0, impressions) == spread(weights[::-1].copy(), 7.0, impressions)


# ------------------------------------------------------------------------------- population

FAMILIES = {
    ("constant", 0.0): None,
    ("uniform", 0.5): stats.uniform(1 - 0.5 * np.sqrt(3), np.sqrt(3)),
    ("lognormal", 0.4): stats.lognorm(np.sqrt(np.log1p(0.16)), scale=1 / np.sqrt(1.16)),
    ("lognormal", 1.5): stats.lognorm(np.sqrt(np.log1p(2.25)), scale=1 / np.sqrt(3.25)),
    ("gamma", 0.3): stats.gamma(1 / 0.09, scale=0.09),
    ("gamma", 0.6): stats.gamma(1 / 0.36, scale=0.36),
    ("gamma", 1.0): stats.gamma(1.0, scale=1.0),
}
#: Largest distance between distribution functions; the gamma quantile is that of Wilson & Hilferty.
DISTANCE = {"constant": 0.0, "uniform": 0.0, "lognormal": 0.0, "gamma": 0.03}
N = 20_000


def trait(family: str, cv: float) -> np.ndarray:
    """Return the needs of 20,000 consumers of mean 1 under a family of distributions."""
    tables = {**BARE, "population": {**BARE["population"], "consumers": N}}
    tables["population"]["traits"] = {
        **BARE["population"]["traits"],
        "need_rate": {"distribution": family, "mean": 1.0, "cv": cv},
    }
    return draw_population(build_market(Scenario.from_dict(tables, name="bare")), 3, 0).need_rate


@pytest.mark.parametrize(("family", "cv"), FAMILIES, ids=lambda value: str(value))
def test_trait_has_the_distribution_that_was_asked_for(family: str, cv: float) -> None:
    values = trait(family, cv)
    law = FAMILIES[family, cv]
    assert values.min() >= 0
    assert values.mean() == pytest.approx(1.0, abs=0.01 + 5 * cv / np.sqrt(N))
    assert values.std() == pytest.approx(cv, abs=0.01 + 0.05 * cv)
    if law is not None:
        # Kolmogorov's bound of false alarm 1e-6
        assert stats.kstest(values, law.cdf).statistic < DISTANCE[family] + 2.7 / np.sqrt(N)


def test_cells_have_their_shares() -> None:
    regions = [{"name": f"r{k}", "share": s} for k, s in enumerate((0.2, 0.5, 0.3))]
    population = {**BARE["population"], "consumers": N, "regions": regions}
    market = bare_market(population=population)
    counts = np.bincount(draw_population(market, 3, 0).cell, minlength=3)
    assert stats.chisquare(counts, N * market.cell_shares).pvalue > 1e-6


def test_population_of_a_part_is_the_part_of_the_population() -> None:
    few, many = (
        draw_population(bare_market(population={**BARE["population"], "consumers": n}), 3, 1)
        for n in (50, 500)
    )
    for name in few._fields:
        assert np.array_equal(getattr(few, name), getattr(many, name)[..., :50])


# ---------------------------------------------------------------------------------- seeding


@pytest.mark.parametrize("rule", ["random", "degree", "low_degree"])
def test_seeds_are_those_of_a_full_sort(rule: str) -> None:
    line = {"kind": "seeding", "rule": rule, "cost_per_seed": 1.0, "share": 1.0}
    market = bare_market(
        network={"kind": "erdos_renyi", "mean_degree": 4.0},
        comparison={"budget": 37.0},
        strategies={"seeds": {"lines": [line]}},
    )
    world = build_world(market, 5, 2)
    plan = build_plan(market, "seeds").arrays
    seeds, first = choose_seeds(market.arrays, plan, world, 5, 2)
    word = tail(draws.SEED, 1, 0)
    priority = np.array([sparse_word(np.uint32(i), 0, 0, word, 5, 2, 0) for i in range(market.n_consumers)])
    assert first.tolist() == [0, 37]
    assert seeds.tolist() == chosen_seeds(rule, np.diff(world.indptr), priority, 37)
