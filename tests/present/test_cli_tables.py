"""Tables on a terminal: aligned, thousands apart, nothing where nothing is known; and numbers of things."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simulator.outcomes.text_tables import cell, frame_rows, frame_text
from simulator.outcomes.wording import counted


def test_a_frame_is_aligned_with_thousands_and_without_nan() -> None:
    frame = pd.DataFrame(
        {
            "strategy": ["mass", "none"],
            "mean": [1234567.8, float("nan")],
            "n": [2000, 1],
            "best": [True, False],
        }
    )
    assert frame_text(frame).splitlines() == [
        "strategy       mean      n  best",
        "mass      1,234,568  2,000   yes",
        "none                     1",
    ]
    assert frame_text(frame, 1).count("\n") == 1 and frame_text(frame.head(0)) == "no rows"


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA, pd.NaT, False])
def test_nothing_is_shown_for_what_is_not_known(value) -> None:
    assert cell(value) == ""


def test_one_strategy_is_not_strategies() -> None:
    assert [counted(n, "strategy") for n in (0, 1, 2)] == ["0 strategies", "1 strategy", "2 strategies"]
    assert counted(1000, "person") == "1,000 people"


def test_a_probability_that_is_estimated_is_never_certain() -> None:
    frame = pd.DataFrame({"strategy": list("abcd"), "p_best": [0.0, 6e-5, 0.79134, np.nan]})
    assert [row[1] for row in frame_rows(frame)] == ["p_best", "< 0.001", "< 0.001", "0.791", ""]
