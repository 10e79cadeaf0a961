"""No two draws share an address: every draw of a tiny world, with every mechanism on, is enumerated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from model_tools import PACKAGE

from simulator.model import draws
from simulator.model.draws import STREAMS, Stream
from simulator.model.network import addresses
from simulator.model.network.addresses import NETWORK_STREAMS

ALL = (*STREAMS, *NETWORK_STREAMS)
BY_NUMBER = {stream.number: stream for stream in ALL}
#: Looked at again on purpose: an audience at every refit, a place in the queue in every round of rationing.
READ_AGAIN = {("audience", 0), ("outside", 2)}


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    script = Path(__file__).parent / "address_run.py"
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, str(script), "tiny"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def stream_of(use: dict[str, Any]) -> Stream:
    return BY_NUMBER[use["address"][3] & 255]


def shared_words(uses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the words of addresses that two pieces of code use."""
    return [use for use in uses if len(use["purposes"]) > 1]


def words_used_again(
    uses: list[dict[str, Any]], commitments: Sequence[Sequence[int]] = ()
) -> list[dict[str, Any]]:
    """Return the words of market streams that are used more than once, and should not be.

    Ties have one word for each kind of message, and are judged by what is sent on them. Whoever commits to a
    group has the luck of that step again whenever the commitment is looked at.
    """
    again = {(i, step): n for i, step, n in commitments}
    return [
        use
        for use in uses
        if stream_of(use) in STREAMS
        and stream_of(use).name != "tie"
        and (stream_of(use).name, use["word"]) not in READ_AGAIN
        and sum(use["purposes"].values()) > 1 + _times_again(use, again)
    ]


def _times_again(use: dict[str, Any], again: dict[tuple[int, int], int]) -> int:
    if stream_of(use).name not in ("search", "outside"):
        return 0
    return again.get((use["address"][0], use["address"][2]), 0)


def faults_against_the_table(use: dict[str, Any]) -> list[str]:
    """Return what the table of draws says otherwise about a use."""
    stream = stream_of(use)
    first, second, third, tail = use["address"][:4]
    faults = []
    if stream.words[use["word"]] == "-" and all(": " in purpose for purpose in use["purposes"]):
        faults.append(f"{stream.name}: word {use['word']} has no use in the table: {list(use['purposes'])}")
    for name, column, value in (
        ("0", stream.first, first),
        ("1", stream.second, second),
        ("2", stream.third, third),
    ):
        if column == "0" and value != 0:
            faults.append(f"{stream.name}: counter word {name} is 0 in the table and {value} here")
    if stream in STREAMS:
        has_brand, has_slot = "brand" in stream.tail, "slot" in stream.tail or "occurrence" in stream.tail
        if (tail >> 8 & 255 and not has_brand) or (tail >> 16 and not has_slot):
            faults.append(f"{stream.name}: counter word 3 holds more than the table says")
        if has_brand and not tail >> 8 & 255:
            faults.append(f"{stream.name}: counter word 3 has no brand")
    return faults


def test_the_run_is_rich_enough(report: dict[str, Any]) -> None:
    used = {stream_of(use).name for use in report["uses"]}
    assert {stream.name for stream in STREAMS} <= used
    assert report["n_calls"] > 4000 and report["n_told"] > 50 and report["purchases"] > 50


def test_no_word_of_an_address_has_two_purposes(report: dict[str, Any]) -> None:
    assert shared_words(report["uses"]) == []


def test_no_word_is_used_for_two_events(report: dict[str, Any]) -> None:
    assert len(report["commitments"]) > 3
    assert words_used_again(report["uses"], report["commitments"]) == []
    assert words_used_again(report["uses"]) != []


def test_no_kind_of_message_goes_out_twice_on_one_draw(report: dict[str, Any]) -> None:
    """A sender's ties have one word for each kind of message, brand and step."""
    assert report["told_twice"] == []


def test_ties_are_drawn_once_for_each_talk(report: dict[str, Any]) -> None:
    """What a seed says and what it says as a buyer in the same step stand at two addresses."""
    allowed: dict[tuple[int, ...], int] = defaultdict(int)
    for sender, brand, step, n_talks in report["talks"]:
        allowed[sender, brand, step] = max(allowed[sender, brand, step], n_talks)
    for use in report["uses"]:
        if stream_of(use).name == "tie":
            sender, _, step, tail = use["address"][:4]
            assert sum(use["purposes"].values()) <= allowed[sender, tail >> 8 & 255, step]


def test_the_table_of_draws_tells_the_truth(report: dict[str, Any]) -> None:
    assert sorted({fault for use in report["uses"] for fault in faults_against_the_table(use)}) == []


def test_every_word_in_the_table_is_used(report: dict[str, Any]) -> None:
    used = defaultdict(set)
    for use in report["uses"]:
        used[stream_of(use).name].add(use["word"])
    named = {s.name: {k for k, word in enumerate(s.words) if word != "-"} for s in STREAMS}
    assert {name: words - used[name] for name, words in named.items() if words - used[name]} == {}


def test_planted_collisions_are_found() -> None:
    address = [1, 0, 3, 3 | 1 << 8, 7, 0]
    twice = {"address": address, "word": 0, "purposes": {"shop < visit: u": 2}}
    shared = {"address": address, "word": 0, "purposes": {"shop < visit: u": 1, "pay < fulfill: u": 1}}
    unnamed = {"address": [1, 0, 3, 10 | 1 << 8, 7, 0], "word": 2, "purposes": {"take_part < visit: u": 1}}
    assert words_used_again([twice]) == [twice]
    assert shared_words([shared]) == [shared]
    assert faults_against_the_table(unnamed)


def test_stream_numbers_are_unique_and_fit_their_bits() -> None:
    assert len(BY_NUMBER) == len(ALL)
    assert len({stream.name for stream in ALL}) == len(ALL)
    assert all(0 < stream.number < 256 and len(stream.words) == 4 for stream in ALL)


def test_constants_agree_with_the_tables() -> None:
    for stream in STREAMS:
        assert int(getattr(draws, stream.name.upper())) == stream.number
    constants = {int(v) for name, v in vars(addresses).items() if name.startswith("STREAM_NETWORK_")}
    assert constants == {stream.number for stream in NETWORK_STREAMS}


def test_brand_ids_and_slots_fit_beside_the_stream() -> None:
    from simulator.scenario.checks.lines import MOST_SLOTS
    from simulator.scenario.schema.brands import Brand

    largest = next(m.le for m in Brand.model_fields["id"].metadata if hasattr(m, "le"))
    assert largest < 256
    assert 2 * MOST_SLOTS <= 2**16
