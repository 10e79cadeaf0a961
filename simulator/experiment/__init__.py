"""Questions over many replicates: simulate one strategy, compare several, repeat a stored comparison."""
