"""The verb ``seed``: whom to seed in a social graph."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.present.cli import AsJson, Quiet, Threads, app, print_document


@app.command()
def seed(
    graph: Annotated[Path, typer.Argument(metavar="GRAPH", help="edge list: CSV, TSV or spaces, gzip too")],
    number: Annotated[int, typer.Option("--number", "-k", help="how many to seed")],
    method: Annotated[
        str, typer.Option(help="ris, celf, degree, k_core, ...; a wrong name lists all")
    ] = "ris",
    model: Annotated[str, typer.Option(help="how influence spreads: ic, wc or lt")] = "wc",
    p: Annotated[float | None, typer.Option(help="probability of each arc, for ic")] = None,
    weights: Annotated[str | None, typer.Option(help="column of the arcs' weights")] = None,
    directed: Annotated[bool, typer.Option(help='a line "i j" is one arc: i influences j')] = False,
    eligible: Annotated[str | None, typer.Option(help="names that may be chosen, by commas [all]")] = None,
    epsilon: Annotated[float, typer.Option(help="what ris may lack of greedy's guarantee")] = 0.1,
    replicates: Annotated[int, typer.Option(help="replicates that estimate the spread; 0 for none")] = 1000,
    random_seed: Annotated[int, typer.Option("--seed", help="seed of all chance")] = 0,
    threads: Threads = None,
    out: Annotated[Path | None, typer.Option(help="CSV file for the seeds")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Choose whom to seed in a social graph, and say how far they reach."""
    from simulator.diffusion.graphs import arcs
    from simulator.diffusion.seeding import select
    from simulator.outcomes.store import write_file
    from simulator.present.cli_places import file_place

    file_place(out)
    read = arcs(graph, directed=directed, weights=weights)
    chosen = select(
        read,
        number,
        method=method,
        model=model,
        p=p,
        weights=True if weights is not None else None,
        eligible=None if eligible is None else names_in(read, eligible.split(",")),
        epsilon=epsilon,
        n_replicates=replicates,
        seed=random_seed,
        threads=threads,
    )
    if out is not None:
        write_file(out, chosen.to_dataframe().to_csv(index=False).encode(), parents=True)
    if as_json:
        print_document(seed_document(chosen))
    elif quiet:
        print("\n".join(str(name) for name in chosen.seeds))
    else:
        print(chosen)


def names_in(graph: Any, names: Iterable[str]) -> list[Any]:
    """Return names as the graph has them: whole numbers where its names are numbers."""
    is_numbered = graph.labels is None or graph.labels.dtype.kind in "iu"
    stripped = (name.strip() for name in names)
    return [int(name) if is_numbered and name.lstrip("-").isdecimal() else name for name in stripped]


def seed_document(chosen: Any) -> dict[str, Any]:
    """Return the document that ``simulator seed --json`` prints."""
    certificate = chosen.certificate
    return {
        "method": chosen.method,
        "model": chosen.model,
        "seeds": chosen.seeds,
        "spread": chosen.spread,
        "standard_error": None if chosen.n_replicates < 2 else chosen.standard_error,
        "gains": None if chosen.gains is None else chosen.gains.tolist(),
        "certificate": None if certificate is None else {**certificate._asdict(), "ratio": certificate.ratio},
        "n_nodes": chosen.n_nodes,
        "n_replicates": chosen.n_replicates,
        "seed": chosen.seed,
        "notes": list(chosen.notes),
    }
