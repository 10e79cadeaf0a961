"""The verb ``trace``: one replicate in full, who bought what and who told whom."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.present.cli import (
    AsJson,
    Consumers,
    Quiet,
    ScenarioPath,
    Seed,
    Settings,
    app,
    load,
    print_document,
)
from simulator.present.progress import Progress


@app.command()
def trace(
    scenario: ScenarioPath,
    strategy: Annotated[str, typer.Option(help="name of the strategy")],
    replicate: Annotated[int, typer.Option(help="number of the replicate")] = 0,
    seed: Seed = None,
    consumers: Consumers = None,
    settings: Settings = None,
    out: Annotated[Path | None, typer.Option(help="folder for the tables")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run one replicate again and write down every purchase and every message on a tie."""
    from simulator.experiment.tracing import trace as run
    from simulator.present.cli_places import study_place

    with Progress(quiet=quiet or as_json) as progress:
        loaded = load(scenario, consumers, settings, progress.announce)
        traced = run(
            loaded,
            strategy,
            seed=seed,
            replicate=replicate,
            on_progress=progress,
            on_question=partial(study_place, out, "trace"),
        )
        place = None if out is None else traced.save(out)
    if as_json:
        print_document(trace_document(traced))
        return
    if not quiet:
        from simulator.outcomes.text_tables import frame_text

        print(traced)
        print("\nunits bought, by source of the contact that came last:")
        print(frame_text(sources(traced).reset_index()))
        print("\nfirst purchases by depth in the influence tree (0: nobody had told the buyer):")
        print(frame_text(depths(traced).rename_axis("brand").reset_index()))
    if place is not None:
        print(f"tables: {place}")
    print(f"digest: {traced.digest}")


def sources(traced: Any) -> Any:
    """Return units bought by brand and source."""
    return traced.purchases.groupby(["brand", "source"]).size().unstack(fill_value=0)


def depths(traced: Any) -> Any:
    """Return first purchases by brand and depth in the influence tree."""
    import pandas as pd

    counts = {brand: traced.influence(brand)["depth"].value_counts() for brand in traced.trajectories.brands}
    table = pd.DataFrame(counts).T.fillna(0).astype(int).sort_index(axis=1)
    table.columns.name = "depth"
    return table


def trace_document(traced: Any) -> dict[str, Any]:
    """Return the document that ``simulator trace --json`` prints."""
    t = traced.trajectories
    return {
        "strategy": t.strategies[0],
        "seed": t.seed,
        "replicate": t.replicates[0],
        "digest": traced.digest,
        "n_purchases": len(traced.raw_purchases),
        "n_messages": len(traced.raw_messages),
        "sources": {brand: {k: int(v) for k, v in row.items()} for brand, row in sources(traced).iterrows()},
        "depths": {
            brand: {str(k): int(v) for k, v in row.items()} for brand, row in depths(traced).iterrows()
        },
    }
