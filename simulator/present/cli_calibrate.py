"""The verbs that fit: ``calibrate`` a scenario, the Bass model by ``bass``, a ``hazard`` on a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    print_document,
)
from simulator.present.cli_select import told_at_interruption
from simulator.present.progress import Progress, duration

if TYPE_CHECKING:
    from simulator.experiment.bass_fit import BassFit

Folder = Annotated[
    Path | None,
    typer.Option(help="folder for the results and what is simulated; call again with it to go on"),
]
Results = Annotated[
    Path | None, typer.Option(help="folder for result.json, tables, figures and a manifest with their hashes")
]
Column = Annotated[str | None, typer.Option(help="column of the file with adopters per period")]
HoldOut = Annotated[int, typer.Option(help="last periods that are predicted instead of fitted")]


@app.command()
def calibrate(
    scenario: ScenarioPath,
    free: Annotated[
        list[str],
        typer.Option(
            metavar="PATH=LOW:HIGH",
            help="free parameter with its prior; also PATH=log:LOW:HIGH, PATH=normal:MEAN:SD, or the bare name of a "
            "behavior parameter; repeatable",
        ),
    ],
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=VALUE[,ERROR]", help="observed metric, with its standard error; repeatable"
        ),
    ] = None,
    series: Annotated[
        Path | None, typer.Option(help="CSV file with people per period, instead of targets")
    ] = None,
    column: Column = None,
    quantity: Annotated[
        str, typer.Option(help="recorded series that the file is compared with")
    ] = "first_purchases",
    weeks_per_period: Annotated[int, typer.Option(help="weeks of one period of the series")] = 1,
    measurement_error: Annotated[float, typer.Option(help="of the series, as a share of its mean")] = 0.0,
    hold_out: HoldOut = 0,
    strategy: Annotated[str, typer.Option(help="what the focal brand did in the observed market")] = "none",
    method: Annotated[str, typer.Option(help="table or sequential")] = "table",
    simulations: Annotated[int, typer.Option(help="simulations to fit with")] = 1000,
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
    """Fit free parameters of a scenario to observed metrics or to an adoption series."""
    from simulator.experiment.calibration import calibrate as run
    from simulator.present.cli_places import kept_place
    from simulator.present.report_fitting import report_fitting

    with Progress(quiet=quiet or as_json) as progress:
        kept_place(out)
        loaded = load(scenario, consumers, settings, progress.announce)
        targets = read_targets(target) if target else None
        announce_compilation(progress, engine)
        with told_at_interruption(out, out):
            result = run(
                loaded,
                free,
                targets=targets,
                series=series,
                column=column,
                quantity=quantity,
                weeks_per_period=weeks_per_period,
                measurement_error=measurement_error,
                hold_out=hold_out,
                strategy=strategy,
                method=method,
                n_simulations=simulations,
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


@app.command()
def bass(
    series: Annotated[str, typer.Argument(metavar="FILE", help="CSV file with adopters per period")],
    estimator: Annotated[str, typer.Option(help="nls, ols, mle, or all")] = "nls",
    column: Column = None,
    hold_out: HoldOut = 0,
    forecast: Annotated[int, typer.Option(help="periods to forecast beyond the series")] = 0,
    unit: Annotated[float, typer.Option(help="people whom one unit of the series stands for")] = 1.0,
    out: Results = None,
    as_json: AsJson = False,
) -> None:
    """Fit the Bass model to a series of adopters by named estimators."""
    from simulator.experiment.bass_estimation import ESTIMATORS
    from simulator.experiment.bass_fit import bass as run
    from simulator.outcomes.document_digest import document_digest
    from simulator.outcomes.plain_data import plain
    from simulator.present.cli_places import study_place

    question = {
        "series": content_of(Path(series)),
        "estimator": estimator,
        "column": column,
        "hold_out": hold_out,
        "forecast": forecast,
        "unit": unit,
    }
    place = study_place(out, "bass fit", {f"question.{key}": question[key] for key in question})
    asked: dict[str, Any] = {"column": column, "hold_out": hold_out, "unit": unit}
    names = list(ESTIMATORS) if estimator == "all" else [estimator]
    fits, failed = fit_each(names, lambda name: run(series, estimator=name, **asked))
    names = [fit.estimator for fit in fits]
    documents = []
    for fit in fits:
        document = fit.to_json_document()
        if forecast:
            document["forecast"] = plain(fit.forecast(forecast).to_dict(orient="records"))
        documents.append(document)
    found: dict[str, Any] = {"series": series, "fits": documents}
    if failed:
        found["failed"] = failed
    found["digest"] = document_digest(found)
    if place is not None:
        from simulator.present.plots_fitting import plot_fit

        tables = {"fits.csv": [fit.to_dataframe() for fit in fits]}
        if forecast:
            tables["forecast.csv"] = [
                fit.forecast(forecast).assign(estimator=name) for name, fit in zip(names, fits, strict=True)
            ]
        figures = {f"{name}.png": plot_fit(fit).png() for name, fit in zip(names, fits, strict=True)}
        _save(place, "bass fit", question, found, tables, figures)
    if as_json:
        print_document(found)
        return
    from simulator.outcomes.text_tables import frame_text

    for fit in fits:
        print(fit)
        if forecast:
            print(frame_text(fit.forecast(forecast)))
        print(f"digest: {fit.digest}")
    for name, why in failed.items():
        print(f"No fit by {ESTIMATORS[name]}: {why}")
    if place is not None:
        print(f"results: {place}")


def fit_each(names: Sequence[str], run: Callable[[str], BassFit]) -> tuple[list[BassFit], dict[str, str]]:
    """Fit by each estimator, and return the fits with the reasons of those that failed, by name.

    Raises
    ------
    ScenarioError
        If all fail: with the faults of all, each told once.
    """
    fits, failed = [], {}
    for name in names:
        try:
            fits.append(run(name))
        except ScenarioError as error:
            failed[name] = error.faults
    if not fits:
        told = {str(fault): fault for faults in failed.values() for fault in faults}
        raise ScenarioError(told.values())
    return fits, {name: "; ".join(map(str, faults)) for name, faults in failed.items()}


@app.command()
def hazard(
    edges: Annotated[
        Path, typer.Argument(metavar="EDGES", help="CSV file: who names whom, in its first two columns")
    ],
    nodes: Annotated[Path, typer.Option(help="CSV file of people: a column node, and the two below")],
    adopted: Annotated[str, typer.Option(help="column of the period of adoption")] = "toa",
    group: Annotated[str | None, typer.Option(help="column of the group, for example a village")] = None,
    periods: Annotated[
        int | None,
        typer.Option(
            help="periods observed; adoption after them is none [the last in the file, where some have none]"
        ),
    ] = None,
    fit: Annotated[int | None, typer.Option(help="periods to fit; the rest is forecast [all]")] = None,
    influence: Annotated[str, typer.Option(help="named, naming, both, everyone or nobody")] = "named",
    form: Annotated[str, typer.Option(help="count or share")] = "count",
    group_effects: Annotated[bool, typer.Option(help="let groups differ in external influence")] = False,
    within_groups: Annotated[bool, typer.Option(help="leave out ties between groups")] = False,
    seed: Annotated[int, typer.Option(help="seed of the forecast's chance")] = 0,
    out: Results = None,
    as_json: AsJson = False,
) -> None:
    """Fit social influence on a network with known times of adoption, and forecast with it."""
    from simulator.experiment.network_study import study_network
    from simulator.present.cli_places import study_place

    asked: dict[str, Any] = {
        "adopted": adopted,
        "group": group,
        "n_periods": periods,
        "fit_until": fit,
        "influence": influence,
        "form": form,
        "group_effects": group_effects,
        "within_groups": within_groups,
        "seed": seed,
    }
    question = {"edges": content_of(edges), "nodes": content_of(nodes), **asked}
    place = study_place(out, "hazard", {f"question.{key}": question[key] for key in question})
    study = study_network(edges, nodes, **asked)
    if place is not None:
        from simulator.present.plots_fitting import plot_network_forecast

        tables = {} if study.scores is None else {"scores.csv": [study.scores]}
        figures = {} if study.forecast is None else {"forecast.png": plot_network_forecast(study).png()}
        _save(place, "hazard", question, study.to_json_document(), tables, figures)
    if as_json:
        print_document(study.to_json_document())
        return
    print(study)
    if place is not None:
        print(f"results: {place}")
    print(f"digest: {study.digest}")


def content_of(file: Path) -> str:
    """Return the hash of a file's content; nothing where it cannot be read, which whoever reads it reports."""
    from simulator.outcomes.provenance import file_hash

    try:
        return file_hash(file.expanduser())
    except OSError:
        return ""


def _save(
    place: Path,
    kind: str,
    question: dict[str, Any],
    document: dict[str, Any],
    tables: dict[str, list[Any]],
    figures: dict[str, bytes],
) -> None:
    """Write a fit's answer, tables and figures with a manifest, whole or not at all."""
    import pandas as pd

    from simulator.outcomes.provenance import machine, versions
    from simulator.outcomes.store import json_bytes, save_files

    files = {
        "result.json": json_bytes(document),
        **{name: pd.concat(parts).to_csv(index=False).encode() for name, parts in tables.items()},
        **figures,
    }
    manifest = {
        "kind": kind,
        "question": question,
        "digest": document["digest"],
        "versions": versions(),
        "machine": machine(),
    }
    save_files(files, manifest, place)


def read_targets(texts: list[str]) -> dict[str, Any]:
    """Read ``METRIC=VALUE`` and ``METRIC=VALUE,ERROR`` of the command line."""
    found: dict[str, Any] = {}
    faults = []
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            numbers = [float(part) for part in value.split(",")]
        except ValueError:
            numbers = []
        if not equals or len(numbers) not in (1, 2):
            faults.append(
                Fault("--target", text, "METRIC=VALUE or METRIC=VALUE,ERROR, such as adoption=0.4,0.02")
            )
        else:
            found[name.strip()] = numbers[0] if len(numbers) == 1 else tuple(numbers)
    if faults:
        raise ScenarioError(faults)
    return found


def show_result(result: Any, out: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Print a result that has a text, a document and a digest in the way that was asked for."""
    if as_json:
        print_document(result.to_json_document())
    elif quiet:
        print(result.digest)
    else:
        print(result)
        if out is not None:
            print(f"results: {out}, report.html is the page to open")
        print(f"digest: {result.digest}")
        print(f"took {duration(result.manifest['wall_seconds'])}")
