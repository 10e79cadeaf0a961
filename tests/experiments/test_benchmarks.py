"""The benchmark's baselines simulate the engine's market; nothing is timed here."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

_FOLDER = Path(__file__).resolve().parents[2] / "experiments" / "benchmarks"
_HAS_GCC = shutil.which("gcc") is not None


@pytest.fixture
def benchmark_modules(monkeypatch):
    monkeypatch.syspath_prepend(str(_FOLDER))
    import run

    return run


@pytest.mark.slow
def test_baselines_agree_with_the_engine(benchmark_modules):
    agreements = benchmark_modules.check_baselines(200, n_replicates=16, n_mesa=8, horizon=10)
    names = (["C"] if _HAS_GCC else []) + ["NumPy", "plain numba", "plain Mesa"]
    assert [one.name for one in agreements] == names
    for one in agreements:
        assert one.holds, str(one)
        assert abs(one.purchases) < 0.1


def _worlds(benchmark_modules, n_replicates):
    """What the baselines are given of some small worlds, and what the engine observes there."""
    from baselines.given import describe, observed

    from simulator.model.campaigns import build_plan
    from simulator.model.initialization import build_world
    from simulator.model.market import build_market
    from simulator.scenario import load_scenario

    market = build_market(load_scenario("launch", {"population.consumers": 200, "horizon": 10}))
    plan = build_plan(market, "mass")
    worlds = [build_world(market, 1, replicate) for replicate in range(n_replicates)]
    ours = [observed(benchmark_modules.run_one(market, plan, world, 1, k)) for k, world in enumerate(worlds)]
    return [describe(market, plan, world) for world in worlds], ours


def test_a_baseline_without_word_of_mouth_is_found(benchmark_modules):
    from agreement import check
    from baselines import numpy_market

    given, ours = _worlds(benchmark_modules, 8)
    mute = [one._replace(sharing=one.sharing * 0) for one in given]
    assert not check("mute", numpy_market.simulate, mute, ours).holds


@pytest.mark.skipif(not _HAS_GCC, reason="no gcc")
def test_the_c_baseline_agrees_and_repeats_itself(benchmark_modules):
    from agreement import check
    from baselines import c_market

    given, ours = _worlds(benchmark_modules, 24)
    agreement = check("C", c_market.simulate, given, ours)
    assert agreement.holds, str(agreement)
    mute = [one._replace(sharing=one.sharing * 0) for one in given]
    assert not check("mute", c_market.simulate, mute, ours).holds
    market = c_market.CMarket(given[0])
    first = market.run(5, 0)
    assert not np.array_equal(first, market.run(5, 1))
    assert np.array_equal(first, market.run(5, 0))
    assert np.array_equal(first, c_market.CMarket(given[0], like=market).run(5, 0))


@pytest.mark.skipif(not _HAS_GCC, reason="no gcc")
def test_the_c_with_the_same_draws_has_the_same_bits(benchmark_modules):
    from baselines import c_same
    from contestants import SEED, build_plan, set_stage

    [same] = benchmark_modules.check_same_bits(2100, n_replicates=1, horizon=8)
    assert same.holds, str(same)
    stage = set_stage("launch", 300, 1)
    plan = build_plan(stage.market, "mass")
    counts = benchmark_modules.run_one(stage.market, plan, stage.worlds[0], SEED, 3)
    one = c_same.SameMarket(stage.market, plan, stage.worlds[0])
    assert c_same.same_bits(one.run(SEED, 3), counts)
    assert c_same.same_bits(
        c_same.SameMarket(stage.market, plan, stage.worlds[0], like=one).run(SEED, 3), counts
    )
    assert not c_same.same_bits(one.run(SEED, 4), counts)
    with pytest.raises(ValueError, match="programs"):
        c_same.SameMarket(stage.market, build_plan(stage.market, "social"), stage.worlds[0])


def test_strategies_beyond_the_shared_core_are_refused(benchmark_modules):
    from baselines.given import describe
    from contestants import build_plan, set_stage

    stage = set_stage("launch", 200, 1)
    with pytest.raises(ValueError, match="programs"):
        describe(stage.market, build_plan(stage.market, "social"), stage.worlds[0])


def test_rates_are_drawn_by_program_with_a_mark_for_each_number_of_threads(benchmark_modules):
    from rates import figure, gather

    measured = [("slow", 1, 2.0, False), ("ours", 1, 30.0, True), ("ours", 2, 50_000.0, True)]
    rows = gather(measured)
    assert [row.label for row in rows] == ["slow", "ours"]
    assert rows[1].rates == {1: 30.0, 2: 50_000.0}
    [axes] = figure([[("a panel", rows)]], "title", "runs per second").axes
    assert [text.get_text() for text in axes.texts] == ["2", "30 / 50,000"]
    low, high = axes.get_xlim()
    assert 0 < low < 2.0 and high > 50_000


@pytest.mark.skipif(not _HAS_GCC, reason="no gcc")
def test_the_reduced_market_has_as_many_talkers_as_it_says(benchmark_modules):
    import reduced

    for label, (needs, _) in reduced.MARKETS.items():
        share, same_bits = reduced.talking(reduced.stage_of(2000, {reduced.NEEDS: needs}, 1))
        assert same_bits
        assert share == pytest.approx(float(label.removesuffix(" %")) / 100, rel=0.1)
