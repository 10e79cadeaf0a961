r"""Estimates of the Bass model from a series of adopters, by named estimators.

The share of the market potential :math:`m` that has adopted by time :math:`t` is

.. math:: F(t) = \frac{1 - e^{-(p+q)t}}{1 + (q/p)\, e^{-(p+q)t}}

with the coefficient of innovation :math:`p` and of imitation :math:`q`, both per period. Estimators differ by a
factor of two in :math:`p` on the same series, so every result names its own:

``ols``
    Ordinary least squares of adopters on past cumulative adopters and their square, as in Bass (1969). Its p and
    q belong to the discrete recursion :math:`n_t = (p + q\,N_{t-1}/m)(m - N_{t-1})`.
``nls``
    Nonlinear least squares of adopters on :math:`m(F(t) - F(t-1))`, as in Srinivasan & Mason (1986). Its standard
    errors, like those of ``ols``, take the periods' errors as independent and of one size: in series that run above the
    curve for years and then below it they are too small. In series that end before or shortly after the peak, m is
    estimated too small and q too large (Van den Bulte & Lilien 1997).
``mle``
    Maximum likelihood of the times of adoption, grouped by period, as in Schmittlein & Mahajan (1982). Its standard
    errors hold sampling error alone and are therefore too small wherever the curve itself is only roughly right.

References
----------
Bass, F. M. (1969). A new product growth for model consumer durables. Management Science 15(5), 215-227.
Schmittlein, D. C. & Mahajan, V. (1982). Maximum likelihood estimation for an innovation diffusion model of new
product acceptance. Marketing Science 1(1), 57-78.
Srinivasan, V. & Mason, C. H. (1986). Nonlinear least squares estimation of new product diffusion models. Marketing
Science 5(2), 169-178.
Van den Bulte, C. & Lilien, G. L. (1997). Bias and systematic change in the parameter estimates of macro-level diffusion
models. Marketing Science 16(4), 338-353.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.experiment.adoption_series import AdoptionSeries, Values, read_series
from simulator.outcomes.trajectories import unknown

ESTIMATORS = {
    "ols": "ordinary least squares (Bass 1969)",
    "nls": "nonlinear least squares (Srinivasan & Mason 1986)",
    "mle": "maximum likelihood (Schmittlein & Mahajan 1982)",
}
#: Fewest periods: three parameters and one degree of freedom.
FEWEST_PERIODS = 4
#: Coarse grid of starts.
_P_GRID = (0.0005, 0.002, 0.007, 0.02, 0.06, 0.15)
_Q_GRID = (0.02, 0.1, 0.2, 0.35, 0.55, 0.8, 1.2)
#: A market potential of so many times what was seen is none.
_LARGEST_POTENTIAL = 100.0


@dataclass(frozen=True, eq=False)
class CurveEstimate:
    """Parameters of a Bass curve with what is known of their errors.

    Parameters
    ----------
    values : ndarray of float64, shape (3,)
        p and q (per period), m (in the unit of the series).
    covariance : ndarray of float64, shape (3, 3)
        Of the estimates.
    variance : float
        Residual variance of adopters per period.
    """

    values: Values
    covariance: Values
    variance: float


def cumulative_share(t: Values, p: float, q: float) -> Values:
    """Return the share of the market potential that has adopted by time t.

    Parameters
    ----------
    t : ndarray of float64
        Time in periods, >= 0.
    p, q : float
        Coefficients of innovation (> 0) and imitation (> -p), per period.

    Returns
    -------
    ndarray of float64
        0 to 1, as in Bass (1969).
    """
    decay = np.exp(-(p + q) * np.asarray(t, dtype=np.float64))
    share: Values = (1 - decay) / (1 + q / p * decay)
    return share


def adopters_by_curve(n: int, p: float, q: float, m: float, start: int = 0) -> Values:
    """Return the adopters of ``n`` periods after period ``start``: m (F(t) - F(t-1))."""
    ends = np.arange(start, start + n + 1, dtype=np.float64)
    return m * np.diff(cumulative_share(ends, p, q))


def adopters_by_recursion(n: int, p: float, q: float, m: float, reached: float = 0.0) -> Values:
    """Return the adopters of ``n`` periods by Bass's discrete recursion, after ``reached`` adopters.

    The recursion's hazard p + q N/m is a probability only up to 1: beyond, all who are left adopt, and nobody
    after them.
    """
    adopters = np.zeros(n)
    for t in range(n):
        adopters[t] = min(p + q * reached / m, 1.0) * max(m - reached, 0.0)
        reached += adopters[t]
    return adopters


def estimate_parameters(values: Values, estimator: str, unit: float = 1.0) -> CurveEstimate:
    """Estimate a Bass curve.

    Parameters
    ----------
    values : ndarray of float64, shape (period,)
        Adopters per period from the launch on.
    estimator : {"ols", "nls", "mle"}
        Which one.
    unit : float
        People whom one unit of the series stands for; only the standard errors of ``mle`` depend on it.

    Returns
    -------
    CurveEstimate
        Estimates and their covariance.

    Raises
    ------
    ScenarioError
        If the series does not determine a Bass curve by this estimator.
    """
    if estimator == "ols":
        return _ordinary(values)
    if estimator == "nls":
        return _nonlinear(values)
    return _likelihood(values, unit)


def _ordinary(values: Values) -> CurveEstimate:
    before = np.concatenate([[0.0], np.cumsum(values)[:-1]])
    scale = before.max() or 1.0
    design = np.stack([np.ones_like(before), before / scale, (before / scale) ** 2], axis=1)
    coefficients, _, rank, _ = np.linalg.lstsq(design, values, rcond=None)
    if rank < 3:
        raise _no_curve(
            "ols", "adopters in too few periods", "a series with at least three different periods"
        )
    residual = values - design @ coefficients
    variance = float(residual @ residual) / max(len(values) - 3, 1)
    covariance = variance * np.linalg.inv(design.T @ design)

    def parameters(c: Values) -> Values:
        a, b, k = c[0], c[1] / scale, c[2] / scale**2
        m = (-b - np.sqrt(b * b - 4 * a * k)) / (2 * k)
        return np.array([a / m, -k * m, m])

    a, b, k = coefficients
    if k >= 0 or a <= 0 or b * b - 4 * a * k < 0:
        got = f"n = {a:.4g} {b / scale:+.4g} N {k / scale**2:+.4g} N^2"
        expected = "a positive constant and a negative square (n_t against past cumulative adopters)"
        raise _no_curve("ols", got, expected)
    if parameters(coefficients)[2] > _LARGEST_POTENTIAL * values.sum():
        got = "a best fit without a finite market potential"
        raise _no_curve("ols", got, "a series that bends: growth that slows toward a potential")
    slope = gradient(parameters, coefficients)
    return CurveEstimate(parameters(coefficients), slope @ covariance @ slope.T, variance)


def _nonlinear(values: Values) -> CurveEstimate:
    total = values.sum()

    def curve(theta: Values) -> Values:
        p, q, m = theta
        return adopters_by_curve(len(values), p, q, m * total)

    best = _least(lambda theta: (curve(theta) - values) / total, values)
    variance = float(((curve(best) - values) ** 2).sum()) / max(len(values) - 3, 1)
    slope = gradient(curve, best)
    covariance = _inverse(slope.T @ slope, "nls") * variance
    scale = np.array([1.0, 1.0, total])
    return CurveEstimate(best * scale, covariance * np.outer(scale, scale), variance)


def _starts(loss: Callable[[float, float], float]) -> list[tuple[float, float]]:
    """Return the two best starts (p, q) of a coarse grid."""
    grid = [(p, q) for p in _P_GRID for q in _Q_GRID]
    return sorted(grid, key=lambda pair: loss(*pair))[:2]


def _profile(values: Values, p: float, q: float) -> tuple[float, float]:
    """Return the best m for given p and q, and its sum of squares."""
    shape = adopters_by_curve(len(values), p, q, 1.0)
    m = float(values @ shape / (shape @ shape))
    return m, float(((values - m * shape) ** 2).sum())


def _least(residual: Callable[[Values], Values], values: Values) -> Values:
    """Return (p, q, m) with the least sum of squares; m in units of the total."""
    from scipy.optimize import least_squares

    total, best = values.sum(), None
    for p, q in _starts(lambda p, q: _profile(values, p, q)[1]):
        found: Any = least_squares(
            residual,
            np.array([p, q, np.clip(_profile(values, p, q)[0] / total, 1e-3, 1e3)]),
            bounds=([1e-9, 0.0, 1e-6], [5.0, 10.0, 1e5]),
            x_scale=[0.01, 0.3, 1.0],
            xtol=1e-14,
            ftol=1e-14,
            gtol=1e-14,
            max_nfev=400,
        )
        if best is None or found.cost < best.cost * (1 - 1e-12):
            best = found
    result: Values = np.asarray(best.x, dtype=np.float64)  # type: ignore[union-attr]
    if result[2] > _LARGEST_POTENTIAL or result[0] <= 1.1e-9:
        got = "a best fit without a finite market potential"
        raise _no_curve("nls", got, "a series that bends: growth that slows toward a potential")
    return result


def _likelihood(values: Values, unit: float) -> CurveEstimate:
    """Maximize the likelihood of the periods of adoption among those who adopted by the last period.

    The number of potential adopters then is what makes the expected adopters by then equal the observed ones.
    """
    from scipy.optimize import minimize

    total, n = values.sum(), len(values)

    def loss(log_theta: Values) -> float:
        p, q = np.exp(log_theta)
        shares = np.diff(cumulative_share(np.arange(n + 1.0), p, q))
        shares = np.maximum(shares, 1e-300)
        return float(-(values / total) @ np.log(shares / shares.sum()))

    best: Any = None
    for start in _starts(lambda p, q: loss(np.log([p, q]))):
        options = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 2000}
        found = minimize(loss, np.log(start), method="Nelder-Mead", options=options)
        if best is None or found.fun < best.fun - 1e-13:
            best = found
    p, q = np.exp(best.x)
    reached = float(cumulative_share(np.array([float(n)]), p, q)[0])
    if q < 1e-6 or p < 1e-8 or reached < 1 / _LARGEST_POTENTIAL:
        got = f"the largest likelihood at p = {p:.3g}, q = {q:.3g}"
        raise _no_curve("mle", got, "a series that bends: growth that slows toward a potential")

    # Adopters are Poisson with means m (F(t) - F(t-1)): the same estimate, with the error of m in it.
    theta = np.array([p, q, total / reached])

    def mean(values_at: Values) -> Values:
        return adopters_by_curve(n, *values_at) * unit

    slope, expected = gradient(mean, theta), mean(theta)
    information = (slope / expected[:, None]).T @ slope
    residual = values - expected / unit
    variance = float(residual @ residual) / max(n - 3, 1)
    return CurveEstimate(theta, _inverse(information, "mle"), variance)


def gradient(function: Callable[[Values], Values], at: Values) -> Values:
    """Return the matrix of central differences, shape (outputs, inputs)."""
    columns = []
    for position, value in enumerate(at):
        step = max(abs(value), 1e-6) * 1e-5
        high, low = at.copy(), at.copy()
        high[position] += step
        low[position] -= step
        columns.append((function(high) - function(low)) / (2 * step))
    return np.stack(columns, axis=-1)


def _inverse(matrix: Values, estimator: str) -> Values:
    scale = np.sqrt(np.diag(matrix))
    if not (scale > 0).all() or np.linalg.cond(matrix / np.outer(scale, scale)) > 1e13:
        raise _no_curve(
            estimator, "a likelihood that is flat in some direction", "a series that determines p, q and m"
        )
    inverse: Values = np.linalg.inv(matrix / np.outer(scale, scale)) / np.outer(scale, scale)
    return inverse


def _no_curve(estimator: str, got: str, expected: str) -> ScenarioError:
    others = ", ".join(name for name in ESTIMATORS if name != estimator)
    return ScenarioError(
        [
            Fault(
                f"bass(estimator={estimator!r})",
                got,
                expected,
                f"use more periods, or another estimator: {others}",
            )
        ]
    )


def checked_estimator(estimator: str) -> str:
    """Return the name of an estimator if there is one of that name."""
    if estimator not in ESTIMATORS:
        fault = unknown("estimator", estimator, tuple(ESTIMATORS))
        raise ScenarioError([Fault("bass(estimator)", fault.got, fault.expected, fault.remedy)])
    return estimator


def series_of(source: Any, column: str | None, hold_out: int) -> AdoptionSeries:
    """Read the series for a fit that leaves the last ``hold_out`` periods out."""
    if isinstance(hold_out, bool) or not isinstance(hold_out, int | np.integer) or hold_out < 0:
        raise ScenarioError([Fault("bass(hold_out)", repr(hold_out), "a whole number of periods, >= 0")])
    return read_series(source, column, place="bass(series)", fewest=FEWEST_PERIODS, hold_out=int(hold_out))
