"""Files, `extends`, the gallery, and the door for dictionaries."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from simulator.errors import ScenarioError
from simulator.scenario import Scenario, check_scenario, gallery, load_scenario, shipped_names
from simulator.scenario.gallery import gallery_folder, shipped_path

SHIPPED = sorted(path.stem for path in gallery_folder().glob("*.toml"))
RUNNABLE = [name for name in SHIPPED if name not in ("base", "classic")]
TINY: dict[str, Any] = tomllib.loads((gallery_folder() / "tiny.toml").read_text("utf-8"))


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("name", RUNNABLE)
def test_shipped_scenarios_load(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario == load_scenario(gallery_folder() / f"{name}.toml")
    assert scenario.name == name
    assert scenario.title and scenario.purpose and scenario.sources
    assert scenario.strategy_names[0] == "none"
    assert scenario.strategies["none"].lines == []
    assert name in repr(scenario) and scenario.purpose in scenario._repr_html_()


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_files_open_with_purpose_and_sources(name: str) -> None:
    path = shipped_path(name)
    assert path is not None
    header = path.read_text("utf-8").split("\n\n")[0]
    assert "Purpose:" in header and "Sources:" in header


def test_the_gallery_lists_what_can_run() -> None:
    entries = gallery()
    assert [entry.name for entry in entries] == RUNNABLE == shipped_names()
    launch = next(entry for entry in entries if entry.name == "launch")
    assert (launch.consumers, launch.horizon) == (10_000, 52)
    assert {"mass", "precision", "social", "content", "mix", "price_cut", "random_targeting"} < set(
        launch.strategies
    )


def test_the_standard_strategies_come_with_every_large_scenario() -> None:
    for name in ("launch", "mature", "durable"):
        scenario = load_scenario(name)
        precision, chance = (scenario.strategies[key].lines for key in ("precision", "random_targeting"))
        terms = [[(line.channel, line.share, line.coupon) for line in lines] for lines in (precision, chance)]
        assert terms[0] == terms[1], "random targeting buys what precision buys"
        assert {line.audience for line in chance} == {"random"}


@pytest.mark.parametrize("name", ["launch", "mature", "durable"])
@pytest.mark.parametrize(("consumers", "horizon"), [(2_000, 30), (200, 8), (1_000_000, 52)])
def test_large_scenarios_can_be_resized(name: str, consumers: int, horizon: int) -> None:
    scenario = load_scenario(name, {"population.consumers": consumers, "horizon": horizon})
    assert (scenario.population.consumers, scenario.horizon) == (consumers, horizon)


def test_a_base_is_checked_but_cannot_run() -> None:
    assert check_scenario("base") == ()
    with pytest.raises(ScenarioError, match="can run"):
        load_scenario("base")


def test_a_base_is_checked_as_far_as_it_goes(tmp_path: Path) -> None:
    text = (gallery_folder() / "base.toml").read_text("utf-8")
    path = write(
        tmp_path / "base.toml", text.replace("share = 0.60", "share = 0.70").replace("sd = 0.7", "sd = -1")
    )
    faults = check_scenario(path)
    assert [fault.place.split(": ")[1] for fault in faults] == [
        "population.traits.taste.sd",
        "strategies.mass.lines",
    ]


def test_check_scenario_returns_the_faults() -> None:
    assert check_scenario("tiny") == ()
    assert [fault.got for fault in check_scenario("tiny", {"horizon": -5})] == ["-5"]
    assert len(check_scenario("absent")) == 1


def test_extends_merges_tables_and_replaces_lists(tmp_path: Path) -> None:
    write(tmp_path / "one.toml", (gallery_folder() / "tiny.toml").read_text("utf-8"))
    (tmp_path / "sub").mkdir()
    write(
        tmp_path / "sub" / "two.toml",
        'extends = "../one.toml"\nhorizon = 12\n[market]\ncurrency = "USD"\n'
        '[strategies.mass]\n[[strategies.mass.lines]]\nkind = "price_cut"\nshare = 1.0\n',
    )
    path = write(tmp_path / "three.toml", 'extends = "sub/two.toml"\n[comparison]\nseed = 9\n')
    scenario, parent = load_scenario(path), load_scenario(tmp_path / "one.toml")
    assert (scenario.horizon, scenario.market.currency, scenario.comparison.seed) == (12, "USD", 9)
    assert scenario.market.reference_price == parent.market.reference_price
    assert [line.kind for line in scenario.strategies["mass"].lines] == ["price_cut"]
    assert scenario.strategies["social"] == parent.strategies["social"]
    assert scenario.brands == parent.brands
    assert scenario.name == "three"


def test_a_fault_names_the_file_in_which_the_value_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (gallery_folder() / "tiny.toml").read_text("utf-8").replace("unit_cost = 4.0", "unit_cost = -4.0")
    write(tmp_path / "parent.toml", text)
    write(tmp_path / "child.toml", 'extends = "parent.toml"\nhorizon = -1\n')
    with pytest.raises(ScenarioError) as caught:
        load_scenario("child.toml", {"comparison.seed": -1})
    assert [str(fault).split(" = ")[0] for fault in caught.value.faults] == [
        "child.toml: horizon",
        "parent.toml: brands[2].unit_cost",
        "child.toml (override): comparison.seed",
    ]


def test_another_kind_of_network_leaves_the_inherited_keys_behind(tmp_path: Path) -> None:
    path = write(tmp_path / "ring.toml", 'extends = "tiny"\n[network]\nkind = "watts_strogatz"\ndegree = 4\n')
    network = load_scenario(path).network
    assert (network.kind, network.degree, network.share_strong) == ("watts_strogatz", 4, 0.5)  # type: ignore[union-attr]
    random = load_scenario(path, ["network.mean_degree=5", "network.kind=erdos_renyi"]).network
    assert random.mean_degree == 5.0  # type: ignore[union-attr]


def test_purpose_is_not_inherited_from_a_base(tmp_path: Path) -> None:
    path = write(tmp_path / "bare.toml", 'extends = "base"\n')
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    missing = {fault.place.split(": ")[-1] for fault in caught.value.faults}
    assert missing == {"purpose", "brands", "comparison"}


def test_paths_start_from_the_file_that_holds_them(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / "ties.csv", "1,2\n")
    write(
        tmp_path / "data" / "village.toml",
        'extends = "tiny"\n[network]\nkind = "edge_list"\npath = "ties.csv"\ndirected = true\n',
    )
    path = write(tmp_path / "variant.toml", 'extends = "data/village.toml"\nhorizon = 9\n')
    assert load_scenario(path).network.path == str(tmp_path / "data" / "ties.csv")  # type: ignore[union-attr]


def test_the_command_line_can_pass_an_edge_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "ties.csv", "1,2\n")
    scenario = load_scenario(
        "launch", ["network.path=ties.csv", "network.kind=edge_list", "network.directed=true"]
    )
    assert scenario.network.path == str(tmp_path / "ties.csv")  # type: ignore[union-attr]


def test_from_dict_is_checked_like_a_file() -> None:
    assert Scenario.from_dict(TINY) == load_scenario("tiny")
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_dict({**TINY, "horizn": 3}, name="mine")
    assert str(caught.value).startswith("mine: horizn = 3; expected")
    variant = Scenario.from_dict({"extends": "tiny", "horizon": 9})
    assert variant.horizon == 9


def test_scenarios_are_frozen() -> None:
    scenario = load_scenario("minimal")
    with pytest.raises(ValueError, match="frozen"):
        scenario.horizon = 5  # type: ignore[misc]


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "marked.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (gallery_folder() / "minimal.toml").read_bytes())
    assert load_scenario(path) == load_scenario("minimal")


CORNERS = {"bass", "independent_cascade", "linear_threshold", "logit", "nerlove_arrow"}
"""Shipped scenarios that are classic models, which have no marketing to compare."""


@pytest.mark.parametrize("name", sorted({*shipped_names()} - CORNERS))
def test_every_shipped_market_has_the_baselines(name: str) -> None:
    scenario = load_scenario(name)
    assert {"none", "price_cut", "random_targeting"} <= set(scenario.strategy_names)
    assert scenario.strategies["none"].lines == []
    (cut,) = scenario.strategies["price_cut"].lines
    assert cut.kind == "price_cut" and cut.share == 1.0 and cut.depth is None
    random = scenario.strategies["random_targeting"].lines
    assert {(line.kind, line.audience, line.creative) for line in random} == {
        ("advertising", "random", "brand")
    }
    assert sum(line.share for line in random) == pytest.approx(1.0)


@pytest.mark.parametrize("name", sorted(CORNERS))
def test_corners_are_of_the_classic_base(name: str) -> None:
    assert all(key not in load_scenario(name).strategies for key in ("price_cut", "random_targeting"))
