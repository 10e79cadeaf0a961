"""Whom to seed: heuristics by degree, position or trait, and algorithms that maximize the spread.

``select(graph, k, method=...)`` chooses seeds under costs, a budget, eligibility and quotas by cell; ``METHODS``
is the table of methods. ``ris`` (the default) is near the best possible set with a certificate, in seconds on
graphs of 100,000 nodes; ``celf`` is greedy on live-arc samples and the better one where cascades reach most of
the graph, as stored sets are large there.
"""

from simulator.diffusion.seeding.choice import select
from simulator.diffusion.seeding.methods import METHODS, Method
from simulator.diffusion.seeding.reverse_greedy import Certificate
from simulator.diffusion.seeding.seed_set import SeedSet

__all__ = ["METHODS", "Certificate", "Method", "SeedSet", "select"]
