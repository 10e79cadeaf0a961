"""The same market with another number of simulated consumers."""

from __future__ import annotations

from simulator.errors import Fault, ScenarioError
from simulator.scenario.faults import described
from simulator.scenario.scenario import Scenario
from simulator.scenario.schema import ScenarioTables
from simulator.scenario.schema.walk import fields_of


def resized(scenario: Scenario, consumers: int, place: str = "consumers") -> Scenario:
    """Simulate the same market with more or fewer consumers, each of whom stands for fewer or more people.

    Parameters
    ----------
    scenario : Scenario
        The market.
    consumers : int
        Number of simulated consumers; the number of people stays, so that budgets stay meaningful.
    place : str
        What to call the number in messages.

    Returns
    -------
    Scenario
        A changed copy.

    Raises
    ------
    ScenarioError
        If the number is out of range, or the scenario does not suit it.
    """
    table = fields_of(ScenarioTables)["population"].table
    assert table is not None
    spot = fields_of(table)["consumers"]
    low, high = spot.bounds["ge"], spot.bounds["le"]
    if not low <= consumers <= high:
        expected = described(spot, with_type=False)
        raise ScenarioError([Fault(place, f"{consumers}", expected, "choose a value in this range")])
    population = scenario.population
    people = population.consumers * population.people_per_consumer / consumers
    return scenario.with_overrides(
        {"population.consumers": consumers, "population.people_per_consumer": people}
    )
