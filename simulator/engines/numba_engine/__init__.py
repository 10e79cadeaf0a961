"""The compiled engine: thousands of replicates, bit for bit those of the Mesa engine."""

from simulator.engines.numba_engine.run import is_warm, run_one, warm_up

__all__ = ["is_warm", "run_one", "warm_up"]
