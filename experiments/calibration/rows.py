"""The rows of the calibration: scenarios, windows and estimators of each published finding."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from estimators import (
    Array,
    Interval,
    bass_nls,
    bass_ols,
    bootstrap,
    elasticity,
    interval,
    odds_ratio,
    weeks_to_share,
)

import simulator as sim
from simulator.engines import run_replicates
from simulator.model.campaigns import TERM, Plan, build_plan
from simulator.model.draws import PIECE, sparse_uniforms, tail
from simulator.model.market import Market, build_market
from simulator.model.mathematics import normal
from simulator.model.observation import INDEX, SERIES
from simulator.model.rules.content import piece_value

FOLDER = Path(__file__).resolve().parent
#: Defaults were chosen on replicates of the first seed; what is reported comes from the second.
TUNING_SEED = 101
SCORING_SEED = 7001
YEAR = 52
LOW, HIGH = 0.8, 1.25
PULSE_WEEKS, PULSE_HEIGHT = 4, 4.0
PRICE_STEP = 1.05
CUT, CUT_WEEKS = 0.8, 4

Settings = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Measure:
    """One line of the table: a quantity, its interval over replicates, and the published band, if any."""

    row: str
    quantity: str
    value: Interval
    band: tuple[float, float] | None = None

    @property
    def verdict(self) -> str:
        """Whether the mean lies in the band."""
        if self.band is None:
            return "reported"
        return "in band" if self.band[0] <= self.value.mean <= self.band[1] else "out of band"


@dataclasses.dataclass
class Runs:
    """Where replicates come from: scenarios of this folder with the same settings, seed and threads."""

    settings: Settings
    seed: int = SCORING_SEED
    threads: int = 2

    def market(self, name: str, **more: Any) -> Market:
        """Return a scenario as a market: of this folder, or ``shipped NAME``; ``more`` has ``__`` for dots."""
        source = name.removeprefix("shipped ") if name.startswith("shipped ") else FOLDER / f"{name}.toml"
        changes = {key.replace("__", "."): value for key, value in more.items()}
        return build_market(sim.load_scenario(source, {**self.settings, **changes}))

    def counts(self, market: Market, plans: Sequence[Plan], n: int) -> np.ndarray:
        """Return recorded counts [plan, replicate, step, brand, series]."""
        return run_replicates(
            market, plans, engine="numba", seed=self.seed, replicates=range(n), threads=self.threads
        )


def series(counts: np.ndarray, name: str, brand: int) -> Array:
    """Return one series of one brand in its own unit, [..., step]."""
    return counts[..., brand, INDEX[name]] / SERIES[INDEX[name]].scale


def plan_with_media(market: Market, brand: int, factor: Array) -> Plan:
    """Return the plan without strategy in which a brand's standing media are multiplied, step by step.

    The lines keep their addresses, so whoever would have noticed less spend notices more of it as well.
    """
    plan = build_plan(market, "none")
    impressions = plan.arrays.impressions.copy()
    impressions[market.burn_in :, plan.arrays.brand == brand] *= factor[:, None]
    return dataclasses.replace(plan, arrays=plan.arrays._replace(impressions=impressions))


# diffusion


def adopters_by_period(counts: np.ndarray, brand: int, weeks: int, n_consumers: int) -> Array:
    """Return first purchases per period as shares of consumers, [replicate, period]."""
    weekly = series(counts, "first_purchases", brand)
    n_periods = weekly.shape[1] // weeks
    return weekly[:, : n_periods * weeks].reshape(len(weekly), n_periods, weeks).sum(axis=2) / n_consumers


def bass_measures(row: str, adopters: Array, per_year: float, is_scored: bool) -> list[Measure]:
    """Return both estimators' yearly p and q over replicates, with both R²."""
    bands = {"p": (0.005, 0.07), "q": (0.2, 0.6), "R2 of cumulative adopters": (0.95, 1.0)}
    measures = []
    for label, fit in (("NLS", bass_nls), ("OLS", bass_ols)):
        fits = np.array([fit(path) for path in adopters])
        columns = {
            "p": fits[:, 0] * per_year,
            "q": fits[:, 1] * per_year,
            "R2 of cumulative adopters": fits[:, 3],
            "R2 of adopters per period": fits[:, 4],
        }
        for quantity, values in columns.items():
            band = bands.get(quantity) if is_scored and label == "NLS" else None
            measures.append(Measure(row, f"{quantity} ({label})", interval(values), band))
    return measures


def measure_bass(runs: Runs, n: int) -> tuple[list[Measure], dict[str, Array]]:
    """FIT 1: yearly Bass parameters of a new durable over ten years."""
    market = runs.market("durable")
    counts = runs.counts(market, [build_plan(market, "none")], n)[0]
    adopters = adopters_by_period(counts, 0, YEAR, market.n_consumers)
    measures = bass_measures("FIT 1", adopters, 1.0, is_scored=True)
    owners = series(counts, "customers", 0)
    contacts = series(counts, "contacts_positive", 0) + series(counts, "contacts_negative", 0)
    measures.append(
        Measure("FIT 1", "contacts per owner and week", interval(contacts.sum(axis=1) / owners.sum(axis=1)))
    )
    return measures, {"adopters": adopters}


#: Changes of the new durable under which the Bass parameters are looked at once more.
VARIANTS: dict[str, Settings] = {
    "half the spend": {"brands[0].lines[0].weekly_spend": 2000.0},
    "twice the spend": {"brands[0].lines[0].weekly_spend": 8000.0},
    "four times the spend": {"brands[0].lines[0].weekly_spend": 16_000.0},
    "an occasion in 19 months": {"population.traits.need_rate.mean": 0.0125},
    "an occasion a year": {"population.traits.need_rate.mean": 0.02},
    "quality 0.2": {"brands[0].quality": 0.2},
    "quality 0.8": {"brands[0].quality": 0.8},
    "found by a tenth of online searches": {"brands[0].online_coverage": 0.1},
    "talk at half the rate": {"parameters.p_strong": 0.1, "parameters.p_weak": 0.03},
    "no word of mouth": {"parameters.p_strong": 0.0, "parameters.p_weak": 0.0},
}


def measure_variants(runs: Runs, n: int) -> tuple[list[Measure], dict[str, Array]]:
    """Yearly Bass parameters of the new durable when spend, occasions, quality or talk are others."""
    measures = []
    for label, changes in VARIANTS.items():
        other = dataclasses.replace(runs, settings={**runs.settings, **changes})
        market = other.market("durable")
        counts = other.counts(market, [build_plan(market, "none")], n)[0]
        fits = np.array([bass_nls(path) for path in adopters_by_period(counts, 0, YEAR, market.n_consumers)])
        measures += [
            Measure("variants", f"{name} with {label}", interval(fits[:, k])) for k, name in enumerate("pq")
        ]
    return measures, {}


def measure_launch(runs: Runs, n: int) -> tuple[list[Measure], dict[str, Array]]:
    """Trials of the launched packaged product over two years, by four weeks, as yearly Bass parameters."""
    market = runs.market("launch")
    counts = runs.counts(market, [build_plan(market, "none")], n)[0]
    trials = adopters_by_period(counts, 0, 4, market.n_consumers)
    first = Measure("launch", "trial after a year", interval(trials[:, : YEAR // 4].sum(axis=1)))
    return [first, *bass_measures("launch", trials, YEAR / 4, is_scored=False)], {"trials": trials}


# advertising and price


def advertising_sales(
    runs: Runs, n: int, name: str = "mature"
) -> tuple[Market, np.ndarray, dict[str, Array]]:
    """Return counts at usual spend, and each brand's sales with less, usual, more and pulsed spend.

    Sales are [brand, replicate, step]; spend changes after two years in which habits settle.
    """
    market = runs.market(name, burn_in=2 * YEAR, horizon=2 * YEAR, market__season_amplitude=0.0)
    brands = range(market.arrays.n_brands)
    flat = np.ones(market.n_steps)
    pulse = flat.copy()
    pulse[:PULSE_WEEKS] = PULSE_HEIGHT
    plans = [build_plan(market, "none")]
    plans += [plan_with_media(market, j, f) for f in (flat * LOW, flat * HIGH, pulse) for j in brands]
    counts = runs.counts(market, plans, n)
    own = {
        name: np.array([series(counts[1 + k * len(brands) + j], "purchases", j) for j in brands])
        for k, name in enumerate(("low", "high", "pulse"))
    }
    own["usual"] = np.array([series(counts[0], "purchases", j) for j in brands])
    return market, counts[0], own


def mean_elasticity(sales: Array, other: Array, ratio: float, weeks: slice) -> Array:
    """Return elasticities by replicate, averaged over brands."""
    by_brand = [elasticity(a[:, weeks], b[:, weeks], ratio) for a, b in zip(sales, other, strict=True)]
    return np.mean(by_brand, axis=0)


def advertising_elasticities(own: Mapping[str, Array], row: str, is_scored: bool) -> list[Measure]:
    """Return the elasticities of a lasting change of spend."""
    bands = [None, (0.05, 0.20), (0.12, 0.40), (1.5, 3.0)] if is_scored else [None] * 4
    month, short, long = (
        mean_elasticity(own["low"], own["high"], HIGH / LOW, weeks)
        for weeks in (slice(0, 4), slice(0, 13), slice(YEAR, 2 * YEAR))
    )
    return [
        Measure(row, "advertising elasticity, 4 weeks", interval(month), bands[0]),
        Measure(row, "advertising elasticity, 13 weeks", interval(short), bands[1]),
        Measure(row, "advertising elasticity, second year", interval(long), bands[2]),
        Measure(row, "second year over 13 weeks", bootstrap(_ratio, long, short), bands[3]),
    ]


def measure_advertising(runs: Runs, n: int) -> tuple[list[Measure], dict[str, Array]]:
    """FIT 2 and FIT 4: what lasting and passing changes of spend do to sales of established brands."""
    market, usual, own = advertising_sales(runs, n)
    lift = (own["pulse"] - own["usual"]).mean(axis=0)
    one_year = lift[:, :YEAR]
    measures = [
        *advertising_elasticities(own, "FIT 2", is_scored=True),
        Measure(
            "FIT 4", "week of 90 % of a pulse's effect (104 weeks)", bootstrap(weeks_to_share, lift), (26, 39)
        ),
        Measure("FIT 4", "the same when sales are watched for 52 weeks", bootstrap(weeks_to_share, one_year)),
        *magnitudes(market, usual),
    ]
    return measures, {"lift": lift, **_paths(own)}


def measure_shipped(runs: Runs, n: int) -> tuple[list[Measure], dict[str, Array]]:
    """Measure the elasticities of advertising once more, in the mature category as it ships."""
    affordable = {"comparison.budget": 5e6}  # its strategies, which do not run here, publish for two years
    other = dataclasses.replace(runs, settings={**runs.settings, **affordable})
    return advertising_elasticities(
        advertising_sales(other, n, "shipped mature")[2], "shipped", is_scored=False
    ), {}


def _ratio(above: Array, below: Array) -> float:
    return float(above.mean() / below.mean())


def _paths(own: Mapping[str, Array]) -> dict[str, Array]:
    """Return the elasticity by quarter of a lasting change of spend, [replicate, quarter]."""
    starts = range(0, 104, 13)
    quarters = [mean_elasticity(own["low"], own["high"], HIGH / LOW, slice(a, a + 13)) for a in starts]
    return {"quarters": np.stack(quarters, axis=1)}


def magnitudes(market: Market, counts: np.ndarray) -> list[Measure]:
    """Return the usual weekly rates of the mature category, per consumer or as shares."""
    brands = range(market.arrays.n_brands)
    n = market.n_consumers

    def total(name: str) -> Array:
        return np.sum([series(counts, name, j).mean(axis=1) for j in brands], axis=0) / n

    bought = total("purchases")
    contacts = total("contacts_positive") + total("contacts_negative")
    rates = {
        "needs per consumer and week": total("needs") / len(brands),
        "purchases per consumer and week": bought,
        "share of needs that end in a purchase": bought / (total("needs") / len(brands)),
        "share of a brand's considering shoppers who buy it": bought / total("considered"),
        "awareness, mean of brands": total("aware") / len(brands),
        "advertisements noticed per consumer, brand and week": total("noticed") / len(brands),
        "word-of-mouth contacts per purchase": contacts / bought,
        "share of contacts after a bad surprise": total("contacts_negative") / contacts,
        "share of purchases that repeat the latest brand": total("repeat_purchases") / bought,
        "share of purchases whose last touch was a friend": total("bought_by_friend") / bought,
    }
    measures = [Measure("magnitudes", name, interval(values)) for name, values in rates.items()]
    for j in brands:
        share = series(counts, "purchases", j).mean(axis=1) / n / bought
        measures.append(Measure("magnitudes", f"unit share of {market.brand_names[j]}", interval(share)))
    return measures


def measure_price(runs: Runs, n: int) -> tuple[list[Measure], dict[str, Array]]:
    """FIT 3: what lasting and passing changes of price do to sales of established brands."""
    usual = runs.market("mature", horizon=YEAR)
    base = runs.counts(usual, [build_plan(usual, "none")], n)[0]
    down, up, cut, reference = [], [], [], []
    for j, brand in enumerate(usual.brands):
        back = [(CUT_WEEKS, brand.price)]
        down.append(_priced(runs, n, j, brand.name, [(0, brand.price / PRICE_STEP)]))
        up.append(_priced(runs, n, j, brand.name, [(0, brand.price * PRICE_STEP)]))
        cut.append(_priced(runs, n, j, brand.name, [(0, brand.price * CUT), *back]))
        reference.append(series(base, "purchases", j))
    windows = {"4 weeks": slice(0, 4), "13 weeks": slice(0, 13), "52 weeks": slice(0, YEAR)}
    measures = [
        Measure(
            "FIT 3",
            f"price elasticity, lasting change, {name}",
            interval(mean_elasticity(np.array(down), np.array(up), PRICE_STEP**2, weeks)),
            (-4.0, -1.5) if name == "13 weeks" else None,
        )
        for name, weeks in windows.items()
    ]
    passing = mean_elasticity(np.array(reference), np.array(cut), CUT, slice(0, CUT_WEEKS))
    after = (np.array(cut) - reference)[:, :, CUT_WEEKS:13].sum(axis=(0, 2))
    during = (np.array(cut) - reference)[:, :, :CUT_WEEKS].sum(axis=(0, 2))
    measures += [
        Measure("FIT 3", "price elasticity, four weeks of 20 % off", interval(passing)),
        Measure(
            "FIT 3",
            "extra sales in the nine weeks after, per extra unit during",
            bootstrap(_ratio, after, during),
        ),
    ]
    return measures, {}


def _priced(runs: Runs, n: int, j: int, brand: str, changes: Sequence[tuple[int, float]]) -> Array:
    """Return a brand's sales [replicate, step] under dated prices."""
    events = [
        {"kind": "price_change", "step": step, "brand": brand, "price": price} for step, price in changes
    ]
    market = runs.market("mature", horizon=YEAR, events=events)
    return series(runs.counts(market, [build_plan(market, "none")], n)[0], "purchases", j)


# content


def piece_values(market: Market, brand: int, seed: int, n: int) -> Array:
    """Return the practical value of the piece of every observed step, [replicate, step], by its draw's address."""
    plan = build_plan(market, "none").arrays
    word = tail(PIECE, market.arrays.brand_id[brand], 0)
    values = np.empty((n, market.n_steps))
    for replicate in range(n):
        for k in range(market.n_steps):
            t = market.burn_in + k
            u = sparse_uniforms(0, 0, t, word, seed, replicate)[0]
            mean = plan.programs[t, brand, TERM["content_value"]]
            values[replicate, k] = piece_value(mean, market.parameters.piece_value_sd, normal(u))
    return values


def measure_virality(runs: Runs, n: int) -> tuple[list[Measure], dict[str, Array]]:
    """FIT 5: how a piece's value moves the odds of being in the top tenth of a replicate's pieces."""
    measures = []
    for consumers in (5000, 500):
        market = runs.market(
            "content", population__consumers=consumers, population__people_per_consumer=1e6 / consumers
        )
        counts = runs.counts(market, [build_plan(market, "none")], n)[0]
        kept = slice(0, market.n_steps - 8)  # the last pieces have had no time to travel
        values = piece_values(market, 0, runs.seed, n)[:, kept]
        shares = series(counts, "piece_shares", 0)[:, kept]
        direct, one_hop, deeper = (
            series(counts, f"piece_views_{name}", 0)[:, kept] for name in ("direct", "one_hop", "deeper")
        )
        far = one_hop + deeper
        size = f"{consumers} simulated consumers"
        band = (1.15, 1.5) if consumers == 5000 else None
        measures += [
            Measure(
                "FIT 5",
                f"odds ratio per SD, top tenth by reshares, {size}",
                bootstrap(odds_ratio, values, shares),
                band,
            ),
            Measure(
                "FIT 5",
                f"odds ratio per SD, top tenth by views beyond the first, {size}",
                bootstrap(odds_ratio, values, far),
            ),
            Measure("FIT 5", f"reshares per piece, {size}", interval(shares.mean(axis=1))),
            Measure(
                "cascades",
                f"viewers per direct viewer, {size}",
                interval((direct + far).sum(axis=1) / direct.sum(axis=1)),
            ),
            Measure(
                "cascades",
                f"share of direct viewers with nobody beyond one hop, at least, {size}",
                interval(1 - deeper.sum(axis=1) / direct.sum(axis=1)),
            ),
        ]
    return measures, {}


#: What is measured by each row, and on how many replicates.
ROWS = {
    "bass": (measure_bass, 32),
    "variants": (measure_variants, 8),
    "launch": (measure_launch, 16),
    "advertising": (measure_advertising, 96),
    "shipped": (measure_shipped, 24),
    "price": (measure_price, 48),
    "virality": (measure_virality, 48),
}
