"""Malformed scenarios: each gives one clear message that names file, key and remedy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator.errors import ScenarioError
from simulator.scenario import load_scenario
from simulator.scenario.gallery import gallery_folder

TINY = (gallery_folder() / "tiny.toml").read_text("utf-8")


@dataclass(frozen=True)
class Malformed:
    """A scenario with one fault: `old` replaced by `new` in a sound file, and what the message must say."""

    name: str
    old: str
    new: str
    place: str
    words: tuple[str, ...]


MALFORMED = [
    Malformed("syntax", "horizon = 8", "horizon = = 8", "line 10", ("valid TOML", "horizon = = 8")),
    Malformed("unclosed table", "[market]", "[market", "line 13", ("valid TOML",)),
    Malformed("key twice", "horizon = 8", "horizon = 8\nhorizon = 9", "line 11", ("valid TOML",)),
    Malformed(
        "misspelt key",
        "budget = 400.0",
        "buget = 400.0",
        "comparison.buget",
        ("a key that exists here", 'unknown key, did you mean "budget"?'),
    ),
    Malformed("misspelt top key", "burn_in = 2", "burnin = 2", "burnin", ('did you mean "burn_in"?',)),
    Malformed(
        "talking owners of what is used up",
        "[market]",
        '[market]\ntalk = "owners"',
        "market.talk",
        ('"buyers"',),
    ),
    Malformed("misplaced key", "burn_in = 2", "consumers = 2", "consumers", ("it belongs in [population]",)),
    Malformed("unknown parameter", "friction = 0.1", "fricton = 0.1", "parameters.fricton", ('"friction"?',)),
    Malformed(
        "parameter range",
        "friction = 0.1",
        "friction = 99.0",
        "parameters.friction",
        ("0 to 20 (logits)", "friction: disutility"),
    ),
    Malformed(
        "misspelt required", "unit_cost = 4.0", "unitcost = 4.0", "brands[2].unitcost", ('"unit_cost"?',)
    ),
    Malformed(
        "missing key",
        "unit_cost = 4.0\n",
        "",
        "brands[2].unit_cost",
        ("a number 0 to 1,000,000,000 (currency per unit)", "add the key"),
    ),
    Malformed(
        "unknown key", "seed = 7", "seed = 7\nqqq = 1", "comparison.qqq", ('one of "brand", "budget"',)
    ),
    Malformed(
        "misspelt kind",
        'kind = "seeding"',
        'knd = "seeding"',
        "strategies.social.lines[0].kind",
        ('"knd" to',),
    ),
    Malformed(
        "far point", "position = [0.3, 0.1]", "position = [0.3, 99]", "brands[0].position[1]", ("-10 to 10",)
    ),
    Malformed(
        "negative price",
        "price = 9.5",
        "price = -3",
        "brands[1].price = -3",
        ("> 0 and <= 1,000,000,000 (currency per unit)",),
    ),
    Malformed(
        "text for number", "price = 9.5", 'price = "9.5"', "brands[1].price", ("a number", "without quotes")
    ),
    Malformed(
        "fraction for whole", "horizon = 8", "horizon = 8.0", "horizon", ("whole number", "write 8 without")
    ),
    Malformed("switch for number", "horizon = 8", "horizon = true", "horizon = true", ("1 to 520 (steps)",)),
    Malformed(
        "not a number", "price = 9.5", "price = nan", "brands[1].price = nan", ("give a finite number",)
    ),
    Malformed(
        "infinite supply",
        "weekly_supply = 60.0",
        "weekly_supply = inf",
        "brands[1].weekly_supply = inf",
        ("leave the key out for no limit",),
    ),
    Malformed(
        "percent", "online = 0.3", "online = 30", "population.habits[0].online", ("0 to 1", "30 % as 0.3")
    ),
    Malformed("horizon too long", "horizon = 8", "horizon = 521", "horizon = 521", ("1 to 520 (steps)",)),
    Malformed(
        "unknown choice", '"repeat"', '"repaet"', "market.category", ("one of", 'did you mean "repeat"?')
    ),
    Malformed(
        "unknown line kind",
        'kind = "group_buying"',
        'kind = "group_bying"',
        "strategies.social.lines[3].kind",
        ('"price_cut"', 'did you mean "group_buying"?'),
    ),
    Malformed(
        "line without kind",
        'kind = "seeding"\n',
        "",
        "strategies.social.lines[0].kind",
        ('add the key "kind"',),
    ),
    Malformed(
        "no kind of network",
        'kind = "clustered"\n',
        "",
        "network.kind",
        ("watts_strogatz", 'add the key "kind"'),
    ),
    Malformed(
        "key of another kind",
        "homophily = 0.5",
        "rewire = 0.5",
        "network.rewire",
        ('did you mean "rewiring"?',),
    ),
    Malformed(
        "point of one",
        "position = [0.3, 0.1]",
        "position = [0.3]",
        "brands[0].position",
        ("a list of 2 numbers",),
    ),
    Malformed(
        "name with dot", 'name = "Late"', 'name = "L.ate"', "brands[2].name", ("characters without .",)
    ),
    Malformed(
        "table for list", "sources = [", "sources = 3 #", "sources = 3", ("a list of texts", "in brackets")
    ),
    Malformed(
        "shares of regions",
        'name = "country"\nshare = 0.4',
        'name = "country"\nshare = 0.3',
        "population.regions",
        ("add up to 0.9", "add up to 1", "add 0.1"),
    ),
    Malformed(
        "region twice", 'name = "country"', 'name = "town"', "population.regions[1].name", ("of its own",)
    ),
    Malformed("brand id twice", "id = 7", "id = 3", "brands[2].id = 3", ("a number of its own", "brands[0]")),
    Malformed("channel id twice", "id = 5", "id = 0", "channels[1].id = 0", ("of its own",)),
    Malformed(
        "reach of no channel",
        "reach = { tv = 0.9,",
        "reach = { tw = 0.9,",
        "population.habits[0].reach.tw",
        ("the name of a channel", 'did you mean "tv"?'),
    ),
    Malformed(
        "reach above 1",
        "feed = 1.1 }",
        "feed = 1.2 }",
        "population.demographics[0].reach.feed",
        ("at most 1.1111111", "reaches 0.9"),
    ),
    Malformed(
        "cv too large",
        "cv = 0.5",
        "cv = 1.5",
        "population.traits.need_rate.cv",
        ("0 to 1 (ratio) for a gamma",),
    ),
    Malformed(
        "line on no channel",
        'kind = "content"\nchannel = "feed"\nvalue',
        'kind = "content"\nchannel = "fed"\nvalue',
        "strategies.content.lines[0].channel",
        ("the name of a channel", 'did you mean "feed"?'),
    ),
    Malformed(
        "overspent budget",
        'channel = "tv"\nshare = 0.7',
        'channel = "tv"\nshare = 0.8',
        "strategies.mass.lines",
        ("440 of 400 EUR", "overspent", "by 0.1"),
    ),
    Malformed(
        "unspent budget",
        'channel = "tv"\nshare = 0.7',
        'channel = "tv"\nshare = 0.5',
        "strategies.mass.lines",
        ("add up to 0.8", "raise the shares by 0.2"),
    ),
    Malformed(
        "line beyond horizon",
        "end = 8",
        "end = 9",
        "strategies.content.lines[1].end",
        ("at most the horizon, 8",),
    ),
    Malformed(
        "line ends early",
        "end = 8",
        "end = 2",
        "strategies.content.lines[1].end",
        ("after the line's start",),
    ),
    Malformed(
        "production above share",
        "production_cost = 10.0",
        "production_cost = 60.0",
        "strategies.content.lines[0].share",
        ("pieces of 8 weeks cost 480 EUR", "fewer or cheaper"),
    ),
    Malformed(
        "standing production",
        "weekly_spend = 4.0\nproduction_cost = 1.0",
        "weekly_spend = 4.0\nproduction_cost = 5.0",
        "brands[1].lines[1].weekly_spend",
        ("at least 5 (currency per week)",),
    ),
    Malformed(
        "weekly spend of a program",
        'kind = "community"\nservice_cost = 0.05\n\n[[brands.lines]]',
        'kind = "community"\nweekly_spend = 2.0\nservice_cost = 0.05\n\n[[brands.lines]]',
        "brands[1].lines[2].weekly_spend",
        ("follows from its members and successes", "leave it out"),
    ),
    Malformed(
        "too few seeds",
        "cost_per_seed = 2.0",
        "cost_per_seed = 20.0",
        "strategies.social.lines[0].share",
        ("enough for one consumer",),
    ),
    Malformed(
        "nothing to spend on",
        "discount = 0.15",
        "discount = 0.0",
        "strategies.social.lines[3].discount",
        ("> 0 for a line with a share",),
    ),
    Malformed(
        "key without effect",
        'audience = "random"',
        'audience = "random"\nsharpness = 3.0',
        "strategies.random_targeting.lines[0].sharpness",
        ('audience = "fit"',),
    ),
    Malformed(
        "unknown cell",
        'audience = "segment"',
        'audience = "segment"\ncells = ["town/store/yung"]',
        "strategies.mass.lines[1].cells[0]",
        ('did you mean "town/store/young"?',),
    ),
    Malformed(
        "half a pulse", "pulse_on = 2\n", "", "strategies.mass.lines[0].pulse_on", ("together (weeks)",)
    ),
    Malformed("event beyond horizon", "step = 6", "step = 8", "events[4].step = 8", ("0 to 7 (steps)",)),
    Malformed(
        "event of no brand",
        'brand = "Theirs"\nprice',
        'brand = "Thiers"\nprice',
        "events[2].brand",
        ('did you mean "Theirs"?',),
    ),
    Malformed(
        "too many buyers",
        "initial_buyers = 0.4",
        "initial_buyers = 0.8",
        "brands",
        ("add up to 1.1", "0.1 from"),
    ),
    Malformed(
        "launch while on sale", "present_from_start = false\n", "", "brands[2].launch_step", ("= false",)
    ),
    Malformed(
        "stock without supply", "weekly_supply = 60.0\n", "", "brands[1].initial_stock", ("weekly_supply",)
    ),
    Malformed(
        "unknown focal brand",
        'brand = "Ours"',
        'brand = "Our"',
        "comparison.brand",
        ('did you mean "Ours"?',),
    ),
    Malformed(
        "unknown baseline", "seed = 7", 'seed = 7\nbaseline = "non"', "comparison.baseline", ('"none"?',)
    ),
    Malformed(
        "unknown strategy",
        "seed = 7",
        'seed = 7\nstrategies = ["mass", "mas"]',
        "comparison.strategies[1]",
        ('did you mean "mass"?',),
    ),
    Malformed("negative seed", "seed = 7", "seed = -1", "comparison.seed = -1", ("(identifier)",)),
    Malformed(
        "none that does something",
        "[strategies.price_cut]\n\n[[strategies.price_cut.lines]]",
        "[[strategies.none.lines]]",
        "strategies.none.lines",
        ("no lines",),
    ),
    Malformed(
        "missing edge list",
        'kind = "clustered"\nmean_degree = 6.0\nshare_strong = 0.5\nhomophily = 0.5',
        'kind = "edge_list"\npath = "ties.csv"',
        "network.path",
        ("ties.csv", "a file that exists", "correct the path"),
    ),
    Malformed(
        "degree above consumers",
        "mean_degree = 6.0",
        "mean_degree = 60.0",
        "network.mean_degree",
        ("expected 0..19.5", "half of the other consumers"),
    ),
    Malformed(
        "two referrals at once",
        'kind = "community"\nservice_cost = 0.05\nshare = 0.1',
        'kind = "referral"\nreward_sender = 1.0\nreward_receiver = 1.0\nshare = 0.1',
        "strategies.social.lines[2]",
        ("one referral line at a time", "lines[1] runs in steps 0 to 7"),
    ),
    Malformed(
        "kind of the standing plan",
        "review_mean = 0.4\n",
        'review_mean = 0.4\n[[brands.lines]]\nkind = "community"\nservice_cost = 0.1\n',
        "strategies.social.lines[2].kind",
        ("standing plan of Ours",),
    ),
    Malformed(
        "entry of a brand on sale",
        'kind = "exit"\nbrand = "Late"',
        'kind = "entry"\nbrand = "Ours"',
        "events[4].brand",
        ("not on sale before",),
    ),
    Malformed(
        "missing base",
        "horizon = 8",
        'horizon = 8\nextends = "bsae.toml"',
        "extends",
        ('did you mean "base.toml"?',),
    ),
    Malformed(
        "launch brand known", '"repeat"', '"new_product"', "brands[0].present_from_start", ("new_product",)
    ),
]


@pytest.mark.parametrize("case", MALFORMED, ids=lambda case: case.name)
def test_one_clear_message(case: Malformed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert TINY.count(case.old) >= 1
    monkeypatch.chdir(tmp_path)
    (tmp_path / "market.toml").write_text(TINY.replace(case.old, case.new, 1), "utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario("market.toml")
    message = next(str(fault) for fault in caught.value.faults if case.place in str(fault))
    assert message.startswith(f"market.toml: {case.place}")
    assert message in str(caught.value)
    for word in (*case.words, "expected"):
        assert word in message
    assert caught.value.__cause__ is None


def test_a_sound_file_has_no_faults(tmp_path: Path) -> None:
    path = tmp_path / "market.toml"
    path.write_text(TINY, "utf-8")
    assert load_scenario(path).name == "market"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("empty", "", ("purpose", "market", "population", "brands", "comparison")),
        ("list of brands missing", "brands = 3\npurpose = 'x'", ("brands = 3", "population")),
        (
            "brands of numbers",
            "brands = [1, 2]\npurpose = 'x'",
            ("brands[0] = 1", "brands[1] = 2", "a table"),
        ),
        (
            "strategies of numbers",
            "[strategies]\na = 1\nb = 2\npurpose = 'x'",
            ("strategies.a", "strategies.b"),
        ),
    ],
)
def test_shapeless_files(name: str, text: str, words: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / f"{name}.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert all(word in str(caught.value) for word in words)


def test_all_faults_at_once(tmp_path: Path) -> None:
    """A faulty key does not hide the faults of others, nor those that lie between values."""
    text = TINY
    for old, new in [
        ("price = 9.5", "price = -3"),
        ("budget = 400.0", "buget = 400.0"),
        ('kind = "seeding"', 'kind = "seding"'),
        ('name = "country"\nshare = 0.4', 'name = "country"\nshare = 0.3'),
        ("end = 8", "end = 9"),
        ("step = 6", "step = 60"),
        ("friction = 0.1", "fricton = 0.1"),
    ]:
        text = text.replace(old, new, 1)
    path = tmp_path / "market.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, ["population.consumers=3", "brands.Nobody.price=3"])
    message = str(caught.value)
    for place in (
        "brands[1].price",
        "comparison.buget",
        "strategies.social.lines[0].kind",
        "population.regions",
        "strategies.content.lines[1].end",
        "events[4].step",
        "parameters.fricton",
        "population.consumers",
        "brands.Nobody.price",
    ):
        assert f": {place}" in message, place
    assert len(caught.value.faults) == 9


def _nothing_there(folder: Path) -> str:
    return str(folder / "absent.toml")


def _a_folder(folder: Path) -> str:
    return str(folder)


def _not_text(folder: Path) -> str:
    (folder / "bytes.toml").write_bytes(b"title = '\xff\xfe'")
    return str(folder / "bytes.toml")


def _a_cycle(folder: Path) -> str:
    (folder / "one.toml").write_text('extends = "two.toml"', "utf-8")
    (folder / "two.toml").write_text('extends = "one.toml"', "utf-8")
    return str(folder / "one.toml")


def _extends_itself(folder: Path) -> str:
    (folder / "self.toml").write_text('extends = "self.toml"', "utf-8")
    return str(folder / "self.toml")


def _misspelt_name(_: Path) -> str:
    return "lauch"


def _wrong_folder(_: Path) -> str:
    return "somewhere/launch.toml"


def _a_base(_: Path) -> str:
    return "base"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_nothing_there, ("absent.toml", "a scenario file that exists")),
        (_a_folder, ("a scenario file that exists",)),
        (_not_text, ("bytes.toml", "UTF-8")),
        (_a_cycle, ("extends", "no cycle", "one.toml -> ", "two.toml")),
        (_extends_itself, ("self.toml", "no cycle")),
        (_misspelt_name, ("lauch", 'did you mean "launch"?')),
        (_wrong_folder, ("somewhere/launch.toml", 'by its name, "launch"')),
        (_a_base, ("base.toml", "abstract", "can run", "extends")),
    ],
)
def test_unreadable_sources(make: Callable[[Path], str], words: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(make(tmp_path))
    assert all(word in str(caught.value) for word in words), str(caught.value)
