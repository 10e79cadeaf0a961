"""Fit the Bass model to a series of adopters and forecast with it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.experiment.adoption_series import AdoptionSeries, Values
from simulator.experiment.bass_estimation import (
    ESTIMATORS,
    CurveEstimate,
    adopters_by_curve,
    adopters_by_recursion,
    checked_estimator,
    estimate_parameters,
    gradient,
    series_of,
)
from simulator.outcomes.document_digest import document_digest
from simulator.outcomes.wording import counted

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class BassFit:
    """A Bass curve fitted to a series by a named estimator.

    Parameters
    ----------
    estimator : str
        ``"ols"``, ``"nls"`` or ``"mle"``.
    series : AdoptionSeries
        All periods, those held out included.
    n_fitted : int
        Periods to which the curve was fitted; the rest was held out.
    parameters : CurveEstimate
        Estimates with their covariance.
    unit : float
        People whom one unit of the series stands for.
    warnings : tuple of str
        What makes the estimates doubtful.
    """

    estimator: str
    series: AdoptionSeries
    n_fitted: int
    parameters: CurveEstimate
    unit: float = 1.0
    warnings: tuple[str, ...] = field(default=())

    @property
    def p(self) -> float:
        """Coefficient of innovation, per period."""
        return float(self.parameters.values[0])

    @property
    def q(self) -> float:
        """Coefficient of imitation, per period."""
        return float(self.parameters.values[1])

    @property
    def m(self) -> float:
        """Market potential, in the unit of the series."""
        return float(self.parameters.values[2])

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard errors of p, q and m, by the estimator's own theory."""
        errors = np.sqrt(np.maximum(np.diag(self.parameters.covariance), 0))
        return dict(zip(("p", "q", "m"), (float(error) for error in errors), strict=True))

    @property
    def estimator_name(self) -> str:
        """The estimator in words, with its source."""
        return ESTIMATORS[self.estimator]

    @property
    def fitted(self) -> Values:
        """Adopters of the fitted periods by the curve; by ``ols`` each given the observed past."""
        values = self.series.values[: self.n_fitted]
        if self.estimator != "ols":
            return adopters_by_curve(self.n_fitted, self.p, self.q, self.m)
        before = np.concatenate([[0.0], np.cumsum(values)[:-1]])
        fitted: Values = (self.p + self.q * before / self.m) * (self.m - before)
        return fitted

    @property
    def r_squared(self) -> float:
        """Share of the variance of adopters per period that the curve explains; NaN without variance."""
        values = self.series.values[: self.n_fitted]
        spread = float(((values - values.mean()) ** 2).sum())
        return 1 - float(((values - self.fitted) ** 2).sum()) / spread if spread > 0 else float("nan")

    @property
    def peak(self) -> float:
        """Time of the largest rate of adoption, in periods from the launch: ln(q/p)/(p+q); 0 if q <= p."""
        return float(np.log(self.q / self.p) / (self.p + self.q)) if self.q > self.p else 0.0

    def forecast(self, n: int, *, confidence: float = 0.9) -> pandas.DataFrame:
        """Forecast the adopters of the periods after the fitted ones.

        Parameters
        ----------
        n : int
            Number of periods, at least 1.
        confidence : float
            Probability that the interval is to hold the adopters of a period: it has the errors of p, q and m
            (delta method) and the residual variance of the fitted periods, both taken as normal.

        Returns
        -------
        pandas.DataFrame
            One row per period: ``period``, ``adopters``, ``lower``, ``upper``, ``cumulative``.

        Raises
        ------
        ScenarioError
            If an argument is out of range.
        """
        import pandas as pd
        from scipy.special import ndtri

        _check_forecast(n, confidence)
        reached = float(self.series.values[: self.n_fitted].sum())

        def curve(theta: Values) -> Values:
            p, q, m = (float(value) for value in theta)
            if self.estimator == "ols":
                return adopters_by_recursion(n, p, q, m, reached)
            return adopters_by_curve(n, p, q, m, self.n_fitted)

        adopters = curve(self.parameters.values)
        slope = gradient(curve, self.parameters.values)
        variance = (
            np.einsum("ti,ij,tj->t", slope, self.parameters.covariance, slope) + self.parameters.variance
        )
        half = float(ndtri(0.5 + confidence / 2)) * np.sqrt(variance)
        return pd.DataFrame(
            {
                "period": np.arange(self.n_fitted + 1, self.n_fitted + n + 1),
                "adopters": adopters,
                "lower": np.maximum(adopters - half, 0.0),
                "upper": adopters + half,
                "cumulative": reached + np.cumsum(adopters),
            }
        )

    @cached_property
    def hold_out(self) -> pandas.DataFrame | None:
        """Forecast of the periods held out beside what happened and the naive forecast; None without them.

        The naive forecast repeats the last fitted period.
        """
        n = len(self.series) - self.n_fitted
        if n == 0:
            return None
        table = self.forecast(n)
        table.insert(1, "label", self.series.labels[self.n_fitted :])
        table.insert(2, "observed", self.series.values[self.n_fitted :])
        table["naive"] = self.series.values[self.n_fitted - 1]
        return table

    @property
    def errors(self) -> dict[str, float] | None:
        """Mean absolute errors of the forecast and of the naive one over the periods held out; None without."""
        table = self.hold_out
        if table is None:
            return None
        observed = table["observed"].to_numpy()
        return {
            "mean_absolute_error": float(np.abs(table["adopters"].to_numpy() - observed).mean()),
            "naive_mean_absolute_error": float(np.abs(table["naive"].to_numpy() - observed).mean()),
        }

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per parameter: estimate, standard error, estimator."""
        import pandas as pd

        return pd.DataFrame(
            {
                "parameter": ["p", "q", "m"],
                "estimate": self.parameters.values,
                "standard_error": list(self.standard_errors.values()),
                "estimator": self.estimator,
            }
        )

    def to_json_document(self) -> dict[str, Any]:
        """Return the fit as plain data, with its digest."""
        from simulator.outcomes.plain_data import plain

        table = self.hold_out
        document: Mapping[str, Any] = {
            "estimator": self.estimator,
            "estimator_name": self.estimator_name,
            "p": self.p,
            "q": self.q,
            "m": self.m,
            "standard_errors": self.standard_errors,
            "r_squared": self.r_squared,
            "peak": self.peak,
            "n_fitted": self.n_fitted,
            "n_held_out": len(self.series) - self.n_fitted,
            "hold_out": None if table is None else table.to_dict(orient="records"),
            "errors": self.errors,
            "warnings": self.warnings,
        }
        found: dict[str, Any] = plain(document)
        return {**found, "digest": document_digest(found)}

    @property
    def digest(self) -> str:
        """Hash of the estimates and their forecast."""
        return str(self.to_json_document()["digest"])

    def __repr__(self) -> str:
        errors = self.standard_errors
        lines = [
            f"Bass model by {self.estimator_name}, {self.n_fitted} periods from {self.series.labels[0]}",
            *(
                f"  {name} = {value:{form}} (standard error {errors[name]:{form}})"
                for name, value, form in (("p", self.p, ".5f"), ("q", self.q, ".4f"), ("m", self.m, ",.1f"))
            ),
            f"  R² of adopters per period {self.r_squared:.3f}; peak after {self.peak:.1f} periods",
        ]
        if self.errors is not None:
            got, naive = self.errors["mean_absolute_error"], self.errors["naive_mean_absolute_error"]
            held = len(self.series) - self.n_fitted
            lines.append(
                f"  {counted(held, 'period')} held out: mean absolute error {got:,.1f}, naive {naive:,.1f}"
            )
        return "\n".join([*lines, *(f"  warning: {warning}" for warning in self.warnings)])


def bass(
    series: Any,
    *,
    estimator: str = "nls",
    column: str | None = None,
    hold_out: int = 0,
    unit: float = 1.0,
) -> BassFit:
    """Fit the Bass model to a series of adopters.

    Parameters
    ----------
    series : array-like, pandas.DataFrame, pandas.Series, str or Path
        Adopters, or first purchases, per period from the launch on; a table or CSV file with a column of them.
    estimator : {"nls", "ols", "mle"}
        Nonlinear least squares (Srinivasan & Mason 1986), ordinary least squares (Bass 1969) or maximum
        likelihood (Schmittlein & Mahajan 1982). They differ by a factor of two in p on the same series.
    column : str, optional
        Column of a table or file.
    hold_out : int
        Last periods that are forecast instead of fitted.
    unit : float
        People whom one unit of the series stands for, > 0; only the standard errors of ``mle`` depend on it.

    Returns
    -------
    BassFit
        Estimates with standard errors; ``.forecast(n)``, ``.hold_out``, ``.errors``.

    Raises
    ------
    ScenarioError
        If the series is faulty or does not determine a Bass curve.

    Examples
    --------
    >>> import simulator as sim
    >>> sales = [96, 195, 238, 380, 1045, 1230, 1267, 1828, 1586, 1673, 1800, 1580, 1500]
    >>> fit = sim.bass(sales, estimator="nls")
    >>> round(fit.p, 5), round(fit.q, 4), round(fit.m)
    (0.00944, 0.3748, 18713)
    """
    checked_estimator(estimator)
    if not isinstance(unit, int | float) or not 0 < unit < float("inf"):
        raise ScenarioError([Fault("bass(unit)", repr(unit), "> 0 (people per unit of the series)")])
    found = series_of(series, column, hold_out)
    n = len(found) - int(hold_out)
    fitted = found.head(n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        parameters = estimate_parameters(fitted.values, estimator, float(unit))
    fit = BassFit(estimator, found, n, parameters, float(unit))
    return BassFit(estimator, found, n, parameters, float(unit), tuple(_doubts(fit)))


def _doubts(fit: BassFit) -> list[str]:
    found = []
    errors, reached = fit.standard_errors, fit.series.values[: fit.n_fitted].sum()
    if fit.peak > fit.n_fitted:
        found.append(f"the fitted periods end before the peak (period {fit.peak:.1f}): m is an extrapolation")
    if fit.m < reached:
        found.append(f"m lies below the {reached:,.4g} who have adopted already")
    for name in ("p", "q", "m"):
        if errors[name] > 0.5 * abs(getattr(fit, name)):
            found.append(f"{name} is hardly determined: its standard error is {errors[name]:.3g}")
    if fit.q < 1e-6:
        found.append("q is at its lower bound 0: the series shows no imitation")
    return found


def _check_forecast(n: int, confidence: float) -> None:
    faults = []
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        faults.append(Fault("forecast(n)", repr(n), "a whole number of periods, at least 1"))
    if not 0 < confidence < 1:
        faults.append(Fault("forecast(confidence)", repr(confidence), "between 0 and 1"))
    if faults:
        raise ScenarioError(faults)
