"""Quantiles and fixed points of Student's law in one and several dimensions.

The points are those of Richtmyer's rule, the fractional parts of multiples of the square roots of primes:
they fill the cube evenly, and the same question always gets the same answer.

References
----------
Genz, A. & Bretz, F. (2009). Computation of Multivariate Normal and t Probabilities. Lecture Notes in
Statistics 195. Springer. doi:10.1007/978-3-642-01689-9
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

#: Points of the quasi-Monte Carlo rule; the error of a 95 % level is about 0.002.
N_POINTS = 16_384


def student_quantile(confidence: float, freedom: int) -> float:
    """Return the two-sided critical value of Student's law."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + confidence / 2))


def quantile_of_largest(
    correlation: Values, freedom: int, level: float, *, is_absolute: bool = True
) -> float:
    """Return the quantile of the largest coordinate of a multivariate t, absolute or with its sign.

    Parameters
    ----------
    correlation : ndarray of float64, shape (d, d)
        Positive semidefinite, ones on the diagonal.
    freedom : int
        Degrees of freedom.
    level : float
        Probability, between 0 and 1.
    is_absolute : bool
        Whether coordinates are compared without their signs (two-sided).

    Returns
    -------
    float
        Quantile.
    """
    factor = covariance_factor(correlation)
    normals, scale = student_points(len(factor), freedom)
    parts = [block @ factor for block in np.split(normals, 16)]
    largest = [(np.abs(part) if is_absolute else part).max(axis=1) for part in parts]
    return float(np.quantile(np.concatenate(largest) * scale, level))


def covariance_factor(covariance: Values) -> Values:
    """Return F with F'F = a covariance, of as few rows as its rank (Cholesky with pivoting).

    Parameters
    ----------
    covariance : ndarray of float64, shape (d, d)
        Positive semidefinite and not zero.

    Returns
    -------
    ndarray of float64, shape (rank, d)
        Standard normal rows times F have the covariance.
    """
    rest = np.diag(covariance).copy()
    negligible = 1e-10 * rest.max()
    rows: list[Values] = []
    while len(rows) < len(rest):
        pivot = int(rest.argmax())
        if rest[pivot] <= negligible:
            break
        explained = sum((row[pivot] * row for row in rows), start=np.zeros_like(rest))
        row = (covariance[pivot] - explained) / rest[pivot] ** 0.5
        rest -= row**2
        rest[pivot] = 0.0
        rows.append(row)
    return np.stack(rows)


@lru_cache(maxsize=32)
def student_points(dimension: int, freedom: int) -> tuple[Values, Values]:
    """Return fixed normal points, and the factors that turn them into points of a multivariate t.

    Parameters
    ----------
    dimension : int
        Coordinates of a point.
    freedom : int
        Degrees of freedom.

    Returns
    -------
    normals : ndarray of float64, shape (N_POINTS, dimension)
        Independent standard normal coordinates.
    scale : ndarray of float64, shape (N_POINTS,)
        Factor of each point.
    """
    from scipy.special import gammaincinv, ndtri

    roots = np.sqrt(np.array(_primes(dimension + 1), dtype=np.float64))
    index = np.arange(1, N_POINTS + 1, dtype=np.float64)[:, None]
    uniform = np.clip((index * roots + 0.5) % 1.0, 1e-12, 1 - 1e-12)
    chi_squared = 2.0 * gammaincinv(freedom / 2.0, uniform[:, 0])
    return ndtri(uniform[:, 1:]), np.sqrt(freedom / chi_squared)


def _primes(count: int) -> list[int]:
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found
