"""The frozen defaults reproduce published diffusion and elasticities (FIT 1 to 3), on a small size.

Sizes: 3,000 consumers; 4 replicates of ten years for diffusion, 12 for advertising, 8 for price; fixed seed.
Bands are the published ones. With another seed, each mean would leave its band with a probability below 1e-6:
the nearest end is 6 standard errors away (ratio of the advertising elasticities; the others, 7 and more).
Each row has a negative control that must leave the band; it would stay inside with a probability below 1e-5.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rows
from estimators import bass_nls, bass_ols, bass_share, is_top, logistic_slope, odds_ratio, weeks_to_share

import simulator as sim
from simulator.model.campaigns import build_plan

STUDY = Path(rows.__file__).parent
SEED = 424_242
SIZE = {"population.consumers": 3000, "population.people_per_consumer": 1000 / 3}

#: Thousand units sold per year: US room air conditioners 1949-61 (Srinivasan & Mason 1986).
AIR_CONDITIONERS = np.array([96.0, 195, 238, 380, 1045, 1230, 1267, 1828, 1586, 1673, 1800, 1580, 1500])
#: Thousand units sold per year: US video recorders 1980-89 (Cowpertwait & Metcalfe 2009, section 3.3.4).
RECORDERS = np.array([840.0, 1470, 2110, 4000, 7590, 10950, 10530, 9470, 7790, 5890])


def scored(measure: Callable[..., Any], n: int, **changes: Any) -> dict[str, rows.Measure]:
    """Return the measures of a row that have a band, by quantity."""
    settings = {**SIZE, **{key.replace("__", "."): value for key, value in changes.items()}}
    measures, _ = measure(rows.Runs(settings, SEED), n)
    return {
        measure.quantity: measure
        for measure in measures
        if measure.band is not None and measure.row != "FIT 4"
    }


def verdicts(measures: dict[str, rows.Measure]) -> dict[str, str]:
    return {name: measure.verdict for name, measure in measures.items()}


def test_a_new_durable_spreads_as_published() -> None:
    measures = scored(rows.measure_bass, 4)
    assert set(verdicts(measures).values()) == {"in band"}, measures
    assert len(measures) == 3


def test_a_durable_bought_at_every_whim_leaves_the_band() -> None:
    measures = scored(rows.measure_bass, 2, population__traits__need_rate__mean=0.03)
    assert measures["q (NLS)"].value.mean > 0.7


def test_imitation_comes_from_word_of_mouth() -> None:
    measures = scored(rows.measure_bass, 4, parameters__p_strong=0.0, parameters__p_weak=0.0)
    assert measures["q (NLS)"].value.mean < 0.3


def test_advertising_works_as_published() -> None:
    measures = scored(rows.measure_advertising, 12)
    assert set(verdicts(measures).values()) == {"in band"}, measures
    assert len(measures) == 3


def test_advertising_that_leaves_no_trace_sells_nothing() -> None:
    runs = rows.Runs({**SIZE, "parameters.memory_gain_ad": 0.0, "parameters.goodwill_weight": 0.0}, SEED)
    _, _, own = rows.advertising_sales(runs, 2)
    np.testing.assert_array_equal(own["low"], own["high"])
    assert own["low"].sum() > 0


def test_price_works_as_published() -> None:
    measures = scored(rows.measure_price, 8)
    assert verdicts(measures) == {"price elasticity, lasting change, 13 weeks": "in band"}, measures


def test_consumers_who_hardly_mind_prices_leave_the_band() -> None:
    measures = scored(rows.measure_price, 2, population__traits__price_sensitivity__mean=1.0)
    assert set(verdicts(measures).values()) == {"out of band"}


@pytest.mark.parametrize(("share_value", "low", "high"), [(0.0, 0.6, 1.6), (1.5, 4.0, np.inf)])
def test_pieces_are_matched_with_their_own_values(share_value: float, low: float, high: float) -> None:
    runs = rows.Runs({**SIZE, "parameters.share_value": share_value, "horizon": 52, "burn_in": 26}, SEED)
    market = runs.market("content")
    counts = runs.counts(market, [build_plan(market, "none")], 8)[0]
    values = rows.piece_values(market, 0, SEED, 8)
    assert low < odds_ratio(values, rows.series(counts, "piece_shares", 0)) < high


@pytest.mark.parametrize(
    ("sales", "nls", "ols"),
    [
        (AIR_CONDITIONERS, (0.00944, 0.3748, 18713), (0.01699, 0.4049, 17091)),
        (RECORDERS, (0.00879, 0.6422, 67660), None),
    ],
)
def test_bass_estimators_repeat_published_fits(sales: Any, nls: Any, ols: Any) -> None:
    np.testing.assert_allclose(bass_nls(sales)[:3], nls, rtol=1e-3)
    if ols:
        np.testing.assert_allclose(bass_ols(sales)[:3], ols, rtol=1e-3)


def test_bass_estimator_recovers_a_bass_curve() -> None:
    sales = 500 * np.diff(bass_share(np.arange(11.0), 0.03, 0.38))
    np.testing.assert_allclose(bass_nls(sales), (0.03, 0.38, 500, 1, 1), rtol=1e-4)


def test_geometric_carryover_has_its_known_duration() -> None:
    effect = np.tile(0.9 ** np.arange(400), (3, 1))
    assert weeks_to_share(effect) == 22


def test_logistic_slope_is_that_of_the_law_behind_the_data() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=40_000)
    y = (rng.random(40_000) < 1 / (1 + np.exp(2 - 0.7 * x))).astype(float)
    assert logistic_slope(x, y) == pytest.approx(0.7, abs=0.08)


def test_top_tenth_takes_the_earlier_of_equals() -> None:
    scores = np.zeros((1, 20))
    scores[0, 7] = 1
    assert np.flatnonzero(is_top(scores)[0]).tolist() == [0, 7]


def test_recorded_results_are_of_the_frozen_defaults() -> None:
    recorded = json.loads((STUDY / "results.json").read_text())
    defaults = {parameter.name: parameter.default for parameter in sim.PARAMETERS}
    assert recorded["defaults"] == defaults, (
        "measure again: python experiments/calibration/measure.py --out ..."
    )
    assert not recorded["settings"]


def test_the_readme_shows_the_recorded_results() -> None:
    text = (STUDY / "README.md").read_text()
    for measure in json.loads((STUDY / "results.json").read_text())["measures"]:
        assert f"| {measure['quantity']} | {measure['mean']:.4g} |" in text
        if measure["row"] in {"FIT 1", "FIT 2", "FIT 3", "FIT 5"} and measure["band"]:
            assert measure["verdict"] == "in band"
