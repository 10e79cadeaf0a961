"""Questions over many replicates: simulate one strategy, compare several, repeat a stored comparison."""

from simulator.experiment import seed_rules as _seed_rules  # noqa: F401  registers what a scenario may name
