import numpy as np
import pytest

from simulator.experiment.comparison import compare


@pytest.fixture(autouse=True)
def _fake(fake_engine):
    return fake_engine


def asked(scenario, **changes):
    return scenario.with_overrides({f"comparison.{key}": value for key, value in changes.items()})


def test_a_winner_is_told_with_gap_interval_and_probability(scenario):
    verdict = compare(scenario, seed=7).verdict
    assert verdict.sentence.startswith('"mass" wins: its profit is ')
    assert "95 % interval" in verdict.sentence and '"price_cut"' in verdict.sentence
    assert verdict.contenders == ("mass",) and verdict.n_needed is None
    assert verdict.source_gains["advertising"] == pytest.approx(3_000, rel=0.2)
    assert verdict.source_gains["search"] == 0
    text = " ".join(verdict.reasons)
    assert "by last touch: advertising +" in text and "60 EUR in all: 60 on media" in text


def test_equal_strategies_are_not_told_apart(scenario, fake_engine):
    fake_engine.lift.update(mass=30, price_cut=30)
    verdict = compare(scenario, seed=7, n_replicates=20).verdict
    assert verdict.kind == "not_distinguishable"
    assert verdict.sentence.startswith("Not distinguishable at 20 replicates: ")
    assert "would settle it" in verdict.sentence or "needed to settle it" in verdict.sentence
    assert verdict.n_needed > 20
    assert set(verdict.contenders) == {"mass", "price_cut"}


def test_the_number_that_would_settle_it_is_of_the_right_size(scenario, fake_engine):
    fake_engine.lift.update(mass=32, price_cut=28)
    verdicts = [compare(scenario, seed=seed, n_replicates=15).verdict for seed in range(20)]
    needed = [verdict.n_needed for verdict in verdicts if verdict.kind == "not_distinguishable"]
    true_number = ((2.4 + 0.84) * 8 * 2**0.5 / 4) ** 2
    assert true_number / 3 < np.median(needed) < true_number * 3
    assert compare(scenario, seed=3, n_replicates=round(4 * true_number)).verdict.kind == "winner"


def test_too_small_a_difference_does_not_matter(scenario, fake_engine):
    fake_engine.lift.update(mass=30, price_cut=30)
    verdict = compare(asked(scenario, minimum_effect=5_000.0), seed=7, n_replicates=200).verdict
    assert verdict.kind == "too_small"
    assert verdict.sentence.startswith("No difference that matters: ")
    assert "5,000 EUR" in verdict.sentence


def test_a_certain_but_small_lead_does_not_matter_either(scenario, fake_engine):
    fake_engine.noise = 0.0
    fake_engine.lift.update(mass=31, price_cut=30)
    verdict = compare(asked(scenario, minimum_effect=5_000.0), n_replicates=20).verdict
    assert verdict.kind == "too_small"


def test_identical_strategies_are_called_so(scenario, fake_engine):
    fake_engine.noise = 0.0
    fake_engine.lift.update(mass=30, price_cut=30)
    verdict = compare(scenario, n_replicates=20).verdict
    assert verdict.kind == "too_small"
    assert verdict.sentence == '"mass" and "price_cut" gave the same profit in every replicate.'
    assert verdict.p_best == 0.5


def test_when_nothing_pays_that_is_the_verdict(scenario, fake_engine):
    fake_engine.lift.update(mass=-30, price_cut=-60)
    verdict = compare(scenario, seed=7).verdict
    assert verdict.kind == "none_pays" and verdict.best == "none"
    assert verdict.sentence.startswith("No strategy pays: ")
    assert verdict.explained_against == "mass"


def test_it_is_said_when_doing_nothing_may_be_best(scenario, fake_engine):
    fake_engine.lift.update(mass=1, price_cut=-60)
    verdict = compare(scenario, seed=7, n_replicates=10).verdict
    assert "none" in verdict.contenders
    assert any("not shown that any strategy pays" in reason for reason in verdict.reasons)


def test_lower_is_better_where_the_metric_says_so(scenario, fake_engine):
    fake_engine.spend.update(mass=600.0, price_cut=60.0)
    verdict = compare(
        asked(scenario, metric="cost_per_order"), strategies=["mass", "price_cut"], seed=7
    ).verdict
    assert verdict.best == "none" and "below that of" in verdict.sentence


def test_an_undefined_metric_gives_no_verdict(scenario):
    verdict = compare(asked(scenario, metric="conversion"), n_replicates=5).verdict
    assert verdict.kind == "undefined"
    assert verdict.sentence == "No verdict: conversion is defined for fewer than two strategies."
    assert any("undefined in 5 of 5" in warning for warning in verdict.warnings)


def test_only_one_strategy(scenario):
    verdict = compare(scenario, strategies="none", n_replicates=5).verdict
    assert verdict.kind == "single" and "nothing to compare" in verdict.sentence


def test_false_winners_are_as_rare_as_stated(scenario, fake_engine):
    """With three strategies of the same mean, the confidence of 95 % allows a winner in 5 % of seeds.

    Six or more of forty would happen by chance in 1.4 % of such tests; the seeds are fixed.
    """
    fake_engine.lift.update(mass=0, price_cut=0)
    fake_engine.spend.update(mass=0.0, price_cut=0.0)
    kinds = [compare(scenario, seed=seed, n_replicates=10).verdict.kind for seed in range(40)]
    assert np.isin(kinds, ["winner", "none_pays"]).sum() <= 5
