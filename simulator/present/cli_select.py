"""The verb ``select``: the best strategy, with a stated probability and few replicates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.present.cli import (
    AsJson,
    ClusterAddress,
    Consumers,
    Engine,
    Interrupted,
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
    print_document,
)
from simulator.present.progress import Progress, duration


@app.command()
def select(
    scenario: ScenarioPath,
    indifference: Annotated[
        float | None,
        typer.Option(help="smallest lead that matters, in the metric's unit [comparison.minimum_effect]"),
    ] = None,
    confidence: Annotated[
        float | None, typer.Option(help="probability of correct selection [the scenario's]")
    ] = None,
    strategies: Annotated[str | None, typer.Option(help="names, separated by commas [all]")] = None,
    method: Annotated[str, typer.Option(help="kn, ocba, ocba_independent or subset")] = "kn",
    metric: Annotated[str | None, typer.Option(help="metric to select by [the scenario's]")] = None,
    first_stage: Annotated[
        str,
        typer.Option(
            help="replicates of every strategy at the start, or the rarest luck they shall meet: '1 in 20'"
        ),
    ] = "10",
    batch: Annotated[int, typer.Option(help="replicates drawn at once")] = 10,
    max_replicates: Annotated[int, typer.Option(help="most replicates of a strategy")] = 1000,
    evaluation: Annotated[int, typer.Option(help="fresh replicates on which the choice is evaluated")] = 100,
    check: Annotated[
        int | None,
        typer.Option(
            help="fresh replicates, at most those of --evaluation, on which the others are checked for rare luck "
            "[those that meet luck of 1 in 10, none where the first stage meets it]"
        ),
    ] = None,
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
    """Select the best strategy with a stated probability, and evaluate it on fresh replicates."""
    from simulator.outcomes.places import absolute
    from simulator.present.accessors_studies import select as run
    from simulator.present.cli_places import study_place
    from simulator.present.report_studies import report_study

    with Progress(quiet=quiet or as_json) as progress:
        loaded = load(scenario, consumers, settings, progress.announce)
        place = None if out is None else absolute(out)
        names = names_of(strategies)

        def begin(question: Mapping[str, Any]) -> None:
            study_place(out, "selection", question)
            announce_compilation(progress, engine)

        with kept_in(place) as kept:
            found = run(
                loaded,
                strategies=names,
                method=method,
                metric=metric,
                indifference=indifference,
                confidence=confidence,
                first_stage=first_stage,
                batch=batch,
                max_replicates=max_replicates,
                n_evaluation=evaluation,
                n_check=check,
                seed=seed,
                engine=engine,
                threads=threads,
                processes=processes,
                cluster=cluster,
                on_progress=progress,
                keep_in=kept,
                on_question=begin,
            )
            if place is not None:
                report_study(found, place)
    finish_study(found, place, as_json=as_json, quiet=quiet)


@contextmanager
def kept_in(place: Path | None) -> Iterator[Path | None]:
    """Name the folder in which outcomes are kept, within that of the results, and say so at an interruption."""
    from simulator.outcomes.store import OUTCOMES

    kept = None if place is None else place / OUTCOMES
    with told_at_interruption(place, kept):
        yield kept


@contextmanager
def told_at_interruption(place: Path | None, kept: Path | None) -> Iterator[None]:
    """Say how to go on where an interrupted run has kept something."""
    try:
        yield
    except KeyboardInterrupt as error:
        if kept is None or not kept.is_dir():
            raise
        reason = str(error).partition(";")[0] or "interrupted"
        raise Interrupted(
            f"{reason}; outcomes so far are kept: call again with --out {place} to go on"
        ) from None


def finish_study(found: Any, place: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Print a study in the way that was asked for."""
    if as_json:
        print_document(found.to_json_document())
        return
    if quiet:
        print(found.sentences[0])
        return
    from simulator.outcomes.text_tables import frame_text

    print(f"\n{found.sentences[0]}\n")
    for line in found.sentences[1:]:
        print(f"  {line}")
    table = found.to_dataframe().drop(
        columns=["n_fresh", "skewness", "kurtosis"],
        errors="ignore",
    )  # a sentence says what they show
    print(f"\n{frame_text(table)}\n")
    if place is not None:
        print(f"results: {place}, report.html is the page to open")
    print(f"digest: {found.digest}")
    print(f"took {duration(found.manifest['wall_seconds'])}")
