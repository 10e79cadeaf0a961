"""The compiled engine: thousands of replicates, bit for bit those of the Mesa engine."""

from simulator.engines.numba_engine.run import run_one, warm_up

__all__ = ["run_one", "warm_up"]
