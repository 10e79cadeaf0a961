"""Factors: what an experiment varies, over which levels or by which distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.experiment.number_range import NumberRange, is_whole_at
from simulator.outcomes.trajectories import unknown
from simulator.scenario.parameters import PARAMETER

#: Significant digits of a drawn value: as many as every platform's logarithm agrees on.
_DIGITS = 12
_SMALLEST_SHARE = 2.0**-53


@dataclass(frozen=True)
class Factor:
    """One thing that an experiment varies.

    Parameters
    ----------
    name : str
        Name, a column of the results.
    paths : tuple of str
        Dotted paths in the scenario that take its value together.
    kind : {"levels", "uniform", "log_uniform", "normal"}
        Listed levels, or a distribution.
    levels : tuple
        Values of any type; of ``levels`` alone.
    low, high : float
        Ends of a uniform or log-uniform range; of a normal distribution, where it is cut off.
    mean, sd : float
        Of a normal distribution.
    is_whole : bool
        Whether values of a distribution are whole numbers; True by itself where a path takes only these.

    Examples
    --------
    >>> Factor("price", ("brands.Ours.price",), "uniform", low=8.0, high=12.0).at(0.25)
    9.0
    """

    name: str
    paths: tuple[str, ...]
    kind: Literal["levels", "uniform", "log_uniform", "normal"]
    levels: tuple[Any, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    mean: float = 0.0
    sd: float = 1.0
    is_whole: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_whole", is_whole_at(self.paths, self.is_whole))

    @classmethod
    def prior(cls, parameter: str, name: str = "") -> Factor:
        """Vary a behavior parameter over its prior.

        Parameters
        ----------
        parameter : str
            Name in ``simulator.PARAMETERS``.
        name : str, optional
            Name of the factor; that of the parameter if omitted.

        Returns
        -------
        Factor
            Uniform or log-uniform, as the table of parameters says.

        Raises
        ------
        ScenarioError
            If there is no such parameter.
        """
        if parameter not in PARAMETER:
            raise ScenarioError([unknown("parameter", parameter, tuple(PARAMETER))])
        prior = PARAMETER[parameter].prior
        path = (f"parameters.{parameter}",)
        return cls(name or parameter, path, prior.form, low=prior.low, high=prior.high)

    @property
    def range(self) -> NumberRange:
        """The numbers of a distribution."""
        return NumberRange(self.low, self.high, self.is_whole)

    @property
    def two_levels(self) -> tuple[Any, Any] | None:
        """The low and the high level, where the factor has just two or ends; else None."""
        if self.kind == "levels":
            return (self.levels[0], self.levels[1]) if len(self.levels) == 2 else None
        low, high = self.range.ends
        ends = math.isfinite(low) and math.isfinite(high)
        return (self._rounded(low), self._rounded(high)) if ends else None

    def at(self, u: float) -> Any:
        """Return the value at a share of the distribution, or the level whose part of it the share falls in.

        Parameters
        ----------
        u : float
            0 to 1.

        Returns
        -------
        Any
            The quantile, to twelve significant digits; a level.
        """
        if self.kind == "levels":
            return self.levels[min(int(u * len(self.levels)), len(self.levels) - 1)]
        if self.kind == "normal":
            return self._rounded(self._normal(u))
        value = self.range.log_uniform(u) if self.kind == "log_uniform" else self.range.uniform(u)
        return self._rounded(float(value))

    def overrides(self, value: Any) -> dict[str, Any]:
        """Return the overrides that give the factor a value."""
        return dict.fromkeys(self.paths, value)

    def describe(self) -> dict[str, Any]:
        """Return the factor as plain data, for manifests."""
        entry: dict[str, Any] = {"name": self.name, "paths": list(self.paths), "kind": self.kind}
        if self.kind == "levels":
            return {**entry, "levels": list(self.levels)}
        numbers = {"low": self.low, "high": self.high, "mean": self.mean, "sd": self.sd}
        used = ("mean", "sd", "low", "high") if self.kind == "normal" else ("low", "high")
        return {**entry, **{key: numbers[key] for key in used if math.isfinite(numbers[key])}}

    def _normal(self, u: float) -> float:
        from scipy.special import ndtr, ndtri

        first, last = (float(ndtr((end - self.mean) / self.sd)) for end in (self.low, self.high))
        share = min(max(first + u * (last - first), _SMALLEST_SHARE), 1 - _SMALLEST_SHARE)
        return float(min(max(self.mean + self.sd * float(ndtri(share)), self.low), self.high))

    def _rounded(self, value: float) -> float | int:
        return round(value) if self.is_whole else float(f"{value:.{_DIGITS}g}")


def factor_faults(place: str, factor: Factor) -> list[Fault]:
    """Return what is wrong with a factor.

    Parameters
    ----------
    place : str
        Where it stands, for messages.
    factor : Factor
        As built.
    """
    faults = []
    if factor.kind == "levels":
        if not factor.levels:
            faults.append(Fault(f"{place}.levels", "[]", "at least one level"))
        doubled = [level for k, level in enumerate(factor.levels) if level in factor.levels[:k]]
        if doubled:
            faults.append(Fault(f"{place}.levels", f"{doubled[0]!r} twice", "each level once"))
        return faults
    faults += factor.range.faults(place)
    if factor.kind == "log_uniform" and factor.low <= 0:
        faults.append(
            Fault(f"{place}.low", f"{factor.low:g}", "above 0", "use uniform where zero is possible")
        )
    if factor.kind == "normal" and not factor.sd > 0:
        faults.append(Fault(f"{place}.sd", f"{factor.sd:g}", "above 0"))
    return faults


def overrides_at(factors: Mapping[str, Factor], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the overrides of a design point from the values of its factors."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        result.update(factors[name].overrides(value))
    return result


def shares_to_values(factors: tuple[Factor, ...], shares: Any) -> list[dict[str, Any]]:
    """Return the values of factors at points of the unit cube.

    Parameters
    ----------
    factors : tuple of Factor
        Along the second axis.
    shares : ndarray of float64, shape (point, factor)
        0 to 1.

    Returns
    -------
    list of dict
        By point, values by the factor's name.
    """
    return [
        {factor.name: factor.at(float(u)) for factor, u in zip(factors, row, strict=True)}
        for row in np.asarray(shares)
    ]
