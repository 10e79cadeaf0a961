"""The search on responses whose best point is known."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.experiment.decisions import Choice, Decisions, Number, Split
from simulator.experiment.noisy_search import METHODS, SearchPlan, SearchSpace, _survivors, search
from simulator.experiment.response_surface import _negative_evidence, expected_improvement, fit_surface

SPLIT = Split("s", ("a", "b", "c", "d"), (0.0,) * 4, (1.0,) * 4)
WEIGHTS = np.array([3.0, 2.0, 1.0, 0.2])
DECISIONS = Decisions((SPLIT,))


def response(shares) -> float:
    """Return a concave response: square roots of the shares; the best shares are proportional to WEIGHTS**2."""
    return float(10 * (WEIGHTS * np.sqrt(shares)).sum())


def oracle_of(seed: int, used: list[tuple[str, range]] | None = None, own_noise: float = 1.0):
    """Noise that all points share in a replicate, five times as large as each point's own."""

    def oracle(name, points, replicates):
        if used is not None:
            used.append((name, replicates))
        found = np.zeros((len(points), len(replicates), 1))
        for i, point in enumerate(points):
            for j, replicate in enumerate(replicates):
                common = 5 * np.random.default_rng([seed, replicate]).standard_normal()
                key = [seed, replicate, int(point.sum() * 1e9)]
                own = own_noise * np.random.default_rng(key).standard_normal()
                found[i, j, 0] = response(SPLIT.shares(point)) + common + own
        return found

    return oracle


def space() -> SearchSpace:
    anchors = [SPLIT.coordinates(np.full(4, 0.25)), *(SPLIT.coordinates(row) for row in np.eye(4))]
    return SearchSpace(4, DECISIONS.features, lambda point: True, np.stack(anchors))


BEST = response(WEIGHTS**2 / (WEIGHTS**2).sum())
EQUAL, SINGLE = response(np.full(4, 0.25)), response(np.array([1.0, 0, 0, 0]))


@pytest.mark.parametrize("seed", range(4))
def test_the_surface_finds_a_concave_response(seed: int) -> None:
    record = search(oracle_of(seed), space(), SearchPlan(n_first=16, n_rounds=5, n_race=32), seed)
    found = response(SPLIT.shares(record.points[record.best]))
    assert found > EQUAL + 0.9 * (BEST - EQUAL) and found > SINGLE


@pytest.mark.parametrize("method", ["tpe", "random"])
def test_other_proposals_beat_equal_split_and_single_line_too(method: str) -> None:
    if method == "tpe":
        pytest.importorskip("optuna")
    record = search(oracle_of(1), space(), SearchPlan(n_first=16, n_rounds=5, n_race=32, method=method), 1)
    assert response(SPLIT.shares(record.points[record.best])) > max(EQUAL, SINGLE) + 2


def test_the_surface_beats_chance_at_the_same_expense() -> None:
    plan = {
        method: SearchPlan(n_first=12, n_rounds=5, n_race=16, method=method)
        for method in ("surface", "random")
    }
    found = {
        method: [
            response(SPLIT.shares(record.points[record.best]))
            for record in (search(oracle_of(seed), space(), plan[method], seed) for seed in range(3))
        ]
        for method in plan
    }
    assert np.mean(found["surface"]) > np.mean(found["random"])


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_search(method: str) -> None:
    if method == "tpe":
        pytest.importorskip("optuna")
    plan = SearchPlan(n_first=6, n_rounds=2, n_race=16, method=method)
    a, b = (search(oracle_of(2), space(), plan, 2) for _ in range(2))
    assert (a.points == b.points).all() and a.best == b.best


def test_replicates_stay_in_the_search_block() -> None:
    used: list[tuple[str, range]] = []
    search(oracle_of(3, used), space(), SearchPlan(n_first=6, n_rounds=2, n_replicates=4, n_race=20), 3)
    assert max(replicates.stop for _, replicates in used) <= 20
    later = ("race", "reference")
    assert all(replicates == range(4) for name, replicates in used if not name.startswith(later))
    races = [replicates for name, replicates in used if name.startswith("race")]
    assert [r.start for r in races] == [4, 8, 16][: len(races)]


def test_infeasible_points_are_never_simulated() -> None:
    allowed = lambda point: SPLIT.shares(point)[0] <= 0.4 + 1e-9  # noqa: E731
    anchors = np.stack([SPLIT.coordinates(np.full(4, 0.25))])
    record = search(
        oracle_of(4),
        SearchSpace(4, DECISIONS.features, allowed, anchors),
        SearchPlan(n_first=8, n_rounds=4),
        4,
    )
    shares = np.array([SPLIT.shares(point) for point in record.points])
    assert shares[:, 0].max() <= 0.4 + 1e-9 and response(shares[record.best]) > EQUAL + 2


def test_the_race_drops_the_worse_and_keeps_the_unclear() -> None:
    rng = np.random.default_rng(5)
    common = rng.standard_normal(30)
    values = {
        0: common,
        1: common + 0.02 * rng.standard_normal(30),
        2: common - 1 + 0.1 * rng.standard_normal(30),
    }
    assert set(_survivors(values, [0, 1, 2], 0.95)) == {0, 1}


def test_the_winner_is_the_best_of_the_race() -> None:
    """With much noise the race decides: the winner leads over its own replicates, and is better in truth."""
    plan = SearchPlan(n_first=16, n_rounds=0, n_replicates=2, n_finalists=6, n_race=64)
    chosen, seen_first = [], []
    for seed in range(12):
        record = search(oracle_of(seed, own_noise=8.0), space(), plan, seed)
        longest = max(len(row) for row in record.raced.values())
        survivors = [k for k, row in record.raced.items() if len(row) == longest]
        assert longest > plan.n_replicates and len(record.raced) == plan.n_finalists
        assert record.best == max(survivors, key=lambda k: record.raced[k].mean())
        oracle = oracle_of(seed, own_noise=8.0)
        again = oracle("", record.points[[record.best, 0]], range(longest))[:, :, 0]
        assert (again == [record.raced[record.best], record.reference]).all()
        assert record.lead == pytest.approx((again[0] - again[1]).mean())
        chosen.append(response(SPLIT.shares(record.points[record.best])))
        seen_first.append(response(SPLIT.shares(record.points[int(record.gains.argmax())])))
    assert np.mean(chosen) > np.mean(seen_first) + 0.5


def test_the_surface_interpolates_and_knows_its_error() -> None:
    rng = np.random.default_rng(6)
    places = rng.random((40, 2))
    truth = lambda x: np.sin(4 * x[:, 0]) + x[:, 1] ** 2  # noqa: E731
    surface = fit_surface(places, truth(places) + 0.05 * rng.standard_normal(40), np.full(40, 0.05**2))
    fresh = rng.random((200, 2))
    mean, sd = surface.predict(fresh)
    assert np.abs(mean - truth(fresh)).mean() < 0.06
    assert (np.abs(mean - truth(fresh)) < 2.6 * sd).mean() > 0.85


def test_the_gradient_of_the_evidence_is_right() -> None:
    rng = np.random.default_rng(7)
    features, error = rng.random((15, 3)), np.full(15, 0.01)
    target, theta = np.sin(3 * features[:, 0]), np.log(np.array([0.3, 0.5, 1.0, 1.2, 0.02]))
    _, gradient = _negative_evidence(theta, features, target, error)
    for k in range(5):
        step = 1e-6 * np.eye(5)[k]
        up, down = (_negative_evidence(theta + s, features, target, error)[0] for s in (step, -step))
        assert gradient[k] == pytest.approx((up - down) / 2e-6, rel=1e-4, abs=1e-5)


def test_expected_improvement_is_the_mean_of_the_gain() -> None:
    rng = np.random.default_rng(8)
    draws = 1.0 + 0.5 * rng.standard_normal(400_000)
    expected = np.maximum(draws - 1.3, 0).mean()
    assert expected_improvement(np.array([1.0]), np.array([0.5]), 1.3)[0] == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(
    ("low", "high"),
    [((0.0,) * 4, (1.0,) * 4), ((0.1, 0.0, 0.2, 0.0), (0.5, 0.3, 1.0, 0.15)), ((0.25,) * 4, (0.25,) * 4)],
)
def test_shares_add_up_and_keep_their_bounds(low, high) -> None:
    split = Split("s", ("a", "b", "c", "d"), low, high)
    rng = np.random.default_rng(9)
    for _ in range(300):
        shares = split.shares(rng.random(4))
        assert shares.sum() == pytest.approx(1, abs=1e-9)
        assert (shares >= np.array(low) - 0.0011).all() and (shares <= np.array(high) + 0.0011).all()
        assert split.shares(split.coordinates(shares)) == pytest.approx(shares, abs=0.0021)


def test_free_shares_are_uniform_on_the_simplex() -> None:
    from scipy import stats

    rng = np.random.default_rng(10)
    first = np.array([SPLIT.shares(rng.random(4))[0] for _ in range(2000)])
    assert stats.kstest(first, stats.beta(1, 3).cdf).pvalue > 1e-3


def test_numbers_and_choices_cover_their_ranges() -> None:
    whole, real = Number("x", 2, 5, True), Number("y", -1.0, 1.0, False)
    grid = np.linspace(0, 1, 400)[:, None]
    assert sorted({whole.value(u) for u in grid}) == [2, 3, 4, 5]
    counts = np.unique([whole.value(u) for u in grid], return_counts=True)[1]
    assert counts.max() - counts.min() <= 1
    for value in (2, 3, 5):
        assert whole.value(np.array([whole.coordinate(value)])) == value
    assert real.value(np.array([real.coordinate(0.25)])) == 0.25
    choice = Choice("z", ("a", "b", "c"))
    assert [choice.overrides(np.array([u]))["z"] for u in (0.0, 0.5, 1.0)] == ["a", "b", "c"]
    both = Decisions((SPLIT, whole, choice))
    point = np.concatenate([SPLIT.coordinates(np.eye(4)[1]), [0.0], [1.0]])
    assert both.overrides(point)["x"] == 2 and both.overrides(point)["strategies.s.lines[1].share"] == 1.0
    assert len(both.features(point)) == 4 + 1 + 3


@pytest.mark.parametrize("method", METHODS)
def test_points_that_are_one_plan_after_rounding_are_tried_once(method: str) -> None:
    """Two choices of three and two options: six plans, however many coordinates stand for each."""
    if method == "tpe":
        pytest.importorskip("optuna")
    few = Decisions((Choice("x", (0, 1, 2)), Choice("y", (0, 1))))
    used: list[int] = []

    def oracle(name, points, replicates):
        used.append(len(points))
        rows = [[few.overrides(point)["x"] - few.overrides(point)["y"]] * len(replicates) for point in points]
        noise = np.random.default_rng([len(replicates), replicates.start]).normal(size=len(replicates))
        return np.array(rows, float).reshape(len(points), -1, 1) + noise[None, :, None]

    anchors = np.array([[0.1, 0.1], [0.2, 0.2]])  # one plan too
    place = SearchSpace(2, few.features, lambda point: True, anchors)
    sizes = {"n_first": 2, "n_rounds": 6, "batch": 2, "n_race": 16, "n_finalists": 6}
    record = search(oracle, place, SearchPlan(method=method, **sizes), 1)
    tried = [tuple(few.overrides(point).values()) for point in record.points]
    assert len(tried) == len(set(tried)) + 1 and tried[0] == tried[1]
    assert len(set(tried)) == 6 if method != "tpe" else len(set(tried)) >= 4
    assert tried[record.best] == (2, 0)
    raced = [tried[k] for k in record.raced]
    assert len(raced) == len(set(raced))
