"""Approximate Bayesian computation on any simulator: by one table of prior simulations, or sequentially.

Parameters are handled as standard normal scores z of their priors, so that the prior is N(0, I) and no draw ever
leaves its range. ``by_table`` keeps the prior simulations nearest to the observation and corrects them by weighted
local-linear regression with changing variance; ``sequentially`` moves a population of weighted particles toward the
observation, with a kernel of twice the population's covariance and tolerances at its median distance, and corrects
the last population in the same way. A real market is observed once: a simulation is one replicate, with the error
of measurement added to what is simulated, so that both sides have the same chance in them.

References
----------
Beaumont, M. A., Zhang, W. & Balding, D. J. (2002). Approximate Bayesian computation in population genetics. Genetics
162(4), 2025-2035.
Beaumont, M. A., Cornuet, J.-M., Marin, J.-M. & Robert, C. P. (2009). Adaptive approximate Bayesian computation.
Biometrika 96(4), 983-990.
Blum, M. G. B. & François, O. (2010). Non-linear regression models for approximate Bayesian computation. Statistics
and Computing 20(1), 63-73.
Toni, T., Welch, D., Strelkowa, N., Ipsen, A. & Stumpf, M. P. H. (2009). Approximate Bayesian computation scheme for
parameter inference and model selection in dynamical systems. Journal of the Royal Society Interface 6, 187-202.
Wilkinson, R. D. (2013). Approximate Bayesian computation (ABC) gives exact results under the assumption of model
error. Statistical Applications in Genetics and Molecular Biology 12(2), 129-141.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.experiment.summary_learning import Summarizer, learn_summaries
from simulator.outcomes.wording import counted

Values = NDArray[np.float64]
#: From the name of a batch and rows of scores to rows of raw summaries; rows that failed are NaN.
Simulate = Callable[[str, Values], Values]

#: Simulations that are kept at least, as far as there are so many: fewer leave the local regression to chance.
FEWEST_KEPT = 200
_LARGEST_PULL = 4.0


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws from an approximate posterior.

    Parameters
    ----------
    scores : ndarray of float64, shape (draw, parameter)
        Equally weighted draws, as standard normal scores of the prior.
    method : str
        How they came about, in words.
    n_simulations : int
        Simulations that were run for them.
    tolerance : float
        Largest distance of a simulation that was kept, in residual standard deviations.
    explained : ndarray of float64, shape (parameter,)
        Share of each parameter's prior variance that the summaries explain.
    rounds : tuple of dict
        One entry per round: tolerance, simulations, acceptance, effective sample size.
    stopped : str
        Why no further round was run.
    """

    scores: Values
    method: str
    n_simulations: int
    tolerance: float
    explained: Values
    rounds: tuple[dict[str, float], ...] = ()
    stopped: str = ""


@dataclass(frozen=True)
class Rounds:
    """How far the sequential method goes.

    Parameters
    ----------
    n_particles : int
        Size of the population.
    most_rounds : int
        Most rounds after the first.
    most_simulations : int
        No round begins that would exceed them, prior simulations included.
    least_acceptance : float
        A round whose acceptance falls below is the last: the tolerance has stalled.
    """

    n_particles: int = 200
    most_rounds: int = 5
    most_simulations: int = 10_000
    least_acceptance: float = 0.02


@dataclass(frozen=True, eq=False)
class Table:
    """Simulations from the prior, with the statistics learned from them.

    Parameters
    ----------
    scores : ndarray of float64, shape (draw, parameter)
        Standard normal draws.
    raw : ndarray of float64, shape (draw, raw)
        Their simulated summaries, error of measurement included.
    summarize : Summarizer
        From raw summaries to statistics.
    statistics : ndarray of float64, shape (draw, parameter)
        Statistics of ``raw``, each by a regression that had not seen the draw.
    """

    scores: Values
    raw: Values
    summarize: Summarizer
    statistics: Values


def make_table(scores: Values, raw: Values) -> Table:
    """Learn statistics from prior simulations; those with undefined summaries are left out.

    Parameters
    ----------
    scores : ndarray of float64, shape (draw, parameter)
        Standard normal draws.
    raw : ndarray of float64, shape (draw, raw)
        Their simulated summaries.
    """
    is_defined = np.isfinite(raw).all(axis=1)
    scores, raw = scores[is_defined], raw[is_defined]
    return Table(scores, raw, *learn_summaries(scores, raw))


def by_table(
    table: Table, observed: Values, n_draws: int, rng: np.random.Generator, kept: float = 0.2
) -> Posterior:
    """Draw from the posterior by one table of prior simulations.

    Parameters
    ----------
    table : Table
        Prior simulations.
    observed : ndarray of float64, shape (raw,)
        What was observed.
    n_draws : int
        Number of draws.
    rng : numpy.random.Generator
        Chance of the draws.
    kept : float
        Share of the simulations that are kept, the nearest; at least 200.

    Returns
    -------
    Posterior
        Equally weighted draws.
    """
    target = table.summarize(observed[None, :])[0]
    adjusted, weights, tolerance = adjust(table.scores, table.statistics, target, kept)
    drawn = adjusted[rng.choice(len(adjusted), size=n_draws, p=weights)]
    return Posterior(
        drawn,
        "regression-adjusted table of prior simulations",
        len(table.scores),
        tolerance,
        table.summarize.explained,
    )


def adjust(
    scores: Values, statistics: Values, target: Values, kept: float, prior_weights: Values | None = None
) -> tuple[Values, Values, float]:
    """Keep the simulations nearest to a target and move them onto it by local regression.

    Parameters
    ----------
    scores : ndarray of float64, shape (draw, parameter)
        Standard normal scores of the simulated parameters.
    statistics : ndarray of float64, shape (draw, parameter)
        Their statistics.
    target : ndarray of float64, shape (parameter,)
        The observed statistics.
    kept : float
        Share that is kept.
    prior_weights : ndarray of float64, shape (draw,), optional
        Importance weights; equal if omitted.

    Returns
    -------
    scores : ndarray of float64, shape (kept, parameter)
        Adjusted: z* = m(s_obs) + (z - m(s)) sd(s_obs)/sd(s), with linear m and log-linear sd; widened by the error
        of the fitted m.
    weights : ndarray of float64, shape (kept,)
        Epanechnikov weights times importance weights; their sum is 1.
    tolerance : float
        Distance of the farthest.
    """
    distance = np.sqrt(((statistics - target) ** 2).sum(axis=1))
    n = min(len(distance), max(FEWEST_KEPT, int(np.ceil(kept * len(distance)))))
    near = np.argsort(distance, kind="stable")[:n]
    tolerance = float(distance[near[-1]])
    weights = 1 - (distance[near] / (tolerance * (1 + 1e-9))) ** 2 if tolerance > 0 else np.ones(n)
    weights = np.maximum(weights, 1e-12)
    if prior_weights is not None:
        weights = weights * prior_weights[near]
    weights = weights / weights.sum()
    offset = statistics[near] - target
    design = np.concatenate([np.ones((n, 1)), offset], axis=1)
    center = _weighted_fit(design, scores[near], weights)
    residual = scores[near] - design @ center
    log_square = np.log(np.maximum(residual**2, 1e-12))
    log_variance = _weighted_fit(design, log_square, weights)
    effective = 1 / float((weights**2).sum())
    residual = residual * float(np.sqrt((effective + 1) / max(effective - design.shape[1], 1.0)))
    pull = np.clip(-(offset @ log_variance[1:]) / 2, -np.log(_LARGEST_PULL), np.log(_LARGEST_PULL))
    adjusted = np.asarray(center[0] + residual * np.exp(pull), dtype=np.float64)
    return adjusted, weights, tolerance


def _weighted_fit(design: Values, targets: Values, weights: Values) -> Values:
    root = np.sqrt(weights)[:, None]
    return np.asarray(np.linalg.lstsq(design * root, targets * root, rcond=1e-8)[0], dtype=np.float64)


def sequentially(
    table: Table,
    observed: Values,
    simulate: Simulate,
    n_draws: int,
    rng: np.random.Generator,
    plan: Rounds | None = None,
) -> Posterior:
    """Draw from the posterior by a population of particles that moves toward the observation.

    Parameters
    ----------
    table : Table
        Prior simulations: the first round, from which the statistics are learned.
    observed : ndarray of float64, shape (raw,)
        What was observed.
    simulate : callable
        From a batch's name and scores to raw summaries.
    n_draws : int
        Number of draws.
    rng : numpy.random.Generator
        Chance of proposals and draws.
    plan : Rounds, optional
        Size of the population and when to stop.

    Returns
    -------
    Posterior
        Equally weighted draws, and the rounds.
    """
    plan = plan or Rounds()
    target = table.summarize(observed[None, :])[0]
    distance = _distance(table.statistics, target)
    near = np.argsort(distance, kind="stable")[: plan.n_particles]
    population = _Population(
        table.scores[near], table.statistics[near], distance[near], np.full(len(near), 1 / len(near))
    )
    n_simulations, stopped = len(table.scores), "all rounds were run"
    rounds = [population.entry(n_simulations, len(near) / len(table.scores))]
    for number in range(1, plan.most_rounds + 1):
        expected = (
            int(plan.n_particles / max(rounds[-1]["acceptance"] / 2, 0.05))
            if number > 1
            else plan.n_particles
        )
        if n_simulations + expected > plan.most_simulations:
            stopped = "the simulations allowed were used"
            break
        tolerance = float(np.median(population.distances))
        room = plan.most_simulations - n_simulations
        following, n_run = _next_round(
            population, tolerance, number, plan, room, table, target, simulate, rng
        )
        n_simulations += n_run
        if following is None:
            stopped = f"fewer than {plan.least_acceptance:.0%} of proposals were accepted, or no simulations were left"
            break
        population = following
        rounds.append(population.entry(n_run, plan.n_particles / n_run))
    adjusted, weights, tolerance = adjust(
        population.scores, population.statistics, target, 1.0, population.weights
    )
    drawn = adjusted[rng.choice(len(adjusted), size=n_draws, p=weights)]
    method = f"sequential Monte Carlo, {counted(len(rounds), 'round')}, regression-adjusted"
    return Posterior(
        drawn, method, n_simulations, tolerance, table.summarize.explained, tuple(rounds), stopped
    )


@dataclass(frozen=True, eq=False)
class _Population:
    scores: Values
    statistics: Values
    distances: Values
    weights: Values

    def entry(self, n_run: int, acceptance: float) -> dict[str, float]:
        effective = 1 / float((self.weights**2).sum())
        return {
            "tolerance": float(self.distances.max()),
            "simulations": n_run,
            "acceptance": acceptance,
            "effective": effective,
        }


def _next_round(
    population: _Population,
    tolerance: float,
    number: int,
    plan: Rounds,
    room: int,
    table: Table,
    target: Values,
    simulate: Simulate,
    rng: np.random.Generator,
) -> tuple[_Population | None, int]:
    """Propose, simulate and accept until the population is full; None where that fails."""
    n_parameters = population.scores.shape[1]
    centered = population.scores - population.weights @ population.scores
    covariance = 2 * (centered * population.weights[:, None]).T @ centered + 1e-10 * np.eye(n_parameters)
    factor: Values = np.linalg.cholesky(covariance).astype(np.float64)
    accepted: list[tuple[Values, Values, Values]] = []
    n_accepted = n_run = 0
    while n_accepted < plan.n_particles:
        if n_run + plan.n_particles > room:
            return None, n_run
        if n_run >= 5 * plan.n_particles and n_accepted < plan.least_acceptance * n_run:
            return None, n_run
        parents = rng.choice(len(population.scores), size=plan.n_particles, p=population.weights)
        proposed = (
            population.scores[parents] + rng.standard_normal((plan.n_particles, n_parameters)) @ factor.T
        )
        raw = simulate(f"round-{number:03d}-{n_run // plan.n_particles:04d}", proposed)
        n_run += plan.n_particles
        statistics = table.summarize(np.where(np.isfinite(raw), raw, 0.0))
        distance = np.where(np.isfinite(raw).all(axis=1), _distance(statistics, target), np.inf)
        good = distance <= tolerance
        n_accepted += int(good.sum())
        accepted.append((proposed[good], statistics[good], distance[good]))
    scores, statistics, distances = (
        np.concatenate([part[k] for part in accepted])[: plan.n_particles] for k in range(3)
    )
    weights = _importance(scores, population, factor)
    return _Population(scores, statistics, distances, weights), n_run


def _importance(scores: Values, population: _Population, factor: Values) -> Values:
    """Return prior density over the density of having been proposed."""
    whitened = np.linalg.solve(
        factor, (scores[:, None, :] - population.scores[None]).reshape(-1, scores.shape[1]).T
    )
    exponent = -(whitened**2).sum(axis=0).reshape(len(scores), -1) / 2 + np.log(population.weights)
    top = exponent.max(axis=1)
    log_density = top + np.log(np.exp(exponent - top[:, None]).sum(axis=1))
    log_weight = -(scores**2).sum(axis=1) / 2 - log_density
    weights = np.exp(log_weight - log_weight.max())
    normalized: Values = weights / weights.sum()
    return normalized


def _distance(statistics: Values, target: Values) -> Values:
    distance: Values = np.sqrt(((statistics - target) ** 2).sum(axis=1))
    return distance
