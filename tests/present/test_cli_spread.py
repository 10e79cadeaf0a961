"""The verb ``spread`` answers as the Python interface does, also with chance given from outside."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from simulator.diffusion import compare_seeds, spread
from simulator.present import cli

KARATE = nx.karate_club_graph()
#: The ten nodes of highest degree, ties to the smallest.
TOP = sorted(KARATE, key=lambda node: (-KARATE.degree(node), node))[:10]
Ask = Callable[..., tuple[int, str, str]]


def splitmix(x: int) -> float:
    """Return a uniform number from a whole one (Steele, Lea & Flood 2014)."""
    x = (x + 0x9E3779B97F4A7C15) % 2**64
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
    return ((x ^ (x >> 31)) >> 11) / 2**53


@pytest.fixture
def karate(tmp_path: Path) -> Path:
    path = tmp_path / "karate.csv"
    path.write_text("source,target\n" + "".join(f"{a},{b}\n" for a, b in KARATE.edges))
    return path


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["simulator", "spread", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return call


def by_commas(nodes: list[int]) -> str:
    return ",".join(map(str, nodes))


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        (["-p", 0.1], {"p": 0.1}),
        (["--model", "wc"], {"model": "wc"}),
        (["--model", "lt", "--seed", 7], {"model": "lt", "seed": 7}),
        (["--model", "bass", "-p", 0.03, "-q", 0.3, "--form", "fraction", "--max-steps", 6],
         {"model": "bass", "p": 0.03, "q": 0.3, "form": "fraction", "max_steps": 6}),
        (["--model", "threshold", "--thresholds", 0.3], {"model": "threshold", "thresholds": 0.3}),
    ],
)  # fmt: skip
def test_it_is_the_spread_of_the_python_interface(
    ask: Ask, karate: Path, options: list, arguments: dict
) -> None:
    status, out, _ = ask(karate, "--seeds", "0,33", "--replicates", 50, "--json", *options)
    found, expected = json.loads(out), spread(karate, [0, 33], n_replicates=50, **arguments)
    assert status == 0
    assert found["mean"] == expected.mean and found["curve"] == expected.curve.tolist()
    assert found["n_nodes"] == 34 and found["n_arcs"] == 156 and found["seeds"] == [0, 33]


def test_given_thresholds_reach_the_published_sizes(ask: Ask, karate: Path, tmp_path: Path) -> None:
    """Thresholds U(10^12 + v) by splitmix64: from the ten best known, 10, 28 and 31 are active in turn."""
    table = tmp_path / "thresholds.csv"
    rows = "".join(f"{node},{splitmix(10**12 + node)!r}\n" for node in KARATE)
    table.write_text("node,threshold\n" + rows)
    curve = tmp_path / "curve.csv"
    words = [
        karate,
        "--seeds",
        by_commas(TOP),
        "--model",
        "lt",
        "--thresholds",
        table,
        "--json",
        "--out",
        curve,
    ]
    document = json.loads(ask(*words)[1])
    assert document["curve"] == [10, 28, 31] and document["standard_error"] is None
    assert pd.read_csv(curve)["mean"].tolist() == [10, 28, 31]


def test_given_coins_are_tossed_arc_for_arc(ask: Ask, karate: Path, tmp_path: Path) -> None:
    coins = {(u, v): splitmix(u * 2**32 + v) for a in KARATE.edges for u, v in (a, a[::-1])}
    table = tmp_path / "coins.csv"
    shuffled = np.random.default_rng(1).permutation([(u, v, coin) for (u, v), coin in coins.items()])
    table.write_text(
        "source,target,coin\n" + "".join(f"{int(u)},{int(v)},{float(coin)!r}\n" for u, v, coin in shuffled)
    )
    status, out, err = ask(karate, "--seeds", "0,33", "-p", 0.2, "--coins", table, "--json")
    assert status == 0, err
    expected = spread(KARATE, [0, 33], p=0.2, arc_coins=coins, weights=None)
    assert json.loads(out)["mean"] == expected.mean > 2


def test_several_sets_meet_the_same_worlds(ask: Ask, karate: Path) -> None:
    words = [karate, "--seeds", "hubs=0,33", "--seeds", "rim=11,12", "--model", "wc", "--replicates", 40]
    document = json.loads(ask(*words, "--json")[1])
    expected = compare_seeds(karate, {"hubs": [0, 33], "rim": [11, 12]}, model="wc", n_replicates=40)
    assert document["means"] == dict(zip(expected.names, expected.means, strict=True))
    assert document["differences"][1]["difference"] == expected.differences()["difference"][1]
    status, out, _ = ask(*words, "--quiet")
    assert status == 0 and out.split() == [
        "hubs",
        repr(float(expected.means[0])),
        "rim",
        repr(float(expected.means[1])),
    ]


def test_names_may_be_words(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "friends.csv"
    path.write_text("source,target\nNA,null\nnull,Cy\n")
    table = tmp_path / "thresholds.csv"
    table.write_text("node,threshold\nnull,0.5\nCy,0.5\nNA,0.5\n")
    words = [path, "--seeds", "NA", "--model", "lt", "--thresholds", table, "--json", "--directed"]
    document = json.loads(ask(*words)[1])
    assert document["curve"] == [1, 2, 3] and document["seeds"] == ["NA"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--seeds", "99"], ["seeds[0] = 99", "0..33"]),
        (["--seeds", "0", "--model", "sir"], ["model = 'sir'", "si, ic, bass"]),
        ([], ["--seeds = none", "at least one node"]),
        (["--seeds", "0", "--out", "/proc/nowhere/x.csv"], ["/proc/nowhere/x.csv"]),
        (["--seeds", "0", "--model", "lt", "--thresholds", "{flags}"], ["words in the column threshold"]),
        (["--seeds", "a=0", "--seeds", "a=1"], ["a twice", "a name of its own"]),
        (["--seeds", "0", "--coins", "none.csv"], ["none.csv", "source, target, coin"]),
        (
            ["--seeds", "0", "--model", "lt", "--thresholds", "{karate}"],
            ["source, target", "node", "threshold"],
        ),
    ],
)
def test_what_is_wrong_is_said(ask: Ask, karate: Path, words: list[str], expected: list[str]) -> None:
    flags = karate.with_name("flags.csv")
    flags.write_text("node,threshold\n0,True\n1,False\n")
    status, out, err = ask(karate, *[word.format(karate=karate, flags=flags) for word in words])
    assert status == 2 and not out
    assert all(text in err for text in expected)
    assert "Traceback" not in err
