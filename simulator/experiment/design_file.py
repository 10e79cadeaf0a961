"""A design: scenarios, strategies, points and replicates; read from a TOML file or built in Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from simulator.errors import Fault, ScenarioError
from simulator.experiment import design_schema as schema
from simulator.experiment.arguments import whole
from simulator.experiment.designs import Point, design_points
from simulator.experiment.factors import Factor
from simulator.experiment.fractional import fraction
from simulator.experiment.treatments import Treatment, metric_faults, settings_of
from simulator.outcomes.brand_view import REFERENCE
from simulator.outcomes.metrics import INCREMENTAL, METRIC
from simulator.outcomes.replicate_blocks import block
from simulator.outcomes.wording import counted
from simulator.scenario import Scenario, load_scenario
from simulator.scenario.faults import faults_of, in_order
from simulator.scenario.merging import label_of, parse_file
from simulator.scenario.overrides import Overrides, plain
from simulator.scenario.resizing import resized
from simulator.scenario.tree import Tree
from simulator.scenario.wording import listed

#: Columns of results that a factor's name must leave free.
RESERVED = (
    "treatment",
    "scenario",
    "point",
    "strategy",
    "block",
    "replicate",
    "level",
    "pilot_spend",
    "note",
)


@dataclass(frozen=True, eq=False)
class Design:
    """What an experiment runs: scenarios x points x strategies, in numbered replicates.

    Parameters
    ----------
    scenarios : tuple of Scenario
        With the design's own overrides in them.
    strategies : tuple of str
        Strategies that run at every point.
    points : tuple of Point
        Values of the factors.
    replicates : range
        Numbers of the replicates; see :mod:`simulator.outcomes.replicate_blocks`.
    seed : int
        0 to 2**32 - 1.
    metrics : tuple of str
        Metrics that are stored.
    factors : tuple of Factor
        What varies.
    name, title, purpose : str
        Short name, one line, and the question.
    kind : str
        Kind of design, as in :func:`simulator.experiment.designs.design_points`.
    balance : {"point", "scenario"}
        Whether a strategy's level is solved at every point, so that budgets are equal everywhere, or once per
        scenario without the factors, as a plan that is made before anyone knows; spend then varies by point
        below the budget.
    notes : tuple of str
        What a reader must know of the design, such as effects that it cannot tell apart.
    """

    scenarios: tuple[Scenario, ...]
    strategies: tuple[str, ...]
    points: tuple[Point, ...]
    replicates: range
    seed: int
    metrics: tuple[str, ...]
    factors: tuple[Factor, ...] = ()
    name: str = "experiment"
    title: str = ""
    purpose: str = ""
    kind: str = "points"
    balance: str = "point"
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        names = tuple(scenario.name for scenario in self.scenarios)
        faults = [
            Fault(f"Design({key})", f"{listed(twice)} twice", f"{key} with different names")
            for key, given in (("scenarios", names), ("strategies", self.strategies))
            if (twice := _twice(given))
        ]
        if faults:
            raise ScenarioError(faults)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, name: str = "experiment") -> Self:
        """Build a design from tables as they would stand in a file; relative paths start from here.

        Parameters
        ----------
        data : mapping
            The file's tables; ``experiment.scenario`` may be a Scenario too.
        name : str, optional
            Name of the design in messages and results.

        Returns
        -------
        Design
            Checked.

        Raises
        ------
        ScenarioError
            With every fault.
        """
        table = dict(data.get("experiment", {}))
        given = table.get("scenario")
        if isinstance(given, Scenario):
            table["scenario"] = given.name
        tree = Tree(plain({**data, "experiment": table}), name=name)
        tree.mark((), name)
        return cls._read(tree, Path.cwd(), (given,) if isinstance(given, Scenario) else ())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a design file; see :func:`load_design`."""
        file = Path(path).expanduser()
        label = label_of(file)
        tree = Tree(parse_file(file, label), name=file.stem, source=str(file))
        tree.mark((), label)
        return cls._read(tree, file.parent)

    @classmethod
    def _read(cls, tree: Tree, folder: Path, given: tuple[Scenario, ...] = ()) -> Self:
        try:
            file = schema.DesignFile.model_validate(tree.data)
        except ValidationError as error:
            raise ScenarioError(in_order(faults_of(error, tree, schema.DesignFile)[0])) from None
        faults: list[Fault] = []
        asked = file.experiment
        scenarios = given or _scenarios(asked, tree, folder, faults)
        if given and asked.overrides:
            scenarios = _try(lambda: (given[0].with_overrides(asked.overrides),), faults) or ()
        factors = [_factor(table, tree, k, faults) for k, table in enumerate(file.factors)]
        points = [] if None in factors else _points(file, [f for f in factors if f], tree, faults)
        strategies = tuple(asked.strategies) or (scenarios[0].strategy_names if scenarios else ())
        if twice := _twice(strategies):
            place = ("experiment", "strategies")
            faults.append(tree.fault(place, f"{listed(twice)} twice", "each strategy once"))
        if asked.metrics:
            faults += metric_faults(tree.place(("experiment", "metrics")), asked.metrics)
        if faults:
            raise ScenarioError(in_order(faults))
        design = cls(
            scenarios=scenarios,
            strategies=strategies,
            points=tuple(points),
            replicates=block(asked.block, asked.replicates),
            seed=asked.seed,
            metrics=tuple(asked.metrics) or default_metrics(strategies),
            factors=tuple(factor for factor in factors if factor),
            name=tree.name,
            title=asked.title,
            purpose=asked.purpose,
            kind=file.design.kind,
            balance=asked.balance,
            notes=_notes(file, [factor for factor in factors if factor]),
        )
        design.check()
        return design

    @property
    def n_treatments(self) -> int:
        """Number of treatments: scenarios x points x strategies."""
        return len(self.scenarios) * len(self.points) * len(self.strategies)

    def treatments(self) -> list[Treatment]:
        """Return the treatments of one scenario, point by point."""
        return [Treatment(name, point.overrides) for point in self.points for name in self.strategies]

    def check(self) -> None:
        """Check every point in every scenario.

        Raises
        ------
        ScenarioError
            With every fault, each once.
        """
        faults: list[Fault] = []
        treatments = self.treatments()
        for scenario in self.scenarios:
            _try(lambda scenario=scenario: settings_of(scenario, treatments), faults)
        if faults:
            raise ScenarioError(in_order(faults))

    def changed(
        self,
        *,
        seed: int | None = None,
        n_replicates: int | None = None,
        purpose: str | None = None,
        consumers: int | None = None,
        overrides: Overrides | None = None,
    ) -> Design:
        """Return the design with other replicates, seed or scenarios.

        Parameters
        ----------
        seed : int, optional
            0 to 2**32 - 1.
        n_replicates : int, optional
            Replicates of every treatment.
        purpose : {"select", "evaluate"}, optional
            Block of the replicates.
        consumers : int, optional
            Consumers of every scenario; each then stands for more or fewer people.
        overrides : mapping or sequence of str, optional
            Changes of every scenario.

        Returns
        -------
        Design
            Checked.
        """
        here = self.replicates.start >= block("evaluate", 1).start
        chosen = purpose or ("evaluate" if here else "select")
        faults: list[Fault] = []
        n = len(self.replicates) if n_replicates is None else n_replicates
        numbers = _try(lambda: block(chosen, n), faults)
        first = whole("changed(seed)", self.seed if seed is None else seed, 0, 2**32 - 1, faults)
        scenarios = self.scenarios
        if consumers is not None:
            scenarios = _each(scenarios, lambda scenario: resized(scenario, consumers), faults)
        if overrides:
            scenarios = _each(scenarios, lambda scenario: scenario.with_overrides(overrides), faults)
        if faults:
            raise ScenarioError(dict.fromkeys(faults))
        design = replace(self, replicates=numbers, seed=first, scenarios=scenarios)
        if scenarios is not self.scenarios:
            design.check()
        return design

    def __repr__(self) -> str:
        names = ", ".join(scenario.name for scenario in self.scenarios)
        lines = [
            f"Design {self.name}: {self.title or self.purpose}",
            f"  {self.kind}: {counted(len(self.points), 'point')} of {counted(len(self.factors), 'factor')}",
            f"  x {counted(len(self.strategies), 'strategy')} x {counted(len(self.replicates), 'replicate')}, "
            f"seed {self.seed}",
            f"  scenarios: {names}",
        ]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def load_design(path: str | Path) -> Design:
    """Read a design file and check it, its scenarios and every point.

    Parameters
    ----------
    path : path
        A TOML file with the tables ``[experiment]``, ``[design]`` and ``[[factors]]``.

    Returns
    -------
    Design
        Ready for :func:`simulator.sweep`.

    Raises
    ------
    ScenarioError
        With everything that is wrong: place, what was got, what was expected, and a remedy.
    """
    return Design.load(path)


def default_metrics(strategies: Sequence[str]) -> tuple[str, ...]:
    """Return all metrics; incremental ones only where the strategy without campaign takes part."""
    return tuple(name for name in METRIC if REFERENCE in strategies or name not in INCREMENTAL)


def _scenarios(
    asked: schema.ExperimentTable, tree: Tree, folder: Path, faults: list[Fault]
) -> tuple[Scenario, ...]:
    names = [*([asked.scenario] if asked.scenario else []), *asked.scenarios]
    place = ("experiment", "scenario")
    if not names:
        faults.append(tree.fault(place, "", "a scenario file or the name of a shipped scenario"))
    if asked.scenario and asked.scenarios:
        faults.append(tree.fault(place, "scenario and scenarios", "one of the two keys"))
    found = []
    for name in names:
        file = folder / name
        source = str(file) if file.is_file() else name
        scenario = _try(lambda source=source: load_scenario(source, asked.overrides or None), faults)
        if scenario is not None:
            found.append(scenario)
    if twice := _twice([scenario.name for scenario in found]):
        got = f"{listed(twice)} twice"
        faults.append(tree.fault(("experiment", "scenarios"), got, "scenarios with different names"))
    return tuple(found)


def _twice(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _try(build: Any, faults: list[Fault]) -> Any:
    try:
        return build()
    except ScenarioError as error:
        faults.extend(error.faults)
        return None


def _each(
    scenarios: tuple[Scenario, ...], change: Callable[[Scenario], Scenario], faults: list[Fault]
) -> tuple[Scenario, ...]:
    """Return changed scenarios; those that cannot be changed stay as they are, with their faults told."""
    return tuple(_try(lambda one=scenario: change(one), faults) or scenario for scenario in scenarios)


def _factor(table: Any, tree: Tree, k: int, faults: list[Fault]) -> Factor | None:
    place = ("factors", k)
    paths = [*([table.path] if table.path else []), *table.paths]
    if isinstance(table, schema.PriorFactor):
        if paths:
            faults.append(tree.fault((*place, "path"), paths[0], "no path: the parameter says it"))
        return _try(lambda: Factor.prior(table.parameter, table.name), faults)
    if not paths:
        faults.append(tree.fault((*place, "path"), "", "a dotted path such as brands.Nova.price"))
        return None
    name = table.name or paths[0]
    if name in RESERVED or name in METRIC:
        expected = "a name that is not a column of the results already"
        faults.append(tree.fault((*place, "name"), name, expected, "give the factor another name"))
    if isinstance(table, schema.LevelsFactor):
        return Factor(name, tuple(paths), "levels", tuple(table.levels))
    numbers: dict[str, Any] = {"is_whole": table.whole}
    if isinstance(table, schema.NormalFactor):
        low = -math.inf if table.low is None else table.low
        high = math.inf if table.high is None else table.high
        return Factor(
            name, tuple(paths), "normal", low=low, high=high, mean=table.mean, sd=table.sd, **numbers
        )
    return Factor(name, tuple(paths), table.kind, low=table.low, high=table.high, **numbers)


def _points(file: schema.DesignFile, factors: list[Factor], tree: Tree, faults: list[Fault]) -> list[Point]:
    design = file.design
    found: list[Fault] = []
    points = _try(
        lambda: design_points(
            design.kind,
            factors,
            n_points=getattr(design, "points", None),
            seed=getattr(design, "seed", 0),
            generators=getattr(design, "generators", ()),
            points=file.points,
        ),
        found,
    )
    faults += [replace(fault, place=f"{tree.place(())}: {fault.place}") for fault in found]
    return points or []


def _notes(file: schema.DesignFile, factors: list[Factor]) -> tuple[str, ...]:
    if not isinstance(file.design, schema.FractionalFactorial):
        return ()
    chosen = fraction(len(factors), file.design.generators)
    names = [factor.name for factor in factors]
    relation = " = ".join(["I", *chosen.words])
    notes = [f"resolution {chosen.resolution}, defining relation {relation}"]
    notes += [f"only their sum is seen: {', '.join(group)}" for group in chosen.aliases(names)]
    return tuple(notes)
