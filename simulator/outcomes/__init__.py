"""What came out of a simulation: trajectories, metrics, statistics, and the store of results."""
