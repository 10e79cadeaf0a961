"""Learned summary statistics: one number per free parameter, from whatever is observed.

Approximate Bayesian computation compares simulated with observed summaries, and is the better the fewer they are.
The best single summary of a parameter is its posterior mean; a regression of the parameters on the raw summaries,
over simulations from the prior, estimates it (semi-automatic approximate Bayesian computation).

References
----------
Fearnhead, P. & Prangle, D. (2012). Constructing summary statistics for approximate Bayesian computation:
semi-automatic approximate Bayesian computation. Journal of the Royal Statistical Society B 74(3), 419-474.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
_PENALTIES = (1e-6, 1e-3, 1e-2, 1e-1, 1.0, 10.0)


@dataclass(frozen=True, eq=False)
class Summarizer:
    """Turns raw summaries into as many statistics as there are free parameters.

    Parameters
    ----------
    center, scale : ndarray of float64, shape (raw,)
        Standardization of raw summaries: median and spread over the prior simulations.
    coefficients : ndarray of float64, shape (feature, parameter)
        Regression of the parameters' scores on the features.
    spread : ndarray of float64, shape (parameter,)
        Standard deviation of the statistics over the prior simulations' residuals.
    explained : ndarray of float64, shape (parameter,)
        Share of each score's prior variance that the regression explains, on folds left out.
    """

    center: Values
    scale: Values
    coefficients: Values
    spread: Values
    explained: Values

    def __call__(self, raw: Values) -> Values:
        """Return statistics in units of their residual spread; shapes (draw, raw) -> (draw, parameter)."""
        statistics: Values = _features((raw - self.center) / self.scale) @ self.coefficients / self.spread
        return statistics


def learn_summaries(scores: Values, raw: Values, folds: int = 5) -> tuple[Summarizer, Values]:
    """Regress parameters' scores on raw summaries, their squares and cubes, with a ridge penalty.

    Parameters
    ----------
    scores : ndarray of float64, shape (draw, parameter)
        Standard normal scores of parameters drawn from the prior.
    raw : ndarray of float64, shape (draw, raw)
        Simulated summaries, finite.
    folds : int
        Parts of the simulations on which the penalty is chosen.

    Returns
    -------
    summarizer : Summarizer
        For new observations.
    statistics : ndarray of float64, shape (draw, parameter)
        Of the simulations themselves, each by a regression on the other folds: one that had seen the draw would
        flatter the statistics, and the posterior would come out too narrow.
    """
    center = np.median(raw, axis=0)
    scale = 1.4826 * np.median(np.abs(raw - center), axis=0)
    scale = np.where(scale > 0, scale, raw.std(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    features = _features((raw - center) / scale)
    fold = np.arange(len(features)) % folds
    losses, predictions = [], []
    for penalty in _PENALTIES:
        predicted = np.zeros_like(scores)
        for k in range(folds):
            fitted = _ridge(features[fold != k], scores[fold != k], penalty)
            predicted[fold == k] = features[fold == k] @ fitted
        predictions.append(predicted)
        losses.append(((scores - predicted) ** 2).mean(axis=0))
    best = int(np.argmin([loss.sum() for loss in losses]))
    coefficients = _ridge(features, scores, _PENALTIES[best])
    explained = np.clip(1 - losses[best] / scores.var(axis=0), 0.0, 1.0)
    spread = np.sqrt(np.maximum(losses[best], 1e-12))
    return Summarizer(center, scale, coefficients, spread, explained), predictions[best] / spread


def _features(standard: Values) -> Values:
    """Return a constant, bounded linear terms, squares and cubes of standardized summaries."""
    bounded = np.arcsinh(standard)
    return np.concatenate([np.ones((len(bounded), 1)), bounded, bounded**2 / 2, bounded**3 / 6], axis=1)


def _ridge(features: Values, targets: Values, penalty: float) -> Values:
    spread = features.std(axis=0)
    spread[spread == 0] = 1.0
    scaled = features / spread
    weight = np.full(features.shape[1], penalty * len(features))
    weight[0] = 0.0
    gram = scaled.T @ scaled + np.diag(weight) + 1e-9 * len(features) * np.eye(len(weight))
    solution: Values = np.linalg.solve(gram, scaled.T @ targets) / spread[:, None]
    return solution
