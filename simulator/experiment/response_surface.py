"""A response surface under noise: Gaussian-process regression with a Matérn kernel.

References
----------
Jones, D. R., Schonlau, M. & Welch, W. J. (1998). Efficient global optimization of expensive black-box functions.
Journal of Global Optimization 13, 455-492.
Rasmussen, C. E. & Williams, C. K. I. (2006). Gaussian Processes for Machine Learning. MIT Press.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
_SCALES = (0.05, 20.0)


@dataclass(frozen=True, eq=False)
class ResponseSurface:
    """A fitted surface.

    Parameters
    ----------
    features : ndarray of float64, shape (point, feature)
        Where it was observed.
    center, spread : float
        Standardization of the observations.
    scales : ndarray of float64, shape (feature,)
        Length over which the response changes, by feature.
    amplitude : float
        Prior variance of the standardized response.
    nugget : float
        Standardized variance beyond the stated noise.
    factor : ndarray of float64, shape (point, point)
        Cholesky factor of the observations' covariance.
    weights : ndarray of float64, shape (point,)
        Inverse covariance times standardized observations.
    """

    features: Values
    center: float
    spread: float
    scales: Values
    amplitude: float
    nugget: float
    factor: Values
    weights: Values

    def predict(self, features: Values) -> tuple[Values, Values]:
        """Return mean and standard deviation of the response without noise.

        Parameters
        ----------
        features : ndarray of float64, shape (place, feature)
            Where to predict.

        Returns
        -------
        mean, sd : ndarray of float64, shape (place,)
            In the unit of the observations.
        """
        from scipy.linalg import solve_triangular

        cross = self.amplitude * _matern(features, self.features, self.scales)
        mean = self.center + self.spread * (cross @ self.weights)
        solved = solve_triangular(self.factor, cross.T, lower=True)
        variance = np.maximum(self.amplitude - (solved**2).sum(axis=0), 1e-12)
        return mean, self.spread * np.sqrt(variance)


def fit_surface(
    features: Values, responses: Values, noise: Values, like: ResponseSurface | None = None
) -> ResponseSurface:
    """Fit a surface by maximum marginal likelihood, with a weak prior on the lengths.

    Parameters
    ----------
    features : ndarray of float64, shape (point, feature)
        Points, each feature in about 0 … 1.
    responses : ndarray of float64, shape (point,)
        Observed means.
    noise : ndarray of float64, shape (point,)
        Variances of their errors, same unit squared.
    like : ResponseSurface, optional
        A surface whose lengths, amplitude and standardization are taken over instead of fitted.

    Returns
    -------
    ResponseSurface
        The surface.
    """
    center = like.center if like else float(np.median(responses))
    spread = like.spread if like else float(responses.std()) or 1.0
    target, error = (responses - center) / spread, noise / spread**2
    if like is not None:
        scales, amplitude, nugget = like.scales, like.amplitude, like.nugget
    else:
        theta = _most_evident(features, target, error)
        scales, amplitude, nugget = theta[:-2], float(theta[-2]), float(theta[-1])
    covariance = amplitude * _matern(features, features, scales) + np.diag(error + nugget + 1e-8)
    factor = np.asarray(np.linalg.cholesky(covariance), np.float64)
    weights = np.asarray(np.linalg.solve(factor.T, np.linalg.solve(factor, target)), np.float64)
    return ResponseSurface(features, center, spread, scales, amplitude, nugget, factor, weights)


def _most_evident(features: Values, target: Values, error: Values) -> Values:
    """Return lengths, amplitude and nugget with the largest marginal likelihood."""
    from scipy.optimize import minimize

    n_features = features.shape[1]
    start = np.log(np.concatenate([np.full(n_features, 0.6), [1.0, 0.01]]))
    bounds = [tuple(np.log(_SCALES))] * n_features + [(np.log(0.05), np.log(50.0)), (np.log(1e-6), 0.0)]
    found = minimize(
        _negative_evidence,
        start,
        args=(features, target, error),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 60},
    )
    return np.asarray(np.exp(found.x), np.float64)


def _negative_evidence(
    theta: Values, features: Values, target: Values, error: Values
) -> tuple[float, Values]:
    """Return minus the log marginal likelihood, weak priors included, and its gradient in the logarithms."""
    values = np.exp(theta)
    scales, amplitude, nugget = values[:-2], values[-2], values[-1]
    squares = ((features[:, None, :] - features[None]) / scales) ** 2
    distance = np.sqrt(5 * squares.sum(axis=2))
    decay = np.exp(-distance)
    correlation = (1 + distance + distance**2 / 3) * decay
    covariance = amplitude * correlation + np.diag(error + nugget + 1e-8)
    inverse = np.linalg.inv(covariance)
    weights = inverse @ target
    inner = 0.5 * (inverse - np.outer(weights, weights))
    slope = np.empty(len(theta))
    common = inner * amplitude * (5 / 3) * (1 + distance) * decay
    slope[:-2] = np.einsum("ij,ijk->k", common, squares)
    slope[-2] = amplitude * (inner * correlation).sum()
    slope[-1] = nugget * np.trace(inner)
    prior = np.concatenate([theta[:-2] - np.log(0.7), [0.0, (theta[-1] + 6) / 9]])
    penalty = 0.5 * float((prior[:-2] ** 2).sum()) + 0.5 * (float(theta[-1]) + 6) ** 2 / 9
    evidence = 0.5 * float(target @ weights) + 0.5 * float(np.linalg.slogdet(covariance)[1])
    return evidence + penalty, slope + prior


def _matern(a: Values, b: Values, scales: Values) -> Values:
    """Return the Matérn correlation of smoothness 5/2; shape (a, b)."""
    difference = (a[:, None, :] - b[None]) / scales
    distance = np.sqrt(5 * (difference**2).sum(axis=2))
    correlation: Values = (1 + distance + distance**2 / 3) * np.exp(-distance)
    return correlation


def expected_improvement(mean: Values, sd: Values, best: float) -> Values:
    """Return the expected improvement over the best mean so far (Jones, Schonlau & Welch 1998).

    Parameters
    ----------
    mean, sd : ndarray of float64
        Prediction at candidates.
    best : float
        Largest predicted mean at a point already tried.

    Returns
    -------
    ndarray of float64
        >= 0, in the unit of the response.
    """
    from scipy.special import ndtr

    z = (mean - best) / sd
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    improvement: Values = (mean - best) * ndtr(z) + sd * density
    return np.maximum(improvement, 0.0)
