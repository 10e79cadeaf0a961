"""Search for the best point of a noisy response on any oracle, with replication managed here.

Every point is tried in the same numbered replicates, so that points are compared in pairs (common random numbers). The
search (1) tries anchors and a scattered first design, (2) proposes batches where a response surface expects the largest
improvement, or as a tree of Parzen estimators does, and (3) races the most promising points: they get more and more
replicates of the search block, and whoever is worse than the leader beyond chance drops out. What the winner is worth
must be judged on replicates that took no part in this: its lead here is inflated (winner's curse).

References
----------
Knowles, J. (2006). ParEGO: a hybrid algorithm with on-line landscape approximation for expensive multiobjective
optimization problems. IEEE Transactions on Evolutionary Computation 10(1), 50-66.
Maron, O. & Moore, A. W. (1994). Hoeffding races: accelerating model selection search for classification and function
approximation. Advances in Neural Information Processing Systems 6, 59-66.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.experiment.response_surface import expected_improvement, fit_surface
from simulator.outcomes.multivariate_t import student_quantile

Values = NDArray[np.float64]
#: From a batch's name, points (rows of coordinates) and replicates to outcomes (point, replicate, metric); the first
#: metric is maximized, the others are costs of the frontier.
Oracle = Callable[[str, Values, range], Values]

METHODS = ("surface", "tpe", "random")
_CANDIDATES = 400


@dataclass(frozen=True)
class SearchPlan:
    """How much is tried.

    Parameters
    ----------
    n_first : int
        Scattered points of the first design.
    n_rounds, batch : int
        Rounds of proposals, and points in each.
    n_replicates : int
        Replicates of every point before the race.
    n_finalists : int
        Points that race.
    n_race : int
        Most replicates of a finalist; the search block is 0 … n_race - 1.
    method : {"surface", "tpe", "random"}
        Who proposes.
    confidence : float
        With which a finalist must be worse to drop out.
    """

    n_first: int = 24
    n_rounds: int = 8
    batch: int = 4
    n_replicates: int = 8
    n_finalists: int = 6
    n_race: int = 64
    method: str = "surface"
    confidence: float = 0.95


@dataclass(frozen=True, eq=False)
class SearchSpace:
    """Where is searched.

    Parameters
    ----------
    n_coordinates : int
        Length of a point.
    features : callable
        From a point to what the surface sees. Points with the same features are one plan: it is tried once, and takes
        one place in the race.
    is_feasible : callable
        Whether a point is allowed.
    anchors : ndarray of float64, shape (anchor, coordinate)
        Points that are tried in any case, feasible ones; the first is the reference of all differences.
    """

    n_coordinates: int
    features: Callable[[Values], Values]
    is_feasible: Callable[[Values], bool]
    anchors: Values

    def plan_of(self, point: Values) -> bytes:
        """Return what tells a point's plan from others, after rounding."""
        return np.asarray(self.features(point), np.float64).tobytes()

    def new_plans(self, points: Iterable[Values], known: AbstractSet[bytes]) -> Values:
        """Return the points whose plans are neither known nor that of an earlier point."""
        found: dict[bytes, Values] = {}
        for point in points:
            plan = self.plan_of(point)
            if plan not in known:
                found.setdefault(plan, point)
        return np.array(list(found.values())).reshape(-1, self.n_coordinates)


@dataclass(eq=False)
class SearchRecord:
    """What was tried and found.

    Parameters
    ----------
    points : ndarray of float64, shape (point, coordinate)
        In the order in which they were tried; the anchors come first.
    outcomes : ndarray of float64, shape (point, replicate, metric)
        In the replicates that all points share.
    raced : dict of int to ndarray of float64, shape (replicate,)
        Outcomes of finalists in all their replicates, first metric.
    best : int
        Position of the winner.
    reference : ndarray of float64, shape (replicate,)
        Outcomes of the first anchor in the replicates that the winner was seen in, first metric.
    history : list of float
        Best mean difference to the first anchor after each batch.
    """

    points: Values
    outcomes: Values
    raced: dict[int, Values] = field(default_factory=dict)
    best: int = 0
    reference: Values = field(default_factory=lambda: np.zeros(0))
    history: list[float] = field(default_factory=list)

    @property
    def lead(self) -> float:
        """Mean difference of the winner to the first anchor over all replicates that the winner was seen in."""
        return float((self.raced[self.best] - self.reference).mean())

    @property
    def gains(self) -> Values:
        """Mean difference of every point to the first anchor; shape (point,)."""
        gains: Values = (self.outcomes[:, :, 0] - self.outcomes[0, :, 0]).mean(axis=1)
        return gains

    @property
    def noise(self) -> Values:
        """Variance of each gain's error, pooled over points and lifted a little for the first; shape (point,)."""
        difference = self.outcomes[:, :, 0] - self.outcomes[0, :, 0]
        own = difference.var(axis=1, ddof=1) / difference.shape[1]
        pooled = float(np.median(own[1:])) if len(own) > 1 else float(own[0])
        return np.concatenate([[pooled * 0.1], np.maximum(0.5 * own[1:] + 0.5 * pooled, 1e-12)])


def search(oracle: Oracle, space: SearchSpace, plan: SearchPlan, seed: int) -> SearchRecord:
    """Search for the point with the largest mean response.

    Parameters
    ----------
    oracle : callable
        Simulates points.
    space : SearchSpace
        Where.
    plan : SearchPlan
        How much.
    seed : int
        Seed of the search's own chance.

    Returns
    -------
    SearchRecord
        Everything that was tried, and the winner of the race.
    """
    rng = np.random.default_rng([seed, 11])
    first = np.concatenate([space.anchors, _scattered(space, plan.n_first, rng, seed)])
    shared = range(plan.n_replicates)
    record = SearchRecord(first, oracle("first", first, shared))
    record.history.append(float(record.gains.max()))
    for number in range(plan.n_rounds):
        batch = _propose(record, space, plan, number, seed)
        if len(batch) == 0:
            break
        outcomes = oracle(f"round-{number:03d}", batch, shared)
        record.points = np.concatenate([record.points, batch])
        record.outcomes = np.concatenate([record.outcomes, outcomes])
        record.history.append(float(record.gains.max()))
    _race(record, oracle, space, plan)
    return record


def _scattered(space: SearchSpace, n: int, rng: np.random.Generator, seed: int) -> Values:
    """Return feasible new points of a scrambled Sobol sequence, filled up at random."""
    from scipy.stats import qmc

    sobol = qmc.Sobol(space.n_coordinates, seed=np.random.default_rng([seed, 12]))
    found = [
        point
        for point in sobol.random_base2(int(np.ceil(np.log2(max(8 * n, 2)))))
        if space.is_feasible(point)
    ]
    known = {space.plan_of(point) for point in space.anchors}
    new = space.new_plans(found, known)
    for _ in range(50 * n):
        if len(new) >= n:
            break
        point = rng.random(space.n_coordinates)
        if space.is_feasible(point):
            new = space.new_plans([*new, point], known)
    return new[:n]


def _propose(record: SearchRecord, space: SearchSpace, plan: SearchPlan, number: int, seed: int) -> Values:
    """Return the next batch of feasible points with new plans; none where all have been tried."""
    known = {space.plan_of(point) for point in record.points}
    rng = np.random.default_rng([seed, 13, number])
    if plan.method == "random":
        return _candidates(record, space, rng, known, local=False)[: plan.batch]
    response, noise = record.gains, record.noise
    n_costs = record.outcomes.shape[2] - 1
    if n_costs and number % 3 == 2:
        response = _scalarized(record, rng, int(number // 3) % n_costs)
        noise = np.full(len(noise), float(np.median(noise)) / max(record.gains.var(), 1e-12))
    if plan.method == "tpe":
        return _tree_proposals(record.points, response, space, plan.batch, seed + 1000 * number, known)
    return _surface_proposals(record, response, noise, space, plan.batch, rng, known)


def _scalarized(record: SearchRecord, rng: np.random.Generator, cost: int) -> Values:
    """Return a random trade-off of gain against a cost, both standardized (after Knowles 2006)."""
    weight = rng.uniform(0.2, 0.8)
    costs = record.outcomes[:, :, 1 + cost].mean(axis=1)
    spread = costs.std()
    standard = (costs - costs.mean()) / spread if spread > 0 else np.zeros(len(costs))
    gains = (record.gains - record.gains.mean()) / (record.gains.std() or 1.0)
    traded: Values = (1 - weight) * gains - weight * standard
    return traded


def _surface_proposals(
    record: SearchRecord,
    response: Values,
    noise: Values,
    space: SearchSpace,
    n: int,
    rng: np.random.Generator,
    known: AbstractSet[bytes],
) -> Values:
    features = np.stack([space.features(point) for point in record.points])
    chosen: list[Values] = []
    fitted = fit_surface(features, response, noise)
    for _ in range(n):
        surface = fit_surface(features, response, noise, like=fitted)
        proposed = {space.plan_of(point) for point in chosen}
        candidates = _candidates(record, space, rng, known | proposed, local=True)
        if not len(candidates):
            break
        places = np.stack([space.features(point) for point in candidates])
        mean, sd = surface.predict(places)
        best = float(surface.predict(features)[0].max())
        pick = int(np.argmax(expected_improvement(mean, sd, best)))
        chosen.append(candidates[pick])
        features = np.concatenate([features, places[pick : pick + 1]])
        response = np.append(response, mean[pick])
        noise = np.append(noise, 1e-12)
    return np.array(chosen).reshape(-1, space.n_coordinates)


def _candidates(
    record: SearchRecord,
    space: SearchSpace,
    rng: np.random.Generator,
    known: AbstractSet[bytes],
    *,
    local: bool,
) -> Values:
    """Return feasible points with new plans: scattered ones, and neighbors of the best so far."""
    n = space.n_coordinates
    points = [rng.random((_CANDIDATES, n))]
    if local:
        leaders = record.points[np.argsort(-record.gains, kind="stable")[:5]]
        for width in (0.15, 0.05):
            moved = leaders[rng.integers(0, len(leaders), _CANDIDATES)] + width * rng.standard_normal(
                (_CANDIDATES, n)
            )
            is_moved = rng.random(moved.shape) < max(0.5, 2 / n)
            start = leaders[rng.integers(0, len(leaders), _CANDIDATES)]
            points.append(np.clip(np.where(is_moved, moved, start), 0.0, 1.0))
    together = np.concatenate(points)
    mixed = together[rng.permutation(len(together))][:_CANDIDATES]
    return space.new_plans((point for point in mixed if space.is_feasible(point)), known)


def _tree_proposals(
    points: Values, response: Values, space: SearchSpace, n: int, seed: int, known: AbstractSet[bytes]
) -> Values:
    """Return proposals of a tree of Parzen estimators (optuna), with what was tried told to it first."""
    from simulator.experiment.tree_sampler import propose

    proposed = set(known)

    def is_new(point: Values) -> bool:
        plan = space.plan_of(point)
        if plan in proposed or not space.is_feasible(point):
            return False
        proposed.add(plan)
        return True

    return propose(points, response, n, seed, is_new)


def _race(record: SearchRecord, oracle: Oracle, space: SearchSpace, plan: SearchPlan) -> None:
    """Give the most promising points more replicates until one is left or the block is used up."""
    features = np.stack([space.features(point) for point in record.points])
    smooth = fit_surface(features, record.gains, record.noise).predict(features)[0]
    order = list(np.argsort(-smooth, kind="stable")[: max(plan.n_finalists - 2, 1)])
    order += [k for k in np.argsort(-record.gains, kind="stable") if k not in order]
    first_of = {
        space.plan_of(record.points[k]): int(k) for k in reversed(order)
    }  # two anchors may be one plan
    alive = [k for k in order if first_of[space.plan_of(record.points[k])] == k][: plan.n_finalists]
    alive = [int(k) for k in alive]
    values = {k: record.outcomes[k, :, 0] for k in alive}
    n = plan.n_replicates
    while len(alive) > 1 and n < plan.n_race:
        more = range(n, min(2 * n, plan.n_race))
        found = oracle(f"race-{n:05d}", record.points[alive], more)[:, :, 0]
        for k, row in zip(alive, found, strict=True):
            values[k] = np.concatenate([values[k], row])
        n = more.stop
        alive = _survivors(values, alive, plan.confidence)
    record.raced = values
    record.best = max(alive, key=lambda k: float(values[k].mean()))
    seen = len(values[record.best])
    record.reference = values.get(0, record.outcomes[0, :, 0])[:seen]
    if len(record.reference) < seen:
        rest = range(len(record.reference), seen)
        later = oracle(f"reference-{rest.start:05d}", record.points[:1], rest)[0, :, 0]
        record.reference = np.concatenate([record.reference, later])


def _survivors(values: dict[int, Values], alive: Sequence[int], confidence: float) -> list[int]:
    """Return the points that are not worse than the leader beyond chance (paired, Bonferroni over points)."""
    leader = max(alive, key=lambda k: float(values[k].mean()))
    left = []
    for k in alive:
        difference = values[k] - values[leader]
        n = len(difference)
        critical = student_quantile(1 - (1 - confidence) / max(len(alive) - 1, 1), n - 1)
        upper = difference.mean() + critical * difference.std(ddof=1) / n**0.5
        if k == leader or upper >= 0 and difference.any():
            left.append(k)
    return left
