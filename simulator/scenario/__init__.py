"""What is asked: scenario files, their checks, overrides, the gallery and the schema for editors."""

from __future__ import annotations

from simulator.scenario.checks import line_slots
from simulator.scenario.editor_schema import editor_schema
from simulator.scenario.gallery import GalleryEntry, gallery, shipped_names
from simulator.scenario.loading import check_scenario, find_scenario, load_scenario
from simulator.scenario.scenario import Scenario

__all__ = [
    "GalleryEntry",
    "Scenario",
    "check_scenario",
    "editor_schema",
    "find_scenario",
    "gallery",
    "line_slots",
    "load_scenario",
    "shipped_names",
]
