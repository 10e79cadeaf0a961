"""The verbs that fit and optimize, with their results' ``plot_…`` methods attached.

matplotlib is loaded only when one of the methods is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.experiment.bass_fit import BassFit, bass
from simulator.experiment.calibration import calibrate
from simulator.experiment.calibration_result import Calibration
from simulator.experiment.network_study import NetworkStudy, study_network
from simulator.experiment.optimization import optimize
from simulator.experiment.optimization_result import Optimization

__all__ = [
    "BassFit",
    "Calibration",
    "NetworkStudy",
    "Optimization",
    "bass",
    "calibrate",
    "optimize",
    "study_network",
]

#: Result, method, function of the module of figures, and meaning.
_METHODS: tuple[tuple[type, str, str, str], ...] = (
    (Calibration, "plot_posterior", "plot_posterior", "Draw posterior, prior, and ranks of known truths."),
    (Calibration, "plot_prediction", "plot_prediction", "Draw prediction against observation."),
    (BassFit, "plot_fit", "plot_fit", "Draw the curve against the series, with its forecast."),
    (Optimization, "plot_leads", "plot_leads", "Draw the lead over each plan that was there before."),
    (Optimization, "plot_frontier", "plot_frontier", "Draw the metric against risk or privacy."),
    (NetworkStudy, "plot_forecast", "plot_network_forecast", "Draw adopters, observed and forecast."),
)


def _method(name: str, function: str, meaning: str) -> Callable[..., Any]:
    def draw(self: Any, *args: Any, **kwargs: Any) -> Any:
        from simulator.present import plots_fitting

        return getattr(plots_fitting, function)(self, *args, **kwargs)

    draw.__name__ = name
    draw.__doc__ = meaning
    return draw


for _owner, _name, _function, _meaning in _METHODS:
    setattr(_owner, _name, _method(_name, _function, _meaning))
