"""The classic models of diffusion on bare graphs, beside the market model."""

from simulator.diffusion.graphs import Arcs, arcs

__all__ = ["Arcs", "arcs"]
