"""Dotted paths: the one way by which the command line, sweeps and Python change a scenario."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import ScenarioError
from simulator.scenario import load_scenario
from simulator.scenario.overrides import parse_overrides, parse_path, parse_value
from simulator.scenario.parameters import PARAMETERS
from simulator.scenario.wording import dotted

TINY = load_scenario("tiny")

CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "horizon": st.integers(8, 28),
    "burn_in": st.integers(0, 520),
    "population.consumers": st.integers(30, 1_000_000),
    "population.people_per_consumer": st.floats(1, 20),
    "population.regions.country.delivery_days": st.floats(0, 365),
    "population.habits[1].reach.feed": st.floats(0, 0.9),
    "population.traits.need_rate.mean": st.floats(0, 20),
    "brands.Ours.price": st.floats(1, 1e6),
    "brands.3.quality": st.floats(-2, 2),
    "brands[0].name": st.just("Ours"),
    "brands.Ours.position": st.lists(st.floats(-10, 10), min_size=2, max_size=2),
    "brands.Theirs.lines[0].weekly_spend": st.floats(0, 1e6),
    "channels.feed.attention": st.floats(0, 2),
    "events[2].price": st.floats(1, 100),
    "market.currency": st.text("ABCxyz é$", min_size=1, max_size=12),
    "comparison.seed": st.integers(0, 2**32 - 1),
    "strategies.social.lines[1].invitations": st.floats(0.1, 100),
    "strategies.mass.label": st.text(max_size=200),
    "market.externality": st.sampled_from(["none", "log", "linear"]),
    **{
        f"parameters.{p.name}": st.integers(int(p.low), int(p.high))
        if p.is_whole
        else st.floats(p.low, p.high)
        for p in PARAMETERS
    },
}


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_what_is_overridden_is_read_back(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(CHANGES)))
    value = data.draw(CHANGES[path])
    changed = TINY.with_overrides({path: value})
    assert changed.value_at(path) == value
    assert (changed == TINY) == (TINY.value_at(path) == value)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.one_of(
            st.text(min_size=1).filter(lambda key: '"' not in key and "\\" not in key), st.integers(0, 99)
        )
    )
)
def test_paths_are_written_as_they_are_read(steps: list[str | int]) -> None:
    loc = ("top", *(step.strip() or "x" if isinstance(step, str) else step for step in steps))
    quoted = all(part.isprintable() and part.isascii() for part in loc if isinstance(part, str))
    if quoted:
        assert parse_path(dotted(loc)) == loc


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("horizon=30", ("horizon",), 30),
        (" horizon = 30 ", ("horizon",), 30),
        ("brands.Nova.price=9.5", ("brands", "Nova", "price"), 9.5),
        ("brands[0].price=1e3", ("brands", 0, "price"), 1000.0),
        ("network.kind=star", ("network", "kind"), "star"),
        ('network.kind="star"', ("network", "kind"), "star"),
        ("network.path=/data/a=b.csv", ("network", "path"), "/data/a=b.csv"),
        ("network.directed=true", ("network", "directed"), True),
        ("brands.Nova.position=[0.1, 0.2]", ("brands", "Nova", "position"), [0.1, 0.2]),
        ('brands."Dr. Fizz".price=2', ("brands", "Dr. Fizz", "price"), 2),
        ("title=two words", ("title",), "two words"),
        ("strategies.x={lines = []}", ("strategies", "x"), {"lines": []}),
    ],
)
def test_texts_are_parsed(text: str, path: tuple[str | int, ...], value: Any) -> None:
    assert parse_overrides([text]) == ([(path, value)], [])
    assert parse_overrides(text) == ([(path, value)], [])


def test_every_form_gives_the_same_scenario() -> None:
    forms: list[Any] = [
        {"brands.Ours.price": 9.0, "horizon": 10},
        ["brands.Ours.price=9.0", "horizon=10"],
        ("brands[0].price=9", "horizon=10"),
        {"brands.3.price": np.float64(9.0), "horizon": np.int64(10)},
    ]
    scenarios = {load_scenario("tiny", form) for form in forms} | {
        TINY.with_overrides(form) for form in forms
    }
    assert len(scenarios) == 1
    assert TINY.brands[0].price == 10.0


def test_overrides_add_up() -> None:
    scenario = TINY.with_overrides({"horizon": 20}).with_overrides({"burn_in": 5})
    assert (scenario.horizon, scenario.burn_in) == (20, 5)


def test_a_whole_strategy_can_be_added() -> None:
    line = {"kind": "price_cut", "share": 1.0, "depth": 0.2}
    scenario = TINY.with_overrides({"strategies.deep_cut": {"lines": [line]}})
    assert scenario.strategies["deep_cut"].lines[0].depth == 0.2  # type: ignore[union-attr]
    assert scenario.strategies["deep_cut"].label == "deep_cut"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("horizon", ("path=value",)),
        ("=3", ("dotted path",)),
        ("brands[0.price=3", ("dotted path",)),
        ("brands..price=3", ("dotted path",)),
        ("[0].price=3", ("dotted path",)),
        ("horizn=3", ("(override): horizn", 'did you mean "horizon"?')),
        ("comparison.buget=3", ("(override): comparison.buget", 'did you mean "budget"?')),
        ("brnds.Ours.price=3", ("(override): brnds", 'did you mean "brands"?')),
        ("brands.Our.price=3", ('"Ours", "Theirs"', 'did you mean "Ours"?')),
        ("brands[9].price=3", ("an index 0 to 2 of brands",)),
        ("brands.Ours.pric=3", ("brands[0].pric", 'did you mean "price"?')),
        ("horizon.x=3", ("a path that ends at horizon",)),
        ("market[0]=3", ("a key of market",)),
        ("events.first.step=3", ("an index of events in brackets",)),
        ("strategies.mas.lines[0].share=3", ('did you mean "mass"?',)),
        ("strategies.mass.lines[0].share=0.9", ("overspent",)),
        ("brands.Ours.position=[1", ("a TOML value",)),
        ('title="open', ("a TOML value",)),
        ("horizon=3.5", ("whole number",)),
        ("horizon=many", ("whole number", "in digits")),
        ("population.consumers=nan", ("whole number",)),
    ],
)
def test_faulty_overrides(override: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("tiny", [override])
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert all(fault.expected for fault in caught.value.faults)


@settings(deadline=None, max_examples=80)
@given(st.text(max_size=30), st.text(max_size=10))
def test_any_text_gives_a_scenario_or_a_scenario_error(path: str, value: str) -> None:
    try:
        load_scenario("minimal", [f"{path}={value}"])
    except ScenarioError as error:
        assert error.faults


@settings(deadline=None, max_examples=80)
@given(st.sampled_from(sorted(CHANGES)), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
))  # fmt: skip
def test_any_value_gives_a_scenario_or_a_scenario_error(path: str, value: Any) -> None:
    table = path.rpartition(".")[0]
    for target in (path, table or path):
        try:
            TINY.with_overrides({target: value})
        except ScenarioError as error:
            assert error.faults


def test_values_are_parsed_as_toml() -> None:
    assert parse_value(" 1_000 ") == 1000
    assert parse_value("a\nb = 3") == "a\nb = 3"
    assert parse_value("3\nb = 3") == "3\nb = 3"
    with pytest.raises(ValueError, match="value"):
        parse_value("")
