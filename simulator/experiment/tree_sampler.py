"""Proposals by a tree of Parzen estimators, from the library optuna.

References
----------
Bergstra, J., Bardenet, R., Bengio, Y. & Kégl, B. (2011). Algorithms for hyper-parameter optimization. Advances in Neural
Information Processing Systems 24, 2546-2554.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import needing

Values = NDArray[np.float64]


def import_optuna() -> Any:
    """Return the library optuna.

    Raises
    ------
    ScenarioError
        If it is not installed, with the command that installs it.
    """
    with needing(
        "the library optuna", "optimize", "optimize(method='tpe')", instead="use the method surface"
    ):
        import optuna
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def propose(
    points: Values, responses: Values, n: int, seed: int, is_feasible: Callable[[Values], bool]
) -> Values:
    """Return new points, given what was tried.

    Parameters
    ----------
    points : ndarray of float64, shape (point, coordinate)
        Tried points, coordinates in 0 … 1.
    responses : ndarray of float64, shape (point,)
        Their responses; larger is better.
    n : int
        Number of proposals.
    seed : int
        Seed of the sampler: the same history and seed give the same proposals.
    is_feasible : callable
        Whether a point is allowed.

    Returns
    -------
    ndarray of float64, shape (at most n, coordinate)
        Proposals.
    """
    import warnings

    optuna = import_optuna()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.TPESampler(
            seed=seed, multivariate=True, constant_liar=True, n_startup_trials=1
        )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    laws = {f"u{k:03d}": optuna.distributions.FloatDistribution(0.0, 1.0) for k in range(points.shape[1])}
    for point, response in zip(points, responses, strict=True):
        values = dict(zip(laws, (float(u) for u in point), strict=True))
        study.add_trial(optuna.trial.create_trial(params=values, distributions=laws, value=float(response)))
    found: list[Values] = []
    for _ in range(20 * n):
        trial = study.ask(laws)
        point = np.array([trial.params[name] for name in laws])
        if is_feasible(point):
            found.append(point)
        else:
            study.tell(trial, float(responses.min()))
        if len(found) == n:
            break
    return np.array(found).reshape(-1, points.shape[1])
