"""The diffusion room with its results' ``plot`` methods attached."""

from __future__ import annotations

from typing import Any

import simulator.diffusion as _room

__all__ = ["diffusion"]

diffusion = _room


def _spread(self: _room.Spread, *, title: str | None = None) -> Any:
    """Draw the mean number of active nodes by step, with its band over replicates where recorded.

    Parameters
    ----------
    title : str, optional
        Title instead of the result's own.
    """
    from simulator.present.plots_diffusion import plot_spread

    return plot_spread(self, title=title)


def _seeds(self: _room.SeedComparison, *, title: str | None = None) -> Any:
    """Draw the mean size of each seed set with its paired interval against the first.

    Parameters
    ----------
    title : str, optional
        Title instead of the result's own.
    """
    from simulator.present.plots_diffusion import plot_seeds

    return plot_seeds(self, title=title)


def _curve(self: _room.AdoptionCurve, *, title: str | None = None) -> Any:
    """Draw cumulative and new adopters over time, with bands where simulated.

    Parameters
    ----------
    title : str, optional
        Title instead of the result's own.
    """
    from simulator.present.plots_diffusion import plot_adoption_curve

    return plot_adoption_curve(self, title=title)


for _owner, _draw in (
    (_room.Spread, _spread),
    (_room.SeedComparison, _seeds),
    (_room.AdoptionCurve, _curve),
):
    _draw.__name__ = "plot"
    setattr(_owner, "plot", _draw)  # noqa: B010
