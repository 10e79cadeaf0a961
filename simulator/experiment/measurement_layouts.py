"""Layouts of a media-mix table that open marketing-mix tools read.

Each layout is the same table under the names of a tool's examples. Robyn takes any names and is told which they are;
its examples use ``DATE``, ``revenue``, ``<channel>_S`` for spend and ``<channel>_I`` for impressions. Meridian's loader
of data frames takes ``time`` as yyyy-mm-dd, ``geo``, ``kpi``, ``revenue_per_kpi``, ``population``, controls, and per
channel ``<channel>_impression`` and ``<channel>_spend``. PyMC-Marketing takes a date column, one column of spend per
channel, controls and the outcome ``y``. GeoLift takes ``date``, ``location`` and ``Y``.

Robyn, and Meridian for one geo, refuse tables with a control that never changes; so such controls stay in the plain
table alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

#: Controls of the plain table that are handed on, as far as they vary.
CONTROLS = ("price", "competitor_revenue", "season")
#: What Robyn's examples call them.
_AS_ROBYN = {"competitor_revenue": "competitor_sales_B"}


def varying_controls(table: pandas.DataFrame) -> tuple[str, ...]:
    """Return the controls of the plain table that are not the same in every week."""
    return tuple(name for name in CONTROLS if table[name].nunique() > 1)


def layout_notes(table: pandas.DataFrame, channels: tuple[str, ...]) -> list[str]:
    """Return what analysts should know of columns that are the same in every week."""
    varying, notes = varying_controls(table), []
    constant = [name for name in CONTROLS if name not in varying]
    if constant:
        notes.append(
            f"the same in every week, so only in media_mix.csv: {', '.join(constant)}; "
            "Robyn and Meridian refuse controls that never change"
        )
    still = [name for name in channels if table[f"{name}_spend"].nunique() < 2]
    if still:
        notes.append(
            f"the same in every week: {', '.join(still)}; nobody can measure media that never change, and Robyn and "
            "Meridian refuse them: raise variation, or choose shorter flights"
        )
    return notes


def robyn(table: pandas.DataFrame, channels: tuple[str, ...]) -> pandas.DataFrame:
    """Return the columns of Robyn's examples."""
    import pandas as pd

    columns: dict[str, Any] = {"DATE": table["date"], "revenue": table["revenue"], "units": table["sales"]}
    for name in channels:
        columns[f"{name}_S"] = table[f"{name}_spend"]
        columns[f"{name}_I"] = table[f"{name}_impressions"]
    columns.update({_AS_ROBYN.get(name, name): table[name] for name in varying_controls(table)})
    return pd.DataFrame(columns)


def meridian(table: pandas.DataFrame, channels: tuple[str, ...], population: float) -> pandas.DataFrame:
    """Return the columns of Meridian's examples: one geo, the nation."""
    import pandas as pd

    columns: dict[str, Any] = {"geo": "national", "time": table["date"]}
    for name in channels:
        columns[f"{name}_impression"] = table[f"{name}_impressions"]
        columns[f"{name}_spend"] = table[f"{name}_spend"]
    columns.update({name: table[name] for name in varying_controls(table)})
    columns["conversions"] = table["sales"]
    columns["revenue_per_conversion"] = table["price"]
    columns["population"] = population
    return pd.DataFrame(columns)


def pymc_marketing(table: pandas.DataFrame, channels: tuple[str, ...]) -> pandas.DataFrame:
    """Return a date column, one column of spend per channel, controls, a trend and the outcome ``y``."""
    import pandas as pd

    columns: dict[str, Any] = {"date_week": table["date"], "y": table["sales"]}
    columns.update({name: table[f"{name}_spend"] for name in channels})
    columns.update({name: table[name] for name in varying_controls(table)})
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


def how_to_read(table: pandas.DataFrame, channels: tuple[str, ...]) -> dict[str, Any]:
    """Return, by tool, the arguments that name the columns."""
    controls = varying_controls(table)
    return {
        "robyn.csv": {
            "date_var": "DATE",
            "dep_var": "revenue",
            "dep_var_type": "revenue",
            "paid_media_spends": [f"{name}_S" for name in channels],
            "paid_media_vars": [f"{name}_I" for name in channels],
            "context_vars": [_AS_ROBYN.get(name, name) for name in controls],
        },
        "meridian.csv": {
            "kpi_type": "non_revenue",
            "coord_to_columns": {
                "time": "time",
                "geo": "geo",
                "kpi": "conversions",
                "revenue_per_kpi": "revenue_per_conversion",
                "population": "population",
                "controls": list(controls),
                "media": [f"{name}_impression" for name in channels],
                "media_spend": [f"{name}_spend" for name in channels],
            },
        },
        "pymc_marketing.csv": {
            "date_column": "date_week",
            "channel_columns": list(channels),
            "control_columns": [*controls, "t"],
            "target_column": "y",
        },
    }
