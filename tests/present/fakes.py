"""A made-up comparison, so that pictures and pages can be tested without an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simulator.experiment.comparison import Comparison
from simulator.experiment.estimation import BudgetUse
from simulator.experiment.verdict import Verdict
from simulator.model.observation import INDEX, MONEY_SCALE, N_SERIES, SERIES, SPEND_KINDS
from simulator.outcomes.metrics import METRIC, measure
from simulator.outcomes.statistics import Difference, Estimate, Risk
from simulator.outcomes.trajectories import Trajectories

NAMES = ("none", "mass", "precision", "social", "content", "mix", "price_cut", "random_targeting")
LIFTS = (0.25, 0.55, 0.62, 0.5, 0.42, 0.66, 0.4, 0.56)
KINDS = (
    {},
    {"media": 1.0},
    {"media": 0.8, "data": 0.1, "discounts": 0.1},
    {"rewards": 0.45, "service": 0.2, "seeding": 0.15, "discounts": 0.2},
    {"production": 0.3, "media": 0.7},
    {"media": 0.5, "production": 0.1, "rewards": 0.2, "discounts": 0.2},
    {"discounts": 1.0},
    {"media": 1.0},
)
BUDGET = 500_000.0


def fake_trajectories(
    names: Sequence[str] = NAMES, *, n_replicates: int = 60, n_steps: int = 52, n_consumers: int = 2_000
) -> Trajectories:
    """Return smooth launches whose ceiling differs by strategy, with noise shared by all strategies."""
    generator = np.random.default_rng(5)
    steps = np.arange(n_steps)
    luck = generator.normal(1.0, 0.08, (n_replicates, 1))
    counts = np.zeros((len(names), n_replicates, n_steps, 3, N_SERIES))
    for s, name in enumerate(names):
        ceiling = LIFTS[NAMES.index(name)] * luck * generator.normal(1.0, 0.02, (n_replicates, 1))
        adopted = n_consumers * ceiling / (1 + np.exp(-(steps - 18) / 5.0))
        first = np.diff(adopted, axis=1, prepend=0.0)
        focal = counts[s, :, :, 0]
        bought = first + 0.05 * adopted
        values = {
            "needs": np.full_like(first, 0.15 * n_consumers),
            "considered": 0.02 * n_consumers + bought,
            "orders": bought,
            "purchases": bought,
            "first_purchases": first,
            "repeat_purchases": 0.04 * adopted,
            "switched_away": 0.012 * adopted,
            "customers": adopted * 0.8,
            "aware": np.minimum(adopted * 1.4, n_consumers),
            "revenue": bought * 11 * MONEY_SCALE,
            "cost_of_goods": bought * 5 * MONEY_SCALE,
            "noticed": bought * 1.6,
            "reached": bought * 1.4,
            "newly_reached": first * 1.3,
            "bought_by_search": bought * 0.5,
            "bought_by_advertising": bought * 0.2,
            "bought_by_friend": bought * 0.2,
            "bought_by_referral": bought * 0.1 * (name in ("social", "mix")),
            "bought_by_content": bought * 0.1 * (name in ("content", "mix")),
        }
        for kind, share in KINDS[NAMES.index(name)].items():
            spread = np.exp(-steps / 20.0)
            values[f"spend_{kind}"] = share * BUDGET / 100 * spread / spread.sum() * MONEY_SCALE + 0 * first
        for key, value in values.items():
            focal[:, :, INDEX[key]] = value * (SERIES[INDEX[key]].scale if key in ("memory",) else 1)
        for rival in (1, 2):
            rest = (0.12 * n_consumers - bought) * (0.6 if rival == 1 else 0.4)
            counts[s, :, :, rival, INDEX["purchases"]] = np.maximum(rest, 0)
            counts[s, :, :, rival, INDEX["revenue"]] = np.maximum(rest, 0) * 10 * MONEY_SCALE
            counts[s, :, :, rival, INDEX["needs"]] = 0.15 * n_consumers
    return Trajectories(
        strategies=tuple(names),
        replicates=tuple(range(n_replicates)),
        seed=7,
        engine="numba",
        brands=("Nova", "Rival", "Third"),
        brand_ids=(1, 2, 3),
        focal=0,
        counts=np.rint(counts).astype(np.int64),
        n_consumers=n_consumers,
        people_per_consumer=100.0,
        manifest={"trajectory_version": 1},
    )


def _estimate(values: np.ndarray) -> Estimate:
    defined = values[~np.isnan(values)]
    if not defined.size:
        nan = float("nan")
        return Estimate(nan, nan, nan, nan, nan, nan, 0, len(values))
    sd = float(defined.std(ddof=1))
    low, middle, high = (float(q) for q in np.quantile(defined, [0.05, 0.5, 0.95]))
    half = 2 * sd / len(defined) ** 0.5
    return Estimate(
        float(defined.mean()), half, low, middle, high, sd, defined.size, len(values) - defined.size
    )


def _difference(values: np.ndarray, others: np.ndarray, other: str) -> Difference:
    estimate = _estimate(values - others)
    half = 1.4 * estimate.half_width
    lower, upper = estimate.mean - half, estimate.mean + half
    return Difference(
        other,
        estimate.mean,
        lower,
        upper,
        estimate.sd,
        2.8,
        estimate.n,
        estimate.n_undefined,
        bool(half == 0),
    )


def fake_comparison(names: Sequence[str] = NAMES, *, n_replicates: int = 60, n_steps: int = 52) -> Comparison:
    """Return a comparison of made-up launches, complete in every field."""
    trajectories = fake_trajectories(names, n_replicates=n_replicates, n_steps=n_steps)
    outcomes = measure(trajectories)
    columns = {(s, m): outcomes.of(m)[i] for i, s in enumerate(names) for m in outcomes.metrics}
    estimates = {s: {m: _estimate(columns[s, m]) for m in outcomes.metrics} for s in names}
    baseline = names[0]
    order = sorted(names, key=lambda s: -estimates[s]["profit"].mean)
    best = order[0]
    rival = {s: best if s != best else order[1] for s in names} if len(names) > 1 else {}
    to_baseline = {
        s: {m: _difference(columns[s, m], columns[baseline, m], baseline) for m in outcomes.metrics}
        for s in names
        if s != baseline
    }
    to_best = {
        s: {
            m: _difference(columns[s, m], columns[other, m], other)
            for m in outcomes.metrics
            if METRIC[m].better is not None
        }
        for s, other in rival.items()
    }
    profits = outcomes.of("profit")
    risks = {
        s: Risk(
            p_best_replicate=float((profits.argmax(axis=0) == i).mean()),
            p_best_mean=float(s == best),
            p_worse_than_baseline=float((profits[i] < profits[0]).mean()),
            p_negative=float((profits[i] < 0).mean()),
            value_at_risk=float(np.quantile(profits[i], 0.05)),
            conditional_value_at_risk=float(np.sort(profits[i])[: max(1, n_replicates // 20)].mean()),
        )
        for i, s in enumerate(names)
    }
    budgets = {
        s: BudgetUse(
            budget=BUDGET if KINDS[NAMES.index(s)] else 0.0,
            spend=estimates[s]["spend"].mean,
            imbalance=estimates[s]["spend"].mean / BUDGET - 1 if KINDS[NAMES.index(s)] else float("nan"),
            by_kind={kind: estimates[s][f"spend_{kind}"].mean for kind in SPEND_KINDS},
            level=1.0,
        )
        for s in names
    }
    verdict = Verdict(
        kind="winner",
        sentence=f"{best} wins: its profit is 12,000 EUR above that of {order[min(1, len(order) - 1)]} "
        "(95 % interval 9,000 to 15,000 EUR, 60 replicates).",
        reasons=("Most of its additional units come from advertising and referrals.",),
        warnings=("The spend of social differs from the budget by 1.4 %.",),
        best=best,
        runner_up=order[min(1, len(order) - 1)],
        contenders=(best,),
        margin=to_best[best]["profit"] if to_best else None,
        p_best=0.99,
        n_replicates=n_replicates,
        source_gains={"search": 400.0, "advertising": 900.0, "friend": 500.0, "referral": -20.0},
        explained_against=baseline,
    )
    return Comparison(
        title="A launch that was made up <for tests>",
        strategies=tuple(names),
        labels={name: f"the strategy {name}, in one line" for name in names},
        brand="Nova",
        currency="EUR",
        seed=7,
        engine="numba",
        baseline=baseline,
        metric="profit",
        minimum_effect=2_000.0,
        confidence=0.95,
        outcomes=outcomes,
        estimates=estimates,
        to_baseline=to_baseline,
        to_best=to_best,
        risks=risks,
        budgets=budgets,
        verdict=verdict,
        trajectories=replace(trajectories),
        digest=trajectories.digest,
        manifest={"command": "simulator compare scenarios/fake.toml --seed 7", "trajectory_version": 1},
    )
