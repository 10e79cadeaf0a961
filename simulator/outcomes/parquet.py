"""Trajectories as one Parquet file: tidy, in real units, with all that is needed to restore them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from simulator.errors import Fault, StoreError
from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.trajectories import KEYS, Trajectories

#: Name of the file in a folder of results.
TRAJECTORIES = "trajectories.parquet"

_METADATA = b"consumer-market-simulator"


def trajectories_bytes(trajectories: Trajectories) -> bytes:
    """Return a Parquet file: tidy, in real units, with all that is needed to restore the trajectories."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = {
        "trajectory_version": TRAJECTORY_VERSION,
        "digest": trajectories.digest,
        "strategies": trajectories.strategies,
        "replicates": trajectories.replicates,
        "seed": trajectories.seed,
        "engine": trajectories.engine,
        "brands": trajectories.brands,
        "brand_ids": trajectories.brand_ids,
        "focal": trajectories.focal,
        "n_steps": trajectories.n_steps,
        "n_consumers": trajectories.n_consumers,
        "people_per_consumer": trajectories.people_per_consumer,
        "currency": trajectories.currency,
        "scenario_digest": trajectories.scenario_digest,
        "manifest": dict(trajectories.manifest),
    }
    buffer = io.BytesIO()
    writer = None
    for position, name in enumerate(trajectories.strategies):
        one = replace(trajectories, strategies=(name,), counts=trajectories.counts[position : position + 1])
        table = pa.Table.from_pandas(one.to_dataframe(), preserve_index=False)
        if writer is None:
            metadata = {**(table.schema.metadata or {}), _METADATA: json.dumps(about).encode()}
            writer = pq.ParquetWriter(
                buffer,
                table.schema.with_metadata(metadata),
                compression="zstd",
                use_dictionary=list(KEYS),
                use_byte_stream_split=[name for name in table.column_names if name not in KEYS],
            )
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return buffer.getvalue()


def load_trajectories(path: Path) -> Trajectories:
    """Read trajectories and verify their digest.

    Parameters
    ----------
    path : Path
        Parquet file, or a folder of results.

    Returns
    -------
    Trajectories
        As they were saved.

    Raises
    ------
    StoreError
        If the file is missing, of another kind, of another version or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = path / TRAJECTORIES if path.is_dir() else path
    expected = "a Parquet file of trajectories"
    try:
        table = pq.read_table(file)
        about = json.loads((table.schema.metadata or {})[_METADATA])
    except FileNotFoundError as error:
        raise StoreError([Fault(str(file), "", expected, "correct the path")]) from error
    except (OSError, KeyError, pa.ArrowException) as error:
        raise StoreError(
            [Fault(str(file), "another or a damaged file", expected, "save it again")]
        ) from error
    if about["trajectory_version"] != TRAJECTORY_VERSION:
        got = f"trajectory version {about['trajectory_version']}"
        remedy = "read it with the version of the package that wrote it"
        raise StoreError([Fault(str(file), got, f"version {TRAJECTORY_VERSION}", remedy)])
    trajectories = _restored(table, about)
    if trajectories.digest != about["digest"]:
        raise StoreError([Fault(str(file), "a changed file", "the digest that was saved", "save it again")])
    return trajectories


def _restored(table: Any, about: Mapping[str, Any]) -> Trajectories:
    names = tuple(name for name in table.column_names if name not in KEYS)
    shape = (
        len(about["strategies"]),
        len(about["replicates"]),
        about["n_steps"],
        len(about["brands"]),
        len(names),
    )
    restored = Trajectories(
        strategies=tuple(about["strategies"]),
        replicates=tuple(about["replicates"]),
        seed=about["seed"],
        engine=about["engine"],
        brands=tuple(about["brands"]),
        brand_ids=tuple(about["brand_ids"]),
        focal=about["focal"],
        counts=np.zeros(shape, dtype=np.int64),
        n_consumers=about["n_consumers"],
        people_per_consumer=about["people_per_consumer"],
        currency=about["currency"],
        scenario_digest=about["scenario_digest"],
        series_names=names,
        manifest=about["manifest"],
    )
    restored.counts.flags.writeable = True
    for position, name in enumerate(names):
        values = table.column(name).to_numpy() / restored.factor(name)
        restored.counts[..., position] = np.rint(values).reshape(shape[:-1])
    restored.counts.flags.writeable = False
    return restored
