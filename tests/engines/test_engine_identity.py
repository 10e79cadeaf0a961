"""The Mesa engine and the compiled engine give the same counts, bit for bit."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from engine_tools import (
    SEED,
    assert_same_counts,
    large_star,
    make_case,
    no_ties,
    one_way_ties,
    parallel_ties,
    strategies_of,
    weighted_parallel_ties,
)

import simulator
from simulator.engines import mesa_engine, numba_engine, run_replicates
from simulator.model.observation import INDEX

SMALL = {
    "tiny": {},
    "launch": {"population.consumers": 300, "horizon": 20},
    "mature": {"population.consumers": 130, "horizon": 8, "burn_in": 10},
    "durable": {"population.consumers": 270, "horizon": 14},
    "classroom": {"population.consumers": 260, "horizon": 12},
}

SCARCE = {
    "brands.Theirs.weekly_supply": 25.0,
    "brands.Theirs.initial_stock": 10.0,
    "brands.Ours.weekly_supply": 30.0,
    "brands.Ours.initial_stock": 0.0,
    "population.consumers": 300,
    "population.people_per_consumer": 1.0,
}

#: Overrides of the tiny scenario that switch on what it leaves off.
VARIANTS = {
    "scarce, pooled": {**SCARCE, "brands.Theirs.stock": "pooled", "brands.Ours.stock": "pooled"},
    "scarce, regional": {**SCARCE, "brands.Theirs.stock": "regional", "brands.Ours.stock": "regional"},
    "scarce, patient": {**SCARCE, "parameters.delay_weight": 0.0},
    "passive search": {"market.search": "passive"},
    "threshold rule": {"market.adoption_rule": "threshold"},
    "threshold rule, no social weight": {
        "market.adoption_rule": "threshold",
        "parameters.social_weight": 0.0,
    },
    "local linear externality": {"market.externality": "linear", "market.externality_scope": "local"},
    "global logarithmic externality": {"market.externality_scope": "global", "parameters.social_weight": 0.0},
    "neither externality nor social weight": {"market.externality": "none", "parameters.social_weight": 0.0},
    "durable": {"market.category": "durable", "market.replacement_weeks": 4.0},
    "durable of which buyers talk": {
        "market.category": "durable",
        "market.replacement_weeks": 4.0,
        "market.talk": "buyers",
    },
    "no burn-in": {"burn_in": 0},
    "two blocks": {"population.consumers": 257},
    "one full block": {"population.consumers": 256},
    "loud": {"parameters.p_strong": 1.0, "parameters.p_weak": 0.9, "parameters.feed_attention": 1.0},
    "cheap talk": {
        "parameters.share_intercept": 5.0,
        "parameters.invite_intercept": 5.0,
        "parameters.join_intercept": 5.0,
    },
    "many seeds": {
        "population.consumers": 600,
        "population.people_per_consumer": 1.0,
        "comparison.budget": 4000.0,
        "strategies.social.lines[0].rule": "random",
    },
    "large groups": {
        "strategies.social.lines[3].size": 5,
        "strategies.social.lines[3].discount": 0.6,
        "comparison.budget": 4000.0,
    },
    "groups on the terms of another week": {
        "strategies.social.lines[3].end": 5,
        "strategies.social.lines[3].deadline": 4,
        "strategies.social.lines[3].discount": 0.3,
        "events[2].brand": "Ours",
        "events[2].price": 14.0,
        "comparison.budget": 4000.0,
    },
    "more groups than money": {
        "parameters.delay_weight": 0.0,
        "population.consumers": 200,
        "population.people_per_consumer": 2.0,
    },
    "co-design": {
        "parameters.join_intercept": 5.0,
        "parameters.refit_weeks": 2.0,
        "strategies.social.lines[2].co_design": 0.3,
        "strategies.mix.lines[6].co_design": 1.0,
        "brands.Theirs.lines[2].co_design": 0.1,
    },
    "frequent refits": {"parameters.refit_weeks": 1.0, "parameters.coupon_weeks": 1.0},
    "tight cap": {"channels.feed.cap": 0.2, "channels.tv.cap": 0.1, "population.people_per_consumer": 1.0},
}

GRAPHS = {
    "weighted, parallel": weighted_parallel_ties,
    "parallel": parallel_ties,
    "one-way": one_way_ties,
    "no ties": no_ties,
}


def compare(case, strategy, *, seed=SEED, replicate=0):
    plan = case.plan(strategy)
    compiled = numba_engine.run_one(case.market, plan, case.world, seed, replicate)
    mesa = mesa_engine.run_one(case.market, plan, case.world, seed, replicate)
    assert_same_counts(case.market, mesa, compiled)
    return compiled


@pytest.mark.parametrize(
    ("scenario", "strategy"),
    [(scenario, strategy) for scenario in SMALL for strategy in strategies_of(scenario)],
)
def test_shipped_scenarios(scenario, strategy):
    compare(make_case(scenario, SMALL[scenario]), strategy)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_mechanism(variant):
    case = make_case("tiny", VARIANTS[variant])
    for strategy in strategies_of("tiny"):
        compare(case, strategy)


@pytest.mark.parametrize("n_consumers", [2049, 4100])
@pytest.mark.parametrize("strategy", ["mix", "social", "content"])
def test_several_stretches_in_which_nearly_everybody_shops(strategy, n_consumers):
    """Consumers go through the rarer phases 2,048 at a time, in lists of up to 256."""
    case = make_case(
        "tiny",
        {"population.consumers": n_consumers, "population.traits.need_rate.mean": 2.0},
    )
    counts = compare(case, strategy)
    assert counts[:, 0, INDEX["needs"]].min() > 0.75 * n_consumers


@pytest.mark.parametrize("kind", GRAPHS)
def test_graphs_from_python(kind):
    case = make_case("tiny", graph=GRAPHS[kind])
    assert (case.world.weights.size > 0) == ("weighted" in kind)
    assert (case.world.occurrence.size > 0) == ("parallel" in kind)
    for strategy in ("none", "social", "content"):
        compare(case, strategy)


@pytest.mark.parametrize("category", ["repeat", "durable"])
def test_a_consumer_with_very_many_ties(category):
    case = make_case("tiny", {"burn_in": 0, "market.category": category}, graph=large_star)
    compare(case, "social")


@pytest.mark.parametrize(
    ("seed", "replicate"), [(0, 0), (SEED, 5), (2**32 - 1, 2**32 - 1), (SEED, 0x8000_0000)]
)
def test_keys(seed, replicate):
    compare(make_case("tiny"), "mix", seed=seed, replicate=replicate)


def test_variants_do_what_they_say():
    def totals(variant, strategy="social"):
        case = make_case("tiny", VARIANTS[variant])
        plan = case.plan(strategy)
        counts = numba_engine.run_one(case.market, plan, case.world, SEED, 0)
        return {name: int(counts[:, :, position].sum()) for name, position in INDEX.items()}

    scarce = totals("scarce, regional")
    assert scarce["refused"] > 0
    assert totals("scarce, patient")["delayed"] > 0
    loud = totals("cheap talk")
    for name in ("invitations", "redeemed", "members", "interactions", "group_commitments"):
        assert loud[name] > 0, name
    assert loud["group_purchases"] > 0
    assert totals("large groups")["group_failures"] > 0
    for variant in ("groups on the terms of another week", "more groups than money"):
        assert totals(variant)["group_purchases"] > 0 and totals(variant)["group_failures"] > 0, variant
    assert totals("cheap talk", "content")["piece_views_deeper"] > 0
    assert totals("many seeds")["spend_seeding"] > 300 * 2 * 10_000
    assert totals("tight cap", "mass")["unspent_media"] > 0


def test_runner_gives_the_same_on_both_engines():
    case = make_case("tiny")
    plans = [case.plan(name) for name in ("none", "precision")]
    run = {"seed": SEED, "replicates": range(3), "threads": 1}
    mesa = run_replicates(case.market, plans, engine="mesa", **run)
    compiled = run_replicates(case.market, plans, engine="numba", **run)
    assert mesa.shape == compiled.shape
    assert (mesa == compiled).all()


_DIGESTS = """
import hashlib
from engine_tools import make_case, SEED
from simulator.compiled import is_compiled
from simulator.engines import mesa_engine, numba_engine
case = make_case("tiny")
print(is_compiled())
for engine, strategy in [
    (mesa_engine, "none"), (mesa_engine, "mix"), (mesa_engine, "social"), (mesa_engine, "content"),
    (mesa_engine, "precision"), (numba_engine, "mix"),
]:
    counts = engine.run_one(case.market, case.plan(strategy), case.world, SEED, 0)
    print(strategy, hashlib.sha256(counts.tobytes()).hexdigest())
"""


def test_same_without_compilation():
    paths = [str(Path(simulator.__file__).parents[1]), str(Path(__file__).parent)]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(paths)}
    ran = subprocess.run(
        [sys.executable, "-c", _DIGESTS], env=environment, capture_output=True, text=True, check=True
    )
    is_compiled, *lines = ran.stdout.splitlines()
    assert is_compiled == "False"
    assert len(lines) == 6
    case = make_case("tiny")
    for line in lines:
        strategy, digest = line.split()
        counts = numba_engine.run_one(case.market, case.plan(strategy), case.world, SEED, 0)
        assert hashlib.sha256(counts.tobytes()).hexdigest() == digest, strategy
