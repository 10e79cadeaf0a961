"""Who takes part in the benchmark of the classic models, each as its best advocate would run it."""

# ruff: noqa: NPY002 - peers draw from the generator that numpy keeps for all

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
import tempfile
import time
import weakref
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from baselines import agentpy_adoption
from baselines import diffusion_plain as plain

import simulator as sim

P, Q, STEPS, N_SEEDS = 0.01, 0.05, 52, 10
OURS = "simulator"
#: Processor time that other processes spent on the turn.
OUTSIDE = [0.0]
#: EoN, NDlib and AgentPy, which walk over Python objects, take part up to so many nodes.
MOST_NODES_IN_PYTHON = 100_000


@dataclass
class Contestant:
    """One program on one task: ``run(seed)`` returns the sizes of its runs."""

    task: str
    name: str
    threads: int
    run: Callable[[int], Any]
    seconds: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    sizes: list[Any] = field(default_factory=list)
    shape: tuple[int, ...] = ()

    def turn(self, seed: int) -> None:
        OUTSIDE[0] = 0.0
        begin, worked = time.perf_counter(), time.process_time()
        sizes = self.run(seed)
        self.seconds.append(time.perf_counter() - begin)
        self.work.append(time.process_time() - worked + OUTSIDE[0])
        self.sizes.append(np.asarray(sizes, dtype=np.float64).ravel())
        self.shape = np.shape(sizes)

    @property
    def error(self) -> float:
        """Standard error of the mean size: seed sets and replicates that recur are counted once."""
        n_sets = self.shape[0] if len(self.shape) > 1 else 1
        table = np.concatenate([sizes.reshape(n_sets, -1) for sizes in self.sizes], axis=1)
        error = table.mean(axis=0).std(ddof=1) / np.sqrt(table.shape[1])
        if n_sets > 1:
            error = np.hypot(error, table.mean(axis=1).std(ddof=1) / np.sqrt(n_sets))
        elif self.task == "W2":
            # the same sets in every turn
            error *= np.sqrt(len(self.sizes))
        return float(error)

    @property
    def rate(self) -> float:
        """Runs a second, in the best turn."""
        return self._best(self.seconds)

    @property
    def rate_of_work(self) -> float:
        """Runs a second of processor time, in the best turn: the same on a busy machine."""
        return self._best(self.work)

    def _best(self, seconds: list[float]) -> float:
        return max(len(sizes) / one for sizes, one in zip(self.sizes[1:], seconds[1:], strict=True))


@dataclass
class Stage:
    """The graph, in every form that contestants want."""

    graph: Any
    network: sim.diffusion.Arcs
    p: Any
    root: int
    factor: float

    def seed_sets(self, seed: int, runs: int) -> Any:
        rng = np.random.default_rng(seed)
        return np.stack(
            [rng.choice(self.network.n_nodes, N_SEEDS, replace=False) for _ in range(runs)]
        ).astype(np.int32)

    def runs(self, many: int) -> int:
        return max(2, int(many * self.factor))


def set_stage(n_nodes: int, factor: float) -> Stage:
    """Build the graph and draw the arcs' probabilities."""
    graph = nx.barabasi_albert_graph(n_nodes, 5, seed=1)
    network = sim.diffusion.arcs(graph)
    p = np.random.default_rng(2).random(network.n_arcs).astype(np.float32)
    return Stage(graph, network, p, n_nodes // 2, factor)


def ours(stage: Stage) -> list[Contestant]:
    """Return the package on all tasks, on one and two threads."""
    made = []
    p = stage.p.astype(np.float64)
    for threads in (1, 2):
        one: dict[str, Any] = {"threads": threads}
        w1, w3 = stage.runs(2000), stage.runs(1000)
        # building what a run needs is shared by many, as where models are built beforehand
        w2 = max(stage.runs(2000), 200)

        def cascade(seed: int, one: Any = one, runs: int = w1) -> Any:
            return sim.diffusion.spread(
                stage.network, [stage.root], p=p, n_replicates=runs, seed=seed, **one
            ).sizes

        sets = list(stage.seed_sets(0, w2))

        def threshold(seed: int, one: Any = one, sets: Any = sets) -> Any:
            return sim.diffusion.compare_seeds(
                stage.network, sets, model="lt", n_replicates=50, seed=seed, **one
            ).sizes

        def adoption(seed: int, one: Any = one, runs: int = w3, p: float = P, seeds: Any = ()) -> Any:
            arguments = {
                "model": "bass",
                "p": p,
                "q": Q,
                "max_steps": STEPS,
                "n_replicates": runs,
                "seed": seed,
            }
            return sim.diffusion.spread(stage.network, seeds, **arguments, **one).sizes

        def epidemic(seed: int, adoption: Any = adoption) -> Any:
            return adoption(seed, p=0.0, seeds=[stage.root])

        for task, run in (("W1", cascade), ("W2", threshold), ("W3", adoption), ("SI", epidemic)):
            made.append(Contestant(task, OURS, threads, run))
    return made


def plain_numba(stage: Stage) -> list[Contestant]:
    """Return plain numba on all tasks."""
    g = stage.network
    root, nobody = np.array([stage.root], np.int32), np.zeros(0, np.int32)
    indegree = g.indegree.astype(np.int32)
    runs = {task: stage.runs(many) for task, many in (("W1", 500), ("W2", 20_000), ("W3", 200))}
    tasks: dict[str, Callable[[int], Any]] = {
        "W1": lambda seed: plain.numba_cascade(g.indptr, g.targets, stage.p, root, runs["W1"], seed),
        "W2": lambda seed: plain.numba_threshold(
            g.indptr, g.targets, indegree, stage.seed_sets(seed, 1).repeat(1, 0), seed
        ),
        "W3": lambda seed: plain.numba_adoption(g.indptr, g.targets, P, Q, nobody, STEPS, runs["W3"], seed),
        "SI": lambda seed: plain.numba_adoption(g.indptr, g.targets, 0.0, Q, root, STEPS, runs["W3"], seed),
    }
    sets = stage.seed_sets(0, runs["W2"])
    tasks["W2"] = lambda seed: plain.numba_threshold(g.indptr, g.targets, indegree, sets, seed)
    return [Contestant(task, "plain numba", 1, run) for task, run in tasks.items()]


def numpy_by_hand(stage: Stage) -> list[Contestant]:
    """Return vectorized NumPy and SciPy."""
    g, few = stage.network, stage.runs(20)
    return [
        Contestant("W1", "NumPy", 1, lambda seed: plain.numpy_cascade(g, stage.p, [stage.root], few, seed)),
        Contestant("W3", "NumPy", 1, lambda seed: plain.numpy_adoption(g, P, Q, [], STEPS, few, seed)),
        Contestant(
            "SI", "NumPy", 1, lambda seed: plain.numpy_adoption(g, 0.0, Q, [stage.root], STEPS, few, seed)
        ),
    ]


def together(run: Callable[[int, int], Any], runs: int, threads: int) -> Callable[[int], Any]:
    """Return a contestant's ``run(seed)`` that shares its runs out among threads, each with a seed of its own."""

    def shared(seed: int) -> Any:
        share = max(1, runs // threads)
        if threads == 1:
            return run(seed, share)
        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(lambda k: run(seed + 1000 * k, share), range(threads))))

    return shared


def straight_c(stage: Stage) -> list[Contestant]:
    """Return C compiled by gcc -O3 -march=native, where there is gcc, on one and two threads."""
    library = plain.compiled_c()
    if library is None:
        return []
    g = stage.network
    at, i64 = plain.pointer, ctypes.c_int64
    limit = np.minimum(stage.p.astype(np.float64) * 2.0**32, 2.0**32 - 1).astype(np.uint32)
    indegree, root = g.indegree.astype(np.int32), np.array([stage.root], np.int32)
    n, rows = i64(g.n_nodes), (at(g.indptr), at(g.targets))
    n_runs = {"W1": stage.runs(500), "W2": stage.runs(20_000), "W3": stage.runs(500), "SI": stage.runs(500)}
    sets = stage.seed_sets(0, n_runs["W2"])

    def cascade(seed: int, runs: int) -> Any:
        sizes = np.empty(runs, np.int32)
        library.cascade(n, *rows, at(limit), at(root), i64(1), i64(runs), ctypes.c_uint64(seed), at(sizes))
        return sizes

    def threshold(seed: int, runs: int) -> Any:
        sizes, mine = np.empty(runs, np.int32), sets[seed // 1000 * runs :][:runs]
        key = ctypes.c_uint64(seed)
        library.threshold(n, *rows, at(indegree), at(mine), i64(N_SEEDS), i64(runs), key, at(sizes))
        return sizes

    def adoption(seed: int, runs: int, p: float = P, n_seeds: int = 0) -> Any:
        sizes = np.empty(runs, np.int32)
        hazards = ctypes.c_float(-np.log1p(-p)), ctypes.c_float(-np.log1p(-Q))
        given = *hazards, at(root), i64(n_seeds), i64(STEPS), i64(runs), ctypes.c_uint64(seed), at(sizes)
        library.adoption(n, *rows, *given)
        return sizes

    tasks: dict[str, Callable[[int, int], Any]] = {
        "W1": cascade, "W2": threshold, "W3": adoption, "SI": lambda seed, runs: adoption(seed, runs, 0.0, 1)
    }  # fmt: skip
    return [
        Contestant(task, "C, gcc -O3", threads, together(run, n_runs[task], threads))
        for threads in (1, 2)
        for task, run in tasks.items()
    ]


def graph_tool(stage: Stage) -> list[Contestant]:
    """Return graph-tool's SI model, where some interpreter has it: on one processor, and as two processes."""
    pythons = [path for path in (sys.executable, "/usr/bin/python3") if _has_graph_tool(path)]
    if not pythons:
        return []
    g = stage.network
    edges = np.stack([g.sources, g.targets], axis=1)
    folder = tempfile.TemporaryDirectory()
    file, worker = Path(folder.name) / "graph.npz", Path(plain.__file__).with_name("graph_tool_worker.py")
    np.savez(file, n=g.n_nodes, edges=edges[edges[:, 0] < edges[:, 1]])
    command = [pythons[0], str(worker), str(file), "1"]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for one in workers:
        one.stdout.readline()  # type: ignore[union-attr]
    weakref.finalize(stage, _dismiss, workers, folder)

    def run(seed: int, runs: int, p: float = P, root: int = -1) -> Any:
        one = workers[seed // 1000]
        one.stdin.write(f"{runs} {seed} {p} {Q} {STEPS} {root}\n")  # type: ignore[union-attr]
        one.stdin.flush()  # type: ignore[union-attr]
        sizes, work = json.loads(one.stdout.readline())  # type: ignore[union-attr]
        OUTSIDE[0] += work
        return np.array(sizes)

    few = stage.runs(100)
    tasks: dict[str, Callable[[int, int], Any]] = {
        "W3": run, "SI": lambda seed, runs: run(seed, runs, 0.0, stage.root)
    }  # fmt: skip
    return [
        Contestant(task, "graph-tool", threads, together(one, few, threads))
        for threads in (1, 2)
        for task, one in tasks.items()
    ]


def _has_graph_tool(python: str) -> bool:
    command = [python, "-c", "import graph_tool.dynamics"]
    return Path(python).exists() and subprocess.run(command, capture_output=True, check=False).returncode == 0


def _dismiss(workers: list[Any], folder: Any) -> None:
    for one in workers:
        one.stdin.close()
        one.wait()
    folder.cleanup()


def cynetdiff(stage: Stage) -> list[Contestant]:
    """Return CyNetDiff, where installed; models are built beforehand, as its users do."""
    if find_spec("cynetdiff") is None:
        return []
    from cynetdiff.models import IndependentCascadeModel, LinearThresholdModel

    g = stage.network
    rows = array("I", g.indptr[:-1].tolist()), array("I", g.targets.tolist())
    cascade = IndependentCascadeModel(*rows, activation_probs=array("f", stage.p.tolist()))
    threshold = LinearThresholdModel(*rows)
    sets = [list(map(int, row)) for row in stage.seed_sets(0, stage.runs(5000))]

    def independent(seed: int) -> Any:
        cascade.set_rng(seed)
        cascade.set_seeds([stage.root])
        sizes = []
        for _ in range(stage.runs(200)):
            cascade.reset_model()
            cascade.advance_until_completion()
            sizes.append(cascade.get_num_activated_nodes())
        return sizes

    def linear(seed: int) -> Any:
        threshold.set_rng(seed)
        sizes = []
        for seeds in sets:
            threshold.set_seeds(seeds)
            threshold.advance_until_completion()
            sizes.append(threshold.get_num_activated_nodes())
        return sizes

    return [Contestant("W1", "CyNetDiff", 1, independent), Contestant("W2", "CyNetDiff", 1, linear)]


def eon(stage: Stage) -> list[Contestant]:
    """Return EoN, where installed: a cascade is its discrete SIR with recovery after one step."""
    if find_spec("EoN") is None:
        return []
    import random

    import EoN

    g = stage.network
    chance = {(int(i), int(j)): float(p) for i, j, p in zip(g.sources, g.targets, stage.p, strict=True)}

    def cascade(seed: int) -> Any:
        random.seed(seed)
        np.random.seed(seed)
        sizes = []
        for _ in range(2):
            _, _, _, recovered = EoN.discrete_SIR(
                stage.graph,
                test_transmission=lambda u, v: random.random() < chance[u, v],
                args=(),
                initial_infecteds=[stage.root],
            )
            sizes.append(recovered[-1])
        return sizes

    return [Contestant("W1", "EoN", 1, cascade)]


def ndlib(stage: Stage) -> list[Contestant]:
    """Return NDlib, where installed."""
    if find_spec("ndlib") is None or find_spec("six") is None:
        return []
    from ndlib.models import ModelConfig
    from ndlib.models.epidemics import IndependentCascadesModel, SIModel

    g = stage.network
    both = stage.graph.to_directed()
    settings = ModelConfig.Configuration()
    settings.add_model_initial_configuration("Infected", [stage.root])
    for i, j, p in zip(g.sources.tolist(), g.targets.tolist(), stage.p.tolist(), strict=True):
        settings.add_edge_configuration("threshold", (i, j), p)
    cascade = IndependentCascadesModel(both)
    cascade.set_initial_status(settings)
    epidemic = SIModel(stage.graph)
    simple = ModelConfig.Configuration()
    simple.add_model_parameter("beta", Q)
    simple.add_model_initial_configuration("Infected", [stage.root])
    epidemic.set_initial_status(simple)

    def independent(seed: int) -> Any:
        np.random.seed(seed)
        cascade.reset(infected_nodes=[stage.root])
        before: dict[Any, int] = {}
        cascade.iteration(node_status=False)
        while before != cascade.status:
            before = dict(cascade.status)
            cascade.iteration(node_status=False)
        return [sum(status > 0 for status in cascade.status.values())]

    def infected(seed: int) -> Any:
        np.random.seed(seed)
        epidemic.reset(infected_nodes=[stage.root])
        for _ in range(STEPS + 1):
            epidemic.iteration(node_status=False)
        return [sum(epidemic.status.values())]

    return [Contestant("W1", "NDlib", 1, independent), Contestant("SI", "NDlib", 1, infected)]


def agentpy_model(stage: Stage) -> list[Contestant]:
    """Return AgentPy, where installed; agents are built beforehand."""
    if find_spec("agentpy") is None:
        return []
    run = agentpy_adoption.runner(stage.graph, Q, STEPS)
    return [
        Contestant("W3", "AgentPy", 1, lambda seed: [run(P, None, seed)]),
        Contestant("SI", "AgentPy", 1, lambda seed: [run(0.0, stage.root, seed)]),
    ]


def everyone(stage: Stage) -> list[Contestant]:
    """Return all contestants that are installed."""
    makers = [ours, straight_c, plain_numba, numpy_by_hand, cynetdiff, graph_tool]
    if stage.network.n_nodes <= MOST_NODES_IN_PYTHON:
        makers += [eon, ndlib, agentpy_model]
    return [one for make in makers for one in make(stage)]
