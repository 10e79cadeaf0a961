"""Who wins where in a sweep: planted outcomes with known winners, differences and failing ranges."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simulator.errors import ScenarioError
from simulator.outcomes.replicate_blocks import BLOCKS
from simulator.outcomes.results import Results
from simulator.outcomes.shards import Rows
from simulator.outcomes.statistics import probabilities_of_best

NAMES = ("none", "steady", "bold")
LEVELS = np.linspace(0.0, 1.0, 12)
N_REPLICATES = 24


def made_up(values: np.ndarray, factors: Mapping[str, np.ndarray], metric: str = "profit") -> Results:
    """Return results with given outcomes, shape (point, strategy, replicate)."""
    n_points, n_strategies, n = values.shape
    manifest: dict[str, Any] = {
        "kind": "experiment",
        "metrics": [metric],
        "strategies": list(NAMES[:n_strategies]),
        "scenarios": [{"name": "made up", "metric": metric, "currency": "EUR"}],
        "factors": list(factors),
        "points": [{"factors": {k: v[p].item() for k, v in factors.items()}} for p in range(n_points)],
        "treatments": [[0, p, s] for p in range(n_points) for s in range(n_strategies)],
        "replicates": [[0, n]],
    }
    found = Results(Path("nowhere"), manifest)
    size = values.size
    found.__dict__["rows"] = Rows(
        np.repeat(np.arange(n_points * n_strategies, dtype=np.int32), n),
        np.tile(np.arange(n), n_points * n_strategies),
        values.reshape(-1, 1),
        np.ones(size),
        np.zeros(size),
        np.zeros(size, np.int32),
        ("",) * size,
    )
    return found


@pytest.fixture(scope="module")
def truth() -> dict[str, np.ndarray]:
    """Return a grid on which "bold" leads "steady" by 40 (x - .5), and both lead "none" by 5 or more."""
    x, y = (a.ravel() for a in np.meshgrid(LEVELS, LEVELS, indexing="ij"))
    means = np.stack([np.full(x.size, -25.0), np.zeros(x.size), 40 * (x - 0.5)], axis=1)
    return {"x": x, "y": y, "means": means}


@pytest.fixture(scope="module")
def values(truth: dict[str, np.ndarray]) -> np.ndarray:
    generator = np.random.default_rng(3)
    luck = generator.normal(size=(1, 1, N_REPLICATES)) * 50
    own = generator.normal(size=(*truth["means"].shape, N_REPLICATES)) * 4
    return truth["means"][:, :, None] + luck + own


@pytest.fixture(scope="module")
def results(truth: dict[str, np.ndarray], values: np.ndarray) -> Results:
    return made_up(values, {"x": truth["x"], "y": truth["y"]})


@pytest.mark.parametrize("family", ["point", "experiment"])
def test_differences_are_paired_and_hold_together(results: Results, truth, values, family: str) -> None:
    two = made_up(values[:, :2], {"x": truth["x"]})
    table = two.differences(family=family)
    level = 0.95 if family == "point" else 1 - 0.05 / len(values)
    assert len(table) == len(values) and set(table.other) == {"none"}
    for row in table.itertuples():
        test = stats.ttest_rel(values[row.point, 1], values[row.point, 0])
        low, high = test.confidence_interval(level)
        assert (row.lower, row.upper) == pytest.approx((low, high))
        assert row.x == truth["x"][row.point] and row.n == N_REPLICATES
    true = np.repeat((truth["means"] - truth["means"][:, :1])[:, 1:], 1, axis=0)
    found = results.differences(family=family)
    is_held = ((found.lower <= true.ravel()) & (found.upper >= true.ravel())).to_numpy().reshape(-1, 2)
    n = len(is_held)
    if family == "experiment":
        assert is_held.all()
    else:
        assert is_held.all(axis=1).mean() >= 0.95 - 3.3 * (0.95 * 0.05 / n) ** 0.5


def test_another_baseline_turns_the_sign(results: Results) -> None:
    first = results.differences("profit", baseline="bold").query("strategy == 'steady'")["mean"].to_numpy()
    second = results.differences("profit", baseline="steady").query("strategy == 'bold'")["mean"].to_numpy()
    assert first == pytest.approx(-second)


def test_regimes_find_the_planted_winners(results: Results, truth, values) -> None:
    found = results.regimes()
    table = found.to_dataframe()
    won = table[table.is_winner].set_index("point")
    far = np.abs(truth["x"] - 0.5) > 0.15
    expected = np.where(truth["x"] > 0.5, "bold", "steady")
    assert (won.strategy.to_numpy() == expected)[far].all()
    means = values.mean(axis=2)
    assert found.means == pytest.approx(means)
    assert table.regret.to_numpy() == pytest.approx((means.max(axis=1, keepdims=True) - means).ravel())
    for place in (0, 60, 143):
        assert found.p_best[place] == pytest.approx(probabilities_of_best(values[place])[1])
    edge = table[(table.strategy == "bold") & (table.point.isin(np.flatnonzero(far & (truth["x"] > 0.5))))]
    assert (edge.to_best > 0).all() and edge.is_contender.all()
    assert not table[table.strategy == "none"].is_contender.any()


def test_strategies_are_compared_over_all_points(results: Results, values) -> None:
    found = results.regimes()
    table = found.by_strategy().set_index("strategy")
    assert table.wins.sum() == len(values)
    assert table.wins["none"] == 0 and 50 < table.wins["bold"] < 90
    assert table.clear_wins.sum() < table.wins.sum()
    assert table.expected_wins.sum() == pytest.approx(len(values))
    averages = values.mean(axis=0)
    assert table["mean"].to_numpy() == pytest.approx(averages.mean(axis=1))
    best, second = np.argsort(-averages.mean(axis=1))[:2]
    level = 1 - 0.05 / 3  # all pairs of three, few replicates: Bonferroni
    low, high = stats.ttest_rel(averages[best], averages[second]).confidence_interval(level)
    row = table.loc[NAMES[best]]
    assert (row.lower, row.upper) == pytest.approx((low, high))
    regret = found.regret
    assert table.mean_regret.to_numpy() == pytest.approx(regret.mean(axis=0))
    assert table.largest_regret.to_numpy() == pytest.approx(regret.max(axis=0))
    assert found.robust[0] == NAMES[int(regret.max(axis=0).argmin())]


def test_lower_can_be_better(truth, values) -> None:
    low = made_up(-values, {"x": truth["x"]}, "cost_per_order").regimes()
    high = made_up(values, {"x": truth["x"]}).regimes()
    assert (low.winners == high.winners).all()
    assert low.regret == pytest.approx(high.regret) and low.p_best == pytest.approx(high.p_best)
    lead = low.to_dataframe().set_index(["point", "strategy"]).to_best
    assert lead.to_numpy() == pytest.approx(-high.to_dataframe().to_best.to_numpy())


@pytest.mark.parametrize(("other", "wins"), [("steady", False), (None, False), ("steady", True)])
def test_the_ranges_in_which_a_strategy_loses_are_found(results: Results, other, wins: bool) -> None:
    found = results.discover("bold", other, wins=wins)
    [limit] = found.box.restrictions
    assert limit.factor == "x" and found.box.density > 0.9 and found.box.coverage > 0.8
    assert (limit.lower if wins else limit.upper) == pytest.approx(0.5, abs=0.12)
    document = found.to_json_document()
    assert (
        json.loads(json.dumps(document, allow_nan=False))["boxes"][found.chosen]["ranges"][0]["factor"] == "x"
    )


def test_a_strategy_that_nothing_distinguishes_has_no_such_ranges(results: Results) -> None:
    """Against "none", "steady" wins everywhere: there is no loss to find, and one box of everything."""
    found = results.discover("steady", "none")
    assert (found.n_cases, len(found.boxes)) == (0, 1)


def test_times_that_are_not_reached_win_nowhere(truth, values) -> None:
    times = 50 - values / 10
    times[:, 2, 0] = np.nan
    found = made_up(times, {"x": truth["x"]}, "time_to_50pct").regimes()
    table = found.by_strategy().set_index("strategy")
    assert (
        table.wins["bold"] == 0 and np.isnan(table["mean"]["bold"]) and np.isnan(table.largest_regret["bold"])
    )
    assert found.robust[0] == "steady"
    assert table.clear_wins.sum() == 0 and np.isnan(found.p_best).all(), "who would win is unknown"


def test_replicates_that_are_missing_are_not_undefined(truth, values) -> None:
    """A failed replicate of one strategy leaves its point's differences with one pair less."""
    found = made_up(values, {"x": truth["x"]}, "time_to_50pct")
    rows = found.rows
    found.__dict__["rows"] = rows.take(np.delete(np.arange(len(rows)), 5))
    row = found.differences().iloc[0]
    assert (row.n, row.point) == (N_REPLICATES - 1, 0) and np.isfinite(row.lower)
    assert np.isfinite(found.regimes().means).all()


def without(results: Results, is_gone: np.ndarray) -> Results:
    """Return results without the replicates marked in an array of shape (point, strategy, replicate)."""
    rows = results.rows
    results.__dict__["rows"] = rows.take(np.flatnonzero(~is_gone.ravel()))
    return results


def partial_times(truth, values, n_points: int = 3, n: int = 20) -> np.ndarray:
    """Return times of "none" and "steady" at the first points, 15 of 20 replicates of them at the last one."""
    return 50 - values[:n_points, :2, :n] / 10


@pytest.mark.parametrize("metric", ["time_to_10pct", "cost_per_order", "churn_rate"])
def test_a_sweep_that_is_not_over_is_compared_over_what_all_points_have(truth, values, metric: str) -> None:
    times = partial_times(truth, values)
    is_gone = np.zeros(times.shape, bool)
    is_gone[2, :, 15:] = True
    found = without(made_up(times, {"x": truth["x"]}, metric), is_gone).regimes()
    table = found.by_strategy().set_index("strategy")
    averages = times[:, :, :15].mean(axis=0)
    test = stats.ttest_rel(averages[1], averages[0])
    low, high = test.confidence_interval(0.95)
    assert table.to_best["steady"] == pytest.approx(averages[1].mean() - averages[0].mean())
    assert (table.lower["steady"], table.upper["steady"]) == pytest.approx((low, high))
    assert table.wins["steady"] == 3 and found.robust == ("steady", 0.0)
    assert table["mean"]["none"] == pytest.approx(
        np.mean([times[0, 0].mean(), times[1, 0].mean(), times[2, 0, :15].mean()])
    )


def test_a_time_that_is_not_reached_is_undefined_over_all_points(truth, values) -> None:
    """Averages without the replicate that is not reached would flatter who does not reach it."""
    times = 50 - values[:3] / 10
    times[1, 2, 4] = np.nan
    table = made_up(times, {"x": truth["x"]}, "time_to_10pct").regimes().by_strategy().set_index("strategy")
    assert np.isnan(table.loc["bold", ["mean", "to_best", "lower", "upper"]].astype(float)).all()
    averages = times.mean(axis=0)
    assert table.to_best["steady"] == pytest.approx(averages[1].mean() - averages[0].mean()), "none is next"
    profits = times.copy()
    table = made_up(profits, {"x": truth["x"]}, "profit").regimes().by_strategy().set_index("strategy")
    assert np.isfinite(table.to_best["bold"]), (
        "a replicate is left out where undefined is no worse than others"
    )


def test_nobody_is_judged_where_a_strategy_is_not_stored(truth, values) -> None:
    """ "bold" is best at the last three points; at two of them it has not been simulated, at a sixth nobody."""
    taken = (
        values[-5:, :, :20] - np.where(np.arange(5) < 2, 60, 0)[:, None, None] * np.array([0, 0, 1])[:, None]
    )
    taken = np.concatenate([taken, taken[-1:]])
    is_gone = np.zeros(taken.shape, bool)
    is_gone[3:5, 2] = is_gone[5] = True
    found = without(made_up(taken, {"x": truth["x"][:6]}), is_gone).regimes()
    assert found.winners.tolist() == [1, 1, 2, -1, -1]
    assert np.isnan(found.regret[3:]).all() and np.isnan(found.p_best[3:]).all()
    table = found.by_strategy().set_index("strategy")
    assert table.wins.tolist() == [0, 2, 1] and table.points.tolist() == [3, 3, 3]
    assert table.points_missing.tolist() == [1, 1, 3]
    means = taken[:3].mean(axis=2)
    assert table["mean"].to_numpy() == pytest.approx(means.mean(axis=0))
    assert table.largest_regret.to_numpy() == pytest.approx(
        (means.max(axis=1, keepdims=True) - means).max(axis=0)
    )
    assert table.expected_wins.sum() == pytest.approx(3)
    assert found.sentences[0] == (
        'At 3 of 6 points nobody is judged: a strategy has no replicate there ("none", "steady", "bold").'
    )
    assert any(line.startswith('"steady" has the best mean at 2 of 3 points') for line in found.sentences)
    rows = found.to_dataframe().set_index(["point", "strategy"])
    assert not rows.is_winner[9:].any() and rows.is_winner[:9].sum() == 3
    assert np.isnan(rows.loc[3, ["regret", "to_best", "p_best"]].astype(float)).all(axis=None)
    assert rows.loc[(3, "bold"), "n_missing"] == 20 and rows.loc[(3, "steady"), "n_missing"] == 0
    assert rows.loc[(3, "bold"), "is_contender"] and not rows.loc[(3, "none"), "is_contender"]
    json.dumps(found.to_json_document(), allow_nan=False)


def test_nobody_is_the_safest_where_no_point_is_whole(truth, values) -> None:
    is_gone = np.zeros(values[:3].shape, bool)
    is_gone[:, 0] = True
    found = without(made_up(values[:3], {"x": truth["x"]}), is_gone).regimes()
    assert found.robust[0] == "" and np.isnan(found.robust[1])
    [sentence] = found.sentences
    assert sentence == 'At 3 of 3 points nobody is judged: a strategy has no replicate there ("none").'
    table = found.by_strategy()
    assert table.wins.sum() == 0 and np.isnan(table.loc[:, "mean":"largest_regret"].astype(float)).all(
        axis=None
    )
    document = found.to_json_document()
    assert document["robust"] == {"strategy": "", "largest_regret": None}
    assert document["strategies"][1]["mean"] is None and document["points"][1]["regret"] is None


def test_differences_tell_missing_from_undefined(truth, values) -> None:
    taken = values[:2].copy()
    taken[0, 1, :3] = np.nan
    is_gone = np.zeros(taken.shape, bool)
    is_gone[0, 0, 3:5] = is_gone[0, 1, 5] = is_gone[1, 2] = True
    table = without(made_up(taken, {"x": truth["x"]}), is_gone).differences().set_index(["point", "strategy"])
    counts = table[["n", "n_undefined", "n_missing"]].to_numpy().tolist()
    n = N_REPLICATES
    assert counts == [[n - 6, 3, 3], [n - 2, 0, 2], [n, 0, 0], [0, 0, n]]


@pytest.mark.parametrize("wins", [False, True])
def test_less_can_be_better_where_ranges_are_sought(truth, values, wins: bool) -> None:
    low = made_up(-values, {"x": truth["x"], "y": truth["y"]}, "churn_rate")
    high = made_up(values, {"x": truth["x"], "y": truth["y"]})
    ask: dict[str, Any] = {"wins": wins}
    found = low.discover("bold", **ask)
    assert found.to_json_document() == high.discover("bold", **ask).to_json_document()
    [limit] = found.box.restrictions
    assert (limit.lower if wins else limit.upper) == pytest.approx(0.5, abs=0.12)


def test_blocks_are_kept_apart(results: Results, truth, values) -> None:
    both = made_up(values, {"x": truth["x"]})
    rows = both.rows
    late = rows.replicates >= 10
    rows.replicates[late] += BLOCKS["evaluate"].start
    assert set(both.differences(block="select").n) == {10}
    assert set(both.differences(block="evaluate").n) == {N_REPLICATES - 10}
    assert set(both.differences().n) == {N_REPLICATES}
    for ask in (results.differences, results.regimes, lambda block: results.summary(block=block)):
        with pytest.raises(ScenarioError, match="a block with replicates: select"):
            ask(block="evaluate")


def test_faults_of_questions_are_told_at_once(results: Results, truth, values) -> None:
    for ask, words in (
        (
            lambda: results.differences("proft", baseline="nobody", block="both", confidence=2, family="all"),
            ("'proft'", "'nobody'", "'both'", "confidence", "'all'"),
        ),
        (lambda: results.regimes("proft", block="both"), ("'proft'", "'both'")),
        (
            lambda: results.discover("nobody", peel=0.7, wanted_density=0),
            ("'nobody'", "peel", "wanted_density"),
        ),
        (lambda: results.discover("bold", "bold"), ("another strategy",)),
        (lambda: made_up(values, {}).discover("bold"), ("no factor", "numbers")),
        (lambda: made_up(values[:, :1], {}).regimes(), ("two strategies or more",)),
        (lambda: made_up(values, {}, "spend").regimes(), ("more or less is better",)),
    ):
        with pytest.raises(ScenarioError) as raised:
            ask()
        assert all(word in str(raised.value) for word in words), str(raised.value)
    named = made_up(values, {"x": truth["x"], "y": truth["y"]})
    named.manifest["points"][3]["factors"]["x"] = "high"
    with pytest.raises(
        ScenarioError, match=r'"x" with other values; expected factors whose values are numbers'
    ):
        named.discover("bold")
