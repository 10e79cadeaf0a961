"""Trials whose outcome is known: by regions, on a random part of consumers, of referral in some markets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simulator.errors import Fault, ScenarioError
from simulator.experiment import measurement_layouts as layouts
from simulator.experiment import measurement_plans as plans
from simulator.experiment.measurement_worlds import (
    Design,
    Found,
    Values,
    Whole,
    consumer_table,
    money_of,
    ready_plans,
    run_variants,
    truth_rows,
    units_of,
)
from simulator.outcomes.trajectories import unknown


def geo_lift(design: Design) -> Found:
    """Return sales by region and week of a test in some regions, and the truth.

    Parameters
    ----------
    design : Design
        What is exported.
    """
    import pandas as pd

    from simulator.outcomes.consumer_records import record_consumers

    names = tuple(region.name for region in design.scenario.population.regions)
    treated = _treated_regions(design, names)
    market, plan, _ = ready_plans(design)
    lines = plans.check_regional(market, plan, "export(strategy)")
    everywhere = plans.from_step(market, plan, lines, design.start)
    variants = {
        "shown": plans.in_regions(market, everywhere, lines, treated),
        "without": plans.without_media(plan, lines),
        "everywhere": everywhere,
    }
    records = {}
    for done, (name, variant) in enumerate(variants.items()):
        design.report(done, len(variants))
        records[name] = record_consumers(market, variant, seed=design.seed, replicate=design.replicate)
    design.report(len(variants), len(variants))
    people = float(market.people_per_consumer)
    regions = records["shown"].regions
    sales = {
        name: np.stack([record.purchases[:, regions == r].sum(axis=1) for r in range(len(names))]) * people
        for name, record in records.items()
    }
    is_treated = np.array([name in treated for name in names])
    size = np.bincount(regions, minlength=len(names)) * people
    weeks, dates = np.arange(design.scenario.horizon), design.dates()
    in_test = weeks >= design.start
    spend = _regional_spend(market, variants["shown"], lines, names, treated)
    rows = {
        "date": np.tile(dates, len(names)),
        "location": np.repeat(names, len(weeks)),
        "sales": sales["shown"].reshape(-1),
        "population": np.repeat(size, len(weeks)),
        "treated": np.repeat(is_treated, len(weeks)).astype(int),
        "in_test": np.tile(in_test, len(names)).astype(int),
        "spend": spend.reshape(-1),
    }
    table = pd.DataFrame(rows)
    gained = (sales["shown"] - sales["without"])[:, in_test].sum(axis=1)
    rolled_out = float((sales["everywhere"] - sales["without"])[:, in_test].sum())
    base = float(sales["without"][is_treated][:, in_test].sum())
    truth = truth_rows(
        (
            "treated_lift",
            gained[is_treated].sum(),
            "units",
            "units gained in the treated regions during the test",
        ),
        (
            "treated_lift_share",
            gained[is_treated].sum() / base if base else np.nan,
            "share",
            "the same, as a share of what would have been sold there",
        ),
        (
            "control_spillover",
            gained[~is_treated].sum(),
            "units",
            "units gained in the other regions, by talk across regions: they are no clean controls",
        ),
        (
            "rollout_lift",
            rolled_out,
            "units",
            "units gained in all regions if the strategy had run in all of them",
        ),
    )
    notes = [
        f"treated regions: {', '.join(treated)}; the test begins in week {design.start}, with the same weekly pressure "
        "per person as the strategy has in the whole country",
        "regions are written down from the Mesa engine: trajectories of the compiled engine hold no regions",
    ]
    return Found(
        {"geo_lift.csv": table, "geolift_r.csv": layouts.geolift(table)},
        truth,
        notes,
        layouts.how_to_read_geolift(),
    )


def _treated_regions(design: Design, names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) < 2:
        expected = "a scenario with at least two population.regions"
        raise ScenarioError([Fault("export(kind)", "geo_lift in one region", expected)])
    if design.regions is None:
        chosen = np.random.default_rng([design.seed, 22]).permutation(len(names))[: len(names) // 2]
        return tuple(names[k] for k in sorted(chosen))
    faults = [unknown("export(regions)", name, names) for name in design.regions if name not in names]
    if not faults and not 0 < len(set(design.regions)) < len(names):
        faults.append(
            Fault("export(regions)", repr(list(design.regions)), "some regions, and not all of them")
        )
    if faults:
        raise ScenarioError(faults)
    return tuple(dict.fromkeys(design.regions))


def _regional_spend(
    market: Any, plan: Any, lines: Whole, names: tuple[str, ...], treated: Sequence[str]
) -> Values:
    """Return planned spend by region and week, split over treated regions as their reach."""
    arrays, people = plan.arrays, float(market.people_per_consumer)
    of_region = np.array([names.index(cell.split("/")[0]) for cell in market.cells])
    spend = np.zeros((len(names), market.n_steps))
    for line in lines:
        reach = (
            market.arrays.cell_reach[int(arrays.channel[line])] * market.cell_shares * arrays.in_segment[line]
        )
        if reach.sum() > 0:
            share = np.bincount(of_region, reach, len(names)) / reach.sum()
            money = arrays.impressions[market.burn_in :, line] * (
                arrays.media_cost[line] + arrays.data_cost[line]
            )
            spend += share[:, None] * money[None] * people
    return spend


def ab_test(design: Design) -> Found:
    """Return one row per consumer of a test of one line on a random part, and the truth.

    Parameters
    ----------
    design : Design
        What is exported.
    """
    from simulator.outcomes.consumer_records import in_random_audience, record_consumers

    market, plan, _ = ready_plans(design)
    line = plans.check_testable_line(market, plan, design.line, "export")
    everyone = plans.from_step(market, plan, [line], design.start)
    variants = {
        "shown": plans.in_random_part(everyone, line, design.share),
        "without": plans.without_media(plan, [line]),
        "everyone": everyone,
    }
    records = {}
    for done, (name, variant) in enumerate(variants.items()):
        design.report(done, len(variants))
        records[name] = record_consumers(market, variant, seed=design.seed, replicate=design.replicate)
    design.report(len(variants), len(variants))
    treated = in_random_audience(
        market, variants["shown"], line, seed=design.seed, replicate=design.replicate, share=design.share
    )
    during = {
        name: record.purchases[design.start :].sum(axis=0).astype(np.float64)
        for name, record in records.items()
    }
    shown = records["shown"]
    table = consumer_table(design, market, shown, treated)
    gained = during["shown"] - during["without"]
    rollout = (during["everyone"] - during["without"]).mean()
    weeks = design.scenario.horizon - design.start
    unit = f"purchases per consumer in {weeks} weeks"
    truth = truth_rows(
        (
            "treated_effect",
            gained[treated].mean(),
            unit,
            "what the test changed for those addressed, talk included",
        ),
        ("control_spillover", gained[~treated].mean(), unit, "what it changed for the others, by talk"),
        (
            "contrast",
            gained[treated].mean() - gained[~treated].mean(),
            unit,
            "the effect that a comparison of the two groups aims at",
        ),
        (
            "rollout_effect",
            rollout,
            unit,
            "what addressing everybody would change: what the decision is about",
        ),
    )
    channel = market.channels[int(plan.arrays.channel[line])].name
    notes = [
        f"tested: line {design.line} ({channel}); the other lines of the strategy run for everybody throughout",
        "the groups talk to each other: the contrast and the rollout effect are different quantities",
        "consumers are written down from the Mesa engine: trajectories of the compiled engine hold no consumers",
    ]
    return Found({"ab_test.csv": table}, truth, notes)


def referral(design: Design) -> Found:
    """Return sales by market and week of a referral program that starts in half of the markets, and the truth.

    Parameters
    ----------
    design : Design
        What is exported.
    """
    import pandas as pd

    market, plan, _ = ready_plans(design)
    if not plans.has_program(market, plan, "referral"):
        expected = "a strategy with a referral line"
        raise ScenarioError([Fault("export(strategy)", design.strategy, expected, "choose another strategy")])
    with_program = plans.without_program(market, plan, "referral", before=design.start)
    without = plans.without_program(market, plan, "referral")
    worlds = list(range(design.replicate, design.replicate + design.n_markets))
    order = np.random.default_rng([design.seed, 23]).permutation(design.n_markets)
    treated = np.zeros(design.n_markets, bool)
    treated[order[: design.n_markets // 2]] = True
    runs = []
    for done, world in enumerate(worlds):
        design.report(done, len(worlds))
        runs.append(run_variants(design, market, [with_program, without], [world])[:, 0])
    design.report(len(worlds), len(worlds))
    counts = np.stack(runs, axis=1)
    units = units_of(market, counts)
    weeks, dates = np.arange(design.scenario.horizon), design.dates()
    shown = np.where(treated[:, None], units[0], units[1])
    rewards = np.where(treated[:, None], money_of(market, counts[0], "spend_rewards"), 0.0)
    table = pd.DataFrame(
        {
            "date": np.tile(dates, design.n_markets),
            "location": np.repeat([f"market_{k:03d}" for k in worlds], len(weeks)),
            "sales": shown.reshape(-1),
            "treated": np.repeat(treated, len(weeks)).astype(int),
            "in_test": np.tile(weeks >= design.start, design.n_markets).astype(int),
            "reward_spend": rewards.reshape(-1),
        }
    )
    gained = (units[0] - units[1])[:, design.start :].sum(axis=1)
    base = units[1][:, design.start :].sum(axis=1)
    unit = f"units per market in {len(weeks) - design.start} weeks"
    truth = truth_rows(
        ("treated_lift", gained[treated].mean(), unit, "mean gain of the treated markets by the program"),
        (
            "treated_lift_share",
            gained[treated].sum() / base[treated].sum() if base[treated].sum() else np.nan,
            "share",
            "the same, as a share of what would have been sold",
        ),
        ("rollout_lift", gained.mean(), unit, "mean gain if the program had run in all markets"),
    )
    notes = [
        "markets are separate worlds of the scenario: nobody talks across them, and the other lines run in all",
        "a hold-out of some consumers within a market, whose invitations cross the border, is the kind referral_holdout",
    ]
    return Found(
        {"referral.csv": table, "geolift_r.csv": layouts.geolift(table)},
        truth,
        notes,
        layouts.how_to_read_geolift(),
    )
