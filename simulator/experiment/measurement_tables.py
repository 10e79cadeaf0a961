"""The media-mix table of a strategy, and the true effects of its channels and programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.experiment import measurement_layouts as layouts
from simulator.experiment import measurement_plans as plans
from simulator.experiment.measurement_worlds import (
    Design,
    Found,
    Whole,
    money_of,
    ready_plans,
    run_variants,
    units_of,
)
from simulator.model.observation import INDEX, SPEND_KINDS

if TYPE_CHECKING:
    import pandas


def media_mix(design: Design) -> Found:
    """Return the weekly media-mix table, its layouts, and the truth by channel and program.

    Parameters
    ----------
    design : Design
        What is exported.
    """
    market, plan, nothing = ready_plans(design)
    plan = plans.with_flights(market, plan, design.variation, design.flight_weeks, design.seed)
    channels = plans.channels_of(market, plan)
    variants = {
        name: plans.without_content(market, plan, lines)
        if name.startswith(plans.CONTENT)
        else plans.without_media(plan, lines)
        for name, lines in channels.items()
    }
    for kind in plans.SWITCHES:
        if plans.has_program(market, plan, kind):
            variants[kind] = plans.without_program(market, plan, kind)
    if plans.has_seeding(market, plan):
        variants["seeding"] = plans.without_seeding(market, plan)
    if design.strategy != "none":
        variants["all"] = nothing
    if not variants:
        got = f"strategy {design.strategy} without media or programs"
        raise ScenarioError([Fault("export(strategy)", got, "a strategy or a brand that does something")])
    others = range(design.replicate + 1, design.replicate + 1 + design.n_expected)
    worlds = [design.replicate, *others]
    runs = []
    for done, world in enumerate(worlds):
        design.report(done, len(worlds))
        runs.append(run_variants(design, market, [plan, *variants.values()], [world])[:, 0])
    design.report(len(worlds), len(worlds))
    counts = np.stack(runs, axis=1)
    table, is_exact = _media_table(design, market, plan, channels, counts[0, 0])
    truth = _media_truth(market, list(variants), counts, table, channels)
    names = tuple(channels)
    population = market.n_consumers * float(market.people_per_consumer)
    tables = {
        "media_mix.csv": table,
        "robyn.csv": layouts.robyn(table, names),
        "meridian.csv": layouts.meridian(table, names, population),
        "pymc_marketing.csv": layouts.pymc_marketing(table, names),
        "truth_by_week.csv": _weekly_truth(design, market, list(variants), counts[:, 0]),
    }
    notes = [
        "an effect is what the world lacks when that channel alone is switched off; because channels work together, "
        "the effects do not add up to that of all",
        "truth.csv and truth_by_week.csv are not for the analyst",
    ]
    if "all" in variants:
        notes.append("all compares with no campaign; standing plans of the brand run on in it")
    if not is_exact:
        notes.append(
            "part of the planned media stayed unspent: what was spent is split over channels as planned"
        )
    notes += layouts.layout_notes(table, names)
    return Found(tables, truth, notes, layouts.how_to_read(table, names))


def _media_table(
    design: Design, market: Any, plan: Any, channels: Mapping[str, NDArray[np.int64]], counts: Whole
) -> tuple[pandas.DataFrame, bool]:
    """Return the table of one world, and whether the spend per channel is exact."""
    import pandas as pd

    arrays, people, first = plan.arrays, float(market.people_per_consumer), market.burn_in
    spent = money_of(market, counts, "spend_media") + money_of(market, counts, "spend_data")
    impressions = counts[:, market.focal, INDEX["impressions"]] * people / 65536.0
    own = plans.focal_lines(market, plan)
    cost = arrays.media_cost + arrays.data_cost
    planned = (arrays.impressions[first:, own] * cost[own]).sum(axis=1) * people
    planned_impressions = arrays.impressions[first:, own].sum(axis=1) * people
    is_exact = bool(np.allclose(planned, spent, rtol=1e-3, atol=0.01 * max(float(spent.mean()), 1e-9)))
    spend_ratio = np.divide(spent, planned, out=np.zeros_like(spent), where=planned > 0)
    seen_ratio = np.divide(
        impressions, planned_impressions, out=np.zeros_like(spent), where=planned_impressions > 0
    )
    units, revenue = units_of(market, counts), money_of(market, counts, "revenue")
    rivals = sum(money_of(market, counts, "revenue", k) for k in range(counts.shape[1]) if k != market.focal)
    listed = market.arrays.price[first:, market.focal].astype(np.float64)
    columns: dict[str, Any] = {
        "week": np.arange(len(units)),
        "date": design.dates(),
        "sales": units,
        "revenue": revenue,
        "price": np.divide(revenue, units, out=listed.copy(), where=units > 0),
    }
    for name, lines in channels.items():
        shown = arrays.impressions[first:, lines]
        columns[f"{name}_spend"] = (shown * cost[lines]).sum(axis=1) * people * spend_ratio
        columns[f"{name}_impressions"] = shown.sum(axis=1) * people * seen_ratio
    for kind in SPEND_KINDS:
        money = money_of(market, counts, f"spend_{kind}")
        if kind not in ("media", "data") and money.any():
            columns[f"{kind}_spend"] = money
    columns["competitor_revenue"] = rivals
    columns["season"] = market.arrays.season[first:].astype(np.float64)
    return pd.DataFrame(columns), is_exact


def _media_truth(
    market: Any,
    effects: Sequence[str],
    counts: Whole,
    table: pandas.DataFrame,
    channels: Mapping[str, NDArray[np.int64]],
) -> pandas.DataFrame:
    """Return incremental units by effect: in the world shown, and over further worlds."""
    import pandas as pd

    units = units_of(market, counts).sum(axis=-1)
    revenue = money_of(market, counts, "revenue").sum(axis=-1)
    rows = []
    for k, name in enumerate(effects, start=1):
        gained, money = units[0] - units[k], revenue[0] - revenue[k]
        further = gained[1:]
        n = len(further)
        spend = float(table[f"{name}_spend"].sum()) if name in channels else float("nan")
        rows.append(
            {
                "effect": name,
                "value": float(gained[0]),
                "unit": "units",
                "meaning": f"units sold because of {name if name != 'all' else 'the whole strategy'}",
                "revenue": float(money[0]),
                "spend": spend,
                "revenue_per_spend": float(money[0]) / spend if spend > 0 else float("nan"),
                "expected": float(further.mean()) if n else float("nan"),
                "expected_error": float(further.std(ddof=1) / n**0.5) if n > 1 else float("nan"),
            }
        )
    return pd.DataFrame(rows)


def _weekly_truth(design: Design, market: Any, effects: Sequence[str], counts: Whole) -> pandas.DataFrame:
    import pandas as pd

    units = units_of(market, counts)
    columns: dict[str, Any] = {"date": design.dates()}
    columns.update({name: units[0] - units[k] for k, name in enumerate(effects, start=1)})
    return pd.DataFrame(columns)
