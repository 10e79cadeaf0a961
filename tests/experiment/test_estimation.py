"""Estimates of a whole comparison where outcomes are undefined in some replicates: nobody is flattered by them."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.experiment.estimation import Estimates, estimate_all
from simulator.outcomes.metrics import METRIC, Outcomes
from simulator.outcomes.statistics import estimate, risks

NAN = float("nan")
NAMES = ("none", "often", "rarely")
#: Steps to half of the people. "rarely" is the fastest where it gets there, which is in 4 of 24 replicates.
TIMES = np.array([[20.0, 22.0, 21.0, 23.0] * 6, [15.0, 16.0, 14.0, 17.0] * 6, [5.0, NAN, NAN, NAN] * 6])
TIMES[2, 16:] = NAN
#: Shares that a replicate without a purchase does not have: no worse than any other, only unknown.
RATES = np.array([[0.5, 0.6, 0.4, 0.5] * 6, [0.7, 0.8, 0.6, NAN] * 6, [0.2, 0.3, 0.1, 0.2] * 6])


@pytest.fixture(scope="module")
def found() -> Estimates:
    values = np.stack([TIMES, RATES], axis=-1)
    assert METRIC["time_to_50pct"].is_censored and not METRIC["repeat_rate"].is_censored
    outcomes = Outcomes(NAMES, tuple(range(24)), ("time_to_50pct", "repeat_rate"), values)
    return estimate_all(outcomes, "none", 0.95)


def test_a_time_that_is_rarely_reached_has_no_mean_but_its_counts(found: Estimates) -> None:
    rarely = found.means["rarely"]["time_to_50pct"]
    assert np.isnan([rarely.mean, rarely.half_width, rarely.q50, rarely.sd]).all()
    assert (rarely.n, rarely.n_undefined) == (4, 20)
    assert found.means["often"]["time_to_50pct"] == estimate(TIMES[1])


def test_a_time_that_is_rarely_reached_beats_nobody(found: Estimates) -> None:
    pairs = found.pairs["time_to_50pct"]
    assert pairs.order == ("often", "none") and pairs.contenders == ("often",)
    assert np.isnan(found.to_baseline["rarely"]["time_to_50pct"].mean)
    assert "time_to_50pct" not in found.to_best["rarely"]
    assert found.to_best["often"]["time_to_50pct"].other == "none"


def test_a_time_that_is_not_reached_counts_as_the_worst_in_the_risks(found: Estimates) -> None:
    rarely = found.risks["rarely"]["time_to_50pct"]
    assert rarely.p_best_replicate == pytest.approx(4 / 24)
    assert rarely.p_worse_than_baseline == pytest.approx(20 / 24)
    assert np.isnan([rarely.p_best_mean, rarely.value_at_risk, rarely.conditional_value_at_risk]).all()
    assert (rarely.n, rarely.n_undefined) == (4, 20)
    assert found.risks["often"]["time_to_50pct"].p_best_replicate == pytest.approx(20 / 24)


def test_a_share_that_is_unknown_in_some_replicates_is_left_out_of_these(found: Estimates) -> None:
    often = found.means["often"]["repeat_rate"]
    assert often.mean == pytest.approx(np.nanmean(RATES[1])) and (often.n, often.n_undefined) == (18, 6)
    assert found.to_baseline["often"]["repeat_rate"].mean == pytest.approx(0.2)
    assert found.pairs["repeat_rate"].best == "often"
    plain = risks(RATES, NAMES, "none", has_loss=METRIC["repeat_rate"].has_loss)
    assert (
        found.risks["often"]["repeat_rate"].p_worse_than_baseline == plain["often"].p_worse_than_baseline == 0
    )
