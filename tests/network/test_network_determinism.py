"""One graph per seed and world: on any thread, compiled or not, and without shared draws."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from simulator.errors import NetworkError
from simulator.model.draws import STREAMS
from simulator.model.network import KINDS, addresses, build_network

SPECS = {
    "clustered": {
        "mean_degree": 8.0,
        "homophily": 0.7,
        "rewiring": 0.15,
        "degree_tail": 2.5,
        "max_weak_degree": 300,
    },
    "watts_strogatz": {"degree": 6, "rewiring": 0.3},
    "barabasi_albert": {"attachments": 3},
    "erdos_renyi": {"mean_degree": 5.0},
    "configuration": {"exponent": 2.5, "min_degree": 2, "max_degree": 20},
    "stochastic_block": {"mean_degree": 6.0, "within_share": 0.7, "blocks": "cells"},
    "lattice": {"neighborhood": 8, "periodic": True},
    "star": {},
    "complete": {},
    "empty": {},
}
#: Changing one of these changes every trajectory on that kind of graph.
GOLDEN = {
    "clustered": "3eb1a9072ac69b94",
    "watts_strogatz": "52fe1bebba56e137",
    "barabasi_albert": "a46b5c98dc0d17c7",
    "erdos_renyi": "8fc30e1aca5e1db9",
    "configuration": "8c4e6b00ccd0e55e",
    "stochastic_block": "f8d421275e251679",
    "lattice": "e4eeb8ddd0dd77d3",
    "star": "90fecbfbd44e8c65",
    "complete": "63d7032f0f77b1bf",
    "empty": "c7c86346d2a81412",
}


def build(kind, n=40, seed=5, world=7, **more):
    spec = SimpleNamespace(kind=kind, share_strong=0.4, **SPECS[kind])
    number = np.arange(n)
    taste = np.stack([(number * 7 % 11) / 11, (number * 5 % 13) / 13], axis=1).astype(np.float32)
    cell = number % 6
    return build_network(
        spec, n_consumers=n, cell=cell, region=cell // 3, taste=taste, seed=seed, world=world, **more
    )


def all_hashes():
    return {kind: build(kind).hash for kind in SPECS}


def used_addresses():
    """Return how often each kind of graph reads each address; only without compilation."""
    from simulator.model.network import chance

    original, counters, result = chance.philox, Counter(), {}

    def noted(c0, c1, c2, c3, k0, k1):
        counters[int(c0), int(c1), int(c2), int(c3)] += 1
        return original(c0, c1, c2, c3, k0, k1)

    chance.philox = noted
    for kind in SPECS:
        counters.clear()
        build(kind)
        result[kind] = sorted((*counter, times) for counter, times in counters.items())
    return result


def run_uncompiled(call):
    code = f"import json, test_network_determinism as t; print(json.dumps(t.{call}()))"
    root, here = Path(__file__).parents[2], Path(__file__).parent
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": f"{root}{os.pathsep}{here}"}
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_graphs_are_those_of_this_trajectory_version():
    assert {kind: value[:16] for kind, value in all_hashes().items()} == GOLDEN


def test_compiled_or_not_makes_no_difference():
    assert run_uncompiled("all_hashes") == all_hashes()


def test_no_two_draws_share_an_address():
    """Streams read in two passes, or once per arc, read each address exactly twice; all others once.

    The two uniforms of a swap's address belong to two places.
    """
    twice = {
        addresses.STREAM_NETWORK_STRENGTH,
        addresses.STREAM_NETWORK_REWIRING_COIN,
        addresses.STREAM_NETWORK_RING_COIN,
        addresses.STREAM_NETWORK_INSIDE,
    }
    numbers = {stream.number for stream in addresses.NETWORK_STREAMS}
    seen = set()
    for kind, counters in run_uncompiled("used_addresses").items():
        for *_, stream, times in counters:
            seen.add(stream)
            if stream == addresses.STREAM_NETWORK_SHUFFLE:
                assert times <= 2
            else:
                assert times == (2 if stream in twice else 1), (kind, stream)
    assert seen == numbers - {addresses.STREAM_NETWORK_DEAL}


def test_streams_are_numbered_apart_from_all_others():
    numbers = [stream.number for stream in (*STREAMS, *addresses.NETWORK_STREAMS)]
    assert len(set(numbers)) == len(numbers)
    assert all(64 <= stream.number <= 95 for stream in addresses.NETWORK_STREAMS)
    constants = {int(value) for name, value in vars(addresses).items() if name.startswith("STREAM_NETWORK_")}
    assert constants == {stream.number for stream in addresses.NETWORK_STREAMS}


def test_threads_make_no_difference():
    worlds = range(12)
    alone = [build("clustered", n=2000, world=world).hash for world in worlds]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda world: build("clustered", n=2000, world=world).hash, worlds))
    assert alone == together
    assert len(set(alone)) == len(alone)


@pytest.mark.parametrize("kind", [kind for kind in SPECS if kind not in ("empty",)])
def test_seed_and_world_matter(kind):
    hashes = {build(kind, seed=seed, world=world).hash for seed, world in ((0, 0), (0, 1), (1, 0))}
    assert len(hashes) == 3


def test_a_given_graph_keeps_its_ties_and_draws_its_strengths():
    graph = build("lattice")
    first, second = (build("erdos_renyi", graph=graph, world=world) for world in (1, 2))
    assert np.array_equal(first.neighbors, graph.neighbors)
    assert not np.array_equal(first.is_strong, second.is_strong)


def test_every_kind_is_known_and_others_are_refused():
    assert {*SPECS, "edge_list"} == set(KINDS)
    zero = np.zeros(10, dtype=int)
    with pytest.raises(NetworkError, match="network.kind = 'ring'; expected one of clustered, "):
        build_network(
            SimpleNamespace(kind="ring", share_strong=0.4),
            n_consumers=10,
            cell=zero,
            region=zero,
            taste=np.zeros((10, 2), dtype=np.float32),
            seed=0,
            world=0,
        )
