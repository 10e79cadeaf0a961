"""The verbs ``sweep`` and ``results``: experiments over designs, and what they have found so far."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.errors import Fault, ScenarioError
from simulator.present.cli import (
    AsJson,
    ClusterAddress,
    Consumers,
    Engine,
    Interrupted,
    Precision,
    PrecisionMethod,
    Processes,
    Quiet,
    Replicates,
    Seed,
    Settings,
    announce_compilation,
    app,
    asked_precision,
    print_document,
    tried,
    unused_options,
)
from simulator.present.cli_select import told_at_interruption
from simulator.present.progress import Progress, duration

DesignPath = Annotated[str, typer.Argument(metavar="DESIGN", help="design file (TOML)")]
_MOST_SHOWN = 40


@app.command()
def sweep(
    context: typer.Context,
    design: DesignPath,
    out: Annotated[Path | None, typer.Option(help="folder for the results [results/DESIGN]")] = None,
    replicates: Replicates = None,
    precision: Precision = None,
    precision_method: PrecisionMethod = "sequential",
    max_replicates: Annotated[int | None, typer.Option(help="most replicates for --precision [1000]")] = None,
    block: Annotated[
        str | None, typer.Option(help="select or evaluate: two blocks of replicates that never meet")
    ] = None,
    seed: Seed = None,
    consumers: Consumers = None,
    settings: Settings = None,
    processes: Processes = None,
    cluster: ClusterAddress = None,
    threads: Annotated[int | None, typer.Option(help="threads of each process")] = None,
    engine: Engine = "numba",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run an experiment into a folder; the same call goes on after any interruption."""
    from simulator.experiment.design_file import load_design
    from simulator.experiment.manifest import design_identity
    from simulator.experiment.runner import check_sweep_place
    from simulator.experiment.runner import sweep as run
    from simulator.experiment.sweep_arguments import check_sweep
    from simulator.present.cli_places import place_of

    with Progress(quiet=quiet or as_json) as progress:
        faults: list[Fault] = []
        plan = tried(
            lambda: load_design(design).changed(
                seed=seed,
                n_replicates=replicates,
                purpose=block,
                consumers=consumers,
                overrides=settings,
            ),
            faults,
        )
        tried(
            lambda: check_sweep(design, engine=engine, threads=threads, processes=processes, cluster=cluster),
            faults,
        )
        faults += unused_options(context, precision)
        if faults:
            raise ScenarioError(faults)
        if not (quiet or as_json):
            print(plan, file=sys.stderr)
        place = None
        if out is not None or not as_json:
            check = partial(check_sweep_place, plan)
            place = place_of(out, plan.name, check, design_identity(plan), progress.announce)
        announce_compilation(progress, engine)
        try:
            results = run(
                plan,
                out=place,
                precision=asked_precision(precision),
                precision_method=precision_method,
                max_replicates=max_replicates,
                engine=engine,
                threads=threads,
                processes=processes,
                cluster=cluster,
                on_progress=progress,
                say=progress.announce,
            )
        except KeyboardInterrupt as error:
            raise Interrupted(str(error)) from None
    with told_at_interruption(place, place):
        finish_sweep(results, as_json=as_json, quiet=quiet)
    if results.failures:
        raise typer.Exit(1)


def finish_sweep(results: Any, *, as_json: bool, quiet: bool) -> None:
    """Print what a sweep has found in the way that was asked for."""
    for failure in results.failures[:5]:
        print(f"failed: {failure.message}\n  run it alone: {failure.command}", file=sys.stderr)
    if len(results.failures) > 5:
        print(f"{len(results.failures)} replicates failed in all, see failures.json", file=sys.stderr)
    if as_json:
        print_document(results_document(results))
        return
    if not quiet:
        show_results(results)
        show_effects(results)
        print(f"results: {results.folder}")
    print(f"digest: {results.digest}")
    if not quiet:
        print(f"took {duration(results.manifest['wall_seconds'])}")


@app.command()
def results(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="folder of results, also of a running sweep")],
    check: Annotated[bool, typer.Option("--check", help="verify every file and the digest")] = False,
    sql: Annotated[
        str | None, typer.Option(help="ask by SQL over the tables outcomes and treatments (DuckDB)")
    ] = None,
    metric: Annotated[str | None, typer.Option(help="metric to show [the scenario's]")] = None,
    differences: Annotated[
        bool, typer.Option("--differences", help="paired differences to a baseline at every point")
    ] = False,
    baseline: Annotated[
        str | None, typer.Option(help="strategy that --differences subtracts [none], and --effects if given")
    ] = None,
    effects: Annotated[
        bool, typer.Option("--effects", help="what going from a factor's lowest to its highest level changes")
    ] = False,
    regimes: Annotated[
        bool, typer.Option("--regimes", help="which strategy is best where, and the regret of the others")
    ] = False,
    discover: Annotated[
        str | None,
        typer.Option(
            metavar="STRATEGY", help="ranges of the factors in which a strategy does not win (PRIM)"
        ),
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="strategy that --discover compares with [the best of the others]")
    ] = None,
    wins: Annotated[bool, typer.Option("--wins", help="let --discover look for wins instead")] = False,
    block: Annotated[str | None, typer.Option(help="only replicates to select, or to evaluate [all]")] = None,
    as_json: AsJson = False,
) -> None:
    """Show stored results, complete or not; verify them; ask who wins where, or by SQL."""
    from simulator.outcomes.plain_data import records
    from simulator.outcomes.results import open_results

    _check_options(
        {
            "--check": check,
            "--sql": sql is not None,
            "--differences": differences,
            "--effects": effects,
            "--regimes": regimes,
            "--discover": discover is not None,
        },
        {
            "--metric": metric is not None,
            "--block": block is not None,
            "--baseline": baseline is not None,
            "--against": against is not None,
            "--wins": wins,
        },
    )
    found = open_results(folder)
    if check:
        sentence = found.check()
        print_document(
            {"folder": str(folder), "is_intact": True, "digest": found.digest}
        ) if as_json else print(f"{folder}: {sentence}")
    elif sql is not None:
        table = found.sql(sql)
        if as_json:
            print_document({"digest": found.digest, "rows": records(table)})
        else:
            print(frame_text(table))
    elif differences:
        table = found.differences(metric, baseline=baseline, block=block)
        document: dict[str, Any] = {"metric": metric or found.main_metric, "rows": records(table)}
        _answer(found, document, (), table, as_json)
    elif effects:
        table = found.effects(metric, baseline=baseline, block=block)
        document = {"metric": metric or found.main_metric, "rows": records(table)}
        _answer(found, document, (), table[_shown_effects(table)], as_json)
    elif regimes:
        answer = found.regimes(metric, block=block)
        _answer(found, answer.to_json_document(), answer.sentences, answer.by_strategy(), as_json)
    elif discover is not None:
        boxes = found.discover(discover, against, metric=metric, wins=wins, block=block)
        document = {"strategy": discover, "other": against, "wins": wins, **boxes.to_json_document()}
        _answer(found, document, (repr(boxes),), boxes.to_dataframe(), as_json)
    elif as_json:
        print_document(results_document(found, metric, block))
    else:
        print(found)
        show_results(found, metric, block, is_told=True)
        print(f"digest: {found.digest}")


#: By option of ``results``: the questions that it refines; no question asks for estimates.
_REFINED = {
    "--metric": ("", "--differences", "--effects", "--regimes", "--discover"),
    "--block": ("", "--differences", "--effects", "--regimes", "--discover"),
    "--baseline": ("--differences", "--effects"),
    "--against": ("--discover",),
    "--wins": ("--discover",),
}


def _check_options(questions: Mapping[str, bool], refinements: Mapping[str, bool]) -> None:
    """Raise every fault of options that exclude each other, or that refine a question which was not asked."""
    asked = [name for name, is_asked in questions.items() if is_asked]
    faults = []
    if len(asked) > 1:
        remedy = "ask one after the other"
        faults.append(Fault(" ".join(asked), f"{len(asked)} questions", "one at a time", remedy))
    for name in (name for name, is_given in refinements.items() if is_given):
        fitting = _REFINED[name]
        if not set(asked or [""]) <= set(fitting):
            alone = "no question" if "" in fitting else ""
            expected = " or ".join(text for text in (alone, *filter(None, fitting)) if text)
            got = f"beside {' and '.join(asked)}" if asked else "alone"
            faults.append(Fault(name, got, expected))
    if faults:
        raise ScenarioError(faults)


def _answer(
    found: Any, document: dict[str, Any], sentences: Sequence[str], table: Any, as_json: bool
) -> None:
    """Print the answer to a question about stored results: as a document, or as sentences and a table."""
    if as_json:
        from simulator.outcomes.plain_data import plain

        print_document(plain({"digest": found.digest, "is_complete": found.is_complete, **document}))
        return
    for sentence in sentences:
        print(sentence)
    print(frame_text(in_currency(found, table), _MOST_SHOWN))
    if len(table) > _MOST_SHOWN:
        print(f"... {len(table):,} rows in all; --json prints them")
    if not found.is_complete:
        from simulator.outcomes.wording import counted

        print(f"{len(found.rows):,} of {counted(found.n_expected, 'replicate')} so far")


def show_results(
    found: Any, metric: str | None = None, block: str | None = None, *, is_told: bool = False
) -> None:
    """Print the estimates of every treatment in one metric, and the notes of the design.

    ``is_told`` says that whether a precision was reached stands above already.
    """
    table = found.summary(found.main_metric if metric is None else metric, block=block)
    for note in found.manifest.get("notes", []):
        print(note)
    if found.manifest["kind"] == "experiment" and found.precision is not None:
        sentence = "" if is_told else f"{found.precision['sentence']} "
        if told := f"{sentence}{found.precision['caveat']}".rstrip():
            print(told)
    for sentence in standing(found, metric, block):
        print(sentence)
    columns = [
        name for name in table.columns if name not in ("treatment", "q05", "q50", "q95", "n_undefined")
    ]
    if table["scenario"].nunique() <= 1:
        columns.remove("scenario")
    print(frame_text(in_currency(found, table[columns]), _MOST_SHOWN))
    if len(table) > _MOST_SHOWN:
        print(
            f"... {len(table):,} treatments in all; simulator results {found.folder} --sql asks for any part"
        )


def in_currency(found: Any, table: Any) -> Any:
    """Return a table for people: amounts of money with their currency, where all scenarios have the same."""
    currencies = {scenario.get("currency", "") for scenario in found.manifest["scenarios"]}
    if "unit" not in table.columns or len(currencies) > 1 or not all(currencies):
        return table
    return table.assign(unit=table["unit"].replace("currency", currencies.pop()))


def standing(found: Any, metric: str | None = None, block: str | None = None) -> tuple[str, ...]:
    """Return who is best at how many points, and who is never far behind; nothing where nobody can be."""
    from simulator.outcomes.metrics import METRIC

    name = found.main_metric if metric is None else metric
    is_ranked = (
        name not in METRIC or METRIC[name].better is not None
    )  # of a name that is unknown it is told below
    if len(found.manifest["strategies"]) < 2 or not is_ranked or not len(found.rows):
        return ()
    lines: tuple[str, ...] = found.regimes(name, block=block).sentences
    return lines


def show_effects(found: Any) -> None:
    """Print which factors matter, where the design has factors at levels."""
    if not found.has_effects:
        return
    table = in_currency(found, found.effects())
    metric, unit = table["metric"].iloc[0], table["unit"].iloc[0]
    print(
        f"\nMain effects on {metric}{f' ({unit})' if unit else ''}: the mean at a factor's highest level minus that at "
        "its lowest,\nover all points of the design; intervals of one strategy hold together (95 %)"
    )
    print(frame_text(table[_shown_effects(table)], _MOST_SHOWN))
    if len(table) > _MOST_SHOWN:
        print(
            f"... {len(table):,} effects in all; simulator results {found.folder} --effects --json prints them"
        )
    print()


def frame_text(table: Any, most: int | None = None) -> str:
    """Return a table as aligned text."""
    from simulator.outcomes import text_tables

    return text_tables.frame_text(table, most)


def _shown_effects(table: Any) -> list[str]:
    columns = ["strategy", "factor", "low", "high", "mean", "lower", "upper", "n", "excludes_zero"]
    return [*(["scenario"] if table["scenario"].nunique() > 1 else []), *columns]


def results_document(found: Any, metric: str | None = None, block: str | None = None) -> dict[str, Any]:
    """Return the document that ``sweep --json`` and ``results --json`` print."""
    from simulator.outcomes.plain_data import plain, records

    manifest = found.manifest
    return {
        "experiment": manifest.get("name", manifest["kind"]),
        "design": manifest.get("design", ""),
        "notes": manifest.get("notes", []),
        "scenarios": [entry["name"] for entry in manifest["scenarios"]],
        "strategies": list(manifest["strategies"]),
        "factors": list(manifest["factors"]),
        "points": len(manifest["points"]),
        "treatments": len(manifest["treatments"]),
        "seed": manifest["seed"],
        "replicates": manifest["replicates"],
        "stored": len(found.rows),
        "expected": found.n_expected,
        "is_complete": found.is_complete,
        "standing": list(standing(found, metric, block)),
        "failures": [vars(failure) for failure in found.failures],
        "trajectory_version": manifest["trajectory_version"],
        "digest": found.digest,
        "precision": plain(manifest.get("precision")) if manifest["kind"] == "experiment" else None,
        "effects": records(found.effects(metric, block=block)) if found.has_effects else [],
        "estimates": records(found.summary(found.main_metric if metric is None else metric, block=block)),
    }
