r"""What equal or two-stage allocation would cost: the reference against which saved replicates are counted.

Both references turn a first stage of n0 replicates into the number that a two-stage procedure with the same
statement (probability of correct selection 1 - alpha, indifference zone delta) would run in all.

* Rinott (1978), independent outcomes: N_i = max(n0, ceil((h S_i / delta)^2)).
* Clark & Yang (1986), common random numbers, as many replicates of every treatment:
  N = max(n0, ceil((t S / delta)^2)), S2 the largest variance of a paired difference, t the quantile
  1 - alpha / (k - 1) of Student's law with n0 - 1 degrees of freedom.

References
----------
Rinott, Y. (1978). On two-stage selection procedures and related probability-inequalities. Communications in
Statistics - Theory and Methods 7, 799-811. doi:10.1080/03610927808827671
Clark, G. M. & Yang, W. (1986). A Bonferroni selection procedure when using common random numbers with
unknown variances. Proceedings of the 1986 Winter Simulation Conference, 313-315.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simulator.experiment.kim_nelson import difference_variances
from simulator.experiment.sampling import Values

_NODES = 128


class EqualCost(NamedTuple):
    """Replicates that two-stage procedures would run in all for the same statement."""

    independent: int
    paired: int

    @property
    def cheaper(self) -> int:
        """The cheaper of the two: what an analyst would run who did without a sequential procedure."""
        return min(self.independent, self.paired)


@lru_cache(maxsize=256)
def rinott_constant(n_treatments: int, first_stage: int, confidence: float) -> float:
    """Return Rinott's h: the quantile that his two-stage procedure needs.

    Parameters
    ----------
    n_treatments : int
        k, at least 2.
    first_stage : int
        n0, at least 2.
    confidence : float
        Probability of correct selection.

    Returns
    -------
    float
        Root of ``E[ E[ Phi(h / sqrt((n0 - 1) (1/X + 1/Y))) | Y ]^(k-1) ] = confidence`` with independent
        chi-squared X, Y of n0 - 1 degrees of freedom.

    Examples
    --------
    >>> round(rinott_constant(2, 20, 0.95), 2)
    2.45
    """
    from scipy.optimize import brentq
    from scipy.special import gammaincinv, ndtr

    freedom = first_stage - 1
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    nodes, weights = 0.5 * (nodes + 1), 0.5 * weights
    # nodes bunched at both ends, where the quantile function is steep
    uniform = nodes**3 * (10 - 15 * nodes + 6 * nodes**2)
    weights = weights * 30 * nodes**2 * (1 - nodes) ** 2
    inverse = 1 / (2 * gammaincinv(freedom / 2, uniform))
    scale = 1 / np.sqrt(freedom * (inverse[:, None] + inverse[None, :]))

    def gap(h: float) -> float:
        inner = ndtr(h * scale) @ weights
        return float((inner ** (n_treatments - 1)) @ weights) - confidence

    high = 4.0
    while gap(high) < 0:
        high *= 2
    return float(brentq(gap, 0.0, high, xtol=1e-8))


def equal_cost(outcomes: Values, *, indifference: float, confidence: float, most: int = 10**9) -> EqualCost:
    """Return what the two references would run, given a first stage.

    Parameters
    ----------
    outcomes : ndarray of float64, shape (treatment, replicate)
        The first stage: at least two treatments and two replicates.
    indifference : float
        > 0, in the outcome's unit.
    confidence : float
        Probability of correct selection.
    most : int
        Replicates of a treatment beyond which a reference is not counted further.

    Returns
    -------
    EqualCost
        Replicates of a treatment in all, first stage included.
    """
    from scipy.special import stdtrit

    k, n = outcomes.shape
    h = rinott_constant(k, n, confidence)
    own = np.ceil((h / indifference) ** 2 * outcomes.var(axis=1, ddof=1))
    t = float(stdtrit(n - 1, 1 - (1 - confidence) / (k - 1)))
    largest = float(difference_variances(outcomes).max())
    both = np.ceil((t / indifference) ** 2 * largest)
    independent = np.clip(own, n, most).astype(np.int64).sum()
    return EqualCost(int(independent), k * int(min(max(both, n), most)))
