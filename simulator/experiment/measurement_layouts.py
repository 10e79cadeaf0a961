"""Layouts of a media-mix table that open marketing-mix tools read.

Each layout is the same table under the names of a tool's examples. Robyn takes any names and is told which they are;
its examples use ``DATE``, ``revenue``, ``<channel>_S`` for spend and ``<channel>_I`` for impressions. Meridian's loader
of data frames takes ``time`` as yyyy-mm-dd, ``geo``, ``kpi``, ``revenue_per_kpi``, ``population``, controls, and per
channel ``<channel>_impression`` and ``<channel>_spend``. PyMC-Marketing takes a date column, one column of spend per
channel, controls and the outcome ``y``. GeoLift takes ``date``, ``location`` and ``Y``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

#: Controls of the plain table that are handed on.
CONTROLS = ("price", "competitor_revenue", "season")


def robyn(table: pandas.DataFrame, channels: tuple[str, ...]) -> pandas.DataFrame:
    """Return the columns of Robyn's examples."""
    import pandas as pd

    columns: dict[str, Any] = {"DATE": table["date"], "revenue": table["revenue"], "units": table["sales"]}
    for name in channels:
        columns[f"{name}_S"] = table[f"{name}_spend"]
        columns[f"{name}_I"] = table[f"{name}_impressions"]
    columns["price"] = table["price"]
    columns["competitor_sales_B"] = table["competitor_revenue"]
    columns["season"] = table["season"]
    return pd.DataFrame(columns)


def meridian(table: pandas.DataFrame, channels: tuple[str, ...], population: float) -> pandas.DataFrame:
    """Return the columns of Meridian's examples: one geo, the nation."""
    import pandas as pd

    columns: dict[str, Any] = {"geo": "national", "time": table["date"]}
    for name in channels:
        columns[f"{name}_impression"] = table[f"{name}_impressions"]
        columns[f"{name}_spend"] = table[f"{name}_spend"]
    for name in CONTROLS:
        columns[name] = table[name]
    columns["conversions"] = table["sales"]
    columns["revenue_per_conversion"] = table["price"]
    columns["population"] = population
    return pd.DataFrame(columns)


def pymc_marketing(table: pandas.DataFrame, channels: tuple[str, ...]) -> pandas.DataFrame:
    """Return a date column, one column of spend per channel, controls, a trend and the outcome ``y``."""
    import pandas as pd

    columns: dict[str, Any] = {"date_week": table["date"], "y": table["sales"]}
    columns.update({name: table[f"{name}_spend"] for name in channels})
    columns.update({name: table[name] for name in CONTROLS})
    columns["t"] = range(len(table))
    return pd.DataFrame(columns)


def geolift(table: pandas.DataFrame) -> pandas.DataFrame:
    """Return ``date``, ``location`` and ``Y``."""
    import pandas as pd

    return pd.DataFrame({"date": table["date"], "location": table["location"], "Y": table["sales"]})


def how_to_read_geolift() -> dict[str, Any]:
    """Return the arguments of GeoLift's reader that name the columns."""
    columns = {"date_id": "date", "location_id": "location", "Y_id": "Y", "format": "yyyy-mm-dd"}
    return {"geolift_r.csv": columns}


def how_to_read(channels: tuple[str, ...]) -> dict[str, Any]:
    """Return, by tool, the arguments that name the columns."""
    return {
        "robyn.csv": {
            "date_var": "DATE",
            "dep_var": "revenue",
            "dep_var_type": "revenue",
            "paid_media_spends": [f"{name}_S" for name in channels],
            "paid_media_vars": [f"{name}_I" for name in channels],
            "context_vars": ["price", "competitor_sales_B", "season"],
        },
        "meridian.csv": {
            "kpi_type": "non_revenue",
            "coord_to_columns": {
                "time": "time",
                "geo": "geo",
                "kpi": "conversions",
                "revenue_per_kpi": "revenue_per_conversion",
                "population": "population",
                "controls": list(CONTROLS),
                "media": [f"{name}_impression" for name in channels],
                "media_spend": [f"{name}_spend" for name in channels],
            },
        },
        "pymc_marketing.csv": {
            "date_column": "date_week",
            "channel_columns": list(channels),
            "control_columns": [*CONTROLS, "t"],
            "target_column": "y",
        },
    }
