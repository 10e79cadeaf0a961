"""Run a tiny world as plain Python, record every draw, and print what its addresses were used for.

Which of an address's four words a piece of code uses is read off the names to which it assigns them: a
name that begins with ``_`` is not used. A purpose is the function that draws, its caller, and that name.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import sys
import types
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

os.environ["NUMBA_DISABLE_JIT"] = "1"

import numpy as np

import simulator.model.philox as generator

#: Files between a draw and the code that wants it.
LAYERS = ("philox.py", "draws.py", "chance.py", Path(__file__).name)
EVERY_LINE = [
    {"kind": "seeding", "rule": "random", "cost_per_seed": 0.4, "share": 0.2},
    {"kind": "referral", "reward_sender": 1.0, "reward_receiver": 1.0, "share": 0.1},
    {"kind": "community", "service_cost": 0.05, "share": 0.1},
    {"kind": "group_buying", "start": 1, "discount": 0.15, "size": 2, "deadline": 2, "share": 0.1},
    {"kind": "content", "channel": "feed", "production_cost": 1.0, "share": 0.2},
    {"kind": "advertising", "channel": "feed", "audience": "fit", "creative": "personal", "share": 0.1},
    {"kind": "advertising", "channel": "tv", "audience": "random", "share": 0.1},
    {"kind": "advertising", "channel": "feed", "audience": "visitors", "coupon": 0.1, "share": 0.1},
]

Address = tuple[int, ...]
#: Kinds of message: talk, invitation, shared piece, group offer; each has its word on a tie.
N_KINDS = 4


class Recorder:
    """Stands in the place of the generator and remembers who asked for which words of which address."""

    def __init__(self) -> None:
        self.draw = generator.philox
        self.uses: dict[tuple[Address, int], Counter[str]] = defaultdict(Counter)
        self.n_calls = 0

    def __call__(self, *words: Any) -> Any:
        address = tuple(int(word) for word in words)
        self.n_calls += 1
        for word, purpose in _purposes(sys._getframe(1)):
            self.uses[address, word][purpose] += 1
        return self.draw(*words)


def _purposes(frame: types.FrameType | None) -> list[tuple[int, str]]:
    """Return which words the code that draws uses, and for what."""
    raw_word = None
    while frame is not None:
        path = frame.f_code.co_filename
        if frame.f_code.co_name == "sparse_word":
            raw_word = int(frame.f_locals["word"])
        if frame.f_code.co_name == "dense_uniform":
            raw_word = int(frame.f_locals["consumer"]) // 64 % 4
        if Path(path).name not in LAYERS:
            kind, names = _statement(path, frame.f_lineno)
            if kind != "return":
                break
        frame = frame.f_back
    assert frame is not None and frame.f_back is not None
    where = f"{frame.f_code.co_name} < {frame.f_back.f_code.co_name}"
    if raw_word is not None:
        return [(raw_word, where)]
    if not names:
        return [(word, where) for word in range(4)]
    return [(word, f"{where}: {name}") for word, name in enumerate(names) if not name.startswith("_")]


@cache
def _statements(path: str) -> tuple[ast.stmt, ...]:
    tree = ast.parse(Path(path).read_text())
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.Return | ast.Expr))


@cache
def _statement(path: str, line: int) -> tuple[str, tuple[str, ...]]:
    """Return what kind of statement a line belongs to, and the four names that it assigns."""
    for node in _statements(path):
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            if isinstance(node, ast.Return):
                return "return", ()
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
                names = [t.id for t in node.targets[0].elts if isinstance(t, ast.Name)]
                return "assign", tuple(names) if len(names) == 4 else ()
            return "other", ()
    return "other", ()


def record_talk() -> tuple[Counter[tuple[int, ...]], Counter[tuple[int, ...]]]:
    """Count what is said, and how often each kind of message goes out on a sender's ties.

    Returns
    -------
    talks : Counter
        By sender, position of the brand, step, and the mark that gives a seed's talk addresses of its own.
    sent : Counter
        The same, by kind of message too.
    """
    from simulator.engines.numba_engine import layout, talk

    talks: Counter[tuple[int, ...]] = Counter()
    sent: Counter[tuple[int, ...]] = Counter()
    prepare = talk.prepare_talks
    signature = inspect.signature(prepare)

    def counted(*arguments: Any) -> None:
        given = signature.bind(*arguments).arguments
        step, work = int(given["t"]), given["w"]
        for n in range(int(work.n[layout.N_TALKS])):
            kind = int(work.talk[layout.KIND, n])
            about = int(work.talk[layout.WHO, n]), int(work.talk[layout.ABOUT, n])
            who = (*about, step, kind >> N_KINDS)
            talks[who] += 1
            for bit in range(N_KINDS):
                if kind >> bit & 1:
                    sent[*who, bit] += 1
        prepare(*arguments)

    talk.prepare_talks = counted
    return talks, sent


def record_commitments() -> Counter[tuple[int, int]]:
    """Count how often each commitment to a group is looked at, by consumer and step of the commitment."""
    from simulator.engines.numba_engine import layout, meet

    looked_at: Counter[tuple[int, int]] = Counter()
    settle = meet.settle_group
    signature = inspect.signature(settle)

    def counted(*arguments: Any) -> Any:
        given = signature.bind(*arguments).arguments
        b, k = int(given["b"]), int(given["k"])
        state = given["s"]
        since = state.dates[b * layout.BLOCK + k, state.column[layout.COMMITMENT]]
        looked_at[b * layout.BLOCK + k, int(since)] += 1
        return settle(*arguments)

    meet.settle_group = counted
    return looked_at


def _draw_for_somebody() -> None:
    """Take away the draws that only fill the last vector of a loop and are never read."""
    from simulator.engines.numba_engine import (
        attend,
        buy,
        choose,
        listing,
        mail,
        meet,
        relation,
        shop,
        talk,
        view,
    )

    for module in (attend, buy, choose, listing, mail, meet, relation, shop, talk, view):
        module.whole = lambda n: n


def main(scenario_name: str) -> None:
    """Run one replicate of a strategy with every kind of line and print what was drawn."""
    recorder = Recorder()
    generator.philox = recorder
    _draw_for_somebody()
    from simulator.engines.numba_engine import run_one
    from simulator.model.campaigns import build_plan
    from simulator.model.initialization import build_world
    from simulator.model.market import build_market
    from simulator.scenario import Scenario, load_scenario

    data = load_scenario(scenario_name).to_dict()
    data["strategies"]["everything"] = {"lines": EVERY_LINE}
    market = build_market(Scenario.from_dict(data, name=scenario_name))
    talks, sent = record_talk()
    commitments = record_commitments()
    with np.errstate(all="ignore"):
        world = build_world(market, 7, 0)
        counts = run_one(market, build_plan(market, "everything"), world, 7, 0)
    rows = [
        {"address": address, "word": word, "purposes": dict(purposes)}
        for (address, word), purposes in recorder.uses.items()
    ]
    told_twice = [list(key) for key, number in sent.items() if number > 1]
    report = {"n_calls": recorder.n_calls, "uses": rows, "told_twice": told_twice, "n_told": len(sent)}
    report["talks"] = [[i, market.brand_ids[j], t, n] for (i, j, t, _), n in talks.items()]
    report["commitments"] = [[i, t, n] for (i, t), n in commitments.items()]
    report["purchases"] = int(counts[..., 5].sum())
    print(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1])
