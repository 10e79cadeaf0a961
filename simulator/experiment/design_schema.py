"""What a design file may say: its tables, keys, units and ranges."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from simulator.outcomes.replicate_blocks import BLOCKS
from simulator.scenario.schema.base import Name, Table, entry, quantity

_MOST = len(BLOCKS["select"])


class ExperimentTable(Table):
    """The table ``[experiment]``: what is simulated, and how often."""

    title: str = entry("one line that names the experiment", "", max_length=200)
    purpose: str = entry("the question that the experiment answers", min_length=1, max_length=2000)
    scenario: str = entry("a scenario file, relative to this one, or the name of a shipped scenario", "")
    scenarios: list[str] = entry("several of them, crossed with everything else", default_factory=list)
    strategies: list[Name] = entry("strategies; the scenario's own choice if omitted", default_factory=list)
    replicates: int = quantity("replicates of every treatment", "replicates", 20, ge=1, le=_MOST)
    block: Literal["select", "evaluate"] = entry(
        "select: replicates to choose on; evaluate: replicates apart from them, to judge what was chosen",
        "select",
    )
    seed: int = quantity("seed of all chance in the simulation", "seed", 1, ge=0, le=2**32 - 1)
    metrics: list[str] = entry(
        "metrics that are stored; all if omitted, incremental ones only with the strategy none",
        default_factory=list,
    )
    balance: Literal["point", "scenario"] = entry(
        "point: budgets are equal at every point; scenario: each strategy's level is solved once, without the "
        "factors, and kept, as a plan made before anyone knows",
        "point",
    )
    overrides: dict[str, Any] = entry("changes of the scenario at every point", default_factory=dict)


class FullFactorial(Table):
    """Every combination of levels."""

    kind: Literal["full_factorial"] = entry("every combination of levels", "full_factorial")


class FractionalFactorial(Table):
    """Two levels by generators."""

    kind: Literal["fractional_factorial"] = entry("two levels, by generators")
    generators: list[str] = entry("such as D=ABC; letters follow the order of the factors", min_length=1)


class LatinHypercube(Table):
    """Points that fill the space, one in each stratum of each factor."""

    kind: Literal["latin_hypercube"] = entry("one point in each stratum of each factor")
    points: int = quantity("number of points", "points", ge=1, le=1_000_000)
    seed: int = quantity("seed of the points", "seed", 0, ge=0, le=2**32 - 1)


class Sobol(Table):
    """Scrambled Sobol points."""

    kind: Literal["sobol"] = entry("scrambled Sobol points")
    points: int = quantity("number of points, a power of two", "points", ge=1, le=2**20)
    seed: int = quantity("seed of the scrambling", "seed", 0, ge=0, le=2**32 - 1)


class OneAtATime(Table):
    """Each factor alone."""

    kind: Literal["one_at_a_time"] = entry("the scenario as it is, then each factor at each level alone")


class ListedPoints(Table):
    """The points of the tables ``[[points]]``."""

    kind: Literal["points"] = entry("the points of the tables [[points]]")


DesignTable = Annotated[
    FullFactorial | FractionalFactorial | LatinHypercube | Sobol | OneAtATime | ListedPoints,
    Field(discriminator="kind", description="at which points the experiment is run"),
]


class FactorTable(Table):
    """What every factor says."""

    name: Name = entry("name of the factor, a column of the results; the path if omitted", "")
    path: str = entry("dotted path in the scenario", "")
    paths: list[str] = entry("several paths that take the same value", default_factory=list)


class LevelsFactor(FactorTable):
    """Listed levels: numbers, names, switches or lists."""

    kind: Literal["levels"] = entry("listed levels")
    levels: list[Any] = entry("values", min_length=1)


class UniformFactor(FactorTable):
    """A uniform distribution."""

    kind: Literal["uniform"] = entry("uniform between two ends")
    low: float = quantity("lower end", "unit of the path")
    high: float = quantity("upper end", "unit of the path")
    whole: bool = entry("only whole numbers; so in any case where a path takes no others", False)


class LogUniformFactor(FactorTable):
    """A distribution whose logarithm is uniform."""

    kind: Literal["log_uniform"] = entry("logarithm uniform between two ends")
    low: float = quantity("lower end", "unit of the path", gt=0)
    high: float = quantity("upper end", "unit of the path", gt=0)
    whole: bool = entry("rounded to whole numbers; so in any case where a path takes no others", False)


class NormalFactor(FactorTable):
    """A normal distribution, cut off where ends are given."""

    kind: Literal["normal"] = entry("normal, cut off where ends are given")
    mean: float = quantity("mean before it is cut off", "unit of the path")
    sd: float = quantity("standard deviation before it is cut off", "unit of the path", gt=0)
    low: float | None = quantity("lower end", "unit of the path", None)
    high: float | None = quantity("upper end", "unit of the path", None)
    whole: bool = entry("rounded to whole numbers; so in any case where a path takes no others", False)


class PriorFactor(FactorTable):
    """The prior of a behavior parameter."""

    kind: Literal["prior"] = entry("the prior of a behavior parameter, from the table of parameters")
    parameter: str = entry("name of the behavior parameter", min_length=1)


AnyFactor = Annotated[
    LevelsFactor | UniformFactor | LogUniformFactor | NormalFactor | PriorFactor,
    Field(discriminator="kind", description="a factor"),
]


class DesignFile(Table):
    """A design file."""

    experiment: ExperimentTable = entry("what is simulated, and how often")
    design: DesignTable = entry(
        "at which points; every combination of levels if omitted", default_factory=FullFactorial
    )
    factors: list[AnyFactor] = entry("what varies", default_factory=list)
    points: list[dict[str, Any]] = entry("points by dotted path, of the kind points", default_factory=list)
