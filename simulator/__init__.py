"""Agent-based simulator of consumer markets: which marketing strategy wins, by how much, and how sure.

The public names are here and load on first use, so that ``import simulator`` is quick and touches nothing:

>>> import simulator as sim
>>> scenario = sim.load_scenario("classroom")            # doctest: +SKIP
>>> result = sim.compare(scenario, n_replicates=50)      # doctest: +SKIP
>>> print(result.verdict)                                # doctest: +SKIP

``compare`` ranks strategies, ``simulate`` runs one of them, ``load_scenario`` reads a scenario file or one of
the shipped scenarios (``scenarios()`` lists them); every result has ``.digest``, ``.to_dataframe()``,
``.to_xarray()``, ``.plot_…()`` and ``.save(path)``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from simulator.errors import EngineError, NetworkError, ScenarioError, SimulatorError, StoreError

#: Module that defines each public name.
_HOMES = {
    "EngineError": "simulator.errors",
    "NetworkError": "simulator.errors",
    "ScenarioError": "simulator.errors",
    "SimulatorError": "simulator.errors",
    "StoreError": "simulator.errors",
}

__all__ = [
    "EngineError",
    "NetworkError",
    "ScenarioError",
    "SimulatorError",
    "StoreError",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'simulator' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
