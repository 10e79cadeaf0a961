"""Agent-based simulator of consumer markets: which marketing strategy wins, by how much, and how sure.

The public names are here and load on first use, so that ``import simulator`` is quick and touches nothing:

>>> import simulator as sim
>>> scenario = sim.load_scenario("classroom")            # doctest: +SKIP
>>> result = sim.compare(scenario, n_replicates=50)      # doctest: +SKIP
>>> print(result.verdict)                                # doctest: +SKIP

``compare`` ranks strategies, ``simulate`` runs one of them, ``load_scenario`` reads a scenario file or one of
the shipped scenarios (``scenarios()`` lists them); every result has ``.digest``, ``.to_dataframe()``,
``.to_xarray()``, ``.plot_…()`` and ``.save(path)``. ``sweep`` runs an experiment file (``load_design``) into a
store that survives interruptions, ``open_results`` reads any store; ``evaluate`` gives the outcomes of single
treatments to studies of one's own. ``select`` picks the best strategy with a stated probability;
``sensitivity``, ``regime_map``, ``reversal`` and ``variance_split`` say what the answer depends on. ``calibrate``
fits a scenario to what was observed, ``bass`` a series, ``study_network`` times of adoption on a network;
``optimize`` improves a strategy; ``export`` gives data with known truth to measure with. ``diffusion``
holds the classic models on bare graphs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from simulator import diffusion
    from simulator.diffusion import seeding
    from simulator.errors import EngineError, NetworkError, ScenarioError, SimulatorError, StoreError
    from simulator.experiment.adoption_network import adoption_network
    from simulator.experiment.design_file import Design, load_design
    from simulator.experiment.factors import Factor
    from simulator.experiment.measurement_export import Export, export
    from simulator.experiment.measurement_score import MeasurementScore, score_estimates
    from simulator.experiment.network_hazard import fit_network_hazard
    from simulator.experiment.runner import sweep
    from simulator.experiment.tracing import Trace, trace
    from simulator.experiment.treatments import Treatment, evaluate
    from simulator.experiment.verdict import Verdict
    from simulator.outcomes.curves import CURVES
    from simulator.outcomes.metrics import METRICS
    from simulator.outcomes.results import Results, open_results
    from simulator.outcomes.scenario_discovery import Discovery, find_box
    from simulator.outcomes.sweep_regimes import SweepRegimes
    from simulator.present.accessors import Comparison, Trajectories, compare, repeat, simulate
    from simulator.present.accessors_fitting import (
        BassFit,
        Calibration,
        NetworkStudy,
        Optimization,
        bass,
        calibrate,
        optimize,
        study_network,
    )
    from simulator.present.accessors_studies import (
        RegimeMap,
        Reversal,
        Selection,
        Sensitivity,
        VarianceSplit,
        regime_map,
        reversal,
        select,
        sensitivity,
        variance_split,
    )
    from simulator.present.report import report
    from simulator.scenario import Scenario, check_scenario, editor_schema, gallery, load_scenario
    from simulator.scenario.parameters import PARAMETERS

#: Module that defines each public name; a room of its own name is that module itself.
_HOMES = {
    "BassFit": "simulator.present.accessors_fitting",
    "CURVES": "simulator.outcomes.curves",
    "Calibration": "simulator.present.accessors_fitting",
    "Comparison": "simulator.present.accessors",
    "Design": "simulator.experiment.design_file",
    "Discovery": "simulator.outcomes.scenario_discovery",
    "EngineError": "simulator.errors",
    "Export": "simulator.experiment.measurement_export",
    "Factor": "simulator.experiment.factors",
    "METRICS": "simulator.outcomes.metrics",
    "MeasurementScore": "simulator.experiment.measurement_score",
    "NetworkError": "simulator.errors",
    "NetworkStudy": "simulator.present.accessors_fitting",
    "Optimization": "simulator.present.accessors_fitting",
    "PARAMETERS": "simulator.scenario.parameters",
    "RegimeMap": "simulator.present.accessors_studies",
    "Results": "simulator.outcomes.results",
    "Reversal": "simulator.present.accessors_studies",
    "Scenario": "simulator.scenario",
    "ScenarioError": "simulator.errors",
    "Selection": "simulator.present.accessors_studies",
    "Sensitivity": "simulator.present.accessors_studies",
    "SimulatorError": "simulator.errors",
    "StoreError": "simulator.errors",
    "SweepRegimes": "simulator.outcomes.sweep_regimes",
    "Trace": "simulator.experiment.tracing",
    "Trajectories": "simulator.present.accessors",
    "Treatment": "simulator.experiment.treatments",
    "VarianceSplit": "simulator.present.accessors_studies",
    "Verdict": "simulator.experiment.verdict",
    "adoption_network": "simulator.experiment.adoption_network",
    "bass": "simulator.present.accessors_fitting",
    "calibrate": "simulator.present.accessors_fitting",
    "check_scenario": "simulator.scenario",
    "compare": "simulator.present.accessors",
    "diffusion": "simulator.diffusion",
    "editor_schema": "simulator.scenario",
    "evaluate": "simulator.experiment.treatments",
    "export": "simulator.experiment.measurement_export",
    "find_box": "simulator.outcomes.scenario_discovery",
    "fit_network_hazard": "simulator.experiment.network_hazard",
    "gallery": "simulator.scenario",
    "load_design": "simulator.experiment.design_file",
    "load_scenario": "simulator.scenario",
    "open_results": "simulator.outcomes.results",
    "optimize": "simulator.present.accessors_fitting",
    "regime_map": "simulator.present.accessors_studies",
    "repeat": "simulator.present.accessors",
    "report": "simulator.present.report",
    "reversal": "simulator.present.accessors_studies",
    "score_estimates": "simulator.experiment.measurement_score",
    "seeding": "simulator.diffusion",
    "select": "simulator.present.accessors_studies",
    "sensitivity": "simulator.present.accessors_studies",
    "simulate": "simulator.present.accessors",
    "study_network": "simulator.present.accessors_fitting",
    "sweep": "simulator.experiment.runner",
    "trace": "simulator.experiment.tracing",
    "variance_split": "simulator.present.accessors_studies",
}

__all__ = [
    "BassFit",
    "CURVES",
    "Calibration",
    "Comparison",
    "Design",
    "Discovery",
    "EngineError",
    "Export",
    "Factor",
    "METRICS",
    "MeasurementScore",
    "NetworkError",
    "NetworkStudy",
    "Optimization",
    "PARAMETERS",
    "RegimeMap",
    "Results",
    "Reversal",
    "Scenario",
    "ScenarioError",
    "Selection",
    "Sensitivity",
    "SimulatorError",
    "StoreError",
    "SweepRegimes",
    "Trace",
    "Trajectories",
    "Treatment",
    "VarianceSplit",
    "Verdict",
    "adoption_network",
    "bass",
    "calibrate",
    "check_scenario",
    "compare",
    "diffusion",
    "editor_schema",
    "evaluate",
    "export",
    "find_box",
    "fit_network_hazard",
    "gallery",
    "load_design",
    "load_scenario",
    "open_results",
    "optimize",
    "regime_map",
    "repeat",
    "report",
    "reversal",
    "score_estimates",
    "seeding",
    "select",
    "sensitivity",
    "simulate",
    "study_network",
    "sweep",
    "trace",
    "variance_split",
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
