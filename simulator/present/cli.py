"""The command line: thin verbs over the public interface.

Exit status: 0 done, 2 bad input, 1 fault, 130 interrupted. With ``--json`` one JSON document goes to
standard output and nothing else; everything said to people goes to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator import __version__
from simulator.errors import Fault, FaultyInputError, ScenarioError, SimulatorError
from simulator.present.cli_faults import in_options
from simulator.present.cli_places import places_given_back
from simulator.present.progress import Progress, duration

_INTERRUPTED = 130

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # markup would swallow what stands in brackets, such as [results/SCENARIO]
    context_settings={"max_content_width": 110},
    help="Agent-based simulator of consumer markets: which marketing strategy wins, by how much, and how sure.",
)


class Interrupted(SimulatorError):
    """A run that was interrupted after it had stored something; the message says what is kept."""


ScenarioPath = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="scenario file, or the name of a shipped one")
]
Replicates = Annotated[int | None, typer.Option(help="replicates of every strategy [the scenario's]")]
FirstReplicate = Annotated[int, typer.Option(help="number of the first replicate")]
Seed = Annotated[int | None, typer.Option(help="seed of all chance [the scenario's]")]
Engine = Annotated[str, typer.Option(help="numba or mesa; both give the same trajectories")]
Consumers = Annotated[
    int | None,
    typer.Option(
        help="simulate the same people by this many consumers, each standing for more or fewer of them; "
        "below some thousand there are smaller hubs and cells, and talk is weaker"
    ),
]
Threads = Annotated[int | None, typer.Option(help="threads of the numba engine [all processors]")]
Processes = Annotated[int | None, typer.Option(help="run in this many processes")]
ClusterAddress = Annotated[
    str | None, typer.Option(help="run on a Dask cluster: tcp://HOST:PORT of its scheduler, or local")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="override a key by its dotted path; repeatable"),
]
Precision = Annotated[
    list[str] | None,
    typer.Option(
        metavar="METRIC[@STRATEGY]=HALF_WIDTH",
        help="add replicates until differences to the baseline, or the mean of a strategy (@all: of every one), are "
        "known to +- this, a number or 2%; repeatable",
    ),
]
PrecisionMethod = Annotated[
    str,
    typer.Option(help="how --precision is reached: sequential, or stein (two stages, for normal outcomes)"),
]
MaxReplicates = Annotated[int, typer.Option(help="most replicates for --precision")]
Out = Annotated[Path | None, typer.Option(help="folder for the results [results/SCENARIO]")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document on standard output")]
Quiet = Annotated[bool, typer.Option(help="say nothing but the result")]


def load(scenario: str, consumers: int | None, settings: list[str] | None, say: Callable[[str], None]) -> Any:
    """Load a scenario with the overrides of the command line.

    ``consumers`` keeps the number of people in the market: whoever is simulated then stands for more or
    fewer of them, so that budgets stay meaningful.
    """
    from simulator.outcomes.wording import counted
    from simulator.scenario import load_scenario
    from simulator.scenario.resizing import resized

    loaded = load_scenario(scenario, settings or None)
    if consumers is None:
        return loaded
    changed = resized(loaded, consumers, "--consumers")
    people = changed.population.people_per_consumer
    say(
        f"{counted(consumers, 'consumer')}, each standing for {people:,.6g} {'person' if people == 1 else 'people'}"
    )
    return changed


def names_of(text: str | None) -> list[str] | None:
    """Return the names in a text with commas; None where nothing is given."""
    return [name.strip() for name in text.split(",") if name.strip()] if text else None


def announce_compilation(progress: Progress, engine: str) -> None:
    """Compile the engine where it is not in the cache yet, and say so."""
    if engine != "numba":
        return
    from simulator.engines.numba_engine import is_warm, warm_up

    if not is_warm():
        progress.announce("compiling the engine, once per version of the package (about half a minute)")
    warm_up()


def asked_precision(texts: list[str] | None) -> dict[str, str]:
    """Return the half-widths of ``--precision`` by what they are of."""
    return dict(text.partition("=")[::2] for text in texts or ())


def unused_options(context: typer.Context, precision: list[str] | None) -> list[Fault]:
    """Return a fault for every option that only refines ``--precision`` and stands without it."""
    return [
        Fault(
            f"--{name.replace('_', '-')}",
            "",
            "--precision beside it",
            "leave it out, or add --precision profit=2%",
        )
        for name in ("precision_method", "max_replicates")
        if not precision and getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    ]


def tried(build: Callable[[], Any], faults: list[Fault]) -> Any:
    """Return what a call returns, or nothing, with its faults added, where it has some."""
    try:
        return build()
    except FaultyInputError as error:
        faults.extend(error.faults)
        return None


def print_document(document: dict[str, Any]) -> None:
    """Print one JSON document on standard output."""
    json.dump(document, sys.stdout, indent=2, allow_nan=False, ensure_ascii=False)
    print()


def show(comparison: Any) -> None:
    """Print a comparison for people: the verdict first, then the table."""
    from simulator.outcomes.text_tables import text_table
    from simulator.present.report import precision_rows, strategy_rows

    verdict = comparison.verdict
    print(f"\n{verdict.sentence}\n")
    for line in (*verdict.reasons, *verdict.warnings):
        print(f"  {line}")
    if comparison.precision is not None:
        print(f"  {comparison.precision.sentence}")
    print(f"\n{text_table(strategy_rows(comparison))}\n")
    if comparison.precision is not None:
        print(f"{text_table(precision_rows(comparison))}\n")
    print(f"{comparison.size_text}, seed {comparison.seed}")


@app.command()
def compare(
    context: typer.Context,
    scenario: ScenarioPath,
    strategies: Annotated[str | None, typer.Option(help="names, separated by commas [all]")] = None,
    replicates: Replicates = None,
    first_replicate: FirstReplicate = 0,
    precision: Precision = None,
    precision_method: PrecisionMethod = "sequential",
    max_replicates: MaxReplicates = 10_000,
    seed: Seed = None,
    engine: Engine = "numba",
    consumers: Consumers = None,
    threads: Threads = None,
    settings: Settings = None,
    out: Out = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare strategies at equal budgets in the same worlds, and say which one wins."""
    from simulator.experiment.comparison_question import comparison_question
    from simulator.outcomes.store import check_place
    from simulator.present.accessors import compare as run
    from simulator.present.cli_places import place_of
    from simulator.present.report import report

    silent = quiet or as_json
    with Progress(quiet=silent) as progress:
        if faults := unused_options(context, precision):
            raise ScenarioError(faults)
        loaded = load(scenario, consumers, settings, progress.announce)
        asked: dict[str, Any] = {
            "strategies": names_of(strategies),
            "seed": seed,
            "n_replicates": replicates,
            "first_replicate": first_replicate,
            "precision": asked_precision(precision),
            "precision_method": precision_method,
            "max_replicates": max_replicates,
            "engine": engine,
            "threads": threads,
        }
        question = comparison_question(loaded, **asked).identity
        place = None
        if out is not None or not as_json:
            check = partial(check_place, question=question)
            place = place_of(out, loaded.name, check, question, progress.announce)
        announce_compilation(progress, engine)
        comparison = run(loaded, **asked, on_progress=progress)
        if place is not None:
            progress.announce("drawing figures and writing results")
            place = report(comparison, place)
    finish(comparison, place, as_json=as_json, quiet=quiet)


def finish(comparison: Any, place: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Print a comparison in the way that was asked for."""
    if as_json:
        print_document(comparison.to_json_document())
        return
    if quiet:
        print(comparison.verdict.sentence)
        return
    show(comparison)
    if place is not None:
        print(f"report: {place / 'report.html'}")
    print(f"digest: {comparison.digest}")
    print(f"took {duration(comparison.manifest['wall_seconds'])}")


@app.command()
def simulate(
    scenario: ScenarioPath,
    strategy: Annotated[str, typer.Option(help="name of the strategy, or several separated by commas")],
    replicates: Replicates = None,
    first_replicate: FirstReplicate = 0,
    seed: Seed = None,
    engine: Engine = "numba",
    consumers: Consumers = None,
    threads: Threads = None,
    settings: Settings = None,
    out: Annotated[Path | None, typer.Option(help="Parquet file for the trajectories")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Simulate strategies in numbered replicates and record everything."""
    from simulator.outcomes.metrics import measure
    from simulator.present.accessors import simulate as run
    from simulator.present.cli_places import file_place

    with Progress(quiet=quiet or as_json) as progress:
        loaded = load(scenario, consumers, settings, progress.announce)
        file_place(out)
        announce_compilation(progress, engine)
        trajectories = run(
            loaded,
            names_of(strategy) or [],
            seed=seed,
            n_replicates=replicates,
            first_replicate=first_replicate,
            engine=engine,
            threads=threads,
            on_progress=progress,
        )
        saved = trajectories.save(out) if out is not None else None
    if as_json:
        print_document(trajectories_document(loaded, trajectories, measure(trajectories)))
    elif quiet:
        print(trajectories.digest)
    else:
        print(trajectories)
        if saved is not None:
            print(f"trajectories: {saved}")
        print(f"digest: {trajectories.digest}")


def trajectories_document(scenario: Any, trajectories: Any, outcomes: Any) -> dict[str, Any]:
    """Return the document that ``simulator simulate --json`` prints."""
    from simulator.experiment.document import estimate_entry
    from simulator.model.observation import TRAJECTORY_VERSION
    from simulator.outcomes.metrics import METRIC
    from simulator.outcomes.plain_data import plain
    from simulator.outcomes.statistics import estimate

    found: dict[str, dict[str, dict[str, float]]] = {}
    for s, name in enumerate(trajectories.strategies):
        found[name] = {}
        for metric in METRIC:
            found[name][metric] = estimate_entry(estimate(outcomes.of(metric)[s]))
    document: dict[str, Any] = plain(
        {
            "scenario": scenario.name,
            "seed": trajectories.seed,
            "replicates": trajectories.n_replicates,
            "engine": trajectories.engine,
            "trajectory_version": TRAJECTORY_VERSION,
            "digest": trajectories.digest,
            "strategies": found,
        }
    )
    return document


@app.command()
def check(
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE...", help="scenario files")] = None,
    schema: Annotated[bool, typer.Option(help="print the JSON Schema for editors instead")] = False,
) -> None:
    """Check scenario files and report every fault at once."""
    from simulator.scenario import check_scenario, editor_schema

    if schema:
        print_document(editor_schema())
        return
    if not files:
        raise typer.BadParameter("name at least one scenario file")
    faults = [(file, check_scenario(file)) for file in files]
    for file, found in faults:
        for fault in found:
            print(fault, file=sys.stderr)
        if not found:
            print(f"{file}: no fault")
    if any(found for _, found in faults):
        raise typer.Exit(2)


@app.command()
def scenarios() -> None:
    """List the scenarios that ship with the package."""
    from simulator.scenario import gallery

    rows = [["name", "consumers", "weeks", "strategies", "purpose"]]
    for entry in gallery():
        rows.append(
            [
                entry.name,
                f"{entry.consumers:,}",
                str(entry.horizon),
                str(len(entry.strategies)),
                entry.purpose,
            ]
        )
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(row[k].rjust(widths[k]) for k in range(1, 4)), row[4]]
        print("  ".join(cells))


@app.command()
def warmup(quiet: Quiet = False) -> None:
    """Compile the engine and keep the result for later runs."""
    from simulator.compiled import cache_folder

    with Progress(quiet=quiet) as progress:
        announce_compilation(progress, "numba")
    if not quiet:
        print(f"the engine is compiled, in {cache_folder()}")


@app.command()
def repeat(
    manifest: Annotated[
        Path, typer.Argument(metavar="MANIFEST", help="manifest.json of results, or their folder")
    ],
    engine: Annotated[str | None, typer.Option(help="numba or mesa [that of the manifest]")] = None,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run a stored comparison again; fails unless the digest is the same."""
    from simulator.experiment.repetition import comparison_manifest
    from simulator.present.accessors import repeat as run

    comparison_manifest(manifest)
    with Progress(quiet=quiet or as_json) as progress:
        announce_compilation(progress, engine or "numba")
        comparison = run(manifest, engine=engine, threads=threads, on_progress=progress)
    finish(comparison, None, as_json=as_json, quiet=quiet)
    if not comparison.manifest["repeats"]["is_equal"]:
        stored = comparison.manifest["repeats"]["digest"]
        print(f"{manifest}: digest {comparison.digest} differs from the stored {stored}", file=sys.stderr)
        raise typer.Exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    pass


from simulator.present import cli_experiments as cli_experiments  # noqa: E402  (adds its verbs to the app)
from simulator.present import cli_seed as cli_seed  # noqa: E402
from simulator.present import cli_select as cli_select  # noqa: E402
from simulator.present import cli_sensitivity as cli_sensitivity  # noqa: E402
from simulator.present import cli_spread as cli_spread  # noqa: E402
from simulator.present import cli_trace as cli_trace  # noqa: E402


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end with its exit status.

    Parameters
    ----------
    arguments : list of str, optional
        What stands after the program's name; taken from the command line if omitted.
    """
    from simulator.experiment.stopping import Stop

    stop = Stop()
    try:
        with stop.listening(), places_given_back():
            ended = app(arguments, standalone_mode=False)
        status = ended if isinstance(ended, int) else 0
        if status == _INTERRUPTED:
            print("interrupted; nothing was written", file=sys.stderr)
    except (KeyboardInterrupt, typer.Abort):
        status = _INTERRUPTED
        print("interrupted; nothing was written", file=sys.stderr)
    except Interrupted as error:
        status = _INTERRUPTED
        print(error, file=sys.stderr)
    except FaultyInputError as error:
        print(*in_options(error.faults, _options_of(arguments)), sep="\n", file=sys.stderr)
        status = 2
    except SimulatorError as error:
        print(error, file=sys.stderr)
        status = 1
    except Exception as error:
        if stop.reason:  # a library has swallowed the interrupt and failed because of it
            print("interrupted; nothing was written", file=sys.stderr)
            sys.exit(_INTERRUPTED)
        status = _usage_status(error)
    sys.exit(status)


def _options_of(arguments: list[str] | None) -> list[str]:
    """Return the options of the verb that was called."""
    verb = next((word for word in (sys.argv[1:] if arguments is None else arguments) if word[:1] != "-"), "")
    command = typer.main.get_command(app).commands.get(verb)  # type: ignore[attr-defined]
    return [] if command is None else [option for parameter in command.params for option in parameter.opts]


def _usage_status(error: Exception) -> int:
    """Return 2 for a wrong option, after saying so; raise anything else."""
    show_error = getattr(error, "show", None)
    if show_error is None:
        raise error
    show_error()
    return int(getattr(error, "exit_code", 2))


from simulator.present import cli_calibrate as _calibrate  # noqa: E402, F401  (registers its verbs)
from simulator.present import cli_export as _export  # noqa: E402, F401
from simulator.present import cli_optimize as _optimize  # noqa: E402, F401
