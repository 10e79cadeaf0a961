"""Free parameters: dotted paths of a scenario with their priors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.experiment.number_range import NumberRange, is_whole_at
from simulator.outcomes.trajectories import unknown
from simulator.scenario.parameters import PARAMETERS

Values = NDArray[np.float64]
Form = Literal["uniform", "log_uniform", "normal"]
FORMS = ("uniform", "log_uniform", "normal")
_LARGEST_Z = 8.0


@dataclass(frozen=True)
class FreeParameter:
    """A quantity that is fitted, with what is believed of it before the data.

    Parameters
    ----------
    name : str
        Dotted path in the scenario, or any name where no scenario is concerned.
    form : {"uniform", "log_uniform", "normal"}
        Family of the prior.
    a, b : float
        Ends of the range (``a < b``, both > 0 for ``log_uniform``), or mean and standard deviation (> 0).
    is_whole : bool
        Whether only whole numbers are drawn: the whole numbers of a uniform range are equally likely, others
        are rounded. True by itself where the path takes only these.
    """

    name: str
    form: Form
    a: float
    b: float
    is_whole: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_whole", is_whole_at([self.name], self.is_whole))

    @property
    def range(self) -> NumberRange:
        """The numbers of a prior with two ends."""
        return NumberRange(self.a, self.b, self.is_whole)

    def value(self, z: Values) -> Values:
        """Return the parameter at a standard normal score: a draw z of N(0, 1) gives a draw of the prior.

        Parameters
        ----------
        z : ndarray of float64
            Any shape.

        Returns
        -------
        ndarray of float64
            Same shape, in the parameter's unit.
        """
        from scipy.special import ndtr

        if self.form == "normal":
            drawn: Values = self.a + self.b * np.asarray(z, dtype=np.float64)
            return np.rint(drawn) if self.is_whole else drawn
        share = ndtr(z)
        return self.range.uniform(share) if self.form == "uniform" else self.range.log_uniform(share)

    def score(self, value: Values) -> Values:
        """Return the standard normal score of a value, the inverse of :meth:`value`; for a whole number, one of its."""
        from scipy.special import ndtri

        x = np.asarray(value, dtype=np.float64)
        if self.form == "normal":
            return (x - self.a) / self.b
        share = self.range.share_of(x) if self.form == "uniform" else self.range.log_share_of(x)
        score: Values = np.clip(ndtri(share), -_LARGEST_Z, _LARGEST_Z)
        return score

    @property
    def text(self) -> str:
        """The prior in words."""
        if self.form == "normal":
            return f"normal with mean {self.a:g} and standard deviation {self.b:g}"
        return f"{self.form.replace('_', '-')} from {self.a:g} to {self.b:g}"


def values_of(free: Sequence[FreeParameter], z: Values) -> Values:
    """Return parameters at rows of standard normal scores; shapes (draw, parameter)."""
    return np.stack([parameter.value(z[:, k]) for k, parameter in enumerate(free)], axis=1)


def free_parameters(given: Any, place: str = "calibrate(free)") -> tuple[FreeParameter, ...]:
    """Read free parameters with their priors.

    Parameters
    ----------
    given : mapping, or sequence of str or FreeParameter
        Path to prior: ``(low, high)`` for a uniform one, or a mapping with ``distribution`` and ``low``, ``high``
        or ``mean``, ``sd``, or text ``"low:high"``, ``"log:low:high"``, ``"normal:mean:sd"``. A bare name of a
        behavior parameter takes its prior from the table of parameters.
    place : str
        What to call the argument in messages.

    Returns
    -------
    tuple of FreeParameter
        At least one.

    Raises
    ------
    ScenarioError
        With every fault.
    """
    items = (
        list(given.items()) if isinstance(given, Mapping) else [(entry, None) for entry in _sequence(given)]
    )
    faults: list[Fault] = []
    found: list[FreeParameter] = []
    for entry, prior in items:
        if isinstance(entry, FreeParameter):
            parameter: FreeParameter | Fault = entry
        else:
            parameter = _parameter(str(entry), prior, f"{place}: {entry}")
        if isinstance(parameter, Fault):
            faults.append(parameter)
        else:
            faults.extend(_prior_faults(parameter, f"{place}: {parameter.name}"))
            found.append(parameter)
    names = [parameter.name for parameter in found]
    faults += [
        Fault(f"{place}: {name}", "given twice", "each path once")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if not items:
        faults.append(Fault(place, "nothing", "at least one path with its prior"))
    if faults:
        raise ScenarioError(faults)
    return tuple(found)


def _sequence(given: Any) -> Sequence[Any]:
    if isinstance(given, str):
        return [given]
    return list(given) if given is not None else []


def _parameter(entry: str, prior: Any, place: str) -> FreeParameter | Fault:
    path, equals, text = entry.partition("=")
    if prior is None and equals:
        return _from_text(_full(path.strip()), text, place)
    if prior is None:
        return _from_table(entry, place)
    entry = _full(entry)
    if isinstance(prior, str):
        return _from_text(entry, prior, place)
    if isinstance(prior, Mapping):
        return _from_mapping(entry, prior, place)
    try:
        low, high = (float(value) for value in prior)
    except (TypeError, ValueError):
        return Fault(place, repr(prior), "a prior: (low, high), a mapping, or text such as log:0.01:0.3")
    return FreeParameter(entry, "uniform", low, high)


def _full(path: str) -> str:
    """Return the path of a behavior parameter that is given by its bare name; other paths as they are."""
    return f"parameters.{path}" if path in {parameter.name for parameter in PARAMETERS} else path


def _from_table(entry: str, place: str) -> FreeParameter | Fault:
    name = entry.removeprefix("parameters.")
    table = {parameter.name: parameter for parameter in PARAMETERS}
    if name in table:
        prior = table[name].prior
        return FreeParameter(f"parameters.{name}", prior.form, float(prior.low), float(prior.high))
    fault = unknown("", name, table, f"give it one, such as {name}=LOW:HIGH")
    return Fault(
        place, "no prior", "a prior, as only behavior parameters have one of their own", fault.remedy
    )


def _from_text(name: str, text: str, place: str) -> FreeParameter | Fault:
    words = [word.strip() for word in text.split(":")]
    forms: dict[str, Form] = {"log": "log_uniform", "normal": "normal", "uniform": "uniform"}
    form: Form = forms.get(words[0], "uniform")
    numbers = words[1:] if words[0] in forms else words
    try:
        a, b = (float(word) for word in numbers)
    except ValueError:
        return Fault(place, text, "LOW:HIGH, log:LOW:HIGH or normal:MEAN:SD")
    return FreeParameter(name, form, a, b)


def _from_mapping(name: str, prior: Mapping[str, Any], place: str) -> FreeParameter | Fault:
    form = str(prior.get("distribution", "uniform"))
    if form not in FORMS:
        fault = unknown("distribution", form, FORMS)
        return Fault(f"{place}.distribution", fault.got, fault.expected, fault.remedy)
    keys = ("mean", "sd") if form == "normal" else ("low", "high")
    if set(prior) - {"distribution"} != set(keys):
        return Fault(place, repr(dict(prior)), f"the keys distribution, {keys[0]} and {keys[1]}")
    try:
        return FreeParameter(name, form, float(prior[keys[0]]), float(prior[keys[1]]))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return Fault(place, repr(dict(prior)), "numbers")


def _prior_faults(parameter: FreeParameter, place: str) -> list[Fault]:
    a, b = parameter.a, parameter.b
    if not np.isfinite([a, b]).all():
        return [Fault(place, f"{a:g}, {b:g}", "finite numbers")]
    if parameter.form == "normal":
        return [] if b > 0 else [Fault(place, f"sd = {b:g}", "> 0")]
    if faults := parameter.range.faults(place):
        return faults
    if parameter.form == "log_uniform" and a <= 0:
        return [Fault(place, f"{a:g} to {b:g}", "> 0 for a log-uniform prior")]
    return []
