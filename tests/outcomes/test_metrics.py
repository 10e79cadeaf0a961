import numpy as np
import pytest

from simulator.model.observation import INDEX, SERIES
from simulator.outcomes.brand_view import BrandView
from simulator.outcomes.curves import CURVES, bands
from simulator.outcomes.metrics import FUNNEL, METRIC, METRICS, measure
from simulator.outcomes.wording import describe_amount, rounded

MONEY = 10_000

#: One replicate of 100 consumers, ten people each, in four weeks.
NONE = {
    "needs": [20, 20, 20, 20],
    "considered": [10, 10, 10, 10],
    "orders": [5, 5, 5, 5],
    "purchases": [5, 5, 4, 4],
    "first_purchases": [2, 1, 0, 0],
    "repeat_purchases": [3, 2, 2, 3],
    "switched_away": [1, 0, 1, 0],
    "customers": [11, 14, 15, 16],
    "revenue": [50 * MONEY] * 4,
    "cost_of_goods": [20 * MONEY] * 4,
    "spend_media": [1 * MONEY] * 4,
    "bought_by_search": [5, 5, 4, 4],
}
MASS = {
    "needs": [20, 20, 20, 20],
    "considered": [12, 12, 12, 12],
    "orders": [10, 10, 10, 10],
    "refused": [2, 0, 0, 0],
    "purchases": [8, 10, 9, 9],
    "first_purchases": [4, 4, 2, 1],
    "repeat_purchases": [3, 5, 5, 5],
    "switched_away": [1, 1, 0, 0],
    "customers": [14, 18, 22, 26],
    "aware": [10, 20, 30, 40],
    "trust": [0, 0, 0, 65_536 * 25],
    "revenue": [80 * MONEY] * 4,
    "cost_of_goods": [32 * MONEY] * 4,
    "spend_media": [4 * MONEY] * 4,
    "spend_discounts": [2 * MONEY] * 4,
    "spend_rewards": [1 * MONEY] * 4,
    "impressions": [65_536 * 50] * 4,
    "wasted_impressions": [65_536 * 20] * 4,
    "noticed": [30, 30, 30, 30],
    "reached": [20, 20, 20, 20],
    "newly_reached": [20, 10, 5, 0],
    "clicks": [4, 4, 4, 4],
    "converted_clicks": [1, 1, 0, 0],
    "invitations": [5, 5, 5, 5],
    "redeemed": [0, 1, 1, 1],
    "satisfaction": [65_536 * 4, 0, 0, 65_536 * 5],
    "promoters": [5, 5, 5, 5],
    "detractors": [1, 1, 1, 0],
    "delivery_days": [65_536 * 18] * 4,
    "piece_views_direct": [40, 0, 0, 0],
    "piece_views_one_hop": [8, 0, 0, 0],
    "piece_views_deeper": [2, 0, 0, 0],
    "bought_by_search": [8, 9, 8, 8],
    "bought_by_referral": [0, 1, 1, 1],
}
RIVAL = {"purchases": [12, 10, 11, 11], "revenue": [120 * MONEY] * 4}

#: Outcomes under "mass", computed by hand.
EXPECTED = {
    "sales": 360,
    "share_volume": 36 / 80,
    "share_value": 320 / 800,
    "adoption": (10 + 11) / 100,
    "trial": 11 / 100,
    "customer_share": 0.26,
    "repeat_rate": 18 / 20,
    "churn_rate": 2 / (10 + 14 + 18 + 22),
    "peak_step": 1,
    "time_to_10pct": 0,
    "revenue": 3_200,
    "contribution": 1_920,
    "spend": 280,
    "spend_media": 160,
    "profit": 1_920 - 160 - 40,
    "roi": 1_720 / 280,
    "cost_per_order": 280 / 360,
    "incremental_sales": 180,
    "incremental_buyers": 80,
    "incremental_contribution": 1_920 - 1_200,
    "incremental_spend": 240,
    "incremental_profit": 1_720 - 1_160,
    "romi": 560 / 240,
    "cost_per_incremental_buyer": 3.0,
    "awareness": 0.4,
    "consideration": 0.6,
    "reach": 0.35,
    "frequency": 1.5,
    "impressions": 2_000,
    "waste_share": 0.4,
    "click_through": 16 / 200,
    "conversion": 2 / 16,
    "redemption_rate": 3 / 20,
    "k_factor": 3 / 36,
    "cascade_size": 50 / 40,
    "share_depth_le_1": 48 / 50,
    "trust": 0.25,
    "satisfaction": 9 / 36,
    "net_promoter": 100 * 17 / 36,
    "stockout_rate": 2 / 40,
    "delivery_days": 2.0,
    "source_referral": 3 / 36,
    "source_search": 33 / 36,
}


@pytest.fixture
def launch(written_trajectories):
    return written_trajectories(
        {("none", "A"): NONE, ("none", "B"): RIVAL, ("mass", "A"): MASS, ("mass", "B"): RIVAL}
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_definition_by_hand(launch, name):
    assert measure(launch).of(name)[1, 0] == pytest.approx(EXPECTED[name])


def test_adoption_under_none_counts_the_customers_at_the_start(launch):
    outcomes = measure(launch)
    assert outcomes.of("adoption")[0, 0] == pytest.approx((10 + 3) / 100)
    assert np.isnan(outcomes.of("time_to_50pct")).all()


def test_discounts_are_not_subtracted_twice(launch):
    outcomes = measure(launch)
    profit, contribution = outcomes.of("profit")[1, 0], outcomes.of("contribution")[1, 0]
    assert contribution - profit == outcomes.of("spend")[1, 0] - outcomes.of("spend_discounts")[1, 0]


def test_rewards_are_cash():
    assert "spend_rewards" not in METRIC["profit"].formula and "spend_discounts" in METRIC["profit"].formula


def test_zero_denominators_are_undefined_and_nothing_warns(launch):
    with np.errstate(all="raise"):
        outcomes = measure(launch)
    for name in ("conversion", "click_through", "redemption_rate", "cascade_size", "review_mean"):
        assert np.isnan(outcomes.of(name)[0, 0]), name
    assert outcomes.of("roi")[0, 0] == pytest.approx(1_160 / 40)


def test_incremental_effects_of_none_are_zero_and_their_ratios_undefined(launch):
    outcomes = measure(launch)
    assert outcomes.of("incremental_profit")[0, 0] == 0
    assert np.isnan(outcomes.of("romi")[0, 0])
    assert np.isnan(outcomes.of("cost_per_incremental_buyer")[0, 0])


def test_without_none_incremental_effects_are_undefined(written_trajectories):
    outcomes = measure(written_trajectories({("mass", "A"): MASS}))
    incremental = [
        metric.name for metric in METRICS if "none" in metric.formula or "incremental" in metric.name
    ]
    for name in incremental:
        if name.startswith("incremental") or name == "romi":
            assert np.isnan(outcomes.of(name)).all(), name


def test_nothing_ever_happens(written_trajectories):
    outcomes = measure(written_trajectories({("none", "A"): {}, ("mass", "A"): {}}))
    assert np.isnan(outcomes.of("peak_step")).all()
    assert (outcomes.of("profit") == 0).all()


def test_metrics_of_a_rival(launch):
    outcomes = measure(launch, brand="B")
    assert outcomes.of("sales")[1, 0] == 440


def test_table_of_metrics_is_complete():
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert set(FUNNEL) <= set(METRIC)
    assert all(metric.meaning and metric.formula for metric in METRICS)


def test_every_recorded_series_that_a_formula_names_exists():
    import re

    names = {series.name for series in SERIES}
    for metric in METRICS:
        for word in re.findall(r"sum ([a-z_]+)", metric.formula):
            if word not in ("of", "over") and not word.endswith("_"):
                assert word in names, (metric.name, word)


def test_labeled_outcomes(launch):
    dataset = measure(launch).to_xarray()
    assert dataset["sales"].sel(strategy="mass").item() == 360
    assert dataset["sales"].attrs["formula"] == "sum purchases"
    assert list(measure(launch).to_dataframe().columns[:2]) == ["strategy", "replicate"]


def test_bands_are_quantiles_over_replicates(random_trajectories):
    trajectories = random_trajectories(range(40))
    found = bands(trajectories, "sales", brand="B")
    values = trajectories.counts[:, :, :, 1, INDEX["purchases"]] * 12.5
    assert np.allclose(found.mean, values.mean(axis=1))
    assert np.allclose(found.q95, np.quantile(values, 0.95, axis=1))
    assert found.to_dataframe().shape == (12, 6)


def test_bands_leave_out_what_is_undefined(written_trajectories):
    trajectories = written_trajectories({("none", "A"): {"purchases": [0, 1, 0, 2]}})
    found = bands(trajectories, "share")
    assert np.array_equal(np.isnan(found.mean[0]), [True, False, True, False])
    assert found.q50[0, 1] == 1.0


@pytest.mark.parametrize("curve", [curve.name for curve in CURVES])
def test_every_curve_has_the_shape_of_its_bands(launch, curve):
    assert bands(launch, curve).mean.shape == (2, 4)


def test_profit_so_far_ends_at_the_profit(launch):
    assert np.allclose(bands(launch, "profit").mean[:, -1], measure(launch).of("profit")[:, 0])


def test_customers_before_the_first_step(launch):
    from simulator.outcomes.brand_view import customers_before

    assert customers_before(BrandView(launch, "A"))[1, 0].tolist() == [100, 140, 180, 220]


@pytest.mark.parametrize(
    ("value", "unit", "how", "text"),
    [
        (12_345.6, "currency", "value", "12,346 EUR"),
        (-12_345.6, "currency", "change", "-12,346 EUR"),
        (0.0421, "share", "value", "4.21 %"),
        (0.0421, "share", "change", "+4.21 percentage points"),
        (0.0421, "share", "gap", "4.21 percentage points"),
        (0.0, "units", "value", "0 units"),
        (1.234, "ratio", "value", "1.23"),
        (float("nan"), "currency", "value", "undefined"),
        (3.0, "step", "value", "3 weeks"),
    ],
)
def test_amounts_are_readable(value, unit, how, text):
    assert describe_amount(value, unit, "EUR", how) == text


def test_tiny_numbers_do_not_become_long():
    assert rounded(1.5e-9) == "1.50e-09"
