"""A made-up engine: fast, with known effects and luck that all strategies share."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import simulator.engines
from simulator.model.observation import INDEX, N_SERIES
from simulator.scenario import Scenario, load_scenario

MONEY = 10_000


class FakeEngine:
    """Replaces the market, the balancing of budgets and the engine; effects may be set by strategy."""

    def __init__(self) -> None:
        self.lift = {"none": 0, "mass": 30, "price_cut": 12}
        self.spend = {"none": 0.0, "mass": 60.0, "price_cut": 60.0}
        self.standing = {"none": 0.0, "mass": 0.0, "price_cut": 0.0}
        self.noise = 8.0
        self.shared_noise = 60.0
        self.calls: list[list[int]] = []
        self.interrupt_at: int | None = None

    def run_replicates(self, market, plans, *, engine, seed, replicates, threads, on_done=None):
        self.calls.append(list(replicates))
        shape = (len(plans), len(replicates), market.n_steps, len(market.brand_names), N_SERIES)
        counts = np.zeros(shape, dtype=np.int64)
        for r, replicate in enumerate(replicates):
            for p, plan in enumerate(plans):
                if self.interrupt_at == replicate:
                    raise KeyboardInterrupt
                self.fill(counts[p, r, :, market.focal], plan, seed, replicate)
                if on_done is not None:
                    on_done(1)
        return counts

    def fill(self, counts: np.ndarray, plan: str, seed: int, replicate: int) -> None:
        luck = np.random.default_rng([seed, replicate]).normal() * self.shared_noise
        own = np.random.default_rng([seed, replicate, len(plan)]).normal() * self.noise
        units = round(500 + luck + (own + self.lift[plan] if plan != "none" else 0))
        counts[0, INDEX["purchases"]] = units
        counts[0, INDEX["first_purchases"]] = units // 2
        counts[0, INDEX["bought_by_search"]] = 400
        counts[0, INDEX["bought_by_advertising"]] = units - 400
        counts[0, INDEX["revenue"]] = units * 10 * MONEY
        counts[0, INDEX["cost_of_goods"]] = units * 5 * MONEY
        counts[0, INDEX["spend_media"]] = round(self.spend[plan] / 100 * MONEY)
        counts[0, INDEX["spend_service"]] = round(self.standing[plan] / 100 * MONEY)
        counts[0, INDEX["spend_strategy"]] = counts[0, INDEX["spend_media"]]

    def balanced_plans(self, scenario, market, strategies, seed, *, threads, on_progress=None):
        if on_progress is not None:
            on_progress("balancing budgets", 1, 1)
        return {
            name: SimpleNamespace(
                plan=name,
                level=1.0,
                pilot_spend=self.spend[name],
                budget=scenario.comparison.budget,
                n_pilot_runs=0,
                note="",
            )
            for name in strategies
        }

    def build_market(self, scenario: Scenario):
        brands = sorted(scenario.brands, key=lambda brand: brand.id)
        names = tuple(brand.name for brand in brands)
        return SimpleNamespace(
            scenario=scenario,
            n_consumers=scenario.population.consumers,
            n_steps=scenario.horizon,
            brand_names=names,
            brand_ids=tuple(brand.id for brand in brands),
            focal=names.index(scenario.focal_brand),
            people_per_consumer=scenario.population.people_per_consumer,
        )


@pytest.fixture
def fake_engine(monkeypatch) -> FakeEngine:
    """Put a made-up engine in the place of the real ones."""
    fake = FakeEngine()
    monkeypatch.setattr(simulator.engines, "run_replicates", fake.run_replicates)
    for name, function in (("model.market", "build_market"), ("experiment.budget", "balanced_plans")):
        module = ModuleType(f"simulator.{name}")
        setattr(module, function, getattr(fake, function))
        monkeypatch.setitem(sys.modules, f"simulator.{name}", module)
    return fake


@pytest.fixture
def scenario() -> Scenario:
    """Return a small scenario with three strategies and a hundred people per consumer."""
    data = load_scenario("minimal").to_dict()
    del data["strategies"]["random_targeting"]
    data["strategies"]["price_cut"] = {
        "lines": [{"kind": "price_cut", "share": 1.0}],
        "label": "a cut of the price",
    }
    data["population"]["people_per_consumer"] = 100.0
    data["comparison"]["replicates"] = 40
    return Scenario.from_dict(data, name="small")
