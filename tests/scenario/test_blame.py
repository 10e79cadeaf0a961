"""A fault that an override brings about elsewhere names the override."""

from __future__ import annotations

import pytest

from simulator.errors import ScenarioError
from simulator.scenario import check_scenario, load_scenario
from simulator.scenario.resizing import resized
from simulator.scenario.wording import unknown


def places(*overrides: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("launch", list(overrides))
    return [fault.place for fault in caught.value.faults]


def test_the_override_is_named_where_another_key_becomes_faulty() -> None:
    for place in places("comparison.budget=10"):
        assert place.startswith("override comparison.budget=10, with ") and "base.toml: strategies." in place


def test_only_the_override_that_is_to_blame_is_named() -> None:
    found = places("horizon=30", "comparison.budget=10", "brands.Nova.price=abc")
    assert any(place.endswith("(override): brands[0].price") for place in found)
    others = [place for place in found if "(override)" not in place]
    assert others and all(place.startswith("override comparison.budget=10, with ") for place in others)


def test_two_overrides_that_each_bring_the_fault_about_are_both_named() -> None:
    few = "population.consumers=50"
    assert all(place.startswith(f"override {few}, with ") for place in places(few))
    found = places("strategies.content.lines[0].share=0.46", "strategies.content.lines[1].share=0.6")
    assert found and all(
        "lines[0].share=0.46, strategies.content.lines[1].share=0.6" in p for p in found if "override s" in p
    )


def test_overrides_in_python_and_of_a_faulty_file_alike(tmp_path) -> None:
    with pytest.raises(ScenarioError, match=r"^override comparison.budget=10, with "):
        load_scenario("launch").with_overrides({"comparison.budget": 10})
    file = tmp_path / "own.toml"
    file.write_text('extends = "launch"\npurpose = 3\n')
    found = {fault.place for fault in check_scenario(file, {"comparison.budget": 10})}
    assert any(place.endswith("own.toml: purpose") and not place.startswith("override") for place in found)
    assert any(place.startswith("override comparison.budget=10, with ") for place in found)


def test_a_missing_path_is_a_fault_and_no_crash() -> None:
    (place,) = places("network.kind=edge_list")
    assert place.startswith('override network.kind="edge_list", with ') and place.endswith("network.path")


@pytest.mark.parametrize(
    ("override", "remedy"),
    {
        "brands.Nova.price=abc": "write a number, such as 1.5",
        'brands.Nova.price="9.5"': "write it without quotes",
        "horizon=abc": "write a whole number in digits",
        'horizon="12"': "write it without quotes",
    }.items(),
)
def test_quotes_are_to_blame_only_where_the_rest_would_do(override, remedy) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("launch", [override])
    assert caught.value.faults[0].remedy == remedy


@pytest.mark.parametrize("consumers", [-5, 0, 9, 20_000_001])
def test_a_number_of_consumers_out_of_range_is_named_as_such(consumers) -> None:
    with pytest.raises(ScenarioError) as caught:
        resized(load_scenario("launch"), consumers, "--consumers")
    (fault,) = caught.value.faults
    assert (fault.place, fault.got) == (
        "--consumers",
        str(consumers),
    ) and "10 to 20,000,000" in fault.expected


def test_known_names_stand_nearest_first() -> None:
    known = ("none", "social", "mass", "mix")
    assert unknown("x", "mas", known).expected.startswith("one of mass, ")
    assert unknown("x", "mas", known).remedy == 'did you mean "mass"?'
    fault = unknown("x", "???", known, "define it")
    assert (fault.expected, fault.remedy) == ("one of none, social, mass, mix", "define it")


def test_of_many_names_only_the_nearest_are_told() -> None:
    names = [f"place_{k}" for k in range(30)] + ["followers"]
    fault = unknown("metric", "foo", names, see="the list")
    assert fault.remedy == "" and fault.expected.endswith(" and 25 more (see the list)")
    fault = unknown("metric", "folowers", names)
    assert fault.remedy == 'did you mean "followers"?' and fault.expected.startswith("one of followers, ")
