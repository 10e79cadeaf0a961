"""A small market that is quick to simulate."""

from __future__ import annotations

import pytest

import simulator as sim
from simulator.scenario import Scenario


@pytest.fixture(scope="session")
def town() -> Scenario:
    """Return the classroom's town with half of its consumers and half of its weeks."""
    return sim.load_scenario("classroom").with_overrides(
        {"population.consumers": 150, "population.people_per_consumer": 20.0, "horizon": 13}
    )
