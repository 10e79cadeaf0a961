"""Two ways to run a world: the compiled engine and the Mesa engine, with the same trajectories.

:func:`run_replicates` is the one door to both.
"""

from simulator.engines.runner import ENGINES, run_replicates

__all__ = ["ENGINES", "run_replicates"]
