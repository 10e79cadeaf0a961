"""The tables and truths of each kind of measurement."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.experiment import measurement_layouts as layouts
from simulator.experiment import measurement_plans as plans
from simulator.experiment.simulation import OnProgress
from simulator.model.observation import INDEX, MONEY_SCALE, SPEND_KINDS
from simulator.outcomes.trajectories import unknown
from simulator.scenario import Scenario

if TYPE_CHECKING:
    import pandas

Values = NDArray[np.float64]
Whole = NDArray[np.int64]
EXPORTING = "exporting"


@dataclass(frozen=True)
class Design:
    """What is exported; the fields are those of :func:`simulator.export`."""

    scenario: Scenario
    strategy: str
    seed: int
    replicate: int
    threads: int
    start: int
    start_date: str
    variation: float
    flight_weeks: int
    regions: tuple[str, ...] | None
    line: int
    share: float
    n_markets: int
    n_expected: int
    on_progress: OnProgress | None = None

    @property
    def question(self) -> dict[str, Any]:
        """Everything on which the export depends, as plain data."""
        skipped = ("scenario", "threads", "on_progress")
        rest = {name: value for name, value in vars(self).items() if name not in skipped}
        return {"scenario": self.scenario.name, "scenario_digest": self.scenario.digest, **rest}

    def report(self, done: int, total: int) -> None:
        """Tell how far the export is."""
        if self.on_progress is not None:
            self.on_progress(EXPORTING, done, total)

    def dates(self) -> list[str]:
        """Return the first day of every week."""
        first = datetime.date.fromisoformat(self.start_date)
        return [(first + datetime.timedelta(weeks=k)).isoformat() for k in range(self.scenario.horizon)]


@dataclass(frozen=True, eq=False)
class Found:
    """Tables by file name, the truth, notes for the reader, and what tools must be told."""

    tables: Mapping[str, pandas.DataFrame]
    truth: pandas.DataFrame
    notes: Sequence[str] = ()
    how_to_read: Mapping[str, Any] = field(default_factory=dict)


def _ready(design: Design) -> tuple[Any, Any, Any]:
    """Return the market, the strategy's balanced plan and the plan without campaign."""
    from simulator.experiment.budget import balanced_plans
    from simulator.model.campaigns import build_plan
    from simulator.model.market import build_market

    market = build_market(design.scenario)
    balanced = balanced_plans(design.scenario, market, [design.strategy], design.seed, threads=design.threads)
    return market, balanced[design.strategy].plan, build_plan(market, "none")


def _run(design: Design, market: Any, variants: Sequence[Any], replicates: Sequence[int]) -> Whole:
    """Return counts [variant, replicate, step, brand, series]."""
    from simulator import engines

    counts: Whole = engines.run_replicates(
        market,
        list(variants),
        engine="numba",
        seed=design.seed,
        replicates=list(replicates),
        threads=design.threads,
    )
    return counts


def _units(market: Any, counts: Whole) -> Values:
    """Return units of the focal brand from counts [..., step, brand, series]; the brand's axis goes."""
    units = counts[..., market.focal, INDEX["purchases"]].astype(np.float64)
    return np.asarray(units * float(market.people_per_consumer), np.float64)


def _money(market: Any, counts: Whole, name: str, brand: int | None = None) -> Values:
    position = market.focal if brand is None else brand
    money = counts[..., position, INDEX[name]].astype(np.float64)
    return np.asarray(money * (float(market.people_per_consumer) / MONEY_SCALE), np.float64)


def media_mix(design: Design) -> Found:
    """Return the weekly media-mix table, its layouts, and the truth by channel and program.

    Parameters
    ----------
    design : Design
        What is exported.
    """
    market, plan, nothing = _ready(design)
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
        runs.append(_run(design, market, [plan, *variants.values()], [world])[:, 0])
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
    return Found(tables, truth, notes, layouts.how_to_read(names))


def _media_table(
    design: Design, market: Any, plan: Any, channels: Mapping[str, NDArray[np.int64]], counts: Whole
) -> tuple[pandas.DataFrame, bool]:
    """Return the table of one world, and whether the spend per channel is exact."""
    import pandas as pd

    arrays, people, first = plan.arrays, float(market.people_per_consumer), market.burn_in
    spent = _money(market, counts, "spend_media") + _money(market, counts, "spend_data")
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
    units, revenue = _units(market, counts), _money(market, counts, "revenue")
    rivals = sum(_money(market, counts, "revenue", k) for k in range(counts.shape[1]) if k != market.focal)
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
        money = _money(market, counts, f"spend_{kind}")
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

    units = _units(market, counts).sum(axis=-1)
    revenue = _money(market, counts, "revenue").sum(axis=-1)
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

    units = _units(market, counts)
    columns: dict[str, Any] = {"date": design.dates()}
    columns.update({name: units[0] - units[k] for k, name in enumerate(effects, start=1)})
    return pd.DataFrame(columns)


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
    market, plan, _ = _ready(design)
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
    truth = _truth_rows(
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
        {
            "geolift_r.csv": {
                "date_id": "date",
                "location_id": "location",
                "Y_id": "Y",
                "format": "yyyy-mm-dd",
            }
        },
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
    import pandas as pd

    from simulator.outcomes.consumer_records import in_random_audience, record_consumers

    market, plan, _ = _ready(design)
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
    cells = [market.cells[cell].split("/") for cell in shown.cells]
    table = pd.DataFrame(
        {
            "consumer": np.arange(len(treated)),
            "region": [cell[0] for cell in cells],
            "habit": [cell[1] for cell in cells],
            "demographic": [cell[2] for cell in cells],
            "treated": treated.astype(int),
            "purchases_before": shown.purchases[: design.start].sum(axis=0).astype(int),
            "purchases_during": during["shown"].astype(int),
        }
    )
    gained = during["shown"] - during["without"]
    rollout = (during["everyone"] - during["without"]).mean()
    weeks = design.scenario.horizon - design.start
    unit = f"purchases per consumer in {weeks} weeks"
    truth = _truth_rows(
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

    market, plan, _ = _ready(design)
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
        runs.append(_run(design, market, [with_program, without], [world])[:, 0])
    design.report(len(worlds), len(worlds))
    counts = np.stack(runs, axis=1)
    units = _units(market, counts)
    weeks, dates = np.arange(design.scenario.horizon), design.dates()
    shown = np.where(treated[:, None], units[0], units[1])
    rewards = np.where(treated[:, None], _money(market, counts[0], "spend_rewards"), 0.0)
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
    truth = _truth_rows(
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
        "a hold-out of some consumers within a market is not offered: referral lines address everybody",
    ]
    return Found(
        {"referral.csv": table, "geolift_r.csv": layouts.geolift(table)},
        truth,
        notes,
        {
            "geolift_r.csv": {
                "date_id": "date",
                "location_id": "location",
                "Y_id": "Y",
                "format": "yyyy-mm-dd",
            }
        },
    )


def _truth_rows(*rows: tuple[str, float, str, str]) -> pandas.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {"effect": effect, "value": float(value), "unit": unit, "meaning": meaning}
            for effect, value, unit, meaning in rows
        ]
    )
