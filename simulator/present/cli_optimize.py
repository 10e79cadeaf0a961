"""The verb ``optimize``: the best version of a strategy, judged on fresh replicates."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from simulator.errors import Fault, ScenarioError
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
)
from simulator.present.cli_calibrate import Folder, show_result
from simulator.present.cli_select import told_at_interruption
from simulator.present.progress import Progress


@app.command()
def optimize(
    scenario: ScenarioPath,
    strategy: Annotated[str, typer.Option(help="name of the strategy that is varied")],
    split: Annotated[bool, typer.Option(help="decide the shares of its lines")] = True,
    bound: Annotated[
        list[str] | None,
        typer.Option(metavar="LINE=LOW:HIGH", help="bounds of a line's share, by its position; repeatable"),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH=LOW:HIGH",
            help="number to vary between bounds, or PATH=a|b|c for options; repeatable",
        ),
    ] = None,
    metric: Annotated[str | None, typer.Option(help="metric that decides [the scenario's]")] = None,
    method: Annotated[str, typer.Option(help="surface, tpe (needs optuna) or random")] = "surface",
    frontier: Annotated[bool, typer.Option(help="search trade-offs with risk and privacy too")] = True,
    first: Annotated[int, typer.Option(help="scattered first plans")] = 24,
    rounds: Annotated[int, typer.Option(help="rounds of proposals")] = 8,
    batch: Annotated[int, typer.Option(help="plans in each round")] = 4,
    replicates: Annotated[int, typer.Option(help="replicates of every plan in the search")] = 8,
    race: Annotated[int, typer.Option(help="most replicates of a finalist")] = 64,
    finalists: Annotated[int, typer.Option(help="plans that race")] = 6,
    evaluation: Annotated[int, typer.Option(help="fresh replicates for the judgment")] = 200,
    confidence: Annotated[float, typer.Option(help="joint confidence of the differences")] = 0.95,
    seed: Seed = None,
    engine: Engine = "numba",
    consumers: Consumers = None,
    threads: Threads = None,
    processes: Processes = None,
    cluster: ClusterAddress = None,
    settings: Settings = None,
    out: Folder = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find the best split, timing, targeting or price of a strategy at the same budget."""
    from simulator.experiment.optimization import optimize as run
    from simulator.present.cli_places import kept_place
    from simulator.present.report_fitting import report_fitting

    with Progress(quiet=quiet or as_json) as progress:
        kept_place(out)
        loaded = load(scenario, consumers, settings, progress.announce)
        bounds = read_bounds(bound) if bound else split
        varied = read_variations(vary or [])
        announce_compilation(progress, engine)
        with told_at_interruption(out, out):
            result = run(
                loaded,
                strategy,
                split=bounds,
                vary=varied,
                metric=metric,
                method=method,
                frontier=frontier,
                n_first=first,
                n_rounds=rounds,
                batch=batch,
                n_replicates=replicates,
                n_race=race,
                n_finalists=finalists,
                n_evaluation=evaluation,
                confidence=confidence,
                seed=seed,
                engine=engine,
                threads=threads,
                processes=processes,
                cluster=cluster,
                out=out,
                on_progress=progress,
            )
            if out is not None:
                report_fitting(result, out)
    show_result(result, out, as_json=as_json, quiet=quiet)


def read_bounds(texts: list[str]) -> dict[int, tuple[float, float]]:
    """Read ``LINE=LOW:HIGH`` of the command line."""
    found, faults = {}, []
    for text in texts:
        line, _, bounds = text.partition("=")
        try:
            low, high = (float(part) for part in bounds.split(":"))
            found[int(line)] = (low, high)
        except ValueError:
            faults.append(Fault("--bound", text, "LINE=LOW:HIGH, such as 0=0.1:0.5"))
    if faults:
        raise ScenarioError(faults)
    return found


def read_variations(texts: list[str]) -> dict[str, list[Any]]:
    """Read ``PATH=LOW:HIGH`` and ``PATH=a|b|c`` of the command line."""
    from simulator.scenario.overrides import parse_value

    found: dict[str, list[Any]] = {}
    faults = []
    for text in texts:
        path, equals, values = text.partition("=")
        mark = "|" if "|" in values else ":"
        parts = [part for part in values.split(mark) if part.strip()]
        if not equals or len(parts) < 2:
            faults.append(Fault("--vary", text, "PATH=LOW:HIGH or PATH=a|b|c"))
            continue
        try:
            found[path.strip()] = [parse_value(part) for part in parts]
        except ValueError as error:
            faults.append(Fault("--vary", text, "TOML values", str(error)))
    if faults:
        raise ScenarioError(faults)
    return found
