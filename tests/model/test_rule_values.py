"""Every rule gives what its equation gives by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from model_tools import call, rules_of
from rule_values import VALUES

from simulator.model.rules import attention, word_of_mouth
from simulator.scenario.parameters import PARAMETER

pytestmark = pytest.mark.usefixtures("rules_for_python")

IDS = [f"{rule.__name__}{arguments}" for rule, arguments, _ in VALUES]


@pytest.mark.parametrize(("rule", "arguments", "expected"), VALUES, ids=IDS)
def test_rule_by_hand(rule: Callable[..., Any], arguments: tuple[float, ...], expected: float) -> None:
    assert call(rule, *arguments) == pytest.approx(expected, rel=2e-6, abs=2e-7)


def test_every_rule_is_computed_by_hand() -> None:
    by_hand = {f"rules.{rule.__module__.split('.')[-1]}.{rule.__name__}" for rule, _, _ in VALUES}
    assert {definition.path for definition in rules_of()} <= by_hand


def test_an_impossible_event_never_happens_and_a_certain_one_always_does() -> None:
    smallest, largest = 0.0, float(np.float32(1) - np.float32(2**-24))
    assert call(attention.is_below, smallest, 0.0) == 0
    assert call(attention.is_below, largest, 1.0) == 1


def test_loss_is_talked_about_more_than_gain() -> None:
    p = {name: PARAMETER[name].default for name in ("talk_base", "surprise_unit", "loss_factor")}
    for surprise in (0.1, 0.5, 1.0, 4.0):
        bad = call(word_of_mouth.talk_intensity, 1.0, -surprise, *p.values())
        assert bad > call(word_of_mouth.talk_intensity, 1.0, surprise, *p.values()) > p["talk_base"]


def test_order_of_contacts_and_advertisements_in_one_week_is_remembered_alike() -> None:
    gain = call(attention.log_remainder, 0.25)
    together = call(attention.memory_after_contacts, 0.3, 2.0, gain)
    first = call(attention.memory_after_contacts, 0.3, 1.0, gain)
    apart = call(attention.memory_after_contacts, first, 1.0, gain)
    assert together == pytest.approx(apart, rel=1e-6)
