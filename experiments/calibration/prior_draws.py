"""How far the bands hold when the behaviour parameters are drawn from their priors."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from estimators import bass_nls
from rows import (
    HIGH,
    LOW,
    PRICE_STEP,
    YEAR,
    Runs,
    adopters_by_period,
    mean_elasticity,
    plan_with_media,
    series,
)
from scipy import stats

from simulator.model.campaigns import build_plan
from simulator.scenario.parameters import PARAMETERS, Parameter

BANDS = {
    "bass_p": (0.005, 0.07),
    "bass_q": (0.2, 0.6),
    "advertising_13_weeks": (0.05, 0.20),
    "advertising_second_year": (0.12, 0.40),
    "advertising_ratio": (1.5, 3.0),
    "price_13_weeks": (-4.0, -1.5),
}
#: Price sensitivity is a trait of consumers, not a behaviour parameter, but has a prior all the same.
TRAIT = ("population.traits.price_sensitivity.mean", (2.0, 9.0))
_REPLICATES = {"durable": 2, "advertising": 6, "price": 4}
_CONSUMERS = 5000


def value_at(parameter: Parameter, u: float) -> float:
    """Return the quantile of a parameter's prior."""
    low, high = parameter.prior.low, parameter.prior.high
    if parameter.is_whole:
        return float(min(low + int(u * (high - low + 1)), high))
    if parameter.prior.form == "log_uniform":
        return float(low * (high / low) ** u)
    return float(low + (high - low) * u)


def draw_settings(n: int, seed: int) -> list[dict[str, float]]:
    """Return n draws of all parameters from a Latin hypercube."""
    u = stats.qmc.LatinHypercube(len(PARAMETERS) + 1, rng=seed).random(n)
    name, (low, high) = TRAIT
    return [
        {f"parameters.{p.name}": value_at(p, x) for p, x in zip(PARAMETERS, row, strict=False)}
        | {name: float(low + (high - low) * row[-1])}
        for row in u
    ]


def measure_draw(runs: Runs) -> dict[str, float]:
    """Return the scored quantities of FIT 1 to 3 for one draw, from few replicates."""
    return {**_bass(runs), **_advertising(runs), "price_13_weeks": _price(runs)}


def _bass(runs: Runs) -> dict[str, float]:
    market = runs.market("durable", population__consumers=_CONSUMERS)
    counts = runs.counts(market, [build_plan(market, "none")], _REPLICATES["durable"])[0]
    fit = bass_nls(adopters_by_period(counts, 0, YEAR, market.n_consumers).mean(axis=0))
    return {"bass_p": fit.p, "bass_q": fit.q}


def _advertising(runs: Runs) -> dict[str, float]:
    market = runs.market("mature", population__consumers=_CONSUMERS)
    brands = range(market.arrays.n_brands)
    plans = [plan_with_media(market, j, np.full(market.n_steps, f)) for f in (LOW, HIGH) for j in brands]
    counts = runs.counts(market, plans, _REPLICATES["advertising"])
    low, high = (np.array([series(counts[k + j], "purchases", j) for j in brands]) for k in (0, len(brands)))
    short, long = (
        float(mean_elasticity(low, high, HIGH / LOW, weeks).mean())
        for weeks in (slice(0, 13), slice(YEAR, 2 * YEAR))
    )
    return {"advertising_13_weeks": short, "advertising_second_year": long, "advertising_ratio": long / short}


def _price(runs: Runs) -> float:
    sales: dict[float, list[Any]] = {1 / PRICE_STEP: [], PRICE_STEP: []}
    usual = runs.market("mature")
    for factor, found in sales.items():
        for j, brand in enumerate(usual.brands):
            event = {"kind": "price_change", "step": 0, "brand": brand.name, "price": brand.price * factor}
            market = runs.market("mature", horizon=13, events=[event], population__consumers=_CONSUMERS)
            counts = runs.counts(market, [build_plan(market, "none")], _REPLICATES["price"])[0]
            found.append(series(counts, "purchases", j))
    down, up = (np.array(found) for found in sales.values())
    return float(mean_elasticity(down, up, PRICE_STEP**2, slice(0, 13)).mean())


def study(runs: Runs, n: int, out: Path | None) -> str:
    """Measure n draws and return the table of :func:`table`; write the draws where a folder is given."""
    draws = draw_settings(n, runs.seed)
    found = []
    for k, settings in enumerate(draws):
        found.append(measure_draw(Runs({**runs.settings, **settings}, runs.seed + 1 + k, runs.threads)))
        print(k, _rounded(found[-1]), flush=True)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        with (out / "prior_draws.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, [*draws[0], *BANDS], lineterminator="\n")
            writer.writeheader()
            writer.writerows({**_rounded(a), **_rounded(b)} for a, b in zip(draws, found, strict=True))
    return table(draws, found)


def table(draws: list[dict[str, float]], found: list[dict[str, float]]) -> str:
    """Return the share of draws in each band, quartiles, and the parameters that move a quantity most."""
    lines = [
        "| quantity | band | draws in band | quartiles | largest rank correlations |",
        "|---|---|---|---|---|",
    ]
    everywhere = np.ones(len(found), bool)
    for name, (low, high) in BANDS.items():
        values = np.array([row[name] for row in found])
        inside = (values >= low) & (values <= high)
        everywhere &= inside
        quartiles = ", ".join(f"{x:.3g}" for x in np.nanpercentile(values, [25, 50, 75]))
        share = f"{100 * inside.mean():.0f} %"
        lines.append(f"| {name} | {low:g} to {high:g} | {share} | {quartiles} | {movers(draws, values)} |")
    lines.append(f"| all of them | | {100 * everywhere.mean():.0f} % | | |")
    return "\n".join(lines)


def _rounded(row: Mapping[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.5g}") for name, value in row.items()}


def movers(draws: list[dict[str, float]], values: np.ndarray, n_named: int = 3) -> str:
    """Return the parameters with the largest rank correlations with a quantity."""
    kept = np.isfinite(values)
    rho = {
        name.rsplit(".", 1)[-1] if name.startswith("parameters") else "price_sensitivity": float(
            stats.spearmanr(
                [draw[name] for draw, keep in zip(draws, kept, strict=True) if keep], values[kept]
            )[0]
        )
        for name in draws[0]
    }
    largest = sorted(rho, key=lambda name: -abs(rho[name]))[:n_named]
    return ", ".join(f"{name} {rho[name]:+.2f}" for name in largest)
