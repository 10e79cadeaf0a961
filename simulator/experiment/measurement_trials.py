"""Trials whose outcome is known: by regions, on a random part of consumers, of referral in some markets."""

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
    Values,
    Whole,
    consumer_table,
    money_of,
    ready_plans,
    run_variants,
    truth_rows,
    units_of,
    with_expected,
)
from simulator.outcomes.trajectories import unknown

if TYPE_CHECKING:
    import pandas

    from simulator.outcomes.consumer_records import ConsumerRecords


def geo_lift(design: Design) -> Found:
    """Return sales by region and week of a test in some regions, and the truth.

    Parameters
    ----------
    design : Design
        What is exported.
    """
    import pandas as pd

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
    worlds = [design, *design.further()]
    seen = _seen_in(worlds, market, variants)
    people = float(market.people_per_consumer)
    shown, sales = seen[0]["shown"], [_regional_sales(records, len(names), people) for records in seen]
    is_treated = np.array([name in treated for name in names])
    size = np.bincount(shown.regions, minlength=len(names)) * people
    weeks, dates = np.arange(design.scenario.horizon), design.dates()
    in_test = weeks >= design.start
    spend = _regional_spend(market, variants["shown"], lines, names, treated)
    rows = {
        "date": np.tile(dates, len(names)),
        "location": np.repeat(names, len(weeks)),
        "sales": sales[0]["shown"].reshape(-1),
        "population": np.repeat(size, len(weeks)),
        "treated": np.repeat(is_treated, len(weeks)).astype(int),
        "in_test": np.tile(in_test, len(names)).astype(int),
        "spend": spend.reshape(-1),
    }
    table = pd.DataFrame(rows)
    notes = [
        f"treated regions: {', '.join(treated)}; the test begins in week {design.start}, with the same weekly pressure "
        "per person as the strategy has in the whole country",
        "regions are written down from the Mesa engine: trajectories of the compiled engine hold no regions",
    ]
    return Found(
        {"geo_lift.csv": table, "geolift_r.csv": layouts.geolift(table)},
        _regional_truth(sales, is_treated, in_test),
        notes,
        layouts.how_to_read_geolift(),
    )


def _seen_in(
    worlds: Sequence[Design], market: Any, variants: Mapping[str, Any]
) -> list[dict[str, ConsumerRecords]]:
    """Return what consumers did under each variant of a plan, world by world."""
    from simulator.outcomes.consumer_records import record_consumers

    n_runs, found = len(worlds) * len(variants), []
    for k, world in enumerate(worlds):
        records = {}
        for done, (name, variant) in enumerate(variants.items(), start=k * len(variants)):
            world.report(done, n_runs)
            records[name] = record_consumers(market, variant, seed=world.seed, replicate=world.replicate)
        found.append(records)
    worlds[0].report(n_runs, n_runs)
    return found


def _regional_sales(
    records: Mapping[str, ConsumerRecords], n_regions: int, people: float
) -> dict[str, Values]:
    """Return units by variant; shape (region, week)."""
    return {
        name: np.stack([one.purchases[:, one.regions == r].sum(axis=1) for r in range(n_regions)]) * people
        for name, one in records.items()
    }


def _regional_truth(
    sales: Sequence[Mapping[str, Values]], is_treated: NDArray[np.bool_], in_test: NDArray[np.bool_]
) -> pandas.DataFrame:
    """Return the truth of the first world, and what is expected by the further ones."""
    during = [{name: units[:, in_test].sum(axis=1) for name, units in world.items()} for world in sales]
    gained = np.stack([world["shown"] - world["without"] for world in during])
    base = np.array([world["without"][is_treated].sum() for world in during])
    treated, spilled = gained[:, is_treated].sum(axis=1), gained[:, ~is_treated].sum(axis=1)
    rolled_out = np.array([(world["everywhere"] - world["without"]).sum() for world in during])
    truth = truth_rows(
        ("treated_lift", treated[0], "units", "units gained in the treated regions during the test"),
        (
            "treated_lift_share",
            treated[0] / base[0] if base[0] else np.nan,
            "share",
            "the same, as a share of what would have been sold there",
        ),
        (
            "control_spillover",
            spilled[0],
            "units",
            "units gained in the other regions, by talk across regions: they are no clean controls",
        ),
        (
            "rollout_lift",
            rolled_out[0],
            "units",
            "units gained in all regions if the strategy had run in all of them",
        ),
    )
    further = {
        "treated_lift": treated[1:],
        "control_spillover": spilled[1:],
        "rollout_lift": rolled_out[1:],
    }
    return with_expected(truth, further, {"treated_lift_share": (treated[1:], base[1:])})


def _treated_regions(design: Design, names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) < 2:
        expected = "a scenario with at least two population.regions"
        remedy = "add entries [[population.regions]] with name and share, or take --kind ab_test, which needs no regions"
        raise ScenarioError([Fault("export(kind)", "geo_lift in one region", expected, remedy)])
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
    market, plan, _ = ready_plans(design)
    line = plans.check_testable_line(market, plan, design.line, "export")
    everyone = plans.from_step(market, plan, [line], design.start)
    variants = {
        "shown": plans.in_random_part(everyone, line, design.share),
        "without": plans.without_media(plan, [line]),
        "everyone": everyone,
    }
    worlds = [design, *design.further()]
    seen = _seen_in(worlds, market, variants)
    groups = [_addressed(world, market, variants["shown"], line) for world in worlds]
    table = consumer_table(design, market, seen[0]["shown"], groups[0])
    channel = market.channels[int(plan.arrays.channel[line])].name
    notes = [
        f"tested: line {design.line} ({channel}); the other lines of the strategy run for everybody throughout",
        "the groups talk to each other: the contrast and the rollout effect are different quantities",
        "consumers are written down from the Mesa engine: trajectories of the compiled engine hold no consumers",
    ]
    return Found({"ab_test.csv": table}, _tested_truth(design, seen, groups), notes)


def _addressed(world: Design, market: Any, plan: Any, line: int) -> NDArray[np.bool_]:
    """Return who is in the random part of a world that the tested line addresses."""
    from simulator.outcomes.consumer_records import in_random_audience

    return in_random_audience(
        market, plan, line, seed=world.seed, replicate=world.replicate, share=world.share
    )


def _tested_truth(
    design: Design, seen: Sequence[Mapping[str, ConsumerRecords]], groups: Sequence[NDArray[np.bool_]]
) -> pandas.DataFrame:
    """Return the truth of the first world, and what is expected by the further ones."""
    found: dict[str, list[float]] = {}
    for records, treated in zip(seen, groups, strict=True):
        during = {
            name: one.purchases[design.start :].sum(axis=0).astype(np.float64)
            for name, one in records.items()
        }
        gained = during["shown"] - during["without"]
        effects = {
            "treated_effect": gained[treated].mean(),
            "control_spillover": gained[~treated].mean(),
            "contrast": gained[treated].mean() - gained[~treated].mean(),
            "rollout_effect": (during["everyone"] - during["without"]).mean(),
        }
        for name, value in effects.items():
            found.setdefault(name, []).append(float(value))
    meanings = {
        "treated_effect": "what the test changed for those addressed, talk included",
        "control_spillover": "what it changed for the others, by talk",
        "contrast": "the effect that a comparison of the two groups aims at",
        "rollout_effect": "what addressing everybody would change: what the decision is about",
    }
    unit = f"purchases per consumer in {design.scenario.horizon - design.start} weeks"
    truth = truth_rows(*((name, found[name][0], unit, text) for name, text in meanings.items()))
    return with_expected(truth, {name: np.array(values[1:]) for name, values in found.items()}, {})


def referral(design: Design) -> Found:
    """Return sales by market and week of a referral program that starts in half of the markets, and the truth.

    Parameters
    ----------
    design : Design
        What is exported.
    """
    import pandas as pd

    market, plan, _ = ready_plans(design)
    plans.check_referral(market, plan, design.strategy, "referral")
    with_program = plans.without_program(market, plan, "referral", before=design.start)
    without = plans.without_program(market, plan, "referral")
    n = design.n_markets
    further = [world.replicate for world in design.further(design.replicate + n)]
    worlds = [*range(design.replicate, design.replicate + n), *further]
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
    shown = np.where(treated[:, None], units[0, :n], units[1, :n])
    rewards = np.where(treated[:, None], money_of(market, counts[0, :n], "spend_rewards"), 0.0)
    table = pd.DataFrame(
        {
            "date": np.tile(dates, design.n_markets),
            "location": np.repeat([f"market_{k:03d}" for k in worlds[:n]], len(weeks)),
            "sales": shown.reshape(-1),
            "treated": np.repeat(treated, len(weeks)).astype(int),
            "in_test": np.tile(weeks >= design.start, design.n_markets).astype(int),
            "reward_spend": rewards.reshape(-1),
        }
    )
    truth = _referral_truth(design, units, treated)
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


def _referral_truth(design: Design, units: Values, treated: NDArray[np.bool_]) -> pandas.DataFrame:
    """Return the truth of the markets, and what is expected by further ones; units [variant, market, week]."""
    gains = (units[0] - units[1])[:, design.start :].sum(axis=1)
    bases = units[1][:, design.start :].sum(axis=1)
    n = design.n_markets
    gained, base, further = gains[:n], bases[:n][treated].sum(), gains[n:]
    unit = f"units per market in {design.scenario.horizon - design.start} weeks"
    truth = truth_rows(
        ("treated_lift", gained[treated].mean(), unit, "mean gain of the treated markets by the program"),
        (
            "treated_lift_share",
            gained[treated].sum() / base if base else np.nan,
            "share",
            "the same, as a share of what would have been sold",
        ),
        ("rollout_lift", gained.mean(), unit, "mean gain if the program had run in all markets"),
    )
    expected = {"treated_lift": further, "rollout_lift": further}
    return with_expected(truth, expected, {"treated_lift_share": (further, bases[n:])})
