r"""Sensitivity indices by SALib, with intervals, and guards for what goes wrong silently.

* Sobol: y = f(x) with independent factors. First order S = V(E(y | x_i)) / V(y), the share of variance that
  knowing the factor alone would remove; total T, the share that would remain if all others were known.
  Estimators of Saltelli et al. (2010) on scrambled Sobol points, N (D + 2) of them.
* Morris: elementary effects along N trajectories of D + 1 points on a grid; mu* is their mean size over the
  unit range of a factor, sigma their spread (interaction, curvature).

Guards: N must be a power of two, or the balance of Sobol points is lost; a seed of 0 is a seed (SALib takes it
for none in places); an outcome that does not vary has no indices (SALib divides by its variance); an index
whose interval reaches 0, as every negative estimate's should, is told apart from none; few points are told.

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

from simulator.errors import Fault, ScenarioError
from simulator.experiment.sampling import Values

#: Levels of the grid of Morris trajectories.
MORRIS_LEVELS = 4
#: Resamples behind each interval.
N_RESAMPLES = 500
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
    """Elementary effects of one factor over its range: mean, mean size with its interval, and spread."""

    factor: str
    mu: float
    mu_star: float
    mu_star_lower: float
    mu_star_upper: float
    sigma: float
    is_inert: bool

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
        """Whether the factor does next to nothing."""
        if self.mu_star == 0:
            return "no effect at all"
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
    values: Values, names: tuple[str, ...], *, confidence: float = 0.95, seed: int = 0
) -> Indices:
    """Return Sobol indices with intervals.

    Parameters
    ----------
    values : ndarray of float64, shape (N (D + 2),)
        Outcomes at the points of :func:`sobol_points`.
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
    total = np.quantile(found["ST_conf_all"], [tail, 1 - tail], axis=0)
    indices = tuple(
        SobolIndex(
            name,
            float(found["S1"][j]),
            float(first[0, j]),
            float(first[1, j]),
            float(found["ST"][j]),
            float(total[0, j]),
            float(total[1, j]),
        )
        for j, name in enumerate(names)
    )
    return Indices(indices, _sobol_warnings(indices, len(values) // (len(names) + 2)))


def morris_indices(
    points: Values, values: Values, names: tuple[str, ...], *, confidence: float = 0.95, seed: int = 0
) -> Indices:
    """Return elementary effects with intervals.

    Parameters
    ----------
    points : ndarray of float64, shape (N (D + 1), D)
        From :func:`morris_points`.
    values : ndarray of float64, shape (N (D + 1),)
        Outcomes at the points.
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
    indices = tuple(
        MorrisIndex(
            name,
            float(found["mu"][j]),
            float(size[j]),
            max(0.0, float(size[j] - half[j])),
            float(size[j] + half[j]),
            float(found["sigma"][j]),
            bool(size[j] + half[j] <= _INERT * largest),
        )
        for j, name in enumerate(names)
    )
    notes = []
    if largest == 0:
        notes.append(_CONSTANT)
    elif len(values) // (len(names) + 1) < 8:
        notes.append("Fewer than 8 trajectories: a factor that acts only in places may be missed.")
    return Indices(indices, tuple(notes))


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

    try:
        return import_module(module)
    except ImportError as error:
        remedy = "install it with: pip install 'consumer-market-simulator[sensitivity]'"
        raise ScenarioError([Fault("sensitivity", "", "the library SALib", remedy)]) from error


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
