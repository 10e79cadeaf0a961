"""Designs: at which points of its factors an experiment is run.

Every kind returns values of factors by point. Space-filling kinds are drawn in the unit cube and mapped through
each factor's quantiles, so that numbers, choices and distributions can be mixed.

References
----------
McKay, M. D., Beckman, R. J. & Conover, W. J. (1979). A comparison of three methods for selecting values of
input variables in the analysis of output from a computer code. Technometrics 21, 239-245.
Owen, A. B. (1998). Scrambling Sobol' and Niederreiter-Xing points. Journal of Complexity 14, 466-489.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.experiment.factors import Factor, factor_faults, overrides_at, shares_to_values
from simulator.experiment.fractional import fraction, generator_faults
from simulator.outcomes.trajectories import unknown
from simulator.outcomes.wording import counted
from simulator.scenario.wording import listed

KINDS = ("full_factorial", "fractional_factorial", "latin_hypercube", "sobol", "one_at_a_time", "points")
MOST_POINTS = 1_000_000
_MOST_SOBOL = 2**20


@dataclass(frozen=True)
class Point:
    """One design point.

    Parameters
    ----------
    factors : mapping
        Value by the factor's name.
    overrides : mapping
        Value by dotted path of the scenario.
    """

    factors: Mapping[str, Any]
    overrides: Mapping[str, Any]


def design_points(
    kind: str,
    factors: Sequence[Factor] = (),
    *,
    n_points: int | None = None,
    seed: int = 0,
    generators: Sequence[str] = (),
    points: Sequence[Mapping[str, Any]] = (),
    place: str = "design",
) -> list[Point]:
    """Return the points of a design.

    Parameters
    ----------
    kind : str
        ``full_factorial``: every combination of levels. ``fractional_factorial``: two levels, by generators.
        ``latin_hypercube``, ``sobol`` (scrambled): ``n_points`` points that fill the space.
        ``one_at_a_time``: the scenario as it is, then each factor at each of its levels while the others stay
        as the scenario has them. ``points``: those that are given.
    factors : sequence of Factor
        What varies; none for ``points``.
    n_points : int, optional
        Number of points of a space-filling kind; a power of two for ``sobol``.
    seed : int
        Seed of a space-filling kind; it has nothing to do with the simulation's.
    generators : sequence of str
        Of a fractional factorial; see :mod:`simulator.experiment.fractional`.
    points : sequence of mapping
        Values by dotted path, of the kind ``points``.
    place : str
        Where the design stands, for messages.

    Returns
    -------
    list of Point
        Without factors, one point that changes nothing.

    Raises
    ------
    ScenarioError
        With every fault.

    Examples
    --------
    >>> price = Factor("price", ("brands.Ours.price",), "levels", (9.0, 11.0))
    >>> [point.overrides for point in design_points("full_factorial", [price])]
    [{'brands.Ours.price': 9.0}, {'brands.Ours.price': 11.0}]
    """
    faults = _faults(kind, tuple(factors), n_points, generators, points, place)
    if faults:
        raise ScenarioError(faults)
    if kind == "points":
        return [Point(dict(point), dict(point)) for point in points]
    by_name = {factor.name: factor for factor in factors}
    if kind == "full_factorial":
        values = full_factorial(factors)
    elif kind == "fractional_factorial":
        signs = fraction(len(factors), generators).signs
        ends = [factor.two_levels or (None, None) for factor in factors]
        values = [
            {factor.name: end[int(sign > 0)] for factor, end, sign in zip(factors, ends, row, strict=True)}
            for row in signs
        ]
    elif kind == "one_at_a_time":
        values = one_at_a_time(factors)
    else:
        values = shares_to_values(tuple(factors), unit_points(kind, n_points or 1, len(factors), seed))
    return [Point(value, overrides_at(by_name, value)) for value in values]


def full_factorial(factors: Sequence[Factor]) -> list[dict[str, Any]]:
    """Return every combination of levels; the last factor changes fastest."""
    levels = [_levels(factor) for factor in factors]
    return [dict(zip([f.name for f in factors], row, strict=True)) for row in product(*levels)]


def one_at_a_time(factors: Sequence[Factor]) -> list[dict[str, Any]]:
    """Return the point that changes nothing, then each factor at each of its levels alone."""
    values: list[dict[str, Any]] = [{}]
    values += [{factor.name: level} for factor in factors for level in _levels(factor)]
    return values


def unit_points(kind: str, n_points: int, n_factors: int, seed: int) -> Any:
    """Return points of the unit cube.

    Parameters
    ----------
    kind : {"sobol", "latin_hypercube"}
        Scrambled Sobol points, or a Latin hypercube with random places within its strata.
    n_points, n_factors : int
        Shape.
    seed : int
        At least 0.

    Returns
    -------
    ndarray of float64, shape (point, factor)
        From 0 to below 1.
    """
    from scipy.stats import qmc

    sampler: Any = qmc.Sobol if kind == "sobol" else qmc.LatinHypercube
    keyword = "rng" if "rng" in inspect.signature(sampler).parameters else "seed"
    drawn = sampler(d=n_factors, scramble=True, **{keyword: np.random.default_rng(seed)})
    return drawn.random(n_points)


def _levels(factor: Factor) -> tuple[Any, ...]:
    if factor.kind == "levels":
        return factor.levels
    return factor.two_levels or ()


def _faults(
    kind: str,
    factors: tuple[Factor, ...],
    n_points: int | None,
    generators: Sequence[str],
    points: Sequence[Mapping[str, Any]],
    place: str,
) -> list[Fault]:
    if kind not in KINDS:
        return [unknown(f"{place}.kind", kind, KINDS)]
    faults = [fault for k, factor in enumerate(factors) for fault in factor_faults(f"factors[{k}]", factor)]
    names = [factor.name for factor in factors]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults += [Fault("factors", f"{listed([name])} twice", "each name once") for name in twice]
    paths = [path for factor in factors for path in factor.paths]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    faults += [Fault("factors", f"{listed([path])} twice", "each path in one factor") for path in twice]
    if kind == "points":
        if factors:
            faults.append(Fault("factors", counted(len(factors), "factor"), "none where points are listed"))
        if not points:
            faults.append(Fault("points", "nothing", "at least one [[points]]"))
    elif points:
        faults.append(Fault("points", counted(len(points), "point"), f"none with the kind {kind}"))
    if kind in ("sobol", "latin_hypercube"):
        return faults + _filling_faults(kind, factors, n_points, place)
    if n_points is not None:
        faults.append(Fault(f"{place}.points", str(n_points), f"nothing: {kind} has a number of its own"))
    if kind == "fractional_factorial":
        faults += _two_level_faults(factors)
        if not generators:
            faults.append(Fault(f"{place}.generators", "nothing", "at least one, such as C=AB"))
        return faults + generator_faults(f"{place}.generators", len(factors), generators)
    if kind in ("full_factorial", "one_at_a_time"):
        faults += _level_faults(kind, factors)
    return faults


def _filling_faults(kind: str, factors: tuple[Factor, ...], n: int | None, place: str) -> list[Fault]:
    faults = []
    if not factors:
        faults.append(Fault("factors", "nothing", f"at least one factor for {kind}"))
    most = _MOST_SOBOL if kind == "sobol" else MOST_POINTS
    if n is None or not 1 <= n <= most:
        got = "" if n is None else str(n)
        faults.append(Fault(f"{place}.points", got, f"a whole number from 1 to {most}"))
    elif kind == "sobol" and n & (n - 1):
        near = 2 ** (n.bit_length() - 1)
        remedy = f"use {near} or {2 * near}"
        faults.append(
            Fault(f"{place}.points", str(n), "a power of two, on which Sobol points balance", remedy)
        )
    return faults


def _two_level_faults(factors: tuple[Factor, ...]) -> list[Fault]:
    return [
        Fault(f"factors[{k}]", f"{factor.name} without two levels", "two levels, or a low and a high end")
        for k, factor in enumerate(factors)
        if factor.two_levels is None
    ]


def _level_faults(kind: str, factors: tuple[Factor, ...]) -> list[Fault]:
    faults = [
        Fault(f"factors[{k}]", f"{factor.name} without levels", "levels, or a low and a high end")
        for k, factor in enumerate(factors)
        if not _levels(factor) and factor.kind != "levels"
    ]
    n = np.prod([float(max(len(_levels(factor)), 1)) for factor in factors])
    if kind == "full_factorial" and n > MOST_POINTS:
        faults.append(Fault("factors", f"{n:,.0f} combinations", f"at most {MOST_POINTS:,}", "use sobol"))
    return faults
