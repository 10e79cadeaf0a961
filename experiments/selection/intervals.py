"""How often intervals hold on the simulator's own outcomes.

Outcomes of the classroom in many replicates are the population, so that what is true is known exactly; every
macro-replication draws its replicates from it, with returning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from laws import CONFIDENCE, STRATEGIES, Population

import simulator as sim
from simulator.experiment.crossings import find_crossings
from simulator.experiment.factor_choice import chosen_factors
from simulator.experiment.precision import Goal, replicate_until
from simulator.experiment.responses import Responses
from simulator.experiment.sensitivity_indices import sobol_indices, sobol_points
from simulator.experiment.variance_components import variance_components
from simulator.outcomes.all_pairs import compare_all_pairs, differences_to_best
from simulator.outcomes.differences import differences_to
from simulator.outcomes.multiple_comparisons import compare_with_best
from simulator.outcomes.multivariate_t import student_quantile
from simulator.outcomes.statistics import estimate
from simulator.outcomes.stein import stein_interval

N = 30
#: Half-width asked for, EUR, and first stages by procedure.
HALF_WIDTH, FIRST_STAGES = 150.0, {"sequential": 30, "stein": 15}
#: Strategies whose differences to none shall hold together.
GOALS = ("mass", "social", "content")
#: Factors of the grid, with replicates at each of its points, and base points of a study of it.
GRID, GRID_LEVELS = ("brands.Fizz.price=3:5.5", "goodwill_weight", "wear_out"), 6
N_BASE, N_STUDY = 128, 10
#: Kinds of interval of a split of the variance, with draws of the parameters; the last is the negative control.
SPLITS = (("jackknife", 12), ("jackknife", 24), ("jackknife", 40), ("parametric", 40))
CALLED = {"jackknife": "jackknife", "parametric": "parametric, negative control"}
#: Replicates of a curve whose crossing is sought.
N_CURVE = (10, 30)
#: Levels of the price between which differences are interpolated.
N_PRICES = 17


class Hit(NamedTuple):
    """Whether an interval, or all of a family, holds; and how many replicates it took."""

    interval: str
    holds: bool
    drawn: int


def measure_intervals(outcomes: np.ndarray, n_macro: int, n_replicates: int, seed: int) -> dict[str, object]:
    """Run what concerns intervals.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (strategy, replicate)
        Of the classroom.
    n_macro : int
        Macro-replications.
    n_replicates : int
        Size of the other populations: replicates at each point of the grid; four times as many prices' and draws'.
    seed : int
        Of what is simulated.
    """
    scenario = sim.load_scenario("classroom")
    makers: list[Callable[[int], Iterable[Hit]]] = [
        lambda s: family_hits(outcomes, s),
        lambda s: precision_hits(outcomes, s),
        _crossing_hits(scenario, 4 * n_replicates, seed),
        _sobol_hits(scenario, n_replicates, seed),
        _variance_hits(scenario, 4 * n_replicates, seed),
    ]
    rows = []
    for make in makers:
        hits: dict[str, list[Hit]] = {}
        for macro in range(n_macro):
            for hit in make(macro):
                hits.setdefault(hit.interval, []).append(hit)
        for name, found in hits.items():
            drawn = float(np.mean([hit.drawn for hit in found]))
            rows.append(
                {"interval": name, "holds": float(np.mean([hit.holds for hit in found])), "drawn": drawn}
            )
            print(rows[-1], flush=True)
    return {"intervals": rows}


def family_hits(outcomes: np.ndarray, seed: int) -> Iterable[Hit]:
    """Yield what holds of 30 replicates: a mean, and families of differences."""
    true, everyone = outcomes.mean(axis=1), range(len(STRATEGIES))
    gap = {
        (a, b): true[STRATEGIES.index(a)] - true[STRATEGIES.index(b)] for a in STRATEGIES for b in STRATEGIES
    }
    sample = Population(outcomes, seed)(everyone, range(N))
    mean = estimate(sample[1], CONFIDENCE)
    yield Hit("mean of mass", abs(mean.mean - true[1]) <= mean.half_width, N)
    to_none = differences_to(sample, STRATEGIES, "none", CONFIDENCE)
    ok = [d.lower <= gap[name, "none"] <= d.upper for name, d in to_none.items()]
    yield Hit("all differences to none", all(ok), N)
    single = [_student(sample[i] - sample[0], CONFIDENCE) for i in everyone if i]
    ok = [low <= true[i] - true[0] <= high for i, (low, high) in enumerate(single, 1)]
    yield Hit("the same by single intervals (negative control)", all(ok), N)
    pairs = compare_all_pairs(sample, STRATEGIES, CONFIDENCE)
    leads = {(a, b): pairs.lead(a, b) for a, b in combinations(STRATEGIES, 2)}
    yield Hit("differences of all pairs", all(d.lower <= gap[p] <= d.upper for p, d in leads.items()), N)
    lead = differences_to_best(sample, STRATEGIES, CONFIDENCE)
    ok = [d.lower <= gap[name, d.other] <= d.upper for name, d in lead.items()]
    yield Hit("all differences to the best", all(ok), N)
    best = compare_with_best(sample, CONFIDENCE)
    gaps = [true[i] - np.delete(true, i).max() for i in everyone]
    ok = [b.lower - 1e-9 <= g <= b.upper + 1e-9 for b, g in zip(best, gaps, strict=True)]
    yield Hit("comparison with the best (Hsu)", all(ok), N)


def _student(values: np.ndarray, level: float) -> tuple[float, float]:
    half = student_quantile(level, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    return values.mean() - half, values.mean() + half


def precision_hits(outcomes: np.ndarray, seed: int) -> Iterable[Hit]:
    """Yield what holds where replicates are drawn to a half-width: of one goal, and of several together."""
    true = outcomes.mean(axis=1)
    sample = Population(outcomes, seed)
    for names in (GOALS[:1], GOALS):
        places = [STRATEGIES.index(name) for name in names]
        gaps = true[places] - true[0]

        def draw(numbers: Sequence[int], places: Sequence[int] = places) -> np.ndarray:
            return sample(places, numbers) - sample([0], numbers)

        called = f"{', '.join(names)} minus none to +- {HALF_WIDTH:g}"
        goals = [Goal(name, HALF_WIDTH) for name in names]
        for method, first in FIRST_STAGES.items():
            values, reached = replicate_until(
                draw, goals, confidence=CONFIDENCE, method=method, first_stage=first, most=100_000
            )
            means = np.array([found.mean for found in reached.goals])
            if method == "sequential":
                widths = np.array([found.half_width for found in reached.goals])
                yield Hit(f"{called}, sequential", bool((abs(means - gaps) <= widths).all()), reached.n)
                continue
            yield Hit(
                f"{called}, stein: the half-width", bool((abs(means - gaps) <= HALF_WIDTH).all()), reached.n
            )
            level = 1 - (1 - CONFIDENCE) / len(names)
            own = np.array([stein_interval(row, first, level) for row in values])
            ok = (own[:, 0] <= gaps) & (gaps <= own[:, 1])
            yield Hit(f"{called}, stein: his own interval", bool(ok.all()), reached.n)


def _crossing_hits(scenario: sim.Scenario, n: int, seed: int) -> Callable[[int], Iterable[Hit]]:
    """Return what holds of the price at which mass stops to pay, by bootstrap."""
    shares = np.linspace(0, 1, N_PRICES)
    curve = _outcomes_at(scenario, GRID[:1], shares, n, seed)
    means = curve.mean(axis=1)
    last = int(np.flatnonzero((means[:-1] > 0) != (means[1:] > 0))[0])
    true = shares[last] + shares[1] * means[last] / (means[last] - means[last + 1])

    def hits(macro: int) -> Iterable[Hit]:
        for n in N_CURVE:
            sample = Population(curve, macro)(range(N_PRICES), range(n))
            found, _ = find_crossings(
                lambda share, sample=sample: np.array([np.interp(share, shares, row) for row in sample.T]),
                confidence=CONFIDENCE,
            )
            holds = any(crossing.lower <= true <= crossing.upper for crossing in found)
            yield Hit(f"price at which mass is level with none, {n} replicates (bootstrap)", holds, n)

    return hits


def _outcomes_at(
    scenario: sim.Scenario, names: Sequence[str], shares: np.ndarray, n: int, seed: int
) -> np.ndarray:
    """Return mass minus none at all combinations of shares of the factors' ranges, shape (*levels, replicate)."""
    factors = chosen_factors("intervals", ",".join(names), scenario, [])
    responses = Responses(scenario, factors, ("mass", "none"), "profit", seed, n)
    mass, none = responses.at(np.array(list(product(shares, repeat=len(names)))))
    return (mass - none).reshape(*[len(shares)] * len(names), n)


def _sobol_hits(scenario: sim.Scenario, n: int, seed: int) -> Callable[[int], Iterable[Hit]]:
    """Return what holds of Sobol indices over a grid of three factors, by bootstrap."""
    grid = _outcomes_at(scenario, GRID, (np.arange(GRID_LEVELS) + 0.5) / GRID_LEVELS, n, seed)
    names = tuple(part.split("=")[0] for part in GRID)
    totals = _anova(grid.mean(axis=-1))[1]

    def hits(macro: int) -> Iterable[Hit]:
        picks = np.random.default_rng([macro, 7]).integers(n, size=N_STUDY)
        points = np.minimum(
            (sobol_points(len(GRID), N_BASE, macro) * GRID_LEVELS).astype(int), GRID_LEVELS - 1
        )
        sample = grid[..., picks]
        found = sobol_indices(sample[tuple(points.T)], names, confidence=CONFIDENCE, seed=macro)
        first = _anova(sample.mean(axis=-1))[0]  # they describe the mean over the replicates that were run
        for j, index in enumerate(found.by_factor):
            holds = index.first_lower <= first[j] <= index.first_upper
            yield Hit(f"first-order index of {index.factor} (bootstrap)", bool(holds), len(points))
            holds = index.total_lower <= totals[j] <= index.total_upper
            yield Hit(f"total index of {index.factor} (bootstrap)", bool(holds), len(points))

    return hits


def _anova(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return first-order and total indices of a function that is known on a whole grid."""
    axes = range(values.ndim)
    first = [values.mean(axis=tuple(k for k in axes if k != j)).var() for j in axes]
    total = [values.var(axis=j).mean() for j in axes]
    return np.array(first) / values.var(), np.array(total) / values.var()


def _variance_hits(scenario: sim.Scenario, n: int, seed: int) -> Callable[[int], Iterable[Hit]]:
    """Return what holds of the split of the variance of mass minus none."""
    whole = sim.variance_split(scenario, ["mass", "none"], n_parameters=n, seed=seed).outcomes
    true = {part.level: part for part in variance_components(whole)}

    def hits(macro: int) -> Iterable[Hit]:
        for kind, size in SPLITS:
            picks = np.random.default_rng([macro, size]).integers(len(whole), size=size)
            sample = whole[picks]
            for part in variance_components(sample, confidence=CONFIDENCE, interval=kind, seed=macro):
                called = f"by {part.level}, {size} draws ({CALLED[kind]})"
                holds = part.lower <= true[part.level].variance <= part.upper
                yield Hit(f"variance {called}", holds, sample.size)
                holds = part.share_lower <= true[part.level].share <= part.share_upper
                yield Hit(f"its share {called}", holds, sample.size)

    return hits


def intervals_answer(rows: Sequence[dict[str, object]]) -> list[str]:
    """Return the table of intervals."""
    lines = [
        "| interval on the classroom's outcomes, stated 95 % | replicates, or runs | holds |",
        "| --- | ---: | ---: |",
    ]
    return lines + [
        f"| {row['interval']} | {row['drawn']:,.0f} | {float(row['holds']) * 100:.1f} % |" for row in rows
    ]
