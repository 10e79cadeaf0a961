"""Rare luck: a choice that is wrong for its sake is warned of, one without it is not, and what is met is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import escape
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from selection_laws import MEANS, NormalLaw, RareLaw

import simulator as sim
from simulator.errors import Fault
from simulator.experiment.choosing import Rule, choose
from simulator.experiment.evaluation import evaluate_choice
from simulator.experiment.first_stage import CHECKED, RARE, replicates_to_meet
from simulator.experiment.kim_nelson import Choice
from simulator.experiment.luck_shape import HEAVY, SKEWED, LuckShape
from simulator.experiment.rare_luck import (
    RIGHT_UNDER_RARE_LUCK,
    asked_stage,
    is_in_doubt,
    luck_met,
    luck_sentence,
    replicates_to_check,
    to_meet,
)
from simulator.experiment.sampling import EVALUATION_BLOCK, Record, Sample
from simulator.experiment.treatments import Treatment, evaluate
from simulator.present.report_studies import study_page

RULE = Rule("kn", 1.0, 0.95, 10, 5, 100_000)


def selected(sample: Sample, k: int, rule: Rule = RULE, n_check: int | None = None) -> SimpleNamespace:
    """Return a selection from a law as the verb makes it, without a simulator."""
    record = Record(sample, k)
    choice = choose(record, rule)
    size = replicates_to_check(k, rule.confidence, choice.first_stage, 100, n_check)
    fresh = evaluate_choice(sample, record, choice, rule.confidence, 100, None, size)
    names = tuple(f"s{i}" for i in range(k))
    return SimpleNamespace(
        treatments=names, best=names[choice.best], rule=rule, choice=choice, evaluation=fresh
    )


def shares(law: Callable[[int], Sample], k: int, n: int, **how: object) -> tuple[int, float, float]:
    """Return how many selections were wrong, the share of these warned of, and the share of all warned of."""
    found = [selected(law(seed), k, **how) for seed in range(n)]  # type: ignore[arg-type]
    doubts = np.array([is_in_doubt(one) for one in found])
    wrong = np.array([one.choice.best != 0 for one in found])
    return int(wrong.sum()), float(doubts[wrong].mean()), float(doubts.mean())


@pytest.mark.parametrize("method", ["kn", "ocba"])
def test_wrong_selections_of_five_by_rare_luck_are_warned_of(method: str) -> None:
    """Luck is met with 95 % and more: fewer warnings than this by chance in one case of a thousand at most."""
    rule = RULE._replace(method=method)
    wrong, warned, _ = shares(lambda s: RareLaw(s, 5), 5, 150, rule=rule)
    assert wrong > 30 and warned >= 0.95 - 3.1 * (0.0475 / wrong) ** 0.5
    if method == "kn":
        _, silent, _ = shares(lambda s: RareLaw(s, 5), 5, 150, rule=rule, n_check=0)
        assert silent <= 0.1, "what was dropped is not seen without the check, unless it is the runner-up"


def test_without_rare_luck_hardly_any_selection_is_warned_of() -> None:
    for kind, k in (("two", 2), ("slippage", 5)):
        found = [
            is_in_doubt(selected(NormalLaw(s, MEANS[kind]), k, RULE._replace(method="subset")))
            for s in range(400)
        ]
        assert np.mean(found) <= 0.0225, "one in a hundred is expected at most"


def test_a_first_stage_that_meets_the_luck_selects_rightly_and_needs_no_check() -> None:
    """With a first stage of ten a third is wrong."""
    first = asked_stage("1 in 20", 5, 0.95, 10_000, [])
    rule = RULE._replace(first_stage=first)
    found = [selected(RareLaw(s, 5), 5, rule) for s in range(100)]
    assert np.mean([one.choice.best == 0 for one in found]) >= 0.95 - 3.3 * (0.0475 / 100) ** 0.5
    assert np.mean([is_in_doubt(one) for one in found]) <= 0.05 and found[0].evaluation.n_checked == 0
    assert all(len(one.evaluation.luck) == 4 for one in found), "by the replicates of the first stage"
    assert all(abs(one.evaluation.rarest.skewness) > 1.5 for one in found)
    assert "the first stage of 86 replicates meets luck of one in 20 with 95 %" in luck_sentence(found[0])


class WorseButForLuck(RareLaw):
    """The first treatment is worse by a third, and better by 1 on average by luck of one replicate in N."""

    def _grow(self, block: int) -> None:
        super()._grow(block)
        luck = self._generators[block].random(256) < self._share
        self._values[block][0, -256:] = -1 / 3 + 4 / 3 / self._share * luck


def test_luck_rarer_than_the_first_stage_was_taken_for_is_warned_of() -> None:
    """By its shape: a first stage for luck of one in 20 is often wrong where one in 50 decides."""
    rule = RULE._replace(first_stage=asked_stage("1 in 20", 2, 0.95, 10_000, []))
    wrong, warned, _ = shares(lambda s: WorseButForLuck(s, 2, one_in=50), 2, 150, rule=rule)
    assert wrong > 20 and warned > 0.6
    assert to_meet(LuckShape(1.5, 0.0)) == RARE
    assert to_meet(LuckShape(-6.857, 45.02)) == pytest.approx(0.02, rel=0.05)
    assert to_meet(LuckShape(0.0, 22.0)) == pytest.approx(0.02)
    found = next(
        one for s in range(150) if is_in_doubt(one := selected(WorseButForLuck(s, 2, one_in=50), 2, rule))
    )
    n = int(luck_sentence(found).rpartition("1 in ")[2].split('"')[0])
    assert n > 40, "the advice is a longer first stage than it had, for luck twice as rare as was seen"


def test_the_shape_of_two_values_tells_how_rare_they_are() -> None:
    for one_in in (4, 10, 50):
        gap = np.zeros((2, 100 * one_in))
        gap[0, ::one_in] = 7.0
        shape = LuckShape.of(gap)
        assert shape.share == pytest.approx(1 / one_in, rel=2.1 / one_in) and shape.is_rare == (one_in > 4)
        assert LuckShape.of(gap[::-1]).skewness == pytest.approx(-shape.skewness)
        gap[1, 1::one_in] = 7.0
        both = LuckShape.of(gap)
        assert both.skewness == pytest.approx(0, abs=1e-12)
        assert both.kurtosis == pytest.approx(one_in / 2 - 3)
        assert both.is_rare == (one_in > 14)
        assert both.share == pytest.approx(1 / one_in) or not both.is_rare
    assert LuckShape.of(np.ones((2, 9))) == (0.0, 0.0) and not LuckShape(0.0, 0.0).is_rare


def test_the_rarest_luck_is_that_of_the_fewest_replicates() -> None:
    """Not that of the largest numbers; and no threshold makes luck look less rare that is rarer."""
    strong, rare = LuckShape(4.13, 15.05), LuckShape(0.0, 9.5)
    assert strong.strength > rare.strength and rare.rarity > strong.rarity > LuckShape(1.4, 3.9).rarity
    shares = [LuckShape(skewness, 30.0).share for skewness in (0.0, 1.49, 1.51, 3.0, 5.7)]
    assert shares == sorted(shares) and shares[2] < 1.01 * shares[1]
    assert LuckShape(0.0, 4.1).is_rare and not LuckShape(0.0, 3.9).is_rare
    normal = np.random.default_rng(3).normal(size=(20_000, 42))
    assert np.mean(stats.kurtosis(normal, axis=1) >= HEAVY) < 1e-3


def test_a_long_first_stage_shows_luck_that_fresh_replicates_missed() -> None:
    sample = NormalLaw(3, (0.0, 0.0), 0.0, (1.0, 1.0))

    def selecting(treatments, replicates) -> np.ndarray:
        values = sample(treatments, replicates).copy()
        values[np.ix_(np.array(treatments) == 0, np.array(replicates) == 7)] = 40.0
        return values

    record = Record(selecting, 2)
    record.extend(range(2), 60)
    choice = Choice(0, (0,), True, (None,) * 2, (60,) * 2, 0.95, "", first_stage=60)
    fresh = evaluate_choice(selecting, record, choice, 0.95, 100, None)
    assert fresh.rarest.is_rare and fresh.luck[1] == LuckShape.of(record.common([0, 1]))


def test_what_a_first_stage_meets_is_told_of_the_first_stage() -> None:
    """Not of the fresh replicates, of which there may be more."""
    rule = RULE._replace(first_stage=59)
    record = Record(RareLaw(3, 2), 2)
    choice = choose(record, rule)
    fresh = evaluate_choice(RareLaw(3, 2), record, choice, 0.95, 1000, None)
    found = SimpleNamespace(treatments=("a", "b"), best="a", rule=rule, choice=choice, evaluation=fresh)
    assert "first stage of 59 replicates meets luck of one in 20 with 95 %" in luck_sentence(found)
    assert luck_met(found) == 334


class LuckOfBoth(NormalLaw):
    """The first treatment is better by 1; both have the same luck, each in one replicate of N of its own."""

    def __init__(self, seed: int, one_in: int) -> None:
        super().__init__(seed, (0.0, 0.0), 0.0, (1.0, 1.0))
        self._share = 1 / one_in

    def _grow(self, block: int) -> None:
        super()._grow(block)
        luck = self._generators[block].random((2, 256)) < self._share
        self._values[block][:, -256:] = 4.0 * (luck - self._share) / (self._share * (1 - self._share)) ** 0.5
        self._values[block][0, -256:] += 1.0


def test_luck_of_both_is_seen_by_its_kurtosis() -> None:
    """Of one in 50 nearly always; by the skewness alone about every second time."""
    found = [selected(LuckOfBoth(seed, 50), 2).evaluation.rarest for seed in range(150)]
    assert np.mean([shape.is_rare for shape in found]) >= 0.9
    assert np.mean([abs(shape.skewness) >= SKEWED for shape in found]) <= 0.75
    symmetric = next(seed for seed, shape in enumerate(found) if abs(shape.skewness) < SKEWED)
    told = luck_sentence(selected(LuckOfBoth(symmetric, 50), 2))
    assert 'Luck is rare: the difference of "s' in told and "has an excess kurtosis of " in told


def test_what_is_checked_are_fresh_replicates_of_what_is_not_evaluated_beside_the_best() -> None:
    law = NormalLaw(4, MEANS["slippage"])
    found = selected(law, 5)
    fresh = found.evaluation
    n = replicates_to_meet(5, 0.95, CHECKED)
    assert sorted(fresh.positions + fresh.checked) == [0, 1, 2, 3, 4] and fresh.n_checked == 3 * n == 126
    again = law(range(5), range(EVALUATION_BLOCK, EVALUATION_BLOCK + 100))
    for i in fresh.checked:
        assert np.array_equal(fresh.checked_outcomes[fresh.checked.index(i)], again[i, :n])
        assert fresh.luck[i].skewness == pytest.approx(
            stats.skew(again[fresh.positions[0], :n] - again[i, :n])
        )
        assert fresh.n_fresh(i) == n
    assert fresh.n_fresh(fresh.positions[1]) == 100
    assert fresh.rarest == max(fresh.luck.values(), key=lambda shape: shape.rarity)
    assert (
        "every strategy was looked at in at least 42 fresh replicates, which meet luck of one replicate in 10"
        in (luck_sentence(found))
    )
    unchecked = selected(NormalLaw(4, MEANS["slippage"]), 5, n_check=0)
    assert luck_met(unchecked) == 0 and unchecked.evaluation.n_checked == 0
    assert "unknown: what was dropped was not checked on fresh replicates" in luck_sentence(unchecked)


def test_lower_is_better_is_checked_in_its_own_direction() -> None:
    law = RareLaw(8, 5)
    turned = lambda treatments, replicates: -law(treatments, replicates)  # noqa: E731
    record = Record(turned, 5, higher_is_better=False)
    choice = Choice(1, (1,), True, (None,) * 5, (10,) * 5, 0.95, "", first_stage=10)
    record.extend(range(5), 10)
    fresh = evaluate_choice(turned, record, choice, 0.95, 100, None, 42)
    values = law(range(5), range(EVALUATION_BLOCK, EVALUATION_BLOCK + 100))
    n = fresh.n_fresh(0)
    assert fresh.luck[0].skewness == pytest.approx(stats.skew(values[0, :n] - values[1, :n]))
    assert fresh.rarest.skewness > 1.5
    for i, row in zip(fresh.checked, fresh.checked_outcomes, strict=True):
        assert np.array_equal(row, -values[i, :42]), "in the metric's own direction"
    assert len(fresh.checked) == 3


def test_advice_depends_on_the_confidence_asked_for_and_on_how_many_are_selected_from() -> None:
    for confidence, k in ((0.95, 2), (0.9, 5), (0.99, 3)):
        seeds = (s for s in range(200) if selected(RareLaw(s, k), k).choice.best != 0)
        found = selected(RareLaw(next(seeds), k), k)
        found.rule = RULE._replace(confidence=confidence)
        text = luck_sentence(found)
        assert is_in_doubt(found) and "first stage of 10 may have missed" in text
        advised = min(RARE, found.evaluation.rarest.share / 2)
        n = replicates_to_meet(k, confidence, advised)
        assert f'first stage of "1 in {np.ceil(1 / advised - 1e-9):.0f}", here {n:,} replicates' in text
        (low, high), _ = RIGHT_UNDER_RARE_LUCK[confidence]
        assert f"stated {confidence * 100:.0f} % were right in {low * 100:.0f} to {high * 100:.0f} %" in text


def test_a_first_stage_is_a_number_or_the_luck_that_it_shall_meet() -> None:
    faults: list[Fault] = []
    assert asked_stage(25, 2, 0.95, 1000, faults) == asked_stage(" 25 ", 2, 0.95, 1000, faults) == 25
    for k, confidence, one_in in ((2, 0.95, 10), (5, 0.9, 20), (8, 0.99, 50)):
        n = asked_stage(f"1 in {one_in}", k, confidence, 10**6, faults)
        missed = (k - 1) * (1 - 1 / one_in) ** np.array([n, n - 1])
        assert missed[0] <= 1 - confidence < missed[1]
    assert not faults
    wrong = (
        "1 in 1",
        "1 in 0",
        "2 in 20",
        "often",
        "",
        "1",
        "1 in 20 000",
        "１ in 20",
        None,
        2.5,
        True,
        1001,
    )
    for given in wrong:
        faults = []
        asked_stage(given, 2, 0.95, 1000, faults)
        assert len(faults) == 1 and faults[0].place == "select(first_stage)", given


def test_how_many_replicates_check() -> None:
    assert replicates_to_check(5, 0.95, 10, 100) == replicates_to_meet(5, 0.95, 0.1) == 42
    assert replicates_to_check(5, 0.95, 41, 100) == 42 and replicates_to_check(5, 0.95, 42, 100) == 0
    assert replicates_to_check(5, 0.95, 10, 12) == 12 and replicates_to_check(5, 0.99, 10, 100) == 57
    assert replicates_to_check(5, 0.95, 42, 100, 30) == 30 and replicates_to_check(5, 0.95, 10, 100, 0) == 0


@pytest.fixture(scope="module")
def checked() -> sim.Selection:
    return sim.select(
        sim.load_scenario("tiny"),
        indifference=150.0,
        n_evaluation=12,
        n_check=7,
        seed=3,
    )


def test_the_verb_checks_what_it_does_not_evaluate_and_counts_it(checked, tmp_path) -> None:
    fresh = checked.evaluation
    assert fresh.n_checked == 7 * len(fresh.checked) > 0
    assert len(fresh.positions) + len(fresh.checked) == len(checked.treatments)
    everyone = range(EVALUATION_BLOCK, EVALUATION_BLOCK + 7)
    last = checked.treatments[fresh.checked[-1]]
    plain = evaluate(
        sim.load_scenario("tiny"), [Treatment(last)], seed=3, replicates=everyone, metrics=["profit"]
    )
    assert np.array_equal(fresh.checked_outcomes[-1], plain[0, :, 0])
    drawn = checked.n_drawn + fresh.n_checked
    assert checked.saved_share == 1 - drawn / checked.equal.cheaper
    document = checked.to_json_document()
    assert document["replicates"]["checking"] == fresh.n_checked
    assert document["luck_met_one_in"] == luck_met(checked) and checked.manifest["n_check"] == 7
    assert document["is_in_doubt"] == checked.is_in_doubt == bool(checked.warnings)
    table = checked.to_dataframe()
    assert table["n_fresh"].tolist() == [fresh.n_fresh(i) for i in range(len(table))]
    lines = (checked.save(tmp_path / "out") / "outcomes.csv").read_text().splitlines()
    assert len(lines) == 1 + drawn + fresh.outcomes.size


def test_doubt_is_in_the_first_sentence_and_a_warning_on_the_page(checked) -> None:
    skewed = {i: LuckShape(3.2 if i == 1 else 0.1, 0.0) for i in checked.evaluation.luck}
    found = replace(checked, evaluation=replace(checked.evaluation, luck=skewed))
    assert found.is_in_doubt and "or more, and if the first stage met the rare luck" in found.sentences[0]
    [warning] = found.warnings
    assert f'of "{found.best}" to "{found.treatments[1]}" has a skewness of 3.2' in warning
    page = study_page(found, {})
    assert page.count("class='warning'") == 1 and page.count(escape(warning)) == 1
    shapes = dict.fromkeys(skewed, LuckShape(0.1, 0.0))
    calm = replace(checked, evaluation=replace(checked.evaluation, luck=shapes))
    assert not calm.warnings and "rare luck" not in calm.sentences[0]
    assert (
        f"and {calm.evaluation.n_checked} fresh ones to check the others for rare luck" in calm.sentences[1]
    )
    assert "class='warning'" not in study_page(calm, {})


def test_faults_of_a_stage_and_of_a_check_are_told() -> None:
    tiny = sim.load_scenario("tiny")
    with pytest.raises(sim.ScenarioError) as raised:
        sim.select(tiny, strategies=["mass"], indifference=1.0, first_stage="1 in", n_evaluation=5, n_check=6)
    assert [fault.place for fault in raised.value.faults] == ["select(first_stage)", "select(n_check)"]
    with pytest.raises(
        sim.ScenarioError, match=r'max_replicates\) = 60; expected at least the 90 .* "1 in 20"'
    ):
        sim.select(
            tiny,
            strategies=["mass"],
            indifference=1.0,
            confidence=0.99,
            first_stage="1 in 20",
            max_replicates=60,
        )
