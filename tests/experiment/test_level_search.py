"""The search for a level, on made-up spend with known solutions."""

import numpy as np
import pytest

from simulator.experiment.level_search import MOST_CAPPED_TRIALS, MOST_FREE_TRIALS, LevelSearch

BUDGET = 1000.0


def solve(search: LevelSearch, spend, cap=None) -> int:
    """Run a search on ``spend(level)``, capped by ``cap(spend)``; return the number of trials."""
    trials = 0
    while not search.is_done:
        found = spend(search.level)
        if search.is_capped and cap is not None:
            found = cap(found)
        search.learn(np.asarray(found, np.float64))
        trials += 1
        assert trials <= MOST_FREE_TRIALS + MOST_CAPPED_TRIALS
    return trials


def exactly(found):
    """Cap spend at the budget, as a price cut does that is made smaller when money runs out."""
    return np.minimum(found, BUDGET)


def by_the_week(found):
    """Cap spend at the start of a week, so that up to a fiftieth is spent too much."""
    week = found / 50
    return np.minimum(found, np.ceil(BUDGET / week) * week)


@pytest.fixture
def luck():
    return np.random.default_rng(3).normal(0, 1, 16)


def test_planned_media_need_one_trial():
    search = LevelSearch("media", BUDGET, BUDGET)
    assert solve(search, lambda level: np.full(4, level * BUDGET)) == 1
    assert (search.level, search.spend, search.note) == (1.0, BUDGET, "")


@pytest.mark.parametrize("rewards", [0.05, 0.2, 0.45])
@pytest.mark.parametrize("share", [0.6, 0.8, 1.0])
@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1])
def test_media_make_up_for_what_rewards_leave(luck, rewards, share, noise):
    search = LevelSearch("media", BUDGET, share * BUDGET)

    def spend(level):
        return BUDGET * (share * level + rewards * (1 + noise * luck) * (0.7 + 0.3 * level))

    trials = solve(search, spend, by_the_week)
    assert abs(by_the_week(spend(search.level)).mean() / BUDGET - 1) < 0.01
    assert search.note == "" and trials <= 7


@pytest.mark.parametrize("slope", [2.0, 10.0, 40.0])
@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1])
def test_the_depth_of_a_price_cut_is_found(luck, slope, noise):
    search = LevelSearch("depth", BUDGET)

    def spend(level):
        return BUDGET * slope * level * (1 + 3 * level) * (1 + noise * luck)

    trials = solve(search, spend, exactly)
    assert abs(exactly(spend(search.level)).mean() / BUDGET - 1) < 0.005
    # no deeper than needed: money lasts to the end in most replicates where spend is no gamble
    assert spend(search.level).mean() / BUDGET < 1.001 + 3 * noise
    assert trials <= 10


def test_too_small_an_audience_is_told():
    search = LevelSearch("media", BUDGET, BUDGET)
    solve(search, lambda level: np.full(4, min(level * BUDGET, 0.8 * BUDGET)))
    assert search.note == "the audiences of its media are too small to take it up"
    assert search.spend == 0.8 * BUDGET and search.level <= 2.0


def test_programs_beyond_the_budget_leave_nothing_for_media():
    search = LevelSearch("media", BUDGET, 0.1 * BUDGET)
    solve(search, lambda level: np.full(4, (1.3 + 0.1 * level) * BUDGET), by_the_week)
    assert search.level == 0.0
    assert search.note == "its programs cost more than the budget, so nothing is left for media"
    assert search.spend == pytest.approx(BUDGET, rel=0.03)


def test_a_price_cut_that_nobody_takes_up_is_told():
    search = LevelSearch("depth", BUDGET)
    solve(search, lambda level: np.full(4, 0.1 * level * BUDGET))
    assert search.note == "not even the deepest price cut spends it"
    assert search.level == 0.9


def test_where_nothing_is_solved_one_capped_trial_tells_what_is_spent():
    search = LevelSearch("nothing", BUDGET)
    assert search.is_capped
    assert solve(search, lambda level: np.full(4, 0.7 * BUDGET)) == 1
    assert search.spend == 0.7 * BUDGET
    assert search.note.startswith("what its programs cost emerges")


def test_where_media_do_not_make_up_for_the_cap_that_is_said_and_not_that_there_are_none():
    """Half the pilots run out of money at once, the others never spend much, whatever the media."""
    search = LevelSearch("media", BUDGET, BUDGET)

    def spend(level):
        return np.array([1.6 * BUDGET, 0.4 * BUDGET]) * (0.95 + 0.05 * min(level, 2.0))

    solve(search, spend, exactly)
    assert abs(search.spend / BUDGET - 1) > 0.01
    assert "no media" not in search.note
    assert (
        "runs out in some replicates and lasts in others" in search.note
        and "multiple of its media" in search.note
    )


def test_a_search_that_does_not_converge_says_so():
    search = LevelSearch("depth", BUDGET)
    jump = iter([1.5, 0.5] * 4)
    solve(search, lambda level: np.full(4, next(jump) * BUDGET))
    assert search.note == "no depth of its price cut was found that spends it, in 8 trials"


def test_the_pilots_of_a_solution_are_those_of_its_trials(luck):
    planned = LevelSearch("media", BUDGET, BUDGET)
    solve(planned, lambda level: np.full(3, level * BUDGET))
    assert planned.n_pilots == 3
    capped = LevelSearch("media", BUDGET, BUDGET)
    while not capped.is_done:
        size = 16 if capped.is_capped else 4
        found = BUDGET * (0.8 * capped.level + 0.2 * (1 + 0.1 * luck[:size]))
        capped.learn(by_the_week(found) if capped.is_capped else found)
    assert capped.n_pilots == 16
