"""The verb ``sensitivity``: what the answer depends on, by five methods."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.errors import ScenarioError
from simulator.present.cli import (
    AsJson,
    ClusterAddress,
    Consumers,
    Engine,
    Processes,
    Quiet,
    ScenarioPath,
    Seed,
    Settings,
    Threads,
    announce_compilation,
    app,
    load,
    names_of,
)
from simulator.present.cli_select import finish_study, kept_in
from simulator.present.progress import Progress

#: By method: the public verb, the kind of its results, and what the options are called there.
METHODS: dict[str, tuple[str, str, dict[str, str]]] = {
    "morris": ("sensitivity", "sensitivity", {"points": "n_points"}),
    "sobol": ("sensitivity", "sensitivity", {"points": "n_points"}),
    "map": ("regime_map", "regime map", {"points": "n_levels"}),
    "reversal": ("reversal", "reversal", {"points": "n_levels", "factors": "factor"}),
    "variance": ("variance_split", "variance split", {"points": "n_parameters"}),
}


@app.command()
def sensitivity(
    scenario: ScenarioPath,
    method: Annotated[
        str, typer.Option(help="morris (screening), sobol (shares of variance), map, reversal or variance")
    ] = "morris",
    factors: Annotated[
        str | None,
        typer.Option(help="parameters, or path=low:high[:log], separated by commas [all parameters' priors]"),
    ] = None,
    strategies: Annotated[
        str | None,
        typer.Option(help="one, or two whose difference is explained, separated by commas [first, baseline]"),
    ] = None,
    metric: Annotated[str | None, typer.Option(help="metric [the scenario's]")] = None,
    points: Annotated[
        int | None,
        typer.Option(help="trajectories, base points (a power of two), levels of a factor, or draws"),
    ] = None,
    worlds: Annotated[int, typer.Option(help="worlds within each draw, for variance")] = 4,
    replicates: Annotated[int | None, typer.Option(help="replicates at every point")] = None,
    seed: Seed = None,
    engine: Engine = "numba",
    consumers: Consumers = None,
    threads: Threads = None,
    processes: Processes = None,
    cluster: ClusterAddress = None,
    settings: Settings = None,
    out: Annotated[
        Path | None, typer.Option(help="folder for the results; call again with it to go on")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find out what the answer depends on: indices, maps, reversing values, sources of variance."""
    from simulator.outcomes.places import absolute
    from simulator.present.cli_places import study_place
    from simulator.present.report_studies import report_study

    faults: list[Any] = []
    with Progress(quiet=quiet or as_json) as progress:
        verb, kind, names = METHODS[_checked(method, faults)]
        if faults:
            raise ScenarioError(faults)
        loaded = load(scenario, consumers, settings, progress.announce)
        place = None if out is None else absolute(out)
        options = _options(verb, names, method, loaded, factors, strategies, points, worlds, replicates)
        where = {"processes": processes, "cluster": cluster}
        options |= {name: value for name, value in where.items() if value is not None}

        def begin(question: Mapping[str, Any]) -> None:
            study_place(out, kind, question)
            announce_compilation(progress, engine)

        with kept_in(place) as kept:
            found = _run(verb)(
                loaded,
                **options,
                metric=metric,
                seed=seed,
                engine=engine,
                threads=threads,
                on_progress=progress,
                keep_in=kept,
                on_question=begin,
            )
            if place is not None:
                report_study(found, place)
    finish_study(found, place, as_json=as_json, quiet=quiet)


def _checked(method: str, faults: list[Any]) -> str:
    from simulator.experiment.argument_checks import one_of

    return one_of("sensitivity(method)", method, tuple(METHODS), faults)


def _run(verb: str) -> Any:
    from simulator.present import accessors_studies

    return getattr(accessors_studies, verb)


def _options(
    verb: str,
    names: dict[str, str],
    method: str,
    scenario: Any,
    factors: str | None,
    strategies: str | None,
    points: int | None,
    worlds: int,
    replicates: int | None,
) -> dict[str, Any]:
    """Return the arguments of a public verb, without those that were not given."""
    from simulator.experiment.sensitivity import default_pair

    listed = names_of(strategies)
    if verb == "variance_split" and listed is None:
        listed = list(default_pair(scenario))
    options: dict[str, Any] = {
        names.get("factors", "factors"): factors,
        "strategies": listed,
        names["points"]: points,
        "n_replicates": replicates,
    }
    if verb == "sensitivity":
        options["method"] = method
    if verb == "variance_split":
        options["n_worlds"] = worlds
    given = {name: value for name, value in options.items() if value is not None}
    if verb in ("regime_map", "reversal"):
        given.setdefault(names.get("factors", "factors"), ())
    return given
