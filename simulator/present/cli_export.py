"""The verb ``export``: what an analyst would see of a market, the truth beside it, and a score of estimates."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.present.cli import (
    AsJson,
    Consumers,
    Quiet,
    Seed,
    Settings,
    Threads,
    announce_compilation,
    app,
    load,
    names_of,
    print_document,
)
from simulator.present.progress import Progress


@app.command()
def export(
    scenario: Annotated[
        str | None, typer.Argument(metavar="SCENARIO", help="scenario file, or the name of a shipped one")
    ] = None,
    strategy: Annotated[str, typer.Option(help="what the focal brand does")] = "mass",
    kind: Annotated[
        str, typer.Option(help="media_mix, geo_lift, ab_test, referral or referral_holdout")
    ] = "media_mix",
    variation: Annotated[float, typer.Option(help="how much media vary from flight to flight")] = 0.5,
    flight_weeks: Annotated[int, typer.Option(help="weeks of a flight")] = 4,
    start_week: Annotated[
        int | None, typer.Option(help="week in which a test begins [half of the horizon]")
    ] = None,
    regions: Annotated[
        str | None, typer.Option(help="treated regions, separated by commas [a random half]")
    ] = None,
    line: Annotated[int, typer.Option(help="media line of the strategy that an A/B test tests")] = 0,
    share: Annotated[
        float,
        typer.Option(
            help="share of consumers that an A/B test addresses, or a hold-out does not withhold from"
        ),
    ] = 0.5,
    markets: Annotated[int, typer.Option(help="markets of a referral test")] = 20,
    expected: Annotated[
        int | None,
        typer.Option(
            help="further worlds for expected effects [20; 0 for geo_lift and ab_test, where each takes three runs]"
        ),
    ] = None,
    replicate: Annotated[int, typer.Option(help="world that the tables show")] = 0,
    start_date: Annotated[str, typer.Option(help="Monday of the first week")] = "2024-01-01",
    score: Annotated[
        Path | None, typer.Option(help="CSV file of estimates to score against --truth instead")
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="folder of an export, or of several")] = None,
    against: Annotated[
        str,
        typer.Option(help="score against the effects in the world of the data, or expected: world, expected"),
    ] = "world",
    seed: Seed = None,
    consumers: Consumers = None,
    threads: Threads = None,
    settings: Settings = None,
    out: Annotated[
        Path | None, typer.Option(help="folder for tables and truth [results/SCENARIO_KIND]")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Export tables for measurement with the true effects, or score estimates against them."""
    if score is not None:
        _score(score, truth, against, as_json=as_json, quiet=quiet)
        return
    if scenario is None:
        raise typer.BadParameter("name a scenario, or give --score and --truth")
    from simulator.experiment.measurement_export import check_export, export_question
    from simulator.experiment.measurement_export import export as run
    from simulator.present.cli_places import place_of

    with Progress(quiet=quiet or as_json) as progress:
        loaded = load(scenario, consumers, settings, progress.announce)
        asked: dict[str, Any] = {
            "kind": kind,
            "variation": variation,
            "flight_weeks": flight_weeks,
            "start_week": start_week,
            "regions": names_of(regions),
            "line": line,
            "share": share,
            "n_markets": markets,
            "n_expected": expected,
            "replicate": replicate,
            "start_date": start_date,
            "seed": seed,
            "threads": threads,
        }
        place = None
        if out is not None or not as_json:
            question = export_question(loaded, strategy, **asked)
            check = partial(check_export, question=question)
            place = place_of(out, f"{loaded.name}_{kind}", check, question, progress.announce)
        announce_compilation(progress, "numba")
        result = run(loaded, strategy, **asked, out=place, on_progress=progress)
    if as_json:
        print_document(result.to_json_document())
    elif quiet:
        print(result.digest)
    else:
        print(result)
        print(f"written to: {place}")
        print(f"digest: {result.digest}")


def _score(estimates: Path, truth: Path | None, against: str, *, as_json: bool, quiet: bool) -> None:
    from simulator.experiment.measurement_score import score_estimates

    if truth is None:
        raise typer.BadParameter("--score needs --truth, the folder of the export")
    found = score_estimates(estimates, truth, against=against)
    if as_json:
        print_document(found.to_json_document())
    elif quiet:
        print(found.digest)
    else:
        print(found)
        print(f"digest: {found.digest}")
