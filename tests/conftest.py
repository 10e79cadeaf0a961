"""Settings of all tests: property tests try the same examples every time, and the long ones begin."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")

#: Folders in which single tests take many seconds: they run first, so that all processors end at about the same time.
LONG = ("calibration", "diffusion", "experiment_runner", "experiments", "notebooks", "optimization")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.parent.name not in LONG)
