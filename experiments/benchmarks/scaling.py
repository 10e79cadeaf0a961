"""How the compiled engine's cost grows with consumers, ties, brands, steps, replicates and threads.

``python experiments/benchmarks/scaling.py`` writes ``scaling.csv`` and ``scaling.png`` to ``results/`` here. One
thing is varied at a time around the launch scenario at 10,000 consumers; points take turns, and the best turn counts.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from simulator.engines.numba_engine import run_one, warm_up
from simulator.model.campaigns import build_plan
from simulator.model.initialization import build_world
from simulator.model.market import build_market
from simulator.present.plots_style import COLORS, Chart, new_chart, styled
from simulator.scenario import Scenario, load_scenario

SEED = 1
STRATEGIES = ("none", "mass", "mix")
SIZES = {
    "consumers": (300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000),
    "ties": (4, 8, 14, 28, 56),
    "brands": (2, 3, 4, 6, 8),
    "steps": (13, 26, 52, 104),
    "replicates": (1, 2, 4, 8, 16),
    "threads in one market of 200,000": (1, 2),
}
_LABELS = {"ties": "mean ties of a consumer"}


@dataclass
class Point:
    """One setting of one thing that is varied, and how long its turns took."""

    varied: str
    size: int
    strategy: str
    agent_steps: int
    play: Callable[[], None]
    seconds: list[float] = field(default_factory=list)

    def take_turn(self) -> None:
        """Run once and note the time."""
        begin = perf_counter()
        self.play()
        self.seconds.append(perf_counter() - begin)

    @property
    def nanoseconds(self) -> float:
        """Nanoseconds an agent-step in the best turn."""
        return min(self.seconds) / self.agent_steps * 1e9


def scenario_of(varied: str, size: int) -> Scenario:
    """Return the launch scenario with one thing varied."""
    if varied == "consumers":
        return load_scenario("launch", {"population.consumers": size})
    if varied == "ties":
        return load_scenario("launch", {"network.mean_degree": size})
    if varied == "steps":
        return load_scenario("launch", {"horizon": size})
    scenario = load_scenario("launch")
    if varied == "brands":
        data = scenario.to_dict()
        rival = data["brands"][1]
        copies = [
            {**rival, "name": f"Rival {k}", "id": k + 1, "initial_buyers": 0.02} for k in range(2, size)
        ]
        return Scenario.from_dict(data | {"brands": [*data["brands"], *copies]}, name="launch")
    if varied.startswith("threads"):
        return load_scenario("launch", {"population.consumers": 200_000})
    return scenario


def point(varied: str, size: int, strategy: str) -> Point:
    """Return a point, its world drawn and its memory taken."""
    market = build_market(scenario_of(varied, size))
    world, plan = build_world(market, SEED, 0), build_plan(market, strategy)
    n_replicates = size if varied == "replicates" else 1
    threads = size if varied.startswith("threads") else 1

    def play() -> None:
        for replicate in range(n_replicates):
            run_one(market, plan, world, SEED, replicate, threads=threads)

    play()
    steps = market.n_steps + market.burn_in
    return Point(varied, size, strategy, market.n_consumers * steps * n_replicates, play)


def measured(rounds: int, most_consumers: int) -> Iterator[Point]:
    """Measure everything, one thing after the other; yield the points."""
    for varied, sizes in SIZES.items():
        for strategy in STRATEGIES:
            points = [
                point(varied, n, strategy) for n in sizes if varied != "consumers" or n <= most_consumers
            ]
            for _ in range(rounds):
                for one in points:
                    one.take_turn()
            yield from points
        print(varied, flush=True)


@styled
def draw(points: Sequence[tuple[str, int, str, float]]) -> Chart:
    """Return a chart of cost against each thing that is varied: what, how much, strategy and nanoseconds."""
    chart = new_chart(
        11, 6.6, "What an agent-step of the launch scenario costs",
        "One thing varied at a time around 10,000 consumers; one thread; best of alternating turns",
    )  # fmt: skip
    panels = chart.subplots(2, 3)
    for panel, varied in zip(panels.flat, SIZES, strict=True):
        for strategy, color in zip(STRATEGIES, COLORS, strict=False):
            chosen = [
                (size, cost) for what, size, whose, cost in points if (what, whose) == (varied, strategy)
            ]
            sizes, cost = zip(*chosen, strict=True)
            panel.plot(sizes, cost, "o-", color=color, label=strategy, ms=4)
        panel.set(xlabel=_LABELS.get(varied, varied), ylim=(0, None))
        panel.set_xscale("log", base=2 if varied != "consumers" else 10)
        panel.set_xticks(sizes, [f"{size:,}" for size in sizes], rotation=30)
        panel.minorticks_off()
    for row in panels:
        row[0].set_ylabel("ns per agent-step")
    panels[0, 0].legend(frameon=False, title="strategy")
    return chart


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write table and figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="turns of each point [5]")
    parser.add_argument("--most-consumers", type=int, default=1_000_000, help="largest market [1000000]")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results", help="folder")
    asked = parser.parse_args(arguments)
    warm_up()
    measurements = measured(asked.rounds, asked.most_consumers)
    points = [(one.varied, one.size, one.strategy, one.nanoseconds) for one in measurements]
    asked.out.mkdir(parents=True, exist_ok=True)
    with (asked.out / "scaling.csv").open("w", newline="") as file:
        rows: list[list[Any]] = [[*rest, f"{cost:.4g}"] for *rest, cost in points]
        csv.writer(file, lineterminator="\n").writerows(
            [["varied", "size", "strategy", "ns_per_agent_step"], *rows]
        )
    (asked.out / "scaling.png").write_bytes(draw(points).png())


if __name__ == "__main__":
    main()
