r"""A diffusion hazard on a network with known adoption times, by maximum likelihood.

In every period, each person who has not adopted yet does so with a probability that grows with the adopters among
those who influence the person:

``count``
    :math:`h = 1 - (1-p)(1-q)^k` with k adopters among them at the end of the last period (Goldenberg, Libai & Muller
    2001).
``share``
    :math:`h = p + q\,k/d` with d all of them; 0 where there is nobody (Bass 1969, on a network).

Group effects multiply a group's own :math:`p` (``share``) or :math:`-\ln(1-p)` (``count``) by :math:`e^{v}` with v
normal with mean 0 and a standard deviation that maximizes the marginal likelihood (Laplace approximation): the groups'
effects are shrunk toward each other as far as chance alone explains their differences.

References
----------
Bass, F. M. (1969). A new product growth for model consumer durables. Management Science 15(5), 215-227.
Goldenberg, J., Libai, B. & Muller, E. (2001). Talk of the network. Marketing Letters 12(3), 211-223.
Self, S. G. & Liang, K.-Y. (1987). Asymptotic properties of maximum likelihood estimators and likelihood ratio tests
under nonstandard conditions. Journal of the American Statistical Association 82, 605-610.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.experiment.adoption_network import AdoptionNetwork
from simulator.outcomes.trajectories import unknown
from simulator.outcomes.wording import describe_p_value

if TYPE_CHECKING:
    from simulator.experiment.network_forecast import NetworkForecast

Values = NDArray[np.float64]
Whole = NDArray[np.int64]

FORMS = ("count", "share")
#: Where the standard deviation of the groups' effects is looked for: first at these, then between the neighbors of the
#: best one.
_SPREADS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
#: Largest effect of a group, a logarithm.
_LARGEST_EFFECT = 12.0
_SMALLEST = 1e-7


@dataclass(frozen=True, eq=False)
class HazardFit:
    """A hazard fitted to a network.

    Parameters
    ----------
    network : AdoptionNetwork
        What it was fitted to.
    form : str
        ``"count"`` or ``"share"``.
    values : ndarray of float64, shape (2 + group effects,)
        p, q, and the groups' effects v where they are used.
    covariance : ndarray of float64
        Of ``values``; rows and columns of a parameter at its bound are zero.
    log_likelihood : float
        At ``values``, without the penalty.
    spread : float
        Standard deviation of the groups' effects; 0 without them.
    gain : float
        Log-likelihood gained by social influence, against q = 0 with the same spread.
    n_decisions : int
        Person-periods at risk.
    """

    network: AdoptionNetwork
    form: str
    values: Values
    covariance: Values
    log_likelihood: float
    spread: float
    gain: float
    n_decisions: int

    @property
    def p(self) -> float:
        """External influence per period, where a group's effect is 0."""
        return float(self.values[0])

    @property
    def q(self) -> float:
        """Social influence per adopter (``count``) or for all (``share``), per period."""
        return float(self.values[1])

    @property
    def standard_errors(self) -> tuple[float, float]:
        """Standard errors of p and q; 0 at a bound."""
        return float(self.covariance[0, 0] ** 0.5), float(self.covariance[1, 1] ** 0.5)

    @property
    def p_value(self) -> float:
        """P-value of no social influence; q = 0 is a bound, so half of it is chi-square with 1 (Self & Liang 1987)."""
        from scipy.special import chdtrc

        return 0.5 * float(chdtrc(1, 2 * self.gain)) if self.gain > 1e-9 else 1.0

    @property
    def akaike(self) -> float:
        """Akaike's criterion with the two coefficients and the spread as parameters; smaller is better."""
        return -2 * self.log_likelihood + 2 * (2 + (self.spread > 0))

    @property
    def group_effects(self) -> Values:
        """Effect of each group, a logarithm of its multiplier; zeros without effects."""
        return self.values[2:] if len(self.values) > 2 else np.zeros(len(self.network.group_names))

    def forecast(self, n_periods: int, *, n_worlds: int = 500, seed: int = 0) -> NetworkForecast:
        """Simulate what follows the fitted periods; see :func:`forecast_network`."""
        from simulator.experiment.network_forecast import forecast_network

        return forecast_network(self, n_periods, n_worlds=n_worlds, seed=seed)

    def __repr__(self) -> str:
        errors = self.standard_errors
        effects = f", group effects with sd {self.spread:.3g}" if self.spread else ""
        return (
            f"Hazard by {self.form} over {self.n_decisions:,} person-periods{effects}\n"
            f"  p = {self.p:.4f} (standard error {errors[0]:.4f}), q = {self.q:.4f} ({errors[1]:.4f})\n"
            f"  log-likelihood {self.log_likelihood:.2f}; "
            f"social influence gains {self.gain:.2f} ({describe_p_value(self.p_value)})"
        )


@dataclass(frozen=True, eq=False)
class _Decisions:
    """Person-periods at risk: exposure as the form takes it, group, and whether the person adopted."""

    exposure: Values
    group: Whole
    adopts: NDArray[np.bool_]
    n_groups: int
    form: str


def _decisions(network: AdoptionNetwork, form: str, first: int) -> _Decisions:
    exposures, groups, adopts = [], [], []
    degrees = np.maximum(network.degrees, 1)
    for period in range(first, network.n_periods + 1):
        at_risk = np.flatnonzero(network.periods >= period)
        exposure = network.exposure(network.periods < period)
        if form == "share":
            exposure = exposure / degrees
        exposures.append(exposure[at_risk])
        groups.append(network.groups[at_risk])
        adopts.append(network.periods[at_risk] == period)
    return _Decisions(
        np.concatenate(exposures),
        np.concatenate(groups),
        np.concatenate(adopts),
        len(network.group_names),
        form,
    )


def hazard(form: str, external: Values, q: Values | float, exposure: Values) -> Values:
    """Return the probability of adoption in a period.

    Parameters
    ----------
    form : {"count", "share"}
        See the module.
    external : ndarray of float64
        Probability by external influence alone.
    q : float or ndarray
        Social influence.
    exposure : ndarray of float64
        Number, or share, of adopters among those who influence.

    Returns
    -------
    ndarray of float64
        0 to 1.
    """
    if form == "count":
        return 1 - (1 - external) * (1 - q) ** exposure
    return np.minimum(external + q * exposure, 1.0)


def external_influence(form: str, p: float, effect: Values) -> Values:
    """Return p under a group's effect."""
    if form == "count":
        return 1 - (1 - p) ** np.exp(effect)
    return np.minimum(p * np.exp(effect), 1.0)


def _loss(theta: Values, data: _Decisions, spread: float) -> tuple[float, Values]:
    """Return the penalized negative log-likelihood and its gradient in (a, b, effects).

    For ``count``, a = -ln(1-p) and b = -ln(1-q): the logarithm of not adopting is -(a e^v + b k).
    """
    a, b, effects = theta[0], theta[1], theta[2:]
    multiplier = np.exp(effects)[data.group] if len(effects) else np.ones(len(data.group))
    rate = a * multiplier + b * data.exposure
    if data.form == "count":
        adopt = -np.expm1(-rate)
        value = np.where(data.adopts, np.log(np.maximum(adopt, 1e-300)), -rate)
        slope = np.where(data.adopts, np.exp(-rate) / np.maximum(adopt, 1e-300), -1.0)
    else:
        safe = np.clip(rate, 1e-12, 1 - 1e-9)
        value = np.where(data.adopts, np.log(safe), np.log1p(-safe))
        slope = np.where(data.adopts, 1 / safe, -1 / (1 - safe))
    gradient = np.empty(len(theta))
    gradient[0] = (slope * multiplier).sum()
    gradient[1] = (slope * data.exposure).sum()
    penalty = 0.0
    if len(effects):
        gradient[2:] = np.bincount(data.group, slope * a * multiplier, data.n_groups) - effects / spread**2
        penalty = float((effects**2).sum()) / (2 * spread**2)
    return penalty - float(value.sum()), -gradient


def _maximize(data: _Decisions, spread: float, with_influence: bool) -> tuple[Values, float]:
    """Return the parameters with the least penalized loss, and that loss."""
    from scipy.optimize import minimize

    n_effects = data.n_groups if spread else 0
    rate = max(float(data.adopts.mean()), 1e-4)
    bounds = [(_SMALLEST, None if data.form == "count" else 1.0), (0.0, None if with_influence else 0.0)]
    bounds += [(-_LARGEST_EFFECT, _LARGEST_EFFECT)] * n_effects
    best: tuple[Values, float] | None = None
    for share in (0.2, 0.7) if with_influence else (0.0,):
        start = np.zeros(2 + n_effects)
        start[0] = rate * (1 - share)
        start[1] = share * rate / max(float(data.exposure.mean()), 1e-3)
        found = minimize(
            _loss,
            start,
            args=(data, spread or 1.0),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 2000, "ftol": 1e-13, "gtol": 1e-8},
        )
        if best is None or found.fun < best[1]:
            best = (np.asarray(found.x), float(found.fun))
    return best if best is not None else (np.zeros(2), np.inf)


def _information(theta: Values, data: _Decisions, spread: float) -> Values:
    """Return the matrix of second derivatives of the loss, by central differences of its gradient."""
    columns = []
    for k, value in enumerate(theta):
        step = 1e-5 * max(abs(value), 0.01)
        high, low = theta.copy(), theta.copy()
        high[k] += step
        low[k] = max(low[k] - step, _SMALLEST if k == 0 else low[k] - step)
        up, down = _loss(high, data, spread or 1.0)[1], _loss(low, data, spread or 1.0)[1]
        columns.append((up - down) / (high[k] - low[k]))
    matrix = np.stack(columns)
    return (matrix + matrix.T) / 2


def fit_network_hazard(
    network: AdoptionNetwork, *, form: str = "count", group_effects: bool = False, first: int = 1
) -> HazardFit:
    """Fit external and social influence to times of adoption on a network.

    Parameters
    ----------
    network : AdoptionNetwork
        People, ties and times.
    form : {"count", "share"}
        See the module.
    group_effects : bool
        Let groups differ in external influence.
    first : int
        First period that counts; before it, adoption is taken as given. Influence in period 1 is external only.

    Returns
    -------
    HazardFit
        Estimates with standard errors, and the test of social influence.

    Raises
    ------
    ScenarioError
        If an argument is out of range.
    """
    faults = [] if form in FORMS else [unknown("form", form, FORMS)]
    if not 1 <= first <= network.n_periods:
        faults.append(Fault("first", repr(first), f"a period, 1 to {network.n_periods}"))
    if faults:
        raise ScenarioError(faults)
    data = _decisions(network, form, first)
    spread = _best_spread(data) if group_effects and data.n_groups > 2 else 0.0
    theta, loss = _maximize(data, spread, bool(data.exposure.any()))
    _, without = _maximize(data, spread, False)
    matrix = _information(theta, data, spread)
    inside = np.ones(len(theta), bool)
    inside[:2] = theta[:2] > 10 * _SMALLEST
    covariance = np.zeros_like(matrix)
    covariance[np.ix_(inside, inside)] = np.linalg.pinv(matrix[np.ix_(inside, inside)], hermitian=True)
    values = theta.copy()
    if form == "count":
        values[:2] = -np.expm1(-theta[:2])
        scale = np.ones(len(theta))
        scale[:2] = np.exp(-theta[:2])
        covariance = covariance * np.outer(scale, scale)
    penalty = float((theta[2:] ** 2).sum()) / (2 * spread**2) if spread else 0.0
    return HazardFit(
        network, form, values, covariance, penalty - loss, spread, max(without - loss, 0.0), len(data.adopts)
    )


def _best_spread(data: _Decisions) -> float:
    """Return the standard deviation of the groups' effects with the largest marginal likelihood; 0 if none helps."""
    from scipy.optimize import minimize_scalar

    is_exposed = bool(data.exposure.any())

    def loss_at(logarithm: float) -> float:
        spread = float(np.exp(logarithm))
        theta, loss = _maximize(data, spread, is_exposed)
        sign, volume = np.linalg.slogdet(_information(theta, data, spread)[2:, 2:])
        return float(loss + data.n_groups * logarithm + 0.5 * volume) if sign > 0 else np.inf

    places = np.log(_SPREADS)
    losses = [loss_at(place) for place in places]
    k = int(np.argmin(losses))
    around = (places[max(k - 1, 0)], places[min(k + 1, len(places) - 1)])
    found = minimize_scalar(loss_at, bounds=around, method="bounded", options={"xatol": 0.01})
    place, loss = (found.x, found.fun) if found.fun < losses[k] else (places[k], losses[k])
    return float(np.exp(place)) if loss < _maximize(data, 0.0, is_exposed)[1] else 0.0


def influence_placebo(fit: HazardFit, *, n: int = 199, first: int = 1, seed: int = 0) -> float:
    """Return how often adoption times shuffled within groups gain as much from "influence" as the real ones.

    Shuffling keeps every group's times and the network, and breaks who adopted when. The share is the p-value of the
    network's having to do with the times at all: by influence, or because friends are alike.

    Parameters
    ----------
    fit : HazardFit
        The fit to the real times.
    n : int
        Number of shuffles.
    first : int
        First period that counts, as in the fit.
    seed : int
        Seed of the shuffles.

    Returns
    -------
    float
        (1 + shuffles that gain as much)/(1 + n).
    """
    rng = np.random.default_rng(seed)
    network, as_much = fit.network, 0
    for _ in range(n):
        order = np.lexsort((rng.random(network.n_people), network.groups))
        shuffled = np.empty_like(network.periods)
        shuffled[np.lexsort((np.arange(network.n_people), network.groups))] = network.periods[order]
        data = _decisions(replace(network, periods=shuffled), fit.form, first)
        gain = _maximize(data, fit.spread, False)[1] - _maximize(data, fit.spread, True)[1]
        as_much += gain >= fit.gain - 1e-9
    return (1 + as_much) / (1 + n)
