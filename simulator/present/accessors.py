"""The public verbs with their results' ``plot_…`` methods attached.

The rooms below know nothing of figures. Importing a verb from here gives its results methods that draw,
and matplotlib is loaded only when one of them is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.experiment.comparison import Comparison, compare
from simulator.experiment.repetition import repeat
from simulator.experiment.simulation import simulate
from simulator.outcomes.trajectories import Trajectories

__all__ = ["Comparison", "Trajectories", "compare", "repeat", "simulate"]

#: Method of a result: the function that draws it, what is fixed, and what it shows.
_OF_BOTH: dict[str, tuple[str, dict[str, str], str]] = {
    "plot_curve": ("plot_curve", {}, "Draw a curve over time with its band; see simulator.present.plots."),
    "plot_adoption": (
        "plot_curve",
        {"curve": "adoption"},
        "Draw adoption over time, by strategy, with bands.",
    ),
    "plot_share": ("plot_curve", {"curve": "share"}, "Draw market share over time, by strategy, with bands."),
}
_OF_COMPARISONS: dict[str, tuple[str, dict[str, str], str]] = {
    "plot_differences": ("plot_differences", {}, "Draw paired differences with simultaneous intervals."),
    "plot_spend": ("plot_spend", {}, "Draw what each strategy spent, by kind, against its budget."),
    "plot_funnel": ("plot_funnel", {}, "Draw the stages from reach to repeat purchase, by strategy."),
    "plot_sources": ("plot_sources", {}, "Draw through which source purchases came about, by strategy."),
    "plot_risk": ("plot_risk", {}, "Draw every replicate's outcome, the mean and the worst 5 %."),
}


def _method(name: str, function: str, fixed: dict[str, str], meaning: str) -> Callable[..., Any]:
    def draw(self: Any, *args: Any, **kwargs: Any) -> Any:
        from simulator.present import plots

        return getattr(plots, function)(self, *args, **fixed, **kwargs)

    draw.__name__ = name
    draw.__doc__ = meaning
    return draw


def _attach() -> None:
    for name, (function, fixed, meaning) in _OF_BOTH.items():
        for owner in (Comparison, Trajectories):
            setattr(owner, name, _method(name, function, fixed, meaning))
    for name, (function, fixed, meaning) in _OF_COMPARISONS.items():
        setattr(Comparison, name, _method(name, function, fixed, meaning))


_attach()
