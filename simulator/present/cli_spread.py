"""The verb ``spread``: how far something spreads from given seeds, by one of the classic models."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from simulator.errors import Fault, ScenarioError
from simulator.present.cli import AsJson, Quiet, Threads, app, print_document
from simulator.present.cli_seed import names_in

#: Models in which nobody becomes active without an active neighbor.
_SEEDED = ("ic", "wc", "lt", "si")


@app.command()
def spread(
    graph: Annotated[Path, typer.Argument(metavar="GRAPH", help="edge list: CSV, TSV or spaces, gzip too")],
    seeds: Annotated[
        list[str] | None,
        typer.Option(
            help="nodes active at the start, by commas, or NAME=NODES; given again, sets are compared"
        ),
    ] = None,
    model: Annotated[str, typer.Option(help="ic, wc, lt, si, bass or threshold")] = "ic",
    p: Annotated[
        float | None, typer.Option("-p", help="probability of each arc; of innovation, for bass")
    ] = None,
    q: Annotated[
        float | None, typer.Option("-q", help="chance of a step and an active arc, for si, bass")
    ] = None,
    weights: Annotated[str | None, typer.Option(help="column of the arcs' weights")] = None,
    directed: Annotated[bool, typer.Option(help='a line "i j" is one arc')] = False,
    influence: Annotated[
        Literal["naming", "named"], typer.Option(help="naming: i influences j; named: j influences i")
    ] = "naming",
    thresholds: Annotated[
        str | None, typer.Option(help="one for all nodes, or a CSV file with the columns node, threshold")
    ] = None,
    coins: Annotated[
        Path | None,
        typer.Option(help="CSV file with the columns source, target, coin: chance is given, not drawn"),
    ] = None,
    form: Annotated[str | None, typer.Option(help="product or fraction, for bass; fraction or count")] = None,
    replicates: Annotated[int | None, typer.Option(help="replicates, 1,000 unless chance is given")] = None,
    random_seed: Annotated[int, typer.Option("--seed", help="seed of all chance")] = 0,
    max_steps: Annotated[int | None, typer.Option(help="steps to run at most")] = None,
    threads: Threads = None,
    out: Annotated[Path | None, typer.Option(help="CSV file for the curve, or for sizes by seed set")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say how far something spreads from given seeds, by a classic model of diffusion."""
    from simulator.diffusion.graphs import arcs
    from simulator.diffusion.spreading import compare_seeds
    from simulator.diffusion.spreading import spread as run
    from simulator.outcomes.store import write_file
    from simulator.present.cli_places import file_place

    file_place(out)
    if not seeds and model in _SEEDED:
        raise ScenarioError(
            [Fault("--seeds", "none", f"at least one node: in {model} nobody starts by itself")]
        )
    read = arcs(graph, directed=directed, weights=weights, influence=influence)
    sets = _seed_sets(read, seeds or [])
    given: dict[str, Any] = {
        "model": model, "p": p, "q": q, "weights": True if weights is not None else None,
        "thresholds": _thresholds(read, thresholds),
        "arc_coins": None if coins is None else _table(read, coins, ("source", "target"), "coin"),
        "form": form, "n_replicates": replicates, "seed": random_seed, "max_steps": max_steps, "threads": threads,
    }  # fmt: skip
    if len(sets) > 1:
        found: Any = compare_seeds(read, sets, **given)
        table = found.to_dataframe()
    else:
        found = run(read, next(iter(sets.values()), ()), **given)
        table = found.to_dataframe("curve")
    if out is not None:
        write_file(out, table.to_csv(index=False).encode(), parents=True)
    if as_json:
        print_document(_compared(found) if len(sets) > 1 else _one(found))
    elif quiet:
        print("\n".join(f"{name} {mean!r}" for name, mean in _means(found)))
    else:
        print(found)
        if len(sets) > 1:
            from simulator.outcomes.text_tables import frame_text

            print(frame_text(found.differences()))


def _seed_sets(graph: Any, given: list[str]) -> dict[str, list[Any]]:
    """Return seed sets by name; sets without one are numbered from 1."""
    sets: dict[str, list[Any]] = {}
    for number, text in enumerate(given, start=1):
        name, is_named, names = text.rpartition("=")
        name = name.strip() if is_named else str(number)
        if name in sets:
            raise ScenarioError([Fault("--seeds", f"{name} twice", "a name of its own for each set")])
        sets[name] = names_in(graph, names.split(","))
    return sets


def _thresholds(graph: Any, given: str | None) -> Any:
    """Return a threshold for all nodes, or those of a file by node."""
    if given is None:
        return None
    try:
        return float(given)
    except ValueError:
        return _table(graph, Path(given), ("node",), "threshold")


def _table(graph: Any, path: Path, keys: tuple[str, ...], value: str) -> dict[Any, float]:
    """Return a column of a CSV file by node or by arc, with nodes named as in the graph."""
    import pandas as pd

    from simulator.outcomes.wording import counted

    try:
        rows = pd.read_csv(path, dtype=dict.fromkeys(keys, str), keep_default_na=False)
    except (OSError, ValueError) as error:
        expected = f"a CSV file with the columns {', '.join((*keys, value))}"
        got = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ScenarioError([Fault(str(path), got, expected)]) from error
    missing = [name for name in (*keys, value) if name not in rows]
    if missing or rows[value].dtype.kind not in "iuf":
        got = (
            f"the columns {', '.join(map(str, rows.columns))}" if missing else f"words in the column {value}"
        )
        raise ScenarioError([Fault(str(path), got, f"the columns {', '.join(keys)}, and numbers in {value}")])
    columns = [names_in(graph, rows[key]) for key in keys]
    names = columns[0] if len(keys) == 1 else list(zip(*columns, strict=True))
    if len(set(names)) < len(names):
        raise ScenarioError(
            [Fault(str(path), counted(len(names) - len(set(names)), "repeated row"), "one row for each")]
        )
    return dict(zip(names, rows[value].astype(float), strict=True))


def _means(found: Any) -> list[tuple[str, float]]:
    if hasattr(found, "names"):
        return [(name, float(mean)) for name, mean in zip(found.names, found.means, strict=True)]
    return [("mean", found.mean)]


def _one(found: Any) -> dict[str, Any]:
    """Return the document of one seed set."""
    is_random = not found.is_deterministic and found.n_replicates > 1
    return {
        **_common(found),
        "seeds": list(found.seeds),
        "mean": found.mean,
        "standard_error": found.standard_error if is_random else None,
        "sd": found.sd if is_random else None,
        "interval": list(found.interval()) if is_random else None,
        "curve": found.curve.tolist(),
    }


def _compared(found: Any) -> dict[str, Any]:
    """Return the document of several seed sets in the same worlds."""
    return {
        **_common(found),
        "sets": {name: list(seeds) for name, seeds in zip(found.names, found.seeds, strict=True)},
        "means": dict(_means(found)),
        "best": found.best,
        "differences": found.differences().to_dict(orient="records"),
    }


def _common(found: Any) -> dict[str, Any]:
    return {
        "model": found.model,
        "n_nodes": found.graph.n_nodes,
        "n_arcs": found.graph.n_arcs,
        "n_replicates": int(found.sizes.shape[-1]),
        "seed": found.seed,
        "digest": hashlib.sha256(found.sizes.tobytes()).hexdigest(),
    }
