"""The classic models of diffusion on bare graphs, beside the market model.

:func:`spread` runs independent cascades, linear thresholds, epidemics and Bass models from given seeds on
any graph; :func:`compare_seeds` compares seed sets in the same worlds; :func:`curve` gives adoption curves;
:func:`arcs` shows in which order a graph's arcs stand, :func:`coins` and :func:`thresholds` the chance that
a replicate meets, so that cascades can be compared arc for arc with other people's code. ``seeding.select``
chooses whom to seed.
"""

from simulator.diffusion import seeding
from simulator.diffusion.curves import AdoptionCurve, curve
from simulator.diffusion.graphs import Arcs, arcs
from simulator.diffusion.results import SeedComparison, Spread
from simulator.diffusion.spreading import coins, compare_seeds, spread, thresholds

__all__ = [
    "AdoptionCurve",
    "Arcs",
    "SeedComparison",
    "Spread",
    "arcs",
    "coins",
    "compare_seeds",
    "curve",
    "seeding",
    "spread",
    "thresholds",
]
