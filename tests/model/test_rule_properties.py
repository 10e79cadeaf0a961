"""Every rule stays in its range and moves in the direction that its argument should move it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_tools import call, rules_of
from rule_properties import ROWS, Row

from simulator.model.rules import attention

pytestmark = pytest.mark.usefixtures("rules_for_python")
#: Relative rounding of a few additions and one exponential in 32 bits.
ROUNDING = 2e-6

NAMES = [f"{row.rule.__module__.split('.')[-1]}.{row.rule.__name__}" for row in ROWS]


def arguments(row: Row) -> st.SearchStrategy[list[float]]:
    """Draw arguments from a rule's domain."""
    drawn = [
        st.integers(int(low), int(high)) if position in row.whole else st.floats(low, high)
        for position, (low, high) in enumerate(row.domain)
    ]
    return st.tuples(*drawn).map(list)


def slack(result: float, given_arguments: list[float]) -> float:
    """Return what rounding in 32 bits may do to a result."""
    return ROUNDING * max(1.0, abs(result), *(abs(a) for a in given_arguments if abs(a) < 1e5))


def test_every_rule_has_a_row() -> None:
    families = {definition.path for definition in rules_of()}
    rows = {name for name in (f"rules.{name}" for name in NAMES) if "initialization" not in name}
    assert rows == families


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_row_describes_the_rule(row: Row) -> None:
    code = getattr(row.rule, "py_func", row.rule).__code__
    assert code.co_argcount == len(row.domain) == len(row.signs)


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_rule_stays_in_its_range(row: Row) -> None:
    low, high = row.range

    @settings(max_examples=40, deadline=None, derandomize=True, database=None)
    @given(arguments(row))
    def check(chosen: list[float]) -> None:
        result = call(row.rule, *chosen)
        assert math.isfinite(result)
        assert low - slack(low, []) <= result <= high + slack(high, [])

    check()


@pytest.mark.parametrize("row", [r for r in ROWS if set(r.signs) - {"."}], ids=lambda row: row.rule.__name__)
def test_rule_is_monotone(row: Row) -> None:
    claimed = [position for position, sign in enumerate(row.signs) if sign != "."]

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(arguments(row), arguments(row), st.sampled_from(claimed))
    def check(chosen: list[float], other: list[float], position: int) -> None:
        below, above = sorted((chosen[position], other[position]))
        less = [*chosen[:position], below, *chosen[position + 1 :]]
        more = [*chosen[:position], above, *chosen[position + 1 :]]
        rise = call(row.rule, *more) - call(row.rule, *less)
        rise = rise if row.signs[position] == "+" else -rise
        assert rise >= -slack(call(row.rule, *more), chosen)

    check()


def test_a_wrong_claim_is_found() -> None:
    wrong = Row(attention.clutter_factor, ((0.0, 50.0), (0.1, 100.0)), "++")
    with pytest.raises(AssertionError):
        test_rule_is_monotone(wrong)
