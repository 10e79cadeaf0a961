r"""Sensitivity indices by SALib, with intervals, and guards for what goes wrong silently.

* Sobol: y = f(x) with independent factors. First order S = V(E(y | x_i)) / V(y), the share of variance that
  knowing the factor alone would remove; total T, the share that would remain if all others were known.
  Estimators of Saltelli et al. (2010) on scrambled Sobol points, N (D + 2) of them.
* Morris: elementary effects along N trajectories of D + 1 points on a grid; mu* is their mean size over the
  unit range of a factor, sigma their spread (interaction, curvature).

Guards: N must be a power of two, or the balance of Sobol points is lost; a seed of 0 is a seed (SALib takes it
for none in places); an outcome that does not vary has no indices (SALib divides by its variance); an index
whose interval reaches 0, as every negative estimate's should, is told apart from none; few points are told. What the
chance of the replicates adds to total indices and effects is subtracted or told (``sensitivity_noise``).

References
----------
Saltelli, A., Annoni, P., Azzini, I., Campolongo, F., Ratto, M. & Tarantola, S. (2010). Variance based
sensitivity analysis of model output. Computer Physics Communications 181, 259-270.
doi:10.1016/j.cpc.2009.09.018
Campolongo, F., Cariboni, J. & Saltelli, A. (2007). An effective screening design for sensitivity analysis of
large models. Environmental Modelling & Software 22, 1509-1518. doi:10.1016/j.envsoft.2006.10.004
Morris, M. D. (1991). Factorial sampling plans for preliminary computational experiments. Technometrics 33,
161-174. doi:10.1080/00401706.1991.10484804
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from simulator.errors import needing
from simulator.experiment.sampling import Values
from simulator.experiment.sensitivity_noise import N_RESAMPLES, Excess, beyond_chance, interval, stands_out

#: Levels of the grid of Morris trajectories.
MORRIS_LEVELS = 4
#: Widest interval of a Sobol index that passes without a warning, as half its width.
_WIDEST = 0.1
#: Share of the largest mean effect below which a factor counts as inert.
_INERT = 0.05


class SobolIndex(NamedTuple):
    """Sobol indices of one factor, each with its interval (bootstrap over base points)."""

    factor: str
    first: float
    first_lower: float
    first_upper: float
    total: float
    total_lower: float
    total_upper: float

    @property
    def size(self) -> float:
        """What factors are ranked by: the total index."""
        return self.total

    @property
    def matters(self) -> bool:
        """Whether the total index is shown to be above 0."""
        return self.total_lower > 0

    @property
    def note(self) -> str:
        """What cannot be told apart from nothing; empty where both indices can."""
        if self.first != self.first:
            return "undefined: the outcome does not vary"
        if self.total_lower <= 0:
            return "not distinguishable from 0"
        return "first order not distinguishable from 0" if self.first_lower <= 0 else ""


class MorrisIndex(NamedTuple):
    """Elementary effects of one factor over its range: mean, mean size with its interval, and spread.

    ``noise`` is the mean size that the chance of the replicates alone would give; ``n_trajectories`` says in how many
    trajectories the factor was moved, once in each.
    """

    factor: str
    mu: float
    mu_star: float
    mu_star_lower: float
    mu_star_upper: float
    sigma: float
    is_inert: bool
    noise: float = 0.0
    is_above_noise: bool = True
    n_trajectories: int = 0

    @property
    def size(self) -> float:
        """What factors are ranked by: the mean size of an effect."""
        return self.mu_star

    @property
    def matters(self) -> bool:
        """Whether the factor does more than next to nothing."""
        return not self.note

    @property
    def note(self) -> str:
        """Whether the factor does next to nothing, or nothing that can be told from chance."""
        if self.mu_star == 0:
            return f"nothing changed in any of {self.n_trajectories} trajectories"
        if not self.is_above_noise:
            return "not distinguishable from the chance of the replicates"
        return f"inert: below {_INERT:.0%} of the largest" if self.is_inert else ""


class Indices(NamedTuple):
    """Indices by factor, in the order of the columns, and what is doubtful about them."""

    by_factor: tuple[SobolIndex, ...] | tuple[MorrisIndex, ...]
    warnings: tuple[str, ...]


def sobol_points(n_factors: int, n_base: int, seed: int) -> Values:
    """Return points of the unit cube for Sobol indices.

    Parameters
    ----------
    n_factors : int
        D, at least 1.
    n_base : int
        N, a power of two.
    seed : int
        Of the scrambling.

    Returns
    -------
    ndarray of float64, shape (N (D + 2), D)
        In SALib's order.
    """
    sampler = import_salib("SALib.sample.sobol")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = sampler.sample(_problem(n_factors), n_base, calc_second_order=False, seed=_nonzero(seed))
    return np.clip(np.asarray(found, dtype=np.float64), 0.0, 1.0)


def morris_points(n_factors: int, n_trajectories: int, seed: int) -> Values:
    """Return points of the unit cube for elementary effects.

    Parameters
    ----------
    n_factors : int
        D, at least 1.
    n_trajectories : int
        N, at least 2.
    seed : int
        Of the trajectories.

    Returns
    -------
    ndarray of float64, shape (N (D + 1), D)
        In SALib's order.
    """
    sampler = import_salib("SALib.sample.morris")
    found = sampler.sample(_problem(n_factors), n_trajectories, num_levels=MORRIS_LEVELS, seed=_nonzero(seed))
    return np.asarray(found, dtype=np.float64)


def sobol_indices(
    outcomes: Values, names: tuple[str, ...], *, confidence: float = 0.95, seed: int = 0
) -> Indices:
    """Return Sobol indices with intervals.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (N (D + 2),) or (N (D + 2), replicate)
        Outcomes at the points of :func:`sobol_points`, in the same replicates at all of them.
    names : tuple of str
        Factors along the columns of the points.
    confidence : float
        Of each interval.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Indices
        Undefined where the outcome does not vary.
    """
    by_replicate = outcomes.reshape(len(outcomes), -1)
    values = by_replicate.mean(axis=1)
    if not _varies(values):
        nan = float("nan")
        return Indices(tuple(SobolIndex(name, *(nan,) * 6) for name in names), (_CONSTANT,))
    analyzer = import_salib("SALib.analyze.sobol")
    found = analyzer.analyze(
        _problem(len(names)),
        values,
        calc_second_order=False,
        num_resamples=N_RESAMPLES,
        conf_level=confidence,
        keep_resamples=True,
        seed=_nonzero(seed),
    )
    tail = (1 - confidence) / 2
    first = np.quantile(found["S1_conf_all"], [tail, 1 - tail], axis=0)
    totals = np.asarray(found["ST"], dtype=np.float64)
    total = np.quantile(found["ST_conf_all"], [tail, 1 - tail], axis=0)
    cube = by_replicate.reshape(-1, len(names) + 2, by_replicate.shape[1])
    excess = beyond_chance((cube[:, 1:-1] - cube[:, :1]).transpose(1, 0, 2), seed)
    if excess is not None:
        totals, *total = _totals_beyond_chance(cube.mean(axis=2), excess, confidence)
    indices = tuple(
        SobolIndex(
            name,
            float(found["S1"][j]),
            float(first[0, j]),
            float(first[1, j]),
            float(totals[j]),
            float(total[0][j]),
            float(total[1][j]),
        )
        for j, name in enumerate(names)
    )
    return Indices(indices, _sobol_warnings(indices, len(values) // (len(names) + 2)))


def _totals_beyond_chance(values: Values, excess: Excess, confidence: float) -> tuple[Values, Values, Values]:
    """Return total indices without what chance adds, and their intervals; ``values`` is (base point, 2 + factor)."""
    pair = values[:, [0, -1]]
    mean, second = (excess.weights @ part.mean(axis=1) for part in (pair, pair**2))
    totals = 0.5 * excess.square / pair.var()
    resampled = 0.5 * excess.resampled / np.maximum(second - mean**2, 1e-300)[:, None]
    return totals, *interval(totals, resampled, confidence)


def morris_indices(
    points: Values, outcomes: Values, names: tuple[str, ...], *, confidence: float = 0.95, seed: int = 0
) -> Indices:
    """Return elementary effects with intervals.

    Parameters
    ----------
    points : ndarray of float64, shape (N (D + 1), D)
        From :func:`morris_points`.
    outcomes : ndarray of float64, shape (N (D + 1),) or (N (D + 1), replicate)
        Outcomes at the points, in the same replicates at all of them.
    names : tuple of str
        Factors along the columns.
    confidence : float
        Of each interval.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Indices
        In the outcome's unit, over the whole range of each factor.
    """
    by_replicate = outcomes.reshape(len(outcomes), -1)
    values = by_replicate.mean(axis=1)
    analyzer = import_salib("SALib.analyze.morris")
    found = analyzer.analyze(
        _problem(len(names)),
        points,
        values,
        num_resamples=N_RESAMPLES,
        conf_level=confidence,
        num_levels=MORRIS_LEVELS,
        seed=_nonzero(seed),
    )
    size, half = np.asarray(found["mu_star"], float), np.asarray(found["mu_star_conf"], float)
    largest = float(size.max())
    noise, is_above = np.zeros(len(names)), np.ones(len(names), dtype=bool)
    effects = _effects(points, by_replicate, len(names))
    excess = beyond_chance(effects, seed)
    if excess is not None:
        noise = (2 / np.pi * excess.noise) ** 0.5
        is_above = stands_out(effects, excess, confidence)
    indices = tuple(
        MorrisIndex(
            name,
            float(found["mu"][j]),
            float(size[j]),
            max(0.0, float(size[j] - half[j])),
            float(size[j] + half[j]),
            float(found["sigma"][j]),
            bool(size[j] + half[j] <= _INERT * largest),
            float(noise[j]),
            bool(is_above[j]),
            effects.shape[1],
        )
        for j, name in enumerate(names)
    )
    notes = []
    if largest == 0:
        notes.append(_CONSTANT)
    elif len(values) // (len(names) + 1) < 8:
        notes.append("Fewer than 8 trajectories: a factor that acts only in places may be missed.")
    return Indices(indices, tuple(notes))


def _effects(points: Values, by_replicate: Values, n_factors: int) -> Values:
    """Return elementary effects of trajectories; shape (factor, trajectory, replicate)."""
    moves = np.diff(points.reshape(-1, n_factors + 1, n_factors), axis=1)
    changes = np.diff(by_replicate.reshape(len(moves), n_factors + 1, -1), axis=1)
    factor = np.abs(moves).argmax(axis=2)
    found = np.empty((n_factors, len(moves), by_replicate.shape[1]))
    rows = np.arange(len(moves))
    for step in range(n_factors):
        own = factor[:, step]
        found[own, rows] = changes[:, step] / moves[rows, step, own][:, None]
    return found


_CONSTANT = "The outcome does not vary over the factors: there is nothing to explain."


def _sobol_warnings(indices: tuple[SobolIndex, ...], n_base: int) -> tuple[str, ...]:
    notes = []
    widest = max(max(i.first_upper - i.first_lower, i.total_upper - i.total_lower) / 2 for i in indices)
    if widest > _WIDEST:
        enough = 2 ** int(np.ceil(np.log2(n_base * (widest / _WIDEST) ** 2)))
        notes.append(
            f"The widest interval of an index is +- {widest:.2f}: {n_base} base points are few; about {enough} "
            f"would bring it to +- {_WIDEST}."
        )
    total = sum(i.first for i in indices)
    slack = sum(((i.first_upper - i.first_lower) / 2) ** 2 for i in indices) ** 0.5
    if total > 1 + slack:
        notes.append(f"First-order indices add up to {total:.2f}, more than 1: more points are needed.")
    for i in indices:
        if i.first_lower > i.total_upper:
            notes.append(
                f"The first-order index of {i.factor} exceeds its total one: more points are needed."
            )
    return tuple(notes)


def import_salib(module: str) -> Any:
    """Return a module of SALib.

    Raises
    ------
    ScenarioError
        If it is not installed, with the command that installs it.
    """
    from importlib import import_module

    with needing("the library SALib", "sensitivity", "sensitivity"):
        return import_module(module)


def _problem(n_factors: int) -> dict[str, Any]:
    return {
        "num_vars": n_factors,
        "names": [f"x{j}" for j in range(n_factors)],
        "bounds": [[0.0, 1.0]] * n_factors,
    }


def _nonzero(seed: int) -> int:
    """Return a seed that SALib does not take for none."""
    return seed + 1


def _varies(values: Values) -> bool:
    return bool(np.ptp(values) > 1e-12 * max(1e-300, float(np.abs(values).max())))
