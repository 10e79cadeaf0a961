"""SQL over the outcomes of an experiment, by DuckDB straight from the shards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.errors import Fault, ScenarioError, StoreError, needing
from simulator.outcomes.replicate_blocks import BLOCKS
from simulator.outcomes.shards import shard_files

if TYPE_CHECKING:
    import pandas

_QUERY = "a query over the tables outcomes and treatments"


def query(
    text: str,
    folder: Path,
    treatments: pandas.DataFrame,
    outcomes: pandas.DataFrame | None,
    metrics: Sequence[str],
) -> pandas.DataFrame:
    """Answer one query.

    Parameters
    ----------
    text : str
        SQL over ``outcomes`` and ``treatments``.
    folder : Path
        Folder of results.
    treatments : pandas.DataFrame
        One row per treatment.
    outcomes : pandas.DataFrame, optional
        All outcomes, where there are no shards to read them from.
    metrics : sequence of str
        Names of the metrics.

    Returns
    -------
    pandas.DataFrame
        The answer.

    Raises
    ------
    ScenarioError
        If DuckDB is not installed or the query is wrong.
    StoreError
        If a shard cannot be read.
    """
    duckdb = _duckdb()
    connection = duckdb.connect()
    try:
        connection.register("treatments", treatments)
        if outcomes is None:
            _register_shards(connection, folder, treatments, metrics)
        else:
            connection.register("outcomes", outcomes)
        asked = connection.execute(text)
        if asked is None:
            remedy = 'for example "select strategy, avg(profit) from outcomes group by strategy"'
            raise ScenarioError([Fault("sql", repr(text), _QUERY, remedy)])
        answer: pandas.DataFrame = asked.df()
        return answer
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        remedy = f"verify the folder with: simulator results {folder} --check"
        raise StoreError(
            [Fault(str(folder), str(error).split("\n")[0], "readable shards", remedy)]
        ) from error
    except duckdb.Error as error:
        reason = str(error).strip().split("\n")[0]
        raise ScenarioError([Fault("sql", text.strip(), _QUERY, reason)]) from error
    finally:
        connection.close()


def _register_shards(
    connection: Any, folder: Path, treatments: pandas.DataFrame, metrics: Sequence[str]
) -> None:
    about = ", ".join(f"t.{_quoted(name)}" for name in treatments.columns)
    measured = ", ".join(f"s.{_quoted(name)}" for name in metrics)
    files = [str(file) for file in shard_files(folder)]
    if not files:
        columns = ", ".join(f"cast(null as double) as {_quoted(name)}" for name in metrics)
        source = (
            "(select cast(null as integer) as treatment, cast(null as bigint) as replicate, "
            f"cast(null as double) as level, cast(null as double) as pilot_spend, {columns} limit 0)"
        )
    else:
        places = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        source = f"read_parquet([{places}])"
    connection.execute(
        f"create view outcomes as select {about}, "
        f"case when s.replicate < {BLOCKS['evaluate'].start} then 'select' else 'evaluate' end as block, "
        f"s.replicate, s.level, s.pilot_spend, {measured} "
        f"from {source} s join treatments t on s.treatment = t.treatment"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _duckdb() -> Any:
    with needing("the library duckdb", "sql", "sql"):
        import duckdb
    return duckdb
