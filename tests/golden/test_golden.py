"""Trajectories are those that were pinned for this trajectory version: no change slips in unseen."""

from __future__ import annotations

import pytest
from golden_digests import ENGINES, digests, pinned, strategies

from simulator.model.observation import TRAJECTORY_VERSION
from simulator.scenario import load_scenario

REMEDY = (
    "trajectories changed: if that is meant, raise TRAJECTORY_VERSION in simulator/model/observation.py, say so in "
    "CHANGELOG.md and run python tests/golden/golden_digests.py"
)


def test_the_digests_are_those_of_this_version() -> None:
    assert pinned()["trajectory_version"] == TRAJECTORY_VERSION, REMEDY
    assert tuple(pinned()["digests"]) == strategies(), REMEDY


def test_the_scenario_is_the_one_that_was_pinned() -> None:
    """Another scenario, not another model, would explain other digests."""
    assert pinned()["scenario_digest"] == load_scenario("tiny").digest, REMEDY


@pytest.mark.parametrize("engine", ENGINES)
def test_trajectories_are_those_that_were_pinned(engine: str) -> None:
    found = digests(engine)
    assert [name for name in found if found[name] != pinned()["digests"].get(name)] == [], REMEDY


def test_strategies_differ() -> None:
    """Negative control: a digest that hashes nothing would be the same for all."""
    assert len(set(pinned()["digests"].values())) == len(strategies())
