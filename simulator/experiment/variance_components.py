r"""Nested random effects: how much of the variance comes from each level.

Outcomes y[a, b, c] = mean + A_a + B_ab + C_abc, with parameter draws a, worlds b within them and market luck
c within those. With mean squares MS_A, MS_B, MS_C of a balanced design with n_b worlds per draw and n_c
replicates per world, the analysis of variance estimates

    var C = MS_C,  var B = (MS_B - MS_C) / n_c,  var A = (MS_A - MS_B) / (n_b n_c).

Intervals, by one of two ways:

* jackknife: the logarithms of the mean squares are taken as jointly Student's, with the covariance that leaving
  out one unit of the highest level after the other shows, at least that of a law without tails, and the degrees of
  freedom of the n units; deviations are widened by n / (n - 2), which was found by simulation to make up for few
  units. It supposes no normal law and no equal variances within the units: chance in the market, say, may be larger
  for some parameters than for others. Only the units of the highest level count. Where their means have heavy tails,
  variances between few units are known less well than it says.
* parametric: df MS / chi-squared(df) stands for what the expected mean square may be (generalized
  confidence intervals); exact in mean squares for normal effects whose variance is the same everywhere, and
  narrower there. Outcomes of a market are neither: on the simulator it holds far too rarely.

``experiments/selection`` measured both on the simulator.

Estimates may be negative; they are reported as they are, and limits of intervals are cut at 0, the smallest
variance there is.

References
----------
Searle, S. R., Casella, G. & McCulloch, C. E. (1992). Variance Components. Wiley.
Miller, R. G. (1974). The jackknife: a review. Biometrika 61, 1-15. (Logarithms of variances.)
Weerahandi, S. (1993). Generalized confidence intervals. Journal of the American Statistical Association 88,
899-905.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from simulator.experiment.sampling import Values

#: Levels from the outermost to the innermost.
LEVELS = ("parameters", "world", "market")
#: How intervals are found, and the fewest units of the highest level that each takes.
FEWEST_UNITS = {"jackknife": 5, "parametric": 2}
#: Smallest share of a mean square that leaving out a unit can leave, and largest exponent: numbers stay finite.
_LEAST, _LARGEST = 1e-12, 300.0
#: Relative variance of a variance over one degree of freedom, of the uniform law, which has no tails.
_NO_TAILS = 0.8


class Component(NamedTuple):
    """The variance that one level contributes.

    ``variance`` with ``lower`` and ``upper``, in the square of the metric's unit; ``share`` of the sum of the
    components that are above zero, with its own interval. ``n_units`` is how many units the level has in all.
    """

    level: str
    variance: float
    lower: float
    upper: float
    share: float
    share_lower: float
    share_upper: float
    n_units: int


def variance_components(
    outcomes: Values,
    *,
    confidence: float = 0.95,
    interval: Literal["jackknife", "parametric"] = "jackknife",
    n_draws: int = 4000,
    seed: int = 0,
) -> tuple[Component, ...]:
    """Split the variance of nested outcomes into its levels.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (draw, world, replicate)
        Balanced; a level with one unit has no component. At least one level has two units or more.
    confidence : float
        Of each interval.
    interval : {"jackknife", "parametric"}
        How intervals are found; see above.
    n_draws : int
        Draws behind each interval.
    seed : int
        Of those draws.

    Returns
    -------
    tuple of Component
        For the levels with more than one unit, from the outermost.

    Raises
    ------
    ValueError
        If no level has two units, or the highest that has has too few for the interval.
    """
    sizes = np.array(outcomes.shape)
    used = [k for k in range(3) if sizes[k] > 1]
    if not used:
        raise ValueError(f"outcomes of shape {outcomes.shape} do not vary at any level")
    values = outcomes.reshape([int(sizes[k]) for k in used])
    if len(values) < FEWEST_UNITS[interval]:
        raise ValueError(f"{len(values)} units of {LEVELS[used[0]]} are too few for a {interval} interval")
    squares, freedoms = _mean_squares(values)
    rounding = (4 * np.finfo(np.float64).eps * np.abs(values).max()) ** 2 * values.size
    squares = np.where(squares > rounding, squares, 0.0)
    found = _components(squares, values.shape)
    generator = np.random.default_rng([seed, 0x5EED])
    if interval == "parametric":
        draws = squares * freedoms / generator.chisquare(freedoms, size=(n_draws, len(freedoms)))
    else:
        draws = _drawn_by_jackknife(values, squares, freedoms, n_draws, generator)
    drawn = np.maximum(_components(draws, values.shape), 0.0)
    return _assemble(found, drawn, [LEVELS[k] for k in used], values.shape, confidence)


def _assemble(
    found: Values, drawn: Values, levels: list[str], shape: tuple[int, ...], confidence: float
) -> tuple[Component, ...]:
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(drawn, [tail, 1 - tail], axis=0)
    positive = np.maximum(found, 0.0)
    total = positive.sum()
    shares = positive / total if total > 0 else np.full(len(found), np.nan)
    sums = drawn.sum(axis=1, keepdims=True)
    parts = np.divide(drawn, sums, out=np.zeros_like(drawn), where=sums > 0)
    share_lower, share_upper = np.quantile(parts, [tail, 1 - tail], axis=0)
    units = np.cumprod(shape)
    return tuple(
        Component(
            level,
            float(found[k]),
            float(lower[k]),
            float(upper[k]),
            float(shares[k]),
            float(share_lower[k]),
            float(share_upper[k]),
            int(units[k]),
        )
        for k, level in enumerate(levels)
    )


def _mean_squares(values: Values) -> tuple[Values, Values]:
    """Return mean squares and degrees of freedom, from the outermost level to the innermost."""
    squares, freedoms = [], []
    for level in range(values.ndim):
        means = values.mean(axis=tuple(range(level + 1, values.ndim)))
        size = int(np.prod(values.shape[level + 1 :]))
        groups = means.size // means.shape[-1]
        freedom = groups * (means.shape[-1] - 1)
        deviations = means - means.mean(axis=-1, keepdims=True)
        squares.append(size * float((deviations**2).sum()) / freedom)
        freedoms.append(freedom)
    return np.array(squares), np.array(freedoms)


def _drawn_by_jackknife(
    values: Values, squares: Values, freedoms: Values, n_draws: int, generator: np.random.Generator
) -> Values:
    """Return what the expected mean squares may be, shape (draw, level); a mean square of zero stays zero."""
    n = len(values)
    left_out = np.maximum(_squares_without_each(values), _LEAST * squares)
    ratios = np.log(np.where(squares > 0, left_out, 1.0) / np.where(squares > 0, squares, 1.0))
    covariance = np.atleast_2d(np.cov(-(n - 1) * ratios, rowvar=False)) / n  # of the pseudo-values' mean
    covariance += np.diag(np.maximum(_NO_TAILS / (freedoms + 1) - np.diag(covariance), 0.0))
    normal = generator.multivariate_normal(np.zeros(len(squares)), covariance, size=n_draws, method="svd")
    student = normal * ((n - 1) / generator.chisquare(n - 1, size=(n_draws, 1))) ** 0.5
    return np.asarray(squares * np.exp(np.clip(student * n / (n - 2), -_LARGEST, _LARGEST)))


def _squares_without_each(values: Values) -> Values:
    """Return the mean squares without each unit of the outermost level; shape (unit, level)."""
    n, size = len(values), values[0].size
    means = values.reshape(n, -1).mean(axis=1)
    deviations = (means - means.mean()) ** 2
    top = size * np.maximum(deviations.sum() - n / (n - 1) * deviations, 0.0) / (n - 2)
    if values.ndim == 1:
        return np.asarray(top[:, None])
    inner = np.stack([_mean_squares(unit)[0] for unit in values])
    return np.column_stack([top, (inner.sum(axis=0) - inner) / (n - 1)])


def _components(squares: Values, shape: tuple[int, ...]) -> Values:
    """Return variance components from mean squares along the last axis."""
    inner = np.concatenate([squares[..., 1:], np.zeros_like(squares[..., :1])], axis=-1)
    sizes = np.array([np.prod(shape[level + 1 :]) for level in range(len(shape))])
    return np.asarray((squares - inner) / sizes)
