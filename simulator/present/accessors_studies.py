"""The verbs that choose and explain, with their results' ``plot_…`` methods attached.

matplotlib is loaded only when one of the methods is called.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from simulator.experiment.regimes import RegimeMap, regime_map
from simulator.experiment.reversal import Reversal, reversal
from simulator.experiment.selection import Selection, select
from simulator.experiment.sensitivity import Sensitivity, sensitivity
from simulator.experiment.variance_split import VarianceSplit, variance_split

__all__ = [
    "RegimeMap",
    "Reversal",
    "Selection",
    "Sensitivity",
    "VarianceSplit",
    "regime_map",
    "reversal",
    "select",
    "sensitivity",
    "variance_split",
]

#: Result, method (also the function's name), module and meaning.
_METHODS: tuple[tuple[type, str, str, str], ...] = (
    (
        Selection,
        "plot_selection",
        "plots_selection",
        "Draw replicates by treatment and the comparison with the best.",
    ),
    (
        VarianceSplit,
        "plot_components",
        "plots_selection",
        "Draw the share of variance that each level contributes.",
    ),
    (Sensitivity, "plot_indices", "plots_sensitivity", "Draw the indices of the most important factors."),
    (
        Reversal,
        "plot_reversal",
        "plots_sensitivity",
        "Draw the lead along the factor and where it changes sign.",
    ),
    (
        RegimeMap,
        "plot_regimes",
        "plots_regimes",
        "Draw which strategy wins where, and the regret of the safest.",
    ),
)


def _method(name: str, module: str, meaning: str) -> Callable[..., Any]:
    def draw(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(import_module(f"simulator.present.{module}"), name)(self, *args, **kwargs)

    draw.__name__ = name
    draw.__doc__ = meaning
    return draw


for _owner, _name, _module, _meaning in _METHODS:
    setattr(_owner, _name, _method(_name, _module, _meaning))
