import numpy as np
import pytest

from simulator.experiment.comparison import compare
from simulator.experiment.estimation import BudgetUse
from simulator.experiment.verdict import Evidence, judge
from simulator.outcomes.all_pairs import compare_all_pairs
from simulator.outcomes.differences import differences_to
from simulator.outcomes.metrics import METRIC, Outcomes
from simulator.outcomes.statistics import risks, unflattered


@pytest.fixture(autouse=True)
def _fake(fake_engine):
    return fake_engine


def asked(scenario, **changes):
    return scenario.with_overrides({f"comparison.{key}": value for key, value in changes.items()})


def verdict_on(values, names=("none", "a", "b"), metric="profit", **more):
    """Return the verdict on made-up outcomes of one metric."""
    table = np.zeros((len(names), np.shape(values)[1], len(METRIC)))
    table[:, :, list(METRIC).index(metric)] = values
    outcomes = Outcomes(tuple(names), tuple(range(table.shape[1])), tuple(METRIC), table)
    is_higher = METRIC[metric].better == "higher"
    found = outcomes.of(metric)
    fields = {
        "metric": METRIC[metric],
        "outcomes": outcomes,
        "pairs": compare_all_pairs(found, names, higher_is_better=is_higher),
        "to_baseline": differences_to(found, names, names[0]),
        "risks": risks(found, names, names[0], higher_is_better=is_higher),
        "budgets": {name: BudgetUse(0.0, 0.0, float("nan"), {}, 1.0) for name in names},
        "baseline": names[0],
        "minimum_effect": 0.0,
        "confidence": 0.95,
        "currency": "EUR",
    }
    return judge(Evidence(**{**fields, **more}))


def test_a_winner_is_told_with_gap_interval_and_probability(scenario):
    verdict = compare(scenario, seed=7).verdict
    assert verdict.sentence.startswith('"mass" wins: its profit is ')
    assert "95 % interval" in verdict.sentence and '"price_cut"' in verdict.sentence
    assert verdict.contenders == ("mass",) and verdict.n_needed is None
    assert verdict.source_gains["advertising"] == pytest.approx(3_000, rel=0.2)
    assert verdict.source_gains["search"] == 0
    text = " ".join(verdict.reasons)
    assert "by last touch: advertising +" in text and "60 EUR, all on media" in text


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


def third_below_second(sign=1):
    """Return nothing, a volatile leader, a steady second and a steady third just below the second."""
    generator = np.random.default_rng(5)
    luck = generator.normal(size=40)
    volatile = luck + 1.5 + generator.normal(size=40) * 8
    steady = [luck + mean + generator.normal(size=40) * 0.1 for mean in (0.0, -0.4, -9.0)]
    return sign * np.stack([steady[2], volatile, *steady[:2]])


@pytest.mark.parametrize(("metric", "sign"), [("profit", 1), ("cost_per_order", -1)])
def test_a_strategy_shown_to_be_worse_than_a_contender_is_not_said_to_be_best_perhaps(metric, sign):
    found = verdict_on(third_below_second(sign), ("none", "volatile", "second", "third"), metric)
    assert found.kind == "not_distinguishable" and found.contenders == ("volatile", "second")
    assert '"third"' not in found.sentence and "second" in found.shown_better["third"]


def test_a_winner_may_be_shown_by_way_of_another_strategy():
    """The first and the last are defined together in two replicates only; the one between meets both."""
    noise = np.random.default_rng(3).normal(size=(3, 200)) * 0.1
    values = noise + np.array([[2.0], [1.0], [0.0]])
    values[0, 100:], values[2, :98] = np.nan, np.nan
    values[:, 98:100] = [[2.0, 4.0], [1.0, 1.1], [1.9, 0.9]]
    found = verdict_on(values, ("a", "b", "c"), "roi")
    assert found.kind == "winner" and found.shown_better["c"] == ("b",)
    assert any('"a" is better than "c" is shown through "b"' in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("n", "kind"), [(3, "not_distinguishable"), (6, "not_distinguishable"), (7, "winner")]
)
def test_a_lead_that_never_varied_is_no_certainty(n, kind):
    row = np.random.default_rng(4).normal(size=n)
    found = verdict_on(np.stack([row, row + 2.0, row + 5.0]))
    assert found.kind == kind
    assert f"3.00 EUR in each of {n} replicates" in found.sentence.replace("by 3 EUR", "by 3.00 EUR").replace(
        "is 3 EUR", "is 3.00 EUR"
    )
    warning = [text for text in found.warnings if "by the same amount" in text][0]
    assert f"{100 * (1 - 0.05 ** (1 / n)):.2g} %" in warning
    if kind != "winner":
        assert np.isnan(found.margin.lower) and np.isnan(found.p_best) and found.n_needed == 7


def test_identical_in_few_replicates_is_not_the_same_for_ever():
    row = np.random.default_rng(4).normal(size=3)
    found = verdict_on(np.stack([row - 9 + row**2, row, row]))
    assert found.kind == "not_distinguishable"
    assert '"a" and "b" gave the same profit in every replicate' in found.sentence


def test_equal_means_are_not_called_a_lead():
    row = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    sentence = verdict_on(np.stack([row - 50 + row**2 * 0.1, row, row[::-1]])).sentence
    assert '"a" and "b" have the same mean profit (95 % interval of the difference' in sentence
    assert "how many would settle it cannot be told" in sentence and "ahead" not in sentence


def test_times_that_were_not_reached_are_not_left_out_in_silence():
    times = np.random.default_rng(6).integers(5, 20, size=(3, 40)).astype(float)
    assert verdict_on(times, metric="time_to_10pct").kind != "undefined"
    times[1, :30] = np.nan
    found = verdict_on(times, metric="time_to_10pct")
    assert found.kind == "undefined" and found.best == "" and found.contenders == ()
    assert 'not reached within the horizon in 30 of "a" of 40 replicates' in found.sentence
    times[0] = times[1] = np.nan
    assert 'in 40 of "none" and 40 of "a"' in verdict_on(times, metric="time_to_10pct").sentence


def test_outcomes_that_are_undefined_too_often_to_rank_give_no_verdict():
    values = np.full((3, 60), np.nan)
    noise = np.random.default_rng(8).normal(size=60) * 0.01
    for k in range(3):
        part = slice(20 * k, 20 * k + 20)
        values[k, part], values[(k + 1) % 3, part] = 1.0 + noise[part], 0.0
    found = verdict_on(values, ("a", "b", "c"), "roi")
    assert found.kind == "undefined" and "depends on which of them are compared" in found.sentence


def test_only_money_pays_and_only_what_was_compared_is_spoken_of():
    generator = np.random.default_rng(7)
    values = generator.normal(size=(3, 30)) * 0.1 + np.array([[5.0], [1.0], [0.0]])
    assert verdict_on(values).sentence.startswith("No strategy pays: without any, ")
    some = verdict_on(values, is_subset=True).sentence
    assert some.startswith("None of the strategies compared pays: ") and "of those compared" in some
    sales = verdict_on(values, metric="sales").sentence
    assert sales.startswith("Doing nothing is best: without any strategy, sales is ") and "pays" not in sales
    orders = verdict_on(-values, metric="cost_per_order")
    assert "below that of the best of them" in orders.sentence
    unclear = generator.normal(size=(3, 10))
    assert "that any strategy improves sales" in " ".join(verdict_on(unclear, metric="sales").reasons)
    assert "that any strategy compared pays" in " ".join(verdict_on(unclear, is_subset=True).reasons)


def test_how_replicates_came_about_is_a_warning(scenario):
    assert verdict_on(third_below_second()[:3], caveat="They were added.").warnings == ("They were added.",)
    found = compare(scenario, seed=7, precision={"profit": 5_000.0}, max_replicates=60)
    assert found.precision.caveat in found.verdict.warnings
    assert found.precision.caveat in found.to_json_document()["verdict_details"]["warnings"]
    assert not compare(scenario, seed=7, n_replicates=5).verdict.warnings


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (19, "the worst of 19 replicates is"),
        (20, "in its worst 5 % (1 of 20 replicates) is"),
        (30, "(2 of 30 replicates)"),
    ],
)
def test_a_tail_of_less_than_one_replicate_is_not_called_one(n, said):
    values = np.random.default_rng(9).normal(size=(3, n))
    assert any(said in reason for reason in verdict_on(values).reasons)


def test_a_cost_of_winning_nobody_gives_no_verdict():
    """Whoever wins a buyer in six of sixty replicates, cheaply, is not better than whoever always wins some."""
    costs = np.full((3, 60), np.nan)
    costs[1] = 30 + np.arange(60) % 3
    costs[2, :6] = 20
    found = verdict_on(costs, metric="cost_per_incremental_buyer")
    assert found.kind == "undefined"
    assert '54 of "b"' in found.sentence and '"none"' not in found.sentence
    costs[2] = 20 + np.arange(60) % 5
    assert verdict_on(costs, metric="cost_per_incremental_buyer").best == "b"


def test_times_that_are_not_reached_flatter_nobody():
    """In half of the replicates "b" is early, in the others never: its mean is unknown, and it is often worse."""
    times = np.full((2, 200), 20.0)
    times[0] += np.arange(200) % 3
    times[1, :100] = 5
    times[1, 100:] = np.nan
    found = risks(times, ("a", "b"), "a", higher_is_better=False, has_loss=False, undefined_is_worst=True)
    assert found["b"].p_worse_than_baseline == 0.5
    assert found["b"].p_best_replicate == 0.5
    assert np.isnan(found["b"].conditional_value_at_risk) and np.isnan(found["b"].p_best_mean)
    assert (found["b"].n, found["b"].n_undefined) == (100, 100)
    assert np.isnan(unflattered(times)[1]).all() and not np.isnan(unflattered(times)[0]).any()
    flattered = risks(times, ("a", "b"), "a", higher_is_better=False, has_loss=False)
    assert flattered["b"].p_worse_than_baseline == 0.0


def test_an_open_verdict_explains_a_better_mean_and_a_high_probability_beside_it():
    noise = np.array([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0])
    steady = np.array([1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0])
    values = [noise - 300, noise, noise - 20 + steady, noise - 21 + 17 * steady]
    verdict = verdict_on(values, names=("none", "best", "second", "wild"))
    assert verdict.kind == "not_distinguishable" and verdict.contenders == ("best", "wild")
    assert '"best" is ahead of "wild"' in verdict.sentence and verdict.runner_up == "second"
    text = " ".join(verdict.reasons)
    assert '"second" has a better mean than "wild", but is shown to be worse than "best"' in text
    assert verdict.p_best > 0.95 and "for all 6 pairs of strategies together" in text
    settled = verdict_on([*values[:3], noise - 100], names=("none", "best", "second", "wild"))
    assert "shown to be worse" not in " ".join(settled.reasons) and settled.kind == "winner"
