"""Agent-based simulator of consumer markets: which marketing strategy wins, by how much, and how sure.

The public names are here and load on first use, so that ``import simulator`` is quick and touches nothing:

>>> import simulator as sim
>>> scenario = sim.load_scenario("classroom")            # doctest: +SKIP
>>> result = sim.compare(scenario, n_replicates=50)      # doctest: +SKIP
>>> print(result.verdict)                                # doctest: +SKIP

``compare`` ranks strategies, ``simulate`` runs one of them, ``load_scenario`` reads a scenario file or one of
the shipped scenarios (``scenarios()`` lists them); every result has ``.digest``, ``.to_dataframe()``,
``.to_xarray()``, ``.plot_…()`` and ``.save(path)``. ``diffusion`` holds the classic models on bare graphs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from simulator import diffusion
    from simulator.errors import EngineError, NetworkError, ScenarioError, SimulatorError, StoreError
    from simulator.experiment.verdict import Verdict
    from simulator.outcomes.curves import CURVES
    from simulator.outcomes.metrics import METRICS
    from simulator.present.accessors import Comparison, Trajectories, compare, repeat, simulate
    from simulator.present.report import report
    from simulator.scenario import Scenario, check_scenario, editor_schema, gallery, load_scenario
    from simulator.scenario.parameters import PARAMETERS

#: Module that defines each public name; a room of its own name is that module itself.
_HOMES = {
    "CURVES": "simulator.outcomes.curves",
    "Comparison": "simulator.present.accessors",
    "EngineError": "simulator.errors",
    "METRICS": "simulator.outcomes.metrics",
    "NetworkError": "simulator.errors",
    "PARAMETERS": "simulator.scenario.parameters",
    "Scenario": "simulator.scenario",
    "ScenarioError": "simulator.errors",
    "SimulatorError": "simulator.errors",
    "StoreError": "simulator.errors",
    "Trajectories": "simulator.present.accessors",
    "Verdict": "simulator.experiment.verdict",
    "check_scenario": "simulator.scenario",
    "compare": "simulator.present.accessors",
    "diffusion": "simulator.diffusion",
    "editor_schema": "simulator.scenario",
    "gallery": "simulator.scenario",
    "load_scenario": "simulator.scenario",
    "repeat": "simulator.present.accessors",
    "report": "simulator.present.report",
    "simulate": "simulator.present.accessors",
}

__all__ = [
    "CURVES",
    "Comparison",
    "EngineError",
    "METRICS",
    "NetworkError",
    "PARAMETERS",
    "Scenario",
    "ScenarioError",
    "SimulatorError",
    "StoreError",
    "Trajectories",
    "Verdict",
    "check_scenario",
    "compare",
    "diffusion",
    "editor_schema",
    "gallery",
    "load_scenario",
    "repeat",
    "report",
    "simulate",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'simulator' has no attribute {name!r}")
    module = import_module(home)
    value = module if home == f"{__name__}.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
